"""The library beside its peers: `python benchmarks/library.py [FAMILY…] [--write]`.

Each file of `benchmarks/library/` has `rows()`; both sides of a row run in turns in one process, on two threads. One row, by a
part of its name: `python benchmarks/library.py recurrent --only "LSTM, derivative"`. Floors that are missed are named at the end,
with exit code 1.
"""

import argparse
import importlib
import json
import os
import platform
import statistics
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import readme
import torch
from interleave import HEAD, measure

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "library.json"


def main() -> int:
    """Measure the families, print their table and, with --write, keep the numbers and put the table into README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    families = sorted(path.stem for path in (HERE / "library").glob("*.py") if path.stem != "__init__")
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=f"some of: {', '.join(families)}; by default all")
    parser.add_argument("--only", default="", help="only rows whose name contains this")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--write", action="store_true", help="keep the numbers in results/library.json and the table in README.md"
    )
    args = parser.parse_args()
    if unknown := set(args.families) - set(families):
        parser.error(f"no family {', '.join(sorted(unknown))}; there are: {', '.join(families)}")
    torch.set_num_threads(args.threads)
    print(HEAD)
    missed: list[str] = []
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for family in args.families or families:
        if not args.only:  # rows that are no more
            kept = {key: value for key, value in kept.items() if not key.startswith(f"{family}: ")}
        for row in importlib.import_module(f"library.{family}").rows():
            if args.only not in row.name:
                continue
            measured = measure(row, rounds=args.rounds)
            print(measured.line(), flush=True)
            if row.floor is not None and measured.ratio < row.floor:
                missed.append(f"{row.name}, beside {row.peer}: {measured.ratio:.2f}, below {row.floor:g}")
            kept[f"{family}: {row.name}; {row.peer}"] = {
                "line": measured.line(), "ratio": measured.ratio, "floor": row.floor,
                "rounds": args.rounds, "threads": args.threads,
                "ours_ms": 1000 * statistics.median(measured.ours), "peer_ms": 1000 * statistics.median(measured.peers),
                "date": datetime.now(UTC).strftime("%Y-%m-%d"), "load": round(os.getloadavg()[0], 1),
                "versions": {"python": platform.python_version(), "torch": version("torch").split("+")[0]},
            }  # fmt: skip
    if args.write:
        RESULTS.write_text(json.dumps(dict(sorted(kept.items())), indent=1, ensure_ascii=False) + "\n")
        readme.put("library", "\n".join([HEAD, *(kept[key]["line"] for key in sorted(kept))]))
    print(*("floor missed: " + each for each in missed), sep="\n", end="\n" if missed else "", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
