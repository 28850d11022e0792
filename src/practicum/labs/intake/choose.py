"""Which of the files in a submission are the ones that the lab asks for."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from practicum.labs.intake.archive_files import Listing, Member, some
from practicum.labs.intake.names import shown
from practicum.labs.lab import Lab

_NEVER_ALONE = re.compile(r"(test_.*|.*_test|conftest|setup|__init__)\.py", re.IGNORECASE)


def choose(listing: Listing, lab: Lab, notes: list[str], siblings: Collection[str] = ()) -> dict[str, Member]:
    """Return the member to take for each file of the lab; `notes` gets what the student should know of the choice.

    In this order: the name itself, the name in another case, a copy of it as browsers and systems name copies, and the only
    file with the ending, where the lab asks for one such file only.

    Args:
        listing: what was submitted.
        lab: the lab.
        notes: for the student.
        siblings: the files that other labs of the same item ask for, which stand for no file of this one.
    """
    exact: dict[str, list[Member]] = {}
    for member in sorted(listing.members, key=lambda member: (len(member.path), member.path)):
        exact.setdefault(member.name, []).append(member)
    spoken_for = {name.lower() for name in (*lab.submit, *siblings)}
    chosen: dict[str, Member] = {}
    for name in lab.submit:
        found = exact.get(name) or []
        if not found:
            near = [each for each in exact if _stands_for(each, name, spoken_for)]
            # The spelling in another case before copies, and of copies the one numbered last.
            near.sort(key=lambda each: (each.lower() != name.lower(), -_number(each), each))
            only = "" if near else _only(exact, name, lab, siblings)
            if near or only:
                taken = near[0] if near else only
                found = exact[taken]
                others = f" (and not {some(near[1:])})" if near[1:] else ""
                notes.append(f"{shown(taken)} was taken as {name}{others}")
        if found:
            chosen[name] = found[0]
            if others_there := ["/".join(member.path) for member in found[1:]]:
                notes.append(f"{'/'.join(map(shown, found[0].path))} was taken, and not {some(others_there)}")
    return chosen


def is_sibling(name: str, siblings: Collection[str]) -> bool:
    """Return whether a file is one that another lab of the same item asks for, or stands for it."""
    lower = {sibling.lower() for sibling in siblings}
    return any(name == sibling or _stands_for(name, sibling, lower - {name.lower()}) for sibling in siblings)


def _only(there: Collection[str], name: str, lab: Lab, siblings: Collection[str]) -> str:
    """Return the one file with the ending of the one asked for, if the lab asks for one such file and there is one."""
    ending = Path(name).suffix
    if sum(Path(asked).suffix == ending for asked in lab.submit) > 1:
        return ""
    alike = [
        each
        for each in there
        if each.lower().endswith(ending)
        and not is_sibling(each, siblings)
        and not (len(there) > 1 and _NEVER_ALONE.fullmatch(each))
    ]
    return alike[0] if len(alike) == 1 else ""


def _stands_for(found: str, name: str, spoken_for: Collection[str]) -> bool:
    """Return whether a file is the one asked for in another case, or a copy as browsers and systems name them."""
    if not found.isascii():  # where one letter passes for another
        return False
    if found.lower() == name.lower():
        return True
    stem, _, ending = name.rpartition(".")
    copy = rf"{re.escape(stem)}([ _]?\(\d{{1,4}}\)|[-_ ]\d{{1,4}}|[-_ ]+copy([-_ ]?\(?\d{{1,4}}\)?)?)\.{ending}"
    return found.lower() not in spoken_for and re.fullmatch(copy, found, re.IGNORECASE) is not None


def _number(name: str) -> int:
    return int((re.findall(r"\d+", name) or ["0"])[-1])
