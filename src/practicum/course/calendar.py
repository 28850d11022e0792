"""The term: from weeks and local times to dates and instants, and which of them cannot be right.

Weeks begin on Monday; week 1 is the week that holds `term.start`. Holidays may take their weeks out of the
count. Local times become instants in the term's zone: a time that the clock shows twice means the later one, and a time
that the clock skips means the later of its two readings, so that no one loses time to the clock.
"""

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, time, tzinfo

from practicum.course.assessment import Item
from practicum.course.model import Course, Session
from practicum.course.term import DAY, WEEKDAYS, Holiday, Term, Weekday, When, date_or_time
from practicum.errors import suggestion
from practicum.toml import KeyPath

END_OF_DAY = time(23, 59, 59)


def week_start(term: Term, number: int) -> date:
    """Return the Monday of teaching week `number`, counted from 1."""
    monday = term.monday
    counted = 0
    while True:
        if not _skipped(term, monday):
            counted += 1
            if counted == number:
                return monday
        monday += 7 * DAY


def week_of(term: Term, day: date) -> int | None:
    """Return the teaching week that holds `day`, or None outside the term and in a skipped week."""
    for number in range(1, term.weeks + 1):
        monday = week_start(term, number)
        if monday <= day < monday + 7 * DAY:
            return number
    return None


def _skipped(term: Term, monday: date) -> bool:
    for holiday in term.holiday:
        first, last = term.days_of(holiday)
        touched = first <= monday + 6 * DAY and last >= monday
        if holiday.skips_week and touched:
            return True
        if holiday.skips_whole_weeks and first <= monday and last >= monday + 4 * DAY:
            return True
    return False


def term_end(term: Term) -> date:
    """Return the last day of the term: as stated, else the Sunday of the last week."""
    if term.end is None:
        return week_start(term, term.weeks) + 6 * DAY
    return _stated_day(term, term.end, "Sunday")


def _stated_day(term: Term, when: When, default: Weekday) -> date:
    """Return the day that `when` names; `default` is the weekday where it names only a week."""
    if when.week is not None:
        return week_start(term, when.week) + WEEKDAYS.index(when.day or default) * DAY
    return when.on or term_end(term)


def read_moment(text: str, zone: tzinfo) -> datetime | None:
    """Return the moment that somebody wrote in ISO form, or None. A date alone, also `20270319`, means the end of that day.

    Args:
        text: such as `2027-03-19 23:59:59`, or with a zone of its own, `2027-03-19T23:59:59+08:00`.
        zone: where the text states none.
    """
    at = date_or_time(text)
    if at is None:
        return None
    if not isinstance(at, datetime):
        at = datetime.combine(at, END_OF_DAY)
    return at if at.tzinfo else local_instant(at, zone)


def local_instant(local: datetime, zone: tzinfo) -> datetime:
    """Return the instant, in UTC, at which a clock in `zone` shows `local`; the later one where there are two."""
    return max(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))


def instant(term: Term, when: When, *, opens: bool = False) -> datetime:
    """Return the instant, in UTC, that `when` means.

    Args:
        term: gives start, weeks, holidays and zone.
        when: the point in time as the course file states it.
        opens: a missing day and time mean Monday 00:00:00 rather than Sunday 23:59:59.
    """
    if when.at is not None:
        return when.at.astimezone(UTC) if when.at.tzinfo else local_instant(when.at, term.zone)
    day = _stated_day(term, when, "Monday" if opens else "Sunday")
    clock = when.time or (time(0, 0, 0) if opens else END_OF_DAY)
    return local_instant(datetime.combine(day, clock), term.zone)


def due(course: Course, item: Item) -> datetime | None:
    """Return when `item` is due, in UTC, or None where it has no deadline."""
    return instant(course.term, item.due) if item.due else None


def opens(course: Course, item: Item) -> datetime | None:
    """Return when `item` is handed out, in UTC, or None where the file does not say."""
    return instant(course.term, item.out, opens=True) if item.out else None


def session_days(course: Course, session: Session) -> tuple[date, ...]:
    """Return the days on which a session is held, in order; none where the file says at most its week."""
    return tuple(sorted(_day(course.term, when) for when in session.dates))


def _day(term: Term, when: When, path: KeyPath = ()) -> date:
    """Return the local day of a moment; without a day of the week, only what is due means the week's end."""
    return instant(term, when, opens=path[-1:] not in (("due",), ("formed",))).astimezone(term.zone).date()


def local(course: Course, at: datetime) -> str:
    """Write an instant as the course's clocks show it: `Fri 2027-03-19 23:59:59 CST`."""
    return at.astimezone(course.term.zone).strftime("%a %Y-%m-%d %H:%M:%S %Z")


def holiday_on(term: Term, day: date) -> Holiday | None:
    """Return the holiday that `day` falls in, if any."""
    return next((h for h in term.holiday if (days := term.days_of(h))[0] <= day <= days[1]), None)


def term_name(term: Term) -> str:
    """Return what a term is called by default: `Spring 2027`, by the month in which its middle lies."""
    middle = week_start(term, (term.weeks + 1) // 2)
    season = {1: "Winter", **dict.fromkeys(range(2, 6), "Spring"), **dict.fromkeys(range(6, 9), "Summer")}
    return f"{season.get(middle.month, 'Autumn')} {middle.year}"


def fixed_dates(course: Course) -> Iterator[KeyPath]:
    """Yield where the file states a date, which does not move with the start of the term."""
    for h, holiday in enumerate(course.term.holiday):
        yield from (("term", "holiday", h, key) for key in ("first", "last") if getattr(holiday, key).on)
    yield from (path for path, when in course.moments() if when.at or when.on)


def date_mistakes(course: Course) -> Iterator[tuple[KeyPath, str]]:
    """Yield which dates cannot be right: outside the term, or due before it is handed out."""
    first, last = course.term.monday, term_end(course.term)
    if last < first:
        yield ("term", "end"), f"expected a day after the start of the term ({course.term.start}), got {last}"
        return
    for path, when in course.moments():
        day = _day(course.term, when, path)
        if day > last or (day < first and path[-1] != "out"):
            hint = "write a week and a day, which move with the start of the term" if when.week is None else "see `term.end`"
            yield path, f"expected a day of the term ({first} to {last}), got {day:%a %Y-%m-%d}; {hint}"
    for path, item in course.items_at():
        at, out = due(course, item), opens(course, item)
        if at is not None and out is not None and at < out:
            yield (*path, "due"), f"expected a time after the hand-out ({local(course, out)}), got {local(course, at)}"


def date_warnings(course: Course) -> Iterator[tuple[KeyPath, str]]:
    """Yield which dates look wrong: in a holiday, or a hand-out before the term."""
    for path, when in course.moments():
        day = _day(course.term, when, path)
        holiday = holiday_on(course.term, day) if when.day or when.week is None else None
        if holiday and path[-1] != "out":
            yield path, f"{day:%a %Y-%m-%d} is in {holiday.name}"
        if path[-1] == "out" and day < course.term.monday:
            yield path, f"handed out on {day:%a %Y-%m-%d}, before the term begins ({course.term.start})"


def unwritten_labs(course: Course, known: Collection[str]) -> dict[str, tuple[KeyPath, date | None]]:
    """Return the labs that the course names and that do not exist: where each is named first, and when it is handed out.

    A lab is handed out with its item; where the file does not say when, on the first day of a session that names it;
    else it is wanted at the latest when it is due.
    """
    places: dict[str, KeyPath] = {}
    days: dict[str, list[tuple[int, date]]] = {}  # the first number says which kind of day goes before the others

    def named(lab: str, path: KeyPath, *ranked: tuple[int, date | None]) -> None:
        if lab not in known:
            places.setdefault(lab, path)
            days.setdefault(lab, []).extend((rank, day) for rank, day in ranked if day)

    for path, item in course.items_at():
        out, end = (at and _local_day(course, at) for at in (opens(course, item), due(course, item)))
        for below, part in (((), item), *item.paths()):
            if part.lab:
                named(part.lab, (*path, *below, "lab"), (0, out), (2, end))
    for s, session in enumerate(course.session):
        first = next(iter(session_days(course, session)), week_start(course.term, session.week) if session.week else None)
        for n, lab in enumerate(session.labs):
            named(lab, ("session", s, "labs", n), (1, first))
    return {lab: (path, min(days[lab])[1] if days[lab] else None) for lab, path in places.items()}


def _local_day(course: Course, at: datetime) -> date:
    return at.astimezone(course.term.zone).date()


def lab_findings(
    course: Course, known: Collection[str], on: date, without: Collection[str] = ()
) -> Iterator[tuple[KeyPath, str, bool]]:
    """Yield the labs that do not exist: where, a sentence, and whether it is a mistake because the hand-out has come.

    Args:
        course: the course.
        known: the labs that exist.
        on: the day as of which to judge.
        without: labs that are graded although they do not exist: there is work or a mark for them.
    """
    for lab, (path, day) in unwritten_labs(course, known).items():
        close = suggestion(lab, known)
        if lab in without:
            yield path, f"lab {lab} does not exist{close}; there are marks or submissions for it", False
        elif day is not None and day <= on:
            todo = f"; write it (`practicum lab new {lab}`), or name another lab or none"
            yield path, f"expected a lab that exists, since it is handed out on {day}, got `{lab}`{close}{todo}", True
        else:
            week = week_of(course.term, day) if day else None
            when = f"in week {week} ({day})" if week else (f"on {day}" if day else "on a day that is not stated")
            yield path, f"lab {lab} does not exist yet{close}; it is handed out {when}", False
