"""What depends on who grades (limits, reach, kernel), once more as a user without any right; `make redteam` does all attacks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 63_999
EVERYTHING = "PRACTICUM_REDTEAM_ALL"
OTHERWISE = (
    "test_reach.py",
    "test_kernel.py",
    "test_limits.py::test_a_bomb_of_memory",
    "test_limits.py::test_a_bomb_of_processes_or_threads",
    "test_limits.py::test_a_daemon_outlives_its_check_and_not_its_submission",
    "test_limits.py::test_signals_reach_nobody_else",
)
"""What depends on who grades."""


def usable_python() -> tuple[str, str]:
    """A Python that any user may run and that finds these packages, with its PYTHONPATH; or "" and why there is none."""
    sites = [p for p in sys.path if os.path.basename(p) in ("site-packages", "dist-packages")]
    path = os.pathsep.join([str(ROOT / "src"), *sites])
    wanted = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for name in (sys.executable, shutil.which(wanted, path="/usr/bin:/usr/local/bin"), "/usr/bin/python3"):
        if name and subprocess.run(_command([name, "-c", _SAME.format(wanted=wanted)], path), **_quiet(path)).returncode == 0:
            return name, path
    return "", f"no {wanted} here that an ordinary user can run with these packages"


# It starts itself once more: setpriv can run what its user cannot.
_SAME = """
import subprocess, sys
import numpy, msgspec, pytest, practicum.grading
sys.exit("python%d.%d" % sys.version_info[:2] != {wanted!r} or subprocess.call([sys.executable, "-c", ""]))
"""


def _command(command: list[str], path: str) -> list[str]:
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--no-new-privs", *command]


def _quiet(path: str) -> dict[str, object]:
    environment = {"PYTHONPATH": path, "PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"}
    return {"env": environment, "cwd": "/", "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@pytest.mark.longest
@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="this run is an ordinary user's already")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="needs setpriv, from util-linux, to become another user")
def test_as_an_ordinary_user():
    python, path = usable_python()
    if not python:
        pytest.skip(path)
    home = Path("/tmp") / f"practicum-redteam-{os.getpid()}"
    home.mkdir(mode=0o700)
    os.chown(home, NOBODY, NOBODY)
    try:
        environment = {**_quiet(path)["env"], "HOME": str(home), "TMPDIR": str(home)}  # type: ignore[dict-item]
        here = Path(__file__).parent
        files = [here] if os.environ.get(EVERYTHING) else [here / name for name in OTHERWISE]
        suite = [
            python,
            "-m",
            "pytest",
            *map(str, files),
            "-m",
            "" if os.environ.get(EVERYTHING) else "not thorough",
            "-p",
            "no:cacheprovider",
            "-rfEs",
            f"--rootdir={ROOT}",
        ]
        done = subprocess.run(_command(suite, path), env=environment, cwd=home, capture_output=True, text=True, timeout=3000)
        print(done.stdout[-2000:])
        assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
        assert " passed" in done.stdout
    finally:
        shutil.rmtree(home, ignore_errors=True)
