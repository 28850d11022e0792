"""The objects of a repository of ours, read one by one: commits, folders and files."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import subprocess
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from practicum.labs.intake.archive_files import DEEPEST, Listing, Member, Unreadable, in_mib, is_junk
from practicum.labs.intake.names import shown
from practicum.labs.intake.repository.git import command, environment

_LARGEST_OBJECT = 8 << 20  # of a commit or a folder
_MOST_COMMITS = 20_000
_LAST_SECOND = 253_402_214_400  # a day before the year 10000, where `datetime` ends

OID = re.compile(r"[0-9a-f]{40}", re.ASCII)
_COMMITTER = re.compile(rb"^committer .*? (\d{1,12}) [+-]\d{4}$", re.MULTILINE)


class NoSuchObject(Unreadable):
    """The repository has no object of that hash."""


@dataclass(frozen=True)
class Commit:
    """One commit: the time that its committer's computer showed, in Unix seconds, and what it leads to."""

    oid: str
    at: int
    tree: str
    parents: tuple[str, ...]


class Repository:
    """A bare repository of our own making, with a student's objects in it.

    Args:
        folder: the bare repository.
        head: the hash of the commit that is checked out.
        branch: the branch that it is on, if any.
    """

    def __init__(self, folder: Path, head: str, branch: str) -> None:
        self.folder, self.head, self.branch = folder, head, branch
        self._git: subprocess.Popen[bytes] | None = None

    def object(self, oid: str, kind: str, cap: int) -> bytes:
        """Return the content of an object.

        Raises:
            NoSuchObject: it is not there.
            Unreadable: it is of another kind, larger than `cap`, or damaged.
        """
        git = self._git = self._git or subprocess.Popen(
            command("cat-file", "--batch", inside=self.folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
            cwd=self.folder,
        )
        assert git.stdin
        assert git.stdout
        try:
            git.stdin.write(f"{oid}\n".encode())
            git.stdin.flush()
            words = git.stdout.readline(200).split()
            if words[1:] == [b"missing"]:
                raise NoSuchObject(f"lacks the object {oid[:10]}, which is missing or damaged")
            found, size = words[1].decode(), int(words[2])
            if found != kind or size > cap:
                self.close()  # what is not taken need not be read
                raise Unreadable(f"is larger than {in_mib(cap)}" if found == kind else f"expected a {kind}, got a {shown(found)}")
            data = git.stdout.read(size)
            git.stdout.read(1)
        except (OSError, IndexError, ValueError):
            self.close()
            raise Unreadable("is damaged") from None
        if hashlib.sha1(f"{kind} {size}\0".encode() + data, usedforsecurity=False).hexdigest() != oid:
            self.close()
            raise Unreadable(f"is damaged: the content of {oid[:10]} is not what its hash says")
        return data

    def commit(self, oid: str) -> Commit:
        """Return a commit.

        Raises:
            NoSuchObject: it is not there.
            Unreadable: it is no commit, or damaged.
        """
        head, _, _ = self.object(oid, "commit", _LARGEST_OBJECT).partition(b"\n\n")
        lines = [line.decode("ascii", "replace").partition(" ") for line in head.split(b"\n")]
        tree = next((value for key, _, value in lines if key == "tree"), "")
        parents = tuple(value for key, _, value in lines if key == "parent" and OID.fullmatch(value))
        when = _COMMITTER.search(head)
        if not OID.fullmatch(tree):
            raise Unreadable(f"is damaged: commit {oid[:10]} has no folder")
        return Commit(oid, min(int(when[1]), _LAST_SECOND) if when else _LAST_SECOND, tree, parents)

    def history(self, start: str) -> tuple[dict[str, Commit], bool]:
        """Return a commit and those that led to it, the nearest first, and whether that is all of them."""
        commits, todo, whole = {start: self.commit(start)}, deque([start]), True
        while todo:
            for parent in commits[todo.popleft()].parents:
                if parent in commits:
                    continue
                if len(commits) >= _MOST_COMMITS:
                    return commits, False
                try:
                    commits[parent] = self.commit(parent)
                except NoSuchObject:  # a clone with `--depth` has no more
                    whole = False
                else:
                    todo.append(parent)
        return commits, whole

    def list_files(self, commit: Commit, into: Listing) -> None:
        """Add the files of a commit, the shallowest first."""
        queue: deque[tuple[str, tuple[str, ...]]] = deque([(commit.tree, ())])
        while queue:
            oid, here = queue.popleft()
            try:
                entries = _entries(self.object(oid, "tree", _LARGEST_OBJECT))
            except Unreadable as error:
                into.refuse(str(error), "/".join(here) or "the commit")
                continue
            for mode, name, inner in entries:
                if into.full("the commit"):
                    return
                path = (*here, name)
                kind = stat.S_IFMT(mode)
                if name in ("", ".", "..") or "/" in name or "\\" in name:
                    into.refuse("unsafe path, not taken", "/".join(path))
                elif is_junk(name):
                    continue
                elif kind == stat.S_IFDIR and len(path) > DEEPEST:
                    into.refuse(f"deeper than {DEEPEST} folders, not looked at", "/".join(path))
                elif kind == stat.S_IFDIR:
                    queue.append((inner, path))
                elif kind == stat.S_IFREG:
                    into.members.append(Member(path, commit.at, lambda cap, oid=inner: self.object(oid, "blob", cap)))  # type: ignore[misc]
                else:
                    into.refuse("link, not followed" if kind == stat.S_IFLNK else "submodule, not fetched", "/".join(path))

    def close(self) -> None:
        """End the process of git; it starts again when it is needed."""
        if self._git:
            self._git.kill()
            self._git.communicate()
            self._git = None


def _entries(tree: bytes) -> Iterator[tuple[int, str, str]]:
    """Yield mode, name and hash of what is in a folder of a commit."""
    at = 0
    while at < len(tree):
        space, null = tree.find(b" ", at), tree.find(b"\0", at)
        if not at < space < null or null + 21 > len(tree) or not re.fullmatch(rb"[0-7]{5,6}", tree[at:space]):
            raise Unreadable("is damaged")
        yield int(tree[at:space], 8), os.fsdecode(tree[space + 1 : null]), tree[null + 1 : null + 21].hex()
        at = null + 21
