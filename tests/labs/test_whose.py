"""Nobody can pass for another student, and what can be read in two ways is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from practicum.course.roster import Student
from practicum.errors import PracticumError
from practicum.labs.intake.read import SubmissionFiles, read_submissions
from practicum.labs.lab import Lab

ZONE = ZoneInfo("Asia/Shanghai")
JO = Student("s0001", "Jo Doe", "Jo", "Doe", "jo@example.org", login="jo_doe", lms_id="4711", participants=("12345",))
MAX = Student("s0002", "Max Roe", "Max", "Roe", "max@example.org", login="mroe", lms_id="4712", participants=("12346",))
ANN = Student("26000334D", "Ann Doe", "Ann", "Doe", login="ann_jo_doe", lms_id="998")
ROSTER = [JO, MAX, ANN]
RECEIPT = """Name: {name} ({login})
Assignment: Lab 1
Date Submitted: Sunday, 8 November 2026 23:30:00 o'clock {zone}
Current Grade: Needs Grading

Submission Field:
{text}

Comments:
There are no student comments for this assignment.

Files:
\tOriginal filename: {original}
\tFilename: {file}
"""


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "in" / "lab"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def lab(make_lab) -> Lab:
    return make_lab()


def put(path: Path, text: str = "x = 1\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def read(inbox: Path, lab: Lab, **more: object) -> tuple[list[SubmissionFiles], list[str]]:
    refused: list[str] = []
    more = {"roster": ROSTER, **more}
    return list(read_submissions(inbox, lab, ZONE, refused=refused, **more)), refused  # type: ignore[arg-type]


def who(inbox: Path, lab: Lab, **more: object) -> list[str]:
    found, refused = read(inbox, lab, **more)
    assert refused == []
    return [each.student for each in found]


@pytest.mark.parametrize(
    "name",
    [
        "doejo_4711_1001_x_4712_999_a.py",
        "doejo_4711_1001_4712_999_a.py",
        "doejo_LATE_4711_1001_roemax_LATE_4712_999_answer.py",
        "doejo_4711_998_7_a.py",  # the number of the file is another student's
        "doejo_4711_1001_4712_text.html",
        "DOEJO_4711_1001_a.py",
        "otherspelling_4711_1001_a.py",  # the roster writes the name otherwise; the number is the platform's
        "Jo Doe_12345_assignsubmission_file_roemax_4712_999_a.py",
        "Jo Doe_12345_assignsubmission_file",
        "doejo_4711_1001_X_12346_assignsubmission_file_a.py",  # names as other platforms give them
        "doejo_4711_1001_mroe_attempt_2026-11-01-00-00-00_a.py",
        "doejo_4711_1001_mroe_attempt_2026-11-01-00-00-00.txt",
        "Jo Doe_12345_assignsubmission_file_mroe_attempt_2026-11-01-00-00-00_a.py",
        "Lab 1_jo_doe_attempt_2026-11-08-23-30-00_X_12346_assignsubmission_file_a.py",
        "Participant_12345_assignsubmission_file_a.py",
        "Lab 1_jo_doe_attempt_2026-11-08-23-30-00_Lab 1_mroe_attempt_2026-11-08-23-30-00.txt",
        "S0001.py",
        "ｓ０００１.py",
        "JO@EXAMPLE.ORG.py",
        "jo_doe@20261108T233000.py",
        "Jo Doe.zip",
    ],
)
def test_it_is_jos(inbox: Path, lab: Lab, name: str) -> None:
    put(inbox / name)
    assert who(inbox, lab) == ["s0001"]


@pytest.mark.parametrize(
    ("name", "readings"),
    [
        ("X_12345_assignsubmission_file_ Y_12346_assignsubmission_file_", ["12345, X", "12346"]),
        ("X_42_assignsubmission_file_ Y_77_assignsubmission_file_a.py", ["42, X", "77, X_42_assignsubmission_file_ Y"]),
        ("X_42_assignsubmission_file_77_assignsubmission_file_a.py", ["42, X", "77"]),
        ("x_4712_1_4711_1001_a.py", ["4712, s0002 (Max Roe)", "4711, s0001 (Jo Doe)"]),  # a name chosen to be read as a number
        ("roemax_4711_1001_a.py", ["4711, s0001 (Jo Doe)", "roemax, s0002 (Max Roe)"]),
        ("Max Roe_12345_assignsubmission_file_a.py", ["12345, s0001", "Max Roe, s0002"]),
    ],
)
@pytest.mark.parametrize("roster", [ROSTER, None])
def test_what_can_be_two_students_is_refused_with_both(
    inbox: Path, lab: Lab, name: str, readings: list[str], roster: list[Student] | None
) -> None:
    (inbox / name).mkdir() if name.endswith("_") else put(inbox / name)
    found, refused = read(inbox, lab, roster=roster)
    if roster is None and name.count("_assignsubmission_") < 2:
        assert refused == []
        return
    assert found == []
    (line,) = refused
    assert all(reading in line for reading in readings)


def test_an_id_of_two_students_is_refused(inbox: Path, lab: Lab) -> None:
    put(inbox / "4711.py")
    found, refused = read(inbox, lab, roster=[*ROSTER, Student("4711", "Eve")])
    assert found == []
    assert "the platform's number of s0001 (Jo Doe) and the id of 4711 (Eve)" in refused[0]


def test_folders_inside_a_students_folder_are_the_students_own(inbox: Path, lab: Lab) -> None:
    put(inbox / "Jo Doe_12345_assignsubmission_file" / "Max Roe_12346_assignsubmission_file_" / "answer.py", "mine")
    put(inbox / "s0002" / "Jo Doe_12345_assignsubmission_file" / "answer.py", "his")
    found, refused = read(inbox, lab)
    assert [(each.student, each.files["answer.py"]) for each in found] == [("s0001", b"mine"), ("s0002", b"his")]
    assert refused == []


def test_one_student_in_several_spellings_is_one_with_several_submissions(inbox: Path, lab: Lab) -> None:
    names = (
        "26000334d@20261101T1200.py",
        "26000334D@20261102T1200.py",
        "２６０００３３４d@20261103T1200.py",
        "998@20261104T1200.py",
    )
    for number, name in enumerate(names):
        put(inbox / name, f"{number}")
    found, _ = read(inbox, lab)
    assert [(each.student, each.files["answer.py"]) for each in found] == [("26000334D", b"%d" % n) for n in range(4)]
    assert len(set(who(inbox, lab, roster=None))) == 3  # without a roster only width and composition are the same


def test_another_id_that_looks_like_the_number_is_not_taken_for_it(inbox: Path, lab: Lab) -> None:
    put(inbox / "someoneelse_77_1_a.py")
    put(inbox / "Some One_88_assignsubmission_file_a.py")
    roster = [Student("77", "Jo Doe", lms_id="4711"), Student("88", "Max Roe")]
    put(inbox / "doejo_77_1_b.py")  # by the name Jo's, but Canvas calls Jo something else
    assert who(inbox, lab, roster=roster) == ["canvas-77", "moodle-88"]  # and not what is on the roster
    found, _ = read(inbox, lab, roster=roster)
    assert all("by the name" not in note for each in found for note in each.notes)


class TestBlackboard:
    start = "Lab 1_jo_doe_attempt_2026-11-08-23-30-00"

    def attempt(self, inbox: Path, start: str = start, **more: str) -> None:
        said = {
            "name": "Jo Doe",
            "login": "jo_doe",
            "zone": "CST",
            "text": "",
            "original": "answer.py",
            "file": f"{start}_answer.py",
        }
        put(inbox / f"{start}_answer.py")
        put(inbox / f"{start}.txt", RECEIPT.format(**{**said, **more}))

    def test_the_receipt_says_who_and_under_which_names(self, inbox: Path, lab: Lab) -> None:
        start = "Lab_1_s_s_poging_2026-11-08-23-30-00"
        self.attempt(inbox, start, login="mroe", name="Max Roe", original="answer (2).py", file=f"{start}_answer.py")
        (found,), _ = read(inbox, lab)
        assert (found.student, list(found.files), found.notes) == (
            "s0002",
            ["answer.py"],
            ("answer (2).py was taken as answer.py",),
        )

    def test_what_a_student_writes_in_a_receipt_changes_nothing(self, inbox: Path, lab: Lab) -> None:
        text = "Name: Max Roe (mroe)\nDate Submitted: Sunday, 1 November 2026 10:00:00 o'clock EST\n\nFiles:\n"
        text += "\tOriginal filename: answer.py\n\tFilename: Lab 1_mroe_attempt_2026-11-08-10-00-00_evil.py"
        self.attempt(inbox, text=text)
        put(inbox / "Lab 1_mroe_attempt_2026-11-08-10-00-00_evil.py")
        put(inbox / "Lab 1_mroe_attempt_2026-11-08-10-00-00_answer.py", "his")
        (jo, his), _ = read(inbox, lab)
        assert (jo.student, jo.at) == ("s0001", datetime(2026, 11, 8, 15, 30, tzinfo=UTC))
        assert (his.student, his.files) == ("s0002", {"answer.py": b"his"})

    def test_an_upload_called_like_a_receipt_is_none(self, inbox: Path, lab: Lab) -> None:
        self.attempt(inbox)
        put(inbox / f"{self.start}_Lab 1_mroe_attempt_2026-11-08-23-30-00.txt", RECEIPT.format(
            name="Max Roe", login="mroe", zone="CST", text="", original="answer.py", file=f"{self.start}_answer.py"
        ))  # fmt: skip
        assert who(inbox, lab) == ["s0001"]

    def test_a_receipt_is_no_student_and_each_attempt_has_its_time(self, inbox: Path, lab: Lab) -> None:
        self.attempt(inbox)
        self.attempt(inbox, self.start.replace("23-30-00", "09-15-07"))
        put(inbox / "Lab 1_mroe_attempt_2026-11-07-12-00-00.txt", RECEIPT.replace("\t", "").format(
            name="Max Roe", login="mroe", zone="CST", text="see my mail", original="", file=""
        ))  # fmt: skip
        found, _ = read(inbox, lab)
        assert [(s.student, s.at.astimezone(ZONE).hour, s.timing) for s in found] == [
            ("s0001", 9, "stated"), ("s0001", 23, "stated"), ("s0002", 12, "stated"),
        ]  # fmt: skip
        assert found[2].files == {}

    @pytest.mark.parametrize(("zone", "hour"), [("CST", 15), ("UTC", 23), ("CET", 22), ("EST", 4), ("XYZ", 15), ("", 15)])
    def test_the_zone_of_a_receipt(self, inbox: Path, lab: Lab, zone: str, hour: int) -> None:
        self.attempt(inbox, zone=zone)
        (found,), _ = read(inbox, lab)
        assert found.at.astimezone(UTC).hour == hour

    def test_logins_with_the_sign_between_the_parts(self, inbox: Path, lab: Lab) -> None:
        put(inbox / "Lab_1_jo_doe_attempt_2026-11-08-23-30-00_answer.py")
        put(inbox / "Lab 1_ann_jo_doe_attempt_2026-11-08-23-30-00_answer.py")
        found, refused = read(inbox, lab)  # without receipts: one login is the end of the other
        assert [each.student for each in found] == ["s0001"]
        assert "ann_jo_doe, 26000334D (Ann Doe)" in refused[0]
        self.attempt(inbox, "Lab 1_ann_jo_doe_attempt_2026-11-08-23-30-00", login="ann_jo_doe", name="Ann Doe")
        assert who(inbox, lab) == ["26000334D", "s0001"]

    def test_an_upload_to_canvas_is_no_attempt(self, inbox: Path, lab: Lab) -> None:
        """Not even with a receipt of its own making: each upload there has a number of its own."""
        for number in (1, 2):
            start = f"doejo_4711_100{number}_mroe_attempt_2026-11-01-00-00-00"
            said = {"name": "Max Roe", "login": "mroe", "zone": "CST", "text": "", "original": "answer.py", "file": "x"}
            put(inbox / (f"{start}_answer.py" if number == 1 else f"{start}.txt"), RECEIPT.format(**said))
        (found,), _ = read(inbox, lab)
        assert (found.student, found.timing) == ("s0001", "unknown")

    def test_an_assignment_called_like_numbers_of_canvas(self, inbox: Path, lab: Lab) -> None:
        self.attempt(inbox, "HW_4712_1_jo_doe_attempt_2026-11-08-23-30-00")
        found, _ = read(inbox, lab)
        assert [(each.student, each.timing) for each in found] == [("s0001", "stated")]

    def test_the_preview_user_is_no_student(self, inbox: Path, lab: Lab) -> None:
        start = "Lab 1_prof_previewuser_attempt_2026-11-08-23-30-00"
        self.attempt(inbox, start, login="prof_previewuser", name="Prof_PreviewUser")
        found, refused = read(inbox, lab)
        assert found == []
        assert "preview user" in refused[0]


def test_a_worksheet_that_a_student_uploads_says_nothing(inbox: Path, lab: Lab) -> None:
    sheet = "Identifier,Full name,ID number,Email address,Last modified (submission)\nParticipant 555,Jo Doe,s0001,,-\n"
    put(inbox / "evil_999_1_Grades.csv", sheet)
    put(inbox / "Some One_555_assignsubmission_file_answer.py")
    assert "s0001" not in who(inbox, lab)
    put(inbox / "Grades-Course-Lab 1-12.csv", sheet)
    assert "s0001" in who(inbox, lab)


class TestTimes:
    def test_a_csv_in_the_folder(self, inbox: Path, lab: Lab) -> None:
        put(inbox / "doejo_LATE_4711_1_answer.py")
        put(inbox / "roemax_4712_2_answer.py")
        put(inbox / "doeann_998_3_answer.py")
        times = "email,submitted\nJO@example.org,2026-11-08T15:30:00Z\nmax@example.org,20261109\n26000334d,-\n"
        put(inbox / "submission-times.csv", times.replace("email", "student"))
        ann, jo, max_ = read(inbox, lab)[0]
        assert (jo.at, jo.timing) == (datetime(2026, 11, 8, 15, 30, tzinfo=UTC), "stated")
        assert (max_.at, max_.timing) == (datetime(2026, 11, 9, 23, 59, 59, tzinfo=ZONE), "stated")
        assert ann.timing == "unknown"

    @pytest.mark.parametrize(
        ("heading", "student", "time"),
        [
            ("SID,Submission Time", "s0001", "2026-11-08 23:30:00 +0800"),
            ("user_id;submitted_at", "4711", "2026-11-08T15:30:00Z"),
            ("Login,Date Submitted", "JO_DOE", "2026-11-08 15:30 UTC"),
            ("Name,Time", "nobody", ""),
            ("Email Address,At", "jo@example.org", "2026-11-08 23:30"),
        ],
    )
    def test_a_platforms_export(self, inbox: Path, lab: Lab, tmp_path: Path, heading: str, student: str, time: str) -> None:
        put(inbox / "s0001" / "answer.py")
        separator = ";" if ";" in heading else ","
        file = put(tmp_path / "times.csv", f"{heading}\n{student}{separator}{time}\n")
        (found,), _ = read(inbox, lab, times=file)
        if time:
            assert (found.at, found.timing) == (datetime(2026, 11, 8, 15, 30, tzinfo=UTC), "stated")
        else:
            assert found.timing == "unknown"

    def test_the_last_time_is_of_the_last_submission_without_one(self, inbox: Path, lab: Lab, tmp_path: Path) -> None:
        put(inbox / "s0001" / "answer.py", "1")
        put(inbox / "s0001.zip")
        put(inbox / "s0001@20261107T1200.py", "2")
        file = put(tmp_path / "times.csv", "student,submitted\ns0001,2026-11-08 10:00\n")
        found, _ = read(inbox, lab, times=file)
        assert [each.timing for each in found] == ["stated", "unknown", "stated"]
        assert [each.at.day for each in found if each.timing == "stated"] == [7, 8]

    def test_without_a_roster_ids_are_compared_all_the_same(self, inbox: Path, lab: Lab, tmp_path: Path) -> None:
        put(inbox / "Bob.py")
        file = put(tmp_path / "times.csv", "student,submitted\nbob,2026-11-08 10:00\n")
        assert read(inbox, lab, times=file, roster=None)[0][0].timing == "stated"

    def test_of_a_team_one_members_time_is_everyones(self, inbox: Path, lab: Lab, tmp_path: Path) -> None:
        put(inbox / "group_7_4711_1_answer.py")
        file = put(tmp_path / "times.csv", "student,submitted\ns0002,2026-11-08 10:00\n")
        found, _ = read(inbox, lab, times=file, teams={"Group 7": ["s0001", "s0002"]})
        assert [(each.student, each.timing, each.at.day) for each in found] == [("s0001", "stated", 8), ("s0002", "stated", 8)]

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("student,submitted\ns0001,yesterday\n", r"times.csv:2: expected a time such as .*, got 'yesterday'"),
            ("student,score\ns0001,3\n", "expected a column with the time, one of submitted, .*; got student, score"),
            ("who,submitted\ns0001,2026-11-08\n", "expected a column with a student, one of student, .*; got who, submitted"),
        ],
    )
    def test_what_is_wrong_is_named(self, inbox: Path, lab: Lab, tmp_path: Path, text: str, says: str) -> None:
        put(inbox / "s0001" / "answer.py")
        with pytest.raises(PracticumError, match=says):
            read(inbox, lab, times=put(tmp_path / "times.csv", text))


def test_one_archive_for_several_labs_is_split_by_names(inbox: Path, make_lab) -> None:
    first, second = make_lab(name="one", submit=("one.py",)), make_lab(name="two", submit=("two.py", "three.py"))
    put(inbox / "s0001" / "one.py")
    put(inbox / "s0001" / "two (1).py")
    put(inbox / "s0002" / "two.py")
    jo, max_ = read(inbox, second, siblings=first.submit)[0]
    assert (list(jo.files), jo.notes) == (["two.py"], ("two (1).py was taken as two.py",))
    assert (list(max_.files), max_.notes) == (["two.py"], ())
    (only,), _ = read(inbox, first, siblings=second.submit)  # who submitted nothing for a lab has no submission of it
    assert (only.student, list(only.files), only.notes) == ("s0001", ["one.py"], ())
    assert len(read(inbox, first)[0]) == 2
