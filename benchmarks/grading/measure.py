"""The four measurements. Each returns plain data: raw numbers per round, and what they were made with."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import platform
import sqlite3
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from grading import graders
from grading.answers import Submission, a_class
from grading.assignment import Question
from grading.meter import CommandFailed, Cost, memory, run, tree
from practicum.labs.handout import solution_files
from practicum.labs.lab import list_labs

HERE = Path(__file__).parent
TORCH_LAB = HERE / "torch_lab"


class Disagreement(RuntimeError):
    """Two graders, or a grader and the truth, do not agree on a verdict."""


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console, transient=True
    )


def _machine() -> dict[str, Any]:
    return {
        "date": datetime.date.today().isoformat(),
        "cores": len(os.sched_getaffinity(0)),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def _own_versions() -> dict[str, str]:
    import importlib.metadata as metadata

    return {name: metadata.version(name) for name in ("practicum", "numpy", "torch")}


def _agree(grader: graders.Grader, questions: Sequence[Question], students: Sequence[Submission]) -> None:
    """Hold a grader's points against the truth, per student and question, and per test where it tells.

    Raises:
        Disagreement: with all places where they differ.
    """
    given = grader.points()
    wrong = []
    for student in students:
        for at, question in enumerate(questions):
            expected = sum(test.points for test in question.tests if test.name not in student.loses)
            got = given.get(student.student, [None] * len(questions))[at]
            if got != expected:
                wrong.append(f"{student.student}, question {at + 1}: expected {expected} points, {grader.name} gives {got}")
    checks = grader.checks() if isinstance(grader, graders.Practicum | graders.Nbgrader) else {}
    for student in students if checks else ():
        lost = {name for name, points in checks[student.student].items() if points == 0}
        if lost != student.loses:
            wrong.append(f"{student.student}: expected to lose {sorted(student.loses)}, {grader.name} takes {sorted(lost)}")
    if wrong:
        raise Disagreement("The graders disagree:\n" + "\n".join(wrong))


def comparison(
    folder: Path, questions: list[Question], students: list[Submission], rounds: int, otter: int, seed: int, console: Console
) -> dict[str, Any]:
    """Return all three over the same class, in turns.

    A round is one command of Practicum over all students, one of nbgrader over all students, and one of Otter for each of
    `otter` students, who change from round to round. The order rotates. Memory has a round of its own, since looking costs time.
    """
    core = min(os.sched_getaffinity(0))
    three: list[graders.Grader] = [
        graders.Practicum(folder / "practicum", questions, core=core),
        graders.Nbgrader(folder / "nbgrader", questions),
        graders.Otter(folder / "otter", questions),
    ]
    raw: dict[str, list[dict[str, float]]] = {grader.name: [] for grader in three}
    peaks: dict[str, float] = {}
    with _bar(console) as progress:
        task = progress.add_task("Preparing", total=3 * (rounds + 2))
        for grader in three:
            progress.update(task, description=f"Preparing {grader.name}")
            grader.prepare(students)
            progress.advance(task)
        for number in range(rounds + 1):
            for turn in range(3):
                grader = three[(number + turn) % 3]
                some = students
                if grader.batch == 1:
                    some = [students[(number * otter + n) % len(students)] for n in range(min(otter, len(students)))]
                last = number == rounds
                progress.update(task, description=f"{'Memory' if last else f'Round {number + 1}'}: {grader.name}")
                if last:
                    peaks[grader.name] = 0.0

                    def look(pid: int, name: str = grader.name) -> None:
                        peaks[name] = max(peaks[name], memory(pid))

                    grader.grade([s.student for s in some[: 10 if grader.batch != 1 else 2]], look)
                else:
                    load = os.getloadavg()[0]
                    cost = grader.grade([s.student for s in some])
                    _agree(grader, questions, some)
                    raw[grader.name].append({"wall": cost.wall / len(some), "cpu": cost.cpu / len(some), "load_before": load})
                progress.advance(task)
    return {
        **_machine(),
        "seed": seed,
        "students": len(students),
        "otter_per_round": otter,
        "versions": {**_own_versions(), **{f"{k} (peers)" if k == "numpy" else k: v for k, v in graders.versions().items()}},
        "rounds": raw,
        "peak_mib": {name: round(peak, 1) for name, peak in peaks.items()},
    }


def scale(folder: Path, questions: list[Question], count: int, seed: int, console: Console) -> dict[str, Any]:
    """Return two runs of Practicum over many submissions: one for the time, on one core, and one in which memory is watched."""
    students = a_class(count, seed)
    grader = graders.Practicum(folder / "scale", questions)
    store = folder / "scale" / "run" / "practicum.db"
    samples: list[dict[str, float]] = []
    with _bar(console) as progress:
        task = progress.add_task("Grading", total=count)
        grader.prepare(students)
        progress.update(task, description="Grading, for the time")
        alone = graders.Practicum(folder / "scale", questions, core=min(os.sched_getaffinity(0)))
        unwatched = alone.grade([s.student for s in students])
        progress.update(task, description="Grading, memory watched")

        def look(pid: int) -> None:
            done = 0
            with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as db:
                done = db.execute("select count(*) from results").fetchone()[0]
            own = [p for p in tree(pid) if _is_grader(p)]
            samples.append({"done": done, "tree_mib": memory(pid), "graders_rss_mib": sum(map(_rss, own))})
            progress.update(task, completed=done)

        cost = grader.grade([s.student for s in students], look)
    _agree(grader, questions, students)
    seen = [s["done"] for s in samples]
    if not seen or max(seen) < 0.95 * count:
        raise CommandFailed(f"the last look at the memory was after {max(seen, default=0)} of {count} submissions")
    at = {}
    for mark in sorted({count // 10, count // 2, count}):
        upto = [s for s in samples if 0 < s["done"] <= mark]
        at[str(mark)] = {name: round(max(s[name] for s in upto), 1) for name in ("tree_mib", "graders_rss_mib")}
    return {
        **_machine(),
        "seed": seed,
        "submissions": count,
        "samples": len(samples),
        "wall": unwatched.wall,
        "cpu": unwatched.cpu,
        "wall_watched": cost.wall,
        "peak_until": at,
    }


def _is_grader(pid: int) -> bool:
    """Return whether a process is the command itself or its worker, not the sandbox."""
    with contextlib.suppress(OSError):
        line = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return any(part.endswith(b"/practicum") for part in line) or b"practicum.grading.worker" in line
    return False


def _rss(pid: int) -> float:
    with contextlib.suppress(OSError, ValueError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
    return 0.0


def torch(folder: Path, console: Console, count: int = 40, rounds: int = 7) -> dict[str, Any]:
    """Return a PyTorch lab through Practicum, and the same calls in a bare fork of a process that has PyTorch, in turns."""
    work = folder / "torch"
    answer = TORCH_LAB / "source" / "model.py"
    _hand_in(work, {answer.name: answer.read_bytes()}, count)
    raw: dict[str, list[float]] = {"command": [], "submission": [], "bare": []}
    with _bar(console) as progress:
        for _ in progress.track(range(rounds), description="PyTorch lab"):
            cost, results = _graded(work, TORCH_LAB)
            bare = run([sys.executable, str(HERE / "bare.py"), str(answer), str(count)], cwd=work, **_alone(work))
            raw["command"].append(cost.wall / count)
            raw["submission"].append(sum(result["seconds"] for result in results) / count)
            raw["bare"].append(sum(json.loads(bare.output)) / count)
    libraries = tomllib.loads((TORCH_LAB / "lab.toml").read_text())["libraries"]
    return {**_machine(), "versions": _own_versions(), "libraries": libraries, "submissions": count, "rounds": raw}


def _alone(work: Path) -> dict[str, Any]:
    """Return environment and core of a command that is timed."""
    env = {**graders.environment(work, Path(sys.executable).parent), "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    return {"env": env, "cores": {min(os.sched_getaffinity(0))}}


def _hand_in(work: Path, files: dict[str, bytes], count: int) -> None:
    for number in range(count):
        target = work / "submissions" / f"student-{number + 1:04}"
        target.mkdir(parents=True)
        for name, data in files.items():
            (target / name).write_bytes(data)


def _graded(work: Path, lab: Path) -> tuple[Cost, list[dict[str, Any]]]:
    """Grade what is in the folder anew, which must earn all, and return what it cost and the results."""
    for name in ("practicum.db", "results.json"):
        (work / name).unlink(missing_ok=True)
    command = [str(Path(sys.executable).parent / "practicum"), "grade", str(lab), "submissions", "--jobs", "1", "--seed", "1"]
    command += ["--store", "practicum.db", "--json", "results.json", "--no-feedback"]
    cost = run(command, cwd=work, **_alone(work))
    results = [entry["result"] for entry in json.loads((work / "results.json").read_text())]
    if any(float(check["points"]) == 0 for result in results for check in result["checks"]):
        raise Disagreement(f"{lab.name}: expected full marks for its own solution")
    return cost, results


def shipped(folder: Path, console: Console, count: int = 20, rounds: int = 5) -> dict[str, Any]:
    """Return what the solution of each lab that ships costs, in turns: seconds per submission without start-up, and its own."""
    labs = list_labs()
    raw: dict[str, dict[str, list[float]]] = {lab.name: {"seconds": [], "own": []} for lab in labs}
    for lab in labs:
        _hand_in(folder / lab.name, solution_files(lab), count)
    with _bar(console) as progress:
        for _ in progress.track(range(rounds), description="Labs that ship"):
            for lab in labs:
                _, results = _graded(folder / lab.name, lab.folder)
                for name, key in (("seconds", "seconds"), ("own", "cpu_seconds")):
                    raw[lab.name][name].append(median(result[key] for result in results))
    return {**_machine(), "versions": _own_versions(), "submissions": count, "labs": raw}
