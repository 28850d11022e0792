"""Word vectors are chosen by pairs of words that they are not measured on."""

from types import SimpleNamespace

import pytest
import torch

from practicum.data import store
from practicum.data.books import Books
from practicum.data.word_similarity import Pairs
from practicum.recipes import _books, glove_books, word2vec_books

SENTENCES = [["king", "queen", "ship", "whale", "sea", "sin"]] * 6
JUDGED = Pairs(
    "wordsim353", (("king", "queen"), ("ship", "sea"), ("sin", "stock"), ("sea", "whale"), ("sin", "king")), (9, 5, 1, 6, 2)
)
CHOOSING = Pairs(
    "men", (("queen", "king"), ("whale", "ship"), ("sea", "stock"), ("sea", "queen"), ("ship", "sea")), (40, 30, 3, 2, 35)
)
BOTH = pytest.mark.parametrize("recipe", [word2vec_books, glove_books], ids=["word2vec", "glove"])


@pytest.fixture
def sets(monkeypatch):
    """Six words, and two small sets of pairs; `stock` is in no book."""
    here = SimpleNamespace(men=True)
    monkeypatch.setattr(_books, "books", lambda: Books(SENTENCES, False))
    monkeypatch.setattr(_books, "word_similarity", lambda name="wordsim353": {"wordsim353": JUDGED, "men": CHOOSING}[name])
    monkeypatch.setattr(store, "find", lambda dataset: dataset if here.men else None)
    return here


def named(batches, vocabulary):
    ((a, b, scores),) = batches
    names = [[vocabulary.words[number] for number in column.tolist()] for column in (a, b)]
    return [*zip(*names, scores.tolist(), strict=True)]


@BOTH
def test_pairs_of_the_test_choose_nothing(recipe, sets):
    experiment, vocabulary = recipe.Recipe(width=4).build(0), _books.text(5).vocabulary
    assert named(experiment.test, vocabulary) == [
        ("king", "queen", 9), ("ship", "sea", 5), ("sea", "whale", 6), ("sin", "king", 2),
    ]  # fmt: skip
    assert named(experiment.validation, vocabulary) == [
        ("whale", "ship", 30),
        ("sea", "queen", 2),
    ]  # the others: asked or unknown
    assert not experiment.sample
    assert (experiment.sets().validation, experiment.sets().test) == (2, 4)


@BOTH
def test_without_men_half_of_the_pairs_validates(recipe, sets):
    sets.men = False
    first, second = (recipe.Recipe(width=4).build(seed) for seed in (0, 1))
    vocabulary = _books.text(5).vocabulary
    validation, test = named(first.validation, vocabulary), named(first.test, vocabulary)
    assert sorted(validation + test) == [("king", "queen", 9), ("sea", "whale", 6), ("ship", "sea", 5), ("sin", "king", 2)]
    assert len(validation) == len(test) == 2
    assert first.sample  # the target does not apply to half a test
    assert (validation, test) == (named(second.validation, vocabulary), named(second.test, vocabulary))


@BOTH
def test_scores_of_the_test_reach_nothing_but_the_test(recipe, sets, monkeypatch):
    """With other scores for the test's pairs everything else stays the same."""
    experiment = recipe.Recipe(width=4).build(0)
    monkeypatch.setattr(_books, "word_similarity", lambda name="wordsim353": CHOOSING if name == "men" else Pairs(
        "wordsim353", JUDGED.words, tuple(-score for score in JUDGED.scores)
    ))  # fmt: skip
    torch.manual_seed(0)
    other = recipe.Recipe(width=4).build(0)
    assert torch.equal(next(iter(other.test))[2], -next(iter(experiment.test))[2])
    assert all(torch.equal(a, b) for a, b in zip(next(iter(other.validation)), next(iter(experiment.validation)), strict=True))
    for a, b in zip(experiment.train.epoch(0), other.train.epoch(0), strict=True):
        assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))
