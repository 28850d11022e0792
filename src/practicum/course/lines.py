"""Where a value stands in a TOML file: the line of every key and array element.

`tomllib` parses but forgets the lines. This scanner runs after it, on text known to be valid, and only keeps lines.
"""

import re

Path = tuple[str | int, ...]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SKIP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_SCALAR = re.compile(r"[^,\]}#\n]+")
_STRINGS = tuple(
    re.compile(pattern, re.DOTALL) for pattern in (r'"""(?:\\.|.)*?"""(?!")', r"'''.*?'''(?!')", r'"(?:\\.|[^"\\])*"', r"'[^']*'")
)


def line_of(text: str, path: Path) -> int:
    """Return the 1-based line of `path`, or of its nearest parent that is written down.

    Args:
        text: a valid TOML document.
        path: keys and array indices from the root, such as `("component", 0, "weight")`.
    """
    lines = _Scanner(text).scan()
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {}
        self.counts: dict[Path, int] = {}  # tables seen so far of each array of tables

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        while True:
            self._skip(_SKIP)
            if self.at >= len(self.text):
                return self.lines
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def _note(self, path: Path) -> None:
        self.lines.setdefault(path, self.text.count("\n", 0, self.at) + 1)

    def _key(self) -> Path:
        keys: list[str] = []
        while True:
            self._skip(_BLANK)
            if self.text[self.at] in "\"'":
                keys.append(self._string()[1:-1])
            else:
                match = _BARE_KEY.match(self.text, self.at)
                assert match is not None
                keys.append(match.group())
                self.at = match.end()
            self._skip(_BLANK)
            if self.text[self.at] != ".":
                return tuple(keys)
            self.at += 1

    def _string(self) -> str:
        for pattern in _STRINGS:
            match = pattern.match(self.text, self.at)
            if match:
                self.at = match.end()
                return match.group()
        raise AssertionError("a string in valid TOML is closed")

    def _header(self) -> Path:
        array = self.text.startswith("[[", self.at)
        start = self.at
        self.at += 2 if array else 1
        keys = self._key()
        self.at += 2 if array else 1
        path: Path = ()
        arrays: list[Path] = []
        for depth, key in enumerate(keys):
            path = (*path, key)
            if array and depth == len(keys) - 1:
                arrays.append(path)
                self.counts[path] = self.counts.get(path, 0) + 1
            if path in self.counts:  # an array of tables: the header speaks of its last table
                path = (*path, self.counts[path] - 1)
        end, self.at = self.at, start
        for noted in (*arrays, path):
            self._note(noted)
        self.at = end
        return path

    def _pair(self, table: Path) -> None:
        start = self.at
        keys = self._key()
        end, self.at = self.at, start
        for depth in range(len(keys)):
            self._note((*table, *keys[: depth + 1]))
        self.at = end + 1  # past the equals sign
        self._skip(_BLANK)
        self._value((*table, *keys))

    def _value(self, path: Path) -> None:
        opening = self.text[self.at]
        if opening in "\"'":
            self._string()
        elif opening in "[{":
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
                    self._note((*path, index))
                    self._value((*path, index))
                    index += 1
        else:
            self._skip(_SCALAR)
