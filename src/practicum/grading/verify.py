"""Proves a lab: the solution earns everything, the handout nothing, each mutant loses exactly where it says, no cheat pays."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path

from practicum.checks.about import About
from practicum.errors import PracticumError
from practicum.grading.lint import Stock, short, take_stock
from practicum.grading.local import check_folder
from practicum.grading.messages import GradingRequest
from practicum.grading.pool import Pool
from practicum.labs.content_hash import sha256_of
from practicum.labs.handout import handout_files, solution_files, starter_files
from practicum.labs.lab import Lab, files_in
from practicum.labs.mutants import Variant
from practicum.store.results import CheckResult, GradedSubmission

TRAINING_SEEDS = 20
"""In so many seeds the solution is graded at checks that train a model."""

MOST_LISTED = 8  # seeds, in a message
SLOW = 0.5
"""Mean seconds of a check that probably trains a model."""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One answer, graded in every seed.

    Attributes:
        name: "solution", "handout", or the name of a mutant, an alternative or a cheat.
        kind: which of the five.
        title: what it is, in words.
        loses: the checks it must lose (none for a right answer, all for the handout).
        lost: check → its worst result over the seeds.
        seeds: for each check it lost, in which seeds.
        points: lowest and highest total.
        seconds: of all its gradings together.
        runs: how many gradings.
        most: what a cheat may earn at most; None for the others.
    """

    name: str
    kind: str
    title: str
    loses: frozenset[str]
    lost: dict[str, CheckResult]
    seeds: dict[str, list[int]]
    points: tuple[float, float]
    seconds: float
    runs: int
    most: float | None = None

    @property
    def problems(self) -> list[str]:
        """What is not as it must be, one line each."""
        return self.problems_beside(frozenset())

    @property
    def label(self) -> str:
        """Kind and name, without saying the same twice."""
        return self.kind if self.kind == self.name else f"{self.kind} {self.name}"

    def problems_beside(self, broken: frozenset[str]) -> list[str]:
        """As `problems`, without a word about checks that are known to be broken."""
        found = [
            f"breaks {check} in {_list(self.seeds[check])}: {_why(self.lost[check])}"
            for check in sorted(self.lost.keys() - broken)
            if self.lost[check].outcome == "broken"
        ]
        if self.most is not None:
            return found + [f"earns {self.points[1]:g} points, and may earn at most {self.most:g}"] * (self.points[1] > self.most)
        for check in sorted(self.loses - self.lost.keys() - broken):
            found.append(f"must lose {check} and does not")
        for check in sorted(self.lost.keys() - self.loses - broken):
            result = self.lost[check]
            if result.outcome != "broken":
                found.append(f"loses {check} in {_list(self.seeds[check])}: {result.outcome}: {_why(result)}")
        for check in sorted((self.loses & self.lost.keys()) - broken):
            if len(self.seeds[check]) < self.runs:
                found.append(f"loses {check} only in {_list(self.seeds[check])}")
        if self.kind == "handout" and self.points[1] > 0:
            found.append(f"earns {self.points[1]:g} points")
        return found


@dataclasses.dataclass(frozen=True)
class LabReport:
    """A lab's proof. `problems` is empty when it holds.

    Attributes:
        checks: what each gives.
        hidden: which of them are.
        seeds: in which every answer was graded.
        solution_seeds: in how many the solution was graded at the checks that train nothing.
    """

    lab: Lab
    checks: dict[str, float]
    hidden: frozenset[str]
    verdicts: tuple[Verdict, ...]
    seeds: tuple[int, ...]
    solution_seeds: int
    notes: tuple[str, ...]
    problems: tuple[str, ...]


def verify_lab(
    lab: Lab,
    seeds: int = 5,
    jobs: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
    sample: int | None = None,
    solution_seeds: int = 0,
) -> LabReport:
    """Grade solution, handout, mutants, alternatives and cheats in several seeds.

    Where they show nothing wrong, the solution is graded in more: a check that draws an unlucky input in one run of a hundred
    costs somebody of every class points.

    Args:
        lab: the lab.
        seeds: how many; 0, 1, …
        jobs: worker processes.
        progress: called with what was graded, how many are done, and of how many.
        sample: of the mutants, the alternatives and the cheats at most so many each, spread over their names; by default all.
        solution_seeds: in how many seeds the solution is graded at the checks that train nothing, if they are more than `seeds`;
            at those marked `@trains` in 20 of them at most.

    Raises:
        PracticumError: the lab cannot be built or its checks cannot be run.
    """
    stock = take_stock(lab)
    names = {check.function for check in stock.checks}
    answers = {
        ("solution", "solution"): Variant("solution", "the author's own", (), solution_files(lab)),
        ("handout", "handout"): Variant("handout", "as handed out", tuple(names), starter_files(lab)),
    }
    for kind, found in (("alternative", stock.alternatives), ("mutant", stock.mutants), ("cheat", stock.cheats)):
        answers |= {(kind, variant.name): variant for variant in _spread(found, sample)}

    requests = [_request(kind, variant, seed) for (kind, _), variant in answers.items() for seed in range(seeds)]
    more = _further_requests(answers["solution", "solution"], stock.checks, range(seeds, solution_seeds))
    graded: dict[str, list[GradedSubmission]] = {}
    done = 0
    with Pool(Path(lab.folder), jobs) as pool:

        def verdicts_after(asked: list[GradingRequest]) -> tuple[Verdict, ...]:
            nonlocal done
            for result in pool.grade(asked):
                graded.setdefault(result.student, []).append(result)
                done += 1
                if progress:
                    progress(result.student.partition("/")[2], done, len(requests) + len(more))
            return tuple(_verdict(kind, variant, graded[f"{kind}/{name}"]) for (kind, name), variant in answers.items())

        notes = [*pool.notes, *stock.notes]
        verdicts = verdicts_after(requests)
        problems = _problems(lab, stock, verdicts)
        if more and problems:
            notes.append(f"the solution is graded in {solution_seeds} seeds once there are no other problems")
        elif more:
            notes += _slow_checks(stock.checks, graded["solution/solution"], solution_seeds)
            verdicts = verdicts_after(more)
            problems = _problems(lab, stock, verdicts)
    return LabReport(
        lab=lab,
        checks={check.name: float(check.points) for check in stock.checks},
        hidden=frozenset(check.name for check in stock.checks if check.hidden),
        verdicts=verdicts,
        seeds=tuple(range(seeds)),
        solution_seeds=verdicts[0].runs,
        notes=tuple(notes),
        problems=tuple(problems),
    )


def _request(kind: str, variant: Variant, seed: int, training: bool = True) -> GradingRequest:
    return GradingRequest(
        student=f"{kind}/{variant.name}",
        submission=sha256_of(variant.files),
        files=variant.files,
        seed=seed,
        rehearsal=seed,
        training=training,
    )


def _further_requests(solution: Variant, checks: tuple[About, ...], seeds: range) -> list[GradingRequest]:
    """Return what is asked of the solution alone: all checks in the first seeds, then those that train nothing."""
    mixed = any(check.trains for check in checks)
    some = any(not check.trains for check in checks)
    return [
        _request("solution", solution, seed, training=seed < TRAINING_SEEDS or not mixed)
        for seed in seeds
        if seed < TRAINING_SEEDS or some
    ]


def _slow_checks(checks: tuple[About, ...], results: list[GradedSubmission], seeds: int) -> list[str]:
    """Say which checks are slow and not marked as training a model."""
    marked = {check.name for check in checks if check.trains}
    seconds: dict[str, float] = {}
    for result in results:
        for check in result.checks:
            seconds[check.name] = seconds.get(check.name, 0.0) + check.seconds / len(results)
    return [
        f"{name} takes {mean:.1f} s; if it trains a model, mark it @trains, and the solution is graded in {TRAINING_SEEDS} seeds "
        f"at it instead of {seeds}"
        for name, mean in seconds.items()
        if mean > SLOW and name not in marked and seeds > TRAINING_SEEDS
    ]


def _problems(lab: Lab, stock: Stock, verdicts: tuple[Verdict, ...]) -> list[str]:
    broken = {check: result for check, result in verdicts[0].lost.items() if result.outcome == "broken"}
    problems = [*stock.problems, *(_why(result) for result in broken.values())]
    problems += [f"{v.label}: {problem}" for v in verdicts for problem in v.problems_beside(frozenset(broken))]
    problems += _handout_problems(lab, frozenset(verdicts[0].lost))
    if not problems and verdicts[0].points != (float(lab.points), float(lab.points)):
        problems.append(f"solution: earns {verdicts[0].points[1]:g} points, lab.toml says {short(lab.points)}")
    return problems


def _spread(answers: tuple[Variant, ...], sample: int | None) -> tuple[Variant, ...]:
    return answers if sample is None else answers[:: max(1, -(-len(answers) // sample))]


def _handout_problems(lab: Lab, known: frozenset[str]) -> list[str]:
    """Return why the public checks, as they are handed out, do not pass on the solution; known losses left out."""
    files = handout_files(lab) | solution_files(lab)
    if not any(name.startswith("checks/") for name in files):
        return []  # all checks are hidden
    kept = [name for name, _ in files_in(lab.checks) if not name.endswith(".py")]
    why = f" (of checks/ only .py files are handed out, so not {', '.join(kept)}; see docs/labs.md)" if kept else ""
    start = "handout: its public checks must pass with the solution in it, but"
    with tempfile.TemporaryDirectory(prefix="practicum-") as temporary:
        folder = Path(temporary).resolve() / lab.name
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        try:
            checks = check_folder(folder).checks
        except PracticumError as error:
            text = str(error).partition("\n")[2] or str(error)
            return [f"{start} {line}{why}".replace(f"{folder}/", "") for line in text.splitlines()]
    return [
        f"{start} {check.name} gives {short(check.points)} of {short(check.out_of)}: {_why(check)}{why}".replace(f"{folder}/", "")
        for check in checks
        if check.points != check.out_of and check.name.partition("[")[0] not in known
    ]


def _verdict(kind: str, variant: Variant, results: list[GradedSubmission]) -> Verdict:
    lost: dict[str, CheckResult] = {}
    where: dict[str, list[int]] = {}
    for result in sorted(results, key=lambda r: r.provenance.seed):
        for check in result.checks:
            short = check.name.partition("[")[0]
            if check.points < check.out_of or (check.out_of == 0 and check.outcome != "passed"):
                if short not in lost or check.points < lost[short].points:
                    lost[short] = check
                if result.provenance.seed not in where.setdefault(short, []):
                    where[short].append(result.provenance.seed)
    whole = max(len(result.checks) for result in results)  # in further seeds some checks of the solution are left out
    totals = [float(result.points) for result in results if len(result.checks) == whole]
    seconds = sum(result.seconds for result in results)
    return Verdict(
        name=variant.name,
        kind=kind,
        title=variant.title,
        loses=frozenset(variant.loses),
        lost=lost,
        seeds=where,
        points=(min(totals), max(totals)),
        seconds=seconds,
        runs=len(results),
        most=None if variant.most is None else float(variant.most),
    )


def _list(seeds: list[int]) -> str:
    more = f" and {len(seeds) - MOST_LISTED} more" if len(seeds) > MOST_LISTED else ""
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds[:MOST_LISTED]))}{more}"


def _why(check: CheckResult) -> str:
    if check.outcome == "broken" and check.private:
        first = check.private.partition("\n")[0]  # the place; the traceback follows
        return first if first.startswith("checks/") else f"{check.name}: {first}"
    return (check.private or check.message or check.hint or check.title).strip()[:400]
