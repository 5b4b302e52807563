"""Whole numbers as protocol buffers write them: seven bits a byte, the lowest first."""

from __future__ import annotations


def varint(value: int) -> bytes:
    """Return a whole number's bytes; a negative one as 64 bits.

    Example:
        >>> varint(300).hex(), len(varint(-1))
        ('ac02', 10)

    Source: protobuf.dev/programming-guides/encoding.
    """
    value &= 0xFFFFFFFFFFFFFFFF
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
