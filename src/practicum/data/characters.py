"""A tokenizer with one token per character."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor


@dataclass(frozen=True)
class Characters:
    """The characters of a text, numbered in the order of their code points.

    Attributes:
        alphabet: the characters, each once; a token is a place in it.

    Raises:
        ValueError: a character comes twice.
    """

    alphabet: str

    def __post_init__(self) -> None:
        if len(set(self.alphabet)) != len(self.alphabet):
            raise ValueError(f"expected each character once, got {Counter(self.alphabet).most_common(1)[0][0]!r} more often")

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the tokenizer whose alphabet is a text's."""
        return cls("".join(sorted(set(text))))

    def __len__(self) -> int:
        return len(self.alphabet)

    def encode(self, text: str) -> Tensor:
        """Return the tokens, shape (number of characters,), int64.

        Raises:
            ValueError: a character is not in the alphabet.
        """
        numbers = {character: number for number, character in enumerate(self.alphabet)}
        if unknown := set(text) - numbers.keys():
            raise ValueError(f"expected characters among {self.alphabet!r}, got {''.join(sorted(unknown))!r}")
        return torch.tensor([numbers[character] for character in text], dtype=torch.long)

    def decode(self, tokens: Tensor | Iterable[int]) -> str:
        """Return the text."""
        return "".join(self.alphabet[int(token)] for token in tokens)
