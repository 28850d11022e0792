"""`practicum train`, `recipes` and `results`: run the library's experiments."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from practicum.cli.context import refuse_file

Name = Annotated[str, typer.Argument(metavar="RECIPE", help="A recipe's name; `practicum recipes` lists them.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(train)
    app.command()(recipes)
    app.command()(results)


def train(
    context: typer.Context,
    recipe: Name,
    seed: Annotated[int, typer.Option(help="Of weights, order and noise.")] = 0,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The run's folder; by default runs/RECIPE/seed-SEED.")] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start again, and delete what the folder holds of an earlier run.")
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    devices: Annotated[
        int,
        typer.Option(
            min=1, help="Processes, one device each. They do what one does, but for batch norm and dropout (docs/library.md)."
        ),
    ] = 1,
    strategy: Annotated[str, typer.Option(help="With several devices: ddp or fsdp.")] = "auto",
    precision: Annotated[
        str | None,
        typer.Option(help="32-true, bf16-mixed, 16-mixed, bf16-true or 64-true; by default what the recipe names, else 32-true."),
    ] = None,
    compiled: Annotated[bool, typer.Option("--compile", help="Compile the model with torch.compile.")] = False,
) -> None:
    """Train a recipe and measure it: `practicum train lenet-mnist --seed 3 --lr 0.002`.

    Every hyperparameter of the recipe is an option (`practicum recipes NAME` shows them). Ctrl-C and kills lose nothing: the
    same command goes on.
    """
    from practicum.cli.extras import require

    require("library")
    from practicum.training.accelerator import Accelerator
    from practicum.training.runs import recipes as shelf
    from practicum.training.runs.run import train as run

    values = parse_hyperparameters(context.args)
    folder = out or Path(
        "runs",
        recipe,
        "-".join([f"seed-{seed}", *(f"{name}={value}" for name, value in sorted(values.items()))]).replace("/", "_"),
    )
    refuse_file(folder, "the run")
    cls = shelf.load(recipe)
    try:
        result = run(
            recipe, folder, seed=seed, hyperparameters=values, fresh=fresh,
            accelerator=Accelerator(device=device, devices=devices, strategy=strategy, precision=precision, compile=compiled),
        )  # fmt: skip
    except KeyboardInterrupt:
        typer.echo(f"\nStopped. The same command goes on from {folder}.", err=True)
        raise typer.Exit(130) from None
    if result is None:
        return
    verdict = {True: "met", False: "NOT met", None: "not judged: these were the packaged sample's data"}[result.met]
    others = ", ".join(f"{name} {value:.4g}" for name, value in result.metrics.items() if name != result.metric)
    typer.echo(f"{result.recipe}, seed {result.seed}: {result.metric} {result.value:.4f}" + (f" ({others})" if others else ""))
    typer.echo(f"target {result.target}: {verdict}, in {result.minutes:.1f} minutes ({result.cpu_minutes:.1f} of processor time)")
    if cls.target.published:
        typer.echo(f"published: {cls.target.published} ({cls.target.source})")
    written = sorted(path.name for path in folder.iterdir() if path.suffix in (".png", ".txt", ".csv"))
    typer.echo(f"{folder}: {', '.join(written)}")
    if result.met is False:
        raise typer.Exit(1)


def recipes(
    name: Annotated[str | None, typer.Argument(metavar="RECIPE", help="Show this one, with its hyperparameters.")] = None,
) -> None:
    """List the recipes, or show one with its hyperparameters."""
    from practicum.training.hyperparameters import hyperparameters
    from practicum.training.runs import recipes as shelf

    if name is None:
        for each in shelf.names():
            title = shelf.text(shelf.load(each)).splitlines()[0].rstrip(".")
            typer.echo(f"{each:24} {title}")
        return
    recipe = shelf.load(name)
    typer.echo(shelf.text(recipe))
    typer.echo(f"\nTarget: {recipe.target}" + (f"; published: {recipe.target.published}" if recipe.target.published else ""))
    typer.echo("Hyperparameters:")
    for each, option in hyperparameters(recipe).items():
        typer.echo(f"  --{each.replace('_', '-')} {option.kind.__name__.upper()}  {option.text} [default: {option.default}]")


def results(
    names: Annotated[list[str] | None, typer.Argument(metavar="RECIPE...", help="Only these recipes; by default all.")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Runs per recipe; by default what its target asks for.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Start no further run after this long.")] = None,
    table_only: Annotated[bool, typer.Option("--only-table", help="Run nothing, only write the table again.")] = False,
    carry: Annotated[
        bool,
        typer.Option(
            "--carry",
            help="Run nothing; let stale results hold where the changed code still gives their first losses, to the last digit.",
        ),
    ] = False,
    folder: Annotated[Path, typer.Option(help="Where the results are kept, one JSON file per run.")] = Path("results"),
    table: Annotated[Path, typer.Option(help="The table to write.")] = Path("RESULTS.md"),
) -> None:
    """Run the recipes and seeds that are still missing, keep one JSON file per run, and write RESULTS.md from all of them.

    A run of older code is stale and is made again. `--carry` spares that where the change altered no number: it takes the first
    steps of each stale recipe and compares their losses with `results/RECIPE/losses.json`. The exit code is 1 if any stays stale.
    """
    from practicum.cli.extras import require
    from practicum.errors import PracticumError

    require("library")
    from practicum.training.runs.losses import carry as carry_over
    from practicum.training.runs.results import run_missing, write_table

    def progress(text: str) -> None:
        typer.echo(text, err=True)

    refuse_file(folder, "the results")
    if table.is_dir():
        raise PracticumError(f"{table}: expected the file to write the table to, got a folder")
    left: list[str] = []
    try:
        if carry:
            left = carry_over(names or [], folder, progress=progress)
        elif not table_only:
            run_missing(names or [], folder, seeds=seeds, minutes=minutes, progress=progress)
    except KeyboardInterrupt:
        typer.echo("\nStopped. The same command goes on.", err=True)
        raise typer.Exit(130) from None
    finally:
        write_table(folder, table)
    typer.echo(str(table))
    if left:
        raise typer.Exit(1)


def parse_hyperparameters(args: list[str]) -> dict[str, str]:
    """`--lr 0.1 --epochs=3 --no-attention` as a mapping from hyperparameters to text."""
    from practicum.errors import PracticumError

    found: dict[str, str] = {}
    rest = list(args)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            raise PracticumError(f"expected a hyperparameter like --lr 0.1, got {word!r}")
        name, equals, value = word[2:].partition("=")
        if not equals:
            if rest and not rest[0].startswith("--"):
                value = rest.pop(0)
            else:
                name, value = (name[3:], "false") if name.startswith("no-") else (name, "true")
        found[name.replace("-", "_")] = value
    return found
