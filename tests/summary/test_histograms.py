"""Histogram summaries, compared with TensorBoard's own encoding."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tensorboard.plugins.histogram import summary_v2
from tensorboard.util import tensor_util

import freshet as ft
from freshet.core.errors import DTypeError
from freshet.summary.histograms import bucket

SAMPLES = {
    "normal": np.random.default_rng(0).normal(size=(100, 7)),
    "integers": np.arange(-50, 50) ** 3,
    "on the borders": np.array([0.0, 1.0, 2.0, 3.0, 4.0, 4.0]),
    "one value": np.full((2, 3), 2.0),
    "nothing": np.zeros([0]),
    "bools": np.array([True, False, True]),
}


@pytest.mark.parametrize("data", SAMPLES.values(), ids=SAMPLES)
@pytest.mark.parametrize("buckets", [None, 0, 1, 2, 3, 64])
def test_a_histogram_is_that_of_tensorboard(tmp_path, values, data, buckets):
    with ft.summary.create_file_writer(tmp_path).as_default():
        assert ft.summary.histogram("x", data, step=1, buckets=buckets, description="d") is True
    (value,) = values(tmp_path)
    (theirs,) = summary_v2.histogram_pb("x", data, buckets=buckets, description="d").value
    ours = tensor_util.make_ndarray(value.tensor)
    np.testing.assert_allclose(ours, tensor_util.make_ndarray(theirs.tensor), rtol=1e-14)
    np.testing.assert_array_equal(ours[:, 2], tensor_util.make_ndarray(theirs.tensor)[:, 2])
    assert value.metadata == theirs.metadata
    assert value.tensor.dtype == theirs.tensor.dtype


def test_edges_are_exact_and_borders_belong_to_the_right():
    rows = bucket(np.array([0.0, 1.0, 2.0, 3.0, 4.0, 4.0]), 4)
    assert rows.tolist() == [[0, 1, 1], [1, 2, 1], [2, 3, 1], [3, 4, 3]]


def test_tensors_and_sequences_are_histograms_too(tmp_path, values):
    with ft.summary.create_file_writer(tmp_path).as_default():
        for data in (ft.constant([1, 3]), ft.Variable([1.0, 3.0]), [1, 3]):
            ft.summary.histogram("", data, step=1, buckets=2)
    for value in values(tmp_path):
        assert value.tag == "histogram_summary"
        assert tensor_util.make_ndarray(value.tensor).tolist() == [[1, 2, 1], [2, 3, 1]]


def test_a_negative_count_is_none(tmp_path, values):
    with ft.summary.create_file_writer(tmp_path).as_default():
        ft.summary.histogram("x", [1.0, 2.0], step=1, buckets=-3)
    (value,) = values(tmp_path)
    assert tensor_util.make_ndarray(value.tensor).shape == (0, 3)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([2.0, math.nan], [[math.nan, math.nan, 0]] * 3),
        ([2.0, math.inf], [[2, math.inf, 1], [math.inf, math.inf, 0], [math.inf, math.inf, 0]]),
        (
            [-1.7e308, 0.0, 1.7e308],
            [[-1.7e308, math.inf, 2], [math.inf, math.inf, 0], [math.inf, 1.7e308, 0]],
        ),
    ],
)
def test_what_is_not_finite_is_as_in_tensorflow(data, expected):
    np.testing.assert_array_equal(bucket(np.array(data), 3), expected)


def test_a_range_too_small_to_cut_loses_nothing():
    assert bucket(np.array([0.0, 5e-324]), 4)[:, 2].sum() >= 1


def test_wrong_arguments_are_errors(tmp_path):
    with ft.summary.create_file_writer(tmp_path).as_default():
        with pytest.raises(DTypeError) as caught:
            ft.summary.histogram("x", ["a"], step=1)
        assert caught.value.message == (
            "ft.summary.histogram: data must be numbers, received str[1]"
        )
        with pytest.raises(DTypeError) as caught:
            ft.summary.histogram("x", [1.0], step=1, buckets=2.0)
        assert caught.value.message == (
            "ft.summary.histogram: buckets must be one whole number, received 2.0"
        )
