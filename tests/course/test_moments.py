"""A date alone means all of that day, however and wherever it is written."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from practicum.course.calendar import due, read_moment
from practicum.course.load import parse_course
from practicum.course.roster import Student
from practicum.errors import PracticumError
from practicum.gradebook.event_csv import read_events
from practicum.gradebook.events import Extension, ManualGrade
from tests.course.conftest import HEAD, ONE_LAB

END = datetime(2027, 3, 19, 23, 59, 59, tzinfo=UTC)
DATES = ["2027-03-19", "20270319", "2027W115", "2027-W11-5"]


def course(moment: str) -> object:
    return parse_course(HEAD.format(zone="UTC", late="none", submissions="best") + ONE_LAB.replace("2027-03-26T23:59:59", moment))


@pytest.mark.parametrize("text", DATES)
def test_a_date_in_text(text: str) -> None:
    assert read_moment(text, UTC) == END
    assert read_moment(text, ZoneInfo("Asia/Shanghai")) == END.replace(tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize("text", ["2027-03-19T23:59:59+00:00", "20270319T235959Z", "2027-03-19 23:59:59"])
def test_a_time_in_text(text: str) -> None:
    assert read_moment(text, UTC) == END


@pytest.mark.parametrize("text", ["", "tomorrow", "2027", "20271319", "1805500799", "2027-03", "24:00"])
def test_what_is_no_moment(text: str) -> None:
    assert read_moment(text, UTC) is None


IN_TOML = [f'"{text}"' for text in DATES] + [f'{{ at = "{text}" }}' for text in DATES]
IN_TOML += ["2027-03-19", "{ on = 2027-03-19 }", "{ at = 2027-03-19 }", "2027-03-19T23:59:59", '"2027-03-19 23:59:59"']


@pytest.mark.parametrize("moment", IN_TOML)
def test_in_the_course_file(moment: str) -> None:
    plan = course(moment)
    assert due(plan, plan.items[0]) == END  # type: ignore[attr-defined, arg-type]


@pytest.mark.parametrize("moment", ["20270319", "{ at = 20270319 }", '{ at = "soon" }', '"soon"', '{ on = "20270319" }'])
def test_a_number_is_never_the_seconds_since_1970(moment: str) -> None:
    with pytest.raises(PracticumError, match="expected a"):
        course(moment)


@pytest.mark.parametrize("text", DATES)
def test_in_the_files_of_a_workspace(tmp_path: Path, text: str) -> None:
    (tmp_path / "extensions.csv").write_text(f"student,item,until,reason\nada,a1,{text},ill\n")
    (tmp_path / "marks.csv").write_text(f"student,item,points,at,submitted\nada,a1,3,{text},{text}\n")
    plan = course("2027-03-01")
    extension, mark = read_events(tmp_path, plan, [Student("ada")])  # type: ignore[arg-type]
    assert extension == Extension("a1", END, "ill", "ada")
    assert mark == ManualGrade("a1", Decimal(3), "", END, END, student="ada")
