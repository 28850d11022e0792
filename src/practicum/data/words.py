"""Words: cutting a text into them, and numbering them.

The numbers 0 to 3 are padding, the unknown word, and the beginning and the end of a sentence; words follow by falling frequency.
What looks like one of these in a text (`<pad>`) is the unknown word: no text can write padding or an end.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

import regex
import torch
from torch import Tensor

PAD, UNK, BOS, EOS = range(4)
SPECIAL = ("<pad>", "<unk>", "<bos>", "<eos>")
# A word is letters and digits with the marks that belong to them (accents, the vowels of Indian scripts) and the joiners between
# them; a mark by itself is one too.
_WORD = regex.compile(r"[\w\p{M}\u200c\u200d]+(?:'[\w\p{M}\u200c\u200d]+)*|[^\w\s]")


def split(text: str) -> list[str]:
    """Return the words and punctuation marks of a text, in lower case; `don't` is one word, and its apostrophe is straight.

    A letter with an accent is one character, also where the text writes them one after the other (Unicode's form NFC).
    """
    return _WORD.findall(unicodedata.normalize("NFC", text.lower().replace("’", "'")))


def bare(words: Sequence[str]) -> tuple[str, ...]:
    """Return a sentence's words without its punctuation; a sentence of punctuation alone stays as it is."""
    return tuple(word for word in words if any(map(str.isalnum, word))) or tuple(words)


class Vocabulary:
    """Numbers words.

    Args:
        words: without the special ones, in the order of their numbers, each once.

    Raises:
        ValueError: a word comes twice or is a special one.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self.words = (*SPECIAL, *words)
        self._number = {word: number for number, word in enumerate(self.words) if number >= len(SPECIAL)}
        if len(self._number) != len(self.words) - len(SPECIAL) or self._number.keys() & set(SPECIAL):
            twice = next(word for word, count in Counter(self.words).items() if count > 1)
            raise ValueError(f"expected each word once, got {twice!r} more often")

    @classmethod
    def of(cls, sentences: Iterable[Iterable[str]], *, size: int | None = None, min_count: int = 1) -> "Vocabulary":
        """Return the vocabulary of some sentences.

        Args:
            sentences: each a sequence of words.
            size: the most words kept, special ones counted; the frequent ones stay, ties in alphabetical order.
            min_count: a rarer word is not kept.

        Raises:
            ValueError: the size has no place for the special words.
        """
        if size is not None and size < len(SPECIAL):
            raise ValueError(f"expected a size of at least {len(SPECIAL)}, the number of special words, got {size}")
        counts = Counter(word for sentence in sentences for word in sentence if word not in SPECIAL)
        kept = sorted((word for word, count in counts.items() if count >= min_count), key=lambda word: (-counts[word], word))
        return cls(kept[: None if size is None else size - len(SPECIAL)])

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self._number or word in SPECIAL

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
