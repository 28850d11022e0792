"""A task that gives most of the lines: students fill a few holes, so everybody's file is four fifths the same."""

import random
from dataclasses import dataclass

from copies.fragments import Part, pieces
from copies.programs import LONGEST, SHORTEST, STATED, Plan, Style, block, diverse, drawn, imports, notes

HOLES = (
    "split_data", "standardise", "one_hot", "softmax", "cross_entropy", "forward", "backward", "update", "accuracy", "confusion",
    "search_rate",
)  # fmt: skip
SHARE = 0.2  # of the lines are the student's


@dataclass(frozen=True)
class Handout:
    """What the task gives.

    Attributes:
        head: the imports.
        blocks: the pieces in order; of a hole, the `def` and its docstring.
        holes: the names of the pieces to fill in.
        names: what the task calls the functions and their arguments, by role.
        hints: whether the signatures have type hints.
    """

    head: list[str]
    blocks: dict[str, list[str]]
    holes: tuple[str, ...]
    names: dict[str, str]
    hints: bool

    @property
    def text(self) -> str:
        """The file that students start from."""
        todo = ["    # TODO: your code", "    raise NotImplementedError"]
        return self._joined({name: self.blocks[name] + todo for name in self.holes})

    @property
    def functions(self) -> set[str]:
        """What the holes are called in this task."""
        return {self.names[hole] for hole in self.holes}

    def filled(self, rng: random.Random) -> str:
        """Return a student's file, of 220 to 250 lines."""
        style = Style(rng, names=dict(self.names))
        style.hints = self.hints
        while True:
            chosen = drawn(rng, Plan({name: diverse(rng).solutions[name] for name in self.holes}))
            bodies = {name: self._body(name, block(name, found, style, {})) for name, found in chosen.items()}
            if SHORTEST <= len(self._joined(bodies).splitlines()) <= LONGEST - 8:
                break
        added = notes(chosen, style, rng.randint(0, 8))
        return self._joined({name: self._body(name, block(name, found, style, added)) for name, found in chosen.items()})

    def _body(self, name: str, solution: list[str]) -> list[str]:
        """Put a solution under the given signature; helpers of the student's come before it."""
        signature, *docstring = self.blocks[name]
        at = next(number for number, line in enumerate(solution) if line.startswith(f"def {self.names[name]}("))
        rest = solution[at + 1 :]
        return [*solution[:at], signature, *docstring, *(rest[1:] if rest[0].lstrip()[:3] in ('"""', "'''") else rest)]

    def _joined(self, bodies: dict[str, list[str]]) -> str:
        out = list(self.head)
        for name, given in self.blocks.items():
            out += ["", "", *bodies.get(name, given)]
        return "\n".join(out) + "\n"


def handout(rng: random.Random) -> Handout:
    """Return a task with holes for a fifth of the lines."""
    style = Style(rng)
    style.likes |= {"docstring": 1.0, "comment": 0.6}
    order = [name for name in STATED if name != "main"]
    plan = Plan({name: diverse(rng).solutions[name] for name in [*order, "main"]})
    chosen = drawn(rng, plan)
    added = notes(chosen, style, 20)
    blocks = {name: block(name, found, style, added) for name, found in chosen.items()}
    holes, total = [], 0.0
    for name in rng.sample(HOLES, len(HOLES)):
        if total < SHARE * (SHORTEST + LONGEST) / 2:
            holes.append(name)
            total += sum(text.count("\n") for text in pieces()[name].solutions) / len(pieces()[name].solutions)
    for name in holes:
        signature = next(line for line in chosen[name] if line.opens)
        blocks[name] = [style.line(signature, {}), f'    """{rng.choice(pieces()[name].docstrings)}"""']
    parts = [part for found in chosen.values() for line in found for part in line.parts if isinstance(part, Part)]
    roles = {*STATED, "relu_grad", *(part.value for part in parts if part.kind == "argument")}
    modules = sorted({*imports(chosen), "import math", "import random", "import time", "from collections import Counter"})
    return Handout(modules, blocks, tuple(holes), {role: style.name(role) for role in sorted(roles)}, style.hints)
