"""Disguises that change the structure of a program: functions split and inlined, loops rewritten, two programs merged."""

import ast
import copy
import random

from copies.disguise import new_names

Function = ast.FunctionDef


def split_function(source: str, rng: random.Random) -> str:
    """Cut a function in two: its second half becomes a function of its own, called at the end of the first."""
    tree = ast.parse(source)
    plain = [function for function in _functions(tree) if _plain(function)]
    cuts = [(function, at) for function in plain for at in range(2, len(function.body) - 1) if _cuttable(function, at)]
    if not cuts:
        return source
    function, at = rng.choice(cuts)
    rest = function.body[at:]
    (name,) = new_names(source, rng, 1)
    needed = sorted(_loads(rest) & (_arguments(function) | _stores(function.body[:at])))
    arguments = ast.arguments(posonlyargs=[], args=[ast.arg(n) for n in needed], kwonlyargs=[], kw_defaults=[], defaults=[])
    call = ast.Call(_name(name), [_name(n) for n in needed], [])
    function.body[at:] = [ast.Return(call)]
    tree.body.insert(tree.body.index(function), ast.FunctionDef(name, arguments, rest, [], lineno=0))
    return _unparse(tree)


def _plain(function: Function) -> bool:
    """Return whether a function has no functions inside, is no generator and leaves the variables of others alone."""
    odd = (ast.Yield, ast.YieldFrom, ast.Lambda, ast.FunctionDef, ast.Global, ast.Nonlocal)
    return not any(isinstance(node, odd) for statement in function.body for node in ast.walk(statement))


def _cuttable(function: Function, at: int) -> bool:
    """Return whether what the second part reads is set for certain in the first."""
    first, rest = function.body[:at], function.body[at:]
    certain = _arguments(function) | _stores([statement for statement in first if isinstance(statement, ast.Assign)])
    return _loads(rest) & _stores(first) <= certain


def inline_helper(source: str, rng: random.Random) -> str:
    """Put the body of a small function in place of its calls, and remove it where no call is left."""
    tree = ast.parse(source)
    helpers = [helper for helper in _functions(tree) if _inlinable(helper) and _sites(tree, helper)]
    if not helpers:
        return source
    helper = rng.choice(helpers)
    for body, at in _sites(tree, helper):
        body[at : at + 1] = _inlined(helper, body[at])
    if not any(isinstance(node, ast.Name) and node.id == helper.name for node in ast.walk(tree)):
        tree.body.remove(helper)
    return _unparse(tree)


def _inlinable(helper: Function) -> bool:
    """Return whether a function is small, has one return, at its end, and takes plain arguments."""
    nodes = [node for statement in helper.body for node in ast.walk(statement)]
    returns = [node for node in nodes if isinstance(node, ast.Return)]
    simple = not (helper.args.defaults or helper.args.vararg or helper.args.kwarg or helper.args.kwonlyargs)
    calls_itself = any(isinstance(node, ast.Name) and node.id == helper.name for node in nodes)
    ends_in_value = returns == helper.body[-1:] and returns[0].value is not None
    return len(helper.body) <= 7 and simple and _plain(helper) and not calls_itself and ends_in_value


def _sites(tree: ast.Module, helper: Function) -> list[tuple[list[ast.stmt], int]]:
    """Return where `a = helper(...)` and `return helper(...)` stand, the last in each block first."""
    found = []
    for function in _functions(tree):
        if function is helper:
            continue
        for node in ast.walk(function):
            for body in (getattr(node, "body", None), getattr(node, "orelse", None)):
                for at in reversed(range(len(body) if isinstance(body, list) else 0)):
                    match body[at]:
                        case (ast.Assign(value=ast.Call(func=ast.Name(id=name), args=given, keywords=[]))
                            | ast.Return(value=ast.Call(func=ast.Name(id=name), args=given, keywords=[]))) if (
                            name == helper.name and not any(isinstance(a, ast.Starred) for a in given)
                        ):  # fmt: skip
                            found.append((body, at))
    return found


def _inlined(helper: Function, site: ast.Assign | ast.Return) -> list[ast.stmt]:
    body = copy.deepcopy(helper.body[1:] if ast.get_docstring(helper) else helper.body)
    local = {name: f"{helper.name}_{name}" for name in _arguments(helper) | _stores(body)}
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and node.id in local:
                node.id = local[node.id]
    bound = [
        ast.Assign([ast.Name(local[argument.arg], ast.Store())], given, lineno=0)
        for argument, given in zip(helper.args.args, site.value.args, strict=True)
    ]
    value = body.pop().value
    last = ast.Return(value) if isinstance(site, ast.Return) else ast.Assign(site.targets, value, lineno=0)
    return [*bound, *body, last]


def swap_loops(source: str, rng: random.Random) -> str:
    """Write `a = []` and a loop that appends as a comprehension, and the other way round."""
    tree = ast.parse(source)
    for function in _functions(tree):
        for node in ast.walk(function):
            for field in ("body", "orelse"):
                if isinstance(body := getattr(node, field, None), list):
                    setattr(node, field, _swapped(body, function))
    return _unparse(tree)


def _swapped(body: list[ast.stmt], function: Function) -> list[ast.stmt]:
    out: list[ast.stmt] = []
    for statement in body:
        match (out[-1] if out else None), statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.List(elts=[])),
                ast.For(
                    target=target,
                    iter=source,
                    orelse=[],
                    body=[ast.Expr(ast.Call(ast.Attribute(ast.Name(id=to), "append"), [item]))],
                ),
            ) if to == name and name not in _loads([source, item]) and not _used_elsewhere(function, statement, target):
                loop = ast.comprehension(target, source, [], 0)
                out[-1] = ast.Assign([ast.Name(name, ast.Store())], ast.ListComp(item, [loop]), lineno=0)
            case _, ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.ListComp(elt=item, generators=[ast.comprehension(target=target, iter=source, ifs=[])]),
            ) if name not in _loads([source, item]) and not _used_elsewhere(function, statement, target):
                append = ast.Expr(ast.Call(ast.Attribute(_name(name), "append", ast.Load()), [item], []))
                out.append(ast.Assign(statement.targets, ast.List([], ast.Load()), lineno=0))
                out.append(ast.For(target, source, [append], [], lineno=0))
            case _:
                out.append(statement)
    return out


def _used_elsewhere(function: Function, statement: ast.stmt, target: ast.expr) -> bool:
    """Return whether the variables of a loop occur outside of it."""
    names = {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}
    inside = set(map(id, ast.walk(statement)))
    outside = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and id(node) not in inside}
    return bool(names & (outside | _arguments(function)))


def merge(source: str, other: str, rng: random.Random) -> str:
    """Return a program with half of the functions of one, the other half of another; it parses, nothing more."""
    mine, yours = ast.parse(source), ast.parse(other)
    own, theirs = _functions(mine), _functions(yours)
    kept = rng.sample(range(len(own)), len(own) // 2)
    rest = rng.sample(range(len(theirs)), len(theirs) // 2)
    functions = [own[at] for at in sorted(kept)] + [theirs[at] for at in sorted(rest)]
    imports = {ast.unparse(node) for node in mine.body + yours.body if isinstance(node, ast.Import | ast.ImportFrom)}
    return "\n\n\n".join(["\n".join(sorted(imports)), *map(ast.unparse, functions)]) + "\n"


def _functions(tree: ast.Module) -> list[Function]:
    return [node for node in tree.body if isinstance(node, Function)]


def _arguments(function: Function) -> set[str]:
    return {argument.arg for argument in function.args.args}


def _loads(nodes: list[ast.stmt | ast.expr]) -> set[str]:
    found = [n for node in nodes for n in ast.walk(node)]
    added = {n.target.id for n in found if isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name)}
    return added | {n.id for n in found if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _stores(nodes: list[ast.stmt]) -> set[str]:
    """Return the names that statements set, but for the variables of comprehensions, which end with them."""
    found = [n for node in nodes for n in ast.walk(node)]
    passing = {id(n) for loop in found if isinstance(loop, ast.comprehension) for n in ast.walk(loop.target)}
    return {n.id for n in found if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and id(n) not in passing}


def _name(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _unparse(tree: ast.Module) -> str:
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"
