"""Short sentences and their translations by volunteers (Tatoeba): German to English, English to French.

Sentences are cut into words in lower case. Everything that is a translation of the same source sentence belongs together. Of the
source sentences a fixed choice, the same in every run, is for validation and testing; pairs of which either side, source or
translation, stands there are left out of the training set.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from practicum.data import store
from practicum.data.store import Dataset, File
from practicum.data.words import Vocabulary, split

_SOURCE = "https://tatoeba.org, as pairs from https://www.manythings.org/anki/"
DEU_ENG = Dataset(
    "tatoeba_deu_eng",
    title="50,000 short English sentences with German translations",
    licence="CC BY 2.0 FR",
    source=_SOURCE,
    files=(File("deu.txt", "ad109252de3e35f8ec8030669ccddf6ee2f5cc1656c1928468e175233c01eb1d", None, 2188364),),
)
ENG_FRA = Dataset(
    "tatoeba_eng_fra",
    title="5,000 short English sentences with French translations",
    licence="CC BY 2.0 FR",
    source=_SOURCE,
    files=(File("eng-fra.txt", "d952b56a181da5270b7bb4ded3f3bbe61e67a9b1de0e0fbc1d46438c71fb55a7", None, 562864),),
)
Sentence = tuple[str, ...]


@dataclass(frozen=True)
class Translations:
    """A parallel corpus.

    Attributes:
        train: pairs of a source and a target sentence.
        validation: source sentences, each with all its translations.
        test: the same; no sentence of either is in `train`.
    """

    train: list[tuple[Sentence, Sentence]]
    validation: list[tuple[Sentence, list[Sentence]]]
    test: list[tuple[Sentence, list[Sentence]]]


def deu_eng() -> Translations:
    """Return German to English; 2,000 German sentences are for testing and 1,000 for validation.

    Raises:
        PracticumError: the set is not here.
    """
    rows = _rows(store.need(DEU_ENG) / DEU_ENG.files[0].name)[1:]  # the first line is a header
    return divide([(german, english) for english, german in rows], validation=1000, test=2000)


def eng_fra() -> Translations:
    """Return English to French; 300 English sentences are for testing and 200 for validation.

    Raises:
        PracticumError: the set is not here.
    """
    rows = _rows(store.need(ENG_FRA) / ENG_FRA.files[0].name)
    return divide([(english, french) for english, french, *_ in rows], validation=200, test=300)


def divide(pairs: Sequence[tuple[str, str]], *, validation: int, test: int) -> Translations:
    """Cut sentences into words and divide them as the module says.

    Args:
        pairs: of a source sentence and its translation.
        validation: source sentences for validation.
        test: source sentences for testing.
    """
    translations: dict[Sentence, list[Sentence]] = {}
    for source, target in pairs:
        known = translations.setdefault(tuple(split(source)), [])
        words = tuple(split(target))
        if words not in known:
            known.append(words)
    sources = sorted(translations)
    order = torch.randperm(len(sources), generator=torch.Generator().manual_seed(0)).tolist()
    held = [(sources[place], translations[sources[place]]) for place in order[: validation + test]]
    seen = {target for _, targets in held for target in targets}
    train = [
        (sources[place], target)
        for place in sorted(order[validation + test :])
        for target in translations[sources[place]]
        if target not in seen
    ]
    return Translations(train, held[:validation], held[validation:])


def pair_columns(
    pairs: Sequence[tuple[Sentence, Sentence]], source: Vocabulary, target: Vocabulary
) -> tuple[list[Tensor], list[Tensor]]:
    """Return the sources' words (with the end of a sentence) and the targets' (with beginning and end) as numbers."""
    return [source.encode(s, eos=True) for s, _ in pairs], [target.encode(t, bos=True, eos=True) for _, t in pairs]


def reference_columns(
    held: Sequence[tuple[Sentence, list[Sentence]]], source: Vocabulary, target: Vocabulary, *, references: int = 4
) -> tuple[list[Tensor], ...]:
    """Return the sources' words, and a column each for first translations, second ones and so on, empty where there is none.

    Args:
        held: source sentences with all their translations.
        source: its words.
        target: its words.
        references: the most translations kept of one source.
    """
    columns = [
        [target.encode(t[i], bos=True, eos=True) if i < len(t) else target.encode(()) for _, t in held] for i in range(references)
    ]
    return [source.encode(s, eos=True) for s, _ in held], *columns


def _rows(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
