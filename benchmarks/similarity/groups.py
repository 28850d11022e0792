"""Groups that copied, in classes of every size and kind; works merged of two others; classes in which nobody copied."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from copies import surgery
from copies.populations import CHOSEN_ON, DEPTHS, FEW_ANSWERS, ONE_SOURCE, PROVEN_ON, disguised, population
from tqdm import tqdm

from practicum.integrity.compare import compare
from practicum.integrity.submissions import ComparedSubmission, read_submission
from similarity.report import Rows

SIZES = (8, 12, 14, 20, 30, 60, 100, 200)
TENTH = 0  # stands for the size of a group: a tenth of the class
SEED = 102  # settings were chosen on pools of seeds 0 to 3; 100 and 101 have been looked at
COPIED = {"four templates": (2, 3, 4, 8, 12, TENTH), "diverse": (2, 4, 12, TENTH)}  # sizes of the groups
HONEST = (*CHOSEN_ON, *PROVEN_ON, FEW_ANSWERS, ONE_SOURCE)
DRAWS = {size: 10 if size <= 30 else 4 if size <= 100 else 2 for size in SIZES}  # honest classes of each kind
DRAWN_FROM = 300  # programs of each kind, beside the sources
MERGED = ((20, 60, 100), 4)  # sizes of classes in which one work is merged of two others, and how many of each
LEAST_OTHERS = 2  # who are not of the group, at least
SOURCES = 3  # of a pool, the programs that groups copy


@dataclass
class Pool:
    """Programs of one population, each written and read once; classes are drawn from it.

    Attributes:
        kind: of the population.
        seed: of the population and of all that is drawn.
    """

    kind: str
    seed: int
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
        return [self._work(SOURCES + number)[1] for number in rng.sample(range(DRAWN_FROM), count)]

    def group(self, source: int, count: int, depth: str) -> list[ComparedSubmission]:
        """Return a program and its copies, `count` in all."""
        made = self._copies.setdefault((source, depth), [])
        text, original = self._work(source)
        while len(made) < count - 1:
            rng = random.Random(f"{self.kind} {self.seed} {source} {depth} {len(made)}")
            made.append(_read(disguised(text, depth, rng)))
        return [original, *made[: count - 1]]

    def merger(self, rng: random.Random, depth: str) -> list[ComparedSubmission]:
        """Return two programs, and one that is made of half of the functions of each and disguised."""
        texts, originals = zip(*(self._work(source) for source in rng.sample(range(SOURCES), 2)), strict=True)
        return [*originals, _read(disguised(surgery.merge(*texts, rng), depth, rng))]


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


def merged(pool: Pool, seeds: Sequence[int], sizes: Sequence[int], depths: Sequence[str]) -> Rows:
    """Return classes with one work made of two others: with how many of the two it is flagged, and comes first; other pairs."""
    rows: Rows = []
    wanted = [(size, depth, seed) for size in sizes for depth in depths for seed in seeds]
    for size, depth, seed in tqdm(wanted, desc=f"merged, {pool.kind}", leave=False):
        rng = random.Random(f"{pool.kind} {pool.seed} {size} merged {depth} {seed}")
        works = _students([*pool.merger(rng, depth), *pool.honest(rng, size - 3)])
        found = compare(works).found
        right = [(one.pair.first, one.pair.second) in ((0, 2), (1, 2)) for one in found]
        flagged = [one.flagged for one in found]
        row = {"class": pool.kind, "seed": pool.seed, "draw": seed, "size": size, "depth": depth, "first": sum(right[:2])}
        inside = sum(each and of for each, of in zip(flagged, right, strict=True))
        rows.append({**row, "flagged": inside, "others": sum(flagged) - inside})
    return rows


def honest(pool: Pool, draws: dict[int, int]) -> Rows:
    """Return classes in which nobody copied: how many pairs are flagged, the smallest p, and whether a note says "too short".

    Args:
        pool: what the classes are drawn from.
        draws: how many classes of each size.
    """
    rows: Rows = []
    wanted = [(size, seed) for size, count in draws.items() for seed in range(count)]
    for size, seed in tqdm(wanted, desc=f"honest, {pool.kind}", leave=False):
        rng = random.Random(f"{pool.kind} {pool.seed} {size} honest {seed}")
        comparison = compare(_students(pool.honest(rng, size)))
        row = {"class": pool.kind, "seed": pool.seed, "draw": seed, "size": size, "note": bool(comparison.note)}
        p = min((one.pair.p for one in comparison.found), default=1.0)
        rows.append({**row, "flagged": sum(one.flagged for one in comparison.found), "p": p})
    return rows


def measured(seed: int = SEED) -> dict[str, Rows]:
    """Return the classes of the tables: with groups that copied, with a work merged of two, and those in which nobody copied."""
    found: dict[str, Rows] = {"rows": [], "merged": [], "honest": []}
    for kind in HONEST:
        pool = Pool(kind, seed)
        if kind in COPIED:
            found["rows"] += copied(pool, 0, SIZES, COPIED[kind], tuple(DEPTHS))
            found["merged"] += merged(pool, range(MERGED[1]), MERGED[0], tuple(DEPTHS)[1:])
        found["honest"] += honest(pool, DRAWS)
    return found
