"""What goes between grader and submission beside requests: pieces of frames, what is printed, how a process has ended."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
from collections.abc import Callable
from typing import NamedTuple

from .messages import ProtocolError, Response
from .protocol import PREFIX, sizes, unpack

_BY_KEEPER = struct.Struct(">id")
_PIECE = 1 << 16  # bytes that are read at once


def send(channel: socket.socket, data: bytes, wait: Callable[[int], None]) -> None:
    """Send all of the data.

    Args:
        channel: where to; not blocking.
        data: what.
        wait: called with POLLOUT when nothing can be sent; returns when something can.

    Raises:
        EOFError: the other side is gone.
    """
    view = memoryview(data)
    while view:
        try:
            view = view[channel.send(view) :]
        except BlockingIOError:
            wait(select.POLLOUT)
        except OSError:
            raise EOFError from None


def receive(
    channel: socket.socket, wait: Callable[[int], None], expect: Callable[[int, int], None]
) -> tuple[memoryview, memoryview]:
    """Return header and blob of one frame.

    Args:
        channel: where it comes from; not blocking.
        wait: called with POLLIN; returns when something has come.
        expect: called with the sizes of both, before there is room for them.

    Raises:
        EOFError: the other side is gone.
        ProtocolError: more came than one frame.
    """
    data = b""
    while len(data) < PREFIX.size:
        data += _some(channel, wait)
    header, blob = sizes(data[: PREFIX.size])
    expect(header, blob)
    end = PREFIX.size + header + blob
    if len(data) > end:
        raise ProtocolError("more than one answer")
    frame = memoryview(data)
    if (got := len(data)) < end:
        frame = memoryview(bytearray(end))
        frame[:got] = data
        while got < end:
            part = _some(channel, wait, end - got)
            frame[got : got + len(part)] = part
            got += len(part)
    return frame[PREFIX.size : PREFIX.size + header], frame[PREFIX.size + header :]


def _some(channel: socket.socket, wait: Callable[[int], None], most: int = _PIECE) -> bytes:
    """Return what comes next, some bytes at least."""
    while True:
        wait(select.POLLIN)
        try:
            part = channel.recv(min(most, _PIECE))
        except BlockingIOError:
            continue
        except OSError:
            raise EOFError from None
        if not part:
            raise EOFError
        return part


class Output:
    """What a submission prints: counted and dropped.

    Args:
        fd: the end of the pipe to read from.
        most: bytes in one check, cell or module.

    Attributes:
        printed: bytes so far.
    """

    def __init__(self, fd: int, most: int) -> None:
        self.fd, self.most = fd, most
        self.printed = self._before = 0
        os.set_blocking(fd, False)

    def begin(self) -> None:
        """Count anew; what is still in the pipe is of what came before."""
        self.drain()
        self._before = self.printed

    def drain(self) -> bool:
        """Read what is there; return whether more may come."""
        try:
            data = os.read(self.fd, 1 << 16)
        except BlockingIOError:
            return True
        self.printed += len(data)
        return bool(data)

    @property
    def too_much(self) -> bool:
        """Whether more was printed than may be."""
        return self.printed - self._before > self.most


class End(NamedTuple):
    """How a process ended.

    Attributes:
        status: as `os.wait` gives it.
        cpu: processor seconds it used.
        clean: it left no file and no process behind.
    """

    status: int = 0
    cpu: float = 0.0
    clean: bool = False


def news(status: int, cpu: float) -> bytes:
    """Return what a keeper says."""
    return b"X" + _BY_KEEPER.pack(status, cpu)


def of_process(keeper: socket.socket, seconds: float) -> End:
    """Return what the keeper says within so many seconds; a plain end if it says nothing."""
    with contextlib.suppress(OSError):
        keeper.settimeout(seconds)
        data = keeper.recv(64)
        if data[:1] == b"X" and len(data) == 1 + _BY_KEEPER.size:
            return End(*_BY_KEEPER.unpack(data[1:]))
    return End()


def of_fork(channel: socket.socket, seconds: float) -> End | None:
    """Return what the parent of a fork says within so many seconds; None if it says nothing, or nothing of that kind."""
    try:
        channel.settimeout(seconds)
        header, blob = sizes(channel.recv(PREFIX.size, socket.MSG_WAITALL))
        if header > 100 or blob:
            return None
        response: Response = unpack(channel.recv(header, socket.MSG_WAITALL), memoryview(b""), Response)
    except (OSError, ProtocolError, struct.error):
        return None
    match response.value:
        case (int(status), float(cpu), bool(clean)):
            return End(status & 0xFFFF, cpu, clean)
    return None
