"""Where the submissions for a lab lie, and what is known of those who made them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Literal

from practicum.course.roster import Student
from practicum.course.roster.spelling import folded
from practicum.errors import PracticumError
from practicum.labs.intake.read import SubmissionFiles, read_submissions
from practicum.labs.intake.sources.read import kind_of, read_source
from practicum.labs.intake.times import read_times
from practicum.labs.intake.who import Submitters
from practicum.labs.lab import Lab


@dataclass(frozen=True)
class Inbox:
    """Where submissions lie, and what helps to read them.

    Attributes:
        folder: with an entry per student, or another source (git, nbgrader, Gradescope, Otter).
        shared: with an entry per student, too, each for all labs of the item.
        roster: the students; without it everybody is called what the entries say.
        teams: the ids of the members, by the team's name.
        times: a file with the times of submissions, or `file` for the dates of the files.
        siblings: the files of the other labs of the item.
        due: the deadline of a student; of a repository, the last commit before it counts.
    """

    folder: Path | None
    shared: Path | None = None
    roster: Sequence[Student] | None = None
    teams: Mapping[str, Sequence[str]] = field(default_factory=dict)
    times: Path | Literal["file"] | None = None
    siblings: Collection[str] = ()
    due: Callable[[str], datetime | None] = lambda student: None

    def read(self, lab: Lab, zone: tzinfo, refused: list[str], also: tuple[str, ...] = ()) -> Iterator[SubmissionFiles]:
        """Yield what was submitted.

        Args:
            lab: the lab; only the files that it asks for are taken.
            zone: of the course.
            refused: gets a line for each entry that was not read.
            also: endings of further files to take.

        Raises:
            PracticumError: a folder is not there, a file of times is wrong, or the dates of files were asked for where another
                tool has its own.
        """
        for folder, siblings in ((self.folder, ()), (self.shared, self.siblings)):
            if folder is None:
                continue
            if kind := kind_of(folder):
                if self.times == "file":
                    raise PracticumError(
                        f"--times file: expected a folder with an entry per student, got one of {kind}, {folder}; "
                        "give a CSV with the columns student and submitted"
                    )
                found = read_source(
                    folder,
                    lab,
                    zone,
                    also,
                    kind=kind,
                    roster=self.roster,
                    teams=self.teams,
                    due=self.due,
                    siblings=siblings,
                    refused=refused,
                )
                yield from self._dated(found, zone)
            else:
                yield from read_submissions(
                    folder,
                    lab,
                    zone,
                    also,
                    roster=self.roster,
                    teams=self.teams,
                    times=self.times,
                    siblings=siblings,
                    refused=refused,
                )

    def _dated(self, submissions: Iterator[SubmissionFiles], zone: tzinfo) -> Iterator[SubmissionFiles]:
        """Yield submissions, of which those without a time have the one that the file of times states."""
        said = read_times(self.times, zone, Submitters(self.roster, {}, {}).find) if isinstance(self.times, Path) else {}
        for each in submissions:
            stated = said.get(f"student {folded(each.student)}") if each.timing != "stated" else None
            yield replace(each, at=stated[-1], timing="stated") if stated else each
