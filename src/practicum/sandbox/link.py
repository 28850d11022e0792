"""The way to a submission's process: it is started, loaded, asked, and started anew when it has died."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Collection
from typing import Any, Protocol

from practicum.sandbox.guest.messages import Request, Response
from practicum.sandbox.outcome import Died, StudentError, clean

_RELEASED = 10_000  # handles named in one request: a frame holds no more than so many bytes


class Answers(Protocol):
    """Where requests go: a sandboxed process, a local one, or this very process. What cannot fork says so."""

    def call(self, request: Request, deadline: float) -> Response:
        """Answer a request by the deadline (`time.monotonic()`), or raise `Died`."""
        ...

    def fork(self) -> bool:
        """Let a fork answer from now on, and return whether there is one."""
        return False

    def go_back(self) -> bool:
        """End the fork and let the process itself answer again; if it cannot, end it and return False."""
        return False


class Link:
    """Carries requests to a submission's process and starts it anew when it has died.

    Args:
        start: opens a process that holds the submission.
        wall_seconds: for all requests of the submission together.
        import_seconds: for one import of a module, or one run of a notebook; a check's own time does not count it.
        modules: what to load in each process before it is asked anything.
    """

    def __init__(
        self,
        start: Callable[[], Answers],
        wall_seconds: float,
        import_seconds: float = 30.0,
        modules: Collection[str] = (),
    ) -> None:
        self.import_seconds = import_seconds
        self.modules = modules
        self.restarts = 0  # processes that were started in place of one that had died
        self._forks = self._lost = self._again = False
        self._start = start
        self._numbers = itertools.count(1)
        self.process: Answers | None = None
        self.deadline = float("inf")  # of the running check
        self.left = wall_seconds
        self.released: list[int] = []
        self.generation = 0
        self.seed = 0
        self.fatal: dict[str, Died] = {}  # module → how its import killed the process: it is not tried again
        self.methods: set[tuple[int, str]] = set()  # (handle, name) known to be methods: one question per call instead of two

    def phase(self, forks: bool) -> None:
        """Let what is asked from now on meet the submission as it was when it was loaded, untouched by what was asked before.

        Args:
            forks: another phase will follow, so a fork answers in this one, and the process waits for the next as it is.
        """
        self._forks = forks
        if self.process is None:
            return
        self.generation += 1  # handles of the phase before are void
        self.released, self.methods = [], set()
        self._lost = bool(getattr(self.process, "died", None))
        if not self.process.go_back():
            self.process = None
            self._again = not self._lost

    def begin(self, seconds: float, seed: int) -> None:
        """Start a check: a live process, seeded, and so many seconds."""
        self.deadline = time.monotonic() + seconds
        if self.process is not None and getattr(self.process, "died", None):
            self.process, self._lost = None, True
            self.generation += 1  # handles of the old process are void
        self.seed = seed
        if self.process is not None:
            self.ask("seed", args=seed)

    def _open(self) -> None:
        """Start a process and load the submission in it; when that kills it, there is none."""
        began = time.monotonic()
        process = self.process = self._start()
        self.deadline += time.monotonic() - began  # to start a process is no fault of the submission's
        self.restarts += self._lost
        self.released, self.methods, self._lost = [], set(), False
        left = self.left
        for name in self.modules:
            try:
                self._ask("module", name=name, as_handle=True)
            except StudentError:
                continue  # whoever asks for it is told
            except Died:
                if not getattr(process, "died", None):  # it was killed by this module before, or there is no time left at all
                    continue
                self.process, self._lost = None, True
                return
        if self._again:  # the submission was loaded once already, and paid for it
            self.left, self._again = left, False
        if self._forks:
            process.fork()
        self._ask("seed", args=self.seed)

    def ask(
        self, op: str, handle: int = 0, name: Any = None, args: Any = None, kwargs: Any = None, as_handle: bool = False
    ) -> Any:
        """Ask one thing.

        Raises:
            StudentError: the student's code raised.
            Died: its process has ended, in this request or an earlier one of the same check.
        """
        while self.process is None and not (op == "module" and name in self.fatal):
            self._must_have_time()
            self._open()
        return self._ask(op, handle, name, args, kwargs, as_handle)

    def _must_have_time(self) -> None:
        if self.left <= 0:
            raise Died("timeout", "the submission used up its time for all checks together")

    def _ask(
        self, op: str, handle: int = 0, name: Any = None, args: Any = None, kwargs: Any = None, as_handle: bool = False
    ) -> Any:
        self._must_have_time()
        began = time.monotonic()
        # Importing a module or running a notebook has time of its own: it happens once, before whichever check comes first.
        own = began + self.import_seconds if op == "module" else self.deadline
        dead = getattr(self.process, "died", None)
        deadline = min(own, began + self.left)
        try:
            if op == "module" and name in self.fatal:
                raise self.fatal[name]
            assert self.process is not None
            released, self.released = self.released[:_RELEASED], self.released[_RELEASED:]
            request = Request(next(self._numbers), op, handle, name, args, kwargs, as_handle, released)
            response = self.process.call(request, deadline)
        except Died as died:
            if op == "module":
                if died.outcome == "timeout" and str(name) not in self.fatal:
                    died = Died("timeout", f"importing {name} took too long, more than {self.import_seconds:g} seconds")
                if dead is None:
                    self.fatal[str(name)] = died
            raise died from None
        finally:
            took = time.monotonic() - began
            self.left -= took
            if op == "module":
                self.deadline += took
        failure = response.failure
        if failure is not None:
            texts = (clean(failure.type, 80), clean(failure.message, 2000), clean(failure.traceback, 4000))
            raise StudentError(*texts, missing=failure.missing)
        return response.value
