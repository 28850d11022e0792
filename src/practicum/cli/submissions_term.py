"""A term as `practicum submissions` sees it: the course, its roster, the corrections, and what the store knows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from practicum.course.assessment import Item
from practicum.course.model import Course
from practicum.course.roster import Student
from practicum.course.roster.identities import AmbiguousIdentity, Identities
from practicum.course.workspace import Workspace, find
from practicum.errors import PracticumError, suggestion
from practicum.gradebook.event_csv import read_submitters, stated_time, submittable
from practicum.gradebook.events import Submitter
from practicum.gradebook.submitters import Corrections
from practicum.labs.lab import Lab, find_lab, without_checks
from practicum.store.look import readable
from practicum.store.records import StoredSubmission
from practicum.store.store import Store


@dataclass(frozen=True)
class Term:
    """A workspace with what is known of its submissions."""

    workspace: Workspace
    course: Course
    roster: list[Student]
    corrections: list[Submitter]
    submissions: list[StoredSubmission]

    @property
    def names(self) -> dict[str, str]:
        """The students' names by id."""
        return {student.id: student.name for student in self.roster}

    def owner(self, submission: StoredSubmission) -> str | None:
        """Return whose a submission is: a student's id, nothing if it was forgotten, None if it is nobody's on the roster."""
        correction = self.looked_up.find(submission.lab, submission.student)
        if correction is not None:
            return correction.student
        try:
            student = self.identities.find(submission.student, "id")
        except AmbiguousIdentity:
            return None
        return student.id if student else None

    @cached_property
    def looked_up(self) -> Corrections:
        """The corrections, by lab and submitter."""
        return Corrections(self.corrections)

    @cached_property
    def identities(self) -> Identities:
        """The roster, by every id."""
        return Identities(self.roster)

    def item(self, name: str) -> Item | None:
        """Return the item of the course with this name."""
        return next((item for item in self.course.items if item.name == name), None)

    def about(self, lab: str) -> list[StoredSubmission]:
        """Return the submissions for a lab or item, or all."""
        return [each for each in self.submissions if lab in ("", each.lab)]


def read_term(lab: str) -> Term:
    """Return the term around the current folder.

    Raises:
        PracticumError: there is no workspace, something in it is wrong, or no such lab or item.
    """
    workspace = find()
    course, roster = workspace.course(), workspace.roster()
    corrections = read_submitters(workspace.submitters_file, course, {student.id for student in roster})
    submissions: list[StoredSubmission] = []
    if workspace.database.exists():
        with readable(workspace.database) as path, Store(path) as store:
            submissions = store.submissions()
    known = dict.fromkeys([*submittable(course), *(each.lab for each in submissions)])
    if lab and lab not in known:
        raise PracticumError(f"no lab or item `{lab}`{suggestion(lab, known)}; known: {', '.join(known)}")
    return Term(workspace, course, roster, corrections, submissions)


def find_student(roster: list[Student], text: str) -> Student:
    """Return the student whom an id, login, number, e-mail address or full name means.

    Raises:
        PracticumError: it is nobody's, or more than one student's.
    """
    identities = Identities(roster)
    found = identities.find(text) or identities.by_name(text)
    if found is None:
        raise PracticumError(f"no student `{text}` on the roster{identities.near(text)}")
    return found


def work_named(term: Term, name: str) -> Lab:
    """Return the lab of that name, or what stands for an item without checks.

    Raises:
        PracticumError: there is neither, or labs fill the item.
    """
    if name in term.course.labs:
        return find_lab(name)
    known = submittable(term.course)
    if name in known:
        return without_checks(name)
    item = term.item(name)
    if item is not None and len(item.labs()) == 1:
        return find_lab(item.labs()[0])
    if item is not None:
        raise PracticumError(f"{name} is filled by labs: name one of {', '.join(item.labs())}")
    raise PracticumError(f"no lab or item `{name}`{suggestion(name, known)}; known: {', '.join(known)}")


def time_of(term: Term, text: str) -> datetime:
    """Return the time that an option states.

    Raises:
        PracticumError: it is none.
    """
    at = stated_time(text, term.course)
    if at is None:
        raise PracticumError(f"--at: expected a time such as `2027-03-19 23:59:59`, got {text!r}")
    return at
