"""A copy of a repository that is ours: the student's objects, and nothing else of the student's."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from practicum.labs.intake.archive_files import Unreadable, in_mib, open_regular, read_up_to
from practicum.labs.intake.names import shown
from practicum.labs.intake.repository.git import LARGEST_REPOSITORY, command, run
from practicum.labs.intake.repository.objects import OID, Repository

_MOST_OBJECTS = 100_000  # that are not in packs
_LARGEST_REFS = 8 << 20
_HOST = r"[A-Za-z0-9][A-Za-z0-9.-]*"
_URL = re.compile(rf"https://{_HOST}(:\d+)?/[!-~]+|ssh://(\w[\w.-]*@)?{_HOST}(:\d+)?/[!-~]+|\w[\w.-]*@{_HOST}:[!-~]+", re.ASCII)


@contextmanager
def open_repository(where: str | Path) -> Iterator[Repository]:
    """Copy a clone, or fetch a repository by its URL, and read it while the context lasts.

    Raises:
        Unreadable: it cannot be, and why.
    """
    with TemporaryDirectory(prefix="practicum-git-") as scratch:
        bare = Path(scratch).resolve() / "repository.git"
        if isinstance(where, Path):
            source = _git_folder(where)
            _copy_objects(source, bare)
        else:
            source = bare
            _fetch(where, bare)
        repository = Repository(bare, *_head(source))
        try:
            yield repository
        finally:
            repository.close()


def is_url(text: str) -> bool:
    """Return whether this is the URL of a repository that may be fetched: https or ssh, without a password in it."""
    return _URL.fullmatch(text) is not None and not text.startswith("-")


def _fetch(url: str, bare: Path) -> None:
    if not is_url(url):
        raise Unreadable(f"expected a URL like https://host/path or git@host:path, got {shown(url)}")
    run(command("clone", "--bare", "--no-tags", "--quiet", "--template=", "--", url, str(bare)), "cannot be fetched")


def _copy_objects(source: Path, bare: Path) -> None:
    """Copy what git's objects are kept in, and none of the files beside them that say how to read them."""
    for folder in (bare / "objects" / "pack", bare / "refs"):
        folder.mkdir(parents=True)
    (bare / "HEAD").write_text("ref: refs/heads/main\n")
    (bare / "config").write_text("[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
    left, count = LARGEST_REPOSITORY, 0
    packs: list[Path] = []
    for folder in _plain(source / "objects", stat.S_ISDIR):
        is_pack = folder.name == "pack"
        if not is_pack and not re.fullmatch("[0-9a-f]{2}", folder.name):
            continue
        for path in _plain(folder, stat.S_ISREG):
            if is_pack and path.suffix == ".pack":
                target = bare / "objects" / "pack" / f"pack-{len(packs):040x}.pack"
                packs.append(target)
            elif not is_pack and re.fullmatch("[0-9a-f]{38}", path.name):
                target = bare / "objects" / folder.name / path.name
            else:
                continue
            count += 1
            if count > _MOST_OBJECTS:
                raise Unreadable(f"has more than {_MOST_OBJECTS:,} objects; run `git gc` in it")
            left = _copy_file(path, target, left)
    for pack in packs:  # which also hashes every object in it
        run(command("index-pack", str(pack), inside=bare), "is damaged")


def _plain(folder: Path, is_kind: Callable[[int], bool]) -> list[Path]:
    """Return the folders, or the regular files, in a folder, links not among them."""
    if not stat.S_ISDIR(_mode(folder)):
        return []
    return [path for path in sorted(folder.iterdir()) if is_kind(_mode(path))]


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except (OSError, ValueError):
        return 0


def _copy_file(path: Path, target: Path, left: int) -> int:
    target.parent.mkdir(exist_ok=True)
    with open_regular(path) as file, target.open("wb") as copy:
        while piece := file.read(1 << 20):
            left -= len(piece)
            if left < 0:
                raise Unreadable(f"is larger than {in_mib(LARGEST_REPOSITORY)}")
            copy.write(piece)
    return left


def _git_folder(clone: Path) -> Path:
    """Return where a clone keeps its objects.

    Raises:
        Unreadable: it is no repository, or points to one elsewhere.
    """
    for folder in (clone / ".git", clone):
        if stat.S_ISDIR(_mode(folder)) and stat.S_ISDIR(_mode(folder / "objects")):
            return folder
        if folder != clone and _mode(folder) and not stat.S_ISDIR(_mode(folder)):
            raise Unreadable("points to a repository elsewhere (its `.git` is no folder), not followed")
    raise Unreadable("is no git repository")


def _head(git_folder: Path) -> tuple[str, str]:
    """Return the commit that is checked out and the branch it is on."""
    head = _text(git_folder / "HEAD", 4096).strip()
    if OID.fullmatch(head):
        return head, ""
    name = head.removeprefix("ref: ")
    parts = name.split("/")
    if not name.startswith("refs/heads/") or not all(part.strip(".") for part in parts) or "\0" in name:
        raise Unreadable(f"has no branch checked out that can be read here ({shown(head)})")
    folders = [git_folder.joinpath(*parts[:n]) for n in range(1, len(parts))]
    oid = _text(git_folder / name, 4096).strip() if all(stat.S_ISDIR(_mode(folder)) for folder in folders) else ""
    if not oid:
        packed = (line.split(" ") for line in _text(git_folder / "packed-refs", _LARGEST_REFS).splitlines())
        oid = next((words[0] for words in packed if words[1:] == [name]), "")
    if not OID.fullmatch(oid):
        raise Unreadable(f"has no commit on the branch {shown(name.removeprefix('refs/heads/'))}")
    return oid, name.removeprefix("refs/heads/")


def _text(path: Path, cap: int) -> str:
    if not stat.S_ISREG(_mode(path)):
        return ""
    with open_regular(path) as file:
        return read_up_to(file.read, cap).decode("utf-8", "replace")
