"""Feedback as each platform takes it back, read by the platforms' own rules: each student gets their own, and nobody else's."""

from __future__ import annotations

import csv
import io
import json
import mailbox
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import nbformat
import pytest

from practicum.course.roster import Student
from practicum.errors import PracticumError
from practicum.gradebook.events import Event, Exemption, ManualGrade, Result, Submission, Team
from practicum.gradebook.export import read_current
from practicum.gradebook.gradebook import Gradebook, gradebook
from practicum.reports.feedback.blackboard import blackboard_pack
from practicum.reports.feedback.canvas import canvas_pack
from practicum.reports.feedback.item import feedback_of, graded
from practicum.reports.feedback.mail import _boxed, mail_pack
from practicum.reports.feedback.moodle import moodle_pack
from practicum.reports.feedback.pack import Addressed, Pack, download_names, write_folder, write_zip
from practicum.reports.feedback.page import item_page
from practicum.reports.feedback.words import as_file, in_short, item_text
from practicum.store.records import StoredResult, StoredSubmission
from practicum.store.results import CheckResult, GradedSubmission, Provenance
from tests.course.conftest import small
from tests.reports.test_class_report import EVIL, read

DUE = datetime(2027, 3, 26, 23, 59, 59, tzinfo=UTC)
BODY = """
    [[component]]
    name = "work"
    title = "Work"
    weight = 100
    [[component.item]]
    name = "a1"
    title = "A1, two labs"
    points = 20
    due = 2027-03-26T23:59:59
    {team}
    lms = { blackboard = "456" }
    [[component.item.part]]
    name = "first"
    title = "Perceptron"
    points = 10
    lab = "one"
    [[component.item.part]]
    name = "second"
    title = "MLP"
    points = 10
    lab = "two"
    """
COURSE = small(BODY.replace("{team}", ""))
TEAMS_COURSE = small(BODY.replace("{team}", "team = { min = 1 }"))
ADA = Student("s1", "Ada Lovelace", "Ada", "Lovelace", "ada@example.org", login="ada", lms_id="4711", participants=("12345",))
WEI = Student("s2", "王伟", "伟", "王", "wei@example.org", login="wwei", lms_id="4712", participants=("12346",))
EVE = Student("s3", "Eve <b>", email="eve@example.org", login="eve", lms_id="4713", participants=("12347",))
ROSTER = [ADA, WEI, EVE]
MADE = Provenance(lab_sha256="a" * 64, seed=1234567, versions={}, limits={}, sandbox="bwrap")
TITLES = {"one": "The perceptron", "two": "The MLP"}


def stored(student: str, lab: str, points: str, at: datetime, number: int = 1, secret: str = "") -> StoredResult:
    checks = (
        CheckResult(
            name="test_a", title=f"own check of {student}", hidden=False, points=Decimal(points), out_of=Decimal(10),
            outcome="partial", message=EVIL, hint="look again",
        ),
        CheckResult(
            name="test_h", title="generalises", hidden=True, points=Decimal(0), out_of=Decimal(10), outcome="failed",
            message="", private=secret or "hidden input 31337", hint="",
        ),
    )  # fmt: skip
    record = GradedSubmission(lab=lab, student=student, submission="c" * 64, checks=checks, provenance=MADE, notes=("a note",))
    uid = f"{student}-{lab}-{number}"
    return StoredResult(number, StoredSubmission(number, uid, lab, student, at, "c" * 64), record, True, at)


RESULTS = [
    stored("s1", "one", "9", DUE - timedelta(hours=5)),
    stored("s1", "one", "3", DUE - timedelta(hours=1), number=2),
    stored("s1", "two", "8", DUE + timedelta(hours=2)),
    stored("s2", "one", "7", DUE - timedelta(hours=1)),
    stored("s2", "two", "7", DUE - timedelta(hours=1)),
]


def book_of(results: list[StoredResult] = RESULTS, more: tuple[Event, ...] = (), course=COURSE) -> Gradebook:
    events: list[Event] = [*more]
    for result in results:
        s = result.submission
        events.append(Submission(s.uid, s.student, s.lab, s.at))
        events.append(Result(s.uid, s.student, s.lab, result.graded.points, result.graded.out_of))
    return gradebook(course, ROSTER, events)


def addressed(book: Gradebook, members: dict[str, tuple[str, ...]] | None = None, **more: bool) -> dict[str, Addressed]:
    return {
        row.student.id: Addressed(
            row.student,
            feedback_of(book, row, "a1", RESULTS, TITLES, **more),
            (members or {}).get(row.student.id, (row.student.id,)),
        )
        for row in book.students
        if graded(row.items[0])
    }


@pytest.fixture(scope="module")
def told() -> dict[str, Addressed]:
    return addressed(book_of())


def test_the_page_says_how_the_grade_came_about(told: dict[str, Addressed]) -> None:
    page = read(item_page(told["s1"].told))
    for said in (
        "A1, two labs", "Ada Lovelace · s1", "8.1 of 20 points", "Perceptron 4.5 of 10 – – 4.5", "MLP 4 of 10 02:00:00 × 0.9 3.6",
        "one 9/20 = 4.50 of 10", "two 8/20 = 4.00 of 10, 02:00:00 late: × 0.9 = 3.60", "The perceptron", "The MLP",
        "9 of 20 points of its checks; this submission counts for the grade", "2027-03-26 22:59:59 UTC 3 / 20", "a note",
        "Saturday 27 March 2027, 01:59:59 UTC", "hidden check",
    ):  # fmt: skip
        assert said in page, said


def test_nothing_of_others_and_nothing_hidden_is_told(told: dict[str, Addressed]) -> None:
    for own, other in (("s1", "s2"), ("s2", "s1"), ("s3", "s1")):
        for text in (item_page(told[own].told), item_text(told[own].told), in_short(told[own].told)):
            assert other not in text.replace("style", "")
            assert {"s1": "王伟", "s2": "Ada", "s3": "Ada"}[own] not in text
            assert "31337" not in text
            assert "1234567" not in text
            assert "s1-one" not in text
    text = item_text(told["s1"].told)
    assert "Grade: 8.1 of 20 points" in text
    assert "MLP: two 8/20 = 4.00 of 10, 02:00:00 late: × 0.9 = 3.60" in text
    assert "own check of s1: partly, 9 of 10" in text
    assert "generalises (hidden check): not right, 0 of 10" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_missing_work_exemptions_and_notes() -> None:
    book = book_of(
        more=(
            Exemption("a1", "in hospital", student="s3"),
            ManualGrade("a1", Decimal(5), part="first", note="copied?", student="s2"),
        )
    )
    quiet, open_ = addressed(book), addressed(book, notes=True)
    assert "you are exempt" in item_page(quiet["s3"].told)
    assert "in hospital" not in item_page(quiet["s3"].told)
    assert "in hospital" in item_page(open_["s3"].told)
    assert "graded manually = 5.00 of 10" in item_page(quiet["s2"].told)
    assert "copied?" not in item_page(quiet["s2"].told) + item_text(quiet["s2"].told)
    assert "copied?" in item_page(open_["s2"].told)
    assert "nothing was submitted" in item_page(addressed(book_of())["s3"].told)


def test_a_time_that_is_not_known_is_said() -> None:
    untimed = replace(RESULTS[3], submission=replace(RESULTS[3].submission, timing="unknown"))
    events: list[Event] = [
        Submission("s2-one-1", "s2", "one", DUE, "unknown"),
        Result("s2-one-1", "s2", "one", Decimal(7), Decimal(20)),
    ]
    book = gradebook(COURSE, ROSTER, events)
    told = feedback_of(book, book.of("s2"), "a1", [untimed], TITLES)
    for text in (read(item_page(told)), item_text(told)):
        assert "one 7/20 = 3.50 of 10, time unknown: counted as on time" in text
        assert text.count("time unknown: counted as on time") == 2
        assert "2027-03-26" not in text


# Canvas


def canvas_reads(name: str, team: str = "") -> tuple[str, str]:
    """Whose submission and which file a name means to Canvas: its rule, and nothing of ours."""
    rest = name.removeprefix(f"{team}_") if team else name
    parts = [part for part in rest.split("_") if part != "LATE"]
    numbers = [part for part in parts if part.isdigit()]
    return (numbers[0], numbers[1]) if len(numbers) > 1 else ("", "")


def paths(*names: str) -> list[list[tuple[str, ...]]]:
    return [[(name,) for name in names]]


def test_canvas_gets_its_own_names_back_with_feedback_of_the_same_kind(told: dict[str, Addressed]) -> None:
    names = ["lovelaceada_LATE_4711_998_lab1-1.py", "lovelaceada_LATE_4711_999_data.bin", "王伟_4712_1002_lab1.ipynb"]
    pack = canvas_pack(told, ROSTER, paths(*names), teams=False)
    assert set(pack.files) == {names[0], names[2]}
    assert [canvas_reads(name) for name in sorted(pack.files)] == [("4711", "998"), ("4712", "1002")]
    code = pack.files[names[0]].decode()
    assert compile(code, "lab1.py", "exec").co_names == (), "nothing but comments"
    assert "# Grade: 8.1 of 20 points" in code
    notebook = nbformat.reads(pack.files[names[2]].decode(), as_version=4)
    nbformat.validate(notebook)
    assert "    Grade: 7 of 20 points" in notebook.cells[0].source
    assert pack.left_out == ["s3 Eve <b>: no file in the download"]


def test_each_assignment_of_an_item_gets_a_file(told: dict[str, Addressed]) -> None:
    downloads = [*paths("lovelaceada_4711_998_one.py", "lovelaceada_4711_997_notes.txt"), *paths("lovelaceada_4711_1001_two.py")]
    pack = canvas_pack(told, ROSTER, downloads, teams=False)
    assert sorted(pack.files) == ["lovelaceada_4711_1001_two.py", "lovelaceada_4711_998_one.py"]
    moodle = [*paths("Ada Lovelace_12345_assignsubmission_file"), *paths("Ada Lovelace_20000_assignsubmission_file")]
    roster = [replace(ADA, participants=("12345", "20000")), WEI, EVE]
    assert len(moodle_pack(told, roster, moodle, {}, teams=False).files) == 2


@pytest.mark.parametrize("name", ["a.py", "a.ipynb", "a.html", "a.txt", "a.md", "a.zip", "a.PY", "a.r"])
def test_every_kind_carries_the_feedback(told: dict[str, Addressed], name: str) -> None:
    data = as_file(told["s1"].told, name)
    assert data is not None
    if name.endswith(".zip"):
        data = zipfile.ZipFile(io.BytesIO(data)).read("feedback.html")
    assert "8.1" in data.decode()
    assert as_file(told["s1"].told, "a.pdf") is None


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("lovelaceada_4711_text.html", "s1 Ada Lovelace: submitted as a text or a link"),
        ("lovelaceada_4711_998_report.pdf", "s1 Ada Lovelace: submitted only files that cannot carry feedback (.pdf)"),
        ("doejo_40013_998_lab1.py", "Canvas' user 40013 is nobody on the roster"),
        ("anon_xY3zQ_4711_998_lab1.py", "of an anonymous download"),
        ("LATE_anon_xY3zQ_998_lab1.py", "of an anonymous download"),
        ("lovelace_7_ada_4711_998_lab1.py", "Canvas would take the first number for the user's"),
    ],
)
def test_who_gets_none_from_canvas_and_why(told: dict[str, Addressed], name: str, why: str) -> None:
    pack = canvas_pack(told, ROSTER, paths(name, "._wei_4712_1_a.py"), teams=False)
    assert pack.files == {}
    assert any(why in line for line in pack.left_out), pack.left_out


def test_a_file_name_of_a_student_leads_to_nobody_else(told: dict[str, Addressed]) -> None:
    """After the first two numbers everything is what the student called the file."""
    pack = canvas_pack(told, ROSTER, paths("x_5555_998_4712_1002_a.py", "lovelaceada_4711_1_4712_1002_a.py"), teams=False)
    assert list(pack.files) == ["lovelaceada_4711_1_4712_1002_a.py"]
    assert b"Ada" in pack.files["lovelaceada_4711_1_4712_1002_a.py"]
    pack = canvas_pack(told, ROSTER, paths("team_5555_998_4712_1002_a.py"), teams=True)
    assert pack.files == {}


def test_a_number_that_the_roster_lacks_is_made_up_for_by_the_name(told: dict[str, Addressed]) -> None:
    roster = [Student("s1", "Ada Lovelace", "Ada", "Lovelace"), WEI, EVE]
    assert list(canvas_pack(told, roster, paths("lovelaceada_4711_9_a.py"), teams=False).files) == ["lovelaceada_4711_9_a.py"]
    twins = [*roster, Student("s9", "Ada Lovelace", "Ada", "Lovelace")]
    assert canvas_pack(told, twins, paths("lovelaceada_4711_9_a.py"), teams=False).files == {}


TEAM = {"s1": ("s1", "s2"), "s2": ("s1", "s2"), "s3": ("s3",)}


def test_a_team_reads_what_all_of_it_may_know() -> None:
    """Canvas shows one member's feedback to all: no name, and no grade that only one of them has."""
    events: tuple[Event, ...] = (Team("Group 7", ("s1", "s2")),)
    team_book = book_of(more=events, course=TEAMS_COURSE)
    name = "group_7_4711_998_a.py"
    pack = canvas_pack(addressed(team_book, TEAM), ROSTER, paths(name), teams=True)
    text = pack.files["group_7_4711_998_a.py"].decode()
    assert canvas_reads("group_7_4711_998_a.py", "group_7") == ("4711", "998")
    assert "Your team" in text
    assert "Ada" not in text
    assert "of 20 points" in text
    assert [line for line in pack.left_out if "s2" in line] == []
    apart = book_of(more=(*events, ManualGrade("a1", Decimal(1), student="s2")), course=TEAMS_COURSE)
    text = (
        canvas_pack(addressed(apart, TEAM), ROSTER, paths("group_7_4711_998_a.py"), teams=True)
        .files["group_7_4711_998_a.py"]
        .decode()
    )
    assert "each member's own grade is in the gradebook" in text
    assert "Grade: 1 of" not in text


# Moodle


def moodle_reads(path: str) -> tuple[str, str, str]:
    """Participant, plugin and file that a path means to Moodle: its rule, and nothing of ours."""
    for place, part in enumerate(parts := path.split("/")):
        info = part.split("_", 4)
        if len(info) >= 4 and info[1].isdigit():
            return info[1], f"{info[2]}_{info[3]}", "/".join([*info[4:], *parts[place + 1 :]])
    return "", "", ""


def test_moodle_gets_a_page_for_each_participant(told: dict[str, Addressed]) -> None:
    names = [
        ("Ada Lovelace_12345_assignsubmission_file", "x_12346_assignsubmission_file_", "lab1.py"),
        ("王伟_12346_assignsubmission_file_lab1.py",),
        ("Eve b_12347_assignsubmission_onlinetext", "onlinetext.html"),
    ]
    pack = moodle_pack(told, ROSTER, [names], {}, teams=False)
    assert {moodle_reads(path): data for path, data in pack.files.items()} == {
        (number, "assignfeedback_file", "feedback.html"): item_page(told[own].told).encode()
        for own, number in (("s1", "12345"), ("s2", "12346"), ("s3", "12347"))
    }
    assert pack.left_out == []


def test_moodle_names_that_mislead(told: dict[str, Addressed]) -> None:
    names = paths(
        "Ada Lovelace_12346_assignsubmission_file",  # the number says Wei
        "X_12347_assignsubmission_file_ Y_77_assignsubmission_file_",
        "Jo_99_assignsubmission_file",
        "Participant_12345_assignsubmission_file",  # blind
    )
    pack = moodle_pack(told, ROSTER, names, {}, teams=False)
    assert list(pack.files) == ["Participant_12345_assignfeedback_file/feedback.html"]
    said = "\n".join(pack.left_out)
    for why in (
        "participant 12346 is nobody",
        "can be read as more than one student's",
        "participant 99 is nobody",
        "s2 王伟: no folder",
    ):
        assert why in said


def test_moodle_team_folders_are_refused_with_the_reason(told: dict[str, Addressed]) -> None:
    """77 is the group's number; 12346 is a group's, too, and happens to be a participant's."""
    names = paths(
        "Group A_77_assignsubmission_file", "Group B_12346_assignsubmission_file", "Default group_assignsubmission_file"
    )
    pack = moodle_pack(told, ROSTER, names, {}, teams=True)
    assert pack.files == {}
    assert "s1 Ada Lovelace: submitted with a team, whose folder Moodle would take for somebody else's" in pack.left_out[0]
    pack = moodle_pack(told, ROSTER, names, {"12345": "s1", "50": "s2"}, teams=True)
    assert sorted(pack.files) == [
        "Ada Lovelace_12345_assignfeedback_file/feedback.html",
        "王伟_50_assignfeedback_file/feedback.html",
    ]


# Blackboard


def test_blackboard_gets_folders_and_one_column_with_a_line_of_feedback(told: dict[str, Addressed]) -> None:
    pack = blackboard_pack(told, book_of(), "a1")
    assert sorted(pack.files) == ["ada/feedback.html", "eve/feedback.html", "grades.csv", "wwei/feedback.html"]
    assert "Ada Lovelace" in pack.files["ada/feedback.html"].decode()
    rows = list(csv.reader(io.StringIO(pack.files["grades.csv"].decode())))
    assert rows[0] == [
        "Last Name", "First Name", "Username", "Student ID", "A1, two labs [Total Pts: 20 Score] |456", "Grading Notes",
        "Notes Format", "Feedback to Learner", "Feedback Format",
    ]  # fmt: skip
    assert rows[1][:5] == ["Lovelace", "Ada", "ada", "s1", "8.10"]
    assert rows[1][7].startswith("8.1 of 20 points · one 9/20 = 4.50 of 10 · two 8/20")
    assert "generalises: not right, 0 of 10" in rows[1][7]
    assert rows[1][8] == "SMART_TEXT"
    assert not any("\n" in cell for row in rows for cell in row)


def test_blackboard_usernames_come_from_its_own_file(told: dict[str, Addressed], tmp_path: Path) -> None:
    file = tmp_path / "gc.csv"
    file.write_text(
        '"Last Name","First Name","Username","Student ID","A1, two labs [Total Pts: 20 Score] |9"\n"L","A","a_l","s1",""\n'
    )
    pack = blackboard_pack(told, book_of(), "a1", read_current(file, "blackboard", ROSTER))
    assert "a_l/feedback.html" in pack.files


# Mail


def test_mail_has_the_page_attached_and_right_names(told: dict[str, Addressed], tmp_path: Path) -> None:
    pack = mail_pack(told, "Jürgen Müller <jm@example.org>", DUE, "CS324")
    assert sorted(pack.files) == ["feedback.mbox", "s1.eml", "s2.eml", "s3.eml"]
    message = message_from_bytes(pack.files["s2.eml"], policy=default)
    assert message["From"].addresses[0].display_name == "Jürgen Müller"
    assert (message["To"].addresses[0].display_name, message["To"].addresses[0].addr_spec) == ("王伟", "wei@example.org")
    assert message["Subject"] == "[CS324] A1, two labs: feedback"
    assert pack.files["s2.eml"].isascii()
    (page,) = message.iter_attachments()
    assert page.get_filename() == "a1.html"
    assert page.get_content().replace("\r\n", "\n") == item_page(told["s2"].told)
    assert "Grade: 7 of 20 points" in message.get_body().get_content()
    (tmp_path / "box").write_bytes(pack.files["feedback.mbox"])
    box = mailbox.mbox(tmp_path / "box")
    assert [each["Message-ID"] for each in box] == [
        message_from_bytes(pack.files[f"{own}.eml"], policy=default)["Message-ID"] for own in told
    ]


@pytest.mark.parametrize("name", ["a\r\nBcc: evil@example.org", 'Doe, "Jo" <x@y.z>', "王" * 90, "=?utf-8?q?x?=", ""])
def test_no_name_makes_a_header(told: dict[str, Addressed], name: str) -> None:
    one = {"s1": replace(told["s1"], student=replace(ADA, name=name))}
    message = message_from_bytes(mail_pack(one, "t@example.org", DUE).files["s1.eml"], policy=default)
    assert message["Bcc"] is None
    assert [address.addr_spec for address in message["To"].addresses] == ["ada@example.org"]


def test_who_gets_no_mail(told: dict[str, Addressed]) -> None:
    for address, why in (("", "no e-mail address"), ("a@b, c@d", "no address that mail can go to"), ("jörg@x.org", "no address")):
        pack = mail_pack({"s1": replace(told["s1"], student=replace(ADA, email=address))}, "t@example.org", DUE)
        assert pack.files == {}
        assert why in pack.left_out[0]
    with pytest.raises(PracticumError, match="expected --sender as"):
        mail_pack(told, "nobody", DUE)


# Writing and reading


def test_a_line_that_begins_like_a_message_does_not_break_the_box(told: dict[str, Addressed], tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(_boxed(b"Subject: x\r\n\r\nFrom me\r\n>From you\r\n", "a@b.c", DUE) * 2)
    box = mailbox.mbox(tmp_path / "box")
    assert len(box) == 2
    assert b">From me\n>>From you" in box.get_bytes(0)


def test_packs_are_for_their_owner_and_whole(tmp_path: Path) -> None:
    pack = Pack({"b/feedback.html": b"x", "a.txt": b"y"})
    write_zip(pack, tmp_path / "p.zip")
    assert zipfile.ZipFile(tmp_path / "p.zip").namelist() == ["a.txt", "b/feedback.html"]
    assert (tmp_path / "p.zip").stat().st_mode & 0o077 == 0
    write_folder(pack, tmp_path / "p")
    assert (tmp_path / "p" / "b" / "feedback.html").read_bytes() == b"x"
    assert (tmp_path / "p").stat().st_mode & 0o077 == 0
    with pytest.raises(PracticumError, match="already exists and is not an empty folder"):
        write_folder(pack, tmp_path / "p")
    with pytest.raises(PracticumError, match="cannot be written"):
        write_zip(pack, tmp_path / "none" / "p.zip")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p", "p.zip"]


def test_names_come_from_the_zip_or_the_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as made:
        for name in ("a_1_2_x.py", "Jo_1_assignsubmission_file/dir/deep/x.py", "__MACOSX/._a_1_2_x.py"):
            made.writestr(name, "")
            path = tmp_path / "d" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
    zipped, unpacked = download_names(tmp_path / "d.zip"), download_names(tmp_path / "d")
    assert ("a_1_2_x.py",) in zipped
    assert ("Jo_1_assignsubmission_file", "dir", "deep") in zipped
    assert set(zipped) <= set(unpacked)
    assert not any("__MACOSX" in parts for parts in zipped + unpacked)
    (tmp_path / "no.zip").write_text("x")
    with pytest.raises(PracticumError, match="expected the platform's download"):
        download_names(tmp_path / "no.zip")
    with pytest.raises(PracticumError, match="expected the platform's download"):
        download_names(tmp_path / "none")


def test_a_notebook_is_json(told: dict[str, Addressed]) -> None:
    assert json.loads(as_file(told["s1"].told, "x.ipynb") or b"")["nbformat"] == 4
