"""Reading whole classes: this term's submissions, those of earlier terms, what everybody was given, what anybody can find."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import tzinfo
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path, PurePosixPath

from practicum.course.topics import load_topics
from practicum.curriculum import find_curriculum
from practicum.errors import PracticumError
from practicum.integrity.submissions import LOGS, PROGRAMS, WEIGHTS, ComparedSubmission, put_code_away, read_submission
from practicum.labs.handout import given_files, solution_files, starter_files
from practicum.labs.inbox import Inbox
from practicum.labs.intake.read import SubmissionFiles
from practicum.labs.lab import Lab
from practicum.labs.mutants import load_alternatives

PUBLISHED = "published"
"""In place of a term's name, for what is no student's."""

_FEW = 40  # submissions that are read faster than processes start
PACKAGE = Path(__file__).resolve().parents[1]


def latest(inbox: Inbox, lab: Lab, zone: tzinfo, refused: list[str] | None = None) -> Iterator[SubmissionFiles]:
    """Yield each student's last submission, with all programs, log and weights in it.

    Raises:
        PracticumError: the folder is not there.
    """
    last: SubmissionFiles | None = None
    for submission in inbox.read(lab, zone, [] if refused is None else refused, (*PROGRAMS, *LOGS, *WEIGHTS)):
        if last and last.student != submission.student:
            yield last
        last = submission
    if last:
        yield last


def read_class(
    inbox: Inbox,
    lab: Lab,
    zone: tzinfo,
    term: str = "",
    progress: Callable[[int], None] = lambda count: None,
    refused: list[str] | None = None,
) -> list[ComparedSubmission]:
    """Read what a class submitted, in several processes where there are many; the code of many is put away.

    Args:
        inbox: where it lies.
        lab: what they were to submit.
        zone: of the course.
        term: name of an earlier class; "" for the one that is looked at.
        progress: is called with the number of submissions read so far.
        refused: gets a line for each entry that was not read.
    """
    submissions = latest(inbox, lab, zone, refused)
    read: list[ComparedSubmission] = []
    begun = list(islice(submissions, _FEW))
    for submission in begun:
        read.append(read_submission(submission.student, submission.files, term))
        progress(len(read))
    if len(begun) < _FEW:
        return read
    for one in read:
        put_code_away(one)
    ignore = (signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's
    with ProcessPoolExecutor(os.cpu_count() or 1, get_context("forkserver"), signal.signal, ignore) as pool:
        while some := list(islice(submissions, 200)):  # so that a large class is never in memory whole
            for one in pool.map(partial(_read, term=term), some, chunksize=10):
                read.append(one)
                progress(len(read))
    return read


def given_by(lab: Lab) -> dict[str, ComparedSubmission]:
    """Return what a lab hands out to everybody, by what it is.

    Raises:
        PracticumError: the lab is wrong.
    """
    sheet = {path.name: path.read_bytes() for path in sorted(lab.folder.glob("*.md"))}  # for their words alone
    return {f"the handout of {lab.name}": read_submission("", {**sheet, **starter_files(lab), **given_files(lab)})}


def published_by(lab: Lab) -> list[ComparedSubmission]:
    """Return the right answers to a lab that lie within reach, as if they were submissions of an earlier term.

    These are the lab's solution, its alternatives, and the files of `practicum` that `topics.toml` names as references for the
    lab's topics.

    Raises:
        PracticumError: the lab or `topics.toml` is wrong.
    """
    named = {"the lab's solution": solution_files(lab)}
    named |= {f"alternative {variant.name}": variant.files for variant in load_alternatives(lab)}
    named |= _references(lab)
    read = [read_submission(name, files, PUBLISHED) for name, files in named.items()]
    for one in read:
        one.published = True
        put_code_away(one)
    return [one for one in read if len(one.prints.hashes)]


def _references(lab: Lab) -> dict[str, dict[str, bytes]]:
    """Return the reference files of a lab's topics by the name of their module; none without the curriculum."""
    home = find_curriculum()
    topics = load_topics(home / "topics.toml") if home else {}
    paths = sorted({path for topic in lab.topics if topic in topics for path in topics[topic].reference})
    there = {path: PACKAGE / path for path in paths if (PACKAGE / path).is_file()}
    return {_module(path): {path: file.read_bytes()} for path, file in there.items()}


def _module(path: str) -> str:
    return ".".join(PurePosixPath("practicum", path.removesuffix("/__init__.py")).with_suffix("").parts)


def read_baseline(paths: Sequence[Path]) -> dict[str, ComparedSubmission]:
    """Read further files that everybody was given: programs, notebooks, folders of them.

    Raises:
        PracticumError: one is not there, or is neither.
    """
    found: dict[str, ComparedSubmission] = {}
    for path in paths:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        programs = [file for file in files if file.suffix.lower() in PROGRAMS and file.is_file()]
        if not programs:
            raise PracticumError(f"{path}: expected a .py or .ipynb file, or a folder with some, got none")
        for file in programs:
            found[str(file)] = read_submission("", {file.name: file.read_bytes()})
    return found


def _read(submission: SubmissionFiles, term: str) -> ComparedSubmission:
    found = read_submission(submission.student, submission.files, term)
    put_code_away(found)
    return found
