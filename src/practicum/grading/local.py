"""The public checks on a student's own machine: the same checks and the same protocol, without a sandbox, on any system."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any

import msgspec
from pydantic import BaseModel, ConfigDict

from practicum.checks.plugin import RunChecks, run_checks
from practicum.checks.seeds import Seeds
from practicum.errors import PracticumError
from practicum.labs.lab import module_name
from practicum.labs.libraries import lacking
from practicum.labs.notebook import NotebookError, read_notebook
from practicum.sandbox.guest import protocol
from practicum.sandbox.guest.cells import Notebook
from practicum.sandbox.guest.messages import Failure, ProtocolError, Request, Response
from practicum.sandbox.guest.objects import Objects
from practicum.sandbox.link import Answers, Link
from practicum.sandbox.outcome import Died
from practicum.sandbox.proxy import StudentCode
from practicum.store.results import CheckResult
from practicum.toml import Document

WALL_SECONDS = 300.0


class LocalProcess(Answers):
    """A Python of its own with the student's code in it, over pipes: a crash or an endless loop does not take the checks along.

    Args:
        folder: the student's folder, which the code runs in.
        notebooks: module name → cells.
        show_output: let what the code prints through to the terminal.
    """

    def __init__(self, folder: Path, notebooks: dict[str, list[str]], show_output: bool) -> None:
        self.died: Died | None = None
        self.process = subprocess.Popen(
            [sys.executable, "-m", "practicum.sandbox.guest", "--pipes", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if show_output else subprocess.DEVNULL,
            cwd=folder,
        )
        setup = Request(0, "setup", kwargs={"files": {}, "notebooks": notebooks, "seed": 0})
        self.call(setup, time.monotonic() + WALL_SECONDS)

    def call(self, request: Request, deadline: float) -> Response:
        """Answer a request, or kill the process at the deadline.

        Raises:
            Died: it has ended.
            ProtocolError: the request holds something that does not cross.
        """
        if self.died:
            raise self.died
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        data = b"".join(protocol.pack(request))
        timer = threading.Timer(max(0.0, deadline - time.monotonic()), self.process.kill)
        timer.start()
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
            header, blob = protocol.sizes(_read(self.process.stdout, protocol.PREFIX.size))
            body, arrays = _read(self.process.stdout, header), _read(self.process.stdout, blob)
            response: Response = protocol.unpack(body, memoryview(arrays), Response)
        except (OSError, EOFError):
            code = self.process.wait()
            if time.monotonic() >= deadline:
                self.died = Died("timeout", "it ran longer than the time for this check")
            else:
                self.died = Died("crashed", f"the process ended itself (exit code {code})")
            raise self.died from None
        finally:
            timer.cancel()
        return response

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()


def _read(stream: IO[bytes], count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data


class LiveNotebook(Answers):
    """The namespace of the notebook that is running, for `practicum.check()` in one of its cells.

    Values still cross the protocol, so that a check sees here what it will see when the notebook is graded.
    """

    died: Died | None = None

    def __init__(self, folder: Path, name: str, namespace: dict[str, Any]) -> None:
        live = Notebook(name)
        live.__failed__ = {}
        live.__dict__.update(namespace)
        self.objects = Objects(str(folder), {})
        self.objects.modules[name] = live

    def call(self, request: Request, deadline: float) -> Response:
        """Answer a request in this process; a cell that does not end is the user's to interrupt."""
        received: Request = _through_protocol(request)
        response = self.objects.answer(received)
        try:
            result: Response = _through_protocol(response, self.objects)
        except ProtocolError as error:
            return Response(request.id, failure=Failure("ProtocolError", str(error)))
        return result


def _through_protocol(message: Request | Response, objects: Objects | None = None) -> Any:
    data = b"".join(protocol.pack(message, objects.other if objects else None))
    header, _ = protocol.sizes(data[: protocol.PREFIX.size])
    start = protocol.PREFIX.size + header
    return protocol.unpack(data[protocol.PREFIX.size : start], memoryview(data)[start:], type(message))


class Handout(BaseModel):
    """What `lab.toml` of a handout says."""

    model_config = ConfigDict(frozen=True)

    title: str
    submit: tuple[str, ...]
    points: float
    name: str = ""
    libraries: tuple[str, ...] = ()


class LocalReport(msgspec.Struct, frozen=True):
    """The public checks' results, to be printed or shown in a notebook."""

    handout: Handout
    checks: tuple[CheckResult, ...]
    notes: tuple[str, ...] = ()

    @property
    def points(self) -> tuple[float, float]:
        """Points earned, and points that public checks give."""
        return float(sum(c.points for c in self.checks)), float(sum(c.out_of for c in self.checks))

    def __str__(self) -> str:
        lines = [f"{self.handout.title}: public checks", ""]
        for check in self.checks:
            sign = {"passed": "✓", "partial": "~"}.get(check.outcome, "✗")
            lines.append(f"{sign} {check.title:<70} {float(check.points):g} / {float(check.out_of):g}")
            if check.outcome != "passed":
                lines += [f"    {line}" for line in (check.message or check.outcome).splitlines()[:20]]
                lines += [f"    hint: {check.hint}"] if check.hint else []
        got, most = self.points
        rest = self.handout.points - most
        more = f"; hidden checks give {rest:g} more when it is graded" if rest > 0 else ""
        lines += ["", f"{got:g} of {most:g} public points{more}.", *self.notes]
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(str(self))}</pre>"


def read_handout(folder: Path) -> Handout:
    """Return the handout in a folder.

    Raises:
        PracticumError: there is none.
    """
    path = folder / "lab.toml"
    if folder.is_file():
        raise PracticumError(f"{folder}: expected the folder of a handout, got a file; unpack it, and name the folder")
    if not path.is_file():
        raise PracticumError(f"{folder}: no lab.toml here; run this in the folder of a handout, or name that folder")
    try:
        handout = Document.read(path).into(Handout)
    except PracticumError as error:
        raise PracticumError(f"{error}\ntake {path.name} from the handout again") from None
    if not (folder / "checks").is_dir():
        raise PracticumError(f"{folder}: no checks/ here; take that folder from the handout again")
    if problem := lacking(handout.title, handout.libraries):
        raise PracticumError(problem)
    return handout


def check_folder(folder: Path, live: dict[str, Any] | None = None, show_output: bool = False) -> LocalReport:
    """Run a handout's public checks on the student's own files.

    Args:
        folder: with the handout's `lab.toml` and `checks/`, and the files to submit.
        live: the namespace of a running notebook, which then stands for the notebook's file.
        show_output: let what the code prints through.

    Raises:
        PracticumError: the folder holds no handout, or its checks cannot be run.
    """
    folder = folder.resolve()
    handout = read_handout(folder)
    notebooks: dict[str, list[str]] = {}
    missing: dict[str, str] = {}
    notes: list[str] = []
    for name in handout.submit:
        module, path = module_name(name), folder / name
        if not path.is_file():
            missing[module] = f"{name} is not in {folder}"
        elif name.endswith(".ipynb") and live is None:
            try:
                notebook = read_notebook(path.read_bytes(), name)
            except NotebookError as error:
                missing[module] = str(error)
            else:
                notebooks[module] = notebook.cells
                notes += notebook.notes

    processes: list[LocalProcess] = []

    def start() -> Answers:
        if live is not None:
            return LiveNotebook(folder, module_name(handout.submit[0]), live)
        processes.append(LocalProcess(folder, notebooks, show_output))
        return processes[-1]

    results: list[CheckResult] = []

    def loop(run: RunChecks) -> None:
        link = Link(start, WALL_SECONDS)
        results.extend(run(link, StudentCode(link, {} if live is not None else missing), Seeds("0")))

    try:
        run_checks(folder / "checks", loop, only_public=True)
    finally:
        for process in processes:
            process.close()
    return LocalReport(handout, tuple(results), tuple(notes))
