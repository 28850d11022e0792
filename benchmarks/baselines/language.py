"""Text: TF-IDF, words copied, counts of letters and of words that stand together."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import sacrebleu
import torch
from scipy import sparse, stats
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import normalize

from practicum.data.banking77 import banking77
from practicum.data.clinc150 import clinc150
from practicum.data.windows import cooccurrences
from practicum.data.wordpiece import bert
from practicum.data.words import BOS, EOS, PAD, UNK
from practicum.recipes import _books, _tatoeba, bert_banking77

Labelled = tuple[Sequence[str], np.ndarray]  # texts and their classes


def words(recipe: Any, run: Any) -> float:
    """Return the accuracy of a logistic regression on TF-IDF of an experiment's words."""
    (texts, labels), (new_texts, new_labels) = (part.columns for part in (run.train, run.test))
    model = make_pipeline(TfidfVectorizer(analyzer=_numbers), LogisticRegression(max_iter=1000))
    return model.fit(texts, labels.numpy()).score(new_texts, new_labels.numpy())


def read_before(recipe: Any, run: Any) -> float:
    """Return the gain in accuracy by words and weights from all unlabelled questions that the recipe reads."""
    questions = banking77()
    learned, _ = bert_banking77._apart(questions, bert())
    few = learned[bert_banking77._few(questions.train_labels[learned], recipe.shots, 0)].tolist()
    train = [questions.train_texts[place] for place in few], questions.train_labels[few].numpy()
    unlabelled = [questions.train_texts[place] for place in learned.tolist()]
    return gain([*unlabelled, *clinc150().train_texts], train, (questions.test_texts, questions.test_labels.numpy()))


def gain(unlabelled: Sequence[str], train: Labelled, test: Labelled) -> float:
    """Return the accuracy of logistic regression on TF-IDF whose words and weights are the unlabelled texts', less that with the
    labelled texts' own.
    """
    accuracies = []
    for read in (unlabelled, train[0]):
        weights = TfidfVectorizer().fit(read)
        model = LogisticRegression(max_iter=1000).fit(weights.transform(train[0]), train[1])
        accuracies.append(model.score(weights.transform(test[0]), test[1]))
    return accuracies[0] - accuracies[1]


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
    return sacrebleu.corpus_bleu(hypotheses, references, tokenize="none", force=True).score  # force: no word about the full stops


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
    together = cooccurrences(_books.text(recipe.min_count).corpus, reach=recipe.reach)
    counts = sparse.csr_matrix((together.values().numpy(), together.indices().numpy()), shape=tuple(together.shape))
    return cosine_spearman(counts, *next(iter(run.test)))


def cosine_spearman(counts: Any, a: torch.Tensor, b: torch.Tensor, scores: torch.Tensor) -> float:
    """Return the rank correlation of scores and the cosines of the matrix's rows `a` and `b`."""
    rows = normalize(counts)
    cosines = np.asarray(rows[a.numpy()].multiply(rows[b.numpy()]).sum(1)).ravel()
    return float(stats.spearmanr(cosines, scores.numpy()).statistic)


def _numbers(row: torch.Tensor) -> list[int]:
    return row.tolist()
