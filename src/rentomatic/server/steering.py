"""Chooses which of several sockets on one port gets the next connections.

The kernel runs a small program in its classic packet filter language: see SO_ATTACH_REUSEPORT_CBPF in
socket(7), and "BPF engine and instruction set" in the kernel's Documentation/networking/filter.rst.
"""

import ctypes
import socket
import struct
from collections.abc import Collection

_SO_ATTACH_REUSEPORT_CBPF = 51  # asm-generic/socket.h

# linux/bpf_common.h and linux/filter.h
_LOAD_WORD, _MODULO, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x94, 0x15, 0x06
_RANDOM = 0xFFFFF000 + 56  # SKF_AD_OFF + SKF_AD_RANDOM
_NO_SOCKET = 0xFFFFFFFF  # then the kernel uses its hash of the addresses


def steer(listener: socket.socket, chosen: Collection[int]) -> None:
    """Send new connections to the chosen sockets among those on this one's port, or to all if none is chosen.

    chosen: numbers in the order in which the sockets began to listen. Raises OSError if the system cannot.
    """
    code = b"".join(struct.pack("=HBBI", *step) for step in _program(sorted(chosen)))
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("@HP", len(code) // 8, ctypes.addressof(buffer))
    listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_REUSEPORT_CBPF, program)


def _program(chosen: list[int]) -> list[tuple[int, int, int, int]]:
    """Return instructions: operation, steps to skip after a true and a false comparison, operand."""
    if not chosen:
        return [(_RETURN, 0, 0, _NO_SOCKET)]
    steps = [(_LOAD_WORD, 0, 0, _RANDOM), (_MODULO, 0, 0, len(chosen))]
    for place, number in enumerate(chosen[:-1]):
        steps += [(_JUMP_IF_EQUAL, 0, 1, place), (_RETURN, 0, 0, number)]
    return [*steps, (_RETURN, 0, 0, chosen[-1])]
