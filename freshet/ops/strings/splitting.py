"""Splitting strings: at separators, into bytes; and joining what was split to n-grams."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.math import cast
from freshet.ops.shaping import concat, reshape, shape
from freshet.ops.strings.host import (
    check_strings,
    count_argument,
    host_primitive,
    is_ragged,
    string_tensor,
)
from freshet.ops.strings.joining import text_argument
from freshet.ops.strings.rows import (
    dense_splits_p,
    joined_rows,
    nested_rows,
    ragged,
    row_splits,
    rows_infer,
)

# --- at separators, into bytes --------------------------------------------------------------------


def _split(x: Array, separator: bytes, most: int) -> tuple[Array, Array]:
    return joined_rows([text.split(separator or None, most) for text in x.tolist()])


_BYTES: Final = np.array([bytes([code]) for code in range(256)], object)


def _bytes_split(x: Array) -> tuple[Array, Array]:
    texts = x.tolist()
    return _BYTES[np.frombuffer(b"".join(texts), np.uint8)], row_splits(texts)


split_p = host_primitive("string_split", rows_infer("strings.split", dtypes.string), _split)
bytes_split_p = host_primitive(
    "bytes_split", rows_infer("strings.bytes_split", dtypes.string),
    _bytes_split,
)  # fmt: skip


@dispatched
def split(
    input: Any, sep: str | bytes | None = None, maxsplit: int = -1, name: str | None = None
) -> Any:
    """Split each string at a separator.

    Args:
        input: Strings, a tensor or ragged tensor.
        sep: What separates; between two in a row is an empty string. By default, and if it is
            empty, any run of ASCII white space separates and none is at the ends.
        maxsplit: How often a string is split at most; -1, the default, for no limit.
        name: Ignored.

    Returns:
        A ragged tensor with one dimension more; for a single string a vector.

    Example:
        >>> split("to be  or").numpy().tolist()
        [b'to', b'be', b'or']
        >>> split(["a,b,,c", "d"], sep=",").to_list()
        [[b'a', b'b', b'', b'c'], [b'd']]
    """
    del name
    separator = b"" if sep is None else text_argument("strings.split", sep, "sep")

    def parts(x: Tensor) -> Sequence[Tensor]:
        return split_p.apply((x,), {"separator": separator, "most": int(maxsplit)})

    return nested_rows("strings.split", input, parts)[0]


@dispatched
def bytes_split(input: Any, name: str | None = None) -> Any:
    """Split each string into its bytes.

    Args:
        input: Strings, a tensor or ragged tensor.
        name: Ignored.

    Returns:
        A ragged tensor with one dimension more; for a single string a vector.

    Example:
        >>> bytes_split(["ab", "c"]).to_list()
        [[b'a', b'b'], [b'c']]
    """
    del name
    return nested_rows("strings.bytes_split", input, lambda x: bytes_split_p.apply((x,), {}))[0]


# --- n-grams --------------------------------------------------------------------------------------


def _ngrams(
    x: Array, splits: Array, widths: tuple[int, ...], separator: bytes, pads: tuple[bytes, bytes],
    padding: int, keep_short: bool,
) -> tuple[Array, Array]:  # fmt: skip
    rows = []
    for start, end in itertools.pairwise(splits):
        row = x[start:end].tolist()
        found = [g for w in widths for g in _grams(row, w, pads, _pad_width(w, padding))]
        if keep_short and not found and row:
            # The narrowest window decides how much padding a short row gets.
            around = _pad_width(min(widths), padding)
            found = [[pads[0]] * around + row + [pads[1]] * around]
        rows.append([separator.join(gram) for gram in found])
    return joined_rows(rows)


def _pad_width(width: int, padding: int) -> int:
    return width - 1 if padding < 0 else min(padding, width - 1)


def _grams(
    row: list[bytes], width: int, pads: tuple[bytes, bytes], padding: int
) -> list[list[bytes]]:
    padded = [pads[0]] * padding + row + [pads[1]] * padding
    return [padded[i : i + width] for i in range(len(padded) - width + 1)]


def _ngrams_infer(x: TensorType, splits: TensorType, **params: Any) -> tuple[TensorType, ...]:
    del params
    check_strings("strings.ngrams", x)
    return TensorType(dtypes.string, (None,)), splits


ngrams_p = host_primitive(
    "ngrams", _ngrams_infer,
    lambda x, splits, **params: _with_dtype(_ngrams(x, splits, **params), splits),
)  # fmt: skip


def _with_dtype(found: tuple[Array, Array], splits: Array) -> tuple[Array, Array]:
    return found[0], found[1].astype(splits.dtype)


def _pads(values: Any) -> tuple[bytes, bytes]:
    both = tuple(values) if isinstance(values, (list, tuple)) else (values, values)
    if len(both) != 2 or not all(isinstance(v, (str, bytes)) for v in both):
        raise DTypeError(
            f"strings.ngrams: pad_values must be a string, two strings or None, received {values!r}"
        )
    left, right = (text_argument("strings.ngrams", v) for v in both)
    return left, right


@dispatched
def ngrams(
    data: Any, ngram_width: int | Sequence[int], separator: str | bytes = " ",
    pad_values: Any = None, padding_width: int | None = None,
    preserve_short_sequences: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """Join each run of neighbours along the last dimension.

    Args:
        data: Strings of rank 1 or more, a tensor or ragged tensor.
        ngram_width: How many are joined; of several widths, all n-grams of the first come first.
        separator: What stands between.
        pad_values: What is put before and after each row: a string or two; nothing by default.
        padding_width: How many of them are put on each side, never more than the width - 1, which
            is the default.
        preserve_short_sequences: Whether a row too short for any n-gram gives one of all it has.
        name: Ignored.

    Returns:
        The n-grams of each row: a tensor for a tensor, else ragged.

    Raises:
        InvalidArgumentError: A width is below 1, or `padding_width` is given without `pad_values`.

    Example:
        >>> ngrams(["a", "b", "c"], 2, pad_values="|").numpy().tolist()
        [b'| a', b'a b', b'b c', b'c |']
    """
    del name
    caller = "strings.ngrams"
    widths = ngram_width if isinstance(ngram_width, (list, tuple)) else [ngram_width]
    if padding_width is not None and pad_values is None:
        raise InvalidArgumentError(f"{caller}: padding_width is given, so give pad_values too")
    padding = -1 if padding_width is None else count_argument(caller, "padding_width",
                                                              padding_width)  # fmt: skip
    params = {
        "widths": tuple(count_argument(caller, "ngram_width", w) for w in widths),
        "separator": text_argument(caller, separator),
        "pads": (b"", b"") if pad_values is None else _pads(pad_values),
        "padding": 0 if pad_values is None else padding,
        "keep_short": bool(preserve_short_sequences),
    }
    if is_ragged(data):
        *outer, inner = data.nested_row_splits
        values, splits = ngrams_p.apply((data.flat_values, inner), params)
        return ragged(values, [*outer, splits])
    x = string_tensor(caller, data)
    if not x.ndim:
        raise InvalidArgumentError(f"{caller}: expected rows of strings, received {x._type}")
    rows = dense_splits_p.apply((reshape(x, _as_rows(x)),), {})[0]
    found = ngrams_p.apply((reshape(x, [-1]), rows), params)[0]
    if x.ndim == 1:
        return found
    ahead = cast(shape(x)[:-1], dtypes.int32)
    return reshape(found, concat([ahead, [-1]], 0))


def _as_rows(x: Tensor) -> Any:
    """Return the shape of `x` as rows, of which there are none if they are empty."""
    if x.ndim == 1:
        return [1, -1]
    sizes = shape(x)
    return concat([reshape(_product(sizes[:-1]), [1]), sizes[-1:]], 0)


def _product(sizes: Tensor) -> Tensor:
    from freshet.ops.reduction import reduce_prod  # noqa: PLC0415 (only ranks above 1 need it)

    return reduce_prod(sizes)
