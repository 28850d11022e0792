"""What honest students submit is found, whatever they call it and however they pack it."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practicum.errors import PracticumError
from practicum.labs.intake.names import parse_stamp, plain_entry, safe_student, shown
from practicum.labs.intake.read import SubmissionFiles, read_submissions

ZONE = ZoneInfo("Asia/Shanghai")
WORK = b"def answer():\n    return 42\n"


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tarred(files: dict[str, bytes], mode: str = "w:gz") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "submissions"
    folder.mkdir()
    return folder


def put(path: Path, data: bytes = WORK, at: str = "2027-03-01T20:00:00+08:00") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    stamp = datetime.fromisoformat(at).timestamp()
    os.utime(path, (stamp, stamp))
    return path


def only(inbox: Path, lab) -> SubmissionFiles:
    [submission] = read_submissions(inbox, lab, ZONE)
    return submission


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("alice/answer.py", WORK),
        ("alice/homework/deep/answer.py", WORK),
        ("alice.zip", zipped({"answer.py": WORK})),
        ("alice.zip", zipped({"hw1/": b"", "hw1/answer.py": WORK, "__MACOSX/hw1/._answer.py": b"\0"})),
        ("alice.zip", zipped({"hw1\\answer.py": WORK})),
        ("alice.ZIP", zipped({"./answer.py": WORK})),
        ("alice/work.zip", zipped({"hw1/answer.py": WORK})),
        ("alice.tar.gz", tarred({"hw1/answer.py": WORK})),
        ("alice.tgz", tarred({"answer.py": WORK})),
        ("alice.tar", tarred({"answer.py": WORK}, "w")),
        ("alice.py", WORK),
    ],
)
def test_every_way_to_pack_it(inbox, make_lab, name, data):
    put(inbox / name, data)
    lab = make_lab()
    submission = only(inbox, lab)
    assert submission.student == "alice"
    assert submission.files == {"answer.py": WORK}
    assert (submission.timing, submission.notes) == ("unknown", ())
    [dated] = read_submissions(inbox, lab, ZONE, times="file")
    assert (dated.at, dated.timing) == (datetime(2027, 3, 1, 12, tzinfo=UTC), "stated")
    assert dated.notes == ("the name holds no time; the newest file is of 2027-03-01T20:00:00+08:00",)


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("bob@20270301T235900+0800", "2027-03-01T15:59:00+00:00"),
        ("bob@20270301T235900-0330", "2027-03-02T03:29:00+00:00"),
        ("bob@20270301T155900Z", "2027-03-01T15:59:00+00:00"),
        ("bob@20270301T235900", "2027-03-01T15:59:00+00:00"),
        ("bob@20270301T2359", "2027-03-01T15:59:00+00:00"),
        ("bob@20270301T235900+08:00", "2027-03-01T15:59:00+00:00"),
    ],
)
def test_the_stamp_in_the_name_is_the_time(inbox, make_lab, name, at):
    lab = make_lab()
    for path, data in [(name + ".zip", zipped({"answer.py": WORK})), (name + ".py", WORK), (name + "/answer.py", WORK)]:
        put(inbox / path, data)
    submissions = list(read_submissions(inbox, lab, ZONE))
    assert [(each.student, each.at, each.notes) for each in submissions] == [("bob", datetime.fromisoformat(at), ())] * 3
    assert all(each.at.tzinfo and each.timing == "stated" for each in submissions)


def test_a_stamp_that_is_none_is_noted_and_kept_apart(inbox, make_lab):
    put(inbox / "bob@20271399T235900.py")
    put(inbox / "bob@example.org" / "answer.py")
    first, second = read_submissions(inbox, make_lab(), ZONE)
    assert first.student.startswith("bob-20271399T235900-")
    assert second.student.startswith("bob-example.org-")
    assert any("after the @ in the name, got 20271399T235900" in note for note in first.notes)


def test_several_attempts_in_a_students_folder(inbox, make_lab):
    put(inbox / "carol" / "20270301T120000Z" / "answer.py", b"1")
    put(inbox / "carol" / "20270302T120000Z.zip", zipped({"answer.py": b"2"}))
    put(inbox / "carol" / "20270303T120000Z.tar.gz", tarred({"answer.py": b"3"}))
    put(inbox / "carol" / "notes.txt")
    submissions = list(read_submissions(inbox, make_lab(), ZONE))
    assert [(each.student, each.at.day, each.files["answer.py"]) for each in submissions] == [
        ("carol", 1, b"1"),
        ("carol", 2, b"2"),
        ("carol", 3, b"3"),
    ]
    assert submissions[0].notes == ("ignored beside the submissions: notes.txt",)


def test_a_file_in_a_students_folder_does_not_set_the_time(inbox, make_lab):
    """A student may call it as they like; only a folder or an archive there is a submission of its own."""
    lab = make_lab()
    put(inbox / "carol" / "20260910T120000Z.py")
    submission = only(inbox, lab)
    assert (submission.files, submission.timing) == ({"answer.py": WORK}, "unknown")
    assert "20260910T120000Z.py was taken as answer.py" in submission.notes
    put(inbox / "carol" / "20270302T120000Z" / "answer.py", b"2")
    submission = only(inbox, lab)
    assert (submission.files, submission.at.day, submission.timing) == ({"answer.py": b"2"}, 2, "stated")
    assert "ignored beside the submissions: 20260910T120000Z.py" in submission.notes


def test_a_folder_inside_a_stamped_entry_cannot_change_its_time(inbox, make_lab):
    put(inbox / "carol@20270302T120000Z" / "20270101T000000Z" / "answer.py")
    assert only(inbox, make_lab()).at == datetime(2027, 3, 2, 12, tzinfo=UTC)


def test_canvas_downloads_lie_side_by_side(inbox, make_lab):
    lab = make_lab(submit=("modules.py", "mlp.py"))
    put(inbox / "doejane_LATE_4711_90001_modules.py", b"m")
    put(inbox / "doejane_LATE_4711_90002_mlp-2.py", b"p")
    put(inbox / "roejohn_4712_90003_work.zip", zipped({"modules.py": b"x", "mlp.py": b"y"}))
    jane, john = read_submissions(inbox, lab, ZONE)
    assert (jane.student, jane.files) == ("4711", {"modules.py": b"m", "mlp.py": b"p"})
    assert (jane.timing, john.timing) == ("late", "unknown")
    assert "mlp-2.py was taken as mlp.py" in jane.notes
    assert (john.student, john.files) == ("4712", {"modules.py": b"x", "mlp.py": b"y"})


def test_moodle_downloads_in_folders_and_without(inbox, make_lab):
    put(inbox / "Jane Doe_815_assignsubmission_file_" / "work.zip", zipped({"answer.py": WORK}))
    put(inbox / "John Roe_816_assignsubmission_file_my answer.py")
    put(inbox / "John Roe_816_assignsubmission_onlinetext_onlinetext.html", b"hello")
    jane, john = read_submissions(inbox, make_lab(), ZONE)
    assert (jane.student, jane.files) == ("815", {"answer.py": WORK})
    assert john.student == "816"
    assert john.files == {"answer.py": WORK}
    assert "my answer.py was taken as answer.py" in john.notes
    assert "submitted as a text typed into Moodle, which no check reads" in john.notes


def test_one_file_from_a_platform_stands_for_the_one_asked_for(inbox, make_lab):
    put(inbox / "doejane_4711_90001_homework final.py")
    submission = only(inbox, make_lab())
    assert submission.files == {"answer.py": WORK}
    assert "homework final.py was taken as answer.py" in submission.notes


def test_a_file_name_cannot_pass_for_another_student(inbox, make_lab):
    put(inbox / "a_2_3_bob@20270101T000000Z.py")
    submission = only(inbox, make_lab())
    assert (submission.student, submission.timing) == ("2", "unknown")


@pytest.mark.parametrize(
    "name",
    ["Answer.py", "ANSWER.PY", "answer (1).py", "answer(12).py", "answer-2.py", "answer_1.py", "answer copy.py",
     "answer - Copy (3).py", "answer_copy.py"],
)  # fmt: skip
def test_near_names_are_taken_with_a_note(inbox, make_lab, name):
    put(inbox / "alice.zip", zipped({name: WORK, "readme.txt": b""}))
    submission = only(inbox, make_lab())
    assert submission.files == {"answer.py": WORK}
    assert f"{name} was taken as answer.py" in submission.notes


@pytest.mark.parametrize("name", ["my_answer.py", "answers.py", "answer-final.py", "作业-学号.PY"])
def test_the_only_file_of_its_kind_is_taken_with_a_note(inbox, make_lab, name):
    lab = make_lab()
    put(inbox / "alice.zip", zipped({name: WORK, "readme.txt": b"", "test_answer.py": b""}))
    submission = only(inbox, lab)
    assert submission.files == {"answer.py": WORK}
    assert f"{name} was taken as answer.py" in submission.notes
    put(inbox / "alice.zip", zipped({name: WORK, "other.py": WORK}))  # which of two is meant is not guessed
    assert only(inbox, lab).files == {}


def test_the_only_notebook_is_taken_where_the_lab_asks_for_one(inbox, make_lab):
    lab = make_lab(submit=("linear-regression.ipynb", "tools.py", "more.py"))
    put(inbox / "alice.zip", zipped({"线性回归-学号.ipynb": WORK, "x.py": b""}))
    assert only(inbox, lab).files == {"linear-regression.ipynb": WORK}
    put(inbox / "alice.zip", zipped({"perceptron (1).py": WORK, "tools-2.py": b"2"}))
    assert only(inbox, lab).files == {"tools.py": b"2"}


@pytest.mark.parametrize("name", ["answer.py.txt", "answer.ipynb", "answer.pyc"])
def test_other_names_are_not(inbox, make_lab, name):
    put(inbox / "alice.zip", zipped({name: WORK, "readme.txt": b""}))
    submission = only(inbox, make_lab())
    assert submission.files == {}
    assert "no file of the lab was found (expected answer.py)" in submission.notes
    assert f"ignored 2 other files: {name}, readme.txt" in submission.notes


def test_the_exact_name_wins_over_copies_and_the_highest_copy_over_lower_ones(inbox, make_lab):
    put(inbox / "a.zip", zipped({"answer (1).py": b"1", "deep/answer.py": b"0", "ANSWER.py": b"2"}))
    put(inbox / "b.zip", zipped({"answer (1).py": b"1", "answer (3).py": b"3"}))
    first, second = read_submissions(inbox, make_lab(), ZONE)
    assert first.files == {"answer.py": b"0"}
    assert second.files == {"answer.py": b"3"}
    assert "answer (3).py was taken as answer.py (and not answer (1).py)" in second.notes


def test_a_file_the_lab_asks_for_is_no_copy_of_another(inbox, make_lab):
    lab = make_lab(submit=("train.ipynb", "train-2.ipynb"))
    put(inbox / "a" / "train-2.ipynb", b"2")
    assert only(inbox, lab).files == {"train-2.ipynb": b"2"}


def test_the_shallowest_wins_and_the_choice_is_noted(inbox, make_lab):
    put(inbox / "a.zip", zipped({"x/y/answer.py": b"deep", "z/answer.py": b"z", "b/answer.py": b"b"}))
    submission = only(inbox, make_lab())
    assert submission.files == {"answer.py": b"b"}
    assert "b/answer.py was taken, and not z/answer.py, x/y/answer.py" in submission.notes


def test_what_is_missing_is_absent(inbox, make_lab):
    lab = make_lab(submit=("modules.py", "mlp.py"))
    put(inbox / "a" / "mlp.py")
    assert set(only(inbox, lab).files) == {"mlp.py"}


def test_the_hash_is_of_the_taken_files_alone(inbox, make_lab):
    put(inbox / "a.zip", zipped({"answer.py": WORK, "x.txt": b"1"}))
    put(inbox / "b@20270301T0000Z" / "hw" / "answer.py")
    put(inbox / "c.py", WORK + b"#")
    a, b, c = read_submissions(inbox, make_lab(), ZONE)
    assert a.sha256 == b.sha256 != c.sha256


def test_a_single_entry_and_a_missing_folder(inbox, make_lab):
    lab = make_lab()
    assert only(put(inbox / "alice.zip", zipped({"answer.py": WORK})), lab).student == "alice"
    with pytest.raises(PracticumError, match="nowhere: expected a folder of submissions, got nothing there"):
        list(read_submissions(inbox / "nowhere", lab, ZONE))


def test_other_archives_are_named_as_unreadable(inbox, make_lab):
    for ending in ("rar", "7z"):
        put(inbox / f"alice.{ending}", b"Rar!")
    for submission in read_submissions(inbox, make_lab(), ZONE):
        assert submission.files == {}
        assert any("submit a .zip" in note for note in submission.notes)


def test_students_of_every_script_and_form():
    assert safe_student("陳大文") == ("陳大文", ())
    assert safe_student("z5123456") == ("z5123456", ())
    assert safe_student("Ame\u0301lie") == ("Amélie", ())  # as macOS writes it
    assert safe_student("２０２７") == ("2027", ())


@given(st.text(max_size=200))
def test_a_student_id_is_always_a_safe_file_name(name):
    student, notes = safe_student(name)
    assert 0 < len(student) <= 80
    assert not set(student) & set('/\\:*?"<>|\0@ \n\u202e')
    assert not student.startswith(".")
    assert not student.endswith(".")
    assert safe_student(student) == (student, ()) or notes
    assert shown(name).isprintable()


@given(st.text(max_size=50), st.text(max_size=50))
def test_two_students_never_become_one(a, b):
    import unicodedata

    if unicodedata.normalize("NFKC", a) != unicodedata.normalize("NFKC", b):
        assert safe_student(a)[0] != safe_student(b)[0]


@given(st.text(max_size=60), st.booleans())
def test_any_name_of_an_entry_is_read(name, is_folder):
    entry = plain_entry(name, is_folder=is_folder, zone=ZONE)
    assert entry.student
    assert entry.stamp is None or entry.stamp.tzinfo is not None


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_stamp_round_trips(at):
    at = at.replace(microsecond=0)
    text = f"{at.year:04}{at:%m%dT%H%M%S}Z"
    assert parse_stamp(text, ZONE) == at
