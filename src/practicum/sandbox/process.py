"""One confined process with a submission's code in it: asking it, holding it to its limits, ending it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import struct
import time
from pathlib import Path

from practicum.sandbox.bwrap import NoSandbox
from practicum.sandbox.guest import protocol
from practicum.sandbox.guest.messages import ProtocolError, Request, Response
from practicum.sandbox.limits import Cgroup, children_of, exact_memory, is_ending, kill_tree, shares_nothing, usage
from practicum.sandbox.outcome import Died, Outcome

LOOK_SECONDS = 0.02  # how often memory and processes are looked at while the student's code runs
MOST_RECEIVED = 1 << 30  # bytes in one check, as they may lie in this process's memory
_UNFOLDS = 32  # bytes of plain data take so much more memory when they are Python objects
_END_SECONDS = 5.0  # for news of an end, which may be late on a busy machine, and the verdict hangs on it
_ENDS_WITH_FORK = frozenset(range(5))  # descriptors: standard ones, the channel, the fork's channel


class Process:
    """One confined process with a submission's code in it; for a while, a fork of it that answers in its place.

    Args:
        channel_end: requests go out and answers come in here.
        keeper_end: the keeper of the process says here how it ended.
        fork_end: requests to a fork of it go out and answers come in here.
        output: what the code prints; counted and dropped.
        pidfd: of the process.
        limits: as in `lab.toml`.
        own_namespace: the process is pid 1 of a namespace, which ends with it.
    """

    def __init__(
        self,
        channel_end: socket.socket,
        keeper_end: socket.socket,
        fork_end: socket.socket,
        output: int,
        pidfd: int,
        limits: dict[str, float],
        own_namespace: bool,
    ) -> None:
        self.channel, self.keeper, self.output, self.pidfd, self.limits = channel_end, keeper_end, output, pidfd, limits
        self.own_namespace = own_namespace
        self.fork_end: socket.socket | None = fork_end
        self.waiting: socket.socket | None = None  # the process's own channel while its fork answers
        self.answers = -1  # pid of that fork
        self.printed = self.received = 0
        self.looked = 0.0
        self.died: Died | None = None
        self.pid = _pid_of(pidfd)
        os.set_blocking(output, False)
        self.memory_limit = self.allowed = int(limits["memory_mib"]) << 20
        self.cgroup: Cgroup | None = None
        with contextlib.suppress(OSError):
            self.cgroup = Cgroup(self.pid, self.memory_limit)
        self.base_memory = self.own_base = usage(self.pid)[0]
        self._poll = select.poll()
        for fd in (self.channel.fileno(), self.output, self.keeper.fileno()):
            self._poll.register(fd, select.POLLIN)

    def call(self, request: Request, deadline: float) -> Response:
        """Send a request and wait for its answer.

        Args:
            request: what to do.
            deadline: `time.monotonic()` at which the process is killed.

        Raises:
            Died: the process has ended, by itself or for a limit. It stays ended.
            ProtocolError: the request holds something that does not cross.
        """
        if self.died:
            raise self.died
        parts = protocol.pack(request)
        if request.op == "seed":  # a check begins
            self.received = 0
        try:
            self._send(b"".join(parts), deadline)
            header, blob = protocol.sizes(self._bytes(protocol.PREFIX.size, deadline))
            self.received += _UNFOLDS * header + blob
            if self.received > MOST_RECEIVED:
                raise ProtocolError("more data in one check than a check may receive")
            response: Response = protocol.unpack(
                self._bytes(header, deadline), memoryview(self._receive(blob, deadline)), Response
            )
        except ProtocolError as error:
            self._die("protocol", f"your program's process sent something that is no answer: {error}")
        if request.op == "setup" and response.failure is not None and response.failure.type == "SandboxError":
            self.kill()
            raise NoSandbox(f"no sandbox: {response.failure.message}")
        if response.id != request.id:
            self._die("protocol", "your program's process sent an answer to a question that was not asked")
        return response

    def fork(self) -> bool:
        """Let a fork of the process answer from now on; `go_back` ends it.

        Both may hold as much memory as the limit says, less what the fork has not changed: that is there once.

        Returns:
            False if the two would share more than what is in memory, a thread or a file, say: then there is no fork.
        """
        if self.died or self.fork_end is None or not shares_nothing(self.pid, _ENDS_WITH_FORK):
            return False
        self.waiting, self.channel, self.fork_end = self.channel, self.fork_end, None
        for end in (self.waiting, self.channel):
            self._poll.register(end.fileno(), select.POLLIN)
        loaded = max(0, usage(self.pid)[0] - self.own_base)
        self.base_memory += self.own_base + loaded
        self._allow(self.memory_limit + loaded)
        self.waiting.setblocking(True)
        self.waiting.sendall(b"".join(protocol.pack(Request(0, "fork"))))  # a few bytes, which the kernel holds
        wanted = time.monotonic() + _END_SECONDS
        while not (children := children_of(self.pid)) and time.monotonic() < wanted and not is_ending(self.pid):
            time.sleep(0.0002)
        self.answers = children[0] if children else self.pid
        return True

    def go_back(self) -> bool:
        """End the fork, and let the process itself answer again, as it was before.

        Returns:
            False if there is none, or if it left a file or a process behind: then all of it is ended.
        """
        if self.died or self.waiting is None:
            self.kill()
            return False
        self._poll.unregister(self.channel.fileno())
        self.channel.close()  # at which it leaves
        end = self._end_of_fork()
        if end is None or end[0] != 0 or not end[2] or not shares_nothing(self.pid, _ENDS_WITH_FORK):
            self.kill()
            return False
        self.channel, self.waiting = self.waiting, None
        self.base_memory = self.own_base
        self._allow(self.memory_limit)
        return True

    def _allow(self, memory: int) -> None:
        self.allowed = memory
        if self.cgroup is not None:
            self.cgroup.allow(memory)

    def _end_of_fork(self) -> tuple[int, float, bool] | None:
        """Return how the fork has ended, its processor time, and whether it left nothing; None if its parent does not say."""
        assert self.waiting is not None
        try:
            self.waiting.settimeout(_END_SECONDS)
            header, blob = protocol.sizes(self.waiting.recv(protocol.PREFIX.size, socket.MSG_WAITALL))
            if header > 100 or blob:
                return None
            data = self.waiting.recv(header, socket.MSG_WAITALL)
            response: Response = protocol.unpack(data, memoryview(b""), Response)
        except (OSError, ProtocolError, struct.error):
            return None
        match response.value:
            case (int(status), float(seconds), bool(clean)):
                return status & 0xFFFF, seconds, clean
        return None

    def _send(self, data: bytes, deadline: float) -> None:
        view = memoryview(data)
        self.channel.setblocking(False)
        while view:
            try:
                view = view[self.channel.send(view) :]
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
                n = self.channel.recv_into(view[got:])
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
        """Wait until the channel is ready; meanwhile drain what is printed and hold the limits."""
        self._poll.modify(self.channel.fileno(), event)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                self._die("timeout", "it ran longer than the time for this check")
            ready = dict(self._poll.poll(min(left, LOOK_SECONDS) * 1000))
            if self.output in ready:
                self._drain()
            if time.monotonic() - self.looked > LOOK_SECONDS:
                self._look()
            if self.channel.fileno() in ready:
                return
            if self.keeper.fileno() in ready or (self.waiting is not None and self.waiting.fileno() in ready):
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
        self.looked = time.monotonic()
        memory, threads = usage(self.pid)
        memory -= self.base_memory
        if memory > self.memory_limit and exact_memory(self.pid, self.allowed) > self.allowed:
            self._die("memory", f"it used more than {self.limits['memory_mib']:,.0f} MiB of memory")
        if threads > int(self.limits["processes"]) + 1 + (self.waiting is not None):
            self._die("processes", f"it started more than {self.limits['processes']:.0f} processes and threads")

    def _ended(self) -> None:
        """Find out how the process has ended.

        Raises:
            Died: always.
        """
        if not is_ending(self.pid if self.waiting is None else self.answers):  # no news will come: it lives on
            self._die("crashed", "the process closed the channel on which it answers")
        status, cpu = 0, 0.0
        end = None if self.waiting is None else self._end_of_fork()
        if end is not None:
            status, cpu, _ = end
        else:
            with contextlib.suppress(OSError, TimeoutError):
                self.keeper.settimeout(_END_SECONDS)
                data = self.keeper.recv(64)
                if data[:1] == b"X":
                    status, cpu = struct.unpack(">id", data[1:])
        code = os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) or os.WIFSIGNALED(status) else 0
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
        if not self.own_namespace:
            kill_tree(self.pid)
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        with contextlib.suppress(OSError):
            self.keeper.settimeout(_END_SECONDS)  # the keeper reports when the tree is gone
            self.keeper.recv(64)
        os.close(self.pidfd)
        os.close(self.output)
        for end in (self.channel, self.keeper, self.fork_end, self.waiting):
            if end is not None:
                end.close()
        self.pidfd = -1
        if self.cgroup is not None:
            self.cgroup.close()


def _pid_of(pidfd: int) -> int:
    for line in Path(f"/proc/self/fdinfo/{pidfd}").read_text().splitlines():
        if line.startswith("Pid:"):
            return int(line.split()[1])
    raise OSError("this kernel does not tell the pid of a pidfd")
