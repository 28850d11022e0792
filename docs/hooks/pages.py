"""The site's generated pages: one per reference file, from its docstring, and one per recipe, from its docstring and its results.

MkDocs calls `on_config` and `on_files`. Nothing is written into `docs/`, so a page can't go stale.
"""

import ast
import inspect
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

from practicum.training.hyperparameters import hyperparameters
from practicum.training.runs import recipes
from practicum.training.runs.results import summary
from practicum.training.runs.run import Result, read_results

ROOT = Path(__file__).parents[2]
DECISIONS = ROOT / "docs" / "decisions"
SHELVES = {
    "classic": "Before deep networks",
    "autograd": "Automatic differentiation",
    "models": "Models",
    "methods": "Methods",
    "training": "Training",
    "data": "Data",
}


def on_config(config: Any) -> Any:
    """Put the generated pages into the navigation."""
    library = [
        {title: [{path: f"reference/{shelf}/{path}.md"} for path in references(shelf)]} for shelf, title in SHELVES.items()
    ]
    config.nav = [
        {"Start": "index.md"},
        {"Courses": "course.md"},
        {"Labs": "labs.md"},
        {"Students": "students.md"},
        {"Similarity": "similarity.md"},
        {"Security": "security.md"},
        {"The house": "house.md"},
        {"Decisions": ["decisions/README.md", *(f"decisions/{path.name}" for path in sorted(DECISIONS.glob("0*.md")))]},
        {"Library": ["library.md", *library]},
        {"Recipes": ["results.md", *({name: f"recipes/{name}.md"} for name in recipes.names())]},
    ]
    return config


def on_files(files: Any, config: Any) -> Any:
    """Add the generated pages."""
    pages = {"index.md": _from_root(ROOT / "README.md"), "results.md": _results_page()}
    for shelf in SHELVES:
        for path in references(shelf):
            pages[f"reference/{shelf}/{path}.md"] = reference_page(shelf, path)
    for name in recipes.names():
        pages[f"recipes/{name}.md"] = recipe_page(name)
    for uri, content in pages.items():
        files.append(File.generated(config, uri, content=content))
    for picture in sorted((ROOT / "results").glob("*/*.png")):
        files.append(File.generated(config, f"recipes/{picture.parent.name}/{picture.name}", content=picture.read_bytes()))
    return files


def references(shelf: str) -> list[str]:
    """Return the reference files of a folder of the library, as paths without `.py`."""
    folder = recipes.PACKAGE / shelf
    return sorted(
        str(path.relative_to(folder).with_suffix(""))
        for path in folder.rglob("*.py")
        if path.name != "__init__.py" and not path.name.startswith("_")
    )


def reference_page(shelf: str, path: str) -> str:
    """Return a reference file's page: its docstring, what it offers, and the recipes that use it."""
    file = recipes.PACKAGE / shelf / f"{path}.py"
    tree = ast.parse(file.read_text())
    title, body = _title_and_body(ast.get_docstring(tree) or path)
    lines = [f"# {_short(title)}", "", f"`src/practicum/{shelf}/{path}.py`", "", _told(title, body), ""]
    offered = [node for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_")]
    if offered:
        lines += ["## What it offers", "", "| name | what |", "|---|---|"]
        lines += [f"| `{_signature(node)}` | {_first_line(node)} |" for node in offered]
    module = f"practicum.{shelf}.{path}".replace("/", ".")
    users = [name for name in recipes.names() if module in _imports(recipes.FOLDER / f"{name.replace('-', '_')}.py")]
    if users:
        lines += ["", "## Recipes", ""]
        depth = "../" * (2 + path.count("/"))
        lines += [f"- [{name}]({depth}recipes/{name}.md): {_reached(name)}" for name in users]
    return "\n".join(lines) + "\n"


def recipe_page(name: str) -> str:
    """Return a recipe's page: what it is, how to run it, what it reached, what is published, its hyperparameters."""
    recipe = recipes.load(name)
    title, body = _title_and_body(recipes.text(recipe))
    body, _, surprise = body.partition("What surprised:")
    target = recipe.target
    lines = [f"# {_short(title)}", "", _told(title, body.strip()), "", "## Run it", ""]
    lines += [
        "```console",
        f"$ practicum train {name}",
        f"$ practicum train {name} --seed 1",
        "```",
        "",
    ]
    lines += ["## What it reached", "", f"{_reached(name)}.", ""]
    lines += [
        "| | |",
        "|---|---|",
        f"| target | {target} |",
        f"| published | {target.published or '–'} |",
        f"| source | {target.source or '–'} |",
    ]
    runs = _runs(name)
    if runs:
        versions = ", ".join(f"{package} {number}" for package, number in runs[0].versions.items())
        minutes = summary([run.cpu_minutes for run in runs])[0]
        lines += [
            f"| seeds | {', '.join(str(run.seed) for run in runs)} |",
            f"| processor time per run | {minutes:.1f} minutes |",
            f"| versions | {versions} |",
        ]
        others = sorted({metric for run in runs for metric in run.metrics} - {target.metric})
        for metric in others:
            mean, spread = summary([run.metrics[metric] for run in runs if metric in run.metrics])
            lines.append(f"| {metric} | {mean:.4g}" + (f" ± {spread:.2g} |" if spread is not None else " |"))
    kept = ROOT / "results" / name
    for picture in sorted(kept.glob("*.png")):
        lines += ["", f"![{picture.stem.replace('_', ' ')}]({name}/{picture.name})"]
    for sample in sorted(kept.glob("*.txt")):
        lines += ["", f"`{sample.name}`:", "", "```text", sample.read_text().replace("```", "…"), "```"]
    if surprise.strip():
        lines += ["", "## What surprised", "", surprise.strip()]
    lines += ["", "## Hyperparameters", "", "| option | default | what |", "|---|---|---|"]
    lines += [
        f"| `--{each.replace('_', '-')}` | `{option.default}` | {option.text} |"
        for each, option in hyperparameters(recipe).items()
    ]
    return "\n".join(lines) + "\n"


def _results_page() -> str:
    path = ROOT / "RESULTS.md"
    text = path.read_text() if path.exists() else "# Results\n"
    linked = "|".join(map(re.escape, recipes.names()))
    return re.sub(rf"^\| ({linked}) \|", r"| [\1](recipes/\1.md) |", text, flags=re.MULTILINE)


def _from_root(path: Path) -> str:
    """Return a page of the repository's root: links into docs/ become links of the site, other files' names stay without a
    link.
    """
    text = re.sub(r"\]\(docs/", "](", path.read_text())
    return re.sub(r"\[([^\]]+)\]\((?!https?:|#|images/|[a-z]+\.md)[^)]+\)", r"\1", text)


def _runs(name: str) -> list[Result]:
    return read_results(ROOT / "results" / name)


def _reached(name: str) -> str:
    target, runs = recipes.load(name).target, _runs(name)
    if not runs:
        return f"target {target}; not run yet"
    mean, spread = summary([run.metrics[target.metric] for run in runs])
    value = f"{mean:.4g}" + (f" ± {spread:.2g} over {len(runs)} seeds" if spread is not None else ", one seed")
    return f"{target.metric} {value}; target {target}: {'met' if target.met(mean) else 'not met'}"


def _imports(path: Path) -> set[str]:
    """Return the modules that a recipe imports, those of recipes that it builds on included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    for module in [module for module in found if module.startswith("practicum.recipes.")]:
        other = recipes.FOLDER / f"{module.split('.')[2]}.py"
        if other != path and other.is_file():
            found |= _imports(other)
    return found


def _title_and_body(docstring: str) -> tuple[str, str]:
    title, _, body = inspect.cleandoc(docstring).partition("\n\n")
    return re.sub(r"\s+", " ", title), body


def _short(title: str) -> str:
    """Return a heading: the first sentence's part before a colon, a bracket or a full stop."""
    return re.split(r":\s|;\s| \(|\.\s|\.$", title, maxsplit=1)[0].strip().rstrip(",") or title


def _told(title: str, body: str) -> str:
    """Return the docstring as Markdown: indented equations are code already; what begins with a name and a colon is a
    paragraph.
    """
    body = re.sub(r"\n(?=(?:Symbols|Departs from the papers?|Shapes|Units|Source): )", "\n\n", body)
    return f"{title}\n\n{body}" if body else title


def _signature(node: ast.ClassDef | ast.FunctionDef) -> str:
    if isinstance(node, ast.ClassDef):
        return node.name
    names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
    names += [f"{argument.arg}=…" for argument in node.args.kwonlyargs]
    return f"{node.name}({', '.join(names)})"


def _first_line(node: ast.ClassDef | ast.FunctionDef) -> str:
    return (ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " ").replace("|", "\\|")
