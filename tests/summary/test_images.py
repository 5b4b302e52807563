"""Image summaries."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from PIL import Image

import freshet as ft
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.summary.images import to_pixels


def decode(png: bytes) -> np.ndarray:
    pixels = np.asarray(Image.open(io.BytesIO(png)))
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_pixels_are_read_back(tmp_path, values, channels):
    data = np.random.default_rng(0).integers(0, 256, [2, 5, 7, channels], np.uint8)
    with ft.summary.create_file_writer(tmp_path).as_default():
        assert ft.summary.image("x", data, step=1, description="d") is True
    (value,) = values(tmp_path)
    width, height, *images = value.tensor.string_val
    assert (width, height) == (b"7", b"5")
    np.testing.assert_array_equal([decode(png) for png in images], data)
    assert [d.size for d in value.tensor.tensor_shape.dim] == [4]
    assert value.metadata.plugin_data.plugin_name == "images"
    assert value.metadata.summary_description == "d"


@pytest.mark.parametrize(("arguments", "count"), [({}, 3), ({"max_outputs": 5}, 4),
                                                  ({"max_outputs": 0}, 0)])  # fmt: skip
def test_the_first_few_images_are_written(tmp_path, values, arguments, count):
    with ft.summary.create_file_writer(tmp_path).as_default():
        ft.summary.image("", ft.zeros([4, 2, 3, 1]), step=1, **arguments)
    (value,) = values(tmp_path)
    assert value.tag == "image_summary"
    assert len(value.tensor.string_val) == 2 + count


def test_no_images_are_no_error(tmp_path, values):
    with ft.summary.create_file_writer(tmp_path).as_default():
        ft.summary.image("x", np.zeros([0, 2, 3, 1]), step=1)
    (value,) = values(tmp_path)
    assert list(value.tensor.string_val) == [b"3", b"2"]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floats_are_clipped_and_scaled(dtype):
    data = np.array([-math.inf, -0.1, 0.0, 0.5, 0.999, 1.0, 7.0, math.inf, math.nan], dtype)
    assert to_pixels(data).tolist() == [0, 0, 0, 127, 255, 255, 255, 255, 0]


@pytest.mark.parametrize("dtype", ["int16", "uint16", "int32", "uint32", "int64", "uint64"])
def test_integers_are_scaled_by_what_their_dtype_holds(dtype):
    info = np.iinfo(dtype)
    data = np.array([info.min, 0, info.max // 2 + 1, info.max, 1], dtype)
    assert to_pixels(data).tolist() == [0, 0, 128, 255, 0]


def test_int8_is_doubled():
    assert to_pixels(np.array([-128, -1, 0, 1, 127], np.int8)).tolist() == [0, 0, 0, 2, 254]


@pytest.mark.parametrize(
    ("data", "arguments", "error", "message"),
    [
        (
            np.zeros([2, 3, 4], np.float32),
            {},
            InvalidArgumentError,
            "data must be [N, H, W, C] with 1 to 4 channels, received f32[2,3,4]",
        ),
        (
            np.zeros([2, 3, 4, 5], np.float32),
            {},
            InvalidArgumentError,
            "data must be [N, H, W, C] with 1 to 4 channels, received f32[2,3,4,5]",
        ),
        (
            np.zeros([1, 0, 4, 1], np.float32),
            {},
            InvalidArgumentError,
            "an image must have pixels, received 0 rows of 4",
        ),
        (
            np.zeros([1, 2, 4, 1], bool),
            {},
            DTypeError,
            "data must be floats from 0 to 1, or integers, received bool",
        ),
        (
            np.zeros([1, 2, 4, 1]),
            {"max_outputs": -1},
            InvalidArgumentError,
            "max_outputs must be from 0 to 9223372036854775807, received -1",
        ),
    ],
)
def test_wrong_arguments_are_errors(tmp_path, values, data, arguments, error, message):
    with ft.summary.create_file_writer(tmp_path).as_default():
        with pytest.raises(error) as caught:
            ft.summary.image("x", data, step=1, **arguments)
        assert caught.value.message == f"ft.summary.image: {message}"
    assert values(tmp_path) == []
