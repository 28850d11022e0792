"""Layers, initialisers and losses written out against torch.nn: values, gradients, running statistics, both modes."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from practicum.methods.classify import Classify
from practicum.methods.regularise import Penalised, cross_entropy, l1, l2
from practicum.models.layers.dropout import Dropout
from practicum.models.layers.initialise import fans, he_, initialise, xavier_
from practicum.models.layers.norms import BatchNorm, LayerNorm, Standardise

F64: dict[str, Any] = {"rtol": 1e-10, "atol": 1e-10}
SHAPES = [(7, 3), (2, 5), (33, 1), (4, 6, 9), (1, 3, 5), (5, 2, 4, 3), (3, 4, 1, 7), (2, 3, 2, 4, 3)]


def compare(ours: nn.Module, peer: nn.Module, x: Tensor, close: dict[str, Any], grad: dict[str, Any]) -> None:
    """Values and the gradients of input and parameters, under a random cotangent."""
    outputs, grads = [], []
    for module in (ours, peer):
        leaf = x.clone().requires_grad_()
        module.zero_grad()
        out = module(leaf)
        (out * torch.linspace(-1, 2, out.numel(), dtype=out.dtype).view_as(out)).sum().backward()
        outputs.append(out)
        grads.append([leaf.grad, *(p.grad for p in module.parameters())])
    torch.testing.assert_close(outputs[0], outputs[1], **close)
    for mine, theirs in zip(*grads, strict=True):
        torch.testing.assert_close(mine, theirs, **grad)


def randomise(module: nn.Module) -> None:
    for parameter in module.parameters():
        nn.init.uniform_(parameter, 0.5, 2)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("eps", "momentum"), [(1e-5, 0.1), (1e-2, 0.4), (1e-5, None)])
def test_batch_norm_is_torchs(shape: tuple[int, ...], eps: float, momentum: float | None) -> None:
    torch.manual_seed(sum(shape))
    channels = shape[1]
    kind = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}[len(shape)]
    ours, peer = BatchNorm(channels, eps, momentum).double(), kind(channels, eps, momentum).double()
    randomise(ours)
    peer.load_state_dict(ours.state_dict())
    for _ in range(3):
        compare(ours, peer, 3 * torch.randn(shape, dtype=torch.float64) + 1, F64, F64)
    for name, value in peer.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], value, **F64)
    ours.eval()
    peer.eval()
    compare(ours, peer, torch.randn(shape, dtype=torch.float64), F64, F64)
    compare(ours, peer, torch.randn(1, *shape[1:], dtype=torch.float64), F64, F64)
    assert ours.num_batches_tracked == 3


def test_batch_norm_in_single_and_half_precision() -> None:
    torch.manual_seed(0)
    ours, peer = BatchNorm(6), nn.BatchNorm2d(6)
    x = torch.randn(8, 6, 5, 5)
    compare(ours, peer, x, {"rtol": 1e-5, "atol": 1e-5}, {"rtol": 1e-4, "atol": 1e-4})
    exact = ours(x)
    torch.testing.assert_close(ours.bfloat16()(x.bfloat16()).float(), exact, rtol=0.05, atol=0.05)


def test_batch_norm_follows_torch_through_ten_steps_of_training() -> None:
    torch.manual_seed(1)
    # Without bias: batch norm takes it out again, its gradient is rounding noise, and Adam would blow the noise up.
    norms = BatchNorm(8), nn.BatchNorm1d(8)
    nets = [nn.Sequential(nn.Linear(5, 8, bias=False), norm, nn.ReLU(), nn.Linear(8, 3)) for norm in norms]
    nets[1].load_state_dict(nets[0].state_dict())
    x, y = torch.randn(64, 5), torch.randint(3, (64,))
    for net in nets:
        optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
        for _ in range(10):
            optimizer.zero_grad()
            F.cross_entropy(net(x), y).backward()
            optimizer.step()
    for mine, theirs in zip(nets[0].state_dict().values(), nets[1].state_dict().values(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("shape", "normal"),
    [((7, 3), 3), ((1, 9), 9), ((2, 5, 4), 4), ((2, 5, 4), (5, 4)), ((3, 2, 2, 6), (2, 6)), ((4, 1), 1), ((0, 8), 8)],
)
@pytest.mark.parametrize("eps", [1e-5, 1e-1])
def test_layer_norm_is_torchs(shape: tuple[int, ...], normal: int | tuple[int, ...], eps: float) -> None:
    torch.manual_seed(sum(shape))
    ours, peer = LayerNorm(normal, eps).double(), nn.LayerNorm(normal, eps).double()
    randomise(ours)
    peer.load_state_dict(ours.state_dict())
    x = 3 * torch.randn(shape, dtype=torch.float64) + 1
    compare(ours, peer, x, F64, F64)
    ours.eval()
    compare(ours, peer, x, F64, F64)
    if shape[0] and eps == 1e-5:
        torch.testing.assert_close(ours.bfloat16()(x.bfloat16()).double(), peer(x), rtol=0.1, atol=0.1)


@pytest.mark.parametrize("shape", [(1000,), (7, 3), (4, 5, 6), (2, 3, 8, 8), (0, 4)])
@pytest.mark.parametrize("p", [0.0, 0.2, 0.5, 0.9])
def test_dropout_is_torchs_under_the_same_seed(shape: tuple[int, ...], p: float) -> None:
    x = torch.randn(shape, dtype=torch.float64)
    results = []
    for module in (Dropout(p), nn.Dropout(p)):
        leaf = x.clone().requires_grad_()
        torch.manual_seed(3)
        out = module(leaf)
        out.sum().backward()
        assert module.eval()(x) is x or torch.equal(module(x), x)
        results.append((out, leaf.grad))
    torch.testing.assert_close(results[0], results[1], **F64)


def test_dropout_keeps_the_mean_and_drops_its_share() -> None:
    torch.manual_seed(0)
    out = Dropout(0.3)(torch.ones(200_000))
    assert out.mean() == pytest.approx(1, abs=0.006)  # four standard deviations
    assert (out == 0).float().mean() == pytest.approx(0.3, abs=0.004)
    assert out.unique().tolist() == pytest.approx([0.0, 1 / 0.7])


@pytest.mark.parametrize("shape", [(50, 4), (9, 1), (20, 30), (300, 2), (5, 5)])
def test_standardise_is_scikit_learns(shape: tuple[int, int]) -> None:
    torch.manual_seed(sum(shape))
    train, test = (torch.randn(shape, dtype=torch.float64) * 7 + 100 for _ in range(2))
    train[:, 0] = 3.25  # without variance
    layer, peer = Standardise.of(train), StandardScaler().fit(train.numpy())
    torch.testing.assert_close(layer(test), torch.from_numpy(peer.transform(test.numpy())), **F64)
    assert layer(train)[:, 0].abs().max() == 0
    layer.train()
    layer(test)
    torch.testing.assert_close(layer(test), torch.from_numpy(peer.transform(test.numpy())), **F64)  # it learns nothing from calls


def test_standardise_per_channel_of_images() -> None:
    images = torch.randn(40, 3, 6, 5) * torch.tensor([1.0, 5, 9]).view(3, 1, 1) + 4
    layer = Standardise.of(images, dims=(0, 2, 3))
    assert layer.mean.shape == (3, 1, 1)
    torch.testing.assert_close(layer(images).mean((0, 2, 3)), torch.zeros(3), rtol=0, atol=1e-5)
    torch.testing.assert_close(layer(images).std((0, 2, 3), correction=0), torch.ones(3), rtol=0, atol=1e-5)
    assert set(layer.state_dict()) == {"mean", "std"}


@pytest.mark.parametrize("shape", [(8, 10), (1, 3), (17, 2), (5, 100), (64, 4)])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5, 1.0])
def test_cross_entropy_is_torchs(shape: tuple[int, int], smoothing: float) -> None:
    torch.manual_seed(sum(shape))
    logits, target = 50 * torch.randn(shape, dtype=torch.float64), torch.randint(shape[1], (shape[0],))
    results = []
    for function in (cross_entropy, F.cross_entropy):
        leaf = logits.clone().requires_grad_()
        loss = function(leaf, target, label_smoothing=smoothing)
        loss.backward()
        results.append((loss, leaf.grad))
    torch.testing.assert_close(results[0], results[1], **F64)


@pytest.mark.parametrize("strength", [0.01, 0.3])
@pytest.mark.parametrize("seed", range(5))
def test_penalties(strength: float, seed: int) -> None:
    """Values by torch.norm; L2 in the loss is SGD's weight decay; the L1 gradient is λ sign(w); biases and gains are free."""
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2 * (3 + seed) ** 2, 4)).double()
    batch = torch.randn(6, 1, 5 + seed, 5 + seed, dtype=torch.float64), torch.randint(4, (6,))
    matrices, rest = [net[0].weight, net[3].weight], [net[0].bias, net[1].weight, net[1].bias, net[3].bias]
    assert l1(net).item() == pytest.approx(sum(w.norm(1).item() for w in matrices), rel=1e-12)
    assert l2(net).item() == pytest.approx(sum(w.norm(2).item() ** 2 / 2 for w in matrices), rel=1e-12)
    plain = torch.autograd.grad(Classify().loss(net, batch), [*matrices, *rest])
    lasso = torch.autograd.grad(Penalised(Classify(), l1=strength).loss(net, batch), [*matrices, *rest])
    for w, before, after in zip([*matrices, *rest], plain, lasso, strict=True):
        expected = before + strength * w.sign() if w.ndim > 1 else before
        torch.testing.assert_close(after, expected, **F64)

    start = [w.detach().clone() for w in net.parameters()]
    ends = []
    for method, decay in ((Penalised(Classify(), l2=strength), 0.0), (Classify(), strength)):
        with torch.no_grad():
            for w, value in zip(net.parameters(), start, strict=True):
                w.copy_(value)
        groups = [{"params": matrices, "weight_decay": decay}, {"params": rest}]
        optimizer = torch.optim.SGD(groups, lr=0.1, momentum=0.9)
        for _ in range(10):
            optimizer.zero_grad()
            method.loss(net, batch).backward()
            optimizer.step()
        ends.append([w.detach().clone() for w in net.parameters()])
    torch.testing.assert_close(ends[0], ends[1], **F64)
    with torch.no_grad():
        assert Penalised(Classify(), l1=1.0).evaluate(net.eval(), [batch]) == Classify().evaluate(net, [batch])


@pytest.mark.parametrize("shape", [(30, 20), (5, 3, 3, 3), (64, 1), (7, 9, 5), (2, 2, 1, 4)])
@pytest.mark.parametrize("gain", [1.0, 2.0])
def test_initialisers_are_torchs_under_the_same_seed(shape: tuple[int, ...], gain: float) -> None:
    ours, peer = torch.empty(shape, dtype=torch.float64), torch.empty(shape, dtype=torch.float64)
    slope = (2 / gain**2 - 1) ** 0.5 if gain**2 <= 2 else 0.0
    pairs = [
        (lambda: xavier_(ours, gain), lambda: nn.init.xavier_uniform_(peer, gain)),
        (lambda: xavier_(ours, gain, "normal"), lambda: nn.init.xavier_normal_(peer, gain)),
        (lambda: he_(ours), lambda: nn.init.kaiming_normal_(peer)),
        (lambda: he_(ours, fan="out", shape="uniform"), lambda: nn.init.kaiming_uniform_(peer, mode="fan_out")),
        (lambda: he_(ours, (2 / (1 + slope**2)) ** 0.5), lambda: nn.init.kaiming_normal_(peer, a=slope)),
    ]
    for mine, theirs in pairs:
        torch.manual_seed(5)
        mine()
        torch.manual_seed(5)
        theirs()
        torch.testing.assert_close(ours, peer, **F64)


@pytest.mark.parametrize("shape", ["uniform", "normal"])
def test_initialisers_have_their_analytic_variance(shape: Any) -> None:
    generator = torch.Generator().manual_seed(0)
    weight = torch.empty(400, 100, 3, 3)
    assert fans(weight) == (900, 3600)
    # The standard error of a variance over 360,000 entries is below 0.3 %.
    assert xavier_(weight, 1.5, shape, generator).var().item() == pytest.approx(1.5**2 * 2 / 4500, rel=0.01)
    assert he_(weight, shape=shape, generator=generator).var().item() == pytest.approx(2 / 900, rel=0.01)
    assert he_(weight, fan="out", shape=shape, generator=generator).var().item() == pytest.approx(2 / 3600, rel=0.01)
    assert abs(weight.mean().item()) < 1e-3


def test_a_signal_keeps_its_size_through_thirty_layers() -> None:
    """E[x²] stays within a factor of two with He's rule on ReLU; Xavier lacks the 2, and it dies (He et al., fig. 3)."""
    torch.manual_seed(0)
    x = torch.randn(64, 512)
    sizes = {}
    for name, rule in (("he", he_), ("xavier", xavier_)):
        net = nn.Sequential(*(layer for _ in range(30) for layer in (nn.Linear(512, 512), nn.ReLU())))
        sizes[name] = initialise(net, rule)(x).square().mean().item()
    assert 0.5 < sizes["he"] < 2
    assert sizes["xavier"] == pytest.approx(sizes["he"] * 2**-30, rel=1.0)
    assert all(layer.bias.abs().max() == 0 for layer in net if isinstance(layer, nn.Linear))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: BatchNorm(3)(torch.zeros(4, 2)), r"shape \(B, 3, …\), got \(4, 2\)"),
        (lambda: BatchNorm(3)(torch.zeros(1, 3)), r"more than one value per channel in training, got shape \(1, 3\)"),
        (lambda: LayerNorm((2, 3))(torch.zeros(2, 3, 2)), r"last dimensions \(2, 3\), got shape \(2, 3, 2\)"),
        (lambda: Dropout(1.0), r"p in \[0, 1\), got 1.0"),
        (lambda: fans(torch.zeros(3)), r"shape \(out, in, …\), got \(3,\)"),
        (lambda: cross_entropy(torch.zeros(2, 3), torch.zeros(3)), r"\(B, K\) and targets \(B,\), got \(2, 3\) and \(3,\)"),
        (lambda: cross_entropy(torch.zeros(2, 3), torch.zeros(2).long(), 1.5), r"label_smoothing in \[0, 1\], got 1.5"),
    ],
)
def test_errors_say_what_was_got(make: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()
