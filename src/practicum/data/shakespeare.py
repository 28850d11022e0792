"""Tiny Shakespeare as a stream of characters (Karpathy 2015), or seven whole plays where it is not at hand.

The last 10 % are the test text: what nanoGPT calls its validation text, so that results can be compared. The 5 % before them
validate, the first 85 % train.
"""

import gzip
from dataclasses import dataclass

from torch import Tensor

from practicum.data import store
from practicum.data.characters import Characters
from practicum.data.store import Dataset, File

TINY_SHAKESPEARE = Dataset(
    "tinyshakespeare",
    title="Tiny Shakespeare: 40,000 lines of the plays, 1,115,394 characters",
    licence="text in the public domain",
    source="A. Karpathy 2015, The Unreasonable Effectiveness of Recurrent Neural Networks, https://github.com/karpathy/char-rnn",
    files=(
        File(
            "input.txt",
            "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
            "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
            1115394,
        ),
    ),
    sample=("shakespeare_7plays.txt.gz",),
)


@dataclass(frozen=True)
class Text:
    """A text as tokens, in three parts that follow one another.

    Attributes:
        train_tokens: shape (N,), int64.
        validation_tokens: shape (M,), int64.
        test_tokens: shape (L,), int64.
        tokenizer: turns text into tokens and back; it knows the characters of the training part.
        sample: True for the packaged sample.
    """

    train_tokens: Tensor
    validation_tokens: Tensor
    test_tokens: Tensor
    tokenizer: Characters
    sample: bool


def shakespeare() -> Text:
    """Return the characters: 948,084, 55,770 and 111,540 of 65 kinds; the sample has 915,654, 53,860 and 107,722 of 70 kinds.

    Characters that the training part lacks are left out of the other two: none of the full text, five of the sample's.
    """
    folder = store.find(TINY_SHAKESPEARE)
    if folder is None:
        (path,) = store.sample(TINY_SHAKESPEARE)
        text = gzip.decompress(path.read_bytes()).decode()
    else:
        text = (folder / "input.txt").read_text(encoding="utf-8")
    first, second = len(text) * 17 // 20, len(text) * 9 // 10
    tokenizer = Characters.of(text[:first])
    known = set(tokenizer.alphabet)
    train, validation, test = (
        tokenizer.encode("".join(character for character in part if character in known))
        for part in (text[:first], text[first:second], text[second:])
    )
    return Text(train, validation, test, tokenizer, folder is None)
