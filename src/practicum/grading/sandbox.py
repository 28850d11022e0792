"""A warm, sandboxed Python that forks a fresh, confined process for every submission.

    with Sandbox(["numpy"], limits) as sandbox:
        process = sandbox.open(files, notebooks, seed=1)
        response = process.call(Request(1, "module", name="perceptron"), deadline=time.monotonic() + 10)

The warm process never sees a submission and a submission never sees another: each gets namespaces and a tmpfs of its own,
and ends with its whole process tree when its pid 1 is killed from here.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import msgspec
import numpy as np

from . import bwrap, watch
from .bwrap import NoSandbox
from .guest import confine, wire
from .guest.__main__ import Order
from .guest.wire import Request, Response, WireError
from .results import Died, Outcome

START_SECONDS = 60.0  # importing torch from a cold disk
LOOK_SECONDS = 0.02  # how often memory and processes are looked at while the student's code runs
MOST_RECEIVED = 1 << 30  # bytes in one check, as they may lie in this process's memory
_UNFOLDS = 32  # bytes of plain data take so much more memory when they are Python objects

Mode = Literal["nested", "single", "unsafe"]


class NotNested(Exception):
    """This kernel allows no user namespace inside the sandbox."""


class Sandbox:
    """Starts the warm process, and opens processes for submissions.

    Args:
        libraries: modules that the warm process imports.
        limits: as in `lab.toml`: cpu_seconds, memory_mib, processes, disk_mib, open_files, output_kib, threads.
        mode: "nested" (fresh namespaces per fork; falls back to "single", one sandbox per submission, where the kernel
            forbids that), or "unsafe" (no sandbox at all).

    Raises:
        NoSandbox: bubblewrap is missing or not allowed, with its reason.
    """

    def __init__(self, libraries: list[str], limits: dict[str, float], mode: Mode = "nested") -> None:
        self.libraries, self.limits, self.mode = libraries, limits, mode
        self.notes: list[str] = []
        self._slots = itertools.count(os.getpid())
        self._scratch = tempfile.mkdtemp(prefix="practicum-") if mode == "unsafe" else None
        self._warm: subprocess.Popen[bytes] | None = None
        watch.sweep()
        self._start()
        if mode == "nested":
            try:
                self._fork().kill()
            except NotNested as error:
                self.mode = "single"
                self.notes.append(f"this kernel allows no nested namespaces ({error}): one sandbox per submission, slower")

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the warm process and everything it started."""
        self._stop()
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _stop(self) -> None:
        if self._warm is not None:
            self._warm.kill()
            self._warm.wait()
            self.control.close()
            self._warm = None

    def _start(self) -> None:
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        threads = int(self.limits["threads"])
        environment: dict[str, str] = {}
        if self.mode == "unsafe":
            guest = bwrap.GUEST.parent
            line = bwrap.python_command(str(guest), "guest", theirs.fileno(), self.libraries)
            environment = {**bwrap.environment(threads), "HOME": str(self._scratch), "TMPDIR": str(self._scratch)}
        else:
            line = bwrap.command(threads, theirs.fileno(), self.libraries, self.limits["disk_mib"], self.mode == "single")
        with tempfile.TemporaryFile() as errors:
            self._warm = subprocess.Popen(
                line, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, env=environment, cwd="/"
            )
            theirs.close()
            self.control.settimeout(START_SECONDS)
            try:
                ready = self.control.recv(16)
            except TimeoutError:
                ready = b""
            if ready != b"ready":
                self._stop()
                errors.seek(0)
                said = errors.read(4000).decode(errors="replace").strip() or "it said nothing"
                raise NoSandbox(
                    f"no sandbox: bubblewrap did not start ({said}). "
                    "Unprivileged user namespaces may be switched off on this machine. "
                    "(--unsafe grades without a sandbox, and lets the student's code read and write whatever you can.)"
                )
            errors.seek(0)
            self.notes += errors.read(4000).decode(errors="replace").split("\n")[:-1]

    def _fork(self, folder: str = confine.WORK) -> Process:
        """Order one fork; returns once its pid 1 is there.

        Raises:
            NotNested: no namespaces inside the sandbox.
        """
        ours, wire_end = socket.socketpair()
        watch_ours, watch_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        out_read, out_write = os.pipe()
        order = Order(next(self._slots), self.limits, self.mode == "nested", self.mode != "unsafe", folder)
        socket.send_fds(self.control, [msgspec.msgpack.encode(order)], [wire_end.fileno(), out_write, watch_end.fileno()])
        wire_end.close()
        watch_end.close()
        os.close(out_write)
        watch_ours.settimeout(START_SECONDS)
        data, fds, _, _ = socket.recv_fds(watch_ours, 4096, 1)
        if data[:1] != b"P":
            ours.close()
            watch_ours.close()
            os.close(out_read)
            raise NotNested(data[1:].decode(errors="replace") or "the sandbox ended")
        return Process(ours, watch_ours, out_read, fds[0], self.limits)

    def open(self, files: dict[str, bytes], notebooks: dict[str, list[str]], seed: int) -> Process:
        """A fresh process that holds these files.

        Raises:
            Died: it could not take them (too large for its disk, say).
        """
        folder = confine.WORK
        if self.mode == "unsafe":
            folder = tempfile.mkdtemp(dir=self._scratch)
        elif self.mode == "single":
            self._stop()
            self._start()
        process = self._fork(folder)
        arrays = {name: np.frombuffer(data, np.uint8) for name, data in files.items()}  # arrays may be large, plain data may not
        arrays |= {f"\0{name}": np.frombuffer(msgspec.json.encode(cells), np.uint8) for name, cells in notebooks.items()}
        setup = Request(0, "setup", kwargs={"files": arrays, "seed": seed})
        try:
            process.call(setup, time.monotonic() + START_SECONDS)
        except WireError:
            process.kill()
            raise Died("crashed", "the files that were handed in are too large to be graded") from None
        except BaseException:
            process.kill()
            raise
        return process


class Process:
    """One confined process with a submission's code in it."""

    def __init__(
        self, wire_end: socket.socket, watch_end: socket.socket, output: int, pidfd: int, limits: dict[str, float]
    ) -> None:
        self.wire, self.watch, self.output, self.pidfd, self.limits = wire_end, watch_end, output, pidfd, limits
        self.printed = self.received = 0
        self.died: Died | None = None
        self.pid = _pid_of(pidfd)
        os.set_blocking(output, False)
        self.memory_limit = int(limits["memory_mib"]) << 20
        self.cgroup: watch.Cgroup | None = None
        with contextlib.suppress(OSError):
            self.cgroup = watch.Cgroup(self.pid, self.memory_limit)
        self.base_memory = watch.usage(self.pid)[0]
        self._poll = select.poll()
        for fd in (self.wire.fileno(), self.output, self.watch.fileno()):
            self._poll.register(fd, select.POLLIN)

    def call(self, request: Request, deadline: float) -> Response:
        """Send a request and wait for its answer.

        Args:
            deadline: `time.monotonic()` at which the process is killed.

        Raises:
            Died: the process has ended, by itself or for a limit. It stays ended.
            WireError: the request holds something that does not cross.
        """
        if self.died:
            raise self.died
        parts = wire.pack(request)
        if request.op == "seed":  # a check begins
            self.received = 0
        try:
            self._send(b"".join(parts), deadline)
            header, blob = wire.sizes(self._bytes(wire.PREFIX.size, deadline))
            self.received += _UNFOLDS * header + blob
            if self.received > MOST_RECEIVED:
                raise WireError("more data in one check than a check may receive")
            response: Response = wire.unpack(
                self._bytes(header, deadline), memoryview(self._receive(blob, deadline)), Response
            )
        except WireError as error:
            self._die("protocol", f"your program's process sent something that is no answer: {error}")
        if request.op == "setup" and response.failure is not None and response.failure.type == "SandboxError":
            self.kill()
            raise NoSandbox(f"no sandbox: {response.failure.message}")
        if response.id != request.id:
            self._die("protocol", "your program's process sent an answer to a question that was not asked")
        return response

    def _send(self, data: bytes, deadline: float) -> None:
        view = memoryview(data)
        self.wire.setblocking(False)
        while view:
            try:
                view = view[self.wire.send(view) :]
            except BlockingIOError:
                self._wait(deadline, select.POLLOUT)
            except OSError:
                self._ended()

    def _bytes(self, count: int, deadline: float) -> bytes:
        return bytes(self._receive(count, deadline))

    def _receive(self, count: int, deadline: float) -> bytearray:
        buffer = bytearray(count)
        view, got = memoryview(buffer), 0
        while got < count:
            try:
                n = self.wire.recv_into(view[got:])
            except BlockingIOError:
                self._wait(deadline, select.POLLIN)
                continue
            except OSError:
                n = 0
            if n == 0:
                self._ended()
            got += n
        return buffer

    def _wait(self, deadline: float, event: int) -> None:
        """Until the wire is ready; meanwhile drain what is printed and hold the limits."""
        self._poll.modify(self.wire.fileno(), event)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                self._die("timeout", "it ran longer than the time for this check")
            ready = dict(self._poll.poll(min(left, LOOK_SECONDS) * 1000))
            if self.output in ready:
                self._drain()
            if not ready or self.cgroup is None or self.output in ready:
                self._look()
            if self.wire.fileno() in ready:
                return
            if self.watch.fileno() in ready:
                self._ended()

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            data = os.read(self.output, 1 << 16)
            if not data:
                self._poll.unregister(self.output)
            self.printed += len(data)
        if self.printed > int(self.limits["output_kib"]) << 10:
            self._die("output", f"it printed more than {self.limits['output_kib']:,.0f} KiB")

    def _look(self) -> None:
        memory, threads = watch.usage(self.pid)
        memory -= self.base_memory
        if memory > self.memory_limit and watch.exact_memory(self.pid) > self.memory_limit:
            self._die("memory", f"it used more than {self.limits['memory_mib']:,.0f} MiB of memory")
        if threads > int(self.limits["processes"]) + 1:
            self._die("processes", f"it started more than {self.limits['processes']:.0f} processes and threads")

    def _ended(self) -> None:
        """The process has gone: find out how.

        Raises:
            Died: always.
        """
        status, cpu = 0, 0.0
        with contextlib.suppress(OSError, TimeoutError):
            self.watch.settimeout(0.5)
            data = self.watch.recv(64)
            if data[:1] == b"X":
                status, cpu = struct.unpack(">id", data[1:])
        code = os.waitstatus_to_exitcode(status)
        if self.cgroup is not None and self.cgroup.out_of_memory():
            self._die("memory", f"it used more than {self.limits['memory_mib']:,.0f} MiB of memory")
        if code == -signal.SIGXCPU or (code == -signal.SIGKILL and cpu >= int(self.limits["cpu_seconds"]) - 0.5):
            self._die("timeout", f"it used more than {self.limits['cpu_seconds']:.0f} seconds of processor time")
        if code < 0:
            name = signal.Signals(-code).name if -code in signal.Signals._value2member_map_ else f"signal {-code}"
            self._die("crashed", f"the process was ended by {name}")
        self._die("crashed", f"the process ended itself (exit code {code})")

    def _die(self, outcome: Outcome, message: str) -> None:
        """Kill what is left.

        Raises:
            Died: always.
        """
        self.died = Died(outcome, message)
        self.kill()
        raise self.died

    def kill(self) -> None:
        """End the process with all it started; its namespaces and files go with it."""
        if self.pidfd < 0:
            return
        self.died = self.died or Died("crashed", "the process was closed")
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        with contextlib.suppress(OSError):
            self.watch.settimeout(2.0)  # the keeper reports when the tree is gone
            self.watch.recv(64)
        os.close(self.pidfd)
        os.close(self.output)
        self.wire.close()
        self.watch.close()
        self.pidfd = -1
        if self.cgroup is not None:
            self.cgroup.close()


def _pid_of(pidfd: int) -> int:
    for line in Path(f"/proc/self/fdinfo/{pidfd}").read_text().splitlines():
        if line.startswith("Pid:"):
            return int(line.split()[1])
    raise OSError("this kernel does not tell the pid of a pidfd")


def versions(libraries: list[str]) -> dict[str, str]:
    """Versions of Python and of the named libraries, for provenance."""
    import importlib.metadata
    import platform

    found: dict[str, Any] = {"python": platform.python_version()}
    for name in dict.fromkeys(["practicum", *(lib.split(".")[0] for lib in libraries)]):
        distribution = {"sklearn": "scikit-learn"}.get(name, name)
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(distribution)
    return found
