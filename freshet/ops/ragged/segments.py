"""Segments of ragged tensors: rows, or elements, that have one number come together."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.ops import gathering
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import overload
from freshet.ops.ragged.gathering import equal_splits
from freshet.ops.ragged.ragged_tensor import RaggedTensor
from freshet.ops.ragged.reduction import combine_groups


def _of_ragged(function: Callable[..., Any], op: str) -> None:
    signature = inspect.signature(function)

    @overload(function, RaggedTensor)
    def segments(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        data, ids, count = (bound.arguments[n] for n in list(signature.parameters)[:3])
        if not isinstance(ids, RaggedTensor):
            return _of_rows(op, data, convert_to_tensor(ids), count)
        if not isinstance(data, RaggedTensor):
            raise InvalidArgumentError(
                f"{function.__name__}: ragged segment_ids need ragged data, received {data!r}"
            )
        # Whatever has a number is an element: ragged dimensions that both have do not matter.
        while isinstance(ids, RaggedTensor):
            equal_splits(data.row_splits, ids.row_splits)
            data, ids = data.values, ids.values
        return function(data, ids, count)


def _of_rows(op: str, data: RaggedTensor, ids: Any, num_segments: Any) -> Any:
    count = m.cast(convert_to_tensor(num_segments), data.row_splits.dtype)
    if op not in {"mean", "sqrt_n"}:
        return combine_groups(op, data, ids, count)
    total = combine_groups("sum", data, ids, count)
    ones = data.with_flat_values(data.flat_values * 0 + 1)
    many = combine_groups("sum", ones, ids, count)
    return total / (m.sqrt(many) if op == "sqrt_n" else many)


for _op in ("sum", "prod", "min", "max", "mean", "sqrt_n"):
    _of_ragged(getattr(gathering, f"unsorted_segment_{_op}"), _op)
