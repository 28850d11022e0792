"""The picture of the house, drawn from the import contracts in `pyproject.toml`, so that it can't show what no longer holds.

    python docs/hooks/house.py        writes docs/images/house.svg; `make docs` does so too, and a test compares

A room may import the rooms below it on its side, and never one beside or above it.
"""

import ast
import html
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "images" / "house.svg"
COURSE_SIDE, LIBRARY_SIDE, ALONE = (
    "The course side imports one way",
    "The library side imports one way",
    "autograd and classic stand alone",
)

ROW, GAP, WIDTH = 46, 8, 460


def on_pre_build(config: Any) -> None:
    """Draw the picture anew before MkDocs reads the images."""
    if not PICTURE.exists() or PICTURE.read_text(encoding="utf-8") != draw():
        PICTURE.write_text(draw(), encoding="utf-8")


def draw() -> str:
    """Return the picture as SVG: a column of floors per side, the commands across both."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    by_name = {contract["name"]: contract for contract in contracts}
    (top,), *course = (_rooms(layer) for layer in by_name[COURSE_SIDE]["layers"])
    _, *library = (_rooms(layer) for layer in by_name[LIBRARY_SIDE]["layers"])
    library.append([room.removeprefix("practicum.") for room in by_name[ALONE]["source_modules"]])
    height = (ROW + GAP) * (1 + max(len(course), len(library))) + 40
    parts = [_box(top, GAP, 28, 2 * WIDTH + 3 * GAP)]
    for x, title, floors in ((GAP, "course side", course), (WIDTH + 4 * GAP, "library side", library)):
        parts.append(f'<text class="side" x="{x}" y="18">{title}</text>')
        for number, rooms in enumerate(floors, start=1):
            wide = (WIDTH - (len(rooms) - 1) * GAP) / len(rooms)
            y = 28 + number * (ROW + GAP)
            parts += [_box(room, x + place * (wide + GAP), y, wide) for place, room in enumerate(rooms)]
    return _SVG.format(width=2 * WIDTH + 5 * GAP, height=height, body="\n".join(parts))


def _rooms(layer: str) -> list[str]:
    return [room.strip().removeprefix("practicum.") for room in layer.split("|")]


def _box(room: str, x: float, y: float, wide: float) -> str:
    most = int((wide - 16) / 6.1)
    says = _says(room)
    says = says if len(says) <= most else says[: says.rfind(" ", 0, most)] + " …"
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{ROW}" rx="5"/>'
        f'<text class="room" x="{x + 8:g}" y="{y + 19:g}">{room}</text>'
        f'<text x="{x + 8:g}" y="{y + 36:g}">{html.escape(says)}</text>'
    )


def _says(room: str) -> str:
    """Return the first sentence of what a room says about itself."""
    path = ROOT / "src" / "practicum" / room
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    told = " ".join((ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").split())
    return told.split(". ")[0].rstrip(".")


_SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">
<title>The rooms of Practicum: each may import the rooms below it on its side</title>
<style>
rect {{ fill: #eef1fb; stroke: #5c6bc0 }} text {{ fill: #333 }} .room {{ font-size: 14px; font-weight: bold }}
.side {{ font-size: 13px; fill: #5c6bc0 }}
</style>
<rect x="0" y="0" width="{width}" height="{height}" style="fill: #fff; stroke: none"/>
{body}
</svg>
"""

if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
