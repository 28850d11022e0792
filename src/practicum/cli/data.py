"""`practicum data`: list the datasets, fetch one, say where they lie."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="The datasets of the recipes: what there is, where it lies, how to get it.", no_args_is_help=True)
    group.command("list")(show)
    group.command()(fetch)
    group.command()(where)
    app.add_typer(group, name="data")


def show() -> None:
    """List the datasets, and what of each is here: the full set, the packaged sample, or nothing."""
    from rich.markup import escape
    from rich.table import Table

    from practicum.cli.tables import print_table, terminal
    from practicum.data import store
    from practicum.data.catalog import datasets
    from practicum.errors import PracticumError

    broken = []
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("DATASET", "HERE", "FETCH", "LICENCE", "WHAT"):
        table.add_column(heading, no_wrap=heading in ("DATASET", "HERE", "FETCH"))
    for dataset in datasets():
        try:
            here = "full" if store.find(dataset) else "sample" if dataset.sample else "no"
        except PracticumError as error:
            here = "broken"
            broken.append(str(error))
        address = "yes" if all(file.url for file in dataset.files) else "no"
        table.add_row(*map(escape, (dataset.name, here, address, dataset.licence, dataset.title)))
    print_table(table, terminal())
    if broken:
        raise PracticumError("\n".join(broken))


def fetch(
    names: Annotated[list[str], typer.Argument(metavar="DATASET...", help="Names of datasets; `practicum data list` has them.")],
) -> None:
    """Download datasets into the cache; each file is checked, and what is already there is kept."""
    from practicum.data import store
    from practicum.data.catalog import named

    for name in names:
        for dataset in named(name):
            typer.echo(store.fetch(dataset))


def where(name: Annotated[str | None, typer.Argument(metavar="DATASET", help="Only this one.")] = None) -> None:
    """Print the folders in which datasets are searched, or the folder of one."""
    from practicum.data import store
    from practicum.data.catalog import named
    from practicum.errors import PracticumError

    if name is None:
        for home in store.homes():
            typer.echo(home)
        return
    for dataset in named(name):
        folder = store.find(dataset)
        if folder is None and not dataset.sample:
            raise PracticumError(f"{dataset.title}: not here. {store.how_to_get(dataset)}")
        typer.echo(folder or f"{store.SAMPLES} (sample: {', '.join(dataset.sample)})")
