"""The results of all recipes: one small JSON file per run, and the table made of them."""

import csv
import json
import math
import shutil
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from practicum.errors import PracticumError
from practicum.training.runs import recipes
from practicum.training.runs.losses import keep_losses
from practicum.training.runs.run import Result, read_result, read_results, train, write_result


def run_missing(
    names: Sequence[str],
    folder: Path,
    *,
    seeds: int | None,
    minutes: float | None,
    progress: Callable[[str], None],
    runs: Path = Path("runs"),
) -> None:
    """Run what has no result yet, or one of older code. A run that was killed goes on; one that is done is taken from `runs`.

    Args:
        names: of recipes; none means all.
        folder: of the results.
        seeds: runs per recipe; None means what its target asks for.
        minutes: start no further run after this long; None means no limit.
        progress: is told about each run.
        runs: the folder in which the runs are made.
    """
    began = time.monotonic()
    todo = [
        (name, seed)
        for name in names or recipes.names()
        for seed in range(seeds or recipes.load(name).target.seeds)
        if not _current(folder / name / f"{seed}.json", name)
    ]  # fmt: skip
    todo.sort(key=lambda pair: pair[1])  # every recipe's first seed before anyone's second
    for count, (name, seed) in enumerate(todo, start=1):
        if minutes is not None and time.monotonic() - began > minutes * 60:
            progress(f"{len(todo) - count + 1} runs are left")
            return
        progress(f"[{count}/{len(todo)}] {name}, seed {seed}")
        place = runs / name / f"seed-{seed}"
        stale = (place / "run.json").exists() and json.loads((place / "run.json").read_text())["code"] != recipes.code_hash(name)
        try:
            result = train(name, place, seed=seed, fresh=stale)
        except PracticumError as error:
            progress(f"  left out: {error}")
            continue
        if result is None or result.met is None:
            progress("  left out: these were the packaged sample's data")
            continue
        write_result(folder / name / f"{seed}.json", result)
        if seed == 0:
            _keep_pictures(place, folder / name)
        keep_losses(name, folder / name)
        verdict = "met" if result.met else "NOT met"
        progress(f"  {result.metric} {result.value:.4f}, target {result.target}: {verdict}, {result.minutes:.1f} min")


def _keep_pictures(run: Path, folder: Path) -> None:
    """Copy a run's pictures and texts beside its result, in place of an older run's."""
    for old in (*folder.glob("*.png"), *folder.glob("*.txt")):
        old.unlink()
    for path in (*run.glob("*.png"), *run.glob("*.txt")):
        shutil.copy(path, folder / path.name)


def _current(path: Path, name: str) -> bool:
    return path.exists() and read_result(path).code == recipes.code_hash(name)


def write_table(folder: Path, path: Path) -> None:
    """Write RESULTS.md from the results in a folder."""
    lines = [_HEAD]
    versions: dict[str, set[str]] = {}
    baselines = read_baselines(folder / "baselines.csv")
    for name in recipes.names():
        runs = read_results(folder / name)
        lines.append(_row(name, recipes.load(name).target, runs, baselines.get(name, "")))
        for run in runs:
            for package, number in run.versions.items():
                versions.setdefault(package, set()).add(number)
    told = ", ".join(f"{package} {' and '.join(sorted(numbers))}" for package, numbers in sorted(versions.items()))
    path.write_text("\n".join(lines) + f"\n\nVersions: {told or 'none yet'}.\n")


_HEAD = """# Results

Written by `practicum results`, which runs what is missing, from one JSON file per run, `results/RECIPE/SEED.json`.
A value is the mean ± the sample standard deviation over the seeds; a target is *met* where the mean less one standard error
meets it. *Rows* are those of the training, validation and test set, which share none; behind them stands what validation
chose. The test set was measured once, behind the last step. The *weakest baseline* is the simplest honest way to do the task,
measured on the same test rows by `benchmarks/baselines.py`. Minutes are one run's mean, by the clock and of processor time; where
other work shared the machine's two cores, the clock's are too long. A run is *stale* when the recipe, or a model, method or
dataset that it imports, has changed since; it is not where `practicum results --carry` has found the first 20 losses equal to
the last digit. Values and minutes are those of the day in the last column.

| recipe | target | value | seeds | met | weakest baseline | published | rows | minutes | CPU minutes | date |
|---|---|---|---|---|---|---|---|---|---|---|"""


def _row(name: str, target: Any, runs: list[Result], baseline: str) -> str:
    code = recipes.code_hash(name)
    current = [run for run in runs if run.code == code]
    used = current or runs
    if not used:
        return f"| {name} | {target} | not run yet | 0 of {target.seeds} | – | {baseline} | {target.published} | – | – | – | – |"
    values = [run.metrics[target.metric] for run in used if target.metric in run.metrics]
    mean, spread = summary(values)
    value = f"{mean:.4g}" + (f" ± {spread:.2g}" if spread is not None else "") + ("" if current else " (stale)")
    met = "yes" if values and target.met(*values) else "**no**"
    seeds = f"{len(used)} of {target.seeds}" if len(used) < target.seeds else str(len(used))
    date = max(run.date for run in used)
    minutes, cpu = (statistics.mean(getattr(run, name) for run in used) for name in ("minutes", "cpu_minutes"))
    cells = [
        name,
        target,
        value,
        seeds,
        met,
        baseline,
        target.published,
        _sets(used[-1].sets),
        f"{minutes:.1f}",
        f"{cpu:.1f}",
        date,
    ]
    return f"| {' | '.join(map(str, cells))} |"


def _sets(sets: dict[str, Any] | None) -> str:
    if sets is None:
        return "not stated"
    rows = " / ".join(f"{sets[part]:,}" for part in ("train", "validation", "test"))
    return f"{rows} {sets['unit']}" + (f"; chosen: {sets['chosen']}" if sets["chosen"] else "")


def read_baselines(path: Path) -> dict[str, str]:
    """Return each recipe's weakest baseline, as text, from the table that `benchmarks/baselines.py` writes; none without it.

    Raises:
        PracticumError: the file is no such table.
    """
    if not path.exists():
        return {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return {row["recipe"]: f"{float(row['value']):.4g} ({row['baseline']})" for row in csv.DictReader(file)}
    except (KeyError, ValueError) as error:
        raise PracticumError(f"{path}: expected columns recipe, value and baseline ({error!r})") from None


def summary(values: Sequence[float]) -> tuple[float, float | None]:
    """Return the mean and the sample standard deviation; None for that of a single value, or where one is not finite."""
    if not values:
        return math.nan, None
    spread = statistics.stdev(values) if len(values) > 1 and all(map(math.isfinite, values)) else None
    return statistics.fmean(values), spread
