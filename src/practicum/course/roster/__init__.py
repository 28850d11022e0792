"""The roster: who takes the course, from our own CSV or from the files that Canvas, Blackboard and Moodle export."""

from practicum.course.roster.merge import Known, Merged, merge_rosters
from practicum.course.roster.read import Roster, load_roster, parse_roster, read_roster
from practicum.course.roster.student import COLUMNS, Student, write_roster
from practicum.course.roster.worksheet import Person, worksheet_participants

__all__ = [
    "COLUMNS",
    "Known",
    "Merged",
    "Person",
    "Roster",
    "Student",
    "load_roster",
    "merge_rosters",
    "parse_roster",
    "read_roster",
    "worksheet_participants",
    "write_roster",
]
