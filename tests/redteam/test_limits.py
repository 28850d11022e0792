"""Exits, signals, and taking more than there is: each costs the check it happened in, and nobody else anything."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

ENDS = {
    "os._exit(0)": "ended itself (exit code 0)",
    "os._exit(77)": "ended itself (exit code 77)",
    "os.abort()": "ended by SIG",
    "ctypes.string_at(0)": "ended by SIGSEGV",
    "resource.setrlimit(resource.RLIMIT_CPU, (0, 0)); [0 for _ in iter(int, 1)]": "",
    "os.execv('/bin/true', ['true'])": "ended itself (exit code 0)",
    "sys.setrecursionlimit(10**9); exec('class C:\\n def __repr__(s): return repr(s)\\nrepr(C())')": "",
}


@pytest.mark.parametrize("end", ENDS)
def test_an_end_costs_the_check_it_happens_in(grade, end):
    verdict = grade(f"import ctypes, os, resource, sys\ndef add(a, b):\n    {end}\n    return 0 * a\n")
    assert verdict.outcome("test_add") in ("crashed", "timeout", "raised", "memory")
    assert ENDS[end] in verdict.message("test_add")
    assert verdict.passed == {"test_model", "test_labels", "test_last"}
    assert verdict.graded.restarts <= 2


@pytest.mark.parametrize(
    "error", ["SystemExit(0)", "KeyboardInterrupt()", "GeneratorExit()", "RecursionError()", "BaseException()"]
)
def test_an_exit_that_is_an_exception_is_one(grade, error):
    verdict = grade(f"def add(a, b): raise {error}")
    assert (verdict.outcome("test_add"), verdict.graded.restarts) == ("raised", 0)
    assert verdict.message("test_add").startswith("your code raised " + error.partition("(")[0])


def test_an_exit_in_a_destructor(grade):
    verdict = grade("""
        import os
        class Late:
            def __del__(self): raise SystemExit("full marks")
        class Later(np.ndarray):
            def __del__(self): os._exit(0)
        def add(a, b):
            Late()
            return a + b
        def predict(x):
            return np.zeros(64).view(Later)
    """)
    assert verdict.outcome("test_add") == "passed"
    assert verdict.outcome("test_labels") in ("failed", "crashed")
    assert "full marks" not in verdict.shown


def test_signals_reach_nobody_else(grade):
    before = grade.worker.process.pid
    verdict = grade("""
        import os, signal
        def name():
            for process in (os.getppid(), 0, -1, 1):
                for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGSTOP, signal.SIGKILL):
                    try: os.kill(process, number)
                    except OSError: pass
            try: os.killpg(0, signal.SIGKILL)
            except OSError: pass
            return "honest"
    """)
    assert verdict.outcome("test_last") in ("passed", "crashed", "raised")  # a process 1 is deaf to itself
    assert grade.worker.process.pid == before
    assert grade.worker.process.poll() is None


@pytest.mark.parametrize(
    "sleep",
    [
        "while True: pass",
        "time.sleep(600)",
        "threading.Lock().acquire(); lock = threading.Lock(); lock.acquire(); lock.acquire()",
        "re.match(r'(a+)+$', 'a' * 64 + 'b')",
    ],
)
def test_what_does_not_end_is_ended(brief, sleep):
    verdict = brief(f"import re, threading, time\ndef name():\n    {sleep}\n")
    assert verdict.outcome("test_last") in ("timeout", "memory")
    assert verdict.points == 9


def test_an_import_that_hangs_costs_its_time_once(brief):
    verdict = brief("import time\ntime.sleep(600)")
    assert set(verdict.outcomes.values()) == {"timeout"}
    assert verdict.graded.restarts <= 1


def test_a_sleep_at_the_end_and_a_destructor_without_end_cost_nothing(grade):
    began = time.monotonic()
    verdict = grade("""
        import atexit, threading, time
        atexit.register(time.sleep, 600)
        threading.Thread(target=time.sleep, args=(600,)).start()
        class Endless:
            def __del__(self):
                while True: pass
        KEPT = Endless()
    """)
    assert verdict.points == 10
    assert time.monotonic() - began < 300  # half of the sleep: nobody waits for it


def test_processor_time_is_limited_over_all_checks(tmp_path, make_lab, make_arena):
    arena = make_arena(make_lab(tmp_path / "cpu", cpu_seconds=1))
    verdict = arena("""
        import threading
        def burn():
            while True: pass
        def add(a, b):
            threading.Thread(target=burn, daemon=True).start()
            return a + b
        def predict(x):
            while True: pass
    """)
    assert "timeout" in verdict.outcomes.values()
    assert verdict.outcome("test_last") == "passed"


@pytest.mark.parametrize(
    "bomb",
    [
        "while True: os.fork()",
        "while os.fork() == 0: pass\n    time.sleep(60)",
        "os.system('x() { x | x & }; x'); time.sleep(60)",
        "[threading.Thread(target=time.sleep, args=(60,)).start() for _ in range(10_000)]; time.sleep(60)",
        "[subprocess.Popen(['sleep', '60']) for _ in range(500)]",
    ],
)
def test_a_bomb_of_processes_or_threads(brief, bomb):
    verdict = brief(f"import os, subprocess, threading, time\ndef name():\n    {bomb}\n")
    assert verdict.outcome("test_last") in ("raised", "processes", "timeout", "crashed", "memory")
    assert verdict.points == 9


MEMORY = {
    "a list": "x = [bytes(1 << 20) for _ in range(4000)]",
    "an array": "x = np.ones(1 << 30)",
    "arrays": "x = [np.ones(1 << 20) for _ in range(400)]",
    "text": "x = 'x' * (3 << 30)",
    "private memory": "x = mmap.mmap(-1, 1 << 30, mmap.MAP_PRIVATE | 32)\n    for i in range(0, 1 << 30, 4096): x[i] = 1",
    "shared memory": "x = mmap.mmap(-1, 1 << 30)\n    for i in range(0, 1 << 30, 4096): x[i] = 1",
    "memory in files": "f = os.memfd_create('x')\n    while True: os.write(f, bytes(1 << 20))",
    "children": "[os.fork() for _ in range(3)]\n    x = [bytes(1 << 20) for _ in range(150)]\n    time.sleep(60)",
    "folders of files": "for i in range(10**6): open(f'/dev/shm/{i}', 'wb').write(bytes(1 << 20))",
    "an integer": "x = 1 << (1 << 34)",
    "System V": "ctypes.CDLL(None, use_errno=True).shmget(0, 1 << 30, 0o1600) != -1 or [][0]\n    x = np.ones(1 << 30)",
}


OTHER_FORMS = {"a list", "text", "an integer", "System V"}  # of "arrays", "an array" and "memory in files"


@pytest.mark.parametrize(
    "bomb", [pytest.param(each, marks=pytest.mark.thorough) if each in OTHER_FORMS else each for each in MEMORY]
)
def test_a_bomb_of_memory(brief, bomb):
    verdict = brief(f"import ctypes, mmap, os, time\ndef name():\n    {MEMORY[bomb]}\n    return 'honest'\n")
    assert verdict.outcome("test_last") in ("memory", "raised", "timeout")
    assert verdict.points == 9


def test_what_memory_is_taken_for_is_said(grade):
    verdict = grade("def name():\n    x = [np.ones(1 << 17) for _ in range(4000)]\n")
    assert verdict.outcome("test_last") == "memory"
    assert "200 MiB" in verdict.message("test_last") or "MemoryError" in verdict.message("test_last")


@pytest.mark.parametrize(
    ("bomb", "said"),
    [
        ("open('x', 'wb').write(bytes(100 << 20))", ("OSError", "crashed")),
        ("[open(f'/tmp/{i}', 'wb').write(bytes(5 << 20)) for i in range(100)]", ("No space left",)),
        ("[open(f'/tmp/{i}', 'wb').close() for i in range(10**6)]", ("No space left",)),
        ("[os.mkdir('/tmp/' + '/'.join('d' * i)) for i in range(1, 10**6)]", ("OSError", "No space left")),
        ("[os.open('/dev/null', 0) for _ in range(10**6)]", ("Too many open files",)),
        ("[os.pipe() for _ in range(10**6)]", ("Too many open files",)),
    ],
)
def test_a_bomb_of_files(grade, bomb, said):
    verdict = grade(f"import os\ndef name():\n    {bomb}\n    return 'honest'\n")
    assert verdict.outcome("test_last") in ("raised", "timeout", "crashed")
    assert verdict.points == 9
    if verdict.outcome("test_last") == "raised":
        assert any(words in verdict.message("test_last") for words in said)


@pytest.mark.parametrize("where", ["sys.stdout", "sys.stderr"])
def test_sixty_megabytes_of_output(grade, where):
    verdict = grade(f"import sys\ndef name():\n    for _ in range(60): {where}.write('x' * (1 << 20))\n    return 'honest'\n")
    assert verdict.outcome("test_last") == "output"
    assert verdict.message("test_last") == "it printed more than 64 KiB"


def test_progress_bars_and_warnings_cost_nothing(grade):
    verdict = grade("""
        import sys, warnings
        def name():
            warnings.warn("this is only a warning")
            for i in range(300): print(f"\\r{i}%|####", end="", file=sys.stderr, flush=True)
            return "honest"
    """)
    assert verdict.points == 10


def state(pid: int) -> str:
    """One letter, as in `ps`."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def children_of(pid: int) -> set[int]:
    found, todo = set(), [pid]
    while todo:
        for task in Path(f"/proc/{todo.pop()}/task").glob("*/children"):
            try:
                new = {int(pid) for pid in task.read_text().split() if state(int(pid)) not in "ZX"} - found
            except OSError:
                continue
            found |= new
            todo += new
    return found


def test_a_daemon_outlives_its_check_and_not_its_submission(grade):
    grade.honest()
    before = len(children_of(grade.worker.process.pid))
    verdict = grade("""
        import os, signal, time
        def add(a, b):
            if os.fork() == 0:
                for number in (1, 2, 15): signal.signal(number, signal.SIG_IGN)
                os.setsid()
                if os.fork() == 0:
                    while True: time.sleep(60)
                os._exit(0)
            return a + b
    """)
    assert verdict.points == 10
    wanted = time.monotonic() + 60
    while (left := len(children_of(grade.worker.process.pid))) > before and time.monotonic() < wanted:
        time.sleep(0.05)  # the keeper of the last submission ends a moment after it
    assert left <= before


def test_a_child_that_comes_back_to_the_loop_answers_nothing(grade):
    verdict = grade("import os\ndef add(a, b):\n    os.fork()\n    return a + b\n")
    assert verdict.points == 10


def test_forty_submissions_leave_nothing_behind(grade, make_job, honest_source):
    pid = grade.worker.process.pid

    def held() -> tuple[int, int, int]:
        grade.honest()
        status = Path(f"/proc/{pid}/status").read_text()
        descriptors = len(os.listdir(f"/proc/{pid}/fd")) if os.access(f"/proc/{pid}/fd", os.R_OK) else 0
        return descriptors, int(status.split("VmRSS:")[1].split()[0]), len(children_of(pid))

    hostile = [
        "import os; os._exit(3)",
        "def add(a, b): raise SystemExit",
        "x = (",
        honest_source + "def name():\n    while 1: print('x' * 1000)",
    ]
    for number in range(8):
        grade.worker.grade(make_job(honest_source if number % 2 else hostile[number % 8 // 2]))
    descriptors, memory, children = held()
    for number in range(32):
        grade.worker.grade(make_job(honest_source if number % 2 else hostile[number % 8 // 2]))
    wanted = time.monotonic() + 60
    while ((after := held())[2] > children + 1 or after[0] > descriptors) and time.monotonic() < wanted:
        time.sleep(0.05)  # the last process's own end
    assert after[0] <= descriptors
    assert after[1] - memory < 4 << 10  # KiB
    assert after[2] <= children + 1
    groups = list(Path("/sys/fs/cgroup").glob(f"**/practicum-{pid}-*"))
    assert len(groups) <= 6  # three of the process made ahead, and the kernel may still be taking the last one down
