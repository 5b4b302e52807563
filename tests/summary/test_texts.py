"""Text summaries."""

from __future__ import annotations

import numpy as np
import pytest
from tensorboard.util import tensor_util

import freshet as ft
from freshet.core.errors import DTypeError


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("hällo **you**", "hällo **you**".encode()),
        (b"\xff", b"\xff"),
        ([["a", "b"], ["c", ""]], [[b"a", b"b"], [b"c", b""]]),
        (np.array(["a", "bc"]), [b"a", b"bc"]),
        (ft.constant(["x"]), [b"x"]),
    ],
)
def test_text_is_written_as_strings(tmp_path, values, data, expected):
    with ft.summary.create_file_writer(tmp_path).as_default():
        assert ft.summary.text("x", data, step=1, description="d") is True
    (value,) = values(tmp_path)
    array = tensor_util.make_ndarray(value.tensor)
    assert array.tolist() == expected
    assert value.metadata.plugin_data.plugin_name == "text"
    assert value.metadata.summary_description == "d"


def test_text_without_a_name_has_that_of_its_kind(tmp_path, values):
    with ft.summary.create_file_writer(tmp_path).as_default():
        ft.summary.text(None, "x", step=1)
    assert values(tmp_path)[0].tag == "text_summary"


def test_numbers_are_no_text():
    with pytest.raises(DTypeError) as caught:
        ft.summary.text("x", [1.0], step=1)
    assert caught.value.message == "ft.summary.text: data must be strings, received f32[1]"
