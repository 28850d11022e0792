"""Where tables go: between two lines of README.md that carry a benchmark's name."""

from pathlib import Path

README = Path(__file__).parent / "README.md"


def put(name: str, tables: str) -> None:
    """Replace what stands between `<!-- NAME -->` and `<!-- /NAME -->`.

    Args:
        name: of the benchmark.
        tables: Markdown.

    Raises:
        ValueError: the lines are not there.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = README.read_text().partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{README}: expected the lines {begin} and {end}")
    README.write_text(f"{before}{begin}\n\n{tables}\n\n{end}{after}")
