"""Means and sums: weights, ranks, wrapped functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorSpec
from freshet.graph.function import function
from freshet.keras import losses, metrics
from freshet.keras.metrics import Mean, MeanMetricWrapper, Sum


def test_batches_count_by_their_size() -> None:
    metric = Mean()
    metric.update_state([1.0, 1.0, 1.0])
    metric.update_state([5.0])
    assert float(metric.result()) == 2.0


def test_weights_count_instead_of_examples() -> None:
    metric = Mean()
    metric.update_state([1.0, 5.0], sample_weight=[3.0, 1.0])
    assert float(metric.result()) == 2.0
    assert float(metric.count) == 4.0


def test_a_single_value_is_one_example_and_may_have_a_weight() -> None:
    metric = Mean()
    metric.update_state(4.0)
    metric.update_state(1.0, sample_weight=3.0)
    assert float(metric.result()) == 1.75


def test_one_weight_for_a_batch_makes_it_one_example() -> None:
    metric = Mean()
    metric.update_state([1.0, 3.0], sample_weight=2.0)
    assert (float(metric.total), float(metric.count)) == (4.0, 2.0)


def test_an_example_of_many_values_counts_once() -> None:
    metric = Mean()
    metric.update_state(np.array([[1.0, 3.0], [5.0, 7.0]]), sample_weight=[1.0, 3.0])
    assert float(metric.result()) == pytest.approx((2 + 3 * 6) / 4)
    total = Sum()
    total.update_state(np.array([[1.0, 3.0], [5.0, 7.0]]), sample_weight=[1.0, 3.0])
    assert float(total.result()) == 4 + 3 * 12


def test_nothing_yet_is_zero() -> None:
    assert float(Mean().result()) == 0.0


def test_weights_that_do_not_fit_are_an_error() -> None:
    with pytest.raises(InvalidArgumentError, match=r"Mean: sample_weight f32\[3\] does not fit"):
        Mean().update_state([1.0, 2.0], sample_weight=[1.0, 2.0, 3.0])


def test_an_open_batch_size_is_counted() -> None:
    metric = Mean()
    step = function(lambda x: metric(x), input_signature=[TensorSpec([None])])
    assert float(step(np.float32([1.0, 2.0]))) == 1.5
    assert float(step(np.float32([6.0]))) == 3.0


def test_a_function_becomes_a_metric() -> None:
    def hits(y_true: Any, y_pred: Any, within: float) -> Any:
        from freshet.ops.math import abs as absolute
        from freshet.ops.math import cast

        return cast(absolute(y_true - y_pred) < within, "float32")

    metric = MeanMetricWrapper(hits, within=0.5)
    assert metric.name == "hits"
    assert float(metric(np.array([1.0, 2.0]), np.array([1.2, 3.0]))) == 0.5


@pytest.mark.parametrize("fn", [losses.mean_squared_error, metrics.binary_accuracy])
def test_a_wrapped_function_of_ours_can_be_saved(fn: Any) -> None:
    metric = MeanMetricWrapper(fn, name="mine")
    config = metrics.serialize(metric)
    assert config["config"]["fn"]["config"] == fn.__name__
    made = metrics.deserialize(config)
    assert made.fn is fn
    assert made.name == "mine"


def test_a_dtype_may_be_chosen() -> None:
    metric = Mean(dtype="float64")
    assert metric([1.0]).dtype.name == "float64"
