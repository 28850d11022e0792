"""`practicum train`, `recipes` and `results` as a user runs them, with nothing but the packaged samples."""

import contextlib
import csv
import io
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from practicum.cli import main

ROOT = Path(__file__).parents[2]
# Fabric imports torchmetrics where it is installed, which imports transformers and scipy: half of the time of a start.
COMMAND = [sys.executable, "-c", "import sys; sys.modules['torchmetrics'] = None; from practicum.cli import main; main()"]


@pytest.fixture(autouse=True, scope="module")
def packaged_samples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No data set but the packaged samples."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PRACTICUM_DATA", raising=False)
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("COLUMNS", "120")
        yield


def practicum(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command in this process, which has torch imported: an own one takes ten seconds of processor time to start."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with contextlib.chdir(folder), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["practicum", *words])
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                main()
            except SystemExit as end:
                code = int(end.code or 0)
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())


def curve(folder: Path) -> list[dict[str, str]]:
    with (folder / "metrics.csv").open() as stream:
        return [{name: value for name, value in row.items() if "seconds" not in name} for row in csv.DictReader(stream)]


WORDS = ["train", "lenet-mnist", "--epochs", "6", "--seed", "4"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """The uninterrupted run's curve."""
    folder = tmp_path_factory.mktemp("whole")
    done = practicum(folder, *WORDS, "-o", "run")
    assert done.returncode == 0, done.stderr
    assert "not judged: these were the packaged sample's data" in done.stdout
    assert "run: confusion.png, curve.png, filters.png, metrics.csv" in done.stdout
    return curve(folder / "run")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_run_goes_on_with_the_same_curve(tmp_path: Path, whole: list[dict[str, str]], number: signal.Signals) -> None:
    """Ctrl-C keeps a checkpoint of that very step; a kill falls back to the last epoch's."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = subprocess.Popen([*COMMAND, *WORDS, "-o", "run"], cwd=tmp_path, **pipes)
    folder, deadline = tmp_path / "run", time.monotonic() + 600
    while not (folder / "metrics.csv").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    started.send_signal(number)
    _, told = started.communicate(timeout=600)
    assert not (folder / "result.json").exists()
    assert 1 <= len(curve(folder)) < 6
    if number == signal.SIGINT:
        assert started.returncode == 130
        assert "Stopped. The same command goes on from run." in told
        assert "Traceback" not in told
    again = practicum(tmp_path, *WORDS, "-o", "run")
    assert again.returncode == 0, again.stderr
    assert curve(folder) == whole


def test_wrong_words_are_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "thesis").write_text("mine")
    for words, answer in (
        (["lenet-mnits"], "no recipe `lenet-mnits` (did you mean `lenet-mnist`?); there are: "),
        (["lenet-mnist", "--learning-rate", "3"], "no hyperparameter `learning_rate`; there are: epochs,"),
        (["lenet-mnist", "--epochs", "three"], "--epochs: expected a whole number, got 'three'"),
        (["lenet-mnist", "epochs=3"], "expected a hyperparameter like --lr 0.1, got 'epochs=3'"),
        (["lenet-mnist", "--epochs", "0"], "--epochs: expected a whole number of at least 1, got '0'"),
        (["lenet-mnist", "--out", "thesis"], "thesis: expected a folder for the run, got a file"),
        (["lenet-mnist", "-o", "thesis/run"], "thesis: expected a folder for the run, got a file"),
        (["lenet-mnist", "--strategy", "deepspeed"], "--strategy: expected one of auto, ddp, fsdp, got 'deepspeed'"),
    ):
        monkeypatch.setattr(sys, "argv", ["practicum", "train", *words])
        with pytest.raises(SystemExit) as stopped:
            main()
        assert stopped.value.code == 2
        said = capsys.readouterr().err
        assert answer in said
        assert said.count("\n") == 1, said
    assert not (tmp_path / "runs").exists()


def test_recipes_lists_and_shows(tmp_path: Path) -> None:
    assert "lenet-mnist              LeNet-5 on MNIST" in practicum(tmp_path, "recipes").stdout
    shown = practicum(tmp_path, "recipes", "lenet-mnist").stdout
    assert re.search(r"--batch-size INT  images per step \[default: \d+\]", shown)
    assert "Target: accuracy ≥ 0.992; published: 99.2 %" in shown


def test_results_leaves_samples_out(tmp_path: Path) -> None:
    done = practicum(tmp_path, "results", "lenet-mnist", "--seeds", "1")
    assert done.returncode == 0, done.stderr
    assert "left out: these were the packaged sample's data" in done.stderr
    assert not (tmp_path / "results").exists()
    assert "| lenet-mnist | accuracy ≥ 0.992 | not run yet | 0 of 3 |" in (tmp_path / "RESULTS.md").read_text()


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["--folder", "thesis"], "thesis: expected a folder for the results, got a file"),
        (["--table", "."], "expected the file to write the table to, got a folder"),
    ],
)
def test_results_say_where_they_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], answer: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "thesis").write_text("mine")
    monkeypatch.setattr(sys, "argv", ["practicum", "results", "--only-table", *words])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    assert answer in capsys.readouterr().err


def test_results_without_a_record_are_not_carried_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    kept = tmp_path / "results" / "lenet-mnist"
    kept.mkdir(parents=True)
    old = (ROOT / "results" / "lenet-mnist" / "0.json").read_text()
    (kept / "0.json").write_text(re.sub(r'"code": "\w+"', '"code": "0123456789ab"', old))
    monkeypatch.setattr(sys, "argv", ["practicum", "results", "--carry"])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 1
    assert "lenet-mnist: stays stale: there is no record of its first losses" in capsys.readouterr().err
    assert "(stale)" in (tmp_path / "RESULTS.md").read_text()
