"""From the cells of a notebook to plain Python, without running anything.

IPython's own transformers can be replaced by the code they transform, so none of them is used. A magic is looked for only
where a logical line begins: not in strings, brackets, or after a backslash. Python that has no magics comes out
unchanged, and every line keeps its number.
"""

from __future__ import annotations

import re

# Cell magics that run their cell as Python. Of the others, nothing of the cell is Python.
_RUNS_PYTHON = frozenset({"time", "timeit", "capture", "prun"})

_WRITES_A_FILE = frozenset({"writefile", "file"})

_CELL_MAGIC = re.compile(r"%%([A-Za-z_]\w*)?")
_TIME = re.compile(r"^([ \t]*)%time[ \t]+(?=[^-\s])")
_LINE = re.compile(r"([ \t]*)(?:[%!?].*|[\w.*]+\?{1,2}[ \t]*)", re.DOTALL)
_AFTER = re.compile(r"[ \t]*[%!].*")  # after a semicolon, where Python has neither
_ASSIGNED = re.compile(r"([ \t]*)(\w[\w.]*(?:[ \t]*,[ \t]*\w[\w.]*)*)[ \t]*=[ \t]*([%!].*)", re.DOTALL)

_TOKEN = re.compile(r"""#|\"\"\"|'''|["'()\[\]{};]|\\\r?$""")
_STRING_END = {quote: re.compile(rf"(?:[^\\]|\\.)*?{quote}", re.DOTALL) for quote in ('"', "'", '"""', "'''")}


def clean_cell(source: str) -> tuple[str, str]:
    """Turn a code cell into plain Python.

    Returns:
        The Python, and why the cell was left out, if it was: then the Python is empty.
    """
    lines = source.split("\n")
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        magic = _CELL_MAGIC.match(line)
        if not magic:
            break
        if magic[1] in _WRITES_A_FILE and (written := _written(line, lines[number + 1 :])):
            return "\n".join([*lines[:number], written]), ""
        if magic[1] not in _RUNS_PYTHON:
            return "", f"{line.split()[0][:40]} cells are not run"
        lines[number] = f"# {line}"
    return "\n".join(clean_lines(lines)), ""


def _written(line: str, lines: list[str]) -> str:
    """Return Python that writes a file as `%%writefile` does, on as many lines as the cell has; nothing if no file is named."""
    words = line.split()[1:]
    names = [word for word in words if word not in ("-a", "--append")]
    if len(names) != 1:
        return ""
    name = names[0].strip("'\"")
    mode = "a" if len(words) > 1 else "w"
    text = "\n".join(lines).removesuffix("\n") + "\n"
    # Expressions, so that the notebook has no name that Jupyter would not give it; a module may be imported right away.
    opened = f'__import__("builtins").open({name!r}, {mode!r}, encoding="utf-8")'
    write = f"(lambda file: (file.write({text!r}), file.close()))({opened})"
    return f'{write}; __import__("importlib").invalidate_caches()' + "\n#" * len(lines)


def clean_lines(lines: list[str]) -> list[str]:
    """Replace the line magics, shell commands and help requests in the lines of a cell."""
    cleaned: list[str] = []
    state = _State()
    in_magic = False
    for line in lines:
        if in_magic:
            cleaned.append(f"# {line}")
            in_magic = line.rstrip("\r").endswith("\\")
            continue
        if state.at_start:
            line = _TIME.sub(r"\1", line, count=1)  # the statement that is timed still counts
            replaced = _without_magic(line)
            if replaced:
                cleaned.append(replaced)
                in_magic = line.rstrip("\r").endswith("\\")
                continue
        at = state.read(line)
        cleaned.append(line if at is None else f"{line[:at]} pass  # {line[at:].strip()}")
        in_magic = at is not None and line.rstrip("\r").endswith("\\")
    return cleaned


def _without_magic(line: str) -> str:
    """Return what stands in for a line that is a magic, or nothing if it is none."""
    if match := _LINE.fullmatch(line):
        return f"{match[1]}pass  # {line.strip()}"
    if match := _ASSIGNED.fullmatch(line):
        targets = match[2].count(",") + 1
        value = "None" if targets == 1 else f"[None] * {targets}"
        return f"{match[1]}{match[2]} = {value}  # {match[3].strip()}"
    return ""


class _State:
    """Where in a program a line ends: within a string, within brackets, or at the start of the next logical line."""

    def __init__(self) -> None:
        self._quote, self._depth, self._continued = "", 0, False

    @property
    def at_start(self) -> bool:
        return not (self._quote or self._depth or self._continued)

    def read(self, line: str) -> int | None:
        """Read a line; return where a magic begins in it, after a semicolon."""
        at, self._continued = 0, False
        while True:
            if self._quote:
                end = _STRING_END[self._quote].match(line, at)
                if not end:
                    # Only a triple-quoted string goes on by itself; another one needs a backslash.
                    text = line.rstrip("\r")
                    goes_on = len(self._quote) == 3 or (len(text) - len(text.rstrip("\\"))) % 2 == 1
                    self._quote = self._quote if goes_on else ""
                    return None
                self._quote, at = "", end.end()
            token = _TOKEN.search(line, at)
            if not token or token[0] == "#":
                return None
            at = token.end()
            if token[0][0] in "\"'":
                self._quote = token[0]
            elif token[0] == ";":
                if not self._depth and _AFTER.match(line, at):
                    return at
            elif token[0][0] == "\\":
                self._continued = True
            elif token[0] in "([{":
                self._depth += 1
            else:
                self._depth = max(0, self._depth - 1)
