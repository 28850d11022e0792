"""A workspace that cannot be written can be looked at, and looking changes nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from practicum.course.workspace import init
from practicum.errors import PracticumError
from practicum.labs.content_hash import sha256_of
from practicum.labs.intake.read import SubmissionFiles
from practicum.store import look
from practicum.store.look import readable
from practicum.store.store import Store, events_of

AT = datetime(2027, 3, 20, 4, tzinfo=UTC)


def register(store: Store, student: str) -> None:
    files = {"perceptron.py": f"# {student}\n".encode()}
    store.register("perceptron", SubmissionFiles(student, AT, files, sha256_of(files)))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_store_that_cannot_be_written_is_read_from_a_copy_with_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, crashed = tmp_path / "practicum.db", tmp_path / "crashed" / "practicum.db"
    crashed.parent.mkdir()
    with Store(file) as store:
        register(store, "ada")
        # As a process that is killed leaves it: the last transactions stand in the log alone.
        for ending in ("", "-wal"):
            shutil.copy(f"{file}{ending}", f"{crashed}{ending}")
    assert crashed.with_name("practicum.db-wal").stat().st_size > 0
    before = contents(crashed.parent)
    monkeypatch.setattr(look.os, "access", lambda path, mode: mode != os.W_OK)
    (event,) = events_of(crashed)
    assert event.student == "ada"
    assert contents(crashed.parent) == before
    with readable(crashed) as copy:
        assert Path(copy).parent != crashed.parent
    assert not Path(copy).exists()


def test_a_store_that_can_be_written_is_read_itself(tmp_path: Path) -> None:
    with Store(tmp_path / "practicum.db"):
        pass
    with readable(tmp_path / "practicum.db") as there:
        assert there == tmp_path / "practicum.db"
    with readable("postgresql://host/db") as there:
        assert there == "postgresql://host/db"


def test_a_store_that_cannot_be_read_either_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(look.os, "access", lambda path, mode: False)
    (tmp_path / "practicum.db").mkdir()
    with pytest.raises(PracticumError, match=r"practicum\.db: the store cannot be read \(Is a directory\)"):
        events_of(tmp_path / "practicum.db")


LOOK = """
import sys
from practicum.cli import app
for words in (["status"], ["gradebook"], ["course", "check"], ["submissions", "list"], ["gradebook", "--student", "ada"]):
    try:
        app(words, standalone_mode=False)
    except SystemExit as end:
        assert not end.code, words
try:
    open("x", "w")
except OSError as error:
    print("nothing can be written:", error.strerror)
"""


def looked_at(term: Path, wrap: list[str]) -> str:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run(
        [*wrap, sys.executable, "-c", LOOK], cwd="/", env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def term(tmp_path: Path) -> Path:
    made = init("cs324", tmp_path / "term")
    made.roster_file.write_text("id,name\nada,Ada Lovelace\n")
    with Store(made.database) as store:
        register(store, "ada")
        register(store, "40013")
    return made.root


@pytest.mark.slow
def test_every_command_that_looks_works_on_a_read_only_mount(term: Path) -> None:
    mount = f"mount --bind {term} {term} && mount -o remount,ro,bind {term} && cd {term}"
    apart = [shutil.which("unshare") or "unshare", "-m", "sh", "-c"]
    try:
        allowed = subprocess.run([*apart, mount], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        allowed = False
    if not allowed:
        pytest.skip("needs the right to mount a folder read-only")
    before = contents(term)
    said = looked_at(term, [*apart, f'{mount} && exec "$@"', "sh"])
    assert "nothing can be written: Read-only file system" in said
    assert "Ada Lovelace" in said
    assert "the course file is sound" in said
    assert "UNKNOWN: 1 submitter" in said
    assert contents(term) == before
