"""Grades one submission after another with the checks and the sandbox of one lab."""

from __future__ import annotations

import time

import msgspec

from practicum.checks.plugin import RunChecks
from practicum.checks.seeds import Seeds
from practicum.grading.messages import GradingRequest
from practicum.labs.handout import given_files
from practicum.labs.lab import Lab, module_name
from practicum.labs.notebook import NotebookError, read_notebook
from practicum.sandbox.fork_server import Sandbox
from practicum.sandbox.link import Link
from practicum.sandbox.process import Process
from practicum.sandbox.proxy import StudentCode
from practicum.store.provenance import libraries_of, limits_of, versions
from practicum.store.results import GradedSubmission, Provenance


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


def _first(notes: list[str], most: int = 20) -> list[str]:
    return notes if len(notes) <= most else [*notes[:most], f"and {len(notes) - most} notes more"]


class Grader:
    """The checks of a lab with a sandbox for its submissions.

    Args:
        lab: the lab.
        run: runs the lab's checks for one submission.
        sandbox: an open one, with the lab's libraries and limits.
    """

    def __init__(self, lab: Lab, run: RunChecks, sandbox: Sandbox) -> None:
        self.lab, self._run, self._sandbox = lab, run, sandbox
        self._provenance = Provenance(
            lab_sha256=lab.sha256,
            seed=0,
            versions=versions(libraries_of(lab)),
            limits=limits_of(lab),
            sandbox="none" if sandbox.mode == "unsafe" else f"bubblewrap, {sandbox.mode}",
        )

    def grade(self, request: GradingRequest) -> GradedSubmission:
        """Grade one submission."""
        began = time.perf_counter()
        files, notebooks, missing, notes = prepare(self.lab, request.files)
        seeds = Seeds(
            inputs=f"{request.secret}:{request.seed}" if request.secret else str(request.seed),
            sandbox=f"{self.lab.sha256}:{request.rehearsal}",
        )
        processes: list[Process] = []

        def start() -> Process:
            processes.append(self._sandbox.open(files, notebooks, seeds.generators()))
            return processes[-1]

        limits = self._provenance.limits
        modules = [name for name in map(module_name, self.lab.submit) if name not in missing]
        link = Link(start, limits["wall_seconds"], limits["import_seconds"], modules, notebooks)
        submitted = {name: data for name, data in files.items() if name in self.lab.submit}
        try:
            checks = self._run(
                link, StudentCode(link, missing, _lines(submitted, notebooks)), seeds, request.overran, request.training
            )
        finally:
            for process in processes:
                self._sandbox.end(process)
        return GradedSubmission(
            lab=self.lab.name,
            student=request.student,
            submission=request.submission,
            checks=tuple(checks),
            provenance=msgspec.structs.replace(self._provenance, seed=request.seed),
            notes=(*request.notes, *notes, *_first(list(link.notes.values()))),
            seconds=round(time.perf_counter() - began, 6),
            restarts=link.restarts,
            cpu_seconds=round(link.processor_time(), 6),
            starved=link.starved,
        )
