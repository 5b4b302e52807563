"""Strings to rows of strings: splitting, bytes, n-grams."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from database.record import Operation, Ragged, case, error, strings
from database.strings_text import EMPTY, GRID, RAGGED, WORDS, scalar


def nested(values: Sequence[Sequence[Any]], outer: Any, shape: tuple[int, ...], array: Any) -> Any:
    """Return rows, one for each string of a tensor or ragged tensor."""
    items = array(list(itertools.chain(*values)))
    if not shape and not outer:
        return items
    splits = list(outer)
    for i, size in enumerate(shape[1:], 1):
        splits.append(np.arange(int(np.prod(shape[:i])) + 1) * size)
    splits.append(np.cumsum([0, *map(len, values)]))
    return Ragged(items, tuple(np.asarray(s, np.int64) for s in splits))


def objects(items: list[Any]) -> np.ndarray:
    return strings(*items)


def rows(function: Callable[..., list[Any]], array: Any = objects) -> Callable[..., Any]:
    """Return a reference that makes a row of each string."""

    def reference(x: Any, *args: Any, **kwargs: Any) -> Any:
        outer = x.splits if isinstance(x, Ragged) else ()
        dense = x.values if isinstance(x, Ragged) else x
        found = [function(text, *args, **kwargs) for text in dense.reshape(-1)]
        return nested(found, outer, dense.shape, array)

    return reference


def split(text: bytes, sep: str | None = None, maxsplit: int = -1) -> list[bytes]:
    return text.split(sep.encode() if sep else None, maxsplit)


def grams(
    row: list[bytes], width: Any, separator: str = " ", pad_values: Any = None,
    padding_width: Any = None, preserve_short_sequences: bool = False,
) -> list[bytes]:  # fmt: skip
    left, right = pad_values if isinstance(pad_values, tuple) else (pad_values, pad_values)
    found = []
    widths = width if isinstance(width, list) else [width]
    for n in widths:
        most = n - 1 if padding_width is None else min(padding_width, n - 1)
        size = 0 if pad_values is None else most
        padded = [str(left).encode()] * size + row + [str(right).encode()] * size
        found += [padded[i : i + n] for i in range(len(padded) - n + 1)]
    if preserve_short_sequences and not found and row:
        found = [row]
    return [separator.encode().join(g) for g in found]


def ngrams(x: Any, *args: Any, **kwargs: Any) -> Any:
    if isinstance(x, Ragged):
        ends = zip(x.splits[-1][:-1], x.splits[-1][1:], strict=True)
        made = [grams(x.values[a:b].tolist(), *args, **kwargs) for a, b in ends]
        return nested(made, x.splits[:-1], (len(made),), objects)
    made = [grams(row.tolist(), *args, **kwargs) for row in x.reshape(-1, x.shape[-1])]
    return objects(list(itertools.chain(*made))).reshape(*x.shape[:-1], -1)


SENTENCES = strings(" to be  or ", "", "not", "to\tbe\n!")
LISTS = strings("a,b,,c", "", ",", "d", "é,é")
LETTERS = strings("a", "b", "c", "d")

OPERATIONS = [
    Operation(
        name="strings.split", reference=rows(split),
        cases=[
            case(SENTENCES), case(scalar("a b c")), case(scalar("")), case(LISTS, sep=","),
            case(LISTS, ",", 1), case(SENTENCES, maxsplit=1), case(strings("a::b:c"), sep="::"),
            case(GRID), case(EMPTY), case(strings("a b", "c").reshape(1, 2, 1)), case(RAGGED),
            case(strings("a  b"), sep=""), case(strings("ababa"), sep="aba"),
        ],
        errors=[error("ValueError", np.array([1]), message="expected strings")],
        differs="TensorFlow puts an empty string after what has fewer pieces than maxsplit allows",
        differs_in=[5],
    ),
    Operation(
        name="strings.bytes_split",
        reference=rows(lambda text: [bytes([byte]) for byte in text]),
        cases=[case(WORDS), case(scalar("héy")), case(GRID), case(EMPTY), case(RAGGED)],
        errors=[error("ValueError", np.array([1]), message="expected strings")],
    ),
    Operation(
        name="strings.ngrams", reference=ngrams,
        cases=[
            case(LETTERS, 2), case(LETTERS, 3, "|"), case(LETTERS, 1), case(LETTERS, 5),
            case(LETTERS, [2, 3]), case(LETTERS, 3, pad_values=("L", "R")),
            case(LETTERS, 3, pad_values="P", padding_width=1), case(GRID, 2),
            case(GRID.reshape(1, 2, 3), 2, pad_values="-"),
            case(LETTERS, 5, preserve_short_sequences=True), case(RAGGED, 2),
            case(RAGGED, [1, 2], pad_values="P"),
            case(Ragged(LETTERS, (np.array([0, 2]), np.array([0, 3, 4]))), 2),
        ],
        errors=[
            error("ValueError", LETTERS, 0, message="ngram_width"),
            error("ValueError", LETTERS, 2, padding_width=1, message="pad_values"),
            error("ValueError", LETTERS, 2, pad_values="x", padding_width=0, message="padding"),
            error("TypeError", LETTERS, 2, pad_values=1, message="pad_values"),
            error("ValueError", scalar("a"), 2, message="rows of strings"),
        ],
    ),
]  # fmt: skip
