"""Several files into one roster: who is whom, what is added, and what is refused."""

from pathlib import Path

import pytest

from practicum.course.roster import Merged, Student, merge_rosters, read_roster
from practicum.errors import PracticumError

ADA = Student("s1", "Ada Lovelace", email="ada@example.org")
WEI = Student("s2", "王伟", login="wwei")
NUMBERED = Student("s3", "Bob", participants=("1001",))


def merged(tmp_path: Path, text: str, *there: Student) -> Merged:
    file = tmp_path / "f.csv"
    file.write_text(text, encoding="utf-8")
    return merge_rosters(there, read_roster(file, names_suffice=True))


def test_each_file_adds_the_ids_it_alone_knows(tmp_path: Path) -> None:
    canvas = 'Student,ID,SIS User ID,SIS Login ID,Section\n"Lovelace, Ada",1001,S1,ada,L1\n"王, 伟",1002,,WWEI,L2\n'
    first = merged(tmp_path, canvas, ADA, WEI, NUMBERED)  # 1001 is a participant's number there, and a user's here
    ada, wei, _ = first.students
    assert ada == Student("s1", "Ada Lovelace", "Ada", "Lovelace", "ada@example.org", "L1", login="ada", lms_id="1001")
    assert (wei.id, wei.lms_id, wei.section) == ("s2", "1002", "L2")
    assert first.changes[0] == "s1 Ada Lovelace: section L1, login ada, lms_id 1001, first Ada, last Lovelace"
    sheet = (
        "Identifier,Full name,Email address,Status,Last modified (submission)\nParticipant 77,Ada Lovelace,ADA@example.org,,-\n"
    )
    second = merged(tmp_path, sheet, *first.students)
    assert second.students[0].participants == ("77",)
    assert merged(tmp_path, sheet, *second.students).changes == []


def test_a_new_student_is_added(tmp_path: Path) -> None:
    made = merged(tmp_path, "id,name\ns9,Eve\n", ADA)
    assert made.students == [ADA, Student("s9", "Eve")]
    assert made.changes == ["s9 Eve: new"]


def test_a_worksheet_without_ids_is_joined_by_names_that_are_unique(tmp_path: Path) -> None:
    sheet = "Identifier,Full name,Status,Last modified (submission)\nParticipant 7,Ada  LOVELACE,,-\n"
    made = merged(tmp_path, sheet, ADA, WEI)
    assert made.students[0].participants == ("7",)
    assert "f.csv:2: Ada  LOVELACE was joined with `s1` by the name alone" in made.notes[0]
    for there in ([WEI], [ADA, Student("s4", "ada lovelace")]):
        with pytest.raises(PracticumError, match=r"f\.csv:2: expected a student of the roster, got 'Ada  LOVELACE'"):
            merged(tmp_path, sheet, *there)
    with pytest.raises(PracticumError, match=r"f\.csv:2: expected a student of the roster"):
        merged(tmp_path, sheet + "Participant 8,Ada Lovelace,,-\n", ADA)


def test_a_name_never_joins_two_different_ids(tmp_path: Path) -> None:
    assert [s.id for s in merged(tmp_path, "id,name\ns5,Ada Lovelace\n", ADA).students] == ["s1", "s5"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,lms_id\ns3,7\n", r"f\.csv:2: expected lms_id `6` of `s3` as on the roster, got `7`"),
        ("id,email\ns9,ada@example.org\n", r"f\.csv:2: expected id `s1` as on the roster for who has the same ids, got `s9`"),
        (
            "id,email,login\ns9,ada@example.org,wwei\n",
            r"f\.csv:2: expected the ids of one student.*shares ids with `s1` and `s2`",
        ),
        ("id,login\ns1,x\nx,\n", r"f\.csv:3: expected one student with the id `x`, got `s1` \(.*f\.csv:2\) and `x`"),
        ("id,login\ns1,wwei\n", r"f\.csv:2: expected the ids of one student, got `s1`, who shares ids with `s1` and `s2`"),
        (
            "id,email\ns1,\nx9,ada@example.org\n",
            r"f\.csv:3: expected one row for each student, got a second one for `s1`.*f\.csv:2",
        ),
    ],
)
def test_contradictions_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PracticumError, match=message):
        merged(tmp_path, text, ADA, WEI, Student("s3", lms_id="6"))


def test_other_names_are_said(tmp_path: Path) -> None:
    made = merged(tmp_path, "id,name\ns1,Augusta King\n", ADA)
    assert made.students == [ADA]
    assert "f.csv:2: `s1` is called 'Augusta King' here and 'Ada Lovelace' on the roster" in made.notes[0]
    assert merged(tmp_path, 'id,name\ns1,"Lovelace, Ada"\n', ADA).notes == []


def test_an_id_of_the_platform_is_no_contradiction(tmp_path: Path) -> None:
    there = Student("ada", login="ada", email="ada@example.org")
    made = merged(tmp_path, "id,email\n12345678,ada@example.org\n", there)
    assert made.students == [there]
    assert "`ada` has the id `12345678` here; the roster keeps its own" in made.notes[0]
