"""Grading on a cluster: what `practicum.grading.pool` does, through a Dask scheduler.

Nothing but the network is shared. The lab travels once to every worker, also to one that joins late, as an archive that is
unpacked into a folder of its own; a submission travels inside its request, and its result comes back as MessagePack. When a
worker is lost, Dask gives its submissions to others. A submission that several workers were lost with is left ungraded
and reported; the others are graded all the same.
"""

from __future__ import annotations

import io
import secrets
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Generator, Iterable
from concurrent.futures import CancelledError
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
from distributed import Client, KilledWorker, WorkerPlugin, as_completed

from practicum.errors import PracticumError
from practicum.grading.messages import GradingRequest
from practicum.grading.pool import Graders, WorkerDied
from practicum.labs.lab import Lab, files_in
from practicum.sandbox.bwrap import Mode
from practicum.store.results import GradedSubmission

RETRIES = 2
"""How often a submission is tried again after its grader ended under it (beyond Dask's own retries of lost workers)."""

CONNECT_SECONDS = 20.0
IDLE_SECONDS = 600.0  # after which a worker lets its graders go, should the client never say that it is done
_AHEAD = 2  # submissions on their way to each thread of a worker: one being graded, one waiting


def pack_lab(lab: Lab) -> bytes:
    """Return the lab's folder as an archive."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in files_in(lab.folder):
            archive.writestr(name, path.read_bytes())
    return data.getvalue()


class LabHere:
    """One lab in one worker of the cluster, and the processes that grade with it there.

    Args:
        name: the lab's name.
        archive: the lab, as `pack_lab` makes it.
        mode: of the sandboxes.
    """

    def __init__(self, name: str, archive: bytes, mode: Mode) -> None:
        self.mode = mode
        self._root = Path(tempfile.mkdtemp(prefix="practicum-lab-"))
        self.folder = self._root / name
        with zipfile.ZipFile(io.BytesIO(archive)) as packed:
            packed.extractall(self.folder)
        self._graders = Graders(self.folder, mode)
        self._busy = 0
        self._lock = threading.Lock()
        self._idle: threading.Timer | None = None

    def grade(self, request: GradingRequest) -> tuple[GradedSubmission, list[str]]:
        """Grade one submission; also return what the sandbox had to say."""
        with self._lock:
            self._busy += 1
            if self._idle is not None:
                self._idle.cancel()
            graders = self._graders
        try:
            return graders.grade(request), graders.notes
        finally:
            with self._lock:
                self._busy -= 1
                if not self._busy:
                    self._idle = threading.Timer(IDLE_SECONDS, self._rest)
                    self._idle.daemon = True
                    self._idle.start()

    def _rest(self) -> None:
        """Let the processes go until a request comes again."""
        with self._lock:
            if self._busy:
                return
            self._graders.close()
            self._graders = Graders(self.folder, self.mode)

    def close(self) -> None:
        """End the processes and remove the lab."""
        with self._lock:
            if self._idle is not None:
                self._idle.cancel()
            self._graders.close()
        shutil.rmtree(self._root, ignore_errors=True)


_labs: dict[str, LabHere] = {}  # of this worker of the cluster, by run: a task reaches nothing but its module


class LabPlugin(WorkerPlugin):  # type: ignore[misc]  # Dask's types are not read
    """Brings a lab to every worker; Dask calls it there."""

    def __init__(self, key: str, name: str, archive: bytes, mode: Mode) -> None:
        self.name = self.key = key
        self.lab_name, self.archive, self.mode = name, archive, mode

    def setup(self, worker: Any) -> None:
        """Unpack the lab: the run begins, or a worker joins it."""
        _labs[self.key] = LabHere(self.lab_name, self.archive, self.mode)

    def teardown(self, worker: Any) -> None:
        """Let go of the lab: the run ends, or a worker leaves it."""
        lab = _labs.pop(self.key, None)
        if lab is not None:
            lab.close()


def grade_one(key: str, request: bytes) -> bytes:
    """Grade one submission in a worker of the cluster; no result but a note if the lab cannot be graded there at all."""
    result: GradedSubmission | None
    try:
        result, notes = _labs[key].grade(msgspec.msgpack.decode(request, type=GradingRequest))
    except WorkerDied:
        raise  # Dask tries again
    except PracticumError as error:
        result, notes = None, [str(error)]
    return msgspec.msgpack.encode((result, notes))


class Cluster:
    """A cluster that grades one lab.

    Args:
        scheduler: the address of a Dask scheduler, such as `tcp://10.0.0.1:8786`.
        lab: the lab.
        mode: of the sandboxes there.

    Raises:
        PracticumError: there is no scheduler, or it has no workers.
    """

    def __init__(self, scheduler: str, lab: Lab, mode: Mode = "nested") -> None:
        self.scheduler = scheduler
        self.notes: list[str] = []
        try:
            self._client = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise PracticumError(f"{scheduler}: no scheduler of Dask answers ({error})") from None
        if not self._slots():
            self._client.close()
            raise PracticumError(f"{scheduler}: the cluster has no workers; start some with `dask worker {scheduler}`")
        self._key = f"practicum-{secrets.token_hex(8)}"
        self._client.register_plugin(LabPlugin(self._key, lab.name, pack_lab(lab), mode), name=self._key)

    def _slots(self) -> int:
        return sum(self._client.nthreads().values())

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End what runs for this lab on the workers, and leave the cluster as it was."""
        try:
            self._client.unregister_worker_plugin(self._key)
        finally:
            self._client.close()

    def grade(self, requests: Iterable[GradingRequest]) -> Generator[GradedSubmission, None, None]:
        """Yield the results of all requests as they come.

        Raises:
            PracticumError: the lab cannot be graded there, or the scheduler is gone.
        """
        source = iter(requests)
        running: dict[Any, GradingRequest] = {}
        starved: list[GradingRequest] = []  # graded again at the end, one by one
        alone = False
        done = as_completed(loop=self._client.loop)
        try:
            while True:
                ready = list(islice(source, max(0, _AHEAD * max(1, self._slots()) - len(running))))
                if not ready and not running and starved:
                    ready, alone = [starved.pop()], True
                for request in ready:
                    encoded = msgspec.msgpack.encode(request)
                    future = self._client.submit(grade_one, self._key, encoded, pure=False, retries=RETRIES)
                    running[future] = request
                    done.add(future)
                if not running:
                    return
                future = next(done)
                request = running.pop(future)
                result = self._result(future, request)
                if result is not None and result.starved and not alone:
                    starved.append(request)
                elif result is not None:
                    yield result
        finally:
            self._client.cancel(list(running))

    def _result(self, future: Any, request: GradingRequest) -> GradedSubmission | None:
        try:
            answer = future.result()
        except KilledWorker:
            self.notes.append(f"{request.student} is not graded: every worker that had it was lost")
            return None
        except WorkerDied as error:
            self.notes.append(f"{request.student} is not graded: {error}")
            return None
        except CancelledError:
            raise PracticumError(f"{self.scheduler}: the cluster is gone; what is graded is kept, resume for the rest") from None
        result, notes = msgspec.msgpack.decode(answer, type=tuple[GradedSubmission | None, list[str]])
        if result is None:
            raise PracticumError("\n".join(notes))
        self.notes += [note for note in notes if note not in self.notes]
        return result
