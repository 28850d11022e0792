"""A run: reads what was submitted, grades what has no result yet, and keeps every result at once.

What is graded when:

- A submission is graded once. One that has a published result is left alone, also when the lab or the seed has changed
  since; a note says so. Published points change by a regrade only, which shows them first.
- All runs of a lab in one store share a seed, so that everyone gets the same hidden inputs. The first run draws it.
- A run that ended early loses nothing: the results are in the store, and the next run grades what is left. To resume is
  to insist on the same lab and seed, and to take up again all that is in the store, even without its folder.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from pathlib import Path
from typing import Protocol

from practicum.errors import PracticumError, suggestion
from practicum.grading.messages import GradingRequest
from practicum.labs.content_hash import ContentHash
from practicum.labs.inbox import Inbox
from practicum.labs.lab import Lab
from practicum.store.claims import Claims, other_graders
from practicum.store.damage import DamagedFiles, damages
from practicum.store.provenance import conditions, differences, guessable, must_agree
from practicum.store.records import RowId, Run, StoredResult, StoredSubmission
from practicum.store.results import GradedSubmission
from practicum.store.store import Store


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
        refused: a line for each entry of the folder that could be more than one student's, and was not read.
        everything: all published results of the lab, by student and time.
    """

    run: Run | None
    results: list[StoredResult]
    graded: int
    reused: int
    notes: list[str] = field(default_factory=list)
    ungraded: list[StoredSubmission] = field(default_factory=list)
    everything: list[StoredResult] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def ignore(event: ProgressEvent) -> None:
    """Show nothing."""


def grade_folder(
    lab: Lab,
    folder: Path | Inbox | None,
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
        folder: what was submitted, with or without what helps to read it; None takes what the store knows already.
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
        must_agree(unfinished, lab, seed)
        seed = unfinished.seed
    elif resume:
        notes.append(f"no run of {lab.name} is unfinished; grading what is new")
    elif unfinished is not None and (others := other_graders(store, lab.name)):
        notes.append(f"{lab.name} is being graded by {' and '.join(others)}; the work is shared")
    elif unfinished is not None:
        began = f"{unfinished.started:%Y-%m-%d %H:%M} UTC"
        notes.append(f"the run of {began} did not finish; its results are kept, and what is left of this folder is graded now")
    inbox = folder if isinstance(folder, Inbox) else Inbox(folder)
    refused: list[str] = []
    read = _register(lab, inbox, store, zone, only, progress, refused)
    chosen = dict(read)
    if (inbox.folder is None and inbox.shared is None) or (resume and not only):
        chosen |= {s.id: s for s in history.submissions if s.id not in read and only in ("", s.student)}
    provenance = conditions(lab, history.runs, seed)
    # Reading the folder may have shown that a submission was made earlier than the store knew.
    published = [replace(r, submission=read.get(r.submission.id, r.submission)) for r in history.results]
    before = {r.submission.id: r for r in published if r.submission.id in chosen}
    notes += differences(before.values(), provenance, lab)
    notes += damages(result.graded for result in published)
    if not store.secret:
        notes += guessable(provenance, lab)
    todo = [submission for key, submission in chosen.items() if key not in before]
    progress(GradingPlanned(len(todo), len(before), tuple(notes)))
    run = unfinished if resume else None
    if todo:
        if run is None:
            run = store.start_run("grade", lab.name, lambda runs: conditions(lab, runs, seed))
        graded, more = grade_submissions(lab, store, run, todo, backends, publish=True, progress=progress)
        published += graded
        notes += more
    elif unfinished is not None:
        store.mark_run(unfinished.id, "finished")
    published.sort(key=lambda r: (r.submission.student, r.submission.at, r.submission.id))
    results = [r for r in published if r.submission.id in chosen]
    have_one = {r.submission.id for r in results}
    ungraded = [submission for submission in todo if submission.id not in have_one]
    return Report(run, results, len(todo) - len(ungraded), len(before), notes, ungraded, published, refused)


class Requests:
    """What a backend is asked to grade: what is left of the work once damaged submissions and other graders' are out.

    Args:
        store: holds the files.
        run: whose seed counts.
        claims: this grader's; None where no other can have the same work.
    """

    def __init__(self, store: Store, run: Run, claims: Claims | None) -> None:
        self._store, self._run, self._claims = store, run, claims
        self.damaged: list[str] = []
        self.elsewhere: list[list[StoredSubmission]] = []

    def of(self, alike: list[list[StoredSubmission]]) -> Iterator[GradingRequest]:
        """Yield a request for the first of each group of identical submissions; its files are read when it is asked for."""
        for group in alike:
            first = group[0]
            if self._claims is not None and not self._claims.take(group):
                self.elsewhere.append(group)
                continue
            try:
                files = self._store.files(first.id)
            except DamagedFiles as error:
                self.damaged.append(str(error))
                continue
            yield GradingRequest(
                student=first.student,
                submission=first.sha256,
                files=files,
                seed=self._run.seed,
                secret=self._store.secret,
                notes=first.notes,
            )


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
    notes: list[str] = []
    for submission in todo:
        waiting.setdefault((submission.student, submission.sha256), []).append(submission)
    shared = 0
    results: list[StoredResult] = []
    store.mark_run(run.id, "running")
    try:
        # Closed at once on Ctrl-C, so that nothing is graded on behind the scenes.
        with Claims(store) as claims:
            left = list(waiting.values())
            while left:
                asked = Requests(store, run, claims if publish else None)
                with backends(lab) as backend, closing(backend.grade(asked.of(left))) as arriving:
                    for graded in arriving:
                        if graded.provenance.lab_sha256 != lab.sha256:
                            raise PracticumError(
                                f"{lab.folder} was changed while it was graded; what is graded is kept, grade again"
                            )
                        for submission in waiting.pop((graded.student, graded.submission), ()):
                            results.append(store.add(run, submission, graded, publish))
                        progress(SubmissionGraded(graded, len(results), len(todo)))
                    notes += [note for note in (*asked.damaged, *backend.notes) if note not in notes]
                # What another grader had is its, unless it gave it up.
                left = []
                for group, theirs in claims.settle(asked.elsewhere):
                    if len(theirs) < len(group):
                        left.append(group)
                        continue
                    waiting.pop((group[0].student, group[0].sha256))
                    results += theirs
                    shared += len(theirs)
                    progress(SubmissionGraded(theirs[-1].graded, len(results), len(todo)))
    except BaseException:
        store.mark_run(run.id, "interrupted")
        raise
    if shared:
        notes.append(f"{shared} of these results are another grader's, who graded at the same time")
    store.mark_run(run.id, "interrupted" if waiting else "finished")
    return results, notes


def _register(
    lab: Lab, inbox: Inbox, store: Store, zone: tzinfo, only: str, progress: Progress, refused: list[str]
) -> dict[RowId, StoredSubmission]:
    """Keep what a folder holds; return it as the store knows it."""
    chosen: dict[RowId, StoredSubmission] = {}
    others: set[str] = set()
    for submitted in inbox.read(lab, zone, refused):
        if only and submitted.student != only:
            others.add(submitted.student)
            continue
        submission, new = store.register(lab.name, submitted)
        chosen[submission.id] = submission
        progress(SubmissionRead(submission, new))
    if only and not chosen and (inbox.folder or inbox.shared):
        raise PracticumError(f"{inbox.folder or inbox.shared}: nothing was submitted by `{only}`{suggestion(only, others)}")
    return chosen
