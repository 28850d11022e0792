"""`practicum diagnose`: look for what is wrong with a recipe before it is trained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(diagnose)


def diagnose(
    context: typer.Context,
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe's name; `practicum recipes` lists them.")],
    seed: Annotated[int, typer.Option(help="Of weights, order and noise.")] = 0,
    count: Annotated[int, typer.Option(min=1, help="Batches to look at.")] = 8,
    steps: Annotated[int, typer.Option(min=1, help="Of each short training.")] = 40,
    picture: Annotated[
        Path | None, typer.Option(help="Draw activations, gradients and update-to-weight ratios per layer into this PNG file.")
    ] = None,
) -> None:
    """Look for what is wrong with a recipe before it is trained: bad initialisation, learning rate, leaks, dead units…

    Every hyperparameter of the recipe is an option, as for `practicum train`: `practicum diagnose lenet-mnist --lr 0.3`. The
    exit code is 1 if something was found.
    """
    from practicum.cli.extras import require

    require("library")
    import torch

    from practicum.cli.train import parse_hyperparameters
    from practicum.errors import PracticumError
    from practicum.training.diagnose import draw_signals
    from practicum.training.diagnose.recipe import diagnose_experiment
    from practicum.training.hyperparameters import with_values
    from practicum.training.runs import recipes as shelf

    made = with_values(shelf.load(recipe), parse_hyperparameters(context.args))
    if not hasattr(made, "build"):
        raise PracticumError(f"{recipe} is a study of several trainings, and `diagnose` looks at one")
    torch.manual_seed(seed)
    experiment = made.build(seed)
    findings = diagnose_experiment(experiment, count=count, steps=steps)
    for finding in findings:
        typer.echo(str(finding))
    if not findings:
        typer.echo(f"{recipe}: nothing found")
    if picture:
        draw_signals(experiment.model, experiment.method, experiment.train, picture, optimizer=experiment.fit.optimizer)
        typer.echo(str(picture))
    if findings:
        raise typer.Exit(1)
