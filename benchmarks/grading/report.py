"""From raw numbers to tables and floors."""

from __future__ import annotations

from statistics import median
from typing import Any

WALL_SECONDS = 0.05  # at most, per submission in a class of forty
MANY_SECONDS = 0.035  # at most, per submission in a thousand
LAB_SECONDS = {"backprop": 0.2}  # at most, per submission
TIMES_AS_FAST = {"nbgrader": 15, "Otter": 30}  # at least, in wall seconds per submission
FLAT = 1.10  # at most, peak memory at the end over peak memory after a tenth
TORCH_SECONDS = 0.20  # at most, beyond the student's own compute


def _range(values: list[float], digits: int = 3) -> str:
    return f"{median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def ratios(comparison: dict[str, Any], name: str, what: str = "wall") -> list[float]:
    """Return a peer's cost over ours, round by round."""
    ours, theirs = comparison["rounds"]["Practicum"], comparison["rounds"][name]
    return [b[what] / a[what] for a, b in zip(ours, theirs, strict=True)]


def overhead(torch: dict[str, Any], what: str) -> list[float]:
    """Return seconds per submission beyond the student's own, round by round."""
    return [a - b for a, b in zip(torch["rounds"][what], torch["rounds"]["bare"], strict=True)]


def tables(found: dict[str, Any]) -> str:
    """Return all that was measured, as Markdown."""
    parts = []
    if c := found.get("comparison"):
        parts.append(_about(c, f"{len(c['rounds']['Practicum'])} rounds, {c['students']} submissions, seed {c['seed']}"))
        rows = ["| per submission | wall seconds | CPU seconds | peak memory, MiB | wall, times ours | CPU, times ours |"]
        rows.append("|---|---|---|---|---|---|")
        for name, costs in c["rounds"].items():
            wall, cpu = [r["wall"] for r in costs], [r["cpu"] for r in costs]
            times = [_range(ratios(c, name, what), 1) if name != "Practicum" else "1" for what in ("wall", "cpu")]
            rows.append(f"| {name} | {_range(wall)} | {_range(cpu)} | {c['peak_mib'][name]:.0f} | {times[0]} | {times[1]} |")
        parts.append("\n".join(rows))
        load = [r["load_before"] for costs in c["rounds"].values() for r in costs]
        parts.append(
            f"Median (range) over the rounds. Load of the machine before a command, its own included: {_range(load, 1)}.\n"
            f"Versions: {', '.join(f'{n} {v}' for n, v in c['versions'].items())}."
        )
    if s := found.get("scale"):
        parts.append(_about(s, f"one run over {s['submissions']} submissions, seed {s['seed']}"))
        rows = [
            "| submissions graded | peak of all processes, MiB (PSS) | peak of the grader's own, MiB (RSS) |",
            "|---|---|---|",
        ]
        rows += [f"| {n} | {p['tree_mib']:.0f} | {p['graders_rss_mib']:.0f} |" for n, p in s["peak_until"].items()]
        parts.append("\n".join(rows))
        each = [s[name] / s["submissions"] for name in ("wall", "cpu", "wall_watched")]
        parts.append(
            f"On one core, unwatched, with start-up: {each[0]:.3f} wall seconds and {each[1]:.3f} CPU seconds per submission. "
            f"On all cores, watched: {each[2]:.3f} wall seconds."
        )
    if t := found.get("torch"):
        about = f"{len(t['rounds']['bare'])} rounds of {t['submissions']} submissions, `libraries = {t['libraries']}`"
        parts.append(_about(t, about.replace("'", '"')))
        rows = ["| PyTorch lab, per submission | wall seconds |", "|---|---|"]
        rows.append(f"| the student's own compute, in a bare fork | {_range(t['rounds']['bare'])} |")
        rows.append(f"| `practicum grade`, start-up shared among all | {_range(t['rounds']['command'])} |")
        rows.append(f"| beyond the student's own compute | {_range(overhead(t, 'command'))} |")
        rows.append(f"| the same without start-up | {_range(overhead(t, 'submission'))} |")
        parts.append("\n".join(rows))
    if shipped := found.get("shipped"):
        rounds = len(next(iter(shipped["labs"].values()))["seconds"])
        parts.append(_about(shipped, f"{rounds} rounds of {shipped['submissions']} copies of each lab's solution"))
        rows = [
            "| lab, per submission without start-up | wall seconds | the submission's own processor time |",
            "|---|---|---|",
        ]
        rows += [f"| {name} | {_range(costs['seconds'])} | {_range(costs['own'])} |" for name, costs in shipped["labs"].items()]
        parts.append("\n".join(rows))
    return "\n\n".join(parts)


def _about(part: dict[str, Any], what: str) -> str:
    return f"{part['date']}, {part['cores']} cores, {part['system']}, Python {part['python']}: {what}."


def missed(found: dict[str, Any]) -> list[str]:
    """Return the floors that these numbers do not reach."""
    wrong = []
    if c := found.get("comparison"):
        wall = median(r["wall"] for r in c["rounds"]["Practicum"])
        if not wall <= WALL_SECONDS:
            wrong.append(f"Practicum takes {wall:.3f} s per submission, at most {WALL_SECONDS} wanted")
        for name, times in TIMES_AS_FAST.items():
            if not (got := median(ratios(c, name))) >= times:
                wrong.append(f"{name} takes {got:.1f} times as long as Practicum, at least {times} wanted")
    if s := found.get("scale"):
        peaks = [p["graders_rss_mib"] for p in s["peak_until"].values()]
        trees = [p["tree_mib"] for p in s["peak_until"].values()]
        if not (peaks[-1] <= FLAT * peaks[0] and trees[-1] <= FLAT * trees[0]):
            wrong.append(f"memory grows from {trees[0]:.0f} to {trees[-1]:.0f} MiB over the run")
        if not (got := s["wall"] / s["submissions"]) <= MANY_SECONDS:
            wrong.append(f"a run of {s['submissions']} takes {got:.3f} s per submission, at most {MANY_SECONDS} wanted")
    for name, seconds in LAB_SECONDS.items() if "shipped" in found else ():
        if not (got := median(found["shipped"]["labs"][name]["seconds"])) <= seconds:
            wrong.append(f"{name} takes {got:.3f} s per submission, at most {seconds} wanted")
    if (t := found.get("torch")) and not (got := median(overhead(t, "command"))) <= TORCH_SECONDS:
        wrong.append(f"a PyTorch lab takes {got:.3f} s beyond the student's own, at most {TORCH_SECONDS} wanted")
    return wrong
