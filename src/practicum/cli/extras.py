"""What commands need beyond the base installation, and what they say where it is missing."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from practicum.labs.libraries import joined

# Module → package, as in `pyproject.toml`; a test compares them.
EXTRAS = {
    "teach": {
        "sqlalchemy": "SQLAlchemy",
        "scipy": "scipy",
        "matplotlib": "matplotlib",
        "tqdm": "tqdm",
        "spellchecker": "pyspellchecker",
    },
    "library": {
        "torch": "torch",
        "lightning_fabric": "lightning-fabric",
        "matplotlib": "matplotlib",
        "PIL": "pillow",
        "pooch": "pooch",
        "regex": "regex",
        "safetensors": "safetensors",
        "sklearn": "scikit-learn",
        "scipy": "scipy",
        "tensorboard": "tensorboard",
        "tqdm": "tqdm",
    },
    "dask": {"dask": "dask", "distributed": "distributed"},
}
_OF_THE_LIBRARY = ("train", "recipes", "results", "data", "diagnose")


def require(extra: str) -> None:
    """Refuse to begin a command that would stop halfway without what an extra brings.

    Raises:
        ModuleNotFoundError: something of it is missing; `main` says what to install, see `what_to_install`.
    """
    for module in EXTRAS[extra]:
        if find_spec(module) is None:
            raise ModuleNotFoundError(f"No module named {module!r}", name=module)


def what_to_install(error: ModuleNotFoundError, words: Sequence[str], app: Any) -> str | None:
    """Say which packages a command needs that are not installed, and how to install them.

    Args:
        error: The import that failed.
        words: The command line after `practicum`.
        app: All commands, as click has them.

    Returns:
        The message; None if the module belongs to no extra, so that its absence is a mistake of ours.
    """
    path, command = ["practicum"], app
    for word in words:
        command = getattr(command, "commands", {}).get(word)
        if command is None:
            break
        path.append(word)
    module = (error.name or "").partition(".")[0]
    first = "library" if path[1:2] and path[1] in _OF_THE_LIBRARY else "teach"
    extra = next((each for each in (first, *EXTRAS) if module in EXTRAS[each]), None)
    if extra is None:
        return None
    needed = [package for name, package in EXTRAS[extra].items() if name == module or find_spec(name) is None]
    return f"{' '.join(path)} needs {joined(needed)}: pip install 'practicum[{extra}]'"
