"""What people think of pairs of words, and analogies: the sets that word vectors are measured on.

WordSim-353 and Google's analogies are packaged as a whole; the other sets are read from the data folder.
"""

import gzip
from dataclasses import dataclass

from practicum.data import store
from practicum.data.store import SAMPLES, Dataset, File

Analogy = tuple[str, str, str, str]  # a is to b as c is to d


@dataclass(frozen=True)
class Pairs:
    """Pairs of words and how alike people find them.

    Attributes:
        name: of the set.
        words: N pairs, in lower case.
        scores: N scores, on the set's own scale.
    """

    name: str
    words: tuple[tuple[str, str], ...]
    scores: tuple[float, ...]


def _dataset(file: str, sha256: str, title: str, source: str) -> Dataset:
    return Dataset("word_similarity", title, "see its source", source, (File(file, sha256),))


SETS = {
    "simlex999": _dataset(
        "EN-SIMLEX-999.txt", "405394ffb7d25f6d0e3c041f87c9f27d29dc6b047506769953e85c4523b11685",
        "SimLex-999", "Hill, Reichart & Korhonen 2015, https://fh295.github.io/simlex.html",
    ),
    "men": _dataset(
        "EN-MEN-TR-3k.txt", "888b13580faa362c7b11da0a670258cf1b1eb4bf0ecbcd418918729a3bd3f43a",
        "MEN, 3,000 pairs", "Bruni, Tran & Baroni 2014, Multimodal distributional semantics",
    ),
    "rg65": _dataset(
        "EN-RG-65.txt", "c243f3a91c3f5d8cf67f21a67f6fb80bde8b6bb060851a6a48e6f2d68ec98c9f",
        "RG-65", "Rubenstein & Goodenough 1965, Contextual correlates of synonymy",
    ),
    "mc30": _dataset(
        "EN-MC-30.txt", "33ee05911496ff83d95cac351d0746c6f63b9181b605cb7d307f4daa8864511b",
        "MC-30", "Miller & Charles 1991, Contextual correlates of semantic similarity",
    ),
}  # fmt: skip


def word_similarity(name: str = "wordsim353") -> Pairs:
    """Return a set of word pairs.

    Args:
        name: `wordsim353` (353 pairs; Finkelstein et al. 2002), `simlex999` (999), `men` (3,000), `rg65` (65) or `mc30` (30).

    Raises:
        ValueError: there is no set of that name.
        PracticumError: the set is not here.
    """
    if name == "wordsim353":
        text = _packaged("wordsim353.tsv.gz")
    elif name in SETS:
        text = (store.need(SETS[name]) / SETS[name].files[0].name).read_text(encoding="utf-8")
    else:
        raise ValueError(f"expected one of wordsim353, {', '.join(SETS)}; got {name!r}")
    rows = [line.lower().split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    return Pairs(name, tuple((a, b) for a, b, _ in rows), tuple(float(score) for _, _, score in rows))


def analogies() -> dict[str, list[Analogy]]:
    """Return Google's 19,544 questions by their 14 kinds, in lower case (Mikolov et al. 2013, "Efficient estimation")."""
    kinds: dict[str, list[Analogy]] = {}
    for line in _packaged("questions-words.txt.gz").lower().splitlines():
        if line.startswith(":"):
            questions = kinds.setdefault(line[1:].strip(), [])
        elif line:
            a, b, c, d = line.split()
            questions.append((a, b, c, d))
    return kinds


def _packaged(name: str) -> str:
    return gzip.decompress((SAMPLES / name).read_bytes()).decode("utf-8")
