"""A workspace: the folder in which one lecturer runs one course for one term."""

import re
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from practicum.course.load import load_course, parse_course
from practicum.course.model import Course
from practicum.course.roster import Student, load_roster
from practicum.curriculum import curriculum
from practicum.errors import PracticumError, suggestion
from practicum.private import open_to_others, private_folder, write_private
from practicum.toml import Document

__all__ = ["EXEMPTIONS", "EXTENSIONS", "MARKS", "TEAMS", "Workspace", "course_path", "courses", "curriculum", "find", "init"]

# The columns of the CSV files beside the course file; `practicum.gradebook.event_csv` reads them.
TEAMS = ("team", "student", "item")
EXTENSIONS = ("student", "team", "item", "until", "reason")
EXEMPTIONS = ("student", "team", "item", "kind", "reason")
MARKS = ("student", "team", "item", "part", "points", "at", "submitted", "note")


@dataclass(frozen=True, slots=True)
class Workspace:
    """The layout of a workspace."""

    root: Path

    @property
    def course_file(self) -> Path:
        """The course, to edit."""
        return self.root / "course.toml"

    @property
    def roster_file(self) -> Path:
        """Who takes it."""
        return self.root / "roster.csv"

    @property
    def database(self) -> Path:
        """The store of submissions and results; made on first use."""
        return self.root / "practicum.db"

    @property
    def handouts(self) -> Path:
        """What students are given, a folder per lab."""
        return self.root / "handouts"

    def exposed(self) -> list[str]:
        """Return how marks and the store could reach others, a warning each; a workspace that `init` made now has none."""
        found = []
        if open_to_others(self.root) and open_to_others(self.database):
            found.append(
                f"everyone on this machine can read {self.database.name}, which holds all marks: chmod -R o= {self.root}"
            )
        ignored = self.root / ".gitignore"
        lines = ignored.read_text(encoding="utf-8", errors="replace").split() if ignored.is_file() else []
        missing = [line for line in _IGNORE.splitlines() if not line.startswith("#") and line not in lines]
        if (self.root / ".git").exists() and missing:
            found.append(f"git would take marks, or what was submitted: expected {', '.join(missing)} in .gitignore")
        return found

    def submissions(self, lab: str) -> Path:
        """Return where the work submitted for `lab` lies."""
        return self.root / "submissions" / lab

    def feedback(self, lab: str) -> Path:
        """Return where the feedback pages of `lab` go."""
        return self.root / "feedback" / lab

    def course(self) -> Course:
        """Read the course file.

        Raises:
            PracticumError: it is wrong.
        """
        return load_course(self.course_file)

    def roster(self) -> list[Student]:
        """Read the roster.

        Raises:
            PracticumError: it is wrong.
        """
        return load_roster(self.roster_file)


def courses() -> list[str]:
    """Return the names of the courses that come with Practicum."""
    return sorted(file.parent.name for file in (curriculum() / "courses").glob("*/course.toml"))


def course_path(course: str) -> Path:
    """Find a course by name, or by the path of its file or folder.

    Raises:
        PracticumError: there is none; the message suggests the closest and lists all.
    """
    known = courses()
    if course in known:
        return curriculum() / "courses" / course / "course.toml"
    path = Path(course).expanduser()
    if path.is_file():
        return path
    if (path / "course.toml").is_file():
        return path / "course.toml"
    raise PracticumError(f"no course `{course}`{suggestion(course, known)}; known: {', '.join(known)}")


def find(start: Path | None = None) -> Workspace:
    """Find the workspace that `start` (by default the current folder) lies in.

    Raises:
        PracticumError: neither it nor a folder above it is a workspace.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "course.toml").is_file() and (folder / "roster.csv").is_file():
            return Workspace(folder)
    raise PracticumError(f"{here} is not in a workspace; make one with `practicum init COURSE DIR`")


def init(course: str, folder: Path, start: date | None = None) -> Workspace:
    """Make a workspace, whole or not at all.

    Args:
        course: a course's name, or the path of a course file.
        folder: the workspace to make; it must not exist, or be empty.
        start: the first day of the term, written into the copied course file.

    Raises:
        PracticumError: the course is unknown or wrong, or there is something in the folder already.
    """
    document = Document.read(course_path(course))
    text = document.text if start is None else _with_start(document, start)
    parsed = parse_course(text, document.name)
    target = folder.expanduser().absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise PracticumError(f"{folder} already exists and is not an empty folder; nothing was changed")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.parent / f".{target.name}.{secrets.token_hex(6)}"
        private_folder(draft)
        try:
            _fill(Workspace(draft), parsed, text)
            if target.exists():
                target.rmdir()  # empty, as checked above; not every system renames onto a folder
            draft.rename(target)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    except OSError as error:
        raise PracticumError(f"{folder}: cannot be made ({error.strerror})") from None
    return Workspace(target)


def _with_start(document: Document, start: date) -> str:
    lines = document.text.split("\n")
    at = document.line("term", "start") - 1
    lines[at], found = re.subn(r"^(\s*start\s*=\s*)\d{4}-\d\d-\d\d", rf"\g<1>{start.isoformat()}", lines[at])
    if not found:
        raise document.error([(("term", "start"), f"expected `start = …` on a line of its own, got `{lines[at].strip()}`")])
    return "\n".join(lines)


def _fill(workspace: Workspace, course: Course, text: str) -> None:
    root = workspace.root
    first = course.items[0].name
    workspace.course_file.write_text(text, encoding="utf-8")
    _csv(workspace.roster_file, ("id", "name", "email", "section", "team"), "12345678,Ada Lovelace,ada@example.org,L1,")
    _csv(root / "teams.csv", TEAMS, "red,12345678,", "item: empty for every team item")
    _csv(root / "extensions.csv", EXTENSIONS, f"12345678,,{first},2027-03-19 23:59:59,illness")
    kinds = ", ".join(("item", *course.certificates()))
    _csv(root / "exemptions.csv", EXEMPTIONS, f"12345678,,{first},item,joined late", f"kind: {kinds}")
    _csv(root / "marks.csv", MARKS, f"12345678,,{first},,9.5,2027-03-20 10:00:00,,read by hand")
    for lab in course.labs:
        workspace.submissions(lab).mkdir(parents=True)
        workspace.feedback(lab).mkdir(parents=True)
    workspace.handouts.mkdir()
    (root / ".gitignore").write_text(_IGNORE, encoding="utf-8")
    (root / "README.md").write_text(_README.format(title=course.title, name=course.name), encoding="utf-8")


def _csv(path: Path, columns: Sequence[str], example: str, note: str = "") -> None:
    lines = [",".join(columns), f"# {example}", "# lines that begin with # are comments; the one above is an example"]
    lines += [f"# {note}"] if note else []
    write_private(path, "\n".join(lines) + "\n")


_IGNORE = """\
# The store with its secret, what is made from it or submitted, and marks: keep these backed up, not in git.
practicum.db*
submissions/
feedback/
handouts/
similarity/
gradebook/
marks.csv
submitters.csv
grades*.csv
*.mbox
"""

_README = """\
# {title}

A Practicum workspace. Every `practicum` command works from anywhere inside it.

| what | for |
|---|---|
| `course.toml` | the course: edit `term.start` first, then dates, weights and late rules. `practicum course check` reads it |
| `roster.csv` | students: fill it in, or replace it by the file that Canvas, Blackboard or Moodle exports |
| `teams.csv` | who works together |
| `extensions.csv` | deadlines that moved for a student or a team |
| `exemptions.csv` | work that does not count, and certificates, each with its reason |
| `marks.csv` | manual grades |
| `handouts/` | what students are given |
| `submissions/LAB/` | what they submit, one folder or file per student id |
| `feedback/LAB/` | a page per student |
| `practicum.db` | the store of submissions and results; made on first use |

1. `practicum course show` prints the plan with its dates.
2. `practicum grade LAB submissions/LAB` grades what came in.
3. `practicum status` says what is missing, `practicum gradebook` what everyone has, and
   `practicum gradebook --student ID` why.
4. `practicum gradebook --export canvas -o grades.csv` (or `blackboard`, `moodle`, `plain`) writes it out.

Times in the CSV files are local to the course; `2027-03-19T23:59:59+08:00` states its own zone.
"""
