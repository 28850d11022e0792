"""From folders of submissions to the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from pathlib import Path

from practicum.integrity.compare import THRESHOLD, Comparison, Found, compare
from practicum.integrity.reading import given_by, published_by, read_class
from practicum.integrity.report import About, write_report
from practicum.integrity.submissions import ComparedSubmission
from practicum.labs.inbox import Inbox
from practicum.labs.lab import Lab


@dataclass(frozen=True)
class SimilarityRun:
    """What came of it.

    Attributes:
        submissions: those that were compared, and after them the published answers that they were compared with.
        comparison: the pairs.
        report: the report's first page.
    """

    submissions: list[ComparedSubmission]
    comparison: Comparison
    report: Path

    def flagged(self) -> list[Found]:
        """Return the pairs that somebody should look at."""
        return [one for one in self.comparison.found if one.flagged]

    def students(self, found: Found) -> str:
        """Return whose submissions a pair are, or what is published."""
        return " and ".join(self.submissions[each].name for each in (found.pair.first, found.pair.second))


def compare_folders(
    lab: Lab,
    folders: Mapping[str, Path | Inbox],
    zone: tzinfo,
    into: Path,
    *,
    baseline: Mapping[str, ComparedSubmission] | None = None,
    published: Sequence[ComparedSubmission] | None = None,
    teams: Mapping[str, str] | None = None,
    refused: list[str] | None = None,
    threshold: float = THRESHOLD,
    progress: Callable[[str, int], None] = lambda what, count: None,
) -> SimilarityRun:
    """Read classes, compare them and write the report.

    Args:
        lab: what was to be submitted; its handout counts for nothing.
        folders: of submissions, by term; "" is the class that is looked at, of which an inbox knows more.
        zone: of the course.
        into: the report's folder.
        baseline: what else everybody was given, by what it is.
        published: answers that anybody can find, to compare with; by default `published_by(lab)`.
        teams: names by student.
        refused: gets a line for each entry that was not read.
        threshold: the p-value from which down a pair is flagged.
        progress: is called with what is being done and how many submissions are done.

    Raises:
        PracticumError: the lab is wrong, a folder is not there, or the report cannot be written.
    """
    given = given_by(lab) | dict(baseline or {})
    submissions: list[ComparedSubmission] = []
    for term, folder in folders.items():
        inbox = folder if isinstance(folder, Inbox) else Inbox(folder)
        told = partial(progress, f"reading {term or (inbox.folder or lab.folder).name}")
        submissions += read_class(inbox, lab, zone, term, told, refused)
    progress("comparing", len(submissions))
    submissions += published_by(lab) if published is None else published
    comparison = compare(submissions, list(given.values()), teams, threshold=threshold)
    progress("writing the report", len(submissions))
    about = About(lab.title, lab.name, threshold, tuple(given))
    return SimilarityRun(submissions, comparison, write_report(about, submissions, comparison, into)[0])
