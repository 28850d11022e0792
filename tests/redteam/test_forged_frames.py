"""What a submission writes on the wire's own descriptor costs its own marks, little time, and little of the grader's memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import every_other

FORGE = """
import itertools, os, struct, sys, threading, time
import msgspec
enc, Ext = msgspec.msgpack.encode, msgspec.msgpack.Ext

def asked():
    frame = sys._getframe()
    while "request" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["request"].id

def write(data):
    view = memoryview(data)
    while view:
        view = view[os.write(3, view):]

def send(raw, blob=b"", id=None, lengths=None, failure=b"\\xc0"):
    header = b"\\x93" + enc(asked() if id is None else id) + raw + failure
    write(struct.pack(">IQ", *(lengths or (len(header), len(blob)))) + header + blob)

def array(dtype, shape, start=0, scalar=False):
    return enc(Ext(1, enc((dtype, shape, start, scalar))))

def nest(depth):
    raw = b"\\xc0"
    for _ in range(depth):
        raw = enc(Ext(3, enc([msgspec.Raw(raw)])))
    return raw

def tuples(count):
    return [Ext(6, struct.pack(">dd", -1000003.0 * k, float(k))) for k in range(count)]

P = 2**61 - 1
"""

FRAMES = {
    "a huge length": "send(b'', lengths=(2**32 - 1, 2**63))",
    "a length above the cap": "send(b'', lengths=(10, 2**26 + 1))",
    "another id": "send(b'\\xc3', id=asked() + 1)",
    "a negative id": "send(b'\\xc3', id=-1)",
    "an id that is text": "send(b'\\xc3', id='1')",
    "no message": "write(struct.pack('>IQ', 4, 0) + b'\\xc1\\xc1\\xc1\\xc1')",
    "an empty message": "write(struct.pack('>IQ', 0, 0))",
    "lists in lists": "send(b'\\x91' * 800 + b'\\xc0')",
    "lists in lists to the end": "send(b'\\x91' * 500_000 + b'\\xc0')",
    "tuples in tuples": "send(nest(40))",
    "tuples in tuples to the end": "send(nest(900))",
    "a million lists": "send(b'\\xdd' + struct.pack('>I', 10**6) + b'\\x90' * 10**6)",
    "keys whose hashes collide": "send(enc(Ext(7, enc([Ext(8, hex(P * k).encode()) for k in range(2**10, 2**10 + 40_000)]))))",
    "complex keys": "send(enc(Ext(10, enc([(key, 1) for key in tuples(40_000)]))))",
    "a map": "send(b'\\x81\\x01\\x02')",
    "a map of tuples": "send(b'\\x81\\x92\\x01\\x02\\x03')",
    "a date": "send(enc(Ext(-1, bytes(8))))",
    "an unknown kind": "send(enc(Ext(99, b'')))",
    "a list as key": "send(enc(Ext(10, enc([[[1], 2]]))))",
    "a pair of three": "send(enc(Ext(10, enc([[1, 2, 3]]))))",
    "half a complex number": "send(enc(Ext(6, b'123')))",
    "an integer without end": "send(enc(Ext(8, b'f' * 500_000)))",
    "an integer of words": "send(enc(Ext(8, b'one')))",
    "a tensor of nothing": "send(enc(Ext(9, enc([1, True]))))",
    "a slice of four": "send(enc(Ext(4, enc([1, 2, 3, 4]))))",
    "objects": "send(array('|O', (1,)), bytes(8))",
    "records": "send(array('|V8', (1,)), bytes(8))",
    "text": "send(array('<U2', (1,)), bytes(8))",
    "dates": "send(array('M8', (1,)), bytes(8))",
    "a dtype of its own": "send(array('(2)f', (1,)), bytes(8))",
    "a shape that overflows": "send(array('<f8', (2**63, 2)), bytes(8))",
    "a shape that overflows to nothing": "send(array('<f8', (2**32, 2**32)), bytes(8))",
    "a huge shape of nothing": "send(array('<f8', (2**62, 0, 2**62)), bytes(8))",
    "a negative shape": "send(array('<f8', (-1,)), bytes(8))",
    "too many dimensions": "send(array('<f8', (1,) * 65), bytes(8))",
    "a start before the bytes": "send(array('<f8', (1,), -8), bytes(8))",
    "a start after the bytes": "send(array('<f8', (1,), 8), bytes(8))",
    "the same bytes many times": "send(enc([Ext(1, enc(('|u1', (30 << 20,), 0, False)))] * 200), bytes(30 << 20))",
    "a failure of numbers": "send(b'\\xc0', failure=enc([1, 2, 3, 4]))",
}


@pytest.fixture
def peak(grade):
    """The most memory that the grader has held, in MiB, and how much that has grown."""

    def read() -> int:
        lines = Path(f"/proc/{grade.worker.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) >> 10 for line in lines if line.startswith("VmHWM:"))

    return read


@pytest.mark.parametrize("frame", every_other(FRAMES))
def test_a_forged_frame_ends_the_process_and_nothing_else(grade, frame, peak):
    before = peak()
    verdict = grade(f"{FORGE}\ndef name():\n    {FRAMES[frame]}\n    time.sleep(60)\n")
    assert verdict.outcome("test_last") == "protocol"
    assert verdict.message("test_last").startswith("your program's process sent ")
    assert verdict.points == 9
    assert peak() - before < 250


def test_bytes_that_never_become_a_message(brief):
    verdict = brief(
        f"{FORGE}\ndef name():\n    write(struct.pack('>IQ', 1 << 20, 1 << 26))\n    while True: write(b'x'); time.sleep(.01)"
    )
    assert (verdict.outcome("test_last"), verdict.points) == ("timeout", 9)
    assert verdict.message("test_last") == "it ran longer than the time for this check"


def test_a_flood(brief):
    verdict = brief(f"{FORGE}\ndef name():\n    while True: send(b'\\xa6honest')")
    assert verdict.points >= 9  # the first answer is what `name` answers
    verdict = brief(f"{FORGE}\ndef add(a, b):\n    while True: send(b'\\xa6honest')")
    assert not verdict.passed & {"test_add", "test_hidden"}


@pytest.mark.parametrize(
    "close", ["os.close(3)", "os.closerange(0, 64)", "os.dup2(1, 3)", "os.close(1); os.close(2); os.close(3)"]
)
def test_a_closed_wire_is_not_waited_for(grade, close):
    verdict = grade(f"import os, time\ndef name():\n    {close}\n    time.sleep(60)")
    assert (verdict.outcome("test_last"), verdict.points) == ("crashed", 9)
    assert verdict.message("test_last") == "the process closed the channel on which it answers"


def test_an_answer_sent_in_advance_is_only_an_answer(grade):
    verdict = grade(f"""{FORGE}
def later(number):
    time.sleep(0.1)
    for step in range(1, 12):
        send(b'\\xc3', id=number + step)
def predict(x):
    threading.Thread(target=later, args=(asked(),)).start()
    return np.zeros(64)
def name():
    time.sleep(0.3)
    return "not honest"
""")
    assert verdict.outcome("test_labels") == "failed"
    assert verdict.outcome("test_last") in ("protocol", "failed")
    assert verdict.points < 10


def test_a_thread_that_answers_between_checks(grade):
    verdict = grade(f"""{FORGE}
def answer():
    for number in itertools.count(1):
        send(b'\\xc3', id=number % 40)
def add(a, b):
    threading.Thread(target=answer, daemon=True).start()
    time.sleep(0.05)
    return 0 * a
""")
    assert not verdict.passed & {"test_add", "test_hidden"}
    assert set(verdict.outcomes.values()) <= {"passed", "failed", "protocol", "broken", "raised"}


def test_handles_of_other_objects_are_only_the_students_own(brief):
    verdict = brief(f"""{FORGE}
class Model:
    def __init__(self, n): pass
def predict(x):
    send(enc([Ext(2, enc((number, "method"))) for number in range(-100, 3_000)]))
    time.sleep(60)
def name():
    send(enc(Ext(2, enc((1, "str")))))
    time.sleep(0.5)  # its check is over at once, and what comes next waits for it
""")
    assert verdict.passed == {"test_add", "test_hidden"}


def test_an_error_of_the_sandbox_cannot_be_claimed(grade):
    verdict = grade("class SandboxError(Exception): pass\ndef name(): raise SandboxError('no sandbox, so full marks')")
    assert (verdict.outcome("test_last"), verdict.points) == ("raised", 9)


def test_more_and_more_data_in_one_check(monkeypatch, limits):
    from practicum.sandbox.fork_server import Sandbox
    from practicum.sandbox.guest import caps
    from practicum.sandbox.link import Link
    from practicum.sandbox.outcome import Died
    from practicum.sandbox.proxy import StudentCode

    monkeypatch.setattr(caps, "CHECK_BYTES", 8 << 20)
    source = b"import numpy as np\ndef many():\n    while True: yield np.ones(30_000)\n"
    with Sandbox(["numpy"], limits) as sandbox:
        opened = []

        def start():
            opened.append(sandbox.open({"answer.py": source}, {}, 0))
            return opened[-1]

        link = Link(start, 60.0)
        link.begin(30.0, 0)
        with pytest.raises(Died, match="more data in one check") as died:
            list(StudentCode(link, {}).answer.many())
        assert died.value.outcome == "protocol"
        opened[0].kill()
