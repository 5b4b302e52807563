"""Operators whose matrix is diagonal: any diagonal, multiples of the identity, and zeros."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import as_dtype
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorShape, broadcast_shapes
from freshet.core.tensor import Tensor
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.linalg import diagonals
from freshet.ops.linalg.matrices import conj, share_batch
from freshet.ops.linalg.operators.operator import LinearOperator, kept, vectors_of
from freshet.ops.math import TensorLike
from freshet.ops.reduction import reduce_prod, reduce_sum
from freshet.ops.sizes import static_integer, static_integers


class LinearOperatorDiag(LinearOperator):
    """An operator whose matrix is diagonal.

    Args:
        diag: ``[..., n]``, a tensor or variable.
        is_non_singular: As for `LinearOperator`, like the following ones.
        is_self_adjoint: See above; of real numbers it is.
        is_positive_definite: See above.
        is_square: See above.
        name: Its name.

    Example:
        >>> LinearOperatorDiag([2.0, 4.0]).solvevec([2.0, 2.0]).numpy().tolist()
        [1.0, 0.5]
    """

    def __init__(
        self, diag: TensorLike, is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None,
        is_square: bool | None = None, name: str | None = "LinearOperatorDiag",
    ) -> None:  # fmt: skip
        self._diag = vectors_of("LinearOperatorDiag", "diag", diag)
        kind = self._diag.dtype
        if is_self_adjoint is None and not kind.is_complex:
            is_self_adjoint = True
        if is_square is False:
            raise InvalidArgumentError("LinearOperatorDiag: a diagonal operator is square")
        super().__init__(
            kind, None, is_non_singular, is_self_adjoint, is_positive_definite, True, name
        )

    @property
    def diag(self) -> Any:
        """The diagonal."""
        return self._diag

    def _shape(self) -> TensorShape:
        shape: TensorShape = self._diag.shape
        return shape.concatenate(shape[-1:])

    def _column(self, adjoint: bool) -> Tensor:
        diag = convert_to_tensor(self._diag)
        return shaping.expand_dims(conj(diag) if adjoint else diag, -1)

    def _to_dense(self) -> Tensor:
        return diagonals.matrix(convert_to_tensor(self._diag))

    def _matmul(self, x: Tensor, adjoint: bool) -> Tensor:
        return self._column(adjoint) * x

    def _solve(self, rhs: Tensor, adjoint: bool) -> Tensor:
        return rhs / self._column(adjoint)

    def _diag_part(self) -> Tensor:
        return convert_to_tensor(self._diag)

    def add_to_tensor(self, x: TensorLike, name: str | None = None) -> Tensor:
        """Return matrices plus this one."""
        given = self._operand("add_to_tensor", x)
        tensor, _ = share_batch("add_to_tensor", given, self._column(False))
        return diagonals.put(tensor, diagonals.take(tensor) + self._diag_part())

    def _determinant(self) -> Tensor:
        return reduce_prod(self._diag_part(), -1)

    def _log_abs_determinant(self) -> Tensor:
        return m.cast(reduce_sum(m.log(m.abs(self._diag_part())), -1), self.dtype)

    def _adjoint(self) -> LinearOperator:
        return LinearOperatorDiag(conj(self._diag_part()), self.is_non_singular)

    def _inverse(self) -> LinearOperator:
        return LinearOperatorDiag(
            m.divide(1.0, self._diag_part()), self.is_non_singular, self.is_self_adjoint,
            self.is_positive_definite,
        )  # fmt: skip

    def _eigvals(self) -> Tensor:
        return self._diag_part()

    def _moduli(self) -> Tensor:
        return m.abs(self._diag_part())

    def _cholesky(self) -> LinearOperator:
        return LinearOperatorDiag(m.sqrt(self._diag_part()), True)


def _batch(shape: Any) -> tuple[int, ...]:
    return () if shape is None else tuple(static_integers("LinearOperator", "batch_shape", shape))


class LinearOperatorScaledIdentity(LinearOperator):
    """A multiple of the identity matrix.

    Args:
        num_rows: Its size.
        multiplier: ``[...]``, one number for each matrix.
        is_non_singular: As for `LinearOperator`, like the following ones.
        is_self_adjoint: See above; of real numbers it is.
        is_positive_definite: See above.
        is_square: See above.
        assert_proper_shapes: Ignored: shapes are always checked.
        name: Its name.

    Example:
        >>> LinearOperatorScaledIdentity(2, 3.0).to_dense().numpy().tolist()
        [[3.0, 0.0], [0.0, 3.0]]
    """

    def __init__(
        self, num_rows: Any, multiplier: TensorLike, is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None,
        is_square: bool | None = True, assert_proper_shapes: bool = False,
        name: str | None = "LinearOperatorScaledIdentity",
    ) -> None:  # fmt: skip
        self._num_rows = static_integer("LinearOperatorScaledIdentity", "num_rows", num_rows)
        self._multiplier = kept(multiplier)
        kind = self._multiplier.dtype
        if self._num_rows < 0 or not is_square:
            raise InvalidArgumentError(
                "LinearOperatorScaledIdentity: it is square, of 0 rows or more"
            )
        if is_self_adjoint is None and not kind.is_complex:
            is_self_adjoint = True
        super().__init__(
            kind, None, is_non_singular, is_self_adjoint, is_positive_definite, True, name
        )

    @property
    def multiplier(self) -> Any:
        """What the identity is multiplied by."""
        return self._multiplier

    def _shape(self) -> TensorShape:
        return TensorShape((*self._multiplier.shape, self._num_rows, self._num_rows))

    def _scale(self, adjoint: bool = False) -> Tensor:
        """Return the multiplier with two dimensions more, to multiply matrices."""
        value = convert_to_tensor(self._multiplier)
        wide = shaping.expand_dims(shaping.expand_dims(value, -1), -1)
        return conj(wide) if adjoint else wide

    def _to_dense(self) -> Tensor:
        return diagonals.matrix(self._diag_part())

    def _diag_part(self) -> Tensor:
        value = shaping.expand_dims(convert_to_tensor(self._multiplier), -1)
        return value * shaping.ones([self._num_rows], self.dtype)

    def _matmul(self, x: Tensor, adjoint: bool) -> Tensor:
        return self._scale(adjoint) * x

    def _solve(self, rhs: Tensor, adjoint: bool) -> Tensor:
        return rhs / self._scale(adjoint)

    def _determinant(self) -> Tensor:
        return reduce_prod(self._diag_part(), -1)

    def _log_abs_determinant(self) -> Tensor:
        size = m.log(m.abs(convert_to_tensor(self._multiplier)))
        return m.cast(size * float(self._num_rows), self.dtype)

    def _like(self, multiplier: Tensor) -> LinearOperator:
        return LinearOperatorScaledIdentity(
            self._num_rows, multiplier, self.is_non_singular, self.is_self_adjoint,
            self.is_positive_definite,
        )  # fmt: skip

    def _adjoint(self) -> LinearOperator:
        return self._like(conj(convert_to_tensor(self._multiplier)))

    def _inverse(self) -> LinearOperator:
        return self._like(m.divide(1.0, convert_to_tensor(self._multiplier)))

    def _cholesky(self) -> LinearOperator:
        return self._like(m.sqrt(convert_to_tensor(self._multiplier)))

    def _eigvals(self) -> Tensor:
        return self._diag_part()

    def _moduli(self) -> Tensor:
        return m.abs(self._diag_part())


class LinearOperatorIdentity(LinearOperatorScaledIdentity):
    """The identity matrix.

    Args:
        num_rows: Its size.
        batch_shape: Batch dimensions; none by default.
        dtype: float32 by default.
        is_non_singular: Only True, like the following ones.
        is_self_adjoint: See above.
        is_positive_definite: See above.
        is_square: See above.
        assert_proper_shapes: Ignored: shapes are always checked.
        name: Its name.

    Example:
        >>> LinearOperatorIdentity(2).matvec([1.0, 2.0]).numpy().tolist()
        [1.0, 2.0]
    """

    def __init__(
        self, num_rows: Any, batch_shape: Any = None, dtype: Any = None,
        is_non_singular: bool | None = True, is_self_adjoint: bool | None = True,
        is_positive_definite: bool | None = True, is_square: bool | None = True,
        assert_proper_shapes: bool = False, name: str | None = "LinearOperatorIdentity",
    ) -> None:  # fmt: skip
        if not (is_non_singular and is_self_adjoint and is_positive_definite and is_square):
            raise InvalidArgumentError(
                "LinearOperatorIdentity: the identity is square, self-adjoint and positive definite"
            )
        kind = dtypes.float32 if dtype is None else as_dtype(dtype)
        ones = Tensor._of_array(np.ones(_batch(batch_shape), kind.as_numpy_dtype), kind)
        super().__init__(num_rows, ones, True, True, True, True, name=name)

    def _adjoint(self) -> LinearOperator:
        return self

    def _inverse(self) -> LinearOperator:
        return self

    def _cholesky(self) -> LinearOperator:
        return self


class LinearOperatorZeros(LinearOperator):
    """A matrix of zeros.

    Args:
        num_rows: Rows.
        num_columns: Columns; as many as rows by default.
        batch_shape: Batch dimensions; none by default.
        dtype: float32 by default.
        is_non_singular: Only False.
        is_self_adjoint: Whether it is square, too.
        is_positive_definite: Only False.
        is_square: Whether there are as many rows as columns.
        assert_proper_shapes: Ignored: shapes are always checked.
        name: Its name.

    Example:
        >>> LinearOperatorZeros(1, 2).to_dense().numpy().tolist()
        [[0.0, 0.0]]
    """

    def __init__(
        self, num_rows: Any, num_columns: Any = None, batch_shape: Any = None, dtype: Any = None,
        is_non_singular: bool | None = False, is_self_adjoint: bool | None = True,
        is_positive_definite: bool | None = False, is_square: bool | None = True,
        assert_proper_shapes: bool = False, name: str | None = "LinearOperatorZeros",
    ) -> None:  # fmt: skip
        if is_non_singular or is_positive_definite:
            raise InvalidArgumentError("LinearOperatorZeros: zeros are singular")
        rows = static_integer("LinearOperatorZeros", "num_rows", num_rows)
        columns = rows if num_columns is None else static_integer(
            "LinearOperatorZeros", "num_columns", num_columns
        )  # fmt: skip
        self._sizes = TensorShape((*_batch(batch_shape), rows, columns))
        square = rows == columns
        super().__init__(
            dtypes.float32 if dtype is None else dtype, None, False, square and is_self_adjoint,
            False, square, name,
        )  # fmt: skip

    def _shape(self) -> TensorShape:
        return self._sizes

    def _to_dense(self) -> Tensor:
        return shaping.zeros(self._sizes, self.dtype)

    def _matmul(self, x: Tensor, adjoint: bool) -> Tensor:
        lead = broadcast_shapes("matmul", [tuple(self.batch_shape), tuple(x.shape[:-2])])
        rows = self.shape[-1] if adjoint else self.shape[-2]
        return shaping.zeros([*lead, rows, x.shape[-1]], self.dtype)

    def _determinant(self) -> Tensor:
        return shaping.zeros(self.batch_shape, self.dtype)

    def _adjoint(self) -> LinearOperator:
        rows, columns = self.shape[-2:]
        return LinearOperatorZeros(columns, rows, self.batch_shape, self.dtype)
