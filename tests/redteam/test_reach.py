"""What can be read, written, called and connected to from within: the student's own files, and nothing that is anyone else's."""

from __future__ import annotations

import errno
import platform

import pytest

from practicum.sandbox.guest import confine

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
            socket.gethostname(), [name for _, name in socket.if_nameindex() if name != "lo"]]
""")
    assert "connected" not in seen
    assert seen[-2:] == ["practicum", []] or seen[-2] == "practicum"
    assert all(
        isinstance(one, list) or one == "practicum" or one.startswith("E") or "rror" in one or "resol" in one for one in seen
    )


def test_the_number_of_interfaces_is_not_the_machines(grade):
    seen = grade.observe(
        "import socket\ndef probe(): return [n for _, n in socket.if_nameindex() if n.startswith(('e', 'w', 'docker', 'br'))]"
    )
    assert seen == []


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
