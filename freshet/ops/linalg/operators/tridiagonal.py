"""Operators with three diagonals."""

from __future__ import annotations

from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorShape
from freshet.core.tensor import Tensor
from freshet.ops import shaping
from freshet.ops.linalg import diagonals as packed
from freshet.ops.linalg.matrices import share_batch
from freshet.ops.linalg.operators.operator import LinearOperator, kept
from freshet.ops.linalg.tridiagonal import (
    Three,
    adjoint_three,
    three_diagonals,
    tridiagonal_matmul,
    tridiagonal_solve,
)


class LinearOperatorTridiag(LinearOperator):
    """An operator with elements on the main diagonal and on the two beside it.

    Products and equations take time proportional to its size.

    Args:
        diagonals: By `diagonals_format`, as for `tridiagonal_matmul`.
        diagonals_format: "compact", "sequence" or "matrix".
        is_non_singular: As for `LinearOperator`, like the following ones.
        is_self_adjoint: See above.
        is_positive_definite: See above.
        is_square: Only True.
        name: Its name.

    Raises:
        DTypeError: The diagonals are not floating-point or complex.
        InvalidArgumentError: They have another shape than their format says.

    Example:
        >>> operator = LinearOperatorTridiag([[1.0, 0.0], [2.0, 3.0], [0.0, 4.0]])
        >>> operator.to_dense().numpy().tolist()
        [[2.0, 1.0], [4.0, 3.0]]
    """

    def __init__(
        self, diagonals: Any, diagonals_format: str = "compact",
        is_non_singular: bool | None = None, is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None, is_square: bool | None = None,
        name: str | None = "LinearOperatorTridiag",
    ) -> None:  # fmt: skip
        if is_square is False:
            raise InvalidArgumentError("LinearOperatorTridiag: a tridiagonal operator is square")
        if diagonals_format == "sequence":
            self._diagonals = [kept(d) for d in diagonals]
        else:
            self._diagonals = kept(diagonals)
        self._format = diagonals_format
        _, middle, _ = self._three()
        super().__init__(
            middle.dtype, None, is_non_singular, is_self_adjoint, is_positive_definite, True, name
        )

    @property
    def diagonals(self) -> Any:
        """The diagonals it was made of."""
        return self._diagonals

    @property
    def diagonals_format(self) -> str:
        """The format of the diagonals."""
        return self._format

    def _three(self) -> Three:
        """Return the diagonals above, on and below the main one, with one batch shape."""
        three = three_diagonals("LinearOperatorTridiag", self._diagonals, self._format)
        columns = share_batch("LinearOperatorTridiag", *(shaping.expand_dims(d, -1) for d in three))
        above, middle, below = (shaping.squeeze(column, -1) for column in columns)
        return above, middle, below

    def _shape(self) -> TensorShape:
        shape = self._three()[1].shape
        return shape.concatenate(shape[-1:])

    def _matmul(self, x: Tensor, adjoint: bool) -> Tensor:
        three = adjoint_three(self._three()) if adjoint else self._three()
        return tridiagonal_matmul(three, x, "sequence")

    def _solve(self, rhs: Tensor, adjoint: bool) -> Tensor:
        three = adjoint_three(self._three()) if adjoint else self._three()
        matrix, b = share_batch("solve", shaping.stack(three, -2), rhs)
        return tridiagonal_solve(matrix, b)

    def _diag_part(self) -> Tensor:
        return self._three()[1]

    def _to_dense(self) -> Tensor:
        three = self._three()
        if three[1].shape[-1] == 1:
            return shaping.expand_dims(three[1], -1)
        # Each element stands in the column of its row: the diagonal above starts at the left end.
        return packed.matrix(shaping.stack(three, -2), (-1, 1), (True, False))

    def _adjoint(self) -> LinearOperator:
        return LinearOperatorTridiag(
            list(adjoint_three(self._three())), "sequence", self.is_non_singular,
            self.is_self_adjoint, self.is_positive_definite,
        )  # fmt: skip
