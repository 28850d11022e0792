"""The one training loop: any module, any method, any batches, on Lightning Fabric.

`fit` chooses device and precision, accumulates and clips gradients, follows a schedule, averages weights, evaluates, logs, and
checkpoints so that a run that was killed goes on bit for bit (on the CPU) as if it had not been: model, optimiser, generators,
place in the epoch and running sums are saved.

Across processes every rank draws the same batch and takes its own rows of it. Losses are added up over a step's batches and
processes, and divided once by all their targets (`methods/sums.py`): parts of unequal size do what one batch does, but for what
looks at a whole batch (batch norm) or draws numbers (dropout, masks).
"""

import math
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from tqdm import tqdm

from practicum.errors import PracticumError
from practicum.methods.clip import clip_gradients
from practicum.methods.sums import backward
from practicum.training import checkpoint, generators
from practicum.training.accelerator import Accelerator, current, fitting, is_sharded, is_tensors, launch, rows_of, undistributed
from practicum.training.ema import EMA
from practicum.training.experiment import Fit as Fit
from practicum.training.interrupt import Interrupts
from practicum.training.log import Log
from practicum.training.trial import over, shortened

EpochMetrics = dict[str, float]
BOOKKEEPING = ("epoch", "step", "lr", "seconds", "cpu_seconds")  # of each evaluation, beside its losses and metrics


def fit(
    model: nn.Module,
    method: Any,
    train: Any,
    how: Fit,
    *,
    validation: Iterable[Any] | None = None,
    folder: Path | None = None,
    accelerator: Accelerator | None = None,
    seed: int = 0,
    progress: bool = True,
    fabric: Any = None,
) -> list[EpochMetrics]:
    """Train the model in place and return the metrics of each evaluation: epoch, step, lr, train_loss, seconds and the
    validation's.

    Args:
        model: any module; ends up with the last, the averaged (`how.ema`) or the best (`how.best`) weights.
        method: has `loss(model, batch)` or `step(fabric, model, optimizer, batch)`, and `evaluate(model, batches)`.
        train: has `len` and `epoch(number, start)`.
        how: how to train.
        validation: batches to evaluate on; without them there are no metrics of the method.
        folder: for metrics.csv, TensorBoard's events and checkpoint.pt. A checkpoint in it is resumed.
        accelerator: what to train on; without one, that of the `using` block around the call.
        seed: of dropout and whatever else draws from the global generators.
        progress: show a bar, where stderr is a terminal.
        fabric: an already launched Fabric (`launch(accelerator, how.precision)`), where the caller has one; the model stays on
            its device. Else it comes back to where it was, and in any case to the precision that it had.

    Raises:
        ValueError: a setting that this training cannot honour.
        PracticumError: the loss is no longer finite, or the checkpoint does not fit the model.
        KeyboardInterrupt: on Ctrl-C, after the checkpoint is written.
    """
    if how.best and validation is None:
        raise ValueError(f"best={how.best!r} needs validation batches, and there are none")
    if how.accumulate > 1 and hasattr(method, "step"):
        raise ValueError(
            f"accumulate={how.accumulate} adds up gradients, and {type(method).__name__} takes the optimiser's steps itself; "
            f"use batches {how.accumulate} times as large"
        )
    accelerator = accelerator or current()
    before, stays = _place(model), fabric is not None
    fabric = fabric or launch(accelerator, how.precision)
    if accelerator.strategy == "fsdp" and (how.ema or how.best):
        raise ValueError("with strategy='fsdp' no process holds the whole weights that `ema` and `best` copy; use 'ddp'")
    # Each rank drops other units; what all ranks must agree on (order, weights) is seeded elsewhere.
    generators.seed(seed + fabric.global_rank)
    if accelerator.compile:
        if not is_tensors(next(iter(train.epoch(0)))):
            raise PracticumError("--compile cannot trace sparse matrices, which the batches of this training hold; leave it out")
        model.compile(backend=accelerator.backend)
    with Interrupts() as interrupted:
        training = _Training(fabric, model, method, train, how, folder, interrupted, progress)
        with training.bar:
            while training.at.epoch < how.epochs and not training.at.stopped:
                training.train_epoch()
                if training.evaluation_is_due():
                    metrics = training.evaluate(validation)
                    training.decide_whether_to_stop(metrics)
                    training.record(metrics)
    rows = training.finish()
    if before and before != _place(model) and accelerator.strategy != "fsdp":
        device, dtype = before
        model.to(dtype=dtype) if stays else model.to(device, dtype)
    return rows


def _place(model: nn.Module) -> tuple[torch.device, torch.dtype] | None:
    """Return a model's device and floating-point type; None for a model without weights."""
    return next(((p.device, p.dtype) for p in model.parameters() if p.is_floating_point()), None)


class _Training:
    """A training under way: `fit`'s three phases, and what they share."""

    def __init__(
        self,
        fabric: Any,
        model: nn.Module,
        method: Any,
        train: Any,
        how: Fit,
        folder: Path | None,
        interrupted: Callable[[], bool],
        progress: bool,
    ) -> None:
        self.fabric, self.model, self.method, self.train, self.how = fabric, model, method, train, how
        self.folder, self.interrupted = folder, interrupted
        self.wrapped = fabric.setup_module(model)
        # Not through what joins the processes: an evaluation may call parts of the model by themselves.
        self.alone = undistributed(fabric, model, self.wrapped)
        optimizer = fitting(how.optimizer(model), fabric, clip=how.clip is not None)
        if how.clip is not None:
            # Before each of the optimiser's steps, whoever takes it: the loop, or a method with its own `step`.
            optimizer.register_step_pre_hook(lambda *_: self._clip())
        self.optimizer = fabric.setup_optimizers(optimizer)
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.ema = EMA(model, how.ema) if how.ema else None
        self.settings = checkpoint.Settings(
            batches=len(train),
            accumulate=how.accumulate,
            optimizer=type(optimizer).__name__,
            precision=fabric.strategy.precision.precision,
            sharded=is_sharded(fabric),
            ema=bool(how.ema),
            best=how.best,
        )
        self.at = checkpoint.Place()
        if folder and (folder / checkpoint.NAME).exists():
            self.at = checkpoint.load(fabric, folder, self.settings, self.wrapped, self.optimizer, self.ema)
            self.at.stopped = self._over()  # anew: patience and minutes may be others than they were
        self.total = how.epochs * math.ceil(len(train) / how.accumulate)
        self.log = Log(folder if fabric.is_global_zero else None, self.at.step)
        self.saved = fabric.broadcast(time.monotonic())  # the first process's clock is everybody's
        self.began, self.began_cpu = self.saved - self.at.seconds, time.process_time() - self.at.cpu_seconds
        hidden = None if progress and fabric.is_global_zero else True
        self.bar = tqdm(total=self.total, initial=self.at.step, unit="step", disable=hidden, mininterval=0.3, leave=False)

    def train_epoch(self) -> None:
        """Take the optimiser's steps of one epoch, or of what is left of it after a resume."""
        at, how = self.at, self.how
        self.wrapped.train()
        size = len(self.train)
        group: list[Any] = []
        for batch in self.train.epoch(at.epoch, at.index):
            even = hasattr(self.method, "step")
            group.append(rows_of(batch, self.fabric.global_rank, self.fabric.world_size, even=even))
            # The last group of an epoch may be smaller: no batch waits for the next epoch, whose order is another.
            if len(group) < min(how.accumulate, size - at.index):
                continue
            loss = self._take_step(group)
            group = []
            if over(at.step, loss):
                at.stopped = f"after the {at.step} steps of a trial"
            elif self._interrupt_or_save():
                at.stopped = f"after {how.minutes:g} minutes"
            if at.stopped:
                break
        at.epoch, at.index = at.epoch + 1, 0

    def _take_step(self, group: list[Any]) -> float:
        at = self.at
        factor = self.how.schedule(at.step / self.total) if self.how.schedule else 1.0
        for param_group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            param_group["lr"] = rate * factor
        loss = _step(self.fabric, self.wrapped, self.method, self.optimizer, group)
        at.loss_sum += loss
        at.index, at.step, at.loss_count = at.index + len(group), at.step + 1, at.loss_count + 1
        if self.ema:
            self.ema.update(self.model, at.step)
        self.bar.update()
        # The sum tells as much as the loss, and no checkpoint of broken weights is written after this line.
        if not math.isfinite(at.loss_sum):
            raise self._diverged("loss", at.loss_sum, at.step)
        return loss

    def _clip(self) -> None:
        norm = clip_gradients(self.model, self.how.clip or 0.0)
        if not math.isfinite(norm):
            raise self._diverged("gradient's norm", norm, self.at.step + 1)

    def _diverged(self, what: str, value: float, step: int) -> PracticumError:
        return PracticumError(
            f"the {what} is {value} at step {step} of {self.total} "
            f"(epoch {self.at.epoch}, learning rate {self.optimizer.param_groups[0]['lr']:.3g}). "
            "Try a lower learning rate or clipping; `practicum diagnose` looks for the cause."
        )

    def _interrupt_or_save(self) -> bool:
        """Save if a minute has passed or Ctrl-C came, which ends the run here; tell whether `how.minutes` are over."""
        # All processes must stop and save at the same step, and asking each time is slow.
        if self.fabric.world_size > 1 and self.at.step % 20:
            return False
        now, stop = self.fabric.broadcast((time.monotonic(), self.interrupted()))
        if stop:
            self._save()
            raise KeyboardInterrupt
        if now - self.saved > 60:
            self._save()
            self.saved = now
        return bool(self.how.minutes and now - self.began > self.how.minutes * 60)

    def evaluation_is_due(self) -> bool:
        """Tell whether this epoch's end is one to evaluate at: every so many, and always the last."""
        at, how = self.at, self.how
        return at.epoch % how.evaluate_every == 0 or at.epoch >= how.epochs or bool(at.stopped)

    def evaluate(self, validation: Iterable[Any] | None) -> EpochMetrics:
        """Return the metrics since the last evaluation, and the method's on the validation batches."""
        at = self.at
        metrics: EpochMetrics = {
            "epoch": at.epoch,
            "step": at.step,
            "lr": self.optimizer.param_groups[0]["lr"],
            "train_loss": at.loss_sum / max(at.loss_count, 1),
        }
        at.loss_sum, at.loss_count = 0.0, 0
        if validation is not None:
            metrics |= evaluate(self.fabric, self.alone, self.model, self.method, validation, self.ema)
        # The clocks come last, so that the evaluation's time counts as the run's.
        return metrics | {"seconds": time.monotonic() - self.began, "cpu_seconds": time.process_time() - self.began_cpu}

    def decide_whether_to_stop(self, metrics: EpochMetrics) -> None:
        """Keep the weights if they are the best so far; stop if the best ones are `how.patience` evaluations old."""
        at, how = self.at, self.how
        if how.best and at.better(how.best, metrics):
            # What was measured is what is kept: the averaged weights, where there are such.
            with _averaged(self.ema, self.model):
                at.best_weights = {name: value.detach().cpu().clone() for name, value in self.model.state_dict().items()}
        at.stopped = at.stopped or self._over()

    def record(self, metrics: EpochMetrics) -> None:
        """Log the metrics, show them and save: a resumed run finds the decision made."""
        self.at.rows.append(metrics)
        self.log.write(self.at.rows)
        shown = {name: f"{value:.4g}" for name, value in metrics.items() if name not in BOOKKEEPING}
        self.bar.set_postfix(shown)
        self._save()

    def finish(self) -> list[EpochMetrics]:
        """Leave the weights asked for in the model, and return all metrics."""
        self.log.close()
        if self.at.best_weights is not None:
            self.model.load_state_dict(self.at.best_weights)
        elif self.ema:
            self.ema.put_into(self.model)
        self.model.eval()
        return self.at.rows

    def _save(self) -> None:
        if self.folder:
            at = self.at
            at.seconds, at.cpu_seconds = time.monotonic() - self.began, time.process_time() - self.began_cpu
            checkpoint.save(self.fabric, self.folder, at, self.settings, self.wrapped, self.optimizer, self.ema)

    def _over(self) -> str:
        """Say why training is over before its last epoch, judged by the place alone; nothing if it is not."""
        at, how = self.at, self.how
        if how.patience and at.since_best >= how.patience:
            return f"no better {how.best} in {at.since_best} evaluations"
        return f"after {how.minutes:g} minutes" if how.minutes and at.seconds > how.minutes * 60 else ""


@torch.no_grad()
def evaluate(
    fabric: Any, wrapped: nn.Module, model: nn.Module, method: Any, batches: Iterable[Any], ema: EMA | None = None
) -> EpochMetrics:
    """Return the method's metrics, with the averaged weights where there are such; the generators stay as they were."""
    wrapped.eval()
    with generators.kept(), _averaged(ema, model):
        metrics: EpochMetrics = method.evaluate(wrapped, (fabric.to_device(batch) for batch in shortened(batches)))
    wrapped.train()
    if fabric.world_size > 1:  # batch norm's statistics are each process's own: one decides, so that all do the same
        metrics = fabric.broadcast(metrics)
    return metrics


def _step(fabric: Any, model: nn.Module, method: Any, optimizer: Optimizer, group: list[Any]) -> float:
    if hasattr(method, "step"):
        (batch,) = group
        return float(method.step(fabric, model, optimizer, fabric.to_device(batch)))
    optimizer.zero_grad()
    loss = backward(fabric, model, optimizer, method, group)
    optimizer.step()
    return loss


def _averaged(ema: EMA | None, model: nn.Module) -> Any:
    return ema.applied(model) if ema else nullcontext()
