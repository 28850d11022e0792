"""Generated mutants: `python -m tests.mutants.generate` draws mechanical changes with a seed, so that tests are not written to
bugs of their author's own choice.

A change is drawn by a hash of the seed and of what it is: other code may change, and the draw stays nearly the same. At most two
are in one function, and kinds of slips and files take turns. Equivalent changes, which no test can see because the program
computes the same, stand in `equivalent.toml` with the reason, and the next ones in the draw take their places.
"""

from __future__ import annotations

import argparse
import fnmatch
import hashlib
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from practicum.errors import PracticumError
from practicum.toml import Document
from tests.mutants.changes import Change, changes
from tests.mutants.mutant import FOLDERS, HERE, ROOT, SOURCE, Text

SEED = 12
EACH = 26  # of a folder


class _Watchers(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    tests: dict[str, list[Text]]


class _Equivalent(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    file: Text
    says: Text
    reason: Text


class _Equivalents(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    equivalent: Annotated[list[_Equivalent], Field(default_factory=list)]


def main(arguments: list[str] | None = None) -> int:
    """Write `generated/FOLDER.toml` for every folder anew."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants.generate", description="Draw the generated mutants anew.")
    parser.add_argument("--folder", choices=FOLDERS, help="only this folder of the library")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the draw (default {SEED}, whose mutants are kept)")
    parser.add_argument("--each", type=int, default=EACH, help=f"mutants per folder (default {EACH})")
    chosen = parser.parse_args(arguments)
    try:
        for folder in [chosen.folder] if chosen.folder else FOLDERS:
            text = drawn(folder, chosen.seed, chosen.each)
            (HERE / "generated").mkdir(exist_ok=True)
            (HERE / "generated" / f"{folder}.toml").write_text(text, encoding="utf-8")
            print(f"{folder}: {text.count('[[mutant]]')} mutants")
    except PracticumError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def drawn(folder: str, seed: int, each: int, root: Path = ROOT, here: Path = HERE) -> str:
    """Return the generated mutants of a folder as TOML.

    Args:
        folder: of the library.
        seed: of the draw.
        each: how many.
        root: the tree.
        here: where `watchers.toml` and `equivalent.toml` stand.

    Raises:
        PracticumError: `equivalent.toml` names a change that there is no more.
    """
    watchers = Document.read(here / "watchers.toml").into(_Watchers).tests
    document = Document.read(here / "equivalent.toml")
    left_out = {
        (entry.file, entry.says): document.place("equivalent", at)
        for at, entry in enumerate(document.into(_Equivalents).equivalent) if entry.file.startswith(f"{folder}/")
    }  # fmt: skip
    met: set[tuple[str, str]] = set()
    candidates: list[tuple[str, str, str, Change, list[str]]] = []
    for path in sorted((root / SOURCE / folder).rglob("*.py")):
        name = path.relative_to(root / SOURCE).as_posix()
        tests = next((tests for pattern, tests in watchers.items() if fnmatch.fnmatchcase(name, pattern)), [])
        if not tests or path.name == "__init__.py":
            continue
        text = path.read_text(encoding="utf-8")
        for change in changes(text):
            if (name, change.says) in left_out:
                met.add((name, change.says))
            elif _snippet(text, change) is not None:
                key = hashlib.sha256(f"{seed} {name} {change.function} {change.kind} {change.says}".encode()).hexdigest()
                candidates.append((key, name, text, change, tests))
    if gone := [place for entry, place in left_out.items() if entry not in met]:
        raise PracticumError(
            "\n".join(f"{place}: expected a change of the generator's, got none like it; delete it" for place in gone)
        )
    candidates.sort(key=lambda candidate: candidate[0])
    files, kinds, functions, names = Counter[str](), Counter[str](), Counter[tuple[str, str]](), Counter[str]()
    lines = [f"# Drawn by `python -m tests.mutants.generate` with seed {seed}; see `equivalent.toml` for what was left out.\n"]
    while candidates and sum(names.values()) < each:
        # The rarest kind, then the rarest file so far; among those the draw decides.
        _, name, text, change, tests = best = min(candidates, key=lambda one: (kinds[one[3].kind], files[one[1]], one[0]))
        candidates.remove(best)
        if functions[name, change.function] >= 2:
            continue
        kinds[change.kind] += 1
        files[name] += 1
        functions[name, change.function] += 1
        stem = f"{Path(name).stem}-{change.function.rpartition('.')[2].strip('_') or 'module'}-{change.kind}".lower().lstrip("_")
        names[stem] += 1
        called = stem if names[stem] == 1 else f"{stem}-{names[stem]}"
        lines.append(_entry(called, name, change, *(_snippet(text, change) or ("", "")), tests))
    return "\n".join(lines)


def _snippet(text: str, change: Change) -> tuple[str, str] | None:
    """Return the lines around a change that stand once in the file, before and after it; None where ten lines are not enough."""
    start, end = text.rfind("\n", 0, change.start) + 1, text.find("\n", change.end)
    for _ in range(10):
        old = text[start:end]
        if text.count(old) == 1:
            return old, text[start : change.start] + change.new + text[change.end : end]
        start = text.rfind("\n", 0, max(start - 1, 0)) + 1
    return None


def _entry(called: str, name: str, change: Change, old: str, new: str, tests: list[str]) -> str:
    return "\n".join([
        "[[mutant]]",
        f"name = {_quoted(called)}",
        f"says = {_quoted(change.says)}",
        f"file = {_quoted(name)}",
        f"old = {_quoted(old)}",
        f"new = {_quoted(new)}",
        f"tests = [{', '.join(map(_quoted, tests))}]",
        "",
    ])  # fmt: skip


def _quoted(text: str) -> str:
    """Return a TOML string: as it stands between ''' where that can be, else with escapes."""
    if "'''" not in text and not text.endswith("'") and ("\n" in text or '"' in text or "\\" in text):
        return f"'''\n{text}'''"
    return json.dumps(text, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
