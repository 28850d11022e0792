"""What every mode of the sandbox holds to; tricks against it are in tests/redteam."""

import os
import select
import signal
import sys
import time
from pathlib import Path

import pytest

from practicum.sandbox.bwrap import NoSandbox, refuse_visible
from practicum.sandbox.fork_server import Sandbox
from practicum.sandbox.link import Link
from practicum.sandbox.proxy import StudentCode
from tests.sandbox.conftest import LIMITS

CHILD = """
import os, time

def leave_a_child():
    pid = os.fork()
    if pid == 0:
        os.setsid()
        if os.fork() == 0:
            open("grandchild", "w").write(str(os.getpid()))
            time.sleep(60)
        time.sleep(60)
    while not os.path.exists("grandchild") or not open("grandchild").read():
        time.sleep(0.01)
    return pid, int(open("grandchild").read())
"""


def test_without_a_sandbox_the_whole_process_tree_still_ends():
    with Sandbox(["numpy"], LIMITS, "unsafe") as sandbox:
        process = sandbox.open({"answer.py": CHILD.encode()}, {}, 0)
        link = Link(lambda: process, 300.0)
        link.begin(60.0, 0)
        pids = StudentCode(link, {}).answer.leave_a_child()
        assert all(os.path.exists(f"/proc/{pid}") for pid in pids)
        process.kill()
        deadline = time.monotonic() + 60
        while any(_alive(pid) for pid in pids) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not any(_alive(pid) for pid in pids)


def _alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("mode", ["nested", "single"])
def test_nothing_stays_between_submissions(mode):
    source = "import os, tempfile\nplaces = (tempfile.gettempdir(), '/dev/shm', '.')\n"
    source += "def look(): return [os.listdir(p) for p in places]\n"
    source += "def leave():\n for p in places: open(p + '/x', 'w').write('x')\n"
    seen = []
    with Sandbox(["numpy"], LIMITS, mode) as sandbox:
        assert sandbox.mode == mode
        for _ in range(2):
            process = sandbox.open({"answer.py": source.encode()}, {}, 0)
            link = Link(lambda process=process: process, 300.0)
            link.begin(60.0, 0)
            answer = StudentCode(link, {}).answer
            seen.append(answer.look())
            answer.leave()
            assert all("x" in names and "x" not in before for names, before in zip(answer.look(), seen[-1], strict=True))
            process.kill()
    assert seen[0] == seen[1]


def test_a_warm_process_that_was_killed_is_started_again():
    with Sandbox(["numpy"], LIMITS) as sandbox:
        sandbox._server.kill()
        sandbox._server.wait()
        process = sandbox.open({"answer.py": b"x = 1"}, {}, 0)
        link = Link(lambda: process, 300.0)
        link.begin(60.0, 0)
        assert StudentCode(link, {}).answer.x == 1
        process.kill()


def test_a_process_made_ahead_that_was_killed_is_made_again():
    with Sandbox(["numpy"], LIMITS) as sandbox:
        ahead = sandbox._spare.result()
        signal.pidfd_send_signal(ahead.pidfd, signal.SIGKILL)
        select.select([ahead.pidfd], [], [])  # until it has ended
        process = sandbox.open({"answer.py": b"x = 1"}, {}, 0)
        assert process is not ahead
        link = Link(lambda: process, 300.0)
        link.begin(60.0, 0)
        assert StudentCode(link, {}).answer.x == 1
        sandbox.end(process)


def test_what_was_ended_or_made_ahead_is_gone_when_the_sandbox_closes():
    with Sandbox(["numpy"], LIMITS) as sandbox:
        made = [sandbox.open({"answer.py": b"x = 1"}, {}, 0) for _ in range(3)]
        made.append(sandbox._spare.result())
        assert all(Path(f"/proc/{process.pid}").exists() for process in made)
        for process in made[:2]:
            sandbox.end(process)
        made[2].kill()
    assert not any(Path(f"/proc/{process.pid}").exists() for process in made)


def test_a_lab_that_the_sandbox_would_show_is_refused(tmp_path):
    refuse_visible(tmp_path)
    refuse_visible(Path(sys.prefix) / "labs" / "perceptron")  # of an environment only what Python needs is shown
    with pytest.raises(NoSandbox, match="move it elsewhere"):
        refuse_visible(Path(sys.prefix) / "lib" / "labs" / "perceptron")
    with pytest.raises(NoSandbox, match="move it elsewhere"):
        refuse_visible(Path("/usr/share/labs"))
