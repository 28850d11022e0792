"""The forms shared by all tables of the course file, and its table `[term]`."""

import datetime as dt
import re
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator


def _name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", value):
        raise ValueError("expected a name of lower-case letters, digits and hyphens")
    return value


Name = Annotated[str, AfterValidator(_name)]
Text = Annotated[str, Field(min_length=1)]
Points = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]
Weekday = Literal["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]


class Table(BaseModel):
    """A table of the course file: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class When(Table):
    """A point in time: a date, a week of the term, or the end of the term.

    Written as `2023-03-19T23:59:59` (local to the term's zone unless it states its own),
    `{ week = 4, day = "Friday", time = 18:00:00 }` or `{ end_of_term = true }`. Without a day or time, what opens
    opens on Monday at 00:00:00 and what is due is due on Sunday at 23:59:59.
    """

    at: dt.datetime | None = None
    week: Annotated[int, Field(ge=1)] | None = None
    day: Weekday | None = None
    end_of_term: bool = False
    time: dt.time | None = None
    on: dt.date | None = None

    @model_validator(mode="before")
    @classmethod
    def _date_alone(cls, value: Any) -> Any:
        """Take a date alone for the day, and never a number for the seconds since 1970."""
        at = value.get("at") if isinstance(value, dict) else None
        if at is None or isinstance(at, dt.datetime):
            return value
        read = date_or_time(at) if isinstance(at, str) else at
        if not isinstance(read, dt.date):
            raise ValueError("expected a date such as 2027-03-19, or a date and time such as 2027-03-19T23:59:59")
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
    if isinstance(value, dt.datetime) or (isinstance(value, str) and date_or_time(value)):
        return {"at": value}
    return {"on": value} if isinstance(value, dt.date) else value


Moment = Annotated[When, BeforeValidator(_when)]


class Holiday(Table):
    """Days without teaching. With `skips_week`, the weeks of the term are counted past it."""

    name: Text
    first: dt.date
    last: dt.date
    skips_week: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError(f"expected `last` on or after `first` ({self.first})")
        return self


class Term(Table):
    """The term: all week-relative dates follow from `start`."""

    name: Text
    start: dt.date
    weeks: Annotated[int, Field(ge=1, le=60)]
    timezone: Text
    end: dt.date | None = None
    holiday: tuple[Holiday, ...] = ()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, OSError, ValueError):  # unknown, a folder, not a name
            raise ValueError("expected a time zone such as `Asia/Shanghai`") from None
        return value

    @cached_property
    def zone(self) -> ZoneInfo:
        """The zone in which local times of the course are meant."""
        return ZoneInfo(self.timezone)
