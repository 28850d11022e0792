"""Packs made from the downloads of a class of 40: read by each platform's rules, everyone gets their own page and no other."""

from __future__ import annotations

import re
import zipfile
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from practicum.course.roster import Student, merge_rosters, read_roster
from practicum.demo.platforms import PlatformClass, invented_class, write_canvas, write_moodle
from practicum.reports.feedback.canvas import canvas_pack
from practicum.reports.feedback.item import ItemFeedback
from practicum.reports.feedback.moodle import moodle_pack
from practicum.reports.feedback.pack import Addressed, download_names
from tests.reports.test_feedback_pack import canvas_reads, moodle_reads

DUE = datetime(2026, 11, 8, 23, 59, tzinfo=ZoneInfo("Europe/Berlin"))


def answer(own: str) -> dict[str, bytes]:
    return {"lab1.py": own.encode()}


@pytest.fixture(scope="module")
def alone() -> PlatformClass:
    return invented_class(answer, DUE)


@pytest.fixture(scope="module")
def teams() -> PlatformClass:
    return invented_class(answer, DUE, teams=True)


def feedback(roster: list[Student], class_: PlatformClass) -> dict[str, Addressed]:
    of_team = class_.assignments[0].teams
    told = {}
    for student in roster:
        team = of_team.get(student.id)
        members = tuple(own for own, name in of_team.items() if name == team) if team else (student.id,)
        score = team or f"for {student.id}"  # the same for all of a team
        said = ItemFeedback("C", "a1", "A1", student.id, student.name, "graded", "graded", score, "10", (), ())
        told[student.id] = Addressed(student, said, members)
    return told


def with_files(class_: PlatformClass) -> set[str]:
    return {own for own, made in class_.assignments[0].submissions.items() if made[-1].files}


def test_canvas(alone: PlatformClass, tmp_path: Path) -> None:
    written = write_canvas(alone, tmp_path)
    roster = list(read_roster(written.rosters["gradebook"]).students)
    (download,) = written.submissions.values()
    pack = canvas_pack(feedback(roster, alone), roster, [download_names(download)], teams=False)
    numbers = {str(person.canvas_id): person.id for person in alone.people}
    reached = {}
    for name, data in pack.files.items():
        user, _ = canvas_reads(name)
        assert name in zipfile.ZipFile(download).namelist()
        assert f"for {numbers[user]}" in data.decode()
        reached[numbers[user]] = name
    assert set(reached) == with_files(alone)
    assert len(reached) == len(pack.files)
    assert len(pack.left_out) == len(alone.people) - len(reached)


def test_canvas_teams(teams: PlatformClass, tmp_path: Path) -> None:
    written = write_canvas(teams, tmp_path)
    roster = list(read_roster(written.rosters["gradebook"]).students)
    (download,) = written.submissions.values()
    pack = canvas_pack(feedback(roster, teams), roster, [download_names(download)], teams=True)
    numbers = {str(person.canvas_id): person.id for person in teams.people}
    of_team = teams.assignments[0].teams
    assert len(pack.files) == len(with_files(teams))
    for name, data in pack.files.items():
        user, _ = canvas_reads(re.sub(r"^group_?\d+_", "", name))
        own = numbers[user]
        assert (of_team.get(own) or f"for {own}") in data.decode()
        assert not any(person.full in data.decode() for person in teams.people)


@pytest.mark.parametrize("form", ["folders", "flat", "old"])
def test_moodle(alone: PlatformClass, tmp_path: Path, form: str) -> None:
    written = write_moodle(alone, tmp_path, form=form)  # type: ignore[arg-type]
    roster = list(read_roster(written.rosters["participants"]).students)
    (sheet,) = written.worksheets.values()
    roster = merge_rosters(roster, read_roster(sheet, names_suffice=True)).students
    (download,) = written.submissions.values()
    pack = moodle_pack(feedback(roster, alone), roster, [download_names(download)], {}, teams=False)
    numbers = {str(alone.assignments[0].participant(person)): person.id for person in alone.people}
    reached = set()
    for path, data in pack.files.items():
        number, plugin, file = moodle_reads(path)
        assert (plugin, file) == ("assignfeedback_file", "feedback.html")
        assert f"for {numbers[number]}" in data.decode()
        reached.add(numbers[number])
    assert reached == set(alone.assignments[0].submissions)


def test_moodle_by_names_alone(alone: PlatformClass, tmp_path: Path) -> None:
    """Without a worksheet a folder is who has its name, if one student alone has."""
    written = write_moodle(alone, tmp_path)
    roster = list(read_roster(written.rosters["participants"]).students)
    (download,) = written.submissions.values()
    pack = moodle_pack(feedback(roster, alone), roster, [download_names(download)], {}, teams=False)
    numbers = {str(alone.assignments[0].participant(person)): person for person in alone.people}
    names = [person.full for person in alone.people]
    for path, data in pack.files.items():
        person = numbers[moodle_reads(path)[0]]
        assert f"for {person.id}" in data.decode()
        assert names.count(person.full) == 1
    assert len(pack.files) >= 30


def test_moodle_teams(teams: PlatformClass, tmp_path: Path) -> None:
    written = write_moodle(teams, tmp_path)
    roster = list(read_roster(written.rosters["participants"]).students)
    (sheet,), (download,) = written.worksheets.values(), written.submissions.values()
    roster = merge_rosters(roster, read_roster(sheet, names_suffice=True)).students
    names = [download_names(download)]
    assert moodle_pack(feedback(roster, teams), roster, names, {}, teams=True).files == {}
    numbers = {number: student.id for student in roster for number in student.participants}
    pack = moodle_pack(feedback(roster, teams), roster, names, numbers, teams=True)
    assert {numbers[moodle_reads(path)[0]] for path in pack.files} == {person.id for person in teams.people}
