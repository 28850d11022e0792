"""Worker processes of one lab on this machine, kept busy with submissions."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType

import msgspec

from practicum.errors import PracticumError
from practicum.grading.grader import GradingRequest
from practicum.grading.worker import Answer, Message, Ready, read_frame, write_frame
from practicum.sandbox.fork_server import Mode
from practicum.store.results import GradedSubmission

LEAVE_SECONDS = 2.0  # for a worker to end by itself
TRIES = 2  # of a submission whose worker ends under it


class WorkerDied(PracticumError):
    """A grader's own process ended while it graded a submission."""


class GraderProcess:
    """One worker process. Ends when closed, or with this process, whatever ends that.

    Args:
        lab_folder: the lab.
        mode: of its sandbox.

    Raises:
        PracticumError: the lab's checks cannot be run, or there is no sandbox.
    """

    def __init__(self, lab_folder: Path, mode: Mode = "nested") -> None:
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        command = [sys.executable, "-m", "practicum.grading.worker", str(lab_folder), mode]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **threads}, start_new_session=True
        )
        message = self._read()
        if not isinstance(message, Ready):
            self.close()
            raise PracticumError(getattr(message, "reason", "the worker ended before it was ready"))
        self.notes = message.notes

    def _read(self) -> Message | None:
        assert self.process.stdout is not None
        frame = read_frame(self.process.stdout)
        return None if frame is None else msgspec.msgpack.decode(frame, type=Message)

    def grade(self, job: GradingRequest) -> GradedSubmission:
        """Grade one submission.

        Raises:
            WorkerDied: the worker itself ended.
        """
        assert self.process.stdin is not None
        try:
            write_frame(self.process.stdin, job)
            message = self._read()
        except OSError:
            message = None
        if not isinstance(message, Answer):
            self.close()
            reason = getattr(message, "reason", f"exit code {self.process.returncode}")
            raise WorkerDied(f"a worker ended while it graded {job.student}: {reason}")
        return message.result

    def close(self) -> None:
        """End the worker; its sandbox ends with it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()  # a worker that waits for work tidies up and leaves
        try:
            self.process.wait(LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class Pool:
    """Several workers for one lab.

    Args:
        lab_folder: the lab.
        jobs: how many workers.
        mode: of their sandboxes.

    Raises:
        PracticumError: as for `GraderProcess`.
    """

    def __init__(self, lab_folder: Path, jobs: int, mode: Mode = "nested") -> None:
        self.lab_folder, self.mode = lab_folder, mode
        first = GraderProcess(lab_folder, mode)  # alone, so that a broken lab is said once
        self.notes = first.notes
        self._workers = [first]
        self._count = max(1, jobs)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End all workers."""
        while self._workers:
            self._workers.pop().close()

    def grade(self, jobs: Iterable[GradingRequest], emit: Callable[[GradedSubmission], None]) -> None:
        """Grade all jobs; `emit` is called by one thread at a time, in the order in which results arrive.

        A submission that loses every worker it is given is left ungraded, and `notes` says so.
        """
        source, lock = iter(jobs), threading.Lock()
        problems: list[BaseException] = []

        def serve(worker: GraderProcess | None) -> None:
            try:
                while not problems:
                    with lock:
                        job = next(source, None)
                    if job is None:
                        return
                    result = None
                    for _ in range(TRIES):
                        worker = worker or self._start()
                        try:
                            result = worker.grade(job)
                            break
                        except WorkerDied:
                            worker = None
                            if problems:
                                return  # closed from outside
                    with lock:
                        if result is None:
                            self.notes.append(f"{job.student} is not graded: every worker that had it was lost")
                        else:
                            emit(result)
            except BaseException as error:
                problems.append(error)

        waiting = [*self._workers, *[None] * (self._count - len(self._workers))]
        threads = [threading.Thread(target=serve, args=(worker,), daemon=True) for worker in waiting[: self._count]]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                while thread.is_alive():
                    thread.join(0.2)  # so that Ctrl-C arrives
        except BaseException as error:
            problems.append(error)
            self.close()
            raise
        if problems:
            raise problems[0]

    def _start(self) -> GraderProcess:
        worker = GraderProcess(self.lab_folder, self.mode)
        self._workers.append(worker)
        return worker
