"""Where no cgroup can be made: memory that lies in no process, processors, and what others would feel. And the same with one."""

from __future__ import annotations

import fcntl
import os
import struct

import numpy as np
import pytest

from practicum.sandbox import cgroups
from practicum.sandbox.fork_server import Sandbox
from practicum.sandbox.link import Link
from practicum.sandbox.outcome import Died
from practicum.sandbox.processors import Processors
from practicum.sandbox.proxy import StudentCode


@pytest.fixture(scope="module")
def bare(limits):
    """A sandbox on a machine where no cgroup can be made, and no systemd answers."""

    def nowhere():
        raise OSError("no cgroup here")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cgroups, "find", nowhere)
        patch.setattr(cgroups, "scope", list)
        sandbox = Sandbox(["numpy"], {**limits, "memory_mib": 100.0})
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="module")
def held(limits):
    """A sandbox with cgroups."""
    with Sandbox(["numpy"], {**limits, "memory_mib": 100.0}) as sandbox:
        if not sandbox._holds("cpu"):
            pytest.skip("no cgroup of memory and processors can be made by this user")
        yield sandbox


@pytest.fixture
def submit():
    opened = []

    def open_one(sandbox, source):
        process = sandbox.open({"answer.py": source.encode()}, {}, 0)
        opened.append(process)
        link = Link(lambda: process, 300.0)
        link.begin(60.0, 0)
        return StudentCode(link, {}).answer, process

    yield open_one
    for process in opened:
        process.kill()


# Each holds at most 170 MiB, 70 more than it may, and then says that it could.
SOCKETS = """
import os, socket, time
def fill(end):
    end.setblocking(False)
    sent = 0
    try:
        while True: sent += end.send(bytes(1 << 16))
    except BlockingIOError:
        return sent
def pairs():
    held, sent = [], 0
    for _ in range(9):
        if os.fork() == 0: break
    for _ in range(25):
        held.append(socket.socketpair())
        sent += fill(held[-1][0]) + fill(held[-1][1])
    time.sleep(30)
def never_accepted():
    held, sent = [], 0
    for number in range(9):
        held.append(socket.socket(socket.AF_UNIX))
        held[-1].bind("\\0" + str(number))
        held[-1].listen(128)
        for _ in range(100):
            with socket.socket(socket.AF_UNIX) as client:
                client.connect("\\0" + str(number))
                sent += fill(client)
    time.sleep(5)
    return sent >> 20
def on_their_way():
    mail, held, sent = socket.socketpair(), [], 0
    for number in range(40):
        mine, other = socket.socketpair()
        sent += fill(mine) + fill(other)
        socket.send_fds(mail[0], [b"x"], [mine.fileno(), other.fileno()])
        mine.close(); other.close()
    return sent >> 20
"""


@pytest.mark.parametrize("way", ["pairs", "never_accepted"])
@pytest.mark.parametrize("who", ["bare", "held"])
def test_what_lies_in_sockets_is_memory(request, submit, way, who):
    answer, _ = submit(request.getfixturevalue(who), SOCKETS)
    with pytest.raises(Died) as died:
        getattr(answer, way)()
    assert died.value.outcome == "memory"


def test_descriptors_on_their_way_are_few(bare, submit):
    """Sent to itself and closed, they count for nobody's table of descriptors; the kernel allows as many as the table has."""
    answer, _ = submit(bare, SOCKETS)
    try:
        held = answer.on_their_way()
    except Exception as error:
        assert "Too many references" in str(error) or "memory" in str(error)  # noqa: PT017
    else:
        assert held <= 64 * 0.25


def test_without_a_cgroup_a_submission_has_processors_of_its_own(bare, submit):
    other = Processors(1)
    if len(os.sched_getaffinity(0)) > 1:
        assert not other.numbers & bare._processors.numbers
    other.close()
    answer, _ = submit(
        bare,
        """
import os
def children():
    found = []
    for _ in range(3):
        r, w = os.pipe()
        if os.fork() == 0:
            try: os.sched_setaffinity(0, range(os.cpu_count()))
            except OSError: pass
            os.write(w, repr(sorted(os.sched_getaffinity(0))).encode()); os._exit(0)
        found.append(eval(os.read(r, 1000)))
    return found
""",
    )
    assert answer.children() == 3 * [sorted(bare._processors.numbers)]
    assert len(bare._processors.numbers) == 1


def test_without_a_cgroup_the_run_says_so_aloud(bare):
    [note] = bare.notes
    assert note.startswith("WITHOUT CGROUPS (no cgroup here, and no systemd answers that would make some)")
    assert "a submission can exceed it for a moment" in note


BUSY = """
import os, time
def burn(children, seconds):
    began = time.monotonic()
    for _ in range(children):
        if os.fork() == 0:
            while time.process_time() < seconds: pass
            os._exit(0)
    for _ in range(children): os.wait()
    return time.monotonic() - began
"""


def test_many_busy_children_have_one_processor_together(bare, submit):
    """Four children with 0.1 s of work each: on one processor 0.4 s pass, less one period's share; on a slow machine more."""
    answer, _ = submit(bare, BUSY)
    assert answer.burn(4, 0.1) > 0.25


def test_many_busy_children_have_one_processor_together_in_a_cgroup(held, submit):
    answer, process = submit(held, BUSY)
    assert answer.burn(4, 0.1) > 0.25
    assert process.cgroup is not None
    quota = process.cgroup.folders["cpu"] / ("cpu.max" if process.cgroup.version == 2 else "cpu.cfs_quota_us")
    assert quota.read_text().split()[0] == "100000"  # of 100,000 microseconds: one processor
    assert held._processors.numbers == set()


LOCKS = """
import fcntl, os, struct
held = []
def lock(path):
    held.append(open(path))
    fcntl.flock(held[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.lockf(held[-1], fcntl.LOCK_SH | fcntl.LOCK_NB)
def lease(path):
    held.append(open(path))
    try:
        fcntl.fcntl(held[-1], 1024, fcntl.F_RDLCK)
    except OSError:
        return "refused"
def many():
    own = open("own", "wb")
    for byte in range(100_000):
        fcntl.lockf(own, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 2 * byte)
"""


def test_a_lock_or_lease_on_a_file_of_the_system_is_felt_by_nobody(bare, submit):
    answer, _ = submit(bare, LOCKS)
    path = np.__file__
    answer.lock(path)
    assert answer.lease(path) == "refused"
    with open(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        asked = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        assert struct.unpack("hhqqi", fcntl.fcntl(file, fcntl.F_GETLK, asked))[0] == fcntl.F_UNLCK
    answer.many()  # each would be memory of the kernel's that is nobody's


def test_memory_of_a_process_that_hides_is_still_counted(bare, submit):
    take = "return [bytes(range(256)) * 4096 for _ in range(200)]"
    answer, _ = submit(bare, f"import ctypes\ndef hide():\n    ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)\n    {take}\n")
    with pytest.raises(Died) as died:
        answer.hide()
    assert died.value.outcome == "memory"
