"""Looking on while a loss is computed: what each layer puts out, which gradients come back, and what the loss is given."""

from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.overrides import TorchFunctionMode

NORMS = (_BatchNorm, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, nn.LocalResponseNorm)
MOODY = (_DropoutNd, _BatchNorm)  # what they do depends on train and eval mode


class Stop(Exception):
    """Ends a forward pass that would fail anyway; what it would fail of is in the records."""


@dataclass(eq=False)
class Layer:
    """One call of a module that has weights.

    Attributes:
        name: of the module.
        module: itself.
        output: the tensor, whose gradient is there after `backward`.
        mean, std, largest: of the output when it came.
        finite: whether all of it was.
        input: of a recurrent layer, with its gradient.
    """

    name: str
    module: nn.Module
    output: Tensor
    mean: float
    std: float
    largest: float
    finite: bool
    input: Tensor | None = None

    @property
    def grad_norm(self) -> float:
        """Norm of the gradient of the loss with respect to the output; 0 without one."""
        return float(self.output.grad.float().norm()) if self.output.grad is not None else 0.0


@dataclass(eq=False)
class Scored:
    """One call of cross-entropy.

    Attributes:
        logits_NK: one row per target.
        target_N: classes; None for soft targets.
        shape: of the logits as they came.
        reduction: as it was asked for.
        kind: "cross_entropy", "nll_loss" or "binary".
    """

    logits_NK: Tensor
    target_N: Tensor | None
    shape: tuple[int, ...]
    reduction: str
    kind: str


@dataclass(eq=False)
class Hooks(TorchFunctionMode):
    """Records a pass through `model`; used as a context manager around the computation of the loss.

    Attributes:
        model: to look at.
        layers: calls of modules with weights, in their order.
        calls: outputs of every module, call by call: over time, for the cell of a recurrent network.
        scored: calls of cross-entropy.
        alive: for each ReLU, which units were ever positive, and over how many rows or places.
        over_batch: shapes of what was put through a softmax over its first axis outside the model.
        single: batch-norm modules that saw a single row.
        inputs: what the model was given.
        non_finite: names of modules whose inputs or outputs were not finite, the first one first.
        out_of_range: (smallest, largest, K) of labels that are no classes.
    """

    model: nn.Module
    layers: list[Layer] = field(default_factory=list)
    calls: dict[str, list[Tensor]] = field(default_factory=dict)
    scored: list[Scored] = field(default_factory=list)
    alive: dict[str, tuple[Tensor, int]] = field(default_factory=dict)
    over_batch: list[tuple[int, ...]] = field(default_factory=list)
    single: list[str] = field(default_factory=list)
    inputs: list[Tensor] = field(default_factory=list)
    non_finite: list[tuple[str, torch.dtype]] = field(default_factory=list)
    out_of_range: tuple[int, int, int] | None = None
    _stack: list[str] = field(default_factory=list)
    _hooks: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def __enter__(self) -> "Hooks":
        for name, module in self.model.named_modules():
            self._hooks.append(module.register_forward_pre_hook(self._before(name)))
            self._hooks.append(module.register_forward_hook(self._after(name), always_call=True))
        super().__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        super().__exit__(kind, error, trace)
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()

    def _before(self, name: str) -> Any:
        def hook(module: nn.Module, args: tuple[Any, ...]) -> Any:
            with torch._C.DisableTorchFunction():
                if not self._stack:
                    self.inputs += [arg.detach() for arg in args[:1] if isinstance(arg, Tensor)]
                self._stack.append(name or "model")
                if not args or not isinstance(args[0], Tensor):
                    return None
                if isinstance(module, _BatchNorm) and module.training and len(args[0]) == 1:
                    self.single.append(name)
                    if args[0].numel() == args[0].shape[1]:
                        raise Stop
                if isinstance(module, nn.RNNBase | nn.RNNCellBase) and torch.is_grad_enabled() and args[0].is_floating_point():
                    watched = args[0] if args[0].requires_grad else args[0].detach().requires_grad_()
                    watched.retain_grad()
                    module.__dict__["_watched"] = watched
                    return (watched, *args[1:])
                return None

        return hook

    def _after(self, name: str) -> Any:
        def hook(module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
            with torch._C.DisableTorchFunction():
                self._stack.pop()
                watched = module.__dict__.pop("_watched", None)
                tensor = output[0] if isinstance(output, tuple) and output else output
                if not isinstance(tensor, Tensor) or not tensor.is_floating_point() or tensor.layout != torch.strided:
                    return
                own = any(True for _ in module.parameters(recurse=False))
                values = tensor.detach().float()
                finite = bool(values.isfinite().all())
                if not finite:
                    self.non_finite.append((name or "model", tensor.dtype))
                if tensor.requires_grad:
                    tensor.retain_grad()
                    self.calls.setdefault(name, []).append(tensor)
                if not own or not values.numel():
                    return
                std = float(values.std(unbiased=False))
                self.layers.append(
                    Layer(name or "model", module, tensor, float(values.mean()), std, float(values.abs().max()), finite, watched)
                )

        return hook

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in (F.cross_entropy, F.nll_loss, F.binary_cross_entropy_with_logits):
            self._score(func, *args, **kwargs)
        elif func in _SOFTMAXES and not self._stack:
            dim = kwargs.get("dim", args[1] if len(args) > 1 else None)
            if args[0].ndim > 1 and args[0].shape[0] != args[0].shape[1] and dim is not None and dim % args[0].ndim == 0:
                self.over_batch.append(tuple(args[0].shape))
        result = func(*args, **kwargs)
        if func in _RELUS and self._stack and isinstance(result, Tensor) and result.ndim > 1:
            axis = 1 if result.ndim == 4 else result.ndim - 1
            units = (result.detach() > 0).transpose(axis, -1).reshape(-1, result.shape[axis])
            name = self._stack[-1]
            before, rows = self.alive.get(name, (torch.zeros_like(units[0]), 0))
            if before.shape == units[0].shape:
                self.alive[name] = (before | units.any(0), rows + len(units))
        return result

    def _score(self, func: Any, logits: Tensor, target: Tensor, *args: Any, **kwargs: Any) -> None:
        reduction = kwargs.get("reduction", "mean")
        kind = {F.cross_entropy: "cross_entropy", F.nll_loss: "nll_loss"}.get(func, "binary")
        if kind == "binary" or logits.ndim < 2 or target.is_floating_point():
            self.scored.append(Scored(logits.detach(), None, tuple(logits.shape), reduction, kind))
            return
        logits_NK = logits.detach().movedim(1, -1).flatten(0, -2)
        keep = target.flatten() != kwargs.get("ignore_index", -100)
        target_N = target.flatten()[keep]
        if len(target_N):
            low, high, classes = int(target_N.min()), int(target_N.max()), logits_NK.shape[1]
            if low < 0 or high >= classes:
                self.out_of_range = (low, high, classes)
                raise Stop
        if len(keep) == len(logits_NK):
            self.scored.append(Scored(logits_NK[keep], target_N, tuple(logits.shape), reduction, kind))


@dataclass(frozen=True)
class Pass:
    """What came of the first batches.

    Attributes:
        model: a copy, with the first batch's gradients.
        loss: of the first batch; None for methods with a step of their own.
        hooks: records of the first batch.
        scored: what cross-entropy was given, over all batches.
    """

    model: nn.Module
    loss: float | None
    hooks: Hooks
    scored: list[Scored]


_RELUS = {F.relu, F.relu_, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_}
_SOFTMAXES = {F.softmax, F.log_softmax, torch.softmax, torch.log_softmax, Tensor.softmax, Tensor.log_softmax}
