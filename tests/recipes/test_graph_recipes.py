"""The recipes on graphs: what training may see, what is decayed, and that the made graphs are what they are said to be."""

import dataclasses
from collections import Counter
from pathlib import Path

import pytest
import torch

from practicum.data.batches import generator
from practicum.data.planetoid import cora, made
from practicum.data.tu import GraphBatches
from practicum.models.gin import GIN
from practicum.recipes import gat_citeseer, gat_cora, gcn_citeseer, gcn_cora, gin_attachment, sage_cora
from practicum.recipes._citations import CitationRecipe
from practicum.training.accelerator import Accelerator, launch
from practicum.training.loop import fit


@pytest.fixture(autouse=True)
def _made_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PRACTICUM_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_weight_decay_is_on_the_first_layer_alone_also_when_fabric_wraps_the_model() -> None:
    experiment = gcn_cora.Recipe().build(0)
    wrapped = launch(Accelerator()).setup_module(experiment.model)
    decayed, free = gcn_cora.Recipe().optimizer(wrapped).param_groups
    assert [(group["weight_decay"], [value.shape for value in group["params"]]) for group in (decayed, free)] == [
        (5e-4, [(500, 16), (16,)]), (0, [(16, 7), (7,)]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("recipe", "classes"), [(gcn_cora.Recipe(), 7), (gcn_citeseer.Recipe(), 6), (gat_cora.Recipe(epochs=90), 7)]
)
def test_a_graph_is_learnt_from_twenty_labels_a_class(recipe: gcn_cora.Recipe, classes: int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    experiment = recipe.build(0)
    assert experiment.sample
    splits = [next(iter(data))[2] for data in (experiment.train, experiment.validation, experiment.test)]
    assert [len(nodes) for nodes in splits] == [20 * classes, 300, 600]
    fit(experiment.model, experiment.method, experiment.train, experiment.fit, validation=experiment.validation, progress=False)
    with torch.no_grad():
        accuracy = experiment.method.evaluate(experiment.model, experiment.test)["accuracy"]
    words, _, nodes, labels = next(iter(experiment.test))
    known, truth = next(iter(experiment.train))[2:]
    centres = torch.stack([words.dense()[known[truth == k]].mean(0) for k in range(classes)])
    by_words = float(((words.dense()[nodes] @ centres.T).argmax(1) == labels).float().mean())
    assert accuracy > max(0.75, by_words + 0.05), "the graph says more than the words alone"
    recipe.picture(experiment, tmp_path)
    assert (tmp_path / "embedding.png").read_bytes().startswith(b"\x89PNG")


def test_both_citation_graphs_stop_gat_by_one_rule() -> None:
    cora_fit, citeseer_fit = gat_cora.Recipe().build(0), gat_citeseer.Recipe().build(0)
    for experiment in (cora_fit, citeseer_fit):
        how = experiment.fit
        assert (how.best, how.patience, how.evaluate_every) == ("-loss,accuracy", 100, 1)
        assert experiment.sets().chosen == "the weights, by loss and accuracy"
        assert experiment.unit == "nodes"


@pytest.mark.parametrize("recipe", [gcn_cora.Recipe(epochs=4), gat_cora.Recipe(epochs=3), sage_cora.Recipe(epochs=5)])
def test_training_and_choosing_read_nothing_of_the_test_nodes(recipe: CitationRecipe, monkeypatch: pytest.MonkeyPatch) -> None:
    """With other labels of the test nodes all weights come out the same; where learning is inductive, with other words too."""
    graph = made(7, num_nodes=700, num_words=60)
    assert [len(graph.train), len(graph.validation), len(graph.test)] == [140, 300, 260]
    assert len(torch.cat([graph.train, graph.validation, graph.test]).unique()) == 700
    labels_N, words_NF = graph.labels_N.clone(), graph.words_NF.clone()
    labels_N[graph.test] = (labels_N[graph.test] + 1) % 7
    words_NF[graph.test] = words_NF[graph.test].flip(1)
    inductive = isinstance(recipe, sage_cora.Recipe)
    changed = dataclasses.replace(graph, labels_N=labels_N, words_NF=words_NF if inductive else graph.words_NF)
    runs = []
    for given in (graph, changed):
        monkeypatch.setattr(type(recipe), "graph", lambda self, given=given: given)
        torch.manual_seed(0)
        run = recipe.build(0)
        rows = fit(run.model, run.method, run.train, run.fit, validation=run.validation, progress=False)
        runs.append((run, rows[-1]["train_loss"], rows[-1]["loss"]))
    (first, *measured), (second, *again) = runs
    assert measured == again
    for name, value in first.model.state_dict().items():
        assert torch.equal(value, second.model.state_dict()[name]), name
    assert not torch.equal(next(iter(first.test))[-1], next(iter(second.test))[-1])


def test_inductive_training_sees_no_edge_of_an_unseen_paper() -> None:
    graph = cora()
    experiment = sage_cora.Recipe().build(0)
    _, seen, nodes, _ = next(iter(experiment.train))
    _, later, asked, _ = next(iter(experiment.validation))
    for adjacency, unseen in ((seen, torch.cat([graph.validation, graph.test])), (later, graph.test)):
        assert not torch.isin(torch.cat([adjacency.rows_E, adjacency.cols_E]), unseen).any()
    assert torch.equal(nodes, graph.train)
    assert torch.equal(asked, graph.validation)
    _, whole, _, _ = next(iter(experiment.test))
    assert len(whole.rows_E) == graph.edges_2E.shape[1] > len(later.rows_E) > len(seen.rows_E) > 0


def test_grown_graphs_differ_in_the_spread_of_degrees_alone() -> None:
    random = generator(0)
    degrees: dict[int, list[int]] = {0: [], 1: []}
    for number in range(200):
        graph = gin_attachment.grown(random, number % 2)
        size = len(graph.x_NF)
        assert graph.label == number % 2
        assert graph.edges_2E.shape == (2, 2 * (2 * (size - 2) + 1))
        assert torch.equal(graph.x_NF, torch.ones(size, 1))
        degrees[graph.label] += torch.bincount(graph.edges_2E[0]).tolist()
    even, uneven = (torch.tensor(values).float() for values in degrees.values())
    assert abs(float(even.mean() - uneven.mean())) < 0.1
    assert float(uneven.std()) > 1.2 * float(even.std())


def test_cycles_are_one_or_two() -> None:
    random = generator(1)
    for number in range(20):
        graph = gin_attachment.cycles(random, number % 2)
        following = {int(a): int(b) for a, b in graph.edges_2E[:, : len(graph.x_NF)].T}
        lengths = Counter[int]()
        for start in following:
            node, length = following[start], 1
            while node != start:
                node, length = following[node], length + 1
            lengths[length] += 1
        size = len(graph.x_NF)
        assert lengths == {size // 2 if graph.label else size: size}


def test_means_and_cycles_are_beyond_gin_whatever_its_weights() -> None:
    """Theorem 3 of Xu et al.: what the Weisfeiler–Lehman test cannot tell apart, the network cannot; means see no degrees."""
    random = generator(2)
    torch.manual_seed(0)
    model = GIN(1, 2, hidden=8, num_layers=3).eval()
    one, two = gin_attachment.cycles(generator(3), 0), gin_attachment.cycles(generator(3), 1)
    grown = [gin_attachment.grown(random, number % 2) for number in range(6)]
    for graphs, means, apart in (([one, two], False, False), (grown, True, False), (grown, False, True)):
        *inputs, _ = next(iter(gin_attachment.Matrices(GraphBatches(graphs, batch_size=6), means=means)))
        logits = model(*inputs).detach()
        spread = float((logits - logits[0]).abs().max() / logits.abs().max())
        assert (spread > 1e-2) if apart else (spread < 1e-5)
