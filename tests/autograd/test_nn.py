"""Layers and losses beside PyTorch: the same code on both engines, weights copied, values, gradients and second derivatives in
float64."""

import numpy as np
import pytest
import torch

from practicum import autograd
from practicum.autograd import Tensor, nn
from tests.autograd.oracle import agree, close


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


CONVOLUTIONS = [
    # input, weight, settings
    ((2, 3, 5, 6), (4, 3, 3, 3), {}),
    ((1, 1, 1, 1), (1, 1, 1, 1), {}),
    ((2, 2, 7, 5), (3, 2, 3, 2), {"stride": 2, "padding": 1}),
    ((3, 2, 6, 9), (2, 2, 2, 3), {"stride": (1, 3), "padding": (0, 2)}),
    ((1, 3, 8, 7), (2, 3, 3, 2), {"dilation": (2, 3), "padding": 2}),
    ((2, 4, 5, 5), (6, 2, 3, 3), {"groups": 2, "padding": 1}),
    ((2, 3, 6, 5), (3, 1, 2, 2), {"groups": 3, "stride": 2}),
    ((0, 3, 5, 5), (2, 3, 3, 3), {}),
    ((1, 2, 9, 9), (2, 2, 3, 3), {"stride": 3, "dilation": 2, "padding": 1}),
]


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("shape", "kernel", "settings"), CONVOLUTIONS, ids=str)
def test_convolution(shape, kernel, settings, bias):
    weights = [normal(*kernel, seed=1), *([normal(kernel[0], seed=2)] if bias else [])]
    agree(lambda t, x, *w: t.nn.functional.conv2d(x, *w, **settings), normal(*shape), *weights)


@pytest.mark.parametrize(
    ("shape", "settings"),
    [
        ((2, 3, 6, 4), {"kernel_size": 2}),
        ((1, 2, 7, 5), {"kernel_size": 3}),
        ((2, 1, 7, 6), {"kernel_size": 3, "stride": 1, "padding": 1}),
        ((2, 2, 6, 7), {"kernel_size": (2, 3), "stride": (1, 2)}),
        ((3, 2, 1, 1), {"kernel_size": 1}),
        ((1, 1, 8, 9), {"kernel_size": (3, 2), "stride": 2, "padding": (1, 0)}),
    ],
    ids=str,
)
def test_pooling(shape, settings):
    x = normal(*shape)
    agree(lambda t, x: t.nn.functional.avg_pool2d(x, **settings), x)
    agree(lambda t, x: t.nn.functional.max_pool2d(x, **settings), x)
    ties = np.maximum(np.round(x), 0)  # after a ReLU many are equal: the first gets the gradient
    agree(lambda t, x: t.nn.functional.max_pool2d(x, **settings), ties)


def test_dilated_max_pooling():
    for shape, dilation in (((2, 1, 7, 6), 2), ((1, 2, 6, 8), (1, 3))):
        agree(lambda t, x, d=dilation: t.nn.functional.max_pool2d(x, 2, stride=1, padding=1, dilation=d), normal(*shape))


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 5), (3, 3, 2, 4), (1, 3, 2, 1), (2, 3, 1, 1)], ids=str)
def test_batch_norm(shape, affine):
    mean, var = normal(3, seed=1), normal(3, seed=2) ** 2 + 0.1
    weights = [normal(3, seed=3), normal(3, seed=4)] if affine else []
    for training in (True, False):
        seen = {}

        def function(t, x, *w, training=training, seen=seen):
            state = t.from_numpy(mean.copy()), t.from_numpy(var.copy())
            seen.setdefault(t.__name__, state)
            return t.nn.functional.batch_norm(x, *state, *w, training=training, momentum=0.3, eps=1e-3)

        agree(function, normal(*shape), *weights, tolerance=1e-9)
        for ours, theirs in zip(seen["practicum.autograd"], seen["torch"], strict=True):
            close(ours, theirs)


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize(
    ("shape", "over"), [((4, 5), (5,)), ((2, 3, 4), (3, 4)), ((1, 2), (2,)), ((2, 1, 7), (7,)), ((0, 3), (3,))], ids=str
)
def test_layer_norm(shape, over, affine):
    weights = [normal(*over, seed=1), normal(*over, seed=2)] if affine else []
    agree(lambda t, x, *w: t.nn.functional.layer_norm(x, over, *w), normal(*shape), *weights, tolerance=1e-9)


@pytest.mark.parametrize("padding", [None, 1, -1])
@pytest.mark.parametrize("shape", [(4,), (3, 5), (1, 1), (2, 0), ()], ids=str)
def test_embedding(shape, padding):
    indices = np.random.default_rng(0).integers(0, 6, shape)
    second = indices.size > 0  # PyTorch cannot differentiate an empty one twice
    agree(lambda t, w: t.nn.functional.embedding(t.tensor(indices), w, padding_idx=padding) ** 2, normal(6, 3), second=second)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(
    "settings",
    [{}, {"label_smoothing": 0.2}, {"weighted": True}, {"weighted": True, "label_smoothing": 0.1}, {"ignore_index": 1}],
    ids=str,
)
@pytest.mark.parametrize("shape", [(4, 3), (1, 5), (2, 4, 3), (2, 3, 2, 2), (4,)], ids=str)
def test_cross_entropy(shape, settings, reduction):
    classes = shape[1] if len(shape) > 1 else shape[0]
    target = np.random.default_rng(1).integers(0, classes, shape[:1] + shape[2:] if len(shape) > 1 else ())
    if target.size == 1 and "ignore_index" in settings:
        target[...] = 0
    options = {k: v for k, v in settings.items() if k != "weighted"}

    def function(t, x):
        weight = t.from_numpy(np.linspace(0.5, 2, classes)) if "weighted" in settings else None
        return t.nn.functional.cross_entropy(x, t.tensor(target), weight, reduction=reduction, **options)

    agree(function, normal(*shape))


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("shape", [(4, 3), (1,), (), (2, 1, 2), (0, 2)], ids=str)
def test_other_losses(shape, reduction):
    if reduction == "mean" and 0 in shape:
        return  # nan on both sides
    agree(lambda t, x, y: t.nn.functional.mse_loss(x, y, reduction=reduction), normal(*shape), normal(*shape, seed=1))
    agree(
        lambda t, x, y: t.nn.functional.binary_cross_entropy_with_logits(x, t.sigmoid(y), reduction=reduction),
        20 * normal(*shape), normal(*shape, seed=1),
    )  # fmt: skip


def test_dropout():
    x = Tensor(np.ones((200, 100)), requires_grad=True)
    autograd.manual_seed(0)
    layer = nn.Dropout(0.3)
    y = layer(x)
    kept = y.data != 0
    assert abs(kept.mean() - 0.7) < 0.02
    np.testing.assert_allclose(y.data[kept], 1 / 0.7)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.data, y.data)
    autograd.manual_seed(0)
    np.testing.assert_array_equal(layer(x).data, y.data)
    assert layer.eval()(x) is x
    assert not autograd.nn.functional.dropout(x, 1.0).data.any()
    assert autograd.nn.functional.dropout(Tensor(np.ones(3, np.float32)), 0.5).dtype == np.float32


def copy_state(theirs, ours):
    ours.load_state_dict(theirs.state_dict())
    return theirs.double(), ours.double()


LAYERS = {
    "linear": (lambda nn: nn.Linear(3, 4), (5, 3)),
    "linear without bias": (lambda nn: nn.Linear(3, 4, bias=False), (2, 5, 3)),
    "convolution": (lambda nn: nn.Conv2d(4, 6, (3, 2), stride=2, padding=1, dilation=1, groups=2), (2, 4, 6, 5)),
    "max pooling": (lambda nn: nn.MaxPool2d(3, 2, padding=1), (2, 3, 7, 6)),
    "average pooling": (lambda nn: nn.AvgPool2d(2), (2, 3, 6, 5)),
    "batch norm 1d": (lambda nn: nn.BatchNorm1d(3), (4, 3)),
    "batch norm 1d of sequences": (lambda nn: nn.BatchNorm1d(3, momentum=None), (4, 3, 5)),
    "batch norm 2d": (lambda nn: nn.BatchNorm2d(3, affine=False), (2, 3, 4, 5)),
    "batch norm without running statistics": (lambda nn: nn.BatchNorm2d(3, track_running_stats=False), (2, 3, 4, 5)),
    "layer norm": (lambda nn: nn.LayerNorm((3, 4)), (5, 3, 4)),
    "layer norm without bias": (lambda nn: nn.LayerNorm(4, bias=False), (5, 3, 4)),
    "rnn cell": (lambda nn: nn.RNNCell(3, 4), (5, 3)),
    "lstm cell": (lambda nn: nn.LSTMCell(3, 4), (5, 3)),
    "gru cell": (lambda nn: nn.GRUCell(3, 4, bias=False), (5, 3)),
    "sequential": (
        lambda nn: nn.Sequential(
            nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 4), nn.Tanh(), nn.Sigmoid(), nn.GELU(), nn.Flatten(), nn.Softmax(1)
        ),
        (5, 3),
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    make, shape = LAYERS[name]
    theirs, ours = copy_state(make(torch.nn), make(nn))
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    for training in (True, True, False):
        theirs.train(training)
        ours.train(training)
        x = normal(*shape)
        a, b = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
        our_out, their_out = ours(a), theirs(b)
        if isinstance(their_out, tuple):
            our_out, their_out = our_out[0] * our_out[1], their_out[0] * their_out[1]
        close(our_out, their_out)
        (our_out * our_out).sum().backward()
        (their_out * their_out).sum().backward()
        close(a.grad, b.grad)
        for (n, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
            assert p.grad is not None, n
            close(p.grad, q.grad)
    for p, q in zip(ours.buffers(), theirs.buffers(), strict=True):
        close(p, q)


@pytest.mark.parametrize(
    ("settings", "steps", "batch"),
    [
        ({}, 5, 2),
        ({}, 1, 1),
        ({"num_layers": 2, "batch_first": True}, 4, 3),
        ({"bias": False}, 3, 2),
        ({"bidirectional": True, "num_layers": 2}, 4, 2),
        ({"num_layers": 3}, 2, 1),
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_recurrent_layers(name, settings, steps, batch):
    theirs, ours = copy_state(getattr(torch.nn, name)(3, 4, **settings), getattr(nn, name)(3, 4, **settings))
    assert list(ours.state_dict()) == list(theirs.state_dict())
    x = normal(batch, steps, 3) if settings.get("batch_first") else normal(steps, batch, 3)
    depth = settings.get("num_layers", 1) * (1 + settings.get("bidirectional", False))
    states = [normal(depth, batch, 4, seed=i) for i in range(2 if name == "LSTM" else 1)]
    for given in (False, True):
        results = []
        for engine, layer in ((autograd, ours), (torch, theirs)):
            inputs = [engine.tensor(a, requires_grad=True) for a in (x, *states)]
            hx = (tuple(inputs[1:]) if name == "LSTM" else inputs[1]) if given else None
            output, after = layer(inputs[0], hx)
            finals = after if isinstance(after, tuple) else (after,)
            for p in layer.parameters():
                p.grad = None
            ((output * output).sum() + sum((s * s * s).sum() for s in finals)).backward()
            grads = [t.grad for t in (*(inputs if given else inputs[:1]), *layer.parameters())]
            results.append([output, *finals, *grads])
        for a, b in zip(*results, strict=True):
            close(a, b)


def test_state_dict_to_torch_and_back():
    ours, theirs = (
        nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)),
        torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4)),
    )
    theirs.load_state_dict({name: torch.tensor(t.numpy()) for name, t in ours.state_dict().items()})
    fresh = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    fresh.load_state_dict(theirs.state_dict())
    for name, t in ours.state_dict().items():
        np.testing.assert_array_equal(fresh.state_dict()[name].numpy(), t.numpy())
    with pytest.raises(ValueError, match=r"expected 0\.weight of shape \(4, 3\), got \(4, 2\)"):
        fresh.load_state_dict({**ours.state_dict(), "0.weight": np.zeros((4, 2))})
    with pytest.raises(KeyError, match=r"missing.*0\.bias.*not in the module.*extra"):
        fresh.load_state_dict({**{k: v for k, v in ours.state_dict().items() if k != "0.bias"}, "extra": np.zeros(1)})
    fresh.load_state_dict({"0.bias": np.ones(4)}, strict=False)
    assert (fresh[0].bias.data == 1).all()


def test_initial_weights_are_distributed_as_in_torch():
    autograd.manual_seed(0)
    torch.manual_seed(0)
    for ours, theirs in (
        (nn.Linear(50, 400), torch.nn.Linear(50, 400)),
        (nn.Conv2d(8, 64, 5, groups=2), torch.nn.Conv2d(8, 64, 5, groups=2)),
        (nn.LSTM(20, 50), torch.nn.LSTM(20, 50)),
        (nn.Embedding(200, 50, padding_idx=3), torch.nn.Embedding(200, 50, padding_idx=3)),
    ):
        for (name, p), q in zip(ours.named_parameters(), theirs.parameters(), strict=True):
            assert p.dtype == np.float32, name
            assert p.shape == tuple(q.shape)
            assert abs(p.data.std() / q.std().item() - 1) < 0.15, name
            if "Embedding" not in type(ours).__name__:
                assert abs(np.abs(p.data).max() / q.abs().max().item() - 1) < 0.1, name


@pytest.mark.parametrize("name", ["xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_"])
def test_init(name):
    autograd.manual_seed(1)
    torch.manual_seed(1)
    for shape in ((200, 300), (40, 30, 3, 3)):
        ours = getattr(nn.init, name)(nn.Parameter(np.zeros(shape)))
        theirs = getattr(torch.nn.init, name)(torch.zeros(shape))
        assert abs(ours.data.std() / theirs.std().item() - 1) < 0.03


class Tied(nn.Module):
    def __init__(self):
        self.first = nn.Linear(3, 3)
        self.blocks = nn.ModuleList([nn.Linear(3, 3), nn.Dropout(0.2)])
        self.second = self.first
        self.register_buffer("mask", Tensor(np.ones(3)))


def test_modules():
    model = Tied()
    assert [n for n, _ in model.named_parameters()] == ["first.weight", "first.bias", "blocks.0.weight", "blocks.0.bias"]
    assert "second.weight" in model.state_dict()
    assert [n for n, _ in model.named_buffers()] == ["mask"]
    assert len(model.blocks) == 2
    assert not model.eval().blocks[1].training
    assert model.train().blocks[1].training
    model.first(Tensor(np.ones((1, 3)))).sum().backward()
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())
    assert not any(p.requires_grad for p in model.requires_grad_(False).parameters())
    seen = []
    model.apply(lambda m: seen.append(type(m).__name__))
    assert seen[-1] == "Tied"
    assert "(0): Linear(in_features=3, out_features=3)" in repr(model)
    with pytest.raises(NotImplementedError, match="Module has no forward"):
        nn.Module()(1)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda F, x: F.linear(x, Tensor(normal(4, 5))), ValueError, r"\(2, 3\).*\(4, 5\)"),
        (lambda F, x: F.conv2d(x, Tensor(normal(1, 1, 2, 2))), ValueError, r"\(2, 3\).*\(1, 1, 2, 2\)"),
        (
            lambda F, x: F.conv2d(Tensor(normal(1, 1, 2, 2)), Tensor(normal(1, 1, 3, 3))),
            ValueError,
            r"spans \(3, 3\).*\(1, 1, 2, 2\)",
        ),
        (lambda F, x: F.cross_entropy(x, Tensor(np.array([0.0, 1.0]))), TypeError, "integer targets.*float64"),
        (lambda F, x: F.cross_entropy(x, Tensor(np.array([0, 1, 2]))), ValueError, r"\(2, 3\) and \(3,\)"),
        (lambda F, x: F.cross_entropy(x, Tensor(np.array([0, 3]))), ValueError, r"\[0, 3\), got 0 to 3"),
        (lambda F, x: F.cross_entropy(x, Tensor(np.array([0, -1]))), ValueError, "-1"),
        (lambda F, x: F.mse_loss(x, Tensor(normal(2))), ValueError, r"\(2, 3\).*\(2,\)"),
        (lambda F, x: F.mse_loss(x, x, reduction="all"), ValueError, "'all'"),
        (lambda F, x: F.layer_norm(x, (2,)), ValueError, r"\(…, 2\), got shape \(2, 3\)"),
        (lambda F, x: F.batch_norm(x[:1], None, None, training=True), ValueError, r"\(1, 3\)"),
        (
            lambda F, x: F.batch_norm(x, None, None, Tensor(normal(2)), training=True),
            ValueError,
            r"weight \(C\), got \(2, 3\) and \(2,\)",
        ),
        (lambda F, x: F.dropout(x, 1.5), ValueError, "1.5"),
        (lambda F, x: F.gelu(x, "sigmoid"), ValueError, "sigmoid"),
        (lambda F, x: F.pad(x, (1, 2, 3)), ValueError, r"\(2, 3\).*\(1, 2, 3\)"),
        (lambda F, x: F.embedding(Tensor(np.array([0.5])), x), IndexError, "float64"),
        (lambda F, x: nn.Linear(4, 2)(x), ValueError, r"\(2, 3\).*\(2, 4\)"),
        (lambda F, x: nn.BatchNorm2d(3)(x), ValueError, r"BatchNorm2d: expected input with 4 axes.*\(2, 3\)"),
        (lambda F, x: nn.LSTM(3, 4)(x), ValueError, r"LSTM.*\(2, 3\)"),
        (lambda F, x: nn.GRU(3, 4)(x.unsqueeze(0), Tensor(normal(1, 1, 4))), ValueError, r"\(1, 2, 4\), got \(1, 1, 4\)"),
        (lambda F, x: nn.Conv2d(3, 4, 3, groups=2), ValueError, "2 groups"),
    ],
)
def test_errors_say_what_was_expected_and_got(call, error, message):
    with pytest.raises(error, match=message):
        call(nn.functional, Tensor(normal(2, 3)))


def test_a_module_that_stands_in_two_places_is_named_once():
    shared = nn.Linear(2, 2)
    model = nn.Sequential(shared, nn.ReLU(), shared)
    assert [name for name, _ in model.named_modules()] == ["", "0", "1"]
    assert [*model.modules()][1:] == [shared, model[1]]
