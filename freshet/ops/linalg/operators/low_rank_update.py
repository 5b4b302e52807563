"""An operator plus a matrix of low rank."""

from __future__ import annotations

from typing import Any

from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorShape, broadcast_shapes
from freshet.core.tensor import Tensor
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.contraction import matmul
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.linalg import solving
from freshet.ops.linalg.cholesky import cholesky, cholesky_solve
from freshet.ops.linalg.matrices import conj, matrix_of, share_batch
from freshet.ops.linalg.operators.diagonal import LinearOperatorDiag, LinearOperatorIdentity
from freshet.ops.linalg.operators.operator import LinearOperator, kept, vectors_of
from freshet.ops.linalg.parts import identity_like
from freshet.ops.math import TensorLike
from freshet.ops.reduction import reduce_sum


class LinearOperatorLowRankUpdate(LinearOperator):
    """An operator plus a matrix of low rank: ``A = L + U D V^H``, with D diagonal.

    Equations and determinants are those of L and of a small matrix ``C = D^-1 + V^H L^-1 U``, by
    the formula of Woodbury and the matrix determinant lemma.

    Args:
        base_operator: L, of shape ``[..., n, m]``.
        u: ``[..., n, k]``; k should be much smaller than n.
        diag_update: The diagonal of D, ``[..., k]``; ones by default.
        v: ``[..., m, k]``; `u` by default.
        is_diag_update_positive: Whether all of `diag_update` is known to be above 0.
        is_non_singular: As for `LinearOperator`, like the following ones.
        is_self_adjoint: See above; it follows from that of L where V is U and D is real.
        is_positive_definite: See above; it follows from that of L where V is U and D is positive.
        is_square: That of L by default.
        name: Its name.

    Raises:
        DTypeError: The dtypes differ.
        InvalidArgumentError: The sizes do not fit, or the hints contradict each other.

    Example:
        >>> operator = LinearOperatorLowRankUpdate(LinearOperatorDiag([1.0, 2.0]), [[1.0], [1.0]])
        >>> operator.to_dense().numpy().tolist()
        [[2.0, 1.0], [1.0, 3.0]]
    """

    def __init__(
        self, base_operator: LinearOperator, u: TensorLike, diag_update: TensorLike | None = None,
        v: TensorLike | None = None, is_diag_update_positive: bool | None = None,
        is_non_singular: bool | None = None, is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None, is_square: bool | None = None,
        name: str | None = "LinearOperatorLowRankUpdate",
    ) -> None:  # fmt: skip
        kind = "LinearOperatorLowRankUpdate"
        if diag_update is None:
            if is_diag_update_positive is False:
                raise InvalidArgumentError(
                    f"{kind}: without diag_update it is the identity, which is positive; received "
                    "is_diag_update_positive=False"
                )
            is_diag_update_positive = True
        self._base = base_operator
        self._u, self._v = kept(u), None if v is None else kept(v)
        self._diag = None if diag_update is None else vectors_of(kind, "diag_update", diag_update)
        self._positive = is_diag_update_positive
        self._check(kind)
        if v is None:
            real = self._diag is None or not self._diag.dtype.is_complex or self._positive
            if is_self_adjoint is None and real and base_operator.is_self_adjoint:
                is_self_adjoint = True
            if is_positive_definite is None and self._positive:
                is_positive_definite = True if base_operator.is_positive_definite else None
        super().__init__(
            base_operator.dtype, None, is_non_singular, is_self_adjoint, is_positive_definite,
            base_operator.is_square if is_square is None else is_square, name,
        )  # fmt: skip

    def _check(self, kind: str) -> None:
        parts = {"u": self._u, "v": self.v, "diag_update": self._diag}
        for what, part in parts.items():
            if part is not None and part.dtype != self._base.dtype:
                raise DTypeError(
                    f"{kind}: {what} must have the base operator's dtype {self._base.dtype.name}, "
                    f"received {part.dtype.name}; convert it with ft.cast"
                )
        matrix_of(kind, self._u)
        matrix_of(kind, self.v)
        rank = self._u.shape[-1:]
        fits = (
            self._u.shape[-2:-1].is_compatible_with([self._base.range_dimension])
            and self.v.shape[-2:-1].is_compatible_with([self._base.domain_dimension])
            and self.v.shape[-1:].is_compatible_with(rank)
            and (self._diag is None or self._diag.shape[-1:].is_compatible_with(rank))
        )
        if not fits:
            diagonal = "" if self._diag is None else f", diag_update {self._diag.shape}"
            raise InvalidArgumentError(
                f"{kind}: the shapes do not fit: base_operator {self._base.shape}, u "
                f"{self._u.shape}, v {self.v.shape}{diagonal}"
            )

    # --- what it was made of ----------------------------------------------------------------------

    @property
    def base_operator(self) -> LinearOperator:
        """The operator L."""
        return self._base

    @property
    def u(self) -> Any:
        """The matrix U."""
        return self._u

    @property
    def v(self) -> Any:
        """The matrix V."""
        return self._u if self._v is None else self._v

    @property
    def diag_update(self) -> Any:
        """The diagonal of D, None for ones."""
        return self._diag

    @property
    def is_diag_update_positive(self) -> bool | None:
        """Whether all of the diagonal is above 0; None if that is not known."""
        return self._positive

    @property
    def diag_operator(self) -> LinearOperator:
        """The operator D."""
        if self._diag is None:
            return LinearOperatorIdentity(self._u.shape[-1], dtype=self.dtype)
        return LinearOperatorDiag(self._diag, is_positive_definite=self._positive)

    # --- products ---------------------------------------------------------------------------------

    def _shape(self) -> TensorShape:
        leads = [tuple(self._base.batch_shape), *(tuple(x.shape[:-2]) for x in (self._u, self.v))]
        if self._diag is not None:
            leads.append(tuple(self._diag.shape[:-1]))
        lead = broadcast_shapes("LinearOperatorLowRankUpdate", leads)
        return TensorShape((*lead, *self._base.shape[-2:]))

    def _factors(self, adjoint: bool = False) -> tuple[Tensor, Tensor]:
        """Return ``U D`` and V, or for the adjoint ``V D^H`` and U."""
        left, right = (self.v, self._u) if adjoint else (self._u, self.v)
        left, right = convert_to_tensor(left), convert_to_tensor(right)
        if self._diag is None:
            return left, right
        diag = convert_to_tensor(self._diag)
        return left * shaping.expand_dims(conj(diag) if adjoint else diag, -2), right

    def _matmul(self, x: Tensor, adjoint: bool) -> Tensor:
        left, right = self._factors(adjoint)
        return self._base._matmul(x, adjoint) + matmul(left, matmul(right, x, adjoint_a=True))

    def _to_dense(self) -> Tensor:
        left, right = self._factors()
        return self._base.add_to_tensor(matmul(left, right, adjoint_b=True))

    def _diag_part(self) -> Tensor:
        if not self.is_square:
            return super()._diag_part()
        left, right = self._factors()
        return self._base.diag_part() + reduce_sum(left * conj(right), -1)

    # --- equations --------------------------------------------------------------------------------

    def _small(self, adjoint: bool) -> tuple[Tensor, Tensor, Tensor]:
        """Return ``I + V^H L^-1 U D``, ``L^-1 U D`` and V (C times D, which may hold zeros)."""
        left, right = self._factors(adjoint)
        spread = self._base.solve(left, adjoint)
        inner = matmul(right, spread, adjoint_a=True)
        return identity_like(inner) + inner, spread, right

    def _solve(self, rhs: Tensor, adjoint: bool) -> Tensor:
        if not self._base.is_square:
            return super()._solve(rhs, adjoint)
        small, spread, right = self._small(adjoint)
        first = self._base.solve(rhs, adjoint)
        seen = matmul(right, first, adjoint_a=True)
        small, seen = share_batch("solve", small, seen)
        if self._symmetric():
            weights = cholesky_solve(cholesky(small), seen)
        else:
            weights = solving.solve(small, seen)
        found: Tensor = first - matmul(spread, weights)
        return found

    def _symmetric(self) -> bool:
        """Return whether the small matrix is known to be Hermitian and positive definite."""
        return bool(
            self._diag is None and self._v is None
            and self._base.is_self_adjoint and self._base.is_positive_definite
        )  # fmt: skip

    def _determinant(self) -> Tensor:
        if not self._base.is_square:
            return super()._determinant()
        return self._base.determinant() * solving.det(self._small(False)[0])

    def _log_abs_determinant(self) -> Tensor:
        if not self._base.is_square:
            return super()._log_abs_determinant()
        found = solving.slogdet(self._small(False)[0]).log_abs_determinant
        return self._base.log_abs_determinant() + m.cast(found, self.dtype)

    def _adjoint(self) -> LinearOperator:
        return LinearOperatorLowRankUpdate(
            self._base.adjoint(), self.v, None if self._diag is None else conj(self._diag),
            self._u, self._positive, self.is_non_singular, self.is_self_adjoint,
            self.is_positive_definite,
        )  # fmt: skip
