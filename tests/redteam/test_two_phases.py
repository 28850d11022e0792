"""What a hidden check passes in stays with the hidden checks: no public check, whichever way it asks, can tell it."""

from __future__ import annotations

import json
import re

import pytest

from practicum.sandbox.fork_server import Sandbox
from practicum.sandbox.link import Link
from practicum.sandbox.proxy import StudentCode

# A way to carry a number from the checks that have it to the check that may speak: set up when the submission is loaded,
# `put(text)` in a hidden check, `get()` in the public one that comes after it in the file.
CHANNELS = {
    "a variable": "BOX = []\nput, get = BOX.append, lambda: ''.join(BOX)",
    "a file": "def put(text): open('note', 'a').write(text)\ndef get(): return open('note').read()",
    "a file in /tmp": "def put(text): open('/tmp/note', 'a').write(text)\ndef get(): return open('/tmp/note').read()",
    "a file in /dev/shm": "def put(text): open('/dev/shm/n', 'a').write(text)\ndef get(): return open('/dev/shm/n').read()",
    "an open file": "F = open('note', 'w+')\ndef put(text): F.write(text), F.flush()\ndef get(): return (F.seek(0), F.read())[1]",
    "shared memory": "import mmap\nF = open('m', 'wb+'); F.truncate(4096); M = mmap.mmap(F.fileno(), 4096); F.close()\n"
    "def put(text): M.seek(0), M.write(text.encode())\ndef get(): return M[:].strip(b'\\0').decode()",
    "a pipe": "R, W = os.pipe(); os.set_blocking(R, False)\ndef put(text): os.write(W, text.encode())\n"
    "def get(): return os.read(R, 4096).decode()",
    "a socket": "R, W = socket.socketpair(); R.setblocking(False)\ndef put(text): W.send(text.encode())\n"
    "def get(): return R.recv(4096).decode()",
    "an abstract socket": "S = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); S.bind('\\0note'); S.setblocking(False)\n"
    "def put(text): socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(text.encode(), '\\0note')\n"
    "def get(): return S.recv(4096).decode()",
    "a thread": "import queue\nQ, BOX = queue.Queue(), []\n"
    "threading.Thread(target=lambda: [BOX.append(Q.get()) for _ in range(99)], daemon=True).start()\n"
    "put = Q.put\ndef get(): time.sleep(0.05); return ''.join(BOX)",
    "a child": "def serve(s):\n    box = b''\n    while True:\n        data, who = s.recvfrom(4096)\n"
    "        box += data\n        if who: s.sendto(box, who)\n"
    "S = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); S.bind('\\0child')\n"
    "if os.fork() == 0: serve(S)\n"
    "def put(text): socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(text.encode(), '\\0child')\n"
    "def get():\n    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind('\\0me'); s.settimeout(1)\n"
    "    s.sendto(b' ', '\\0child'); return s.recv(4096).decode()",
    "a child of a check": "def put(text):\n    if os.fork() == 0:\n"
    "        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)\n"
    "        s.bind('\\0late'); s.listen()\n        c, _ = s.accept(); c.send(text.encode()); time.sleep(60)\n"
    "def get():\n    s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM); s.settimeout(1); s.connect('\\0late')\n"
    "    return s.recv(4096).decode()",
    "the network": "S = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); S.bind(('127.0.0.1', 4000)); S.setblocking(False)\n"
    "def put(text): socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(text.encode(), ('127.0.0.1', 4000))\n"
    "def get(): return S.recv(4096).decode()",
    "system V memory": "import ctypes\nL = ctypes.CDLL(None); L.shmat.restype = ctypes.c_void_p\n"
    "A = L.shmat(L.shmget(7, 4096, 0o1777), None, 0)\n"
    "def put(text): ctypes.memmove(A, text.encode(), len(text))\ndef get(): return ctypes.string_at(A).decode()",
    "a name of a process": "import ctypes\nL = ctypes.CDLL(None)\ndef put(text): L.prctl(15, text[:15].encode())\n"
    "def get(): b = ctypes.create_string_buffer(16); L.prctl(16, b); return b.value.decode()",
}

SPY = """
import os, socket, threading, time
{channel}
def tell(text):
    try: put(text)
    except Exception: pass
def add(a, b):
    if a.shape == (7,): tell("<%d>" % abs(int(a[0] * 1e9)))
    return a + b
def predict(x):
    tell("<%d>" % abs(int(x[0, 1] * 1e9)))
    return np.sign(x[:, 0]).astype(int)
def name():
    try: found = get()
    except Exception as error: found = "nothing: " + type(error).__name__
    raise RuntimeError("found " + found)
"""


@pytest.mark.parametrize("channel", CHANNELS)
def test_no_channel_leads_from_hidden_checks_to_public_ones(grade, channel):
    shown = {
        grade.worker.grade(job).checks[-1].message.partition("\n")[0]
        for job in _jobs(grade, SPY.format(channel=CHANNELS[channel]))
    }
    assert not [text for text in shown if re.search(r"<\d+>", text)], shown
    assert len(shown) == 1, f"what is shown depends on hidden inputs: {shown}"
    grade.honest()


def _jobs(grade, source):
    from tests.redteam.conftest import job

    return [job("import numpy as np\n" + grade.source + source, seed=seed) for seed in (1, 2)]


def test_a_table_from_the_first_attempt_earns_nothing_in_the_second(grade):
    """The attack whole: the first attempt tells what hidden checks asked, the second answers from a table."""
    first = grade("""
        import json
        SEEN = []
        def add(a, b):
            SEEN.append([a.tolist(), b.tolist()])
            return a + b
        def name(): raise RuntimeError(json.dumps(SEEN))
    """)
    told = first.message("test_last").removeprefix("your code raised RuntimeError: ")
    table = {str(a): list(map(sum, zip(a, b, strict=True))) for a, b in json.JSONDecoder().raw_decode(told)[0] if len(a) == 7}
    second = grade(f"TABLE = {table}\ndef add(a, b): return np.array(TABLE.get(str(a.tolist()), 0 * a))\n")
    assert first.outcome("test_hidden") == "passed"
    assert second.outcome("test_hidden") == "failed"
    assert table == {}


def test_results_stand_in_the_order_of_the_file(grade):
    assert [check.name for check in grade("").graded.checks] == [
        "test_add",
        "test_model",
        "test_hidden",
        "test_labels",
        "test_last",
    ]


def test_a_death_in_a_hidden_check_opens_no_way_to_a_public_one(grade):
    verdict = grade("""
        import os
        def add(a, b):
            if a.shape == (7,):
                open("/tmp/note", "w").write(str(a[0]))
                os._exit(0)
            return a + b
        def name(): raise RuntimeError(os.path.exists("/tmp/note"))
    """)
    assert verdict.outcome("test_hidden") == "crashed"
    assert verdict.message("test_last").startswith("your code raised RuntimeError: False")


def test_what_hidden_checks_take_decides_no_public_one(grade):
    """Time, output and files that hidden checks use up are not missing to public ones: that would be told, too."""
    verdict = grade("""
        def predict(x):
            print("x" * (60 << 10), flush=True)
            open("/tmp/big", "wb").write(bytes(11 << 20))
            return np.sign(x[:, 0]).astype(int)
        def name():
            print("x" * (60 << 10), flush=True)
            open("/tmp/other", "wb").write(bytes(11 << 20))
            return "honest"
    """)
    assert verdict.outcome("test_last") == "passed"


# How often a submission is loaded, told by the letters that it prints while it loads: the sandbox counts them.
COUNT = "import sys\nsys.stdout.write('x' * 1000); sys.stdout.flush()\n"
STATES = {
    "nothing": ("", 1),
    "a failing cell": ("def f(): return 1 / 0\n", 1),
    "a thread": ("import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n", 2),
    "a child": ("import os, time\nif os.fork() == 0: time.sleep(60); os._exit(0)\n", 2),
    "a file left open": ("F = open('open', 'w')\n", 2),
    "shared memory": ("import mmap\nF = open('m', 'wb+'); F.truncate(9); M = mmap.mmap(F.fileno(), 9); F.close()\n", 2),
    "a file that a public check writes": ("def name(): open('/tmp/x', 'w').write('x'); return 'honest'\n", 2),
    "a file written while loading": ("open('/tmp/x', 'w').write('x')\n", 1),
    "a child that a public check leaves": ("import os, time\ndef name():\n    if os.fork() == 0: time.sleep(60)\n", 2),
}


@pytest.fixture(scope="module")
def sandbox(limits):
    with Sandbox(["numpy"], limits) as warm:
        yield warm


@pytest.mark.parametrize("state", STATES)
def test_what_would_be_shared_is_loaded_again(sandbox, state):
    source, loads = STATES[state]
    processes = []

    def start():
        processes.append(sandbox.open({"answer.py": (COUNT + source).encode()}, {}, 0))
        return processes[-1]

    link = Link(start, 300.0, 60.0, modules=("answer",))
    student = StudentCode(link, {})
    seen = []
    for last in (False, True):
        link.phase(forks=not last)
        link.begin(60.0, 0)
        if student.exists("answer", "name"):
            student.answer.name()
        seen.append(student.exists("answer", "sys"))
    for process in processes:
        process.kill()
    assert seen == [True, True]
    assert len(processes) == loads
    assert sum(process.output.printed for process in processes) == 1000 * loads
    assert link.restarts == 0
