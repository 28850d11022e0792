"""A zip archive, read in memory: nothing is unpacked onto the disk, and no member may be larger than said beforehand."""

import io
import zipfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from practicum.errors import PracticumError


class Zip:
    """An open zip archive; a context manager.

    Args:
        path: the archive.
        largest: bytes that one member may unpack to.
        most: bytes that all members may unpack to together.

    Raises:
        PracticumError: it is missing, is no whole zip archive, or holds more than allowed.
    """

    def __init__(self, path: Path, *, largest: int = 4 << 20, most: int = 64 << 20) -> None:
        self.path, self.largest = path, largest
        try:
            self._archive = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile) as error:
            raise PracticumError(f"{path}: not a whole zip archive ({error})") from None
        size = sum(member.file_size for member in self._archive.infolist())
        if size > most:
            self._archive.close()
            raise PracticumError(f"{path}: expected at most {most:,} bytes unpacked, got {size:,}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._archive.close()

    def names(self, prefix: str, suffix: str) -> list[str]:
        """Return what stands between prefix and suffix in the members' names that have both, sorted."""
        found = (name for name in self._archive.namelist() if name.startswith(prefix) and name.endswith(suffix))
        return sorted(name[len(prefix) : len(name) - len(suffix)] for name in found)

    def read(self, name: str) -> bytes:
        """Return a member's content.

        Raises:
            PracticumError: there is no such member, it is damaged, or it is larger than allowed.
        """
        try:
            with self._archive.open(name) as stream:
                data = stream.read(self.largest + 1)  # the declared size may be a lie
        except KeyError:
            raise PracticumError(f"{self.path}: holds no {name}") from None
        except (OSError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error) as error:
            raise PracticumError(f"{self.path}: {name} is damaged ({type(error).__name__}: {error})") from None
        if len(data) > self.largest:
            raise PracticumError(f"{self.path}: expected {name} of at most {self.largest:,} bytes, got more")
        return data

    def text(self, name: str) -> str:
        """Return a member's content as text; errors as in `read`, and where it is not UTF-8."""
        try:
            return self.read(name).decode()
        except UnicodeDecodeError as error:
            raise PracticumError(f"{self.path}: {name} is not UTF-8 text ({error})") from None

    def image(self, name: str, *, mode: str | None = None, pixels: int = 1 << 22) -> np.ndarray:
        """Return a PNG or JPEG member as an array of shape (height, width) or (height, width, channels).

        Args:
            name: of the member.
            mode: Pillow's name of the pixel format to convert to ("RGB"); None keeps the file's own.
            pixels: the most that the file may have.

        Raises:
            PracticumError: as in `read`, or the member is no whole image, or has more pixels than allowed.
        """
        from PIL import Image

        data = self.read(name)
        try:
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
                if image.width * image.height > pixels:
                    raise PracticumError(
                        f"{self.path}: expected at most {pixels:,} pixels in {name}, got {image.width} × {image.height}"
                    )
                return np.array(image.convert(mode) if mode else image)
        except (OSError, ValueError, SyntaxError, zlib.error, Image.DecompressionBombError) as error:
            raise PracticumError(f"{self.path}: {name} is not a whole image ({type(error).__name__}: {error})") from None
