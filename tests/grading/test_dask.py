"""A cluster grades what one machine grades, also when it loses a worker on the way."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from types import SimpleNamespace

import pytest

from practicum.errors import PracticumError
from practicum.grading.grade import ProgressEvent, SubmissionGraded, grade_folder
from practicum.labs.lab import Lab
from practicum.store.store import Store
from tests.grading.tiny import LUCKY, RIGHT, SLOW, submit, tiny_lab

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster() -> Iterator[object]:
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as local:
        yield local


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return tiny_lab(tmp_path / "labs" / "sums")


def points(report) -> dict[str, int]:  # type: ignore[no-untyped-def]
    return {r.submission.student: int(r.graded.points) for r in report.results}


def test_a_lost_worker_loses_no_result_and_doubles_none(cluster, lab: Lab, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from practicum.grading.dask import Cluster

    works = {f"s{n:02}": SLOW if n % 3 else LUCKY for n in range(10)}
    folder = submit(tmp_path / "in", works)
    arrived: list[str] = []
    killed: list[int] = []

    def watch(event: ProgressEvent) -> None:
        if isinstance(event, SubmissionGraded):
            arrived.append(event.result.student)
            if len(arrived) == 3:
                victim = next(iter(cluster.workers.values())).process.process.pid
                killed.append(victim)
                os.kill(victim, signal.SIGKILL)

    with Store(tmp_path / "practicum.db") as store:
        report = grade_folder(lab, folder, store, UTC, lambda lab: Cluster(cluster.scheduler_address, lab), progress=watch)
        assert len(killed) == 1
        assert sorted(arrived) == sorted(works), "each result arrives, and once"
        assert points(report) == {student: 5 if code == SLOW else 2 for student, code in works.items()}
        assert len(store.results(published=None)) == 10
        assert {r.graded.provenance.lab_sha256 for r in report.results} == {lab.sha256}


def test_the_workers_need_no_file_of_ours(cluster, lab: Lab, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from practicum.grading.dask import Cluster

    folder = submit(tmp_path / "in", {"ada": RIGHT})
    with Store(tmp_path / "practicum.db") as store:
        with Cluster(cluster.scheduler_address, lab) as open_cluster:
            lab.folder.rename(tmp_path / "elsewhere")

            class Same:
                def __enter__(self):  # type: ignore[no-untyped-def]
                    return open_cluster

                def __exit__(self, *error: object) -> None:
                    return

            assert points(grade_folder(lab, folder, store, UTC, lambda lab: Same())) == {"ada": 5}
        _nothing_left(cluster)


def _nothing_left(cluster) -> None:  # type: ignore[no-untyped-def]
    """Workers let go of the lab and its graders when the run ends."""

    def left() -> list[str]:
        from practicum.grading import dask as module

        return list(module._labs)

    with distributed.Client(cluster, set_as_default=False) as client:
        deadline = time.monotonic() + 60
        while any(client.run(left).values()) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not any(client.run(left).values())


def test_a_lab_that_cannot_be_run_there_is_said(cluster, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from practicum.grading.dask import Cluster

    lab = tiny_lab(tmp_path / "labs" / "sums", checks="import nothing_of_this_name\n")
    folder = submit(tmp_path / "in", {"ada": RIGHT})
    with Store(tmp_path / "practicum.db") as store, pytest.raises(PracticumError, match="nothing_of_this_name"):
        grade_folder(lab, folder, store, UTC, lambda lab: Cluster(cluster.scheduler_address, lab))


def test_no_scheduler_is_said(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    from practicum.grading import dask as module

    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.1)
    with pytest.raises(PracticumError, match="no scheduler of Dask answers"):
        module.Cluster("tcp://127.0.0.1:1", lab)


def test_what_takes_its_workers_down_is_left_and_reported(cluster, lab: Lab, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from practicum.grading.dask import Cluster

    class Cursed(Cluster):
        def _result(self, future, request):  # type: ignore[no-untyped-def]
            if request.student == "bob":

                class Lost:
                    def result(self) -> bytes:
                        raise distributed.KilledWorker("task", SimpleNamespace(address="tcp://worker"), 3)

                future = Lost()
            return super()._result(future, request)

    folder = submit(tmp_path / "in", {"ada": RIGHT, "bob": RIGHT, "cy": RIGHT})
    with Store(tmp_path / "practicum.db") as store:
        report = grade_folder(lab, folder, store, UTC, lambda lab: Cursed(cluster.scheduler_address, lab))
        assert points(report) == {"ada": 5, "cy": 5}
        assert [submission.student for submission in report.ungraded] == ["bob"]
        assert report.notes == ["bob is not graded: every worker that had it was lost"]
        assert store.runs()[-1].status == "interrupted"
