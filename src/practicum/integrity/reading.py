"""Reading whole classes: this term's submissions, those of earlier terms, and what everybody was given."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import tzinfo
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from practicum.errors import PracticumError
from practicum.integrity.submissions import LOGS, PROGRAMS, WEIGHTS, Work, read_work
from practicum.labs.handout import given_files, solution_files, starter_files
from practicum.labs.intake.read import HandIn, read_hand_ins
from practicum.labs.lab import Lab

_FEW = 40  # submissions that are read faster than processes start


def latest(folder: Path, lab: Lab, zone: tzinfo) -> Iterator[HandIn]:
    """Yield each student's last hand-in, with all programs, log and weights in it.

    Raises:
        PracticumError: the folder is not there.
    """
    last: HandIn | None = None
    for hand_in in read_hand_ins(folder, lab, zone, also=(*PROGRAMS, *LOGS, *WEIGHTS)):
        if last and last.student != hand_in.student:
            yield last
        last = hand_in
    if last:
        yield last


def read_class(
    folder: Path, lab: Lab, zone: tzinfo, term: str = "", told: Callable[[int], None] = lambda count: None
) -> list[Work]:
    """Read a folder of submissions, in several processes where there are many. Lines and statements are left out.

    Args:
        folder: with an entry per student.
        lab: what they were to hand in.
        zone: of the course.
        term: name of an earlier class; "" for the one that is looked at.
        told: is called with the number of submissions read so far.
    """
    hand_ins = latest(folder, lab, zone)
    works: list[Work] = []
    begun = list(islice(hand_ins, _FEW))
    for hand_in in begun:
        works.append(_brief(hand_in, term))
        told(len(works))
    if len(begun) < _FEW:
        return works
    ignore = (signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's
    with ProcessPoolExecutor(os.cpu_count() or 1, get_context("forkserver"), signal.signal, ignore) as pool:
        while some := list(islice(hand_ins, 200)):  # so that a large class is never in memory whole
            for work in pool.map(partial(_brief, term=term), some, chunksize=10):
                works.append(work)
                told(len(works))
    return works


def read_again(folder: Path, lab: Lab, zone: tzinfo, term: str, wanted: Collection[tuple[str, str]]) -> Iterator[Work]:
    """Yield the submissions of some (term, student), whole."""
    for hand_in in latest(folder, lab, zone):
        if (term, hand_in.student) in wanted:
            yield read_work(hand_in.student, hand_in.files, term)


def given_by(lab: Lab) -> dict[str, Work]:
    """Return what a lab gives everybody or ask of everybody, by what it is.

    Raises:
        PracticumError: the lab is wrong.
    """
    return {
        f"the handout of {lab.name}": read_work("", {**starter_files(lab), **given_files(lab)}),
        f"the solution of {lab.name}": read_work("", solution_files(lab)),
    }


def read_baseline(paths: Sequence[Path]) -> dict[str, Work]:
    """Read further files that everybody was given: programs, notebooks, folders of them.

    Raises:
        PracticumError: one is not there, or is neither.
    """
    found: dict[str, Work] = {}
    for path in paths:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        programs = [file for file in files if file.suffix.lower() in PROGRAMS and file.is_file()]
        if not programs:
            raise PracticumError(f"{path}: expected a .py or .ipynb file, or a folder with some, got none")
        for file in programs:
            found[str(file)] = read_work("", {file.name: file.read_bytes()})
    return found


def _brief(hand_in: HandIn, term: str) -> Work:
    work = read_work(hand_in.student, hand_in.files, term)
    work.lines, work.statements = [], []
    return work
