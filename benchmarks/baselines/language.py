"""Text: TF-IDF, words copied, counts of letters and of words that stand together."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import sacrebleu
import torch
from scipy import sparse, stats
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer, normalize

from practicum.data.banking77 import banking77
from practicum.data.books import books
from practicum.data.clinc150 import clinc150
from practicum.data.windows import Corpus, cooccurrences
from practicum.data.words import BOS, EOS, PAD, UNK, Vocabulary
from practicum.recipes import _tatoeba, bert_banking77

Labelled = tuple[Sequence[str], np.ndarray]  # texts and their classes


def words(recipe: Any, run: Any) -> float:
    """Return the accuracy of a logistic regression on TF-IDF of an experiment's words."""
    (texts, labels), (new_texts, new_labels) = (part.columns for part in (run.train, run.test))
    model = make_pipeline(TfidfVectorizer(analyzer=_numbers), LogisticRegression(max_iter=1000))
    return model.fit(texts, labels.numpy()).score(new_texts, new_labels.numpy())


def read_before(recipe: Any, run: Any) -> float:
    """Return the gain in accuracy by latent semantic analysis of unlabelled questions."""
    questions = banking77()
    few = bert_banking77._few(questions.train_labels, recipe.shots, 0).tolist()
    train = [questions.train_texts[place] for place in few], questions.train_labels[few].numpy()
    unlabelled = questions.train_texts + clinc150().train_texts
    return gain(unlabelled, train, (questions.test_texts, questions.test_labels.numpy()))


def gain(unlabelled: Sequence[str], train: Labelled, test: Labelled, components: int = 100) -> float:
    """Return the accuracy with unlabelled texts less that without.

    With them, a text is the main components of its TF-IDF in all of them (Deerwester et al. 1990; 100 is what scikit-learn's
    documentation names); without, its TF-IDF among the labelled ones. A logistic regression follows.
    """
    read = make_pipeline(TfidfVectorizer(), TruncatedSVD(components, random_state=0), Normalizer()).fit(unlabelled)
    alone = TfidfVectorizer().fit(train[0])
    with_them, without = (
        LogisticRegression(max_iter=1000).fit(numbers.transform(train[0]), train[1]).score(numbers.transform(test[0]), test[1])
        for numbers in (read, alone)
    )
    return with_them - without


def copied(recipe: Any, run: Any) -> float:
    """Return the BLEU of taking the source's words for its translation, of words as the recipes compare them."""
    data = _tatoeba.german(batch_size=1, seed=0)
    source, *columns = run.test.columns
    # Unknown words are left out of the copies, as the recipes never write one.
    hypotheses = [" ".join(data.source.decode(row[(row != PAD) & (row != EOS) & (row != UNK)])) for row in source]
    real = [[row[(row != BOS) & (row != EOS)] for row in column] for column in columns]
    references = [[" ".join(data.target.decode(row)) if len(row) else None for row in column] for column in real]
    return bleu(hypotheses, references)


def bleu(hypotheses: list[str], references: list[list[str | None]]) -> float:
    """Return BLEU in per cent; the references are columns, with None where a sentence has no further one."""
    return sacrebleu.corpus_bleu(hypotheses, references, tokenize="none").score


def letter_pairs(recipe: Any, run: Any) -> float:
    """Return the loss in nats per character of guessing each one from how often it follows the one before it."""
    train, test = ([torch.cat([batch[i].flatten() for batch in part]).numpy() for i in (0, 1)] for part in (run.train, run.test))
    return pair_loss(train, test, run.model.config.vocab_size)


def pair_loss(train: list[np.ndarray], test: list[np.ndarray], size: int) -> float:
    """Return the mean of -log p(next | this) over the test's pairs; every pair counts once more than it comes in training.

    Args:
        train: characters, and what follows each, as numbers below `size`.
        test: the same.
        size: of the alphabet.
    """
    counts = np.ones((size, size))
    np.add.at(counts, tuple(train), 1)
    return float(-np.log(counts / counts.sum(1, keepdims=True))[tuple(test)].mean())


def neighbours(recipe: Any, run: Any) -> float:
    """Return Spearman's ρ between people's scores of pairs and the cosines of how often each word stands near all others."""
    sentences = books().sentences
    corpus = Corpus.of(sentences, Vocabulary.of(sentences, min_count=recipe.min_count))
    together = cooccurrences(corpus, reach=recipe.reach)
    counts = sparse.csr_matrix((together.values().numpy(), together.indices().numpy()), shape=tuple(together.shape))
    return cosine_spearman(counts, *next(iter(run.test)))


def cosine_spearman(counts: Any, a: torch.Tensor, b: torch.Tensor, scores: torch.Tensor) -> float:
    """Return the rank correlation of scores and the cosines of the matrix's rows `a` and `b`."""
    rows = normalize(counts)
    cosines = np.asarray(rows[a.numpy()].multiply(rows[b.numpy()]).sum(1)).ravel()
    return float(stats.spearmanr(cosines, scores.numpy()).statistic)


def _numbers(row: torch.Tensor) -> list[int]:
    return row.tolist()
