"""A run: reads what was submitted, grades what has no result yet, and keeps every result at once.

What is graded when:

- A submission is graded once. One that has a published result is left alone, also when the lab or the seed has changed
  since; a note says so. Published points change by a regrade only, which shows them first.
- All runs of a lab in one store share a seed, so that everyone gets the same hidden inputs. The first run draws it.
- A run that ended early loses nothing: the results are in the store, and the next run grades what is left. To resume is
  to insist on the same lab and seed, and to take up again all that is in the store, even without its folder.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from pathlib import Path
from typing import Protocol

from practicum.errors import PracticumError, suggestion
from practicum.grading.grader import GradingRequest, libraries_of, limits_of
from practicum.labs.intake.read import ContentHash, read_submissions
from practicum.labs.lab import Lab
from practicum.sandbox.fork_server import versions
from practicum.store.records import RowId, Run, StoredResult, StoredSubmission
from practicum.store.results import GradedSubmission, Provenance
from practicum.store.store import Store

SEEDS = 1 << 62  # too many to try, also where no secret of the store stands beside them
FEW_SEEDS = 1 << 48  # that could be tried


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

    def grade(self, requests: Iterable[GradingRequest]) -> Generator[GradedSubmission, None, None]:
        """Yield results as they come; what cannot be graded has none, and a note."""
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
        everything: all published results of the lab, by student and time.
    """

    run: Run | None
    results: list[StoredResult]
    graded: int
    reused: int
    notes: list[str] = field(default_factory=list)
    ungraded: list[StoredSubmission] = field(default_factory=list)
    everything: list[StoredResult] = field(default_factory=list)


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
    history = store.history(lab.name)
    last = next((run for run in reversed(history.runs) if run.kind == "grade"), None)
    unfinished = last if last is not None and last.status in ("running", "interrupted") else None
    if resume and unfinished is not None:
        _must_agree(unfinished, lab, seed)
        seed = unfinished.seed
    elif resume:
        notes.append(f"no run of {lab.name} is unfinished; grading what is new")
    elif unfinished is not None:
        began = f"{unfinished.started:%Y-%m-%d %H:%M} UTC"
        notes.append(f"the run of {began} did not finish; its results are kept, and what is left of this folder is graded now")
    read = _register(lab, folder, store, zone, only, progress)
    chosen = dict(read)
    if folder is None or (resume and not only):
        chosen |= {s.id: s for s in history.submissions if s.id not in read and only in ("", s.student)}
    provenance = conditions(lab, history.runs, seed)
    # Reading the folder may have shown that a submission was made earlier than the store knew.
    published = [replace(r, submission=read.get(r.submission.id, r.submission)) for r in history.results]
    before = {r.submission.id: r for r in published if r.submission.id in chosen}
    notes += _differences(before.values(), provenance, lab)
    if not store.secret and provenance.seed < FEW_SEEDS:
        notes.append(
            f"a submission can find the seed {provenance.seed} by trying, and with it the hidden inputs (this store is from "
            f"before stores had secrets): `practicum regrade {lab.name} --seed {secrets.randbelow(SEEDS)}` draws others"
        )
    todo = [submission for key, submission in chosen.items() if key not in before]
    progress(GradingPlanned(len(todo), len(before), tuple(notes)))
    run = unfinished if resume else None
    if todo:
        if run is None:
            run = store.start_run("grade", lab.name, provenance)
        graded, more = grade_submissions(lab, store, run, todo, backends, publish=True, progress=progress)
        published += graded
        notes += more
    elif unfinished is not None:
        store.mark_run(unfinished.id, "finished")
    published.sort(key=lambda r: (r.submission.student, r.submission.at, r.submission.id))
    results = [r for r in published if r.submission.id in chosen]
    have_one = {r.submission.id for r in results}
    ungraded = [submission for submission in todo if submission.id not in have_one]
    return Report(run, results, len(todo) - len(ungraded), len(before), notes, ungraded, published)


def conditions(lab: Lab, runs: Iterable[Run], seed: int | None = None) -> Provenance:
    """Return what the lab is graded with now; the seed is the one given, else that of the last run, else a new one.

    Args:
        lab: the lab.
        runs: of the lab so far, the oldest first.
        seed: of the hidden inputs.

    Raises:
        PracticumError: there is no such seed.
    """
    if seed is None:
        earlier = [run for run in runs if run.kind == "grade" or run.status == "published"]
        earlier.sort(key=lambda run: lab.is_version(run.lab_sha256))  # of this very lab before others
        seed = earlier[-1].seed if earlier else secrets.randbelow(SEEDS)
    elif not 0 <= seed < SEEDS:
        raise PracticumError(f"expected a seed from 0 to {SEEDS - 1}, got {seed}")
    return Provenance(lab_sha256=lab.sha256, seed=seed, versions=versions(libraries_of(lab)), limits=limits_of(lab), sandbox="")


def grade_submissions(
    lab: Lab,
    store: Store,
    run: Run,
    todo: list[StoredSubmission],
    backends: Backends,
    *,
    publish: bool,
    progress: Progress = ignore,
) -> tuple[list[StoredResult], list[str]]:
    """Grade submissions and keep each result as it comes.

    What a student submitted unchanged at two times is graded once.

    Returns:
        the results, and notes of what graded.

    Raises:
        PracticumError: grading is not possible, or the lab changed meanwhile. What was graded is kept.
    """
    waiting: dict[tuple[str, ContentHash], list[StoredSubmission]] = {}
    for submission in todo:
        waiting.setdefault((submission.student, submission.sha256), []).append(submission)
    results: list[StoredResult] = []
    store.mark_run(run.id, "running")
    try:
        # Closed at once on Ctrl-C, so that nothing is graded on behind the scenes.
        with backends(lab) as backend, closing(backend.grade(_requests(store, run, list(waiting.values())))) as arriving:
            for graded in arriving:
                if graded.provenance.lab_sha256 != lab.sha256:
                    raise PracticumError(f"{lab.folder} was changed while it was graded; what is graded is kept, grade again")
                for submission in waiting.pop((graded.student, graded.submission), ()):
                    results.append(store.add(run, submission, graded, publish))
                progress(SubmissionGraded(graded, len(results), len(todo)))
            notes = list(backend.notes)
    except BaseException:
        store.mark_run(run.id, "interrupted")
        raise
    store.mark_run(run.id, "interrupted" if waiting else "finished")
    return results, notes


def _requests(store: Store, run: Run, alike: list[list[StoredSubmission]]) -> Iterator[GradingRequest]:
    """Yield a request for the first of each group of identical submissions; its files are read when it is asked for."""
    for first, *_ in alike:
        yield GradingRequest(
            student=first.student,
            submission=first.sha256,
            files=store.files(first.id),
            seed=run.seed,
            secret=store.secret,
            notes=first.notes,
        )


def _register(
    lab: Lab, folder: Path | None, store: Store, zone: tzinfo, only: str, progress: Progress
) -> dict[RowId, StoredSubmission]:
    """Keep what a folder holds; return it as the store knows it."""
    chosen: dict[RowId, StoredSubmission] = {}
    if folder is None:
        return chosen
    others: set[str] = set()
    for submitted in read_submissions(folder, lab, zone):
        if only and submitted.student != only:
            others.add(submitted.student)
            continue
        submission, new = store.register(lab.name, submitted)
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
