"""Classes of a hundred submissions with five copies hidden in each; which ones, is known."""

import ast
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from copies import disguise, surgery
from copies.handout import handout
from copies.notebooks import notebook
from copies.programs import LONGEST, SHORTEST, program, templates

Disguise = Callable[[str, random.Random], str]

TITLES = {
    "A": "few templates: the class follows one of four programs",
    "B": "diverse: everybody wrote their own",
    "C": "diverse, many redundant parentheses, which the copies drop",
    "D": "diverse, as notebooks",
    "E": "diverse, as notebooks; the copies split and merge functions",
    "F": "the task gives four fifths of the lines",
}


@dataclass(frozen=True)
class Corpus:
    """A class's submissions.

    Attributes:
        title: what kind of class it is.
        files: by student, by file name.
        planted: the pairs of which one is a copy of the other, in the order of `RECIPES`.
        given: the file that the task hands out, or nothing.
    """

    title: str
    files: dict[str, dict[str, bytes]]
    planted: list[tuple[str, str]] = field(default_factory=list)
    given: bytes = b""


def comments(source: str, rng: random.Random) -> str:
    """Drop the comments or translate them."""
    return rng.choice((disguise.drop_comments, disguise.translate_comments))(source, rng)


RENAMED: tuple[Disguise, ...] = (disguise.rename, comments)
REORDERED: tuple[Disguise, ...] = (disguise.reorder_functions, disguise.reorder_statements, *RENAMED)
PADDED: tuple[Disguise, ...] = (*REORDERED, disguise.change_literals, disguise.insert_dead_code)
RECIPES = (RENAMED, REORDERED, REORDERED, PADDED, PADDED)  # of the five copies
FIRST: dict[str, tuple[Disguise, ...]] = {  # what the copies of a corpus have in common
    "C": (disguise.drop_parentheses,),
    "E": (surgery.split_function, surgery.split_function, surgery.inline_helper, surgery.inline_helper),
}


def corpus(name: str, seed: int, size: int = 100) -> Corpus:
    """Return a class of which five members copied, each from somebody else.

    Args:
        name: A to F, see `TITLES`.
        seed: the same seed gives the same class.
        size: how many students, at least ten.
    """
    rng = random.Random(f"{name} {seed}")
    honest, recipes, given = size - len(RECIPES), RECIPES, ""
    match name:
        case "A":
            sources = _followers(rng, honest)
        case "C":
            sources = [program(rng, parentheses=0.25) for _ in range(honest)]
        case "F":
            task = handout(rng)
            sources, given = [task.filled(rng) for _ in range(honest)], task.text
            rename = partial(disguise.rename, keep=disguise.own_names(ast.parse(given)))
            reorder = partial(disguise.reorder_statements, within=task.functions)
            pad = partial(disguise.insert_dead_code, within=task.functions)
            recipes = ((rename,), (reorder, rename), (reorder, rename), (reorder, rename, pad), (reorder, rename, pad))
        case _:
            sources = [program(rng) for _ in range(honest)]
    originals = rng.sample(range(honest), len(recipes))
    for original, recipe in zip(originals, recipes, strict=True):
        sources.append(_copied(sources[original], (*FIRST.get(name, ()), *recipe), rng))
    students = _students(rng, size)
    planted = [(students[original], students[honest + number]) for number, original in enumerate(originals)]
    return Corpus(TITLES[name], _files(students, sources, rng, notebooks=name in "DE"), planted, given.encode())


def independent(seed: int, size: int, *, templates: bool = False) -> Corpus:
    """Return a class in which nobody copied: everybody wrote their own or, with `templates`, followed one of four programs."""
    rng = random.Random(f"independent {seed}")
    sources = _followers(rng, size) if templates else [program(rng) for _ in range(size)]
    title = "few templates" if templates else "diverse"
    return Corpus(f"{title}, nobody copied", _files(_students(rng, size), sources, rng))


def _followers(rng: random.Random, count: int) -> list[str]:
    plans = templates(rng)
    return [program(rng, rng.choice(plans)) for _ in range(count)]


def _copied(source: str, recipe: tuple[Disguise, ...], rng: random.Random) -> str:
    for change in recipe:
        source = change(source, rng)
    return _fitted(source, rng)


def _fitted(source: str, rng: random.Random) -> str:
    """Return the source with blank lines added or taken away, and then comments, until it has 220 to 250 lines."""
    lines = source.splitlines()
    while len(lines) < SHORTEST:
        lines.insert(rng.choice([at for at, line in enumerate(lines) if line.startswith("    ")]), "")
    while len(lines) > LONGEST:
        blank = [at for at, line in enumerate(lines) if not line]
        lines.pop(rng.choice(blank or [at for at, line in enumerate(lines) if line.lstrip().startswith("#")]))
    return "\n".join(lines) + "\n"


def _students(rng: random.Random, size: int) -> list[str]:
    return [f"s{number:05d}" for number in rng.sample(range(100_000), size)]


def _files(
    students: list[str], sources: list[str], rng: random.Random, *, notebooks: bool = False
) -> dict[str, dict[str, bytes]]:
    """Return the files, in the order of the students' names."""
    pairs = sorted(zip(students, sources, strict=True))
    if notebooks:
        return {student: {"network.ipynb": notebook(source, rng)} for student, source in pairs}
    return {student: {"network.py": source.encode()} for student, source in pairs}
