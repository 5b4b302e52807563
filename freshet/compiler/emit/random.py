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
    """Return the four words of the block that element `index` (i64) is in."""
    lanes = split_type(index.type)[1]
    word, wide = vector_type("i32", lanes), vector_type("i64", lanes)

    def number(value: int, kind: str) -> str:
        return b.constant(value, kind).text

    def binary(op: str, x: Value, y: str) -> Value:
        return b.emit(x.type, f"{op} {x}, {y}")

    block = binary("lshr", index, number(6, wide))
    block = binary("shl", block, number(4, wide))
    block = binary("or", block, binary("and", index, number(15, wide)).text)
    low = b.emit(word, f"trunc {block} to {word}")
    high = b.emit(word, f"trunc {binary('lshr', block, number(32, wide))} to {word}")
    zero = Value(word, number(0, word))
    counter = [low, high, zero, zero]
    keys = [b.splat(key0, lanes), b.splat(key1, lanes)]
    for turn in range(ROUNDS):
        if turn:
            keys = [binary("add", k, number(s, word)) for k, s in zip(keys, KEY_STEPS, strict=True)]
        halves = []
        for factor, x in zip(MULTIPLIERS, (counter[0], counter[2]), strict=True):
            long = b.emit(wide, f"zext {x} to {wide}")
            product = binary("mul", long, number(factor, wide))
            top = b.emit(word, f"trunc {binary('lshr', product, number(32, wide))} to {word}")
            halves.append((top, b.emit(word, f"trunc {product} to {word}")))
        (high0, low0), (high1, low1) = halves
        counter = [
            binary("xor", binary("xor", high1, counter[1].text), keys[0].text),
            low1,
            binary("xor", binary("xor", high0, counter[3].text), keys[1].text),
            low0,
        ]
    return counter
