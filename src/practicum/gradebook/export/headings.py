"""Headings that a platform neither drops nor refuses nor takes for another column's."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from practicum.course.roster.spelling import folded
from practicum.errors import PracticumError
from practicum.gradebook.export.current import same_heading
from practicum.gradebook.export.sheet import Column, one_line

Trouble = Callable[[str], str]
"""Says what the platform would do to a heading, such as `drops such a column`; nothing where it takes it."""


class Numbers(NamedTuple):
    """How a platform numbers its columns: what it is called, the form of a number, and where in a heading it stands."""

    platform: str
    form: re.Pattern[str]
    where: str


def numbered(columns: Sequence[Column], numbers: Numbers, there: Mapping[str, str]) -> Iterator[tuple[Column, str]]:
    """Yield the columns that the platform has already, each with its number: the one under `lms`, else found by the title.

    Args:
        columns: ours.
        numbers: of the platform.
        there: the titles of the platform's columns by their numbers, as far as they are known.

    Raises:
        PracticumError: what stands under `lms` is no number, or two columns have one.
    """
    owners: dict[str, str] = {}
    key = numbers.platform.lower()
    for column in columns:
        number: str = getattr(column.item.lms, key) if column.item else ""
        if number and not numbers.form.fullmatch(number):
            raise PracticumError(f"item `{column.name}`: expected under `lms` for `{key}` {numbers.where}, got {number!r}")
        by_title = [known for known, title in there.items() if same_heading(title, column.title)]
        if not number and len(by_title) == 1:
            number = by_title[0]
        if number and (other := owners.setdefault(number, column.name)) != column.name:
            raise PracticumError(
                f"item `{column.name}`: expected a {numbers.platform} column of its own, got {number}, that of `{other}`"
            )
        if number:
            yield column, number


def safe_titles(
    columns: Sequence[Column], platform: str, trouble: Trouble, taken: Sequence[str]
) -> tuple[dict[str, str], list[str]]:
    """Return a title for each column that is to be made anew or found by its title, and a warning for each renamed one.

    A title that the platform would misread, or that two columns share, gives way to the item's name.

    Args:
        columns: the columns without a number of the platform's.
        platform: what it is called.
        trouble: what it would do to a title.
        taken: headings that are there already, for something else.

    Raises:
        PracticumError: not even the names are safe and different.
    """
    occupied = {folded(heading) for heading in taken}
    wanted = {column.name: one_line(column.title) or column.name for column in columns}
    counts: dict[str, int] = {}
    for title in wanted.values():
        counts[folded(title)] = counts.get(folded(title), 0) + 1
    titles, warnings = {}, []
    for name, title in wanted.items():
        why = trouble(title) or ("has a column of this name for something else" if folded(title) in occupied else "")
        if not why and counts[folded(title)] > 1:
            why = "would take two columns of one name for one"
        if why:
            warnings.append(f"{name}: exported as `{name}`, since {platform} {why}: `{title}`")
        titles[name] = name if why else title
    seen: dict[str, str] = {}
    for name, title in titles.items():
        twin = seen.setdefault(folded(title), name)
        why = trouble(title) or ("has a column of this name for something else" if folded(title) in occupied else "")
        if twin != name or why:
            raise PracticumError(
                f"item `{name}`: expected a title that {platform} can tell from others, got `{title}`"
                + (f" like item `{twin}`" if twin != name else f", but {platform} {why}")
                + f"; give it another title, or its {platform} column under `lms` in course.toml"
            )
    return titles, warnings
