"""Which system calls a submission may make: those that Python and its numerical libraries need. Any other is not there.

A call that is not listed returns ENOSYS, as on a kernel without it: libraries that would like to use it take another way, and
nothing is killed. Of some calls only certain arguments are let through. What that keeps out, by its kind:

- reaching far into the kernel: tracing, mounting, keys, BPF, io_uring, modules, performance counters;
- memory that no limit sees: anonymous shared memory, System V objects, memfd, pages held in pipes (`vmsplice`), larger
  socket buffers, datagram sockets, locks by the million, huge pages, asynchronous I/O;
- what is felt outside: leases, file locks, inotify, any socket but a local stream, the choice of processors.

File locks are answered with success and nothing is locked. A lock on a file of the system would block the machine's other
processes, and the filter cannot see which file is meant; a library that locks a file of its own works on.

Numbers: the headers of Linux 6.1, asm/unistd_64.h (x86_64) and asm-generic/unistd.h (aarch64); `fchmodat2` is of Linux 6.6.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from errno import EAFNOSUPPORT, EINVAL, ENOPROTOOPT, ENOSYS, ENOTTY, EPERM, EPROTONOSUPPORT
from typing import NamedTuple

MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column of the tables, and the kernel's name for it

# name → number on x86_64 and on aarch64
ALLOWED: dict[str, tuple[int | None, int | None]] = {
    # files
    "read": (0, 63), "write": (1, 64), "open": (2, None), "openat": (257, 56), "close": (3, 57), "close_range": (436, 436),
    "creat": (85, None), "stat": (4, None), "lstat": (6, None), "fstat": (5, 80), "newfstatat": (262, 79), "statx": (332, 291),
    "statfs": (137, 43), "fstatfs": (138, 44), "access": (21, None), "faccessat": (269, 48), "faccessat2": (439, 439),
    "lseek": (8, 62), "pread64": (17, 67), "pwrite64": (18, 68), "readv": (19, 65), "writev": (20, 66), "preadv": (295, 69),
    "pwritev": (296, 70), "preadv2": (327, 286), "pwritev2": (328, 287), "sendfile": (40, 71), "copy_file_range": (326, 285),
    "truncate": (76, 45), "ftruncate": (77, 46), "fallocate": (285, 47), "fadvise64": (221, 223), "fsync": (74, 82),
    "fdatasync": (75, 83), "getdents": (78, None), "getdents64": (217, 61), "getcwd": (79, 17), "chdir": (80, 49),
    "fchdir": (81, 50), "mkdir": (83, None), "mkdirat": (258, 34), "rmdir": (84, None), "rename": (82, None),
    "renameat": (264, 38), "renameat2": (316, 276), "link": (86, None), "linkat": (265, 37), "symlink": (88, None),
    "symlinkat": (266, 36), "unlink": (87, None), "unlinkat": (263, 35), "readlink": (89, None), "readlinkat": (267, 78),
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, None),
    "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54), "umask": (95, 166), "utime": (132, None),
    "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88), "getxattr": (191, 8), "lgetxattr": (192, 9),
    "fgetxattr": (193, 10), "listxattr": (194, 11), "llistxattr": (195, 12), "flistxattr": (196, 13),
    # descriptors
    "dup": (32, 23), "dup2": (33, None), "dup3": (292, 24), "pipe": (22, None), "pipe2": (293, 59), "poll": (7, None),
    "ppoll": (271, 73), "select": (23, None), "pselect6": (270, 72), "epoll_create": (213, None), "epoll_create1": (291, 20),
    "epoll_ctl": (233, 21), "epoll_wait": (232, None), "epoll_pwait": (281, 22), "epoll_pwait2": (441, 441),
    "eventfd": (284, None), "eventfd2": (290, 19),
    # local sockets
    "bind": (49, 200), "accept": (43, 202), "accept4": (288, 242), "connect": (42, 203), "getsockname": (51, 204),
    "getpeername": (52, 205), "getsockopt": (55, 209), "shutdown": (48, 210), "sendto": (44, 206), "recvfrom": (45, 207),
    "sendmsg": (46, 211), "recvmsg": (47, 212),
    # memory
    "brk": (12, 214), "mprotect": (10, 226), "munmap": (11, 215), "mremap": (25, 216), "msync": (26, 227), "mincore": (27, 232),
    "madvise": (28, 233), "mlock": (149, 228), "mlock2": (325, 284), "munlock": (150, 229), "munlockall": (152, 231),
    "get_mempolicy": (239, 236), "membarrier": (324, 283),
    # processes and threads
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "exit": (60, 93), "exit_group": (231, 94), "wait4": (61, 260),
    "waitid": (247, 95), "kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131), "getpid": (39, 172),
    "getppid": (110, 173), "gettid": (186, 178), "getpgid": (121, 155), "setpgid": (109, 154), "getpgrp": (111, None),
    "getsid": (124, 156), "setsid": (112, 157), "getuid": (102, 174), "geteuid": (107, 175), "getgid": (104, 176),
    "getegid": (108, 177), "getresuid": (118, 148), "getresgid": (120, 150), "getgroups": (115, 158), "capget": (125, 90),
    "set_tid_address": (218, 96), "set_robust_list": (273, 99), "get_robust_list": (274, 100), "rseq": (334, 293),
    "futex": (202, 98), "arch_prctl": (158, None), "restart_syscall": (219, 128), "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123), "sched_getparam": (143, 121), "sched_getscheduler": (145, 120),
    "sched_get_priority_max": (146, 125), "sched_get_priority_min": (147, 126), "sched_rr_get_interval": (148, 127),
    "getpriority": (140, 141), "setpriority": (141, 140), "getcpu": (309, 168),
    # signals, time, and what the machine is
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "rt_sigpending": (127, 136),
    "rt_sigtimedwait": (128, 137), "rt_sigsuspend": (130, 133), "sigaltstack": (131, 132), "pause": (34, None),
    "alarm": (37, None), "getitimer": (36, 102), "setitimer": (38, 103), "nanosleep": (35, 101), "clock_nanosleep": (230, 115),
    "clock_gettime": (228, 113), "clock_getres": (229, 114), "gettimeofday": (96, 169), "time": (201, None), "times": (100, 153),
    "getrlimit": (97, 163), "setrlimit": (160, 164), "prlimit64": (302, 261), "getrusage": (98, 165), "sysinfo": (99, 179),
    "uname": (63, 160), "getrandom": (318, 278),
}  # fmt: skip


class Only(NamedTuple):
    """An argument's lower 32 bits, masked, must be one of the values; else the call returns the error (0: as if it was done)."""

    argument: int
    values: tuple[int, ...]
    error: int
    mask: int = 0xFFFFFFFF


_LOCAL_STREAM = (Only(0, (1,), EAFNOSUPPORT), Only(1, (1,), EPROTONOSUPPORT, 0xF))  # AF_UNIX, SOCK_STREAM
_DESCRIPTOR = (0, 1, 2, 3, 4, 1030)  # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC
_ASK = (5, 9, 36, 1032)  # F_GETLK, F_GETOWN, F_OFD_GETLK, F_GETPIPE_SZ
_LOCK = (6, 7, 37, 38)  # F_SETLK, F_SETLKW, and both for open file descriptions
_NO_ATTRIBUTE = (Only(0, (), EPERM),)  # which `shutil.copy2` passes over
CHECKED: dict[str, tuple[tuple[int, int], tuple[Only, ...]]] = {
    "socket": ((41, 198), _LOCAL_STREAM),
    "socketpair": ((53, 199), _LOCAL_STREAM),
    # At most 255 that wait to be accepted: each holds a buffer, and no descriptor.
    "listen": ((50, 201), (Only(1, (0, 0x80), EINVAL, 0xFFFFFF80),)),
    "setsockopt": ((54, 208), (Only(1, (1,), ENOPROTOOPT), Only(2, (2, 20, 21), ENOPROTOOPT))),  # SO_REUSEADDR, both time limits
    "fcntl": ((72, 25), (Only(1, _DESCRIPTOR + _ASK + _LOCK, EINVAL), Only(1, _DESCRIPTOR + _ASK, 0))),
    "flock": ((73, 32), (Only(0, (), 0),)),
    # FIONREAD, FIONBIO, FIOCLEX, FIONCLEX, TCGETS, TIOCGWINSZ
    "ioctl": ((16, 29), (Only(1, (0x541B, 0x5421, 0x5451, 0x5450, 0x5401, 0x5413), ENOTTY),)),
    # PR_SET_ and PR_GET_PDEATHSIG, _GET_DUMPABLE, _SET_NAME, _GET_NAME, _CAPBSET_READ, _GET_NO_NEW_PRIVS, _SVE_GET_VL
    "prctl": ((157, 167), (Only(0, (1, 2, 3, 15, 16, 23, 39, 51), EINVAL),)),
    "mmap": ((9, 222), (Only(3, (0, 0x01, 0x20), EPERM, 0x40021),)),  # neither MAP_SHARED | MAP_ANONYMOUS nor MAP_HUGETLB
    "clone": ((56, 220), (Only(0, (0,), EPERM, 0x7E028000),)),  # neither new namespaces nor CLONE_PARENT
    "setxattr": ((188, 5), _NO_ATTRIBUTE), "lsetxattr": ((189, 6), _NO_ATTRIBUTE), "fsetxattr": ((190, 7), _NO_ATTRIBUTE),
}  # fmt: skip

_LOAD, _EQUAL, _ABOVE, _AT_LEAST, _AND, _GIVE = 0x20, 0x15, 0x25, 0x35, 0x54, 0x06  # of classic BPF
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16  # where `struct seccomp_data` has them
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 38, 22
_Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, value


def program(machine: str) -> bytes:
    """Return the filter for a machine type as the kernel reads it, or nothing where there is no table for it."""
    if machine not in MACHINES:
        return b""
    column, arch = MACHINES[machine]
    lines: list[_Instruction] = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, arch),
        (_GIVE, 0, 0, _ERROR | ENOSYS),
        (_LOAD, 0, 0, _NUMBER),
    ]
    for low, high in _ranges(sorted(n for numbers in ALLOWED.values() if (n := numbers[column]) is not None)):
        lines += [(_EQUAL, 0, 1, low)] if low == high else [(_AT_LEAST, 0, 2, low), (_ABOVE, 1, 0, high)]
        lines += [(_GIVE, 0, 0, _ALLOW)]
    for numbers, rules in CHECKED.values():
        block = [line for rule in rules for line in _test(rule)]
        lines += [(_EQUAL, 0, len(block) + 1, numbers[column]), *block, (_GIVE, 0, 0, _ALLOW)]
    lines.append((_GIVE, 0, 0, _ERROR | ENOSYS))
    return b"".join(struct.pack("HBBI", *line) for line in lines)


def _ranges(numbers: list[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def _test(rule: Only) -> list[_Instruction]:
    lines = [(_LOAD, 0, 0, _ARGUMENTS + 8 * rule.argument), (_AND, 0, 0, rule.mask)]
    lines += [(_EQUAL, len(rule.values) - at, 0, value) for at, value in enumerate(rule.values)]
    return [*lines, (_GIVE, 0, 0, _ERROR | rule.error)]


_PROGRAM = program(platform.machine())  # made once, before the forks
_libc = ctypes.CDLL(None, use_errno=True)


def restrict() -> bool:
    """Let this process and all it starts make the calls above alone, for good.

    Returns:
        False on a machine type without a table, where namespaces and limits stand alone.

    Raises:
        OSError: this kernel has no filters.
    """
    if not _PROGRAM:
        return False
    buffer = ctypes.create_string_buffer(_PROGRAM)
    filter_ = struct.pack("HxxxxxxP", len(_PROGRAM) // 8, ctypes.addressof(buffer))
    for option, values in ((_PR_SET_NO_NEW_PRIVS, (ctypes.c_ulong(1), 0)), (_PR_SET_SECCOMP, (2, filter_))):
        if _libc.prctl(option, *values, 0, 0) != 0:
            error = ctypes.get_errno()
            raise OSError(error, f"seccomp: {os.strerror(error)}")
    return True
