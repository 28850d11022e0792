"""The results of all recipes: one small JSON file per run, and the table made of them."""

import json
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
    for name in recipes.names():
        runs = read_results(folder / name)
        lines.append(_row(name, recipes.load(name).target, runs))
        for run in runs:
            for package, number in run.versions.items():
                versions.setdefault(package, set()).add(number)
    told = ", ".join(f"{package} {' and '.join(sorted(numbers))}" for package, numbers in sorted(versions.items()))
    path.write_text("\n".join(lines) + f"\n\nVersions: {told or 'none yet'}.\n")


_HEAD = """# Results

Written by `practicum results`, which runs what is missing, from one JSON file per run, `results/RECIPE/SEED.json`.
A value is the mean ± the sample standard deviation over the seeds. Minutes are one run's mean, by the clock and of
processor time; where other work shared the machine's two cores, the clock's are too long. A run is *stale* when the
recipe, or a model, method or dataset that it imports, has changed since; it is not where `practicum results --carry` has
found the first 20 losses equal to the last digit. Values and minutes are those of the day in the last column.

| recipe | target | value | seeds | met | published | minutes | CPU minutes | date |
|---|---|---|---|---|---|---|---|---|"""


def _row(name: str, target: Any, runs: list[Result]) -> str:
    code = recipes.code_hash(name)
    current = [run for run in runs if run.code == code]
    used = current or runs
    if not used:
        return f"| {name} | {target} | not run yet | 0 of {target.seeds} | – | {target.published} | – | – | – |"
    mean, spread = summary([run.metrics[target.metric] for run in used if target.metric in run.metrics])
    value = f"{mean:.4g}" + (f" ± {spread:.2g}" if spread is not None else "")
    met = "yes" if target.met(mean) else "**no**"
    seeds = f"{len(used)} of {target.seeds}" if len(used) < target.seeds else str(len(used))
    mark = "" if current else " (stale)"
    date = max(run.date for run in used)
    minutes, cpu = (statistics.mean(getattr(run, name) for run in used) for name in ("minutes", "cpu_minutes"))
    return f"| {name} | {target} | {value}{mark} | {seeds} | {met} | {target.published} | {minutes:.1f} | {cpu:.1f} | {date} |"


def summary(values: Sequence[float]) -> tuple[float, float | None]:
    """Return the mean and the sample standard deviation; None for that of a single value."""
    if not values:
        return float("nan"), None
    return statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None
