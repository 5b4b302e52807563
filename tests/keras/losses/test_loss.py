"""What the base class does: dtypes, reductions, masks, functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from freshet.core.errors import InvalidArgumentError, UnimplementedError
from freshet.core.shapes import TensorSpec
from freshet.graph.function import function
from freshet.graph.tape import GradientTape
from freshet.keras import losses
from freshet.keras.losses import Loss, LossFunctionWrapper, MeanSquaredError
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import abs as absolute
from freshet.ops.reduction import reduce_mean


class Distance(Loss):
    def call(self, y_true: Any, y_pred: Any) -> Any:
        return absolute(y_true - y_pred)


def test_targets_are_converted_to_the_dtype_of_the_loss() -> None:
    assert float(Distance()(np.array([1, 2]), np.array([1.0, 4.0]))) == 1.0
    assert Distance(dtype="float64")([1, 2], [1.0, 4.0]).dtype.name == "float64"


def test_structures_are_handed_on_as_they_are() -> None:
    class Both(Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return absolute(y_true["a"] - y_pred[0]) + absolute(y_true["b"] - y_pred[1])

    y_pred = (np.array([1.0, 2.0]), np.array([3.0, 5.0]))
    assert float(Both()({"a": [1, 1], "b": [4, 4]}, y_pred)) == 1.5


@pytest.mark.parametrize(
    ("reduction", "expected"),
    [
        ("sum_over_batch_size", (1 * 2 + 3 * 4) / 2),
        ("mean", (1 * 2 + 3 * 4) / 2),
        ("sum", 1 * 2 + 3 * 4),
        ("mean_with_sample_weight", (1 * 2 + 3 * 4) / (2 + 4)),
        ("none", [1 * 2, 3 * 4]),
        (None, [1 * 2, 3 * 4]),
    ],
)
def test_reductions_of_weighted_losses(reduction: str | None, expected: Any) -> None:
    loss = Distance(reduction=reduction)
    found = loss([0.0, 0.0], [1.0, 3.0], sample_weight=[2.0, 4.0])
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_an_unknown_reduction_is_an_error_that_lists_the_others() -> None:
    with pytest.raises(InvalidArgumentError, match=r"reduction must be one of .*'summ'; did you"):
        MeanSquaredError(reduction="summ")


def test_a_mask_leaves_elements_out_of_sum_and_mean() -> None:
    found = Distance()([0.0, 0.0, 0.0], [1.0, 3.0, 9.0], mask=[True, True, False])
    assert float(found) == pytest.approx(2.0)
    total = Distance(reduction="sum")([0.0, 0.0], [1.0, 3.0], mask=[False, True])
    assert float(total) == 3.0
    nothing = Distance()([0.0], [1.0], mask=[False])
    assert float(nothing) == 0.0


def test_mask_and_weights_multiply() -> None:
    found = Distance()(
        [0.0, 0.0, 0.0], [1.0, 3.0, 9.0], sample_weight=[1.0, 2.0, 5.0], mask=[True, True, False]
    )
    assert float(found) == pytest.approx((1 + 6) / 2)


def test_a_function_becomes_a_loss() -> None:
    def distance(y_true: Any, y_pred: Any, factor: float = 1.0) -> Any:
        return absolute(y_true - y_pred) * factor

    loss = LossFunctionWrapper(distance, factor=2.0)
    assert loss.name == "distance"
    assert float(loss([0.0, 0.0], [1.0, 3.0])) == 4.0


def test_a_wrapped_function_of_ours_can_be_saved() -> None:
    loss = LossFunctionWrapper(losses.huber, delta=0.5, name="mine")
    config = losses.serialize(loss)
    assert config["config"]["fn"]["config"] == "huber"
    made = losses.deserialize(config)
    assert made.fn is losses.huber
    assert made.name == "mine"
    assert float(made([0.0, 0.0], [1.0, 3.0])) == float(loss([0.0, 0.0], [1.0, 3.0]))


def test_names_are_numbered() -> None:
    first, second = Distance(), Distance()
    assert first.name.startswith("distance")
    assert first.name != second.name
    assert MeanSquaredError().name == "mean_squared_error"


def test_the_base_class_has_no_values() -> None:
    with pytest.raises(UnimplementedError, match=r"Loss has no call\(y_true, y_pred\)"):
        Loss()([0.0], [1.0])


def test_an_open_batch_size_is_averaged_over() -> None:
    loss = MeanSquaredError()
    signature = [TensorSpec([None, 2]), TensorSpec([None, 2])]
    traced = function(lambda y_true, y_pred: loss(y_true, y_pred), input_signature=signature)
    for size in (1, 3):
        y_true, y_pred = np.zeros((size, 2), np.float32), np.full((size, 2), 2, np.float32)
        assert float(traced(y_true, y_pred)) == pytest.approx(4.0)


def test_an_empty_batch_has_no_loss() -> None:
    empty = np.zeros((0, 2), np.float32)
    assert float(MeanSquaredError()(empty, empty)) == 0.0


def test_gradients_are_those_of_the_formula() -> None:
    y_true = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    y_pred = convert_to_tensor(np.array([[2.0, 2.0], [1.0, 0.0]], np.float32))
    with GradientTape() as tape:
        tape.watch(y_pred)
        loss = MeanSquaredError()(y_true, y_pred)
    expected = 2 * (y_pred.numpy() - y_true) / 4
    np.testing.assert_allclose(tape.gradient(loss, y_pred), expected, rtol=1e-6)


def test_half_precision_is_possible() -> None:
    found = MeanSquaredError(dtype="float16")([[1.0]], [[3.0]])
    assert found.dtype.name == "float16"
    assert float(found) == 4.0


def test_means_of_one_column_are_the_same_when_traced() -> None:
    y_true, y_pred = np.arange(6, dtype=np.float32), np.zeros((6, 1), np.float32)
    eager = MeanSquaredError()(y_true, y_pred)
    traced = function(lambda a, b: MeanSquaredError()(a, b))(y_true, y_pred)
    assert float(traced) == pytest.approx(float(eager))
    assert float(eager) == pytest.approx(float(reduce_mean(y_true**2)))
