"""Tables in a terminal of any width: no column is dropped and no number is cut.

A table that is too wide for the terminal is printed in parts, one below the other, each beginning with the first column. A
column marked `no_wrap` is shown whole; text in the others goes on in the next line.
"""

from __future__ import annotations

import copy
import os
import sys
from typing import TextIO

from rich.console import Console
from rich.measure import Measurement
from rich.table import Column, Table

PIPED = 1000
"""Columns where nobody watches (a file, a pipe), which has no width to keep to."""
_TEXT = 12  # columns that are left to a text which may go on in the next line
_KEY = 14  # and to the first column, which stands in every part


def terminal(file: TextIO | None = None) -> Console:
    """Return a console on standard output, or another stream: as wide as the terminal or `COLUMNS` says, else `PIPED`."""
    stream = sys.stdout if file is None else file
    watched = stream.isatty() or "COLUMNS" in os.environ
    return Console(file=file, width=None if watched else PIPED, highlight=False)


def print_table(table: Table, console: Console, cut: str = "") -> None:
    """Print a table so that all of its columns can be read, in as many parts as the console's width asks for.

    Args:
        table: the table; its first column says what each row is about.
        console: where to.
        cut: the heading of a text column that gets one line for each row, and is cut where the line ends.
    """
    padding = table.padding[1] + table.padding[3]
    widths = [_least(column, console, cut) + padding + (table.box is not None) for column in table.columns]
    key = min(widths[0], _KEY + padding) + 2 * (table.box is not None)
    parts: list[list[int]] = []
    for index in range(1, len(widths)):
        if parts and key + sum(widths[i] for i in (*parts[-1], index)) <= console.width:
            parts[-1].append(index)
        else:
            parts.append([index])
    for number, chosen in enumerate(parts):
        part = copy.copy(table)
        part.columns = [copy.copy(table.columns[index]) for index in (0, *chosen)]
        part.title = table.title if number == 0 else None
        part.caption = table.caption if number == len(parts) - 1 else None
        for at, column in enumerate(part.columns):
            if column.header == cut:
                rest = (key, *(widths[i] for i in chosen if table.columns[i].header != cut))
                column.no_wrap, column.max_width = True, max(_TEXT, console.width - sum(rest) - padding)
            elif not column.no_wrap or (at == 0 and widths[0] > key):
                column.no_wrap, column.overflow = False, "fold"
        if number:
            console.print()
        if console.is_terminal:
            console.print(part)
            continue
        with console.capture() as printed:
            console.print(part)
        console.file.writelines(f"{line.rstrip()}\n" for line in printed.get().splitlines())  # nothing fills up a file's lines


def _least(column: Column, console: Console, cut: str) -> int:
    """Return how wide a column must be: whole if it is not to be wrapped, else wide enough for short words."""
    options = console.options.update_width(PIPED)
    cells = [Measurement.get(console, options, cell) for cell in (column.header, *column.cells)]
    if column.no_wrap and column.header != cut:
        return max(cell.maximum for cell in cells)
    return min(_TEXT, max(cell.minimum for cell in cells))
