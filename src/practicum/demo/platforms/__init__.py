"""What learning platforms give a lecturer of an invented class: downloads of submissions, rosters and gradebooks.

The files have the forms of true ones, so that reading them can be tried without anybody's data. The same class and the
same options give the same bytes.
"""

from practicum.demo.platforms.blackboard import write_blackboard
from practicum.demo.platforms.canvas import write_canvas
from practicum.demo.platforms.moodle import write_moodle
from practicum.demo.platforms.people import Assignment, Person, PlatformClass, Submitted, invented_class, invented_people
from practicum.demo.platforms.written import Written

__all__ = [
    "Assignment",
    "Person",
    "PlatformClass",
    "Submitted",
    "Written",
    "invented_class",
    "invented_people",
    "write_blackboard",
    "write_canvas",
    "write_moodle",
]
