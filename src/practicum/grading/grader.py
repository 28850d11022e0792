"""Grades one submission after another with the checks and the sandbox of one lab."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from practicum.checks.plugin import RunChecks, check_seed, run_checks
from practicum.labs.handout import given_files
from practicum.labs.lab import Lab, module_name
from practicum.labs.notebook import NotebookError, read_notebook
from practicum.sandbox import bwrap
from practicum.sandbox.fork_server import Mode, Sandbox, versions
from practicum.sandbox.process import Process
from practicum.sandbox.proxy import Link, StudentCode
from practicum.store.results import GradedSubmission, Provenance


class GradingRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One submission to grade: who, what, and with which seed."""

    student: str
    submission: str
    files: dict[str, bytes]
    seed: int
    notes: tuple[str, ...] = ()


def prepare(lab: Lab, files: dict[str, bytes]) -> tuple[dict[str, bytes], dict[str, list[str]], dict[str, str], list[str]]:
    """Return what the sandbox receives of a submission.

    Returns:
        files to write (the given ones replace the student's copies), notebooks by module name as cells of plain Python,
        modules that are missing with the reason, and notes.
    """
    modules: dict[str, bytes] = {}
    notebooks: dict[str, list[str]] = {}
    missing: dict[str, str] = {}
    notes: list[str] = []
    for name in lab.submit:
        data = files.get(name)
        if data is None:
            missing[module_name(name)] = f"{name} was not submitted"
        elif name.endswith(".ipynb"):
            try:
                notebook = read_notebook(data, name)
            except NotebookError as error:
                missing[module_name(name)] = str(error)
            else:
                notebooks[module_name(name)] = notebook.cells
                notes += notebook.notes
        else:
            modules[name] = data
    return {**modules, **given_files(lab)}, notebooks, missing, notes


def _lines(files: dict[str, bytes], notebooks: dict[str, list[str]]) -> dict[str, int]:
    lines = {name: data.count(b"\n") + 1 for name, data in files.items()}
    for name, cells in notebooks.items():
        lines |= {f"<cell {number} of {name}>": cell.count("\n") + 1 for number, cell in enumerate(cells, 1)}
    return lines


class Grader:
    """The checks of a lab with a sandbox for its submissions.

    Args:
        lab: the lab.
        mode: of the sandbox.
    """

    def __init__(self, lab: Lab, mode: Mode = "nested") -> None:
        self.lab, self.mode = lab, mode
        self.limits = {key: float(value) for key, value in lab.limits.model_dump().items()}
        self.libraries = ["numpy", *lab.libraries]

    def grade(
        self, jobs: Iterator[GradingRequest], emit: Callable[[GradedSubmission], None], ready: Callable[[list[str]], None]
    ) -> None:
        """Grade all jobs, in order.

        Args:
            jobs: may block until there is one.
            emit: receives each result as it is there.
            ready: called once the checks are collected and the sandbox is warm, with notes about it.

        Raises:
            BrokenLab: the checks cannot be collected.
            NoSandbox: no sandbox can be made.
        """
        if self.mode != "unsafe":
            bwrap.refuse_visible(self.lab.folder)

        def loop(run: RunChecks) -> None:
            with Sandbox(self.libraries, self.limits, self.mode) as sandbox:
                provenance = Provenance(
                    lab_sha256=self.lab.sha256,
                    seed=0,
                    versions=versions(self.libraries),
                    limits=self.limits,
                    sandbox="none" if sandbox.mode == "unsafe" else f"bubblewrap, {sandbox.mode}",
                )
                ready(sandbox.notes)
                for job in jobs:
                    emit(self._one(job, run, sandbox, provenance))

        run_checks(Path(self.lab.checks), loop)

    def _one(self, job: GradingRequest, run: RunChecks, sandbox: Sandbox, provenance: Provenance) -> GradedSubmission:
        began = time.perf_counter()
        files, notebooks, missing, notes = prepare(self.lab, job.files)
        processes: list[Process] = []

        def start() -> Process:
            processes.append(sandbox.open(files, notebooks, check_seed(job.seed, "in the sandbox")))
            return processes[-1]

        link = Link(start, self.limits["wall_seconds"], self.limits["import_seconds"])
        try:
            checks = run(link, StudentCode(link, missing, _lines(files, notebooks)), job.seed)
        finally:
            for process in processes:
                process.kill()
        return GradedSubmission(
            lab=self.lab.name,
            student=job.student,
            submission=job.submission,
            checks=tuple(checks),
            provenance=msgspec.structs.replace(provenance, seed=job.seed),
            notes=(*job.notes, *notes),
            seconds=round(time.perf_counter() - began, 6),
            restarts=max(0, len(processes) - 1),
        )
