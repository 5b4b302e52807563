"""`Dot`: products of the rows of two tensors, example by example."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import normalize_axis
from freshet.core.tensor import Tensor
from freshet.keras.layers.merging import BaseMerge
from freshet.ops import nn, shaping
from freshet.ops.linalg.einsum import einsum


class Dot(BaseMerge):
    """Sum of products of two inputs along an axis of each, for each example.

    y[b, i..., j...] = sum over k of  x1[b, i..., k] * x2[b, j..., k]

    Args:
        axes: The axis of both inputs, or that of each; not the batch.
        normalize: Whether to scale both to an L2 norm of 1 along it before, which makes the
            products cosines.
        **kwargs: As for `Layer`.
    Call arguments:
        inputs: [x1, x2].

    Returns:
        Numbers[batch, the other sizes of x1, the other sizes of x2]; a column if there are none.

    Raises:
        InvalidArgumentError: There are not two inputs, or the sizes along the axes differ.

    Example:
        >>> import freshet as ft
        >>> Dot(1)([ft.constant([[1.0, 2.0]]), ft.constant([[3.0, 4.0]])]).numpy().tolist()
        [[11.0]]
    """

    supports_masking = True

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        items = [axes] if isinstance(axes, int) else axes
        if not (
            isinstance(items, (list, tuple))
            and (isinstance(axes, int) or len(items) == 2)
            and all(isinstance(axis, int) and axis != 0 for axis in items)
        ):
            raise InvalidArgumentError(
                f"Dot: axes must be a number other than 0, or two of them, received {axes!r}"
            )
        self.axes = axes if isinstance(axes, int) else tuple(axes)
        self.normalize = normalize

    def _check_shapes(self, shapes: Sequence[tuple[Any, ...]]) -> None:
        where = f"layer {self.name!r} (Dot)"
        if len(shapes) != 2:
            raise InvalidArgumentError(f"{where}: expected two inputs, received {len(shapes)}")
        first, second = self._places([len(s) for s in shapes])
        one, other = shapes[0][first], shapes[1][second]
        if one is not None and other is not None and one != other:
            raise InvalidArgumentError(
                f"{where}: the sizes along axes={self.axes} must be equal, received shapes "
                f"{shapes[0]} and {shapes[1]}"
            )

    def _places(self, ranks: Sequence[int]) -> list[int]:
        axes = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        return [normalize_axis("Dot", a, rank) for a, rank in zip(axes, ranks, strict=True)]

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        """Apply the layer."""
        x, y = inputs
        first, second = self._places([x.ndim, y.ndim])
        if self.normalize:
            x, y = nn.l2_normalize(x, first), nn.l2_normalize(y, second)
        left = "B" + string.ascii_lowercase[: x.ndim - 1]
        right = "B" + string.ascii_lowercase[x.ndim : x.ndim + y.ndim - 1]
        left, right = _renamed(left, first), _renamed(right, second)
        out = "B" + (left + right).replace("B", "").replace("Z", "")
        found = einsum(f"{left},{right}->{out}", x, y)
        return shaping.expand_dims(found, -1) if found.ndim == 1 else found

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return None: the steps of the inputs are no longer there."""
        del inputs, previous_mask


def _renamed(term: str, place: int) -> str:
    return f"{term[:place]}Z{term[place + 1 :]}"
