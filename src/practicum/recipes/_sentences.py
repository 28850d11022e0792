"""What the recipes that classify sentences share: words as numbers, and word vectors that begin as GloVe's."""

from collections import Counter
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
        vocabulary: words that GloVe knows or that come twice in the training set.
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
    """Cut texts into words.

    Words that GloVe knows keep their vectors, those of the test set too. The others must come twice in the training set: so there
    are unknown words in training, and a vector for them is learned. A text without a word counts as one unknown word.
    """
    train, test = ([split(text) for text in part] for part in (texts.train_texts, texts.test_texts))
    pretrained, counts = glove(), Counter(word for words in train for word in words)
    known = {*pretrained.words, *(word for word, count in counts.items() if count > 1)}
    vocabulary = Vocabulary.of([word for word in words if word in known] for words in (*train, *test))
    unknown = [vocabulary.words[UNK]]
    train_numbers, test_numbers = ([vocabulary.encode(words or unknown) for words in part] for part in (train, test))
    return Sentences(
        vocabulary,
        pretrained.table(vocabulary.words, seed=seed),
        Buckets(train_numbers, texts.train_labels, batch_size=batch_size, seed=seed),
        Buckets(test_numbers, texts.test_labels, batch_size=500, shuffle=False),
        texts.sample or pretrained.sample,
    )
