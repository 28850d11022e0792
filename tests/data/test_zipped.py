"""Zip archives: whole ones are read, damaged, truncated, oversized and lying ones are told."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from practicum.data.zipped import Zip
from practicum.errors import PracticumError
from tests.data.zips import packed, picture


def test_members_are_read_in_memory(tmp_path: Path) -> None:
    colours = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    deep = np.array([[0, 300], [70, 65535]], np.uint16)
    path = packed(
        tmp_path / "a.zip", {"b/2.txt": "zwei ü", "b/1.txt": "one", "b/c.png": picture(colours), "d.png": picture(deep)}
    )
    with Zip(path) as archive:
        assert archive.names("b/", ".txt") == ["1", "2"]
        assert archive.text("b/2.txt") == "zwei ü"
        assert archive.read("b/1.txt") == b"one"
        assert (archive.image("b/c.png") == colours).all()
        assert (archive.image("d.png") == deep).all()
        grey = picture(colours[..., 0])
    with Zip(packed(tmp_path / "g.zip", {"g.png": grey})) as archive:
        assert (archive.image("g.png", mode="RGB") == colours[..., :1]).all()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "g.zip"]


@pytest.mark.parametrize("keep", [0, 10, 0.5, -1])
def test_a_truncated_archive_is_told(tmp_path: Path, keep: float) -> None:
    data = packed(tmp_path / "a.zip", {"x": os.urandom(1000)}).read_bytes()
    (tmp_path / "a.zip").write_bytes(data[: int(len(data) * keep) if isinstance(keep, float) else keep])
    with pytest.raises(PracticumError, match=r"a\.zip: not a whole zip archive"):
        Zip(tmp_path / "a.zip")


def test_no_file_and_no_archive_are_told(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    for name in ("text", "missing", "."):
        with pytest.raises(PracticumError, match="not a whole zip archive"):
            Zip(tmp_path / name)


def test_a_damaged_member_is_told(tmp_path: Path) -> None:
    noise = os.urandom(2000)
    path = packed(tmp_path / "a.zip", {"x": noise, "y": "fine"})
    data = bytearray(path.read_bytes())
    data[data.index(noise[500:520])] ^= 0xFF
    path.write_bytes(data)
    with Zip(path) as archive:
        assert archive.read("y") == b"fine"
        with pytest.raises(PracticumError, match=r"a\.zip: x is damaged"):
            archive.read("x")


def test_a_missing_member_is_told(tmp_path: Path) -> None:
    with Zip(packed(tmp_path / "a.zip", {"x": "1"})) as archive, pytest.raises(PracticumError, match=r"a\.zip: holds no y"):
        archive.read("y")


def test_text_that_is_none_is_told(tmp_path: Path) -> None:
    with Zip(packed(tmp_path / "a.zip", {"x": b"\xff\xfe"})) as archive, pytest.raises(PracticumError, match="x is not UTF-8"):
        archive.text("x")


def test_bombs_are_refused_before_they_unpack(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"x": bytes(100_000), "y": bytes(100_000)})
    assert path.stat().st_size < 1000
    with pytest.raises(PracticumError, match="at most 150,000 bytes unpacked, got 200,000"):
        Zip(path, most=150_000)
    with Zip(path, largest=99_999) as archive, pytest.raises(PracticumError, match="x of at most 99,999"):
        archive.read("x")


def test_a_member_that_lies_about_its_size_is_not_unpacked_further(tmp_path: Path) -> None:
    """The directory says 10 bytes, the stream holds a million."""
    path = packed(tmp_path / "a.zip", {"x": bytes(1_000_000)})
    data = path.read_bytes()
    path.write_bytes(data.replace((1_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")))
    with zipfile.ZipFile(path) as archive:
        assert archive.getinfo("x").file_size == 10
    with Zip(path, most=1000) as archive, pytest.raises(PracticumError, match="x is damaged"):
        archive.read("x")


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_truncated_image_is_told(tmp_path: Path, kind: str) -> None:
    whole = picture(np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8), kind)
    for length in (0, 4, len(whole) // 2):
        path = packed(tmp_path / "a.zip", {"x": whole[:length]})
        with Zip(path) as archive, pytest.raises(PracticumError, match="x is not a whole image"):
            archive.image("x")


def test_images_of_other_kinds_and_too_large_ones_are_told(tmp_path: Path) -> None:
    square = np.zeros((30, 20, 3), np.uint8)
    with Zip(packed(tmp_path / "a.zip", {"x": picture(square, "BMP"), "y": picture(square)})) as archive:
        with pytest.raises(PracticumError, match="x is not a whole image"):
            archive.image("x")
        with pytest.raises(PracticumError, match="at most 599 pixels in y, got 20 × 30"):
            archive.image("y", pixels=599)
        assert archive.image("y", pixels=600).shape == (30, 20, 3)
