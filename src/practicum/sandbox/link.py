"""The way to a submission's process: it is started, loaded, asked, and started anew when it has died."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from practicum.sandbox.clock import backstop
from practicum.sandbox.guest.messages import LOADS, Request, Response
from practicum.sandbox.outcome import Died, StudentError, clean

_DEADLY_CELLS = 3  # that may end the process, before the notebook counts as one that does
_LOADING = (*LOADS, "skip")
_RELEASED = 10_000  # handles named in one request: a frame holds no more than so many bytes


class Answers(Protocol):
    """Where requests go: a sandboxed process, a local one, or this very process. What cannot fork says so."""

    def call(self, request: Request, deadline: float) -> Response:
        """Answer a request by the deadline (`time.monotonic()`), or raise `Died`."""
        ...

    def begin(self) -> None:
        """Count from here on what a check may receive and what is printed in it."""
        return None

    @property
    def interrupted(self) -> bool:
        """Whether the last call was interrupted, because its time was over."""
        return False

    @property
    def printed_too_much(self) -> bool:
        """Whether the last call printed more than it may."""
        return False

    def time_used(self) -> float:
        """Return the seconds that count as the submission's own, from any moment on; here as the wall clock tells."""
        return time.monotonic()

    def processor_time(self) -> float:
        """Return the processor seconds used so far, where they are known."""
        return 0.0

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
        wall_seconds: of the submission's own time, for all requests together.
        import_seconds: of the same, for one import of a module; a notebook may take twice that, and one of its cells half of
            what is left of it. A check's time does not count it.
        modules: what to load in each process before it is asked anything.
        cells: of those modules that are notebooks, the cells.

    Attributes:
        notes: what the student should know of cells that met a limit, by notebook and number.
        starved: the wall clock ended something that the machine had not given its time.
    """

    def __init__(
        self,
        start: Callable[[], Answers],
        wall_seconds: float,
        import_seconds: float = 30.0,
        modules: Collection[str] = (),
        cells: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.import_seconds = import_seconds
        self.modules, self.cells = modules, cells or {}
        self.notes: dict[tuple[str, int], str] = {}
        self.starved = False
        self.restarts = 0  # processes that were started in place of one that had died
        self._forks = self._lost = self._again = False
        self._start = start
        self._numbers = itertools.count(1)
        self.process: Answers | None = None
        self.left = wall_seconds
        self.loading = 0.0  # wall seconds
        self._left_of_check = float("inf")
        self._wall_left = backstop(wall_seconds)
        self._opened: list[Answers] = []
        self._cpu_before = self._cpu_of_loading = 0.0  # of the running check
        self._deadly: dict[tuple[str, int], Died] = {}  # (notebook, cell) → how it ended the process: it is not run again
        self.released: list[int] = []
        self.generation = 0
        self.seed = 0  # of the running check
        self._seeds = False  # the next request brings it
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
        """Start a check: a live process, seeded, and so many seconds of its own."""
        self._left_of_check, self._cpu_of_loading = seconds, 0.0
        if self.process is not None and getattr(self.process, "died", None):
            self.process, self._lost = None, True
            self.generation += 1  # handles of the old process are void
        self.seed_next(seed)
        if self.process is not None:
            self.process.begin()

    def seed_next(self, seed: int) -> None:
        """Seed all generators with the next request, also in a process that is started anew for it."""
        self.seed, self._seeds = seed, True

    def end(self) -> float:
        """Return the processor seconds since the last check ended, without those of loading the submission."""
        before, self._cpu_before = self._cpu_before, self.processor_time()
        return max(0.0, self._cpu_before - before - self._cpu_of_loading)

    def drop(self) -> None:
        """Let go of the process, of which an answer may still be on its way; the next check starts another."""
        if self.process is not None:
            self.process.go_back()  # whoever opened it ends what is left
            self.process = None
            self.generation += 1

    def processor_time(self) -> float:
        """Return the processor seconds of all processes of the submission so far."""
        return sum(process.processor_time() for process in self._opened)

    def _open(self) -> None:
        """Start a process and load the submission in it; when that kills it, there is none."""
        began, cpu = time.monotonic(), self.processor_time()
        try:
            self._load_all()
        finally:
            self.loading += time.monotonic() - began
            self._cpu_of_loading += self.processor_time() - cpu

    def _load_all(self) -> None:
        process = self.process = self._start()
        self._opened.append(process)
        self.restarts += self._lost
        self.released, self.methods, self._lost = [], set(), False
        left = self.left
        for name in self.modules:
            try:
                self._load(name)
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
        process.begin()
        self._seeds = True

    def _load(self, name: str) -> None:
        """Import a module, or run a notebook cell by cell: what one cell breaks, the others do not pay for.

        Raises:
            StudentError: its import raised.
            Died: it ended the process.
        """
        if name not in self.cells or name in self.fatal:
            self._ask("module", name=name, as_handle=True)
            return
        process = self.process
        assert process is not None
        self._ask("notebook", name=name)
        left = 2 * self.import_seconds
        for number, source in enumerate(self.cells[name], 1):
            if (name, number) in self._deadly:
                self._ask("skip", name=name, args=[number, str(self._deadly[name, number])])
                continue
            if not source.strip():
                continue
            before = self.left
            seconds = max(0.1, min(self.import_seconds, left / 2))
            try:
                self._ask("cell", name=name, args=number, seconds=seconds)
            except Died as died:
                if getattr(process, "died", None):
                    self._note(name, number, f"ended the program ({died}); the others were run without it")
                    self._deadly[name, number] = died
                    if len(self._deadly) > _DEADLY_CELLS:
                        self.fatal[name] = died
                raise
            left -= before - self.left
            if process.interrupted:
                self._note(name, number, f"was interrupted after {seconds:.2g} seconds; what it had defined by then is kept")
            if process.printed_too_much:
                self._note(name, number, "printed more than it may; the rest was dropped, which costs nothing")
        self._ask("module", name=name, as_handle=True)

    def _note(self, name: str, number: int, what: str) -> None:
        source = self.cells[name][number - 1].strip()
        self.notes[name, number] = f"{name}: cell {number} (`{clean(source.partition(chr(10))[0], 60)}`) {what}"

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
        return self._ask(op, handle, name, args, kwargs, as_handle, seed=self.seed if self._seeds else None)

    def _must_have_time(self) -> None:
        if self._wall_left <= 0:
            self.starved = True
            raise Died("timeout", "the machine was too busy to give the submission its time", starved=True)
        if self.left <= 0:
            raise Died("timeout", "the submission used up its time for all checks together")

    def _ask(
        self,
        op: str,
        handle: int = 0,
        name: Any = None,
        args: Any = None,
        kwargs: Any = None,
        as_handle: bool = False,
        seconds: float | None = None,
        seed: int | None = None,
    ) -> Any:
        self._must_have_time()
        if op == "module" and name in self.fatal:
            raise self.fatal[name]
        process = self.process
        assert process is not None
        dead = getattr(process, "died", None)
        if seconds is None:
            # To load a module has time of its own: it happens once, before whichever check comes first.
            seconds = self.import_seconds if op in _LOADING else self._left_of_check
        released, self.released = self.released[:_RELEASED], self.released[_RELEASED:]
        request = Request(next(self._numbers), op, handle, name, args, kwargs, as_handle, released, seed)
        if seed is not None:
            self._seeds = False
        began, before = time.monotonic(), process.time_used()
        try:
            response = process.call(request, began + min(seconds, self.left))
        except Died as died:
            self.starved = self.starved or died.starved
            if op == "module":
                if died.outcome == "timeout" and not died.starved:
                    told = f"importing {name} took too long, more than {self.import_seconds:g} seconds"
                    died = Died("timeout", told)
                if dead is None:
                    self.fatal[str(name)] = died
            raise died from None
        finally:
            took = process.time_used() - before
            self.left -= took
            self._wall_left -= time.monotonic() - began
            if op not in _LOADING:
                self._left_of_check -= took
        failure = response.failure
        if failure is not None:
            texts = (clean(failure.type, 80), clean(failure.message, 2000), clean(failure.traceback, 4000))
            raise StudentError(*texts, missing=failure.missing)
        return response.value
