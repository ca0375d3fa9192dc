"""A kernel that refuses system calls, as other file systems do, for a function in a process of its own."""

import ctypes
import errno
import os
import pickle
import platform
import struct
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import pytest

NUMBERS = {
    "flock": 73, "fsync": 74, "rename": 82, "link": 86, "symlink": 88, "linkat": 265, "symlinkat": 266,
    "utimensat": 280, "renameat2": 316,
}  # fmt: skip
"""Numbers of system calls on x86-64 (arch/x86/entry/syscalls/syscall_64.tbl)."""

_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06  # linux/bpf_common.h
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000  # SECCOMP_RET_* of linux/seccomp.h
_NO_NEW_PRIVS, _SECCOMP, _FILTER = 38, 22, 2  # linux/prctl.h


def refusing(calls: Sequence[str], error: str, work: Callable[[], Any]) -> Any:
    """The result of `work`, or its error, in a copy of this process whose kernel fails these calls so."""
    if platform.machine() != "x86_64":
        pytest.skip("the numbers of system calls are those of x86-64")
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the copy has one thread and ends soon
        child = os.fork()
    if child == 0:
        _answer(writer, calls, error, work)
    os.close(writer)
    with os.fdopen(reader, "rb") as answers:
        kind, value = pickle.loads(answers.read())
    os.waitpid(child, 0)
    if kind == "raised":
        raise value
    return value


def _answer(writer: int, calls: Sequence[str], error: str, work: Callable[[], Any]) -> None:
    try:
        try:
            _refuse([NUMBERS[call] for call in calls], getattr(errno, error))
            answer = ("returned", work())
        except Exception as failure:
            answer = ("raised", failure)
        with os.fdopen(writer, "wb") as file:
            pickle.dump(answer, file)
    finally:
        os._exit(0)


def _refuse(numbers: list[int], error: int) -> None:
    """Have the kernel fail these calls of this process from now on."""
    steps = [(_LOAD, 0, 0, 0)]  # the call's number is the first word of struct seccomp_data
    for number in numbers:
        steps += [(_JUMP_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | error)]
    steps.append((_RETURN, 0, 0, _ALLOW))
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in ((_NO_NEW_PRIVS, 1, 0, 0, 0), (_SECCOMP, _FILTER, program, 0, 0)):
        if libc.prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "no filter of system calls here")
