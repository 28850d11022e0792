"""Where the submissions for a lab lie, and what is known of those who made them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import Literal

from practicum.course.roster import Student
from practicum.labs.intake.read import SubmissionFiles, read_submissions
from practicum.labs.lab import Lab


@dataclass(frozen=True)
class Inbox:
    """Folders of submissions, and what helps to read them.

    Attributes:
        folder: with an entry per student.
        shared: with an entry per student, too, each for all labs of the item.
        roster: the students; without it everybody is called what the entries say.
        teams: the ids of the members, by the team's name.
        times: a file with the times of submissions, or `file` for the dates of the files.
        siblings: the files of the other labs of the item.
    """

    folder: Path | None
    shared: Path | None = None
    roster: Sequence[Student] | None = None
    teams: Mapping[str, Sequence[str]] = field(default_factory=dict)
    times: Path | Literal["file"] | None = None
    siblings: Collection[str] = ()

    def read(self, lab: Lab, zone: tzinfo, refused: list[str]) -> Iterator[SubmissionFiles]:
        """Yield what was submitted; `refused` gets a line for each entry that was not read."""
        for folder, siblings in ((self.folder, ()), (self.shared, self.siblings)):
            if folder is not None:
                yield from read_submissions(
                    folder,
                    lab,
                    zone,
                    roster=self.roster,
                    teams=self.teams,
                    times=self.times,
                    siblings=siblings,
                    refused=refused,
                )
