"""Every recipe: training, validation and test rows are apart, and nothing but the test set knows the test labels."""

import dataclasses
import importlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves

from practicum.data.batches import Batches, Buckets, Crops, Generated, Whole
from practicum.data.words import UNK
from practicum.training.runs import recipes
from tests.at_hand import built

BUILT = [name for name in recipes.names() if hasattr(recipes.load(name), "build")]
STUDIES = [name for name in recipes.names() if name not in BUILT]
WINDOW = 100  # tokens of a running text: as long a piece of one set must not stand in another


def rows(data: Any) -> Iterator[bytes]:
    """What identifies each row of a set, as it is before augmentation, padding and batching."""
    if isinstance(data, Batches):
        yield from (row.numpy().tobytes() for row in data.tensors[0])
    elif isinstance(data, Buckets):
        # Rows with an unknown word read alike and are not.
        yield from (row.numpy().tobytes() for row in data.columns[0] if UNK not in row)
    elif isinstance(data, Crops):
        tokens = data.tokens.to(torch.int32).numpy().tobytes()
        yield from (tokens[4 * place : 4 * (place + WINDOW)] for place in range(len(data.tokens) - WINDOW + 1))
    elif isinstance(data, Whole):  # nodes of a graph and their labels; or pairs of words and their scores
        *_, first, second, last = data.batch
        named = torch.stack([first, second], 1) if isinstance(first, Tensor) and len(first) == len(last) else second
        yield from (row.numpy().tobytes() for row in named)
    elif isinstance(data, Generated):
        for x, *_ in data.epoch(0):
            yield from (row.numpy().tobytes() for row in x)
    else:
        for x, *_ in data:
            yield from (row.numpy().tobytes() for row in x)


def judged_by_pairs(experiment: Any) -> bool:
    return isinstance(experiment.test, Whole) and not isinstance(experiment.train, Whole)


def check_apart(experiment: Any) -> None:
    sets = experiment.sets()
    assert min(sets.train, sets.validation, sets.test) > 0
    assert sets.unit != "rows"
    train, validation, test = ({*map(hash, rows(part))} for part in (experiment.train, experiment.validation, experiment.test))
    assert len(test) > 0.5 * min(sets.test, len(list(rows(experiment.test)))), "rows can be told apart"
    assert not validation & test
    if not judged_by_pairs(experiment):  # word vectors learn from a text, and are judged by pairs of words
        assert not train & validation
        assert not train & test


def other(labels: Any) -> Any:
    """The same labels at other rows."""
    return (
        labels.roll(1, 0)
        if isinstance(labels, Tensor)
        else np.roll(labels, 1, 0)
        if isinstance(labels, np.ndarray)
        else labels[::-1]
    )


def _citations(graph: Any) -> Any:
    labels = graph.labels_N.clone()
    labels[graph.test] = other(labels[graph.test])
    return dataclasses.replace(graph, labels_N=labels)


ALTERED: dict[str, Callable[[Any], Any]] = {
    "mnist": lambda data: dataclasses.replace(data, test_labels=other(data.test_labels)),
    "fashion_mnist": lambda data: dataclasses.replace(data, test_labels=other(data.test_labels)),
    "digits": lambda data: dataclasses.replace(data, test_labels=other(data.test_labels)),
    "banking77": lambda data: dataclasses.replace(data, test_labels=other(data.test_labels)),
    "reviews": lambda data: dataclasses.replace(data, test_labels=other(data.test_labels)),
    "shakespeare": lambda data: dataclasses.replace(data, test_tokens=data.test_tokens.flip(0)),
    "deu_eng": lambda data: dataclasses.replace(
        data, test=[(source, them) for (source, _), them in zip(data.test, other([t for _, t in data.test]), strict=True)]
    ),
    "cora": _citations,
    "citeseer": _citations,
    "bccd": lambda data: dataclasses.replace(data, test=dataclasses.replace(data.test, boxes=data.test.boxes / 2)),
    "dsb2018": lambda data: dataclasses.replace(data, test_instances=other(data.test_instances)),
    "word_similarity": lambda pairs: (
        dataclasses.replace(pairs, scores=other(pairs.scores)) if pairs.name.startswith("wordsim") else pairs
    ),
}


def alter(name: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Make what a recipe reads have other test labels; return what was altered as it is read."""
    altered: list[str] = []
    module = importlib.import_module(recipes.load(name).__module__)
    bases = {importlib.import_module(base.__module__) for base in recipes.load(name).__mro__ if "practicum" in base.__module__}
    for place in {module, *bases, *(importlib.import_module(f"practicum.recipes._{part}") for part in ("tatoeba", "books"))}:
        for loader, change in ALTERED.items():
            if read := getattr(place, loader, None):

                def reading(*args: Any, read: Any = read, change: Any = change, loader: str = loader, **options: Any) -> Any:
                    altered.append(loader)
                    return change(read(*args, **options))

                monkeypatch.setattr(place, loader, reading)
    return altered


def everything(part: Any) -> list[Any]:
    """The numbers of a set's batches, as training or an evaluation gets them."""
    batches = part.epoch(0) if hasattr(part, "epoch") else iter(part)
    return [leaf for _, batch in zip(range(20), batches, strict=False) for leaf in tree_leaves(batch) if isinstance(leaf, Tensor)]


@pytest.mark.parametrize("name", BUILT)
def test_the_three_sets(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = built(name)
    check_apart(before)
    if before.sample and judged_by_pairs(before):
        return  # both sets of pairs are then halves of one list, whose places decide
    altered = alter(name, monkeypatch)
    after = built(name)
    if isinstance(before.test, Generated):
        assert not altered, "a task with a rule has no labels of its own"
        return
    assert altered
    for part in ("train", "validation"):
        old, new = (everything(getattr(experiment, part)) for experiment in (before, after))
        assert old
        assert all(torch.equal(a, b) for a, b in zip(old, new, strict=True)), part
    for (key, value), changed in zip(before.model.state_dict().items(), after.model.state_dict().values(), strict=True):
        assert torch.equal(value, changed), key
    assert before.sets() == after.sets()
    old, new = everything(before.test), everything(after.test)
    assert not all(a.shape == b.shape and torch.equal(a, b) for a, b in zip(old, new, strict=True)), "the test must see them"


def test_studies_are_checked_one_by_one() -> None:
    """What a study chooses by has tests of its own, in `test_protocol.py`; a new study needs one too."""
    assert {
        "ablation-fashion", "bert-banking77", "gin-attachment", "gradient-norms", "mlp-digits", "optimizer-race", "pca-digits",
        "perceptron-gaussians", "softmax-mnist",
    } == set(STUDIES)  # fmt: skip
