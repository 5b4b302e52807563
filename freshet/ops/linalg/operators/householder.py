"""Operators that reflect vectors."""

from __future__ import annotations

from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorShape
from freshet.core.tensor import Tensor
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.contraction import matmul
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.linalg.operators.operator import LinearOperator, vectors_of
from freshet.ops.math import TensorLike
from freshet.ops.normalization import l2_normalize
from freshet.ops.reduction import reduce_max


class LinearOperatorHouseholder(LinearOperator):
    """The reflection at the plane orthogonal to a vector: ``A = I - 2 v v^H / |v|**2``.

    It is its own inverse and its own adjoint.

    Args:
        reflection_axis: The vector ``[..., n]``, of any length but 0.
        is_non_singular: Only True, like the following one.
        is_self_adjoint: See above.
        is_positive_definite: Only False.
        is_square: Only True.
        name: Its name.

    Raises:
        DTypeError: The vector is not floating-point or complex.
        InvalidArgumentError: It is a single number, or the hints contradict it.

    Example:
        >>> LinearOperatorHouseholder([2.0, 0.0]).matvec([3.0, 4.0]).numpy().tolist()
        [-3.0, 4.0]
    """

    def __init__(
        self, reflection_axis: TensorLike, is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None, is_positive_definite: bool | None = None,
        is_square: bool | None = None, name: str | None = "LinearOperatorHouseholder",
    ) -> None:  # fmt: skip
        self._axis = vectors_of("LinearOperatorHouseholder", "reflection_axis", reflection_axis)
        if False in {is_non_singular, is_self_adjoint, is_square} or is_positive_definite:
            raise InvalidArgumentError(
                "LinearOperatorHouseholder: a reflection is square, self-adjoint and has an "
                "inverse, but is not positive definite"
            )
        super().__init__(self._axis.dtype, None, True, True, False, True, name)

    @property
    def reflection_axis(self) -> Any:
        """The vector it reflects along."""
        return self._axis

    def _unit(self) -> Tensor:
        # No smallest length: 1e-30 and its square keep their direction where floats have them.
        return l2_normalize(convert_to_tensor(self._axis), -1, epsilon=0.0)

    def _shape(self) -> TensorShape:
        found: TensorShape = self._axis.shape
        return found.concatenate(found[-1:])

    def _matmul(self, x: Tensor, adjoint: bool) -> Tensor:
        unit = shaping.expand_dims(self._unit(), -1)
        return x - unit * 2.0 * matmul(unit, x, adjoint_a=True)

    def _solve(self, rhs: Tensor, adjoint: bool) -> Tensor:
        return self._matmul(rhs, adjoint)

    def _diag_part(self) -> Tensor:
        return m.cast(1.0 - 2.0 * m.square(m.abs(self._unit())), self.dtype)

    def _eigvals(self) -> Tensor:
        ones = shaping.ones_like(convert_to_tensor(self._axis))
        return shaping.concat([-ones[..., :1], ones[..., 1:]], -1)

    def _moduli(self) -> Tensor:
        return m.abs(self._eigvals())

    def _determinant(self) -> Tensor:
        return -shaping.ones_like(convert_to_tensor(self._axis)[..., 0])

    def _log_abs_determinant(self) -> Tensor:
        return shaping.zeros_like(convert_to_tensor(self._axis)[..., 0])

    def _inverse(self) -> LinearOperator:
        return self
