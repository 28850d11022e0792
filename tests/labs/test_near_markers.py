"""A solution is never handed out because its marker only looks like one: not in source, given files, task sheet or checks."""

from __future__ import annotations

import json
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practicum.errors import PracticumError
from practicum.grading.lint import take_stock
from practicum.labs.handout import handout_files
from practicum.labs.lab import list_labs
from practicum.labs.solution_markers import handed_out, solved
from practicum.labs.solution_markers.near import is_near_marker, is_near_starter, markers_in

pytestmark = pytest.mark.slow

NEAR = [
    "#\u00a0BEGIN SOLUTION",  # no-break space
    "# BEGIN\u00a0SOLUTION",
    "\u00a0# BEGIN SOLUTION",
    "# BEGIN SOLUTION\u00a0",
    "# BEGIN\u200b SOLUTION",  # zero-width space, joiner, byte-order mark, soft hyphen, word joiner
    "\u200b# BEGIN SOLUTION",
    "# BEG\u200dIN SOLUTION",
    "\ufeff# BEGIN SOLUTION",
    "# BEGIN SOLU\u00adTION",
    "# BEGIN SOLUTION\u2060",
    "# BEGIN\u3164SOLUTION",  # a letter without ink
    "#\u2003BEGIN\u2003SOLUTION",
    "# BEGIN\x0bSOLUTION",
    "\x0c# BEGIN SOLUTION",
    "# BEGIN SOLUTI0N",
    "# BEG1N S0LUT10N",
    "# BEGIN SOLUTIОN",  # a Cyrillic О
    "# ВЕGIN SOLUTION",  # Cyrillic В and Е
    "# BEGIN ЅОLUТІОN",  # five Cyrillic letters
    "# BΕGΙΝ SΟLUΤΙΟΝ",  # Greek
    "# ＢＥＧＩＮ ＳＯＬＵＴＩＯＮ",
    "＃ BEGIN SOLUTION",
    "# 𝐁𝐄𝐆𝐈𝐍 𝐒𝐎𝐋𝐔𝐓𝐈𝐎𝐍",
    "# BÉGIN SOLUTIÖN",
    "# begin solution",
    "# Begin Solution",
    "#BEGIN SOLUTION",
    "#BEGIN SOLUTON",
    "# BEGIN SOLUTOIN",
    "# BEGN SOLUTION",
    "# BEGINN SOLUTION",
    "# BEGIN-SOLUTION",
    "# BEGIN_SOLUTION:",
    "# BEGINSOLUTION",
    "#BEGINSOLUTON",
    "## BEGIN SOLUTION ##",
    "### BEGIN SOLUTON ###",
    "x = 1  # BEGIN SOLUTON",
    "//BEGIN SOLUTON",
    "<!-- BEGIN SOLUTIONS -->",
    "# END SOLUTlON",
    "# ЕND SOLUTION",
    "# END SOLUTON",
    "# END  SOLUTION",
]
PLAIN = [
    "# SOLUTION", "# the solution", "# ENDS", "# a solution begins here", "# append solutions to the list", "solution = begin(x)",
    "# STARTER", "# begin with the solution of the normal equations", "trend_solution = 3",
    "# 这里开始写你的答案，不要改动其他部分",
    "# Решение начинается здесь", "1.5,358,1008,0", "", "#", "x" * 300, "# ending", "# begin", "# in solution, the loss falls",
]  # fmt: skip


@pytest.mark.parametrize("line", NEAR, ids=ascii)
def test_a_near_marker_is_an_error_with_file_and_line(line: str) -> None:
    for form in ("def f():\n    pass\n{}\nsecret = 1\n# END SOLUTION\n", "x = 1\n# %%\n{}\nsecret = 1\n"):
        for function, notebook in product((handed_out, solved), (False, True)):
            with pytest.raises(
                PracticumError, match=r"^lab/source/a\.py:3: expected exactly `# BEGIN SOLUTION` or `# END SOLUTION`"
            ):
                function(form.format(line), "lab/source/a.py", notebook=notebook)


@pytest.mark.parametrize("line", PLAIN)
def test_other_words_are_no_markers(line: str) -> None:
    assert not is_near_marker(line)


def test_what_cannot_be_seen_is_spelled_out() -> None:
    with pytest.raises(PracticumError, match=r"got `# BEGIN\\xa0SOLUTI\\u041eN`, which is not plain ASCII$"):
        handed_out("# BEGIN\u00a0SOLUTIОN\n", "a.py")


@pytest.mark.parametrize(
    "line", ["#STARTER", "# STARTЕR", "# STARTER\u200b", "#\u00a0STARTER", "# Starter:", "# STATER", "# STARTERR"]
)
def test_a_near_starter_is_an_error(line: str) -> None:
    assert is_near_starter(line)
    with pytest.raises(PracticumError, match=r"^a\.py:3: expected exactly `# STARTER`"):
        handed_out(f"# BEGIN SOLUTION\nx = 1\n{line}\n# y\n# END SOLUTION\n", "a.py")


def test_a_region_in_a_cell_of_text_is_refused() -> None:
    for head in ("# %% [markdown]", "# %% About [md]", "#%% [raw]"):
        source = f"# %%\nx = 1\n{head}\n# BEGIN SOLUTION\n# the derivation\n# END SOLUTION\n# %%\ny = 2\n"
        with pytest.raises(PracticumError, match=r"^n\.py:4: expected a solution in a code cell"):
            handed_out(source, "n.py", notebook=True)
    fine = "# %% [markdown]\n# text\n# %%\n# BEGIN SOLUTION\ny = 2\n# END SOLUTION\n"
    assert "y = 2" not in handed_out(fine, "n.py", notebook=True)


LETTERS = {
    "B": "BbВΒ",
    "E": "EeЕΕ3",
    "G": "Ggɢ",
    "I": "IiІΙ1l",
    "N": "NnΝ",
    "S": "SsЅ5",
    "O": "OoОΟ0",
    "L": "Ll",
    "U": "Uu",
    "T": "TtТΤ",
}
SPACES = st.sampled_from([" ", "", "\t", "\u00a0", "\u200b", "\u2009", "-", "_", "  "])


@st.composite
def disguises(draw: st.DrawFn) -> str:
    words = ["".join(draw(st.sampled_from(LETTERS.get(c, c))) for c in word) for word in ("BEGIN", "SOLUTION")]
    return (
        draw(SPACES) + draw(st.sampled_from(["#", "##", "＃"])) + draw(SPACES) + words[0] + draw(SPACES) + words[1] + draw(SPACES)
    )


@given(disguises())
def test_no_disguise_hands_the_solution_out(line: str) -> None:
    source = f"def f():\n    pass\n{line}\nsecret = 1\n# END SOLUTION\n"
    try:
        out = handed_out(source, "a.py")
    except PracticumError:
        return
    assert "secret" not in out


CHECK = (
    '"""Checks."""\n# {}\nfrom practicum.checks import points\n\n\n@points(1, hint="h")\ndef test_answer(student):\n    """a"""\n'
)


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("source/data.toml", "a = 1\n# BEGIN SOLUTION\nb = 2\n", 2),
        ("source/helper.py", "def f():\n    # BEGIN SOLUTON\n    return 1\n", 2),
        ("source/notes.md", "Text\n\n<!-- END SOLUTION -->\n", 3),
        ("source/table.csv", "a,b\n1,BEGIN SOLUTI0N\n", 2),
        ("source/given.ipynb", json.dumps({"cells": [{"cell_type": "code", "source": ["#\u00a0BEGIN SOLUTION\n", "x = 1"]}]}), 1),
        ("README.md", "# Task\n\nthe answer:\n# BEGIN SOLUTION\n42\n", 4),
        ("checks/test_answer.py", CHECK.format("BEGIN SOLUTION") + "    assert student.answer.answer() == 42\n", 2),
    ],
)  # fmt: skip
def test_markers_in_what_is_handed_out_as_it_is_are_refused(make_lab, name: str, content: str, line: int) -> None:
    lab = make_lab(files={name: content})
    for refuse in (handout_files, take_stock):  # of `lab build` and of `lab verify`
        with pytest.raises(PracticumError) as error:
            refuse(lab)
        assert str(error.value).startswith(f"{lab.folder / name}:{line}: expected no marker of a solution"), refuse


def test_other_encodings_and_bytes_are_looked_at_too() -> None:
    assert [n for n, _ in markers_in("a\n# BEGIN SOLUTION\n".encode("utf-16"), "a.txt")] == [2]
    assert [n for n, _ in markers_in(b"\xff\xfa\x00\n\x01# END SOLUTION\n", "a.bin")] == [2]
    assert list(markers_in(b"{not json", "a.json")) == []


def test_no_shipped_lab_is_refused() -> None:
    for lab in list_labs():
        assert handout_files(lab)
