"""Every date of a course that ships follows the start of its term, and DDA4220's are those of Spring 2023."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from practicum.course.calendar import (
    date_mistakes,
    date_warnings,
    due,
    fixed_dates,
    instant,
    lab_findings,
    opens,
    session_days,
    term_end,
    term_name,
    week_of,
    week_start,
)
from practicum.course.load import parse_course
from practicum.course.model import Course
from practicum.course.workspace import course_path, courses, init
from practicum.errors import PracticumError
from tests.course.conftest import HEAD, ONE_LAB, shipped, small

# The days of the course's own schedule, month by month: (month, day).
LECTURES = {
    1: [(1, 4), (1, 9)],
    2: [(1, 11), (1, 16), (2, 8)],
    3: [(2, 13), (2, 15), (2, 20), (2, 22)],
    4: [(2, 22), (2, 27)],
    5: [(3, 1), (3, 6), (3, 8)],
    6: [(3, 13), (3, 15), (3, 20)],
    7: [(3, 22), (3, 27)],
    8: [(3, 29), (4, 3)],
    9: [(4, 12), (4, 17)],
    10: [(4, 23), (4, 24)],
    11: [(4, 26), (5, 6)],
}
TUTORIALS = {1: [(1, 11)], 2: [(2, 15)], 3: [(3, 1)], 4: [(3, 15)], 5: [(3, 27)], 6: [(4, 4)]}


def days(*pairs: tuple[int, int]) -> tuple[date, ...]:
    return tuple(date(2023, month, day) for month, day in pairs)


def instants(course: Course) -> list[datetime]:
    """Returns every point in time of a course, the edges of its holidays and of the term included."""
    edges = [day for holiday in course.term.holiday for day in course.term.days_of(holiday)]
    edges += [term_end(course.term), *(week_start(course.term, week) for week in range(1, course.term.weeks + 1))]
    midnights = [datetime(day.year, day.month, day.day, tzinfo=UTC) for day in edges]
    return [instant(course.term, when) for _, when in course.moments()] + midnights


def test_the_calendar_of_dda4220() -> None:
    course = shipped("dda4220")
    for kind, plan in (("lecture", LECTURES), ("tutorial", TUTORIALS)):
        held = {s.number: session_days(course, s) for s in course.session if s.kind == kind}
        assert held == {number: days(*pairs) for number, pairs in plan.items()}
    (exam,) = (s for s in course.session if s.kind == "exam")
    assert session_days(course, exam) == days((4, 10))
    on = course.find("midterm").exam
    assert on is not None
    assert on.on is not None
    assert instant(course.term, on.on, opens=True) == datetime(2023, 4, 9, 16, tzinfo=UTC)  # 10 April 00:00 there
    term = course.term
    assert (term.start, term_end(term)) == (date(2023, 1, 2), date(2023, 5, 14))
    assert [term.days_of(holiday) for holiday in term.holiday] == [days((1, 17), (2, 7))]
    taught = [week_start(term, week) for week in range(1, 18)]
    assert taught == [d for n in range(19) if (d := date(2023, 1, 2) + timedelta(weeks=n)) not in days((1, 23), (1, 30))]
    assert [week_of(term, day) for day in days((1, 16), (1, 25), (2, 5), (2, 8))] == [3, None, None, 4]
    zone = term.zone
    shown = {
        item.name: [at and f"{at.astimezone(zone):%m-%d %H:%M:%S}" for at in (opens(course, item), due(course, item))]
        for item in course.items
    }
    assert shown == {
        "a1": ["02-13 00:00:00", "03-19 23:59:59"],
        "a2": ["03-22 00:00:00", "04-23 23:59:59"],
        "project": ["03-01 00:00:00", "05-14 23:59:59"],
        "midterm": [None, None],
        "participation": [None, None],
    }


@pytest.mark.parametrize("name", courses())
@pytest.mark.parametrize("weeks", [1, 53, 209])
def test_everything_moves_with_the_start(tmp_path: Path, name: str, weeks: int) -> None:
    old = shipped(name)
    assert list(fixed_dates(old)) == []
    new = init(name, tmp_path / "w", old.term.start + timedelta(weeks=weeks)).course()
    assert [after - before for before, after in zip(instants(old), instants(new), strict=True)] == (
        [timedelta(weeks=weeks)] * len(instants(old))
    )
    assert (list(date_mistakes(new)), list(date_warnings(new))) == ([], [])


@pytest.mark.parametrize(
    ("name", "start", "called"),
    [
        ("dda4220", date(2027, 1, 4), "Spring 2027"),
        ("polyu", date(2028, 1, 10), "Spring 2028"),
        ("xmu", date(2026, 9, 7), "Autumn 2026"),
        ("cs324", date(2027, 6, 7), "Summer 2027"),
        ("cs324", date(2026, 11, 30), "Winter 2027"),
    ],
)
def test_the_name_of_the_term_follows(tmp_path: Path, name: str, start: date, called: str) -> None:
    made = init(name, tmp_path / "w", start)
    assert made.course().term.name == called == term_name(made.course().term)
    assert made.course_file.read_text().count("\n") == course_path(name).read_text().count("\n")


def test_a_name_of_ones_own(tmp_path: Path) -> None:
    called = 'The 2nd "term" \\ 学期 # 1'
    made = init("cs324", tmp_path / "a", date(2027, 9, 6), called)
    assert (made.course().term.name, made.course().term.start) == (called, date(2027, 9, 6))
    again = init(str(made.course_file), tmp_path / "b", term="T2")
    assert (again.course().term.name, again.course().term.start) == ("T2", date(2027, 9, 6))
    with pytest.raises(PracticumError, match=r"course\.toml:\d+: term.name: expected text that is not empty"):
        init("cs324", tmp_path / "c", term="")


@pytest.mark.parametrize("start", [date(1, 1, 1), date(9999, 12, 31)])
def test_a_start_beyond_the_calendar(tmp_path: Path, start: date) -> None:
    with pytest.raises(PracticumError, match=r"course\.toml:\d+: term.start: expected a year from 1970 to 8999, got "):
        init("cs324", tmp_path / "w", start)
    with pytest.raises(PracticumError, match=r"due(\.\w+)*: expected a year from 1970 to 8999, got "):
        small(ONE_LAB.replace("2027-03-26", start.isoformat()))


def test_dates_stay_and_are_named() -> None:
    body = """
    [[term.holiday]]
    name = "Labour Day"
    first = 2027-05-01
    last = { calendar_week = 11 }
    [[session]]
    kind = "lecture"
    title = "One"
    dates = [{ week = 1, day = "Monday" }, 2027-03-03]
    """
    course = small(body + ONE_LAB)
    assert list(fixed_dates(course)) == [
        ("term", "holiday", 0, "first"), ("session", 0, "dates", 1), ("component", 0, "item", 0, "due"),
    ]  # fmt: skip
    assert session_days(course, course.session[0]) == (date(2027, 2, 22), date(2027, 3, 3))
    assert course.term.days_of(course.term.holiday[0]) == (date(2027, 5, 1), date(2027, 5, 9))


def test_a_break_skips_whole_weeks_or_every_week_it_touches() -> None:
    def starts(holiday: str) -> list[date]:
        course = small(f'[[term.holiday]]\nname = "break"\n{holiday}\n{ONE_LAB}')
        return [week_start(course.term, week) for week in (2, 3, 4)]

    monday = {n: date(2027, 2, 22) + timedelta(weeks=n - 1) for n in range(1, 9)}
    edges = 'first = { calendar_week = 2, day = "Tuesday" }\nlast = { calendar_week = 4, day = "Tuesday" }\n'
    assert starts(edges) == [monday[2], monday[3], monday[4]]
    assert starts(edges + "skips_whole_weeks = true") == [monday[2], monday[4], monday[5]]
    assert starts(edges + "skips_week = true") == [monday[5], monday[6], monday[7]]
    working = 'first = { calendar_week = 2 }\nlast = { calendar_week = 2, day = "Friday" }\nskips_whole_weeks = true'
    assert starts(working) == [monday[3], monday[4], monday[5]]
    assert starts("first = { calendar_week = 2 }\nlast = { calendar_week = 2 }\nskips_week = true") == starts(working)


@pytest.mark.parametrize(
    ("table", "line", "message"),
    [
        ("first = 2027-05-05\nlast = 2027-05-01", 25, r"holiday\[0\].last: expected `last` on or after `first` \(2027-05-05\)"),
        ("first = { calendar_week = 9 }\nlast = 2027-04-01", 25, r"on or after `first` \(2027-04-19\), got 2027-04-01"),
        ('first = { day = "Monday" }\nlast = 2027-04-01', 24, "first: expected a date, or a table with `calendar_week`"),
        ("first = { week = 3 }\nlast = 2027-04-01", 24, r"first.week: expected a key that is known here"),
        ("first = { calendar_week = 0 }\nlast = 2027-04-01", 24, "expected a number of at least 1, got 0"),
        ("first = 2027-03-01\nlast = 2029-04-01", 25, "expected a holiday of at most a year"),
        ("first = 2027-03-01\nlast = { calendar_week = 101 }", 25, "expected a number of at most 100, got 101"),
        ("first = 0027-03-01\nlast = 2027-04-01", 24, "expected a year from 1970 to 8999, got 0027-03-01"),
        ("first = 2027-03-01\nlast = 2027-04-01\nskips_week = true\nskips_whole_weeks = true", 22, "expected one of"),
    ],
)
def test_mistakes_in_a_holiday(table: str, line: int, message: str) -> None:
    with pytest.raises(PracticumError, match=rf"course.toml:{line}: term.holiday\[0\].*") as caught:
        small(f'[[term.holiday]]\nname = "break"\n{table}\n{ONE_LAB}')
    assert caught.match(message)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("dates = [{ week = 3 }]", "expected days: dates, or tables with `week` and `day`"),
        ("dates = [2027-03-01T10:00:00]", "expected days"),
        ('dates = [{ week = 16, day = "Monday" }]', r"dates\[0\]: expected a week of the term, 1 to 15, got 16"),
        ("reading = [3]", r"reading\[0\]: expected a table, got 3"),
    ],
)
def test_mistakes_in_a_session(key: str, message: str) -> None:
    with pytest.raises(PracticumError, match=message):
        small(f'[[session]]\nkind = "lecture"\ntitle = "One"\n{key}\n{ONE_LAB}')


def test_mistakes_in_meetings() -> None:
    meeting = '[[about.meeting]]\nweekday = "Monday"\nbegins = 17:00:00\nends = 15:00:00\n'
    with pytest.raises(PracticumError, match=r"about.meeting\[0\]: expected `ends` after `begins` \(17:00:00\)"):
        small(meeting + ONE_LAB)
    with pytest.raises(PracticumError, match=r"remote_weeks\[1\]: expected a week of the term, 1 to 15, got 16"):
        small(meeting.replace("15:00:00", "19:00:00\nremote_weeks = [1, 16]") + ONE_LAB)


@pytest.mark.parametrize("end", ["2027-05-30", '{ week = 14, day = "Sunday" }', "{ week = 14 }"])
def test_the_end_of_the_term(end: str) -> None:
    head = HEAD.format(zone="UTC", late="polyu", submissions="best").replace("weeks = 15\n", f"weeks = 15\nend = {end}\n")
    assert term_end(parse_course(head + ONE_LAB).term) == date(2027, 5, 30)
    with pytest.raises(PracticumError, match=r"term\.end: expected a date, or a week of the term with its day"):
        parse_course(head.replace(end, "{ end_of_term = true }") + ONE_LAB)
    late = parse_course(head.replace(end, "2027-01-01") + ONE_LAB)
    assert [path for path, _ in date_mistakes(late)] == [("term", "end")]


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ("due = { week = 15, day = \"Sunday\" }", None),
        ("due = { week = 1, day = \"Monday\" }", None),
        ("due = 2027-06-07T00:00:00", "due"),
        ("due = 2027-02-21T23:59:59", "due"),
        ("due = 2027-06-07T07:00:00+08:00", None),  # 6 June in this course's own zone
        ("due = { week = 3 }\nout = { week = 3 }", None),
        ("due = 2027-03-08T00:00:00\nout = { week = 3 }", None),
        ("due = { week = 15 }\nexam = { on = { week = 15 } }\nout = { week = 15 }\nterm_ends_on_friday = 1", "due"),
        ("team = { formed = { week = 15 } }\nterm_ends_on_friday = 1", "formed"),
        ("due = 2027-03-01\nout = { week = 3 }", "due"),
        ("out = 2027-02-01", None),
        ("out = 2027-06-07", "out"),
        ("exam = { on = 2023-04-10 }", "on"),
        ("team = { formed = 2023-04-10 }", "formed"),
        ('checkpoint = [{ title = "Plan", due = 2023-04-10 }]', "due"),
        ('talk = [{ title = "Talk", decided = 2023-04-10 }]', "decided"),
    ],
)  # fmt: skip
def test_dates_that_cannot_be_right(lines: str, key: str | None) -> None:
    head = HEAD.format(zone="UTC", late="polyu", submissions="best")
    if lines.endswith("term_ends_on_friday = 1"):
        lines = lines.removesuffix("term_ends_on_friday = 1")
        head = head.replace("weeks = 15\n", 'weeks = 15\nend = { week = 15, day = "Friday" }\n')
    course = parse_course(head + ONE_LAB.replace("due = 2027-03-26T23:59:59", lines))
    assert [path[-1] for path, _ in date_mistakes(course)] == ([key] if key else [])


def test_a_session_outside_the_term_and_one_in_a_holiday() -> None:
    body = """
    [[term.holiday]]
    name = "Labour Day"
    first = { calendar_week = 2, day = "Monday" }
    last = { calendar_week = 2, day = "Monday" }
    [[session]]
    kind = "lecture"
    title = "One"
    dates = [2027-03-01, 2023-03-01]
    """
    course = small(body + ONE_LAB.replace("due =", "out = 2027-02-01\ndue ="))
    assert [path for path, _ in date_mistakes(course)] == [("session", 0, "dates", 1)]
    assert [sentence for _, sentence in date_warnings(course)] == [
        "Mon 2027-03-01 is in Labour Day", "handed out on Mon 2027-02-01, before the term begins (2027-02-22)",
    ]  # fmt: skip


# Labs that do not exist

OUT = date(2027, 3, 8)


def lab(lines: str, session: str = "") -> Course:
    return small(session + ONE_LAB.replace("due = 2027-03-26T23:59:59", lines))


SESSION = '[[session]]\nkind = "lab"\ntitle = "One"\nlabs = ["lab"]\n'


@pytest.mark.parametrize(
    ("course", "out", "key"),
    [
        (lab("due = { week = 5 }\nout = { week = 3 }"), OUT, ("component", 0, "item", 0, "lab")),
        (lab("due = { week = 5 }\nout = { week = 3 }", SESSION + "week = 1\n"), OUT, ("component", 0, "item", 0, "lab")),
        (lab("due = { week = 5 }", SESSION + "week = 3\n"), OUT, ("component", 0, "item", 0, "lab")),
        (lab("due = { week = 5 }", SESSION + 'dates = [2027-03-19, { week = 3, day = "Monday" }]\n'), OUT, None),
        (lab("due = 2027-03-08"), OUT, None),
        (small(SESSION + "week = 3\n" + ONE_LAB.replace('"lab"', '"there"')), OUT, ("session", 0, "labs", 0)),
        (lab(""), None, None),
    ],
)  # fmt: skip
def test_a_lab_that_does_not_exist(course: Course, out: date | None, key: tuple[str | int, ...] | None) -> None:
    known = ["labb", "there"]
    if out is None:
        ((path, sentence, wrong),) = lab_findings(course, known, date.max)
        assert (wrong, sentence) == (
            False, "lab lab does not exist yet (did you mean `labb`?); it is handed out on a day that is not stated",
        )  # fmt: skip
        return
    ((path, sentence, wrong),) = lab_findings(course, known, out - timedelta(days=1))
    expected = "lab lab does not exist yet (did you mean `labb`?); it is handed out in week 3 (2027-03-08)"
    assert (wrong, sentence) == (False, expected)
    assert key is None or path == key
    ((path, sentence, wrong),) = lab_findings(course, known, out)
    assert wrong
    assert sentence.startswith(
        "expected a lab that exists, since it is handed out on 2027-03-08, got `lab` (did you mean `labb`?)"
    )
    ((path, sentence, wrong),) = lab_findings(course, known, out, ["lab"])
    assert not wrong
    assert list(lab_findings(course, [*known, "lab"], out)) == []


def test_a_lab_of_a_part_of_a_part() -> None:
    inner = 'part = [{ name = "p", points = 100, part = [{ name = "q", points = 40, lab = "x" }, { name = "r", points = 60 }] }]'
    course = small(ONE_LAB.replace('lab = "lab"', inner))
    ((path, _, wrong),) = lab_findings(course, [], date.max)
    assert path == ("component", 0, "item", 0, "part", 0, "part", 0, "lab")
    assert wrong


@pytest.mark.parametrize("name", courses())
def test_every_course_that_ships_is_sound_on_its_first_day(name: str) -> None:
    from practicum.labs.lab import lab_folders

    course = shipped(name)
    assert list(date_mistakes(course)) == []
    assert [lab for _, lab, wrong in lab_findings(course, lab_folders(), course.term.start) if wrong] == []
