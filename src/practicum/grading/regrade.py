"""A regrade: what the lab as it is now would change, for whom and why, before anything is published.

A preview grades every submission that has a published result once more, all of a student, since the gradebook may count any
of them; what it finds is kept beside the published results. To publish puts the results of the last preview in their
place, all at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from practicum.errors import PracticumError
from practicum.grading.grade import Backends, GradingPlanned, Progress, grade_submissions, ignore
from practicum.labs.lab import Lab
from practicum.store.provenance import conditions
from practicum.store.records import RowId, Run, StoredResult, StoredSubmission
from practicum.store.results import CheckResult, GradedSubmission, Provenance
from practicum.store.store import Store


@dataclass(frozen=True, slots=True)
class CheckChange:
    """A check that gives other points; one of the two is None where it is new or gone."""

    name: str
    before: CheckResult | None
    after: CheckResult | None

    @property
    def by(self) -> Decimal:
        """Points won or lost."""
        return (self.after.points if self.after else Decimal(0)) - (self.before.points if self.before else Decimal(0))


@dataclass(frozen=True, slots=True)
class Change:
    """A submission whose score would change, at which checks, and what was different in grading it."""

    submission: StoredSubmission
    before: GradedSubmission
    after: GradedSubmission
    checks: tuple[CheckChange, ...]
    reasons: tuple[str, ...]

    @property
    def by(self) -> Decimal:
        """Points won or lost."""
        return self.after.points - self.before.points


@dataclass(frozen=True)
class Preview:
    """What a regrade would change.

    Attributes:
        run: the regrade; None if there is nothing to regrade.
        changes: submissions whose points change, by student and time.
        same: how many keep theirs.
        lacking: submissions that could not be graded; they keep their points.
        reasons: everything that differs between the published results and these.
        notes: of what graded.
    """

    run: Run | None
    changes: list[Change]
    same: int
    lacking: list[StoredSubmission]
    reasons: list[str]
    notes: list[str]


def preview(
    lab: Lab,
    store: Store,
    backends: Backends,
    *,
    seed: int | None = None,
    only: str = "",
    again: bool = False,
    progress: Progress = ignore,
) -> Preview:
    """Grade anew what has a published result, and publish nothing.

    A result that was made under the same conditions is used again, also one of an earlier preview, unless one of its
    checks could not judge.

    Args:
        lab: the lab as it is now.
        store: keeps submissions and results.
        backends: makes what grades, when there is something to grade.
        seed: of the hidden inputs, instead of the lab's own.
        only: this student only.
        again: grade also what was made under the same conditions, say on a machine that was too busy.
        progress: hears of each step.

    Raises:
        PracticumError: grading is not possible.
    """
    now = conditions(lab, store.runs(lab.name), seed)
    known = [r for r in store.results(lab.name, published=None) if only in ("", r.submission.student)]
    published = [r for r in known if r.published]
    if not published:
        who = f" of {only}" if only else ""
        return Preview(None, [], 0, [], [], [f"{lab.name} has no published results{who}; `practicum grade` comes first"])
    known.sort(key=lambda r: (r.published, r.id))  # of several for one submission the published one is used, else the newest
    good = {} if again else {r.submission.id: r for r in known if _still_good(lab, r.graded, now)}
    ready = {r.submission.id: good[r.submission.id] for r in published if r.submission.id in good}
    todo = [r.submission for r in published if r.submission.id not in ready]
    progress(GradingPlanned(len(todo), len(published) - len(todo)))
    run = store.start_run("regrade", lab.name, now)
    store.propose(run.id, ready.values())
    notes: list[str] = []
    graded: list[StoredResult] = []
    if todo:
        graded, notes = grade_submissions(lab, store, run, todo, backends, publish=False, progress=progress)
    else:
        store.mark_run(run.id, "finished")
    proposed = ready | {r.submission.id: r for r in graded}
    found = _compare(lab, run, published, proposed, notes)
    return replace(found, lacking=[submission for submission in todo if submission.id not in proposed])


def publish(lab: Lab, store: Store) -> Preview:
    """Publish what the last preview of the lab found: everything or, on any error, nothing.

    Returns:
        what has changed.

    Raises:
        PracticumError: there is no finished preview of the lab as it is now.
    """
    runs = [run for run in store.runs(lab.name) if run.kind == "regrade"]
    first = f"`practicum regrade {lab.name} --preview`"
    if not runs:
        raise PracticumError(f"nothing to publish: look at {first} first")
    run = runs[-1]
    if run.status == "published":
        raise PracticumError(f"the last regrade of {lab.name} is published already; {first} makes another")
    if run.status != "finished":
        raise PracticumError(f"the last preview of {lab.name} did not finish; run {first} again, it keeps what is graded")
    if not lab.is_version(run.lab_sha256):
        raise PracticumError(f"{lab.name} has changed since the last preview; look at {first} again")
    proposed = {r.submission.id: r for r in store.proposed(run.id)}
    found = _compare(lab, run, store.results(lab.name), proposed, [])
    store.publish(run.id)
    return found


def differences(lab: Lab, before: Provenance, after: Provenance) -> Iterator[str]:
    """Yield what is different between two ways a result was made, in words."""
    if before.lab_sha256 != after.lab_sha256 and not (lab.is_version(before.lab_sha256) and lab.is_version(after.lab_sha256)):
        yield f"lab {before.lab_sha256[:12]} → {after.lab_sha256[:12]}"
    if before.seed != after.seed:
        yield f"seed {before.seed} → {after.seed}"
    for name in sorted(before.versions.keys() | after.versions.keys()):
        old, new = before.versions.get(name, "none"), after.versions.get(name, "none")
        if old != new:
            yield f"{name} {old} → {new}"
    for name in sorted(before.limits.keys() | after.limits.keys()):
        low, high = before.limits.get(name), after.limits.get(name)
        if low != high:
            yield f"{name} {_number(low)} → {_number(high)}"
    if before.sandbox != after.sandbox:
        yield f"sandbox {before.sandbox} → {after.sandbox}"


def compare(lab: Lab, submission: StoredSubmission, before: GradedSubmission, after: GradedSubmission) -> Change:
    """Return what changes for one submission."""
    old, new = {c.name: c for c in before.checks}, {c.name: c for c in after.checks}
    checks = tuple(
        CheckChange(name, old.get(name), new.get(name))
        for name in dict.fromkeys([*new, *old])
        if _points(old.get(name)) != _points(new.get(name))
    )
    return Change(submission, before, after, checks, tuple(differences(lab, before.provenance, after.provenance)))


def _compare(
    lab: Lab, run: Run, published: list[StoredResult], proposed: Mapping[RowId, StoredResult], notes: list[str]
) -> Preview:
    """Return what the results that a regrade proposes, by their submission, would change."""
    changes: list[Change] = []
    reasons: dict[str, None] = {}
    same = 0
    for stored in published:
        other = proposed.get(stored.submission.id)
        if other is None:
            continue
        change = compare(lab, stored.submission, stored.graded, other.graded)
        reasons |= dict.fromkeys(change.reasons)
        if change.checks:
            changes.append(change)
        else:
            same += 1
    return Preview(run, changes, same, [], list(reasons), notes)


def _still_good(lab: Lab, graded: GradedSubmission, now: Provenance) -> bool:
    """Return whether grading anew could only say the same."""
    made = graded.provenance
    if made.sandbox == "none" or any(check.outcome == "broken" for check in graded.checks):
        return False
    same_lab = lab.is_version(made.lab_sha256)
    return same_lab and (made.seed, made.versions, made.limits) == (now.seed, now.versions, now.limits)


def _points(check: CheckResult | None) -> tuple[Decimal, Decimal] | None:
    return None if check is None else (check.points, check.out_of)


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"
