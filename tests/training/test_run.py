"""Recipes found, hyperparameters set, runs claimed, results kept."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practicum.errors import PracticumError
from practicum.training.accelerator import Accelerator
from practicum.training.experiment import Sets, StudyResult, Target
from practicum.training.hyperparameters import Hyperparameter, hyperparameters, option, with_values
from practicum.training.runs import recipes, results
from practicum.training.runs.results import run_missing, summary, write_table
from practicum.training.runs.run import Result, read_result, train, write_result

FAKE = '''"""A made recipe (Nobody 2020).
"""
from dataclasses import dataclass
from typing import ClassVar
import torch
from practicum.data.batches import Batches
from practicum.methods.classify import Classify
from practicum.training.experiment import Experiment, StudyResult, Target
from practicum.training.hyperparameters import option
from practicum.training.loop import Fit

SAMPLE = False  # a test sets it: are the full data there?

@dataclass(frozen=True)
class Recipe:
    """The training and its hyperparameters."""

    epochs: int = option(2, "passes over the training set")
    lr: float = option(0.1, "learning rate")
    wide: bool = option(False, "a wider net")
    kind: str = option("full", "of data")
    target: ClassVar[Target] = Target("accuracy", at_least=0.5, published="60 %", source="Nobody 2020", seeds=2)

    def build(self, seed):
        x, z, v = (torch.randn(64 - number, 3, generator=torch.Generator().manual_seed(number)) for number in range(3))
        y, t, u = ((part[:, 0] > 0).long() for part in (x, z, v))
        return Experiment(model=torch.nn.Linear(3, 2), method=Classify(), train=Batches(x, y, batch_size=8, seed=seed),
            validation=Batches(v, u, batch_size=64, shuffle=False), unit="points",
            test=Batches(z, t, batch_size=64, shuffle=False), sample=SAMPLE or self.kind == "sample",
            fit=Fit(epochs=self.epochs, optimizer=lambda m: torch.optim.SGD(m.parameters(), lr=self.lr)))
'''
STUDY = '''"""A made study.
"""
from dataclasses import dataclass
from typing import ClassVar
from practicum.training.experiment import Sets, StudyResult, Target
from practicum.training.hyperparameters import option

@dataclass(frozen=True)
class Recipe:
    """The study and its hyperparameters."""

    start: float = option(1.0, "first number")
    target: ClassVar[Target] = Target("error", at_most=3, seeds=3)

    def run(self, seed, folder):
        return StudyResult({"error": self.start + seed}, Sets(3, 2, 1))
'''
CPU = Accelerator(device="cpu")


@pytest.fixture(autouse=True)
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two recipes of the test's own in place of the shipped ones."""
    import sys

    folder = tmp_path / "practicum" / "recipes"
    folder.mkdir(parents=True)
    (folder / "made_up.py").write_text(FAKE)
    (folder / "made_study.py").write_text(STUDY)
    import practicum.recipes

    monkeypatch.setattr(practicum.recipes, "__path__", [str(folder)])
    for name in [name for name in sys.modules if name.startswith("practicum.recipes.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(recipes, "FOLDER", folder)
    monkeypatch.setattr(recipes, "PACKAGE", tmp_path / "practicum")
    yield folder
    for name in ("made_up", "made_study"):
        sys.modules.pop(f"practicum.recipes.{name}", None)


def test_hyperparameters() -> None:
    assert recipes.names() == ["made-study", "made-up"]
    recipe = recipes.load("made-up")
    assert hyperparameters(recipe) == {
        "epochs": Hyperparameter(int, 2, "passes over the training set"), "lr": Hyperparameter(float, 0.1, "learning rate"),
        "wide": Hyperparameter(bool, False, "a wider net"), "kind": Hyperparameter(str, "full", "of data"),
    }  # fmt: skip
    chosen = with_values(recipe, {"epochs": "7", "lr": "1e-3", "wide": "yes"})
    assert (chosen.epochs, chosen.lr, chosen.wide, chosen.kind) == (7, 1e-3, True, "full")
    assert [with_values(recipe, {"wide": word}).wide for word in ("True", "YES", "False", "No")] == [True, True, False, False]
    for given_, message in (
        ({"epoch": "7"}, r"no hyperparameter `epoch` \(did you mean `epochs`\?\); there are: epochs, lr, wide, kind"),
        ({"epochs": "7.5"}, r"--epochs: expected a whole number, got '7\.5'"),
        ({"wide": "maybe"}, "--wide: expected true or false, got 'maybe'"),
        ({"epochs": "0"}, "--epochs: expected a whole number of at least 1, got '0'"),
        ({"epochs": "-3"}, "--epochs: expected a whole number of at least 1, got '-3'"),
        ({"lr": "nan"}, "--lr: expected a finite number, got 'nan'"),
        ({"lr": "1e999"}, "--lr: expected a finite number, got '1e999'"),
    ):
        with pytest.raises(PracticumError, match=message):
            with_values(recipe, given_)
    with pytest.raises(PracticumError, match=r"no recipe `made-op` \(did you mean `made-up`\?\); there are: made-study, made-up"):
        recipes.load("made-op")


def test_code_hash_sees_code_and_not_comments(shelf: Path) -> None:
    file, before = shelf / "made_up.py", recipes.code_hash("made-up")
    file.write_text("# a comment\n" + FAKE.replace("A made recipe", "Another text").replace('"learning rate"', '"step size"'))
    assert recipes.code_hash("made-up") == before
    file.write_text(FAKE.replace("option(0.1,", "option(0.2,"))
    assert recipes.code_hash("made-up") != before


def test_code_hash_sees_what_a_recipe_imports(shelf: Path) -> None:
    methods = shelf.parent / "methods"
    methods.mkdir()
    (methods / "classify.py").write_text("from practicum.methods import other\n")
    (methods / "other.py").write_text("x = 1\n")
    before = recipes.code_hash("made-up")
    (methods / "other.py").write_text("x = 2\n")
    assert recipes.code_hash("made-up") != before


def test_code_hash_leaves_out_where_the_data_lie(shelf: Path) -> None:
    """`data/store.py` only finds files; whoever changes it does not change what a recipe computes."""
    folder = shelf.parent / "data"
    folder.mkdir()
    for name in ("sets.py", "store.py"):
        (folder / name).write_text("x = 1\n")
    (shelf / "made_up.py").write_text("from practicum.data import sets, store\n" + FAKE)
    before = recipes.code_hash("made-up")
    (folder / "store.py").write_text("x = 2\n")
    assert recipes.code_hash("made-up") == before
    (folder / "sets.py").write_text("x = 2\n")
    assert recipes.code_hash("made-up") != before


def test_a_run_writes_its_result_and_is_not_repeated(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    result = train("made-up", folder, seed=3, hyperparameters={"epochs": "4"}, accelerator=CPU)
    assert result is not None
    assert result.met is True
    assert result.value == result.metrics["accuracy"] > 0.85
    assert (result.target, result.seed, result.hyperparameters["epochs"]) == ("accuracy ≥ 0.5", 3, 4)
    assert {"curve.png", "metrics.csv", "result.json", "checkpoint.pt", "run.json"} <= {path.name for path in folder.iterdir()}
    stamp = (folder / "checkpoint.pt").stat().st_mtime_ns
    assert (
        train("made-up", folder, seed=3, hyperparameters={"epochs": "4"}, accelerator=CPU)
        == result
        == read_result(folder / "result.json")
    )
    assert (folder / "checkpoint.pt").stat().st_mtime_ns == stamp
    with pytest.raises(PracticumError, match=r"holds another run \(hyperparameters was .*'epochs': 4.*, is .*'epochs': 2"):
        train("made-up", folder, seed=3, accelerator=CPU)
    assert train("made-up", folder, seed=3, accelerator=CPU, fresh=True) != result


def test_a_result_is_measured_on_the_test_data_alone(tmp_path: Path, shelf: Path) -> None:
    """Every row of the test stands there with both labels, so that half of them are right; in validation all are wrong."""
    test = "test=Batches(z, t, batch_size=64, shuffle=False)"
    both = "test=Batches(torch.cat([z, z]), torch.cat([t, 1 - t]), batch_size=50, shuffle=False)"
    right, wrong = (f"validation=Batches({rows}, batch_size=64, shuffle=False)" for rows in ("v, u", "x, 1 - y"))
    assert test in FAKE
    (shelf / "made_up.py").write_text(FAKE.replace(test, both).replace(right, wrong))
    result = train("made-up", tmp_path / "run", accelerator=CPU)
    assert result is not None
    assert result.value == result.metrics["accuracy"] == 0.5
    last = (tmp_path / "run" / "metrics.csv").read_text().splitlines()
    assert float(dict(zip(last[0].split(","), last[-1].split(","), strict=True))["accuracy"]) < 0.3


def test_the_first_weights_are_the_seeds(tmp_path: Path) -> None:
    """With a rate of next to nothing a run measures the weights that it began with."""
    still = {"lr": "1e-30", "epochs": "1"}
    one, two = (train("made-up", tmp_path / str(seed), seed=seed, hyperparameters=still, accelerator=CPU) for seed in (1, 2))
    assert one.metrics["loss"] != pytest.approx(two.metrics["loss"], rel=1e-3)  # type: ignore[union-attr]


def test_a_target_is_met_by_the_mean_and_not_by_the_best_seed(tmp_path: Path, shelf: Path) -> None:
    (shelf / "made_study.py").write_text(STUDY.replace("at_most=3", "at_most=1.5"))
    kept, said = tmp_path / "results", []
    run_missing(["made-study"], kept, seeds=None, minutes=None, progress=said.append, runs=tmp_path / "runs")
    (kept / "baselines.csv").write_text("recipe,metric,value,baseline\nmade-study,error,7.25,always the same\n")
    write_table(kept, tmp_path / "RESULTS.md")
    row = "| made-study | error ≤ 1.5 | 2 ± 1 | 3 | **no** | 7.25 (always the same) |  | 3 / 2 / 1 rows |"  # 1, 2 and 3
    assert row in (tmp_path / "RESULTS.md").read_text()
    (kept / "baselines.csv").write_text("recipe,value\nmade-study,7\n")
    with pytest.raises(PracticumError, match=r"baselines.csv: expected columns recipe, value and baseline"):
        write_table(kept, tmp_path / "RESULTS.md")


def test_the_three_sets_are_written_down(tmp_path: Path) -> None:
    result = train("made-up", tmp_path / "runs" / "made-up", accelerator=CPU)
    assert result is not None
    assert result.sets == {"train": 64, "validation": 62, "test": 63, "unit": "points", "chosen": ""}
    write_result(tmp_path / "results" / "made-up" / "0.json", result)
    write_table(tmp_path / "results", tmp_path / "RESULTS.md")
    assert "| 64 / 62 / 63 points |" in (tmp_path / "RESULTS.md").read_text()


def test_the_first_seeds_pictures_are_kept_in_place_of_older_ones(tmp_path: Path, shelf: Path) -> None:
    draw = """        (folder / f"drawn-{seed}.png").write_bytes(b"png")
        (folder / "said.txt").write_text(str(seed))
        return"""
    (shelf / "made_study.py").write_text(STUDY.replace("        return", draw))
    kept = tmp_path / "results" / "made-study"
    kept.mkdir(parents=True)
    (kept / "old.png").write_bytes(b"old")
    run_missing(["made-study"], tmp_path / "results", seeds=2, minutes=None, progress=lambda said: None, runs=tmp_path / "runs")
    assert sorted(path.name for path in kept.iterdir()) == ["0.json", "1.json", "drawn-0.png", "losses.json", "said.txt"]
    assert (kept / "said.txt").read_text() == "0"


def test_fresh_deletes_nothing_but_runs(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.tex").write_text("years of work")
    train("made-study", tmp_path / "run", fresh=True)
    assert (tmp_path / "run" / "thesis.tex").exists()


def test_the_same_seed_gives_the_same_result(tmp_path: Path) -> None:
    one, two, three = (train("made-up", tmp_path / str(n), seed=seed, accelerator=CPU) for n, seed in enumerate((1, 1, 2)))
    assert one.metrics == two.metrics != three.metrics  # type: ignore[union-attr]


def test_a_sample_is_not_judged(tmp_path: Path) -> None:
    assert train("made-up", tmp_path / "run", hyperparameters={"kind": "sample"}, accelerator=CPU).met is None  # type: ignore[union-attr]
    with pytest.raises(PracticumError, match="holds another run"):
        train("made-up", tmp_path / "run", hyperparameters={"kind": "full"}, accelerator=CPU)


def test_a_run_on_the_packaged_sample_gives_way_to_the_full_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules[recipes.load("made-up").__module__]
    folder = tmp_path / "run"
    for _ in range(2):  # the second time there is one beside it already
        with monkeypatch.context() as patch:
            patch.setattr(module, "SAMPLE", True)
            assert train("made-up", folder, accelerator=CPU, fresh=True).met is None  # type: ignore[union-attr]
        full = train("made-up", folder, accelerator=CPU)
        assert full is not None
        assert full.met is True
        assert read_result(tmp_path / "run-sample" / "result.json").met is None
        assert read_result(folder / "result.json") == full
    monkeypatch.setattr(module, "SAMPLE", True)
    with pytest.raises(PracticumError, match="holds another run"):  # a full run does not give way to a sample
        train("made-up", folder, accelerator=CPU)
    assert read_result(folder / "result.json") == full


def test_a_file_in_place_of_the_folder_and_a_damaged_note_are_named(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    for folder in (tmp_path / "out", tmp_path / "out" / "deeper"):
        for recipe in ("made-up", "made-study"):
            with pytest.raises(PracticumError, match=r"out: expected a folder for the run, got a file"):
                train(recipe, folder, accelerator=CPU)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("[1,")
    with pytest.raises(PracticumError, match=r"run\.json: not a run's note"):
        train("made-up", tmp_path / "run", accelerator=CPU)
    assert (tmp_path / "out").read_text() == "mine"


def test_a_member_of_a_family_inherits_the_help() -> None:
    @dataclass(frozen=True)
    class Family:
        lr: float = option(0.1, "learning rate")
        epochs: int = option(2, "passes over the training set")

    @dataclass(frozen=True)
    class Member(Family):
        epochs: int = 7
        width: int = option(3, "units")

    assert hyperparameters(Member) == {
        "lr": Hyperparameter(float, 0.1, "learning rate"),
        "epochs": Hyperparameter(int, 7, "passes over the training set"),
        "width": Hyperparameter(int, 3, "units"),
    }


def test_runs_of_older_versions_are_read(tmp_path: Path) -> None:
    """Their hyperparameters stand under `knobs`, in results and in a run's own note."""
    folder = tmp_path / "run"
    result = train("made-study", folder)
    for name in ("run.json", "result.json"):
        text = (folder / name).read_text()
        assert '"hyperparameters"' in text
        (folder / name).write_text(text.replace('"hyperparameters"', '"knobs"'))
    assert read_result(folder / "result.json") == result
    assert train("made-study", folder) == result


def test_target() -> None:
    assert Target("x", at_least=0.9).met(0.9)
    assert not Target("x", at_least=0.9).met(float("nan"))
    assert Target("x", at_most=0.0).met(0.0)
    assert not Target("x", at_most=1.7).met(float("nan"))
    assert not Target("x", at_most=1.7).met(1.70001)
    # Of several runs the mean counts, and one standard error has to be to spare: 0.9 and 0.92 are 0.91 ± 0.01.
    assert Target("x", at_least=0.9).met(0.92, 0.9)
    assert not Target("x", at_least=0.9001).met(0.92, 0.9)
    assert Target("x", at_most=0.92).met(0.92, 0.9)
    assert not Target("x", at_most=0.9199).met(0.92, 0.9)
    assert not Target("x", at_least=0.9).met(0.99, float("nan"))
    assert not Target("x", at_most=1.7).met(0.5, float("inf"))
    assert not Target("x", at_least=0.9).met(float("inf"), 0.99)
    with pytest.raises(ValueError, match="expected one of at_least and at_most"):
        Target("x")


def test_missing_runs_are_made_once_and_stale_ones_again(tmp_path: Path, shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, runs, said = tmp_path / "results", tmp_path / "runs", []
    run_missing(["made-study"], kept, seeds=None, minutes=None, progress=said.append, runs=runs)
    assert sorted(path.name for path in (kept / "made-study").iterdir()) == ["0.json", "1.json", "2.json", "losses.json"]
    table = tmp_path / "RESULTS.md"
    write_table(kept, table)
    assert "| made-study | error ≤ 3 | 2 ± 1 | 3 | yes |" in table.read_text()
    assert "| made-up | accuracy ≥ 0.5 | not run yet | 0 of 2 |" in table.read_text()
    count = len(said)
    run_missing(["made-study"], kept, seeds=None, minutes=None, progress=said.append, runs=runs)
    assert len(said) == count
    (shelf / "made_study.py").write_text(STUDY.replace("self.start + seed", "self.start + 2 * seed"))
    monkeypatch.delitem(__import__("sys").modules, "practicum.recipes.made_study")
    write_table(kept, table)
    assert "| 2 ± 1 (stale) | 3 | yes |" in table.read_text()
    run_missing(["made-study"], kept, seeds=2, minutes=None, progress=said.append, runs=runs)
    write_table(kept, table)
    assert "| 2 ± 1.4 | 2 of 3 | yes |" in table.read_text()  # (1 + 3)/2; the stale third one no longer counts


def test_a_broken_result_is_named(tmp_path: Path) -> None:
    for text in ("", "[]", "{}", '{"recipe": 3}', "nan"):
        (tmp_path / "x.json").write_text(text)
        with pytest.raises(PracticumError, match=r"x\.json: not a run's result"):
            read_result(tmp_path / "x.json")


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_summary(values: list[float]) -> None:
    mean, spread = summary(values)
    assert min(values) - 1e-6 <= mean <= max(values) + 1e-6
    assert (spread is None) == (len(values) == 1)
    if spread is not None:
        assert spread == pytest.approx((sum((v - mean) ** 2 for v in values) / (len(values) - 1)) ** 0.5, abs=1e-6)


def test_results_round_trip(tmp_path: Path) -> None:
    result = Result(
        "a", 1, {"lr": 0.1}, "abc", {"x": 1.0}, "x", 1.0, "x ≥ 0", True, 1.0, 2.0, 2, "CPU", {"torch": "2"}, "2026-01-01"
    )
    write_result(tmp_path / "deep" / "a.json", result)
    assert read_result(tmp_path / "deep" / "a.json") == result
    assert json.loads((tmp_path / "deep" / "a.json").read_text())["recipe"] == "a"
    assert StudyResult({"x": 1.0}, Sets(1, 1, 1)).sample is False
    assert results.summary([])[1] is None
    assert results.summary([0.5, float("inf"), 2.0]) == (float("inf"), None)


def test_a_study_is_timed_from_its_beginning(shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By both clocks, which began long before."""
    clocks = SimpleNamespace(monotonic=iter([5000.0, 5090.0]).__next__, process_time=iter([700.0, 730.0]).__next__)
    monkeypatch.setattr("practicum.training.runs.run.time", clocks)
    result = train("made-study", tmp_path / "run")
    assert (result.minutes, result.cpu_minutes) == (1.5, 0.5)
