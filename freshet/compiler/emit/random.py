"""Philox 4x32-10 in vector code; `freshet.ops.random` holds the reference and the definition.

Source: Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

from typing import Final

from freshet.compiler.emit.builder import Builder, Value, split_type, vector_type

SHARED: Final = 64
"""Neighbours that share their blocks, beginning at a multiple of as many."""
BLOCKS: Final = 16
"""Blocks that these are in."""
ROUNDS: Final = 10
MULTIPLIERS: Final = (0xD2511F53, 0xCD9E8D57)
KEY_STEPS: Final = (0x9E3779B9, 0xBB67AE85)


def philox(b: Builder, key0: Value, key1: Value, index: Value) -> Value:
    """Return the 32 random bits of element `index` (i64).

    Element i is word ``(i >> 4) & 3`` of the block with counter ``(i >> 6 << 4) | (i & 15)``: 64
    neighbours share 16 blocks, so that a vector of 16 takes one word of 16 blocks.
    """
    lanes = split_type(index.type)[1]
    wide, flags = index.type, vector_type("i1", lanes)
    words = philox_block(b, key0, key1, index)
    shifted = b.emit(wide, f"lshr {index}, {b.constant(4, wide).text}")
    which = b.emit(wide, f"and {shifted}, {b.constant(3, wide).text}")
    result = words[0]
    for n in range(1, 4):
        here = b.emit(flags, f"icmp eq {which}, {b.constant(n, wide).text}")
        result = b.emit(result.type, f"select {here}, {words[n]}, {result}")
    return result


def word_of(offset: int) -> int:
    """Return which word of its block an element is, so far from the first that shares it."""
    return offset >> 4 & 3


def philox_block(b: Builder, key0: Value, key1: Value, index: Value) -> list[Value]:
    """Return the four words of the block that element `index` (i64) is in.

    Processors multiply every second 32-bit lane to 64 bits. So neighbours are computed in two
    vectors of 64-bit lanes, the even and the odd ones, from the first round to the last; what is in
    the upper half of a lane does not count.
    """
    lanes = split_type(index.type)[1]
    wide = index.type
    block = _integer(b, "lshr", index, 6)
    block = _integer(b, "shl", block, 4)
    block = b.emit(wide, f"or {block}, {_integer(b, 'and', index, 15).text}")
    if lanes < 2 or lanes % 2:
        words = _rounds(b, key0, key1, block)
        word = vector_type("i32", lanes)
        return [b.emit(word, f"trunc {w} to {word}") for w in words]
    halves = [
        _rounds(b, *(_every_second(b, x, first) for x in (key0, key1, block))) for first in (0, 1)
    ]
    return [_interleaved(b, even, odd) for even, odd in zip(*halves, strict=True)]


def _integer(b: Builder, op: str, x: Value, y: int) -> Value:
    return b.emit(x.type, f"{op} {x}, {b.constant(y, x.type).text}")


def _rounds(b: Builder, key0: Value, key1: Value, block: Value) -> list[Value]:
    """Return the words of blocks whose counters are `block`, in the lower halves of its lanes."""
    wide = block.type
    counter = [block, _integer(b, "lshr", block, 32), *[Value(wide, b.constant(0, wide).text)] * 2]
    keys = [key0, key1]
    for turn in range(ROUNDS):
        if turn:
            keys = [_integer(b, "add", k, step) for k, step in zip(keys, KEY_STEPS, strict=True)]
        products = [
            _integer(b, "mul", _integer(b, "and", x, 0xFFFFFFFF), factor)
            for factor, x in zip(MULTIPLIERS, (counter[0], counter[2]), strict=True)
        ]
        high = [_integer(b, "lshr", p, 32) for p in products]
        wide_keys = [b.emit(wide, f"zext {k} to {wide}") for k in keys]
        mixed = [
            b.emit(wide, f"xor {b.emit(wide, f'xor {h}, {c.text}')}, {k.text}")
            for h, c, k in zip((high[1], high[0]), (counter[1], counter[3]), wide_keys, strict=True)
        ]
        counter = [mixed[0], products[1], mixed[1], products[0]]
    return counter


def _every_second(b: Builder, x: Value, first: int) -> Value:
    """Return every second lane of a vector."""
    element, lanes = split_type(x.type)
    chosen = ", ".join(f"i32 {n}" for n in range(first, lanes, 2))
    half = vector_type(element, lanes // 2)
    mask = f"<{lanes // 2} x i32> <{chosen}>"
    return b.emit(half, f"shufflevector {x}, {x.type} poison, {mask}")


def _interleaved(b: Builder, even: Value, odd: Value) -> Value:
    """Return the lower halves of two vectors' lanes in turns."""
    low = _integer(b, "and", even, 0xFFFFFFFF)
    both = b.emit(even.type, f"or {low}, {_integer(b, 'shl', odd, 32).text}")
    kind = vector_type("i32", 2 * split_type(even.type)[1])
    return b.emit(kind, f"bitcast {both} to {kind}")
