"""Trying mutants: a copy of the tree and a warm process for each job, one mutant at a time in it."""

from __future__ import annotations

import compileall
import json
import py_compile
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from practicum.errors import PracticumError
from tests.mutants.mutant import ROOT, Mutant

LEFT_OUT = (".git", ".venv*", ".ruff_cache", ".mypy_cache", "__pycache__", "legacy", "site", "demo", "curriculum", "docs")
HEAVY = (
    "numpy", "torch", "scipy.stats", "scipy.optimize", "sklearn.linear_model", "sklearn.decomposition",
    "sklearn.utils.estimator_checks", "matplotlib.pyplot", "PIL.Image", "lightning_fabric", "torch.utils.tensorboard",
    "safetensors.torch", "pytest", "hypothesis",
)  # fmt: skip
LIMIT = 600.0
"""Seconds that a run of tests may take: far more than any needs, on a busy machine too. What takes longer hangs."""

GREEN, RED = 0, (1, 2, "time", "died")  # 2: the file could not even be imported


@dataclass(frozen=True)
class Outcome:
    """What the tests said to a mutant.

    Attributes:
        mutant: the mutant.
        seen: whether a test went red.
        red: the first red test.
        seconds: how long it took.
    """

    mutant: Mutant
    seen: bool
    red: str
    seconds: float


class Copy:
    """A copy of the tree with a warm process in it.

    Args:
        root: the tree.
        folder: where the copy goes.
        heavy: modules that the warm process imports once for all runs.
    """

    def __init__(self, root: Path, folder: Path, heavy: Sequence[str] = HEAVY) -> None:
        self.folder = folder
        shutil.copytree(root, folder, ignore=shutil.ignore_patterns(*LEFT_OUT), dirs_exist_ok=True)
        # Bytecode that is checked by the source's hash: a change within the same second is noticed, and nothing is written.
        compileall.compile_dir(folder / "src", quiet=2, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
        self.process = subprocess.Popen(
            [sys.executable, "-P", str(Path(__file__).with_name("warm.py")), *heavy], cwd=folder, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, bufsize=1, start_new_session=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.process.stdin:
            self.process.stdin.close()  # on which it kills what it started
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def tests(self, names: Sequence[str], seconds: float) -> dict[str, Any]:
        """Run tests in the copy.

        Args:
            names: of the test files.
            seconds: after which they are killed.

        Raises:
            PracticumError: the warm process is gone.
        """
        assert self.process.stdin
        assert self.process.stdout
        try:
            self.process.stdin.write(json.dumps({"tests": list(names), "seconds": seconds}) + "\n")
            answer = self.process.stdout.readline()
        except (BrokenPipeError, ValueError):
            answer = ""
        if not answer:
            raise PracticumError("the process that runs the tests ended; start again: what is done is kept")
        found: dict[str, Any] = json.loads(answer)
        return found

    @contextmanager
    def with_bug(self, mutant: Mutant) -> Iterator[None]:
        """Plant the bug for as long as the block runs."""
        path = self.folder / mutant.file
        before = path.read_bytes()
        path.write_text(mutant.applied(self.folder), encoding="utf-8")
        try:
            yield
        finally:
            path.write_bytes(before)


def try_all(mutants: Sequence[Mutant], jobs: int, done: Callable[[Outcome], None], root: Path = ROOT) -> None:
    """Try each mutant; a red test counts where it is green without the bug.

    Args:
        mutants: the mutants.
        jobs: processes that work at a time.
        done: is told each outcome, one call at a time.
        root: the tree that is copied.

    Raises:
        PracticumError: a test is red without any bug, or none ran.
    """
    todo: queue.SimpleQueue[Mutant] = queue.SimpleQueue()
    for mutant in mutants:
        todo.put(mutant)
    one_at_a_time, stop = threading.Lock(), threading.Event()
    green: set[str] = set()  # tests that were seen to be green without any bug

    def work(copy: Copy) -> None:
        while not stop.is_set():
            try:
                outcome = _try(copy, todo.get_nowait(), green)
            except queue.Empty:
                return
            with one_at_a_time:
                done(outcome)

    # Left in the reverse order, also when the run is stopped: no mutant is begun any more; the warm processes end, so that their
    # threads get no answer; those put the source back and end; and the folder, into which nobody writes any more, is removed.
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mutants-", ignore_cleanup_errors=True)))
        pool = stack.enter_context(ThreadPoolExecutor(jobs))
        copies = [stack.enter_context(Copy(root, folder / str(job))) for job in range(jobs)]
        stack.callback(stop.set)
        for worker in as_completed([pool.submit(work, copy) for copy in copies]):
            worker.result()  # raises what was raised in it


def _try(copy: Copy, mutant: Mutant, green: set[str]) -> Outcome:
    with copy.with_bug(mutant):
        found = copy.tests(mutant.tests, LIMIT)
    if found["code"] != GREEN and found["code"] not in RED:
        raise PracticumError(f"{mutant.place}: expected tests that run, got exit code {found['code']}. {found['why']}")
    if found["code"] == GREEN and not found["passed"]:
        raise PracticumError(f"{mutant.place}: expected {', '.join(mutant.tests)} to hold tests that are not skipped, got none")
    if found["code"] in RED:
        # What hangs or dies names no test: then all of them have to be green without the bug.
        for test in (found["red"],) if "::" in found["red"] else mutant.tests:
            if test not in green:
                _expect_green(copy, mutant, test)
                green.add(test)
    return Outcome(mutant, found["code"] in RED, found["red"], found["seconds"])


def _expect_green(copy: Copy, mutant: Mutant, test: str) -> None:
    """Raise a PracticumError if a test is red without any bug."""
    found = copy.tests([test], LIMIT)
    if found["code"] == 4:  # not every parameter can be named: then all of the test's
        found = copy.tests([test.partition("[")[0]], LIMIT)
    if found["code"] != GREEN or not found["passed"]:
        raise PracticumError(
            f"{mutant.place}: expected {test} to be green without any bug, got exit code {found['code']} after "
            f"{found['passed']} passed tests; mend it first. {found['red']} {found['why']}"
        )
