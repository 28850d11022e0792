"""What layers and models are made of: parameters, buffers, and modules that hold both and other modules.

A module's parts are simply its attributes, in the order in which they were set; nothing has to be registered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import DTypeLike

from practicum.autograd.tensor import Tensor

Self = TypeVar("Self", bound="Module")


class Parameter(Tensor):
    """A tensor to be trained."""

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        super().__init__(data, requires_grad)


class Buffer(Tensor):
    """A tensor that belongs to a module's state but is not trained, such as a running mean."""

    __slots__ = ()


class Module:
    """The base of layers and models: subclasses set parts in `__init__` and compute in `forward`."""

    training = True

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output; subclasses say how."""
        raise NotImplementedError(f"{type(self).__name__} has no forward")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call `forward`."""
        return self.forward(*args, **kwargs)

    def register_buffer(self, name: str, tensor: Tensor) -> None:
        """Make a tensor part of the state; `self.name = nn.Buffer(tensor)` does the same."""
        setattr(self, name, Buffer(tensor))

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield the modules that are attributes of this one, with their names."""
        return ((name, part) for name, part in vars(self).items() if isinstance(part, Module))

    def children(self) -> Iterator[Module]:
        """Yield the modules that are attributes of this one."""
        return (child for _, child in self.named_children())

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """Yield this module and all inside it, each once, with dotted names."""
        seen: set[int] = set()
        for name, module in self._tree(prefix):
            if id(module) not in seen:
                seen.add(id(module))
                yield name, module

    def modules(self) -> Iterator[Module]:
        """Yield this module and all inside it, each once."""
        return (module for _, module in self.named_modules())

    def _tree(self, prefix: str) -> Iterator[tuple[str, Module]]:
        yield prefix, self
        for name, child in self.named_children():
            yield from child._tree(f"{prefix}.{name}" if prefix else name)

    def _named(self, kind: type[Tensor], prefix: str = "") -> Iterator[tuple[str, Any]]:
        # A weight that two layers share is one parameter.
        seen: set[Tensor] = set()
        for path, module in self.named_modules(prefix):
            for name, part in vars(module).items():
                if isinstance(part, kind) and part not in seen:
                    seen.add(part)
                    yield (f"{path}.{name}" if path else name), part

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Parameter]]:
        """Return every parameter once, with its dotted name."""
        return self._named(Parameter, prefix)

    def parameters(self) -> Iterator[Parameter]:
        """Yield every parameter once."""
        return (parameter for _, parameter in self.named_parameters())

    def named_buffers(self, prefix: str = "") -> Iterator[tuple[str, Buffer]]:
        """Yield every buffer once, with its dotted name."""
        return self._named(Buffer, prefix)

    def buffers(self) -> Iterator[Buffer]:
        """Yield every buffer once."""
        return (buffer for _, buffer in self.named_buffers())

    def state_dict(self) -> dict[str, Tensor]:
        """Return all parameters and buffers by dotted name. The tensors share memory with the module."""
        state = {}
        for path, module in self._tree(""):
            for kind in (Parameter, Buffer):
                for name, part in vars(module).items():
                    if isinstance(part, kind):
                        state[f"{path}.{name}" if path else name] = part.detach()
        return state

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> None:
        """Copy values into the parameters and buffers of the same names.

        Args:
            state_dict: tensors of either engine, or arrays.
            strict: whether the names must be exactly the module's own.

        Raises:
            KeyError: if names are missing or unknown, and `strict`.
            ValueError: if a shape differs.
        """
        own = self.state_dict()
        missing, unknown = sorted(own.keys() - state_dict.keys()), sorted(state_dict.keys() - own.keys())
        if strict and (missing or unknown):
            raise KeyError(f"{type(self).__name__}: missing in state_dict: {missing}; not in the module: {unknown}")
        for name in own.keys() & state_dict.keys():
            values = np.asarray(state_dict[name])
            if values.shape != own[name].shape:
                raise ValueError(f"{type(self).__name__}: expected {name} of shape {own[name].shape}, got {values.shape}")
            own[name].data[...] = values

    def train(self: Self, mode: bool = True) -> Self:
        """Put this module and all inside it into training mode, in which dropout drops and batch norm takes the batch's
        statistics.
        """
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: Self) -> Self:
        """Put this module and all inside it into evaluation mode."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            parameter.grad = None

    def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
        """Thaw all parameters, or freeze them."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def apply(self: Self, fn: Callable[[Module], Any]) -> Self:
        """Call `fn` with each module inside this one and with this one, innermost first."""
        for module in reversed(list(self.modules())):
            fn(module)
        return self

    def to(self: Self, dtype: DTypeLike) -> Self:
        """Convert all floating-point parameters, and buffers to at least single precision: averages move by small steps."""
        for part in (*self.parameters(), *self.buffers()):
            if part.data.dtype.kind == "f":
                part.data = part.data.astype(np.promote_types(dtype, np.float32) if isinstance(part, Buffer) else dtype)
        return self

    def float(self: Self) -> Self:
        """Convert to single precision."""
        return self.to(np.float32)

    def double(self: Self) -> Self:
        """Convert to double precision."""
        return self.to(np.float64)

    def extra_repr(self) -> str:
        """Return the settings that `repr` shows."""
        return ", ".join(
            f"{name}={value}" for name, value in vars(self).items() if isinstance(value, int | str | tuple) and name != "training"
        )

    def __repr__(self) -> str:
        inside = [f"({name}): {child!r}".replace("\n", "\n  ") for name, child in self.named_children()]
        return (
            f"{type(self).__name__}({self.extra_repr()}" + "".join(f"\n  {line}" for line in inside) + ("\n)" if inside else ")")
        )


class Sequential(Module):
    """Applies modules one after the other."""

    def __init__(self, *modules: Module) -> None:
        for i, module in enumerate(modules):
            setattr(self, str(i), module)

    def forward(self, input: Any) -> Any:
        """Return what the last module makes of the others' outputs."""
        for module in self.children():
            input = module(input)
        return input

    def __len__(self) -> int:
        return len(list(self.children()))

    def __getitem__(self, i: int) -> Any:
        return list(self.children())[i]

    def __iter__(self) -> Iterator[Module]:
        return self.children()


class ModuleList(Module):
    """A list of modules."""

    def __init__(self, modules: Any = ()) -> None:
        for module in modules:
            self.append(module)

    def append(self, module: Module) -> ModuleList:
        """Add a module at the end and return the list."""
        setattr(self, str(len(self)), module)
        return self

    def __len__(self) -> int:
        return len(list(self.children()))

    def __getitem__(self, i: int) -> Any:
        return list(self.children())[i]

    def __iter__(self) -> Iterator[Module]:
        return self.children()
