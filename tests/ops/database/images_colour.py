"""Colours, brightness, contrast, the dtype of pixels; and the random changes of them."""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from typing import Any

import numpy as np

from database.record import Operation, case, error, integers, normal, uniform

_F32 = np.float32


def _convert(image: np.ndarray, dtype: Any, saturate: bool = False) -> np.ndarray:
    own, to = image.dtype, np.dtype(dtype)
    if own == to:
        return image
    most_in = None if own.kind == "f" else int(np.iinfo(own).max)
    most_out = None if to.kind == "f" else int(np.iinfo(to).max)
    if most_out is None:
        return image.astype(to) if most_in is None else image.astype(to) * to.type(1 / most_in)
    if most_in is None:
        scaled = image * own.type(most_out + 0.5)
        low = int(np.iinfo(to).min)
        return (
            np.clip(np.trunc(scaled), low, most_out).astype(to) if saturate else scaled.astype(to)
        )
    values = [int(v) for v in image.reshape(-1)]
    factor = (max(most_in, most_out) + 1) // (min(most_in, most_out) + 1)
    scaled_values = [v // factor if most_in > most_out else v * factor for v in values]
    if saturate:
        low = int(np.iinfo(to).min)
        scaled_values = [min(max(v, low), most_out) for v in scaled_values]
    return np.array(scaled_values, object).reshape(image.shape).astype(to)


def _as_float(image: np.ndarray) -> np.ndarray:
    keeps = image.dtype in (np.float16, np.float32, np.float64)
    return image if keeps else _convert(image, np.float32)


def _of_floats(function: Callable[..., Any], saturate: bool = True) -> Callable[..., Any]:
    """Return a function of pixels of any dtype."""

    def reference(image: np.ndarray, *args: Any) -> np.ndarray:
        pixels = _as_float(image)
        found = np.asarray(function(pixels.astype(np.float64), *args)).astype(pixels.dtype)
        return _convert(found, image.dtype, saturate)

    return reference


def _contrast(x: np.ndarray, factor: Any) -> np.ndarray:
    mean = x.mean((-3, -2), keepdims=True)
    return (x - mean) * float(factor) + mean


def _each_colour(function: Callable[..., Any]) -> Callable[..., Any]:
    def reference(x: np.ndarray, *args: Any) -> np.ndarray:
        rows = [function(*map(float, colour), *map(float, args)) for colour in x.reshape(-1, 3)]
        return np.array(rows).reshape(x.shape).astype(x.dtype)

    return reference


def _hue(r: float, g: float, b: float, delta: float) -> Any:
    h, s, v = colorsys.rgb_to_hsv(r, g, b)
    return colorsys.hsv_to_rgb((h + delta) % 1, s, v)


def _saturation(r: float, g: float, b: float, factor: float) -> Any:
    h, s, v = colorsys.rgb_to_hsv(r, g, b)
    return colorsys.hsv_to_rgb(h, min(max(s * factor, 0), 1), v)


def _linear(matrix: Any) -> Callable[..., Any]:
    return lambda x: (x.astype(np.float64) @ np.array(matrix)).astype(x.dtype)


def _standardized(image: np.ndarray) -> np.ndarray:
    x = image.astype(np.float64)
    axes = (-3, -2, -1)
    deviation = np.maximum(x.std(axes, keepdims=True), np.prod(x.shape[-3:]) ** -0.5)
    return ((x - x.mean(axes, keepdims=True)) / deviation).astype(np.float32)


# The matrices of the National Television System Committee and of BT.601, as libraries use them.
_YIQ = [
    [0.299, 0.59590059, 0.2115],
    [0.587, -0.27455667, -0.52273617],
    [0.114, -0.32134392, 0.31119955],
]
_YUV = [
    [0.299, -0.14714119, 0.61497538],
    [0.587, -0.28886916, -0.51496512],
    [0.114, 0.43601035, -0.10001026],
]
_FROM_YIQ = [
    [1, 1, 1],
    [0.95598634, -0.27201283, -1.10674021],
    [0.6208248, -0.64720424, 1.70423049],
]
_FROM_YUV = [[1, 1, 1], [0, -0.394642334, 2.03206185], [1.13988303, -0.58062185, 0]]

_COLOURS = uniform(4, 3, 3)
_BATCH = uniform(2, 2, 2, 3)
_WIDE = uniform(2, 2, 3, low=0.1, dtype=np.float64)
_BYTES = integers(3, 2, 3, low=0, high=255, dtype=np.uint8)
_GREYS = np.float32([[[0, 0, 0], [1, 1, 1], [0.5, 0.5, 0.5]]])
_HALF = uniform(2, 2, 3, dtype=np.float16)
_CORNERS = np.float32([[[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [0, 1, 1], [1, 0, 1]]])
_FOUR = uniform(2, 2, 4)
_LOOSE = {"float32": 1e-5, "float16": 4e-3}
_NOT_VALUES = "its values are random; tests/ops/test_image.py looks at them"


def _adjusting(
    name: str, function: Callable[..., Any], amounts: list[Any], *, half: bool = False, **more: Any
) -> Operation:
    return Operation(
        name=f"image.{name}", reference=_of_floats(function, more.pop("saturate", True)),
        tolerance=_LOOSE, **more,
        cases=[
            *(case(_COLOURS, a) for a in amounts), case(_BATCH, amounts[0]),
            *([case(_HALF, amounts[0])] if half else []), case(_BYTES, amounts[-1]),
            case(_COLOURS, np.float32(0.25)), case(_GREYS, amounts[0]),
        ],
    )  # fmt: skip


def _random(name: str, *amounts: Any, errors: Any = ()) -> list[Operation]:
    found = []
    for prefix, seed in (("", 3), ("stateless_", np.int32([3, 4]))):
        found.append(
            Operation(
                name=f"image.{prefix}{name}",
                reference=None,
                no_gradient=_NOT_VALUES,
                cases=[case(x, *amounts, seed=seed) for x in (_COLOURS, _BATCH, _BYTES)],
                errors=[
                    error(kind, _COLOURS, *values, seed=seed, message=message)
                    for kind, values, message in errors
                ],
            )
        )
    return found


_BAD_RANGE = [("ValueError", (2.0, 1.0), "lower < upper"), ("ValueError", (-1.0, 1.0), "lower")]

OPERATIONS = [
    Operation(
        name="image.convert_image_dtype", reference=_convert,
        cases=[
            *(case(_BYTES, d) for d in ("float32", "float64", "uint16", "int32", "uint8", "int8")),
            case(integers(5, low=0, high=2**31 - 1), "uint8"),
            case(integers(5, low=-(2**31), high=2**31 - 1), "int8", saturate=True),
            case(integers(5, low=-99, high=99, dtype=np.int8), "uint8", saturate=True),
            case(uniform(7), "uint8"), case(uniform(7), "uint16"), case(uniform(3), "float16"),
            case(uniform(7, low=-1, high=2), "uint8", saturate=True),
            case(uniform(7, low=-1.5, high=2), "int16", saturate=True),
            case(uniform(7, dtype=np.float64), "int32"), case(_F32(0.5), "uint8"),
            case(np.zeros((0, 2), np.uint8), "float32"),
            case(integers(2, 2, low=0, high=65535, dtype=np.uint16), "float16"),
        ],
        gradient=[case(uniform(3, dtype=np.float64), "float64")],
        errors=[
            error("AttributeError", np.array([True]), "float32", message="bool"),
            error("AttributeError", _COLOURS, "bool", message="bool"),
        ],
    ),
    _adjusting(
        "adjust_brightness", lambda x, d: x + float(d), [0.2, -0.3, 0.7], half=True,
        gradient=[case(_WIDE, 0.3)],
    ),
    _adjusting(
        "adjust_contrast", _contrast, [2.0, 0.5, 3.0], gradient=[case(_WIDE, 1.5)],
        errors=[error("InvalidArgumentError", normal(2, 3), 2.0, message="height, width")],
    ),
    _adjusting(
        "adjust_gamma", lambda x, g=1, gain=1: gain * x ** float(g), [2.0, 0.5, 1.0], half=True,
        gradient=[case(_WIDE, 2.0), case(_WIDE, 0.5, 3.0)],
        errors=[error("ValueError", _COLOURS, -1.0, message="0 or more")],
    ),
    _adjusting(
        "adjust_hue", _each_colour(_hue), [0.2, -0.3, 1.0], saturate=False,
        gradient=[case(_WIDE, 0.3)],
        errors=[
            error("ValueError", _COLOURS, 1.5, message="in .-1, 1."),
            error("InvalidArgumentError", _FOUR, 0.1, message=r"f32\[2,2,4\]"),
        ],
    ),
    _adjusting(
        "adjust_saturation", _each_colour(_saturation), [2.0, 0.5, 0.0], saturate=False,
        gradient=[case(_WIDE, 0.7)],
        errors=[error("InvalidArgumentError", _FOUR, 0.1, message="red, green and blue")],
    ),
    Operation(
        name="image.per_image_standardization", reference=_standardized, tolerance=_LOOSE,
        cases=[
            case(_COLOURS), case(_BATCH), case(_BYTES), case(np.full((2, 2, 1), 7, np.uint8)),
            case(_WIDE), case(uniform(2, 1, 3, 3, 1)), case(_HALF),
        ],
        no_gradient="the result is float32; tests/ops/test_image.py checks its gradient",
        errors=[
            error("ValueError", normal(2, 3), message="height, width, channels"),
            error("ValueError", np.zeros((2, 0, 3), np.float32), message="no pixels"),
        ],
    ),
    Operation(
        name="image.rgb_to_hsv", reference=_each_colour(colorsys.rgb_to_hsv), tolerance=_LOOSE,
        cases=[case(x) for x in (_COLOURS, _BATCH, _GREYS, _CORNERS, _WIDE, _F32([0.2, 0.4, 0.1]))],
        gradient=[case(_WIDE)],
        errors=[
            error("InvalidArgumentError", _FOUR, message="red, green and blue"),
            error("InvalidArgumentError", _F32(1.0), message="red, green and blue"),
        ],
    ),
    Operation(
        name="image.hsv_to_rgb", reference=_each_colour(colorsys.hsv_to_rgb), tolerance=_LOOSE,
        cases=[case(x) for x in (_COLOURS, _BATCH, _GREYS, _WIDE, _F32([0.2, 0.4, 0.1]))],
        gradient=[case(_WIDE)],
        errors=[error("InvalidArgumentError", _FOUR, message="red, green and blue")],
    ),
    Operation(
        name="image.rgb_to_grayscale", tolerance=_LOOSE,
        reference=_of_floats(lambda x: x @ np.array([[0.2989], [0.587], [0.114]]), False),
        cases=[case(_COLOURS), case(_BATCH), case(_BYTES), case(_HALF), case(_F32([1, 2, 3]))],
        gradient=[case(_WIDE)],
    ),
    Operation(
        name="image.grayscale_to_rgb", reference=lambda x: np.concatenate([x, x, x], -1),
        cases=[
            case(normal(2, 3, 1)), case(integers(2, 2, 2, 1, dtype=np.uint8)), case(normal(2, 1)),
        ],
        gradient=[case(normal(2, 2, 1, dtype=np.float64))],
        errors=[
            error("ValueError", _COLOURS, message="two dimensions"),
            error("ValueError", normal(1), message="two dimensions"),
        ],
    ),
    *(
        Operation(
            name=f"image.{name}", reference=_linear(matrix), tolerance=_LOOSE,
            cases=[case(_COLOURS), case(_BATCH), case(_WIDE), case(_F32([0.2, 0.4, 0.1]))],
            gradient=[case(_WIDE)],
        )
        for name, matrix in (
            ("rgb_to_yiq", _YIQ), ("yiq_to_rgb", _FROM_YIQ), ("rgb_to_yuv", _YUV),
            ("yuv_to_rgb", _FROM_YUV),
        )
    ),
    *_random("random_brightness", 0.2, errors=[("ValueError", (-1.0,), "max_delta")]),
    *_random("random_contrast", 0.2, 0.5, errors=_BAD_RANGE),
    *_random("random_saturation", 0.2, 0.5, errors=_BAD_RANGE),
    *_random(
        "random_hue", 0.2, errors=[("ValueError", (0.6,), "0.5"), ("ValueError", (-1.0,), "")],
    ),
    *_random("random_flip_left_right"),
    *_random("random_flip_up_down"),
    *(
        Operation(
            name=f"image.{name}", reference=None, no_gradient=_NOT_VALUES,
            cases=[
                case(_COLOURS, [2, 2, 3], seed=seed), case(_BYTES, (3, 1, 3), seed=seed),
                case(normal(5), [0], seed=seed), case(_COLOURS, np.int32([1, 3, 2]), seed=seed),
            ],
            errors=[error("InvalidArgumentError", _COLOURS, [5, 2, 3], seed=seed, message="above")],
        )
        for name, seed in (("random_crop", 3), ("stateless_random_crop", np.int32([3, 4])))
    ),
]  # fmt: skip
