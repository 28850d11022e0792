"""The forms shared by all tables of the course file, and its table `[term]`.

Weeks begin on Monday. A *week* is a teaching week, counted past the weeks that a holiday skips; a *calendar week* is
counted from the start of the term and leaves none out. Both move with the start; a date stays where it is.
"""

import datetime as dt
import re
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

D = TypeVar("D", bound=dt.date)

_NO_MOMENT = "expected a date such as 2027-03-19, or a date and time such as 2027-03-19T23:59:59"


def _name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", value):
        raise ValueError("expected a name of lower-case letters, digits and hyphens")
    return value


def _present(value: D) -> D:
    if not 1970 <= value.year < 9000:  # beyond, weeks and time zones soon run off the calendar
        raise ValueError("expected a year from 1970 to 8999")
    return value


Name = Annotated[str, AfterValidator(_name)]
Date = Annotated[dt.date, AfterValidator(_present)]
Clock = Annotated[dt.time, Field(strict=True)]
DateTime = Annotated[dt.datetime, AfterValidator(_present)]
Text = Annotated[str, Field(min_length=1)]
Points = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]
Weekday = Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
WEEKDAYS: tuple[Weekday, ...] = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
DAY = dt.timedelta(days=1)


class Table(BaseModel):
    """A table of the course file: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class When(Table):
    """A point in time: a date, a week of the term, or the end of the term.

    Written as `2023-03-19T23:59:59` (local to the term's zone unless it states its own),
    `{ week = 4, day = "Friday", time = 18:00:00 }` or `{ end_of_term = true }`. Without a day or time, what opens
    opens on Monday at 00:00:00 and what is due is due on Sunday at 23:59:59.
    """

    at: DateTime | None = None
    week: Annotated[int, Field(ge=1)] | None = None
    day: Weekday | None = None
    end_of_term: bool = False
    time: dt.time | None = None
    on: Date | None = None

    @model_validator(mode="before")
    @classmethod
    def _date_alone(cls, value: Any) -> Any:
        """Take a date alone for the day, and never a number for the seconds since 1970."""
        at = value.get("at") if isinstance(value, dict) else None
        if at is None or isinstance(at, dt.datetime):
            return value
        read = date_or_time(at) if isinstance(at, str) else at
        if not isinstance(read, dt.date):
            raise ValueError(_NO_MOMENT)
        if isinstance(read, dt.datetime):
            return {**value, "at": read}
        if value.get("on") is not None:
            return value
        return {**{key: each for key, each in value.items() if key != "at"}, "on": read}

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = [self.at is not None, self.week is not None, self.end_of_term, self.on is not None]
        if sum(forms) != 1:
            raise ValueError("expected a date and time, or a table with one of `week`, `on` and `end_of_term = true`")
        if (self.day and self.week is None) or (self.time and self.at is not None):
            raise ValueError("expected `day` only with `week`, and `time` only with a week, a plain date or the end of term")
        return self


def date_or_time(text: str) -> dt.date | None:
    """Return what an ISO text says: a date (also `20270319`, `2027W115`), a date and time, or None if it is neither."""
    for read in (dt.date.fromisoformat, dt.datetime.fromisoformat):
        try:
            return read(text)
        except ValueError:
            continue
    return None


def _when(value: object) -> object:
    if isinstance(value, str) and (value := date_or_time(text := value)) is None:
        raise ValueError(f"{_NO_MOMENT}, got {text!r}")
    if isinstance(value, dt.datetime):
        return {"at": value}
    return {"on": value} if isinstance(value, dt.date) else value


Moment = Annotated[When, BeforeValidator(_when)]


class HolidayDay(Table):
    """The edge of a holiday: a date, or `{ calendar_week = 7, day = "Monday" }`, which moves with the start of the term."""

    on: Date | None = None
    calendar_week: Annotated[int, Field(ge=1, le=100)] | None = None
    day: Weekday | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.on is None) == (self.calendar_week is None) or (self.on and self.day):
            raise ValueError("expected a date, or a table with `calendar_week` and `day`")
        return self


def _edge(value: object) -> object:
    return {"on": value} if isinstance(value, dt.date) and not isinstance(value, dt.datetime) else value


Edge = Annotated[HolidayDay, BeforeValidator(_edge)]


class Holiday(Table):
    """Days without teaching.

    With `skips_week`, every week that it touches leaves the count of weeks; with `skips_whole_weeks`, only those that it
    covers from Monday to Friday. Without a `day`, it begins on Monday and ends on Sunday.
    """

    name: Text
    first: Edge
    last: Edge
    skips_week: bool = False
    skips_whole_weeks: bool = False

    @model_validator(mode="after")
    def _one_way_to_skip(self) -> Self:
        if self.skips_week and self.skips_whole_weeks:
            raise ValueError("expected one of `skips_week` and `skips_whole_weeks`")
        return self


class Resource(Table):
    """Something to read, watch or be given. Written as its title alone, or as `{ title = "…", link = "…" }`."""

    title: Text
    link: str = ""
    notes: str = ""


Material = Annotated[Resource, BeforeValidator(lambda value: {"title": value} if isinstance(value, str) else value)]


class Term(Table):
    """The term: all week-relative dates follow from `start`."""

    name: Text
    start: Date
    weeks: Annotated[int, Field(ge=1, le=60)]
    timezone: Text
    end: Moment | None = None
    holiday: tuple[Holiday, ...] = ()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, OSError, ValueError):  # unknown, a folder, not a name
            raise ValueError("expected a time zone such as `Asia/Shanghai`") from None
        return value

    @field_validator("end")
    @classmethod
    def _end_is_a_day(cls, value: When | None) -> When | None:
        if value is not None and (value.at or value.end_of_term or value.time):
            raise ValueError("expected a date, or a week of the term with its day")
        return value

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone in which local times of the course are meant."""
        return ZoneInfo(self.timezone)

    @cached_property
    def monday(self) -> dt.date:
        """The Monday of week 1."""
        return self.start - DAY * self.start.weekday()

    def days_of(self, holiday: Holiday) -> tuple[dt.date, dt.date]:
        """Return the first and the last day of a holiday."""
        return self._day(holiday.first, "Monday"), self._day(holiday.last, "Sunday")

    def _day(self, edge: HolidayDay, default: Weekday) -> dt.date:
        if edge.calendar_week is None:
            assert edge.on is not None
            return edge.on
        return self.monday + DAY * (7 * (edge.calendar_week - 1) + WEEKDAYS.index(edge.day or default))
