"""Practicum side by side with nbgrader and Otter: the same assignment, the same class, cost per submission.

    python benchmarks/grading.py                 the comparison; about a quarter of an hour on two quiet cores
    python benchmarks/grading.py --scale         one run of Practicum over 1,000 submissions: memory and time
    python benchmarks/grading.py --torch         a PyTorch lab: what grading adds to the student's own compute
    python benchmarks/grading.py --labs          what the labs that ship cost per submission
    python benchmarks/grading.py --all --write   all four, kept in benchmarks/results/grading.json and benchmarks/README.md

The peers live in `.venv-bench`, which the first run makes from benchmarks/requirements.txt. Exit code 1: a floor is missed;
2: the graders disagree on a verdict, or one of them failed.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import readme
from grading import install, measure, report
from grading.answers import SEED, a_class
from grading.assignment import questions
from grading.meter import CommandFailed
from rich.console import Console

RESULTS = Path(__file__).parent / "results" / "grading.json"


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", action="store_true", help="time and memory of runs over many submissions")
    parser.add_argument("--torch", action="store_true", help="what grading adds to the compute of a PyTorch lab")
    parser.add_argument("--labs", action="store_true", help="what the labs that ship cost")
    parser.add_argument("--all", action="store_true", help="the comparison, --scale, --torch and --labs")
    parser.add_argument("--write", action="store_true", help="keep the numbers in the JSON file and the tables of README.md")
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="rounds of the comparison (7)")
    parser.add_argument("--students", type=int, default=40, metavar="N", help="size of the class (40)")
    parser.add_argument(
        "--otter",
        type=int,
        default=6,
        metavar="N",
        help="students that Otter grades in a round, taken in turn through the class (6)",
    )
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the class ({SEED})")
    parser.add_argument("--submissions", type=int, default=1000, metavar="N", help="for --scale (1000)")
    parser.add_argument("--install", action="store_true", help="make .venv-bench and stop")
    asked = parser.parse_args()
    console = Console()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the folders below are removed
    compare = asked.all or not (asked.scale or asked.torch or asked.labs)
    if compare or asked.install:
        install.peers(console, "nbgrader", "otter")
    if asked.install:
        return 0
    busy = os.getloadavg()[0]
    if busy > 0.5:
        console.print(f"[yellow]The machine is not quiet (load {busy:.1f}): wall times will be too long for all.[/]")

    found: dict[str, Any] = json.loads(RESULTS.read_text()) if asked.write and RESULTS.exists() else {}
    try:
        with tempfile.TemporaryDirectory(prefix="practicum-benchmark-") as folder:
            if compare:
                students = a_class(asked.students, asked.seed)
                found["comparison"] = measure.comparison(
                    Path(folder), questions(), students, asked.rounds, asked.otter, asked.seed, console
                )
            if asked.scale or asked.all:
                found["scale"] = measure.scale(Path(folder), questions(), asked.submissions, asked.seed, console)
            if asked.torch or asked.all:
                found["torch"] = measure.torch(Path(folder), console)
            if asked.labs or asked.all:
                found["shipped"] = measure.shipped(Path(folder), console)
    except (CommandFailed, measure.Disagreement) as error:
        console.print(f"[red]{error}[/]", markup=True, highlight=False, soft_wrap=True)
        return 2
    except KeyboardInterrupt:
        console.print("Stopped; nothing is kept.")
        return 130
    console.print(report.tables(found), markup=False, highlight=False, soft_wrap=True)
    if asked.write:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(found, indent=2) + "\n")
        readme.put("grading", report.tables(found))
    missed = report.missed(found)
    for floor in missed:
        console.print(f"missed: {floor}", style="red", markup=False, highlight=False)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
