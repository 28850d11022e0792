"""What the recipes for word vectors share: the books as numbers, pairs of words to judge by, and pictures.

Vectors are judged by how well their cosines rank pairs of words as people do. The test are the pairs of WordSim-353 (Finkelstein
et al. 2002); what is chosen is chosen on those of MEN (Bruni, Tran & Baroni 2014), which asks people the same question, how
related two words are, about ten times as many pairs. A pair that both sets ask for, in either order, belongs to the test alone.
"""

from dataclasses import dataclass
from pathlib import Path

import torch

from practicum.data import store
from practicum.data.batches import Whole
from practicum.data.books import books
from practicum.data.splits import held_out
from practicum.data.windows import Corpus
from practicum.data.word_similarity import SETS, Pairs, word_similarity
from practicum.data.words import Vocabulary
from practicum.methods.word_vectors import WordVectors

GROUPS = {
    "family": ["father", "mother", "son", "daughter", "brother", "sister", "wife", "husband"],
    "rule": ["king", "queen", "prince", "duke", "lord", "throne", "crown"],
    "sea": ["ship", "whale", "boat", "sail", "captain", "harpoon", "sea"],
    "body": ["hand", "head", "eye", "eyes", "foot", "heart", "tongue"],
    "numbers": ["two", "three", "four", "seven", "ten", "twelve", "hundred"],
    "faith": ["god", "priest", "altar", "prayer", "sin", "heaven", "soul"],
    "feelings": ["love", "hate", "fear", "joy", "grief", "anger", "sorrow"],
}


@dataclass(frozen=True)
class Text:
    """The books, and the pairs whose words are both in them.

    Attributes:
        vocabulary: of the books' words.
        corpus: the books as numbers.
        validation: pairs to choose by, one batch `(a_N, b_N, score_N)`.
        test: pairs to measure on.
        sample: True where the books or the pairs are only the packaged sample.
    """

    vocabulary: Vocabulary
    corpus: Corpus
    validation: Whole
    test: Whole
    sample: bool


def text(min_count: int) -> Text:
    """Return the books without words that come less than `min_count` times.

    MEN is not packaged. Where it is missing, a half of WordSim-353's pairs, the same in every run, validates and the other half
    tests; then the pairs are a sample.
    """
    read = books()
    vocabulary = Vocabulary.of(read.sentences, min_count=min_count)
    corpus = Corpus.of(read.sentences, vocabulary)
    test = known(word_similarity(), vocabulary)
    if store.find(SETS["men"]) is not None:
        asked = {frozenset(pair) for pair in word_similarity().words}
        men = word_similarity("men")
        apart = [(pair, score) for pair, score in zip(men.words, men.scores, strict=True) if frozenset(pair) not in asked]
        validation = known(Pairs("men", *zip(*apart, strict=True)), vocabulary)
        return Text(vocabulary, corpus, Whole(validation), Whole(test), read.sample)
    chosen, measured = held_out(len(test[0]), 0.5)
    validation = tuple(column[chosen] for column in test)
    return Text(vocabulary, corpus, Whole(validation), Whole(tuple(column[measured] for column in test)), sample=True)


def known(pairs: Pairs, vocabulary: Vocabulary) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return numbers a_N, numbers b_N and score_N of the pairs whose words are both in the vocabulary."""
    return WordVectors(vocabulary.words, torch.empty(len(vocabulary), 0)).pairs(pairs.words, pairs.scores)


def draw_words(vectors: WordVectors, path: Path) -> None:
    """Draw the words of `GROUPS` by their two main directions (PCA), a colour for each group."""
    from matplotlib.figure import Figure

    groups = {name: [word for word in words if vectors.known(word)] for name, words in GROUPS.items()}
    rows = torch.tensor([vectors.place[word] for words in groups.values() for word in words])
    unit = vectors.unit_VD[rows]
    centred = unit - unit.mean(0)
    _, _, directions = torch.linalg.svd(centred, full_matrices=False)
    places = (centred @ directions[:2].T).tolist()
    figure = Figure(figsize=(8, 6.5), layout="constrained")
    axes = figure.subplots()
    for number, (name, words) in enumerate(groups.items()):
        here, places = places[: len(words)], places[len(words) :]
        axes.scatter([x for x, _ in here], [y for _, y in here], s=14, color=f"C{number}", label=name)
        for word, (x, y) in zip(words, here, strict=True):
            axes.annotate(word, (x, y), xytext=(3, 3), textcoords="offset points", fontsize=8, color=f"C{number}")
    axes.legend(fontsize=8)
    axes.set_xlabel("first direction")
    axes.set_ylabel("second direction")
    figure.savefig(path, dpi=120)


def write_neighbours(vectors: WordVectors, path: Path, count: int = 8) -> None:
    """Write the nearest words of each word of `GROUPS`, with their cosines."""
    lines = []
    for words in GROUPS.values():
        for word in words:
            if vectors.known(word):
                near = ", ".join(f"{other} {cosine:.2f}" for other, cosine in vectors.neighbours(word, count))
                lines.append(f"{word:10} {near}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
