"""Hyperparameters: the fields of a recipe, each with its default and its help."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, TypeVar, get_type_hints

from practicum.errors import PracticumError, suggestion

T = TypeVar("T")


def option(default: T, text: str) -> T:
    """Declare a field of a recipe with its default and its help.

    A recipe says `lr: float = option(2e-3, "peak learning rate")`.
    """
    field: T = dataclasses.field(default=default, metadata={"help": text})
    return field


@dataclass(frozen=True)
class Hyperparameter:
    """What a recipe lets its user choose.

    Attributes:
        kind: `int`, `float`, `bool` or `str`.
        default: its value where nobody chooses.
        text: its help.
    """

    kind: type
    default: Any
    text: str


def hyperparameters(recipe: type) -> dict[str, Hyperparameter]:
    """Return each hyperparameter of a recipe's class by its name."""
    hints = get_type_hints(recipe)
    return {
        field.name: Hyperparameter(hints[field.name], field.default, _help(recipe, field.name))
        for field in dataclasses.fields(recipe)
    }


def _help(recipe: type, name: str) -> str:
    # A member of a family may give a default of its own and leave the help to the base: the nearest help counts.
    for cls in recipe.__mro__:
        field = cls.__dict__.get("__dataclass_fields__", {}).get(name)
        if field and "help" in field.metadata:
            return str(field.metadata["help"])
    return ""


def with_values(recipe: type, given: dict[str, str]) -> Any:
    """Return the recipe with some hyperparameters set.

    Args:
        recipe: its class.
        given: new values, as text.

    Raises:
        PracticumError: no such hyperparameter, or a value that is not of its type.
    """
    known = hyperparameters(recipe)
    values: dict[str, Any] = {}
    for name, value in given.items():
        name = name.replace("-", "_")
        if name not in known:
            raise PracticumError(f"no hyperparameter `{name}`{suggestion(name, known)}; there are: {', '.join(known) or 'none'}")
        kind = known[name].kind
        try:
            values[name] = _bool(value) if kind is bool else kind(value)
        except ValueError:
            raise PracticumError(f"--{name}: expected {_ARTICLE.get(kind, kind.__name__)}, got {value!r}") from None
        if kind is float and not math.isfinite(values[name]):
            raise PracticumError(f"--{name}: expected a finite number, got {value!r}")
        least = 1 if name.endswith(_ONE_OR_MORE) else 0
        if kind is int and values[name] < least <= known[name].default:
            raise PracticumError(f"--{name}: expected a whole number of at least {least}, got {value!r}")
    return recipe(**values)


_ONE_OR_MORE = ("epochs", "steps", "passes", "batch_size")  # without one of these nothing is trained
_ARTICLE = {int: "a whole number", float: "a number", bool: "true or false"}


def _bool(value: str) -> bool:
    if value.lower() not in ("true", "false", "yes", "no", "1", "0"):
        raise ValueError(value)
    return value.lower() in ("true", "yes", "1")
