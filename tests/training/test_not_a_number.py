"""Not-a-number has one rule, and losses, metrics and choices keep to it."""

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from practicum.data.batches import Batches, Whole
from practicum.errors import PracticumError
from practicum.finite import better, exponential, ratio
from practicum.methods.backprop_through_time import TruncatedBPTT
from practicum.methods.classify import Classify
from practicum.methods.label_tokens import LabelTokens
from practicum.methods.language_model import IGNORED, LanguageModeling
from practicum.methods.masked_lm import MaskedLM
from practicum.methods.segment import Segment
from practicum.methods.translate import Translate
from practicum.methods.word_vectors import spearman
from practicum.training.accelerator import Accelerator
from practicum.training.checkpoint import Place
from practicum.training.loop import Fit, fit

NAN, INF = math.nan, math.inf
CPU = Accelerator(device="cpu")


def test_the_rule() -> None:
    assert [better(*pair) for pair in ((2, 1), (1, 2), (1, 1), (NAN, 1), (1, NAN), (NAN, NAN), (-INF, NAN), (NAN, -INF))] == [
        True, False, False, False, True, False, True, False,
    ]  # fmt: skip
    assert (ratio(3, 4), exponential(2.0), exponential(710.0), exponential(-1e9)) == (0.75, math.exp(2), INF, 0.0)
    assert math.isnan(ratio(0, 0))
    assert math.isnan(exponential(NAN))


def test_best_recovers_after_nan() -> None:
    place = Place()
    chosen = [place.better("-loss", {"loss": value}) for value in (NAN, 3.0, NAN, 2.0, INF, 2.5, 1.0)]
    assert chosen == [False, True, False, True, False, False, True]
    assert (place.best, place.since_best) == ((-1.0,), 0)


def test_two_metrics_choose_together_and_lend_each_other_patience() -> None:
    """Row by row as in the authors' code of GAT: kept where both are at least as good as ever, waiting on while either is."""
    place = Place()
    told = [
        (place.better("-loss,accuracy", {"loss": loss, "accuracy": accuracy}), place.since_best)
        for loss, accuracy in (
            (3.0, 0.5), (2.0, 0.4), (2.5, 0.5), (2.5, 0.4), (2.1, 0.4), (2.0, 0.5), (1.0, 0.3), (NAN, 0.6), (0.9, 0.6),
        )
    ]  # fmt: skip
    assert told == [
        (True, 0), (False, 0), (False, 0), (False, 1), (False, 2), (True, 0), (False, 0), (False, 0), (True, 0),
    ]  # fmt: skip
    assert place.best == (-0.9, 0.6)


class Logits(nn.Module):
    """Zeros with a gradient, for tokens (B, T) and whatever else stands beside them."""

    def __init__(self, classes: int = 5, scale: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((classes,), scale))

    def forward(self, tokens: Tensor, *_: Any, asked_BT: Tensor | None = None) -> Tensor:
        logits = F.one_hot(tokens, len(self.weight)) * self.weight
        return logits if asked_BT is None else logits[asked_BT]


TOKENS = torch.zeros(2, 3, dtype=torch.long)


@pytest.mark.parametrize(
    ("method", "batch"),
    [
        (LanguageModeling(), (TOKENS, torch.full_like(TOKENS, IGNORED))),
        (LabelTokens(), (TOKENS, torch.full_like(TOKENS, IGNORED))),
        (MaskedLM(5, mask=3, special=(0,)), (TOKENS,)),
        (Translate(bos=1, eos=2, pad=0), (TOKENS, torch.zeros(2, 4, dtype=torch.long)[:, :4])),
    ],
)
def test_a_loss_over_no_targets_is_zero_and_moves_nothing(method: Any, batch: tuple[Tensor, ...]) -> None:
    class Padded(Logits):  # target words (B, T) for the translator, whose source is as long
        def forward(self, tokens: Tensor, *others: Any, **options: Any) -> Tensor:
            return super().forward(others[0] if others else tokens, **options)

    model = Padded()
    loss = method.loss(model, batch)
    loss.backward()
    assert loss.item() == 0
    assert model.weight.grad is not None
    assert model.weight.grad.tolist() == [0.0] * 5


@pytest.mark.parametrize("method", [LanguageModeling(), LabelTokens(), MaskedLM(5, mask=3, special=(0,))])
def test_a_metric_over_no_targets_is_nan(method: Any) -> None:
    metrics = method.evaluate(Logits(), [(TOKENS, torch.full_like(TOKENS, IGNORED))])
    measured = {name: value for name, value in metrics.items() if name != "row_accuracy"}  # of two rows without a target
    assert len(measured) >= 2
    assert all(map(math.isnan, measured.values()))


@pytest.mark.parametrize("method", [Classify(), LanguageModeling(), LabelTokens(), MaskedLM(5, 3, (0,)), TruncatedBPTT(2)])
def test_a_metric_of_no_batches_is_nan(method: Any) -> None:
    assert all(map(math.isnan, method.evaluate(Logits(), []).values()))


def test_the_perplexity_of_a_diverged_model_is_infinite_and_the_epoch_is_kept() -> None:
    """Tokens are 1 and the next one is never it: the logits' 10,000 is the loss."""
    batch = (TOKENS + 1, TOKENS)
    how = Fit(1, lambda model: torch.optim.SGD(model.parameters(), lr=0.0))
    rows = fit(Logits(scale=1e4), LanguageModeling(), Whole(batch), how, validation=Whole(batch), accelerator=CPU)
    assert (rows[0]["loss"], rows[0]["perplexity"]) == (1e4, INF)
    masked = MaskedLM(5, mask=3, special=(0,), rate=1.0)
    assert masked.evaluate(Logits(scale=1e4), [(TOKENS + 1,)])["perplexity"] == INF


def test_segment_without_batches_or_foreground() -> None:
    metrics = Segment().evaluate(lambda x: x, [(torch.full((2, 1, 4, 4), -9.0), torch.zeros(2, 4, 4).long())])  # type: ignore[arg-type]
    assert math.isnan(metrics["dice"])
    assert metrics["loss"] == pytest.approx(1.2e-4 + 16 * 1.234e-4 / 1.002, rel=0.02)


def test_spearman_of_nan_is_nan() -> None:
    a, b = torch.tensor([1.0, 2.0, 3.0, 5.0]), torch.tensor([1.0, 2.0, 4.0, 3.0])
    assert spearman(a, b) == pytest.approx(0.8)
    assert math.isnan(spearman(torch.tensor([1.0, NAN, 3.0, 5.0]), b))
    assert math.isnan(spearman(a, torch.tensor([1.0, 2.0, NAN, 3.0])))


@pytest.mark.parametrize("clip", [1.0, 1e-3])
def test_a_gradient_that_is_not_finite_ends_with_the_loops_own_message(clip: float) -> None:
    class Broken(Classify):
        def loss(self, model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
            loss = super().loss(model, batch)
            loss.register_hook(lambda gradient: gradient * NAN)
            return loss

    x, y = torch.ones(8, 6), torch.zeros(8).long()
    model = nn.Linear(6, 2)
    before = model.weight.detach().clone()
    how = Fit(1, lambda model: torch.optim.SGD(model.parameters(), lr=0.25), clip=clip)
    with pytest.raises(PracticumError, match=r"the gradient's norm is nan at step 1 of 2 \(epoch 0, learning rate 0\.25\)"):
        fit(model, Broken(), Batches(x, y, batch_size=4), how, accelerator=CPU)
    assert torch.equal(model.weight, before)
