"""WordPiece, the tokenizer of BERT (Wu et al. 2016, section 4.1; Devlin et al. 2019, section 3.1).

A text is cleaned, put into lower case and stripped of accents, cut at white space, punctuation and Chinese characters, and each
word is taken apart from left to right into the longest pieces of the vocabulary; pieces inside a word begin with `##`.

The details are those of the published code.
"""

import gzip
import string
import unicodedata
from collections.abc import Iterable, Sequence

from practicum.data import store

PAD, UNK, CLS, SEP, MASK = "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"
_CHINESE = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip
_LONGEST = 100  # characters of a word that is still taken apart


class WordPiece:
    """Turns text into pieces' numbers and back; not without loss (case, accents and spaces go).

    Args:
        pieces: the vocabulary, in the order of the numbers; `[PAD]`, `[UNK]`, `[CLS]`, `[SEP]` and `[MASK]` are among them.

    Raises:
        ValueError: a special piece is missing.
    """

    def __init__(self, pieces: Sequence[str]) -> None:
        self.pieces = tuple(pieces)
        self._number = {piece: number for number, piece in enumerate(self.pieces)}
        if missing := [piece for piece in (PAD, UNK, CLS, SEP, MASK) if piece not in self._number]:
            raise ValueError(f"expected a vocabulary with special pieces, got one without {', '.join(missing)}")
        self.pad, self.unk, self.cls, self.sep, self.mask = (self._number[piece] for piece in (PAD, UNK, CLS, SEP, MASK))

    def __len__(self) -> int:
        return len(self.pieces)

    def encode(self, text: str) -> list[int]:
        """Return the pieces' numbers, between those of `[CLS]` and `[SEP]`."""
        return [self.cls, *(number for word in words(text) for number in self._take_apart(word)), self.sep]

    def encode_pair(self, first: str, second: str) -> tuple[list[int], list[int]]:
        """Return the numbers of `[CLS] first [SEP] second [SEP]`, and for each whether it belongs to the second text."""
        a, b = self.encode(first), self.encode(second)[1:]
        return a + b, [0] * len(a) + [1] * len(b)

    def decode(self, numbers: Iterable[int]) -> str:
        """Return the words, without `[PAD]`, `[CLS]` and `[SEP]`."""
        pieces = [self.pieces[number] for number in numbers if number not in (self.pad, self.cls, self.sep)]
        return " ".join(pieces).replace(" ##", "")

    def restricted(self, texts: Iterable[str]) -> "WordPiece":
        """Return a tokenizer that cuts these texts as this one does, with no more pieces than that takes.

        Special pieces and single characters stay, so that other texts find pieces too.
        """
        used = {number for text in texts for number in self.encode(text)} | {self.pad, self.unk, self.mask}
        return WordPiece([p for i, p in enumerate(self.pieces) if i in used or len(p.removeprefix("##")) == 1])

    def _take_apart(self, word: str) -> list[int]:
        if len(word) > _LONGEST:
            return [self.unk]
        numbers: list[int] = []
        at = 0
        while at < len(word):
            mark = "##" if at else ""
            end = next((end for end in range(len(word), at, -1) if mark + word[at:end] in self._number), None)
            if end is None:
                return [self.unk]
            numbers.append(self._number[mark + word[at:end]])
            at = end
        return numbers


def words(text: str) -> list[str]:
    """Return the words and punctuation marks of a text, in lower case and without accents."""
    spaced = "".join(_cleaned(character) for character in text)
    plain = "".join(c for c in unicodedata.normalize("NFD", spaced) if unicodedata.category(c) != "Mn")
    lower = "".join(c.lower() for c in plain)  # one by one: a Greek sigma at a word's end stays like the others
    return "".join(f" {c} " if _is_punctuation(c) else c for c in lower).split()


def bert() -> WordPiece:
    """Return the tokenizer of the uncased English BERT: 30,522 pieces."""
    return WordPiece(gzip.decompress((store.SAMPLES / "bert_vocab.txt.gz").read_bytes()).decode().splitlines())


def _cleaned(character: str) -> str:
    if character in "\t\n\r":
        return " "
    if character == "\ufffd" or unicodedata.category(character).startswith("C"):
        return ""  # other control characters join what they stand between, even those that Python takes for space
    if character.isspace():
        return " "
    return f" {character} " if any(low <= ord(character) <= high for low, high in _CHINESE) else character


def _is_punctuation(character: str) -> bool:
    return character in string.punctuation or unicodedata.category(character).startswith("P")
