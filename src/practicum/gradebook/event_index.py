"""The events of a course, sorted by what they are about, with a note of each that cannot be right."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from operator import attrgetter
from typing import NamedTuple

from practicum.course.assessment import Item
from practicum.course.calendar import due as due_of
from practicum.course.model import Component, Course
from practicum.course.roster import Student
from practicum.course.rounding import plain
from practicum.gradebook.cases import case_problems, latest_cases, path_of
from practicum.gradebook.events import (
    EXEMPT,
    Case,
    Event,
    Exemption,
    Extension,
    ManualGrade,
    Result,
    Submission,
    SubmissionId,
    Submitter,
    Team,
)
from practicum.gradebook.scoring import Rules, ScoredSubmission
from practicum.gradebook.submitters import Corrections
from practicum.gradebook.unknown import joined, unknown_submitters

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def oldest_first(scored: ScoredSubmission) -> tuple[datetime, str]:
    """Sort submissions by time; the id makes the order total."""
    return scored[0].at, scored[0].id


class IndexedItem(NamedTuple):
    """An item with what holds for every student who has nothing of their own: looked up once, used for all."""

    item: Item
    name: str
    rules: Rules
    weight: Decimal


class EventIndex:
    """The events, sorted by what they are about."""

    def __init__(
        self,
        course: Course,
        roster: Sequence[Student],
        events: Iterable[Event],
        now: datetime | None,
        unwritten: Collection[str] = (),
    ) -> None:
        self.course = course
        self.students = {student.id for student in roster}
        self.problems: list[str] = []
        submissions: list[Submission] = []
        results: list[Result] = []
        others: list[Event] = []
        for event in events:
            if type(event) is Submission:
                submissions.append(event)
            elif type(event) is Result:
                results.append(event)
            else:
                others.append(event)
        self.due = {item.name: due_of(course, item) for item in course.items}
        self.now = now
        corrections = Corrections(event for event in others if isinstance(event, Submitter))
        self.corrected: dict[str, set[Submitter]] = defaultdict(set)
        """The corrections that took effect, by the student who won or lost a submission."""
        if corrections:
            submissions, results = self._corrected(corrections, submissions, results)
        submissions, results = joined(submissions, results, roster)
        self._submissions(submissions, results)
        strangers = {student: labs for student, labs in self.submissions.items() if student not in self.students}
        self.problems += unknown_submitters(strangers, roster)
        self._teams([event for event in others if isinstance(event, Team)])
        self._extensions([event for event in others if isinstance(event, Extension)])
        self._exemptions([event for event in others if isinstance(event, Exemption)])
        self._manual_grades([event for event in others if isinstance(event, ManualGrade)])
        self.cases = latest_cases(event for event in others if isinstance(event, Case))
        self.problems += case_problems(self.cases, course, self.students, self.manual_grades)
        self.unwritten = self._unwritten(unwritten)
        self.plan = [(component, self._lines(component)) for component in course.component]
        self.special = {student for _, student in (*self.until, *self.certificates)}
        """Students for whom something other than the course's own rules holds."""
        self.problems = sorted(set(self.problems))

    def _corrected(
        self, corrections: Corrections, submissions: list[Submission], results: list[Result]
    ) -> tuple[list[Submission], list[Result]]:
        """Return submissions and results under whose they are, without those of nobody."""
        kept: list[Submission] = []
        used: set[Submitter] = set()
        for submission in submissions:
            correction = corrections.find(submission.lab, submission.student)
            if correction is not None:
                used.add(correction)
                for student in {submission.student, correction.student} & self.students:
                    self.corrected[student].add(correction)
                if not correction.student:
                    continue
                submission = replace(submission, student=correction.student)
            kept.append(submission)
        for correction in set(corrections) - used:
            where = f" for {correction.lab}" if correction.lab else ""
            self.problems.append(
                f"a correction for what {correction.submitter} submitted{where}, and there is no such submission"
            )
        owned = [replace(r, student=owner) for r in results if (owner := corrections.owner(r.lab, r.student))]
        return kept, owned

    def corrections_of(self, student: str) -> tuple[Submitter, ...]:
        """Return the corrections that gave a student work or took it away, in the order of their labs."""
        return tuple(sorted(self.corrected.get(student, ()), key=attrgetter("lab", "submitter", "student")))

    def _submissions(self, submissions: list[Submission], results: list[Result]) -> None:
        graded = {result.submission: result for result in results}
        submitted = {submission.id: submission for submission in submissions}
        if len(graded) < len(results) or len(submitted) < len(submissions):
            graded, submitted = self._twins(submissions, results)
        self.submissions: dict[str, dict[str, list[ScoredSubmission]]] = {}
        labs: dict[str, list[ScoredSubmission]] = {}
        last = None
        for name, submission in submitted.items():
            found = graded.pop(name, None)
            student, lab = submission.student, submission.lab
            if found is not None and (found.student != student or found.lab != lab):
                self.problems.append(f"the result of submission {name} is for {found.student} and {found.lab}; not counted")
                found = None
            if student != last:  # events mostly come student by student
                labs, last = self.submissions.setdefault(student, {}), student
            if lab in labs:
                labs[lab].append((submission, found))
            else:
                labs[lab] = [(submission, found)]
        self.problems += [f"a result for submission {name}, which was never submitted; not counted" for name in graded]
        known = {*self.course.labs, *(item.name for item in self.course.items)}
        for student, labs in self.submissions.items():
            for lab, scored in labs.items():
                if len(scored) > 1:
                    scored.sort(key=oldest_first)
                if lab not in known:
                    self.problems.append(f"submissions of {student} for {lab}, which feeds no item of this course")

    def _twins(
        self, submissions: list[Submission], results: list[Result]
    ) -> tuple[dict[SubmissionId, Result], dict[SubmissionId, Submission]]:
        """Return one result and one submission per id, whatever their order, and a note of each that had two."""
        graded: dict[SubmissionId, Result] = {}
        for result in results:
            twin = graded.setdefault(result.submission, result)
            if twin is not result and twin != result:
                self.problems.append(f"submission {result.submission} has two results; the higher counts")
                graded[result.submission] = max(twin, result, key=lambda r: (r.score / r.out_of, r.score, r.student, r.lab))
        submitted: dict[SubmissionId, Submission] = {}
        for submission in submissions:
            other = submitted.setdefault(submission.id, submission)
            if other is not submission and other != submission:
                self.problems.append(f"two different submissions are called {submission.id}; the earlier counts")
                submitted[submission.id] = min(other, submission, key=attrgetter("at", "student", "lab"))
        return graded, submitted

    def _teams(self, teams: list[Team]) -> None:
        self.by_team: dict[str, set[str]] = defaultdict(set)
        self.team: dict[tuple[str, str], tuple[str, ...]] = {}  # by item (or nothing) and student
        whole: dict[tuple[str, str], set[str]] = defaultdict(set)
        for team in teams:
            whole[team.name, team.item] |= set(team.members)
        for (name, item), members in sorted(whole.items()):
            self.by_team[name] |= members
            for member in sorted(members):
                if self.team.setdefault((item, member), tuple(sorted(members))) != tuple(sorted(members)):
                    self.problems.append(f"{member} is in two teams, one of them {name}; the first by name counts")
                if member not in self.students:
                    self.problems.append(f"{member} of team {name} is not on the roster")
            for size, of in ((i.team, i.name) for i in self.course.items if i.team and item in ("", i.name)):
                if not size.min <= len(members) <= (size.max or len(members)):
                    span = f"{size.min} to {size.max}" if size.max else f"{size.min} or more"
                    self.problems.append(f"team {name} has {len(members)} members, {of} takes {span}")

    def _unwritten(self, labs: Collection[str]) -> frozenset[str]:
        """Return which of the labs that do not exist nobody has anything for: no submission, and no mark on their part."""
        return frozenset(lab for lab in labs if not self._anything_for(lab))

    def _anything_for(self, lab: str) -> bool:
        if any(lab in submitted for submitted in self.submissions.values()):
            return True
        item = self.course.labs.get(lab)
        if item is None:
            return False
        path = path_of(item, lab)
        marked = {part for items in self.manual_grades.values() for part in items.get(item.name, ())}
        return any(not part or f"{path}.".startswith(f"{part}.") for part in marked)

    def members(self, item: Item, student: str) -> tuple[str, ...]:
        """Return who submits together with `student` for a team item, the student included."""
        return self.team.get((item.name, student)) or self.team.get(("", student)) or (student,)

    def _lines(self, component: Component) -> list[IndexedItem]:
        return [
            IndexedItem(item, item.name, self._rules(item, self.due[item.name], ()), component.weight_of(item))
            for item in component.item
        ]

    def _rules(self, item: Item, due: datetime | None, certificates: Collection[str]) -> Rules:
        closed = self.now is None or (due is not None and self.now > due)
        best = self.course.policy(item) == "best"
        return Rules(due, self.course.late_rule(item), best, certificates, closed, unwritten=self.unwritten)

    def rules_for(self, item: Item, members: Sequence[str]) -> Rules:
        """Return the rules for those who submit together: an extension or certificate of one holds for all of them."""
        due = self.due[item.name]
        if due is not None:
            due = max((due, *(self.until.get((item.name, member), due) for member in members)))
        held = [self.certificates.get((item.name, member), set()) for member in members]
        return self._rules(item, due, set().union(*held))._replace(extended=due != self.due[item.name])

    def _whom(self, event: Extension | Exemption | ManualGrade, names: Iterable[str]) -> list[str]:
        """Return the students an event is about; notes what it names that does not exist."""
        what = type(event).__name__.lower().replace("manualgrade", "manual grade")
        if event.item not in names:
            self.problems.append(f"{what} for {event.student or event.team}: no item {event.item}")
            return []
        if event.team:
            if event.team not in self.by_team:
                self.problems.append(f"{what} for {event.item}: no team {event.team}")
            return sorted(self.by_team.get(event.team, ()))
        if event.student not in self.students:
            self.problems.append(f"{what} for {event.item}: {event.student} is not on the roster")
        return [event.student]

    def _extensions(self, extensions: list[Extension]) -> None:
        self.until: dict[tuple[str, str], datetime] = {}
        for extension in extensions:
            for student in self._whom(extension, self.due):
                key = (extension.item, student)
                self.until[key] = max(self.until.get(key, _LONG_AGO), extension.until)

    def _exemptions(self, exemptions: list[Exemption]) -> None:
        self.exempt: dict[str, dict[str, str]] = defaultdict(dict)  # by student and item, the reason
        self.certificates: dict[tuple[str, str], set[str]] = defaultdict(set)
        for exemption in sorted(exemptions, key=attrgetter("reason")):
            for student in self._whom(exemption, self.due):
                if exemption.kind == EXEMPT:
                    self.exempt[student].setdefault(exemption.item, exemption.reason)
                else:
                    self.certificates[exemption.item, student].add(exemption.kind)

    def _manual_grades(self, manual_grades: list[ManualGrade]) -> None:
        self.manual_grades: dict[str, dict[str, dict[str, ManualGrade]]] = {}  # by student, item and part
        paths = {item.name: markable(item) for item in self.course.items} | {"total": {"": self.course.grade.cap}}

        # A manual grade for the student beats one for the team, a later one an earlier; the rest only makes the order total.
        def rank(manual_grade: ManualGrade) -> tuple[bool, datetime, Decimal, str, datetime]:
            return (
                bool(manual_grade.student),
                manual_grade.at or _LONG_AGO,
                manual_grade.points,
                manual_grade.note,
                manual_grade.submitted or _LONG_AGO,
            )

        for manual_grade in sorted(manual_grades, key=rank):
            for student in self._whom(manual_grade, paths):
                if manual_grade.part not in paths[manual_grade.item]:
                    self.problems.append(
                        f"manual grade for {student}: {manual_grade.item} has no part {manual_grade.part} that is graded manually"
                    )
                    break
                most = paths[manual_grade.item][manual_grade.part]
                named = f"{manual_grade.item} {manual_grade.part}".rstrip()
                if manual_grade.points > most:
                    self.problems.append(
                        f"manual grade for {student}: {plain(manual_grade.points)} for {named} "
                        f"is more than {plain(most)}, which counts"
                    )
                self.manual_grades.setdefault(student, {}).setdefault(manual_grade.item, {})[manual_grade.part] = manual_grade


def markable(item: Item) -> dict[str, Decimal]:
    """Return the dotted paths that can be graded manually, with the most each can have. Below a lab nothing can."""
    parts = list(item.walk())
    filled = [f"{path}." for path, part in parts if part.lab] + ([""] if item.lab else [])
    return {"": item.most} | {p: part.most for p, part in parts if not any(p.startswith(lab) for lab in filled)}
