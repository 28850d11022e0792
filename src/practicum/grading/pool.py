"""Worker processes of one lab on this machine, kept busy with submissions."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from pathlib import Path
from types import TracebackType

import msgspec

from practicum.errors import PracticumError
from practicum.grading.messages import NOTE_BYTES, Answer, GradingRequest, Message, Ready, Refused, read_frame, write_frame
from practicum.sandbox.bwrap import Mode
from practicum.store.results import GradedSubmission

LEAVE_SECONDS = 2.0  # for a worker to end by itself
TRIES = 2  # of a submission whose worker ends under it


class WorkerDied(PracticumError):
    """A grader's own process ended while it graded a submission.

    Attributes:
        overran: the check whose own code computed for so long that the kernel ended the process; empty if it ended otherwise.
    """

    def __init__(self, message: str, overran: str = "") -> None:
        super().__init__(message)
        self.overran = overran


class GraderProcess:
    """One worker process. Ends when closed, or with this process, whatever ends that.

    Args:
        lab_folder: the lab.
        mode: of its sandbox.

    Raises:
        PracticumError: the lab's checks cannot be run, or there is no sandbox.
        WorkerDied: it ended before it was ready.
    """

    def __init__(self, lab_folder: Path, mode: Mode = "nested") -> None:
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self._note = tempfile.TemporaryFile(prefix="practicum-")  # noqa: SIM115 (as long as the worker)
        note = self._note.fileno()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "practicum.grading.worker", str(lab_folder), mode, str(note)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **threads},
            start_new_session=True,
            pass_fds=[note],
        )
        message = self._read()
        if not isinstance(message, Ready):
            self.close()
            if isinstance(message, Refused):
                raise PracticumError(message.reason)
            raise WorkerDied(f"the worker ended before it was ready: {self._end()}")
        self.notes = message.notes

    def _read(self) -> Message | None:
        assert self.process.stdout is not None
        frame = read_frame(self.process.stdout)
        return None if frame is None else msgspec.msgpack.decode(frame, type=Message)

    def grade(self, request: GradingRequest) -> GradedSubmission:
        """Grade one submission.

        Raises:
            WorkerDied: the worker itself ended.
        """
        assert self.process.stdin is not None
        try:
            write_frame(self.process.stdin, request)
            message = self._read()
        except OSError:
            message = None
        if not isinstance(message, Answer):
            check = os.pread(self._note.fileno(), NOTE_BYTES, 0).rstrip(b"\0").decode(errors="replace")
            self.close()
            if isinstance(message, Refused):
                raise WorkerDied(message.reason)
            during = f" during {check}" if check else ""
            overran = check if self.process.returncode == -signal.SIGVTALRM else ""
            raise WorkerDied(f"the worker ended{during}: {self._end()}", overran)
        return message.result

    def _end(self) -> str:
        code = self.process.returncode
        if code == -signal.SIGKILL:
            return "it was killed, by the system for want of memory unless somebody did it"
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def close(self) -> None:
        """End the worker; its sandbox ends with it."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()  # a worker that waits for a request tidies up and leaves
        try:
            self.process.wait(LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self._note.close()


class Graders:
    """The worker processes of one lab on one machine: as many as there are submissions graded at once.

    Args:
        lab_folder: the lab.
        mode: of their sandboxes.
    """

    def __init__(self, lab_folder: Path, mode: Mode = "nested") -> None:
        self.lab_folder, self.mode = lab_folder, mode
        self.notes: list[str] = []
        self.workers: list[GraderProcess] = []
        self._free: list[GraderProcess] = []
        self._closed = False

    def start(self) -> None:
        """Make one more worker.

        Raises:
            PracticumError: as for `GraderProcess`.
            WorkerDied: it was too late for one.
        """
        worker = GraderProcess(self.lab_folder, self.mode)
        self.workers.append(worker)
        if self._closed:  # while it started
            worker.close()
            raise WorkerDied("the graders are closed")
        self.notes += [note for note in worker.notes if note not in self.notes]
        self._free.append(worker)

    def grade(self, request: GradingRequest) -> GradedSubmission:
        """Grade one submission with a worker that has nothing to do; any thread may ask.

        A check whose own code brought the worker to its end by computing too long is left out the next time.

        Raises:
            WorkerDied: the worker ended under it otherwise, and is not used again.
        """
        while True:
            try:
                return self._grade(request)
            except WorkerDied as died:
                if not died.overran or died.overran in request.overran:
                    raise
                request = msgspec.structs.replace(request, overran=(*request.overran, died.overran))

    def _grade(self, request: GradingRequest) -> GradedSubmission:
        while True:
            try:
                worker = self._free.pop()
                if worker.process.poll() is None:
                    break
                worker.close()  # it was lost while it had nothing to do, which is no submission's fault
            except IndexError:
                if self._closed:
                    raise WorkerDied("the graders are closed") from None
                self.start()
        result = worker.grade(request)
        self._free.append(worker)
        return result

    def close(self) -> None:
        """End all workers, for good."""
        self._closed = True
        while self.workers:
            self.workers.pop().close()


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
        self.graders = Graders(lab_folder, mode)
        self.graders.start()  # one alone, so that a broken lab is said once
        self.notes = self.graders.notes
        self._count = max(1, jobs)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End all workers."""
        self.graders.close()

    def grade(self, requests: Iterable[GradingRequest]) -> Generator[GradedSubmission, None, None]:
        """Yield the results of all requests as they come.

        A submission that loses every worker it is given is left ungraded, and `notes` says so. One that the wall clock ended
        before the machine had given it its time is graded again at the end, by itself, and that counts.
        """
        source = iter(requests)
        running: dict[Future[GradedSubmission | None], GradingRequest] = {}
        starved: list[GradingRequest] = []
        with ThreadPoolExecutor(self._count) as threads:
            try:
                while True:
                    # One more than there are workers, so that none waits while the caller keeps a result.
                    for request in islice(source, self._count + 1 - len(running)):
                        running[threads.submit(self._one, request)] = request
                    if not running:
                        break
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in [each for each in running if each in done]:
                        request, result = running.pop(future), future.result()
                        if result is not None and result.starved:
                            starved.append(request)
                        elif result is not None:
                            yield result
                for request in starved:
                    if (result := threads.submit(self._one, request).result()) is not None:
                        yield result
            except BaseException:  # Ctrl-C, or a caller that wants no more: the threads must not wait for their workers
                threads.shutdown(wait=False, cancel_futures=True)
                self.close()
                raise

    def _one(self, request: GradingRequest) -> GradedSubmission | None:
        last = ""
        for _ in range(TRIES):
            try:
                return self.graders.grade(request)
            except WorkerDied as died:
                last = str(died)
        self.notes.append(f"{request.student} is not graded: every worker that had it was lost ({last})")
        return None
