"""One confined process with a submission's code in it: asking it, holding it to its limits, ending it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time
from functools import partial
from typing import NoReturn

from practicum.sandbox import clock
from practicum.sandbox.bwrap import NoSandbox
from practicum.sandbox.cgroups import Cgroup, Place
from practicum.sandbox.guest import protocol, sockets
from practicum.sandbox.guest.caps import Budget
from practicum.sandbox.guest.messages import LOADS, ProtocolError, Request, Response
from practicum.sandbox.limits import (
    children_of,
    exact_memory,
    is_ending,
    kill_tree,
    pid_of,
    process_tree,
    shares_nothing,
    socket_bytes,
    usage,
)
from practicum.sandbox.outcome import Died, beyond, cause, out_of_time

LOOK_SECONDS = 0.02  # how often memory and processes are looked at while the student's code runs
_END_SECONDS = 5.0  # for news of an end, which may be late on a busy machine, and the verdict hangs on it
_UNSEEN_SECONDS = 0.01  # of processor time that are not worth a look
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
        own_network: so does its network namespace.
        place: where a cgroup is made for it; without one its memory is held by looking alone.
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
        own_network: bool,
        place: Place | None,
    ) -> None:
        self.channel, self.keeper, self.pidfd, self.limits = channel_end, keeper_end, pidfd, limits
        self.output = sockets.Output(output, int(limits["output_kib"]) << 10)
        self.own_namespace = own_namespace
        self.fork_end: socket.socket | None = fork_end
        self.waiting: socket.socket | None = None  # the process's own channel while its fork answers
        self.answers = -1  # pid of that fork, once it has answered
        self.budget = Budget()
        self.clock = clock.Clock()
        self.interrupted = False  # in the last call
        self._loading = self._closed = False
        self.looked = 0.0
        self.died: Died | None = None
        self.pid = pid_of(pidfd)
        self.memory_limit = self.allowed = int(limits["memory_mib"]) << 20
        self.cgroup: Cgroup | None = None
        if place is not None:
            with contextlib.suppress(OSError):
                self.cgroup = Cgroup(place, self.pid, limits)
        self.base_memory = self.own_base = usage(self.pid)[0]
        self._counts_sockets = own_network and self.cgroup is None  # a cgroup knows what does lie in them
        self.channel.setblocking(False)
        self._poll = select.poll()
        for fd in (self.channel.fileno(), self.output.fd, self.keeper.fileno()):
            self._poll.register(fd, select.POLLIN)

    def call(self, request: Request, deadline: float) -> Response:
        """Send a request and wait for its answer.

        The seconds left until the deadline are the submission's own (see `clock`); the wall clock gives `backstop` of them.
        A cell that uses them up is interrupted first, and ended only when that does not help.

        Args:
            request: what to do.
            deadline: `time.monotonic()` at which its time would be over on a machine that does nothing else.

        Raises:
            Died: the process has ended, by itself or for a limit. It stays ended.
            ProtocolError: the request holds something that does not cross.
        """
        if self.died:
            raise self.died
        parts = protocol.pack(request)
        self.interrupted = False
        self._loading = request.op in LOADS
        if self._loading:
            self.begin()
        limit = clock.Limit(request.op == "cell", self.clock, max(0.0, deadline - time.monotonic()))
        wait = partial(self._wait, limit)
        try:
            sockets.send(self.channel, b"".join(parts), wait)
            plain, arrays = sockets.receive(self.channel, wait, self.budget.take)
            response: Response = protocol.unpack(plain, arrays, Response, self.budget)
        except EOFError:
            self._ended()
        except ProtocolError as error:
            self._die(Died("protocol", f"your program's process sent something that is no answer: {error}"))
        finally:
            limit.tick()
        if request.op == "setup" and response.failure is not None and response.failure.type == "SandboxError":
            self.kill()
            raise NoSandbox(f"no sandbox: {response.failure.message}")
        self._find_fork()
        if response.id != request.id:
            self._die(Died("protocol", "your program's process sent an answer to a question that was not asked"))
        return response

    def start(self) -> None:
        """Count its time from now on: it may have been made long before."""
        self.clock = clock.Clock(clock.read([self.pid]))

    def begin(self) -> None:
        """Count anew what is printed and what is received, for a check, a module or a cell."""
        self.output.begin()
        self.budget = Budget()

    def fork(self) -> bool:
        """Let a fork of the process answer from now on; `go_back` ends it.

        Both may hold as much memory as the limit says, less what the fork has not changed: that is there once.

        Returns:
            False if the two would share more than what is in memory, a thread or a file, say: then there is no fork.
        """
        if self.died or self.fork_end is None or not shares_nothing(self.pid, _ENDS_WITH_FORK):
            return False
        self.waiting, self.channel, self.fork_end = self.channel, self.fork_end, None
        self.channel.setblocking(False)
        for end in (self.waiting, self.channel):
            self._poll.register(end.fileno(), select.POLLIN)
        loaded = max(0, usage(self.pid)[0] - self.own_base)
        self.base_memory += self.own_base + loaded
        self._allow(self.memory_limit + loaded)
        self.waiting.setblocking(True)
        self.waiting.sendall(b"".join(protocol.pack(Request(0, "fork"))))  # a few bytes, which the kernel holds
        self.answers = -1
        return True

    def _find_fork(self) -> None:
        """Note which process the fork is; there is none any more where it has ended already, which is as well."""
        if self.waiting is not None and self.answers < 0:
            self.answers = next(iter(children_of(self.pid)), -1)

    def go_back(self) -> bool:
        """End the fork, and let the process itself answer again, as it was before.

        Returns:
            False if there is none, or if it left a file or a process behind: then all of it is ended.
        """
        if self.died or self.waiting is None:
            self.processor_time()
            self.kill()
            return False
        self._poll.unregister(self.channel.fileno())
        self.channel.close()  # at which it leaves
        end = sockets.of_fork(self.waiting, _END_SECONDS)
        if end is None or end.status != 0 or not end.clean or not shares_nothing(self.pid, _ENDS_WITH_FORK):
            self.processor_time()
            self.kill()
            return False
        self.channel, self.waiting = self.waiting, None
        self.channel.setblocking(False)
        self.base_memory = self.own_base
        self._allow(self.memory_limit)
        return True

    def _allow(self, memory: int) -> None:
        self.allowed = memory
        if self.cgroup is not None:
            self.cgroup.allow(memory)

    def _wait(self, limit: clock.Limit, event: int) -> None:
        """Wait until the channel is ready; meanwhile drain what is printed and hold the limits."""
        self._poll.modify(self.channel.fileno(), event)
        while True:
            left = limit.left()
            if left <= 0 and not limit.starved:
                self._look()  # what the kernel counts, in place of the wall clock
                left = limit.left()
            if left <= 0:
                self._over(limit)
                continue
            ready = dict(self._poll.poll(min(left, LOOK_SECONDS) * 1000))
            if self.output.fd in ready:
                if not self.output.drain():
                    self._poll.unregister(self.output.fd)
                if self.output.too_much and not self._loading:
                    self._die(beyond("output", self.limits["output_kib"]))
            if time.monotonic() - self.looked > LOOK_SECONDS:
                self._look()
            if self.channel.fileno() in ready:
                return
            if self.keeper.fileno() in ready or (self.waiting is not None and self.waiting.fileno() in ready):
                self._ended()

    def _over(self, limit: clock.Limit) -> None:
        """Interrupt a cell whose time is over, once.

        Raises:
            Died: anything else, or a cell that goes on.
        """
        if limit.starved or not limit.may_interrupt:
            self._die(out_of_time(limit.starved))
        limit.allow(clock.INTERRUPTED_SECONDS)
        self.interrupted = True
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGINT)

    @property
    def printed_too_much(self) -> bool:
        """Whether the check, cell or module that runs, or ran last, printed more than it may."""
        return self.output.too_much

    def time_used(self) -> float:
        """Return the seconds that count as the submission's own so far; up to the last look by the wall clock."""
        return self.clock()

    def processor_time(self) -> float:
        """Return the processor seconds of the process and all that it started, so far; a moment not looked at counts as used."""
        if self.pidfd >= 0 and self.clock.open > _UNSEEN_SECONDS:
            self.clock.update(clock.read(process_tree(self.pid)))
        return self.clock.cpu + self.clock.open

    def _look(self) -> None:
        self.looked = time.monotonic()
        members = process_tree(self.pid)
        self.clock.update(clock.read(members))
        memory, threads = usage(self.pid, members)
        in_sockets = socket_bytes(self.pid) if self._counts_sockets else 0
        memory += in_sockets - self.base_memory
        if memory > self.memory_limit and in_sockets + exact_memory(self.pid, self.allowed) > self.allowed:
            self._die(beyond("memory", self.limits["memory_mib"]))
        if threads > int(self.limits["processes"]) + 1 + (self.waiting is not None):
            self._die(beyond("processes", self.limits["processes"]))

    def _ended(self) -> NoReturn:
        """Find out how the process has ended, and raise `Died`."""
        self._find_fork()
        if not is_ending(self.pid if self.waiting is None else self.answers):  # no news will come: it lives on
            self._die(Died("crashed", "the process closed the channel on which it answers"))
        fork = None if self.waiting is None else sockets.of_fork(self.waiting, _END_SECONDS)
        end = fork or sockets.of_process(self.keeper, _END_SECONDS)
        if self.cgroup is not None and self.cgroup.out_of_memory():
            self._die(beyond("memory", self.limits["memory_mib"]))
        self._die(cause(end.status, end.cpu, self.limits["cpu_seconds"]))

    def _die(self, died: Died) -> NoReturn:
        """Kill what is left, and raise `Died`."""
        self.processor_time()  # the last look at it
        self.died = died
        self.kill()
        raise died

    def kill(self) -> None:
        """End the process with all it started; its namespaces and files go with it."""
        self.stop()
        self.close()

    def stop(self) -> None:
        """Begin to end it: from here on nothing of it runs; `close` waits until it is gone."""
        if self.pidfd < 0:
            return
        self.died = self.died or Died("crashed", "the process was closed")
        if not self.own_namespace:
            kill_tree(self.pid)
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        os.close(self.pidfd)
        self.pidfd = -1

    def close(self) -> None:
        """Wait until the process, which was stopped, is gone, and let go of all that belonged to it."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(OSError):
            self.keeper.settimeout(_END_SECONDS)  # the keeper reports when the tree is gone
            self.keeper.recv(64)
        os.close(self.output.fd)
        for end in (self.channel, self.keeper, self.fork_end, self.waiting):
            if end is not None:
                end.close()
        if self.cgroup is not None:
            self.cgroup.close()
