"""A mutant: the library with one planted bug, and the tests that have to see it.

Mutants stand in `by_hand/FOLDER.toml` and `generated/FOLDER.toml`, FOLDER being a folder of `src/practicum`:

    [[mutant]]
    name = "ema-warm-up"                  # unique in the folder
    says = "The average has no warm-up"   # what is wrong
    file = "training/ema.py"              # below src/practicum
    old = "min(self.decay,"               # stands exactly once in the file
    new = "max(self.decay,"
    tests = ["tests/training/test_loop.py"]
"""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from practicum.errors import PracticumError
from practicum.toml import Document

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SOURCE = Path("src", "practicum")
FOLDERS = ("autograd", "classic", "data", "methods", "models", "recipes", "training")
KINDS = ("by_hand", "generated")

Text = Annotated[str, Field(min_length=1)]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]+$")]
    says: Text
    file: Text
    old: Text
    new: str
    tests: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    mutant: Annotated[tuple[_Entry, ...], Field(strict=False)] = ()


@dataclass(frozen=True)
class Mutant:
    """One planted bug.

    Attributes:
        name: folder and name: `training/ema-warm-up`.
        kind: `by_hand` or `generated`.
        says: what is wrong, in words.
        file: the source file, from the repository's root.
        old, new: what is replaced, and by what.
        tests: test files that have to see it, from the repository's root.
        place: file and line where it is written down.
    """

    name: str
    kind: str
    says: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    place: str

    @property
    def folder(self) -> str:
        """Return the library's folder that the bug is in."""
        return self.name.partition("/")[0]

    def applied(self, root: Path) -> str:
        """Return the source file's text with the bug in it.

        Raises:
            PracticumError: the file is missing, `old` does not stand in it exactly once, or the result is not Python.
        """
        path = root / self.file
        if not path.is_file():
            raise PracticumError(f"{self.place}: expected the file {self.file}, got nothing there; correct `file`")
        text = path.read_text(encoding="utf-8")
        if (count := text.count(self.old)) != 1:
            raise PracticumError(
                f"{self.place}: expected `old` exactly once in {self.file}, got it {count} times; "
                f"{'shorten or correct' if not count else 'lengthen'} `old`: {self.old!r}"
            )
        changed = text.replace(self.old, self.new)
        try:
            same = _program(changed) == _program(text)
        except SyntaxError as error:
            raise PracticumError(f"{self.place}: expected `new` to leave Python in {self.file}, got: {error}") from None
        if same:
            raise PracticumError(f"{self.place}: expected `new` to change what {self.file} does, got the same program")
        return changed

    def fingerprint(self, root: Path) -> str:
        """Return a hash of what the outcome depends on: the change, the file it is made in, and the tests."""
        digest = hashlib.sha256("\0".join((self.file, self.old, self.new, *self.tests)).encode())
        for name in (self.file, *(test.partition("::")[0] for test in self.tests)):
            digest.update((root / name).read_bytes())
        return digest.hexdigest()[:16]


@lru_cache(maxsize=64)
def _program(text: str) -> str:
    """Return what a file's text does, whatever its layout and comments."""
    return ast.dump(ast.parse(text))


def read_mutants(root: Path = ROOT, here: Path = HERE) -> list[Mutant]:
    """Return all mutants, by name.

    Raises:
        PracticumError: some are wrong, or do not fit their source files; a line each names file and line.
    """
    found: dict[str, Mutant] = {}
    mistakes: list[str] = []
    for kind in KINDS:
        for path in sorted((here / kind).glob("*.toml")):
            document = Document.read(path)
            for at, entry in enumerate(document.into(_File).mutant):
                place, name = document.place("mutant", at, "name"), f"{path.stem}/{entry.name}"
                mutant = Mutant(
                    name, kind, entry.says, (SOURCE / entry.file).as_posix(), entry.old, entry.new, entry.tests, place
                )  # fmt: skip
                gone = [test for test in entry.tests if not (root / test.partition("::")[0]).is_file()]
                try:
                    if name in found:
                        raise PracticumError(f"{place}: expected a new name, got {entry.name!r} as in {found[name].place}")
                    if not entry.file.startswith(f"{path.stem}/"):
                        raise PracticumError(f"{place}: expected a file in {path.stem}/, got {entry.file!r}; move it there")
                    if gone:
                        raise PracticumError(f"{place}: expected a test file, got nothing at {gone[0]}; correct `tests`")
                    mutant.applied(root)
                    found[name] = mutant
                except PracticumError as error:
                    mistakes.append(str(error))
    if mistakes:
        raise PracticumError("\n".join(mistakes))
    return [found[name] for name in sorted(found)]
