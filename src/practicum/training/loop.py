"""The one training loop: any module, any method, any batches, on Lightning Fabric.

`fit` chooses device and precision, accumulates and clips gradients, follows a schedule, averages weights, evaluates, logs, and
checkpoints so that a run that was killed goes on bit for bit (on the CPU) as if it had not been: model, optimiser, generators,
place in the epoch and running sums are saved. Across processes every rank draws the same batch and takes its own rows of it;
Fabric averages the gradients, so N processes do what one does.
"""

import math
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from tqdm import tqdm

from practicum.errors import PracticumError
from practicum.training import checkpoint
from practicum.training.average import Average
from practicum.training.interrupt import Interrupts
from practicum.training.log import Log
from practicum.training.machine import Machine, launch

Row = dict[str, float]


@dataclass(frozen=True)
class Fit:
    """How to train.

    Attributes:
        epochs: passes over the training batches.
        optimizer: makes the optimiser for the model.
        schedule: maps progress in [0, 1] to a factor on the optimiser's learning rates (training/schedules.py).
        accumulate: batches whose gradients add up to one step of the optimiser.
        clip: the largest norm of the gradient.
        ema: decay of the weights' moving average, which is then what is evaluated and returned.
        evaluate_every: epochs between evaluations.
        best: the metric by which the best weights are kept and returned; needs validation batches. `-loss` with a minus: lower
            is better.
        patience: evaluations without a better `best` after which training stops.
        minutes: training stops when it has taken this long.
        precision: of the passes, where the machine names none: "32-true" or "bf16-mixed", say.
    """

    epochs: int
    optimizer: Callable[[nn.Module], Optimizer] = lambda model: torch.optim.AdamW(model.parameters(), lr=1e-3)
    schedule: Callable[[float], float] | None = None
    accumulate: int = 1
    clip: float | None = None
    ema: float | None = None
    evaluate_every: int = 1
    best: str | None = None
    patience: int | None = None
    minutes: float | None = None
    precision: str | None = None

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.accumulate < 1 or self.evaluate_every < 1:
            raise ValueError(
                f"expected epochs, accumulate and evaluate_every of at least 1, "
                f"got {self.epochs}, {self.accumulate}, {self.evaluate_every}"
            )
        if self.patience is not None and self.best is None:
            raise ValueError("patience counts evaluations without a better `best`, and `best` names no metric")


def fit(
    model: nn.Module,
    method: Any,
    train: Any,
    how: Fit,
    *,
    validation: Iterable[Any] | None = None,
    folder: Path | None = None,
    machine: Machine | None = None,
    seed: int = 0,
    progress: bool = True,
    fabric: Any = None,
) -> list[Row]:
    """Train the model in place and return one row per evaluation: epoch, step, lr, train_loss, seconds and the validation's
    metrics.

    Args:
        model: any module; ends up with the last, the averaged (`how.ema`) or the best (`how.best`) weights.
        method: has `loss(model, batch)` or `step(fabric, model, optimizer, batch)`, and `evaluate(model, batches)`.
        train: has `len` and `epoch(number, start)`.
        how: how to train.
        validation: batches to evaluate on; without them rows have no metrics.
        folder: for metrics.csv, TensorBoard's events and checkpoint.pt. A checkpoint in it is resumed.
        machine: what to train on.
        seed: of dropout and whatever else draws from the global generators.
        progress: show a bar, where stderr is a terminal.
        fabric: an already launched Fabric (`launch(machine, how.precision)`), where the caller has one.

    Raises:
        PracticumError: the loss is no longer finite, or the checkpoint does not fit the model.
        KeyboardInterrupt: on Ctrl-C, after the checkpoint is written.
    """
    if how.best and validation is None:
        raise ValueError(f"best={how.best!r} needs validation batches, and there are none")
    machine = machine or Machine()
    fabric = fabric or launch(machine, how.precision)
    if machine.strategy == "fsdp" and (how.ema or how.best):
        raise ValueError("with strategy='fsdp' no process holds the whole weights that `ema` and `best` copy; use 'ddp'")
    torch.manual_seed(seed + fabric.global_rank)
    if machine.compile:
        model.compile()
    wrapped = fabric.setup_module(model)
    optimizer = fabric.setup_optimizers(how.optimizer(model))
    rates = [group["lr"] for group in optimizer.param_groups]
    average = Average(model, how.ema) if how.ema else None
    at = checkpoint.Place()
    if folder and (folder / checkpoint.NAME).exists():
        at = checkpoint.load(fabric, folder, wrapped, optimizer, average)
    steps_per_epoch = math.ceil(len(train) / how.accumulate)
    total = how.epochs * steps_per_epoch
    log = Log(folder if fabric.is_global_zero else None, at.step)
    saved = fabric.broadcast(time.monotonic())  # the first process's clock is everybody's
    began, began_cpu = saved - at.seconds, time.process_time() - at.cpu_seconds
    bar = tqdm(
        total=total,
        initial=at.step,
        unit="step",
        disable=None if progress and fabric.is_global_zero else True,
        mininterval=0.3,
        leave=False,
    )

    def save() -> None:
        if folder:
            at.seconds, at.cpu_seconds = time.monotonic() - began, time.process_time() - began_cpu
            checkpoint.save(fabric, folder, at, wrapped, optimizer, average)

    with Interrupts() as interrupted, bar:
        while at.epoch < how.epochs and not at.stopped:
            wrapped.train()
            batches, size = train.epoch(at.epoch, at.index), len(train)
            group: list[Any] = []
            for batch in batches:
                group.append(_rows_of(batch, fabric.global_rank, fabric.world_size))
                if len(group) < min(how.accumulate, size - at.index):
                    continue
                factor = how.schedule(at.step / total) if how.schedule else 1.0
                for param_group, rate in zip(optimizer.param_groups, rates, strict=True):
                    param_group["lr"] = rate * factor
                at.loss_sum += _step(fabric, wrapped, method, optimizer, group, how.clip)
                at.index, at.step, at.loss_count = at.index + len(group), at.step + 1, at.loss_count + 1
                group = []
                if average:
                    average.update(model, at.step)
                bar.update()
                if not math.isfinite(at.loss_sum):
                    raise PracticumError(
                        f"the loss is {at.loss_sum} at step {at.step} of {total} "
                        f"(epoch {at.epoch}, learning rate {rates[0] * factor:.3g}). "
                        "Try a lower learning rate or clipping; `practicum diagnose` looks for the cause."
                    )
                if (
                    fabric.world_size > 1 and at.step % 20
                ):  # all processes must stop and save at the same step; asking each time is slow
                    continue
                now, stop = fabric.broadcast((time.monotonic(), interrupted()))
                if stop:
                    save()
                    raise KeyboardInterrupt
                if now - saved > 60:
                    save()
                    saved = now
                if how.minutes and now - began > how.minutes * 60:
                    at.stopped = f"after {how.minutes:g} minutes"
                    break
            at.epoch, at.index = at.epoch + 1, 0
            if at.epoch % how.evaluate_every and at.epoch < how.epochs and not at.stopped:
                continue
            row: Row = {
                "epoch": at.epoch,
                "step": at.step,
                "lr": optimizer.param_groups[0]["lr"],
                "train_loss": at.loss_sum / max(at.loss_count, 1),
            }
            at.loss_sum, at.loss_count = 0.0, 0
            if validation is not None:
                row |= evaluate(fabric, wrapped, model, method, validation, average)
            row |= {"seconds": time.monotonic() - began, "cpu_seconds": time.process_time() - began_cpu}
            at.rows.append(row)
            if how.best and at.better(how.best, row):
                with _averaged(average, model):
                    at.best_weights = {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}
            if how.patience and at.since_best >= how.patience:
                at.stopped = f"no better {how.best} in {at.since_best} evaluations"
            log.write(at.rows)
            bar.set_postfix(
                {
                    name: f"{value:.4g}"
                    for name, value in row.items()
                    if name not in ("epoch", "step", "lr", "seconds", "cpu_seconds")
                }
            )
            save()
    log.close()
    if at.best_weights is not None:
        model.load_state_dict(at.best_weights)
    elif average:
        average.put_into(model)
    model.eval()
    return at.rows


@torch.no_grad()
def evaluate(
    fabric: Any, wrapped: nn.Module, model: nn.Module, method: Any, batches: Iterable[Any], average: Average | None = None
) -> Row:
    """Return the method's metrics, with the averaged weights where there are such; the generators stay as they were."""
    was = torch.get_rng_state()
    wrapped.eval()
    with _averaged(average, model):
        metrics: Row = method.evaluate(wrapped, (fabric.to_device(batch) for batch in batches))
    wrapped.train()
    torch.set_rng_state(was)
    return metrics


def _step(fabric: Any, model: nn.Module, method: Any, optimizer: Optimizer, group: list[Any], clip: float | None) -> float:
    if hasattr(method, "step"):
        return sum(float(method.step(fabric, model, optimizer, fabric.to_device(batch))) for batch in group) / len(group)
    total = 0.0
    optimizer.zero_grad()
    for number, batch in enumerate(group, start=1):
        with fabric.no_backward_sync(model, enabled=number < len(group)):
            loss: Tensor = method.loss(model, fabric.to_device(batch))
            fabric.backward(loss / len(group))
        total += loss.item() / len(group)
    if clip:
        fabric.clip_gradients(model, optimizer, max_norm=clip)
    optimizer.step()
    return total


def _rows_of(batch: Any, rank: int, world: int) -> Any:
    """Return this rank's rows of a batch; what does not divide by the number of processes is left out."""
    if world == 1:
        return batch
    if isinstance(batch, dict):
        return {key: _rows_of(value, rank, world) for key, value in batch.items()}
    if isinstance(batch, tuple | list):
        return type(batch)(_rows_of(value, rank, world) for value in batch)
    if len(batch) < world:
        raise ValueError(f"a batch of {len(batch)} rows cannot be shared by {world} processes; use drop_last or larger batches")
    share = len(batch) // world
    return batch[rank * share : (rank + 1) * share]


def _averaged(average: Average | None, model: nn.Module) -> Any:
    return average.applied(model) if average else nullcontext()
