"""Looking into archives that students submit: zip and tar, neither of them trusted.

Nothing is unpacked to disk, and a name serves only for comparison, so a path that climbs out of its folder leads nowhere.
"""

from __future__ import annotations

import io
import re
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from gzip import GzipFile
from os import fstat
from pathlib import Path
from typing import IO, cast

from practicum.labs.intake.archive_files import (
    DEEPEST,
    Listing,
    Member,
    Unreadable,
    in_mib,
    is_junk,
    open_regular,
    read_up_to,
)

_DIRECTORY_BYTES = 8 << 20  # of a zip's list of entries: over 40,000 entries with ordinary names
_TAR_BYTES = 256 << 20  # unpacked
_DRIVE = re.compile(r"[A-Za-z]:")


@contextmanager
def list_archive(path: Path, into: Listing, prefix: tuple[str, ...] = ()) -> Iterator[None]:
    """Add the files of a `.zip`, `.tar`, `.tar.gz` or `.tgz`; they can be read while the context lasts.

    Raises:
        Unreadable: It is no such archive, or is damaged beyond listing.
    """
    with open_regular(path) as file:
        changed = fstat(file.fileno()).st_mtime
        if path.name.lower().endswith(".zip"):
            with _parsing("zip archive"):
                archive = zipfile.ZipFile(_Capped(file))
                _list_zip(archive, changed, into, prefix)
        else:
            with _parsing("tar archive"):
                packed = not path.name.lower().endswith(".tar")
                _list_tar(io.BufferedReader(file), changed, into, prefix, packed)
        yield


def _list_zip(archive: zipfile.ZipFile, changed: float, into: Listing, prefix: tuple[str, ...]) -> None:
    latest: dict[tuple[str, ...], Member] = {}
    for info in archive.infolist():
        if into.full("the archive"):
            break
        # `filename` ends at a null byte, so that `x.py\0.txt` looks like `x.py`; the original name does not lie.
        name = info.orig_filename
        kind = stat.S_IFMT(info.external_attr >> 16) if info.create_system == 3 else 0
        if name.endswith(("/", "\\")) or kind == stat.S_IFDIR:
            continue
        parts = _parts(name, into)
        if not parts:
            continue
        if kind not in (0, stat.S_IFREG):
            into.refuse("link or device, not followed" if kind == stat.S_IFLNK else "not a regular file", name)
        elif info.flag_bits & 0x1:
            into.refuse("encrypted, cannot be read", name)
        else:
            if parts in latest:
                into.refuse("in the archive more than once, the last one counts", name)
            latest[parts] = Member((*prefix, *parts), changed, _zip_reader(archive, info))
    into.members.extend(latest.values())


def _zip_reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[int], bytes]:
    def read(cap: int) -> bytes:
        # The other methods unpack a whole block at once, however large it turns out to be.
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Unreadable("is packed in a way that is not read here (only plain and deflated entries are)")
        if info.file_size > cap:
            raise Unreadable(f"is larger than {in_mib(cap)}")
        with _parsing("entry of the archive"), archive.open(info) as stream:
            return read_up_to(stream.read, cap)

    return read


def _list_tar(file: IO[bytes], changed: float, into: Listing, prefix: tuple[str, ...], packed: bool) -> None:
    latest: dict[tuple[str, ...], Member] = {}
    with _tar_stream(file, packed) as archive:
        for index, info in enumerate(_headers(archive)):
            if into.full("the archive"):
                break
            if info.isdir() or not (parts := _parts(info.name, into)):
                continue
            if not info.isreg() or info.issparse():
                into.refuse("link or device, not followed", info.name)
            else:
                if parts in latest:
                    into.refuse("in the archive more than once, the last one counts", info.name)
                latest[parts] = Member((*prefix, *parts), changed, _tar_reader(file, packed, index))
    into.members.extend(latest.values())


def _headers(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    while info := archive.next():
        archive.members = []  # type: ignore[attr-defined]  # where tarfile keeps every header, however large
        yield info


def _tar_reader(file: IO[bytes], packed: bool, index: int) -> Callable[[int], bytes]:
    # A tar is a stream: a member is found again by reading up to it, so that none has to be kept in memory.
    def read(cap: int) -> bytes:
        with _parsing("entry of the archive"), _tar_stream(file, packed) as archive:
            for at, info in enumerate(_headers(archive)):
                if at == index and (stream := archive.extractfile(info)):
                    return read_up_to(stream.read, cap)
        raise Unreadable("is damaged")

    return read


@contextmanager
def _tar_stream(file: IO[bytes], packed: bool) -> Iterator[tarfile.TarFile]:
    file.seek(0)
    budget = _Budget(cast(IO[bytes], GzipFile(fileobj=file)) if packed else file)
    with tarfile.open(fileobj=cast(IO[bytes], budget), mode="r|") as archive:
        yield archive


class _Capped(io.BufferedReader):
    """A zip on disk of which at most `_DIRECTORY_BYTES` are read at once: `zipfile` takes the list of entries whole."""

    def read(self, size: int | None = -1, /) -> bytes:
        most = _DIRECTORY_BYTES + 1
        data = super().read(most if size is None or size < 0 else min(size, most))
        if len(data) >= most:
            raise Unreadable("has far too many entries")
        return data


class _Budget:
    """A stream of which at most `_TAR_BYTES` can be read: packed zeros have no other end."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._left, self._empty = stream, _TAR_BYTES, 0

    def read(self, size: int) -> bytes:
        data = self._stream.read(min(size, self._left + 1))
        self._left -= len(data)
        if self._left < 0:
            raise Unreadable(f"is larger than {in_mib(_TAR_BYTES)} when unpacked")
        # To skip an entry that claims terabytes, tarfile asks again and again long after the end.
        self._empty += not data
        if self._empty > 8:
            raise Unreadable("ends in the middle of an entry")
        return data


@contextmanager
def _parsing(what: str) -> Iterator[None]:
    # The parsers of the standard library fail on made-up input in more ways than they document: struct.error,
    # KeyError, OverflowError, RecursionError, UnicodeDecodeError and others. Each means the same here.
    try:
        yield
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(f"is damaged or no {what} ({type(error).__name__})") from None


def _parts(name: str, into: Listing) -> tuple[str, ...]:
    """Return a member's path in an archive, or nothing when it is junk or not to be trusted."""
    plain = name.replace("\\", "/")
    parts = tuple(part for part in plain.split("/") if part not in ("", "."))
    if "\0" in name or plain.startswith("/") or _DRIVE.match(plain) or ".." in parts:
        into.refuse("unsafe path, not taken", name)
    elif len(parts) > DEEPEST + 1:
        into.refuse(f"deeper than {DEEPEST} folders, not looked at", name)
    elif not any(is_junk(part) for part in parts):
        return parts
    return ()
