"""One grading command opens the store once and decodes each stored result once."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest

from practicum.cli import main
from practicum.grading.grade import grade_folder
from practicum.store import queries
from practicum.store.store import Store
from tests.grading.tiny import Fake, submit, tiny_lab


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often a store is opened, its tables are read, and a result is decoded."""
    found: Counter[str] = Counter()
    stored_of, read, opened = queries.stored_of, Store.reading, Store._open

    def decoded(*row):  # type: ignore[no-untyped-def]
        found["decoded"] += 1
        return stored_of(*row)

    @contextlib.contextmanager
    def reading(self: Store) -> Iterator[object]:
        found["read"] += 1
        with read(self) as db:
            yield db

    def open_it(self: Store) -> None:
        found["opened"] += 1
        opened(self)

    monkeypatch.setattr(queries, "stored_of", decoded)
    monkeypatch.setattr(Store, "reading", reading)
    monkeypatch.setattr(Store, "_open", open_it)
    return found


@pytest.mark.parametrize("more", [[], ["--resume"], ["--no-feedback"]])
def test_grading_reads_the_store_once(
    counts: Counter[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: list[str]
) -> None:
    lab = tiny_lab(tmp_path / "labs" / "sums")
    folder = submit(tmp_path / "in", {f"s{n}": f"x = {n}" for n in range(6)})
    with Store(tmp_path / "practicum.db") as store:
        grade_folder(lab, folder, store, UTC, Fake(lab))
    counts.clear()
    words = ["grade", str(lab.folder), str(folder), "--store", str(tmp_path / "practicum.db"), *more]
    monkeypatch.setattr(sys, "argv", ["practicum", *words])
    with pytest.raises(SystemExit) as end:
        main()
    assert not end.value.code
    assert counts == {"opened": 1, "read": 1, "decoded": 6}


def test_what_is_graded_now_is_never_decoded(counts: Counter[str], tmp_path: Path) -> None:
    lab = tiny_lab(tmp_path / "labs" / "sums")
    folder = submit(tmp_path / "in", {f"s{n}": f"x = {n}" for n in range(6)})
    with Store(tmp_path / "practicum.db") as store:
        report = grade_folder(lab, folder, store, UTC, Fake(lab))
        assert counts["decoded"] == 0
        assert report.results == store.results()
