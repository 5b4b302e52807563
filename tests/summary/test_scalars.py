"""Scalar summaries."""

from __future__ import annotations

import numpy as np
import pytest
from tensorboard.compat.proto import types_pb2
from tensorboard.util import tensor_util

import freshet as ft
from freshet.core.errors import DTypeError, InvalidArgumentError


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (0.5, 0.5),
        (7, 7.0),
        (True, 1.0),
        (np.float64(0.1), np.float32(0.1)),
        (np.float64(1e300), np.inf),
        (float("nan"), np.nan),
        (ft.constant(3), 3.0),
        (ft.Variable(2.5), 2.5),
        (ft.constant(1.5, ft.bfloat16), 1.5),
    ],
)
def test_a_number_is_written_as_float32(tmp_path, values, data, expected):
    with ft.summary.create_file_writer(tmp_path).as_default():
        assert ft.summary.scalar("the loss", data, step=1) is True
    (value,) = values(tmp_path)
    assert value.tag == "the loss"
    assert value.tensor.dtype == types_pb2.DT_FLOAT
    assert value.tensor.HasField("tensor_shape")
    np.testing.assert_array_equal(tensor_util.make_ndarray(value.tensor), np.float32(expected))
    assert value.metadata.plugin_data.plugin_name == "scalars"
    assert value.metadata.plugin_data.content == b""


@pytest.mark.parametrize(("name", "tag"), [("x", "x"), ("", "scalar_summary"), (None,) * 2])
def test_a_summary_without_a_name_has_that_of_its_kind(tmp_path, values, name, tag):
    with ft.summary.create_file_writer(tmp_path).as_default():
        ft.summary.scalar(name, 1.0, step=1, description="*why*")
    (value,) = values(tmp_path)
    assert value.tag == (tag or "scalar_summary")
    assert value.metadata.summary_description == "*why*"


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (
            [1.0, 2.0],
            InvalidArgumentError,
            "ft.summary.scalar: data must be one number, received f32[2]",
        ),
        ("x", DTypeError, "ft.summary.scalar: data must be a number, received 'x'"),
    ],
)
def test_wrong_data_is_an_error_also_where_nothing_would_be_written(data, error, message):
    with pytest.raises(error) as caught:
        ft.summary.scalar("x", data, step=1)
    assert caught.value.message == message
