"""The answers that try a lab's checks, beside its solution.

Mutants are planted wrong answers, alternatives are right answers written differently, and cheats are submissions that earn
points without the work: together they show the checks neither blind nor narrow nor easily deceived.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from practicum.errors import PracticumError, suggestion
from practicum.labs.handout import read_source, solution_files
from practicum.labs.lab import Lab, files_in, source_name
from practicum.toml import Document

Text = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True)
class Variant:
    """A submission made from the solution.

    Attributes:
        name: of its file or folder.
        title: what it is, in words.
        loses: the checks that a mutant must lose points at; none for other variants.
        files: all that is submitted.
        most: the points that a cheat may earn at most; None for other variants.
        learns: whether a cheat learns something from the training data.
    """

    name: str
    title: str
    loses: tuple[str, ...]
    files: dict[str, bytes]
    most: Decimal | None = None
    learns: bool = False


class _Edit(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    file: Text
    find: Text
    replace: str


class _Alternative(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    title: Text
    edit: Annotated[tuple[_Edit, ...], Field(strict=False, min_length=1)]


class _Mutant(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    title: Text
    loses: Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]
    edit: Annotated[tuple[_Edit, ...], Field(strict=False, min_length=1)]


class _Ceiling(BaseModel):
    """What is said of a cheat that is written as whole files, in its `cheat.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    title: Text
    most: Annotated[Decimal, Field(strict=False, ge=0, allow_inf_nan=False)]
    learns: bool = False


class _Cheat(_Ceiling):
    edit: Annotated[tuple[_Edit, ...], Field(strict=False, min_length=1)]


CEILING = "cheat.toml"
"""In a cheat's folder: the file that says its title and its ceiling."""


def load_mutants(lab: Lab) -> list[Variant]:
    """Return the mutants in `bugs/`, by name.

    Raises:
        PracticumError: One of them is wrong; the message names file and line.
    """
    variants = []
    for path in sorted((lab.folder / "bugs").glob("*.toml")):
        document = Document.read(path)
        mutant = document.into(_Mutant)
        variants.append(Variant(path.stem, mutant.title, mutant.loses, _edited(lab, document, mutant.edit)))
    return variants


def load_alternatives(lab: Lab) -> list[Variant]:
    """Return the correct answers written differently in `alternatives/`, by name.

    Raises:
        PracticumError: One of them is wrong; the message names file and line.
    """
    folder = lab.folder / "alternatives"
    found = []
    for path in folder.glob("*.toml"):
        document = Document.read(path)
        alternative = document.into(_Alternative)
        found.append(Variant(path.stem, alternative.title, (), _edited(lab, document, alternative.edit)))
    for path in _folders(folder):
        found.append(Variant(path.name, path.name.replace("-", " ").replace("_", " "), (), _replaced(lab, path)))
    return sorted(found, key=lambda each: each.name)


def load_cheats(lab: Lab) -> list[Variant]:
    """Return the cheats in `cheats/`, by name: submissions that earn points without the work, and how many they may earn.

    Raises:
        PracticumError: One of them is wrong; the message names file and line.
    """
    folder = lab.folder / "cheats"
    found = []
    for path in folder.glob("*.toml"):
        document = Document.read(path)
        cheat = document.into(_Cheat)
        files = _edited(lab, document, cheat.edit)
        found.append(Variant(path.stem, cheat.title, (), files, cheat.most, cheat.learns))
    for path in _folders(folder):
        about = Document.read(path / CEILING).into(_Ceiling)
        found.append(Variant(path.name, about.title, (), _replaced(lab, path, besides=CEILING), about.most, about.learns))
    return sorted(found, key=lambda each: each.name)


def ceiling_place(lab: Lab, cheat: Variant) -> str:
    """Return file and line of a cheat's `most`."""
    path = lab.folder / "cheats" / f"{cheat.name}.toml"
    return Document.read(path if path.is_file() else lab.folder / "cheats" / cheat.name / CEILING).place("most")


def _folders(folder: Path) -> Iterator[Path]:
    """Yield the variants that are folders.

    Raises:
        PracticumError: One has the name of a variant that is a file.
    """
    for path in folder.glob("*/"):
        if path.name.startswith((".", "__")) or not path.is_dir():
            continue
        if (folder / f"{path.name}.toml").exists():
            raise PracticumError(f"{path}: expected one variant of this name, got {path.name}.toml as well")
        yield path


def _replaced(lab: Lab, folder: Path, besides: str = "") -> dict[str, bytes]:
    """Return what is submitted where the files of a folder, but for the one named `besides`, replace those of `source/`."""
    changed = {}
    for name, file in files_in(folder):
        if name == besides:
            continue
        _must_be_submitted(lab, name, str(file))
        changed[name] = file.read_text(encoding="utf-8")
        if (error := _syntax_error(changed[name])) and not _syntax_error(read_source(lab, name)):
            raise PracticumError(f"{file}:{error.lineno}: expected valid Python, got: {error.msg}")
    if not changed:
        got = f"nothing but {besides}" if besides else "an empty folder"
        raise PracticumError(f"{folder}: expected files that replace those of source/, got {got}")
    return solution_files(lab, changed)


def _edited(lab: Lab, document: Document, edits: tuple[_Edit, ...]) -> dict[str, bytes]:
    """Return what is submitted after the edits; later ones see what earlier ones did."""
    changed: dict[str, str] = {}
    for index, edit in enumerate(edits):
        _must_be_submitted(lab, edit.file, document.place("edit", index, "file"))
        text = changed.get(edit.file) or read_source(lab, edit.file)
        count = text.count(edit.find)
        where = document.place("edit", index, "find")
        if count != 1:
            lines = [str(text.count("\n", 0, at) + 1) for at in _places(text, edit.find)]
            found = f"{count} matches, in lines {', '.join(lines[:8])}" if count else "none"
            raise PracticumError(
                f"{where}: expected exactly one match in source/{edit.file} for {_short(edit.find)}, got {found}"
            )
        if edit.find == edit.replace:
            raise PracticumError(f"{where}: expected `replace` to differ from `find`, got the same text")
        changed[edit.file] = text.replace(edit.find, edit.replace)
    for name, text in changed.items():
        if (error := _syntax_error(text)) and not _syntax_error(read_source(lab, name)):  # magics of a notebook may stand in both
            where = document.place("edit", [edit.file for edit in edits].index(name))
            raise PracticumError(
                f"{where}: expected edits that leave valid Python, got in line {error.lineno} of source/{name}: {error.msg}"
            )
    files = solution_files(lab, changed)
    if files == solution_files(lab):
        raise PracticumError(f"{document.name}: expected edits that change what is submitted, got the solution itself")
    return files


def _must_be_submitted(lab: Lab, name: str, where: str) -> None:
    known = [source_name(each) for each in lab.submit]
    if name in known:
        return
    if (lab.source / name).is_file():
        raise PracticumError(f"{where}: expected a file that students submit, got {name!r}, which they are given")
    raise PracticumError(
        f"{where}: expected a file of source/ that students submit, got {name!r}{suggestion(name, known)}; "
        f"there are: {', '.join(known)}"
    )


def _syntax_error(text: str) -> SyntaxError | None:
    try:
        ast.parse(text)
    except SyntaxError as error:
        return error
    return None


def _places(text: str, find: str) -> Iterator[int]:
    at = text.find(find)
    while at >= 0:
        yield at
        at = text.find(find, at + len(find))


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
