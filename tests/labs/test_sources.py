"""Submissions out of git, nbgrader, Gradescope and Otter: whose they are, when they came, and what is in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from practicum.course.roster import Student
from practicum.errors import PracticumError
from practicum.labs.inbox import Inbox
from practicum.labs.intake.read import SubmissionFiles
from practicum.labs.intake.sources.found import parse_time
from practicum.labs.intake.sources.read import kind_of, read_source
from practicum.labs.lab import Lab
from tests.labs.repositories import clone, commit, git
from tests.labs.test_intake import zipped

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2027, 3, 20, tzinfo=UTC)
WORK = b"def answer():\n    return 42\n"


@pytest.fixture
def lab(make_lab) -> Lab:
    return make_lab(name="lab1")


def put(path: Path, data: bytes | str = WORK) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def read(path: Path, lab: Lab, refused: list[str] | None = None, **more) -> list[SubmissionFiles]:
    """Everything of a source; without a list for what was not read, all must be."""
    found: list[str] = [] if refused is None else refused
    submissions = list(read_source(path, lab, ZONE, refused=found, now=NOW, **more))
    assert refused is not None or found == []
    return submissions


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


# -- nbgrader


def nbgrader(folder: Path, stamps: dict[str, str | None], assignment: str = "lab1") -> Path:
    for student, stamp in stamps.items():
        put(folder / "submitted" / student / assignment / "answer.py")
        if stamp is not None:
            put(folder / "submitted" / student / assignment / "timestamp.txt", stamp)
    return folder


def test_nbgrader(tmp_path: Path, lab: Lab) -> None:
    nbgrader(
        tmp_path, {"s0001": "2026-11-08 23:30:00.000000 UTC", "s0002": "2026-11-08 23:30:00\n", "s0003": None, "s0004": "soon"}
    )
    put(tmp_path / "submitted/s0001/lab2/answer.py", b"another")
    put(tmp_path / "submitted/s0009/lab2/answer.py", b"another")
    put(tmp_path / "submitted/s0001/lab1/scratch.txt")
    assert kind_of(tmp_path) == kind_of(tmp_path / "submitted") == "nbgrader"
    first, second, third, fourth = read(tmp_path, lab)
    assert (first.student, first.at, first.timing) == ("s0001", at("2026-11-08T23:30:00+00:00"), "stated")
    assert first.files == {"answer.py": WORK}
    assert first.notes == ("ignored 1 other file: scratch.txt",), "the timestamp is nbgrader's file, not the student's"
    assert (second.at, second.timing) == (first.at, "stated"), "without a zone it is UTC, not the course's time"
    assert (third.at, third.timing, third.notes) == (NOW, "unknown", ("there is no timestamp.txt",))
    assert (fourth.at, fourth.timing) == (NOW, "unknown")
    assert fourth.notes == ("expected a time like 2026-11-08 23:30:00 UTC in timestamp.txt, got 'soon'",)
    assert [s.student for s in read(tmp_path / "submitted", lab)] == ["s0001", "s0002", "s0003", "s0004"]


def test_nbgraders_name_of_the_assignment(tmp_path: Path, lab: Lab) -> None:
    nbgrader(tmp_path, {"s0001": None}, "PS_1")
    with pytest.raises(PracticumError, match=r"expected folders STUDENT/lab1, got the assignments PS_1; say which one"):
        read(tmp_path, lab)
    assert len(read(tmp_path, lab, assignment="ps-1")) == 1


def test_nbgrader_with_links(tmp_path: Path, lab: Lab) -> None:
    nbgrader(tmp_path, {"s0001": None})
    secret = put(tmp_path / "secret", "2020-01-01 00:00:00 UTC")
    (tmp_path / "submitted/s0001/lab1/timestamp.txt").symlink_to(secret)
    (tmp_path / "submitted/s0002").symlink_to(tmp_path / "submitted/s0001")
    refused: list[str] = []
    [only] = read(tmp_path, lab, refused)
    assert only.timing == "unknown"
    assert refused == [f"{tmp_path}/submitted/s0002: is a link, not followed"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-08 23:30:00.000000 UTC", "2026-11-08T23:30:00+00:00"),
        ("2026-11-08 23:30:00.123456789 Z", "2026-11-08T23:30:00+00:00"),
        ("2026-11-08T23:30Z", "2026-11-08T23:30:00+00:00"),
        ("2026-11-08 23:30:00 +0800", "2026-11-08T23:30:00+08:00"),
        ("2026-11-08 23:30:00-05:30", "2026-11-08T23:30:00-05:30"),
        ("2026-11-08 23:30:00 America/Los_Angeles", "2026-11-08T23:30:00-08:00"),
        ("2026-11-08 23:30:00", "2026-11-08T23:30:00+00:00"),
        ("2026-11-08 23:30:00 CST", None),
        ("2026-11-08 23:30:00 ../../etc/passwd", None),
        ("2026-11-08 23:30:00 No/Such", None),
        ("2026-13-08 23:30:00", None),
        ("0001-01-01 00:00:00 +0800", None),
        ("9999-12-31 23:59:59 -0800", None),
        ("2026-11-08 23:30:00 +99:99", None),
        ("2026-11-08", None),
        ("", None),
    ],
)
def test_times(text: str, expected: str | None) -> None:
    assert parse_time(text) == (at(expected) if expected else None)


# -- Gradescope

METADATA = """---
submission_1:
  :submitters:
  - :name: Jo Doe
    :sid: s0001
    :email: jo@uni.example
  :created_at: 2026-11-08 15:30:00.123456789 Z
  :score: 10.0
  :status: processed
  :history:
  - :id: 7
    :created_at: 2020-01-01 00:00:00 Z
    :submitters:
    - :sid: s0666
  :results:
    output: |
      submission_1:
        :submitters:
        - :sid: s0666
    tests:
    - :sid: s0666
submission_2:
  :submitters:
  - :name: 'O''Neil: Mary'
    :sid: '00042'
    :email: mary@uni.example
  - :name: "\\u738b\\x20\\u5c0f\\u660e"
    :sid:
    :email: wang@uni.example
  :created_at: !ruby/object:ActiveSupport::TimeWithZone
    utc: &1 2026-11-08 16:00:00.000000000 Z
    zone: !ruby/object:ActiveSupport::TimeZone
      name: America/New_York
    time: 2026-11-08 11:00:00.000000000 Z
submission_3:
  :submitters:
  - :name: !ruby/object:Kernel
    :sid: *1
    :email: "unclosed
      :sid: s0666
      - :sid: s0667
  :created_at: yesterday
submission_4:
  :submitters:
  - :sid: s0004
  :created_at: 2026-11-08 15:30:00 Z
"""


@pytest.fixture
def gradescope(tmp_path: Path) -> Path:
    put(tmp_path / "submission_metadata.yml", METADATA)
    for n in (1, 2, 3):
        put(tmp_path / f"submission_{n}" / "answer.py", f"{n}")
    return tmp_path


def test_gradescope(gradescope: Path, lab: Lab) -> None:
    assert kind_of(gradescope) == kind_of(gradescope / "submission_metadata.yml") == "gradescope"
    put(gradescope / "submission_9/answer.py")
    for link in ("submission_5", "submission_8"):
        (gradescope / link).symlink_to(gradescope / "submission_1")
    put(gradescope / "submission_metadata.yml", METADATA + "submission_5:\n  :submitters:\n  - :sid: s0005\n")
    refused: list[str] = []
    jo, mary, wang, third, ninth = read(gradescope, lab, refused)
    assert (jo.student, jo.at, jo.timing, jo.notes) == ("s0001", at("2026-11-08T15:30:00+00:00"), "stated", ())
    assert (mary.student, mary.at, mary.files) == ("00042", at("2026-11-08T16:00:00+00:00"), {"answer.py": b"2"})
    assert wang.student.startswith("wang-uni.example-")
    assert "submitted by a group of 2" in wang.notes
    assert wang.sha256 == mary.sha256
    assert (third.student, third.timing, third.files) == ("submission_3", "unknown", {"answer.py": b"3"})
    assert "the export holds no time that can be read" in third.notes
    assert ninth.student == "submission_9"
    where = f"{gradescope}/submission_metadata.yml"
    assert "the export names no submitter whose number, e-mail address or name can be read" in third.notes
    assert ninth.notes == ("submission_metadata.yml does not say whose it is",)
    assert refused == [
        f"{where}: submission_4 has no folder in the export",
        f"{gradescope}/submission_5: is a link, not followed",
        f"{gradescope}/submission_8: is a link, not followed",
    ]


ROSTER = [
    Student("s0001", "Jo Doe", login="jdoe"),
    Student("m@uni", "Mary O'Neil", email="Mary@uni.example"),
    Student("s0003", "王 小明", lms_id="77"),
    Student("s0004", "Ann Lee", login="77", email="ann@uni.example"),
    Student("s0005", "Jo Doe"),
]


def test_everybody_is_called_by_the_rosters_id(gradescope: Path, lab: Lab) -> None:
    jo, mary, wang, third = read(gradescope, lab, [], roster=ROSTER)
    assert (jo.student, jo.notes) == ("s0001", ()), "the number comes before the name, which two have"
    assert (mary.student, mary.notes) == ("m@uni", ("submitted by a group of 2",))
    assert wang.student == "s0003"
    assert any("by the name 王 小明" in note for note in wang.notes)
    assert third.student == "submission_3"


def test_an_id_of_two_students_is_told_by_another_id_or_refused(tmp_path: Path, lab: Lab) -> None:
    one, two = ("submission_1:\n  :submitters:\n  - :sid: 77\n", "    :email: ann@uni.example\n")
    put(tmp_path / "submission_1/answer.py")
    put(tmp_path / "submission_metadata.yml", one + two)
    assert [s.student for s in read(tmp_path, lab, roster=ROSTER)] == ["s0004"]
    put(tmp_path / "submission_metadata.yml", one)
    refused: list[str] = []
    assert read(tmp_path, lab, refused, roster=ROSTER) == []
    [line] = refused
    assert line.startswith(f"{tmp_path}/submission_1: 77 `77` means more than one student")
    assert "s0003" in line
    assert "s0004" in line


def test_a_team_has_what_it_submitted(clones: Path, lab: Lab) -> None:
    (clones / "lab1-jdoe").rename(clones / "lab1-team-7")
    submissions = read(clones, lab, roster=ROSTER, teams={"Team 7": ["s0001", "s0003"]}, due={"s0001": at(DAY(3))}.get)
    assert [(s.student, s.files["answer.py"]) for s in submissions] == [
        ("ann-lee", b"second"),
        ("s0001", b"first"),
        ("s0003", b"second"),
    ]


def test_a_file_that_is_not_gradescopes(tmp_path: Path, lab: Lab) -> None:
    put(tmp_path / "submission_metadata.yml", "- !!python/object/apply:os.system ['true']\n")
    with pytest.raises(PracticumError, match=r"submission_metadata.yml: expected lines like `submission_1:`, got none"):
        read(tmp_path, lab)


# -- Otter


def test_otter(tmp_path: Path, lab: Lab) -> None:
    put(
        tmp_path / "final_grades.csv",
        "file,q1,total\npoints-per-question,1,1\nsubmissions/s0001.py,1,1\ns0002.zip,0,0\ns0003.py,0,0\n",
    )
    put(tmp_path / "s0001.py")
    put(tmp_path / "s0002.zip", zipped({"answer.py": b"zipped"}))
    put(tmp_path / "s0004.py", b"late")
    put(tmp_path / "readme.txt")
    (tmp_path / "s0005.py").symlink_to(tmp_path / "s0001.py")
    assert kind_of(tmp_path) == kind_of(tmp_path / "final_grades.csv") == "otter"
    refused: list[str] = []
    submissions = read(tmp_path, lab, refused)
    assert [(s.student, s.files.get("answer.py")) for s in submissions] == [
        ("s0001", WORK),
        ("s0002", b"zipped"),
        ("s0004", b"late"),
    ]
    assert {(s.timing, s.at) for s in submissions} == {("unknown", NOW)}
    assert refused == [
        f"{tmp_path}/final_grades.csv:5: s0003.py is not in the folder, or is there twice in the table",
    ]
    assert submissions[2].notes == ("final_grades.csv does not name the file",)
    assert len(read(tmp_path / "final_grades.csv", lab, [])) == 3


def test_a_file_of_times_dates_what_a_tool_does_not(tmp_path: Path, lab: Lab) -> None:
    put(tmp_path / "in" / "final_grades.csv", "file,q1\ns0001.py,1\ns0002.py,1\n")
    put(tmp_path / "in" / "s0001.py")
    put(tmp_path / "in" / "s0002.py", b"other")
    times = put(tmp_path / "times.csv", "student,submitted\nS0001,2027-03-19 23:30:00\n")
    roster = [Student("s0001"), Student("s0002")]
    dated = list(Inbox(tmp_path / "in", roster=roster, times=times).read(lab, ZONE, []))
    assert [(s.student, s.timing) for s in dated] == [("s0001", "stated"), ("s0002", "unknown")]
    assert dated[0].at == at("2027-03-19T23:30:00+08:00")
    with pytest.raises(PracticumError, match=r"--times file: expected a folder with an entry per student, got one of otter"):
        list(Inbox(tmp_path / "in", times="file").read(lab, ZONE, []))


def test_otter_without_its_column(tmp_path: Path, lab: Lab) -> None:
    put(tmp_path / "final_grades.csv", "student,q1\n")
    with pytest.raises(PracticumError, match="expected a column `file`, got student, q1"):
        read(tmp_path, lab)


# -- git

DAY = "2025-03-{:02}T20:00:00+08:00".format


@pytest.fixture(scope="module")
def jo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = clone(tmp_path_factory.mktemp("git") / "jo")
    commit(folder, {"answer.py": b"first"}, DAY(1))
    commit(folder, {"answer.py": b"second"}, DAY(5))
    return folder


@pytest.fixture
def clones(jo: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "clones"
    folder.mkdir()
    for name in ("lab1-jdoe", "lab1-ann-lee"):
        git(folder, "clone", "-q", str(jo), name)
    return folder


def test_a_folder_of_clones(clones: Path, lab: Lab) -> None:
    assert kind_of(clones) == "git"
    due = {"jdoe": at(DAY(3)), "ann-lee": at(DAY(6))}
    ann, jdoe = read(clones, lab, due=due.get)
    assert (ann.student, ann.files, ann.at) == ("ann-lee", {"answer.py": b"second"}, at(DAY(5)))
    assert (jdoe.student, jdoe.files, jdoe.at) == ("jdoe", {"answer.py": b"first"}, at(DAY(1))), (
        "each student has their own deadline"
    )


def test_clones_called_otherwise(clones: Path, lab: Lab) -> None:
    for old, new in {"lab1-jdoe": "homework-one-jdoe", "lab1-ann-lee": "homework-one-ann"}.items():
        (clones / old).rename(clones / new)
    assert [s.student for s in read(clones, lab)] == ["homework-one-ann", "homework-one-jdoe"]
    assert [s.student for s in read(clones, lab, roster=ROSTER)] == ["homework-one-ann", "s0001"]


@pytest.mark.parametrize(
    "roster",
    [
        '"identifier","github_username","github_id","name"\n"s0001","JDoe","1",""\n"s0002","Ann-Lee","2",""\n"s0003","lee","",""\n',
        "username,first_name,last_name,email,section,github_id,role\n"
        "JDoe,Jo,Doe,s0001,,1,student\nann-lee,Ann,Lee,s0002,,2,student\nlee,,,s3,,3,\n",
    ],
)
def test_a_classroom_roster_says_whose_a_username_is(clones: Path, lab: Lab, roster: str) -> None:
    put(clones / "classroom_roster.csv", roster)
    assert [s.student for s in read(clones, lab)] == ["s0002", "s0001"]


def test_what_is_no_clone_is_told_and_the_others_are_read(clones: Path, lab: Lab, tmp_path: Path) -> None:
    (clones / "lab1-empty").mkdir()
    git(clones / "lab1-empty", "init", "-q", "-b", "main")
    put(clones / "lab1-pointer/.git", f"gitdir: {clones}/lab1-jdoe/.git\n")
    put(clones / "lab1-files/answer.py")
    git(clones, "init", "-q", ".", "-b", "main")
    (clones / "lab1-link\x1b[2J").symlink_to(clones / "lab1-jdoe")
    refused: list[str] = []
    assert [s.student for s in read(clones, lab, refused)] == ["ann-lee", "jdoe"]
    assert refused == [
        f"{clones}/lab1-files: is no git repository",
        f"{clones}/lab1-link\\x1b[2J: is a link, not followed",
        f"{clones}/lab1-empty: the repository of empty has no commit on the branch main",
        f"{clones}/lab1-pointer: the repository of pointer points to a repository elsewhere (its `.git` is no folder), "
        "not followed",
    ]


def test_a_list_of_repositories(clones: Path, lab: Lab, tmp_path: Path) -> None:
    first = git(clones / "lab1-jdoe", "rev-parse", "HEAD~1")
    put(tmp_path / "outside/.git/objects/x")
    (tmp_path / "clones/link").symlink_to(tmp_path / "outside")
    table = put(
        clones / "repositories.csv",
        "Student ID;Repo;Commit;Pushed at;Email\n"
        f"s0001;lab1-jdoe;{first};;jo@x\n"
        "s0002;lab1-ann-lee;;2025-03-05 21:00;\n"
        "s0003;;;;\n"
        "s0004;lab1-jdoe;main;;\n"
        "s0005;lab1-jdoe;;soon;\n"
        "s0006;../outside;;;\n"
        "s0007;link;;;\n"
        "s0008;/etc;;;\n"
        "s0009;ext::sh -c true;;;\n"
        ";lab1-jdoe;;;\n"
        "s0010;none;;;\n"
        "s0011;.;;;\n"
        "s0012;lab1-jdoe/..;;;\n",
    )
    assert kind_of(table) == "git"
    refused: list[str] = []
    one, two = read(table, lab, refused)
    assert (one.student, one.files, one.at) == ("s0001", {"answer.py": b"first"}, at(DAY(1)))
    assert (two.student, two.files, two.at) == ("s0002", {"answer.py": b"second"}, at("2025-03-05T21:00:00+08:00"))
    expected = "expected https://host/path, git@host:path or a folder beside the file, got"
    assert refused == [
        f"{table}:4: s0003 has no repository",
        f"{table}:5: expected the hash of a commit, 7 to 40 hexadecimal digits, got main",
        f"{table}:6: expected a push time like 2026-11-08 23:30:00 UTC, got soon",
        f"{table}:7: {expected} ../outside",
        f"{table}:8: {expected} link",
        f"{table}:9: {expected} /etc",
        f"{table}:10: {expected} ext::sh -c true",
        f"{table}:11: expected a student, got a row without one",
        f"{table}:12: {expected} none",
        f"{table}:13: {expected} .",
        f"{table}:14: {expected} lab1-jdoe/..",
    ]


def test_the_grades_that_github_classroom_writes_are_a_list(clones: Path, lab: Lab) -> None:
    table = put(
        clones / "grades.csv",
        "assignment_name,github_username,roster_identifier,student_repository_name,student_repository_url,points_awarded\n"
        "lab1,jdoe,s0009,lab1-jdoe,lab1-jdoe,0\n",
    )
    assert [s.student for s in read(table, lab)] == ["s0009"]
    assert [s.student for s in read(table, lab, roster=ROSTER)] == ["s0001"], "by the username"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("repo,note\nx,y\n", "expected a column with the student, one of student, .*; got repo, note"),
        (
            "student,repositry\nx,y\n",
            "expected a column with the repository, .*; got student, repositry .did you mean `repository`",
        ),
    ],
)
def test_a_list_that_lacks_a_column(tmp_path: Path, lab: Lab, text: str, message: str) -> None:
    table = put(tmp_path / "list.csv", text)
    with pytest.raises(PracticumError, match=message):
        read(table, lab, kind="git")


def test_sources_of_no_known_kind(tmp_path: Path, lab: Lab) -> None:
    put(tmp_path / "s0001/answer.py")
    assert kind_of(tmp_path) is None
    assert kind_of(put(tmp_path / "x.csv", "a,b\n")) is None
    with pytest.raises(PracticumError, match=r"expected a CSV with a column `repository`, a folder of git clones"):
        read(tmp_path, lab)
    with pytest.raises(PracticumError, match="got nothing there"):
        read(tmp_path / "none", lab)


def test_a_class_that_submits_folders_is_not_taken_for_another_source(clones: Path, lab: Lab, tmp_path: Path) -> None:
    for student in ("s0003", "s0004"):
        put(clones / student / "answer.py")
    assert kind_of(clones) is None, "two students of four submit a repository as a folder"
    put(tmp_path / "submitted/s0001/code/answer.py")
    assert kind_of(tmp_path / "submitted") is None
    put(tmp_path / "class/submitted/answer.py")
    assert kind_of(tmp_path / "class") is None, "a student who is called so"
    assert kind_of(tmp_path / "class/submitted") is None


def test_an_inbox_reads_them_too(clones: Path, lab: Lab) -> None:
    inbox = Inbox(clones, roster=ROSTER, due={"s0001": at(DAY(3))}.get)
    read = {s.student: s.files["answer.py"] for s in inbox.read(lab, ZONE, [])}
    assert read == {"ann-lee": b"second", "s0001": b"first"}


def test_the_time_of_reading_is_now(tmp_path: Path, lab: Lab) -> None:
    nbgrader(tmp_path, {"s0001": None})
    [only] = read_source(tmp_path, lab, ZONE)
    assert abs(only.at - datetime.now(UTC)) < timedelta(hours=1)
