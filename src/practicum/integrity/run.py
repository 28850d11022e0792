"""From folders of submissions to the report."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from pathlib import Path

from practicum.integrity.compare import THRESHOLD, Comparison, Found, compare
from practicum.integrity.reading import given_by, read_again, read_class
from practicum.integrity.report import About, write_report
from practicum.integrity.submissions import ComparedSubmission
from practicum.labs.lab import Lab


@dataclass(frozen=True)
class SimilarityRun:
    """What came of it.

    Attributes:
        works: the submissions that were compared.
        comparison: the pairs.
        report: the report's first page.
    """

    works: list[ComparedSubmission]
    comparison: Comparison
    report: Path

    def flagged(self) -> list[Found]:
        """Return the pairs that somebody should look at."""
        return [one for one in self.comparison.found if one.flagged]

    def students(self, found: Found) -> str:
        """Return whose submissions a pair are."""
        return " and ".join(self.works[each].student for each in (found.pair.first, found.pair.second))


def compare_folders(
    lab: Lab,
    folders: Mapping[str, Path],
    zone: tzinfo,
    into: Path,
    *,
    baseline: Mapping[str, ComparedSubmission] | None = None,
    teams: Mapping[str, str] | None = None,
    threshold: float = THRESHOLD,
    told: Callable[[str, int], None] = lambda what, count: None,
) -> SimilarityRun:
    """Read classes, compare them and write the report.

    Args:
        lab: what was to be submitted; its handout and solution count for nothing.
        folders: of submissions, by term; "" is the class that is looked at.
        zone: of the course.
        into: the report's folder.
        baseline: what else everybody was given, by what it is.
        teams: names by student.
        threshold: the p-value from which down a pair is flagged.
        told: is called with what is being done and how many submissions are done.

    Raises:
        PracticumError: the lab is wrong, a folder is not there, or the report cannot be written.
    """
    given = given_by(lab) | dict(baseline or {})
    works: list[ComparedSubmission] = []
    for term, folder in folders.items():
        works += read_class(folder, lab, zone, term, partial(told, f"reading {term or folder.name}"))
    told("comparing", len(works))
    comparison = compare(works, list(given.values()), teams, threshold=threshold)

    def whole(indices: Collection[int]) -> dict[int, ComparedSubmission]:
        wanted = {(works[index].term, works[index].student): index for index in indices}
        again = [work for term, folder in folders.items() for work in read_again(folder, lab, zone, term, wanted)]
        return {wanted[work.term, work.student]: work for work in again}

    told("writing the report", len(works))
    about = About(lab.title, lab.name, threshold, tuple(given))
    return SimilarityRun(works, comparison, write_report(about, works, comparison, whole, into)[0])
