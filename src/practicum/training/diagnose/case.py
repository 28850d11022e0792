"""What is diagnosed, and how it is kept as it was."""

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from practicum.training import generators

SEED = 20170411


@dataclass(frozen=True)
class Case:
    """Model, method, batches and what the user gave besides.

    Attributes:
        model: as it is; never called, only copied.
        method: with `loss` or `step`.
        batches: the first few.
        optimizer: the user's, a function that makes it, or None.
        test: batches, or an empty list.
        step: the user's training step, or None.
        evaluate: the user's evaluation, or None.
        steps: of each short training.
    """

    model: nn.Module
    method: Any
    batches: list[Any]
    optimizer: Optimizer | Callable[[nn.Module], Optimizer] | None
    test: list[Any]
    step: Callable[[nn.Module, Optimizer, Any], Any] | None
    evaluate: Callable[[nn.Module, Iterable[Any]], Any] | None
    steps: int

    @classmethod
    def of(cls, model: nn.Module, method: Any, batches: Any, *, test: Any, count: int, **others: Any) -> "Case":
        """Take the first batches of each kind; training batches in the order of an epoch where they have one."""
        taken = [*islice(batches.epoch(0) if hasattr(batches, "epoch") else batches, count)]
        if not taken:
            raise ValueError("expected at least one training batch, got none")
        return cls(model, method, taken, test=[*islice(test if test is not None else (), count)], **others)

    def fresh(self) -> tuple[nn.Module, Any, Optimizer | None]:
        """Return copies of model (in train mode), method and optimiser that belong together, and seeds the generators."""
        generators.seed(SEED)
        given = self.optimizer if isinstance(self.optimizer, Optimizer) else None
        model, method, optimizer = copy.deepcopy((self.model, self.method, given))
        for parameter in model.parameters():
            parameter.grad = None
        model.train()
        if optimizer is None and callable(self.optimizer):
            optimizer = self.optimizer(model)
        return model, method, optimizer

    @property
    def has_loss(self) -> bool:
        """Whether the method descends a loss (and has no step of its own)."""
        return hasattr(self.method, "loss") and not hasattr(self.method, "step")


class Plain:
    """A trainer for methods with a step of their own: `backward`, and nothing else."""

    def backward(self, loss: Tensor) -> None:
        """Compute the gradients."""
        loss.backward()

    def clip_gradients(self, model: nn.Module, optimizer: Optimizer, max_norm: float) -> None:
        """Scale the gradients of a module to a norm of at most `max_norm`."""
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
