"""Rosters as people have them: our own, and what Canvas, Blackboard and Moodle export."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practicum.course.roster import Student, load_roster, parse_roster, read_roster, write_roster
from practicum.course.roster.spelling import folded
from practicum.csvfile import guard, unguard
from practicum.errors import PracticumError

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,A1 (123),Current Score
    Points Possible,,,,,15,(read only)
"Lovelace, Ada",1001,12345678,ada,L1,12,80
"Wang, Wei",1002,12345679,wwei,"L1 and L2",,
"Student, Test",1003,,abcdef,L1,,
"""
BLACKBOARD = (
    '"Last Name","First Name","Username","Student ID","Last Access","Availability","A1 [Total Pts: 15 Score] |123"\n'
    '"Lovelace","Ada","ada","12345678","2027-03-01","Yes","12"\n'
)
MOODLE = """\
First name,Last name,ID number,Institution,Department,Email address,Assignment: A1 (Real)
Ada,Lovelace,12345678,,,ada@example.org,12
"""


def test_canvas() -> None:
    ada, wei = parse_roster(CANVAS)
    assert ada == Student("12345678", "Ada Lovelace", "Ada", "Lovelace", section="L1", login="ada", lms_id="1001")
    assert wei.section == "L1 and L2"


def test_canvas_without_sis_ids() -> None:
    (ada,) = parse_roster('Student,ID,SIS Login ID,Section\n"Lovelace, Ada",1001,ada,L1\n')
    assert (ada.id, ada.lms_id) == ("ada", "1001")


@pytest.mark.parametrize("separator", [",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_blackboard_in_the_encodings_it_comes_in(tmp_path: Path, separator: str, encoding: str) -> None:
    file = tmp_path / "gc.xls"
    file.write_bytes(BLACKBOARD.replace('","', f'"{separator}"').replace("\n", "\r\n").encode(encoding))
    assert load_roster(file) == [Student("12345678", "Ada Lovelace", "Ada", "Lovelace", login="ada")]


def test_moodle() -> None:
    expected = [Student("12345678", "Ada Lovelace", "Ada", "Lovelace", "ada@example.org")]
    assert parse_roster(MOODLE) == expected
    assert parse_roster(MOODLE.replace("Last name", "Surname")) == expected


def test_our_own_with_comments_blank_lines_and_other_spellings() -> None:
    text = "\ufeff# the class of 2027\nStudent Number; Full Name;E-mail;Cohort;Team\n\n# 1;gone;;;\n7;王伟;w@example.org;2;red\n"
    assert parse_roster(text) == [Student("7", "王伟", email="w@example.org", section="2", team="red")]


def test_a_name_that_is_one_word_is_not_guessed_apart() -> None:
    (student,) = parse_roster("id,name\n1,Wang Wei\n")
    assert (student.name, student.first, student.last, student.sortable) == ("Wang Wei", "", "", "Wang Wei")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"roster\.csv: expected a header row"),
        ("name,email\nAda,a@b\n", r"roster\.csv: expected a column with the student's id"),
        ("studentid,name\n1,Ada\n", r"did you mean `student id`\?"),
        ("id,name\n1,Ada\n,Bob\n", r"roster\.csv:3: expected a student id, got an empty cell"),
        ("id,name\n1,Ada\n2,Bob\n1,Eve\n", r"roster\.csv:4: student `1` is already on line 2"),
        ("id,name\nada,Ada\nADA,Eve\n", r"roster\.csv:3: student `ADA` is already on line 2"),
        ("id,name\n../etc,Ada\n", r"roster\.csv:2: expected a student id of letters.*got '\.\./etc'"),
        ("id,name\n=1+1,Ada\n", r"roster\.csv:2: expected a student id of letters"),
        ("id,name\n..,Ada\n", r"roster\.csv:2: expected a student id of letters"),
        ("id,name\n1,Ada,extra\n", r"roster\.csv:2: expected 2 cells as in the header, got 3"),
        ('id,name\n1,"Ada\n2,Bob\n', r"roster\.csv:2: not valid CSV"),
        ('id,name\n1,"Ada\nLovelace"\n,Bob\n', r"roster\.csv:4: expected a student id"),
    ],
)
def test_errors_name_file_and_line(text: str, message: str) -> None:
    with pytest.raises(PracticumError, match=message) as caught:
        parse_roster(text)
    assert "\n" not in str(caught.value)


def test_chinese_in_gbk_is_read_with_a_note(tmp_path: Path) -> None:
    file = tmp_path / "roster.csv"
    file.write_bytes("id,name\n1,Ada\n2,王伟\n3,陶喆\n".encode("gb18030"))
    read = read_roster(file)
    assert [student.name for student in read.students] == ["Ada", "王伟", "陶喆"]
    (note,) = read.notes
    assert "roster.csv: is no UTF-8 and was read as GB18030" in note
    assert note.endswith("2,王伟")
    with pytest.raises(PracticumError, match="no such file"):
        load_roster(tmp_path / "none.csv")


@pytest.mark.parametrize("text", ["id,name\n1,Ada\n2,Jörg Müller\n", "id,name\n1,Ada\n2,José\n", "id,name\n1,Ada\n2,Zoë Çelik\n"])
def test_latin_1_is_said_and_not_taken_for_chinese(tmp_path: Path, text: str) -> None:
    file = tmp_path / "roster.csv"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(PracticumError, match=r"roster\.csv:3: expected UTF-8 text; save the file as `CSV UTF-8`"):
        load_roster(file)


# What a cell can hold: no control characters but the ones people paste, and no blanks at the ends.
cells = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12).map(str.strip)
words = cells.filter(lambda text: "," not in text)
ids = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,9}", fullmatch=True)


@st.composite
def students(draw: st.DrawFn) -> Student:
    first, last = draw(words), draw(words)
    name = draw(words) if not (first or last) else draw(words.filter(bool))
    rest = [draw(cells) for _ in range(5)]
    return Student(
        draw(ids), name, first, last, *rest, tuple(draw(st.lists(st.from_regex(r"[0-9]{1,9}", fullmatch=True), max_size=3)))
    )


@pytest.mark.slow
@given(st.lists(students(), unique_by=lambda s: folded(s.id), max_size=6))
def test_a_roster_round_trips(roster: list[Student]) -> None:
    assert parse_roster(write_roster(roster)) == roster


def test_a_line_end_of_any_kind_in_a_name_keeps_its_row_whole() -> None:
    roster = [Student("1", "a\rb"), Student("2", "a\r\nb")]
    assert [(s.id, s.name) for s in parse_roster(write_roster(roster))] == [("1", "a\nb"), ("2", "a\nb")]


@given(st.text(max_size=10))
def test_guarding_is_undone_and_leaves_no_formula(text: str) -> None:
    assert unguard(guard(text)) == text
    assert guard(text)[:1] not in tuple("=+-@\t\r")
