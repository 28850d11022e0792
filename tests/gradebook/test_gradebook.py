"""What the gradebook makes of events."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from practicum.course.model import Course
from practicum.course.roster import Student
from practicum.course.rounding import rounded
from practicum.gradebook.events import Event, Exemption, Extension, ManualGrade, Result, Submission, Team
from practicum.gradebook.gradebook import gradebook
from tests.course.conftest import DAY, DUE, HOUR, SECOND, book, shipped, small, submitted


def mark(item: str, points: str | int, part: str = "", student: str = "", team: str = "", **more: object) -> ManualGrade:
    return ManualGrade(item, Decimal(points), part, student=student or ("" if team else "ada"), team=team, **more)  # type: ignore[arg-type]


def project_marks(points: dict[str, str], **more: str) -> list[Event]:
    return [mark("project", value, part, **more) for part, value in points.items()]


FULL = {
    "code.runs": "10", "code.structure": "5", "report.prior-work": "3", "report.correctness": "4",
    "report.validation": "5", "report.findings": "8", "report.writing": "2", "report.quality": "3",
}  # fmt: skip
BONUS = {"originality.outside": "2", "originality.improves": "3"}


class TestDDA4220:
    """Bonus, cap, participation that makes up for lost grades, and the late project."""

    course = shipped("dda4220")
    due = datetime(2023, 5, 14, 15, 59, 59, tzinfo=UTC)

    def rest(self, midterm: str = "25", participation: str = "5", assignments: str = "15") -> list[Event]:
        return [
            mark("a1", assignments),
            mark("a2", assignments),
            mark("midterm", midterm),
            mark("participation", participation),
        ]

    def test_all_marks_and_no_bonus_is_100(self) -> None:
        row = book(self.course, [*self.rest(), *project_marks(FULL)]).of("ada")
        assert (row.total, row.unused) == (100, 0)

    def test_bonus_is_extra_and_the_total_is_capped(self) -> None:
        row = book(self.course, [*self.rest(), *project_marks(FULL | BONUS)]).of("ada")
        assert row.items[3].score == 45
        assert (row.total, row.unused) == (100, 5)
        row = book(self.course, [*self.rest(midterm="18"), *project_marks(FULL | BONUS)]).of("ada")
        assert (row.total, row.unused) == (98, 0)

    def test_participation_makes_up_for_lost_grades_and_never_above_100(self) -> None:
        with_bonus = [*self.rest(midterm="23"), *project_marks(FULL | BONUS)]  # 30 + 23 + 45 = 98, and 5
        row = book(self.course, with_bonus).of("ada")
        assert (row.total, row.unused) == (100, 3)
        row = book(self.course, [*self.rest(midterm="20", participation="3"), *project_marks(FULL)]).of("ada")
        assert row.total == 93

    def test_a_bonus_nobody_gave_leaves_nothing_open(self) -> None:
        row = book(self.course, [*self.rest(), *project_marks(FULL)]).of("ada")
        assert row.items[3].status == "graded"
        assert row.decided == 100

    @pytest.mark.parametrize("marks", [FULL, FULL | BONUS])
    def test_a_late_project_is_capped_at_half_for_every_member(self, marks: dict[str, str]) -> None:
        team = Team("red", ("ada", "bob", "eve"))
        events = [team, *project_marks(marks, team="red"), *submitted("bob", "project", self.due + SECOND)]
        for row in book(self.course, events, ["ada", "bob", "eve"]).students:
            assert row.items[3].score == 20
            assert "at most 50 %" in row.items[3].why
        events = [team, *project_marks(marks, team="red"), *submitted("bob", "project", self.due)]
        assert book(self.course, events, ["ada", "bob", "eve"]).of("eve").items[3].score >= 40

    def test_the_cap_is_on_the_project_and_not_on_each_part(self) -> None:
        marks = FULL | {"report.findings": "0", "report.quality": "0", "report.validation": "0", "code.structure": "0"}
        late = submitted("ada", "project", self.due + DAY)
        assert book(self.course, [*project_marks(marks), *late]).of("ada").items[3].score == 19

    def test_a_mark_may_say_when_the_work_was_handed_in(self) -> None:
        events = [mark("project", "38", submitted=self.due + SECOND)]
        assert book(self.course, events).of("ada").items[3].score == 20

    def test_a_total_set_by_hand(self) -> None:
        events = [*self.rest(), mark("total", "0", team="red", note="same-topic plagiarism"), Team("red", ("ada", "bob"))]
        grades = book(self.course, events, ["ada", "bob", "eve"])
        assert [row.total for row in grades.students] == [0, 0, 0]
        assert grades.of("bob").override is not None
        assert grades.of("eve").override is None


def test_cs324_assignment_1_combines_its_labs() -> None:
    course = shipped("cs324")
    at = datetime(2027, 3, 1, tzinfo=UTC)
    events = [*submitted("ada", "perceptron", at, 40, 50), *submitted("ada", "backprop", at, 45, 60)]
    grade = book(course, events).of("ada").items[0]
    assert grade.score == Decimal(20) + Decimal("56.25")
    assert [(unit.part, unit.raw) for unit in grade.units] == [("perceptron", 20), ("backprop", Decimal("56.25"))]
    assert book(course, events).of("ada").components[0].score == Decimal("76.25") * 15 / 100
    one = book(course, events[:2]).of("ada").items[0]
    assert (one.status, one.score) == ("graded", 20), "the other lab is missing, and its deadline past"


def test_each_lab_is_late_by_itself() -> None:
    course = shipped("polyu")
    due = datetime(2027, 2, 7, 15, 59, 59, tzinfo=UTC)
    events = [*submitted("ada", "linear-regression", due, 100), *submitted("ada", "backprop-notebook", due + 25 * HOUR, 100)]
    grade = book(course, events).of("ada").items[0]
    assert (grade.raw, grade.score, grade.late) == (100, 90, 25 * HOUR)
    assert [unit.score for unit in grade.units] == [50, 40]


def test_best_of_is_chosen_after_the_late_rule() -> None:
    early, late = submitted("ada", "lab", DUE, 80), submitted("ada", "lab", DUE + HOUR, 85)
    assert book(small(), early + late).of("ada").items[0].score == 80  # 85 × 0.9 is less
    better = submitted("ada", "lab", DUE + HOUR, 100)
    assert book(small(), early + better).of("ada").items[0].score == 90


def test_last_of_takes_the_last_even_if_worse() -> None:
    course = small(submissions="last")
    early, late = submitted("ada", "lab", DUE, 80), submitted("ada", "lab", DUE + HOUR, 85)
    assert book(course, early + late).of("ada").items[0].score == Decimal("76.5")
    assert book(course, late + early).of("ada").items[0].score == Decimal("76.5")


def test_last_of_waits_for_nobody() -> None:
    course = small(submissions="last")
    events = [*submitted("ada", "lab", DUE - DAY, 80), *submitted("ada", "lab", DUE)]
    grade = book(course, events).of("ada").items[0]
    assert (grade.score, grade.units[0].newer) == (80, True)
    assert "newer submission is not graded yet" in grade.why


def test_states_of_an_item() -> None:
    course = small()

    def status(events: list[Event], now: datetime | None = None) -> str:
        return book(course, events, now=now).of("ada").items[0].status

    assert status([], DUE) == "open"
    assert status([], DUE + SECOND) == "missing"
    assert status([]) == "missing"
    assert status([Extension("a1", DUE + DAY, "illness", student="ada")], DUE + HOUR) == "open"
    assert status(list(submitted("ada", "lab", DUE))) == "waiting"
    assert status(list(submitted("ada", "lab", DUE, 0))) == "graded"
    assert status([Exemption("a1", "joined late", student="ada")]) == "exempt"
    assert book(shipped("cs324"), []).of("ada").items[-1].status == "unmarked"


def test_nobody_misses_a_lab_that_does_not_exist() -> None:
    course: Course = small()
    roster = [Student("ada", "Ada"), Student("bob", "Bob")]

    def of(events: list[Event], unwritten: tuple[str, ...] = ("lab",)) -> list[tuple[str, Decimal]]:
        rows = gradebook(course, roster, events, None, unwritten).students
        return [(row.items[0].status, row.decided) for row in rows]

    assert of([], ()) == [("missing", 100), ("missing", 100)]
    assert of([]) == [("open", 0), ("open", 0)]
    assert of([], ("another",)) == [("missing", 100), ("missing", 100)]
    # Somebody has work or marks in it, so that there was something to do.
    assert of(submitted("ada", "lab", DUE, 80)) == [("graded", 100), ("missing", 100)]
    assert of(submitted("ada", "lab", DUE)) == [("waiting", 0), ("missing", 100)]
    assert of([mark("a1", 9)]) == [("graded", 100), ("missing", 100)]


def test_only_the_lab_that_does_not_exist_stays_open() -> None:
    course = shipped("cs324")

    def units(*events: Event) -> list[str]:
        book = gradebook(course, [Student("ada", "Ada"), Student("bob", "Bob")], events, None, ["backprop"])
        return [unit.status for unit in book.of("bob").items[0].units]

    assert units(*submitted("ada", "perceptron", DUE, 80)) == ["missing", "open"]
    assert units(mark("a1", 5, "perceptron")) == ["missing", "open"]
    assert units(mark("a1", 5, "backprop")) == ["missing", "missing"]
    assert units(mark("a1", 50)) == ["missing", "missing"]
    handed_in = submitted("bob", "perceptron", DUE, 80)
    assert gradebook(course, [Student("bob", "Bob")], handed_in, None, ["backprop"]).of("bob").items[0].status == "partly graded"


def two_components(weights: str = "weight = 30", second: str = "weight = 10") -> Course:
    return small(
        f"""
        [[component]]
        name = "labs"
        title = "Labs"
        weight = 40
        [[component.item]]
        name = "a1"
        points = 10
        {weights}
        [[component.item]]
        name = "a2"
        points = 20
        {second}
        [[component]]
        name = "exam"
        title = "Exam"
        weight = 60
        [[component.item]]
        name = "exam"
        points = 60
        """
    )


class TestExemption:
    """The weight of what does not count goes to the rest, in proportion."""

    def test_within_the_component(self) -> None:
        course = two_components()
        marks = [mark("a1", 8), mark("a2", 10), mark("exam", 30)]
        assert book(course, marks).of("ada").total == 24 + 5 + 30
        row = book(course, [*marks, Exemption("a1", "joined late", student="ada")]).of("ada")
        assert row.components[0].score == 20  # half of 40
        assert (row.total, row.decided) == (50, 100)
        assert row.items[0].why == "exempt: joined late"

    def test_of_a_whole_component(self) -> None:
        course = two_components()
        gone = [Exemption(i, "transfer", student="ada") for i in ("a1", "a2")]
        row = book(course, [mark("exam", 30), *gone]).of("ada")
        assert (row.components[0].weight, row.components[1].weight, row.total, row.decided) == (0, 100, 50, 100)

    def test_from_everything(self) -> None:
        gone = [Exemption(i, "transfer", student="ada") for i in ("a1", "a2", "exam")]
        assert book(two_components(), gone).of("ada").total == 0

    def test_concerns_nobody_else(self) -> None:
        events = [mark("a1", 10, student="bob"), Exemption("a1", "joined late", student="ada")]
        assert book(two_components(), events, ["ada", "bob"]).of("bob").total == 30


def test_equal_shares_where_no_weight_is_stated() -> None:
    course = shipped("xmu")
    events = [mark(f"a{n}", 100) for n in (1, 2, 3, 4)]
    assert [g.score for g in book(course, events).of("ada").components] == [40, 0]
    third = small(
        """
        [[component]]
        name = "w"
        title = "W"
        weight = 100
        """
        + "".join(f'[[component.item]]\nname = "i{n}"\npoints = 7\n' for n in range(3))
    )
    row = book(third, [mark(f"i{n}", 7) for n in range(3)]).of("ada")
    assert rounded(row.total) == 100


class TestTeams:
    """One submission, one mark, every member."""

    course = shipped("xmu")
    red = Team("red", ("ada", "bob", "eve"))
    due = datetime(2021, 12, 19, 15, 59, 59, tzinfo=UTC)

    def test_a_mark_for_the_team_is_every_members(self) -> None:
        grades = book(self.course, [self.red, mark("report", 90, team="red")], ["ada", "bob", "eve", "zoe"])
        assert [row.items[5].score for row in grades.students] == [90, 90, 90, 0]
        assert not grades.problems

    def test_a_mark_for_a_member_comes_before_the_teams(self) -> None:
        own = mark("report", 50, student="bob", at=self.due)
        events = [self.red, own, mark("report", 90, team="red", at=self.due + DAY)]
        assert [row.items[5].score for row in book(self.course, events, ["ada", "bob"]).students] == [90, 50]

    def test_what_one_hands_in_all_hand_in(self) -> None:
        late = submitted("eve", "report", self.due + DAY)
        events = [self.red, mark("report", 90, team="red"), *late]
        assert [row.items[5].score for row in book(self.course, events, ["ada", "bob"]).students] == [81, 81]

    def test_an_extension_for_one_is_for_all(self) -> None:
        events = [
            self.red,
            mark("report", 90, team="red"),
            *submitted("eve", "report", self.due + DAY),
            Extension("report", self.due + 2 * DAY, "illness", student="bob"),
        ]
        assert book(self.course, events, ["ada"]).of("ada").items[5].score == 90

    def test_sizes_are_checked(self) -> None:
        problems = book(self.course, [Team("pair", ("ada", "bob"))], ["ada", "bob"]).problems
        assert "team pair has 2 members, report takes 3 to 5" in problems
        crowd = Team("crowd", ("a", "b", "c", "d"))
        assert "team crowd has 4 members, project takes 1 to 3" in book(shipped("dda4220"), [crowd], list("abcd")).problems

    def test_team_events_of_one_name_are_one_team(self) -> None:
        parts = [Team("red", ("ada",)), Team("red", ("bob",)), Team("red", ("eve",))]
        events = [*parts, *submitted("eve", "report", self.due + DAY), mark("report", 90, team="red")]
        assert book(self.course, events, ["ada", "bob", "eve"]).of("ada").items[5].score == 81


class TestMarks:
    """Manual grades."""

    def test_the_later_mark_counts(self) -> None:
        marks = [mark("exam", 40, at=DUE), mark("exam", 30, at=DUE + DAY), mark("exam", 50)]
        assert book(two_components(), marks).of("ada").items[2].score == 30

    def test_a_mark_replaces_what_the_lab_gave_and_is_late_like_it(self) -> None:
        events = [*submitted("ada", "lab", DUE + HOUR, 50), mark("a1", 100)]
        assert book(small(), events).of("ada").items[0].score == 90
        told = [*submitted("ada", "lab", DUE + HOUR, 50), mark("a1", 100, submitted=DUE)]
        assert book(small(), told).of("ada").items[0].score == 100
        before = [*submitted("ada", "lab", DUE, 50), mark("a1", 100, at=DUE + HOUR), *submitted("ada", "lab", DUE + DAY, 10)]
        assert book(small(), before).of("ada").items[0].score == 100, "it was given for what had come by then"

    def test_a_mark_on_a_part_of_a_lab_fed_item(self) -> None:
        course = shipped("cs324")
        at = datetime(2027, 3, 1, tzinfo=UTC)
        events = [*submitted("ada", "perceptron", at, 40, 50), mark("a1", 70, "backprop")]
        assert book(course, events).of("ada").items[0].score == 90

    def test_a_mark_on_an_inner_part_stands_for_all_below(self) -> None:
        course = shipped("dda4220")
        events = [mark("project", 20, "report"), mark("project", 3, "report.findings"), mark("project", 15, "code")]
        assert book(course, events).of("ada").items[3].score == 35

    def test_partly_marked(self) -> None:
        row = book(shipped("dda4220"), [mark("project", 10, "code.runs")]).of("ada")
        assert (row.items[3].status, row.items[3].score, row.decided) == ("partly graded", 10, 30)

    def test_more_than_the_points_counts_as_the_points(self) -> None:
        grades = book(two_components(), [mark("exam", 61)])
        assert grades.of("ada").items[2].score == 60
        assert grades.problems == ("manual grade for ada: 61 for exam is more than 60, which counts",)


def test_what_cannot_be_right_is_said_and_costs_nobody_else() -> None:
    at = DUE - DAY
    events: list[Event] = [
        *submitted("ada", "lab", at, 100, name="ok"),
        *submitted("eve", "lab", at, 100),
        *submitted("ada", "other", at, 100),
        Result("ghost", "ada", "lab", Decimal(1), Decimal(1)),
        Result("swap", "bob", "lab", Decimal(1), Decimal(1)),
        Submission("swap", "ada", "lab", at),
        Extension("a9", at, "typing error", student="ada"),
        mark("a1", 1, "nothing"),
        mark("a1", 1, team="nobody"),
    ]
    grades = book(small(), events)
    assert grades.of("ada").items[0].score == 100
    assert grades.problems == (
        "a result for submission ghost, which was never submitted; not counted",
        "extension for ada: no item a9",
        "manual grade for a1: no team nobody",
        "manual grade for ada: a1 has no part nothing that is graded manually",
        "submissions of ada for other, which feeds no item of this course",
        "submissions of eve, who is not on the roster: what came for lab counts for nobody. "
        "Say whose it is: practicum submissions assign eve STUDENT",
        "the result of submission swap is for bob and lab; not counted",
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda: Submission("x", "ada", "lab", datetime(2027, 1, 1)),
        lambda: Extension("a1", datetime(2027, 1, 1), "", student="ada"),
        lambda: Result("x", "ada", "lab", 0.1, Decimal(1)),  # type: ignore[arg-type]
        lambda: Result("x", "ada", "lab", Decimal("NaN"), Decimal(1)),
        lambda: Result("x", "ada", "lab", Decimal(-1), Decimal(1)),
        lambda: Result("x", "ada", "lab", Decimal(1), Decimal(0)),
        lambda: ManualGrade("a1", Decimal(1), student="ada", team="red"),
        lambda: ManualGrade("a1", Decimal(1)),
        lambda: Exemption("a1", "  ", student="ada"),
    ],
)
def test_events_that_cannot_be(make: object) -> None:
    with pytest.raises(ValueError, match=r"expected|needs"):
        make()  # type: ignore[operator]


def test_of_several_extensions_the_latest_counts() -> None:
    two = [Extension("a1", DUE + n * DAY, "illness", student="ada") for n in (3, 1)]
    late = submitted("ada", "lab", DUE + 3 * DAY, 100)
    for events in ([*two, *late], [*two[::-1], *late]):
        assert book(small(), events).of("ada").items[0].score == 100


def test_times_are_kept_in_utc() -> None:
    at = datetime(2027, 3, 1, 20, tzinfo=ZoneInfo("Asia/Shanghai"))
    kept = Submission("x", "ada", "lab", at).at
    assert (kept, kept.tzinfo) == (at, UTC)


@pytest.mark.parametrize(
    ("exact", "shown"),
    [
        ("14.165", "14.17"),
        ("14.1649", "14.16"),
        ("0.005", "0.01"),
        ("2.5", "2.50"),
        ("99.99499999999999999999999", "100.00"),  # a tie that a division blurred
    ],
)
def test_rounding_is_half_up_to_two_places(exact: str, shown: str) -> None:
    assert str(rounded(Decimal(exact))) == shown
