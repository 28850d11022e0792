"""Short sentences and their translations by volunteers (Tatoeba): German to English, English to French.

Sentences are cut into words in lower case. Sentences that translate one another, directly or by way of others, are related; so
are those that differ in punctuation alone. A set for training, validation or testing gets all related sentences or none of them:
what is tested was trained on neither with other words nor on the other side. The choice is the same in every run.
What this cannot part is what the corpus is full of: sentences that differ in a name or a pronoun.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from practicum.data import store
from practicum.data.store import Dataset, File
from practicum.data.words import Vocabulary, bare, split

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
        test: the same. No sentence of one set is related to one of another.
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
        validation: source sentences for validation; fewer where the related ones of the next group are too many.
        test: source sentences for testing; likewise.
    """
    translations: dict[Sentence, list[Sentence]] = {}
    for source, target in pairs:
        known = translations.setdefault(tuple(split(source)), [])
        words = tuple(split(target))
        if words not in known:
            known.append(words)
    held: tuple[list[Sentence], list[Sentence]] = ([], [])
    train: list[Sentence] = []
    groups = _related(translations)
    for place in torch.randperm(len(groups), generator=torch.Generator().manual_seed(0)).tolist():
        group = groups[place]
        fitting = (part for part, size in zip(held, (validation, test), strict=True) if len(part) + len(group) <= size)
        next(fitting, train).extend(group)
    return Translations(
        [(source, target) for source in sorted(train) for target in translations[source]],
        *([(source, translations[source]) for source in part] for part in held),
    )


def _related(translations: dict[Sentence, list[Sentence]]) -> list[list[Sentence]]:
    """Return the sources in groups: those of one group are related, those of two are not."""
    sources = sorted(translations)
    # Numbers of the sentences of each side, those without punctuation: the edges of a graph with two kinds of nodes.
    left: dict[Sentence, int] = {}
    right: dict[Sentence, int] = {}
    edges = np.array(
        [
            (left.setdefault(bare(source), len(left)), right.setdefault(bare(target), len(right)))
            for source in sources
            for target in translations[source]
        ]
    )
    nodes = len(left) + len(right)
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], len(left) + edges[:, 1])), shape=(nodes, nodes))
    component = connected_components(graph, directed=False)[1]
    groups: dict[int, list[Sentence]] = {}
    for source in sources:
        groups.setdefault(int(component[left[bare(source)]]), []).append(source)
    return [*groups.values()]


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
