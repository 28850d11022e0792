"""The public checks on a student's own machine: the same checks, protocol and limits, without a sandbox, on any system."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from practicum.checks.plugin import RunChecks, run_checks
from practicum.checks.seeds import Seeds
from practicum.grading.local.cells import cell_names, cells_of, with_cell_names
from practicum.grading.local.handout import Handout, read_handout
from practicum.grading.local.imports import Source, absent_imports
from practicum.grading.local.process import LiveNotebook, LocalProcess
from practicum.grading.local.report import LocalReport
from practicum.labs.lab import module_name
from practicum.labs.notebook import NotebookError, read_notebook
from practicum.sandbox.link import Answers, Link
from practicum.sandbox.proxy import StudentCode
from practicum.store.results import CheckResult

__all__ = ["Handout", "LocalReport", "check_folder", "read_handout"]


class _Submission:
    """A student's files as they would be submitted.

    Attributes:
        notebooks: module name → cells of plain Python.
        names: module name → the name of each cell.
        missing: module name → why it is not there.
        notes: what the student should know.
    """

    def __init__(self, folder: Path, handout: Handout, live: bool) -> None:
        self.folder, self.handout = folder, handout
        self.notebooks: dict[str, list[str]] = {}
        self.names: dict[str, list[str]] = {}
        self.missing: dict[str, str] = {}
        self.notes: list[str] = []
        for name in handout.submit:
            module, path = module_name(name), folder / name
            if not path.is_file():
                self.missing[module] = f"{name} is not in {folder}"
            elif name.endswith(".ipynb") and not live:
                try:
                    notebook = read_notebook(path.read_bytes(), name)
                    self.names[module] = cell_names(path.read_bytes(), name)
                except NotebookError as error:
                    self.missing[module] = str(error)
                else:
                    self.notebooks[module] = notebook.cells
                    self.notes += notebook.notes

    def sources(self) -> Iterator[Source]:
        """Yield every file and every cell, by the name that the student knows it by."""
        for name in self.handout.submit:
            module = module_name(name)
            if module in self.notebooks:
                yield from zip(self.names[module], self.notebooks[module], strict=True)
            elif name.endswith(".py") and module not in self.missing:
                yield name, (self.folder / name).read_text(encoding="utf-8", errors="replace")

    def absent(self) -> list[str]:
        """Return what the submission imports and the grader will not have. Of an old handout nobody knows which files it gave."""
        python = [path.name for path in self.folder.glob("*.py")]
        given = python if self.handout.given is None else self.handout.given
        there = (*self.handout.submit, *given)
        return absent_imports(self.sources(), self.handout.libraries, there, [name for name in python if name not in there])


def check_folder(
    folder: Path,
    live: dict[str, Any] | None = None,
    show: Callable[[str], object] | None = None,
    warn: Callable[[str], object] | None = None,
    shell: Any = None,
) -> LocalReport:
    """Run a handout's public checks on the student's own files.

    Args:
        folder: with the handout's `lab.toml` and `checks/`, and the files to submit.
        live: the namespace of a running notebook, which then stands for the notebook's file.
        show: takes what the code prints; without it, that is dropped.
        warn: is told, before anything runs, of imports that the grader will not have; without it, they are notes of the report.
        shell: the IPython that `live` is from.

    Raises:
        PracticumError: the folder holds no handout, or its checks cannot be run.
    """
    folder = folder.resolve()
    handout = read_handout(folder)
    submission = _Submission(folder, handout, live is not None)
    absent = submission.absent()
    if warn is None:
        submission.notes += absent
    else:
        for line in absent:
            warn(line)

    processes: list[LocalProcess] = []

    def start() -> Answers:
        if live is not None:
            return LiveNotebook(folder, module_name(handout.submit[0]), live, cells_of(shell))
        processes.append(LocalProcess(folder, submission.notebooks, handout.limits, handout.libraries, show))
        return processes[-1]

    results: list[CheckResult] = []

    def loop(run: RunChecks) -> None:
        missing = {} if live is not None else submission.missing
        modules = [module for module in map(module_name, handout.submit) if module not in missing]
        link = Link(start, handout.limits.wall_seconds, handout.limits.import_seconds, modules, submission.notebooks)
        results.extend(run(link, StudentCode(link, missing), Seeds("0")))
        submission.notes += [with_cell_names(note, submission.names) for note in link.notes.values()]

    try:
        run_checks(folder / "checks", loop, only_public=True)
    finally:
        for process in processes:
            process.close()
    named = (msgspec.structs.replace(each, message=with_cell_names(each.message, submission.names)) for each in results)
    return LocalReport(handout, tuple(named), tuple(submission.notes))
