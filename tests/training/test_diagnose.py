"""Each planted fault is named, alone; healthy models of many kinds get no finding."""

import copy
import math
import random
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.data.batches import Batches, Crops, Whole
from practicum.data.planetoid import made
from practicum.methods.classify import Classify
from practicum.models import rnn
from practicum.models.gcn import GCN, normalise
from practicum.models.rnn import Kind
from practicum.training.diagnose import Finding, diagnose, draw_signals, noise_scale

SEEDS = (0, 1, 2)
K, D = 5, 20


def rows(seed: int, count: int = 768) -> tuple[Tensor, Tensor]:
    """Clusters, of which neighbours overlap a little."""
    random = torch.Generator().manual_seed(seed)
    labels = torch.randint(K, (count,), generator=random)
    centres = 1.2 * torch.randn(K, D, generator=torch.Generator().manual_seed(99))
    return centres[labels] + torch.randn(count, D, generator=random), labels


def batches(seed: int, x: Tensor | None = None, y: Tensor | None = None, size: int = 64) -> Batches:
    own_x, own_y = rows(seed)
    return Batches(own_x if x is None else x, own_y if y is None else y, batch_size=size, seed=seed)


def mlp(*middle: nn.Module, width: int = 48, outputs: int = K) -> nn.Sequential:
    return nn.Sequential(nn.Linear(D, width), nn.ReLU(), *middle, nn.Linear(width, width), nn.ReLU(), nn.Linear(width, outputs))


def adam(lr: float = 1e-3) -> Callable[[nn.Module], torch.optim.Optimizer]:
    return lambda model: torch.optim.Adam(model.parameters(), lr=lr)


def sgd(lr: float) -> Callable[[nn.Module], torch.optim.Optimizer]:
    return lambda model: torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)


def names(findings: list[Finding]) -> list[str]:
    return [finding.name for finding in findings]


def scaled(model: nn.Module, factor: float) -> nn.Module:
    with torch.no_grad():
        for value in model.parameters():
            value *= factor
    return model


class Loss:
    """A method with any loss on logits and targets."""

    def __init__(self, loss: Callable[[Tensor, Tensor], Tensor]) -> None:
        self.of = loss

    def loss(self, model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        return self.of(model(batch[0]), batch[1])


def one_against_all(logits: Tensor, y: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, F.one_hot(y, K).float())


class Recurrent(nn.Module):
    def __init__(self, kind: type[nn.RNNBase], scale: float = 1.0, **settings: Any) -> None:
        super().__init__()
        self.rnn = kind(3, 24, batch_first=True, **settings)
        self.head = nn.Linear(24, K)
        with torch.no_grad():
            self.rnn.weight_hh_l0 *= scale

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.rnn(x)[0].mean(1))
        return logits


class OwnRecurrent(nn.Module):
    def __init__(self, kind: Kind, scale: float = 1.0) -> None:
        super().__init__()
        self.rnn = rnn.Recurrent(rnn.RecurrentConfig(kind, 3, 24))
        self.head = nn.Linear(24, K)
        with torch.no_grad():
            self.rnn.cells[0].recurrent.weight *= scale

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.rnn(x)[0].mean(1))
        return logits


def series(seed: int, steps: int = 40) -> Batches:
    x, y = rows(seed)
    noise = torch.randn(len(x), steps, 3, generator=torch.Generator().manual_seed(seed))
    return Batches(x[:, None, :3] + 0.1 * noise, y, batch_size=64, seed=seed)


class Times(nn.Module):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        return x * 1000 * (self.factor / 1000)


class Cut(nn.Module):
    """Its second layer's gradient does not reach the first."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.last = nn.Linear(D, 48), nn.Linear(48, 48), nn.Linear(48, K)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.last(self.second(self.first(x).relu().detach()).relu())
        return logits


def frozen(model: nn.Sequential) -> nn.Sequential:
    model[2].weight.requires_grad_(False)
    return model


def biased(model: nn.Sequential) -> nn.Sequential:
    nn.init.constant_(model[2].bias, -20)
    return model


def constant(model: nn.Sequential) -> nn.Sequential:
    for layer in model:
        if isinstance(layer, nn.Linear):
            nn.init.constant_(layer.weight, 0.05)
    return model


def loud_head(model: nn.Sequential) -> nn.Sequential:
    scaled(model[-1], 9)
    nn.init.normal_(model[-1].bias, std=20)
    return model


def deep_sigmoid() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(D, 32),
        nn.Sigmoid(),
        *[layer for _ in range(9) for layer in (nn.Linear(32, 32), nn.Sigmoid())],
        nn.Linear(32, K),
    )


def without(label: int, seed: int) -> Batches:
    x, y = rows(seed, 1200)
    return batches(seed, x[y != label], y[y != label])


def overlapping(seed: int) -> tuple[Batches, Batches]:
    x, y = rows(seed)
    test_x, test_y = rows(seed + 100, 128)
    test_x[:20] = x[:20]
    return batches(seed, x, y, size=128), Batches(test_x, test_y, batch_size=64, shuffle=False)


def shifted(seed: int, by: int) -> Batches:
    x, y = rows(seed)
    return batches(seed, x, y + by)


def forgets_zero_grad(model: nn.Module, optimizer: torch.optim.Optimizer, batch: Any) -> None:
    F.cross_entropy(model(batch[0]), batch[1]).backward()
    optimizer.step()


def forgets_eval(model: nn.Module, batches: Iterable[Any]) -> float:
    with torch.no_grad():
        return float(np.mean([float((model(x).argmax(1) == y).float().mean()) for x, y in batches]))


def sums_rows(logits: Tensor, y: Tensor) -> Tensor:
    return -logits.log_softmax(-1)[torch.arange(len(y)), y].sum()


def over_rows(logits: Tensor, y: Tensor) -> Tensor:
    return -logits.log_softmax(0)[torch.arange(len(y)), y].mean()


def shuffled(seed: int) -> Batches:
    x, y = rows(seed)
    return batches(seed, x, y[torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))], size=32)


FAULTS: dict[str, tuple[str, Callable[[int], dict[str, Any]]]] = {
    "init too small": ("weights too small", lambda s: {"model": scaled(mlp(), 0.01)}),
    "init too large": ("weights too large", lambda s: {"model": scaled(mlp(), 30)}),
    "init constant": ("weights constant", lambda s: {"model": constant(mlp())}),
    "init zero": ("weights constant", lambda s: {"model": scaled(mlp(), 0)}),
    "Adam's rate × 100": ("learning rate too high", lambda s: {"optimizer": adam(0.1)}),
    "SGD's rate × 100": ("learning rate too high", lambda s: {"optimizer": sgd(10)}),
    "no zero_grad": ("missing zero_grad", lambda s: {"step": forgets_zero_grad, "optimizer": adam()}),
    "softmax before cross-entropy": ("softmax twice", lambda s: {"model": nn.Sequential(mlp(), nn.Softmax(-1))}),
    "sigmoid before its cross-entropy": (
        "softmax twice",
        lambda s: {"model": nn.Sequential(mlp(), nn.Sigmoid()), "method": Loss(one_against_all)},
    ),
    "no log-softmax": ("log-softmax missing", lambda s: {"method": Loss(F.nll_loss)}),
    "no eval(), dropout": ("missing eval()", lambda s: {"model": mlp(nn.Dropout(0.3)), "evaluate": forgets_eval}),
    "no eval(), batch norm": ("missing eval()", lambda s: {"model": mlp(nn.BatchNorm1d(48)), "evaluate": forgets_eval}),
    "labels from 1, one output too few": ("labels out of range", lambda s: {"batches": shifted(s, 1)}),
    "labels from -1": ("labels out of range", lambda s: {"batches": shifted(s, -1)}),
    "labels from 1, one output more": ("label shift", lambda s: {"batches": shifted(s, 1), "model": mlp(outputs=K + 1)}),
    "bias of -20": ("dead ReLU", lambda s: {"model": biased(mlp())}),
    "float16": (
        "overflow",
        lambda s: {"model": nn.Sequential(mlp(), Times(1e6)).half(), "batches": batches(s, rows(s)[0].half()), "optimizer": None},
    ),
    "test rows in train": ("data leak", lambda s: dict(zip(("batches", "test"), overlapping(s), strict=True))),
    "labels shuffled": ("shuffled labels", lambda s: {"batches": shuffled(s), "model": mlp(width=128), "optimizer": adam(3e-3)}),
    "requires_grad=False": ("frozen layer", lambda s: {"model": frozen(mlp())}),
    "detach": ("frozen layer", lambda s: {"model": Cut()}),
    "left out of the optimiser": ("frozen layer", lambda s: {"optimizer": lambda m: torch.optim.Adam(m[4].parameters())}),
    "sum": ("wrong reduction", lambda s: {"method": Loss(lambda z, y: F.cross_entropy(z, y, reduction="sum"))}),
    "sum, written out": ("wrong reduction", lambda s: {"method": Loss(sums_rows)}),
    "sum of squares": ("wrong reduction", lambda s: {"method": Loss(lambda z, y: (z - F.one_hot(y, K)).square().sum())}),
    "softmax over rows": ("softmax over the batch", lambda s: {"method": Loss(over_rows)}),
    "recurrent weights × 3": (
        "exploding gradients",
        lambda s: {"model": Recurrent(nn.RNN, 3.0, nonlinearity="relu"), "batches": series(s), "optimizer": None},
    ),
    "recurrent weights × 6, cell by cell": (
        "exploding gradients", lambda s: {"model": OwnRecurrent("rnn-relu", 6.0), "batches": series(s), "optimizer": None},
    ),
    "batches of one": (
        "batch norm with batch size 1", lambda s: {"model": mlp(nn.BatchNorm1d(48)), "batches": batches(s, size=1)},
    ),
    "pixels in 0…255": ("unnormalised inputs", lambda s: {"batches": batches(s, 128 + 40 * rows(s)[0])}),
    "a class without rows": ("dead class", lambda s: {"batches": without(2, s)}),
    "ten sigmoids": ("vanishing gradients", lambda s: {"model": deep_sigmoid()}),
    "loud last layer": ("loss at init", lambda s: {"model": loud_head(mlp())}),
    "loss without the model": (
        "cannot overfit one batch",
        lambda s: {"method": Loss(lambda z, y: F.cross_entropy(z * 0 + 0.001 * z.mean(), y))},
    ),
    "weights in bfloat16": (
        "updates lost to rounding",
        lambda s: {"model": mlp().bfloat16(), "batches": batches(s, rows(s)[0].bfloat16()), "optimizer": adam(1e-5)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_named_and_nothing_else(fault: str, seed: int) -> None:
    torch.manual_seed(seed)
    expected, plant = FAULTS[fault]
    given: dict[str, Any] = {"model": mlp(), "method": Classify(), "batches": batches(seed), "optimizer": adam()} | plant(seed)
    findings = diagnose(given.pop("model"), given.pop("method"), given.pop("batches"), **given)
    assert set(names(findings)) == {expected}, findings
    for finding in findings:
        assert any(character.isdigit() for character in finding.evidence) or expected == "missing eval()"
        assert str(finding) == f"{finding.name}: {finding.evidence}. {finding.remedy}."


class TinyGPT(nn.Module):
    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.token, self.place = nn.Embedding(vocabulary, 32), nn.Parameter(torch.zeros(1, 16, 32))
        block = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.1, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(block, 2, norm=nn.LayerNorm(32), enable_nested_tensor=False)
        self.head = nn.Linear(32, vocabulary)
        nn.init.normal_(self.head.weight, std=0.02)

    def forward(self, tokens: Tensor) -> Tensor:
        mask = nn.Transformer.generate_square_subsequent_mask(tokens.shape[1])
        logits: Tensor = self.head(self.blocks(self.token(tokens) + self.place[:, : tokens.shape[1]], mask=mask, is_causal=True))
        return logits.transpose(1, 2)


def lenet() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(144, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, K),
    )  # fmt: skip


def pictures(seed: int) -> Batches:
    _, y = rows(seed)
    stripes = torch.sin(torch.arange(16) * (y[:, None] + 1) * 0.5)[:, None, None].expand(-1, 1, 16, 16)
    noise = torch.randn(len(y), 1, 16, 16, generator=torch.Generator().manual_seed(seed))
    return Batches(stripes + 0.5 * noise, y, batch_size=64, seed=seed)


def graph(seed: int) -> dict[str, Any]:
    papers = made(4, num_nodes=300, num_words=60, seed=seed)
    adjacency = normalise(papers.edges_2E, 300)
    return {
        "model": GCN(60, 4), "batches": Whole((papers.words_NF, adjacency, papers.train, papers.labels_N[papers.train])),
        "test": Whole((papers.words_NF, adjacency, papers.test, papers.labels_N[papers.test])), "optimizer": adam(0.01),
    }  # fmt: skip


def text(seed: int) -> Crops:
    random = torch.Generator().manual_seed(seed)
    tokens = (torch.arange(4000) % 7 + torch.randint(2, (4000,), generator=random)) % 13
    return Crops(tokens, length=16, batch_size=16, batches=20, seed=seed)


def clears(model: nn.Module, optimizer: torch.optim.Optimizer, batch: Any) -> None:
    F.cross_entropy(model(batch[0]), batch[1]).backward()
    optimizer.step()
    optimizer.zero_grad()


def turns_eval_on(model: nn.Module, batches: Iterable[Any]) -> float:
    model.eval()
    value = forgets_eval(model, batches)
    model.train()
    return value


def fine_tuned() -> nn.Sequential:
    model = mlp()
    for layer in (model[0], model[2]):
        for value in layer.parameters():
            value.requires_grad_(False)
    return model


OWN_LOOP: dict[str, Any] = {"step": clears, "evaluate": turns_eval_on}
HEALTHY: dict[str, Callable[[int], dict[str, Any]]] = {
    "MLP": lambda s: {"test": Batches(*rows(s + 50, 128), batch_size=64)} | OWN_LOOP,
    "MLP with batch norm and dropout": lambda s: {"model": mlp(nn.BatchNorm1d(48), nn.Dropout(0.5))} | OWN_LOOP,
    "MLP by SGD": lambda s: {"optimizer": sgd(0.1)},
    "linear from zero": lambda s: {"model": scaled(nn.Linear(D, K), 0)},
    "regression": lambda s: {"model": mlp(outputs=1), "method": Loss(lambda z, y: (z[:, 0] - y.float()).square().mean())},
    "half trained": lambda s: {"model": trained(s)},
    "last layer fine-tuned": lambda s: {"model": fine_tuned()},
    "LeNet": lambda s: {"model": lenet(), "batches": pictures(s)},
    "RNN": lambda s: {"model": Recurrent(nn.RNN), "batches": series(s)},
    "LSTM": lambda s: {"model": Recurrent(nn.LSTM), "batches": series(s)},
    "LSTM, cell by cell": lambda s: {"model": OwnRecurrent("lstm"), "batches": series(s, steps=12)},
    "GPT": lambda s: {"model": TinyGPT(13), "batches": text(s)},
    "GCN": graph,
    "autocast to bfloat16": lambda s: {"method": Loss(in_bfloat16)},
    "few rows, hard to learn": lambda s: {"batches": batches(s, rows(s)[0][:96] * 0.3, rows(s)[1][:96], size=16)},
}  # fmt: skip


def in_bfloat16(logits: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(logits.bfloat16(), y)


def trained(seed: int) -> nn.Module:
    model = mlp()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for epoch in range(3):
        for batch in batches(seed).epoch(epoch):
            optimizer.zero_grad()
            Classify().loss(model, batch).backward()
            optimizer.step()
    return model


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_models_get_no_finding(name: str, seed: int) -> None:
    torch.manual_seed(seed)
    given: dict[str, Any] = {"model": mlp(), "method": Classify(), "batches": batches(seed), "optimizer": adam()} | HEALTHY[name](
        seed
    )
    assert diagnose(given.pop("model"), given.pop("method"), given.pop("batches"), **given) == []


def test_everything_is_left_as_it_was() -> None:
    torch.manual_seed(0)
    model = mlp(nn.BatchNorm1d(48), nn.Dropout(0.5)).eval()
    optimizer = torch.optim.Adam(model.parameters())
    data = batches(0)
    for batch in data:
        optimizer.zero_grad()
        Classify().loss(model, batch).backward()
        optimizer.step()
    hooks = sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules())
    before = copy.deepcopy((model.state_dict(), optimizer.state_dict(), [value.grad for value in model.parameters()]))
    states = random.getstate(), torch.get_rng_state(), np.random.get_state()[1].copy()
    assert diagnose(model, Classify(), data, optimizer=optimizer, step=clears, evaluate=turns_eval_on, test=data) != [], (
        "all of test is in train"
    )
    assert noise_scale(model, Classify(), [*data][:4], rows=64) > 0
    after = model.state_dict(), optimizer.state_dict(), [value.grad for value in model.parameters()]
    torch.testing.assert_close(after, before, atol=0, rtol=0)
    assert random.getstate() == states[0]
    assert torch.equal(torch.get_rng_state(), states[1])
    assert np.array_equal(np.random.get_state()[1], states[2])
    assert not any(module.training for module in model.modules())
    assert hooks == sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules())


@pytest.mark.parametrize(("init", "gain", "activation"), [
    (nn.init.kaiming_normal_, math.sqrt(2), "relu"), (nn.init.xavier_normal_, 1.0, "linear"),
])  # fmt: skip
def test_signals_have_the_variance_that_theory_says(init: Callable[..., Tensor], gain: float, activation: str) -> None:
    """He keeps E[y²] = 2 E[ReLU(y)²] through ReLU layers (He et al. 2015, eq. 10), Xavier keeps E[y²] through linear ones."""
    from practicum.training.diagnose.hooks import Hooks
    from practicum.training.diagnose.signals import gains

    torch.manual_seed(0)
    width, middle = 512, nn.ReLU if activation == "relu" else nn.Identity
    model = nn.Sequential(*[layer for _ in range(8) for layer in (nn.Linear(width, width, bias=False), middle())])
    for layer in model:
        if isinstance(layer, nn.Linear):
            init(layer.weight)
    with Hooks(model) as hooks:
        (model(torch.randn(256, width)) * torch.randn(256, width)).mean().backward()
    assert all(abs(value / gain - 1) < 0.01 for value in gains(hooks.layers).values())
    assert len(hooks.layers) == 8
    seconds = [layer.std**2 + layer.mean**2 for layer in hooks.layers]
    for number, second in enumerate(seconds):
        assert abs(math.log(second / gain**2)) < 0.1 * (number + 1), "E[y²] = gain² E[x²] / (2 for ReLU), layer after layer"
    norms = [layer.grad_norm for layer in hooks.layers]
    assert max(norms) / min(norms) < 2.5, "and so does the gradient's norm"


def test_default_initialisation_shrinks_as_theory_says() -> None:
    """PyTorch's linear layers draw from U(±1/√fan_in): σ√fan_in = 1/√3, so that linear layers pass on a third of E[x²]."""
    from practicum.training.diagnose.hooks import Hooks

    torch.manual_seed(0)
    model = nn.Sequential(*[nn.Linear(512, 512, bias=False) for _ in range(5)])
    with Hooks(model) as hooks:
        model(torch.randn(512, 512))
    for number, layer in enumerate(hooks.layers, 1):
        assert abs(layer.std**2 * 3**number - 1) < 0.05 * number


def test_noise_scale_of_a_known_gradient() -> None:
    """L = mean of ½ (w - x)²: a row's gradient is w - x, so that B_simple = tr Cov(x) / |w - E x|²."""
    torch.manual_seed(0)
    model = nn.Linear(1, 6, bias=False)
    nn.init.constant_(model.weight, 1.0)
    x = torch.tensor([0.5, 1.0, 1.5, 2.0, 0.1, 0.3]) * torch.randn(60_000, 6)

    class Distance:
        def loss(self, model: nn.Module, batch: tuple[Tensor]) -> Tensor:
            return 0.5 * (model.weight[:, 0] - batch[0]).square().sum(1).mean()

    expected = float(x.var(0).sum() / (1 - x.mean(0)).square().sum())
    measured = noise_scale(model, Distance(), [(part,) for part in x.split(50)], rows=50)
    assert abs(measured / expected - 1) < 0.05
    rows = x[:7]  # batches of one row: the sums are the sample's variance and mean, without their bias
    spread = rows.var(0).sum()
    exact = float(spread / ((1 - rows.mean(0)).square().sum() - spread / 7))
    assert abs(noise_scale(model, Distance(), [(row[None],) for row in rows], rows=1) / exact - 1) < 1e-4
    with pytest.raises(ValueError, match="two batches or more, got 1"):
        noise_scale(model, Distance(), [(x,)], rows=60_000)


def test_picture_and_its_layers(tmp_path: Any) -> None:
    torch.manual_seed(0)
    draw_signals(lenet(), Classify(), pictures(0), tmp_path / "signals.png", optimizer=adam())
    assert (tmp_path / "signals.png").read_bytes().startswith(b"\x89PNG")


def test_no_batches_are_named() -> None:
    with pytest.raises(ValueError, match="at least one training batch, got none"):
        diagnose(mlp(), Classify(), [])
    with pytest.raises(ValueError, match="`step` needs the `optimizer`"):
        diagnose(mlp(), Classify(), batches(0), step=clears)
