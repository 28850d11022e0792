"""What the platforms export of a class of 40, with names of many scripts: everyone is read, joined and known by every id."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from practicum.course.roster import Student, merge_rosters, read_roster, worksheet_participants
from practicum.demo.platforms import PlatformClass, invented_class, write_blackboard, write_canvas, write_moodle
from practicum.gradebook.export import read_current

DUE = datetime(2026, 11, 8, 23, 59, tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.fixture(scope="module")
def class_() -> PlatformClass:
    made = invented_class(lambda own: {"lab1.py": own.encode()}, DUE)
    (lab,) = made.assignments
    scores = {person.id: Decimal("8.5") for person in made.people[::2]}
    return PlatformClass(made.people, [lab.__class__(**{**vars(lab), "scores": scores})], made.downloaded)


def ids(class_: PlatformClass) -> list[str]:
    return sorted(person.id for person in class_.people)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"split_names": True, "semicolon": True, "bom": True},
        {"columns": ("ID", "SIS User ID", "SIS Login ID", "Integration ID", "Root Account"), "and_": "und"},
    ],
)
def test_canvas(class_: PlatformClass, tmp_path: Path, options: dict[str, object]) -> None:
    file = write_canvas(class_, tmp_path, **options).rosters["gradebook"]  # type: ignore[arg-type]
    read = read_roster(file)
    assert sorted(student.id for student in read.students) == ids(class_)
    by_id = {student.id: student for student in read.students}
    for person in class_.people:
        student = by_id[person.id]
        assert (student.lms_id, student.login) == (str(person.canvas_id), person.login)
        assert student.sortable == person.sortable.strip()
    current = read_current(file, "canvas", read.students)
    (heading,) = [heading for heading in current.header if heading.startswith("Lab 1 (")]
    assert current.cell(by_id[class_.people[0].id], heading) == "8.50"
    assert current.cell(by_id[class_.people[1].id], heading) == ""


@pytest.mark.parametrize("language", ["en", "de", "fr", "zh_cn"])
def test_moodle(class_: PlatformClass, tmp_path: Path, language: str) -> None:
    written = write_moodle(class_, tmp_path, language=language)
    for file in written.rosters.values():
        read = read_roster(file)
        assert read.form.name == "Moodle"
        assert sorted(student.id for student in read.students) == ids(class_)
        by_id = {student.id: student for student in read.students}
        assert all((by_id[p.id].first, by_id[p.id].last) == (p.given, p.family) for p in class_.people)
    current = read_current(written.rosters["grades"], "moodle", read.students)
    heading = next(heading for heading in current.header if "Lab 1" in heading)
    assert [current.cell(by_id[class_.people[n].id], heading) for n in (0, 1)] == ["8.50", ""]
    (sheet,) = written.worksheets.values()
    persons = worksheet_participants(sheet)
    assert {number: person.id for number, person in persons.items()} == {
        str(class_.assignments[0].participant(person)): person.id for person in class_.people
    }


@pytest.mark.parametrize("child_courses", [False, True])
def test_blackboard(class_: PlatformClass, tmp_path: Path, child_courses: bool) -> None:
    for file in write_blackboard(class_, tmp_path, child_courses=child_courses).rosters.values():
        read = read_roster(file)
        assert sorted(student.id for student in read.students) == ids(class_)
        assert {s.id: s.login for s in read.students} == {p.id: p.username for p in class_.people}


def test_all_together_know_everybody_by_every_id(class_: PlatformClass, tmp_path: Path) -> None:
    canvas, moodle = write_canvas(class_, tmp_path / "c"), write_moodle(class_, tmp_path / "m")
    students: list[Student] = []
    for file in (*canvas.rosters.values(), *moodle.rosters.values(), *moodle.worksheets.values()):
        merged = merge_rosters(students, read_roster(file, names_suffice=True))
        students = merged.students
    assert sorted(student.id for student in students) == ids(class_)
    assert all(student.lms_id and student.login and student.email and len(student.participants) == 1 for student in students)
