"""Find recipes by their files, and tell when their code has changed."""

import ast
import hashlib
import importlib
import importlib.util
import inspect
from pathlib import Path
from typing import Any

from practicum.errors import PracticumError, suggestion

PACKAGE = Path(__file__).parents[2]
FOLDER = PACKAGE / "recipes"


def names() -> list[str]:
    """Return every recipe's name: its file's, with hyphens."""
    return sorted(path.stem.replace("_", "-") for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))


def load(name: str) -> Any:
    """Return a recipe's class.

    Raises:
        PracticumError: there is none of that name; the message lists them.
    """
    if name not in names():
        raise PracticumError(f"no recipe `{name}`{suggestion(name, names())}; there are: {', '.join(names())}")
    return importlib.import_module(f"practicum.recipes.{name.replace('-', '_')}").Recipe


def text(recipe: Any) -> str:
    """Return what the recipe's file says about itself."""
    return inspect.getdoc(inspect.getmodule(recipe)) or ""


def code_hash(name: str) -> str:
    """Return 12 hex digits that change when the code of a recipe changes: its file, and the models, methods and data that it
    imports.

    Comments, docstrings, layout, hyperparameters' help and the target don't count, and neither do `training/` and
    `data/store.py`: what the loop computes is held by its own tests, what is in a file by its sha256, and a change in either
    would make every result stale at once.
    """
    seen: dict[Path, str] = {}
    todo = [FOLDER / f"{name.replace('-', '_')}.py"]
    # Imports of imports count too: a model's layers may stand in another file.
    while todo:
        path = todo.pop()
        if path in seen:
            continue
        tree = ast.parse(path.read_text())
        todo += _imported(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "option":
                node.args = node.args[:1]
            if isinstance(node, ast.ClassDef):
                node.body = [part for part in node.body if not _is_target(part)]
            body = getattr(node, "body", None)
            if isinstance(body, list) and body and isinstance(body[0], ast.Expr) and _is_text(body[0].value):
                del body[0]
        seen[path] = ast.dump(tree)
    digest = hashlib.sha256()
    for path in sorted(seen):
        digest.update(f"{path.relative_to(PACKAGE)}\n{seen[path]}\n".encode())
    return digest.hexdigest()[:12]


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_target(node: ast.AST) -> bool:
    return isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "target"


def _imported(tree: ast.AST) -> list[Path]:
    """Return the files of ours that a module imports, without `training`."""
    modules = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
    found = []
    for module in modules:
        parts = module.split(".")
        if (
            parts[0] != "practicum"
            or len(parts) < 3
            or parts[1] not in ("recipes", "models", "methods", "data", "autograd", "classic")
        ):
            continue
        path = PACKAGE.joinpath(*parts[1:])
        if parts[1:] != ["data", "store"]:
            found += [file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()]
    return found
