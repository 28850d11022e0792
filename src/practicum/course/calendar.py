"""The term: from weeks and local times to dates and instants.

Weeks begin on Monday; week 1 is the week that holds `term.start`. A holiday with `skips_week` takes its calendar weeks
out of the count. Local times become instants in the term's zone: a time that the clock shows twice means the later
one, and a time that the clock skips means the later of its two readings, so that no one loses time to the clock.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from practicum.course.assessment import Item
from practicum.course.model import Course
from practicum.course.term import Holiday, Term, When, date_or_time

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAY = timedelta(days=1)
END_OF_DAY = time(23, 59, 59)


def week_start(term: Term, number: int) -> date:
    """Return the Monday of teaching week `number`, counted from 1."""
    monday = term.start - _DAY * term.start.weekday()
    counted = 0
    while True:
        if not _skipped(term, monday):
            counted += 1
            if counted == number:
                return monday
        monday += 7 * _DAY


def week_of(term: Term, day: date) -> int | None:
    """Return the teaching week that holds `day`, or None outside the term and in a skipped week."""
    for number in range(1, term.weeks + 1):
        monday = week_start(term, number)
        if monday <= day < monday + 7 * _DAY:
            return number
    return None


def _skipped(term: Term, monday: date) -> bool:
    sunday = monday + 6 * _DAY
    return any(h.skips_week and h.first <= sunday and h.last >= monday for h in term.holiday)


def term_end(term: Term) -> date:
    """Return the last day of the term: as stated, else the Sunday of the last week."""
    return term.end or week_start(term, term.weeks) + 6 * _DAY


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
    if when.week is not None:
        weekday = _WEEKDAYS.index(when.day) if when.day else (0 if opens else 6)
        day = week_start(term, when.week) + weekday * _DAY
    else:
        day = when.on or term_end(term)
    clock = when.time or (time(0, 0, 0) if opens else END_OF_DAY)
    return local_instant(datetime.combine(day, clock), term.zone)


def due(course: Course, item: Item) -> datetime | None:
    """Return when `item` is due, in UTC, or None where it has no deadline."""
    return instant(course.term, item.due) if item.due else None


def opens(course: Course, item: Item) -> datetime | None:
    """Return when `item` is handed out, in UTC, or None where the file does not say."""
    return instant(course.term, item.out, opens=True) if item.out else None


def local(course: Course, at: datetime) -> str:
    """Write an instant as the course's clocks show it: `Fri 2027-03-19 23:59:59 CST`."""
    return at.astimezone(course.term.zone).strftime("%a %Y-%m-%d %H:%M:%S %Z")


def holiday_on(term: Term, day: date) -> Holiday | None:
    """Return the holiday that `day` falls in, if any."""
    return next((h for h in term.holiday if h.first <= day <= h.last), None)


def date_warnings(course: Course) -> Iterator[str]:
    """Yield what looks wrong with the dates: due before out, on a holiday, or outside the term."""
    last = term_end(course.term)
    for item in course.items:
        at = due(course, item)
        if at is None:
            continue
        day = at.astimezone(course.term.zone).date()
        out = opens(course, item)
        if out is not None and at < out:
            yield f"{item.name} is due ({local(course, at)}) before it is handed out ({local(course, out)})"
        holiday = holiday_on(course.term, day)
        if holiday:
            yield f"{item.name} is due on {day}, which is in {holiday.name}"
        if not course.term.start <= day <= last:
            yield f"{item.name} is due on {day}, outside the term ({course.term.start} to {last})"
