"""Weights and ranks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from freshet.core.errors import InvalidArgumentError
from freshet.keras.losses.reduction import reduce_weighted, same_rank, weight_of
from freshet.ops.conversion import convert_to_tensor


def zeros(*shape: int) -> Any:
    return convert_to_tensor(np.zeros(shape, np.float32))


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        ((3,), (3, 1), ((3, 1), (3, 1))),
        ((3, 1), (3,), ((3, 1), (3, 1))),
        ((3, 4), (3, 4, 1), ((3, 4), (3, 4))),
        ((3, 4, 1), (3, 4), ((3, 4), (3, 4))),
        ((3,), (3, 2), ((3,), (3, 2))),
        ((3, 1), (3, 2), ((3, 1), (3, 2))),
        ((), (3,), ((), (3,))),
    ],
)
def test_a_last_dimension_of_one_does_not_matter(x: Any, y: Any, expected: Any) -> None:
    a, b = same_rank(zeros(*x), zeros(*y))
    assert (tuple(a.shape), tuple(b.shape)) == expected


@pytest.mark.parametrize(
    ("weight", "values", "expected"),
    [
        ((3,), (3,), (3,)),
        ((3, 1), (3,), (3,)),
        ((3,), (3, 4), (3, 1)),
        ((3, 4), (3, 4), (3, 4)),
        ((3, 1), (3, 4), (3, 1)),
        ((4,), (4, 4), (4, 1)),
        ((), (3, 4), (1, 1)),
        ((1,), (3,), (1,)),
    ],
)
def test_weights_stretch_over_the_elements_of_an_example(
    weight: Any, values: Any, expected: Any
) -> None:
    found = weight_of("loss", "sample_weight", zeros(*weight), zeros(*values))
    assert tuple(found.shape) == expected


@pytest.mark.parametrize(("weight", "values"), [((2,), (3,)), ((3, 4, 5), (3, 4)), ((2,), (3, 4))])
def test_other_weights_are_an_error(weight: Any, values: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"loss: sample_weight f32\[.*\] does not fit"):
        weight_of("loss", "sample_weight", zeros(*weight), zeros(*values))


def test_a_weight_per_example_counts_for_all_its_elements() -> None:
    values = convert_to_tensor([[1.0, 2.0], [3.0, 4.0]])
    found = reduce_weighted("loss", values, [1.0, 10.0], reduction="sum")
    assert float(found) == 73.0


def test_a_single_number_is_left_alone() -> None:
    assert float(reduce_weighted("loss", convert_to_tensor(3.0))) == 3.0
