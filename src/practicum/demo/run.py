"""The demonstration: the main job from end to end, on an invented class."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from practicum.course.workspace import Workspace
    from practicum.demo.invented_class import InventedSubmission, Plan
    from practicum.gradebook.gradebook import Gradebook
    from practicum.grading.grade import Progress
    from practicum.labs.lab import Lab
    from practicum.store.store import Store

    Say = Callable[[str, str], None]
    ProgressOf = Callable[[str], AbstractContextManager[Progress]]

COURSE = "cs324"
LABS = ("perceptron", "backprop", "linear-regression")
IDLE = 3  # students who submit nothing for any lab
MARKER = ".practicum-demo"

# Of the first lab the class does everything there is to do; of the others it does less, to be done in a minute.
_PART: dict[str, dict[str, Any]] = {
    "perceptron": {"copied": 2},
    "backprop": {"hostile": ["ends the process", "patches the tests", "prints 60 MB"], "whole": False, "styles": 4},
    "linear-regression": {
        "hostile": ["memory bomb", "forges result lines", "asks to exit"],
        "whole": False,
        "styles": 2,
        "bugs": 10,
    },
}
_BONUS = """
  [[component.item.part]]
  name = "notebook"
  title = "Linear regression, a notebook"
  points = 5
  bonus = true
  lab = "linear-regression"
"""


def run_demo(into: Path, jobs: int | None, say: Say, progress_of: ProgressOf) -> Gradebook:
    """Hand out labs, let an invented class submit, grade it, look for copies, make the gradebook.

    Args:
        into: the folder to make; an earlier demonstration in it is replaced.
        jobs: worker processes; None means one per core.
        say: is told what has been done, and how it went.
        progress_of: makes what shows how the grading of a lab, by its name, goes on.

    Raises:
        PracticumError: there is something else in the folder, or a lab's library is missing.
    """
    from practicum.demo.invented_class import kinds_of_submission
    from practicum.errors import PracticumError
    from practicum.labs.lab import find_lab
    from practicum.labs.libraries import lacking
    from practicum.store.store import Store

    labs = {name: find_lab(name) for name in LABS}
    if problem := lacking("the demonstration", [library for lab in labs.values() for library in lab.libraries]):
        raise PracticumError(problem)
    kinds = {name: kinds_of_submission(lab, **_PART.get(name, {})) for name, lab in labs.items()}
    workspace = make_workspace(into, IDLE + max(map(len, kinds.values())))
    say("workspace", f"{into} for {COURSE}, {len(workspace.roster())} invented students")
    _hand_out(workspace, labs, say)
    plans = submit(workspace, labs, kinds)
    submitted = sum(len(own) for plan in plans.values() for own in plan.values())
    say("submitted", f"{submitted} submissions: right in several styles, planted bugs, late, broken, hostile")
    with Store(workspace.database) as store:
        for lab in labs.values():
            _grade(workspace, lab, store, jobs, say, progress_of)
        _write_class_list(workspace, plans, store)
    _compare(workspace, labs[LABS[0]], say)
    book = compute(workspace)
    export(workspace, book)
    return book


def make_workspace(into: Path, students: int) -> Workspace:
    """Return a fresh workspace for the demonstration, in place of an earlier one.

    Raises:
        PracticumError: there is something else in the folder.
    """
    import shutil

    from practicum.course.roster import Student, write_roster
    from practicum.course.workspace import init
    from practicum.demo.invented_class import names, whole_name
    from practicum.errors import PracticumError

    if into.is_dir() and (into / MARKER).is_file():
        shutil.rmtree(into)
    elif into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise PracticumError(f"{into}: expected nothing, or an earlier demonstration to replace, got something else; it was left")
    workspace = init(COURSE, into)
    (into / MARKER).write_text("Made by `practicum demo`, which replaces this folder when it is run again.\n", encoding="utf-8")
    roster = [
        Student(
            id=who, name=whole_name(first, last), first=first, last=last, email=f"{who}@example.org", section=f"L{1 + number % 2}"
        )
        for number, (who, first, last) in enumerate(names(students))
    ]
    workspace.roster_file.write_text(write_roster(roster), encoding="utf-8")
    workspace.course_file.write_text(_course(workspace.course_file.read_text(encoding="utf-8")), encoding="utf-8")
    workspace.course()
    return workspace


def _course(text: str) -> str:
    """Return the course file as a lecturer would edit it: the notebook as a bonus of the first assignment, and a late rule in
    force.
    """
    from practicum.errors import PracticumError

    part = '\n  [[component.item.part]]\n  name = "perceptron"\n'
    late = 'late = "none"'
    if part not in text or late not in text:
        raise PracticumError(f"{COURSE}: the course file is not the one that the demonstration knows")
    return text.replace(part, _BONUS + part, 1).replace(late, 'late = "example"', 1)


def _hand_out(workspace: Workspace, labs: dict[str, Lab], say: Say) -> None:
    from practicum.labs.handout import build_handout

    for name, lab in labs.items():
        build_handout(lab, workspace.handouts / name)
    say("handed out", ", ".join(f"handouts/{name}.zip" for name in labs))


def submit(workspace: Workspace, labs: dict[str, Lab], kinds: dict[str, list[list[InventedSubmission]]]) -> dict[str, Plan]:
    """Let the class submit; return who did what, by lab."""
    from practicum.course.calendar import due
    from practicum.demo.invented_class import plan_class, write_class

    course = workspace.course()
    students = [student.id for student in workspace.roster()]
    plans = {}
    for name, lab in labs.items():
        deadline = due(course, course.labs[name])
        assert deadline is not None
        plans[name] = plan_class(lab, kinds[name], students)
        write_class(plans[name], workspace.submissions(name), deadline.astimezone(course.term.zone))
    return plans


def _grade(workspace: Workspace, lab: Lab, store: Store, jobs: int | None, say: Say, progress_of: ProgressOf) -> None:
    import time

    from practicum.grading.backends import backends
    from practicum.grading.grade import grade_folder
    from practicum.reports.class_report import write_report
    from practicum.reports.pages import plain_points
    from practicum.reports.student_page import write_feedback

    name, zone = lab.name, workspace.course().term.zone
    began = time.perf_counter()
    with progress_of(name) as progress:
        report = grade_folder(
            lab,
            workspace.submissions(name),
            store,
            zone,
            backends(jobs, None, False, [workspace.root]),
            seed=324,
            progress=progress,
        )
    seconds = time.perf_counter() - began
    write_feedback(lab, report.results, workspace.feedback(name), zone)
    class_names = {student.id: student.name for student in workspace.roster()}
    report_file = workspace.root / "feedback" / f"{name}-report.html"
    write_report(lab, report.results, report_file, zone, class_names, workspace.feedback(name))
    full = sum(r.graded.points == r.graded.out_of for r in report.results)
    none = sum(not r.graded.points for r in report.results)
    pace = f"{report.graded} in {seconds:.1f} s ({seconds / max(1, report.graded):.2f} s each)"
    say(f"graded {name}", f"{pace}: {full} with all {plain_points(lab.points)} points, {none} with none")
    for note in report.notes:
        say("", f"note: {note}")


def _compare(workspace: Workspace, lab: Lab, say: Say) -> None:
    """Look for copies among the answers to the first lab, where two are planted."""
    from practicum.demo.copies import look_for_copies

    zone = workspace.course().term.zone
    outcome = look_for_copies(lab, workspace.submissions(lab.name), zone, workspace.root / "similarity" / lab.name)
    flagged = [outcome.students(one) for one in outcome.flagged()]
    say("compared", f"{len(outcome.submissions)} answers to {lab.name}: {'; '.join(flagged) or 'no pair'} to be looked at")


def _write_class_list(workspace: Workspace, plans: dict[str, Plan], store: Store) -> None:
    """Write what each student of the invented class did, beside what it earned."""
    import csv

    from practicum.private import make_private
    from practicum.reports.pages import plain_points

    results = {(r.submission.lab, r.submission.student, r.submission.at): r.graded for r in store.results()}
    ordered = sorted(results, key=lambda key: (key[0], key[1], key[2]))
    make_private(workspace.root / "class.csv")
    with (workspace.root / "class.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["lab", "student", "what it submitted", "points", "of", "trouble"])
        for lab, student, at in ordered:
            graded = results[lab, student, at]
            own = [key for key in ordered if key[:2] == (lab, student)]
            what = plans[lab][student][own.index((lab, student, at))].what
            trouble = sorted({check.outcome for check in graded.checks} - {"passed", "partial", "failed"})
            writer.writerow([lab, student, what, plain_points(graded.points), plain_points(graded.out_of), " ".join(trouble)])


def compute(workspace: Workspace) -> Gradebook:
    """Return the gradebook, as it stands a week after the assignment was due."""
    from datetime import timedelta

    from practicum.course.calendar import due
    from practicum.gradebook.gradebook import gradebook
    from practicum.store.store import events_of

    course = workspace.course()
    deadline = due(course, course.labs[LABS[0]])
    assert deadline is not None
    return gradebook(course, workspace.roster(), events_of(workspace.database), deadline + timedelta(days=7))


def export(workspace: Workspace, book: Gradebook) -> None:
    """Write the gradebook in every form."""
    from practicum.gradebook.export import EXPORTS
    from practicum.private import write_private

    folder = workspace.root / "gradebook"
    folder.mkdir()
    for form, write in EXPORTS.items():
        for part in write(book, True, None).files:
            write_private(folder / f"{form}{part.suffix}.csv", part.text)
