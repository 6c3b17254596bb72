"""Thrift's compact protocol, as a tree that a test may change: for footers that no library writes any more.

A struct is a dict of fields by their numbers, each a pair of its type and its value; a list is its elements' type and
the elements.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)

Struct = dict[int, tuple[int, Any]]


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, length: int) -> bytes:
        self.at += length
        return self.data[self.at - length : self.at]

    def varint(self) -> int:
        value = shift = 0
        while True:
            (byte,) = self.take(1)
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def zigzag(self) -> int:
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def value(self, kind: int) -> Any:
        match kind:
            case 1 | 2:
                return None
            case 3:
                return self.take(1)
            case 4 | 5 | 6:
                return self.zigzag()
            case 7:
                return struct.unpack("<d", self.take(8))[0]
            case 8:
                return self.take(self.varint())
            case 9 | 10:
                (head,) = self.take(1)
                count = self.varint() if head >> 4 == 15 else head >> 4
                return head & 15, [self.value(head & 15) for _ in range(count)]
            case 12:
                return self.struct()
        raise ValueError(kind)

    def struct(self) -> Struct:
        fields, number = {}, 0
        while (head := self.take(1)[0]) & 15:
            number = number + (head >> 4) if head >> 4 else self.zigzag()
            fields[number] = (head & 15, self.value(head & 15))
        return fields


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _bytes_of(kind: int, value: Any) -> bytes:
    match kind:
        case 1 | 2:
            return b""
        case 3:
            return value
        case 4 | 5 | 6:
            return _varint(value << 1 ^ value >> 63)
        case 7:
            return struct.pack("<d", value)
        case 8:
            return _varint(len(value)) + value
        case 9 | 10:
            of, elements = value
            return bytes([0xF0 | of]) + _varint(len(elements)) + b"".join(_bytes_of(of, each) for each in elements)
        case 12:
            return encoded(value)
    raise ValueError(kind)


def encoded(fields: Struct) -> bytes:
    """The bytes of a struct."""
    out, last = b"", 0
    for number, (kind, value) in sorted(fields.items()):
        step = number - last
        out += bytes([step << 4 | kind]) if 0 < step < 16 else bytes([kind]) + _varint(number << 1)
        out += _bytes_of(kind, value)
        last = number
    return out + b"\0"


def edit_footer(path: Path, edit: Callable[[Struct], None]) -> None:
    """Writes a Parquet file's footer anew, as ``edit`` changes it."""
    whole = path.read_bytes()
    length = int.from_bytes(whole[-8:-4], "little")
    footer = _Reader(whole[-8 - length : -8]).struct()
    edit(footer)
    new = encoded(footer)
    path.write_bytes(whole[: -8 - length] + new + len(new).to_bytes(4, "little") + b"PAR1")


def column(footer: Struct, name: str) -> Struct:
    """The node of the schema that has this name."""
    _, nodes = footer[2][1]
    return next(node for node in nodes if node[4][1] == name.encode())


def chunks(footer: Struct) -> list[Struct]:
    """All column chunks."""
    _, groups = footer[4][1]
    return [chunk for group in groups for chunk in group[1][1][1]]
