"""What can be read, written, called and connected to from within: the student's own files, and nothing that is anyone else's."""

from __future__ import annotations

import errno
import platform

import pytest

from practicum.sandbox.guest import confine
from practicum.sandbox.guest.system_calls import ALLOWED, CHECKED, MACHINES

PROBE = """
import errno, os, socket
def attempt(what, *args):
    try:
        return str(what(*args))[:200]
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
def read(path):
    with open(path, "rb") as f:
        return f.read(100)
def write(path):
    with open(path, "ab") as f:
        f.write(b"#")
    return "written"
"""


def test_nothing_of_the_checks_the_solution_or_another_submission_is_there(grade, lab, tmp_path):
    (tmp_path / "another-submission.py").write_text("")
    paths = [str(p) for p in (lab, lab / "checks", lab / "checks" / "test_answer.py", lab / "source" / "answer.py", tmp_path)]
    paths += [
        "/etc/passwd",
        "/etc/shadow",
        "/root/.bashrc",
        "/root/.ssh",
        "/home",
        "/var",
        "/sys",
        "/boot",
        "/run",
        "/mnt",
        "/srv",
    ]
    paths += ["/proc/1/environ", "/proc/self/maps", "/proc/self/mem", "/proc/self/fd", "/proc/sys", "/proc/kcore"]
    seen = grade.observe(f"{PROBE}\ndef probe(): return [[attempt(read, p), attempt(os.listdir, p)] for p in {paths!r}]")
    for path, (content, listing) in zip(paths, seen, strict=True):
        assert content in ("ENOENT", "EACCES"), path
        assert listing in ("ENOENT", "EACCES"), path


def test_practicum_itself_is_not_there(grade):
    seen = grade.observe("""
        import importlib, sys
        def probe():
            found = []
            for name in ("practicum.grading", "practicum.labs", "practicum.checks", "test_answer", "pytest_practicum"):
                try:
                    importlib.import_module(name)
                    found.append(name)
                except ImportError:
                    pass
            return found
    """)
    assert seen == []


def test_the_environment_holds_nothing_of_the_graders(grade, make_arena, lab, monkeypatch):
    monkeypatch.setenv("PRACTICUM_TOKEN", "MARKER-OF-THE-ENVIRONMENT")
    arena = make_arena(lab)
    seen = arena.observe(
        "import os\ndef probe(): return [dict(os.environ), os.getcwd(), os.path.expanduser('~'), os.getlogin.__name__]"
    )
    assert "MARKER-OF-THE-ENVIRONMENT" not in str(seen)
    assert seen[0]["HOME"] == seen[1] == seen[2] == confine.WORK


def test_only_the_private_folders_can_be_written(grade):
    places = ["/x", "/usr/x", "/etc/x", "/dev/x", "/proc/x", "/practicum/practicum_guest/protocol.py", "/practicum/x"]
    places += ["__import__('numpy').__file__", "__import__('sys').executable", "__import__('os').__file__"]
    mine = ["/tmp/x", "/dev/shm/x", "/submission/x", "answer.py", "given.py"]
    texts = [p if p.startswith("__") else repr(p) for p in [*places, *mine]]
    seen = grade.observe(f"{PROBE}\ndef probe(): return [attempt(write, p) for p in [{', '.join(texts)}]]")
    assert set(seen[: len(places)]) <= {"EROFS", "EACCES", "EPERM", "ENOENT"}
    assert set(seen[len(places) :]) == {"written"}


def test_what_one_submission_writes_the_next_does_not_find(grade):
    leave = "import os\nfor place in ('/tmp', '/dev/shm', '.'):\n    open(os.path.join(place, 'note.txt'), 'w').write('a + b')\n"
    assert grade(leave).points == 10
    seen = grade.observe("import os\ndef probe(): return [os.listdir('/tmp'), os.listdir('/dev/shm'), sorted(os.listdir('.'))]")
    assert not {"note.txt"} & {*seen[0], *seen[1]}
    assert seen[1] == []
    assert [name for name in seen[2] if not name.startswith(".")] == ["answer.py", "given.py"]


def test_handout_files_overwritten_and_links_in_the_work_folder_change_nothing(grade):
    verdict = grade("""
        import os, sys
        open("given.py", "w").write("raise SystemExit(0)")
        os.unlink("answer.py")
        os.symlink("/dev/zero", "answer.py")
        os.symlink("/", "root")
        os.makedirs("/tmp/numpy", exist_ok=True)
        open("numpy.py", "w").write("raise SystemExit(0)")
        sys.path.insert(0, "/tmp")
        os.chmod(".", 0)
    """)
    assert verdict.points == 10


def test_the_network_is_not_there(grade):
    seen = grade.observe(f"""{PROBE}
def connect(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(0.3)
        s.connect(address)
    return "connected"
def probe():
    return [attempt(connect, socket.AF_INET, ("127.0.0.1", 22)), attempt(connect, socket.AF_INET, ("1.1.1.1", 53)),
            attempt(connect, socket.AF_INET6, ("::1", 22)), attempt(connect, socket.AF_UNIX, "\\0/tmp/.X11-unix/X0"),
            attempt(connect, socket.AF_UNIX, "/run/dbus/system_bus_socket"),
            attempt(lambda: socket.getaddrinfo("example.com", 80)), attempt(socket.socket, socket.AF_PACKET, socket.SOCK_RAW),
            attempt(socket.if_nameindex), socket.gethostname()]
""")
    assert "connected" not in seen
    assert seen[-1] == "practicum"
    assert all(one.startswith("E") or "rror" in one or "resol" in one for one in seen[:-1])


@pytest.mark.skipif(platform.machine() not in MACHINES, reason="no filter of system calls for this machine type")
def test_every_system_call_that_is_not_listed_is_not_there(grade):
    column = MACHINES[platform.machine()][0]
    numbers = [both[column] for both in (*ALLOWED.values(), *(both for both, _ in CHECKED.values()))]
    listed = {number for number in numbers if number is not None} | {
        335,
        336,
    }  # uretprobe, uprobe: made by the kernel alone, SIGILL
    seen = grade.observe(f"""
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        def call(*numbers):
            ctypes.set_errno(0)
            result = libc.syscall(*map(ctypes.c_long, numbers))
            return ctypes.get_errno() if result == -1 else 0
        def probe():
            tried = {{number: call(number, 0, 0, 0, 0, 0, 0) for number in set(range(500)) - set({sorted(listed)!r})}}
            return [[each for each in tried.items() if each[1] != {errno.ENOSYS}], len(tried)]
    """)
    assert seen[0] == []
    assert seen[1] > 300


REFUSED = {  # what reaches others, or takes memory that no limit sees
    "a lease on a file": ("fcntl.fcntl(own, 1024, 1)", "EINVAL"),
    "news of a folder": ("fcntl.fcntl(os.open('.', os.O_RDONLY), 1026, 1)", "EINVAL"),
    "a larger pipe": ("fcntl.fcntl(os.pipe()[0], 1031, 1 << 20)", "EINVAL"),
    "a pseudo-terminal": ("os.openpty()", "ENOENT"),
    "a larger socket buffer": ("pair[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)", "ENOPROTOOPT"),
    "a filter on a socket": ("pair[0].setsockopt(socket.SOL_SOCKET, 26, bytes(16))", "ENOPROTOOPT"),
    "a thousand that wait": ("socket.socket(socket.AF_UNIX).listen(4096)", "EINVAL"),
    "datagrams": ("socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)", "EPROTONOSUPPORT"),
    "shared memory without a file": ("mmap.mmap(-1, 4096)", "EPERM"),
    "huge pages": ("mmap.mmap(-1, 2 << 20, mmap.MAP_PRIVATE | 0x40020)", "EPERM"),
    "memory in a descriptor": ("os.memfd_create('x')", "ENOSYS"),
    "events of files": ("libc.inotify_init1(0) != -1 or failed()", "ENOSYS"),
    "another choice of processors": ("os.sched_setaffinity(0, range(64))", "ENOSYS"),
    "a process that nobody may look at": ("libc.prctl(4, 0, 0, 0, 0) != -1 or failed()", "EINVAL"),
    "pages held in a pipe": ("os.splice(own, os.pipe()[1], 1)", "ENOSYS"),
    "a system call of its own filter": ("libc.prctl(22, 1, 0, 0, 0) != -1 or failed()", "EINVAL"),
    "a sync of every disk": ("libc.syncfs(own) != -1 or failed()", "ENOSYS"),
}


def test_what_reaches_others_or_is_seen_by_no_limit_is_refused(grade):
    attempts = ", ".join(f"attempt(lambda: {what})" for what, _ in REFUSED.values())
    seen = grade.observe(f"""{PROBE}
import ctypes, fcntl, mmap
libc = ctypes.CDLL(None, use_errno=True)
def failed(): raise OSError(ctypes.get_errno(), "")
def probe():
    own = os.open("own", os.O_RDWR | os.O_CREAT)
    os.write(own, b"x")
    pair = socket.socketpair()
    return [{attempts}]
""")
    assert dict(zip(REFUSED, seen, strict=True)) == {name: error for name, (_, error) in REFUSED.items()}


def test_no_family_of_sockets_but_the_local_one(grade):
    tried = "[attempt(socket.socket, family, 1) for family in range(64) if family != 1]"
    seen = grade.observe(f"{PROBE}\ndef probe(): return {tried}")
    assert set(seen) == {"EAFNOSUPPORT"}


def test_of_devices_there_is_what_python_needs(grade):
    looks = "[sorted(os.listdir('/dev')), len(os.urandom(4)), open('/dev/null').read()]"
    seen = grade.observe(f"import os\ndef probe(): return {looks}")
    assert seen == [["fd", "null", "random", "shm", "stderr", "stdin", "stdout", "urandom"], 4, ""]


def test_no_way_back_to_any_right(grade):
    seen = grade.observe("""
        import ctypes, os, subprocess
        libc = ctypes.CDLL(None, use_errno=True)
        def refused(call, *args):
            try: call(*args); return False
            except OSError: return True
        def probe():
            libc.prctl(4, 1, 0, 0, 0)
            out = [libc.prctl(39, 0, 0, 0, 0), [libc.prctl(23, n, 0, 0, 0) for n in range(8)]]
            out += [refused(os.setuid, 0), refused(os.setgroups, [0]), refused(os.mknod, "/tmp/disk", 0o60600, 0x800),
                    refused(os.chroot, "/tmp"), refused(os.chown, "/tmp", 0, 0), refused(os.nice, -5)]
            for tool in ("/usr/bin/su", "/usr/bin/sudo", "/usr/bin/passwd", "/usr/bin/mount", "/usr/bin/newgrp"):
                if os.path.exists(tool):
                    out.append(subprocess.run([tool, "-c", "id"], capture_output=True, stdin=subprocess.DEVNULL).returncode != 0)
            out.append(b"uid=0" in subprocess.run(["id"], capture_output=True).stdout)
            return out
    """)
    no_new_privileges, bounding, *rest, is_root = seen
    assert no_new_privileges == 1
    assert set(bounding) <= {0, -1}
    assert all(rest)
    assert not is_root


def test_other_processes_cannot_be_seen_or_read(grade):
    seen = grade.observe("""
        import os
        def probe():
            alive = []
            for pid in set(range(2, 400)) - {os.getpid()}:
                try: os.kill(pid, 0)
                except ProcessLookupError: continue
                except PermissionError: pass
                alive.append(pid)
            opened = []
            for pid in ("self", "1", "2", str(os.getppid())):
                for what in ("mem", "environ", "maps", "root", "fd/0"):
                    try: os.open(f"/proc/{pid}/{what}", os.O_RDONLY)
                    except OSError: continue
                    opened.append((pid, what))
            return [alive, opened, os.getppid()]
    """)
    assert seen == [[], [], 1]  # the parent is the process that was loaded, which waits


def test_no_descriptor_but_its_own_is_open(grade):
    seen = grade.observe("""
        import os
        def probe():
            found = []
            for fd in range(4, 1024):
                try: os.fstat(fd)
                except OSError: continue
                found.append(fd)
            return found
    """)
    assert seen == []
