"""Tiny Shakespeare as a stream of characters (Karpathy 2015), or seven whole plays where it is not at hand.

The first 90 % train, the rest validates, as in nanoGPT.
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
    """A text as tokens.

    Attributes:
        train_tokens: shape (N,), int64.
        validation_tokens: what follows them, shape (M,), int64.
        tokenizer: turns text into tokens and back.
        sample: True for the packaged sample.
    """

    train_tokens: Tensor
    validation_tokens: Tensor
    tokenizer: Characters
    sample: bool


def shakespeare() -> Text:
    """Return the characters: 1,003,854 and 111,540 of 65 kinds; the sample has 969,516 and 107,725 of 73 kinds."""
    folder = store.find(TINY_SHAKESPEARE)
    if folder is None:
        (path,) = store.sample(TINY_SHAKESPEARE)
        text = gzip.decompress(path.read_bytes()).decode()
    else:
        text = (folder / "input.txt").read_text(encoding="utf-8")
    tokenizer = Characters.of(text)
    tokens = tokenizer.encode(text)
    split = len(tokens) * 9 // 10
    return Text(tokens[:split], tokens[split:], tokenizer, folder is None)
