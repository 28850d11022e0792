"""What Canvas, Moodle and Blackboard give a lecturer ends at the right students, with the times that are known."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from practicum.course.roster import Student
from practicum.demo.platforms import PlatformClass, Written, invented_class, write_blackboard, write_canvas, write_moodle
from practicum.labs.intake.read import SubmissionFiles, read_submissions
from practicum.labs.lab import Lab

ZONE = ZoneInfo("Asia/Shanghai")
DUE = datetime(2026, 11, 8, 23, 59, 59, tzinfo=ZONE)


def answer(own: str) -> dict[str, bytes]:
    return {"answer.py": f"# {own}\n".encode()}


CLASS = invented_class(answer, DUE)
TEAMS = invented_class(answer, DUE, teams=True)


def roster(class_: PlatformClass = CLASS, **more: Callable[..., object]) -> list[Student]:
    """Return the roster as the university writes it: nothing of any platform's, but for what `more` makes of a person."""
    return [
        Student(p.id, p.full, p.given, p.family, p.email, **{field: make(p) for field, make in more.items()})  # type: ignore[arg-type]
        for p in class_.people
    ]


CANVAS = roster(login=lambda p: p.login, lms_id=lambda p: str(p.canvas_id))
BLACKBOARD = roster(login=lambda p: p.username)


def unpack(written: Written, into: Path, title: str = "Lab 1") -> Path:
    with zipfile.ZipFile(written.submissions[title]) as archive:
        archive.extractall(into)
    return into


def read(folder: Path, lab: Lab, **more: object) -> dict[str, list[SubmissionFiles]]:
    """Return each student's submissions; nothing may be refused."""
    found: dict[str, list[SubmissionFiles]] = {}
    refused: list[str] = []
    for each in read_submissions(folder, lab, ZONE, refused=refused, **more):  # type: ignore[arg-type]
        found.setdefault(each.student, []).append(each)
    assert refused == []
    return found


def newest(class_: PlatformClass = CLASS) -> dict[str, dict[str, bytes]]:
    """Return the file of the lab in everyone's newest attempt, without those that are text or a link only."""
    (work,) = class_.assignments
    return {who: {n: d for n, d in made[-1].files.items() if n == "answer.py"} for who, made in work.submissions.items()}


@pytest.fixture(scope="module")
def canvas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("canvas")
    return unpack(write_canvas(CLASS, folder), folder / "in")


def files_of(found: dict[str, list[SubmissionFiles]]) -> dict[str, dict[str, bytes]]:
    assert all(len(own) == 1 for own in found.values())
    return {who: own[0].files for who, own in found.items()}


def test_canvas_numbers_are_students(canvas: Path, make_lab) -> None:
    found = read(canvas, make_lab(), roster=CANVAS)
    assert files_of(found) == newest()
    late = {who for who, made in CLASS.assignments[0].submissions.items() if made[-1].at > DUE}
    assert {who for who, own in found.items() if own[0].timing == "late"} == late
    assert {own[0].timing for own in found.values()} == {"late", "unknown"}


def test_canvas_without_numbers_on_the_roster_goes_by_name_and_says_so(canvas: Path, make_lab) -> None:
    found = read(canvas, make_lab(), roster=roster())
    names = [p.sortable for p in CLASS.people]
    twins = {p for p in CLASS.people if names.count(p.sortable) > 1}
    everybody = {str(p.canvas_id) if p in twins else p.id for p in CLASS.people if p.id in newest()}
    assert set(found) == everybody  # two of one name are not guessed
    assert all("by the name" in " ".join(found[p.id][0].notes) for p in CLASS.people if p.id in found)


def test_canvas_anonymous(tmp_path: Path, make_lab) -> None:
    folder = unpack(write_canvas(CLASS, tmp_path, anonymous=True), tmp_path / "in")
    found = read(folder, make_lab(), roster=CANVAS)
    assert len(found) == len(newest())
    assert all(who.startswith("anon_") for who in found)
    assert sum(own[0].timing == "late" for own in found.values()) == sum(
        made[-1].at > DUE for made in CLASS.assignments[0].submissions.values()
    )


def test_canvas_teams(tmp_path: Path, make_lab) -> None:
    folder = unpack(write_canvas(TEAMS, tmp_path), tmp_path / "in")
    (work,) = TEAMS.assignments
    teams = {team: [who for who, its in work.teams.items() if its == team] for team in work.teams.values()}
    found = read(folder, make_lab(), roster=CANVAS, teams=teams)
    expected = {
        member: files
        for who, files in newest(TEAMS).items()
        for member in (teams[work.teams[who]] if who in work.teams else [who])
    }
    assert files_of(found) == expected
    alone = read(folder, make_lab(), roster=CANVAS)  # who knows no teams knows at least who handed in
    assert files_of(alone) == newest(TEAMS)


@pytest.mark.parametrize("form", ["folders", "flat", "old"])
@pytest.mark.parametrize("language", ["en", "de", "fr", "zh_cn"])
def test_moodle_with_its_worksheet(tmp_path: Path, make_lab, form: str, language: str) -> None:
    written = write_moodle(CLASS, tmp_path / "out", form=form, language=language)  # type: ignore[arg-type]
    folder = unpack(written, tmp_path / "in" / "lab")
    lab = make_lab()
    beside = folder.parent if form == "flat" else folder
    written.worksheets["Lab 1"].rename(beside / "Grades.csv")
    found = read(folder, lab, roster=roster())
    assert files_of(found) == newest()
    true = {who: made[-1].at.replace(second=0, microsecond=0) for who, made in CLASS.assignments[0].submissions.items()}
    assert {who: (own[0].at, own[0].timing) for who, own in found.items()} == {who: (at, "stated") for who, at in true.items()}


def test_moodle_without_a_worksheet_goes_by_name(tmp_path: Path, make_lab) -> None:
    folder = unpack(write_moodle(CLASS, tmp_path / "out"), tmp_path / "in" / "lab")
    found = read(folder, make_lab(), roster=roster())
    known = {p.id for p in CLASS.people}
    strangers = set(found) - known
    assert len(found) == len(newest())
    assert all(name.isdigit() for name in strangers)
    assert len(strangers) <= 2  # of one name
    assert all(own[0].timing == "unknown" for own in found.values())


def test_moodle_blind(tmp_path: Path, make_lab) -> None:
    written = write_moodle(CLASS, tmp_path / "out", blind=True, language="de")
    folder = unpack(written, tmp_path / "in" / "lab")
    (work,) = CLASS.assignments
    lab = make_lab()
    assert all(name.isdigit() for name in read(folder, lab, roster=roster()))
    numbers = roster(participants=lambda p: (str(work.participant(p)),))
    assert files_of(read(folder, lab, roster=numbers)) == newest()


def test_moodle_teams_and_those_without_one(tmp_path: Path, make_lab) -> None:
    written = write_moodle(TEAMS, tmp_path / "out")
    folder = unpack(written, tmp_path / "in" / "lab")
    (work,) = TEAMS.assignments
    lab = make_lab()
    strangers = read(folder, lab, roster=roster(), teams={"Other": ["s0001"]})
    assert all(name.startswith(("Group-", "Default-group-")) for name in strangers)
    written.worksheets["Lab 1"].rename(folder / "Grades.csv")
    found = read(folder, lab, roster=roster(), teams={"Other": []})
    team = {
        who: [m for m in work.teams if work.teams[m] == work.teams[who]] if who in work.teams else [who] for who in newest(TEAMS)
    }
    assert files_of(found) == {member: files for who, files in newest(TEAMS).items() for member in team[who]}


@pytest.mark.parametrize("locale", ["en", "en_GB", "en_US", "nl"])
@pytest.mark.parametrize("mangled", [False, True])
def test_blackboard_attempts_have_their_time_and_the_receipt_says_who(
    tmp_path: Path, make_lab, locale: str, mangled: bool
) -> None:
    folder = unpack(write_blackboard(CLASS, tmp_path, locale=locale, mangled=mangled), tmp_path / "in")
    found = read(folder, make_lab(), roster=BLACKBOARD)
    (work,) = CLASS.assignments
    assert set(found) == set(work.submissions)
    for who, made in work.submissions.items():
        assert [(each.at, each.timing) for each in found[who]] == [(a.at.replace(microsecond=0), "stated") for a in made]
        assert [each.files.get("answer.py") for each in found[who]] == [a.files.get("answer.py") for a in made]


def test_without_a_roster_everybody_is_called_what_the_platform_says(canvas: Path, tmp_path: Path, make_lab) -> None:
    found = read(canvas, make_lab())
    assert set(found) == {str(p.canvas_id) for p in CLASS.people if p.id in newest()}


def test_a_roster_that_knows_another_number_is_not_overruled_by_a_name(canvas: Path, make_lab) -> None:
    first = CLASS.people[0]
    wrong = [replace(s, lms_id="39998") if s.id == first.id else s for s in CANVAS]
    found = read(canvas, make_lab(), roster=wrong)
    assert first.id not in found
    assert str(first.canvas_id) in found
