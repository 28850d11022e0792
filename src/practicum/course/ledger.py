"""The events of a course, sorted by what they are about, with a note of each that cannot be right."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from operator import attrgetter

from practicum.course.calendar import due as due_of
from practicum.course.events import EXEMPT, Event, Exemption, Extension, ManualMark, Result, Submission, Team
from practicum.course.item import Item
from practicum.course.model import Course
from practicum.course.roster import Student
from practicum.course.rounding import plain
from practicum.course.scoring import Attempt

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Ledger:
    """The events, sorted by what they are about."""

    def __init__(self, course: Course, roster: Sequence[Student], events: Iterable[Event]) -> None:
        self.course = course
        self.students = {student.id for student in roster}
        self.problems: list[str] = []
        kinds: dict[type, list[Event]] = defaultdict(list)
        for event in events:
            kinds[type(event)].append(event)
        self.due = {item.name: due_of(course, item) for item in course.items}
        self.late = {item.name: course.late_rule(item) for item in course.items}
        self._attempts(
            [e for e in kinds[Submission] if isinstance(e, Submission)], [e for e in kinds[Result] if isinstance(e, Result)]
        )
        self._teams([e for e in kinds[Team] if isinstance(e, Team)])
        self._extensions([e for e in kinds[Extension] if isinstance(e, Extension)])
        self._exemptions([e for e in kinds[Exemption] if isinstance(e, Exemption)])
        self._marks([e for e in kinds[ManualMark] if isinstance(e, ManualMark)])
        self.problems.sort()

    def _attempts(self, submissions: list[Submission], results: list[Result]) -> None:
        best: dict[tuple[str, str], Result] = {}
        for new in results:
            other = best.setdefault((new.submission, new.lab), new)
            if other != new:
                self.problems.append(f"submission {new.submission} has two results for {new.lab}; the higher counts")
                best[new.submission, new.lab] = max(other, new, key=lambda r: (r.score / r.out_of, r.score, r.student))
        self.attempts: dict[str, dict[str, list[Attempt]]] = defaultdict(lambda: defaultdict(list))
        matched = 0
        seen: dict[str, Submission] = {}
        submissions.sort(key=attrgetter("at", "id"))
        known = set(self.course.labs) | {item.name for item in self.course.items}
        strange = Counter(s.lab for s in submissions if s.lab not in known)
        self.problems += [f"{n} submissions for {lab}, which feeds no item of this course" for lab, n in strange.items()]
        outside = Counter(s.student for s in submissions if s.student not in self.students)
        self.problems += [f"{n} submissions of {who}, who is not on the roster" for who, n in outside.items()]
        for submission in submissions:
            if seen.setdefault(submission.id, submission) is not submission:
                if seen[submission.id] != submission:
                    self.problems.append(f"two different submissions are called {submission.id}; the earlier counts")
                continue
            result = best.get((submission.id, submission.lab))
            if result is not None:
                matched += 1
                if result.student != submission.student:
                    self.problems.append(f"result of submission {submission.id} names another student, {result.student}")
                    result = None
            self.attempts[submission.student][submission.lab].append(Attempt(submission, result))
        if matched < len(best):
            self.problems += [
                f"a result for submission {name} of {lab}, which was never handed in"
                for name, lab in best
                if name not in seen or seen[name].lab != lab
            ]
        self.empty: Mapping[str, Sequence[Attempt]] = {}

    def _teams(self, teams: list[Team]) -> None:
        self.by_team: dict[str, set[str]] = defaultdict(set)
        self.team: dict[tuple[str, str], Team] = {}  # by item (or nothing) and student
        for team in sorted(teams, key=attrgetter("name", "item", "members")):
            self.by_team[team.name] |= set(team.members)
            for member in team.members:
                other = self.team.setdefault((team.item, member), team)
                if other.name != team.name:
                    self.problems.append(f"{member} is in two teams, {other.name} and {team.name}; the first counts")
                if member not in self.students:
                    self.problems.append(f"{member} of team {team.name} is not on the roster")
            for item in self.course.items:
                size = item.team
                if size and team.item in ("", item.name):
                    most = size.max or len(team.members)
                    if not size.min <= len(team.members) <= most:
                        span = f"{size.min} to {size.max}" if size.max else f"{size.min} or more"
                        self.problems.append(f"team {team.name} has {len(team.members)} members, {item.name} takes {span}")

    def members(self, item: Item, student: str) -> tuple[str, ...]:
        """Who hands in together with `student` for `item`, the student included."""
        if item.team is None:
            return (student,)
        team = self.team.get((item.name, student)) or self.team.get(("", student))
        return team.members if team else (student,)

    def _whom(self, event: Extension | Exemption | ManualMark, names: Iterable[str]) -> list[str]:
        """The students an event is about; notes what it names that does not exist."""
        what = type(event).__name__.lower().replace("manualmark", "mark")
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
        self.exempt: dict[tuple[str, str], str] = {}
        self.certificates: dict[tuple[str, str], set[str]] = defaultdict(set)
        for exemption in sorted(exemptions, key=attrgetter("reason")):
            for student in self._whom(exemption, self.due):
                if exemption.kind == EXEMPT:
                    self.exempt.setdefault((exemption.item, student), exemption.reason)
                else:
                    self.certificates[exemption.item, student].add(exemption.kind)

    def _marks(self, marks: list[ManualMark]) -> None:
        self.marks: dict[tuple[str, str], dict[str, ManualMark]] = defaultdict(dict)
        paths = {item.name: markable(item) for item in self.course.items} | {"total": {"": self.course.grade.cap}}

        # A mark for the student beats one for the team, a later one an earlier; the rest only makes the order total.
        def rank(mark: ManualMark) -> tuple[bool, datetime, Decimal, str, datetime]:
            return bool(mark.student), mark.at or _LONG_AGO, mark.points, mark.note, mark.submitted or _LONG_AGO

        for mark in sorted(marks, key=rank):
            for student in self._whom(mark, paths):
                if mark.part not in paths[mark.item]:
                    self.problems.append(f"mark for {student}: {mark.item} has no part {mark.part} that is marked by hand")
                    break
                most = paths[mark.item][mark.part]
                if mark.points > most:
                    self.problems.append(
                        f"mark for {student}: {plain(mark.points)} for {mark.item} {mark.part}".rstrip()
                        + f" is more than {plain(most)}, which counts"
                    )
                self.marks[mark.item, student][mark.part] = mark


def markable(item: Item) -> dict[str, Decimal]:
    """The dotted paths that can be marked by hand, with the most each can have. Below a lab nothing can."""
    parts = list(item.walk())
    filled = [f"{path}." for path, part in parts if part.lab] + ([""] if item.lab else [])
    return {"": item.most} | {p: part.most for p, part in parts if not any(p.startswith(lab) for lab in filled)}
