"""From one loss per example to the loss of a batch: weights, masks and how they are averaged."""

from __future__ import annotations

import math
from typing import Any, Final

from freshet.core.errors import InvalidArgumentError, did_you_mean
from freshet.core.tensor import Tensor
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import cast, divide_no_nan
from freshet.ops.reduction import reduce_sum
from freshet.ops.shaping import expand_dims, size, squeeze

REDUCTIONS: Final = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none")


def checked_reduction(caller: str, reduction: Any) -> str | None:
    """Return a reduction; `InvalidArgumentError` if there is none of that name."""
    if reduction is not None and reduction not in REDUCTIONS:
        raise InvalidArgumentError(
            f"{caller}: reduction must be one of {', '.join(REDUCTIONS)} or None, received "
            f"{reduction!r}{did_you_mean(str(reduction), REDUCTIONS)}"
        )
    return str(reduction) if reduction is not None else None


def same_rank(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return two tensors of one rank if a last dimension of size 1 is all that one has more.

    Vectors get it; otherwise it is dropped.
    """
    if x.ndim == y.ndim + 1:
        y, x = same_rank(y, x)
    elif y.ndim == x.ndim + 1 and y.shape[-1] == 1:
        if x.ndim == 1:
            x = expand_dims(x, -1)
        else:
            y = squeeze(y, -1)
    return x, y


def weight_of(caller: str, what: str, given: Any, values: Tensor) -> Tensor:
    """Return weights in a shape that broadcasts to that of what they weigh.

    A weight per example counts for all elements of the example.

    Args:
        caller: Name of the loss or metric, for errors.
        what: Name of the argument, for errors.
        given: Numbers.
        values: What they weigh.

    Raises:
        InvalidArgumentError: There is neither one per element nor one per example.
    """
    tensor = convert_to_tensor(given)
    weight = cast(tensor, values.dtype)
    if weight.ndim == values.ndim + 1 and weight.shape[-1] == 1:
        weight = squeeze(weight, -1)
    if weight.shape.is_compatible_with(values.shape[: weight.ndim]):
        for _ in range(values.ndim - weight.ndim):
            weight = expand_dims(weight, -1)
    fits = weight.ndim <= values.ndim and all(
        w is None or v is None or w in {1, v}
        for w, v in zip(reversed(weight.shape), reversed(values.shape), strict=False)
    )
    if not fits:
        raise InvalidArgumentError(
            f"{caller}: {what} {tensor._type} does not fit {values._type}; give one number per "
            "example or one per element"
        )
    return weight


def reduce_weighted(
    caller: str,
    values: Tensor,
    sample_weight: Any = None,
    mask: Any = None,
    reduction: str | None = "sum_over_batch_size",
) -> Tensor:
    """Return the loss of a batch.

    sum_over_batch_size, mean:  sum(w v) / (number of v)
    mean_with_sample_weight:    sum(w v) / sum(w)
    sum:                        sum(w v)
    none, None:                 w v

    Args:
        caller: Name of the loss, for errors.
        values: One loss per example, or per element of one.
        sample_weight: A weight for each of them, or for each example.
        mask: Which of them count; a mean is then over those alone.
        reduction: One of the above.

    Raises:
        InvalidArgumentError: Weights or mask do not have the shape of the values.
    """
    weight = None
    if mask is not None:
        kept = weight_of(caller, "mask", cast(mask, "bool"), values)
        weight = _weight_of_mask(kept, reduction)
    if sample_weight is not None:
        given = weight_of(caller, "sample_weight", sample_weight, values)
        weight = given if weight is None else given * weight
    if weight is not None:
        values = values * weight
    return _reduced(values, weight, reduction)


def _weight_of_mask(kept: Tensor, reduction: str | None) -> Tensor:
    """Return 0 where the mask is; elsewhere what makes a mean one over the others."""
    if reduction not in {"mean", "sum_over_batch_size"}:
        return kept
    return kept * divide_no_nan(cast(size(kept), kept.dtype), reduce_sum(kept))


def _reduced(values: Tensor, weight: Tensor | None, reduction: str | None) -> Tensor:
    if reduction in {None, "none"} or values.ndim == 0:
        return values
    total = reduce_sum(values)
    if reduction == "sum":
        return total
    if reduction == "mean_with_sample_weight" and weight is not None:
        return divide_no_nan(total, reduce_sum(weight))
    if values.shape.is_fully_defined():
        count = math.prod(d for d in values.shape if d is not None)
        return total / float(max(count, 1))
    return divide_no_nan(total, cast(size(values), total.dtype))
