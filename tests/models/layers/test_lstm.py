"""The LSTM's derivative by hand: second derivatives, precisions, devices, and how much it computes."""

from collections import Counter
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from practicum.models.layers.lstm import lstm_over_time
from practicum.models.rnn import Recurrent, RecurrentConfig

REAL = torch.tensor([[1, 1], [1, 1], [1, 0]], dtype=torch.bool)[..., None]  # 3 steps of 2 rows, one shorter


def arguments(dtype: torch.dtype = torch.float64, steps: int = 3) -> list[Tensor]:
    """p, h, c and U for 2 rows and 2 units."""
    torch.manual_seed(0)
    return [torch.randn(shape, dtype=dtype) for shape in ((steps, 2, 8), (2, 2), (2, 2), (8, 2))]


def twins(**settings: Any) -> tuple[Recurrent, Recurrent]:
    """The loop and the derivative by hand, with the same weights."""
    torch.manual_seed(1)
    loop, hand = (Recurrent(RecurrentConfig("lstm", 3, 5, 2, True, by_hand=by_hand)) for by_hand in (False, True))
    hand.load_state_dict(loop.state_dict())
    return loop.to(**settings), hand.to(**settings)


def gradients(model: Recurrent, x: Tensor, lengths: Tensor | None = None) -> list[Tensor]:
    """The outputs, and what their squares' sum gives to the weights."""
    y, last = model(x, None, lengths)
    sum(part.float().square().sum() for part in (y, *last)).backward()
    return [y, *last, *(parameter.grad for parameter in model.parameters())]


@pytest.mark.parametrize(
    ("asked", "real", "backward"),
    [
        ((1, 1, 1, 1), None, False), ((1, 1, 1, 1), REAL, True), ((1, 0, 0, 0), None, True),
        ((0, 1, 0, 0), REAL, False), ((0, 0, 1, 0), REAL, False), ((0, 0, 0, 1), REAL, False),
    ],
    ids=["all", "all-padded-backward", "p", "h", "c", "U"],
)  # fmt: skip
def test_first_and_second_derivatives(asked: tuple[int, ...], real: Tensor | None, backward: bool) -> None:
    values = [x.requires_grad_(bool(needed)) for x, needed in zip(arguments(), asked, strict=True)]

    def run(*values: Tensor) -> tuple[Tensor, ...]:
        y, last = lstm_over_time(*values, real, backward=backward)  # type: ignore[misc]
        return y, *last

    assert torch.autograd.gradcheck(run, values, atol=1e-8, rtol=1e-6)
    assert torch.autograd.gradgradcheck(run, values, atol=1e-8, rtol=1e-6, fast_mode=True)


def test_a_penalty_on_the_gradient_is_that_of_the_loop() -> None:
    x, found = torch.randn(2, 4, 3, dtype=torch.float64), []
    for model in twins(dtype=torch.float64):
        y, _ = model(x, None, torch.tensor([4, 2]))
        first = torch.autograd.grad(y.square().sum(), [*model.parameters()], create_graph=True)
        sum(gradient.square().sum() for gradient in first).backward()
        found.append([parameter.grad for parameter in model.parameters()])
    torch.testing.assert_close(found[1], found[0], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("lengths", [None, torch.tensor([6, 2])], ids=["whole", "padded"])
def test_under_autocast_it_is_at_least_as_near_as_the_loop(lengths: Tensor | None) -> None:
    x = torch.randn(2, 6, 3)
    exact = gradients(twins()[0], x, lengths)
    loop, hand = twins()
    with torch.autocast("cpu", torch.bfloat16):
        near, ours = gradients(loop, x, lengths), gradients(hand, x, lengths)
    assert [part.dtype for part in ours] == [part.dtype for part in near]
    errors = [torch.stack([(a - b).norm() / b.norm() for a, b in zip(part, exact, strict=True)]) for part in (near, ours)]
    assert errors[1].max() < 0.02
    assert errors[1].mean() < 1.1 * errors[0].mean()


@pytest.mark.parametrize(("dtype", "near"), [(torch.float16, 4e-3), (torch.bfloat16, 3e-2)], ids=str)
def test_half_precision(dtype: torch.dtype, near: float) -> None:
    _, hand = twins(dtype=dtype)
    x = torch.randn(2, 6, 3).to(dtype)
    ours = gradients(hand, x)
    assert {part.dtype for part in ours} == {dtype}
    exact, _ = twins(dtype=dtype)
    for part, expected in zip(ours, gradients(exact.float(), x.float()), strict=True):
        assert (part.float() - expected).norm() < near * expected.norm()


def test_saved_values_serve_twice_and_are_not_overwritten_unnoticed() -> None:
    values = [x.requires_grad_() for x in arguments()]
    y, (_, c) = lstm_over_time(*values)  # type: ignore[misc]
    once = torch.autograd.grad((y, c), values, (y.detach(), c.detach()), retain_graph=True)
    twice = torch.autograd.grad((y, c), values, (y.detach(), c.detach()), retain_graph=True)
    torch.testing.assert_close(twice, once, rtol=0, atol=0)
    c.detach().zero_()  # a copy: the cells that were kept are as before
    torch.testing.assert_close(torch.autograd.grad(y.sum(), values, retain_graph=True)[3], once_of_y(values))
    y.detach().relu_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def once_of_y(values: list[Tensor]) -> Tensor:
    """The recurrent weight's gradient of the sum of y."""
    y, _ = lstm_over_time(*values)  # type: ignore[misc]
    return torch.autograd.grad(y.sum(), values)[3]


class Products(TorchDispatchMode):
    """Counts matrix products."""

    def __init__(self) -> None:
        super().__init__()
        self.count: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count[func.overloadpacket.__name__] += 1
        return func(*args, **kwargs or {})


def test_the_weights_gradient_is_one_product_over_all_steps() -> None:
    steps = 20
    values = [x.requires_grad_() for x in arguments(steps=steps)]
    with Products() as forward:
        y, _ = lstm_over_time(*values)  # type: ignore[misc]
    with Products() as backward:
        y.sum().backward()
    assert forward.count["addmm"] == steps
    assert forward.count["mm"] == 0
    # One product per step for the state; the weight's gradient has one for the first step and one for all the others.
    assert backward.count["addmm"] + backward.count["mm"] == steps + 2


def test_shapes_without_numbers() -> None:
    _, hand = twins()
    x = torch.randn(2, 4, 3)
    there = Recurrent(RecurrentConfig("lstm", 3, 5, 2, True, by_hand=True)).to("meta")
    for part, real in zip(gradients(there, x.to("meta")), gradients(hand, x), strict=True):
        assert part.device.type == "meta"
        assert part.shape == real.shape


@pytest.mark.thorough
def test_compiled_it_is_the_loop() -> None:
    _, hand = twins()
    compiled, x = torch.compile(twins()[1], backend="aot_eager", fullgraph=True), torch.randn(2, 4, 3)
    torch.testing.assert_close(gradients(compiled, x), gradients(hand, x), rtol=1e-5, atol=1e-6)
