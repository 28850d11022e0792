"""For the demonstration's class: someone else's answer, made to look like one's own."""

from __future__ import annotations

import ast
from datetime import tzinfo
from difflib import SequenceMatcher
from pathlib import Path
from typing import TYPE_CHECKING

from practicum.labs.handout import solution_files
from practicum.labs.lab import Lab
from practicum.labs.mutants import load_alternatives

if TYPE_CHECKING:
    from practicum.integrity.run import SimilarityRun


def look_for_copies(lab: Lab, folder: Path, zone: tzinfo, into: Path) -> SimilarityRun:
    """Compare an invented class. All of it is made of the lab's solution and alternatives, which therefore tell nothing."""
    from practicum.integrity.run import compare_folders
    from practicum.integrity.submissions import read_submission

    common = {f"the solution of {lab.name}": read_submission("", solution_files(lab))}
    return compare_folders(lab, {"": folder}, zone, into, baseline=common, published=())


def copies(lab: Lab, count: int) -> dict[str, dict[str, bytes]]:
    """Return disguised copies of the answers that are least like the lab's own, by whose they are of.

    Args:
        lab: one that asks for a program first.
        count: how many.
    """
    first = lab.submit[0]
    own = solution_files(lab)[first].decode()
    found = sorted(load_alternatives(lab), key=lambda each: SequenceMatcher(None, own, each.files[first].decode()).ratio())
    return {each.name: {**each.files, first: disguised(each.files[first].decode()).encode()} for each in found[:count]}


def disguised(source: str) -> str:
    """Return a program with other names in its functions, functions and methods in another order, and no comments."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            node.body = node.body[1:] or [ast.Pass()]
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        _rename(function)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef):
            places = [at for at, each in enumerate(node.body) if isinstance(each, ast.FunctionDef)]
            for at, each in zip(places, [node.body[at] for at in reversed(places)], strict=True):
                node.body[at] = each
    return f"{ast.unparse(ast.fix_missing_locations(tree))}\n"


def _rename(function: ast.FunctionDef) -> None:
    """Give the variables of a function other names; arguments, by which others call it, and names of attributes stay."""
    names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
    arguments = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    attributes = {node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)}
    own = {node.id for node in names if isinstance(node.ctx, ast.Store)} - arguments - attributes - {"_"}
    for node in names:
        if node.id in own:
            node.id = f"the_{node.id}"
