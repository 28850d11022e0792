"""The pytest plugin: collects a lab's checks once and runs them for every submission.

The checks run here, in the grader's process; `student` reaches the submission's own process. One pytest session serves any number
of submissions, since collecting and rewriting the checks costs far more than running them.
"""

from __future__ import annotations

import inspect
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Collection
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
from _pytest.runner import runtestprotocol

from practicum import checks
from practicum.checks.explain import explain, explain_hidden, hint
from practicum.checks.mistakes import describe, place_of, repeated_names, unknown_fixtures
from practicum.checks.own_time import OwnTimeOver, Watch, limited, own_seconds
from practicum.checks.seeds import Seeds
from practicum.errors import PracticumError
from practicum.sandbox.guest.messages import ProtocolError
from practicum.sandbox.link import Link
from practicum.sandbox.outcome import Died, Outcome, StudentError
from practicum.sandbox.proxy import StudentCode
from practicum.store.results import CheckResult

DEFAULT_SECONDS = 10.0
_UNUSED = (
    *("terminal", "cacheprovider", "logging", "faulthandler", "junitxml", "pastebin", "doctest", "unittest", "warnings"),
    *("unraisableexception", "threadexception"),  # they collect garbage five times at the end, seconds where much is in memory
)


class RunChecks(Protocol):
    """Runs the checks for one submission: all, or without `training` those that train no model.

    Those named in `overran` are not run, as their own code computed for too long.
    """

    def __call__(
        self, link: Link, student: StudentCode, seeds: Seeds, overran: Collection[str] = (), training: bool = True
    ) -> list[CheckResult]:
        """Return the results in the order of the file."""
        ...


class BrokenLab(PracticumError):
    """The lab's checks cannot be collected: the author must look."""


class Checks:
    """A pytest plugin whose test loop is the caller's.

    Args:
        loop: called once with a function that runs all checks for one submission.
        only_public: leave hidden checks out.
        watch: holds each check to its own time.
    """

    def __init__(self, loop: Callable[[RunChecks], None], only_public: bool = False, watch: Watch = limited) -> None:
        self._loop, self._only_public, self._watch = loop, only_public, watch
        self.errors: list[str] = []
        self.problem: BaseException | None = None
        self._items: list[Any] = []
        self._call: pytest.CallInfo[Any] | None = None
        self._award: Decimal | None = None
        self._reason = ""
        self._student: StudentCode | None = None
        self._seeds = Seeds("0")

    # Collecting

    def pytest_exception_interact(self, node: Any, call: pytest.CallInfo[Any], report: Any) -> None:
        """Keep what went wrong."""
        if isinstance(report, pytest.CollectReport) and call.excinfo is not None:
            self.errors.append(describe(call.excinfo.value, node.config.rootpath))

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Demand of every check points, known arguments and a name of its own."""
        folder = items[0].config.rootpath if items else Path()
        self.errors += repeated_names(folder) if items else ()
        seen: dict[str, str] = {}
        for item in items:
            function = getattr(item, "function", None)
            here = place_of(item, folder)
            if not hasattr(function, "practicum_points"):
                self.errors.append(f"{here}: {item.name} has no @points(…): every check has some")
            if function:
                self.errors += unknown_fixtures(item, folder, checks.__all__)
            if item.name in seen and not self.errors:  # imported from elsewhere, or made while collecting
                self.errors.append(f"{here}: {item.name} is also in {seen[item.name]}; names must be unique in a lab")
            seen[item.name] = here
        if self._only_public:
            items[:] = [item for item in items if not mark(item, "hidden", False)]

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Hand the loop to the caller."""
        self._items = session.items
        if not self._items and not self.errors:
            self.errors.append("no checks; expected functions named test_… in files named test_….py")
        if not self.errors:
            try:
                self._loop(self._run)
            except BaseException as problem:  # pytest would make an internal error of it
                self.problem = problem
        return True

    # What a check can ask for

    @pytest.fixture
    def student(self) -> StudentCode:
        """Return the submission."""
        assert self._student is not None
        return self._student

    @pytest.fixture
    def seed(self, request: pytest.FixtureRequest) -> int:
        """Return a number that depends on the run's seed and the check."""
        return self._seeds.number(request.node.name)

    @pytest.fixture
    def rng(self, request: pytest.FixtureRequest) -> np.random.Generator:
        """Return random inputs for this check; nothing that reaches the sandbox, or may, leads to another check's."""
        return self._seeds.rng(request.node.name)

    @pytest.fixture
    def award(self) -> Callable[..., None]:
        """Give part of the points."""

        def give(fraction: float, reason: str = "") -> None:
            value = float(fraction)
            self._award = Decimal(str(round(min(1.0, max(0.0, value)), 4))) if value == value else Decimal(0)
            self._reason = reason

        return give

    # Running

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[Any]) -> pytest.TestReport:
        """Remember the first phase that failed. pytest's own report would parse every source file that a traceback passes."""
        if call.excinfo is not None and self._call is None:
            self._call = call
        assert call.when != "collect"
        return pytest.TestReport(item.nodeid, item.location, {}, "failed" if call.excinfo else "passed", None, call.when)

    def _run(
        self, link: Link, student: StudentCode, seeds: Seeds, overran: Collection[str] = (), training: bool = True
    ) -> list[CheckResult]:
        """Run the public checks, then the hidden ones, so that no public one can tell what a hidden one asked."""
        self._student, self._seeds = student, seeds
        items = [item for item in self._items if training or not mark(item, "trains", False)]
        public = [item for item in items if not mark(item, "hidden", False)]
        hidden = [item for item in items if mark(item, "hidden", False)]
        link.phase(forks=bool(public and hidden))
        results = self._run_phase(public, link, overran)
        if hidden:
            link.phase(forks=False)
            results |= self._run_phase(hidden, link, overran)
        return [results[item] for item in items]

    def _run_phase(self, items: list[Any], link: Link, overran: Collection[str]) -> dict[Any, CheckResult]:
        results = {}
        following = dict(zip(items, [*items[1:], None], strict=True)) if items else {}
        for item in items:
            self._call = self._award = None
            self._reason = ""
            began, loading = time.perf_counter(), link.loading
            seconds = mark(item, "timeout", DEFAULT_SECONDS)
            problem: BaseException | None = OwnTimeOver(own_seconds(seconds)) if item.name in overran else None
            if problem is None:
                problem = self._run_check(item, following[item], link, seconds)
            if isinstance(problem, (KeyboardInterrupt, pytest.exit.Exception)):
                raise problem
            wall = time.perf_counter() - began - (link.loading - loading)
            results[item] = self._result(item, problem, wall, link.end())
        return results

    def _run_check(self, item: Any, following: Any, link: Link, seconds: float) -> BaseException | None:
        """Run one check, and return what ended it."""
        try:
            link.begin(seconds, self._seeds.generators(item.name))
            with self._watch(item.name, own_seconds(seconds)):
                runtestprotocol(item, nextitem=following, log=False)
        except (Died, StudentError, ProtocolError) as error:  # between two checks: a thread, a replaced `random.seed`
            return error
        except OwnTimeOver as error:  # outside the check's function
            item.session._setupstate.teardown_exact(following)
            link.drop()
            return error
        problem = self._call.excinfo.value if self._call and self._call.excinfo else None
        if isinstance(problem, OwnTimeOver):  # perhaps in the middle of an answer
            link.drop()
        return problem

    def _result(self, item: Any, problem: BaseException | None, seconds: float, cpu_seconds: float) -> CheckResult:
        points: Decimal = mark(item, "points", Decimal(0))
        is_hidden: bool = mark(item, "hidden", False)
        private = ""
        if problem is None:
            fraction = Decimal(1) if self._award is None else self._award
            outcome: Outcome = "passed" if fraction == 1 else "partial" if fraction > 0 else "failed"
            message = self._reason
        elif isinstance(problem, OwnTimeOver):
            fraction, outcome, message, private = Decimal(0), "timeout", problem.student, str(problem)
        else:
            fraction = Decimal(0)
            outcome, message = explain(problem)
            if is_hidden:
                private, message = message, explain_hidden(problem, self._student.lines if self._student else {})
            if outcome == "broken":
                # Its first line is what an author needs; `verify` shows no more.
                long = "".join(traceback.format_exception(problem, limit=-8))[-4000:]
                private = f"{describe(problem, item.config.rootpath)}\n{long}"
        document = (inspect.getdoc(item.function) or item.name).splitlines()[0]
        return CheckResult(
            name=item.name,
            title=document,
            hidden=is_hidden,
            points=points * fraction,
            out_of=points,
            outcome=outcome,
            message=message if not is_hidden or problem is not None else "",
            hint=hint(problem, outcome, mark(item, "hint", ""), is_hidden),
            private=private,
            seconds=round(max(0.0, seconds), 6),
            cpu_seconds=round(cpu_seconds, 6),
        )


def mark(item: Any, name: str, default: Any) -> Any:
    """Return what a decorator has noted at a check."""
    return getattr(item.function, f"practicum_{name}", default)


def run_checks(folder: Path, loop: Callable[[RunChecks], None], only_public: bool = False, watch: Watch = limited) -> None:
    """Collect the checks in a folder and call `loop` with a function that runs them.

    Raises:
        BrokenLab: a file of checks cannot be imported, or a check has no points.
    """
    plugin = Checks(loop, only_public, watch)
    with tempfile.TemporaryDirectory(prefix="practicum-") as empty:
        config = Path(empty, "pytest.ini")
        config.write_text("[pytest]\n")
        path, modules = list(sys.path), set(sys.modules)
        environment = dict(os.environ)
        # Other people's plugins and options cost time and may change outcomes.
        os.environ.update(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", PYTEST_ADDOPTS="")
        try:
            arguments = [str(folder), "-c", str(config), f"--rootdir={folder}", "-o", "python_files=test_*.py"]
            quiet = [f"-pno:{name}" for name in _UNUSED]
            code = pytest.main([*arguments, *quiet, "--capture=no"], plugins=[plugin])
        finally:
            os.environ.clear()
            os.environ.update(environment)
            sys.path[:] = path
            for name in set(sys.modules) - modules:  # the next lab may have files of the same names
                if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
                    del sys.modules[name]
    if plugin.problem is not None:
        raise plugin.problem
    if plugin.errors:
        raise BrokenLab(f"the checks in {folder} cannot be run:\n" + "\n".join(dict.fromkeys(plugin.errors)))
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise BrokenLab(f"pytest ended with {code!r} in {folder}")
