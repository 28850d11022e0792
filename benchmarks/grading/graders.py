"""The three graders: how each gets the assignment and the submissions, what command grades them, and what it says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import jupytext
import nbformat

from grading.answers import Submission
from grading.assignment import LAB, Question
from grading.meter import Cost, Watch, run

Points = dict[str, list[float]]  # student → points per question
ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / ".venv-bench"


class Grader(Protocol):
    """One of the three. `prepare` is not timed, `grade` is."""

    name: str
    batch: int | None  # submissions per command; None: all in one

    def prepare(self, submissions: Sequence[Submission]) -> None:
        """Write the assignment and what was submitted, in this grader's own form."""
        ...

    def grade(self, students: Sequence[str], watch: Watch | None = None) -> Cost:
        """Run the grader's command or commands over these students, as if nobody was graded before."""
        ...

    def points(self) -> Points:
        """Return what the last `grade` gave, per student and question."""
        ...


def environment(home: Path, binaries: Path) -> dict[str, str]:
    """Return the whole environment of a grader: nothing of the caller's settings gets in."""
    return {"PATH": f"{binaries}:/usr/local/bin:/usr/bin:/bin", "HOME": str(home), "LANG": "C.UTF-8", "TMPDIR": str(home)}


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _fill(notebook: nbformat.NotebookNode, submission: Submission) -> nbformat.NotebookNode:
    """Return a handed-out notebook with a student's answers in the answer cells."""
    filled = nbformat.from_dict(notebook)
    left = dict(submission.answers)
    for cell in filled.cells:
        function = cell.source[4:].partition("(")[0] if cell.source.startswith("def ") else ""
        if cell.cell_type == "code" and function in left:
            cell.source = left.pop(function).code
    assert not left, f"the handed-out notebook has no cell for {', '.join(left)}"
    return filled


def _code(source: str, **metadata: object) -> nbformat.NotebookNode:
    return nbformat.v4.new_code_cell(source, metadata=metadata)


def _notebook(cells: list[nbformat.NotebookNode]) -> nbformat.NotebookNode:
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number:03}"
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


@dataclass
class Practicum:
    """`practicum grade LAB FOLDER --jobs 1`, one command for all students, on one core."""

    folder: Path
    questions: list[Question]
    lab: Path = LAB
    core: int | None = None
    name: str = "Practicum"
    batch: int | None = None

    def prepare(self, submissions: Sequence[Submission]) -> None:
        _fresh(self.folder)
        source = (self.lab / "source" / "assignment.py").read_text()
        notebook = jupytext.reads(source, fmt="py:percent")
        for submission in submissions:
            target = _fresh(self.folder / "all" / submission.student) / "assignment.ipynb"
            nbformat.write(_fill(_notebook(list(notebook.cells)), submission), target)

    def grade(self, students: Sequence[str], watch: Watch | None = None) -> Cost:
        work = _fresh(self.folder / "run")
        for student in students:
            shutil.copytree(self.folder / "all" / student, work / "submissions" / student)
        binaries = Path(sys.executable).parent
        command = [str(binaries / "practicum"), "grade", str(self.lab), "submissions", "--jobs", "1", "--seed", "1"]
        command += ["--store", "practicum.db", "--json", "results.json", "--no-feedback"]
        return run(
            command,
            cwd=work,
            env=environment(work, binaries),
            cores=None if self.core is None else {self.core},
            watch=watch,
        )

    def checks(self) -> dict[str, dict[str, float]]:
        """Points per student and check of the last run."""
        results = json.loads((self.folder / "run" / "results.json").read_text())
        return {
            r["student"]: {c["name"]: float(c["points"]) for c in r["checks"]} for r in (entry["result"] for entry in results)
        }

    def points(self) -> Points:
        return {
            student: [sum(checks[t.name] for t in q.tests) for q in self.questions] for student, checks in self.checks().items()
        }


_READ_GRADEBOOK = """
import json
from nbgrader.api import Gradebook
with Gradebook("sqlite:///gradebook.db", "benchmark") as book:
    scores = {s.student.id: {g.name: g.score for n in s.notebooks for g in n.grades}
              for s in book.assignment_submissions("assignment")}
print(json.dumps(scores))
"""


@dataclass
class Nbgrader:
    """`nbgrader autograde assignment`, one command for all students."""

    folder: Path
    questions: list[Question]
    name: str = "nbgrader"
    batch: int | None = None

    def prepare(self, submissions: Sequence[Submission]) -> None:
        course = _fresh(self.folder / "course")
        cells = [_code("import numpy as np")]
        for question in self.questions:
            solution = question.solution.replace("# BEGIN SOLUTION", "### BEGIN SOLUTION")
            solution = solution.replace("# END SOLUTION", "### END SOLUTION")
            cells += [
                nbformat.v4.new_markdown_cell(question.text),
                _code(solution, nbgrader=_cell(question.function, solution=True)),
            ]
            cells += [_code(test.body, nbgrader=_cell(test.name, points=test.points)) for test in question.tests]
        (course / "source" / "assignment").mkdir(parents=True)
        nbformat.write(_notebook(cells), course / "source" / "assignment" / "assignment.ipynb")
        (course / "nbgrader_config.py").write_text('c = get_config()\nc.CourseDirectory.course_id = "benchmark"\n')
        self._call(course, "nbgrader", "generate_assignment", "assignment")
        released = nbformat.read(course / "release" / "assignment" / "assignment.ipynb", as_version=4)
        for submission in submissions:
            target = course / "all" / submission.student / "assignment" / "assignment.ipynb"
            target.parent.mkdir(parents=True)
            nbformat.write(_fill(released, submission), target)
        shutil.copy(course / "gradebook.db", course / "gradebook.before")

    def _call(self, cwd: Path, *command: str) -> Cost:
        return run(self._command(*command), cwd=cwd, env=environment(self.folder, PEERS / "nbgrader" / "bin"))

    def _command(self, program: str, *rest: str) -> list[str]:
        return [str(PEERS / "nbgrader" / "bin" / program), *rest]

    def grade(self, students: Sequence[str], watch: Watch | None = None) -> Cost:
        course = self.folder / "course"
        for name in ("submitted", "autograded"):
            shutil.rmtree(course / name, ignore_errors=True)
        shutil.copy(course / "gradebook.before", course / "gradebook.db")
        for student in students:
            shutil.copytree(course / "all" / student, course / "submitted" / student)
        command = self._command("nbgrader", "autograde", "assignment")
        return run(command, cwd=course, env=environment(self.folder, PEERS / "nbgrader" / "bin"), watch=watch)

    def checks(self) -> dict[str, dict[str, float]]:
        """Points per student and test cell of the last run."""
        text = subprocess.run(
            [str(PEERS / "nbgrader" / "bin" / "python"), "-c", _READ_GRADEBOOK],
            cwd=self.folder / "course",
            env=environment(self.folder, PEERS / "nbgrader" / "bin"),
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        return {student: {name: float(score) for name, score in tests.items()} for student, tests in json.loads(text).items()}

    def points(self) -> Points:
        return {
            student: [sum(checks[t.name] for t in q.tests) for q in self.questions] for student, checks in self.checks().items()
        }


def _cell(name: str, *, solution: bool = False, points: int | None = None) -> dict[str, object]:
    """Return what nbgrader keeps in a cell's metadata."""
    kept: dict[str, object] = {"schema_version": 3, "grade_id": name, "solution": solution, "task": False}
    kept |= {"grade": points is not None, "locked": points is not None}
    return kept if points is None else {**kept, "points": points}


@dataclass
class Otter:
    """`otter run submission.ipynb -a autograder.zip`, one command for every student."""

    folder: Path
    questions: list[Question]
    name: str = "Otter"
    batch: int | None = 1

    def prepare(self, submissions: Sequence[Submission]) -> None:
        work = _fresh(self.folder / "work")
        raw = nbformat.v4.new_raw_cell
        # Its other test format, doctest, takes whatever an answer prints for a failure.
        config = (
            "# ASSIGNMENT CONFIG\nname: assignment\ngenerate: true\ntests:\n    ok_format: false\nexport_cell:\n    pdf: false"
        )
        cells = [raw(config), _code("import numpy as np")]
        for number, question in enumerate(self.questions, 1):
            points = "\n".join(f"    - {test.points}" for test in question.tests)
            cells += [raw(f"# BEGIN QUESTION\nname: q{number}\npoints:\n{points}"), nbformat.v4.new_markdown_cell(question.text)]
            cells += [raw("# BEGIN SOLUTION"), _code(question.solution), raw("# END SOLUTION"), raw("# BEGIN TESTS")]
            cells += [
                _code(f"def {test.name}(np, {question.function}):\n{textwrap.indent(test.body, '    ')}")
                for test in question.tests
            ]
            cells += [raw("# END TESTS"), raw("# END QUESTION")]
        nbformat.write(_notebook(cells), work / "assignment.ipynb")
        env = environment(self.folder, PEERS / "otter" / "bin")
        run([str(PEERS / "otter" / "bin" / "otter"), "assign", "assignment.ipynb", "dist"], cwd=work, env=env)
        shutil.copy(next((work / "dist" / "autograder").glob("*.zip")), work / "autograder.zip")
        released = nbformat.read(work / "dist" / "student" / "assignment.ipynb", as_version=4)
        for submission in submissions:
            target = _fresh(work / "all" / submission.student) / "assignment.ipynb"
            nbformat.write(_fill(released, submission), target)

    def grade(self, students: Sequence[str], watch: Watch | None = None) -> Cost:
        work, env = self.folder / "work", environment(self.folder, PEERS / "otter" / "bin")
        out = _fresh(work / "out")
        costs = []
        for student in students:
            (out / student).mkdir()
            command = [str(PEERS / "otter" / "bin" / "otter"), "run", f"all/{student}/assignment.ipynb", "-a", "autograder.zip"]
            costs.append(run([*command, "-o", f"out/{student}"], cwd=work, env=env, watch=watch))
        return Cost(sum(c.wall for c in costs), sum(c.cpu for c in costs))

    def points(self) -> Points:
        found: Points = {}
        for file in sorted((self.folder / "work" / "out").glob("*/results.json")):
            scores = {test["name"]: float(test["score"]) for test in json.loads(file.read_text())["tests"] if "score" in test}
            found[file.parent.name] = [scores[f"q{number}"] for number in range(1, len(self.questions) + 1)]
        return found


def versions() -> dict[str, str]:
    """Of the peers and what they run on."""
    found = {}
    for peer, names in (("nbgrader", ["nbgrader", "nbclient", "nbconvert"]), ("otter", ["otter-grader", "ipykernel", "numpy"])):
        code = f"import importlib.metadata as m, json; print(json.dumps({{n: m.version(n) for n in {names!r}}}))"
        python = str(PEERS / peer / "bin" / "python")
        found |= json.loads(subprocess.run([python, "-c", code], check=True, capture_output=True, env=dict(os.environ)).stdout)
    return found
