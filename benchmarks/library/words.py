"""word2vec as the recipe trains it beside gensim: one pass over seven plays on one thread; words count before subsampling, as in
gensim. Both have the recipe's hyperparameters, which are gensim's defaults.
"""

import torch
from gensim.models import Word2Vec as Gensim
from interleave import Row

from practicum.data.books import read, sentences
from practicum.data.store import SAMPLES
from practicum.data.windows import Corpus
from practicum.data.words import Vocabulary
from practicum.recipes.word2vec_books import Recipe


class Ours:
    """An epoch of the recipe's."""

    def __init__(self, text: list[list[str]], recipe: Recipe) -> None:
        vocabulary = Vocabulary.of(text, min_count=recipe.min_count)
        self.model, self.method, self.windows = recipe.parts(Corpus.of(text, vocabulary), seed=0)
        self.optimizer = recipe.optimizer(self.model)

    def __call__(self) -> None:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # as the peer's one worker
        try:
            for batch in self.windows.epoch(0):
                self.optimizer.zero_grad()
                self.method.loss(self.model, batch).backward()
                self.optimizer.step()
        finally:
            torch.set_num_threads(threads)


class Peer:
    """An epoch of gensim's, with one worker."""

    def __init__(self, text: list[list[str]], recipe: Recipe) -> None:
        self.text = text
        self.model = Gensim(
            vector_size=recipe.width, window=recipe.reach, negative=recipe.negatives, sample=recipe.subsample,
            min_count=recipe.min_count, sg=not recipe.cbow, workers=1,
        )  # fmt: skip
        self.model.build_vocab(text)

    def __call__(self) -> None:
        self.model.train(self.text, total_examples=len(self.text), epochs=1)


def rows() -> list[Row]:
    text = sentences(read(SAMPLES / "shakespeare_7plays.txt.gz"))
    words = sum(map(len, text))
    return [
        Row(
            f"word2vec, {name}, {recipe.width} numbers, window {recipe.reach}, {recipe.negatives} negatives, "
            f"one pass over {words:,} words",
            "gensim Word2Vec, compiled, 1 worker",
            Ours(text, recipe),
            Peer(text, recipe),
            floor=0.8,
            work=words,
            unit="word",
            note=f"batches of {recipe.batch_size:,} windows in plain PyTorch; the peer updates a pair at a time, in C",
        )
        for name, recipe in (("skip-gram", Recipe()), ("CBOW", Recipe(cbow=True)))
    ]
