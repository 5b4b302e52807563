"""Hashes of byte strings: FarmHash's fingerprint, SipHash and MurmurHash."""

from __future__ import annotations

from typing import Final

_MASK: Final = 0xFFFFFFFFFFFFFFFF

# --- FarmHash -------------------------------------------------------------------------------------

_K0: Final = 0xC3A5C85C97CB3127
_K1: Final = 0xB492B66FBE98F273
_K2: Final = 0x9AE16A3B2F90404F


def _word(data: bytes, at: int, size: int = 8) -> int:
    return int.from_bytes(data[at : at + size], "little")


def _turned(value: int, by: int) -> int:
    value &= _MASK
    return ((value >> by) | (value << (64 - by))) & _MASK


def _mixed(value: int) -> int:
    value &= _MASK
    return value ^ (value >> 47)


def _pair(u: int, v: int, factor: int) -> int:
    a = _mixed((u ^ v) * factor)
    b = _mixed(((v & _MASK) ^ a) * factor)
    return (b * factor) & _MASK


def fingerprint64(data: bytes) -> int:
    """Return FarmHash's 64-bit fingerprint.

    Example:
        >>> hex(fingerprint64(b""))
        '0x9ae16a3b2f90404f'

    Source: github.com/google/farmhash, Fingerprint64.
    """
    size = len(data)
    if size <= 16:
        return _short(data, size)
    factor = _K2 + size * 2
    if size <= 32:
        a, b = _word(data, 0) * _K1, _word(data, 8)
        c, d = _word(data, size - 8) * factor, _word(data, size - 16) * _K2
        return _pair(
            (_turned(a + b, 43) + _turned(c, 30) + d) & _MASK,
            (a + _turned(b + _K2, 18) + c) & _MASK,
            factor,
        )
    return _medium(data, size, factor) if size <= 64 else _long(data, size)


def _short(data: bytes, size: int) -> int:
    factor = _K2 + size * 2
    if size >= 8:
        a, b = (_word(data, 0) + _K2) & _MASK, _word(data, size - 8)
        c = (_turned(b, 37) * factor + a) & _MASK
        d = ((_turned(a, 25) + b) * factor) & _MASK
        return _pair(c, d, factor)
    if size >= 4:
        return _pair(size + (_word(data, 0, 4) << 3), _word(data, size - 4, 4), factor)
    if not size:
        return _K2
    y = data[0] + (data[size >> 1] << 8)
    z = size + (data[-1] << 2)
    return (_mixed((y * _K2) ^ (z * _K0)) * _K2) & _MASK


def _medium(data: bytes, size: int, factor: int) -> int:
    a, b = _word(data, 0) * _K2, _word(data, 8)
    c, d = _word(data, size - 8) * factor, _word(data, size - 16) * _K2
    y = (_turned(a + b, 43) + _turned(c, 30) + d) & _MASK
    z = _pair(y, (a + _turned(b + _K2, 18) + c) & _MASK, factor)
    e, f = _word(data, 16) * factor, _word(data, 24)
    g = (y + _word(data, size - 32)) * factor
    h = (z + _word(data, size - 24)) * factor
    return _pair(
        (_turned(e + f, 43) + _turned(g, 30) + h) & _MASK,
        (e + _turned(f + a, 18) + g) & _MASK,
        factor,
    )


def _weak(data: bytes, at: int, a: int, b: int) -> tuple[int, int]:
    w, x, y, z = (_word(data, at + 8 * i) for i in range(4))
    a += w
    b = _turned(b + a + z, 21)
    c = a
    a += x + y
    return (a + z) & _MASK, (b + _turned(a, 44) + c) & _MASK


def _long(data: bytes, size: int) -> int:
    x, y = 81, (81 * _K1 + 113) & _MASK
    z = (_mixed(y * _K2 + 113) * _K2) & _MASK
    v, w = (0, 0), (0, 0)
    x = (x * _K2 + _word(data, 0)) & _MASK
    for at in range(0, (size - 1) // 64 * 64, 64):
        x = _turned(x + y + v[0] + _word(data, at + 8), 37) * _K1
        y = _turned(y + v[1] + _word(data, at + 48), 42) * _K1
        x = (x & _MASK) ^ w[1]
        y += v[0] + _word(data, at + 40)
        z = _turned(z + w[0], 33) * _K1
        v = _weak(data, at, v[1] * _K1, x + w[0])
        w = _weak(data, at + 32, z + w[1], y + _word(data, at + 16))
        x, z = z, x
    # The last 64 bytes once more, with another factor.
    factor = _K1 + ((z & 0xFF) << 1)
    at = size - 64
    w = (w[0] + ((size - 1) & 63), w[1])
    v = (v[0] + w[0], v[1])
    w = (w[0] + v[0], w[1])
    x = _turned(x + y + v[0] + _word(data, at + 8), 37) * factor
    y = _turned(y + v[1] + _word(data, at + 48), 42) * factor
    x = (x ^ (w[1] * 9)) & _MASK
    y = (y + v[0] * 9 + _word(data, at + 40)) & _MASK
    z = _turned(z + w[0], 33) * factor
    v = _weak(data, at, v[1] * factor, x + w[0])
    w = _weak(data, at + 32, z + w[1], y + _word(data, at + 16))
    x, z = z & _MASK, x
    return _pair(
        (_pair(v[0], w[0], factor) + _mixed(y) * _K0 + z) & _MASK,
        (_pair(v[1], w[1], factor) + x) & _MASK,
        factor,
    )


# --- SipHash and MurmurHash -----------------------------------------------------------------------


def siphash(data: bytes, key: tuple[int, int]) -> int:
    """Return SipHash-2-4, which nobody can predict without the key.

    Example:
        >>> hex(siphash(bytes(range(15)), (0x0706050403020100, 0x0F0E0D0C0B0A0908)))
        '0xa129ca6149be45e5'

    Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012; the example is theirs.
    """
    v0, v1 = key[0] ^ 0x736F6D6570736575, key[1] ^ 0x646F72616E646F6D
    state = (v0, v1, key[0] ^ 0x6C7967656E657261, key[1] ^ 0x7465646279746573)
    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) & 0xFF])
    for at in range(0, len(padded), 8):
        word = _word(padded, at)
        state = (*state[:3], state[3] ^ word)
        state = _sip_round(_sip_round(state))
        state = (state[0] ^ word, *state[1:])
    state = (*state[:2], state[2] ^ 0xFF, state[3])
    for _ in range(4):
        state = _sip_round(state)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _sip_round(state: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    v0, v1, v2, v3 = state
    v0 = (v0 + v1) & _MASK
    v2 = (v2 + v3) & _MASK
    v1 = _turned(v1, 51) ^ v0
    v3 = _turned(v3, 48) ^ v2
    v0 = _turned(v0, 32)
    v2 = (v2 + v1) & _MASK
    v0 = (v0 + v3) & _MASK
    v1 = _turned(v1, 47) ^ v2
    v3 = _turned(v3, 43) ^ v0
    return v0, v1, _turned(v2, 32), v3


_MURMUR: Final = 0xC6A4A7935BD1E995


def murmur64(data: bytes, seed: int = 0xDECAFCAFFE) -> int:
    """Return MurmurHash64A; the seed is the one that TensorFlow hashes strings with.

    Source: github.com/aappleby/smhasher, MurmurHash2.cpp.
    """
    state = seed ^ (len(data) * _MURMUR & _MASK)
    whole = len(data) // 8 * 8
    for at in range(0, whole, 8):
        word = _word(data, at) * _MURMUR & _MASK
        word = (word ^ (word >> 47)) * _MURMUR & _MASK
        state = (state ^ word) * _MURMUR & _MASK
    if whole < len(data):
        state = (state ^ _word(data, whole)) * _MURMUR & _MASK
    state = (state ^ (state >> 47)) * _MURMUR & _MASK
    return state ^ (state >> 47)
