"""Outcomes of integrity cases: what the gradebook, its exports and a student's page make of each."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import permutations
from pathlib import Path

import pytest

from practicum.course.roster import Student
from practicum.errors import PracticumError
from practicum.gradebook.cases import append_case
from practicum.gradebook.event_csv import read_cases, read_events, submittable
from practicum.gradebook.events import Case, Event, Exemption, ManualGrade, Outcome, Team
from practicum.gradebook.export import plain_rows, read_plain, to_canvas, to_plain
from practicum.gradebook.scoring import explain
from practicum.reports.feedback.item import feedback_of, graded
from practicum.reports.feedback.page import item_page
from practicum.reports.feedback.words import item_text
from tests.course.conftest import DAY, DUE, book, shipped, small, submitted

TWO = """
[[component]]
name = "work"
title = "Work"
weight = 100
[[component.item]]
name = "a1"
points = 60
weight = 60
due = 2027-03-26T23:59:59
part = [{ name = "one", lab = "one", points = 20 }, { name = "two", lab = "two", points = 30 }, { name = "words", points = 10 }]
[[component.item]]
name = "project"
points = 40
weight = 40
team = { max = 3 }
"""


def case(outcome: Outcome, lab: str = "lab", student: str = "ada", at: datetime = DUE) -> Case:
    return Case(student, lab, outcome, at, "they said so")


@pytest.mark.parametrize("outcome", ["zero", "fail"])
def test_the_work_counts_nothing_whatever_comes_later(outcome: Outcome) -> None:
    """Neither a better submission, nor the best of several, nor a manual grade for the lab gets around it."""
    events = [*submitted("ada", "lab", DUE - DAY, 80), *submitted("bob", "lab", DUE, 70), case(outcome)]
    events += submitted("ada", "lab", DUE, 100)
    marked = ManualGrade("a1", Decimal(90), at=DUE + 3 * DAY, student="ada")
    for more in ([], [marked]):
        ada, bob = book(small(), [*events, *more], ["ada", "bob"]).students
        assert (ada.items[0].status, ada.items[0].score, ada.total, ada.decided) == ("graded", 0, 0, 100)
        assert ada.items[0].units[0].raw == (90 if more else 100), "what it would have been stays to be seen"
        assert (bob.total, bob.cases) == (70, ())
    assert explain(ada.items[0].units[0]).endswith("by the outcome of an integrity case (they said so)")


def test_zero_is_for_one_lab_and_failing_for_the_course() -> None:
    events: list[Event] = [e for lab in ("one", "two") for e in submitted("ada", lab, DUE, 100)]
    events += [ManualGrade("a1", Decimal(10), "words", student="ada"), ManualGrade("project", Decimal(40), student="ada")]
    assert book(small(TWO), events).of("ada").total == 100
    row = book(small(TWO), [*events, case("zero", "two")]).of("ada")
    assert ([unit.score for unit in row.items[0].units], row.total, row.decided) == ([20, 0, 10], 70, 100)
    assert row.failed is None
    row = book(small(TWO), [*events, case("zero", "project")]).of("ada")
    assert ([grade.score for grade in row.items], row.total) == ([60, 0], 60)
    override = ManualGrade("total", Decimal(55), student="ada")
    row = book(small(TWO), [*events, case("fail", "two"), override]).of("ada")
    assert ([grade.score for grade in row.items], row.total, row.decided) == ([30, 40], 0, 100)
    assert row.failed == case("fail", "two")
    assert book(small(TWO), [*events, case("zero", "a1")]).of("ada").items[0].score == 50, "a1 itself is its part without a lab"


def test_a_referred_case_withholds_the_mark() -> None:
    events = [*submitted("ada", "one", DUE, 100), *submitted("ada", "two", DUE, 100)]
    events.append(ManualGrade("a1", Decimal(10), "words", student="ada"))
    found = book(small(TWO), [*events, case("referred", "two")])
    row = found.of("ada")
    assert (row.items[0].status, row.items[0].units[1].raw, row.total, row.decided) == ("withheld", None, 30, 0)
    assert not row.items[0].decided
    assert plain_rows(found)[0].items["a1"] is None
    with pytest.raises(PracticumError, match="nothing is decided for anyone"):
        to_canvas(found)


def test_the_latest_outcome_holds_in_any_order() -> None:
    events = [*submitted("ada", "lab", DUE, 80), case("zero"), case("referred", at=DUE - DAY), case("cleared", at=DUE + DAY)]
    for some in permutations(events):
        row = book(small(), some).of("ada")
        assert (row.total, [each.outcome for each in row.cases], row.failed) == (80, ["cleared"], None)
    again = [*events, case("fail", at=DUE + 2 * DAY)]
    assert book(small(), again).of("ada").total == 0
    assert book(small(), [*submitted("ada", "lab", DUE, 80), case("fail"), case("cleared")]).of("ada").total == 0, "the graver"


def test_missing_work_stays_missing_and_exempt_work_exempt() -> None:
    now = DUE + DAY
    assert book(small(), [case("zero")], now=now).of("ada").items[0].status == "missing"
    assert book(small(), [case("referred")], now=now).of("ada").items[0].status == "withheld"
    assert book(small(), [case("zero"), *submitted("ada", "lab", DUE)], now=now).of("ada").items[0].status == "graded"
    assert book(small(), [case("fail"), Exemption("a1", "ill", student="ada")]).of("ada").items[0].status == "exempt"


def test_in_a_team_it_is_about_one_member() -> None:
    events: list[Event] = [Team("red", ("ada", "bob")), ManualGrade("project", Decimal(40), team="red")]
    ada, bob = book(small(TWO), [*events, case("zero", "project")], ["ada", "bob"]).students
    assert (ada.items[1].score, bob.items[1].score) == (0, 40)


def test_what_cannot_be_honoured_is_said() -> None:
    events = [*submitted("ada", "two", DUE, 100), case("zero", "two"), case("zero", "tow"), case("fail", "lab", "eve")]
    events.append(ManualGrade("a1", Decimal(50), student="ada"))
    problems = "\n".join(book(small(TWO), events).problems)
    assert "case of ada: a manual grade stands for all of a1, so that two has no grade of its own" in problems
    assert "case of ada: no lab or item tow" in problems
    assert "case: eve is not on the roster" in problems
    fine = [*submitted("ada", "two", DUE, 100), case("zero", "two"), ManualGrade("a1", Decimal(9), "two", student="ada")]
    assert (book(small(TWO), fine).of("ada").items[0].score, book(small(TWO), fine).problems) == (0, ())


@pytest.mark.parametrize("name", ["cs324", "dda4220", "polyu", "xmu"])
def test_each_course_honours_each_outcome(name: str) -> None:
    """With all points for everything, in every lab, project and demo of the four courses."""
    course = shipped(name)
    full: list[Event] = []
    for item in course.items:
        full.append(ManualGrade(item.name, item.points, student="ada"))
    whole = book(course, full).of("ada")
    assert whole.total == course.grade.out_of == whole.decided
    for item in [each for each in course.items if each.name in submittable(course) and not each.labs()]:
        at = course.items.index(item)
        weight = next(c.weight_of(item) for c in course.component if item in c.item)
        zero, fail, referred = (book(course, [*full, case(each, item.name)]).of("ada") for each in ("zero", "fail", "referred"))
        assert zero.items[at].score == fail.items[at].score == referred.items[at].score == 0
        if sum(c.weight for c in course.component) == course.grade.out_of:
            assert zero.total == course.grade.out_of - weight
        assert (fail.total, fail.decided) == (0, course.grade.out_of)
        assert referred.items[at].status == "withheld"
        assert referred.decided == whole.decided - weight
    for lab, item in course.labs.items():
        row = book(course, [*submitted("ada", lab, DUE - 900 * DAY, 100), case("zero", lab)]).of("ada")
        assert sum(unit.score for grade in row.items for unit in grade.units) == 0
        assert [u.status for u in row.items[course.items.index(item)].units if u.case] == ["graded"]


def test_exports_have_it() -> None:
    events = [*submitted("ada", "lab", DUE, 80), *submitted("bob", "lab", DUE, 70), *submitted("eve", "lab", DUE, 60)]
    found = book(small(), [*events, case("fail"), case("referred", student="bob")], ["ada", "bob", "eve"])
    made = to_canvas(found, total=True)
    assert any(line.startswith("a1: undecided for 1 student (bob Bob)") for line in made.warnings)
    assert any(line.startswith("total: 0 for 1 student (ada Ada), who fails the course") for line in made.warnings)
    a1 = next(file.text for file in made.files if "a1" in file.text)
    assert ("Ada,,ada,,,0.00" in a1, "Bob" in a1, "Eve,,eve,,,60.00" in a1) == (True, False, True)
    text = to_plain(found)
    assert [line.split(",")[3:] for line in text.splitlines()] == [
        ["a1", "component work", "total", "decided", "cases"],
        ["0.00", "0.00", "0.00", "100.00", "lab: fail"],
        ["", "0.00", "0.00", "0.00", "lab: referred"],
        ["60.00", "60.00", "60.00", "100.00", ""],
    ]
    assert read_plain(text) == plain_rows(found)
    without = book(small(), events, ["ada", "bob", "eve"])
    assert to_plain(without).splitlines()[0].endswith("total,decided"), "as ever, where there is no case"
    assert read_plain(to_plain(without)) == plain_rows(without)


@pytest.mark.parametrize(
    ("outcome", "said", "total"),
    [
        ("zero", "counts 0 by the outcome of an integrity case", "0 of 100 points"),
        ("fail", "counts 0, and the course is failed, by the outcome of an integrity case", "0 of 100 points"),
        ("referred", "withheld while an integrity case is decided", "the grade is withheld while an integrity case is decided"),
    ],
)
def test_the_student_is_told_the_outcome_and_not_the_reason(outcome: Outcome, said: str, total: str) -> None:
    found = book(small(), [*submitted("ada", "lab", DUE, 80), case(outcome)])
    row = found.of("ada")
    assert graded(row.items[0])
    told = feedback_of(found, row, "a1", [], {})
    assert told.total == total
    for page in (item_page(told), item_text(told)):
        assert said in page
        assert "they said so" not in page
        assert ("80.00 of 100" in page) == (outcome != "referred")
    assert "they said so" in item_text(feedback_of(found, row, "a1", [], {}, notes=True))


def test_rows_are_appended_and_read_back(tmp_path: Path) -> None:
    course, roster = small(zone="Asia/Shanghai"), [Student("ada"), Student("bob")]
    at = datetime(2027, 4, 1, 9, 30, 15, 250_000, tzinfo=UTC)
    written = [Case("ada", "lab", "zero", at, "=told me"), Case("ada", "lab", "cleared", at + DAY, "wrote it first")]
    for each in written:
        append_case(tmp_path / "cases.csv", each)
    assert (tmp_path / "cases.csv").read_text(encoding="utf-8").splitlines() == [
        "lab,student,outcome,at,reason",
        "lab,ada,zero,2027-04-01T09:30:15.250+00:00,'=told me",
        "lab,ada,cleared,2027-04-02T09:30:15.250+00:00,wrote it first",
    ]
    assert read_events(tmp_path, course, roster) == written
    assert read_cases(tmp_path / "none.csv", course, ["ada"]) == []


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("lub,ada,zero,2027-04-01,x", r"cases\.csv:2: no lab `lub` \(did you mean `lab`\?\)"),
        ("lab,adda,zero,2027-04-01,x", r"cases\.csv:2: no student `adda` \(did you mean `ada`\?\)"),
        ("lab,ada,zeros,2027-04-01,x", r"cases\.csv:2: no outcome `zeros` \(did you mean `zero`\?\)"),
        ("lab,ada,zero,,x", r"cases\.csv:2: expected a value in column `at`"),
        ("lab,ada,zero,soon,x", r"cases\.csv:2: expected a time"),
        ("lab,ada,zero,2027-04-01,", r"cases\.csv:2: expected a value in column `reason`"),
        ("lab,ada,zero,2027-04-01,x\nlab,ada,fail,2027-04-01,y", r"cases\.csv:3: a second outcome .* \(the first is .*csv:2\)"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, row: str, message: str) -> None:
    (tmp_path / "cases.csv").write_text(f"lab,student,outcome,at,reason\n{row}\n", encoding="utf-8")
    with pytest.raises(PracticumError, match=message):
        read_events(tmp_path, small(), [Student("ada")])


def test_an_event_that_says_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="outcome: expected one of cleared, referred, zero, fail, got 'guilty'"):
        Case("ada", "lab", "guilty", DUE, "x")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="reason"):
        Case("ada", "lab", "zero", DUE, " ")
    with pytest.raises(ValueError, match="at: expected a time with a time zone"):
        Case("ada", "lab", "zero", datetime(2027, 4, 1), "x")
