"""Strings to strings and lengths: case, white space, parts, joining."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from database.record import Operation, Ragged, case, error, strings


def each(function: Callable[..., Any], dtype: Any = object) -> Callable[..., Any]:
    """Return a reference that applies a function of one string to all."""

    def reference(x: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(x, Ragged):
            return Ragged(reference(x.values, *args, **kwargs), x.splits)
        found = np.empty(x.shape, dtype)
        for at, text in np.ndenumerate(x):
            found[at] = function(text, *args, **kwargs)
        return found[()]

    return reference


def scalar(text: Any) -> np.ndarray:
    return strings(text).reshape(())


WORDS = strings("Hello", "wORLD 1", "", "straße ÀÉ", " \t pad\n ", b"a\xffB")
GRID = strings("a", "Bc", "", "DeF", "xyz", "é").reshape(2, 3)
EMPTY = strings().reshape(0, 2)
RAGGED = Ragged(strings("aB", "C", "", "dé"), (np.array([0, 2, 2, 4]),))
NESTED = Ragged(RAGGED.values, (np.array([0, 1, 3]), *RAGGED.splits))
NUMBERS = np.array([1, 2])


def lowered(text: bytes, encoding: str = "") -> bytes:
    return text.decode("utf-8", "replace").lower().encode() if encoding else text.lower()


def uppered(text: bytes, encoding: str = "") -> bytes:
    return text.decode("utf-8", "replace").upper().encode() if encoding else text.upper()


def characters(text: bytes, unit: str = "BYTE") -> Any:
    return text if unit == "BYTE" else text.decode()


def part(x: Any, pos: Any, size: Any, unit: str = "BYTE") -> Any:
    if isinstance(x, Ragged):
        return Ragged(part(x.values, pos, size, unit), x.splits)
    texts, starts, sizes = np.broadcast_arrays(x, pos, size)
    found = np.empty(texts.shape, object)
    for at, text in np.ndenumerate(texts):
        whole = characters(text, unit)
        start = starts[at] + (len(whole) if starts[at] < 0 else 0)
        piece = whole[start : start + max(sizes[at], 0)]
        found[at] = piece if isinstance(piece, bytes) else piece.encode()
    return found[()]


def joined(xs: Any, separator: str = "") -> Any:
    if not xs:
        return b""
    ragged = next((x for x in xs if isinstance(x, Ragged)), None)
    if ragged is not None:
        values = [x.values if isinstance(x, Ragged) else x for x in xs]
        return Ragged(joined(values, separator), ragged.splits)
    whole = np.broadcast_arrays(*xs)
    found = np.empty(whole[0].shape, object)
    for at in np.ndindex(found.shape):
        found[at] = separator.encode().join(x[at] for x in whole)
    return found[()]


def joined_along(x: Any, axis: Any = None, keepdims: bool = False, separator: str = "") -> Any:
    if isinstance(x, Ragged):
        ends = zip(x.splits[-1][:-1], x.splits[-1][1:], strict=True)
        if axis == 0:
            lists = [x.values[a:b].tolist() for a, b in ends]
            width = max(map(len, lists))
            return strings(*(
                gathered([row[i] for row in lists if len(row) > i], separator)
                for i in range(width)
            ))  # fmt: skip
        rows = strings(*(gathered(x.values[a:b], separator) for a, b in ends))
        return Ragged(rows, x.splits[:-1]) if x.splits[:-1] else rows
    axes = range(x.ndim)[::-1] if axis is None else np.atleast_1d(axis)
    kept = list(x.shape)
    for d in axes:  # the first named varies fastest, so it is joined first
        kept[d] = 1
        after = np.empty(kept, object)
        for at in np.ndindex(*kept):
            line = x[tuple(slice(None) if i == d % x.ndim else k for i, k in enumerate(at))]
            after[at] = separator.encode().join(line.tolist())
        x = after
    gone = {a % len(kept) for a in axes}
    rest = kept if keepdims else [s for d, s in enumerate(kept) if d not in gone]
    return x.reshape(rest)[()]


def gathered(texts: Any, separator: str) -> bytes:
    """Join as TensorFlow does in segments: no separator while what there is is empty."""
    found = b""
    for text in texts:
        found += separator.encode() * bool(found) + text
    return found


def segments(x: Any, ids: Any, count: int, separator: str = "") -> Any:
    rest = x.shape[ids.ndim :]
    rows = x.reshape(ids.size, *rest)
    found = np.empty((count, *rest), object)
    for at in np.ndindex(found.shape):
        mine = [rows[k, *at[1:]] for k, i in enumerate(ids.reshape(-1)) if i == at[0]]
        found[at] = gathered(mine, separator)
    return found


_TEXTS = [case(WORDS), case(GRID), case(EMPTY), case(scalar("aZé")), case(RAGGED)]
_UNKNOWN = error("InvalidArgumentError", WORDS, encoding="latin", message="encoding must be one of")

OPERATIONS = [
    Operation(
        name="strings.lower", reference=each(lowered),
        cases=[*_TEXTS, case(WORDS, encoding="utf-8"),
               case(strings("ΑΣ", "İ"), encoding="utf-8")],
        errors=[_UNKNOWN, error("InvalidArgumentError", NUMBERS, message="expected strings")],
    ),
    Operation(
        name="strings.upper", reference=each(uppered),
        cases=[*_TEXTS, case(WORDS, encoding="utf-8")],
        errors=[_UNKNOWN, error("InvalidArgumentError", NUMBERS, message="expected strings")],
    ),
    Operation(
        name="strings.strip", reference=each(bytes.strip),
        cases=[*_TEXTS, case(strings("\x0b\x0c a b \r", "\u00a0x", "  "))],
        errors=[error("InvalidArgumentError", NUMBERS, message="expected strings")],
    ),
    Operation(
        name="strings.length",
        reference=each(lambda text, unit="BYTE": len(characters(text, unit)), np.int32),
        cases=[*_TEXTS, case(GRID, unit="UTF8_CHAR"), case(scalar("a語é"), unit="UTF8_CHAR"),
               case(GRID, "BYTE")],
        errors=[error("InvalidArgumentError", WORDS, unit="WORD", message="unit must be one of"),
                error("InvalidArgumentError", NUMBERS, message="expected strings")],
    ),
    Operation(
        name="strings.substr", reference=part,
        cases=[
            case(strings("Hello", "World"), 1, 3),
            case(strings("Hello", "World"), np.array([0, -2]), np.array([4, 9])),
            case(strings("Hello", "World").reshape(2, 1), np.array([0, 1, 2], np.int32),
                 np.array([1, 2, 0], np.int32)),
            case(scalar("freshet"), np.array([0, 5]), np.array([5, 2])),
            case(scalar("héé!"), 1, 2, unit="UTF8_CHAR"),
            case(strings("héé!", "abcd"), np.array([-2, 4]), np.array([5, 1]), unit="UTF8_CHAR"),
            case(EMPTY, 0, 1), case(scalar("abc"), 3, 1), case(scalar("abc"), -3, 2),
            case(Ragged(strings("ab", "cd", "ef"), (np.array([0, 1, 3]),)), 1, 1),
        ],
        errors=[
            error("InvalidArgumentError", scalar("abc"), 4, 1, message="pos 4 is outside"),
            error("InvalidArgumentError", scalar("abc"), -4, 1, message="which has 3 bytes"),
            error("InvalidArgumentError", scalar("é"), 2, 1, unit="UTF8_CHAR",
                  message="characters"),
            error("InvalidArgumentError", scalar("abc"), np.array([1, 2]), np.array([1, 2, 3]),
                  message="one shape"),
            error("InvalidArgumentError", scalar("abc"), 1, 1, unit="WORD", message="unit"),
        ],
    ),
    Operation(
        name="strings.join", reference=joined,
        cases=[
            case([GRID, GRID]), case([GRID, scalar("-"), GRID], separator="/"),
            case([scalar("a"), scalar("b")], separator=", "), case([WORDS]), case([EMPTY, EMPTY]),
            case([RAGGED, RAGGED], "+"), case([RAGGED, scalar("!")]),
            case([GRID, scalar("x")], "é"),
            case([]),
        ],
        errors=[
            error("InvalidArgumentError", [WORDS, GRID], message="one shape"),
            error("InvalidArgumentError", [strings("a", "b"), strings("a")], message="one shape"),
        ],
    ),
    Operation(
        name="strings.reduce_join", reference=joined_along,
        cases=[
            case(GRID), case(GRID, separator="-"), case(GRID, axis=0), case(GRID, axis=-1),
            case(GRID, axis=[0, 1]), case(GRID, axis=[1, 0], separator=","),
            case(GRID, axis=1, keepdims=True), case(GRID, axis=[0, 1], keepdims=True),
            case(scalar("ab")), case(EMPTY, axis=0), case(EMPTY, axis=1), case(WORDS, axis=0),
            case(RAGGED, axis=1, separator="."), case(RAGGED, axis=0, separator="."),
            case(RAGGED, axis=-1), case(NESTED, axis=2, separator="-"), case(GRID, axis=[]),
            case(GRID.reshape(1, 3, 2), axis=[2, 0]),
        ],
        errors=[
            error("OutOfRangeError", GRID, axis=2, message="axis 2"),
            error("InvalidArgumentError", GRID, axis=[0, 0], message="twice"),
        ],
    ),
    Operation(
        name="strings.unsorted_segment_join", reference=segments,
        cases=[
            case(strings("a", "b", "c"), np.array([1, 0, 1]), 2),
            case(strings("a", "b", "c"), np.array([2, 0, 2]), 4, separator=":"),
            case(GRID, np.array([1, 1]), 2, separator="-"),
            case(GRID, np.array([[0, 1, 0], [2, 2, 0]]), 3, separator="-"),
            case(strings(), np.array([], np.int32), 2),
        ],
        errors=[
            error("InvalidArgumentError", WORDS[:2], np.array([0, 3]), 3, message="segment 3"),
            error("InvalidArgumentError", WORDS[:2], np.array([0, -1]), 3, message="segment -1"),
            error("InvalidArgumentError", WORDS[:2], np.array([0, 1, 2]), 3, message="begin"),
        ],
    ),
]  # fmt: skip
