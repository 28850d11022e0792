"""Every dataset that the modules of this folder describe."""

import importlib
import pkgutil

import practicum.data
from practicum.data.store import Dataset
from practicum.errors import PracticumError, suggestion


def datasets() -> list[Dataset]:
    """Return all descriptions, by name; several can share a folder."""
    found: dict[int, Dataset] = {}
    for module in pkgutil.iter_modules(practicum.data.__path__):
        for value in vars(importlib.import_module(f"practicum.data.{module.name}")).values():
            for each in value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else (value,):
                if isinstance(each, Dataset):
                    found[id(each)] = each
    return sorted(found.values(), key=lambda dataset: (dataset.name, dataset.title))


def named(name: str) -> list[Dataset]:
    """Return the descriptions of one folder.

    Raises:
        PracticumError: there is none of that name.
    """
    known = datasets()
    found = [dataset for dataset in known if dataset.name == name]
    if not found:
        names = sorted({dataset.name for dataset in known})
        raise PracticumError(f"no dataset `{name}`{suggestion(name, names)}; there are: {', '.join(names)}")
    return found
