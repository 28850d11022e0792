"""The fork server: imports the lab's libraries once, then forks a confined process for every submission.

It runs nothing of what it imports, so that no OpenMP or BLAS thread exists before a fork, and it never sees a submission:
the fork speaks with the grader over a socket of its own.

    python -I -c "…practicum_guest.__main__…" CONTROL_FD LIBRARY…     (see `practicum.sandbox.fork_server`)
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import socket
import struct
import sys
from typing import Any

import msgspec

from . import cells, objects, sockets
from .messages import Failure, ProtocolError, Request, Response
from .protocol import PREFIX, pack, sizes, unpack

NOTE = "practicum: "  # begins what the fork server has to say to the grader, on stderr


class Order(msgspec.Struct):
    """What the grader asks of the fork server; four descriptors come with it: channel, output, report, the fork's channel."""

    slot: int
    limits: dict[str, float]
    nested: bool
    confined: bool
    folder: str


def warm_up(libraries: list[str], quiet: bool = False) -> None:
    """Import what submissions will need, and put stand-ins where a notebook's front end would be.

    A library that is not installed is the submission's problem, not ours.
    """
    for name in ["tqdm", "numpy.random", "numpy.linalg", *libraries]:
        try:
            importlib.import_module(name)
        except ImportError as error:
            if not quiet:
                print(f"{NOTE}the sandbox has no {name} ({error})", file=sys.stderr)
    if "torch" in sys.modules:
        importlib.import_module("torch._dynamo")  # the first optimiser of a process imports it, which takes seconds
    cells.stand_ins()
    gc.collect()
    gc.freeze()


def main(control_fd: int, libraries: list[str]) -> None:
    """Serve orders until the grader hangs up."""
    from . import confine  # here, since it needs Linux and `serve_pipes` does not

    confine.die_with_parent()
    control = socket.socket(fileno=control_fd)
    warm_up(libraries)
    control.send(b"ready")
    while True:
        data, fds, _, _ = socket.recv_fds(control, 65536, 4)
        while True:  # reap those that ended
            try:
                if os.waitpid(-1, os.WNOHANG) == (0, 0):
                    break
            except ChildProcessError:
                break
        if not data:
            return
        if os.fork() == 0:
            control.close()
            _keeper(msgspec.msgpack.decode(data, type=Order), *fds)
        for fd in fds:
            os.close(fd)


def _keeper(order: Order, channel_fd: int, output_fd: int, report_fd: int, fork_fd: int) -> None:
    """Enter the new namespaces, fork the process that will hold the student's code, and report how it ended."""
    from . import confine

    report = socket.socket(fileno=report_fd)
    try:
        os.setsid()
        confine.die_with_parent()
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as f:
            f.write("1000")  # where the machine has no memory left, the kernel ends submissions, not graders
        if order.confined:
            confine.step_down(order.slot)
        if order.nested:
            confine.new_namespaces()
        data_base = confine.data_bytes()
        pid = os.fork()
    except OSError as error:
        report.send(b"E" + str(error).encode())
        os._exit(1)
    if pid == 0:
        report.close()
        _student(order, data_base, channel_fd, output_fd, fork_fd)
    for fd in (channel_fd, output_fd, fork_fd):
        os.close(fd)
    socket.send_fds(report, [b"P" + struct.pack(">i", pid)], [os.pidfd_open(pid)])
    _, status, usage = os.wait4(pid, 0)
    report.send(sockets.news(status, usage.ru_utime + usage.ru_stime))
    os._exit(0)


def _student(order: Order, data_base: int, channel_fd: int, output_fd: int, fork_fd: int) -> None:
    """Confine this process, then serve requests about the student's code until the channel closes."""
    from . import confine

    null = os.open("/dev/null", os.O_RDONLY)
    for source, target in ((null, 0), (output_fd, 1), (output_fd, 2), (channel_fd, 3), (fork_fd, 4)):
        os.dup2(source, target)
    os.closerange(5, 4096)
    try:
        confine.die_with_parent()
        confine.adopt_orphans()
        os.setsid()
        confine.enclose(order.limits, data_base, order.nested, order.confined)
    except OSError as error:
        _send(3, Response(0, failure=Failure("SandboxError", str(error))))
        os._exit(1)
    serve(3, 3, order.folder, fork_fd=4, writable=confine.WRITABLE if order.confined else (order.folder,))
    os._exit(0)


def _send(fd: int, response: Response, table: objects.Objects | None = None) -> None:
    try:
        parts = pack(response, table.other if table else None)
    except ProtocolError as error:
        parts = pack(Response(response.id, failure=Failure("ProtocolError", str(error))))
    except BaseException as error:  # a lone surrogate, or a student's `__class__` that raises
        parts = pack(Response(response.id, failure=table.failure(error) if table else Failure("Error")))
    for part in parts:
        view = memoryview(part)
        while view:
            view = view[os.write(fd, view) :]


def _receive(fd: int) -> Request:
    """Return the next request. The grader sends no other before this one is answered.

    Raises:
        EOFError: the other side has closed.
    """
    data = b""
    while len(data) < PREFIX.size:
        data += _read(fd)
    header, blob = sizes(data[: PREFIX.size])
    start = PREFIX.size + header
    parts, got = [data], len(data)
    while got < start + blob:
        parts.append(_read(fd))
        got += len(parts[-1])
    frame = memoryview(b"".join(parts))
    request: Request = unpack(frame[PREFIX.size : start], frame[start:], Request)
    return request


def _read(fd: int) -> bytes:
    part = os.read(fd, 1 << 16)
    if not part:
        raise EOFError
    return part


def serve(read_fd: int, write_fd: int, folder: str, fork_fd: int = -1, writable: tuple[str, ...] = ()) -> None:
    """Answer requests from one descriptor on another, until the other side closes.

    Args:
        read_fd: requests come in here.
        write_fd: answers go out here.
        folder: the work folder.
        fork_fd: the channel on which a fork of this process answers, when the grader asks for one.
        writable: folders in which that fork may leave files.
    """
    table: objects.Objects | None = None
    owner = os.getpid()
    while True:
        try:
            request = _receive(read_fd)
        except EOFError:
            return
        if request.op == "setup":
            table = set_up(folder, **request.kwargs)
            _send(write_fd, Response(request.id))
        elif request.op == "fork":
            end = _fork(fork_fd, read_fd, writable)
            if end is None:
                owner = os.getpid()
            else:
                _send(write_fd, Response(request.id, end))
        elif table is not None:
            response = table.answer(request)
            if os.getpid() != owner:  # the student's code forked, and the child came back to this loop
                os._exit(0)
            _send(write_fd, response, table)


def _fork(channel_fd: int, own_fd: int, writable: tuple[str, ...]) -> tuple[int, float, bool] | None:
    """Let a fork of this process answer on a channel of its own, and wait until it has ended.

    Returns:
        in the fork nothing; here how it ended, its processor time, and whether it left no file and no process.
    """
    from . import confine

    before = confine.files_in(writable)
    pid = os.fork()
    if pid == 0:
        confine.die_with_parent()
        os.dup2(channel_fd, own_fd)
        os.close(channel_fd)
        return None
    os.close(channel_fd)
    _, status, usage = os.wait4(pid, 0)
    return status, usage.ru_utime + usage.ru_stime, confine.files_in(writable) == before


def set_up(folder: str, files: dict[str, Any], seed: int, notebooks: dict[str, list[str]] | None = None) -> objects.Objects:
    """Write the submission's files into the work folder and make the process ready to import them.

    Args:
        folder: the work folder.
        files: the bytes of each; under a name that starts with a null, the cells of a notebook as JSON.
        seed: of all generators.
        notebooks: cells by name, where they are few enough for a header.
    """
    os.chdir(folder)
    notebooks = dict(notebooks or {})
    for name, data in files.items():
        if name.startswith("\0"):
            notebooks[name[1:]] = msgspec.json.decode(data.tobytes(), type=list[str])
            continue
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(data.tobytes())
    objects.prepare(folder)
    objects.seed(seed)
    return objects.Objects(folder, notebooks)


def serve_pipes(folder: str, limits: dict[str, float], libraries: list[str]) -> None:
    """Serve on stdin and stdout, without forking: `practicum check` on a student's own machine, any system.

    Args:
        folder: the student's.
        limits: the lab's, of which those hold that this system has.
        libraries: the lab's, imported first as the fork server does, so that their time and memory count for nobody.
    """
    from . import home

    read_fd, write_fd = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    warm_up(libraries, quiet=True)
    home.set_limits(limits)
    serve(read_fd, write_fd, folder)


if __name__ == "__main__":
    if sys.argv[1] == "--pipes":
        serve_pipes(sys.argv[2], **msgspec.json.decode(sys.argv[3]))
    else:
        main(int(sys.argv[1]), sys.argv[2:])
