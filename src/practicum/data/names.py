"""First names, for models of characters."""

import gzip

from practicum.data import store
from practicum.data.store import Dataset, File

NAMES = Dataset(
    "names",
    title="32,033 first names of children in the United States, the most frequent first",
    licence="MIT",
    source="makemore, https://github.com/karpathy/makemore, after the Social Security Administration's lists",
    files=(
        File(
            "names.txt",
            "0a30b5557f192f32ab962680889aac5f6fda0f4cecf40a6d0b5694f58ea8cc4d",
            "https://raw.githubusercontent.com/karpathy/makemore/master/names.txt",
            228145,
        ),
    ),
    sample=("first_names.txt.gz",),
)


def names() -> tuple[str, ...]:
    """Return 32,033 names in small letters; the sample is another list, of 8,403 names in alphabetical order."""
    folder = store.find(NAMES)
    if folder is None:
        (path,) = store.sample(NAMES)
        return tuple(gzip.decompress(path.read_bytes()).decode().split())
    return tuple((folder / "names.txt").read_text(encoding="utf-8").split())
