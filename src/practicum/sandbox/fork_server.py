"""A sandboxed fork server that forks a fresh, confined process for every submission.

    with Sandbox(["numpy"], limits) as sandbox:
        process = sandbox.open(files, notebooks, seed=1)
        response = process.call(Request(1, "module", name="perceptron"), deadline=time.monotonic() + 10)

The fork server never sees a submission and a submission never sees another: each gets namespaces and a tmpfs of its own,
and ends with its whole process tree when its pid 1 is killed from here.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

import msgspec
import numpy as np

from practicum.sandbox import bwrap, cgroups
from practicum.sandbox.bwrap import Mode, NoSandbox
from practicum.sandbox.guest import confine
from practicum.sandbox.guest.__main__ import NOTE, Order
from practicum.sandbox.guest.messages import ProtocolError, Request
from practicum.sandbox.limits import is_ending
from practicum.sandbox.outcome import Died
from practicum.sandbox.process import Process
from practicum.sandbox.processors import Processors

_NO_CGROUP = (
    "WITHOUT CGROUPS ({reason}): memory is limited by looking 50 times a second, so a submission can exceed it for a moment; "
    "processors are not shared out but assigned. With systemd, log in so that your own service manager runs, or grade as root."
)
START_SECONDS = 60.0  # importing torch from a cold disk


class NotNested(Exception):
    """This kernel allows no user namespace inside the sandbox."""


class Sandbox:
    """Starts the fork server, and opens processes for submissions.

    Args:
        libraries: modules that the fork server imports.
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
        self._server: subprocess.Popen[bytes] | None = None
        self._place: cgroups.Place | None = None
        self._scope: list[str] = []
        self._aside = ThreadPoolExecutor(1, "sandbox")  # the kernel makes one wait when a cgroup is entered and a namespace ends
        self._spare: Future[Process] | None = None
        self._ending: Future[None] | None = None
        self._find_cgroups()
        self._start()
        if mode == "nested":
            try:
                self._spare = self._aside.submit(self._fork)
                self._spare.result()
            except NotNested as error:
                self.mode = "single"
                self.notes.append(f"this kernel allows no nested namespaces ({error}): one sandbox per submission, slower")
        self._processors = Processors(0 if self._holds("cpu") else int(limits["threads"]))

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the fork server and everything it started."""
        self._let_go()
        self._aside.shutdown()
        self._stop()
        self._processors.close()
        if self._scratch:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _find_cgroups(self) -> None:
        """Find where cgroups can be made: now, or in the scope that the fork server will be started in."""
        try:
            self._place = cgroups.find()
        except OSError as error:
            if self.mode != "unsafe":
                self._scope = cgroups.scope()
            if not self._scope:
                self._warn(f"{error}, and no systemd answers that would make some")
        else:
            cgroups.sweep(self._place)

    def _warn(self, reason: str) -> None:
        """Say what limits rest on without cgroups."""
        note = _NO_CGROUP.format(reason=reason)
        if note not in self.notes and self.mode != "unsafe":
            self.notes.append(note)

    def _holds(self, controller: str) -> bool:
        return self._place is not None and controller in self._place.folders

    def _stop(self) -> None:
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self.control.close()
            self._server = None

    def _start(self) -> None:
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        threads = int(self.limits["threads"])
        environment: dict[str, str] = {}
        if self.mode == "unsafe":
            guest = bwrap.GUEST.parent
            line = bwrap.python_command(str(guest), "guest", theirs.fileno(), self.libraries)
            environment = {**bwrap.environment(threads), **dict.fromkeys(("HOME", "TMPDIR", "MPLCONFIGDIR"), str(self._scratch))}
        else:
            line = bwrap.command(threads, theirs.fileno(), self.libraries, self.limits["disk_mib"], self.mode == "single")
        if self._scope:
            line = [*self._scope, *line]
            environment = {"PATH": os.environ.get("PATH", os.defpath), **cgroups.scope_environment()}  # bubblewrap clears it
        with tempfile.TemporaryFile() as errors:
            self._server = subprocess.Popen(
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
            lines = errors.read(1 << 16).decode(errors="replace").splitlines()
            notes = [line.removeprefix(NOTE) for line in lines if line.startswith(NOTE)]  # what else libraries say is no matter
            self.notes += [note for note in notes if note not in self.notes]
        if self._scope:
            try:
                self._place = cgroups.enter(self._server.pid)
            except OSError as error:
                self._place = None
                self._warn(str(error))

    def _fork(self, folder: str = confine.WORK) -> Process:
        """Order one fork, and return it once its pid 1 is there.

        Raises:
            NotNested: no namespaces inside the sandbox.
        """
        ours, channel_end = socket.socketpair()
        keeper_ours, keeper_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        fork_ours, fork_end = socket.socketpair()
        out_read, out_write = os.pipe()
        order = Order(next(self._slots), self.limits, self.mode == "nested", self.mode != "unsafe", folder)
        theirs = [channel_end.fileno(), out_write, keeper_end.fileno(), fork_end.fileno()]
        socket.send_fds(self.control, [msgspec.msgpack.encode(order)], theirs)
        for end in (channel_end, keeper_end, fork_end):
            end.close()
        os.close(out_write)
        keeper_ours.settimeout(START_SECONDS)
        data, fds, _, _ = socket.recv_fds(keeper_ours, 4096, 1)
        if data[:1] != b"P":
            for end in (ours, keeper_ours, fork_ours):
                end.close()
            os.close(out_read)
            raise NotNested(data[1:].decode(errors="replace") or "the sandbox ended")
        nested, confined = self.mode == "nested", self.mode != "unsafe"
        return Process(ours, keeper_ours, fork_ours, out_read, fds[0], self.limits, nested, confined, self._place)

    def _take(self) -> Process:
        """Return a process that was made while the one before was graded, and have the next one made meanwhile."""
        process = self._spare.result() if self._spare is not None else self._fork()
        self._spare = None
        if is_ending(process.pid):  # of several processes, the kernel may end this one when the machine has no memory left
            process.kill()
            process = self._fork()
        self._spare = self._aside.submit(self._fork)
        return process

    def end(self, process: Process) -> None:
        """Stop a process at once, and wait aside until all of it is gone."""
        process.stop()
        self._wait_for_the_last()
        self._ending = self._aside.submit(process.close)

    def _wait_for_the_last(self) -> None:
        if self._ending is not None:
            self._ending.result()
            self._ending = None

    def _let_go(self) -> None:
        """End the process that was made for the next submission, and wait for those that are ending."""
        spare, self._spare = self._spare, None
        if spare is not None:
            with contextlib.suppress(NotNested, OSError):  # the fork server has ended meanwhile
                spare.result().kill()
        self._wait_for_the_last()

    def open(self, files: dict[str, bytes], notebooks: dict[str, list[str]], seed: int) -> Process:
        """Return a fresh process that holds these files.

        Raises:
            Died: it could not take them (too large for its disk, say).
        """
        folder = confine.WORK
        if self.mode == "unsafe":
            folder = tempfile.mkdtemp(dir=self._scratch)
        if self.mode == "single" or self._server is None or self._server.poll() is not None:  # it may have been killed for memory
            self._let_go()
            self._stop()
            self._start()
        process = self._take() if self.mode == "nested" else self._fork(folder)
        self._processors.bind(process.pid)
        process.start()
        arrays = {name: np.frombuffer(data, np.uint8) for name, data in files.items()}  # arrays may be large, plain data may not
        arrays |= {f"\0{name}": np.frombuffer(msgspec.json.encode(cells), np.uint8) for name, cells in notebooks.items()}
        setup = Request(0, "setup", kwargs={"files": arrays, "seed": seed})
        try:
            process.call(setup, time.monotonic() + START_SECONDS)
        except ProtocolError:
            process.kill()
            raise Died("crashed", "the files that were submitted are too large to be graded") from None
        except BaseException:
            process.kill()
            raise
        return process
