"""The line of everything that a TOML file holds."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from practicum.curriculum import curriculum
from practicum.toml import Document, KeyPath
from tests.toml.dump import dump


def leaves(data: object, path: KeyPath = ()) -> list[tuple[KeyPath, object]]:
    if isinstance(data, dict):
        return [leaf for key, value in data.items() for leaf in leaves(value, (*path, key))]
    if isinstance(data, list):
        return [leaf for key, value in enumerate(data) for leaf in leaves(value, (*path, key))]
    return [(path, data)]


def test_lines_of_everything_that_is_written() -> None:
    text = 'a = 1\n# [x]\n[t]\nb = """\n[no]\n"""\n"q.r" = [1,\n  {c = 2, d = "]"},  # }\n\n 3]\n'
    text += "[[u.v]]\ne.f = '['\n[[u.v]]\n[u.v.w]\ng = 2027-01-01\n"
    expected = {
        ("a",): 1, ("t",): 3, ("t", "b"): 4, ("t", "q.r"): 7, ("t", "q.r", 0): 7, ("t", "q.r", 1): 8,
        ("t", "q.r", 1, "d"): 8, ("t", "q.r", 2): 10, ("u",): 11, ("u", "v", 0): 11, ("u", "v", 0, "e", "f"): 12,
        ("u", "v", 1): 13,
        ("u", "v", 1, "w", "g"): 15, ("u", "v", 1, "w", "none"): 14, ("none",): 1,
    }  # fmt: skip
    document = Document.parse(text, "x.toml")
    assert {path: document.line(*path) for path in expected} == expected


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("[a.b]\n[a]\nc = 1\n", ("a",), 2),  # where the table itself stands, not where its name came first
        ('[late."my \\"rule\\""]\nx = 1\n', ("late", 'my "rule"', "x"), 2),
        ("'a\\b' = 1\nc = 2\n", ("a\\b",), 1),
        ("\na = '''x''''\nb = 1\n", ("b",), 3),
        ('\na = """x\\\\"""\nb = 1\n', ("b",), 3),
        ('\na = """x\\"""\n"""\nb = 1\n', ("b",), 4),
        ("a = [\n  [1,\n   2],\n  [],\n]\n", ("a", 0, 1), 3),
        ("a = [ # ]\n  '#',\n  1]\n", ("a", 1), 3),
        ("x.y = 1\nx.z = 2\n", ("x", "z"), 2),
        ("[x]\n\n[x.y.z]\nk = 1\n", ("x", "y"), 3),
    ],
)
def test_forms_that_mislead(text: str, path: KeyPath, line: int) -> None:
    assert Document.parse(text, "x.toml").line(*path) == line


@pytest.mark.parametrize("path", sorted(curriculum().rglob("*.toml")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_value_of_the_curriculum_is_in_its_line(path: Path) -> None:
    document = Document.read(path)
    lines = document.text.split("\n")
    for key, value in leaves(tomllib.loads(document.text)):
        assert key in document._lines
        if isinstance(value, str) and '"' not in value and "\\" not in value and "\n" not in value:
            assert value in lines[document.line(*key) - 1], key


VALUES = st.recursive(
    st.integers() | st.booleans() | st.dates() | st.text("a'\"\\#[]{}=,.é\n\t", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('ab."\\é ', max_size=3), inner, max_size=3),
    max_leaves=12,
)


@settings(deadline=None, max_examples=50)
@given(st.dictionaries(st.text('ab."\\é#[ ', max_size=3), VALUES, max_size=4))
def test_the_lines_of_whatever_is_written(data: dict[str, object]) -> None:
    text, lines = dump(data)
    document = Document.parse(text, "x.toml")
    assert document.data == data
    assert {path: document.line(*path) for path in lines} == lines
