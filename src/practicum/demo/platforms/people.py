"""The invented class itself: who is in it, what each platform calls them, what they submitted and when."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from zlib import crc32

Files = dict[str, bytes]

# Given and family name. Two persons share a name, one name is in decomposed letters, one begins like a formula.
_NAMES = """
Jo/Doe Ana/García-Núñez 小明/王 丽/欧阳 Zoë/Müller-Lüdenscheidt François/Lefèvre Søren/Østergård Ngọc/Nguyễn 子轩/陈
Mary-Jane/O'Neil Wing_Yan/Chan Łukasz/Żółć 美玲/張 José_María/de_la_Cruz Ivan/Ивано́в Jürgen/Groß 伟/李 Aoife/Ní_Bhriain
Bjørn/Åkesson Tai_Man/Chan 伟/李 Çağla/Şahin D'Arcy/St._John 雨桐/赵 Anne-Sophie/Dupont-Durand Noor/van_der_Berg Iñaki/Etxeberria
하늘/김 さくら/佐藤 Petra/Dvořáková Théo/Brûlé Li/Xu Ada/Lovelace_(Byron) Omar/Al-Khwārizmī 嘉欣/黃 Rene/Descartes_Jr.
Giulia/D’Angelo 静/孙 Siobhán/MacDonald +Max/Power
"""


@dataclass(frozen=True)
class Person:
    """One person, by every name that a platform has for them.

    Attributes:
        id: the university's number: Canvas' SIS user id, Moodle's ID number, Blackboard's student id.
        login: the login name at Canvas.
        given: given name.
        family: family name.
        email: e-mail address.
        sections: sections of the course; a person may be in two.
        canvas_id: Canvas' own number.
        username: the login name at Blackboard.
    """

    id: str
    login: str
    given: str
    family: str
    email: str
    sections: tuple[str, ...]
    canvas_id: int
    username: str

    @property
    def full(self) -> str:
        """The name as it is read."""
        return f"{self.given} {self.family}"

    @property
    def sortable(self) -> str:
        """The name as it is sorted."""
        return f"{self.family}, {self.given}"


@dataclass(frozen=True)
class Submitted:
    """One attempt: files, text typed into the platform, or a link. `at` is the true time."""

    at: datetime
    files: Files = field(default_factory=dict)
    text: str = ""
    link: str = ""


@dataclass(frozen=True)
class Assignment:
    """One assignment of the platform.

    Attributes:
        title: its title.
        number: the platform's number of it.
        due: the deadline; what comes after it is late. Its zone is the one that the platform shows times in.
        submissions: by the person's id, oldest first; of a team, by the id of the member who submitted.
        teams: the team's name by the person's id, for team work.
        points: the most that it gives.
        scores: the scores so far by the person's id; None means excused.
        manual_posting: the lecturer posts the grades by hand.
    """

    title: str
    number: int
    due: datetime
    submissions: Mapping[str, Sequence[Submitted]]
    teams: Mapping[str, str] = field(default_factory=dict)
    points: int = 10
    scores: Mapping[str, Decimal | None] = field(default_factory=dict)
    manual_posting: bool = False

    def participant(self, person: Person) -> int:
        """Moodle's number of a participant, which is another in each assignment."""
        return 10_000 + 97 * (self.number % 500) + person.canvas_id % 97 + 100_000 * (person.canvas_id // 97 % 9)

    def group(self, team: str) -> int:
        """Moodle's number of a group."""
        return 77 + sorted(set(self.teams.values())).index(team)


@dataclass(frozen=True)
class PlatformClass:
    """A class with its assignments, at the moment when the lecturer downloads."""

    people: Sequence[Person]
    assignments: Sequence[Assignment]
    downloaded: datetime
    course: str = "DDA4220"


def invented_people(count: int = 40) -> list[Person]:
    """Return people with Chinese, accented and hyphenated names, and ids that differ from platform to platform."""
    found, names = [], _NAMES.split()
    for n in range(count):
        given, _, family = names[n % len(names)].replace("_", " ").partition("/")
        own = f"s{n + 1:04}"
        sections = ("Lab A", "Lab B") if n == 1 else ("Lab A" if n % 2 else "Lab B",)
        # Some usernames hold the `_` that separates the parts of a file's name, and some of the letters are capital.
        username = f"{own}_x_{n}" if n % 7 == 3 else own.upper() if n % 7 == 5 else own
        found.append(Person(own, f"login{n + 1}", given, family, f"{own}@uni.example", sections, 40_013 + 31 * n, username))
    return found


def invented_class(
    answer: Callable[[str], Files],
    due: datetime,
    *,
    title: str = "Lab 1",
    count: int = 40,
    teams: bool = False,
    seed: int = 0,
) -> PlatformClass:
    """Return a class in which people submit on time, late, twice, only text, only a link, with odd names, or nothing.

    Args:
        answer: the files that a person submits, by their id; called once per attempt.
        due: the deadline, with the zone of the platform.
        title: the assignment's title.
        count: how many people.
        teams: they submit in teams of three; the last person has none.
        seed: of the times.
    """
    draw = random.Random(f"{seed} {title}")
    people = invented_people(count)
    of_team = {p.id: f"Group {n // 3 + 1}" for n, p in enumerate(people[:-1])} if teams else {}
    who = [p for n, p in enumerate(people) if not teams or n % 3 == 0 or n == count - 1]

    def before(hours: float) -> datetime:
        return due - timedelta(seconds=round(hours * 3600))

    kinds: dict[str, Callable[[str], list[Submitted]]] = {
        "on time": lambda own: [Submitted(before(draw.uniform(1, 160)), answer(own))],
        "late": lambda own: [Submitted(before(-draw.uniform(1, 60)), answer(own))],
        "twice": lambda own: [Submitted(before(90), dict.fromkeys(answer(own), b"broken(\n")), Submitted(before(3), answer(own))],
        "twice, then late": lambda own: [Submitted(before(50), answer(own)), Submitted(before(-5), answer(own))],
        "with a text": lambda own: [Submitted(before(20), answer(own), text="I could not finish task 3.")],
        "only text": lambda own: [Submitted(before(9), text="My computer broke. <b>Sorry</b>.")],
        "only a link": lambda own: [Submitted(before(8), link="https://git.example/x?a=1&b=2")],
        "oddly named": lambda own: [Submitted(before(7), {f"线性_回归: {own}?.txt": b"notes\n", **answer(own)})],
        "nothing": lambda own: [],
    }
    order = [*kinds.values()]
    submissions = {}
    for n, person in enumerate(who):
        # Each kind comes once; then nearly all submit on time.
        kind = order[n] if n < len(order) else order[0] if draw.random() < 0.8 else order[1]
        if made := kind(person.id):
            submissions[person.id] = made
    assignment = Assignment(title, 900 + crc32(title.encode()) % 100, due, submissions, of_team, manual_posting=True)
    return PlatformClass(people, [assignment], due + timedelta(hours=72, minutes=17))
