"""What is data of the student's objects, and what is more than that."""

from __future__ import annotations

import itertools
import sys
import types
from collections.abc import Iterable
from typing import Any

import numpy as np

from . import cells
from .messages import MOST_FUNCTIONS

_EXTENDED = (dict, list, tuple, float, np.ndarray)  # what a class of the student's may inherit from and be more than
_RENAMED = (dict, list)  # of which it may define a method anew: what an array or a number is, is not for it to say
_ITERABLES: tuple[Any, ...] = (list, tuple, set, frozenset)


def own_names(value: Any, folder: str) -> tuple[str, ...] | None:
    """Return which methods of its base the class of a value defines anew; None if the value is no more than plain data.

    It is more when a class of the submission adds a name that a check could ask for, or the object has attributes.

    Args:
        value: the value.
        folder: of the submission.
    """
    if not isinstance(value, _EXTENDED):
        return None
    mine: set[str] = set()
    for kind in _bases(value):
        if _is_own(sys.modules.get(str(kind.__module__)), folder):
            mine |= {name for name in vars(kind) if name == "__call__" or not name.startswith("_")}
    if not mine and not getattr(value, "__dict__", None):
        return None
    bases = [base for base in _RENAMED if isinstance(value, base)]
    return tuple(sorted(name for name in mine if any(hasattr(base, name) for base in bases)))


def functions_of(value: Any, folder: str) -> tuple[str, ...]:
    """Return which names of a module of the submission's are functions or classes, and of an object of its classes, methods.

    Args:
        value: the module or object.
        folder: of the submission.
    """
    if isinstance(value, types.ModuleType):
        defined = vars(value) if _is_own(value, folder) else {}
        return _names(name for name, what in defined.items() if isinstance(what, types.FunctionType | type))
    defined = {}
    for kind in _bases(value):
        if "__getattribute__" in vars(kind) and kind is not object:
            return ()
        if _is_own(sys.modules.get(str(kind.__module__)), folder):
            defined = {**vars(kind), **defined}
    try:
        covered = object.__getattribute__(value, "__dict__")
    except AttributeError:
        covered = {}
    return _names(name for name, what in defined.items() if isinstance(what, types.FunctionType) and name not in covered)


def _names(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(itertools.islice((name for name in names if not name.startswith("_")), MOST_FUNCTIONS))


def _bases(value: Any) -> tuple[type, ...]:
    found: tuple[type, ...] = type.__dict__["__mro__"].__get__(type(value))
    return found


def _is_own(module: Any, folder: str) -> bool:
    return type(module) is cells.Notebook or str(getattr(module, "__file__", None)).startswith(folder)


def items_of(value: Any) -> Iterable[Any]:
    """Return the items that a list, tuple or set has, whatever a class of the student's says of them."""
    for base in _ITERABLES:
        if isinstance(value, base):
            items: Iterable[Any] = base.__iter__(value)
            return items
    raise TypeError(f"a {type(value).__name__}")


def as_array(value: Any) -> np.ndarray[Any, Any] | None:
    """Return a torch tensor as an array; None for anything else."""
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(value, torch.Tensor):
        return None
    value = value.detach().cpu()
    if value.layout != torch.strided:
        value = value.to_dense()
    if value.dtype in (torch.bfloat16,):
        value = value.float()
    return np.array(value.resolve_conj().resolve_neg().numpy(), subok=False)
