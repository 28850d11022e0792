"""Who submitted, put right by hand: the corrections of `submitters.csv`, looked up.

A correction for one lab comes before one for all labs; of several for the same, the latest counts. They are not chained:
what is asked for is always the name in the store.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from practicum.course.roster.spelling import folded
from practicum.gradebook.events import Submitter

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Corrections:
    """Corrections by lab and submitter."""

    def __init__(self, events: Iterable[Submitter]) -> None:
        self._by_key: dict[tuple[str, str], Submitter] = {}
        for event in sorted(events, key=lambda e: (e.at or _LONG_AGO, e.student, e.note)):
            self._by_key[event.lab, folded(event.submitter)] = event

    def __bool__(self) -> bool:
        return bool(self._by_key)

    def __iter__(self) -> Iterator[Submitter]:
        return iter(self._by_key.values())

    def find(self, lab: str, submitter: str) -> Submitter | None:
        """Return the correction that holds for what somebody submitted for a lab, if there is one."""
        name = folded(submitter)
        return self._by_key.get((lab, name)) or self._by_key.get(("", name))

    def owner(self, lab: str, submitter: str) -> str:
        """Return whose a submission is: the student's id, or nothing if it counts for nobody."""
        found = self.find(lab, submitter)
        return submitter if found is None else found.student
