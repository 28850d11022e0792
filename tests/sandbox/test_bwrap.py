"""What the sandbox shows of an environment, and what is refused since it would be shown."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from practicum.cli.grade import _private
from practicum.course.workspace import Workspace
from practicum.grading.backends import backends
from practicum.grading.worker import main as worker
from practicum.labs.lab import load_lab
from practicum.sandbox import bwrap
from practicum.sandbox.bwrap import NoSandbox
from tests.grading.tiny import tiny_lab


def test_of_an_environment_only_what_python_needs_is_shown(submit) -> None:
    looks = (
        "import os, sys\ndef look(): return [os.listdir(p) if os.path.isdir(p) else [] for p in (sys.prefix, sys.base_prefix)]\n"
    )
    for prefix, seen in zip((sys.prefix, sys.base_prefix), submit(looks).answer.look(), strict=True):
        if not Path(prefix).resolve().is_relative_to("/usr"):
            assert set(seen) <= set(bwrap._NEEDED)
    beside = Path(sys.prefix) / f"workspace-{os.getpid()}"
    beside.mkdir()
    try:
        found = submit(f"import os\ndef look(): return os.path.exists({str(beside)!r})\n").answer.look()
        assert found is Path(sys.prefix).resolve().is_relative_to("/usr")
    finally:
        beside.rmdir()


def test_an_environment_in_the_workspace_or_around_it_is_no_hindrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("bin", "lib"):
        (tmp_path / "w" / ".venv" / name).mkdir(parents=True)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "w" / ".venv"))
    bwrap.refuse_visible(tmp_path / "w")
    bwrap.refuse_visible(tmp_path / "w" / ".venv" / "submissions")
    with pytest.raises(NoSandbox, match=r"which the sandbox shows to the student's code: move it elsewhere"):
        bwrap.refuse_visible(tmp_path / "w" / ".venv" / "lib" / "submissions")


@pytest.mark.parametrize("what", ["workspace", "store", "submissions", "curriculum"])
def test_whatever_is_private_and_would_be_shown_is_refused(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = {name: tmp_path / name / "x" for name in ("workspace", "store", "submissions", "curriculum")}
    for place in places.values():
        place.mkdir(parents=True)
    monkeypatch.setenv("PRACTICUM_CURRICULUM", str(places["curriculum"]))
    private = _private(Workspace(places["workspace"]), str(places["store"] / "practicum.db"), [places["submissions"], None])
    monkeypatch.setattr(bwrap, "_python_folders", lambda: ([tmp_path / what], [], []))
    lab = load_lab(tiny_lab(tmp_path / "labs" / "sums").folder)
    with pytest.raises(NoSandbox, match=f"{what}/x.* lies in .*{what}, which the sandbox shows"):
        backends(1, None, False, private)(lab)


def test_a_store_at_a_url_is_no_place_on_this_machine(tmp_path: Path) -> None:
    assert Path("postgresql://host/name") not in _private(None, "postgresql://host/name")


def test_a_lab_that_would_be_shown_is_refused_by_its_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    lab = tiny_lab(tmp_path / "labs" / "sums")
    monkeypatch.setattr(bwrap, "_python_folders", lambda: ([tmp_path], [], []))
    monkeypatch.setattr(os, "dup2", lambda *fds: None)
    worker(str(lab.folder), "nested")
    assert b"which the sandbox shows" in capfdbinary.readouterr().out
