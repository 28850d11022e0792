"""Finding copies: which of the planted ones are found, beside copydetect; false alarms; time and memory of large classes.

    python benchmarks/similarity.py                 copies hidden in six kinds of classes, and classes in which nobody copied
    python benchmarks/similarity.py --groups        groups that copied in classes of 8 to 200, and honest classes of many kinds
    python benchmarks/similarity.py --scale         time and memory for 250 to 2,000 submissions
    python benchmarks/similarity.py --all --write   all, kept in benchmarks/results/similarity.json and benchmarks/README.md

copydetect lives in `.venv-bench`, which the first run makes from benchmarks/requirements.txt; `--no-peer` does without it.
Exit code 1: a floor is missed; 2: a command failed.
"""

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import readme
from copies.corpora import TITLES, Corpus, corpus, independent
from grading import install
from grading.graders import PEERS, environment
from grading.meter import CommandFailed, memory, run
from rich.console import Console
from similarity import groups, report
from tqdm import tqdm

from practicum.integrity.compare import compare
from practicum.integrity.submissions import read_submission

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "similarity.json"
WITH_PEER = "ABC"  # plain programs and no handout; copydetect reads no notebooks
SETTINGS = ((25, 25), (15, 15))  # noise and guarantee threshold of copydetect; the first are its defaults
CORES = set(sorted(os.sched_getaffinity(0))[:2])


def ranking(ranked: Sequence[frozenset[str]], planted: Sequence[tuple[str, str]], others: int) -> dict[str, int]:
    """Return how many copies are among the first, as many as there are copies; the place of the last; how many others are
    reported.
    """
    order = {pair: place for place, pair in enumerate(ranked, 1)}
    at = [order.get(frozenset(pair), len(ranked) + 1) for pair in planted]
    return {"first": sum(place <= len(at) for place in at), "last": max(at, default=0), "others": others}


def ours(students: Corpus) -> dict[str, Any]:
    """Compare a class: the ranking, how many copies are flagged, and how sure of copies and others."""
    works = [read_submission(student, files) for student, files in students.files.items()]
    found = compare(works, [read_submission("", {"network.py": students.given})] if students.given else []).found
    pairs = {frozenset((works[one.pair.first].student, works[one.pair.second].student)): one for one in found}
    planted = {frozenset(pair) for pair in students.planted}
    others = [pairs[pair] for pair in pairs.keys() - planted]
    return {
        "ranked": {"Practicum": ranking(list(pairs), students.planted, sum(one.flagged for one in others))},
        "flagged": sum(pairs[pair].flagged for pair in planted & pairs.keys()),
        "copy_p": max((pairs[pair].pair.p if pair in pairs else 1.0 for pair in planted), default=1.0),
        "other_p": min((one.pair.p for one in others), default=1.0),
    }


def peers(students: Corpus, folder: Path) -> tuple[dict[str, dict[str, int]], str]:
    """Return rank the same class by copydetect, in each of its settings; where similarities are equal, copies come first."""
    for student, files in students.files.items():
        (folder / f"{student}.py").write_bytes(files["network.py"])
    binaries, planted = PEERS / "copydetect" / "bin", {frozenset(pair) for pair in students.planted}
    env = environment(folder.parent, binaries) | {"PYTHONHASHSEED": "0"}  # it uses Python's own hash
    found, said = {}, {}
    for noise, guarantee in SETTINGS:
        command = [str(binaries / "python"), str(HERE / "similarity" / "peer.py"), str(folder), str(noise), str(guarantee)]
        said = json.loads(run(command, cwd=folder.parent, env=env).output.splitlines()[-1])
        pairs = sorted((-similarity, frozenset(pair) not in planted, pair) for similarity, *pair in said["pairs"])
        others = sum(other and -negative > said["display_t"] for negative, other, _ in pairs)
        ranked = [frozenset(pair) for *_, pair in pairs]
        found[f"copydetect, {noise}/{guarantee}"] = ranking(ranked, students.planted, others)
    return found, f"copydetect {said['version']}"


def hidden(corpora: str, seeds: int, size: int, peer: bool) -> report.Rows:
    """Return classes with five copies each."""
    rows, wanted = [], [(name, seed) for name in corpora for seed in range(seeds)]
    for name, seed in tqdm(wanted, desc="classes with copies", leave=False):
        students = corpus(name, seed, size)
        row = {"class": name, "seed": seed, "copies": len(students.planted), **ours(students)}
        if peer and name in WITH_PEER:
            with tempfile.TemporaryDirectory(prefix="practicum-benchmark-") as home:
                (folder := Path(home) / "class").mkdir()
                ranked, row["peer"] = peers(students, folder)
                row["ranked"] |= ranked
        rows.append(row)
    return rows


def honest(seeds: int, size: int) -> report.Rows:
    """Return classes in which nobody copied."""
    wanted = [(kind, seed) for kind in ("diverse", "few templates") for seed in range(seeds)]
    return [
        {"class": kind, "seed": seed, **ours(independent(seed, size, templates=kind == "few templates"))}
        for kind, seed in tqdm(wanted, desc="classes without", leave=False)
    ]


def scale(sizes: Sequence[int]) -> report.Rows:
    """Return classes in which nobody copied, each a process of its own that is watched: the larger hold the smaller."""
    with tempfile.TemporaryDirectory(prefix="practicum-benchmark-") as home:
        lab, folder = Path(home) / "network", Path(home) / "submitted"
        for name, text in {
            "lab.toml": 'title = "Network"\npoints = 1\nsubmit = ["network.py"]\n', "README.md": "# Network\n",
            "source/network.py": "pass\n", "checks/test_network.py": "pass\n",
        }.items():  # fmt: skip
            (lab / name).parent.mkdir(parents=True, exist_ok=True)
            (lab / name).write_text(text)
        folder.mkdir()
        rows: report.Rows = []
        with tqdm(total=len(sizes) + 1, desc="writing submissions", leave=False) as bar:
            waiting = iter(independent(0, max(sizes)).files.items())
            written = 0
            for size in sorted(sizes):
                for student, files in (next(waiting) for _ in range(size - written)):
                    (folder / f"{student}.py").write_bytes(files["network.py"])
                written = size
                bar.update()
                bar.set_description(f"{size} submissions")
                rows.append(_watched(lab, folder))
        return rows


def _watched(lab: Path, folder: Path) -> dict[str, Any]:
    peak = 0.0

    def look(pid: int) -> None:
        nonlocal peak
        peak = max(peak, memory(pid))

    command = [sys.executable, str(HERE / "similarity" / "once.py"), str(lab), str(folder)]
    env = environment(folder.parent, Path(sys.executable).parent)
    cost = run(command, cwd=folder.parent, env=env, cores=CORES, watch=look, interval=0.1)
    return {**json.loads(cost.output.splitlines()[-1]), "wall": cost.wall, "cpu": cost.cpu, "peak_mib": peak}


def _classes(size: int, seeds: int) -> dict[str, Any]:
    which = f"seeds 0 to {seeds - 1}" if seeds > 1 else "seed 0"
    return {"load": os.getloadavg()[0], "what": f"classes of {size}, {which}"}


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--groups", action="store_true", help="groups that copied in classes of every size, and honest classes")
    parser.add_argument("--scale", action="store_true", help="time and memory of large classes")
    parser.add_argument("--all", action="store_true", help="copies, false alarms, --groups and --scale")
    parser.add_argument("--write", action="store_true", help="keep the numbers in the JSON file and the tables of README.md")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="classes of each kind (3)")
    parser.add_argument("--corpora", default="".join(TITLES), metavar="LETTERS", help=f"some of {''.join(TITLES)} (all)")
    parser.add_argument("--size", type=int, default=100, metavar="N", help="students of a class with copies (100)")
    parser.add_argument("--honest", type=int, default=200, metavar="N", help="students of a class in which nobody copied (200)")
    parser.add_argument("--sizes", type=int, nargs="+", default=[250, 500, 1000, report.LARGE], metavar="N", help="of --scale")
    parser.add_argument("--no-peer", action="store_true", help="leave copydetect out")
    asked = parser.parse_args()
    if not set(asked.corpora) <= set(TITLES):
        parser.error(f"--corpora: expected letters of {''.join(TITLES)}, got {asked.corpora}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the folders are removed
    console = Console()
    versions = {"Python": platform.python_version(), **{name: version(name) for name in ("practicum", "numpy", "scipy")}}
    about = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "cores": len(CORES), "system": platform.system(), "versions": versions}
    found: dict[str, Any] = {}
    try:
        if asked.all or not (asked.scale or asked.groups):
            if not asked.no_peer and set(asked.corpora) & set(WITH_PEER):
                install.peers(console, "copydetect")
            found["hidden"] = about | _classes(asked.size, asked.seeds)
            found["hidden"]["rows"] = hidden(asked.corpora, asked.seeds, asked.size, not asked.no_peer)
            found["honest"] = about | _classes(asked.honest, asked.seeds)
            found["honest"]["rows"] = honest(asked.seeds, asked.honest)
        if asked.all or asked.groups:
            what = f"one pool of programs of each kind, seed {groups.SEED}"
            found["groups"] = about | {"load": os.getloadavg()[0], "what": what}
            found["groups"] |= groups.measured()
        if asked.all or asked.scale:
            found["scale"] = about | {"load": os.getloadavg()[0], "what": "one run each, seed 0"}
            found["scale"]["rows"] = scale(asked.sizes)
    except CommandFailed as error:
        console.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        return 2
    except KeyboardInterrupt:
        console.print("Stopped; nothing is kept.")
        return 130
    console.print(report.tables(found), markup=False, highlight=False, soft_wrap=True)
    if asked.write:
        kept = (json.loads(RESULTS.read_text()) if RESULTS.exists() else {}) | found
        RESULTS.write_text(json.dumps(kept, indent=1) + "\n")
        readme.put("similarity", report.tables(kept))
    wrong = report.missed(found)
    for floor in wrong:
        console.print(f"missed: {floor}", style="red", markup=False, highlight=False)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
