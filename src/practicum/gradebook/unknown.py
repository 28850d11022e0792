"""Submitters who are not on the roster: found there by another of their ids, or named loudly."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from practicum.course.roster import Student
from practicum.course.roster.identities import AmbiguousIdentity, Identities
from practicum.gradebook.events import Result, Submission


def joined(
    submissions: list[Submission], results: list[Result], roster: Sequence[Student]
) -> tuple[list[Submission], list[Result]]:
    """Return submissions and results by the ids of the roster: what was kept under a login or a platform's number, too.

    So a roster that learns a number after the work was read is enough; nothing has to be read again.
    """
    ids = {student.id for student in roster}
    strange = {submission.student for submission in submissions} - ids
    if not strange:
        return submissions, results
    known = Identities(roster)
    whose: dict[str, str] = {}
    for name in strange:
        try:
            student = known.find(name)
        except AmbiguousIdentity:
            continue
        if student is not None:
            whose[name] = student.id
    if not whose:
        return submissions, results
    return (
        [replace(s, student=whose[s.student]) if s.student in whose else s for s in submissions],
        [replace(r, student=whose[r.student]) if r.student in whose else r for r in results],
    )


def unknown_submitters(labs: Mapping[str, Collection[str]], roster: Sequence[Student]) -> list[str]:
    """Return a line for each submitter who is nobody on the roster, with who may be meant and what puts it right.

    Args:
        labs: what each submitter submitted work for, by the submitter as the store knows them.
        roster: the students.
    """
    known = Identities(roster if labs else ())
    lines = []
    for submitter, what in sorted(labs.items()):
        try:
            if known.find(submitter) is not None:
                continue
            reading = known.near(submitter)
        except AmbiguousIdentity as error:
            reading = f" ({error})"
        lines.append(
            f"submissions of {submitter}, who is not on the roster{reading}: what came for {', '.join(sorted(what))} counts for "
            f"nobody. Say whose it is: practicum submissions assign {submitter} STUDENT"
        )
    return lines
