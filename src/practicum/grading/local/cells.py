"""Cells of a notebook by the names that Jupyter gives them when all are run from the top: `Cell In[3]`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from practicum.labs.notebook import raw_cells

_PLACE = re.compile(r"<cell (\d+) of ([\w-]+)>:(\d+)")
_MET_A_LIMIT = re.compile(r"^([\w-]+): cell (\d+) \(`.*?`\) ")
_FAILED = re.compile(r"; cell (\d+)( \(and \d+ more\))? failed with")
_FIRST_LINE = 60


def cell_names(data: bytes, name: str) -> list[str]:
    """Return the name of each code cell of a notebook with its first line, such as `Cell In[3] ("x = 1")`.

    Jupyter counts the cells that it runs, and an empty one it does not run.

    Raises:
        NotebookError: it is no notebook.
    """
    names, count = [], 0
    for cell in raw_cells(data, name):
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            source = cell.get("source")
            text = "".join(map(str, source)) if isinstance(source, list) else str(source or "")
            count += bool(text.strip())
            first = text.strip().partition("\n")[0].strip()
            names.append(f'Cell In[{count}] ("{first[:_FIRST_LINE]}{"…" * (len(first) > _FIRST_LINE)}")')
    return names


def with_cell_names(message: str, notebooks: Mapping[str, Sequence[str]]) -> str:
    """Return a message in which cells are called as Jupyter calls them.

    Args:
        message: of a check, or a note on a cell that met a limit.
        notebooks: the names of each notebook's code cells, by its module.
    """

    def place(found: re.Match[str]) -> str:
        names, number = notebooks.get(found[2], ()), int(found[1])
        return f"{names[number - 1]}, line {found[3]}" if 0 < number <= len(names) else found[0]

    def failed(found: re.Match[str]) -> str:
        names, number = next(iter(notebooks.values()), ()), int(found[1])
        return f"; {names[number - 1]}{found[2] or ''} failed with" if 0 < number <= len(names) else found[0]

    def limited(found: re.Match[str]) -> str:
        names, number = notebooks.get(found[1], ()), int(found[2])
        return f"{names[number - 1]} " if 0 < number <= len(names) else found[0]

    message = _MET_A_LIMIT.sub(limited, _PLACE.sub(place, message))
    return _FAILED.sub(failed, message) if len(notebooks) == 1 else message


def cells_of(shell: Any) -> Callable[[str], str]:
    """Return what gives the cell that a file name of a running IPython stands for, `Cell In[3]`; nothing for any other file."""

    def name(file: str) -> str:
        known = getattr(getattr(shell, "compile", None), "format_code_name", lambda _: None)(file)
        return " ".join(known) if known else ""

    return name
