"""What must hold for any class and any term: hypothesis looks for the exception."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Context, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from practicum.course.late import LateRule
from practicum.course.model import Course
from practicum.course.roster import Student
from practicum.course.rounding import rounded
from practicum.gradebook.events import Event, Exemption, Extension, ManualGrade, Result, Submission, Team
from practicum.gradebook.gradebook import Gradebook, gradebook
from tests.course.conftest import DUE, book, shipped, small, submitted

pytestmark = pytest.mark.slow

COURSES = [shipped(name) for name in ("cs324", "dda4220", "polyu", "xmu")] + [small(), small(submissions="last")]
STUDENTS = ["ada", "bob", "eve"]

lateness = st.integers(-3 * 86400, 6 * 86400).map(lambda s: timedelta(seconds=s))
scores = st.integers(0, 400).map(lambda n: Decimal(n) / 4)
zones = st.integers(-12, 14).map(lambda h: timezone(timedelta(hours=h)))
rates = st.integers(0, 20).map(lambda n: Decimal(n) / 20)


@st.composite
def rules(draw: st.DrawFn) -> LateRule:
    """Any late rule: falling multipliers and caps, each boundary open or closed."""
    count = draw(st.integers(0, 4))
    ends = sorted(draw(st.sets(st.integers(1, 5 * 86400), min_size=count, max_size=count)))
    multipliers = sorted(draw(st.lists(rates, min_size=count + 1, max_size=count + 1)), reverse=True)
    caps = sorted(draw(st.lists(rates, min_size=count + 1, max_size=count + 1)), reverse=True)
    steps = [
        {draw(st.sampled_from(["up_to", "under"])): f"{end} s", "multiplier": m, "cap": c}
        for end, m, c in zip(ends, multipliers, caps, strict=False)
    ]
    return LateRule.model_validate({"steps": steps, "then": {"multiplier": multipliers[-1], "cap": caps[-1]}})


def due_of(course: Course, name: str) -> datetime:
    from practicum.course.calendar import due

    return due(course, course.find(name)) or DUE


@st.composite
def terms(draw: st.DrawFn) -> tuple[Course, list[Event]]:
    """Any course with anything that can happen in it."""
    course = draw(st.sampled_from(COURSES))
    items = [item.name for item in course.items]
    events: list[Event] = []
    for n in range(draw(st.integers(0, 12))):
        lab = draw(st.sampled_from([*course.labs, *items]))
        item = course.labs[lab].name if lab in course.labs else lab
        who = draw(st.sampled_from(STUDENTS))
        at = (due_of(course, item) + draw(lateness)).astimezone(draw(zones))
        events.append(Submission(f"s{n}", who, lab, at))
        if draw(st.booleans()):
            out_of = draw(st.integers(1, 120))
            events.append(Result(f"s{n}", who, lab, min(draw(scores), Decimal(out_of)), Decimal(out_of)))
    paths = [(item.name, path) for item in course.items for path in ["", *(p for p, _ in item.walk())]]
    for _ in range(draw(st.integers(0, 8))):
        item, part = draw(st.sampled_from(paths))
        at = draw(st.none() | lateness.map(lambda late: DUE + late))
        owner = draw(st.sampled_from([{"student": who} for who in STUDENTS] + [{"team": "red"}]))
        events.append(ManualGrade(item, draw(scores), part, at, **owner))
    for _ in range(draw(st.integers(0, 3))):
        item, who = draw(st.sampled_from(items)), draw(st.sampled_from(STUDENTS))
        events.append(Extension(item, due_of(course, item) + draw(lateness), "illness", student=who))
    for _ in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(["item", "medical certificate"]))
        events.append(Exemption(draw(st.sampled_from(items)), "a reason", kind, student=draw(st.sampled_from(STUDENTS))))
    events.append(Team("red", tuple(draw(st.sets(st.sampled_from(STUDENTS), min_size=1)))))
    return course, events


def totals(grades: Gradebook) -> list[Decimal]:
    return [row.total for row in grades.students]


@given(rules(), lateness, lateness, scores)
def test_later_never_gains(rule: LateRule, one: timedelta, two: timedelta, score: Decimal) -> None:
    early, late = sorted((one, two))
    points = Decimal(100)
    assert rule.outcome(late).apply(score, points) <= rule.outcome(early).apply(score, points) <= score


@given(st.sampled_from(COURSES), st.data())
def test_handing_in_later_never_gains(course: Course, data: st.DataObject) -> None:
    lab = data.draw(st.sampled_from(list(course.labs)))
    due = due_of(course, course.labs[lab].name)
    early, late = sorted((data.draw(lateness), data.draw(lateness)))
    score = data.draw(scores)
    assert totals(book(course, submitted("ada", lab, due + late, score))) <= totals(
        book(course, submitted("ada", lab, due + early, score))
    )


@settings(max_examples=80)
@given(terms(), st.data())
def test_an_extension_never_hurts_anyone(term: tuple[Course, list[Event]], data: st.DataObject) -> None:
    course, events = term
    item, who = data.draw(st.sampled_from(course.items)), data.draw(st.sampled_from(STUDENTS))
    extension = Extension(item.name, due_of(course, item.name) + data.draw(lateness), "illness", student=who)
    before, after = book(course, events, STUDENTS), book(course, [*events, extension], STUDENTS)
    assert all(a >= b for a, b in zip(totals(after), totals(before), strict=True))


@given(terms())
def test_sums_stay_within_caps_and_every_number_is_an_exact_decimal(term: tuple[Course, list[Event]]) -> None:
    course, events = term
    for row in book(course, events, STUDENTS).students:
        assert 0 <= row.total <= course.grade.cap
        assert 0 <= rounded(row.decided) <= course.grade.out_of
        for grade in row.items:
            assert 0 <= grade.score <= grade.item.most
            assert grade.raw is None or grade.score <= grade.raw
        for component in row.components:
            most = sum(c.most * component.component.weight_of(c) / c.points for c in component.component.item)
            share = component.weight / component.component.weight
            assert rounded(component.score) <= rounded(most * max(share, Decimal(1))) or component.weight == 0
        if not any(grade.status == "exempt" for grade in row.items):
            whole = sum((component.score for component in row.components), Decimal(0))
            assert abs(row.total + row.unused - whole) < Decimal("1e-20")
        numbers = [row.total, row.decided, row.unused]
        numbers += [n for c in row.components for n in (c.score, c.weight, c.decided)]
        numbers += [n for g in row.items for u in g.units for n in (u.score, u.points, *([] if u.raw is None else [u.raw]))]
        assert all(type(number) is Decimal for number in numbers)


@settings(max_examples=80)
@given(terms(), st.data())
def test_the_order_of_events_is_irrelevant(term: tuple[Course, list[Event]], data: st.DataObject) -> None:
    course, events = term
    shuffled = data.draw(st.permutations(events))
    again = [*shuffled, *data.draw(st.lists(st.sampled_from(shuffled), max_size=3))]  # and saying things twice, too
    assert book(course, events, STUDENTS) == book(course, again, STUDENTS)


@given(st.lists(st.tuples(st.integers(0, 97), st.integers(1, 97)), min_size=1, max_size=12), st.sampled_from(["0.9", "0.7", "1"]))
def test_the_arithmetic_agrees_with_fractions(results: list[tuple[int, int]], multiplier: str) -> None:
    """Scaled by odd totals, multiplied and summed: after rounding, exactly what fractions give."""
    items = "".join(
        f'[[component.item]]\nname = "i{n}"\npoints = 25\nlab = "l{n}"\ndue = 2027-03-26\nlate = "rule"\n'
        for n in range(len(results))
    )
    rule = f"\n[late.rule]\nthen = {{ multiplier = {multiplier} }}\n"
    course = small(f'{rule}[[component]]\nname = "w"\ntitle = "W"\nweight = 100\n{items}')
    events: list[Event] = []
    exact = Fraction(0)
    for n, (score, out_of) in enumerate(results):
        events += submitted("ada", f"l{n}", datetime(2027, 4, 1, tzinfo=UTC), min(score, out_of), out_of)
        exact += Fraction(min(score, out_of), out_of) * 25 * Fraction(multiplier) * Fraction(100, len(results)) / 25
    total = book(course, events).of("ada").total
    assert rounded(total) == Decimal(int(exact * 100 + Fraction(1, 2))) / 100


@settings(max_examples=50)
@given(terms())
def test_the_callers_decimal_context_does_not_matter(term: tuple[Course, list[Event]]) -> None:
    course, events = term
    roster = [Student(s) for s in STUDENTS]
    with localcontext(Context(prec=3)):
        coarse = gradebook(course, roster, events)
    assert coarse == gradebook(course, roster, events)
