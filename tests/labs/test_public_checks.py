"""Students receive the public checks, and not a word of the others."""

from __future__ import annotations

import ast

import pytest

from practicum.errors import PracticumError
from practicum.labs.public_checks import public_checks

CHECKS = '''"""Checks of the answer."""

from __future__ import annotations

import math
import secret_module
import numpy as np
import pytest
from helpers import shared, secret_helper
from practicum import checks
from practicum.checks import (
    assert_close,
    hidden,
    points,
)

# how close is close enough
TOLERANCE = 1e-6
SECRET_SEED = 4242  # secret
TABLE = {"a": 1}
SECRET_TABLE = {}
SECRET_TABLE["x"] = "secret"
SECRET_LIST = []
SECRET_LIST += ["secret"]
np.seterr(all="ignore")
print(SECRET_SEED)
TABLE["b"] = make_b()

# secret comment that floats


# A comment above a public helper.
def near(value):
    hidden = 20  # a layer's width, not the mark
    solution = value
    return solution, hidden, math.inf


def make_b():
    return 2


def solution():
    """secret helper that shares its name with a local variable"""
    return SECRET_SEED


def secret_chain():
    return secret_module.f(solution())


@pytest.fixture
def batch():
    return np.ones(3)


@pytest.fixture
def secret_batch(batch):
    return batch * 4242


@pytest.fixture(autouse=True)
def quiet():
    yield


@points(1, hint="look")
def test_public(student, batch):
    """A public title"""
    assert_close(near(batch), TABLE["a"], TOLERANCE)
    shared()


# secret comment above
# in two lines
@hidden
# secret comment between decorators
@points(2, hint="secret hint is shown elsewhere")
def test_secret(student, secret_batch):
    """secret docstring"""
    assert secret_chain() == secret_helper(SECRET_TABLE)
    # secret tail
# secret comment without a blank line


@checks.hidden
@points(3)
class TestSecret:
    """secret class"""

    def test_it(self):
        """secret method"""


@points(4)
@pytest.mark.usefixtures("by_name")
def test_last(student):
    pass


@pytest.fixture
def by_name():
    return 1
'''

HELPERS = '''"""Helpers."""
import math

SECRET_KEY = "secret"


def shared():
    return math.pi


def secret_helper(x):
    return SECRET_KEY
'''


def texts(lab) -> dict[str, str]:
    return {name: data.decode() for name, data in public_checks(lab).items()}


def test_nothing_hidden_goes_out_and_all_public_does(make_lab):
    lab = make_lab(
        files={
            "checks/test_answer.py": CHECKS,
            "checks/helpers.py": HELPERS,
            "checks/secret_module.py": "def f(x):\n    return 'secret'\n",
            "checks/test_secret_only.py": "from practicum.checks import hidden\n@hidden\ndef test_x(): 'secret'\n",
            "checks/secret_data.txt": "secret",
        }
    )
    public = texts(lab)
    assert set(public) == {"test_answer.py", "helpers.py"}
    for text in public.values():
        ast.parse(text)
        assert "secret" not in text.lower()
        assert "4242" not in text
    body = public["test_answer.py"]
    for needed in ("def near", "def make_b", 'TABLE["b"] = make_b()',
                   "def batch", "def quiet", "def test_public", "def test_last", "def by_name", "import math",
                   "TOLERANCE = 1e-6", "# how close is close enough", "# A comment above a public helper.", "np.seterr",
                   "from __future__ import annotations", '"""Checks of the answer."""', "hidden = 20",
                   "from practicum.checks import assert_close, points"):  # fmt: skip
        assert needed in body
    assert "def solution" not in body
    assert "from helpers import shared\n" in body
    assert "def shared" in public["helpers.py"]


def test_what_is_all_public_stays_as_it_stands(make_lab):
    lab = make_lab()
    source = (lab.checks / "test_answer.py").read_text()
    assert texts(lab) == {"test_answer.py": source}


def test_the_mark_under_another_name(make_lab):
    lab = make_lab(
        files={
            "checks/test_answer.py": "from practicum.checks import hidden as later, points\n\n\n"
            "@later\ndef test_a(): 'secret'\n\n\n@points(1)\ndef test_b(): pass\n"
        }
    )
    assert texts(lab) == {"test_answer.py": "from practicum.checks import points\n\n\n@points(1)\ndef test_b(): pass\n"}


@pytest.mark.parametrize(
    ("code", "line", "problem"),
    [
        ("test_a = hidden(test_a)", 9, "only as `@hidden` above a top-level definition"),
        ("pytestmark = checks.hidden", 9, "only as `@hidden` above a top-level definition"),
        ("class TestX:\n    @hidden\n    def test_b(self): pass", 11, "only as `@hidden` above a top-level definition"),
        ("if True:\n    @checks.hidden\n    def test_b(): pass", 11, "only as `@hidden` above a top-level definition"),
        ("def mark(f):\n    return hidden(f)", 9, "only as `@hidden` above a top-level definition"),
        ("@hidden\ndef test_b(): pass\n\ndef test_c():\n    test_b()", 12, "to do without test_b, which is hidden"),
        ("a = 1; b = 2", 9, "one statement per line"),
        ("def test_d(:", 9, "expected valid Python"),
    ],
)
def test_what_cannot_be_taken_apart_is_refused(make_lab, code, line, problem):
    lab = make_lab(
        files={
            "checks/test_answer.py": "from practicum import checks\n"
            f"from practicum.checks import hidden\n\n\ndef test_a():\n    pass\n\n\n{code}\n"
        }
    )
    with pytest.raises(PracticumError) as error:
        public_checks(lab)
    assert f"test_answer.py:{line}: expected" in str(error.value)
    assert problem in str(error.value)


def test_conftest_goes_out_as_far_as_public_checks_use_it(make_lab):
    conftest = (
        "import pytest\n\n\n@pytest.fixture\ndef moons():\n    return 1\n\n\n@pytest.fixture\ndef secret_moons():\n    return 2\n"
    )
    check = "def test_a(student, moons): pass\n"
    lab = make_lab(files={"checks/conftest.py": conftest, "checks/test_answer.py": check})
    assert texts(lab)["conftest.py"] == "import pytest\n\n\n@pytest.fixture\ndef moons():\n    return 1\n"
    lab = make_lab(files={"checks/test_answer.py": "def test_a(student): pass\n"})
    assert set(texts(lab)) == {"test_answer.py"}


def test_a_module_used_as_a_whole(make_lab):
    helpers = "SECRET = 1\n\n\ndef a():\n    return 2\n"
    lab = make_lab(
        files={"checks/helpers.py": helpers, "checks/test_answer.py": "import helpers\n\n\ndef test_a():\n    helpers.a()\n"}
    )
    assert texts(lab)["helpers.py"] == "def a():\n    return 2\n"
    lab = make_lab(files={"checks/test_answer.py": "import helpers\n\n\ndef test_a():\n    vars(helpers)\n"})
    assert texts(lab)["helpers.py"] == helpers
