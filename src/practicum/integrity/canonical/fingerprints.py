"""What a program is recognised by: hashes of its statements and of how they hang together.

    of a statement                       its canonical form, names by the order in which they come (a b a → 0 1 0)
    of an expression within it           the same, from five nodes on: it survives when a statement is split or merged
    of a definition and its use          both statements, and which name links them: it survives reordering and code in between
    of a statement and its block's head  it survives reordering within the block
    of two neighbours                    it says most, and survives least

A fingerprint says at which statements it was found, so that evidence is counted in statements however many fingerprints overlap.
Winnowing (Schleimer, Wilkerson & Aiken 2003, "Winnowing: local algorithms for document fingerprinting") hashes k tokens in a row;
here the units are those of the syntax, and links are followed along names, not along lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from practicum.integrity.canonical.expressions import Form
from practicum.integrity.canonical.statements import Statement

SMALLEST_EXPRESSION = 5
MOST_OF_A_KIND = 4


@dataclass(frozen=True, slots=True)
class Prints:
    """The fingerprints of a submission.

    Attributes:
        hashes: shape (P,), unsigned 64-bit.
        at: shape (P,), the statement at which each was found; one fingerprint may be at several.
        count: number of statements.
    """

    hashes: NDArray[np.uint64]
    at: NDArray[np.int32]
    count: int


def fingerprints(found: Sequence[Statement]) -> Prints:
    """Return the fingerprints of statements."""
    hashes: list[int] = []
    places: list[int] = []

    def add(kind: str, forms: Sequence[Form], *at: int) -> None:
        order: dict[str, int] = {}
        names = [str(order.setdefault(name, len(order))) for form in forms for name in form.names]
        text = f"{kind}{'|'.join([form.text for form in forms])}:{','.join(names)}"
        value = int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
        hashes.extend([value] * len(at))
        places.extend(at)

    defined: dict[tuple[int, str], int] = {}
    for here, statement in enumerate(found):
        form = statement.form
        add("s", [form], here)
        for inside in statement.inside:
            if SMALLEST_EXPRESSION <= inside.size < form.size:
                add("e", [inside], here)
        if statement.parent >= 0:
            add("b", [found[statement.parent].form, form], here)
        if statement.before >= 0 and not _moves(statement) and not _moves(found[statement.before]):
            add("n", [found[statement.before].form, form], statement.before, here)
        linked: set[int] = set()
        for name in form.names if statement.arguments is None else ():
            source = defined.get((statement.function, name), defined.get((-1, name), -1))
            if source >= 0 and source not in linked and len(linked) < MOST_OF_A_KIND:
                linked.add(source)
                add("d", [found[source].form, form], source, here)
        for name in statement.defines:
            defined[statement.function, name] = here
        for name in statement.arguments or ():
            defined[here, name] = here
    return Prints(np.array(hashes, np.uint64), np.array(places, np.int32), len(found))


def _moves(statement: Statement) -> bool:
    """Return whether it is a definition: in which order those stand says nothing."""
    return statement.arguments is not None or statement.form.text.startswith("(class")
