"""What the recipes that classify sentences share: words as numbers, and word vectors that begin as GloVe's."""

from dataclasses import dataclass

from torch import Tensor

from practicum.data.batches import Buckets
from practicum.data.glove import glove
from practicum.data.texts import Texts
from practicum.data.words import UNK, Vocabulary, split


@dataclass(frozen=True)
class Sentences:
    """Batches of `(word_BT, label_B)`, and what a model needs to know of the words.

    Attributes:
        vocabulary: the training set's words.
        vectors: shape (V, 50).
        train: batches.
        test: batches.
        sample: True where texts or vectors are only a packaged sample.
    """

    vocabulary: Vocabulary
    vectors: Tensor
    train: Buckets
    test: Buckets
    sample: bool


def sentences(texts: Texts, *, batch_size: int, seed: int) -> Sentences:
    """Cuts texts into words; a text without a word counts as one unknown word."""
    train, test = ([split(text) for text in part] for part in (texts.train_texts, texts.test_texts))
    vocabulary, pretrained = Vocabulary.of(train), glove()
    unknown = [vocabulary.words[UNK]]
    train_numbers, test_numbers = ([vocabulary.encode(words or unknown) for words in part] for part in (train, test))
    return Sentences(
        vocabulary,
        pretrained.table(vocabulary.words, seed=seed),
        Buckets(train_numbers, texts.train_labels, batch_size=batch_size, seed=seed),
        Buckets(test_numbers, texts.test_labels, batch_size=500, shuffle=False),
        texts.sample or pretrained.sample,
    )
