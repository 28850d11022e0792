"""The guide names every key that a course file may have, and no other."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from practicum.course.assessment import Checkpoint, Document, Exam, Item, LmsColumns, Part, Scope, Talk, TeamSize
from practicum.course.late import Excused, LateOutcome, LateRule, Step
from practicum.course.load import parse_course
from practicum.course.model import About, Component, Course, Grade, Integrity, Meeting, OfficeHour, Session, Staff
from practicum.course.term import Holiday, HolidayDay, Resource, Term, When

GUIDE = (Path(__file__).parents[2] / "docs" / "course.md").read_text(encoding="utf-8")
HEADINGS: dict[str, type[BaseModel]] = {
    "The file itself": Course,
    "`[about]`": About,
    "`[[about.staff]]`": Staff,
    "`office_hour`": OfficeHour,
    "`[[about.meeting]]`": Meeting,
    "Material": Resource,
    "`[term]`": Term,
    "`[[term.holiday]]`": Holiday,
    "An edge of a holiday": HolidayDay,
    "A moment": When,
    "`[grade]`": Grade,
    "`[late.NAME]`": LateRule,
    "A step of `steps`": Step,
    "`then`": LateOutcome,
    "`excused`": Excused,
    "`[[integrity]]`": Integrity,
    "`[[session]]`": Session,
    "`[[component]]`": Component,
    "`[[component.item]]`": Item,
    "`[[component.item.part]]`": Part,
    "`team`": TeamSize,
    "`exam`": Exam,
    "`scope`": Scope,
    "`document`": Document,
    "`talk`": Talk,
    "`checkpoint`": Checkpoint,
    "`lms`": LmsColumns,
}


def keys(heading: str) -> list[str]:
    """Returns the keys in the first column of the table under a heading."""
    section = GUIDE.split(f"\n#### {heading}\n", 1)[1].split("\n#", 1)[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return [key for row in rows for key in re.findall(r"`(\w+)`", row)]


def tables(hint: Any, found: set[type[BaseModel]]) -> set[type[BaseModel]]:
    """Returns every table that a value with this hint may hold."""
    if isinstance(hint, type) and issubclass(hint, BaseModel) and hint not in found:
        found.add(hint)
        for field in hint.model_fields.values():
            tables(field.annotation, found)
    for inner in get_args(hint):
        tables(inner, found)
    return found


def test_every_table_has_its_heading() -> None:
    assert tables(Course, set()) == set(HEADINGS.values())


@pytest.mark.parametrize("heading", HEADINGS)
def test_the_keys_are_those_of_the_file(heading: str) -> None:
    assert sorted(keys(heading)) == sorted(HEADINGS[heading].model_fields)


def test_the_examples_are_parts_of_a_course() -> None:
    whole, *pieces = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    assert parse_course(whole).find("a1").labs() == ("perceptron",)
    assert len(pieces) == 2
    for piece in pieces:
        text = whole.replace(re.search(r"\[\[term.holiday\]\].*?\n\n", whole, re.DOTALL)[0], "\n")  # type: ignore[index]
        course = parse_course(text + piece)
        assert course.term.holiday or course.session
