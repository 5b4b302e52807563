"""Operators that are constant along each diagonal."""

from __future__ import annotations

from typing import Any

from freshet.core.errors import DTypeError, InvalidArgumentError, UnimplementedError
from freshet.core.shapes import TensorShape, broadcast_shapes
from freshet.core.tensor import Tensor
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.linalg.matrices import conj, share_batch
from freshet.ops.linalg.operators.circulant import LinearOperatorCirculant, complex_dtype
from freshet.ops.linalg.operators.operator import LinearOperator, vectors_of
from freshet.ops.math import TensorLike
from freshet.ops.signal.fourier import complex_transform
from freshet.ops.signal.framing import frame


class LinearOperatorToeplitz(LinearOperator):
    """An operator that is constant along each diagonal: ``A[i, j] = col[i - j]``.

    Above the main diagonal it is ``row[j - i]``. Products are made by Fourier transforms, as it is
    one corner of a circulant operator of twice the size.

    Args:
        col: The first column ``[..., n]``.
        row: The first row ``[..., n]``; its first element is not looked at.
        is_non_singular: As for `LinearOperator`, like the following ones.
        is_self_adjoint: See above.
        is_positive_definite: See above.
        is_square: Only True.
        name: Its name.

    Raises:
        DTypeError: The two are not floating-point or complex, or have different dtypes.
        InvalidArgumentError: They have different lengths.

    Example:
        >>> LinearOperatorToeplitz([1.0, 2.0], [1.0, 3.0]).to_dense().numpy().tolist()
        [[1.0, 3.0], [2.0, 1.0]]
    """

    def __init__(
        self, col: TensorLike, row: TensorLike, is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None,
        is_square: bool | None = None, name: str | None = "LinearOperatorToeplitz",
    ) -> None:  # fmt: skip
        self._col = vectors_of("LinearOperatorToeplitz", "col", col)
        self._row = vectors_of("LinearOperatorToeplitz", "row", row)
        if self._col.dtype != self._row.dtype:
            raise DTypeError(
                "LinearOperatorToeplitz: col and row must have one dtype, received "
                f"{self._col.dtype.name} and {self._row.dtype.name}; convert one with ft.cast"
            )
        if is_square is False or not self._col.shape[-1:].is_compatible_with(self._row.shape[-1:]):
            raise InvalidArgumentError(
                "LinearOperatorToeplitz: it is square, col and row have one length; received the "
                f"shapes {self._col.shape} and {self._row.shape}"
            )
        super().__init__(
            self._col.dtype, None, is_non_singular, is_self_adjoint, is_positive_definite, True,
            name,
        )  # fmt: skip

    @property
    def col(self) -> Any:
        """The first column."""
        return self._col

    @property
    def row(self) -> Any:
        """The first row."""
        return self._row

    def _shape(self) -> TensorShape:
        shapes = [tuple(self._col.shape), tuple(self._row.shape)]
        *lead, size = broadcast_shapes("LinearOperatorToeplitz", shapes)
        return TensorShape((*lead, size, size))

    def _size(self) -> int:
        size = self.domain_dimension
        if size is None:
            raise UnimplementedError(
                "LinearOperatorToeplitz: its size must be known when a function is traced"
            )
        return size

    def _vectors(self) -> tuple[Tensor, Tensor]:
        """Return the first column and what follows in the first row, with one batch shape."""
        columns = (shaping.expand_dims(convert_to_tensor(v), -1) for v in (self._col, self._row))
        col, row = (shaping.squeeze(v, -1) for v in share_batch("Toeplitz", *columns))
        return col, row[..., 1:]

    def _matmul(self, x: Tensor, adjoint: bool) -> Tensor:
        col, rest = self._vectors()
        n = self._size()
        # The circulant's first column: down the first column, then up the first row.
        whole = shaping.concat([col, shaping.zeros_like(col[..., :1]), rest[..., ::-1]], -1)
        wide = m.cast(whole, complex_dtype("LinearOperatorToeplitz", self.dtype))
        spectrum = complex_transform("LinearOperatorToeplitz", wide, 1, None, False, "backward")
        below = shaping.pad(x, [[0, 0]] * (x.ndim - 2) + [[0, n], [0, 0]])
        return LinearOperatorCirculant(spectrum, self.dtype)._matmul(below, adjoint)[..., :n, :]

    def _to_dense(self) -> Tensor:
        col, rest = self._vectors()
        # Each row of the matrix is a stretch of one vector, the next row one place before it.
        whole = shaping.concat([rest[..., ::-1], col], -1)
        return frame(whole, self._size(), 1)[..., ::-1]

    def _diag_part(self) -> Tensor:
        col, _ = self._vectors()
        return col[..., :1] * shaping.ones_like(col)

    def _adjoint(self) -> LinearOperator:
        col, rest = (conj(v) for v in self._vectors())
        return LinearOperatorToeplitz(
            shaping.concat([col[..., :1], rest], -1), col, self.is_non_singular, None,
            self.is_positive_definite,
        )  # fmt: skip
