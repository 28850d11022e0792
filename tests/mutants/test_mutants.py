"""The machine that plants bugs: what it reads, what it draws, and that it tells a test that sees from one that is blind."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from practicum.errors import PracticumError
from tests.mutants import trial
from tests.mutants.__main__ import _interrupt, main
from tests.mutants.changes import changes
from tests.mutants.generate import EACH, SEED, drawn
from tests.mutants.mutant import FOLDERS, HERE, KINDS, Mutant, read_mutants
from tests.mutants.table import Row, by_folder, faults, read_rows, write_page, write_rows

BOUNDS = "def between(low, high):\n    return [n for n in range(low, high)]\n"
SEES = "from practicum.classic.bounds import between\n\n\ndef test_ends():\n    assert between(2, 5) == [2, 3, 4]\n"
BLIND = "from practicum.classic.bounds import between\n\n\ndef test_something_comes():\n    assert between(2, 5)\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository of one file and two tests."""
    for name, text in {
        "pyproject.toml": '[tool.pytest.ini_options]\nmarkers = ["thorough: left out"]\n',
        "src/practicum/__init__.py": "", "src/practicum/classic/__init__.py": "", "src/practicum/classic/bounds.py": BOUNDS,
        "tests/__init__.py": "", "tests/test_sees.py": SEES, "tests/test_blind.py": BLIND,
        "tests/test_red.py": "def test_red():\n    assert not 'red'\n",
        "tests/test_hangs.py": SEES + "\n\ndef test_while():\n    while len(between(0, 3)) < 3:\n        pass\n",
    }.items():  # fmt: skip
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_text(text)
    return tmp_path / "tree"


def bug(**changed: object) -> Mutant:
    plain = Mutant(
        "classic/ends", "by_hand", "One less", "src/practicum/classic/bounds.py", "range(low, high)", "range(low, high - 1)",
        ("tests/test_sees.py",), "classic.toml:1",
    )  # fmt: skip
    return replace(plain, **changed)  # type: ignore[arg-type]


@cache
def kept() -> list[Mutant]:
    """The mutants of the repository; reading them parses each changed file."""
    return read_mutants()


def test_every_mutant_fits_its_source_and_there_are_enough_in_every_folder() -> None:
    mutants = kept()
    kinds, folders = Counter(mutant.kind for mutant in mutants), Counter(mutant.folder for mutant in mutants)
    assert len(mutants) >= 150
    assert kinds["generated"] >= kinds["by_hand"]
    assert set(folders) == set(FOLDERS)
    assert min(folders.values()) >= EACH


def test_the_kept_table_is_of_these_mutants() -> None:
    """That its outcomes are of today's code is for `make mutants` to see to."""
    names = {mutant.name for mutant in kept()}
    rows = [row for name, row in read_rows().items() if name in names]
    assert len(rows) >= 0.9 * len(names)
    assert faults(rows) == []


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"old": "range(high)"}, r"classic\.toml:1: expected `old` exactly once in src/practicum/\S+, got it 0 times"),
        ({"old": "low"}, "got it 2 times; lengthen `old`: 'low'"),
        ({"file": "src/practicum/classic/gone.py"}, r"expected the file src/practicum/classic/gone\.py, got nothing there"),
        ({"new": "range(low, high"}, "expected `new` to leave Python"),
        ({"new": "range( low, high )"}, "got the same program"),
    ],
)
def test_a_mutant_that_does_not_fit_is_told_with_its_place(tree: Path, changed: dict[str, str], message: str) -> None:
    with pytest.raises(PracticumError, match=message):
        bug(**changed).applied(tree)


def test_mistakes_in_the_files_of_mutants_are_all_told(tree: Path) -> None:
    here = tree / "tests" / "mutants"
    (here / "by_hand").mkdir(parents=True)
    entry = '[[mutant]]\nname = "{name}"\nsays = "x"\nfile = "{file}"\nold = "{old}"\nnew = "0"\ntests = ["{test}"]\n'
    good = {"name": "a", "file": "classic/bounds.py", "old": "range(low, high)", "test": "tests/test_sees.py"}
    wrong = [{"name": "b", "old": "nothing"}, {"name": "c", "test": "tests/test_gone.py"}, {"name": "d", "file": "data/x.py"}, {}]
    text = "".join(entry.format(**good | changed) for changed in ({}, *wrong))
    (here / "by_hand" / "classic.toml").write_text(text)
    with pytest.raises(PracticumError) as caught:
        read_mutants(tree, here)
    told = str(caught.value).splitlines()
    assert [line.split(": ")[0].rpartition(":")[2] for line in told] == ["9", "16", "23", "30"]
    expected = ("exactly once", "nothing at tests/test_gone.py", "a file in classic/", "a new name")
    for line, words in zip(told, expected, strict=True):
        assert words in line
    (here / "by_hand" / "classic.toml").write_text(entry.format(**good))
    assert [(mutant.name, mutant.folder) for mutant in read_mutants(tree, here)] == [("classic/a", "classic")]


def test_the_fingerprint_knows_bug_source_and_test(tree: Path) -> None:
    others = bug(new="range(high)"), bug(tests=("tests/test_blind.py",))
    prints = {each.fingerprint(tree) for each in (bug(), *others)}
    for name in ("src/practicum/classic/bounds.py", "tests/test_sees.py"):
        (tree / name).write_text((tree / name).read_text() + "\n")
        prints.add(bug().fingerprint(tree))
    assert len(prints) == 5
    assert bug(says="other words", place="elsewhere:3").fingerprint(tree) == bug().fingerprint(tree)


SLIPS = '''"""Module."""
K = 3


def f(x, n=5):
    """Docstring 7."""
    if n < 2:
        raise ValueError(f"{n + 1}")
    if not x:
        total = 0.5 * x.detach() - n
    return [x.sum(dim=1) for i in range(n) if i == 4]


def draw(x):
    return x + 1
'''


def test_slips_are_found_where_they_can_be_made() -> None:
    """In the body of `f`, and neither in hints, defaults, docstrings, errors and pictures."""
    found = list(changes(SLIPS))
    assert Counter(change.kind for change in found) == {
        "relation": 2, "condition": 1, "arithmetic": 2, "dropped-term": 2, "constant": 4, "dropped-call": 1, "twin": 1, "axis": 1,
        "off-by-one": 1,
    }  # fmt: skip
    after = [SLIPS[: change.start] + change.new + SLIPS[change.end :] for change in found]
    for line in (
        "if n <= 2:", "if x:", "= 0.5 / x.detach() - n", "= 0.5 * x - n", "= 0.5 * x.detach() + n", "= 1.0 * x.detach() - n",
        "= 0.5 * x.detach()\n", "= 0.5 - n", "x.mean(dim=1)", "x.sum(dim=0)", "range(n - 1)", "i == 5]", "i != 4]", "if n < 3:",
    ):  # fmt: skip
        assert sum(line in each for each in after) == 1, line
    assert {change.function for change in found} == {"f"}
    assert not list(changes(SLIPS.replace("def f", "def draw_f")))


def test_the_draw_is_the_seeds_and_leaves_out_what_is_equivalent(tree: Path, tmp_path: Path) -> None:
    twice = SLIPS + SLIPS.replace("def f", "def g").replace("0.5", "0.25").replace("4]", "6]")
    (tree / "src/practicum/classic/bounds.py").write_text(twice)
    (tmp_path / "watchers.toml").write_text('[tests]\n"classic/*" = ["tests/test_sees.py"]\n')
    (tmp_path / "equivalent.toml").write_text("")
    first = drawn("classic", SEED, 3, tree, tmp_path)
    assert first == drawn("classic", SEED, 3, tree, tmp_path) != drawn("classic", SEED + 1, 3, tree, tmp_path)
    assert first.count("[[mutant]]") == 3
    assert drawn("classic", SEED, 9, tree, tmp_path).count("[[mutant]]") == 4  # at most two in a function
    says = tomllib.loads(first)["mutant"][0]["says"]
    (tmp_path / "equivalent.toml").write_text(
        f"[[equivalent]]\nfile = 'classic/bounds.py'\nsays = {json.dumps(says)}\nreason = 'none'\n"
    )
    assert says not in [mutant["says"] for mutant in tomllib.loads(drawn("classic", SEED, 4, tree, tmp_path))["mutant"]]
    (tmp_path / "equivalent.toml").write_text("[[equivalent]]\nfile = 'classic/gone.py'\nsays = 'x'\nreason = 'none'\n")
    with pytest.raises(PracticumError, match=r"equivalent\.toml:1: expected a change of the generator's, got none like it"):
        drawn("classic", SEED, 3, tree, tmp_path)


def row(name: str, outcome: str) -> Row:
    return Row(name, "generated", outcome, "tests/test_x.py::test_y", "0", "2026-11-30")


def test_floors_are_97_per_cent_and_one_survivor_a_folder(tmp_path: Path) -> None:
    rows = [row(f"data/{n}", "seen") for n in range(97)] + [row("data/a", "survived"), row("models/b", "survived")]
    assert faults([*rows, row("models/c", "seen")]) == []
    assert faults([*rows, row("models/c", "survived")]) == ["models: expected at most 1 survivor, got 2: models/b, models/c"]
    assert faults(rows[33:]) == ["all: expected at least 97% seen, got 64 of 66 (97.0%)"]
    assert faults(rows[30:]) == []  # 67 of 69
    assert by_folder(rows)[-1] == ("all", 99, 97, ["data/a", "models/b"])
    write_rows({one.name: one for one in rows}, tmp_path / "rows.csv")
    assert read_rows(tmp_path / "rows.csv") == {one.name: one for one in rows}
    assert read_rows(tmp_path / "none.csv") == {}
    write_page(rows, 3, 12, tmp_path / "page.md")
    assert (
        "| data | 98 | 97 | data/a |\n| models | 1 | 0 | models/b |\n| all | 99 | 97 | data/a, models/b |"
        in (tmp_path / "page.md").read_text()
    )


def test_a_blind_test_a_seeing_one_a_hanging_one_and_a_red_one_are_told_apart(tree: Path, tmp_path: Path) -> None:
    """One warm process serves all; what hangs is killed, and the source is as it was."""
    with trial.Copy(tree, tmp_path / "copy", heavy=["pytest"]) as copy:
        clean = copy.tests(["tests/test_sees.py"], 60)
        assert (clean["code"], clean["red"], clean["passed"]) == (0, "", 1)
        assert copy.tests(["tests/test_red.py"], 60)["red"] == "tests/test_red.py::test_red"
        with copy.with_bug(bug()):
            seen, blind = copy.tests(["tests/test_sees.py"], 60), copy.tests(["tests/test_blind.py"], 60)
            assert (seen["code"], seen["red"]) == (1, "tests/test_sees.py::test_ends")
            assert (blind["code"], blind["passed"]) == (0, 1)
        with copy.with_bug(bug(new="[low, low + 1][: 2]")):
            assert copy.tests(["tests/test_hangs.py::test_while"], 2)["code"] == "time"
        assert copy.tests(["tests/test_sees.py"], 60)["code"] == 0
        process = copy.process
    assert process.poll() == 0
    assert (tree / "src/practicum/classic/bounds.py").read_text() == BOUNDS
    assert KINDS == ("by_hand", "generated")


def test_a_warm_process_ends_with_its_input_and_takes_what_it_started_along(tree: Path) -> None:
    """As when the run is stopped by Ctrl-C, or killed: the pipe is closed while a test hangs."""
    (tree / "tests" / "test_long.py").write_text(
        "import os, pathlib, time\n\n\n"
        "def test_long():\n    pathlib.Path('pid').write_text(str(os.getpid()))\n    time.sleep(600)\n"
    )
    warm = subprocess.Popen(
        [sys.executable, "-P", str(HERE / "warm.py"), "pytest"], cwd=tree, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert warm.stdin
    warm.stdin.write(json.dumps({"tests": ["tests/test_long.py"], "seconds": 600}) + "\n")
    warm.stdin.flush()
    for _ in range(2000):
        if (tree / "pid").exists() and (tree / "pid").read_text():
            break
        assert warm.poll() is None
        time.sleep(0.05)
    warm.stdin.close()
    assert warm.wait(timeout=60) == 0
    assert not Path("/proc", (tree / "pid").read_text()).exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_stopped_leaves_no_folder(
    number: signal.Signals, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes its time to put the source back is waited for; then the copies go, and with them what tests have left."""
    (tree / "tests" / "test_long.py").write_text(
        "import pathlib, tempfile, time\n\n\n"
        "def test_long():\n    tempfile.mkdtemp()\n    pathlib.Path('begun').touch()\n    time.sleep(600)\n"
    )
    (tmp_path / "copies").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "copies"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "copies"))

    class SlowlyRestored(trial.Copy):
        def __init__(self, root: Path, folder: Path) -> None:
            super().__init__(root, folder, heavy=["pytest"])

        @contextmanager
        def with_bug(self, mutant: Mutant) -> Iterator[None]:
            with super().with_bug(mutant):
                try:
                    yield
                finally:
                    time.sleep(0.3)
                    (self.folder / "src").mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr(trial, "Copy", SlowlyRestored)

    def stop() -> None:
        while len([*(tmp_path / "copies").glob("*/*/begun")]) < 2:
            time.sleep(0.02)
        os.kill(os.getpid(), number)

    kept = {each: signal.signal(each, _interrupt) for each in (signal.SIGINT, signal.SIGTERM)}
    before, stopper = set(threading.enumerate()), threading.Thread(target=stop, daemon=True)
    try:
        stopper.start()
        with pytest.raises(KeyboardInterrupt):
            trial.try_all([bug(name=f"classic/{n}", tests=("tests/test_long.py",)) for n in range(3)], 2, print, tree)
    finally:
        for each, handler in kept.items():
            signal.signal(each, handler)
    stopper.join()
    assert set(threading.enumerate()) <= before
    assert [*(tmp_path / "copies").iterdir()] == []


def test_help_says_what_it_does_and_wrong_names_are_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    helped = capsys.readouterr().out
    assert all(word in helped for word in ("--folder", "--only", "--jobs", "--fresh", "97 %"))
    monkeypatch.setattr("tests.mutants.__main__.read_mutants", lambda: [bug()])
    assert main(["--only", "no-such-bug"]) == 2
    assert capsys.readouterr().err == "expected a bug that fits --folder and --only, got none of 1\n"
