"""A second device without a GPU: tensors that say that they are elsewhere, hold their numbers on the CPU, and refuse to be mixed.

What a real device refuses is refused here: an operation on tensors of both devices, unless one of them is a single number, or an
index that is looked up in a tensor over there; and a way to NumPy. Backward passes are left alone.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils._pytree import tree_leaves, tree_map

DEVICE = torch.device("meta")  # any that is not the CPU will do: no tensor is really made there
# What takes tensors of both devices, by PyTorch's own rules: lengths and batch sizes of packed sequences stay on the CPU.
CROSSING = {"copy_", "_pack_padded_sequence", "_pad_packed_sequence", "gru", "lstm", "rnn_tanh", "rnn_relu"}
NAMES = {"cpu", str(DEVICE)}
REFUSED = {"numpy", "__array__"}


class Elsewhere(Tensor):
    """A tensor on the second device."""

    @property
    def device(self) -> torch.device:
        """Where it says it is."""
        return DEVICE

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {})


def _run(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    with torch._C.DisableTorchFunction():
        return _checked(func, getattr(func, "__name__", ""), args, kwargs)


def _checked(func: Any, name: str, args: Any, kwargs: dict[str, Any]) -> Any:
    leaves = tree_leaves((args, kwargs))
    devices = [torch.device(x) for x in leaves if isinstance(x, torch.device) or (isinstance(x, str) and x in NAMES)]
    there = any(isinstance(x, Elsewhere) for x in leaves)
    near = [
        tuple(x.shape)
        for x in leaves
        if isinstance(x, Tensor) and not isinstance(x, Elsewhere) and x.ndim and x.layout == torch.strided
    ]
    looked_up = name in ("__getitem__", "__setitem__") and isinstance(args[0], Elsewhere)
    if there and name in REFUSED:
        raise TypeError(f"can't convert a tensor on {DEVICE} to NumPy; copy it to the CPU first")
    if there and near and name not in CROSSING and not looked_up and name != "to":
        raise RuntimeError(f"{resolve_name(func) or name}: expected all tensors on one device, got {near} on the CPU")
    goes = (name != "cpu" and there) if not devices else devices[-1] == DEVICE
    if name == "to" and not devices:
        goes = isinstance([x for x in args if isinstance(x, Tensor)][-1], Elsewhere)
    args, kwargs = tree_map(_on_cpu, (args, kwargs))
    found = func(*args, **kwargs)
    if name == "_pack_padded_sequence":
        return _put(found[0], goes), found[1]
    if isinstance(found, torch.Size):  # which is a tuple, but stays what it is
        return found
    return tree_map(lambda x: _put(x, goes) if isinstance(x, Tensor) else x, found)


def _put(x: Tensor, there: bool) -> Tensor:
    # A tensor that is where it belongs stays the same object; sparse ones cannot be marked, and are at home anywhere.
    if isinstance(x, Elsewhere) == there or x.layout != torch.strided:
        return x
    return x.as_subclass(Elsewhere if there else Tensor)


def _on_cpu(x: Any) -> Any:
    return "cpu" if isinstance(x, torch.device) or (isinstance(x, str) and x in NAMES) else x


class SecondDevice(TorchFunctionMode):
    """Inside it, tensors can be made on `DEVICE`."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {})


def moved(x: Any) -> Any:
    """Return tensors, in whatever they stand, on the second device."""
    return tree_map(lambda t: t.detach().as_subclass(Elsewhere) if isinstance(t, Tensor) else t, x)


def moved_module(model: nn.Module) -> nn.Module:
    """Return a module with its parameters and buffers on the second device, itself changed."""
    shared: dict[int, nn.Parameter] = {}
    for module in model.modules():
        for name, parameter in module._parameters.items():
            if parameter is not None:
                if id(parameter) not in shared:
                    shared[id(parameter)] = nn.Parameter(moved(parameter))
                module._parameters[name] = shared[id(parameter)]
        for name, buffer in module._buffers.items():
            if buffer is not None:
                module._buffers[name] = moved(buffer)
    return model


def same_elsewhere(compute: Callable[..., Any], *args: Any, near: float = 1e-6) -> None:
    """Demand that `compute(*args)` gives the same numbers on both devices; modules among the arguments are moved."""
    there = [moved_module(deepcopy(x)) if isinstance(x, nn.Module) else moved(x) for x in args]
    torch.manual_seed(0)
    expected = compute(*args)
    with SecondDevice():
        torch.manual_seed(0)
        found = compute(*there)
    found = tree_map(lambda x: x.as_subclass(Tensor) if isinstance(x, Tensor) else x, found)
    torch.testing.assert_close(found, expected, rtol=near, atol=near, equal_nan=True)
