"""Exports imported by the rules of each platform: what is decided arrives, and what is not stays as it is there."""

from __future__ import annotations

import copy
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from practicum.course.assessment import LmsColumns
from practicum.course.model import Course
from practicum.course.roster import Student
from practicum.errors import PracticumError
from practicum.gradebook.events import Event, Exemption, ManualGrade
from practicum.gradebook.export import EXPORTS, Export, read_current, to_blackboard, to_canvas, to_moodle
from practicum.gradebook.export.current import with_point
from practicum.gradebook.gradebook import Gradebook, gradebook
from tests.course.conftest import small
from tests.gradebook.platforms import Blackboard, Canvas, Moodle, Refused, Site, User

SITES: dict[str, type[Site]] = {"canvas": Canvas, "moodle": Moodle, "blackboard": Blackboard}


COURSE = small('[[component]]\nname = "w"\ntitle = "W"\nweight = 100\n[[component.item]]\nname = "one"\npoints = 10\n')


def course_of(titles: dict[str, str], lms: dict[str, dict[str, str]] | None = None, points: int = 10) -> Course:
    """A course whose items have these titles and columns."""
    (component,) = COURSE.component
    items = tuple(
        component.item[0].model_copy(
            update={"name": n, "title": t, "points": Decimal(points), "lms": LmsColumns(**(lms or {}).get(n, {}))}
        )
        for n, t in titles.items()
    )
    return Course(name="c", title="C", term=COURSE.term, component=(component.model_copy(update={"item": items}),))


def book_of(course: Course, roster: list[Student], scores: dict[tuple[str, str], str]) -> Gradebook:
    events: list[Event] = [
        Exemption(item, "ill", student=student) if score == "EX" else ManualGrade(item, Decimal(score), student=student)
        for (student, item), score in scores.items()
    ]
    return gradebook(course, roster, events)


hostile = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    [
        "=1+1",
        "-x",
        "'",
        '"',
        "a\nb",
        "王伟",
        "O'Brien",
        "Doe, Jr., Jo",
        "a;b;c;d;e;f;g;h",
        "Points Possible",
        "Manual Posting",
        "#1",
        "Muted",
    ]
)
titles = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8) | st.sampled_from(
    [
        "Quiz (77)",
        "Final Score",
        "My Current Grade",
        "Override Status",
        "Same",
        "same",
        "=SUM(A1)",
        "Section",
        "ID",
        "x |77",
        "A [Total Pts: 9",
        "",
        "Lab, 1",
        "Quiz",
    ]
)
score = st.none() | st.just("EX") | st.decimals(0, 10, places=2).map(str)
there = st.none() | st.decimals(0, 10, places=2).map(str)
STUDENTS = ("s0001", "s0002", "s0003")


@st.composite
def terms(draw: st.DrawFn):
    roster = [
        Student(s, draw(hostile), section=draw(hostile), email=f"{s}@example.org", login=f"u{s}", lms_id=str(900 + n))
        for n, s in enumerate(STUDENTS)
    ]
    names = {f"i{n}": draw(titles) for n in range(3)}
    numbered = {name for name in names if draw(st.booleans())}
    scores = {(s, name): cell for s in STUDENTS for name in names if (cell := draw(score)) is not None}
    before = {(s, name): cell for s in STUDENTS for name in numbered if (cell := draw(there)) is not None}
    return roster, names, numbered, scores, before


@pytest.mark.parametrize("form", SITES)
@pytest.mark.parametrize("with_current", [False, True])
@given(term=terms())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_decided_arrives_and_the_rest_survives(form: str, with_current: bool, tmp_path: Path, term) -> None:
    roster, names, numbered, scores, before = term
    key = {name: f"40{name[1]}" for name in numbered}
    title = {name: f"Column {name}" for name in numbered}  # what the platform calls it now
    lms = {n: {form: key[n] if form != "moodle" else f"Assignment: {title[n]} (Real)"} for n in numbered}
    users = [User(s.lms_id, s.name, s.sortable, s.id, s.login, s.email) for s in roster]
    site = SITES[form](users, {key[n]: title[n] for n in numbered} | {"77": "Quiz of another"})
    site.scores["77"] = {user.number: "3.00" for user in users}
    for (student, name), cell in before.items():
        site.put(key[name], _number(roster, student), cell)
    untouched = copy.deepcopy(site.scores)
    current = None
    if with_current:
        file = tmp_path / "current.csv"
        file.write_text(site.export(), encoding="utf-16" if form == "blackboard" else "utf-8", newline="")
        current = read_current(file, form, roster)
    book = book_of(course_of(names, lms), roster, scores)
    if form != "canvas":  # it alone can say exempt
        scores = {place: cell for place, cell in scores.items() if cell != "EX"}
    if not scores:
        with pytest.raises(PracticumError, match="expected grades to export"):
            EXPORTS[form](book, False, current)
        return
    made = EXPORTS[form](book, False, current)
    for file in made.files:
        site.take(file.text)
    assert site.unknown == []
    assert site.dropped == []
    assert site.scores["77"] == untouched["77"], "a column of something else"
    new = []
    for name in names:
        expected = {_number(roster, s): _two(cell) for (s, of), cell in scores.items() if of == name}
        if name in numbered:
            kept = {user: cell for user, cell in untouched.get(key[name], {}).items() if user not in expected}
            assert site.scores.get(key[name], {}) == kept | expected, made
        elif expected:
            new.append(expected)
    made_anew = [own for number, own in site.scores.items() if number.startswith("new:")]
    assert sorted(map(str, made_anew)) == sorted(map(str, new)), "each item without a column has one of its own"


def _number(roster: list[Student], student: str) -> str:
    return next(s.lms_id for s in roster if s.id == student)


def _two(cell: str) -> str:
    return cell if cell == "EX" else str(Decimal(cell).quantize(Decimal("0.01")))


ROSTER = [Student("s1", "Jo Doe", email="jo@x.org", login="jo", lms_id="1"), Student("s2", "Li Na", email="li@x.org", login="li")]


def test_a_current_file_in_another_notation_is_repeated_in_ours(tmp_path: Path) -> None:
    course = course_of({"a1": "Lab 1"})
    site = Canvas([User("1", "Jo Doe", "Doe, Jo", "s1", "jo"), User("2", "Li Na", "Na, Li", "s2", "li")], {"901": "Lab 1"})
    site.scores["901"] = {"1": "8.50", "2": "1.25"}
    file = tmp_path / "current.csv"
    file.write_text(site.export(";", comma=True), encoding="utf-8-sig")
    made = to_canvas(book_of(course, ROSTER, {("s1", "a1"): "9"}), False, read_current(file, "canvas", ROSTER))
    (only,) = made.files
    assert only.text.splitlines()[0].endswith(",Lab 1 (901)"), "found by its title"
    assert only.text.splitlines()[3] == "Li Na,2,s2,li,,1.25", "the number of Canvas is that of the file"
    assert "a1: undecided for 1 student (s2 Li Na); what" in made.warnings[0]


def test_whom_the_platform_does_not_know_is_left_out(tmp_path: Path) -> None:
    site = Moodle([User("1", "Jo", "Jo", "s1", "jo", "jo@x.org"), User("9", "Eve", "Eve", "s9", "", "e@x.org")], {"5": "Lab 1"})
    file = tmp_path / "current.csv"
    file.write_text(site.export())
    current = read_current(file, "moodle", ROSTER)
    assert current.notes == (f"{file}: 1 of its students are not on the roster and are left alone",)
    made = to_moodle(book_of(course_of({"a1": "Lab 1"}), ROSTER, {("s1", "a1"): "9", ("s2", "a1"): "8"}), False, current)
    assert f"{file} knows nothing of 1 student (s2 Li Na); left out, as Moodle may refuse the whole file" in made.warnings
    site.take(made.files[0].text)
    assert site.scores == {"5": {"1": "9.00"}}


def exported(
    form: str, titles: dict[str, str], lms: dict[str, dict[str, str]] | None = None, roster: list[Student] = ROSTER
) -> Export:
    scores = {(student.id, name): "5" for student in roster for name in titles}
    return EXPORTS[form](book_of(course_of(titles, lms), roster, scores), False, None)


def test_renamed_headings_are_said() -> None:
    made = exported("canvas", {"exam": "Final Grade", "a1": "Lab (7)", "p": "Project", "q": "project"})
    assert made.files[0].text.splitlines()[0] == "Student,ID,SIS User ID,SIS Login ID,Section,exam,a1,p,q"
    assert "exam: exported as `exam`, since Canvas drops columns with the name of a total: `Final Grade`" in made.warnings
    assert (
        exported("canvas", {"exam": "Final Grade"}, {"exam": {"canvas": "7"}}).files[0].text.splitlines()[0].endswith(",exam (7)")
    )


@pytest.mark.parametrize(
    ("form", "titles", "lms", "message"),
    [
        ("canvas", {"a1": "A"}, {"a1": {"canvas": "x1"}}, "item `a1`: expected under `lms` for `canvas` the number"),
        (
            "canvas",
            {"a1": "A", "b1": "B"},
            {"a1": {"canvas": "7"}, "b1": {"canvas": "7"}},
            "expected a Canvas column of its own, got 7",
        ),
        ("canvas", {"a1": "Final Score", "b1": "a1"}, None, "item `b1`: expected a title that Canvas can tell from others"),
        ("blackboard", {"a1": "A"}, {"a1": {"blackboard": "7 8"}}, "item `a1`: expected under `lms` for `blackboard`"),
        (
            "moodle",
            {"a1": "A", "b1": "B"},
            {"a1": {"moodle": "X (Real)"}, "b1": {"moodle": "X (Real)"}},
            "expected a Moodle column of its own",
        ),
    ],
)
def test_headings_that_cannot_be_told_apart_are_refused(form: str, titles: dict[str, str], lms, message: str) -> None:
    with pytest.raises(PracticumError, match=message):
        exported(form, titles, lms)


def test_moodle_needs_a_column_that_tells_everyone() -> None:
    by_mail = [Student("jo@x.org", email="jo@x.org"), Student("li@x.org", email="li@x.org")]
    made = exported("moodle", {"a1": "A"}, roster=by_mail)
    assert "in Moodle, map the column `Email address` to the field of the same name" in made.warnings
    users = [User("1", "Jo", "Jo", email="jo@x.org"), User("2", "Li", "Li", email="li@x.org")]
    site = Moodle(users, {})
    with pytest.raises(Refused):
        site.take(made.files[0].text, "ID number")
    site.take(made.files[0].text, "Email address")
    with pytest.raises(PracticumError, match=r"expected one of ID number, Email address, Username for every student"):
        exported("moodle", {"a1": "A"}, roster=[*by_mail, Student("kim", login="kim")])


def test_scores_that_stop_a_moodle_import_are_said() -> None:
    made = to_moodle(book_of(course_of({"a1": "A"}, points=150), ROSTER, {("s1", "a1"): "120"}))
    assert any("a1: scores above 100 stop the whole import" in warning for warning in made.warnings)


def test_two_students_with_one_username() -> None:
    with pytest.raises(PracticumError, match="expected a username of each student's own, got `jo` for `s1` and `s3`"):
        to_blackboard(book_of(course_of({"a1": "A"}), [*ROSTER, Student("s3", login="jo")], {("s1", "a1"): "1"}))


def test_a_canvas_column_that_drops_points_is_said(tmp_path: Path) -> None:
    site = Canvas([User("1", "Jo Doe", "Doe, Jo", "s1", "jo")], {"901": "Lab 1"}, {"901": {"1": "complete"}})
    file = tmp_path / "current.csv"
    file.write_text(site.export())
    made = to_canvas(
        book_of(course_of({"a1": "Lab 1"}), ROSTER, {("s1", "a1"): "9"}), False, read_current(file, "canvas", ROSTER)
    )
    assert any("a1: Canvas grades this as complete or incomplete and drops points" in warning for warning in made.warnings)


def test_the_file_of_another_platform_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "current.csv"
    file.write_text(Moodle([User("1", "Jo", "Jo", "s1", "", "jo@x.org")], {}).export())
    with pytest.raises(PracticumError, match="expected the gradebook that Canvas exports, got Moodle"):
        read_current(file, "canvas", ROSTER)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("8,50", "8.50"),
        ("8.50", "8.50"),
        ("1.234,5", "1234.5"),
        ("1,234.5", "1234.5"),
        ("-1,5", "-1.5"),
        ("EX", "EX"),
        ("10", "10"),
        ("A, B", "A, B"),
    ],
)
def test_decimal_commas(text: str, number: str) -> None:
    assert with_point(text) == number
