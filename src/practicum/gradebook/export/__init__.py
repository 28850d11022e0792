"""The gradebook as CSV: for Canvas, Blackboard and Moodle in the columns they import, and a plain one of our own.

Scores are in points of each item, after late rules, rounded to two places (half up); missing work is 0. No export makes
a platform lose what it has: Moodle deletes a grade where a cell is empty, and Canvas clears it, so what is not decided for
a student (open, waiting, unmarked) is in no file, or is repeated from the platform's own file.
Text that a spreadsheet would run as a formula gets an apostrophe before it. Ids never need one: the roster refuses them.
"""

from collections.abc import Callable, Mapping

from practicum.gradebook.export.blackboard import to_blackboard
from practicum.gradebook.export.canvas import to_canvas
from practicum.gradebook.export.current import Current, read_current
from practicum.gradebook.export.moodle import to_moodle
from practicum.gradebook.export.plain import PlainRow, plain_rows, read_plain, to_plain, write_plain
from practicum.gradebook.export.sheet import Export, ExportFile
from practicum.gradebook.gradebook import Gradebook

EXPORTS: Mapping[str, Callable[[Gradebook, bool, Current | None], Export]] = {
    "canvas": to_canvas,
    "blackboard": to_blackboard,
    "moodle": to_moodle,
    "plain": lambda book, total, current: Export((ExportFile("", to_plain(book)),), ()),
}
"""Each export by its name on the command line. The plain one always has the total."""

__all__ = [
    "EXPORTS",
    "Current",
    "Export",
    "ExportFile",
    "PlainRow",
    "plain_rows",
    "read_current",
    "read_plain",
    "to_blackboard",
    "to_canvas",
    "to_moodle",
    "to_plain",
    "write_plain",
]
