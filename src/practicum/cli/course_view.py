"""What the course commands show, as rich tables and text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich.table import Table
from rich.text import Text

from practicum.course.assessment import Item, Part
from practicum.course.calendar import due, instant, local, opens, session_days, week_of, week_start
from practicum.course.late import LateRule
from practicum.course.model import Course
from practicum.course.rounding import plain, rounded
from practicum.gradebook.cases import case_words
from practicum.gradebook.events import Submitter
from practicum.gradebook.gradebook import Gradebook, StudentGrade
from practicum.gradebook.scoring import ItemGrade

View = Table | Text


def course_view(course: Course) -> Iterator[View]:
    """Yield the heading, the plan, the grade and the late rules."""
    term = course.term
    yield Text(f"{course.title} ({course.name}) · {term.name}, {term.weeks} weeks from {term.start}, {term.timezone}\n")
    for meeting in course.about.meeting:
        place = f", {meeting.place}" if meeting.place else ""
        yield Text(f"Meets on {meeting.weekday}s, {meeting.begins:%H:%M} to {meeting.ends:%H:%M}{place}")
    yield _plan(course)
    yield Text("")
    yield _grade(course)
    yield Text(f"\nAt most {plain(course.grade.cap)} of {plain(course.grade.out_of)}.")
    for name, rule in course.late.items():
        used = [item.name for item in course.items if item.due and name == (item.late or course.grade.late)]
        said = f" In the course's words: {rule.sentence}" if rule.sentence else ""
        yield Text(f"Late ({name}; {', '.join(used) or 'not in force'}): {late_words(rule)}.{said}")
    for rule_ in course.integrity:
        then = f" Otherwise: {rule_.consequence}" + (f", for {rule_.applies_to}." if rule_.applies_to else ".")
        yield Text(f"Integrity: {rule_.rule}{then if rule_.consequence else ''}")


def late_words(rule: LateRule) -> str:
    """Say a late rule in one line."""
    words = []
    for step in rule.steps:
        edge = "up to and including" if step.up_to is not None else "under"
        hours = step.until.total_seconds() / 3600
        words.append(f"{edge} {hours:g} h {step.words()}")
    words.append(("after that " if rule.steps else "after the deadline ") + rule.then.words())
    if rule.excused:
        words.append(f"with a {rule.excused.kind} {rule.excused.then.words()}")
    return "; ".join(words)


_WHOLE = {"week", "no.", "weight", "points", "lab", "submitted", "graded", "late", "waiting", "missing"}


def _table(*headings: str) -> Table:
    """Return an empty table in which numbers and the names of labs stay whole."""
    table = Table(box=None)
    for heading in headings:
        table.add_column(heading, no_wrap=heading in _WHOLE)
    return table


def _plan(course: Course) -> Table:
    table = _table("week", "days", "kind", "no.", "title", "labs")
    for session in course.session:
        days = session_days(course, session)
        weeks = [session.week] if session.week else list(dict.fromkeys(week_of(course.term, day) for day in days))
        shown = ", ".join(f"{day:%a} {day}" for day in days)
        if session.week and not days:
            shown = f"from {week_start(course.term, session.week)}"
        numbers = ", ".join(str(week) for week in weeks if week)
        table.add_row(numbers, shown, session.kind, str(session.number or ""), session.title, ", ".join(session.labs))
    return table


def _grade(course: Course) -> Table:
    table = _table("component", "item", "weight", "points", "handed out", "due", "labs, parts, form")
    for component in course.component:
        for index, item in enumerate(component.item):
            out, end = opens(course, item), due(course, item)
            table.add_row(
                f"{component.title} {plain(component.weight)}" if index == 0 else "",
                f"{item.name}: {item.label}",
                plain(rounded(component.weight_of(item))),
                plain(item.points) + (f" + {plain(item.most - item.points)}" if item.most > item.points else ""),
                local(course, out)[:14] if out else "",
                local(course, end) if end else "",
                "; ".join(_form(course, item)),
            )
    return table


def _form(course: Course, item: Item) -> Iterator[str]:
    if item.lab:
        yield item.lab
    if item.part:
        yield ", ".join(_part(part) for part in item.part)
    if item.team:
        yield f"teams of {item.team.min} to {item.team.max}" if item.team.max else "teams"
    for document in item.document:
        yield document.kind + (f" ≤ {document.max_pages} pages" if document.max_pages else f" {document.paper}")
    for talk in item.talk:
        yield talk.title.lower() + (f" {talk.minutes} min" if talk.minutes else "")
    for checkpoint in item.checkpoint:
        yield f"{checkpoint.title.lower()} by {local(course, instant(course.term, checkpoint.due))[:14]}"
    if item.exam and item.exam.minutes:
        yield f"{item.exam.minutes} min"
    if item.exam and item.exam.on:
        on = item.exam.on
        yield f"in week {on.week}" if on.week and not on.day else f"on {local(course, instant(course.term, on))[:14]}"
    if item.exam and (scope := item.exam.scope):
        yield f"{scope.kind}s {scope.first} to {scope.last}" + (f" (“{scope.sentence}”)" if scope.sentence else "")


def _part(part: Part) -> str:
    return f"{part.name} {'+' if part.bonus else ''}{plain(part.points)}"


def grades_view(book: Gradebook) -> Table:
    """Return the gradebook as a table: a row per student, a column per item."""
    table = Table(box=None)
    table.add_column("student", no_wrap=True)
    table.add_column(f"total\n/{plain(book.course.grade.out_of)}", justify="right", no_wrap=True)
    table.add_column("decided", justify="right", no_wrap=True)
    table.add_column("name")
    for item in book.course.items:
        table.add_column(f"{item.name}\n/{plain(item.points)}", justify="right", no_wrap=True)
    for row in book.students:
        scores = [_score(grade) for grade in row.items]
        total = f"{rounded(row.total)}{'!' if row.failed else ''}"
        table.add_row(row.student.id, total, plain(rounded(row.decided)), row.student.name, *scores)
    table.caption = "* late   ~ not all graded yet   w waiting   m missing   x exempt   – open or unmarked"
    if any(row.cases for row in book.students):
        table.caption += "\n! by the outcome of an integrity case   ? withheld until one is decided"
    table.caption_justify = "left"
    return table


def _score(grade: ItemGrade) -> str:
    signs = {"waiting": "w", "missing": "m", "exempt": "x", "open": "–", "unmarked": "–", "withheld": "?"}
    if grade.status in signs:
        return signs[grade.status]
    late = "*" if grade.late else ""
    case = "!" if any(unit.case for unit in grade.units) else ""
    return f"{rounded(grade.score)}{case}{late}{'~' if grade.status == 'partly graded' else ''}"


def student_view(book: Gradebook, row: StudentGrade) -> Iterator[View]:
    """Yield how each number of a student came about."""
    yield Text(f"{row.student.id} {row.student.name}".strip() + "\n")
    grades = iter(row.items)
    for component in row.components:
        whole = f"{rounded(component.score)} of {plain(rounded(component.weight))}"
        if not component.weight:
            whole = "exempt; its weight goes to the other components"
        note = " (makes up for lost grades)" if component.component.makes_up else ""
        yield Text(f"{component.component.title}: {whole}{note}")
        for item in component.component.item:
            grade = next(grades)
            score = "" if grade.status in ("exempt", "withheld") else f"{rounded(grade.score)} of {plain(item.points)}, "
            weight = plain(rounded(component.component.weight_of(item)))
            yield Text(f"  {item.label}: {score}{grade.status} (weight {weight})")
            for line in grade.why.splitlines():
                yield Text(f"    {line}")
    for correction in row.corrections:
        yield Text(correction_words(book.course, correction))
    for case in row.cases:
        yield Text(f"Integrity case, {case.lab}, {local(book.course, case.at)}: {case_words(case)}")
    if row.unused:
        yield Text(f"\n{rounded(row.unused)} points above the cap of {plain(book.course.grade.cap)} do not count.")
    if row.override:
        note = f": {row.override.note}" if row.override.note else ""
        yield Text(f"\nThe total was set by hand{note}.")
    if row.failed:
        yield Text(f"\nThe course is failed by the outcome of the case about {row.failed.lab}; the total is 0.")
    yield Text(f"\nTotal: {rounded(row.total)} ({plain(rounded(row.decided))} of the points are decided)")


def correction_words(course: Course, correction: Submitter) -> str:
    """Say in one line what a correction of who submitted does."""
    where = correction.lab or "every lab"
    does = f"is the work of {correction.student}" if correction.student else "counts for nobody"
    made = "; ".join(filter(None, (local(course, correction.at) if correction.at else "", correction.note)))
    return f"Put right: what {correction.submitter} submitted for {where} {does}" + (f" ({made})" if made else "")


def status_view(book: Gradebook, now: datetime) -> Table:
    """Return a row per lab: how many submitted, are graded, late, waiting, missing."""
    table = _table("lab", "item", "due", "submitted", "graded", "late", "waiting", "missing")
    for lab, item in book.course.labs.items():
        index = book.course.items.index(item)
        path = "" if item.lab == lab else next(path for path, part in item.walk() if part.lab == lab)
        grades = [row.items[index] for row in book.students if row.items[index].status != "exempt"]
        units = [unit for grade in grades for unit in grade.units if unit.part == path]
        graded = [unit for unit in units if unit.status == "graded"]
        waiting = sum(unit.status == "waiting" or unit.newer for unit in units)
        missing = sum(unit.status == "missing" for unit in units)
        submitted = len(graded) + sum(unit.status in ("waiting", "withheld") for unit in units)
        end = due(book.course, item)
        past = " (past)" if end and end < now else ""
        late = sum(bool(unit.late) for unit in graded)
        counts = [f"{submitted} of {len(grades)}", *map(str, (len(graded), late, waiting, missing))]
        table.add_row(lab, item.name, local(book.course, end) + past if end else "", *counts)
    return table


def timing_notes(book: Gradebook) -> Iterator[Text]:
    """Yield a line for each lab with work of which nobody states when it was submitted."""
    counts: dict[str, dict[str, int]] = {}
    for row in book.students:
        for submission, _ in (unit.counted for grade in row.items for unit in grade.units if unit.counted):
            count = counts.setdefault(submission.lab, {})
            count[submission.timing] = count.get(submission.timing, 0) + 1
    for lab, count in counts.items():
        if unknown := count.get("unknown"):
            yield Text(f"{lab}: {unknown} with time unknown: counted as on time")
        if late := count.get("late"):
            yield Text(f"{lab}: {late} late by the platform's word, time unknown: counted as late by the least there is")
    if any(count.keys() & {"unknown", "late"} for count in counts.values()):
        yield Text("Say when with: practicum grade LAB --times FILE (a CSV with the columns student and submitted)")
