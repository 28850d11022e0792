"""Statements without effect, put in to look different: what a function computes and never uses, idle loops, `if False`."""

from __future__ import annotations

import ast

_HARMLESS = frozenset(
    (
        "abs", "bool", "dict", "enumerate", "float", "int", "len", "list", "max", "min", "range", "reversed", "round", "set",
        "sorted", "str", "sum", "tuple", "zip",
    )
)  # fmt: skip
_MODULES = frozenset(("np", "numpy", "math", "torch"))


def without_effect(tree: ast.Module) -> set[ast.stmt]:
    """Return the statements that could be taken out without any change.

    A name in a function is used when something other than a harmless assignment reads it, or an assignment to a name that is
    used. Assignments outside of functions stay: others may import what they name.

    Args:
        tree: a program.
    """
    dead: set[ast.stmt] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            dead |= _unused(node)
        elif isinstance(node, ast.stmt) and _idle(node):
            dead.add(node)
    return dead


def _idle(node: ast.stmt) -> bool:
    match node:
        case ast.If(test=ast.Constant(value=value), orelse=[]) | ast.While(test=ast.Constant(value=value), orelse=[]):
            return not value
        case ast.If(test=ast.Compare(left=ast.Constant(), comparators=[ast.Constant()]), orelse=[]):
            return True
        case ast.For(iter=values, body=[ast.Pass()], orelse=[]):
            return _harmless(values)
        case ast.Expr(value=value):
            return not isinstance(value, ast.Call) and _harmless(value)
    return False


def _unused(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[ast.stmt]:
    """Return the assignments in a function that give names a value nobody needs."""
    assignments: dict[str, list[ast.stmt]] = {}
    needed: list[str] = []
    waiting: list[ast.AST] = [*function.body]
    while waiting:
        node = waiting.pop()
        if name := _assigned(node):
            assignments.setdefault(name, []).append(node)  # type: ignore[arg-type]
            continue  # what it reads is needed only if it is
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            needed.append(node.id)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            needed += node.names
        waiting += ast.iter_child_nodes(node)
    while needed:
        for statement in assignments.pop(needed.pop(), []):
            needed += [part.id for part in ast.walk(statement) if isinstance(part, ast.Name)]
    return {statement for statements in assignments.values() for statement in statements}


def _assigned(node: ast.AST) -> str:
    """Return the one name that a harmless assignment gives a value; "" for anything else."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if _harmless(value):
            return name
        case ast.AugAssign(target=ast.Name(id=name), value=value) if _harmless(value):
            return name
        case ast.AnnAssign(target=ast.Name(id=name), value=value) if value is not None and _harmless(value):
            return name
    return ""


def _harmless(value: ast.expr) -> bool:
    """Return whether computing an expression does nothing else."""
    for node in ast.walk(value):
        match node:
            case ast.Yield() | ast.YieldFrom() | ast.Await() | ast.NamedExpr():
                return False
            case ast.Call(func=ast.Name(id=name)) if name in _HARMLESS:
                continue
            case ast.Call(func=ast.Attribute(value=ast.Name(id=module))) if module in _MODULES:
                continue
            case ast.Call():
                return False
    return True
