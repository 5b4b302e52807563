"""Orders of the rows of matrices: permutations applied, and their inverses."""

from __future__ import annotations

import numpy as np

from freshet.core.tensor import Tensor
from freshet.ops import shaping
from freshet.ops.gathering import gather
from freshet.ops.linalg.matrices import share_batch
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive

inverse_order_p: Primitive = Primitive(
    name="inverse_order", infer=lambda p: p,
    reference=lambda p: np.argsort(p, axis=-1).astype(p.dtype),
    gradient=NoGradient("an order is no number that varies"), lower=Host("it sorts"),
)  # fmt: skip


def inverse_order(order: Tensor) -> Tensor:
    """Return the order ``[..., n]`` that undoes another one."""
    return inverse_order_p(order)


def reordered(x: Tensor, order: Tensor) -> Tensor:
    """Return matrices with ``y[..., i, :] = x[..., order[..., i], :]``; batch dimensions broadcast.

    Raises:
        InvalidArgumentError: The batch dimensions do not broadcast.
    """
    column, x = share_batch("reordered", shaping.expand_dims(order, -1), x)
    batch = x.ndim - 2
    return gather(x, shaping.squeeze(column, -1), axis=batch, batch_dims=batch)
