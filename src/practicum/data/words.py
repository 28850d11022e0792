"""Words: cutting a text into them, and numbering them.

The numbers 0 to 3 are padding, the unknown word, and the beginning and the end of a sentence; words follow by falling frequency.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

PAD, UNK, BOS, EOS = range(4)
SPECIAL = ("<pad>", "<unk>", "<bos>", "<eos>")
_WORD = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")


def split(text: str) -> list[str]:
    """Return the words and punctuation marks of a text, in lower case; `don't` is one word, and its apostrophe is straight."""
    return _WORD.findall(text.lower().replace("’", "'"))


class Vocabulary:
    """Numbers words.

    Args:
        words: without the special ones, in the order of their numbers, each once.

    Raises:
        ValueError: a word comes twice or is a special one.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self.words = (*SPECIAL, *words)
        self._number = {word: number for number, word in enumerate(self.words)}
        if len(self._number) != len(self.words):
            twice = next(word for word, count in Counter(self.words).items() if count > 1)
            raise ValueError(f"expected each word once, got {twice!r} more often")

    @classmethod
    def of(cls, sentences: Iterable[Iterable[str]], *, size: int | None = None, min_count: int = 1) -> "Vocabulary":
        """Return the vocabulary of some sentences.

        Args:
            sentences: each a sequence of words.
            size: the most words kept, special ones counted; the frequent ones stay, ties in alphabetical order.
            min_count: a rarer word is not kept.
        """
        counts = Counter(word for sentence in sentences for word in sentence)
        kept = sorted((word for word, count in counts.items() if count >= min_count), key=lambda word: (-counts[word], word))
        return cls(kept[: None if size is None else size - len(SPECIAL)])

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self._number

    def number(self, word: str) -> int:
        """Return the word's number, or that of the unknown word."""
        return self._number.get(word, UNK)

    def encode(self, words: Iterable[str], *, bos: bool = False, eos: bool = False) -> Tensor:
        """Return the words' numbers, shape (words,), int64.

        Args:
            words: of one sentence.
            bos: put the beginning of a sentence in front.
            eos: put the end of a sentence behind.
        """
        numbers = [self._number.get(word, UNK) for word in words]
        return torch.tensor([BOS] * bos + numbers + [EOS] * eos, dtype=torch.long)

    def decode(self, numbers: Tensor | Sequence[int]) -> list[str]:
        """Return the words of these numbers, special ones too."""
        return [self.words[number] for number in (numbers.tolist() if isinstance(numbers, Tensor) else numbers)]
