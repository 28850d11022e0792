"""Proves a lab: the solution earns everything, the handout nothing, each mutant loses exactly where it says, no cheat pays."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path

from practicum.errors import PracticumError
from practicum.grading.grader import GradingRequest
from practicum.grading.lint import short, take_stock
from practicum.grading.local import check_folder
from practicum.grading.pool import Pool
from practicum.labs.content_hash import sha256_of
from practicum.labs.handout import handout_files, solution_files, starter_files
from practicum.labs.lab import Lab, files_in
from practicum.labs.mutants import Variant
from practicum.store.results import CheckResult, GradedSubmission


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
    """A lab's proof. `problems` is empty when it holds."""

    lab: Lab
    checks: dict[str, float]
    hidden: frozenset[str]
    verdicts: tuple[Verdict, ...]
    seeds: tuple[int, ...]
    notes: tuple[str, ...]
    problems: tuple[str, ...]


def verify_lab(
    lab: Lab,
    seeds: int = 5,
    jobs: int = 1,
    progress: Callable[[str, int, int], None] | None = None,
    sample: int | None = None,
) -> LabReport:
    """Grade solution, handout, mutants, alternatives and cheats in several seeds.

    Args:
        lab: the lab.
        seeds: how many; 0, 1, …
        jobs: worker processes.
        progress: called with what was graded, how many are done, and of how many.
        sample: of the mutants, the alternatives and the cheats at most so many each, spread over their names; by default all.

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

    requests = [
        GradingRequest(
            student=f"{kind}/{name}", submission=sha256_of(variant.files), files=variant.files, seed=seed, rehearsal=seed
        )
        for (kind, name), variant in answers.items()
        for seed in range(seeds)
    ]
    graded: dict[str, list[GradedSubmission]] = {}
    with Pool(Path(lab.folder), jobs) as pool:
        notes = tuple(pool.notes)
        for done, result in enumerate(pool.grade(requests), 1):
            graded.setdefault(result.student, []).append(result)
            if progress:
                progress(result.student.partition("/")[2], done, len(requests))

    verdicts = tuple(_verdict(kind, variant, graded[f"{kind}/{name}"]) for (kind, name), variant in answers.items())
    broken = {check: result for check, result in verdicts[0].lost.items() if result.outcome == "broken"}
    problems = [*stock.problems, *(_why(result) for result in broken.values())]
    problems += [f"{v.label}: {problem}" for v in verdicts for problem in v.problems_beside(frozenset(broken))]
    problems += _handout_problems(lab, frozenset(verdicts[0].lost))
    if not problems and verdicts[0].points != (float(lab.points), float(lab.points)):
        problems.append(f"solution: earns {verdicts[0].points[1]:g} points, lab.toml says {short(lab.points)}")
    return LabReport(
        lab=lab,
        checks={check.name: float(check.points) for check in stock.checks},
        hidden=frozenset(check.name for check in stock.checks if check.hidden),
        verdicts=verdicts,
        seeds=tuple(range(seeds)),
        notes=(*notes, *stock.notes),
        problems=tuple(problems),
    )


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
    totals = [float(result.points) for result in results]
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
    return f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}"


def _why(check: CheckResult) -> str:
    if check.outcome == "broken" and check.private:
        first = check.private.partition("\n")[0]  # the place; the traceback follows
        return first if first.startswith("checks/") else f"{check.name}: {first}"
    return (check.private or check.message or check.hint or check.title).strip()[:400]
