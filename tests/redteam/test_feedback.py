"""A hidden check tells a student that it failed, and carries nothing of its inputs; no text of a student's harms who reads it."""

from __future__ import annotations

import pytest

from tests.conftest import every_other

CARRIERS = {
    "a message": "raise ValueError(str(a))",
    "a type": "raise type('T' + secret, (Exception,), {})()",
    "a builtin's name with more": "raise type('ValueError' + secret, (ValueError,), {})(secret)",
    "a function's name": "exec(compile(f'def f{secret}(): raise ValueError\\nf{secret}()', 'answer.py', 'exec'), {})",
    "a file's name": "exec(compile('raise ValueError', f'/submission/{secret}.py', 'exec'))",
    "a cell's name": "exec(compile('raise ValueError', f'<cell 1 of {secret}>', 'exec'))",
    "a line's number": "exec(compile('\\n' * (int(secret) % 60_000 + 99) + 'raise ValueError', '/submission/answer.py', 'exec'))",
    "a line's text": "exec(compile('raise ValueError  # ' + secret, '/submission/answer.py', 'exec'))",
    "an exit code": "os._exit(int(secret) % 200 + 1)",
    "a signal": "signal.signal(10 + int(secret) % 20, signal.SIG_DFL) if False else os.kill(os.getpid(), 9) or os._exit(9)",
    "a missing name": "raise NotImplementedError(secret)",
    "a type of handle": "return type('H' + secret, (), {})()",
    "printed text": "print(secret); print(secret, file=sys.stderr); raise ValueError",
    "which built-in it is": "raise [BufferError, EOFError, LookupError][int(secret) % 3]()",
    "a line of a given file": "made('\\n' * (int(secret) // 8 % 2) + 'def f(): 1 / 0', '/submission/given.py')()",
    "a line after the last": "made('\\n' * (int(secret) % 60_000 + 99) + 'def f(): 1 / 0', '/submission/answer.py')()",
    "a cause": "raise ValueError from RuntimeError(secret)",
    "notes": "e = ValueError(); e.add_note(secret); raise e",
    "a syntax error": "raise SyntaxError(secret, (f'/submission/{secret}.py', int(secret) % 10_000, 1, secret))",
    "a forged integer": "os.write(3, forged(Ext(8, secret.encode() + b' no number'))); time.sleep(60)",
    "a forged dtype": "os.write(3, forged(Ext(1, enc((secret, (1,), 0, False))))); time.sleep(60)",
    "forged lengths": "os.write(3, struct.pack('>IQ', 2**31 + int(secret), 2**62 + int(secret))); time.sleep(60)",
    "a forged failure": "os.write(3, forged(None, ['E' + secret, secret, secret + '.py:1 in f: x', False])); time.sleep(60)",
    "a wrong value": "return np.full(a.shape, float(secret))",
}

PRELUDE = """
import os, signal, struct, sys, time
import msgspec
enc, Ext = msgspec.msgpack.encode, msgspec.msgpack.Ext
def made(source, file):
    exec(compile(source, file, "exec"), globals())
    return f
def forged(value, failure=None):
    frame = sys._getframe()
    while "request" not in frame.f_locals: frame = frame.f_back
    header = enc([frame.f_locals["request"].id, value, failure])
    return struct.pack(">IQ", len(header), 0) + header
def add(a, b):
    if a.shape == (4, 3): return a + b
    secret = str(int(a.sum() * 1e6) % 10**7 + 10**7)
    LINE
"""


@pytest.mark.parametrize("carrier", every_other(CARRIERS))
def test_a_hidden_checks_feedback_carries_nothing(request, make_job, honest_source, carrier):
    grade = request.getfixturevalue("brief" if carrier == "a forged failure" else "grade")  # its sleep meets the next check
    source = honest_source + PRELUDE.replace("LINE", CARRIERS[carrier])
    shown = []
    for seed in (1, 2):
        graded = grade.worker.grade(make_job(source, seed=seed))
        [hidden] = [check for check in graded.checks if check.name == "test_hidden"]
        assert hidden.points == 0
        shown.append((hidden.outcome, hidden.title, hidden.message, hidden.hint))
    assert shown[0] == shown[1], "what is shown depends on the hidden inputs"
    grade.honest()


def test_a_hidden_check_still_says_where(grade):
    verdict = grade("def predict(x):\n    return 1 / 0\n")
    assert verdict.message("test_labels") == "your code raised ZeroDivisionError at answer.py:26"
    assert "division" in verdict.checks["test_labels"].private


def test_marks_and_hints_of_a_hidden_check_that_passes_say_nothing(grade):
    verdict = grade("")
    assert (verdict.message("test_hidden"), verdict.checks["test_hidden"].private) == ("", "")


TEXTS = {
    "a huge message": "raise ValueError('x' * 50_000_000)",
    "a message that raises": "raise type('E', (Exception,), {'__str__': lambda s: 1 / 0})()",
    "a message that exits": "raise type('E', (Exception,), {'__str__': lambda s: exit()})()",
    "a message that is no text": "raise type('E', (Exception,), {'__str__': lambda s: 7})()",
    "lone surrogates": "raise ValueError('\\ud800\\udfff')",
    "surrogates in an answer": "return '\\ud800'",
    "a metaclass": "raise Named()",
    "a class that raises": "return Lying()",
    "a cause that is itself": "e = ValueError(); e.__cause__ = e; e.__context__ = e; raise e",
    "a deep recursion": "return name()",
    "a traceback without end": "exec('def f(n):\\n if n: f(n - 1)\\n raise ValueError\\nf(900)')",
    "an exception group": "raise ExceptionGroup('g' * 10_000, [ValueError('x' * 10_000)] * 100)",
}


@pytest.mark.parametrize("text", TEXTS)
def test_an_exception_however_odd_is_one_that_was_raised(grade, text):
    verdict = grade(f"""
        class Meta(type):
            @property
            def __name__(cls): raise RuntimeError("no name")
            def __instancecheck__(cls, x): raise RuntimeError("no check")
            def __subclasscheck__(cls, x): raise RuntimeError("no check")
        class Named(Exception, metaclass=Meta): pass
        class Lying:
            @property
            def __class__(self): raise RuntimeError("no class")
        def name():
            {TEXTS[text]}
    """)
    assert (verdict.outcome("test_last"), verdict.points) == ("raised", 9)
    assert verdict.message("test_last").startswith("your code raised ")
    assert len(verdict.message("test_last")) < 8000
    assert verdict.graded.restarts == 0


def test_a_message_that_never_ends(brief):
    verdict = brief("class E(Exception):\n    def __str__(self):\n        while True: pass\ndef name(): raise E()\n")
    assert (verdict.outcome("test_last"), verdict.points) == ("timeout", 9)


def test_no_escape_sequence_reaches_a_terminal(grade):
    verdict = grade("""
        def name():
            raise ValueError("\\x1b[2J\\x1b]0;full marks\\x07\\r10/10\\x9b31m \\u202e01/01 \\u200b\\ufeff")
    """)
    message = verdict.message("test_last")
    assert all(c.isprintable() or c == "\n" for c in message)
    assert message.startswith("your code raised ValueError: \\x1b[2J")


def test_a_missing_hand_in_and_one_that_does_not_parse(grade):
    for source, outcome in (("def add(:", "raised"), (b"\x00\xff\xfe", "raised"), (b"", "missing"), ("import nowhere", "raised")):
        verdict = grade(source, plus_honest=False)
        assert set(verdict.outcomes.values()) == {outcome}, source
        assert verdict.points == 0
    verdict = grade(b"x = 1", name="other.py")
    assert set(verdict.outcomes.values()) == {"missing"}
    assert verdict.message("test_add") == "answer.py was not submitted"
