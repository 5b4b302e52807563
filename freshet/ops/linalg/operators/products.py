"""Products of two operators, as an operator of a known kind where there is one."""

from __future__ import annotations

from freshet.core.errors import InvalidArgumentError
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.linalg.operators.circulant import BlockCirculant
from freshet.ops.linalg.operators.combined import LinearOperatorComposition, agreed
from freshet.ops.linalg.operators.dense import LinearOperatorLowerTriangular
from freshet.ops.linalg.operators.diagonal import LinearOperatorDiag, LinearOperatorIdentity
from freshet.ops.linalg.operators.operator import LinearOperator


def product(left: LinearOperator, right: LinearOperator) -> LinearOperator:
    """Return ``left @ right``, which is applied as the right operator first.

    Identities vanish, diagonal operators join diagonal and triangular ones, circulant operators
    circulant ones; anything else is a composition.

    Raises:
        InvalidArgumentError: The sizes do not fit.
    """
    composed = LinearOperatorComposition([left, right])
    for identity, other in ((left, right), (right, left)):
        if isinstance(identity, LinearOperatorIdentity) and not identity.batch_shape.rank:
            return other
    both = agreed([left.is_non_singular, right.is_non_singular])
    match left, right:
        case LinearOperatorDiag(), LinearOperatorDiag():
            symmetric = agreed([left.is_self_adjoint, right.is_self_adjoint])
            # Self-adjoint operators that commute have a self-adjoint product, and a definite one.
            positive = agreed([symmetric, left.is_positive_definite, right.is_positive_definite])
            return LinearOperatorDiag(left.diag * right.diag, both, symmetric, positive)
        case LinearOperatorDiag(), LinearOperatorLowerTriangular():
            rows = shaping.expand_dims(left.diag_part(), -1)
            return LinearOperatorLowerTriangular(rows * right.to_dense(), both)
        case LinearOperatorLowerTriangular(), LinearOperatorDiag():
            columns = shaping.expand_dims(right.diag_part(), -2)
            return LinearOperatorLowerTriangular(left.to_dense() * columns, both)
        case BlockCirculant(), BlockCirculant() if type(left) is type(right):
            spectrum = left.complex_spectrum() * right.complex_spectrum()
            return type(left)(spectrum, left.dtype, both)
    return composed
