"""What hostile students submit costs nothing but a note, and the others are read all the same."""

from __future__ import annotations

import gzip
import io
import os
import socket
import stat
import struct
import tarfile
import time
import tracemalloc
import warnings
import zipfile
from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from practicum.labs.intake import archive, archive_files, entries
from practicum.labs.intake import read as reading
from practicum.labs.intake.read import LARGEST, SubmissionFiles, read_submissions

pytestmark = pytest.mark.slow

WORK = b"def answer():\n    return 42\n"
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")


@pytest.fixture
def lab(make_lab):
    return make_lab()


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """A folder of submissions with one honest student, whose work must always be read."""
    folder = tmp_path / "submissions"
    folder.mkdir()
    (folder / "zoe.py").write_bytes(WORK)
    return folder


def read(inbox: Path, lab, *, traced: bool = True, mib: int = 300) -> SubmissionFiles:
    """The submission beside Zoe's, within bounds of time and memory (in MiB)."""
    if traced:
        tracemalloc.start()
    begin = time.process_time()
    submissions = list(read_submissions(inbox, lab, UTC))
    seconds, (_, peak) = time.process_time() - begin, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds < 60  # of processor time: a busy machine is no failure
    assert peak < mib << 20
    assert submissions[-1].student == "zoe"
    assert submissions[-1].files == {"answer.py": WORK}
    [mallory, _] = submissions
    assert all(note.isprintable() and len(note) < 1000 for note in mallory.notes)
    return mallory


def write_zip(path: Path, entries: list[tuple[zipfile.ZipInfo | str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> None:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", method) as archive:
        warnings.simplefilter("ignore")
        for info, data in entries:
            archive.writestr(info, data)


def said(submission: SubmissionFiles, text: str) -> bool:
    return any(text in note for note in submission.notes)


@pytest.mark.parametrize(
    "name",
    ["../answer.py", "../../zoe.py/answer.py", "/answer.py", "/etc/answer.py", "C:\\hw\\answer.py", "c:answer.py",
     "..\\answer.py", "a/../../answer.py", "\\\\host\\share\\answer.py"],
)  # fmt: skip
def test_names_that_leave_their_folder(inbox, lab, name):
    write_zip(inbox / "mallory.zip", [(name, b"evil")])
    before = sorted(inbox.parent.rglob("*"))
    submission = read(inbox, lab)
    assert submission.files == {}
    assert said(submission, "unsafe path, not taken")
    assert sorted(inbox.parent.rglob("*")) == before


@pytest.mark.parametrize(
    "name",
    [
        "answer．py",
        "аnswer.py",
        "answer.p\u200by",
        "\u202eyp.rewsna",
        "answer.py\u202e",
        "anſwer.py",
        "anſwer (1).py",
        "answer\u200b.py",
    ],
)
def test_names_that_look_like_the_one_asked_for(inbox, lab, name):
    write_zip(inbox / "mallory.zip", [(name, b"evil")])
    """They are no copy of it beside another, and taken for it with a note where there is nothing else."""
    write_zip(inbox / "mallory.zip", [(name, b"evil"), ("other.py", b"x"), ("more.py", b"x")])
    assert read(inbox, lab).files == {}
    write_zip(inbox / "mallory.zip", [(name, b"evil")])
    submission = read(inbox, lab)
    assert submission.files == ({"answer.py": b"evil"} if name.lower().endswith(".py") else {})
    assert said(submission, "was taken as answer.py" if submission.files else "ignored 1 other file")


def test_a_null_byte_in_a_name(inbox, lab):
    write_zip(inbox / "mallory.zip", [("answer.py_.txt", b"evil")])
    data = (inbox / "mallory.zip").read_bytes().replace(b"answer.py_", b"answer.py\0")
    (inbox / "mallory.zip").write_bytes(data)
    submission = read(inbox, lab)
    assert submission.files == {}
    assert said(submission, "unsafe path, not taken: answer.py\\x00.txt")


def test_a_link_in_a_zip(inbox, lab):
    info = zipfile.ZipInfo("answer.py")
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    write_zip(inbox / "mallory.zip", [(info, b"/etc/passwd")])
    submission = read(inbox, lab)
    assert submission.files == {}
    assert said(submission, "link or device, not followed: answer.py")


@pytest.mark.parametrize("kind", [stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_a_device_in_a_zip(inbox, lab, kind):
    info = zipfile.ZipInfo("answer.py")
    info.create_system = 3
    info.external_attr = (kind | 0o777) << 16
    write_zip(inbox / "mallory.zip", [(info, b"")])
    assert read(inbox, lab).files == {}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar(inbox, lab, kind):
    with tarfile.open(inbox / "mallory.tar.gz", "w:gz") as archive:
        info = tarfile.TarInfo("answer.py")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    submission = read(inbox, lab)
    assert submission.files == {}
    assert said(submission, "link or device, not followed: answer.py")


@posix
@pytest.mark.parametrize("where", ["mallory/answer.py", "mallory.py", "mallory.zip", "mallory"])
def test_links_on_disk_are_not_followed(inbox, lab, where, tmp_path):
    secret = tmp_path / "secret"
    target = secret / "answer.py"
    secret.mkdir()
    target.write_bytes(b"secret")
    link = inbox / where
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(secret if where == "mallory" else target)
    submission = read(inbox, lab)
    assert submission.files == {}
    assert said(submission, "link, not followed")


@posix
def test_a_linked_folder_inside_a_folder_is_not_followed(inbox, lab, tmp_path):
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "answer.py").write_bytes(b"secret")
    (inbox / "mallory").mkdir()
    (inbox / "mallory" / "hw").symlink_to(tmp_path / "secret")
    (inbox / "mallory" / "loop").symlink_to(inbox / "mallory")
    (inbox / "mallory" / "20270101T000000Z").symlink_to(tmp_path / "secret")
    submission = read(inbox, lab)
    assert submission.files == {}


@posix
@pytest.mark.parametrize("where", ["mallory/answer.py", "mallory.py", "mallory.zip", "mallory.tar.gz"])
def test_a_pipe_is_not_waited_for(inbox, lab, where):
    (inbox / where).parent.mkdir(exist_ok=True)
    os.mkfifo(inbox / where)
    submission = read(inbox, lab)
    assert submission.files == {}
    assert said(submission, "not a regular file")


@posix
def test_a_socket_is_not_opened(inbox, lab, monkeypatch):
    (inbox / "mallory").mkdir()
    monkeypatch.chdir(inbox / "mallory")  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("answer.py")
        assert read(inbox, lab).files == {}


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_noted(inbox, lab):
    (inbox / "mallory").mkdir(mode=0)
    try:
        assert said(read(inbox, lab), "cannot be read")
    finally:
        (inbox / "mallory").chmod(0o700)


def test_an_encrypted_zip(inbox, lab):
    write_zip(inbox / "mallory.zip", [("answer.py", b"x" * 40)], zipfile.ZIP_STORED)
    data = bytearray((inbox / "mallory.zip").read_bytes())
    for signature, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        start = data.index(signature)
        data[start + at] |= 1
    (inbox / "mallory.zip").write_bytes(data)
    submission = read(inbox, lab)
    assert submission.files == {}
    assert said(submission, "encrypted, cannot be read: answer.py")


def test_a_zip_bomb(inbox, lab):
    write_zip(inbox / "mallory.zip", [("answer.py", bytes(40 << 20))])
    assert (inbox / "mallory.zip").stat().st_size < 1 << 20
    submission = read(inbox, lab, mib=20)
    assert submission.files == {}
    assert said(submission, "answer.py is larger than 4 MiB")


@pytest.mark.parametrize("claimed", [10, 0, 0xFFFFFFF0])
def test_a_zip_that_lies_about_a_size(inbox, lab, claimed):
    write_zip(inbox / "mallory.zip", [("answer.py", bytes(30 << 20))])
    data = bytearray((inbox / "mallory.zip").read_bytes())
    for signature, at in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        start = data.index(signature)
        data[start + at : start + at + 4] = struct.pack("<I", claimed)
    (inbox / "mallory.zip").write_bytes(data)
    submission = read(inbox, lab, mib=20)
    assert submission.files == {}
    assert said(submission, "answer.py is larger than" if claimed > 10 else "answer.py is damaged")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packing_that_cannot_be_bounded_is_not_unpacked(inbox, lab, method):
    write_zip(inbox / "mallory.zip", [("answer.py", bytes(3 << 20))], method)
    assert said(read(inbox, lab), "packed in a way that is not read here")


def test_a_zip_within_a_zip_stays_closed(inbox, lab):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("answer.py", b"evil")
    write_zip(inbox / "mallory.zip", [("inner.zip", inner.getvalue())])
    submission = read(inbox, lab)
    assert submission.files == {}
    assert said(submission, "ignored 1 other file: inner.zip")


@pytest.mark.parametrize("kind", ["zip", "folder", "tar"])
def test_more_entries_than_are_looked_at(inbox, lab, kind, monkeypatch):
    assert archive_files.MOST_ENTRIES == 10_000
    for module in (archive_files, entries):
        monkeypatch.setattr(module, "MOST_ENTRIES", 1000)
    count = 2000
    if kind == "folder":
        (inbox / "mallory").mkdir()
        for index in range(count):
            (inbox / "mallory" / f"{index}").touch()
    elif kind == "tar":
        header = tarfile.TarInfo("x").tobuf()
        (inbox / "mallory.tgz").write_bytes(gzip.compress(header * count, 1))
    else:
        write_zip(inbox / "mallory.zip", [(f"{index}", b"") for index in range(count)], zipfile.ZIP_STORED)
    submission = read(inbox, lab, traced=kind != "zip")  # tracing makes this one very slow
    assert submission.files == {}
    [note] = [note for note in submission.notes if "entries" in note]
    where = "folder" if kind == "folder" else "archive"
    assert note.startswith(f"more than 1,000 entries, the rest not looked at: the {where}")
    assert note.count(f"the {where}") == 1, "it went on"


def test_a_list_of_entries_too_long_to_hold(inbox, lab):
    name = "n" * 60_000
    write_zip(inbox / "mallory.zip", [(f"{index}{name}", b"") for index in range(200)], zipfile.ZIP_STORED)
    assert said(read(inbox, lab), "the archive has far too many entries: mallory.zip")


def test_the_same_name_twice(inbox, lab):
    write_zip(inbox / "mallory.zip", [("answer.py", b"first"), ("answer.py", b"last")])
    submission = read(inbox, lab)
    assert submission.files == {"answer.py": b"last"}
    assert said(submission, "in the archive more than once, the last one counts: answer.py")


def test_too_deep(inbox, lab):
    write_zip(inbox / "mallory.zip", [("d/" * 9 + "answer.py", b"x"), ("d/" * 5000 + "answer.py", b"x")])
    submission = read(inbox, lab)
    assert submission.files == {}
    assert said(submission, "deeper than 8 folders, not looked at")
    (inbox / "mallory.zip").unlink()
    deep = inbox / "mallory" / Path(*"d" * 9)
    deep.mkdir(parents=True)
    (deep / "answer.py").write_bytes(b"x")
    assert said(read(inbox, lab), "deeper than 8 folders, not looked at")
    (deep.parent / "answer.py").write_bytes(b"eight")
    assert read(inbox, lab).files == {"answer.py": b"eight"}


def test_a_huge_file_that_takes_no_space(inbox, lab):
    with open(inbox / "mallory.py", "wb") as file:
        file.truncate(1 << 40)
    assert said(read(inbox, lab), "answer.py is larger than 4 MiB")


def test_all_files_together(inbox, make_lab, monkeypatch):
    assert (LARGEST[".ipynb"], reading.LARGEST_TOTAL) == (64 << 20, 128 << 20)
    monkeypatch.setitem(LARGEST, ".ipynb", 4 << 20)
    monkeypatch.setattr(reading, "LARGEST_TOTAL", 8 << 20)
    lab = make_lab(submit=("answer.ipynb", "b.ipynb", "c.ipynb"))
    (inbox / "zoe.py").unlink()
    (inbox / "zoe").mkdir()
    (inbox / "zoe" / "answer.ipynb").write_bytes(WORK)
    write_zip(inbox / "mallory.zip", [(f"{name}.ipynb", bytes(LARGEST[".ipynb"])) for name in ("answer", "b", "c")])
    [mallory, zoe] = read_submissions(inbox, lab, UTC)
    assert set(mallory.files) == {"answer.ipynb", "b.ipynb"}
    assert said(mallory, "c.ipynb is larger than 0 MiB; all files together may have 8 MiB")
    assert zoe.files == {"answer.ipynb": WORK}


def test_a_tar_of_endless_zeros(inbox, lab, monkeypatch):
    assert archive._TAR_BYTES == 256 << 20
    monkeypatch.setattr(archive, "_TAR_BYTES", 32 << 20)
    info = tarfile.TarInfo("big")
    info.size = 1 << 40
    (inbox / "mallory.tar.gz").write_bytes(gzip.compress(info.tobuf() + bytes(40 << 20), 1))
    assert said(read(inbox, lab, mib=20), "larger than 32 MiB when unpacked")


def test_a_tar_that_claims_terabytes_and_ends(inbox, lab):
    info = tarfile.TarInfo("big")
    info.size = 1 << 55
    (inbox / "mallory.tar.gz").write_bytes(gzip.compress(info.tobuf() + bytes(10_000)))
    assert said(read(inbox, lab), "ends in the middle of an entry")


def test_a_tar_of_headers_that_point_to_headers(inbox, lab):
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 4
    (inbox / "mallory.tar").write_bytes((info.tobuf() + b"name".ljust(512, b"\0")) * 5000)
    assert said(read(inbox, lab), "is damaged or no tar archive")


@pytest.mark.parametrize("ending", [".zip", ".tar", ".tar.gz", ".tgz"])
@pytest.mark.parametrize("data", [b"", b"PK", b"\x1f\x8b", b"<html>please log in</html>", bytes(70_000)])
def test_no_archive_at_all(inbox, lab, ending, data):
    (inbox / f"mallory{ending}").write_bytes(data)
    submission = read(inbox, lab)
    assert submission.files == {}
    assert said(submission, "no file of the lab was found")


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_archives_never_raise(tmp_path, make_lab, data):
    lab = make_lab()
    ending = data.draw(st.sampled_from([".zip", ".tar", ".tgz"]))
    path = tmp_path / f"mallory{ending}"
    if ending == ".zip":
        write_zip(path, [("hw/answer.py", WORK), ("é.txt", b"")])
    else:
        with tarfile.open(path, "w" if ending == ".tar" else "w:gz") as archive:
            info = tarfile.TarInfo("hw/answer.py")
            info.size = len(WORK)
            archive.addfile(info, io.BytesIO(WORK))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    [submission] = read_submissions(path, lab, UTC)
    assert submission.student == "mallory"


def test_dates_outside_the_calendar(inbox, lab):
    (inbox / "mallory.py").write_bytes(b"x")
    os.utime(inbox / "mallory.py", (2**40, 2**40))
    [submission] = [s for s in read_submissions(inbox, lab, UTC, times="file") if s.student == "mallory"]
    assert 2400 < submission.at.year < 10_000  # as late as the file system lets it be


@posix
def test_file_names_that_are_no_text(inbox, lab):
    folder = os.fsencode(inbox) + b"/mallory"
    os.mkdir(folder)
    with open(folder + b"/\xff\xfe.py", "wb") as file:
        file.write(b"x")
    assert said(read(inbox, lab), "\\udcff")
