"""Feature crosses: every combination of what a row has in several tensors."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.ragged.ragged_tensor import RaggedTensor
from freshet.ops.strings.hashes import fingerprint64

_SEPARATOR: Final = "_X_"
_KEY: Final = 0xDECAFCAFFE
_FACTOR: Final = 0xC6A4A7935BD1E995
_MASK: Final = (1 << 64) - 1


def _cross_infer(
    *arrays: TensorType, separator: str, buckets: int | None, key: int
) -> tuple[TensorType, TensorType]:
    values, splits = arrays[0::2], arrays[1::2]
    for kind in values:
        if not (kind.dtype.is_integer or kind.dtype.kind == "string"):
            raise DTypeError(f"cross: expected integers or strings, received {kind}")
    made = dtypes.string if buckets is None else dtypes.int64
    return TensorType(made, (None,)), TensorType(dtypes.int64, splits[0].shape)


def _cross_reference(
    *arrays: Array, separator: str, buckets: int | None, key: int
) -> tuple[Array, Array]:
    values, splits = arrays[0::2], arrays[1::2]
    counts = {len(s) - 1 for s in splits}
    if len(counts) != 1:
        raise InvalidArgumentError(
            f"cross: all inputs need as many rows, received {sorted(counts)}"
        )
    of_one: Callable[[Any], Any] = _text if buckets is None else _number
    columns = [[of_one(v) for v in array.tolist()] for array in values]
    found: list[Any] = []
    ends = [0]
    for row in range(counts.pop()):
        parts = [column[s[row] : s[row + 1]] for column, s in zip(columns, splits, strict=True)]
        if buckets is None:
            found += [separator.encode().join(c) for c in itertools.product(*parts)]
        else:
            found += [_hashed(c, buckets, key) for c in itertools.product(*parts)]
        ends.append(len(found))
    made = np.empty(len(found), object if buckets is None else np.int64)
    made[:] = found
    return made, np.asarray(ends)


def _text(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _number(value: Any) -> int:
    return fingerprint64(value) if isinstance(value, bytes) else int(value) & _MASK


def _mixed(value: int) -> int:
    return value ^ (value >> 47)


def _hashed(parts: Sequence[int], buckets: int, key: int) -> int:
    """Return the bucket of a combination, as TensorFlow chains the fingerprints of its parts."""
    result = key
    for part in parts:
        joined = result ^ _FACTOR ^ (_mixed(part * _FACTOR & _MASK) * _FACTOR & _MASK)
        joined = joined * _FACTOR & _MASK
        result = _mixed(_mixed(joined) * _FACTOR & _MASK)
    return result % (buckets or (1 << 63) - 1)


cross_p: Primitive = Primitive(
    name="feature_cross", infer=_cross_infer, reference=_cross_reference,
    gradient=NoGradient("names and hashes"), lower=Host("it makes strings"),
)  # fmt: skip


def cross_rows(
    name: str, inputs: Sequence[Any], separator: str, buckets: int | None, key: int
) -> tuple[Tensor, Tensor]:
    """Return the crosses of all rows one after the other, and row splits."""
    items = list(inputs)
    if not items:
        raise InvalidArgumentError(f"{name}: expected at least one input")
    operands: list[Tensor] = []
    for item in items:
        x = _rows(name, item)
        operands += [x.flat_values, m.cast(x.row_splits, dtypes.int64)]
    values, splits = cross_p.apply(
        tuple(operands), {"separator": separator, "buckets": buckets, "key": key}
    )
    return values, splits


def _rows(name: str, item: Any) -> RaggedTensor:
    from freshet.ops.sparse.sparse_tensor import SparseTensor  # noqa: PLC0415 (it is above)

    if isinstance(item, SparseTensor):
        if item.ndim != 2:
            raise InvalidArgumentError(f"{name}: expected rank 2, received shape {item.shape}")
        rows = item.indices[:, 0]
        return RaggedTensor.from_value_rowids(
            item.values, rows, item.shape[0] if item.shape[0] is not None else item.dense_shape[0]
        )
    x = item if isinstance(item, RaggedTensor) else convert_to_tensor(item)
    if x.ndim != 2:
        raise InvalidArgumentError(f"{name}: expected rank 2, received shape {x.shape}")
    return x if isinstance(x, RaggedTensor) else RaggedTensor.from_tensor(x)


def cross(inputs: Sequence[Any], name: str | None = None) -> RaggedTensor:
    """Return every combination of the values that a row has in each of the inputs.

    Args:
        inputs: Tensors, ragged or sparse tensors of rank 2, of integers or strings, with one number
            of rows.
        name: Ignored.

    Returns:
        A ragged tensor of strings, the parts joined by ``_X_``; the last input varies fastest.

    Raises:
        InvalidArgumentError: An input has another rank, or another number of rows.

    Example:
        >>> import freshet as ft
        >>> ft.ragged.cross([[["a"], ["b"]], ft.ragged.constant([["c", "d"], []])])
        <ft.RaggedTensor [[b'a_X_c', b'a_X_d'], []]>
    """
    values, splits = cross_rows("ragged.cross", inputs, _SEPARATOR, None, _KEY)
    return RaggedTensor._of(values, splits)


def cross_hashed(
    inputs: Sequence[Any], num_buckets: int = 0, hash_key: int | None = None,
    name: str | None = None,
) -> RaggedTensor:  # fmt: skip
    """Return a hash of every combination of the values that a row has in each of the inputs.

    Args:
        inputs: As for `cross`.
        num_buckets: The hashes are below this; 0 leaves them as they are.
        hash_key: What the hash starts with; a fixed number by default.
        name: Ignored.

    Returns:
        A ragged tensor of int64.

    Example:
        >>> import freshet as ft
        >>> ft.ragged.cross_hashed([[["a"]], [["d"]]], num_buckets=100).to_list()
        [[82]]
    """
    key = _KEY if hash_key is None else int(hash_key)
    values, splits = cross_rows("ragged.cross_hashed", inputs, "", int(num_buckets), key)
    return RaggedTensor._of(values, splits)


# --- as sparse tensors ----------------------------------------------------------------------------


def _as_sparse(inputs: Sequence[Any], separator: str, buckets: int | None, key: int) -> Any:
    from freshet.ops.sparse.sparse_tensor import SparseTensor  # noqa: PLC0415

    # Sparse inputs come first, as in TensorFlow.
    ordered = sorted(inputs, key=lambda x: not isinstance(x, SparseTensor))
    values, splits = cross_rows("sparse.cross", ordered, separator, buckets, key)
    return RaggedTensor._of(values, splits).to_sparse()


def sparse_cross(
    inputs: Sequence[Any], name: str | None = None, separator: str | None = None
) -> Any:
    """Return every combination of the values that a row has in each of the inputs.

    Args:
        inputs: As for `ft.ragged.cross`, without ragged ones; sparse ones come first in the names.
        name: Ignored.
        separator: What joins the parts; ``_X_`` by default.

    Returns:
        A sparse tensor of strings.

    Example:
        >>> import freshet as ft
        >>> ft.sparse.cross([[["a", "b"]], [["c"]]], separator="-").values.numpy().tolist()
        [b'a-c', b'b-c']
    """
    return _as_sparse(inputs, _SEPARATOR if separator is None else separator, None, _KEY)


def sparse_cross_hashed(
    inputs: Sequence[Any], num_buckets: int = 0, hash_key: int | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Return a hash of every combination, as `ft.ragged.cross_hashed` but sparse."""
    return _as_sparse(inputs, "", int(num_buckets), _KEY if hash_key is None else int(hash_key))
