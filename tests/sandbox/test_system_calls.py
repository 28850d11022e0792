"""The filter of system calls, run here as the kernel runs it, for both machine types; what it does inside is in tests/redteam."""

from __future__ import annotations

import errno
import re
import struct
from pathlib import Path

import pytest

from practicum.sandbox.guest.system_calls import ALLOWED, CHECKED, MACHINES, program

HEADERS = {
    "x86_64": [Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), Path("/usr/include/asm/unistd_64.h")],
    "aarch64": [Path("/usr/include/asm-generic/unistd.h")],
}
PROGRAMS = {machine: program(machine) for machine in MACHINES}
ALLOW = "allowed"


def answer(machine: str, number: int, *arguments: int, arch: int | None = None) -> str | int:
    """What the filter says to a call: allowed, or an error number. An interpreter of the classic BPF that it is made of."""
    data = struct.pack("<iIQ6Q", number, MACHINES[machine][1] if arch is None else arch, 0, *(*arguments, *[0] * 6)[:6])
    at = value = 0
    while True:
        code, true, false, k = struct.unpack_from("HBBI", PROGRAMS[machine], 8 * at)
        at += 1
        if code == 0x20:
            (value,) = struct.unpack_from("<I", data, k)
        elif code == 0x54:
            value &= k
        elif code == 0x06:
            return ALLOW if k == 0x7FFF0000 else k - 0x00050000
        else:
            at += true if {0x15: value == k, 0x25: value > k, 0x35: value >= k}[code] else false


def numbers(machine: str) -> dict[str, int]:
    column = MACHINES[machine][0]
    listed = {name: both[column] for name, both in ALLOWED.items()} | {name: both[column] for name, (both, _) in CHECKED.items()}
    return {name: number for name, number in listed.items() if number is not None}


@pytest.mark.parametrize("machine", MACHINES)
def test_the_numbers_are_the_kernels(machine):
    header = next((path for path in HEADERS[machine] if path.exists()), None)
    if header is None:
        pytest.skip("no kernel headers here")
    defined = {
        re.sub(r"^3264_", "", name): int(number)
        for name, number in re.findall(r"#define __NR_?(3264_\w+|\w+) (\d+)", header.read_text())
    }
    if machine == "aarch64":
        defined["newfstatat"] = defined.pop("fstatat")
    mine = numbers(machine)
    assert {name: number for name, number in mine.items() if name in defined} == {n: defined[n] for n in mine if n in defined}
    assert set(mine) - set(defined) <= {"fchmodat2"}  # Linux 6.6


@pytest.mark.parametrize("machine", MACHINES)
def test_what_is_not_listed_is_not_there(machine):
    plain = {both[MACHINES[machine][0]] for both in ALLOWED.values()}
    listed = set(numbers(machine).values())
    for number in range(600):
        said = answer(machine, number)
        assert (said == ALLOW) if number in plain else (said == errno.ENOSYS or number in listed), number
    for number in (0x40000000, 0x40000000 | 39, 2**31 - 1, -1):  # x32, and nonsense
        assert answer(machine, number) == errno.ENOSYS
    assert answer(machine, numbers(machine)["getpid"], arch=0x40000003) == errno.ENOSYS  # the calls of 32 bits


ARGUMENTS = [
    ("socket", (1, 1), ALLOW),
    ("socket", (1, 1 | 0x80000 | 0x800), ALLOW),  # with SOCK_CLOEXEC and SOCK_NONBLOCK
    ("socket", (1, 2), errno.EPROTONOSUPPORT),
    ("socket", (1, 5), errno.EPROTONOSUPPORT),
    *[("socket", (family, 1), errno.EAFNOSUPPORT) for family in (0, 2, 10, 16, 17, 38, 40, 44, 255)],
    ("socketpair", (1, 1), ALLOW),
    ("socketpair", (1, 2), errno.EPROTONOSUPPORT),
    ("listen", (3, 128), ALLOW),
    ("listen", (3, 256), errno.EINVAL),
    ("listen", (3, 0xFFFFFFFF), errno.EINVAL),
    ("setsockopt", (3, 1, 2), ALLOW),
    *[("setsockopt", (3, 1, option), errno.ENOPROTOOPT) for option in (7, 8, 26, 32, 33, 60)],
    ("setsockopt", (3, 6, 2), errno.ENOPROTOOPT),
    ("fcntl", (3, 1030), ALLOW),
    ("fcntl", (3, 5), ALLOW),
    *[("fcntl", (3, command), errno.EINVAL) for command in (8, 10, 1024, 1025, 1026, 1031, 1033)],
    *[("fcntl", (3, command), 0) for command in (6, 7, 37, 38)],
    ("flock", (3, 2), 0),
    ("ioctl", (3, 0x5401), ALLOW),
    ("ioctl", (3, 0x5412), errno.ENOTTY),  # TIOCSTI
    ("prctl", (15,), ALLOW),
    ("prctl", (4,), errno.EINVAL),
    ("prctl", (22,), errno.EINVAL),
    ("mmap", (0, 1, 3, 0x22), ALLOW),
    ("mmap", (0, 1, 3, 0x01), ALLOW),
    ("mmap", (0, 1, 3, 0x21), errno.EPERM),
    ("mmap", (0, 1, 3, 0x23), errno.EPERM),  # MAP_SHARED_VALIDATE
    ("mmap", (0, 1, 3, 0x40022), errno.EPERM),
    ("clone", (0x3D0F00,), ALLOW),  # a thread, as libc makes it
    ("clone", (0x01200011,), ALLOW),  # a fork
    *[("clone", (flag | 17,), errno.EPERM) for flag in (0x8000, 0x20000, *(1 << bit for bit in range(25, 31)))],
    ("setxattr", (0, 0), errno.EPERM),
]


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(("name", "arguments", "expected"), ARGUMENTS)
def test_of_some_calls_only_some_arguments_go_through(machine, name, arguments, expected):
    assert answer(machine, numbers(machine)[name], *arguments) == expected
