"""Labels that have nothing to do with their rows: what can be learnt by heart and says nothing about other rows."""

import math

import torch
from torch import Tensor

from practicum.training.diagnose.case import Case
from practicum.training.diagnose.finding import Finding
from practicum.training.diagnose.hooks import Hooks, Pass


def check_shuffled(case: Case, passed: Pass) -> list[Finding]:
    """Learn half of the rows by heart and ask for the other half.

    Shuffled labels are named only where the model knows its own half (90 % right) and is no better than the commonest class on
    the other, and nearest neighbours are no better either; and only with 100 other rows or more. Rows of tokens are left out: a
    few hundred texts that are learnt by heart may well say nothing about others.
    """
    if not passed.scored or any(s.target_N is None or s.kind != "cross_entropy" or len(s.shape) != 2 for s in passed.scored):
        return []
    if not all(isinstance(batch, tuple | list) and all(isinstance(part, Tensor) for part in batch) for batch in case.batches):
        return []
    half = len(case.batches) // 2
    known, asked = case.batches[:half], case.batches[half:]
    rows = sum(len(batch[-1]) for batch in asked)
    if not half or rows < 100:
        return []
    if not all(batch[0].is_floating_point() and batch[0].shape[1:] == known[0][0].shape[1:] for batch in case.batches):
        return []
    labels = torch.cat([batch[-1] for batch in case.batches]).flatten()
    if labels.is_floating_point() or len(labels) != sum(len(batch[0]) for batch in case.batches):
        return []
    chance = float(labels.bincount().max()) / len(labels)
    bound = chance + 3 * math.sqrt(chance * (1 - chance) / rows)
    near = _nearest_neighbour(known, asked)
    if near > bound:
        return []
    model, method, optimizer = case.fresh()
    optimizer = optimizer or torch.optim.AdamW(model.parameters(), lr=1e-3)
    for _ in range(5 * case.steps):
        right = 0
        for batch in known:
            optimizer.zero_grad()
            hooks = Hooks(model)
            with hooks:
                loss = method.loss(model, batch)
            loss.backward()
            optimizer.step()
            right += int((hooks.scored[0].logits_NK.argmax(1) == hooks.scored[0].target_N).sum())
        if right >= 0.97 * sum(len(batch[-1]) for batch in known):
            break
    model.eval()
    by_heart, others = _accuracy(model, method, known), _accuracy(model, method, asked)
    if by_heart < 0.9 or others > bound:
        return []
    return [
        Finding(
            "shuffled labels",
            f"learnt by heart, {by_heart:.0%} of the rows are right, and {others:.1%} of {rows} others; "
            f"the commonest class is {chance:.1%}, nearest neighbours get {near:.1%}",
            "Look whether rows and labels are still in the same order",
        )
    ]


def _accuracy(model: torch.nn.Module, method: object, batches: list[tuple[Tensor, ...]]) -> float:
    hooks = Hooks(model)
    with hooks, torch.no_grad():
        for batch in batches:
            method.loss(model, batch)  # type: ignore[attr-defined]
    right = sum(int((s.logits_NK.argmax(1) == s.target_N).sum()) for s in hooks.scored)
    return right / sum(len(s.logits_NK) for s in hooks.scored)


def _nearest_neighbour(known: list[tuple[Tensor, ...]], asked: list[tuple[Tensor, ...]]) -> float:
    """Return the share of rows whose nearest known row, by Euclidean distance of the inputs, has their label."""
    x, y = (torch.cat([batch[i].flatten(1).float() if not i else batch[-1] for batch in known]) for i in (0, 1))
    ask_x, ask_y = (torch.cat([batch[i].flatten(1).float() if not i else batch[-1] for batch in asked]) for i in (0, 1))
    return float((y[torch.cdist(ask_x, x).argmin(1)] == ask_y).float().mean())
