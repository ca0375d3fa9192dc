"""A colour profile as cameras embed it: Display P3, with a gamma of 2.2."""

import struct

P3 = ((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407))
"""Primaries of Display P3, adapted to D50 (Apple, "Display P3")."""

D50 = (0.9642, 1.0, 0.82491)


def _xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(each * 65_536) for each in values))


def display_p3() -> bytes:
    """A profile by ICC.1:2001: its values mean other colours than those of sRGB do."""
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)) + b"\0\0"
    text = b"desc\0\0\0\0" + struct.pack(">I", 3) + b"P3\0" + bytes(79)
    right = b"text\0\0\0\0none"
    tags = {b"desc": text, b"cprt": right, b"wtpt": _xyz(D50)}
    tags |= {name: _xyz(of) for name, of in zip((b"rXYZ", b"gXYZ", b"bXYZ"), P3, strict=True)}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    table, data = struct.pack(">I", len(tags)), b""
    begin = 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        value += bytes(-len(value) % 4)
        table += name + struct.pack(">2I", begin + len(data), len(value))
        data += value
    head = struct.pack(">I4sI4s4s4s", begin + len(data), b"none", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + _xyz(D50)[8:]
    return head.ljust(128, b"\0") + table + data
