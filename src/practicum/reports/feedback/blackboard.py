"""Feedback for Blackboard: a page in a folder for each username, and the column's upload with a line of feedback.

No way is known to upload feedback files in bulk. A grade file of a single column may carry feedback as text; the pages are
for attaching by hand, or for sending otherwise.
"""

from __future__ import annotations

import csv
import io

from practicum.errors import PracticumError
from practicum.gradebook.export import Current, to_blackboard
from practicum.gradebook.gradebook import Gradebook
from practicum.reports.feedback.pack import Feedback, Pack, labelled
from practicum.reports.feedback.page import item_page
from practicum.reports.feedback.words import in_short

GRADES = "grades.csv"
_EXTRA = ("Grading Notes", "Notes Format", "Feedback to Learner", "Feedback Format")
_FORMAT = "SMART_TEXT"


def blackboard_pack(feedback: Feedback, book: Gradebook, item: str, current: Current | None = None) -> Pack:
    """Make the folders and the upload.

    Args:
        feedback: who is told what.
        book: the grades.
        item: the item's name.
        current: what Blackboard's gradebook download says.
    """
    pack = Pack()
    for own, each in feedback.items():
        username = (current.found[own].login if current and own in current.found else each.student.login) or own
        if username.startswith(".") or "/" in username or "\\" in username or not username.isprintable():
            pack.left_out.append(f"{labelled(each.student)}: the username {username!r} names no folder")
            continue
        pack.files[f"{username}/feedback.html"] = item_page(each.told).encode()
    try:
        made = to_blackboard(book, False, current, item)
    except PracticumError as error:
        pack.left_out.append(f"{GRADES}: {error}")
        return pack
    rows = list(csv.reader(io.StringIO(made.files[0].text)))
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([*rows[0], *_EXTRA])
    for row in rows[1:]:
        own = row[rows[0].index("Student ID")]
        said = in_short(feedback[own].told) if own in feedback else ""
        writer.writerow([*row, "", "", said, _FORMAT if said else ""])
    pack.files[GRADES] = out.getvalue().encode()
    pack.left_out += [f"{GRADES}: {warning}" for warning in made.warnings]
    return pack
