"""Programs for one assignment, "a small neural network in NumPy", as different students would write them.

The assignment has nineteen pieces; `pieces/` holds about seven different solutions of each. A student's program is a `Plan`
(which solution of each piece, in what order), local decisions inside each solution, and a `Style`: names, literals, comments,
docstrings, type hints, quotes, parentheses.
"""

import random
from dataclasses import dataclass, field
from functools import cache

from copies.fragments import CHOICE, Line, Part, lines, pieces
from copies.pools import HINTS, LITERALS, NAMES, TITLES

SHORTEST, LONGEST = 220, 250
STATED = (  # the order of the assignment
    "make_data", "split_data", "standardise", "one_hot", "init_params", "relu", "softmax", "cross_entropy", "forward", "backward",
    "update", "minibatches", "train", "accuracy", "confusion", "check_gradient", "search_rate", "report", "main",
)  # fmt: skip
TEMPLATES = 4  # the first solutions of each piece have two or more local decisions
MODULES = {"np": "import numpy as np", "math": "import math", "random": "import random", "time": "import time"}
MODULES |= {"Counter": "from collections import Counter"}


@dataclass(frozen=True)
class Plan:
    """What a program is made of: the number of the solution of each piece, in the order of the file."""

    solutions: dict[str, int]


@dataclass
class Style:
    """How a student writes, drawn once; names are drawn when first used, each for one role."""

    rng: random.Random
    parentheses: float = 0.0
    names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        draw = self.rng.random
        self.quote = "'" if draw() < 0.4 else '"'
        self.camel = draw() < 0.15
        self.hints = draw() < 0.3
        self.formats = draw() < 0.7
        self.augmented = self.rng.choice((0.0, 0.5, 1.0, 1.0))
        self.likes = {note: self.rng.choice((0.0, 0.2, 0.6, 1.0)) for note in ("docstring", "comment")} | {"blank": 0.1}
        self.taken = set(self.names.values())

    def name(self, role: str) -> str:
        """Return this student's name for a role."""
        if role not in self.names:
            name = self.rng.choice(NAMES[role])
            if self.camel and "_" in name:
                first, *rest = name.split("_")
                name = first + "".join(word.capitalize() for word in rest)
            while name in self.taken:
                name += self.rng.choice("_23")
            self.names[role] = name
            self.taken.add(name)
        return self.names[role]

    def line(self, line: Line, memory: dict[str, str]) -> str:
        """Return a line as this student writes it; `memory` holds the literals and open parentheses of the piece so far."""
        return line.indent + "".join(self._part(part, memory) for part in line.parts)

    def _part(self, part: str | Part, memory: dict[str, str]) -> str:
        if isinstance(part, str):
            return part
        match part.kind:
            case "name":
                return self.name(part.value)
            case "argument":
                hint = HINTS.get(part.value) if self.hints else None
                return f"{self.name(part.value)}: {hint}" if hint else self.name(part.value)
            case "literal":
                if part.value not in memory:
                    memory[part.value] = self.rng.choice(LITERALS[part.value])
                return memory[part.value]
            case "string":
                return part.value.join((self.quote, self.quote) if self.quote not in part.value else ('"', '"'))
            case "format":
                text, expressions = part.fields
                written = ["".join(self._part(bit, memory) for bit in expression) for expression in expressions]
                if not self.formats:
                    return f"{self.quote}{text}{self.quote}.format({', '.join(written)})"
                head, *tails = text.split("{")
                fields = "".join("{" + expression + tail for expression, tail in zip(written, tails, strict=True))
                return f"f{self.quote}{head}{fields}{self.quote}"
            case "augmented":
                role, sign = part.value.split(" ")
                return f"{sign}=" if self.rng.random() < self.augmented else f"= {self.name(role)} {sign}"
            case "open" if self.rng.random() < self.parentheses:
                memory[part.value] = ")"
                return "("
            case "close":
                return memory.get(part.value, "")
        return ""


def diverse(rng: random.Random) -> Plan:
    """Return a plan with every solution and the order of the functions drawn anew."""
    order = list(STATED[:-1])
    if rng.random() < 0.5:
        rng.shuffle(order)
    return Plan({name: rng.randrange(len(pieces()[name].solutions)) for name in [*order, "main"]})


def templates(rng: random.Random) -> list[Plan]:
    """Return four plans without a solution in common, as when a class has four lectures to follow."""
    columns = {name: rng.sample(range(TEMPLATES), TEMPLATES) for name in STATED}
    plans = []
    for number in range(TEMPLATES):
        order = list(STATED[:-1])
        at = rng.randrange(len(order))
        order = order[at:] + order[:at] if number % 2 else order
        plans.append(Plan({name: columns[name][number] for name in [*order, "main"]}))
    return plans


def program(rng: random.Random, plan: Plan | None = None, *, parentheses: float | None = None) -> str:
    """Return a student's program of 220 to 250 lines.

    Args:
        rng: draws everything.
        plan: the solutions to use; drawn if None.
        parentheses: how likely each redundant pair is; drawn if None.
    """
    if parentheses is None:
        parentheses = rng.choice((0.0, 0.0, 0.0, 0.02, 0.06))
    style = Style(rng, parentheses)
    while True:
        chosen = drawn(rng, plan or diverse(rng))
        spare = rng.randint(SHORTEST, LONGEST) - length(chosen)
        if 0 <= spare <= 50:
            return written(chosen, style, spare)


def drawn(rng: random.Random, plan: Plan) -> dict[str, tuple[Line, ...]]:
    """Return the lines of a plan, every local decision drawn."""
    return {
        name: lines(name, CHOICE.sub(lambda found: rng.choice(found[1].split("¦")), pieces()[name].solutions[number]))
        for name, number in plan.solutions.items()
    }


def length(chosen: dict[str, tuple[Line, ...]]) -> int:
    """Return how many lines the program has without docstrings, comments and further blank lines."""
    return len(imports(chosen)) + sum(2 + len(found) for found in chosen.values())


def imports(chosen: dict[str, tuple[Line, ...]]) -> list[str]:
    """Return the imports that the lines need."""
    return sorted({line for found in chosen.values() for line in _imports(found)})


@cache
def _imports(found: tuple[Line, ...]) -> tuple[str, ...]:
    text = " ".join(part for line in found for part in line.parts if isinstance(part, str))
    return tuple(line for name, line in MODULES.items() if f"{name}." in text.replace("np.random.", "np.") or f"{name}(" in text)


def written(chosen: dict[str, tuple[Line, ...]], style: Style, spare: int) -> str:
    """Return the program in a style, with `spare` lines of docstrings, comments and blank lines."""
    added = notes(chosen, style, spare)
    header = imports(chosen)
    style.rng.shuffle(header)
    out = [*added.get(("", 0), ()), *header]
    for name, found in chosen.items():
        out += ["", "", *block(name, found, style, added)]
    return "\n".join(out) + "\n"


def block(name: str, found: tuple[Line, ...], style: Style, added: dict[tuple[str, int], list[str]]) -> list[str]:
    """Return the lines of a piece in a style, with what `notes` adds."""
    memory: dict[str, str] = {}
    out = []
    for number, line in enumerate(found):
        out += [*added.get((name, number), ()), style.line(line, memory)]
    return out


def notes(chosen: dict[str, tuple[Line, ...]], style: Style, spare: int) -> dict[tuple[str, int], list[str]]:
    """Return what is put before the lines (piece, number): exactly `spare` lines in all."""
    rng, likes, quotes = style.rng, style.likes, style.quote * 3
    places = [(rng.random() * likes["docstring"], "", 0, f"{quotes}{rng.choice(TITLES)}{quotes}")]
    for name, found in chosen.items():
        piece = pieces()[name]
        free = [number for number, line in enumerate(found) if line.free]
        places += [(rng.random() * likes["blank"], name, number, "") for number in free]
        for comment in rng.sample(piece.comments, min(len(free), len(piece.comments))):
            number = free.pop(rng.randrange(len(free)))
            places.append((rng.random() * likes["comment"], name, number, found[number].indent + comment))
        for number, line in enumerate(found, 1):
            if line.opens:
                docstring = f"{line.indent}    {quotes}{rng.choice(piece.docstrings)}{quotes}"
                places.append((rng.random() * likes["docstring"], name, number, docstring))
    added: dict[tuple[str, int], list[str]] = {}
    for _, name, number, text in sorted(places, reverse=True)[:spare]:
        added.setdefault((name, number), []).append(text)
    return added
