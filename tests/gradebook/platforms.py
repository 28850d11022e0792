"""The import rules of Canvas, Moodle and Blackboard, applied to a gradebook that is there already.

Written from the platforms' rules alone, with nothing of the exports they judge: an import may refuse a file as a whole
(`Refused`), and it clears, deletes, drops and makes columns as the platform does.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field

Scores = dict[str, dict[str, str]]
"""Per column (by its number, new ones by `new:TITLE`), the score by user number."""


class Refused(Exception):
    """The platform takes nothing of this file."""


@dataclass
class User:
    """A user of a platform."""

    number: str
    name: str
    sortable: str
    sis: str = ""
    login: str = ""
    email: str = ""


@dataclass
class Site:
    """A course on a platform: users, columns by number with their titles, and scores."""

    users: list[User]
    columns: dict[str, str]
    scores: Scores = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def put(self, column: str, user: str, cell: str) -> None:
        """Set a score; an empty one takes away what is there."""
        own = self.scores.setdefault(column, {})
        if cell in ("", "-"):
            own.pop(user, None)
        else:
            own[user] = cell

    def new_column(self, title: str) -> str:
        """Make a column."""
        number = f"new:{title}"
        self.columns[number] = title
        return number


class Canvas(Site):
    """Imports and exports as Canvas does."""

    def take(self, text: str) -> None:
        """Import a file."""
        first = text.splitlines(keepends=True)[:3]
        width = {}
        for separator in ";,":
            try:
                widths = {len(next(csv.reader([line], delimiter=separator, strict=True), [])) for line in first}
            except csv.Error:
                widths = {0, 1}
            width[separator] = widths.pop() if len(widths) == 1 else 0
        separator = ";" if width[";"] > width[","] else ","
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=separator, strict=True) if row]
        header, places = rows[0], self._header(rows[0])
        columns = {}
        for place in places:
            heading = header[place]
            if re.search(r"(Current|Final) (Score|Points|Grade)|Override (Score|Grade|Status)", heading):
                self.dropped.append(heading)
                continue
            found = re.fullmatch(r"(.*)\s\((\d+)\)", heading, re.DOTALL)
            number = found[2] if found and found[2] in self.columns else None
            number = number or next((n for n, title in self.columns.items() if title == heading), None)
            columns[number or self.new_column(found[1] if found else heading)] = header.index(heading)
        for row in rows[1:]:
            if "Points Possible" in row[0] or all(re.fullmatch(r"\s*(Muted|Manual Posting.*)?\s*", c, re.I) for c in row):
                continue
            user = self._user(row)
            for number, place in columns.items():
                self.put(number, user, _point(row[place].strip()))

    def _header(self, header: list[str]) -> range:
        if len(header) < 4 or "Student" not in header[0] or "ID" not in header[1]:
            raise Refused("Invalid header row")
        known = 3
        if "SIS Login ID" in header[2]:
            known = 4
        elif "SIS User ID" in header[2] and "SIS Login ID" in header[3]:
            known = 5
        if "Section" not in header[known - 1]:
            raise Refused("Invalid header row")
        return range(known, len(header))

    def _user(self, row: list[str]) -> str:
        tests = (
            lambda user: user.number == row[1],
            lambda user: row[2] and user.sis == row[2],
            lambda user: row[3] and user.login == row[3],
            lambda user: row[0] in (user.name, user.sortable),
        )
        for test in tests:
            for user in self.users:
                if test(user):
                    return user.number
        self.unknown.append(row[0])
        return f"unknown:{row[0]}"

    def export(self, separator: str = ",", comma: bool = False) -> str:
        """Write the gradebook."""
        out = io.StringIO()
        writer = csv.writer(out, delimiter=separator, lineterminator="\n")
        numbers = list(self.columns)
        writer.writerow(
            [
                "Student",
                "ID",
                "SIS User ID",
                "SIS Login ID",
                "Section",
                *(f"{self.columns[n]} ({n})" for n in numbers),
                "Final Score",
            ]
        )
        writer.writerow(["    Points Possible", "", "", "", "", *("10" for _ in numbers), "(read only)"])
        for user in self.users:
            cells = [self.scores.get(n, {}).get(user.number, "") for n in numbers]
            cells = [cell.replace(".", ",") for cell in cells] if comma else cells
            writer.writerow([user.sortable.replace("\r", " "), user.number, user.sis, user.login, "L1", *cells, "80"])
        return out.getvalue()


_FIELDS = {"ID number": "sis", "Email address": "email", "Username": "login"}


class Moodle(Site):
    """Imports and exports as Moodle does; the teacher maps a column to the field of the same name."""

    def take(self, text: str, mapped: str = "ID number") -> None:
        """Import a file, wholly or not at all."""
        rows = list(csv.reader(io.StringIO(text), strict=True))
        header, changes = rows[0], []
        items: dict[int, str] = {}
        for place, heading in enumerate(header):
            if heading.endswith("(Real)"):
                title = heading.removesuffix("(Real)").strip()
                matching = [n for n, known in self.columns.items() if title in (known, f"Assignment: {known}")]
                items[place] = matching[0] if matching else self.new_column(title.removeprefix("Assignment: "))
        for row in rows[1:]:
            if len(row) != len(header):
                raise Refused("a row of another length")
            who = row[header.index(mapped)]
            users = [user for user in self.users if who and getattr(user, _FIELDS[mapped]) == who]
            if len(users) != 1:
                raise Refused(f"unknown user {who}")
            for place, number in items.items():
                cell = row[place].strip()
                if cell not in ("", "-") and not (re.fullmatch(r"-?\d+([.,]\d+)?", cell) and float(_point(cell)) <= 100):
                    raise Refused(f"bad grade {cell}")
                changes.append((number, users[0].number, _point(cell)))
        for change in changes:
            self.put(*change)

    def export(self, separator: str = ",", comma: bool = False) -> str:
        """Write the grades."""
        out = io.StringIO()
        writer = csv.writer(out, delimiter=separator, lineterminator="\n")
        writer.writerow(
            ["First name", "Last name", "ID number", "Email address", *(f"Assignment: {t} (Real)" for t in self.columns.values())]
        )
        for user in self.users:
            cells = [self.scores.get(n, {}).get(user.number, "-") for n in self.columns]
            cells = [cell.replace(".", ",") for cell in cells] if comma else cells
            writer.writerow([user.name.replace("\r", " ") or "x", "y", user.sis, user.email, *cells])
        return out.getvalue()


class Blackboard(Site):
    """Uploads and downloads as Blackboard does; that an empty cell clears a score is assumed, not known."""

    def take(self, text: str) -> None:
        """Upload a file."""
        rows = list(csv.reader(io.StringIO(text), strict=True))
        header = rows[0]
        if "Username" not in header:
            raise Refused("no username")
        columns = {}
        for place, heading in enumerate(header):
            if heading in ("Last Name", "First Name", "Username", "Student ID"):
                continue
            found = re.fullmatch(r"(.*)\|\s*(\w+)", heading, re.DOTALL)
            if found and found[2] in self.columns:
                columns[found[2]] = place
            elif found:
                raise Refused(f"no column {found[2]}")
            else:
                columns[self.new_column(heading)] = place
        for row in rows[1:]:
            user = next((user.number for user in self.users if user.login == row[header.index("Username")]), None)
            if user is None:
                self.unknown.append(row[0])
                continue
            for number, place in columns.items():
                self.put(number, user, row[place].strip())

    def export(self, separator: str = "\t", comma: bool = False) -> str:
        """Write the gradebook."""
        out = io.StringIO()
        writer = csv.writer(out, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\n")
        heads = [f"{title} [Total Pts: 10 Score] |{number}" for number, title in self.columns.items()]
        writer.writerow(["Last Name", "First Name", "Username", "Student ID", "Last Access", "Availability", *heads])
        for user in self.users:
            cells = [self.scores.get(n, {}).get(user.number, "Needs Grading") for n in self.columns]
            writer.writerow(["y", user.name or "x", user.login, user.sis, "", "Yes", *cells])
        return out.getvalue()


def _point(cell: str) -> str:
    """Read a number in either notation, as Canvas and Moodle do."""
    if not re.fullmatch(r"-?[\d.,]+", cell):
        return cell
    *whole, last = re.split(r"[.,]", cell)
    return f"{''.join(whole)}.{last}" if whole else last
