"""Which repositories a class has: a CSV with one in each row, or a folder of clones."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

from practicum.csvfile import CsvTable, decode, parse_table, read_bytes
from practicum.errors import PracticumError, suggestion
from practicum.labs.intake.names import shown
from practicum.labs.intake.repository.copy import is_url
from practicum.labs.intake.sources.found import parse_time, told

# Headings, also those of the rosters and grades that GitHub Classroom and Classroom 50 write.
_STUDENT = ("student", "student_id", "id", "sid", "identifier", "roster_identifier", "id_number", "student_number")
_ALIASES = ("github_username", "username", "login", "email", "name")
_REPOSITORY = ("repository", "repo", "repository_url", "student_repository_url", "clone_url", "url")
_COMMIT = ("commit", "commit_hash", "sha", "revision")
_PUSHED = ("pushed", "pushed_at")


@dataclass(frozen=True)
class Listed:
    """The repository of a student; `ids` are what the list calls the student, the most trustworthy first."""

    ids: tuple[str, ...]
    where: str | Path
    source: str
    commit: str = ""
    pushed: datetime | None = None


def is_list(path: Path) -> bool:
    """Return whether a CSV has a column with repositories."""
    return any(name in _REPOSITORY for name in _columns(_table(path)))


def is_clone(path: Path) -> bool:
    """Return whether a folder looks like a clone, whatever its `.git` turns out to be."""
    bare = (path / "HEAD").is_file() and (path / "objects").is_dir()
    plain = path.is_dir() and not path.is_symlink() and not path.name.startswith(".")
    return plain and (os.path.lexists(path / ".git") or bare)


def find_listed(path: Path, zone: tzinfo, refused: list[str]) -> Iterator[Listed]:
    """Read a CSV of repositories: a student's id, the URL or path of the repository, and maybe commit and push time.

    A path is relative to the CSV and does not leave its folder: who fills in the table may be a student.

    Raises:
        PracticumError: a column is missing.
    """
    table = _table(path)
    columns = _columns(table)
    for what, names in {"the repository": _REPOSITORY, "the student": (*_STUDENT, *_ALIASES)}.items():
        if not set(names) & set(columns):
            hints = [hint for column in columns if (hint := suggestion(column, names))]
            raise PracticumError(
                f"{path}: expected a column with {what}, one of {', '.join(names)}; got {', '.join(columns)}{''.join(hints[:1])}"
            )
    for cells, line in zip(table.rows, table.lines, strict=True):
        row = {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if cell.strip()}
        source = f"{path}:{line}"
        ids = tuple(dict.fromkeys(row[name] for name in (*_STUDENT, *_ALIASES) if name in row))
        where = next((row[name] for name in _REPOSITORY if name in row), "")
        commit = next((row[name] for name in _COMMIT if name in row), "")
        stated = next((row[name] for name in _PUSHED if name in row), "")
        pushed = parse_time(stated, zone)
        inside = path.parent / where
        beside = "\0" not in where and path.parent.resolve() in inside.resolve().parents  # and not the folder of the table itself
        if not ids:
            refused.append(f"{source}: expected a student, got a row without one")
        elif not where:
            refused.append(f"{source}: {shown(ids[0])} has no repository")
        elif commit and not re.fullmatch("[0-9a-fA-F]{7,40}", commit):
            refused.append(f"{source}: expected the hash of a commit, 7 to 40 hexadecimal digits, got {shown(commit)}")
        elif stated and not pushed:
            refused.append(f"{source}: expected a push time like 2026-11-08 23:30:00 UTC, got {shown(stated)}")
        elif is_url(where):
            yield Listed(ids, where, source, commit, pushed)
        elif beside and inside.is_dir():
            yield Listed(ids, inside, source, commit, pushed)
        else:
            refused.append(f"{source}: expected https://host/path, git@host:path or a folder beside the file, got {shown(where)}")


def find_clones(folder: Path, lab: str, refused: list[str]) -> Iterator[Listed]:
    """Find the clones in a folder; each is called by its student, or `ASSIGNMENT-username` as GitHub Classroom calls it.

    A roster of GitHub Classroom or Classroom 50 that lies beside the clones says whose a username is.
    """
    people = _usernames(folder)
    clones = [path for path in sorted(folder.iterdir()) if is_clone(path)]
    for path in sorted(folder.iterdir()):
        if path not in clones and not path.name.startswith(".") and (path.is_dir() or path.is_symlink()):
            refused.append(f"{told(path)}: {'is a link, not followed' if path.is_symlink() else 'is no git repository'}")
    # The letters that all begin with, up to a hyphen: the assignment, or a part of the students' ids.
    common = os.path.commonprefix([path.name for path in clones]).rpartition("-")[0] if len(clones) > 1 else ""  # noqa: RUF071
    for path in clones:
        name = path.name.removesuffix(".git")
        known = [user for user in people if name.casefold() == user or name.casefold().endswith(f"-{user}")]
        if known:
            user = max(known, key=len)
            ids = (*people[user], name[-len(user) :], name)
        elif name.casefold().startswith(f"{lab.casefold()}-") and len(name) > len(lab) + 1:
            ids = (name[len(lab) + 1 :], name)
        else:
            ids = (name, name[len(common) + 1 :]) if common and len(name) > len(common) + 1 else (name,)
        yield Listed(ids, path, told(path))


def _usernames(folder: Path) -> dict[str, tuple[str, ...]]:
    """Return the ids of people by username, out of the rosters that lie beside the clones."""
    people: dict[str, tuple[str, ...]] = {}
    for path in sorted(folder.glob("*.csv")):
        table = _table(path)
        columns = _columns(table)
        key = "github_username" if "github_username" in columns else "username" if "github_id" in columns else ""
        for cells in table.rows if key else ():
            row = {name: cell.strip() for name, cell in zip(columns, cells, strict=False) if cell.strip()}
            if user := row.get(key):
                people[user.casefold()] = tuple(row[name] for name in (*_STUDENT, "email") if name in row)
    return people


def _table(path: Path) -> CsvTable:
    return parse_table(decode(read_bytes(path), str(path)), str(path))


def _columns(table: CsvTable) -> list[str]:
    return [re.sub(r"[ -]+", "_", name.strip().lower()) for name in table.header]
