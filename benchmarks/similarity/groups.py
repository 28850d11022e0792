"""Groups that copied, in classes of every size and kind, and classes in which nobody did."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from copies.populations import CHOSEN_ON, DEPTHS, ONE_SOURCE, PROVEN_ON, disguised, population
from tqdm import tqdm

from practicum.integrity.compare import compare
from practicum.integrity.submissions import ComparedSubmission, read_submission
from similarity.report import Rows

SMALL = (8, 12, 14, 20, 30)
TENTH = 0  # stands for the size of a group: a tenth of the class
SEED = 101  # settings were chosen on pools of seeds 0 to 3, and SAME_WHOLE after a look at seed 100
IDENTICAL, RENAMED, _, DEEPEST = DEPTHS
COPIED: tuple[tuple[str, Sequence[int], Sequence[int], Sequence[str]], ...] = (  # kind, sizes of classes, of groups, disguises
    ("four templates", SMALL, (2, 3, 4, 8, 12, TENTH), tuple(DEPTHS)),
    ("diverse", SMALL, (2, 4, 12, TENTH), tuple(DEPTHS)),
    ("popular answers", SMALL, (2, 8, 12), (RENAMED, DEEPEST)),
    ("four templates", (60, 100), (4, 12), (RENAMED, DEEPEST)),
    ("diverse", (60, 100), (2, TENTH), (IDENTICAL, DEEPEST)),
    ("four templates", (200,), (2, TENTH), (RENAMED, DEEPEST)),
)
HONEST: tuple[tuple[str, int, Sequence[int]], ...] = (  # kind, classes of each size, sizes; few large ones: they cost most
    *((kind, 10, SMALL) for kind in (*CHOSEN_ON, PROVEN_ON[0])),
    *((kind, 6, SMALL) for kind in PROVEN_ON[1:]),
    ("four templates", 2, (60, 100, 200)),
    ("diverse", 2, (60, 100)),
    (ONE_SOURCE, 4, (8, 14, 30)),
)
LEAST_OTHERS = 2  # who are not of the group, at least
SOURCES = 3  # of a pool, the programs that groups copy


@dataclass
class Pool:
    """Programs of one population, each written and read once; classes are drawn from it.

    Attributes:
        kind: of the population.
        seed: of the population and of all that is drawn.
        size: how many programs classes are drawn from.
    """

    kind: str
    seed: int
    size: int
    _works: list[tuple[str, ComparedSubmission]] = field(default_factory=list)
    _copies: dict[tuple[int, str], list[ComparedSubmission]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._write = population(self.kind, self.seed)
        self._rng = random.Random(f"{self.kind} {self.seed} pool")

    def _work(self, number: int) -> tuple[str, ComparedSubmission]:
        while len(self._works) <= number:
            source = self._write(self._rng)
            self._works.append((source, _read(source)))
        return self._works[number]

    def honest(self, rng: random.Random, count: int) -> list[ComparedSubmission]:
        """Draw so many programs, without those that groups copy."""
        return [self._work(SOURCES + number)[1] for number in rng.sample(range(self.size), count)]

    def group(self, source: int, count: int, depth: str) -> list[ComparedSubmission]:
        """Return a program and its copies, `count` in all."""
        made = self._copies.setdefault((source, depth), [])
        text, original = self._work(source)
        while len(made) < count - 1:
            rng = random.Random(f"{self.kind} {self.seed} {source} {depth} {len(made)}")
            made.append(_read(disguised(text, depth, rng)))
        return [original, *made[: count - 1]]


def _read(source: str) -> ComparedSubmission:
    """Return a program's fingerprints, without its code."""
    return ComparedSubmission("", prints=read_submission("", {"network.py": source.encode()}).prints)


def _students(works: Sequence[ComparedSubmission]) -> list[ComparedSubmission]:
    return [replace(work, student=f"s{number:03d}") for number, work in enumerate(works)]


def cells(sizes: Sequence[int], groups: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield sizes of classes with sizes of groups that fit in them."""
    for size in sizes:
        yield from (
            (size, group) for group in dict.fromkeys(group or size // 10 for group in groups) if 2 <= group <= size - LEAST_OTHERS
        )


def copied(pool: Pool, seed: int, sizes: Sequence[int], groups: Sequence[int], depths: Sequence[str]) -> Rows:
    """Return classes with one group that copied: how many of its pairs are flagged, and how many others.

    Args:
        pool: what the classes are drawn from.
        seed: which class.
        sizes: of the classes.
        groups: sizes of the groups; 0 is a tenth of the class.
        depths: how the copies are disguised.
    """
    rows: Rows = []
    wanted = [(size, group, depth) for size, group in cells(sizes, groups) for depth in depths]
    for size, group, depth in tqdm(wanted, desc=f"groups, {pool.kind}", leave=False):
        rng = random.Random(f"{pool.kind} {pool.seed} {size} {group} {depth} {seed}")
        members = pool.group(rng.randrange(SOURCES), group, depth)
        works = _students([*members, *pool.honest(rng, size - group)])
        flagged = [(one.pair.first, one.pair.second) for one in compare(works).found if one.flagged]
        inside = sum(first < group and second < group for first, second in flagged)
        row = {"class": pool.kind, "seed": pool.seed, "draw": seed, "size": size, "group": group, "depth": depth}
        rows.append({**row, "pairs": group * (group - 1) // 2, "flagged": inside, "others": len(flagged) - inside})
    return rows


def honest(pool: Pool, seeds: Sequence[int], sizes: Sequence[int]) -> Rows:
    """Return classes in which nobody copied: how many pairs are flagged, the smallest p, and whether a note says "too short".

    Args:
        pool: what the classes are drawn from.
        seeds: which classes of each size.
        sizes: of the classes.
    """
    rows: Rows = []
    for size, seed in tqdm([(size, seed) for size in sizes for seed in seeds], desc=f"honest, {pool.kind}", leave=False):
        rng = random.Random(f"{pool.kind} {pool.seed} {size} honest {seed}")
        comparison = compare(_students(pool.honest(rng, size)))
        row = {"class": pool.kind, "seed": pool.seed, "draw": seed, "size": size, "note": bool(comparison.note)}
        p = min((one.pair.p for one in comparison.found), default=1.0)
        rows.append({**row, "flagged": sum(one.flagged for one in comparison.found), "p": p})
    return rows


def measured() -> tuple[Rows, Rows]:
    """Return the classes of the tables, with groups and without: `COPIED` and `HONEST`."""
    pools = {kind: Pool(kind, SEED, 200 if kind == "four templates" else 100) for kind, *_ in HONEST}
    copying = [row for kind, *which in COPIED for row in copied(pools[kind], 0, *which)]
    return copying, [row for kind, draws, sizes in HONEST for row in honest(pools[kind], range(draws), sizes)]
