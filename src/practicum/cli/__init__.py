"""The `practicum` command. Each module here adds its own commands; heavy imports happen inside them."""

from __future__ import annotations

import sys

import typer

from practicum import __version__
from practicum.cli import case, check, course, data, demo, diagnose, feedback, grade, lab, roster, similarity, submissions, train
from practicum.cli.extras import what_to_install
from practicum.cli.streams import show_what_can_be_shown
from practicum.errors import PracticumError

app = typer.Typer(
    help="Run a deep-learning course: train its reference models, hand out labs, grade what comes back, keep the grades.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"practicum {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version and exit."),
) -> None:
    """Options of every command."""


for part in (course, roster, lab, grade, submissions, feedback, similarity, case, check, demo, train, data, diagnose):
    part.register(app)


def main() -> None:
    """Run the command; an error of the user's or a missing extra is one clear message and exit code 2, not a traceback."""
    show_what_can_be_shown()
    try:
        app()
    except PracticumError as error:
        print(f"practicum: {error}", file=sys.stderr)
        sys.exit(2)
    except ModuleNotFoundError as error:
        message = what_to_install(error, sys.argv[1:], typer.main.get_command(app))
        if message is None:
            raise
        print(message, file=sys.stderr)
        sys.exit(2)
