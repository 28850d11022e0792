"""Integrity cases: which outcome holds, and what it says in words.

Of several outcomes for one student and lab the latest holds, so that "cleared" takes an earlier one back. An outcome is about
a student's work for a lab, not about one submission: what is submitted later counts no more than what was.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from practicum.course.assessment import Item
from practicum.course.model import Course
from practicum.course.workspace import CASES
from practicum.csvfile import guard
from practicum.gradebook.events import OUTCOMES, Case
from practicum.gradebook.rows import append_row

_WORDS = {
    "cleared": "an integrity case was cleared",
    "referred": "withheld while an integrity case is decided",
    "zero": "counts 0 by the outcome of an integrity case",
    "fail": "counts 0, and the course is failed, by the outcome of an integrity case",
}


def latest_cases(events: Iterable[Case]) -> Mapping[str, Mapping[str, Case]]:
    """Return the outcome that holds, by student and lab. Of two at the same instant the graver one does."""
    held: dict[str, dict[str, Case]] = defaultdict(dict)
    for case in sorted(events, key=lambda each: (each.at, OUTCOMES.index(each.outcome), each.reason)):
        held[case.student][case.lab] = case
    return held


def case_problems(
    cases: Mapping[str, Mapping[str, Case]],
    course: Course,
    students: Collection[str],
    manual_grades: Mapping[str, Mapping[str, Collection[str]]],
) -> Iterator[str]:
    """Yield a line for each outcome that cannot be honoured.

    Args:
        cases: those that hold, by student and lab.
        course: the course.
        students: those on its roster.
        manual_grades: the dotted paths with a manual grade, by student and item.
    """
    names = {item.name for item in course.items}
    for student, held in cases.items():
        if student not in students:
            yield f"outcome of an integrity case: {student} is not on the roster"
        for lab in held:
            item = course.labs.get(lab)
            if item is None:
                if lab not in names:
                    yield f"outcome of an integrity case of {student}: no lab or item {lab}"
                continue
            path = path_of(item, lab)
            above = [part for part in manual_grades.get(student, {}).get(item.name, ()) if part != path]
            if held[lab].outcome != "cleared" and any(not part or path.startswith(f"{part}.") for part in above):
                yield (
                    f"outcome of an integrity case of {student}: a manual grade stands for all of {item.name}, so that {lab} has "
                    "no grade of its own that could count 0 or be withheld; give grades for the parts instead"
                )


def path_of(item: Item, lab: str) -> str:
    """Return the dotted path of the part of an item that a lab fills; nothing where it fills the item."""
    return next((path for path, part in item.walk() if part.lab == lab), "")


def case_words(case: Case, reasons: bool = True) -> str:
    """Say what an outcome does.

    Args:
        case: the outcome.
        reasons: say why, too; reasons are written for the gradebook.
    """
    return _WORDS[case.outcome] + (f" ({case.reason})" if reasons else "")


def append_case(path: Path, case: Case) -> None:
    """Add an outcome to `cases.csv` as the last row.

    Raises:
        PracticumError: the file lacks a column, or cannot be written.
    """
    cells = {
        "lab": case.lab,
        "student": case.student,
        "outcome": case.outcome,
        "at": case.at.isoformat(timespec="milliseconds"),
        "reason": guard(" ".join(case.reason.split())),
    }
    append_row(path, CASES, cells)
