"""Parts of unequal size: a step's batches, and processes, give the gradient of one batch with all their targets."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map

from practicum.methods.classify import Classify
from practicum.methods.label_tokens import LabelTokens
from practicum.methods.language_model import IGNORED, LanguageModeling
from practicum.methods.masked_lm import MaskedLM
from practicum.methods.regularise import Penalised
from practicum.methods.segment import Segment
from practicum.methods.sums import backward, sum_and_count
from practicum.methods.translate import Translate
from practicum.methods.word2vec import NegativeSampling
from practicum.training.accelerator import Accelerator, has_rows, launch
from practicum.training.runs import recipes
from tests.at_hand import built

FABRIC = launch(Accelerator(device="cpu"))


def gradient(method: Any, model: nn.Module, group: list[Any]) -> tuple[float, dict[str, Tensor]]:
    """The loss of a step over these batches, and the gradient of every weight."""
    model.zero_grad()
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=1.0)
    loss = backward(FABRIC, FABRIC.setup_module(model, move_to_device=False), optimizer, method, group)
    return loss, {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def cut(batch: Any, start: int, end: int) -> Any:
    return tree_map(lambda part: part[start:end], batch)


class Words(nn.Module):
    """Scores for the next of seven words from this one (and from those of a source, by their mean)."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(7, 7, dtype=torch.float64)

    def forward(self, word_BT: Tensor, target_BT: Tensor | None = None, *, asked_BT: Tensor | None = None) -> Tensor:
        if target_BT is None:
            return self.table(word_BT) if asked_BT is None else self.table(word_BT)[asked_BT]
        return self.table(target_BT) + self.table(word_BT).mean(1, keepdim=True)


def words(rows: int, columns: int) -> Tensor:
    return torch.randint(3, 7, (rows, columns), generator=torch.Generator().manual_seed(rows))


def counted(rows: int, columns: int, counts: list[int], blank: int) -> Tensor:
    """Words of which each row has so many; `blank` behind them."""
    return torch.where(torch.arange(columns) < torch.tensor(counts)[:, None], words(rows, columns), blank)


@pytest.mark.parametrize(
    ("method", "batch"),
    [
        (LanguageModeling(), (words(4, 60), counted(4, 60, [6, 5, 51, 50], IGNORED))),  # 11 and 101 targets
        (LabelTokens(), (words(4, 60), counted(4, 60, [6, 5, 51, 50], IGNORED))),
        (Translate(bos=1, eos=2, pad=0, label_smoothing=0.1), (words(4, 9), counted(4, 60, [7, 6, 52, 51], 0))),
        (Penalised(LanguageModeling(), l1=1e-3, l2=3e-3), (words(4, 60), counted(4, 60, [6, 5, 51, 50], IGNORED))),
    ],
)
def test_accumulation_counts_targets(method: Any, batch: tuple[Tensor, ...]) -> None:
    """In a mean of means each of the 11 targets would count as much as nine of the 101."""
    torch.manual_seed(0)
    model = Words()
    whole_loss, whole = gradient(method, model, [batch])
    loss, parts = gradient(method, model, [cut(batch, 0, 2), cut(batch, 2, 4)])
    assert loss == pytest.approx(whole_loss, rel=1e-6)
    torch.testing.assert_close(parts["table.weight"], whole["table.weight"], rtol=1e-12, atol=1e-14)
    means = [gradient(method, model, [cut(batch, *rows)])[1]["table.weight"] for rows in ((0, 2), (2, 4))]
    assert (sum(means) / 2 - whole["table.weight"]).norm() > 0.1 * whole["table.weight"].norm()


def test_masked_tokens_count_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    method, tokens = MaskedLM(7, mask=0, special=(1,)), counted(4, 60, [6, 5, 51, 50], 1)
    monkeypatch.setattr(MaskedLM, "hide", lambda self, tokens_BT: (tokens_BT, tokens_BT != 1))  # no chance in it
    torch.manual_seed(0)
    model = Words()
    (_, whole), (_, parts) = (
        gradient(method, model, group) for group in ([(tokens,)], [(tokens[:1],), (tokens[1:2],), (tokens[2:],)])
    )
    torch.testing.assert_close(parts["table.weight"], whole["table.weight"], rtol=1e-12, atol=1e-14)


def test_a_step_without_targets_moves_nothing() -> None:
    blank = (words(2, 5), torch.full((2, 5), IGNORED))
    loss, gradients = gradient(LanguageModeling(), Words(), [blank, blank])
    assert loss == 0
    assert not gradients["table.weight"].any()


@pytest.mark.parametrize(("make", "target"), [(lambda: nn.Linear(3, 2), torch.arange(5) % 2), (lambda: nn.Conv2d(3, 2, 1), None)])
def test_a_mean_over_rows_is_counted_in_rows(make: Callable[[], nn.Module], target: Tensor | None) -> None:
    torch.manual_seed(0)
    x = torch.randn(5, 3) if target is not None else torch.randn(5, 3, 4, 4)
    y = target if target is not None else torch.arange(80).view(5, 4, 4) % 2
    method: Any = Classify() if target is not None else Segment()
    model = make()
    total, count = sum_and_count(method, model, (x, y))
    assert count == 5
    assert float(total) == pytest.approx(5 * float(method.loss(model, (x, y))), rel=1e-6)
    (_, whole), (_, parts) = (gradient(method, model, group) for group in ([(x, y)], [(x[:1], y[:1]), (x[1:], y[1:])]))
    for name in whole:
        torch.testing.assert_close(parts[name], whole[name], rtol=1e-4, atol=1e-6)


def test_an_evaluation_does_not_depend_on_how_rows_are_cut() -> None:
    """Of segmentation: the others' metrics are in `tests/recipes`, and in each method's own tests."""
    torch.manual_seed(0)
    model, x, y = nn.Conv2d(3, 2, 1), torch.randn(5, 3, 4, 4), torch.randint(0, 2, (5, 4, 4))
    whole, parts = (Segment().evaluate(model, batches) for batches in ([(x, y)], [(x[:1], y[:1]), (x[1:], y[1:])]))
    assert parts == pytest.approx(whole, rel=1e-6)


BUILT = [name for name in recipes.names() if hasattr(recipes.load(name), "build")]


@pytest.mark.parametrize("name", BUILT)
def test_every_recipe_can_be_cut(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two batches of a step, one and five rows, do what the six do in one, without batch norm's statistics and without chance."""
    monkeypatch.setattr(MaskedLM, "hide", lambda self, tokens_BT: (tokens_BT, (tokens_BT % 3 == 0) & (tokens_BT > 4)))
    monkeypatch.setattr(NegativeSampling, "draw", lambda self, *shape: torch.arange(5, 5 + shape[-1]).expand(shape))
    experiment = built(name)
    batch = next(iter(experiment.train.epoch(0)))
    if hasattr(experiment.method, "step") or not has_rows(batch):
        pytest.skip("takes its steps itself, or has one whole batch; --accumulate and --devices are refused")
    model = experiment.model.train()
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()
        for attribute in ("p", "dropout", "rate"):
            if isinstance(getattr(module, attribute, None), float):
                setattr(module, attribute, 0.0)
    whole_loss, whole = gradient(experiment.method, model, [cut(batch, 0, 6)])
    loss, parts = gradient(experiment.method, model, [cut(batch, 0, 1), cut(batch, 1, 6)])
    assert loss == pytest.approx(whole_loss, rel=1e-4)
    assert whole
    for key, value in whole.items():
        assert (parts[key] - value).norm() <= 1e-3 * value.norm() + 1e-7, key
