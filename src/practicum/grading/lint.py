"""What can be said of a lab before any answer is run: its points, its checks' texts, its mutants' edits and names."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from decimal import Decimal

from practicum.checks.about import About, checks_of
from practicum.checks.mistakes import unknown_name
from practicum.course.topics import load_topics
from practicum.curriculum import find_curriculum
from practicum.errors import PracticumError, suggestion
from practicum.labs.handout import marker_mistakes
from practicum.labs.lab import Lab
from practicum.labs.libraries import install_line, missing
from practicum.labs.mutants import Variant, ceiling_place, load_alternatives, load_cheats, load_mutants
from practicum.toml import Document

MUTANTS, ALTERNATIVES, CHEATS = 8, 2, 6  # of a lab that ships
WITHOUT_THE_IDEA, WITHOUT_LEARNING = Decimal("0.40"), Decimal("0.25")  # of a lab's points, the most that a cheat may earn


@dataclasses.dataclass(frozen=True)
class Stock:
    """A lab's checks and the answers that prove them.

    Attributes:
        checks: in order.
        mutants: planted wrong answers.
        alternatives: right answers written differently.
        cheats: submissions that earn points without the work, and how many they may earn.
        problems: why the lab cannot be handed out as it is, one line each.
        notes: what is missing without being wrong.
    """

    checks: tuple[About, ...]
    mutants: tuple[Variant, ...]
    alternatives: tuple[Variant, ...]
    cheats: tuple[Variant, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def take_stock(lab: Lab) -> Stock:
    """Collect the checks and build the answers, running none of them.

    Raises:
        PracticumError: the checks cannot be collected, a mutant, an alternative or a cheat is wrong, or a file that is handed
            out as it is has a solution's marker.
    """
    checks = checks_of(lab.checks)
    alternatives, mutants, cheats = tuple(load_alternatives(lab)), tuple(load_mutants(lab)), tuple(load_cheats(lab))
    if unknown := list(_unknown_losses(lab, mutants, sorted({each.function for each in checks}))):
        raise PracticumError("\n".join(unknown))
    if mistakes := marker_mistakes(lab):
        raise PracticumError("\n".join(mistakes))
    problems = (*_points(lab, checks), *_texts(checks), *_topics(lab), *_libraries(lab), *_ceilings(lab, cheats))
    return Stock(checks, mutants, alternatives, cheats, problems, tuple(_notes(mutants, alternatives, cheats)))


def refuse_broken(lab: Lab) -> None:
    """Refuse a lab that cannot be proven, as far as that shows without running an answer.

    Raises:
        PracticumError: one line for each reason.
    """
    if problems := take_stock(lab).problems:
        raise PracticumError("\n".join(f"{lab.name}: {problem}" for problem in problems))


def short(points: Decimal) -> str:
    """Points without needless zeros."""
    return f"{points.normalize():f}"


def _unknown_losses(lab: Lab, mutants: tuple[Variant, ...], names: list[str]) -> Iterator[str]:
    for mutant in mutants:
        path = lab.folder / "bugs" / f"{mutant.name}.toml"
        for index, name in enumerate(mutant.loses):
            if name not in names:
                yield f"{Document.read(path).place('loses', index)}: {unknown_name(name, names)}"


def _line(lab: Lab, *key: str | int) -> str:
    return f"lab.toml:{Document.read(lab.folder / 'lab.toml').line(*key)}"


def _points(lab: Lab, checks: tuple[About, ...]) -> Iterator[str]:
    each: dict[str, Decimal] = {}
    for check in checks:
        each[check.function] = each.get(check.function, Decimal(0)) + check.points
    total = sum(each.values(), Decimal(0))
    if total != lab.points:
        listed = ", ".join(f"{name} {short(points)}" for name, points in each.items())
        yield f"{_line(lab, 'points')}: points = {short(lab.points)}, but the checks give {short(total)} together ({listed})"


def _texts(checks: tuple[About, ...]) -> Iterator[str]:
    for check in {each.function: each for each in checks}.values():
        if not check.title:
            yield f"{check.place}: {check.function} has no docstring; its first line is the title that students read"
        if not check.hint:
            yield f"{check.place}: {check.function} has no hint; write @points({short(check.points)}, hint=…)"


def _topics(lab: Lab) -> Iterator[str]:
    home = find_curriculum()
    if not lab.topics or home is None or not (home / "topics.toml").is_file():
        return
    known = load_topics(home / "topics.toml")
    for index, topic in enumerate(lab.topics):
        if topic not in known:
            yield f"{_line(lab, 'topics', index)}: no topic {topic!r} in topics.toml{suggestion(topic, known)}"


def _libraries(lab: Lab) -> Iterator[str]:
    for index, name in enumerate(lab.libraries):
        if needed := missing([name]):
            yield f"{_line(lab, 'libraries', index)}: the library {name!r} is not installed here: {install_line(needed)}"


def _ceilings(lab: Lab, cheats: tuple[Variant, ...]) -> Iterator[str]:
    for cheat in cheats:
        assert cheat.most is not None
        share, what = (WITHOUT_THE_IDEA, "") if cheat.learns else (WITHOUT_LEARNING, " that learns nothing")
        if cheat.most > share * lab.points:
            place = ceiling_place(lab, cheat).removeprefix(f"{lab.folder}/")
            yield (
                f"{place}: most = {short(cheat.most)}, but a cheat{what} may earn at most {short(100 * share)} % of the lab's "
                f"{short(lab.points)} points, {short(share * lab.points)}"
            )


def _notes(mutants: tuple[Variant, ...], alternatives: tuple[Variant, ...], cheats: tuple[Variant, ...]) -> Iterator[str]:
    wanted = ((mutants, MUTANTS, "mutant"), (alternatives, ALTERNATIVES, "alternative"), (cheats, CHEATS, "cheat"))
    for found, least, what in wanted:
        if len(found) < least:
            yield f"{len(found)} {what}{'' if len(found) == 1 else 's'}; a lab that ships has {least} or more"
