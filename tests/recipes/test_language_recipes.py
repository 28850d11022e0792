"""What the recipes for words, sentences and translations make of their data, on small pieces."""

import pytest
import torch

from practicum.data import store
from practicum.data.tatoeba import divide
from practicum.data.texts import Texts
from practicum.data.words import BOS, EOS, UNK, bare, split
from practicum.methods.word_vectors import WordVectors
from practicum.models.layers.attention import attention_maps
from practicum.recipes import _books, _sentences, _tatoeba, seq2seq_tatoeba, textcnn_reviews, transformer_tatoeba
from practicum.training.experiment import Sets


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


def few(train: list[str], test: list[str]) -> Texts:
    return Texts(tuple(train), torch.arange(len(train)), tuple(test), torch.arange(len(test)), ("a", "b"), False)


def rows_of(batches) -> list[tuple[tuple[int, ...], int]]:
    """Return each row's words' numbers, without padding, and its label."""
    return [
        (tuple(row[row > 0].tolist()), int(label)) for words, labels in batches for row, label in zip(words, labels, strict=True)
    ]


def test_sentences_without_a_word_are_unknown_words(only_samples):
    train = [
        "",
        "Good xqz film qzx qzx",
        "?",
        *[f"good {word} film !" for word in ("bad", "old", "new", "big", "odd", "red", "dry")],
    ]
    data = _sentences.sentences(few(train, ["good zqx!", " "]), batch_size=20, seed=0)
    assert data.sample  # GloVe's
    number = data.vocabulary.number
    assert {"good", "film", "!", "qzx"} <= set(data.vocabulary.words)
    assert number("xqz") == number("zqx") == UNK  # neither in GloVe nor twice in training
    assert data.vectors.shape == (len(data.vocabulary), 50)
    assert rows_of(data.test) == [((number("good"), UNK, number("!")), 0), ((UNK,), 1)]
    assert next(iter(data.test))[0].tolist()[1] == [UNK, 0, 0]
    rows = {label: words for words, label in [*rows_of(data.train), *rows_of(data.validation)]}
    assert len(rows) == 9  # " " is tested, so "" is not learned
    assert 0 not in rows
    assert rows[1] == (number("good"), UNK, number("film"), number("qzx"), number("qzx"))


def test_no_text_is_in_two_sets_whatever_its_punctuation_and_case(only_samples):
    train = [
        f"{word} {other}{end}"
        for end in ("", "?", "!!")
        for word in ("Good", "bad", "old")
        for other in ("film", "play", "story", "joke")
    ]
    tested = ["good, film.", "OLD joke", "a new one"]
    data = _sentences.sentences(few(train, tested), batch_size=20, seed=0)
    texts = [{" ".join(bare(split(train[label]))) for _, label in rows_of(part)} for part in (data.train, data.validation)]
    assert not texts[0] & texts[1]
    assert texts[0] | texts[1] == {text.lower() for text in train[:12]} - {"good film", "old joke"}
    assert len(rows_of(data.train)) + len(rows_of(data.validation)) == 30  # all three ways to write each of ten texts
    assert len(rows_of(data.validation)) == 3  # one text of twelve
    assert [label for _, label in rows_of(data.test)] == [0, 1, 2]


def test_nothing_but_the_test_batches_depends_on_the_test_texts(only_samples):
    train = [f"{word} {other}" for word in ("good", "bad", "old") for other in ("film", "play", "story", "joke")]
    one, other = (_sentences.sentences(few(train, [text] * 9), batch_size=20, seed=0) for text in ("wonderful", "terrible qqq"))
    assert one.vocabulary.words == other.vocabulary.words
    assert torch.equal(one.vectors, other.vectors)
    for part in ("train", "validation"):
        assert rows_of(getattr(one, part)) == rows_of(getattr(other, part))


def test_a_word_that_validation_needs_to_come_twice_is_unknown(only_samples):
    """Each made-up word stands in two of twelve texts; one of these validates."""
    data = _sentences.sentences(few([f"story {i} qz{i % 6}" for i in range(12)], ["no"]), batch_size=20, seed=0)
    ((_, label),) = rows_of(data.validation)
    assert [word in data.vocabulary for word in (f"qz{i}" for i in range(6))] == [i != label % 6 for i in range(6)]


@pytest.mark.parametrize("seed", [1, 7])
def test_the_texts_of_a_set_are_the_same_in_every_run(only_samples, seed):
    train = [f"{word} {other}" for word in ("good", "bad", "old") for other in ("film", "play", "story", "joke")]
    first, again = (_sentences.sentences(few(train, ["no"]), batch_size=20, seed=s) for s in (0, seed))
    assert rows_of(first.validation) == rows_of(again.validation)
    assert rows_of(first.train) == rows_of(again.train)


def test_reviews_recipe_is_told_that_it_has_a_sample(only_samples):
    experiment = textcnn_reviews.Recipe().build(0)
    assert experiment.sample
    assert experiment.train.rows + experiment.validation.rows == 2400
    assert experiment.sets() == Sets(experiment.train.rows, experiment.validation.rows, 600, "snippets")
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
