"""What `--help` says, of every command."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from practicum.cli import app


def commands(command: object, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield each command's words, groups of commands too."""
    yield words
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, (*words, name))


@pytest.mark.parametrize("words", sorted(commands(get_command(app))), ids=" ".join)
def test_every_command_says_what_it_does(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "100"})
    assert result.exit_code == 0, result.output
    assert "\\b" not in result.output, "a mark that keeps lines as they are is shown instead of obeyed"
    about = [line for line in result.output.splitlines()[1:] if line.strip()]
    assert len(about) > 1
    assert about[0].strip().rstrip(".:")[:1].isupper(), about[0]


def test_examples_keep_their_lines() -> None:
    shown = CliRunner().invoke(app, ["grade", "--help"], env={"COLUMNS": "100"}).output.splitlines()
    assert [line.strip() for line in shown if line.strip().startswith("practicum grade")][:1] == ["practicum grade perceptron"]
