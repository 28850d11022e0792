"""The CSV files of a workspace, and the workspace itself."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from practicum.course.load import load_course
from practicum.course.roster import Student, parse_roster
from practicum.course.workspace import Workspace, course_path, courses, curriculum, find, init
from practicum.errors import PracticumError
from practicum.gradebook.event_csv import read_events
from practicum.gradebook.events import Exemption, Extension, ManualGrade, Team
from tests.course.conftest import shipped, small

ROSTER = [Student("ada"), Student("bob"), Student("eve", team="red")]


def put(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def test_every_file_becomes_events(tmp_path: Path) -> None:
    put(
        tmp_path,
        teams="team,student\nred,ada\nblue,bob\n",
        extensions="Student,Item,Until,Reason\nada,a1,2027-03-19 23:59:59,illness\n"
        "bob,a1,2027-03-19T23:59:59+01:00,\nada,a2,2027-03-20,\n",
        exemptions="student,team,item,kind,reason\n,red,a1,,joined late\nada,,a2,medical certificate,in hospital\n",
        marks="student,team,item,part,points,at,submitted,note\n"
        "ada,,midterm,,77.5,,,\n,red,project,,28,2027-04-12 09:00,2027-04-11 23:59:59,good\n",
    )
    due = datetime(2027, 3, 19, 15, 59, 59, tzinfo=UTC)
    assert read_events(tmp_path, shipped("polyu"), ROSTER) == [
        Team("red", ("ada", "eve")),
        Team("blue", ("bob",)),
        Extension("a1", due, "illness", student="ada"),
        Extension("a1", datetime(2027, 3, 19, 22, 59, 59, tzinfo=UTC), "", student="bob"),
        Extension("a2", datetime(2027, 3, 20, 15, 59, 59, tzinfo=UTC), "", student="ada"),
        Exemption("a1", "joined late", team="red"),
        Exemption("a2", "in hospital", "medical certificate", student="ada"),
        ManualGrade("midterm", Decimal("77.5"), student="ada"),
        ManualGrade("project", Decimal(28), "", datetime(2027, 4, 12, 1, tzinfo=UTC),
                   datetime(2027, 4, 11, 15, 59, 59, tzinfo=UTC), "good", team="red"),
    ]  # fmt: skip


def test_no_files_no_events(tmp_path: Path) -> None:
    assert read_events(tmp_path, small(), [Student("ada")]) == []


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("marks", "student,item,points\nada,midtrm,5\n", r"marks\.csv:2: no item `midtrm` \(did you mean `midterm`\?\)"),
        ("marks", "student,item,points\nadda,midterm,5\n", r"marks\.csv:2: no student `adda` \(did you mean `ada`\?\)"),
        ("marks", "student,item,points\nada,midterm,\n", r"marks\.csv:2: expected a value in column `points`"),
        ("marks", "student,item,points\nada,midterm,ten\n", r"marks\.csv:2: expected a number in column `points`, got 'ten'"),
        ("marks", "student,item,points\nada,midterm,26\n", r"marks\.csv:2: expected 0 to 25 points, got 26"),
        ("marks", "student,item,points\nada,midterm,-1\n", r"marks\.csv:2: expected 0 to 25 points, got -1"),
        ("marks", "student,item,points\nada,midterm,NaN\n", r"marks\.csv:2: expected 0 to 25 points, got NaN"),
        ("marks", "student,item,part,points\nada,project,report.writng,1\n",
         r"no part `report\.writng`.*did you mean `report\.writing`"),
        ("marks", "student,item,points\nada,midterm,5\n# x\nada,midterm,6\n",
         r"marks\.csv:4: a second manual grade .*marks\.csv:2"),
        ("marks", "student,item,score\nada,midterm,5\n", r"marks\.csv: unknown column `score`"),
        ("marks", "student,item\nada,midterm\n", r"marks\.csv: expected a column `points`"),
        ("marks", "student,team,item,points\nada,red,midterm,5\n", r"marks\.csv:2: expected either a student or a team"),
        ("marks", "student,team,item,points\n,,midterm,5\n", r"marks\.csv:2: expected either a student or a team"),
        ("marks", "student,team,item,points\n,blue,midterm,5\n", r"marks\.csv:2: no team `blue`; known: red"),
        ("marks", "student,item,points,at\nada,midterm,5,noon\n", r"marks\.csv:2: expected a time such as .*got 'noon'"),
        ("marks", "student,item,points\nada,total,101\n", r"marks\.csv:2: expected 0 to 100 points, got 101"),
        ("extensions", "student,item,until\nada,a1,\n", r"extensions\.csv:2: expected a value in column `until`"),
        ("exemptions", "student,item,kind,reason\nada,a1,medcial,x\n", r"exemptions\.csv:2: no kind `medcial`; known: item"),
        ("exemptions", "student,item,reason\nada,a1,\n", r"exemptions\.csv:2: expected a value in column `reason`"),
        ("teams", "team,student\nred,ada\nblue,ada\n", r"teams\.csv:3: student `ada` is already in team `red`"),
        ("teams", "team,student\nred,zoe\n", r"teams\.csv:2: no student `zoe`"),
        ("teams", "team,student,item\nred,ada,a1\n", r"teams\.csv:2: no item `a1`; known: project"),
    ],
)  # fmt: skip
def test_errors_name_file_and_line(tmp_path: Path, file: str, text: str, message: str) -> None:
    put(tmp_path, **{file: text})
    with pytest.raises(PracticumError, match=message) as caught:
        read_events(tmp_path, shipped("dda4220"), ROSTER)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", courses())
def test_init_makes_a_workspace_that_reads_back(tmp_path: Path, name: str) -> None:
    made = init(name, tmp_path / "deep" / "term")
    assert made.course_file.read_text() == course_path(name).read_text()
    assert made.course() == shipped(name)
    assert made.roster() == []
    assert read_events(made.root, made.course(), []) == []
    reports = {item.name for item in made.course().items if (item.document or item.talk) and not item.labs()}
    assert reports
    assert {p.name for p in (made.root / "submissions").iterdir()} == set(made.course().labs) | reports
    assert "practicum.db*" in (made.root / ".gitignore").read_text()
    assert len((made.root / "README.md").read_text().splitlines()) < 40
    assert [p.name for p in made.root.parent.iterdir()] == ["term"], "nothing is left beside it"
    assert find(made.submissions(next(iter(made.course().labs)))) == made


def test_the_example_lines_are_right_once_uncommented(tmp_path: Path) -> None:
    made = init("polyu", tmp_path / "w")
    for file in ("roster", "teams", "extensions", "exemptions", "marks"):
        path = made.root / f"{file}.csv"
        lines = path.read_text().splitlines()
        path.write_text("\n".join([lines[0], lines[1].removeprefix("# ")]) + "\n")
    assert len(read_events(made.root, made.course(), made.roster())) == 4


def test_init_sets_the_start(tmp_path: Path) -> None:
    made = init("cs324", tmp_path / "w", date(2028, 2, 21))
    assert made.course().term.start == date(2028, 2, 21)
    assert "# a day of week 1" in made.course_file.read_text(), "comments stay"


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    target = tmp_path / "w"
    target.mkdir()
    init("cs324", target)  # an empty folder is fine
    (target / "roster.csv").write_text("id\nada\n")
    with pytest.raises(PracticumError, match="already exists and is not an empty folder"):
        init("cs324", target)
    assert (target / "roster.csv").read_text() == "id\nada\n"
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(PracticumError, match="already exists"):
        init("cs324", file)
    assert file.read_text() == "mine"


def test_a_failed_init_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Workspace, "feedback", lambda self, lab: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        init("cs324", tmp_path / "w")
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_course_file_makes_no_workspace(tmp_path: Path) -> None:
    course = tmp_path / "course.toml"
    course.write_text("name = 3")
    with pytest.raises(PracticumError, match=r"course\.toml:1"):
        init(str(course), tmp_path / "w")
    assert not (tmp_path / "w").exists()


def test_unknown_courses_and_places(tmp_path: Path) -> None:
    with pytest.raises(PracticumError, match=r"no course `cs342` \(did you mean `cs324`\?\); known: cs324, dda4220, polyu, xmu"):
        course_path("cs342")
    with pytest.raises(PracticumError, match="not in a workspace; make one with"):
        find(tmp_path)
    assert load_course(course_path(str(curriculum() / "courses" / "xmu"))) == shipped("xmu")


def test_the_curriculum_may_be_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRACTICUM_CURRICULUM", str(tmp_path))
    assert curriculum() == tmp_path
    assert courses() == []
    monkeypatch.setenv("PRACTICUM_CURRICULUM", str(tmp_path / "none"))
    with pytest.raises(PracticumError, match="PRACTICUM_CURRICULUM: expected a folder"):
        curriculum()


def test_the_roster_template_is_a_roster() -> None:
    text = "id,name,email,section,team\n# 12345678,Ada Lovelace,ada@example.org,L1,\n"
    assert parse_roster(text) == []
