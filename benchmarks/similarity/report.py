"""From numbers to tables and floors."""

from __future__ import annotations

from typing import Any

import numpy as np
from copies.corpora import TITLES
from copies.populations import FEW_ANSWERS, ONE_SOURCE

LARGE, WALL_SECONDS, GIGABYTES = 2000, 60, 1  # at most, for so many submissions

Rows = list[dict[str, Any]]


def exponent(rows: Rows, what: str) -> float:
    """Return the x in "grows as size^x", by least squares on logarithms."""
    return float(np.polyfit(np.log([row["submissions"] for row in rows]), np.log([row[what] for row in rows]), 1)[0])


def tables(found: dict[str, Any]) -> str:
    """Return all that was measured, as Markdown."""
    parts: list[str] = []
    if part := found.get("hidden"):
        classes = {name: some for name in TITLES if (some := [row for row in part["rows"] if row["class"] == name])}
        parts += [_about(part), _copies(classes)]
        if compared := {name: some for name, some in classes.items() if len(some[0]["ranked"]) > 1}:
            parts += [f"Beside {next(iter(compared.values()))[0]['peer']}, the same classes:", _beside(compared)]
    if part := found.get("honest"):
        parts += [_about(part), _honest(part["rows"])]
    if part := found.get("groups"):
        parts += [_about(part), _groups(part["rows"], found.get("before", {}).get("rows", []))]
        parts += [_by_group(part["rows"]), _below(part["rows"]), _merged(part["merged"]), _honest_groups(part["honest"])]
    if part := found.get("scale"):
        parts += [_about(part), _scale(part["rows"])]
    return "\n\n".join(parts)


def _copies(classes: dict[str, Rows]) -> str:
    lines = ["| class | copies first | copies flagged | others flagged | worst copy's p | best other's p |", "|---" * 6 + "|"]
    for name, some in classes.items():
        copies = sum(row["copies"] for row in some)
        first, others = (sum(row["ranked"]["Practicum"][what] for row in some) for what in ("first", "others"))
        flagged = sum(row["flagged"] for row in some)
        worst, best = _p(max(row["copy_p"] for row in some)), _p(min(row["other_p"] for row in some))
        lines.append(f"| {name}, {TITLES[name]} | {first} of {copies} | {flagged} of {copies} | {others} | {worst} | {best} |")
    return "\n".join(lines)


def _beside(classes: dict[str, Rows]) -> str:
    lines = [
        "| class | ranked by | copies first | place of the last copy, by seed | others reported, by seed |",
        "|---" * 5 + "|",
    ]
    for name, some in classes.items():
        copies = sum(row["copies"] for row in some)
        for side in some[0]["ranked"]:
            ranked = [row["ranked"][side] for row in some]
            last, others = (", ".join(f"{one[what]:,}" for one in ranked) for what in ("last", "others"))
            lines.append(f"| {name} | {side} | {sum(one['first'] for one in ranked)} of {copies} | {last} | {others} |")
    return "\n".join(lines)


def _honest(rows: Rows) -> str:
    lines = ["| nobody copied | pairs flagged, by seed | smallest p, by seed |", "|---|---|---|"]
    for kind in dict.fromkeys(row["class"] for row in rows):
        some = [row for row in rows if row["class"] == kind]
        flagged = ", ".join(str(row["ranked"]["Practicum"]["others"]) for row in some)
        least = ", ".join(_p(row["other_p"]) for row in some)
        lines.append(f"| {kind} | {flagged} | {least} |")
    return "\n".join(lines)


def _recall(rows: Rows) -> str:
    """Return which part of a group's pairs is flagged, in the mean over classes."""
    return f"{100 * np.mean([row['flagged'] / row['pairs'] for row in rows]):.0f} %" if rows else ""


def _groups(rows: Rows, before: Rows) -> str:
    depths = list(dict.fromkeys(row["depth"] for row in rows))
    kinds = ", ".join(dict.fromkeys(row["class"] for row in rows))
    flagged = [*depths, "others flagged"]
    lines = [
        f"Pairs flagged within a group that copied, in the mean over classes ({kinds}):",
        "",
        f"| submissions | classes | {' | '.join([*flagged, *(f'before: {what}' for what in flagged)])} |",
        "|---" * (4 + 2 * len(depths)) + "|",
    ]
    for size in sorted({row["size"] for row in rows}):
        some, old = ([row for row in each if row["size"] == size] for each in (rows, before))
        wrong = sum(row["others"] for row in old) if old else ""
        now, then = (
            " | ".join(_recall([row for row in each if row["depth"] == depth]) for depth in depths) for each in (some, old)
        )
        lines.append(f"| {size} | {len(some)} | {now} | {sum(row['others'] for row in some)} | {then} | {wrong} |")
    return "\n".join(lines)


def _by_group(rows: Rows) -> str:
    depths = list(dict.fromkeys(row["depth"] for row in rows))
    parts = (
        ("at most a quarter of the class", 0.0, 0.25),
        ("up to half of it", 0.25, 0.5),
        ("more than half of it", 0.5, 1.0),
    )
    lines = [f"| the group is | classes | {' | '.join(depths)} |", "|---" * (2 + len(depths)) + "|"]
    for title, low, high in parts:
        if some := [row for row in rows if low < row["group"] / row["size"] <= high]:
            shares = " | ".join(_recall([row for row in some if row["depth"] == depth]) for depth in depths)
            lines.append(f"| {title} | {len(some)} | {shares} |")
    return "\n".join(lines)


def _below(rows: Rows) -> str:
    """Return the classes in which not every pair of the group is flagged."""
    short = [row for row in rows if row["flagged"] < row["pairs"]]
    lines = [
        f"Of {len(rows)} classes, {len(rows) - len(short)} have all pairs of the group flagged; the others are:",
        "",
        "| class | submissions | group | disguise | pairs flagged |",
        "|---" * 5 + "|",
    ]
    for row in short:
        part = f"{row['flagged']} of {row['pairs']}"
        lines.append(f"| {row['class']} | {row['size']} | {row['group']} | {row['depth']} | {part} |")
    return "\n".join(lines) if short else f"In all {len(rows)} classes every pair of the group is flagged."


def _merged(rows: Rows) -> str:
    lines = [
        "One work made of half of the functions of each of two others:",
        "",
        "| class | disguise | classes | submissions | first with both | flagged with both | with neither | others flagged |",
        "|---" * 8 + "|",
    ]
    for kind, depth in dict.fromkeys((row["class"], row["depth"]) for row in rows):
        some = [row for row in rows if (row["class"], row["depth"]) == (kind, depth)]
        sizes = ", ".join(str(size) for size in sorted({row["size"] for row in some}))
        first, both, none = (
            sum(row[what] == count for row in some) for what, count in (("first", 2), ("flagged", 2), ("flagged", 0))
        )
        others = sum(row["others"] for row in some)
        lines.append(f"| {kind} | {depth} | {len(some)} | {sizes} | {first} | {both} | {none} | {others} |")
    return "\n".join(lines)


def _honest_groups(rows: Rows) -> str:
    lines = [
        "| nobody copied | classes | submissions | pairs flagged | classes with p < 0.1 | smallest p | said to be too short |",
        "|---" * 7 + "|",
    ]
    for kind in dict.fromkeys(row["class"] for row in rows):
        some = [row for row in rows if row["class"] == kind]
        sizes, low = [row["size"] for row in some], sum(row["p"] < 0.1 for row in some)
        flagged, short = sum(row["flagged"] for row in some), sum(row["note"] for row in some)
        least = _p(min(row["p"] for row in some))
        lines.append(f"| {kind} | {len(some)} | {min(sizes)} to {max(sizes)} | {flagged} | {low} | {least} | {short} |")
    return "\n".join(lines)


def _scale(rows: Rows) -> str:
    costs = ("reading", "comparing", "wall", "cpu", "peak_mib")
    lines = ["| submissions | reading, s | comparing, s | whole, s | CPU, s | peak memory, MiB | flagged |", "|---" * 7 + "|"]
    for row in rows:
        seconds = " | ".join(f"{row[what]:.1f}" for what in costs[:-1])
        lines.append(f"| {row['submissions']:,} | {seconds} | {row['peak_mib']:.0f} | {row['flagged']} |")
    if len(rows) > 1:
        lines.append(f"| grows as size to the | {' | '.join(f'{exponent(rows, what):.2f}' for what in costs)} | |")
    return "\n".join(lines)


def _about(part: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in part["versions"].items())
    return f"{part['date']}, {part['cores']} cores, {part['system']}, {versions}, load before {part['load']:.1f}: {part['what']}."


def _p(value: float) -> str:
    return f"{value:.1g}" if value >= 1e-15 else "< 1e-15"


def missed(found: dict[str, Any]) -> list[str]:
    """Return the floors that these numbers do not reach."""
    wrong = []
    for row in (row for part in ("hidden", "honest") for row in found.get(part, {}).get("rows", [])):
        mine, copies = row["ranked"]["Practicum"], row.get("copies", 0)
        where = f"{row['class']}, seed {row['seed']}"
        if mine["first"] < copies:
            wrong.append(f"{where}: {mine['first']} of {copies} copies come first, the last at {mine['last']}")
        if mine["others"]:
            wrong.append(f"{where}: {mine['others']} pairs flagged that are no copies")
    if part := found.get("groups"):
        wrong += _missed_groups(part["rows"], part["honest"])
    for row in found.get("scale", {}).get("rows", []):
        if row["submissions"] <= LARGE and not (row["wall"] < WALL_SECONDS and row["peak_mib"] * 2**20 < GIGABYTES * 1e9):
            cost = f"{row['wall']:.0f} s and {row['peak_mib']:.0f} MiB"
            wrong.append(f"{row['submissions']} submissions take {cost}, under {WALL_SECONDS} s and {GIGABYTES} GB wanted")
    return wrong


def _missed_groups(rows: Rows, honest: Rows) -> list[str]:
    wrong = []
    depths = list(dict.fromkeys(row["depth"] for row in rows))
    for depth, least, smallest in ((depths[0], 0.95, 8), (depths[1], 0.95, 8), (depths[-1], 0.90, 20)):
        for size in sorted({row["size"] for row in rows if row["size"] >= smallest}):
            some = [row["flagged"] / row["pairs"] for row in rows if (row["size"], row["depth"]) == (size, depth)]
            if some and np.mean(some) < least:
                wrong.append(f"{depth}, classes of {size}: {np.mean(some):.0%} flagged, {least:.0%} wanted")
    honest = [row for row in honest if row["class"] not in (FEW_ANSWERS, ONE_SOURCE)]
    flagged = sum(row["flagged"] for row in honest)
    if flagged > len(honest) / 200:
        wrong.append(f"{flagged} pairs flagged in {len(honest)} honest classes, one in 200 classes wanted at most")
    return wrong
