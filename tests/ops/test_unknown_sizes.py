"""Arguments that only fit some sizes, of tensors whose sizes are not known when traced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.core.errors import InvalidArgumentError


def traced(function: Callable[..., Any], *kinds: Any) -> Any:
    """Return a function that knows ranks and dtypes of its arguments only."""
    specs = [ft.TensorSpec([None] * rank, dtype) for rank, dtype in kinds]
    return ft.function(function, input_signature=specs)


VECTOR = (1, ft.float32)
NUMBER = (0, ft.int32)
VALUES = np.float32([5, 6, 7, 8, 9])


@pytest.mark.parametrize(
    ("function", "fits", "message"),
    [
        (lambda x: ft.split(x, 2), 4, "axis 0 must be a multiple of 2"),
        (lambda x: ft.split(x, [1, 3]), 4, "sizes must add up to that of axis 0"),
        (lambda x: ft.split(x, [3, -1]), 3, None),
        (lambda x: ft.unstack(x, 4), 4, "ensure_shape: .*not compatible with .4."),
        (lambda x: [ft.slice(x, [1], [3])], 4, None),
        (lambda x: [ft.slice(x, [2], [3])], 5, "reach outside dimension 0"),
        (lambda x: [ft.slice(x, [5], [-1])], 5, "reach outside dimension 0"),
        (lambda x: [ft.pad(x, [[4, 1]], "REFLECT")], 5, "no longer than what is mirrored"),
        (lambda x: [ft.pad(x, [[1, 5]], "SYMMETRIC")], 5, "no longer than what is mirrored"),
    ],
)
def test_sizes_are_checked_when_the_function_runs(
    function: Any, fits: int, message: str | None
) -> None:
    run = traced(function, VECTOR)
    for actual, expected in zip(run(VALUES[:fits]), function(VALUES[:fits]), strict=True):
        np.testing.assert_array_equal(actual.numpy(), expected.numpy())
    if message is not None:
        wrong = VALUES[: fits - 1] if fits > 4 else VALUES
        with pytest.raises(InvalidArgumentError, match=message):
            run(wrong)


def test_squeeze_keeps_what_it_does_not_know_and_refuses_a_size_of_1() -> None:
    run = traced(lambda x: ft.squeeze(ft.reshape(x, [-1, 1])), VECTOR)
    np.testing.assert_array_equal(run(VALUES).numpy(), VALUES)
    with pytest.raises(InvalidArgumentError, match=r"squeeze: .*name the dimensions"):
        run(VALUES[:1])


def test_slices_by_sizes_that_are_arguments() -> None:
    run = traced(lambda x, n: ft.slice(x, [1], [n]), VECTOR, NUMBER)
    np.testing.assert_array_equal(run(VALUES, 2).numpy(), VALUES[1:3])
    np.testing.assert_array_equal(run(VALUES, -1).numpy(), VALUES[1:])
    for wrong in (5, -2):
        with pytest.raises(InvalidArgumentError, match="reach outside"):
            run(VALUES, wrong)


def test_shapes_that_do_not_broadcast_are_refused() -> None:
    run = traced(
        lambda x, y: ft.broadcast_dynamic_shape(ft.shape(x), ft.shape(y)),
        (2, ft.float32), VECTOR,
    )  # fmt: skip
    assert run(np.zeros((4, 1)), VALUES).numpy().tolist() == [4, 5]
    with pytest.raises(InvalidArgumentError, match="broadcast_dynamic_shape"):
        run(np.zeros((4, 2)), VALUES)


def test_the_number_of_points_may_be_an_argument() -> None:
    run = traced(lambda n: ft.linspace(1.0, 2.0, n), NUMBER)
    for count in (0, 1, 2, 5):
        np.testing.assert_allclose(run(count).numpy(), np.linspace(1, 2, count), rtol=1e-6)


def test_sizes_are_inferred_of_nothing() -> None:
    run = traced(lambda x: ft.reshape(x, [ft.shape(x)[0], -1]), (2, ft.float32))
    assert run(np.zeros((0, 5))).shape == (0, 5)
    assert run(np.zeros((3, 5))).shape == (3, 5)


def test_means_of_integers() -> None:
    run = traced(ft.reduce_mean, (1, ft.int32))
    assert int(run([-1, -2])) == -1
    assert int(run([])) == 0
    assert int(run([2**31 - 1, 2**31 - 1])) == 2**31 - 1


def test_shapes_that_do_not_broadcast_are_not_equal() -> None:
    a, b = ft.constant([1, 2, 3]), ft.constant([1, 2])
    assert (a == b).numpy() == np.False_
    assert (a != b).numpy() == np.True_
