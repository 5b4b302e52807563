"""Operators that hold their matrix: all of it, or one triangle."""

from __future__ import annotations

from typing import Any

from freshet.core.shapes import TensorShape
from freshet.core.tensor import Tensor
from freshet.ops import math as m
from freshet.ops.contraction import matmul
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.linalg import diagonals
from freshet.ops.linalg.matrices import matrix_of
from freshet.ops.linalg.operators.operator import LinearOperator, kept
from freshet.ops.linalg.parts import band_part
from freshet.ops.linalg.triangular import triangular_solve
from freshet.ops.math import TensorLike
from freshet.ops.reduction import reduce_prod, reduce_sum


class LinearOperatorFullMatrix(LinearOperator):
    """An operator that holds its whole matrix.

    Args:
        matrix: ``[..., n, m]``, a tensor or variable.
        is_non_singular: As for `LinearOperator`, like the following ones.
        is_self_adjoint: See above.
        is_positive_definite: See above.
        is_square: See above.
        name: Its name.

    Example:
        >>> LinearOperatorFullMatrix([[1.0, 2.0], [3.0, 4.0]]).matvec([1.0, 1.0]).numpy().tolist()
        [3.0, 7.0]
    """

    def __init__(
        self, matrix: Any, is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None,
        is_square: bool | None = None, name: str | None = "LinearOperatorFullMatrix",
    ) -> None:  # fmt: skip
        matrix_of("LinearOperatorFullMatrix", matrix)
        self._matrix = kept(matrix)
        super().__init__(
            self._matrix.dtype, None, is_non_singular, is_self_adjoint, is_positive_definite,
            is_square, name,
        )  # fmt: skip

    @property
    def matrix(self) -> Any:
        """The matrix."""
        return self._matrix

    def _shape(self) -> TensorShape:
        shape: TensorShape = self._matrix.shape
        return shape

    def _to_dense(self) -> Tensor:
        return convert_to_tensor(self._matrix)

    def _matmul(self, x: Tensor, adjoint: bool) -> Tensor:
        return matmul(self._to_dense(), x, adjoint_a=adjoint)


class LinearOperatorLowerTriangular(LinearOperator):
    """An operator whose matrix is lower triangular; equations are solved by substitution.

    Args:
        tril: ``[..., n, n]``; what is above the diagonal is not looked at.
        is_non_singular: As for `LinearOperator`, like the following ones.
        is_self_adjoint: See above.
        is_positive_definite: See above.
        is_square: See above.
        name: Its name.

    Example:
        >>> operator = LinearOperatorLowerTriangular([[2.0, 9.0], [1.0, 4.0]])
        >>> operator.solvevec([2.0, 5.0]).numpy().tolist()
        [1.0, 1.0]
    """

    def __init__(
        self, tril: TensorLike, is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None,
        is_square: bool | None = None, name: str | None = "LinearOperatorLowerTriangular",
    ) -> None:  # fmt: skip
        matrix_of("LinearOperatorLowerTriangular", tril, square=True)
        self._tril = kept(tril)
        super().__init__(
            self._tril.dtype, None, is_non_singular, is_self_adjoint, is_positive_definite,
            True if is_square is None else is_square, name,
        )  # fmt: skip

    @property
    def tril(self) -> Any:
        """The matrix it was made of."""
        return self._tril

    def _shape(self) -> TensorShape:
        shape: TensorShape = self._tril.shape
        return shape

    def _to_dense(self) -> Tensor:
        return band_part(self._tril, -1, 0)

    def _matmul(self, x: Tensor, adjoint: bool) -> Tensor:
        return matmul(self._to_dense(), x, adjoint_a=adjoint)

    def _solve(self, rhs: Tensor, adjoint: bool) -> Tensor:
        return triangular_solve(convert_to_tensor(self._tril), rhs, lower=True, adjoint=adjoint)

    def _diag_part(self) -> Tensor:
        return diagonals.take(convert_to_tensor(self._tril))

    def _determinant(self) -> Tensor:
        return reduce_prod(self._diag_part(), -1)

    def _log_abs_determinant(self) -> Tensor:
        return m.cast(reduce_sum(m.log(m.abs(self._diag_part())), -1), self.dtype)

    def _eigvals(self) -> Tensor:
        return self._diag_part()
