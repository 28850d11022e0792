"""What holds marks, code of students or the secret of the hidden inputs is for its owner's eyes alone."""

from __future__ import annotations

import ast
import os
import sqlite3
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

import practicum
from practicum.course.workspace import init
from practicum.labs.content_hash import sha256_of
from practicum.labs.intake.read import SubmissionFiles
from practicum.private import make_private, open_to_others, private_folder, write_private
from practicum.store.store import Store

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")


@pytest.fixture(autouse=True)
def generous():
    """The usual umask of a desktop: what is written is readable by all, unless its writer cares."""
    old = os.umask(0o022)
    yield
    os.umask(old)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_private_from_its_first_byte_and_an_open_one_is_closed(tmp_path: Path) -> None:
    new, old = tmp_path / "new.csv", tmp_path / "old.csv"
    old.write_text("earlier and longer")
    assert mode(old) == 0o644
    for path in (new, old):
        write_private(path, "größer\r\n\ud800")
        assert (mode(path), path.read_bytes()) == (0o600, "größer\r\n?".encode())
    make_private(new)
    assert new.read_bytes() != b"", "what is there stays"


def test_what_is_no_file_keeps_its_mode() -> None:
    before = mode(Path("/dev/null"))
    write_private(Path("/dev/null"), "marks")
    assert mode(Path("/dev/null")) == before


def test_a_folder_is_made_private_and_one_that_is_there_stays(tmp_path: Path) -> None:
    assert mode(private_folder(tmp_path / "a" / "b")) == 0o700
    shared = tmp_path / "shared"
    shared.mkdir()
    assert mode(private_folder(shared)) == 0o755


def test_the_store_and_the_files_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "practicum.db"
    with Store(path) as store:
        files = {"answer.py": b"x = 1"}
        store.register("sums", SubmissionFiles("ada", datetime(2027, 3, 1, tzinfo=UTC), files, sha256_of(files)))
        beside = sorted(tmp_path.iterdir())
        assert len(beside) == 3
        assert {mode(file) for file in beside} == {0o600}


def test_a_workspace_is_closed_and_keeps_marks_out_of_git(tmp_path: Path) -> None:
    made = init("cs324", tmp_path / "w")
    assert mode(made.root) == 0o700
    assert mode(made.root / "marks.csv") == 0o600
    ignored = (made.root / ".gitignore").read_text().split()
    assert {"practicum.db*", "feedback/", "similarity/", "marks.csv", "submissions/"} <= set(ignored)
    (made.root / ".git").mkdir()
    Store(made.database).close()
    assert made.exposed() == []


def test_an_earlier_workspace_is_warned_about(tmp_path: Path) -> None:
    made = init("cs324", tmp_path / "w")
    sqlite3.connect(made.database).close()
    made.database.touch()
    made.database.chmod(0o644)
    made.root.chmod(0o755)
    (made.root / ".gitignore").write_text("practicum.db*\nsubmissions/\nfeedback/\nhandouts/\n")
    assert len(made.exposed()) == 1
    (made.root / ".git").mkdir()
    readable, git = made.exposed()
    assert f"chmod -R o= {made.root}" in readable
    assert "marks.csv" in git
    assert "submissions/" not in git
    made.root.chmod(0o700)  # whoever cannot enter cannot read
    assert len(made.exposed()) == 1
    assert open_to_others(made.database)


# Files that a student or the public may read, or that nobody keeps: everything else is written by `practicum.private`.
PLAIN = {
    "course/workspace.py": "course.toml, .gitignore, README.md of a workspace that is closed as a whole",
    "demo/invented_class.py": "submissions of an invented class, in a workspace that is closed as a whole",
    "demo/run.py": "the invented class's course, roster and list, in a workspace that is closed as a whole",
    "demo/platforms/written.py": "what platforms would give of an invented class",
    "cli/verify_table.py": "the table of proven labs",
    "gradebook/rows.py": "a row at the end of a file that was made closed",
    "reports/feedback/pack.py": "a zip that is opened closed to others, as it must be whole before it is there",
    "reports/feedback/words.py": "a zip in memory",
    "grading/verify.py": "a handout in a temporary folder",
    "grading/dask.py": "a lab in memory",
    "private.py": "this is where it is done",
}


def test_whoever_writes_a_file_writes_a_private_one_or_stands_here() -> None:
    found = set()
    root = Path(practicum.__file__).parent
    for room in ("course", "gradebook", "store", "reports", "grading", "integrity", "demo", "cli", "private.py"):
        for file in [root / room] if room.endswith(".py") else (root / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and _writes(node):
                    found.add(file.relative_to(root).as_posix())
    assert found == set(PLAIN)


def _writes(call: ast.Call) -> bool:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    modes = [each.value for each in [*call.args, *(k.value for k in call.keywords)] if isinstance(each, ast.Constant)]
    opens = name in ("open", "ZipFile") and any(isinstance(m, str) and len(m) < 4 and set(m) & set("wax") for m in modes)
    return name in ("write_text", "write_bytes") or opens
