"""One class comes as a download of Canvas, Moodle and Blackboard, and ends in the same gradebook; what goes back is written."""

from __future__ import annotations

import csv
import io
import mailbox
import zipfile
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from practicum.cli import app
from practicum.demo.platforms import PlatformClass, Written, invented_class, write_blackboard, write_canvas, write_moodle
from practicum.grading import backends
from practicum.grading.pool import Pool
from tests.grading.tiny import LUCKY, RIGHT, tiny_lab

pytestmark = pytest.mark.slow

DUE = datetime(2026, 11, 8, 23, 59, 59, tzinfo=ZoneInfo("Asia/Shanghai"))
COURSE = """\
name = "small"
title = "A small course"
[term]
name = "Autumn 2026"
timezone = "Asia/Shanghai"
start = 2026-09-07
weeks = 16
[grade]
out_of = 100
cap = 100
late = "steps"
[late.steps]
steps = [{ up_to = "24h", multiplier = 0.9 }, { under = "72h", multiplier = 0.7 }]
then = { multiplier = 0.5 }
[[component]]
name = "work"
title = "Work"
weight = 100
[[component.item]]
name = "lab1"
title = "Lab 1"
points = 10
out = 2026-10-01T09:00:00
due = 2026-11-08T23:59:59
lab = "sums"
"""


def answer(own: str) -> dict[str, bytes]:
    """Most are right, some by luck, some wrong; every one is different."""
    kind = (RIGHT, RIGHT, LUCKY, RIGHT, "def add(a, b):\n    return a - b\n")[int(own[1:]) % 5]
    return {"answer.py": f"# {own}\n{kind}".encode()}


CLASS: PlatformClass = invented_class(answer, DUE, count=16)
WRITERS = {"canvas": write_canvas, "moodle": write_moodle, "blackboard": write_blackboard}


def run(*words: str | Path, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def times() -> str:
    """The newest attempt's time of everybody, as an administrator exports it; two platforms state none."""
    newest = {who: made[-1].at for who, made in CLASS.assignments[0].submissions.items()}
    return "student,submitted\n" + "".join(f"{who},{at.isoformat()}\n" for who, at in newest.items())


@pytest.fixture(scope="module")
def terms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[Path, Written]]]:
    """A workspace for each platform, graded. The lab is the same in each, and so is the worker."""
    home = tmp_path_factory.mktemp("terms")
    sums = tiny_lab(home / "sums")
    (home / "small.toml").write_text(COURSE, encoding="utf-8")
    made: dict[str, tuple[Path, Written]] = {}
    with pytest.MonkeyPatch.context() as patch, Pool(sums.folder, 1) as pool:
        patch.setenv("COLUMNS", "200")
        patch.setattr(backends, "backends", lambda *given: lambda lab: nullcontext(pool))
        for platform, write in WRITERS.items():
            written = write(CLASS, home / f"from {platform}")
            term = home / platform
            patch.chdir(home)
            run("init", home / "small.toml", term)
            assert tiny_lab(term / "labs" / "sums").sha256 == sums.sha256
            rows = "".join(f"{p.id},{p.full},{p.email}\n" for p in CLASS.people)  # the university's own list knows no platform
            (term / "roster.csv").write_text("id,name,email\n" + rows, encoding="utf-8")
            patch.chdir(term)
            run("roster", "import", *written.rosters.values(), *written.worksheets.values())
            with zipfile.ZipFile(written.submissions["Lab 1"]) as archive:
                archive.extractall(term / "submissions" / "sums")
            (term / "times.csv").write_text(times(), encoding="utf-8")
            run("grade", "sums", "--no-feedback", *(() if platform == "blackboard" else ("--times", "times.csv")))
            made[platform] = (term, written)
        yield made


def plain(term: Path, patch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    patch.chdir(term)
    run("gradebook", "--export", "plain", "-o", "plain.csv")
    return list(csv.DictReader(io.StringIO((term / "plain.csv").read_text(encoding="utf-8"))))


def test_the_gradebooks_are_the_same(terms: dict[str, tuple[Path, Written]], monkeypatch: pytest.MonkeyPatch) -> None:
    books = {platform: plain(term, monkeypatch) for platform, (term, _) in terms.items()}
    grades = {platform: {row["student"]: row["lab1"] for row in book} for platform, book in books.items()}
    assert grades["canvas"] == grades["moodle"] == grades["blackboard"]
    assert len(grades["canvas"]) == 16
    newest = {who: made[-1] for who, made in CLASS.assignments[0].submissions.items()}
    for person in CLASS.people:
        last = newest.get(person.id)
        points = 0.0
        if last is not None and "answer.py" in last.files:
            points = {2: 4.0, 4: 0.0}.get(int(person.id[1:]) % 5, 10.0)
            hours = max(0.0, (last.at - DUE).total_seconds() / 3600)
            points *= 1 if not hours else 0.9 if hours <= 24 else 0.7 if hours < 72 else 0.5
        assert float(grades["canvas"][person.id]) == pytest.approx(points), person


@pytest.mark.parametrize("platform", WRITERS)
def test_what_goes_back_is_written(
    platform: str, terms: dict[str, tuple[Path, Written]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    term, written = terms[platform]
    monkeypatch.chdir(term)
    run("gradebook", "--export", platform, "-o", tmp_path / "grades.csv")
    (grades, *others) = sorted(tmp_path.glob("grades*.csv"))
    assert others == []
    rows = list(csv.reader(io.StringIO(grades.read_text(encoding="utf-8-sig"))))
    assert sum("10.00" in row for row in rows) == sum(row["lab1"] == "10.00" for row in plain(term, monkeypatch))

    words: list[str | Path] = ["--download", written.submissions["Lab 1"]]
    if platform == "moodle":
        words += ["--worksheet", written.worksheets["Lab 1"]]
    elif platform == "blackboard":
        words = ["--current", written.rosters["gradebook"]]
    run("feedback", "pack", "lab1", "--for", platform, *words, "-o", tmp_path / "pack.zip")
    with zipfile.ZipFile(tmp_path / "pack.zip") as archive:
        names = archive.namelist()
    with zipfile.ZipFile(written.submissions["Lab 1"]) as archive:
        downloaded = archive.namelist()
    with_files = [who for who, made in CLASS.assignments[0].submissions.items() if made[-1].files]
    if platform == "canvas":
        assert set(names) <= set(downloaded)  # the names are what Canvas finds the submission by
        assert len(names) == len(with_files)
    elif platform == "moodle":
        assert len(names) >= len(with_files)
        assert all("_assignfeedback_file/" in name for name in names)
    else:
        assert any(name.endswith(".csv") for name in names)
        assert len({name.split("/")[0] for name in names if "/" in name}) >= len(with_files)


def test_mail_is_written_for_everybody(
    terms: dict[str, tuple[Path, Written]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(terms["canvas"][0])
    run("feedback", "pack", "lab1", "--for", "mail", "-o", tmp_path / "mail", "--sender", "ta@uni.example")
    addresses = {person.email for person in CLASS.people}
    (box,) = (tmp_path / "mail").glob("*.mbox")
    assert {message["To"].split("<")[-1].rstrip(">") for message in mailbox.mbox(str(box))} == addresses
    assert len(list((tmp_path / "mail").glob("*.eml"))) == 16
