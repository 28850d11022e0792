"""Solutions come out whole, and whatever is not well formed is refused with file and line."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from practicum.errors import PracticumError
from practicum.labs.solution_markers import handed_out, solved

SOURCE = """class Neuron:
    def forward(self, x):
        # BEGIN SOLUTION
        scores = x @ self.weight
        return scores
        # END SOLUTION

    def train(self, x):
        before = 1
        # BEGIN SOLUTION
        if x:
            before += 2
        return before
        # STARTER
        # for _ in range(3):
        #     before = ...

        #
        #return before
        # END SOLUTION
"""

STARTER = """class Neuron:
    def forward(self, x):
        raise NotImplementedError

    def train(self, x):
        before = 1
        for _ in range(3):
            before = ...


        return before
"""

SOLVED = """class Neuron:
    def forward(self, x):
        scores = x @ self.weight
        return scores

    def train(self, x):
        before = 1
        if x:
            before += 2
        return before
"""


def test_the_format_as_documented():
    assert handed_out(SOURCE, "a.py") == STARTER
    assert solved(SOURCE, "a.py") == SOLVED


@pytest.mark.parametrize(
    ("source", "line", "problem"),
    [
        ("x = 1\n# BEGIN SOLUTION\ny = 2\n", 2, "expected `# END SOLUTION` further down, got the end of the file"),
        ("# BEGIN SOLUTION\n# BEGIN SOLUTION\n# END SOLUTION\n", 2, "inside the region that begins in line 1"),
        ("x = 1\n# END SOLUTION\n", 2, "expected `# BEGIN SOLUTION` first, got `# END SOLUTION`"),
        ("x = 1\n\n# STARTER\n", 3, "expected `# BEGIN SOLUTION` first, got `# STARTER`"),
        ("# BEGIN SOLUTION\n# STARTER\n# STARTER\n# END SOLUTION\n", 3, "expected one `# STARTER` in a region"),
        ("# BEGIN SOLUTION\n# STARTER\nx = 1\n# END SOLUTION\n", 3, "expected starter code as `# comment` lines, got `x = 1`"),
        ("#BEGIN SOLUTION\n", 1, "expected exactly `# BEGIN SOLUTION` or `# END SOLUTION` on a line of its own"),
        ("### begin solution\n", 1, "got `### begin solution`"),
        ("x = 1  # BEGIN SOLUTION\n", 1, "on a line of its own"),
        ("# BEGIN SOLUTION\n# END SOLUTIONS\n", 2, "got `# END SOLUTIONS`"),
        ("# BEGIN SOLUTION\n#STARTER\n# END SOLUTION\n", 2, "expected exactly `# STARTER`, got `#STARTER`"),
    ],
)
@pytest.mark.parametrize("function", [handed_out, solved])
def test_regions_that_are_not_well_formed(function, source, line, problem):
    if "starter code" in problem:
        function = handed_out  # the other one does not read it
    with pytest.raises(PracticumError) as error:
        function(source, "lab/source/a.py")
    assert str(error.value).startswith(f"lab/source/a.py:{line}: expected")
    assert problem in str(error.value)


def test_a_handout_that_is_no_python_names_the_line_of_the_source():
    source = "def f():\n    # BEGIN SOLUTION\n    return 1\n    # STARTER\n    # x = (\n    # END SOLUTION\n"
    with pytest.raises(PracticumError, match=r"^a\.py:5: expected the handout to be valid Python"):
        handed_out(source, "a.py")
    source = "def f():\n    # BEGIN SOLUTION\n    return 1\n    # STARTER\n    # END SOLUTION\ny = 1\n"
    with pytest.raises(PracticumError, match=r"^a\.py:6: expected the handout to be valid Python"):
        handed_out(source, "a.py")


def test_a_region_ends_in_its_cell():
    source = "# %%\n# BEGIN SOLUTION\nx = 1\n# %% [markdown]\n# END SOLUTION\n"
    with pytest.raises(PracticumError, match=r"^n\.py:4: expected `# END SOLUTION` before the next cell"):
        handed_out(source, "n.py", notebook=True)
    assert handed_out("# %%\n%matplotlib inline\n!ls 'x\n", "n.py", notebook=True)


INDENT = st.sampled_from(["", "    ", "\t"])
PLAIN = st.sampled_from(["x = 1", "# a comment", "", "# SOLUTION", "print('x')"])
SECRET = st.sampled_from(["secret = 1", "# secret", "", "return secret"])


@pytest.mark.slow
@given(st.lists(st.tuples(st.booleans(), st.lists(PLAIN, max_size=3), st.lists(SECRET, max_size=3), INDENT), max_size=5))
def test_nothing_of_a_solution_is_left_and_nothing_else_is_lost(parts):
    lines, plain = [], []
    for starter, before, secret, indent in parts:
        lines += before
        # What is handed out must parse; `if 1:` makes the indented region belong to something.
        head = ["if 1:"] if indent else []
        lines += [*head, f"{indent}# BEGIN SOLUTION", *(indent + s for s in secret)]
        lines += [f"{indent}# STARTER", f"{indent}# pass"] * starter + [f"{indent}# END SOLUTION"]
        plain += [*before, *head, f"{indent}pass" if starter else f"{indent}raise NotImplementedError"]
    out = handed_out("\n".join(lines), "a.py")
    assert "secret" not in out
    assert out.split("\n") == plain or not lines
    ast.parse(out)


@given(st.lists(PLAIN).map("\n".join))
def test_source_without_regions_is_unchanged(source):
    assert handed_out(source, "a.py") == source
    assert solved(source, "a.py") == source
