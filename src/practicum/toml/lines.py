"""Where everything stands in a TOML file: the line of every key and list element.

`tomllib` parses but forgets the lines. This scanner runs after it, on text known to be valid, and only keeps lines.
See `docs/decisions/0013-toml-lines.md`.
"""

import re
import tomllib
from bisect import bisect_left

KeyPath = tuple[str | int, ...]
"""Keys and list indices from the root, such as `("component", 0, "weight")`."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SKIP = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_SCALAR = re.compile(r"[^,\]}#\n]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?!")' r"|'''.*?'''(?!')" r'|"(?:\\.|[^"\\])*"' r"|'[^']*'",
    re.DOTALL,
)


def lines_of(text: str) -> dict[KeyPath, int]:
    r"""Return the line, from 1, of every key, table and list element.

    Args:
        text: a valid TOML document with `\n` at line ends.
    """
    return _Scanner(text).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.ends = [match.start() for match in re.finditer("\n", text)]
        self.lines: dict[KeyPath, int] = {}
        self.counts: dict[KeyPath, int] = {}  # tables seen so far of each list of tables

    def scan(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        while True:
            self._skip(_SKIP)
            if self.at >= len(self.text):
                return self.lines
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        assert match is not None, "valid TOML"
        self.at = match.end()
        return match.group()

    def _line(self) -> int:
        return bisect_left(self.ends, self.at) + 1

    def _keys(self) -> list[str]:
        keys: list[str] = []
        while True:
            self._skip(_BLANK)
            if self.text[self.at] in "\"'":
                keys.append(tomllib.loads(f"key = {self._skip(_STRING)}")["key"])
            else:
                keys.append(self._skip(_BARE_KEY))
            self._skip(_BLANK)
            if self.text[self.at] != ".":
                return keys
            self.at += 1

    def _header(self) -> KeyPath:
        line = self._line()
        brackets = 2 if self.text.startswith("[[", self.at) else 1
        self.at += brackets
        keys = self._keys()
        self.at += brackets
        path: KeyPath = ()
        for depth, key in enumerate(keys, start=1):
            path = (*path, key)
            self.lines.setdefault(path, line)
            if brackets == 2 and depth == len(keys):
                self.counts[path] = self.counts.get(path, 0) + 1
            if path in self.counts:  # the header speaks of the last table of this list
                path = (*path, self.counts[path] - 1)
        self.lines[path] = line  # also where `[a.b]` came before `[a]`
        return path

    def _pair(self, table: KeyPath) -> None:
        line = self._line()
        path = table
        for key in self._keys():
            path = (*path, key)
            self.lines.setdefault(path, line)
        self.at += 1  # past the equals sign
        self._skip(_BLANK)
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        opening = self.text[self.at]
        if opening in "\"'":
            self._skip(_STRING)
        elif opening in "[{":
            self._inside(path, opening)
        else:
            self._skip(_SCALAR)

    def _inside(self, path: KeyPath, opening: str) -> None:
        self.at += 1
        index = 0
        while True:
            self._skip(_SKIP)
            if self.text[self.at] in "]}":
                self.at += 1
                return
            if self.text[self.at] == ",":
                self.at += 1
            elif opening == "{":
                self._pair(path)
            else:
                self.lines.setdefault((*path, index), self._line())
                self._value((*path, index))
                index += 1
