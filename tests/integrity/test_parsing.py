"""Programs that do not parse, old ones and hostile ones: whatever can be read is read, in bounded time."""

import ast
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from practicum.integrity.canonical.parsing import parse

pytestmark = pytest.mark.slow

READ = {
    "Python 2's print": ("print 'a', x\ny = 1\n", 2, ()),
    "Python 2's except": ("try:\n    f()\nexcept ValueError, e:\n    g(e)\n", 1, ()),
    "a half line": ("x = 1\ny = (2 +\nz = 3\n", 3, (2,)),
    "a def without its body": ("def f(x):\ny = 1\nz = 2\n", 3, (1,)),
    "a broken function among others": ("def f(x):\n    return x\n\ndef g(:\n    return 1\n\nh = 3\n", 3, (4, 5)),
    "null bytes": ("x\0 = 1\n", 1, ()),
    "nothing": ("", 0, ()),
}


@pytest.mark.parametrize("what", READ)
def test_reads(what: str) -> None:
    source, count, unread = READ[what]
    parsed = parse(source)
    assert len(parsed.tree.body) == count
    assert parsed.unread == unread
    assert bool(parsed.note) == bool(unread)


def test_lines_keep_their_numbers() -> None:
    tree = parse("x = 1\ndef g(:\n    return 1\nh = 3\n").tree
    assert [(type(node), node.lineno) for node in tree.body if not isinstance(node, ast.Pass)] == [
        (ast.Assign, 1),
        (ast.Assign, 4),
    ]


HOSTILE = {
    "brackets": "(" * 5_000,
    "closed brackets": "[" * 3_000 + "]" * 3_000,
    "minus signs": "x = " + "-" * 100_000 + "1",
    "attributes": "a" + ".b" * 100_000,
    "a sum": "1+" * 200_000 + "1",
    "nested ifs": "".join(" " * depth + "if x:\n" for depth in range(150)) + " " * 150 + "pass",
    "one line of 5 MB": "x = [" + "1," * 2_500_000 + "]",
    "many lines": "x = 1\n" * 50_000,
    "many broken lines": "x = (\n" * 20_000,
    "surrogates": "x = '\ud800'\n",
    "a long string": "'" + "a" * 1_000_000,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_programs_take_bounded_time(what: str) -> None:
    began = time.process_time()
    parsed = parse(HOSTILE[what])
    assert isinstance(parsed.tree, ast.Module)
    assert time.process_time() - began < 30  # a second or so; the limit is for a machine that does other things, too


def test_says_what_was_left_out() -> None:
    assert parse(f"#{'1' * 899_998}\n" * 2).note.startswith("only the first 1 MiB of 1,800,000 characters")
    assert parse("a = (\nb = (\n").note == "lines 1, 2 could not be parsed and were left out"


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="xy =()[]:\n\t'\"#\\if def,print0é\0\x0c", max_size=200))
def test_never_raises(source: str) -> None:
    parsed = parse(source)
    assert all(1 <= line <= source.count("\n") + source.count("\x0c") + 2 for line in parsed.unread)
