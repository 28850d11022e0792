"""Code without effect, made up: a copier who pads a program invents his own, so no two pad alike."""

import random

VALUES = ("{n}", "{n}.{n}", "[]", "{{}}", "None", "[{n}, {n}, {n}]", "'{w}'", "({n}, {n})", "True", "{{'{w}': {n}}}")
PARTS = (
    "{a} * {n}", "{a} + {n}", "{a} - {b}", "{a} * {b} + {n}", "({a} + {n}) % {n}", "{a} ** 2 - {b}", "max({a}, {n})",
    "min({a}, {b})",
    "abs({a} - {n})", "{a} // {n}", "{n} / ({a} + {n})", "{a} if {b} > {n} else {n}", "round({a} * {n}, {n})", "-{a} + {b}",
    "sum([{a}, {b}, {n}])", "len([{a}, {b}])", "int({a}) + {n}", "float({b}) / {n}", "({a} + {b}) / 2", "{a} > {b}",
)  # fmt: skip
WORDS = ("ok", "done", "here", "step", "next", "value", "check", "start", "end", "result", "debug", "test", "go", "now", "info")


def _filled(rng: random.Random, form: str, names: list[str]) -> str:
    made = form
    while "{n}" in made:
        made = made.replace("{n}", str(rng.randint(2, 90)), 1)
    first, second = (rng.choice(names), rng.choice(names)) if names else ("1", "2")
    return (
        made.replace("{a}", first).replace("{b}", second).replace("{w}", rng.choice(WORDS)).replace("{{", "{").replace("}}", "}")
    )


def statements(rng: random.Random, names: list[str]) -> list[str]:
    """Return a few lines that compute something nobody uses, with fresh names.

    Args:
        rng: decides.
        names: two that the program does not have.
    """
    a, b = names
    kind = rng.randrange(7)
    if kind == 0:
        return [f"{a} = {_filled(rng, rng.choice(VALUES), [])}"]
    if kind == 1:
        return [f"{a} = {rng.randint(1, 99)}", f"{b} = {_filled(rng, rng.choice(PARTS), [a])}"]
    if kind == 2:
        return [f"print('{' '.join(rng.sample(WORDS, rng.randint(1, 3)))}')"]
    if kind == 3:
        return ["if False:", f"    {a} = {_filled(rng, rng.choice(VALUES), [])}"]
    if kind == 4:
        return [f"{a} = {rng.randint(1, 9)}", f"{a} = {_filled(rng, rng.choice(PARTS), [a])}"]
    if kind == 5:
        return [f"for {a} in range({rng.randint(1, 9)}):", "    pass"]
    return [f"if {rng.randint(1, 9)} > {rng.randint(10, 99)}:", f"    {a} = {_filled(rng, rng.choice(VALUES), [])}"]


def function(rng: random.Random, names: list[str]) -> list[str]:
    """Return the lines of a function that nothing calls, with fresh names.

    Args:
        rng: decides.
        names: the function's, and more for its arguments and variables; six or more.
    """
    name, *others = names
    arguments = others[: rng.randint(1, 3)]
    known, free = list(arguments), others[len(arguments) :]
    lines = [f"def {name}({', '.join(arguments)}):"]
    for variable in free[: rng.randint(1, 3)]:
        lines.append(f"    {variable} = {_filled(rng, rng.choice(PARTS), known)}")
        known.append(variable)
        if rng.random() < 0.3:
            lines += [
                f"    if {_filled(rng, '{a} > {n}', known)}:",
                f"        {variable} = {_filled(rng, rng.choice(PARTS), known)}",
            ]
    return [*lines, f"    return {_filled(rng, rng.choice(PARTS), known)}"]
