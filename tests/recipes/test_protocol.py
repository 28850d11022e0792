"""What the recipes learn from, choose by and measure on: three sets, of which the last one is seen at the end alone."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from sklearn import datasets, decomposition
from torch import Tensor

from practicum.classic.kernel_pca import KernelPCA
from practicum.data.books import Books
from practicum.data.digits import digits
from practicum.data.mnist import fashion_mnist, mnist, scaled
from practicum.data.splits import held_out
from practicum.data.tatoeba import Translations
from practicum.data.texts import Texts
from practicum.data.wordpiece import bert
from practicum.data.words import BOS, EOS, PAD, UNK
from practicum.methods.classify import Classify
from practicum.models.bert import BERTClassifier, BERTConfig
from practicum.models.layers.norms import Standardise
from practicum.recipes import (
    _books,
    _tatoeba,
    ablation_fashion,
    bert_banking77,
    gin_attachment,
    gradient_norms,
    mlp_digits,
    optimizer_race,
    pca_digits,
    word2vec_books,
)
from practicum.training.experiment import Sets


@pytest.fixture(autouse=True)
def only_samples(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PRACTICUM_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))


def test_the_race_chooses_rates_on_digits_that_are_neither_trained_on_nor_tested_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each set of digits prefers another rate; only one of them may have its way, and only the test digits give the accuracy."""
    images, rows = mnist(), 256
    parts = {part: getattr(images, f"{part}_labels") for part in ("validation", "test")}
    accuracies = {"train": (0.9, 0.1, 0.2), "validation": (0.3, 0.8, 0.4), "test": (0.5, 0.6, 0.7)}
    rates = (0.001, 0.03, 0.3)

    def accuracy(rate: float, images: Any, labels: Any) -> float:
        assert len(images) == len(labels)
        part = next((name for name, those in parts.items() if np.array_equal(those, labels)), "train")
        return accuracies[part][rates.index(rate)]

    monkeypatch.setattr(optimizer_race, "RATES", rates)
    monkeypatch.setattr(optimizer_race, "accuracy", accuracy)
    monkeypatch.setattr(optimizer_race.Recipe, "learn", lambda self, name, rate, images, labels, seed: (rate, [1.0]))
    monkeypatch.setattr(optimizer_race, "draw_valley", lambda *drawn: None)
    monkeypatch.setattr(optimizer_race, "draw_curves", lambda *drawn: None)
    metrics = optimizer_race.Recipe(steps=1, rows=rows).run(0, tmp_path).metrics
    for name in optimizer_race.RULES:
        assert (metrics[f"{name}_lr"], metrics[f"{name}_accuracy"]) == (0.03, 0.6)


def test_accuracy_is_the_share_of_images_whose_largest_score_is_their_labels() -> None:
    scores = np.array([[3.0, 1, 2], [0, 5, 1], [9, 1, 8], [0, 1, 2]])
    assert optimizer_race.accuracy(lambda images: images, scores, np.array([0, 1, 2, 2])) == 0.75


def test_the_accuracy_on_digits_follows_the_labels_of_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every test label wrong by one, what learns well is right on next to none of them."""
    data = digits()
    monkeypatch.setattr(mlp_digits, "digits", lambda: replace(data, test_labels=(data.test_labels + 1) % 10))
    monkeypatch.setattr(mlp_digits, "draw", lambda *given: None)
    metrics = mlp_digits.Recipe(epochs=3, hidden=32).run(0, tmp_path).metrics
    assert metrics["train_accuracy"] > 0.8
    assert metrics["validation_accuracy"] > 0.8
    assert metrics["accuracy"] < 0.1
    assert metrics["logistic_accuracy"] < 0.1


def test_components_are_found_on_other_digits_than_those_they_draw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for drawn in ("draw_images", "_draw_moons"):
        monkeypatch.setattr(pca_digits, drawn, lambda *given, **settings: None)
    metrics = pca_digits.Recipe(gamma=10).run(7, tmp_path).metrics
    data = digits()
    train, test = (images.reshape(-1, 64) for images in (data.train_images, data.test_images))
    fitted = decomposition.PCA(16).fit(train)
    left = ((test - fitted.inverse_transform(fitted.transform(test))) ** 2).sum() / ((test - train.mean(axis=0)) ** 2).sum()
    assert metrics["digits_error"] == pytest.approx(left, rel=1e-10)


def test_gamma_is_chosen_on_moons_that_are_neither_learned_nor_tested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Validation prefers γ = 2, the points learned from and the test another."""
    drawn: dict[int, int] = {}
    make = datasets.make_moons
    liked = {400: {1.0: 0.8, 2.0: 0.9, 5.0: 0.7}, 2000: {1.0: 0.95, 2.0: 0.6, 5.0: 0.99}}

    class Regression:
        def __init__(self, gamma: float) -> None:
            self.gamma = gamma

        def score(self, z: Any, y: Any) -> float:
            return liked[len(y)][self.gamma]

    def moons(rows: int, *, noise: float, random_state: int) -> Any:
        drawn[random_state] = rows
        return make(rows, noise=noise, random_state=random_state)

    class Unrolled(KernelPCA):
        def transform(self, X: Any) -> Any:
            return np.full((len(X), 2), self.gamma)

    monkeypatch.setattr(datasets, "make_moons", moons)
    monkeypatch.setattr(pca_digits, "KernelPCA", Unrolled)
    monkeypatch.setattr(pca_digits, "GAMMAS", (1.0, 2.0, 5.0))
    monkeypatch.setattr(pca_digits, "_regression", lambda x, y: Regression(float(x[0, 0]) if x[0, 0] in (1, 2, 5) else 5.0))
    for name in ("draw_images", "_draw_moons"):
        monkeypatch.setattr(pca_digits, name, lambda *given, **settings: None)
    outcome = pca_digits.Recipe().run(7, tmp_path)
    assert (outcome.metrics["gamma"], outcome.metrics["moons_accuracy"]) == (2.0, 0.6)
    assert list(drawn.values()) == [400, 400, 2000]  # three draws, each of its own seed
    assert outcome.sets is not None
    assert outcome.sets.chosen == "γ of the kernel"


def test_the_ablation_keeps_its_three_sets_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clothes, watched, measured, nets = fashion_mnist(), [], [], []

    def images(batches: Any) -> Tensor:
        return torch.cat([batch[0] for batch in batches])

    def fit(net: Any, method: Any, train: Any, how: Any, *, validation: Any, **rest: Any) -> list[dict[str, float]]:
        nets.append(net)
        watched.append(images(validation))
        return [{"epoch": 1}]

    class Measuring(Classify):
        def evaluate(self, model: Any, batches: Any) -> dict[str, float]:
            measured.append(images(batches))
            return super().evaluate(model, batches)

    monkeypatch.setattr(ablation_fashion, "fit", fit)
    monkeypatch.setattr(ablation_fashion, "Classify", Measuring)
    chosen = {name: ablation_fashion.VARIANTS[name] for name in ("input_norm", "early_stopping")}
    monkeypatch.setattr(ablation_fashion, "VARIANTS", chosen)
    monkeypatch.setattr(ablation_fashion, "_draw", lambda *given: None)
    ablation_fashion.Recipe(images=600, hidden=4).run(0, tmp_path)
    pixels, validation = scaled(clothes.train_images, 0, 1), scaled(clothes.validation_images, 0, 1)
    assert all(torch.equal(those, validation) for those in watched)
    for train, valid, test in zip(*(measured[i::3] for i in range(3)), strict=True):
        assert torch.equal(train, pixels[:600])
        assert torch.equal(valid, validation)
        assert torch.equal(test, scaled(clothes.test_images, 0, 1))
    (standardise,) = (module for net in nets for module in net.modules() if isinstance(module, Standardise))
    torch.testing.assert_close(standardise.mean, pixels[:600].mean((0, 2, 3), keepdim=True)[0], rtol=1e-6, atol=1e-7)


def test_words_of_held_out_sentences_are_unknown_words(monkeypatch: pytest.MonkeyPatch) -> None:
    train = [(("gut", "!"), ("good", "!"))] * 3
    validation = [(("alt", "!"), [("old", "!")])] * 3
    test = [(("neu", "!"), [("new", "!")])] * 5
    monkeypatch.setattr(_tatoeba, "deu_eng", lambda: Translations(train, validation, test))
    data = _tatoeba.german(batch_size=3, seed=0)
    assert set(data.source.words[4:]) == {"gut", "!"}
    assert set(data.target.words[4:]) == {"good", "!"}
    mark, sign = data.source.number("!"), data.target.number("!")
    for part, count in ((data.validation, 3), (data.test, 5)):
        ((source, first, *others),) = iter(part)
        assert source.tolist() == [[UNK, mark, EOS]] * count
        assert first.tolist() == [[BOS, UNK, sign, EOS]] * count
        assert all((column == PAD).all() for column in others)


def test_negatives_are_drawn_by_the_counts_of_the_books(monkeypatch: pytest.MonkeyPatch) -> None:
    sentences = [["king", "queen", "king"]] * 8 + [["king", "ship"]] * 5
    monkeypatch.setattr(_books, "books", lambda: Books(sentences, True))
    pairs = SimpleNamespace(words=[("king", "queen"), ("king", "ship")], scores=[8.0, 1.0])
    monkeypatch.setattr(_books, "word_similarity", lambda: pairs)
    method = word2vec_books.Recipe(width=4).build(0).method
    assert method.counts.tolist() == [0, 0, 0, 0, 21, 8, 5]
    assert (method.power, method.negatives) == (0.75, 5)


@pytest.mark.parametrize(("factor", "met"), [(0.5, False), (0.97, True), (1.0, True), (1.03, True), (1.1, False), (2.0, False)])
def test_a_gradient_has_to_keep_its_size_neither_vanishing_nor_exploding(
    factor: float, met: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """‖∂L/∂s_t‖ = factor^(T - t) has T - 1 ratios between its T norms; a palindrome's last digit is no step."""
    norms: Callable[..., Tensor] = lambda self, name, length, seed: factor ** torch.arange(length - 2, -1, -1.0).double()  # noqa: E731
    monkeypatch.setattr(gradient_norms.Recipe, "_norms", norms)
    monkeypatch.setattr(gradient_norms, "_draw", lambda *drawn: None)
    target = gradient_norms.Recipe.target
    study = gradient_norms.Recipe(rows=7).run(0, tmp_path)
    assert target.met(study.metrics[target.metric]) == met
    for name in gradient_norms.NETWORKS:
        assert study.metrics[f"{name}_factor"] == pytest.approx(factor, rel=1e-12)
        assert study.metrics[f"{name}_drift"] == pytest.approx(abs(math.log(factor)), rel=1e-12, abs=1e-15)
    assert (study.sets.train, study.sets.validation, study.sets.test) == (0, 0, 7)


def test_both_classifiers_learn_from_the_few_labelled_questions_and_one_has_read_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = torch.tensor([0, 1, 2] * 7)
    questions = tuple(f"question {letter}" for letter in "abcdefghijklmnopqrstu")
    asked = Texts(questions, labels, ("old card", "new card"), labels[:2], ("x", "y", "z"), False)
    other = Texts(("lost phone", "red phone"), labels[:2], ("never read",), labels[:1], ("x", "y"), False)
    fits: list[tuple[Any, ...]] = []
    measured: list[tuple[Any, ...]] = []

    def fit(model: Any, method: Any, train: Any, how: Any, *, validation: Any, folder: Path, seed: int) -> list[dict[str, float]]:
        fits.append((model, train, validation, folder, [value.clone() for value in model.encoder.state_dict().values()]))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(len(fits))
        return [{"accuracy": 0.9}]

    def evaluated(self: Any, model: Any, batches: Any) -> dict[str, float]:
        measured.append((model, batches, len(fits)))
        return {"accuracy": (0.1, 0.5, 0.8)[len(measured) - 1]}

    monkeypatch.setattr(bert_banking77, "banking77", lambda: asked)
    monkeypatch.setattr(bert_banking77, "clinc150", lambda: other)
    monkeypatch.setattr(bert_banking77, "fit", fit)
    for method in (bert_banking77.Classify, bert_banking77.MaskedLM):
        monkeypatch.setattr(method, "evaluate", evaluated)
    outcome = bert_banking77.Recipe(shots=9, width=8, layers=1, heads=2).run(5, tmp_path)
    assert outcome.metrics == {"gap_accuracy": 0.1, "scratch": 0.5, "pretrained": 0.8, "gain": pytest.approx(0.3)}
    assert outcome.sets == Sets(21, 2, 2, "questions")
    assert [folder.relative_to(tmp_path).as_posix() for *_, folder, _ in fits] == ["pretraining", "scratch", "pretrained"]
    (reader, reading, watched, *_), (fresh, few, *_), (tuned, same, _, _, began) = fits
    assert reading.rows == 21  # all questions of both training sets but the two that validate, and no label
    assert len(reading.columns) == 1
    assert few is same
    assert few.rows == 19  # more shots than there are: all that do not validate
    assert {id(validation) for _, _, validation, *_ in fits} == {id(watched)}
    read, seen = ({tuple(row.tolist()) for row in data.columns[0]} for data in (reading, watched))
    assert not read & seen
    assert {tuple(row.tolist()) for row in few.columns[0]} <= read
    assert [model for model, *_ in measured] == [reader, fresh, tuned]
    assert [after for *_, after in measured] == [1, 2, 3]
    (test,) = {batches for _, batches, _ in measured}
    assert test.columns[1].tolist() == [0, 1]
    assert fresh.encoder is not reader.encoder
    assert tuned.encoder is reader.encoder
    learned = [value - 3 for value in reader.encoder.state_dict().values()]
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(began, learned, strict=True)), "nothing else trained it in between"


def test_questions_that_read_alike_are_in_one_set_alone() -> None:
    train = [f"word {number}?" for number in range(40)]
    first, second = held_out(40, 0.1)[1].tolist()[:2]
    ours, theirs = held_out(40, 0.1)[0].tolist()[:2]
    train[ours] = train[first].upper()  # stands among the validation questions too
    train[second], train[theirs] = "What? 1", "what ?  2"
    labels = torch.zeros(40, dtype=torch.long)
    questions = Texts(tuple(train), labels, ("what? 1", "WHAT? 2"), labels[:2], ("x",), False)
    learned, watched = bert_banking77._apart(questions, bert())
    assert sorted([*learned.tolist(), *watched.tolist()]) == sorted({*range(40)} - {ours, second, theirs})
    assert set(watched.tolist()) == {*held_out(40, 0.1)[1].tolist()} - {second}


def test_the_classifiers_output_layer_is_steered_by_adam() -> None:
    model = BERTClassifier(BERTConfig(20, 8, 8, 1, 2), 3)
    others = bert_banking77.Recipe()._optimizer(0.01)(model).param_groups[1]["params"]
    assert {id(parameter) for parameter in model.head.parameters()} <= {id(parameter) for parameter in others}
    assert not any(model.pooler.weight is parameter for parameter in others)


def test_grown_graphs_are_tested_on_others(monkeypatch: pytest.MonkeyPatch) -> None:
    sets: list[Any] = []

    class Noting(gin_attachment.GraphBatches):
        def __init__(self, graphs: Any, **settings: Any) -> None:
            sets.append(graphs)
            super().__init__(graphs, **settings)

    given: list[Any] = []
    monkeypatch.setattr(gin_attachment, "ASIDE", 40)
    monkeypatch.setattr(gin_attachment, "GraphBatches", Noting)
    monkeypatch.setattr(gin_attachment, "fit", lambda model, method, train, how, **settings: given.extend([how, settings]))
    for seed in (0, 1):
        gin_attachment.Recipe(graphs=20).accuracy(seed, gin_attachment.grown, means=False)
    train, validation, test, *again = [[_links(graph) for graph in part] for part in sets]
    assert [len(part) for part in (train, validation, test)] == [20, 40, 40]
    assert len({*train, *validation, *test}) == 100, "no graph is in two sets"
    assert again == [train, validation, test], "another seed, the same graphs"
    how, settings = given[:2]
    assert how.best == "-loss"
    assert settings["validation"].batches.graphs is sets[1]


def _links(graph: Any) -> tuple[Any, ...]:
    return (len(graph.x_NF), graph.label, *graph.edges_2E.flatten().tolist())
