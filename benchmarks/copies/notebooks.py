"""A program as a notebook: code cells, answers in Markdown, some saved outputs."""

import ast
import json
import random

ANSWERS = (
    ("The loss falls quickly at first", "Most of the progress happens in the first epochs", "Training converges"),
    ("because the gradient is large there.", "and then the curve gets flat.", "which is what I expected.", "with a few bumps."),
    (
        "A larger learning rate diverges.",
        "With a smaller rate it takes longer.",
        "I chose the rate by validation.",
        "0.1 worked well.",
    ),
    ("The test accuracy is close to the training accuracy.", "There is little overfitting.", "More hidden units did not help."),
)
HEADINGS = (
    "## Data",
    "## Network",
    "## Training",
    "## Results",
    "### Question 1",
    "### Question 2",
    "### Question 3",
    "## Notes",
)


def notebook(source: str, rng: random.Random) -> bytes:
    """Return a notebook, nbformat 4.5, of a program, one to three of its functions in a cell."""
    cells = [_markdown(f"# {rng.choice(('Lab 3', 'A small network', 'Homework', 'Neural networks'))}", rng)]
    blocks = _blocks(source)
    count = 0
    while blocks:
        size = rng.randint(1, 3)
        code, blocks = "\n".join(line for block in blocks[:size] for line in block).strip("\n"), blocks[size:]
        if rng.random() < 0.3:
            cells.append(_markdown(_answer(rng), rng))
        count += 1
        cells.append(_code(code, count, "" if blocks else f"test accuracy: {rng.uniform(0.8, 1):.3f}\n", rng))
    cells.append(_markdown(_answer(rng), rng))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    content = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content, indent=1).encode()


def _blocks(source: str) -> list[list[str]]:
    """Return the lines of each top-level statement, with the comments before it."""
    lines, blocks, at = source.splitlines(), [], 0
    for node in ast.parse(source).body:
        blocks.append(lines[at : node.end_lineno])
        at = node.end_lineno
    return blocks


def _answer(rng: random.Random) -> str:
    return f"{rng.choice(HEADINGS)}\n\n{' '.join(rng.choice(words) for words in ANSWERS)}"


def _markdown(text: str, rng: random.Random) -> dict[str, object]:
    return {"cell_type": "markdown", "id": _id(rng), "metadata": {}, "source": text.splitlines(keepends=True)}


def _code(code: str, count: int, printed: str, rng: random.Random) -> dict[str, object]:
    outputs = [{"name": "stdout", "output_type": "stream", "text": [printed]}] if printed else []
    return {
        "cell_type": "code", "execution_count": count, "id": _id(rng), "metadata": {}, "outputs": outputs,
        "source": code.splitlines(keepends=True),
    }  # fmt: skip


def _id(rng: random.Random) -> str:
    return f"{rng.getrandbits(32):08x}"
