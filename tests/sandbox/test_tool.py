"""A program that parses what students sent sees one folder and no network, and ends at its limits."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from practicum.sandbox import tool
from practicum.sandbox.tool import limited, shut_in


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("secret")
    return path


def test_it_sees_one_folder(tmp_path: Path, secret: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "in").write_text("given")
    assert run(shut_in(["cat", f"{folder}/in"], folder)).stdout == "given"
    assert run(shut_in(["cp", f"{folder}/in", f"{folder}/out"], folder)).returncode == 0
    assert (folder / "out").read_text() == "given"
    for place in (str(secret), "/etc/passwd", str(Path.home()), str(Path(__file__))):
        assert run(shut_in(["ls", place], folder)).returncode != 0, place
    assert run(shut_in(["touch", "/usr/x"], folder)).returncode != 0
    assert run(shut_in(["cat", "/proc/net/dev"], folder)).stdout.count(":") == 1, "the loopback alone"


def test_where_no_sandbox_can_be_made_the_command_is_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shut_in(["no-such-program", "x"], tmp_path) == ["no-such-program", "x"]
    monkeypatch.setattr(tool, "_works", lambda: False)
    assert shut_in(["cat", "x"], tmp_path) == ["cat", "x"]


def test_its_limits(tmp_path: Path) -> None:
    assert run(limited(["echo", "a b"], seconds=5, file_mib=1, memory_mib=1024)).stdout == "a b\n"
    endless = run(limited(["sh", "-c", "while :; do :; done"], seconds=1, file_mib=1, memory_mib=1024))
    assert endless.returncode in (-signal.SIGXCPU, -signal.SIGKILL)
    large = run(
        limited(["dd", "if=/dev/zero", f"of={tmp_path}/large", "bs=1M", "count=3"], seconds=5, file_mib=1, memory_mib=1024)
    )
    assert large.returncode != 0
    assert (tmp_path / "large").stat().st_size <= 1 << 20
    assert run(
        limited(["dd", "if=/dev/zero", "of=/dev/null", "bs=900M", "count=1"], seconds=5, file_mib=1, memory_mib=500)
    ).returncode
