"""word2vec beside gensim: one pass over seven plays on one thread; words count before subsampling, as in gensim."""

import torch
from gensim.models import Word2Vec as Gensim
from interleave import Row

from practicum.data.books import read, sentences
from practicum.data.store import SAMPLES
from practicum.data.windows import Corpus, Windows
from practicum.data.words import Vocabulary
from practicum.methods.word2vec import NegativeSampling
from practicum.models.word2vec import Word2Vec

WIDTH, REACH, NEGATIVES, SUBSAMPLE, MIN_COUNT = 100, 5, 5, 1e-3, 5


class Ours:
    """An epoch with AdaGrad, as in the recipe."""

    def __init__(self, text: list[list[str]], cbow: bool) -> None:
        vocabulary = Vocabulary.of(text, min_count=MIN_COUNT)
        corpus = Corpus.of(text, vocabulary)
        self.model = Word2Vec(len(vocabulary), WIDTH, cbow=cbow, sparse=False)
        self.method = NegativeSampling(corpus.counts(), NEGATIVES)
        self.windows = Windows(corpus, reach=REACH, subsample=SUBSAMPLE, batch_size=2048)
        self.optimizer = torch.optim.Adagrad(self.model.parameters(), lr=0.1, fused=True)

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

    def __init__(self, text: list[list[str]], cbow: bool) -> None:
        self.text = text
        self.model = Gensim(
            vector_size=WIDTH, window=REACH, negative=NEGATIVES, sample=SUBSAMPLE, min_count=MIN_COUNT, sg=not cbow, workers=1
        )
        self.model.build_vocab(text)

    def __call__(self) -> None:
        self.model.train(self.text, total_examples=len(self.text), epochs=1)


def rows() -> list[Row]:
    text = sentences(read(SAMPLES / "shakespeare_7plays.txt.gz"))
    words = sum(map(len, text))
    return [
        Row(
            f"word2vec, {name}, {WIDTH} numbers, window {REACH}, {NEGATIVES} negatives, one pass over {words:,} words",
            "gensim Word2Vec, compiled, 1 worker",
            Ours(text, cbow),
            Peer(text, cbow),
            work=words,
            unit="word",
            note="no floor: plain PyTorch beside hand-written Cython and BLAS",
        )
        for name, cbow in (("skip-gram", False), ("CBOW", True))
    ]
