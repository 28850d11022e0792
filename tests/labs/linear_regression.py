"""The linear regression lab's notebook, for the tests that change it and look at its marks."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

from practicum.store.results import GradedSubmission

NAME = "linear-regression.ipynb"
FULL = Decimal(20)
Cells = list[dict[str, Any]]


def lost(result: GradedSubmission) -> dict[str, str]:
    """Check → why it did not earn its points."""
    return {c.name: f"{c.outcome}: {c.private or c.message}" for c in result.checks if c.points < c.out_of}


def code_cells(cells: Cells) -> Cells:
    return [cell for cell in cells if cell["cell_type"] == "code"]


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def find(cells: Cells, text: str) -> dict[str, Any]:
    """The one code cell with this text in it."""
    (cell,) = [cell for cell in code_cells(cells) if text in source(cell)]
    return cell


def changed(notebook: dict[str, Any], *edits: tuple[str, str]) -> dict[str, Any]:
    """The notebook with edits; each finds its text in exactly one cell, once."""
    notebook = copy.deepcopy(notebook)
    for old, new in edits:
        cell = find(notebook["cells"], old)
        assert source(cell).count(old) == 1
        cell["source"] = source(cell).replace(old, new)
    return notebook
