"""A run: reads what was submitted, grades what has no result yet, and keeps every result at once.

What is graded when:

- A submission is graded once. One that has a published result is left alone, also when the lab or the seed has changed
  since; a note says so. Published marks change by a regrade only, which shows them first.
- All runs of a lab in one store share a seed, so that everyone gets the same hidden inputs. The first run draws it.
- A run that ended early loses nothing: the results are in the store, and the next run grades what is left. To resume is
  to insist on the same lab and seed, and to take up again all that is in the store, even without its folder.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import Protocol

from practicum.errors import PracticumError, suggestion
from practicum.grading.grader import GradingRequest
from practicum.labs.intake.read import read_submissions
from practicum.labs.lab import Lab
from practicum.sandbox.fork_server import versions
from practicum.store.records import Run, StoredResult, StoredSubmission
from practicum.store.results import GradedSubmission, Provenance
from practicum.store.store import Store

SEEDS = 1 << 62  # too many to try: a student who knew the seed would know the hidden inputs


@dataclass(frozen=True, slots=True)
class SubmissionRead:
    """A submission was read."""

    submission: StoredSubmission
    new: bool


@dataclass(frozen=True, slots=True)
class GradingPlanned:
    """Reading is over: so many submissions are to be graded, and so many have a result."""

    todo: int
    reused: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SubmissionGraded:
    """A submission was graded."""

    result: GradedSubmission
    done: int
    todo: int


ProgressEvent = SubmissionRead | GradingPlanned | SubmissionGraded
Progress = Callable[[ProgressEvent], None]


class Backend(Protocol):
    """What grades: `practicum.grading.pool.Pool` or `practicum.grading.dask.Cluster`."""

    @property
    def notes(self) -> list[str]:
        """What the user should know of it."""
        ...

    def grade(self, jobs: Iterable[GradingRequest], emit: Callable[[GradedSubmission], None]) -> None:
        """Grade all jobs; `emit` is called by one thread at a time."""
        ...


Backends = Callable[[Lab], AbstractContextManager[Backend]]


@dataclass(frozen=True)
class Report:
    """What a run did.

    Attributes:
        run: the run, or None if nothing was left to grade.
        results: the published results of the submissions in question, by student and time.
        graded: how many were graded now.
        reused: how many had a result before.
        notes: what the user should know.
        ungraded: submissions that still have no result.
    """

    run: Run | None
    results: list[StoredResult]
    graded: int
    reused: int
    notes: list[str] = field(default_factory=list)
    ungraded: list[StoredSubmission] = field(default_factory=list)


def ignore(event: ProgressEvent) -> None:
    """Show nothing."""


def grade_folder(
    lab: Lab,
    folder: Path | None,
    store: Store,
    zone: tzinfo,
    backends: Backends,
    *,
    seed: int | None = None,
    resume: bool = False,
    only: str = "",
    progress: Progress = ignore,
) -> Report:
    """Grade what a folder holds.

    Args:
        lab: the lab.
        folder: what was submitted; None takes what the store knows already.
        store: keeps submissions and results.
        zone: the course's time zone.
        backends: makes what grades, when there is something to grade.
        seed: of the hidden inputs, instead of the lab's own.
        resume: take up the last unfinished run.
        only: grade this student only.
        progress: hears of each step.

    Raises:
        PracticumError: the folder is not there, the lab changed since the run to resume, or grading is not possible.
    """
    notes: list[str] = []
    last = next((run for run in reversed(store.runs(lab.name)) if run.kind == "grade"), None)
    unfinished = last if last is not None and last.status in ("running", "interrupted") else None
    if resume and unfinished is not None:
        _must_agree(unfinished, lab, seed)
        seed = unfinished.seed
    elif resume:
        notes.append(f"no run of {lab.name} is unfinished; grading what is new")
    elif unfinished is not None:
        began = f"{unfinished.started:%Y-%m-%d %H:%M} UTC"
        notes.append(f"the run of {began} did not finish; its results are kept, and what is left of this folder is graded now")
    chosen = _register(lab, folder, store, zone, only, progress)
    if folder is None or (resume and not only):
        chosen |= {s.id: s for s in store.submissions(lab.name) if only in ("", s.student)}
    provenance = conditions(lab, store, seed)
    before = {r.submission.id: r for r in store.results(lab.name) if r.submission.id in chosen}
    notes += _differences(before.values(), provenance, lab)
    todo = [submission for key, submission in chosen.items() if key not in before]
    progress(GradingPlanned(len(todo), len(before), tuple(notes)))
    run = unfinished if resume else None
    if todo:
        if run is None:
            run = store.start_run("grade", lab.name, provenance)
        notes += grade_submissions(lab, store, run, todo, backends, publish=True, progress=progress)
    elif unfinished is not None:
        store.mark_run(unfinished.id, "finished")
    results = [r for r in store.results(lab.name) if r.submission.id in chosen]
    graded = {r.submission.id for r in results}
    ungraded = [submission for submission in todo if submission.id not in graded]
    return Report(run, results, len(todo) - len(ungraded), len(before), notes, ungraded)


def conditions(lab: Lab, store: Store, seed: int | None = None) -> Provenance:
    """Return what a run of the lab is made with now; the seed is the one given, else that of the last run, else a new one."""
    if seed is None:
        runs = [run for run in store.runs(lab.name) if run.kind == "grade" or run.status == "published"]
        runs.sort(key=lambda run: lab.is_version(run.lab_sha256))  # of this very lab before others
        seed = runs[-1].seed if runs else secrets.randbelow(SEEDS)
    elif not 0 <= seed < SEEDS:
        raise PracticumError(f"expected a seed from 0 to {SEEDS - 1}, got {seed}")
    limits = {key: float(value) for key, value in lab.limits.model_dump().items()}
    return Provenance(lab_sha256=lab.sha256, seed=seed, versions=versions(["numpy", *lab.libraries]), limits=limits, sandbox="")


def grade_submissions(
    lab: Lab,
    store: Store,
    run: Run,
    todo: list[StoredSubmission],
    backends: Backends,
    *,
    publish: bool,
    progress: Progress = ignore,
) -> list[str]:
    """Grade submissions and keep each result as it comes.

    Work that a student submitted unchanged at two times is graded once.

    Returns:
        notes of what graded.

    Raises:
        PracticumError: grading is not possible, or the lab changed meanwhile. What was graded is kept.
    """
    waiting: dict[tuple[str, str], list[StoredSubmission]] = {}
    for submission in todo:
        waiting.setdefault((submission.student, submission.sha256), []).append(submission)
    done = 0

    def jobs() -> Iterator[GradingRequest]:
        for first, *_ in list(waiting.values()):
            files = store.files(first.id)
            yield GradingRequest(student=first.student, submission=first.sha256, files=files, seed=run.seed, notes=first.notes)

    def emit(result: GradedSubmission) -> None:
        nonlocal done
        if result.provenance.lab_sha256 != lab.sha256:
            raise PracticumError(f"{lab.folder} was changed while it was graded; what is graded is kept, grade again")
        for submission in waiting.pop((result.student, result.submission), ()):
            store.add(run, submission.id, result, publish)
            done += 1
        progress(SubmissionGraded(result, done, len(todo)))

    store.mark_run(run.id, "running")
    try:
        with backends(lab) as backend:
            backend.grade(jobs(), emit)
            notes = list(backend.notes)
    except BaseException:
        store.mark_run(run.id, "interrupted")
        raise
    store.mark_run(run.id, "interrupted" if waiting else "finished")
    return notes


def _register(
    lab: Lab, folder: Path | None, store: Store, zone: tzinfo, only: str, progress: Progress
) -> dict[int, StoredSubmission]:
    chosen: dict[int, StoredSubmission] = {}
    if folder is None:
        return chosen
    others: set[str] = set()
    for work in read_submissions(folder, lab, zone):
        if only and work.student != only:
            others.add(work.student)
            continue
        submission, new = store.register(lab.name, work)
        chosen[submission.id] = submission
        progress(SubmissionRead(submission, new))
    if only and not chosen:
        raise PracticumError(f"{folder}: nothing was submitted by `{only}`{suggestion(only, others)}")
    return chosen


def _must_agree(run: Run, lab: Lab, seed: int | None) -> None:
    if not lab.is_version(run.lab_sha256):
        raise PracticumError(
            f"{lab.name} has changed since the run of {run.started:%Y-%m-%d %H:%M} UTC began (it was {run.lab_sha256[:12]}, is "
            f"{lab.sha256[:12]}). Put the lab back and resume, or grade without --resume: what is graded stays, the rest "
            f"gets the new lab, and `practicum regrade {lab.name} --preview` shows what it would change for the others"
        )
    if seed is not None and seed != run.seed:
        raise PracticumError(f"the run to resume has seed {run.seed}, not {seed}: leave --seed out, or leave --resume out")


def _differences(results: Iterable[StoredResult], now: Provenance, lab: Lab) -> Iterator[str]:
    """Return notes of results that were made otherwise than results would be now."""
    made = [stored.graded.provenance for stored in results]
    counts = {
        "another version of the lab": sum(not lab.is_version(p.lab_sha256) for p in made),
        "another seed": sum(lab.is_version(p.lab_sha256) and p.seed != now.seed for p in made),
        "no sandbox": sum(p.sandbox == "none" for p in made),
    }
    for what, count in counts.items():
        if count:
            many, one = "s" * (count > 1), "s" * (count == 1)
            yield f"{count} result{many} made with {what} stay{one}; see `practicum regrade {lab.name} --preview`"
