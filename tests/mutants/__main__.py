"""`python -m tests.mutants`: plant each bug in a copy of the tree and demand a red test from the file that should see it."""

from __future__ import annotations

import argparse
import fnmatch
import signal
import sys
from types import FrameType

from tqdm import tqdm

from practicum.errors import PracticumError
from tests.mutants.generate import SEED
from tests.mutants.mutant import FOLDERS, ROOT, Mutant, read_mutants
from tests.mutants.table import Row, by_folder, faults, read_rows, today, write_page, write_rows
from tests.mutants.trial import Outcome, try_all


def main(arguments: list[str] | None = None) -> int:
    """Try the mutants that are asked for and have no current outcome; return 1 where the tests see too little."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants",
        description="Plant each bug of tests/mutants/ in a copy of the tree, one at a time, and demand a red test from the "
        "file that should see it. An outcome is kept in tests/mutants/results.csv and holds until the bug, its source file "
        "or its test file changes; so a run that was stopped goes on. Ends with 1 below 97 %% seen, or with more than one "
        "survivor in a folder.",
    )
    parser.add_argument("--folder", choices=FOLDERS, help="only this folder of the library")
    parser.add_argument("--only", metavar="NAME", help="only bugs with this name; * stands for anything: 'training/*', '*ema*'")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time (default 2; each takes about 1 GB)")
    parser.add_argument("--fresh", action="store_true", help="try also what has a current outcome")
    parser.add_argument("--survivors", action="store_true", help="of those with an outcome, try the survivors again")
    chosen = parser.parse_args(arguments)
    if chosen.jobs < 1:
        parser.error(f"argument --jobs: expected at least 1, got {chosen.jobs}")
    try:
        mutants = read_mutants()
        asked = [
            mutant for mutant in mutants
            if chosen.folder in (None, mutant.folder) and (not chosen.only or _named(mutant, chosen.only))
        ]  # fmt: skip
        if not asked:
            raise PracticumError(f"expected a bug that fits --folder and --only, got none of {len(mutants)}")
        rows = {name: row for name, row in read_rows().items() if name in {mutant.name for mutant in mutants}}
        prints = {mutant.name: mutant.fingerprint(ROOT) for mutant in mutants}
        todo = [
            mutant for mutant in asked
            if chosen.fresh or mutant.name not in rows or rows[mutant.name].fingerprint != prints[mutant.name]
            or (chosen.survivors and rows[mutant.name].outcome == "survived")
        ]  # fmt: skip
        if todo:
            _try(todo, rows, prints, chosen.jobs)
        write_rows(rows)
        judged = [rows[mutant.name] for mutant in asked]
        waiting = sum(mutant.name not in rows or rows[mutant.name].fingerprint != prints[mutant.name] for mutant in mutants)
        write_page(list(rows.values()), waiting, SEED)
    except PracticumError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; what is done is kept, and the same command goes on", file=sys.stderr)
        return 130
    for folder, count, seen, survivors in by_folder(judged):
        print(f"{folder:<10}{count:5} planted{seen:5} seen   {', '.join(survivors)}")
    found = faults(judged)
    print(*found, sep="\n", file=sys.stderr)
    return 1 if found else 0


def _named(mutant: Mutant, pattern: str) -> bool:
    return fnmatch.fnmatchcase(mutant.name, pattern) or fnmatch.fnmatchcase(mutant.name.partition("/")[2], pattern)


def _interrupt(number: int, frame: FrameType | None) -> None:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)  # a second one would stop the cleaning up
    raise KeyboardInterrupt


def _try(todo: list[Mutant], rows: dict[str, Row], prints: dict[str, str], jobs: int) -> None:
    with tqdm(total=len(todo), unit="bug", disable=None, leave=False) as bar:

        def done(outcome: Outcome) -> None:
            mutant = outcome.mutant
            verdict = "seen" if outcome.seen else "survived"
            rows[mutant.name] = Row(mutant.name, mutant.kind, verdict, outcome.red, prints[mutant.name], today())
            write_rows(rows)
            bar.update()
            if not outcome.seen:
                bar.write(f"survived: {mutant.name} ({mutant.place}): {mutant.says}", file=sys.stderr)

        try_all(todo, min(jobs, len(todo)), done)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    sys.exit(main())
