"""Byte-level byte-pair encoding, the tokenizer of GPT-2 and its successors (Sennrich et al. 2016, algorithm 1;
Radford et al. 2019, section 2.2).

A text is cut into words by a pattern, a word into its UTF-8 bytes; then the two neighbours that were merged earliest in training
are merged, again and again, until no known pair is left. Training merges the pair of neighbours that is most frequent.

Departs from the papers: ties between equally frequent pairs go to the pair with the smaller tokens.
"""

import gzip
import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import regex

from practicum.data import store
from practicum.errors import PracticumError

# Contractions, words, numbers and runs of other signs, each with a space before it; then white space.
PATTERN = r"'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
END_OF_TEXT = "<|endoftext|>"

# GPT-2 writes bytes as characters in its files: printable ones as themselves, the others from U+0100 on. Tokens go that way.
_PRINTABLE = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
BYTE_ORDER = (*_PRINTABLE, *(byte for byte in range(256) if byte not in _PRINTABLE))
_CHARACTER_TO_BYTE = {chr(byte if i < len(_PRINTABLE) else 256 + i - len(_PRINTABLE)): byte for i, byte in enumerate(BYTE_ORDER)}


class BPE:
    """Turns text into tokens and back, without loss.

    Args:
        merges: pairs of tokens; the i-th pair makes token 256 + i.
        special: texts that are tokens as a whole, numbered behind the merges.

    Raises:
        ValueError: a merge names a token that does not exist yet, or a merge or special text comes twice or is empty.
    """

    def __init__(self, merges: Sequence[tuple[int, int]], special: Sequence[str] = ()) -> None:
        self.merges = {pair: 256 + rank for rank, pair in enumerate(merges)}
        self.bytes = [bytes([byte]) for byte in BYTE_ORDER]
        for a, b in merges:
            if max(a, b) >= len(self.bytes):
                raise ValueError(f"expected a merge of tokens below {len(self.bytes)}, got {(a, b)}")
            self.bytes.append(self.bytes[a] + self.bytes[b])
        if len(self.merges) != len(merges):
            raise ValueError(f"expected each merge once, got {Counter(merges).most_common(1)[0][0]} more often")
        if len({*special, ""}) != len(special) + 1:
            raise ValueError(f"expected special texts that differ and are not empty, got {[*special]}")
        self.special = {text: len(self.bytes) + i for i, text in enumerate(special)}
        self._special_texts = {token: text for text, token in self.special.items()}
        self._pattern = regex.compile(PATTERN)
        self._splitter = regex.compile("|".join(map(regex.escape, sorted(special, key=len, reverse=True)))) if special else None
        self._token = {byte: i for i, byte in enumerate(BYTE_ORDER)}
        self._words: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self.bytes) + len(self.special)

    def encode(self, text: str, *, special: bool = False) -> list[int]:
        """Return the tokens of a text.

        Args:
            text: any; lone surrogates, which are no characters, become U+FFFD.
            special: whether special texts in it become their tokens; otherwise they are text like any other.
        """
        text = well_formed(text)
        if not special or self._splitter is None:
            return [token for word in self._pattern.findall(text) for token in self._word(word)]
        tokens, at = [], 0
        for found in self._splitter.finditer(text):
            tokens += [*self.encode(text[at : found.start()]), self.special[found[0]]]
            at = found.end()
        return tokens + self.encode(text[at:])

    def decode(self, tokens: Iterable[int]) -> str:
        """Return the text; bytes that are no UTF-8 (a character cut in two) become U+FFFD.

        Raises:
            ValueError: there is no such token.
        """
        parts = []
        for token in map(int, tokens):
            if not 0 <= token < len(self):
                raise ValueError(f"expected tokens in [0, {len(self)}), got {token}")
            parts.append(self.bytes[token] if token < len(self.bytes) else self._special_texts[token].encode())
        return b"".join(parts).decode(errors="replace")

    def _word(self, word: str) -> list[int]:
        if (known := self._words.get(word)) is not None:
            return known
        tokens = merge([self._token[byte] for byte in word.encode()], self.merges)
        if len(word) < 32 and len(self._words) < 100_000:
            self._words[word] = tokens
        return tokens


def well_formed(text: str) -> str:
    """Return the text with surrogates joined to characters, and U+FFFD for lone ones, which UTF-8 cannot write."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def merge(tokens: list[int], merges: Mapping[tuple[int, int], int]) -> list[int]:
    """Return the tokens of a word with all known pairs merged, the earliest merge first and left before right.

    A heap of candidate pairs and a linked list of tokens: n log n for a word of n bytes.
    """
    if len(tokens) == 1:
        return tokens
    tokens, end = [*tokens], len(tokens)
    before, behind = [*range(-1, end - 1)], [*range(1, end + 1)]
    heap = [(merges[pair], at) for at, pair in enumerate(pairwise(tokens)) if pair in merges]
    heapq.heapify(heap)
    while heap:
        merged, at = heapq.heappop(heap)
        other = behind[at] if tokens[at] >= 0 else end
        if other == end or merges.get((tokens[at], tokens[other])) != merged:
            continue  # one of the two has been merged with another one since
        tokens[at], tokens[other] = merged, -1
        behind[at] = behind[other]
        if behind[at] < end:
            before[behind[at]] = at
        for left in (before[at], at):
            if left >= 0 and behind[left] < end and (new := merges.get((tokens[left], tokens[behind[left]]))) is not None:
                heapq.heappush(heap, (new, left))
    return [token for token in tokens if token >= 0]


def train(texts: Iterable[str], vocab_size: int, special: Sequence[str] = ()) -> BPE:
    """Return the tokenizer that merges the most frequent pairs of a corpus.

    Args:
        texts: the corpus.
        vocab_size: tokens in all: 256 bytes, merges, special texts. There are fewer where no pair occurs twice any more.
        special: texts that become tokens as a whole.

    Raises:
        ValueError: fewer tokens than bytes and special texts.

    Source: Sennrich et al. 2016, algorithm 1.
    """
    if vocab_size < 256 + len(special):
        raise ValueError(f"expected a vocab_size of at least 256 + {len(special)} special texts, got {vocab_size}")
    token = {byte: i for i, byte in enumerate(BYTE_ORDER)}
    counts_of_words = Counter(word for text in texts for word in regex.findall(PATTERN, well_formed(text)))
    words = [[token[byte] for byte in word.encode()] for word in counts_of_words]
    counts = [*counts_of_words.values()]
    frequency: Counter[tuple[int, int]] = Counter()
    where: defaultdict[tuple[int, int], set[int]] = defaultdict(set)  # words that a pair occurs in
    for index, word in enumerate(words):
        for pair in pairwise(word):
            frequency[pair] += counts[index]
            where[pair].add(index)
    heap = [(-count, pair) for pair, count in frequency.items()]
    heapq.heapify(heap)
    merges: list[tuple[int, int]] = []
    while heap and 256 + len(merges) + len(special) < vocab_size:
        count, best = heapq.heappop(heap)
        if -count != frequency[best]:
            if frequency[best] > 0:
                heapq.heappush(heap, (-frequency[best], best))
            continue  # the count has changed since it was put there
        if -count < 2:
            break
        new, changed = 256 + len(merges), set()
        merges.append(best)
        for index in where.pop(best):
            old = words[index]
            words[index] = _replace(old, best, new)
            for pair in pairwise(old):
                frequency[pair] -= counts[index]
            for pair in pairwise(words[index]):
                frequency[pair] += counts[index]
                where[pair].add(index)
                changed.add(pair)
        for pair in changed:
            heapq.heappush(heap, (-frequency[pair], pair))
    return BPE(merges, special)


def gpt2() -> BPE:
    """Return GPT-2's tokenizer: 50,257 tokens, `<|endoftext|>` the last of them."""
    return load(store.SAMPLES / "gpt2_vocab.bpe.gz")


def load(path: Path, special: Sequence[str] = (END_OF_TEXT,)) -> BPE:
    """Read merges in the format of GPT-2's `vocab.bpe` (`merges.txt` on the Hub), gzipped or not.

    Raises:
        PracticumError: a line is not two tokens that are known by then.
    """
    text = (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode()
    number = {bytes([byte]): i for i, byte in enumerate(BYTE_ORDER)}
    merges = []
    for line in text.splitlines():
        if not line or line.startswith("#version"):
            continue
        try:
            a, b = (bytes(_CHARACTER_TO_BYTE[character] for character in part) for part in line.split(" "))
            merges.append((number[a], number[b]))
        except (KeyError, ValueError):
            raise PracticumError(f"{path}: expected two known tokens after {len(merges)} merges, got {line!r}") from None
        number[a + b] = 255 + len(merges)
    return BPE(merges, special)


def _replace(tokens: list[int], pair: tuple[int, int], new: int) -> list[int]:
    replaced: list[int] = []
    at = 0
    while at < len(tokens):
        if at + 1 < len(tokens) and (tokens[at], tokens[at + 1]) == pair:
            replaced.append(new)
            at += 2
        else:
            replaced.append(tokens[at])
            at += 1
    return replaced
