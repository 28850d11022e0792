"""Archives and pictures for the tests of `data/`."""

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image


def packed(path: Path, members: dict[str, bytes | str]) -> Path:
    """Writes a zip archive and returns its path."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def picture(array: np.ndarray, kind: str = "PNG") -> bytes:
    """Returns an image file."""
    stream = io.BytesIO()
    Image.fromarray(array).save(stream, kind)
    return stream.getvalue()
