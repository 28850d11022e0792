"""Where cgroups are made and what is written in them; `systemd-run` is stood in for by a command of the same name."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from practicum.sandbox import cgroups
from practicum.sandbox.cgroups import Cgroup, Place, enter, find, scope
from practicum.sandbox.fork_server import Sandbox
from tests.sandbox.conftest import LIMITS

STAND_IN = """#!/bin/sh
echo "$*" >> {log}
while [ "$1" != "--" ]; do shift; done
shift
{before}
exec "$@"
"""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Put a `systemd-run` on PATH that does as it is told after some commands; returns what it was called with."""

    def make(before: str = "") -> Path:
        log = tmp_path / "calls"
        command = tmp_path / "bin" / "systemd-run"
        command.parent.mkdir()
        command.write_text(STAND_IN.format(log=log, before=before))
        command.chmod(0o755)
        monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")
        return log

    cgroups._answers.cache_clear()
    yield make
    cgroups._answers.cache_clear()


def no_place():
    raise OSError("this user may make none")


def test_without_systemd_there_is_no_scope(stand_in, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert scope() == []
    cgroups._answers.cache_clear()
    monkeypatch.undo()
    stand_in("exit 1")
    assert scope() == []


def test_a_scope_is_asked_of_the_users_own_manager_and_once(stand_in, monkeypatch):
    log = stand_in()
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    for _ in range(2):
        assert scope() == ["systemd-run", "--user", "--scope", "--quiet", "--collect", "-p", "Delegate=yes", "--"]
    assert log.read_text() == "--user --scope --quiet --collect -p Delegate=yes -- true\n"


def test_a_systemd_that_makes_no_scope_is_said_aloud_and_grading_goes_on(stand_in, monkeypatch):
    log = stand_in()
    monkeypatch.setattr(cgroups, "find", no_place)
    with Sandbox(["numpy"], LIMITS) as sandbox:
        [note] = sandbox.notes
        assert note.startswith("WITHOUT CGROUPS (systemd made no scope)")
        process = sandbox.open({"answer.py": b"x = 1"}, {}, 0)
        assert process.cgroup is None
        process.kill()
    assert len(log.read_text().splitlines()) == 2  # once to see whether it answers, once for the fork server


def version_2() -> Path | None:
    """A folder of the second version where this user may make a cgroup, if there is one."""
    roots = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))
    return next((r for r in roots if (r / "cgroup.controllers").exists() and os.access(r, os.W_OK)), None)


@pytest.fixture
def real_scope(monkeypatch):
    """A cgroup of the second version with the first controller that the machine has for it."""
    root = version_2()
    controllers = (root / "cgroup.controllers").read_text().split() if root else []
    if root is None or not controllers or cgroups._own(os.getpid()):
        pytest.skip("no cgroup of the second version can be made here")
    handed_on = (root / "cgroup.subtree_control").read_text().split()
    monkeypatch.setattr(cgroups, "ROOT", root)
    monkeypatch.setattr(cgroups, "CONTROLLERS", tuple(controllers[:1]))
    (root / "cgroup.subtree_control").write_text(f"+{controllers[0]}")
    base = root / f"practicum-test-{os.getpid()}"
    base.mkdir()
    yield base
    until = time.monotonic() + 60
    for folder in (*base.glob("*/"), base):
        while not cgroups._removed(folder) and time.monotonic() < until:
            time.sleep(0.01)  # what was in it is still ending
    if controllers[0] not in handed_on:
        (root / "cgroup.subtree_control").write_text(f"-{controllers[0]}")


def test_in_a_scope_processes_move_into_a_leaf_before_controllers_are_handed_on(real_scope):
    """The kernel refuses controllers below a cgroup that holds a process, and a process in one that hands them on."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as first:
        (real_scope / "cgroup.procs").write_text(str(first.pid))
        with pytest.raises(OSError, match="busy"):
            with_a_child(real_scope)
        place = enter(first.pid)
        assert place == Place(2, {cgroups.CONTROLLERS[0]: real_scope})
        assert (real_scope / "fork-server" / "cgroup.procs").read_text().split() == [str(first.pid)]
        assert (real_scope / "cgroup.subtree_control").read_text().split() == [*cgroups.CONTROLLERS]
        with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as submission:
            group = Cgroup(place, submission.pid, LIMITS)
            [folder] = set(group.folders.values())
            assert folder.parent == real_scope
            assert (folder / "cgroup.procs").read_text().split() == [str(submission.pid)]
            submission.kill()
            submission.wait()
        group.close()
        first.kill()
    assert not folder.exists()


def with_a_child(base: Path) -> None:
    """Do it in the wrong order."""
    (base / "cgroup.subtree_control").write_text(f"+{cgroups.CONTROLLERS[0]}")


def test_the_fork_server_is_started_in_the_scope_and_submissions_beside_it(real_scope, stand_in, monkeypatch):
    stand_in(f"echo $$ > {real_scope}/cgroup.procs")
    monkeypatch.setattr(cgroups, "find", no_place)
    with Sandbox(["numpy"], LIMITS) as sandbox:
        assert sandbox.notes == []
        assert str(sandbox._server.pid) in (real_scope / "fork-server" / "cgroup.procs").read_text().split()
        process = sandbox.open({"answer.py": b"x = 1"}, {}, 0)
        assert str(process.pid) in next(iter(process.cgroup.folders.values())).joinpath("cgroup.procs").read_text().split()
        process.kill()


def test_a_process_in_the_graders_own_cgroup_is_in_no_scope(monkeypatch):
    """There all processes would be moved, and the grader's user may own it: somebody's whole session, say."""
    monkeypatch.setattr(cgroups, "_own", lambda pid: "user.slice/session-1.scope")
    with pytest.raises(OSError, match="systemd made no scope"):
        enter(os.getppid())


def test_a_scope_without_memory_is_none(real_scope, monkeypatch):
    monkeypatch.setattr(cgroups, "CONTROLLERS", ("memory",))
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as process:
        (real_scope / "cgroup.procs").write_text(str(process.pid))
        with pytest.raises(OSError, match="systemd delegates no memory controller"):
            enter(process.pid)
        process.kill()


def test_what_is_written_in_the_second_version(tmp_path, monkeypatch):
    monkeypatch.setattr(cgroups.Path, "rmdir", lambda path: None)
    (tmp_path / "cgroup.subtree_control").write_text("cpu io memory pids\n")
    monkeypatch.setattr(cgroups, "ROOT", tmp_path)
    monkeypatch.setattr(cgroups, "_own", lambda pid: "")
    place = find()
    assert place == Place(2, dict.fromkeys(("memory", "pids", "cpu"), tmp_path))
    group = Cgroup(place, 4242, {**LIMITS, "threads": 2.0})
    [folder] = set(group.folders.values())
    written = {file.name: file.read_text() for file in folder.iterdir()}
    assert written == {"memory.max": str(200 << 20), "cpu.max": "200000 100000", "pids.max": "18", "cgroup.procs": "4242"}
    group.allow(300 << 20)
    assert (folder / "memory.max").read_text() == str(300 << 20)
    assert not group.out_of_memory()
    (folder / "memory.events").write_text("low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\n")
    assert group.out_of_memory()


def test_where_nothing_is_handed_on_there_is_no_place(tmp_path, monkeypatch):
    (tmp_path / "cgroup.subtree_control").write_text("pids\n")
    monkeypatch.setattr(cgroups, "ROOT", tmp_path)
    monkeypatch.setattr(cgroups, "_own", lambda pid: "")
    with pytest.raises(OSError, match="this user may make none"):
        find()


def test_in_the_first_version_every_controller_has_a_tree_of_its_own(sandbox):
    if sandbox._place is None or sandbox._place.version == 2:
        pytest.skip("no cgroup of the first version can be made here")
    process = sandbox.open({"answer.py": b"x = 1"}, {}, 0)
    read = {name: (folder / "cgroup.procs").read_text().split() for name, folder in process.cgroup.folders.items()}
    assert read == {name: [str(process.pid)] for name in read}
    assert (process.cgroup.folders["memory"] / "memory.limit_in_bytes").read_text() == f"{200 << 20}\n"
    process.kill()
    assert not any(folder.exists() for folder in process.cgroup.folders.values() if folder not in cgroups._leftovers)
