"""Writing any tensor, its step and its metadata."""

from __future__ import annotations

import numpy as np
import pytest
from tensorboard.compat.proto import summary_pb2
from tensorboard.util import tensor_util

import freshet as ft
from freshet.core.errors import DTypeError, InvalidArgumentError


@pytest.fixture
def writer(tmp_path):
    with ft.summary.create_file_writer(tmp_path).as_default() as writer:
        yield writer
    writer.close()


def test_a_tensor_is_written_as_it_is(tmp_path, writer, values):
    assert ft.summary.write("x", ft.constant([[1, 2], [3, 4]]), step=1)
    assert ft.summary.write("y", lambda: np.array([True, False]), step=1)
    writer.flush()
    first, second = values(tmp_path)
    np.testing.assert_array_equal(
        tensor_util.make_ndarray(first.tensor), np.array([[1, 2], [3, 4]], np.int32), strict=True
    )
    np.testing.assert_array_equal(tensor_util.make_ndarray(second.tensor), [True, False])
    assert not first.HasField("metadata")


@pytest.mark.parametrize("serialize", [False, True])
def test_metadata_is_a_message_or_serialized(tmp_path, writer, values, serialize):
    metadata = summary_pb2.SummaryMetadata(display_name="shown", data_class=1)
    metadata.plugin_data.content = b"\x00\x01"
    given = metadata.SerializeToString() if serialize else metadata
    ft.summary.write("x", 1.0, step=1, metadata=given)
    writer.flush()
    (value,) = values(tmp_path)
    assert value.metadata == metadata


def test_a_function_is_called_only_for_what_is_written(writer):
    calls = []
    with ft.summary.record_if(False):
        ft.summary.write("x", lambda: calls.append(1), step=1)
    assert calls == []
    ft.summary.write("x", lambda: calls.append(1) or 1.0, step=1)
    assert calls == [1]


@pytest.mark.parametrize(
    "step",
    [7, np.int64(7), np.array(7), ft.constant(7), ft.Variable(7), ft.constant(7, ft.uint8)],
    ids=lambda step: type(step).__name__,
)
def test_a_step_is_any_whole_number(tmp_path, writer, read, step):
    ft.summary.write("x", 1.0, step=step)
    ft.summary.experimental.set_step(step)
    ft.summary.write("x", 1.0)
    writer.flush()
    assert [event.step for event in read(tmp_path)[1:]] == [7, 7]


def test_a_variable_is_read_when_a_summary_is_written(tmp_path, writer, read):
    step = ft.Variable(0)
    with writer.as_default(step=step):
        for _ in range(3):
            ft.summary.write("x", 1.0)
            step.assign_add(2)
    assert [event.step for event in read(tmp_path)[1:]] == [0, 2, 4]


def test_a_summary_needs_a_step_where_it_is_written(writer):
    with pytest.raises(InvalidArgumentError) as caught:
        ft.summary.write("x", 1.0)
    assert caught.value.message == (
        "summary 'x': there is no step; pass step=, or set one for all summaries with "
        "ft.summary.experimental.set_step"
    )
    with ft.summary.record_if(False):
        assert ft.summary.write("x", 1.0) is False


@pytest.mark.parametrize("step", [2.0, "2", [1, 2], ft.constant([1, 2]), ft.constant(2.0)])
def test_a_step_must_be_one_whole_number(step):
    with pytest.raises(DTypeError) as caught:  # also where nothing would be written
        ft.summary.write("x", 1.0, step=step)
    assert caught.value.message == (
        f"summary 'x': step must be one whole number, received {step!r}"
    )


@pytest.mark.parametrize("step", [2**63, -(2**63) - 1])
def test_a_step_must_fit_int64(step):
    with pytest.raises(InvalidArgumentError, match=f"received {step}"):
        ft.summary.write("x", 1.0, step=step)
