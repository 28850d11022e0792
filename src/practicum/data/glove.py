"""GloVe vectors of 50 numbers, trained on Wikipedia 2014 and Gigaword 5 (Pennington, Socher & Manning 2014)."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from practicum.data import store
from practicum.data.store import Dataset, File

GLOVE = Dataset(
    "glove50",
    title="GloVe 6B, 50 dimensions, the 50,000 most frequent words",
    licence="PDDL 1.0",
    source="Pennington, Socher & Manning 2014, https://nlp.stanford.edu/projects/glove/",
    files=(
        File("glove_6b_50d_top50k_fp16.npz", "34769018f60f947628db2df3614191dae993e3a868ffd2c5b80d1415718f5139", None, 4609932),
        File("vocab_top50k.txt", "ca395c4e0ad31f7034a683cf5704d5109d154e819920a1e3627a0dd3cc311073", None, 399648),
    ),
    sample=("glove_6b_50d_top10k_fp16.npz", "glove_vocab_top10k.txt.gz"),
)


@dataclass(frozen=True)
class Glove:
    """Words and their vectors.

    Attributes:
        words: V words in lower case, the most frequent one first.
        vectors: shape (V, 50), float32.
        sample: True for the packaged sample.
    """

    words: tuple[str, ...]
    vectors: Tensor
    sample: bool

    def table(self, words: Sequence[str], *, seed: int = 0) -> Tensor:
        """Return a row for each word, to begin an embedding with; a word without a vector gets a random one of the same spread.

        Args:
            words: as many as the embedding has rows.
            seed: of the random ones.

        Returns:
            Shape (words, 50).
        """
        place = {word: row for row, word in enumerate(self.words)}
        rows = torch.tensor([place.get(word, -1) for word in words])
        noise = torch.randn(len(words), self.vectors.shape[1], generator=torch.Generator().manual_seed(seed))
        return torch.where(rows[:, None] < 0, noise * self.vectors.std(0), self.vectors[rows])


def glove() -> Glove:
    """Return 50,000 words, or the 10,000 most frequent ones of them from the packaged sample."""
    folder = store.find(GLOVE)
    if folder is None:
        arrays, words = store.sample(GLOVE)
        text = gzip.decompress(words.read_bytes()).decode("utf-8")
    else:
        arrays = folder / GLOVE.files[0].name
        text = (folder / GLOVE.files[1].name).read_text(encoding="utf-8")
    with np.load(arrays) as stored:
        vectors = torch.from_numpy(stored["vectors"]).float()
    return Glove(tuple(text.split("\n")[: len(vectors)]), vectors, folder is None)
