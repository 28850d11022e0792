"""Cells become plain Python: magics go, and everything else stays byte for byte."""

from __future__ import annotations

import ast
import inspect
import json
import random
import string
import textwrap
import tokenize
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practicum.labs.cells import clean_cell


@pytest.mark.parametrize(
    ("cell", "python"),
    [
        ("%matplotlib inline", "pass  # %matplotlib inline"),
        ("%pip install -q torch", "pass  # %pip install -q torch"),
        ("!ls -la 'unclosed", "pass  # !ls -la 'unclosed"),
        ("!!ls", "pass  # !!ls"),
        ("?print", "pass  # ?print"),
        ("print?", "pass  # print?"),
        ("np.array??", "pass  # np.array??"),
        ("np.*load*?", "pass  # np.*load*?"),
        ("x = !ls", "x = None  # !ls"),
        ("x = %timeit -o f()", "x = None  # %timeit -o f()"),
        ("a.b = %pwd", "a.b = None  # %pwd"),
        ("a, b = !ls", "a, b = [None] * 2  # !ls"),
        ("for i in x:\n    %time y = f(i)\n    !rm x", "for i in x:\n    y = f(i)\n    pass  # !rm x"),
        ("%timeit f()", "pass  # %timeit f()"),
        ("%time", "pass  # %time"),
        ("%time f(\n 1)\n%cd", "f(\n 1)\npass  # %cd"),
        ("!pip install a \\\n  b \\\n  c\nx = 1", "pass  # !pip install a \\\n#   b \\\n#   c\nx = 1"),
        ("y = 1\r\n%cd x\r\nz = 2", "y = 1\r\npass  # %cd x\nz = 2"),
        ("x = 1  # it's (open\n%cd", "x = 1  # it's (open\npass  # %cd"),
        ("%%time\nx = 1", "# %%time\nx = 1"),
        ("\n%%capture out\n%%time\n%pwd\nx = 1", "\n# %%capture out\n# %%time\npass  # %pwd\nx = 1"),
        ("%%timeit -n 10\nx = 1", "# %%timeit -n 10\nx = 1"),
        ("%%prun\nx = 1", "# %%prun\nx = 1"),
        ("x = 1\n%%bash\nls = 3", "x = 1\npass  # %%bash\nls = 3"),
        ("x = 1; %matplotlib inline", "x = 1; pass  # %matplotlib inline"),
        ("x = ';'; !ls\ny", "x = ';'; pass  # !ls\ny"),
        ("x = [1,\n2]; %cd a \\\n  b\ny", "x = [1,\n2]; pass  # %cd a \\\n#   b\ny"),
        ("if x: y; %time z", "if x: y; pass  # %time z"),
    ],
)
def test_magics(cell, python):
    assert clean_cell(cell) == (python, "")
    ast.parse(python)
    assert python.count("\n") == cell.count("\n")


@pytest.mark.parametrize(
    "magic", ["bash", "html", "writefile", "writefile a.py b.py", "javascript", "sh", "script python", "python3", "R", ""]
)
def test_cells_of_another_language_are_left_out(magic):
    python, why = clean_cell(f"\n%%{magic}\nrm -rf x")
    assert python == ""
    assert why == f"%%{magic.split()[0] if magic else ''} cells are not run"


@pytest.mark.parametrize(
    "cell",
    [
        's = """\n%matplotlib inline\n!ls\nx = !ls\n"""',
        "s = '''a\n?b\n%%time'''",
        "a = (b\n% c)",
        "a = b \\\n% c",
        "a = [\n    1,\n    x\n    % 3,\n]",
        "s = 'it\\'s \\\n%d' % 3",
        'r = r"\\"\nb = "#" % ()\nt = r\'\\\\\'\nu = "%"',
        "x = a != b",
        "x = y == (not z)",
        "print('x = !ls')",
        "print('%time f()')",
        "s = 'a'  # what?",
        "# is it?\n# %time",
        "f(x)  # it's (unclosed\ny = 1",
        "x = '; %d' % 3; y = x  # ; %cd",
        "x = 1; \\\ny = 2",
        'f"{x!r:%d}"',
        "from google.colab import drive; drive.mount('/content/drive')",
        "x = 'unclosed\ny = 1",
        "def f(:\n  pass",
        "",
        "\n\n",
    ],
)
def test_python_stays_as_it_is(cell):
    assert clean_cell(cell) == (cell, "")


@pytest.mark.parametrize("magic", ["writefile", "file"])
def test_a_cell_that_writes_a_file_writes_it(tmp_path, monkeypatch, magic):
    monkeypatch.chdir(tmp_path)
    first, why = clean_cell(f'\n%%{magic} a.py\ns = "it\'s"\n%d\n\\x\n')
    more, _ = clean_cell(f"%%{magic} -a 'c.py'\né = 1")
    assert (why, first.count("\n"), more.count("\n")) == ("", 5, 1)
    names: dict[str, object] = {}
    for source in (first, more, more):
        exec(compile(source, "cell", "exec"), names)
    assert list(names) == ["__builtins__"]
    assert (tmp_path / "a.py").read_text() == 's = "it\'s"\n%d\n\\x\n'
    assert (tmp_path / "c.py").read_text(encoding="utf-8") == "é = 1\né = 1\n"


MODULES = [ast, inspect, json, random, string, textwrap, tokenize]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_real_modules_stay_as_they_are(module):
    source = Path(module.__file__).read_text(encoding="utf-8")
    assert clean_cell(source) == (source, "")


PIECES = st.sampled_from(
    ["x", " ", "=", "% y", "(", ")", "[", "]", "\n", "'", '"', '"""', "'''", "\\", "\\\n", "#", "!=", "%", "if x:", "    ",
     "f'", "r'", "?", "!", "%time ", "\r\n", "1", ","]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join))
def test_whatever_is_python_is_unchanged_and_lines_keep_their_numbers(source):
    cleaned, left_out = clean_cell(source)
    try:
        compile(source, "cell", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        assert left_out or cleaned.count("\n") == source.count("\n")
    else:
        assert (cleaned, left_out) == (source, "")


@given(st.text(max_size=200))
def test_any_text_is_read(source):
    python, why_left_out = clean_cell(source)
    assert type(python) is str
    assert python == "" if why_left_out else python.count("\n") <= source.count("\n") + source.count("\r")


@pytest.mark.slow
def test_time_grows_with_length_only():
    for hostile in ("'" * 200_000, "\\" * 200_000, "(" * 200_000, "a." * 100_000 + "?x", "a," * 100_000, "\n" * 100_000,
                    '"""' + "\\" * 199_999, "x " * 100_000 + "= !"):  # fmt: skip
        assert len(clean_cell(hostile)[0]) <= len(hostile) + 1000
