"""The weakest honest baselines: every recipe has one, and each kind is exact on data made for it."""

import csv
import importlib
import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from scipy import sparse
from torch import Tensor

from practicum.data.batches import Batches, Buckets, Crops, Whole
from practicum.data.mnist import Images
from practicum.data.palindromes import palindromes
from practicum.data.selective_copying import IGNORED, selective_copying
from practicum.data.tatoeba import Translations
from practicum.data.tu import Graph
from practicum.data.windows import Corpus
from practicum.data.words import Vocabulary
from practicum.methods.word_vectors import spearman
from practicum.models.layers.sparse import Sparse
from practicum.recipes import _tatoeba, mamba_selective_copy, perceptron_gaussians
from practicum.training.runs import recipes
from practicum.training.runs.results import read_baselines

FOLDER = Path(__file__).parents[2] / "benchmarks"
sys.path.append(str(FOLDER))  # as for `python benchmarks/baselines.py`
graphs, language, rules, vision = (
    importlib.import_module(f"baselines.{kind}") for kind in ("graphs", "language", "rules", "vision")
)
_spec = importlib.util.spec_from_file_location("baselines_command", FOLDER / "baselines.py")
command = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(command)


@pytest.fixture
def only_samples(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PRACTICUM_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))


def test_every_recipe_has_one_in_the_metric_of_its_target() -> None:
    assert {name: each.metric for name, each in command.BASELINES.items()} == {
        name: recipes.load(name).target.metric for name in recipes.names()
    }


def test_the_table_that_is_kept_has_them_all() -> None:
    with command.TABLE.open(newline="", encoding="utf-8") as file:
        rows = {row["recipe"]: (row["metric"], row["baseline"]) for row in csv.DictReader(file)}
    assert rows == {name: (each.metric, each.words) for name, each in command.BASELINES.items()}


def test_a_value_takes_its_place_in_the_table_and_leaves_the_others(tmp_path: Path) -> None:
    table = tmp_path / "baselines.csv"
    head = ",".join(command.COLUMNS)
    table.write_text(f"{head}\ngone,loss,1,a guess,2020-01-01,\nvit-fashion,accuracy,0.5,a guess,2020-01-01,python 3\n")
    command.write(table, {"gpt-shakespeare": 2.4818915})
    kept = table.read_text().splitlines()
    assert [line.split(",")[:3] for line in kept[1:]] == [
        ["gpt-shakespeare", "loss", "2.48189"],
        ["vit-fashion", "accuracy", "0.5"],
    ]
    assert f"numpy {np.__version__}" in kept[1]
    assert read_baselines(table) == {
        "gpt-shakespeare": "2.482 (how often a letter follows another)",
        "vit-fashion": "0.5 (a guess)",
    }


@pytest.mark.usefixtures("only_samples")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "expected PRACTICUM_DATA to name the folder with the full data"),
        (["--only", "vit"], "no recipe vit; there are: ablation-fashion, "),
    ],
)
def test_what_is_missing_is_said(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(arguments)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


@pytest.mark.usefixtures("only_samples")
@pytest.mark.parametrize("name", ["gcn-cora", "softmax-mnist", "ablation-fashion"])
def test_packaged_samples_give_no_baseline(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PRACTICUM_DATA", str(tmp_path))
    monkeypatch.setattr(command, "TABLE", tmp_path / "baselines.csv")
    with pytest.raises(SystemExit) as ended:
        command.main(["--only", name])
    assert ended.value.code == 1
    assert "expected the full" in capsys.readouterr().err
    assert not command.TABLE.exists()


@pytest.mark.usefixtures("only_samples")
@pytest.mark.parametrize(
    ("name", "value"),
    [("mlp-mnist", 0.862), ("textcnn-reviews", 0.775), ("gcn-cora", 0.737), ("sage-cora", 0.587), ("rnn-palindrome", 0.1)],
)
def test_they_run_on_the_packaged_samples(name: str, value: float) -> None:
    recipe = recipes.load(name)()
    assert command.BASELINES[name].measure(recipe, recipe.build(0)) == pytest.approx(value, abs=0.03)


def test_pixels_are_those_before_augmentation_and_the_test_rows_only_measure() -> None:
    """Two classes in two pixels; one of four test rows has the other's label, and augmentation would make all rows alike."""
    x, y = torch.tensor([[1.0, 0], [0, 1]] * 6).view(12, 1, 1, 2), torch.tensor([0, 1] * 6)
    train = Batches(x, y, batch_size=4, transform=lambda random, images, labels: (0 * images, labels))
    run = SimpleNamespace(train=train, test=Batches(x[:4], torch.tensor([0, 1, 0, 0]), batch_size=4, shuffle=False))
    assert vision.pixels(None, run) == 0.75
    run.test = Batches(x[:4], torch.tensor([0, 1, 0, 1]), batch_size=4, shuffle=False)
    assert vision.pixels(None, run) == 1.0  # measured again: other rows


def test_the_nearest_mean_image_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    made = images(
        train=[[0, 0], [200, 0], [90, 255]],
        train_labels=[0, 0, 1],
        test=[[120, 120], [95, 150], [100, 10]],
        test_labels=[0, 1, 1],
    )
    monkeypatch.setattr(vision, "mnist", lambda: made)
    assert vision.mean_images(None, None) == pytest.approx(2 / 3)  # the means are (100, 0) and (90, 255): classes 0, 1 and 0


def test_a_plain_network_on_pixels_that_say_nothing_has_the_loss_of_the_classes_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = [0, 0, 0, 1] * 25
    made = images(train=[[0, 0]] * 100 + [[255, 255]], train_labels=[*labels, 1], test=[[0, 0]] * 4, test_labels=[0, 0, 0, 1])
    monkeypatch.setattr(vision, "fashion_mnist", lambda: made)
    recipe = SimpleNamespace(images=100, hidden=4, batch_size=50, lr=0.02, epochs=100)
    assert vision.plain_network(recipe, None) == pytest.approx(-0.75 * np.log(0.75) - 0.25 * np.log(0.25), abs=0.003)
    told = np.array([[0.0, 1], [1, 0]] * 50), np.array([0, 1] * 50)
    assert vision.network_loss(recipe, *told, *told) == pytest.approx(0, abs=0.02)  # nothing keeps the weights small


def test_the_threshold_marks_what_is_bright() -> None:
    """A bright square of 4 × 4 stands in a mask of 4 × 8 (Dice 2·16 / (16 + 32)); in a second image it is all of it."""
    image = torch.zeros(1, 3, 12, 12)
    image[..., 2:6, 2:6] = 1
    mask, half = torch.zeros(1, 12, 12, dtype=torch.long), torch.zeros(1, 12, 12, dtype=torch.long)
    mask[:, 2:6, 2:6] = 1
    half[:, 2:6, 2:10] = 1
    assert vision.threshold(None, SimpleNamespace(test=[(image, half), (image, mask)])) == pytest.approx((2 / 3 + 1) / 2)


@pytest.mark.parametrize(("moved", "value"), [(0, 1.0), (9, (1 + 51 / 101) / 2)])
def test_connected_parts_are_boxes_of_the_class_of_their_size(moved: int, value: float) -> None:
    """Wide boxes of class 0, tall ones of class 1, in two images; one that is painted elsewhere is half of class 1's recall."""
    boxes = torch.tensor([[[2.0, 3, 14, 7], [20, 2, 23, 12]]] * 2)
    labels = torch.tensor([[0, 1]] * 2)
    painted = torch.zeros(2, 3, 30, 30)
    painted[:, 0, 3:7, 2:14] = 1  # colourful: red alone
    painted[0, 0, 2:12, 20:23] = 1
    painted[1, 0, 2 + moved : 12 + moved, 20:23] = 1
    train = Batches(painted[:1], boxes[:1] + 1, labels[:1], batch_size=1)
    run = SimpleNamespace(train=train, test=Batches(painted, boxes, labels, batch_size=1, shuffle=False))
    assert vision.parts(None, run) == pytest.approx(value)


def test_words_decide_and_words_of_the_test_alone_do_not() -> None:
    train = Buckets([torch.tensor(row) for row in ([4, 6], [4, 7, 7], [5, 6], [5, 7])], torch.tensor([0, 0, 1, 1]), batch_size=2)
    test = Buckets([torch.tensor(row) for row in ([4, 9], [5, 9, 9], [9, 5], [6, 4])], torch.tensor([0, 1, 1, 1]), batch_size=4)
    assert language.words(None, SimpleNamespace(train=train, test=test)) == 0.75


def test_unlabelled_texts_tell_which_words_are_common() -> None:
    """That `please` is in every text, the two labelled ones do not tell: twice `please` outweighs `card` without the others."""
    unlabelled = ["card now"] + ["please rate"] * 50 + ["please fee"] * 50
    train = ["card now", "please rate"], np.array([0, 1])
    test = ["card please please", "card now"], np.array([0, 0])
    assert language.gain(unlabelled, train, test) == 0.5


def test_copies_are_compared_with_all_references(monkeypatch: pytest.MonkeyPatch) -> None:
    assert language.bleu(["a b c d e"], [["a b c d f"]]) == pytest.approx(100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25)
    assert language.bleu(["a b c d e", "x y z u"], [["a", "x y z u"], ["a b c d e", None]]) == pytest.approx(100)
    train = [(("tom", "ist", "bob", "!"), ("tom", "is", "bob", "!"))] * 3
    held = [(("tom", "tom", "bob", "!", "neu"), [("tom", "!"), ("tom", "tom", "bob", "!", "new")])]
    monkeypatch.setattr(_tatoeba, "deu_eng", lambda: Translations(train, held, held))
    data = _tatoeba.german(batch_size=1, seed=0)
    # "neu" is unknown and not copied: four words of four are right, one is too few.
    assert language.copied(None, SimpleNamespace(test=data.test)) == pytest.approx(100 * np.exp(1 - 5 / 4))


def test_a_letter_is_guessed_by_the_one_before() -> None:
    """After a 0 come 1, 1 and 0, after a 1 twice 0: with one more for each of 3 letters p(1 | 0) = 3/6 and p(0 | 1) = 3/5."""
    model = SimpleNamespace(config=SimpleNamespace(vocab_size=3))
    train = Crops(torch.tensor([0, 1, 0, 1, 0, 0]), length=2, batch_size=1)
    run = SimpleNamespace(model=model, train=train, test=Crops(torch.tensor([0, 1, 0, 2]), length=2, batch_size=1))
    assert language.letter_pairs(None, run) == pytest.approx(-(np.log(3 / 6) + np.log(3 / 5) + np.log(1 / 6)) / 3)


def test_words_are_alike_whose_neighbours_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """King and queen are each beside `rules`, the ship beside `sails`: cosines 1, 0 and 0 for the three pairs."""
    sentences = [["king", "rules"], ["queen", "rules"], ["ship", "sails"]] * 2 + [["king", "once"]]
    vocabulary = Vocabulary.of(sentences, min_count=2)
    text = SimpleNamespace(corpus=Corpus.of(sentences, vocabulary))
    monkeypatch.setattr(language._books, "text", lambda min_count: text)
    place = {word: number for number, word in enumerate(vocabulary.words)}
    pairs = [("king", "queen", 9.0), ("king", "ship", 1.0), ("queen", "ship", 5.0)]
    test = Whole(tuple(torch.tensor(column) for column in zip(*((place[a], place[b], s) for a, b, s in pairs), strict=True)))
    recipe = SimpleNamespace(min_count=2, reach=5)
    expected = spearman(torch.tensor([1.0, 0, 0]), torch.tensor([9.0, 1, 5]))
    assert language.neighbours(recipe, SimpleNamespace(test=test)) == pytest.approx(expected)
    # A cosine is no product: words that are frequent are not the more alike.
    counts = sparse.csr_matrix([[1, 0, 0], [1, 0, 0], [10, 10, 0], [10, 0, 3], [0, 0, 5]])
    rows = torch.tensor([0, 2, 0]), torch.tensor([1, 3, 4])
    assert language.cosine_spearman(counts, *rows, torch.tensor([9.0, 5, 1])) == pytest.approx(1)


def test_papers_are_told_by_their_words() -> None:
    words = Sparse.from_dense(torch.eye(2).repeat(4, 1))
    train, test = (
        Whole((words, None, nodes, labels)) for nodes, labels in (parts([0, 1, 2, 3], [0, 1, 0, 1]), parts([4, 5], [0, 0]))
    )
    assert graphs.words(None, SimpleNamespace(train=train, test=test)) == 0.5


def test_labels_spread_along_edges() -> None:
    """Two paths of three nodes, each with one known end; one of the four others has the other path's label."""
    edges = torch.tensor([[0, 1, 3, 4], [1, 2, 4, 5]])
    recipe = SimpleNamespace(
        graph=lambda: SimpleNamespace(
            edges_2E=torch.cat([edges, edges.flip(0)], 1), labels_N=torch.tensor([1, 1, 1, 0, 0, 1]), train=torch.tensor([0, 3]),
            test=torch.tensor([1, 2, 4, 5]),
        )
    )  # fmt: skip
    assert graphs.citations(recipe, None) == 0.75


def test_graphs_are_told_by_their_largest_degree() -> None:
    def star(size: int, label: int) -> Graph:
        edges = torch.stack([torch.zeros(size, dtype=torch.long), torch.arange(1, size + 1)])
        return Graph(torch.ones(size + 1, 1), torch.cat([edges, edges.flip(0)], 1), label)

    train = [star(size, int(size > 4)) for size in (2, 3, 4, 7, 8, 9)]
    assert graphs.by_most_links(train, [star(2, 0), star(9, 1), star(10, 1), star(3, 0), star(4, 1)]) == 0.8


def test_guesses_are_right_by_chance() -> None:
    """100,000 guesses are right as often as the rule says, within four standard deviations."""
    random = torch.Generator().manual_seed(0)
    _, last = palindromes(random, 100_000, 10)
    assert_chance(last == torch.randint(10, last.shape, generator=random), rules.a_digit(None, None))
    size = mamba_selective_copy.VOCAB_SIZE
    _, target = selective_copying(random, 25_000, places=20, count=4, vocab_size=size)
    said = target[target != IGNORED]
    assert_chance(said == torch.randint(1, size - 1, said.shape, generator=random), rules.a_token(None, None))


def test_made_points_are_told_as_theory_says() -> None:
    # Two Gaussians whose means are one standard deviation from the middle: the best line is right on Φ(1) = 0.8413.
    assert rules.nearest_mean(perceptron_gaussians.Recipe(distance=1.0), None) == pytest.approx(0.8413, abs=0.01)
    # A line through two moons is right on about 88 % (scikit-learn's comparison of classifiers).
    assert rules.line(SimpleNamespace(noise=0.05), None) == pytest.approx(0.8845, abs=1e-3)
    assert rules.digits(None, None) == pytest.approx(0.9611, abs=3e-3)


def test_the_plain_network_is_the_studys_own() -> None:
    metrics = {"rnn_factor": 0.55, "lstm_forget_3_factor": 1.0}
    study = SimpleNamespace(
        run=lambda seed, folder: SimpleNamespace(metrics=metrics), target=SimpleNamespace(metric="lstm_forget_3_factor")
    )
    assert rules.plain_recurrence(study, None) == 0.55
    assert rules.nothing(None, None) == 0


def assert_chance(right: Tensor, chance: float) -> None:
    assert float(right.double().mean()) == pytest.approx(chance, abs=4 * (chance * (1 - chance) / len(right)) ** 0.5)


def parts(nodes: list[int], labels: list[int]) -> tuple[Tensor, Tensor]:
    return torch.tensor(nodes), torch.tensor(labels)


def images(train: Any, train_labels: list[int], test: Any, test_labels: list[int]) -> Images:
    x, new_x = (torch.tensor(rows, dtype=torch.uint8).view(-1, 1, 1, 2) for rows in (train, test))
    labels = [torch.tensor(each) for each in (train_labels, test_labels)]
    return Images(x, labels[0], x[:0], labels[0][:0], new_x, labels[1], ("a", "b"), sample=False)
