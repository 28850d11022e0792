"""Where the student's code runs at home: in a Python of its own, or in the notebook that is open.

No sandbox, and any system. The limits are the grader's, as far as a system has the means: time and output everywhere, memory,
processor time and files where there is `resource`. Where there is `/proc`, memory and processes to the byte and the thread, and
time is the submission's own, as for the grader; elsewhere it is the wall clock's.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import msgspec

from practicum.labs.lab import Limits
from practicum.sandbox import clock
from practicum.sandbox.guest import protocol
from practicum.sandbox.guest.cells import Notebook
from practicum.sandbox.guest.messages import LOADS, Failure, ProtocolError, Request, Response
from practicum.sandbox.guest.objects import Objects
from practicum.sandbox.limits import kill_tree, process_tree, usage
from practicum.sandbox.link import Answers
from practicum.sandbox.outcome import Died, beyond, out_of_time

START_SECONDS = 300.0  # to import the lab's libraries, which is no fault of the student's
LOOK_SECONDS = 0.05
_CPU_EXCEEDED = -getattr(signal, "SIGXCPU", 0)  # an exit code, where processor time can be limited


def environment(threads: int) -> dict[str, str]:
    """Return what a student's code finds in its environment at home: what there is, and what the grader sets."""
    libraries = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
    ours = {"MPLBACKEND": "Agg", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}
    return {**os.environ, **ours, **dict.fromkeys(libraries, str(threads))}


class LocalProcess(Answers):
    """A Python of its own with the student's code in it, over pipes: a crash or an endless loop does not take the checks along.

    Args:
        folder: the student's folder, which the code runs in.
        notebooks: module name → cells.
        limits: the lab's.
        libraries: the lab's, imported before the limits hold.
        show: takes what the code prints; without it, that is counted and dropped.

    Attributes:
        interrupted: whether the last call was a cell that ran longer than its time.
        printed_too_much: whether the check, cell or module that runs, or ran last, printed more than it may.
    """

    interrupted = False
    printed_too_much = False

    def __init__(
        self,
        folder: Path,
        notebooks: dict[str, list[str]],
        limits: Limits,
        libraries: tuple[str, ...],
        show: Callable[[str], object] | None,
    ) -> None:
        self.limits = limits
        self.died: Died | None = None
        self._why: Died | None = None
        self._printed = 0
        self._loading = False
        self.clock = clock.Clock()
        self._limit: clock.Limit | None = None  # of the question that is open
        self._lock = threading.Lock()  # for both, which two threads turn to
        self._base: int | None = None
        told = msgspec.json.encode({"limits": limits.model_dump(), "libraries": libraries}).decode()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "practicum.sandbox.guest", "--pipes", str(folder), told],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=environment(limits.threads),
        )
        self._over = threading.Event()
        for task in (self._watch, lambda: self._drain(show)):
            threading.Thread(target=task, daemon=True).start()
        setup = Request(0, "setup", kwargs={"files": {}, "notebooks": notebooks, "seed": 0})
        self.call(setup, time.monotonic() + START_SECONDS)
        self._base = usage(self.process.pid)[0]

    def call(self, request: Request, deadline: float) -> Response:
        """Answer a request, or kill the process at the deadline or where it goes beyond another limit.

        Raises:
            Died: it has ended.
            ProtocolError: the request holds something that does not cross.
        """
        if self.died:
            raise self.died
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        data = b"".join(protocol.pack(request))
        self._loading = request.op in LOADS
        if self._loading:
            self.begin()
        self.interrupted, may_interrupt = False, request.op == "cell" and sys.platform != "win32"
        with self._lock:
            self._limit = clock.Limit(may_interrupt, self.clock, max(0.0, deadline - time.monotonic()))
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
            header, blob = protocol.sizes(_read(self.process.stdout, protocol.PREFIX.size))
            body, arrays = _read(self.process.stdout, header), _read(self.process.stdout, blob)
            response: Response = protocol.unpack(body, memoryview(arrays), Response)
        except (OSError, EOFError):
            code = self.process.wait()
            crashed = Died("crashed", f"the process ended itself (exit code {code})")
            if code and code == _CPU_EXCEEDED:
                crashed = beyond("timeout", self.limits.cpu_seconds)
            self.died = self._why or crashed
            raise self.died from None
        finally:
            with self._lock:
                self._limit.tick()
                self._limit = None
        return response

    def begin(self) -> None:
        """Count anew what is printed."""
        self._printed = 0
        self.printed_too_much = False

    def time_used(self) -> float:
        """Return the seconds that count as the submission's own so far; up to the last look by the wall clock."""
        return self.clock()

    def processor_time(self) -> float:
        """Return the processor seconds used so far, up to the last look."""
        return self.clock.cpu

    def close(self) -> None:
        """End the process."""
        self._over.set()
        self._kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            with contextlib.suppress(OSError):  # a question that it did not read any more is still on its way
                stream.close()

    def _end(self, died: Died) -> None:
        self._why = self._why or died
        self._kill()

    def _kill(self) -> None:
        """Kill the process, and what it started where that can be found out."""
        if self.process.poll() is None:
            if sys.platform == "linux":
                kill_tree(self.process.pid)
            self.process.kill()

    def _watch(self) -> None:
        """Hold the process to its time and, where there is `/proc`, to its memory and processes."""
        while not self._over.wait(LOOK_SECONDS):
            if self.process.poll() is not None:
                return
            with self._lock:
                if (limit := self._limit) is not None:
                    limit.tick()
                    self.clock.update(clock.read(process_tree(self.process.pid)))
                    if limit.left() <= 0:
                        self._time_is_over(limit)
            if self._base is None:
                continue
            memory, threads = usage(self.process.pid)
            if memory - self._base > self.limits.memory_mib << 20:
                self._end(beyond("memory", self.limits.memory_mib))
            if threads > self.limits.processes + 1:
                self._end(beyond("processes", self.limits.processes))

    def _time_is_over(self, limit: clock.Limit) -> None:
        """Interrupt a notebook's cell, once; end anything else, and a cell that goes on."""
        if limit.starved or not limit.may_interrupt:
            self._end(out_of_time(limit.starved))
            return
        limit.allow(clock.INTERRUPTED_SECONDS)
        self.interrupted = True
        self.process.send_signal(signal.SIGINT)

    def _drain(self, show: Callable[[str], object] | None) -> None:
        """Count what the code prints, and show it where this is wanted."""
        assert self.process.stderr is not None
        text = codecs.getincrementaldecoder("utf-8")("replace")
        with self.process.stderr as stream:
            while data := os.read(stream.fileno(), 1 << 16):
                self._printed += len(data)
                if self._printed > self.limits.output_kib << 10:
                    self.printed_too_much = True
                    if not self._loading:
                        self._end(beyond("output", self.limits.output_kib))
                        return
                elif show is not None:
                    show(text.decode(data))


def _read(stream: IO[bytes], count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data


class LiveNotebook(Answers):
    """The namespace of the notebook that is running, for `practicum.check()` in one of its cells.

    Values still cross the protocol, so that a check sees here what it will see when the notebook is graded.

    Args:
        folder: the student's.
        name: the notebook's module.
        namespace: what its cells have defined.
        cell_of: the name of the cell that a code object's file name stands for, `Cell In[3]`, or nothing.
    """

    died: Died | None = None

    def __init__(self, folder: Path, name: str, namespace: dict[str, Any], cell_of: Callable[[str], str]) -> None:
        live = Notebook(name)
        live.__failed__ = {}
        live.__dict__.update(namespace)
        self.objects = _LiveObjects(str(folder), {})
        self.objects.cell_of = cell_of
        self.objects.modules[name] = live

    def call(self, request: Request, deadline: float) -> Response:
        """Answer a request in this process; a cell that does not end is the user's to interrupt."""
        received: Request = _through_protocol(request)
        response = self.objects.answer(received)
        try:
            result: Response = _through_protocol(response, self.objects)
        except ProtocolError as error:
            return Response(request.id, failure=Failure("ProtocolError", str(error)))
        return result


class _LiveObjects(Objects):
    """Names the cells of the running notebook in tracebacks, where the graded one is named by its file."""

    cell_of: Callable[[str], str]

    def failure(self, error: BaseException) -> Failure:
        """Describe an exception, with the cells it passed."""
        import traceback

        failure = super().failure(error)
        lines = [
            f"{cell}, line {frame.lineno} in {frame.name}: {(frame.line or '').strip()[:200]}"
            for frame in traceback.extract_tb(error.__traceback__)
            if (cell := self.cell_of(frame.filename))
        ]
        return msgspec.structs.replace(failure, traceback="\n".join([*lines[-8:], *failure.traceback.splitlines()][-8:]))


def _through_protocol(message: Request | Response, objects: Objects | None = None) -> Any:
    data = b"".join(protocol.pack(message, objects.other if objects else None))
    header, _ = protocol.sizes(data[: protocol.PREFIX.size])
    start = protocol.PREFIX.size + header
    return protocol.unpack(data[protocol.PREFIX.size : start], memoryview(data)[start:], type(message))
