"""One worker: a process that collects a lab's checks once and grades the submissions it is given, one after the other.

    python -m practicum.grading.worker LAB_FOLDER MODE NOTE

Frames of `messages` go on stdin and stdout. NOTE is the descriptor of a file in which the name of the running check stands, for
whoever finds the worker dead; -1 for none.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

import msgspec

from practicum.checks.own_time import limited
from practicum.checks.plugin import RunChecks, run_checks
from practicum.errors import PracticumError
from practicum.grading.grader import Grader
from practicum.grading.messages import NOTE_BYTES, Answer, GradingRequest, Ready, Refused, read_frame, write_frame
from practicum.labs.lab import Lab, load_lab
from practicum.sandbox import bwrap
from practicum.sandbox.bwrap import Mode
from practicum.sandbox.fork_server import Sandbox
from practicum.sandbox.limits import limit_own_memory
from practicum.store.provenance import libraries_of, limits_of

CHECK_MEMORY = 4 << 30  # bytes that checks may take in a worker; a check that wants more is broken, and the run goes on


@contextmanager
def watched(note: int, name: str, seconds: float) -> Iterator[None]:
    """Limit a check's own time, also where it does not come back from one operation: then the kernel ends this process.

    Python acts on a signal between two operations only, and on its way to the end of this one the default action of SIGVTALRM
    is all that helps.
    """
    if note >= 0:
        os.pwrite(note, name.encode()[:NOTE_BYTES].ljust(NOTE_BYTES, b"\0"), 0)
    signal.setitimer(signal.ITIMER_VIRTUAL, 2 * seconds)
    try:
        with limited(name, seconds):
            yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        if note >= 0:
            os.pwrite(note, bytes(NOTE_BYTES), 0)


def main(lab_folder: str, mode: Mode, note: int = -1) -> None:
    """Grade what comes on stdin until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle: it closes stdin or kills
    stdin, stdout = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a check prints must not get between the frames
    try:
        lab = load_lab(Path(lab_folder))
        if mode != "unsafe":
            bwrap.refuse_visible(lab.folder)
        run_checks(lab.checks, partial(_serve, lab, mode, stdin, stdout), watch=partial(watched, note))
    except PracticumError as error:
        write_frame(stdout, Refused(str(error)))


def _serve(lab: Lab, mode: Mode, stdin: IO[bytes], stdout: IO[bytes], run: RunChecks) -> None:
    """Grade one submission after the other, inside the one pytest session that has collected the checks."""
    with Sandbox(libraries_of(lab), limits_of(lab), mode) as sandbox:
        grader = Grader(lab, run, sandbox)
        limit_own_memory(CHECK_MEMORY)
        gc.freeze()  # what is loaded by now stays, and need not be looked through again and again
        write_frame(stdout, Ready(sandbox.notes))
        while (frame := read_frame(stdin)) is not None:
            request = msgspec.msgpack.decode(frame, type=GradingRequest)
            write_frame(stdout, Answer(grader.grade(request)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))  # type: ignore[arg-type]
