"""The columns that Canvas, Blackboard and Moodle import, and the plain CSV that comes back as it was."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practicum.course.roster import Student
from practicum.errors import PracticumError
from practicum.gradebook.events import Event, Exemption, ManualGrade
from practicum.gradebook.export import (
    PlainRow,
    plain_rows,
    read_plain,
    to_blackboard,
    to_canvas,
    to_moodle,
    to_plain,
    write_plain,
)
from practicum.gradebook.gradebook import Gradebook, gradebook
from tests.course.conftest import DUE, small, submitted
from tests.gradebook.test_properties import terms

COURSE = small(
    """
    [[component]]
    name = "work"
    title = "Work"
    weight = 100
    [[component.item]]
    name = "a1"
    title = "A1, perceptron"
    points = 15
    lab = "lab"
    due = 2027-03-26T23:59:59
    [component.item.lms]
    canvas = "123"
    blackboard = "456"
    [[component.item]]
    name = "exam"
    title = "=SUM(A1)"
    points = 7.5
    """
)
ROSTER = [
    Student("1", "Ada Lovelace", "Ada", "Lovelace", "ada@example.org", "L1", login="ada", lms_id="1001"),
    Student("2", "=cmd|' /C calc'!A0", email="+49@example.org", section="-1"),
    Student("3", "王伟"),
]


def a_book() -> Gradebook:
    events: list[Event] = [
        *submitted("1", "lab", DUE + timedelta(hours=1), 17, 20),
        Exemption("a1", "joined late", student="3"),
        ManualGrade("exam", Decimal("2.005"), student="1"),
    ]
    return gradebook(COURSE, ROSTER, events)


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_canvas() -> None:
    made = to_canvas(a_book(), total=True)
    assert [(file.suffix, rows(file.text)) for file in made.files] == [
        ("", [
            ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "A1, perceptron (123)", "Course total"],
            ["    Points Possible", "", "", "", "", "15", "100"],
            ["Lovelace, Ada", "1001", "1", "ada", "L1", "11.48", "51.62"],
            ["'=cmd|' /C calc'!A0", "", "2", "", "'-1", "0.00", "0.00"],
            ["王伟", "", "3", "", "", "EX", "0.00"],
        ]),
        ("-exam", [
            ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "'=SUM(A1)"],
            ["    Points Possible", "", "", "", "", "7.5"],
            ["Lovelace, Ada", "1001", "1", "ada", "L1", "2.01"],
        ]),
    ]  # fmt: skip
    assert made.warnings == (
        "the roster has no Canvas number of 2 students (2 =cmd|' /C calc'!A0, 3 王伟); Canvas looks for their SIS id or login "
        "instead (`practicum roster import` takes the numbers from a gradebook export)",
        "total: the grade as it stands; what is undecided counts 0 in it",
        "exam: undecided for 2 students (2 =cmd|' /C calc'!A0, 3 王伟); not in this column's file, so Canvas keeps what it has",
    )


def test_blackboard() -> None:
    made = to_blackboard(a_book())
    assert made.files[0].text.startswith('"Last Name","First Name","Username","Student ID",')
    assert [(file.suffix, rows(file.text)) for file in made.files] == [
        ("", [
            ["Last Name", "First Name", "Username", "Student ID", "A1, perceptron [Total Pts: 15 Score] |456"],
            ["Lovelace", "Ada", "ada", "1", "11.48"],
            ["", "'=cmd|' /C calc'!A0", "2", "2", "0.00"],
        ]),
        ("-exam", [
            ["Last Name", "First Name", "Username", "Student ID", "'=SUM(A1) [Total Pts: 7.5 Score]"],
            ["Lovelace", "Ada", "ada", "1", "2.01"],
        ]),
    ]  # fmt: skip
    assert "a1: 1 student (3 王伟) exempt, which no Blackboard import can say; set it there by hand" in made.warnings


def test_moodle() -> None:
    made = to_moodle(a_book(), total=True)
    assert [(file.suffix, rows(file.text)) for file in made.files] == [
        ("", [
            ["First name", "Last name", "ID number", "Email address", "Username", "Course total (Real)"],
            ["Ada", "Lovelace", "1", "ada@example.org", "ada", "51.62"],
            ["'=cmd|' /C calc'!A0", "", "2", "'+49@example.org", "", "0.00"],
            ["王伟", "", "3", "", "", "0.00"],
        ]),
        ("-a1", [
            ["First name", "Last name", "ID number", "Email address", "Username", "Assignment: A1, perceptron (Real)"],
            ["Ada", "Lovelace", "1", "ada@example.org", "ada", "11.48"],
            ["'=cmd|' /C calc'!A0", "", "2", "'+49@example.org", "", "0.00"],
        ]),
        ("-exam", [
            ["First name", "Last name", "ID number", "Email address", "Username", "Assignment: =SUM(A1) (Real)"],
            ["Ada", "Lovelace", "1", "ada@example.org", "ada", "2.01"],
        ]),
    ]  # fmt: skip
    assert "in Moodle, map the column `ID number` to the field of the same name" in made.warnings


def test_no_cell_of_any_export_is_a_formula() -> None:
    for export in (to_canvas, to_blackboard, to_moodle):
        cells = [c for file in export(a_book(), True).files for row in rows(file.text) for c in row]
        assert not [c for c in cells if c.startswith(("=", "+", "-", "@", "\t"))]


def test_plain() -> None:
    text = to_plain(a_book())
    assert rows(text)[0] == ["student", "name", "section", "a1", "exam", "component work", "total", "decided"]
    assert rows(text)[3] == ["3", "王伟", "", "exempt", "", "0.00", "0.00", "0.00"]
    assert read_plain(text) == plain_rows(a_book())


names_of_three = st.lists(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=9).map(str.strip), min_size=3, max_size=3
)


@pytest.mark.slow
@given(terms(), names_of_three)
def test_the_plain_csv_round_trips(term: tuple[object, list[Event]], names: list[str]) -> None:
    course, events = term
    roster = [Student(i, name, section=name) for i, name in zip(("ada", "bob", "eve"), names, strict=True)]
    grades = gradebook(course, roster, events)  # type: ignore[arg-type]
    back = read_plain(to_plain(grades))
    assert back == plain_rows(grades)
    items = [item.name for item in grades.course.items]
    assert write_plain(back, items, [c.name for c in grades.course.component]) == to_plain(grades)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "x.csv: expected the columns student, name, section"),
        ("student,name,section,a1,total,decided\n1,Ada,,ten,0,0\n", "x.csv:2: expected a number in column `a1`, got 'ten'"),
    ],
)
def test_what_is_no_plain_csv(text: str, message: str) -> None:
    with pytest.raises(PracticumError, match=message):
        read_plain(text, "x.csv")


def test_a_row_is_plain_data() -> None:
    row = PlainRow("1", "Ada", "", {"a1": None}, frozenset(), {"w": Decimal(0)}, Decimal(0), Decimal(0))
    assert read_plain(write_plain([row], ["a1"], ["w"])) == [row]
