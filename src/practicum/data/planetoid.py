"""Cora and Citeseer: papers, their words and citations (Sen et al. 2008), in the files and split of Planetoid (Yang et al. 2016).

The files are pickles of Python 2. They are read after the store has checked their sha256, by an unpickler that knows the names of
arrays, matrices and lists and refuses any other.
"""

import pickle
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from practicum.data import store
from practicum.data.store import Dataset, File
from practicum.errors import PracticumError

ADDRESS = "https://github.com/kimiyoung/planetoid/raw/master/data/"


def _dataset(name: str, title: str, sha256: dict[str, str]) -> Dataset:
    files = tuple(File(f"ind.{name}.{part}", digest, f"{ADDRESS}ind.{name}.{part}") for part, digest in sha256.items())
    return Dataset("planetoid", title=title, licence="MIT (repository); the papers' own terms are not stated",
                   source="https://github.com/kimiyoung/planetoid", files=files)  # fmt: skip


CORA = _dataset("cora", "Cora (2,708 papers in 7 fields)", {
    "x": "23cfa55d91c6f624233f5eb7b6e3f141f1bd2b2ae39608a63cf5d084bb27baab",
    "y": "94465c14eb53e04ca262198dcbb2521ee8af60fb3f3d546cd6ca24a511b0e7d1",
    "tx": "b9afbaa4a400df991f6f02ef677e1e44da55ffc04801fd02f9e673987829226a",
    "ty": "41f5ac76596a1699cc33f53084a2419e92961c42bb75f36fc38e616d348532ad",
    "allx": "9419ba2f26f5c35243db64aba110e0f35a04851609e0dc5433450676ca6b8543",
    "ally": "2b998f5cc7fedc86e7f97ca2498f47a1ffc1462c29e2d578b23bf3f62b6e7d71",
    "graph": "58f13302f39dde8852dad6fe6d15b89b077b6d7f837626bce671ef80344b383d",
    "test.index": "297ce89af2b51a6a194181c7dbe1796c6a1cf9cd9349a88383b1b1e227867875",
})  # fmt: skip
CITESEER = _dataset("citeseer", "Citeseer (3,327 papers in 6 fields)", {
    "x": "d20de19150741e555de0ed037195630fc194114ebc7fd72ced62810148aa22f6",
    "y": "8ba87e515d8e3ee3cf52f6d2c5b86aa73f11ecad825a808455209ec26cd54924",
    "tx": "539a8906a2da97628d212f2fdd668c109a8b3f0d36574b59e5d3fd5b5303da21",
    "ty": "55e5bd1ba1e733a04598753ad1a8d57957f4b8f89e74519f41f4f4938767e4ce",
    "allx": "2ac30345d95c9ec933a817ee0bdd6a5f077f8c184a20e696910192d534414668",
    "ally": "f704b2d986dde6c2669934de1f3ae5696a6cf9455c0f6b2646a2d135ea0a1c95",
    "graph": "d79a4ef9d3e7169aee8946145f6b7306e35bc79bffad26346cfb94e10e9912a7",
    "test.index": "2af990671580b6b2df5d158d1038f8292e30c9cd821b5453f399659b25b723d4",
})  # fmt: skip


@dataclass(frozen=True)
class Citations:
    """A graph of papers.

    Attributes:
        words_NF: bag of words, each row divided by its sum; float32. Rows without a word are zero.
        edges_2E: citations in both directions, without loops and repetitions; int64, (source, target) in the columns.
        labels_N: the paper's field; int64, -1 where the files give none.
        train: nodes to learn from, 20 per field.
        validation: nodes to choose by.
        test: nodes to measure on.
        num_classes: K.
        sample: True for the made graph.
    """

    words_NF: Tensor
    edges_2E: Tensor
    labels_N: Tensor
    train: Tensor
    validation: Tensor
    test: Tensor
    num_classes: int
    sample: bool = False


def cora() -> Citations:
    """Cora: N = 2,708, E = 10,556, F = 1,433, K = 7; 140 nodes to train, 500 to validate, 1,000 to test.

    Without the files: a made graph of 1,500 nodes, and a word about it on stderr.
    """
    return _load("cora", CORA, num_classes=7)


def citeseer() -> Citations:
    """Citeseer: N = 3,327, E = 9,104, F = 3,703, K = 6; 120 nodes to train, 500 to validate, 1,000 to test.

    15 of its nodes have neither words nor a label in the files: zero rows, label -1, in no split.
    Without the files: a made graph of 1,500 nodes, and a word about it on stderr.
    """
    return _load("citeseer", CITESEER, num_classes=6)


def _load(name: str, dataset: Dataset, num_classes: int) -> Citations:
    folder = store.find(dataset)
    if folder is not None:
        return read(folder, name)
    where = " or ".join(str(home / dataset.name) for home in store.homes())
    store.say_once(
        f"{dataset.title} is not in {where} and may not be packaged: using a made graph of papers with the same interface."
    )
    return made(num_classes)


def read(folder: Path, name: str) -> Citations:
    """Return the graph from Planetoid's eight files `ind.NAME.*`.

    Raises:
        PracticumError: a file is truncated, asks for anything but arrays, or does not fit the others.

    Source: Yang, Cohen & Salakhutdinov 2016; the split and the order of nodes as in Kipf & Welling 2017.
    """
    words_train, words_test, words_all = (_matrix(folder / f"ind.{name}.{part}") for part in ("x", "tx", "allx"))
    one_hot_train, one_hot_test, one_hot_all = (
        _unpickle(folder / f"ind.{name}.{part}", np.ndarray) for part in ("y", "ty", "ally")
    )
    graph = _unpickle(folder / f"ind.{name}.graph", defaultdict)
    index = folder / f"ind.{name}.test.index"
    try:
        test = torch.tensor([int(line) for line in index.read_text().split()])
    except ValueError as error:
        raise PracticumError(f"{index}: expected one number per line, got {error}") from None
    known, num_nodes = len(words_all), len(graph)
    if not len(test) == len(words_test) == len(one_hot_test) or int(test.min()) != known or int(test.max()) != num_nodes - 1:
        raise PracticumError(
            f"{folder}: the files of {name} do not fit: {known} papers and {len(words_test)} to test, "
            f"whose numbers run from {int(test.min())} to {int(test.max())}, in a graph of {num_nodes}"
        )

    words_NF = torch.zeros(num_nodes, words_all.shape[1])
    words_NF[:known], words_NF[test] = words_all, words_test
    words_NF /= words_NF.sum(1, keepdim=True).clamp(min=1e-12)
    labels_N = torch.full((num_nodes,), -1)
    labels_N[:known], labels_N[test] = (torch.from_numpy(one_hot.argmax(1)) for one_hot in (one_hot_all, one_hot_test))
    pairs = torch.tensor([(a, b) for a, neighbours in graph.items() for b in neighbours])
    train = len(words_train)
    return Citations(
        words_NF, undirected(pairs.T), labels_N,
        torch.arange(train), torch.arange(train, train + 500), test.sort().values, num_classes=one_hot_train.shape[1],
    )  # fmt: skip


def undirected(edges_2E: Tensor) -> Tensor:
    """Return the edges in both directions, each once, without loops."""
    both = torch.cat([edges_2E, edges_2E.flip(0)], 1)
    return both[:, both[0] != both[1]].unique(dim=1)


def made(num_classes: int, *, num_nodes: int = 1500, num_words: int = 500, seed: int = 0) -> Citations:
    """Return a graph like citations: a planted partition whose papers share words with their field.

    A paper cites about four others, three of four in its own field; it has about 18 words, of which a few belong to its field.

    Args:
        num_classes: K.
        num_nodes: N.
        num_words: F.
        seed: another seed, another graph.

    Returns:
        20 training nodes per class, 300 to validate, 600 to test, `sample=True`.
    """
    random = torch.Generator().manual_seed(seed)
    labels_N = torch.randint(num_classes, (num_nodes,), generator=random)
    same_NN = labels_N[:, None] == labels_N
    chance_NN = (
        torch.where(same_NN, 3.0 / same_NN.float().sum(1, keepdim=True), 1.0 / (~same_NN).float().sum(1, keepdim=True)) / 2
    )
    edges_2E = undirected((torch.rand(num_nodes, num_nodes, generator=random) < chance_NN).nonzero().T)
    topic_KF = 0.03 + 0.09 * (torch.rand(num_classes, num_words, generator=random) < 0.1)
    words_NF = (torch.rand(num_nodes, num_words, generator=random) < topic_KF[labels_N]).float()
    words_NF /= words_NF.sum(1, keepdim=True).clamp(min=1)
    train = torch.cat([(labels_N == k).nonzero()[:20, 0] for k in range(num_classes)])
    rest = torch.ones(num_nodes, dtype=torch.bool).index_fill(0, train, False).nonzero()[:, 0]
    return Citations(words_NF, edges_2E, labels_N, train, rest[:300], rest[300:900], num_classes=num_classes, sample=True)


class _Compressed:
    """What a pickled `scipy.sparse.csr_matrix` is made into: its attributes."""


class _Unpickler(pickle.Unpickler):
    """Knows the names that arrays and lists need; any other ends the reading."""

    names: ClassVar[dict[tuple[str, str], Any]] = {
        ("numpy", "dtype"): np.dtype,
        ("numpy", "ndarray"): np.ndarray,
        ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
        ("scipy.sparse.csr", "csr_matrix"): _Compressed,
        ("collections", "defaultdict"): defaultdict,
        ("__builtin__", "list"): list,
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.names:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no array needs")
        return self.names[module, name]


def _unpickle(path: Path, kind: type) -> Any:
    with path.open("rb") as stream:
        try:
            value = _Unpickler(stream, encoding="latin1").load()
        except Exception as error:  # a broken pickle raises nearly anything
            raise PracticumError(
                f"{path}: not a pickle of arrays that can be read, or truncated ({type(error).__name__}: {error})"
            ) from None
    if not isinstance(value, kind):
        raise PracticumError(f"{path}: expected a pickled {kind.__name__.lstrip('_').lower()}, got {type(value).__name__}")
    return value


def _matrix(path: Path) -> Tensor:
    """Return a pickled CSR matrix as a dense tensor; its indices are checked, as they come from a file."""
    kept = vars(_unpickle(path, _Compressed))
    try:
        (rows, cols), start, places, values = kept["_shape"], kept["indptr"], kept["indices"], kept["data"]
        row_E = np.repeat(np.arange(rows), np.diff(start))
        if not (len(row_E) == len(places) == len(values) and (len(places) == 0 or 0 <= places.min() <= places.max() < cols)):
            raise ValueError(
                f"expected as many columns and values as entries, {len(row_E)}, "
                f"got {len(places)} and {len(values)} in a matrix of shape {(rows, cols)}"
            )
        dense = np.zeros((rows, cols), dtype=np.float32)
        dense[row_E, places] = values
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise PracticumError(f"{path}: not a compressed sparse matrix ({type(error).__name__}: {error})") from None
    return torch.from_numpy(dense)
