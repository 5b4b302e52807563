"""Hashes of byte strings: FarmHash's fingerprint, SipHash and MurmurHash.

Each is written once, for one string or for an array of them: `Text` and `Texts` read words of
either, and the arithmetic is that of 64-bit numbers in both.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, Final, final

import numpy as np

from freshet.core.tensor import Array
from freshet.ops.strings.packed import Packed

_MASK: Final = 0xFFFFFFFFFFFFFFFF

Word = Any
"""A whole number of 64 bits: an `int`, or an array of uint64 for many strings."""


@final
class Text:
    """Reads one string."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)

    def word(self, at: int, size: int = 8) -> int:
        """Return the whole number that begins at a byte."""
        return int.from_bytes(self.data[at : at + size], "little")

    def rest(self, at: int) -> int:
        """Return the last bytes, fewer than eight, as a whole number."""
        return int.from_bytes(self.data[at:], "little")


@final
class Texts:
    """Reads strings at once.

    Args:
        packed: They and others.
        chosen: The numbers of those that are read.
    """

    def __init__(self, packed: Packed, chosen: Array) -> None:
        self.packed = packed
        self.starts = packed.starts[chosen]
        self.size = packed.lengths[chosen].astype(np.uint64)

    def word(self, at: Word, size: int = 8) -> Array:
        """Return the whole number that begins at a byte of each."""
        where = self.starts + (at.astype(np.int64) if isinstance(at, np.ndarray) else at)
        found: Array = self.packed.words(size)[where].astype(np.uint64, copy=False)
        return found

    def rest(self, at: int) -> Array:
        """Return the last bytes of each, fewer than eight, as a whole number."""
        kept = (np.uint64(1) << (self.size - np.uint64(at)) * np.uint64(8)) - np.uint64(1)
        found: Array = self.word(at) & kept
        return found


def _low(value: Word) -> Word:
    """Return the low 64 bits; arrays keep no others."""
    return value & _MASK if value.__class__ is int else value


# --- FarmHash -------------------------------------------------------------------------------------

_K0: Final = 0xC3A5C85C97CB3127
_K1: Final = 0xB492B66FBE98F273
_K2: Final = 0x9AE16A3B2F90404F


def _turned(value: Word, by: int) -> Word:
    if value.__class__ is int:
        value &= _MASK
        return (value >> by | value << (64 - by)) & _MASK
    return value >> by | value << (64 - by)


def _mixed(value: Word) -> Word:
    value = _low(value)
    return value ^ (value >> 47)


def _pair(u: Word, v: Word, factor: Word) -> Word:
    a = _mixed((u ^ v) * factor)
    b = _mixed((_low(v) ^ a) * factor)
    return _low(b * factor)


def fingerprint64(data: bytes) -> int:
    """Return FarmHash's 64-bit fingerprint.

    Example:
        >>> hex(fingerprint64(b""))
        '0x9ae16a3b2f90404f'

    Source: github.com/google/farmhash, Fingerprint64.
    """
    size = len(data)
    found: int = _fingerprint(Text(data), _farm_kind(size))
    return found


def _farm_kind(size: Any) -> Any:
    """Return what strings of a length have in common: a number for each way to hash."""
    short = (size > 0) * 1 + (size > 3) + (size > 7) + (size > 16) + (size > 32)
    return short + (size > 64) * ((size - 1) // 64)


def _fingerprint(text: Any, kind: int) -> Word:
    if kind <= 3:
        return _short(text, kind)
    factor = _K2 + text.size * 2
    if kind == 4:
        a, b = text.word(0) * _K1, text.word(8)
        c, d = text.word(text.size - 8) * factor, text.word(text.size - 16) * _K2
        return _pair(
            _low(_turned(a + b, 43) + _turned(c, 30) + d),
            _low(a + _turned(b + _K2, 18) + c),
            factor,
        )
    return _medium(text, factor) if kind == 5 else _long(text, (kind - 5) * 64)


def _short(text: Any, kind: int) -> Word:
    size = text.size
    factor = _K2 + size * 2
    if kind == 3:
        a, b = _low(text.word(0) + _K2), text.word(size - 8)
        c = _low(_turned(b, 37) * factor + a)
        d = _low((_turned(a, 25) + b) * factor)
        return _pair(c, d, factor)
    if kind == 2:
        return _pair(size + (text.word(0, 4) << 3), text.word(size - 4, 4), factor)
    if kind == 0:
        return _K2
    y = text.word(0, 1) + (text.word(size >> 1, 1) << 8)
    z = size + (text.word(size - 1, 1) << 2)
    return _low(_mixed((y * _K2) ^ (z * _K0)) * _K2)


def _medium(text: Any, factor: Word) -> Word:
    size = text.size
    a, b = text.word(0) * _K2, text.word(8)
    c, d = text.word(size - 8) * factor, text.word(size - 16) * _K2
    y = _low(_turned(a + b, 43) + _turned(c, 30) + d)
    z = _pair(y, _low(a + _turned(b + _K2, 18) + c), factor)
    e, f = text.word(16) * factor, text.word(24)
    g = (y + text.word(size - 32)) * factor
    h = (z + text.word(size - 24)) * factor
    return _pair(
        _low(_turned(e + f, 43) + _turned(g, 30) + h),
        _low(e + _turned(f + a, 18) + g),
        factor,
    )


def _weak(text: Any, at: Word, a: Word, b: Word) -> tuple[Word, Word]:
    w, x, y, z = (text.word(at + 8 * i) for i in range(4))
    a = a + w
    b = _turned(b + a + z, 21)
    c = a
    a = a + x + y
    return _low(a + z), _low(b + _turned(a, 44) + c)


def _long(text: Any, whole: int) -> Word:
    """Hash strings of more than 64 bytes, of which all but the last 1 to 64 are `whole`."""
    zero = text.size & 0
    x, y = zero + 81, zero + _low(81 * _K1 + 113)
    z = _low(_mixed(y * _K2 + 113) * _K2)
    v, w = (zero, zero), (zero, zero)
    x = _low(x * _K2 + text.word(0))
    for at in range(0, whole, 64):
        x = _turned(x + y + v[0] + text.word(at + 8), 37) * _K1
        y = _turned(y + v[1] + text.word(at + 48), 42) * _K1
        x = _low(x) ^ w[1]
        y = y + v[0] + text.word(at + 40)
        z = _turned(z + w[0], 33) * _K1
        v = _weak(text, at, v[1] * _K1, x + w[0])
        w = _weak(text, at + 32, z + w[1], y + text.word(at + 16))
        x, z = z, x
    # The last 64 bytes once more, with another factor.
    factor = _K1 + ((z & 0xFF) << 1)
    last = text.size - 64
    w = (w[0] + ((text.size - 1) & 63), w[1])
    v = (v[0] + w[0], v[1])
    w = (w[0] + v[0], w[1])
    x = _turned(x + y + v[0] + text.word(last + 8), 37) * factor
    y = _turned(y + v[1] + text.word(last + 48), 42) * factor
    x = _low(x ^ (w[1] * 9))
    y = _low(y + v[0] * 9 + text.word(last + 40))
    z = _turned(z + w[0], 33) * factor
    v = _weak(text, last, v[1] * factor, x + w[0])
    w = _weak(text, last + 32, z + w[1], y + text.word(last + 16))
    x, z = _low(z), x
    return _pair(
        _low(_pair(v[0], w[0], factor) + _mixed(y) * _K0 + z),
        _low(_pair(v[1], w[1], factor) + x),
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
    found: int = _siphash(Text(data), len(data) // 8, key)
    return found


def _siphash(text: Any, whole: int, key: tuple[int, int]) -> Word:
    zero = text.size & 0
    state = (
        zero + (key[0] ^ 0x736F6D6570736575), zero + (key[1] ^ 0x646F72616E646F6D),
        zero + (key[0] ^ 0x6C7967656E657261), zero + (key[1] ^ 0x7465646279746573),
    )  # fmt: skip
    words = [text.word(8 * i) for i in range(whole)]
    for word in [*words, text.rest(8 * whole) | ((text.size & 0xFF) << 56)]:
        state = (*state[:3], state[3] ^ word)
        state = _sip_round(_sip_round(state))
        state = (state[0] ^ word, *state[1:])
    state = (*state[:2], state[2] ^ 0xFF, state[3])
    for _ in range(4):
        state = _sip_round(state)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _sip_round(state: tuple[Word, Word, Word, Word]) -> tuple[Word, Word, Word, Word]:
    v0, v1, v2, v3 = state
    v0 = _low(v0 + v1)
    v2 = _low(v2 + v3)
    v1 = _turned(v1, 51) ^ v0
    v3 = _turned(v3, 48) ^ v2
    v0 = _turned(v0, 32)
    v2 = _low(v2 + v1)
    v0 = _low(v0 + v3)
    v1 = _turned(v1, 47) ^ v2
    v3 = _turned(v3, 43) ^ v0
    return v0, v1, _turned(v2, 32), v3


_MURMUR: Final = 0xC6A4A7935BD1E995


def murmur64(data: bytes, seed: int = 0xDECAFCAFFE) -> int:
    """Return MurmurHash64A; the seed is the one that TensorFlow hashes strings with.

    Source: github.com/aappleby/smhasher, MurmurHash2.cpp.
    """
    found: int = _murmur(Text(data), _murmur_kind(len(data)), seed)
    return found


def _murmur_kind(size: Any) -> Any:
    """Return twice the number of whole words, and one more if there are bytes behind them."""
    return size // 8 * 2 + (size % 8 > 0)


def _murmur(text: Any, kind: int, seed: int = 0xDECAFCAFFE) -> Word:
    state = _low(text.size * _MURMUR) ^ seed
    whole = kind // 2 * 8
    for at in range(0, whole, 8):
        word = _low(text.word(at) * _MURMUR)
        word = _low((word ^ (word >> 47)) * _MURMUR)
        state = _low((state ^ word) * _MURMUR)
    if kind % 2:
        state = _low((state ^ text.rest(whole)) * _MURMUR)
    state = _low((state ^ (state >> 47)) * _MURMUR)
    return state ^ (state >> 47)


# --- many strings ---------------------------------------------------------------------------------

_FEW: Final = 12
"""Up to so many strings of a kind, one after the other is faster than all at once."""
_MOST: Final = 1 << 13
"""Strings that are hashed at once: their words and what is made of them stay in cache."""


def fingerprints(texts: Sequence[bytes]) -> Array:
    """Return `fingerprint64` of each string, uint64[n].

    Example:
        >>> fingerprints([b"", b"a"]).tolist() == [fingerprint64(b""), fingerprint64(b"a")]
        True
    """
    return _hashed(texts, fingerprint64, _fingerprint, _farm_kind, _FEW)


def siphashes(texts: Sequence[bytes], key: tuple[int, int]) -> Array:
    """Return `siphash` of each string, uint64[n]."""
    return _hashed(texts, siphash, _siphash, lambda size: size // 8, _FEW, key)


def murmurs(texts: Sequence[bytes]) -> Array:
    """Return `murmur64` of each string, uint64[n]."""
    return _hashed(texts, murmur64, _murmur, _murmur_kind, _FEW)


def _hashed(
    texts: Sequence[bytes], one: Callable[..., int], several: Callable[..., Word],
    kind_of: Callable[[Array], Array], few: int, *key: tuple[int, int],
) -> Array:  # fmt: skip
    """Hash strings: those of a kind at once, few of a kind one after the other."""
    if len(texts) <= few:
        return np.array([one(text, *key) for text in texts], np.uint64)
    packed = Packed(texts)
    kinds = kind_of(packed.lengths)
    if kinds.max() < 1 << 16:
        kinds = kinds.astype(np.uint16)  # NumPy sorts so small a dtype by its digits
    order = np.argsort(kinds, kind="stable")
    bounds = np.flatnonzero(np.diff(kinds[order].astype(np.int64), prepend=-1, append=-1))
    found = np.empty(len(texts), np.uint64)
    for start, end in itertools.pairwise(bounds.tolist()):
        if end - start <= few:
            for number in order[start:end].tolist():
                found[number] = one(texts[number], *key)
            continue
        kind = int(kinds[order[start]])
        for at in range(start, end, _MOST):
            chosen = order[at : min(at + _MOST, end)]
            found[chosen] = several(Texts(packed, chosen), kind, *key)
    return found
