"""What the recipes that classify sentences share: three sets apart, words as numbers, and word vectors that begin as GloVe's."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from practicum.data.batches import Buckets
from practicum.data.glove import glove
from practicum.data.splits import held_out
from practicum.data.texts import Texts
from practicum.data.words import UNK, Vocabulary, bare, split

VALIDATION = 0.1  # of the training texts


@dataclass(frozen=True)
class Sentences:
    """Batches of `(word_BT, label_B)`, and what a model needs to know of the words.

    Attributes:
        vocabulary: words of the training rows that GloVe knows or that come twice there.
        vectors: shape (V, 50).
        train: batches.
        validation: a tenth of the training texts, the same in every run.
        test: batches.
        sample: True where texts or vectors are only a packaged sample.
    """

    vocabulary: Vocabulary
    vectors: Tensor
    train: Buckets
    validation: Buckets
    test: Buckets
    sample: bool


def sentences(texts: Texts, *, batch_size: int, seed: int) -> Sentences:
    """Cut texts into words.

    The words are those of the training rows. Those that GloVe knows begin with its vectors; the others must come twice: so there
    are unknown words in training, and a vector for them is learned. A text without a word counts as one unknown word.
    All of GloVe's 50,000 words in the vocabulary, which no test row could change either, are no gain: with them `textcnn_reviews`
    has 79.0 % on validation, without 79.7 % (means of two seeds), and each step takes longer.
    """
    given, tested = ([split(text) for text in part] for part in (texts.train_texts, texts.test_texts))
    learned, watched = _apart(given, tested)
    pretrained, counts = glove(), Counter(word for row in learned for word in given[row])
    known = {*pretrained.words, *(word for word, count in counts.items() if count > 1)}
    vocabulary = Vocabulary.of([word for word in given[row] if word in known] for row in learned)
    unknown = [vocabulary.words[UNK]]
    numbers, test_numbers = ([vocabulary.encode(words or unknown) for words in part] for part in (given, tested))
    train, validation = (([numbers[row] for row in rows], texts.train_labels[rows]) for rows in (learned, watched))
    return Sentences(
        vocabulary,
        pretrained.table(vocabulary.words, seed=seed),
        Buckets(*train, batch_size=batch_size, seed=seed),
        Buckets(*validation, batch_size=500, shuffle=False),
        Buckets(test_numbers, texts.test_labels, batch_size=500, shuffle=False),
        texts.sample or pretrained.sample,
    )


def _apart(given: Sequence[Sequence[str]], tested: Sequence[Sequence[str]]) -> tuple[list[int], list[int]]:
    """Return the rows of the training set to learn from and those to validate on.

    A text that comes several times has all its rows in one of the two; one that is tested too is in neither.
    """
    rows: dict[tuple[str, ...], list[int]] = {}
    for row, words in enumerate(given):
        rows.setdefault(bare(words), []).append(row)
    texts, measured = [*rows], {bare(words) for words in tested}
    learned, watched = (
        sorted(row for text in part.tolist() if texts[text] not in measured for row in rows[texts[text]])
        for part in held_out(len(texts), VALIDATION)
    )
    return learned, watched
