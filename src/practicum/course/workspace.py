"""A workspace: the folder in which one lecturer runs one course for one term."""

import json
import re
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from practicum.course.calendar import term_name
from practicum.course.load import load_course, parse_course
from practicum.course.model import Course
from practicum.course.roster import Student, load_roster
from practicum.curriculum import MISSING, curriculum, find_curriculum
from practicum.errors import PracticumError, suggestion
from practicum.private import open_to_others, private_folder, write_private
from practicum.toml import Document

__all__ = [
    "CASES", "EXEMPTIONS", "EXTENSIONS", "MARKS", "SUBMITTERS", "TEAMS",
    "NoWorkspace", "Workspace", "course_path", "courses", "curriculum", "find", "init",
]  # fmt: skip

# The columns of the CSV files beside the course file; `practicum.gradebook.event_csv` reads them.
TEAMS = ("team", "student", "item")
EXTENSIONS = ("student", "team", "item", "until", "reason")
EXEMPTIONS = ("student", "team", "item", "kind", "reason")
MARKS = ("student", "team", "item", "part", "points", "at", "submitted", "note")
SUBMITTERS = ("lab", "submitter", "student", "at", "note")
CASES = ("lab", "student", "outcome", "at", "reason")

# What only a workspace has beside its course file: without a roster it still is one, and says so.
_FILES = {"course.toml": "course file", "roster.csv": "roster"}
_SIGNS = ("practicum.db", "marks.csv", "teams.csv", "submissions")


class NoWorkspace(PracticumError):
    """Neither a folder nor any above it is a workspace."""


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
    def submitters_file(self) -> Path:
        """Who submitted what, put right by hand; made on first use."""
        return self.root / "submitters.csv"

    @property
    def cases_file(self) -> Path:
        """The outcomes of integrity cases; made on first use."""
        return self.root / "cases.csv"

    @property
    def labs(self) -> Path:
        """Labs of one's own, found before those of the curriculum; made on first use."""
        return self.root / "labs"

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
    """Return the names of the courses that come with Practicum; none without the curriculum."""
    home = find_curriculum()
    return sorted(file.parent.name for file in home.glob("courses/*/course.toml")) if home else []


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
    there = f"known: {', '.join(known)}" if find_curriculum() else MISSING
    raise PracticumError(f"no course `{course}`{suggestion(course, known)}; {there}")


def find(start: Path | None = None) -> Workspace:
    """Find the workspace that `start` (by default the current folder) lies in.

    Raises:
        NoWorkspace: neither it nor a folder above it is a workspace.
        PracticumError: it is in a workspace that lacks its roster or its course file.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        missing = [name for name in ("course.toml", "roster.csv") if not (folder / name).is_file()]
        if not missing:
            return Workspace(folder)
        if len(missing) == 1 and any((folder / sign).exists() for sign in _SIGNS):
            again = "put it back, or export it from your learning platform" if missing == ["roster.csv"] else "put it back"
            raise PracticumError(
                f"{folder / missing[0]}: expected the workspace's {_FILES[missing[0]]}, got no such file; {again}"
            )
    raise NoWorkspace(f"{here} is not in a workspace; make one with `practicum init COURSE DIR`")


def init(course: str, folder: Path, start: date | None = None, term: str | None = None) -> Workspace:
    """Make a workspace, whole or not at all.

    Args:
        course: a course's name, or the path of a course file.
        folder: the workspace to make; it must not exist, or be empty.
        start: the first day of the term, written into the copied course file. Weeks move with it, dates do not.
        term: what the term is called, written there too; with `start` by default its season and year.

    Raises:
        PracticumError: the course is unknown or wrong, or there is something in the folder already.
    """
    document = Document.read(course_path(course))
    text = document.text
    if start is not None:
        text = _with_term(Document.parse(text, document.name), "start", start.isoformat())
        term = term or term_name(parse_course(text, document.name).term)
    if term is not None:
        text = _with_term(Document.parse(text, document.name), "name", json.dumps(term, ensure_ascii=False))
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


def _with_term(document: Document, key: str, value: str) -> str:
    """Return the text with another value, as TOML, for a key of `[term]`; the comment on its line stays."""
    lines = document.text.split("\n")
    at = document.line("term", key) - 1
    line, found = re.subn(
        rf"""^(\s*{key}\s*=\s*)(?:\d{{4}}-\d\d-\d\d|"(?:\\.|[^"\\])*"|'[^']*')(?=\s*(?:#|$))""",
        lambda match: match[1] + value,
        lines[at],
    )
    if not found:
        raise document.error([(("term", key), f"expected `{key} = …` on a line of its own, got `{lines[at].strip()}`")])
    lines[at] = line
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
    for item in course.items:
        if (item.document or item.talk) and not item.labs():
            workspace.submissions(item.name).mkdir(parents=True)
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
cases.csv
grades*.csv
*.mbox
"""

_README = """\
# {title}

A Practicum workspace. Every `practicum` command works from anywhere inside it.

| what | for |
|---|---|
| `course.toml` | the course: edit `term` first, then dates, weights and late rules. `practicum course check` reads it |
| `roster.csv` | students: fill it in, or replace it by the file that Canvas, Blackboard or Moodle exports |
| `teams.csv` | who works together |
| `extensions.csv` | deadlines that moved for a student or a team |
| `exemptions.csv` | work that does not count, and certificates, each with its reason |
| `marks.csv` | manual grades |
| `submitters.csv` | whose work it is where a file's name does not say; written by `practicum submissions` on first use |
| `cases.csv` | what was decided about copied work; written by `practicum case decide` on first use |
| `labs/NAME/` | labs of your own, found before those that come with Practicum; `practicum lab new` and `lab copy` make them |
| `handouts/` | what students are given |
| `submissions/LAB/` | what they submit, one folder or file per student id; for work without checks `submissions/ITEM/` |
| `feedback/LAB/` | a page per student |
| `practicum.db` | the store of submissions and results; made on first use |

1. `practicum course show` prints the plan with its dates.
2. `practicum grade LAB submissions/LAB` grades what came in.
3. `practicum submissions list` says who submitted what, and puts right what names nobody; `practicum submissions read ITEM`
   registers reports and other work that no check grades.
4. `practicum status` says what is missing, `practicum gradebook` what everyone has, and
   `practicum gradebook --student ID` why.
5. `practicum gradebook --export canvas -o grades.csv` (or `blackboard`, `moodle`, `plain`) writes it out.

Times in the CSV files are local to the course; `2027-03-19T23:59:59+08:00` states its own zone.
"""
