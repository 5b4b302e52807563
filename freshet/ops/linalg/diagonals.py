"""Diagonals of matrices: read, written and made. Primitives.

Diagonal ``d`` of a matrix holds the elements with ``column - row = d``. A band of diagonals, from
``k[0]`` up to ``k[1]``, is packed into a matrix whose row ``k[1] - d`` is diagonal ``d``; shorter
diagonals are padded on the left or on the right. What is written once per diagonal in a loop nest
has an operand per diagonal, which is the same tensor each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import Dim, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import scalar
from freshet.ops.elementwise import zeros_of
from freshet.ops.index import Index, Position, constant
from freshet.ops.nest import Nest, identity, o
from freshet.ops.primitive import Call, Joint, Primitive

Band = tuple[int, int]
Align = tuple[bool, bool]
"""Whether diagonals above the main one are packed to the left, and whether those below it are."""


# --- geometry -------------------------------------------------------------------------------------


def length(d: int, rows: int, columns: int) -> int:
    """Return how many elements diagonal `d` has."""
    return max(min(rows + min(d, 0), columns - max(d, 0)), 0)


def widest(k: Band, rows: int, columns: int) -> int:
    """Return the length of the longest diagonal of a band."""
    return max(min(rows + min(k[1], 0), columns - max(k[0], 0)), 0)


def _offset(d: int, rows: int, columns: int, k: Band, align: Align) -> int:
    """Return where a diagonal starts in its row of the packed band."""
    left = (d >= 0 and align[0]) or (d <= 0 and align[1])
    return 0 if left else widest(k, rows, columns) - length(d, rows, columns)


def _places(
    rows: int, columns: int, k: Band, align: Align
) -> Iterator[tuple[int, slice, Array, Array]]:
    """Yield for each diagonal its packed row, its place there, and its rows and columns."""
    for d in range(k[0], k[1] + 1):
        count = length(d, rows, columns)
        start = _offset(d, rows, columns, k, align)
        steps = np.arange(count)
        yield k[1] - d, slice(start, start + count), steps + max(-d, 0), steps + max(d, 0)


def check_band(name: str, x: TensorType, k: Band) -> None:
    """Raise `InvalidArgumentError` unless every diagonal of a band exists."""
    rows, columns = x.shape[-2:]
    low, high = k
    if low > high:
        raise InvalidArgumentError(f"{name}: k must be (lowest, highest), received {k}")
    for d in k:
        below = rows is not None and d <= -rows and d != 0
        above = columns is not None and d >= columns and d != 0
        if below or above:
            raise InvalidArgumentError(f"{name}: {x} has no diagonal {d}")


# --- packed bands in loop nests -------------------------------------------------------------------


def _packed_at(rank: int, d: int, rows: int, columns: int, k: Band, align: Align) -> Position:
    """Return where element (row, column) of a matrix, on diagonal `d`, is in the packed band."""
    along = o(rank - 2) if d >= 0 else o(rank - 1)
    place = Index(along + _offset(d, rows, columns, k, align))
    lead = identity(rank - 2)
    return (*lead, place) if k[0] == k[1] else (*lead, Index(constant(k[1] - d)), place)


def _distance(rank: int) -> scalar.Expr:
    return scalar.coordinate(o(rank - 1) - o(rank - 2))


def _overlaid(
    base: scalar.Expr | float, rank: int, k: Band, elements: Sequence[scalar.Expr]
) -> scalar.Expr:
    """Return the element of its diagonal where there is one, else `base`."""
    found: Any = base
    for d, element in zip(range(k[0], k[1] + 1), elements, strict=True):
        found = scalar.select(scalar.compare("eq", _distance(rank), d), element, found)
    result: scalar.Expr = found
    return result


# --- diag_part ------------------------------------------------------------------------------------


def _part_infer(x: TensorType, *again: TensorType, k: Band, align: Align, padding: float
                ) -> TensorType:  # fmt: skip
    check_band("diag_part", x, k)
    rows, columns = x.shape[-2:]
    longest = None if rows is None or columns is None else widest(k, rows, columns)
    many = () if k[0] == k[1] else (k[1] - k[0] + 1,)
    return TensorType(x.dtype, (*x.shape[:-2], *many, longest))


def _part_reference(x: Array, *again: Array, k: Band, align: Align, padding: float) -> Array:
    rows, columns = x.shape[-2:]
    shape = (*x.shape[:-2], k[1] - k[0] + 1, widest(k, rows, columns))
    packed = np.full(shape, padding, x.dtype)
    for row, place, i, j in _places(rows, columns, k, align):
        packed[..., row, place] = x[..., i, j]
    return packed[..., 0, :] if k[0] == k[1] else packed


def _part_lower(x: TensorType, *again: TensorType, k: Band, align: Align, padding: float) -> Nest:
    rows, columns = x.static_shape[-2:]
    lead = identity(x.rank - 2)
    band = k[0] != k[1]
    along = o(x.rank - 1) if band else o(x.rank - 2)
    operands = []
    for d in range(k[0], k[1] + 1):
        step = along - _offset(d, rows, columns, k, align)
        operands.append((*lead, Index(step + max(-d, 0)), Index(step + max(d, 0))))

    def body(*elements: scalar.Expr) -> scalar.Expr:
        found = elements[-1]
        which = scalar.coordinate(o(x.rank - 2)) if band else None
        for row, element in enumerate(elements[-2::-1], 1):
            assert which is not None
            found = scalar.select(scalar.compare("eq", which, row), element, found)
        return found

    return Nest(operands=tuple(operands), body=body, fills=(padding,) * len(operands))


def _part_gradient(call: Call, wanted: Sequence[bool], grad: Tensor) -> list[Tensor | None]:
    k, align = call.params["k"], call.params["align"]
    zeros = zeros_like(call.x)
    return [put(zeros, grad, k, align), *[None] * (len(call.inputs) - 1)]


diag_part_p: Primitive = Primitive(
    name="diag_part", infer=_part_infer, reference=_part_reference,
    gradient=Joint(_part_gradient), lower=_part_lower,
)  # fmt: skip


def take(x: Tensor, k: Band = (0, 0), align: Align = (False, True), padding: float = 0) -> Tensor:
    """Return a band of diagonals, packed."""
    check_band("diag_part", x._type, k)
    return diag_part_p(*[x] * (k[1] - k[0] + 1), k=k, align=align, padding=padding)


def zeros_like(x: Tensor) -> Tensor:
    """Return zeros of the shape of `x`."""
    from freshet.ops.array import broadcast_like  # noqa: PLC0415 (kept beside its only use)

    return broadcast_like(zeros_of(x), x)


# --- set_diag -------------------------------------------------------------------------------------


def _set_infer(x: TensorType, *packed: TensorType, k: Band, align: Align) -> TensorType:
    check_band("set_diag", x, k)
    given = packed[0]
    if given.dtype != x.dtype:
        raise DTypeError(f"set_diag: expected a diagonal of {x.dtype.name}, received {given}")
    expected = _part_infer(x, k=k, align=align, padding=0).shape
    if len(given.shape) != len(expected) or any(
        s is not None and n is not None and s != n
        for s, n in zip(given.shape, expected, strict=True)
    ):
        raise InvalidArgumentError(
            f"set_diag: diagonals {k[0]} to {k[1]} of {x} have the shape "
            f"{TensorType(x.dtype, expected)}, received {given}"
        )
    return x


def _set_reference(x: Array, *packed: Array, k: Band, align: Align) -> Array:
    result = x.copy()
    rows, columns = x.shape[-2:]
    band = packed[0][..., None, :] if k[0] == k[1] else packed[0]
    for row, place, i, j in _places(rows, columns, k, align):
        result[..., i, j] = band[..., row, place]
    return result


def _set_lower(x: TensorType, *packed: TensorType, k: Band, align: Align) -> Nest:
    rows, columns = x.static_shape[-2:]
    where = [
        _packed_at(x.rank, d, rows, columns, k, align) for d in range(k[0], k[1] + 1)
    ]  # fmt: skip
    return Nest(
        operands=(identity(x.rank), *where),
        body=lambda base, *elements: _overlaid(base, x.rank, k, elements),
    )


def _set_gradient(call: Call, wanted: Sequence[bool], grad: Tensor) -> list[Tensor | None]:
    k, align = call.params["k"], call.params["align"]
    kept = put(grad, zeros_like(call.y), k, align) if wanted[0] else None
    given = take(grad, k, align) if wanted[1] else None
    return [kept, given, *[None] * (len(call.inputs) - 2)]


set_diag_p: Primitive = Primitive(
    name="set_diag", infer=_set_infer, reference=_set_reference,
    gradient=Joint(_set_gradient), lower=_set_lower,
)  # fmt: skip


def put(x: Tensor, packed: Tensor, k: Band = (0, 0), align: Align = (False, True)) -> Tensor:
    """Return matrices with a band of diagonals replaced."""
    return set_diag_p(x, *[packed] * (k[1] - k[0] + 1), k=k, align=align)


# --- diag -----------------------------------------------------------------------------------------


def _sizes(longest: Dim, k: Band, rows: int, columns: int) -> tuple[Dim, Dim]:
    """Return the size of the matrix that a packed band of diagonals is made to."""
    if longest is None:
        return (rows if rows >= 0 else None), (columns if columns >= 0 else None)
    least_rows, least_columns = longest - min(k[1], 0), longest + max(k[0], 0)
    if rows < 0 and columns < 0:
        return (max(least_rows, least_columns),) * 2
    found = (
        least_rows if rows < 0 else rows, least_columns if columns < 0 else columns,
    )  # fmt: skip
    fits = found[0] >= least_rows and found[1] >= least_columns
    if not fits or (found[0] != least_rows and found[1] != least_columns):
        raise InvalidArgumentError(
            f"diag: diagonals {k[0]} to {k[1]} of length {longest} do not fit a matrix of "
            f"{found[0]} rows and {found[1]} columns; leave num_rows or num_cols out"
        )
    return found


def _diag_infer(
    *packed: TensorType, k: Band, align: Align, rows: int, columns: int, padding: float
) -> TensorType:
    x, band = packed[0], k[0] != k[1]
    count = k[1] - k[0] + 1
    if x.rank < 1 + band or (band and x.shape[-2] not in {count, None}):
        raise InvalidArgumentError(
            f"diag: expected {count} packed diagonals for k={k}, received {x}"
        )
    lead = x.shape[: -2 if band else -1]
    return TensorType(x.dtype, (*lead, *_sizes(x.shape[-1], k, rows, columns)))


def _diag_reference(
    *packed: Array, k: Band, align: Align, rows: int, columns: int, padding: float
) -> Array:
    x = packed[0] if k[0] != k[1] else packed[0][..., None, :]
    shape = _sizes(x.shape[-1], k, rows, columns)
    base = np.full((*x.shape[:-2], *(n or 0 for n in shape)), padding, x.dtype)
    return _set_reference(base, packed[0], k=k, align=align)


def _diag_lower(
    *packed: TensorType, k: Band, align: Align, rows: int, columns: int, padding: float
) -> Nest:
    out = _diag_infer(*packed, k=k, align=align, rows=rows, columns=columns, padding=padding)
    height, width = out.static_shape[-2:]
    where = [_packed_at(out.rank, d, height, width, k, align) for d in range(k[0], k[1] + 1)]
    return Nest(
        operands=tuple(where),
        body=lambda *elements: _overlaid(padding, out.rank, k, elements),
    )


def _diag_gradient(call: Call, wanted: Sequence[bool], grad: Tensor) -> list[Tensor | None]:
    k, align = call.params["k"], call.params["align"]
    return [take(grad, k, align), *[None] * (len(call.inputs) - 1)]


diag_p: Primitive = Primitive(
    name="diag", infer=_diag_infer, reference=_diag_reference,
    gradient=Joint(_diag_gradient), lower=_diag_lower,
)  # fmt: skip


def matrix(
    packed: Tensor, k: Band = (0, 0), align: Align = (False, True), rows: int = -1,
    columns: int = -1, padding: float = 0,
) -> Tensor:  # fmt: skip
    """Return matrices with the given diagonals and `padding` elsewhere."""
    return diag_p(
        *[packed] * (k[1] - k[0] + 1), k=k, align=align, rows=rows, columns=columns,
        padding=padding,
    )  # fmt: skip


# --- band_part ------------------------------------------------------------------------------------


def _band_infer(x: TensorType, lower: TensorType, upper: TensorType) -> TensorType:
    for kind in (lower, upper):
        if not kind.dtype.is_integer or kind.rank:
            raise InvalidArgumentError(f"band_part: expected whole numbers, received {kind}")
    return x


def _band_reference(x: Array, lower: Array, upper: Array) -> Array:
    rows, columns = x.shape[-2:]
    below = np.arange(rows)[:, None] - np.arange(columns)
    keep = ((lower < 0) | (below <= lower)) & ((upper < 0) | (-below <= upper))
    return np.where(keep, x, np.zeros((), x.dtype))


def _band_lower(x: TensorType, lower: TensorType, upper: TensorType) -> Nest:
    def body(value: scalar.Expr, low: scalar.Expr, high: scalar.Expr) -> scalar.Expr:
        found = value
        for limit, sign in ((low, -1), (high, 1)):
            reach = scalar.cast(limit, dtypes.int64)
            beyond = scalar.coordinate((o(x.rank - 1) - o(x.rank - 2)) * sign) > reach
            cut = scalar.make("bit_and", (scalar.compare("ge", reach, 0), beyond), dtypes.bool_)
            found = scalar.select(cut, scalar.constant(0, x.dtype), found)
        return found

    return Nest(operands=(identity(x.rank), (), ()), body=body)


band_part_p: Primitive = Primitive(
    name="band_part", infer=_band_infer, reference=_band_reference,
    gradient=(lambda c, g: band_part_p(g, *c.inputs[1:]), None, None), lower=_band_lower,
)  # fmt: skip
