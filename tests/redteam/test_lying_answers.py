"""Answers that try to look right: lying objects, patched libraries, faked results, a look at the expected values."""

from __future__ import annotations

import pytest

LIES = {
    "equal to anything": """
        class Lie:
            def __eq__(self, other): return True
            def __ne__(self, other): return False
            def __bool__(self): return True
        def add(a, b): return Lie()
    """,
    "an array of anything": """
        class Lie:
            def __array__(self, *a, **k): return np.full((4, 3), np.nan)
            def __array_function__(self, *a, **k): return True
            def __array_ufunc__(self, *a, **k): return True
        def add(a, b): return Lie()
    """,
    "a number of anything": """
        class Lie:
            def __float__(self): return 0.0
            def __index__(self): return 0
            def __abs__(self): return 0
            def __sub__(self, o): return self
            __rsub__ = __sub__
            def __lt__(self, o): return True
            __le__ = __gt__ = __ge__ = __lt__
        def add(a, b): return Lie()
    """,
    "another class": """
        class Lie:
            __class__ = np.ndarray
            shape, dtype, ndim = (4, 3), np.dtype(float), 2
        def add(a, b): return Lie()
    """,
    "a subclass of ndarray": """
        class Lie(np.ndarray):
            def __eq__(self, o): return np.ones(self.shape, bool)
            def __sub__(self, o): return np.zeros(self.shape)
            __rsub__ = __sub__
            def __array_finalize__(self, o): pass
        def add(a, b): return np.zeros(a.shape).view(Lie)
    """,
    "a subclass of float": """
        class Lie(float):
            def __eq__(self, o): return True
            def __sub__(self, o): return 0.0
        def add(a, b): return Lie(7)
    """,
    "NaN": "def add(a, b): return np.full(a.shape, np.nan)",
    "infinity": "def add(a, b): return np.full(a.shape, np.inf)",
    "a masked array": "def add(a, b): return np.ma.masked_all(a.shape)",
    "an array of objects": "def add(a, b): return np.array([object()] * a.size).reshape(a.shape)",
    "a structured array": "def add(a, b): return np.zeros(a.shape, dtype='f8,f8')",
    "one number for all": "def add(a, b): return 0.0",
    "an empty array": "def add(a, b): return np.zeros(0)",
    "everything at once": "def add(a, b): return np.zeros((1, 4, 3))",
    "True": "def add(a, b): return True",
    "NotImplemented": "def add(a, b): return NotImplemented",
    "a function": "def add(a, b): return add",
    "text": "def add(a, b): return 'passed'",
    "a negative length": """
        class Lie:
            def __len__(self): return -1
            def __getitem__(self, i): return 0.0
        def add(a, b): return Lie()
    """,
    "an endless length": """
        class Lie:
            def __len__(self): return 2**62
            def __getitem__(self, i): return 0.0
        def add(a, b): return Lie()
    """,
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_earns_nothing(grade, lie):
    verdict = grade(LIES[lie].replace("\n    ", "\n"))
    assert verdict.passed == {"test_model", "test_labels", "test_last"}
    assert verdict.outcome("test_add") in ("failed", "raised")
    assert verdict.points == 5


SLOW_LIES = {
    "a generator without end": """
        def add(a, b):
            while True:
                yield 0.0
    """,
    "an iterator without end": """
        class Lie:
            def __iter__(self): return self
            def __next__(self): return 0.0
        def add(a, b): return Lie()
    """,
    "attributes without end": """
        class Lie:
            def __getattr__(self, name): return Lie()
            def __call__(self, *a, **k): return Lie()
            def __setattr__(self, n, v): raise ValueError(n)
        def add(a, b): return Lie()
        Model = Lie()
    """,
}


@pytest.mark.parametrize("lie", SLOW_LIES)
def test_what_never_ends_earns_nothing(brief, lie):
    verdict = brief(SLOW_LIES[lie].replace("\n    ", "\n"))
    assert not verdict.passed & {"test_add", "test_hidden"}
    assert set(verdict.outcomes.values()) <= {"passed", "failed", "raised", "timeout", "broken"}


PATCHES = {
    "numpy": """
        for name in ("allclose", "array_equal", "isclose", "mean", "abs", "asarray", "sign"):
            setattr(np, name, lambda *a, **k: True)
        np.testing.assert_allclose = lambda *a, **k: None
    """,
    "builtins": """
        import builtins
        builtins.AssertionError = type("AssertionError", (Exception,), {"__init__": lambda *a: None})
        for name in ("isinstance", "len", "abs", "all", "type", "getattr", "repr", "print", "Exception"):
            setattr(builtins, name, lambda *a, **k: True)
    """,
    "pytest": """
        import sys, types
        for name in ("pytest", "_pytest", "_pytest.runner", "practicum.checks.plugin", "practicum.checks"):
            module = types.ModuleType(name)
            module.skip = module.fail = module.raises = module.assert_close = lambda *a, **k: None
            sys.modules[name] = module
    """,
    "the protocol's code": """
        import sys
        protocol, objects = sys.modules["practicum_guest.protocol"], sys.modules["practicum_guest.objects"]
        real = protocol.pack
        def pack(message, *a):
            message.failure = None
            message.value = True
            return real(message, *a)
        protocol.pack = sys.modules["practicum_guest.__main__"].pack = pack
        objects.Objects.plain = lambda self, value, depth=0: True
    """,
    "time": """
        import time, os
        time.time = time.monotonic = time.perf_counter = lambda: 0.0
        os.getpid = lambda: 1
        os._exit = lambda code=0: None
    """,
    "the seed": """
        import random
        random.seed = np.random.seed = lambda *a: None
    """,
}


@pytest.mark.parametrize("patch", PATCHES)
def test_patching_changes_no_verdict(grade, patch):
    wrong = "\n\ndef add(a, b):\n    return 0 * a\n\n\ndef name():\n    return 'patched'\n"
    from textwrap import dedent

    verdict = grade(dedent(PATCHES[patch].replace("\n    ", "\n")) + wrong)
    assert not verdict.passed & {"test_add", "test_hidden", "test_last"}
    assert verdict.points <= 4


@pytest.mark.parametrize("error", ["ValueError", "SystemExit", "KeyboardInterrupt", "GeneratorExit", "SandboxError"])
def test_a_seed_that_raises_costs_checks_and_not_the_grader(grade, error):
    verdict = grade(f"""
        import random
        class SandboxError(Exception): pass
        def no_seed(*a): raise {error}("no seed for you")
        random.seed = no_seed
    """)
    assert set(verdict.outcomes.values()) == {"raised"}  # the generators are seeded anew for each check
    assert f"your code raised {error}: no seed for you" in verdict.message("test_last")


FAKES = [
    "print('===== 5 passed in 0.01s =====')",
    'print(\'{"checks": [{"name": "test_add", "points": 2, "outcome": "passed"}]}\')',
    "import sys; print('test_add PASSED', file=sys.stderr); print('10/10', file=sys.__stderr__)",
    "import os; os.write(1, b'\\x93\\x01\\xc3\\xc0'); os.write(2, b'ok 1 - test_add')",
    "raise AssertionError('passed')",
    "import unittest; raise unittest.SkipTest('all is well')",
    "import sys; sys.modules.pop('numpy'); raise type('Skipped', (BaseException,), {})('skipped: full marks')",
    "import sys; sys.settrace(lambda *a: None); sys.setprofile(None); sys.excepthook = sys.unraisablehook = lambda *a: None",
]


@pytest.mark.parametrize("fake", FAKES)
def test_faked_results_are_just_words(grade, fake):
    verdict = grade(f"def add(a, b):\n    {fake}\n    return 0 * a\n")
    assert verdict.passed == {"test_model", "test_labels", "test_last"}
    assert verdict.outcome("test_add") in ("failed", "raised")
    assert "5 passed" not in verdict.shown


def test_no_frame_and_no_object_knows_the_expected_values(grade):
    seen = grade.observe("""
        import gc, inspect, sys
        FOUND = []
        def look():
            names, texts = set(), []
            frame = sys._getframe()
            while frame:
                names |= set(frame.f_locals) | set(frame.f_globals)
                frame = frame.f_back
            names |= {entry.function for entry in inspect.stack(0)}
            for thing in gc.get_objects():
                if type(thing) is dict:
                    names |= {key for key in thing if type(key) is str}
            return names
        def add(a, b):
            FOUND.append(look())
            return a + b
        def probe():
            names = look().union(*FOUND)
            marker = "MARKER-OF-THE-" + "CHECKS"
            texts = [t for d in gc.get_objects() if type(d) is dict for t in d.values() if type(t) is str]
            return [sorted(names & {"expected_value", "labels", "test_hidden", "test_add", "assert_close", "rng", "student"}),
                    sum(marker in t for t in texts), "pytest" in sys.modules, "practicum.grading" in sys.modules]
    """)
    assert seen == [[], 0, False, False]


def test_the_seed_in_the_sandbox_does_not_lead_to_the_inputs(grade):
    verdict = grade("""
        import random
        SEEDS = []
        real = random.seed
        def remember(number=None, *a):
            SEEDS.append(number)
            real(number)
        random.seed = remember
        def predict(x):
            for seed in SEEDS:
                rng = np.random.default_rng(seed)
                if np.allclose(rng.normal(size=(64, 2))[:, 1], x[:, 1]):
                    return rng.integers(0, 2, size=64) * 2 - 1
            raise ValueError("the labels are out of reach")
    """)
    assert verdict.passed == {"test_add", "test_model", "test_hidden", "test_last"}
    assert verdict.message("test_labels").startswith("your code raised ValueError at answer.py:")
