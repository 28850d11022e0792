"""Proves a lab: the solution earns everything, the handout nothing, each planted bug loses exactly where it says."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from practicum.course.errors import PracticumError
from practicum.labs.handout import solution_files, starter_files
from practicum.labs.lab import Lab
from practicum.labs.mutants import load_alternatives, load_bugs

from .plugin import points_of
from .pool import Pool
from .results import CheckResult, GradedSubmission
from .submission import Job


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One answer, graded in every seed.

    Attributes:
        name: "solution", "handout", or a bug's or an alternative's name.
        kind: which of the four.
        title: what it is, in words.
        loses: the checks it must lose (none for a right answer, all for the handout).
        lost: check → its worst result over the seeds.
        seeds: for each check it lost, in which seeds.
        points: lowest and highest total.
        seconds: of all its gradings together.
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

    @property
    def problems(self) -> list[str]:
        """What is not as it must be, one line each."""
        found = []
        for check in sorted(self.loses - self.lost.keys()):
            found.append(f"must lose {check} and does not")
        for check in sorted(self.lost.keys() - self.loses):
            result = self.lost[check]
            found.append(f"loses {check} in seeds {_list(self.seeds[check])}: {result.outcome}: {_why(result)}")
        for check in sorted(self.loses & self.lost.keys()):
            if len(self.seeds[check]) < self.runs:
                found.append(f"loses {check} only in seeds {_list(self.seeds[check])}")
        if self.kind == "handout" and self.points[1] > 0:
            found.append(f"earns {self.points[1]:g} points")
        for check, result in self.lost.items():
            if result.outcome == "broken" and check not in self.loses:
                found.append(f"{check}: the check itself broke: {result.private.strip()[-600:]}")
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


def verify_lab(lab: Lab, seeds: int = 5, jobs: int = 1, progress: Callable[[str, int, int], None] | None = None) -> LabReport:
    """Grade solution, handout, bugs and alternatives in several seeds.

    Args:
        lab: the lab.
        seeds: how many; 0, 1, …
        jobs: worker processes.
        progress: called with what was graded, how many are done, and of how many.

    Raises:
        PracticumError: the lab cannot be built or its checks cannot be run.
    """
    points = points_of(lab.checks)
    names = {name.partition("[")[0] for name in points}
    answers: dict[tuple[str, str], tuple[str, frozenset[str], dict[str, bytes]]] = {
        ("solution", "solution"): ("the author's own", frozenset(), solution_files(lab)),
        ("handout", "handout"): ("as handed out", frozenset(names), starter_files(lab)),
    }
    for mutant in load_alternatives(lab):
        answers["alternative", mutant.name] = (mutant.title, frozenset(), mutant.files)
    for mutant in load_bugs(lab):
        unknown = sorted(set(mutant.loses) - names)
        if unknown:
            raise PracticumError(
                f"bug {mutant.name!r} of {lab.name} names unknown checks {', '.join(unknown)}; "
                f"there are {', '.join(sorted(names))}"
            )
        answers["bug", mutant.name] = (mutant.title, frozenset(mutant.loses), mutant.files)

    work = [
        Job(student=name, submission=f"{kind}/{name}", files=files, seed=seed)
        for (kind, name), (_, _, files) in answers.items()
        for seed in range(seeds)
    ]
    graded: dict[str, list[GradedSubmission]] = {}
    done = 0

    def emit(result: GradedSubmission) -> None:
        nonlocal done
        done += 1
        graded.setdefault(result.submission, []).append(result)
        if progress:
            progress(result.student, done, len(work))

    with Pool(Path(lab.folder), jobs) as pool:
        notes = tuple(pool.notes)
        pool.grade(work, emit)

    verdicts = tuple(
        _verdict(kind, name, title, loses, graded[f"{kind}/{name}"]) for (kind, name), (title, loses, _) in answers.items()
    )
    problems = [f"{v.kind} {v.name}: {problem}" for v in verdicts for problem in v.problems]
    total = sum(points.values())
    if total != lab.points:
        problems.insert(0, f"the checks give {total} points together, lab.toml says {lab.points}")
    first = graded["solution/solution"][0]
    hidden = frozenset(check.name for check in first.checks if check.hidden)
    return LabReport(lab, {k: float(v) for k, v in points.items()}, hidden, verdicts, tuple(range(seeds)), notes, tuple(problems))


def _verdict(kind: str, name: str, title: str, loses: frozenset[str], results: list[GradedSubmission]) -> Verdict:
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
    return Verdict(name, kind, title, loses, lost, where, (min(totals), max(totals)), seconds, len(results))


def _list(seeds: list[int]) -> str:
    return ", ".join(map(str, seeds))


def _why(check: CheckResult) -> str:
    return (check.private or check.message or check.hint or check.title).strip()[:400]
