"""What the recipes for words, sentences and translations make of their data, on small pieces."""

import pytest
import torch

from practicum.data import store
from practicum.data.tatoeba import divide
from practicum.data.texts import Texts
from practicum.data.words import BOS, EOS, UNK
from practicum.methods.word_vectors import WordVectors
from practicum.models.layers.attention import attention_maps
from practicum.recipes import _books, _sentences, _tatoeba, seq2seq_tatoeba, textcnn_reviews, transformer_tatoeba


@pytest.fixture
def only_samples(monkeypatch, tmp_path):
    monkeypatch.delenv("PRACTICUM_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture
def small_corpus(monkeypatch):
    """Numbers in German and English, of three words."""
    units = {"eins": "one", "zwei": "two", "drei": "three", "vier": "four", "fünf": "five", "sechs": "six"}
    pairs = [(f"{a} {b} {c} !", f"{units[a]} {units[b]} {units[c]} !") for a in units for b in units for c in units]
    monkeypatch.setattr(_tatoeba, "deu_eng", lambda: divide(pairs, validation=5, test=40))


def test_sentences_without_a_word_are_unknown_words(only_samples):
    labels = torch.tensor([0, 1])
    data = _sentences.sentences(
        Texts(("", "Good xqz film qzx qzx"), labels, ("good zqx!", " "), labels, ("a", "b"), False), batch_size=2, seed=0
    )
    assert data.sample  # GloVe's
    assert data.vocabulary.words[4:] == ("good", "qzx", "!", "film")  # xqz and zqx: neither in GloVe nor twice in training
    assert data.vectors.shape == (8, 50)
    ((words, came),) = iter(data.test)
    assert words.tolist() == [[4, UNK, 6], [UNK, 0, 0]]
    assert next(iter(data.train))[0].tolist() == [[UNK, 0, 0, 0, 0], [4, UNK, 7, 5, 5]]
    assert came.tolist() == [0, 1]


def test_reviews_recipe_is_told_that_it_has_a_sample(only_samples):
    experiment = textcnn_reviews.Recipe().build(0)
    assert experiment.sample
    assert len(experiment.train.columns[1]) == 2400
    assert experiment.model.embedding.weight.shape[1] == 50


@pytest.mark.parametrize(
    "recipe",
    [
        seq2seq_tatoeba.Recipe(hidden=32, batch_size=16, beam=2),
        seq2seq_tatoeba.Recipe(attention=False, hidden=32, batch_size=16, beam=1),
        transformer_tatoeba.Recipe(width=32, hidden=32, num_heads=2, layers=1, batch_size=16, lr=1e-2, beam=2),
    ],
    ids=["seq2seq", "without attention", "transformer"],
)
def test_translating_numbers(recipe, small_corpus, tmp_path):
    """A few passes teach some of the words; the pictures show what was asked for."""
    torch.manual_seed(0)
    experiment = recipe.build(0)
    optimizer = torch.optim.Adam(experiment.model.parameters(), lr=1e-2)
    with torch.no_grad():
        before = experiment.method.evaluate(experiment.model.eval(), experiment.test)
    experiment.model.train()
    for epoch in range(6):
        for batch in experiment.train.epoch(epoch):
            optimizer.zero_grad()
            experiment.method.loss(experiment.model, batch).backward()
            optimizer.step()
    with torch.no_grad():
        after = experiment.method.evaluate(experiment.model.eval(), experiment.test)
    assert after["bleu"] > before["bleu"] + 15
    assert after["loss"] < before["loss"] / 2
    recipe.picture(experiment, tmp_path)
    text = (tmp_path / "translations.txt").read_text(encoding="utf-8")
    assert text.count("German ") == text.count("people ") == text.count("model ") == 40
    assert "<" not in text
    assert (tmp_path / "attention.png").exists() == (not isinstance(recipe, seq2seq_tatoeba.Recipe) or recipe.attention)


def test_attention_maps_name_the_layer_that_is_drawn(small_corpus):
    recipe = transformer_tatoeba.Recipe(width=16, hidden=16, num_heads=2, layers=2)
    experiment = recipe.build(0)
    maps = attention_maps(experiment.model, torch.tensor([[4, 5, EOS]]), torch.tensor([[BOS, 4]]))
    assert maps["decoder.layers.1.cross_attention"].shape == (1, 2, 2, 3)


def test_words_are_drawn_and_listed(tmp_path):
    torch.manual_seed(0)
    words = ["father", "mother", "king", "ship", "two", "xyz"]
    vectors = WordVectors(words, torch.randn(6, 5))
    _books.draw_words(vectors, tmp_path / "words.png")
    _books.write_neighbours(vectors, tmp_path / "neighbours.txt", count=2)
    text = (tmp_path / "neighbours.txt").read_text()
    lines = text.splitlines()
    assert text.count("\n") == len(lines) == 5
    assert [line.split()[0] for line in lines] == words[:5]
    nearest = vectors.neighbours("king", 2)
    assert lines[2].split() == ["king", nearest[0][0], f"{nearest[0][1]:.2f},", nearest[1][0], f"{nearest[1][1]:.2f}"]
    assert (tmp_path / "words.png").stat().st_size > 5000
    assert store.SAMPLES.is_dir()
