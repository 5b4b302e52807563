"""Convolutions, written out as sums over kernel positions."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from database.record import Operation, case, error, integers, normal


def numbers(value: Any, rank: int, first: bool = False) -> list[int]:
    found = [1] * rank if value is None else list(np.atleast_1d(value))
    if len(found) == rank + 2:
        found = found[2:] if first else found[1:-1]
    return [int(n) for n in (found * rank if len(found) == 1 else found)]


def pairs(padding: Any, sizes: Any, kernel: Any, steps: Any, gaps: Any, first: bool = False) -> Any:
    if not isinstance(padding, str):
        return list(padding)[2:] if first else list(padding)[1:-1]
    if padding == "VALID":
        return [(0, 0)] * len(sizes)
    found = []
    for n, k, s, d in zip(sizes, kernel, steps, gaps, strict=True):
        total = max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
        found.append((total // 2, total - total // 2))
    return found


def correlate(x: np.ndarray, w: np.ndarray, steps: Any, pads: Any, gaps: Any) -> np.ndarray:
    """Channels last, in float64; groups where the filter has fewer channels."""
    rank = w.ndim - 2
    wide = np.pad(x.astype(np.float64), [(0, 0), *pads, (0, 0)])
    counts = [
        max((n - (k - 1) * d - 1) // s + 1, 0)
        for n, k, s, d in zip(wide.shape[1:-1], w.shape, steps, gaps, strict=False)
    ]
    groups = x.shape[-1] // w.shape[-2] if x.shape[-1] else 1
    y = np.zeros((x.shape[0], *counts, w.shape[-1]))
    per = w.shape[-1] // groups
    for at in itertools.product(*map(range, w.shape[:rank])):
        window = tuple(
            slice(k * d, k * d + (n - 1) * s + 1, s) if n else slice(0, 0)
            for k, d, s, n in zip(at, gaps, steps, counts, strict=True)
        )
        part = wide[(slice(None), *window)]
        for g in range(groups):
            c = slice(g * w.shape[-2], (g + 1) * w.shape[-2])
            f = slice(g * per, (g + 1) * per)
            y[..., f] += part[..., c] @ w[at][:, f].astype(np.float64)
    return y


def convolved(
    x: np.ndarray, w: np.ndarray, strides: Any = None, padding: Any = "VALID",
    data_format: str | None = None, dilations: Any = None,
) -> np.ndarray:  # fmt: skip
    rank = w.ndim - 2
    first = data_format is not None and data_format.startswith("NC")
    if x.ndim > rank + 2:
        flat = x.reshape(-1, *x.shape[-rank - 1 :])
        y = convolved(flat, w, strides, padding, data_format, dilations)
        return y.reshape(*x.shape[: -rank - 1], *y.shape[1:])
    x = np.moveaxis(x, 1, -1) if first else x
    steps, gaps = numbers(strides, rank, first), numbers(dilations, rank, first)
    pads = pairs(padding, x.shape[1:-1], w.shape[:rank], steps, gaps, first)
    y = correlate(x, w, steps, pads, gaps).astype(x.dtype)
    return np.moveaxis(y, -1, 1) if first else y


def depthwise(
    x: np.ndarray, w: np.ndarray, strides: Any, padding: Any, data_format: str | None = None,
    dilations: Any = None,
) -> np.ndarray:  # fmt: skip
    flat = w.reshape(*w.shape[:2], 1, -1)
    return convolved(x, flat, strides, padding, data_format, dilations)


def separable(
    x: np.ndarray, w: np.ndarray, point: np.ndarray, strides: Any, padding: Any,
    data_format: str | None = None, dilations: Any = None,
) -> np.ndarray:  # fmt: skip
    deep = depthwise(x.astype(np.float64), w, strides, padding, data_format, dilations)
    return convolved(deep, point, 1, "VALID", data_format).astype(x.dtype)


def adjoint(function: Any, shape: Any, dy: np.ndarray) -> np.ndarray:
    """Return the transpose of a linear function of an array, applied to another."""
    result = np.zeros(shape)
    for at in np.ndindex(*shape):
        unit = np.zeros(shape)
        unit[at] = 1
        result[at] = np.sum(function(unit) * dy)
    return result


def transposed(
    x: np.ndarray, w: np.ndarray, output_shape: Any, strides: Any, padding: Any = "SAME",
    data_format: str | None = None, dilations: Any = None,
) -> np.ndarray:  # fmt: skip
    shape = tuple(int(n) for n in output_shape)
    if len(shape) == x.ndim - 2:
        shape = (x.shape[0], *shape, w.shape[-2])
    wide = w.astype(np.float64)
    return adjoint(
        lambda unit: convolved(unit, wide, strides, padding, data_format, dilations), shape,
        x.astype(np.float64),
    ).astype(x.dtype)  # fmt: skip


F8 = {"dtype": "f8"}
WIDE = {"float32": 1e-5, "float16": 1e-2}
ONE = (normal(2, 5, 3), normal(2, 3, 4))
TWO = (normal(2, 5, 4, 3), normal(2, 3, 3, 2))
THREE = (normal(1, 3, 4, 3, 2), normal(2, 2, 2, 2, 3))
BAD = error(
    "InvalidArgumentError", normal(2, 5, 4, 3), normal(2, 2, 5, 2), 1, "VALID", message="channels"
)
NO_FIRST = "TensorFlow has no kernel for channels first on CPUs"
# The shape of a filter must be known, that of the input need not: see test_convolution.py.
OPERATIONS = [
    Operation(
        name="nn.convolution", reference=convolved, tolerance=WIDE, absolute=1e-5,
        unknown_shapes=False,
        cases=[
            case(*ONE), case(*TWO), case(*THREE), case(*TWO, padding="SAME"),
            case(*TWO, strides=2, padding="SAME"), case(*ONE, dilations=2, padding="SAME"),
            case(*TWO, [2, 1], "VALID", "NHWC"),
            case(normal(2, 5, 4, **F8), normal(2, 2, 6, **F8), strides=[1]),
        ],
        gradient=[case(normal(2, 5, 2, **F8), normal(2, 2, 3, **F8), strides=2, padding="SAME")],
        errors=[
            error("ValueError", *TWO, padding="FULL", message="padding must be"),
            error("InvalidArgumentError", normal(2, 5, 4, 3), normal(2, 2, 5, 2), message="5"),
        ],
    ),
    Operation(
        name="nn.conv1d", reference=convolved, tolerance=WIDE, absolute=1e-5, unknown_shapes=False,
        cases=[
            case(*ONE, 1, "VALID"), case(*ONE, 2, "SAME"), case(*ONE, 1, "SAME", "NWC", 2),
            case(normal(1, 3, 1, **F8), normal(2, 1, 1, **F8), 1, "SAME"),
            case(normal(2, 1, 5, 3), ONE[1], 1, "VALID"),
        ],
        gradient=[case(normal(2, 5, 2, **F8), normal(2, 2, 3, **F8), 1, "SAME")],
    ),
    Operation(
        name="nn.conv2d", reference=convolved, tolerance=WIDE, absolute=1e-5, unknown_shapes=False,
        cases=[
            case(*TWO, 1, "VALID"), case(*TWO, 1, "SAME"), case(*TWO, [1, 2, 2, 1], "SAME"),
            case(*TWO, [2, 1], "VALID"), case(*TWO, 1, "SAME", dilations=2),
            case(*TWO, 1, "VALID", dilations=[1, 2, 1, 1]),
            case(*TWO, 1, [[0, 0], [1, 2], [0, 1], [0, 0]]),
            case(normal(2, 5, 4, 4), normal(2, 2, 2, 6), 1, "VALID"),
            case(normal(2, 1, 5, 4, 3), TWO[1], 2, "SAME"),
            case(normal(1, 4, 4, 2, **F8), normal(1, 1, 2, 3, **F8), 2, "VALID"),
            case(normal(1, 4, 4, 2, dtype="f2"), normal(2, 2, 2, 3, dtype="f2"), 1, "SAME"),
            case(normal(2, 3, 5, 4), TWO[1], 1, "SAME", "NCHW"),
        ],
        gradient=[
            case(normal(1, 4, 3, 2, **F8), normal(2, 2, 2, 3, **F8), 1, "SAME"),
            case(normal(1, 5, 4, 2, **F8), normal(2, 2, 1, 2, **F8), 2, "VALID"),
        ],
        errors=[
            BAD, error("ValueError", *TWO, 1, "FULL", message="padding must be"),
            error("InvalidArgumentError", *TWO, 0, "SAME", message="strides"),
            error("ValueError", *TWO, 1, "SAME", "NWHC", message="data_format"),
        ],
        differs=NO_FIRST, differs_in=[11],
    ),
    Operation(
        name="nn.conv3d", reference=convolved, tolerance=WIDE, absolute=1e-5, unknown_shapes=False,
        cases=[
            case(*THREE, [1] * 5, "VALID"), case(*THREE, [1, 1, 1, 1, 1], "SAME"),
            case(*THREE, [1, 2, 1, 2, 1], "SAME"),
        ],
        gradient=[case(normal(1, 2, 3, 2, 1, **F8), normal(1, 2, 2, 1, 2, **F8), [1] * 5, "SAME")],
    ),
    Operation(
        name="nn.atrous_conv2d",
        reference=lambda x, w, rate, padding: convolved(x, w, 1, padding, None, rate),
        tolerance=WIDE, absolute=1e-5, unknown_shapes=False,
        cases=[
            case(*TWO, 1, "VALID"), case(*TWO, 2, "SAME"),
            case(normal(1, 6, 7, 3), TWO[1], rate=3, padding="VALID"),
        ],
        gradient=[case(normal(1, 4, 5, 2, **F8), normal(2, 2, 2, 1, **F8), 2, "SAME")],
        errors=[error("ValueError", *TWO, 0, "SAME", message="rate")],
    ),
    Operation(
        name="nn.depthwise_conv2d", reference=depthwise, tolerance=WIDE, absolute=1e-5,
        unknown_shapes=False,
        cases=[
            case(normal(2, 5, 4, 3), normal(2, 3, 3, 2), [1, 1, 1, 1], "VALID"),
            case(normal(2, 5, 4, 3), normal(2, 3, 3, 1), [1, 2, 2, 1], "SAME"),
            case(normal(2, 5, 4, 3), normal(2, 2, 3, 2), [1, 1, 1, 1], "SAME", dilations=[2, 2]),
            case(normal(1, 5, 4, 1, **F8), normal(2, 2, 1, 4, **F8), [1, 1, 1, 1], "VALID"),
            case(normal(1, 4, 4, 2), normal(2, 2, 2, 1), [1, 1, 1, 1],
                 [[0, 0], [1, 1], [0, 1], [0, 0]]),
        ],
        gradient=[case(normal(1, 4, 3, 2, **F8), normal(2, 2, 2, 2, **F8), [1] * 4, "SAME")],
        errors=[
            error("InvalidArgumentError", normal(2, 5, 4, 3), normal(2, 2, 2, 2), [1] * 4, "SAME",
                  message="channels"),
        ],
    ),
    Operation(
        name="nn.separable_conv2d", reference=separable, tolerance=WIDE, absolute=1e-5,
        unknown_shapes=False,
        cases=[
            case(normal(2, 5, 4, 3), normal(2, 3, 3, 2), normal(1, 1, 6, 4), [1] * 4, "VALID"),
            case(normal(2, 5, 4, 3), normal(2, 3, 3, 1), normal(1, 1, 3, 2), [1, 2, 2, 1], "SAME"),
        ],
        gradient=[
            case(normal(1, 4, 3, 2, **F8), normal(2, 2, 2, 2, **F8), normal(1, 1, 4, 2, **F8),
                 [1] * 4, "SAME"),
        ],
        errors=[
            error("ValueError", normal(2, 5, 4, 3), normal(2, 3, 3, 1), normal(2, 1, 3, 2),
                  [1] * 4, "SAME", message="pointwise_filter must be"),
        ],
    ),
    Operation(
        name="nn.depthwise_conv2d_backprop_input", tolerance=WIDE, absolute=1e-5,
        unknown_shapes=False,
        reference=lambda shape, w, dy, strides, padding, **more: adjoint(
            lambda unit: depthwise(unit, w, strides, padding, **more), tuple(shape), dy
        ).astype(dy.dtype),
        cases=[
            case([1, 4, 3, 2], normal(2, 2, 2, 2), normal(1, 3, 2, 4), [1] * 4, "VALID"),
            case(np.array([1, 4, 3, 2], np.int32), normal(2, 2, 2, 1), normal(1, 2, 2, 2),
                 [1, 2, 2, 1], "SAME"),
        ],
        gradient=[
            case([1, 4, 3, 2], normal(2, 2, 2, 2, **F8), normal(1, 3, 2, 4, **F8), [1] * 4,
                 "VALID"),
        ],
    ),
    Operation(
        name="nn.depthwise_conv2d_backprop_filter", tolerance=WIDE, absolute=1e-5,
        unknown_shapes=False,
        reference=lambda x, shape, dy, strides, padding, **more: adjoint(
            lambda unit: depthwise(x.astype("f8"), unit, strides, padding, **more), tuple(shape), dy
        ).astype(dy.dtype),
        cases=[
            case(normal(1, 4, 3, 2), [2, 2, 2, 2], normal(1, 3, 2, 4), [1] * 4, "VALID"),
            case(normal(1, 4, 3, 2), [2, 2, 2, 1], normal(1, 2, 2, 2), [1, 2, 2, 1], "SAME"),
        ],
        gradient=[
            case(normal(1, 4, 3, 2, **F8), [2, 2, 2, 2], normal(1, 3, 2, 4, **F8), [1] * 4,
                 "VALID"),
        ],
    ),
    Operation(
        name="nn.conv_transpose", reference=transposed, tolerance=WIDE, absolute=1e-5,
        unknown_shapes=False,
        cases=[
            case(normal(1, 3, 4), normal(2, 2, 4), [1, 6, 2], 2),
            case(normal(1, 2, 2, 3), normal(2, 2, 2, 3), [1, 4, 4, 2], [2, 2], "VALID"),
        ],
        gradient=[case(normal(1, 3, 2, **F8), normal(2, 2, 2, **F8), [1, 6, 2], 2)],
    ),
    Operation(
        name="nn.conv1d_transpose", reference=transposed, tolerance=WIDE, absolute=1e-5,
        unknown_shapes=False,
        cases=[
            case(normal(1, 3, 4), normal(2, 2, 4), [1, 6, 2], 2),
            case(normal(1, 3, 4), normal(3, 2, 4), np.array([1, 5, 2], np.int32), 1, "VALID"),
        ],
        gradient=[case(normal(1, 3, 2, **F8), normal(2, 2, 2, **F8), [1, 6, 2], 2)],
    ),
    Operation(
        name="nn.conv2d_transpose", reference=transposed, tolerance=WIDE, absolute=1e-5,
        unknown_shapes=False,
        cases=[
            case(normal(1, 2, 3, 4), normal(2, 2, 2, 4), [1, 4, 6, 2], [1, 2, 2, 1]),
            case(normal(1, 2, 3, 4), normal(3, 2, 2, 4), [1, 4, 4, 2], 1, "VALID"),
            case(normal(1, 2, 2, 2, **F8), normal(2, 2, 3, 2, **F8), [1, 3, 4, 3], 2),
            case(normal(2, 2, 3, 4), normal(2, 2, 3, 4), [4, 6], 2),
        ],
        gradient=[case(normal(1, 2, 2, 2, **F8), normal(2, 2, 1, 2, **F8), [1, 4, 4, 1], 2)],
    ),
    Operation(
        name="nn.conv3d_transpose", reference=transposed, tolerance=WIDE, absolute=1e-5,
        unknown_shapes=False,
        cases=[case(normal(1, 2, 2, 1, 2), normal(2, 2, 1, 1, 2), [1, 4, 4, 1, 1], [2, 2, 1])],
        gradient=[
            case(normal(1, 2, 2, 1, 2, **F8), normal(2, 1, 1, 1, 2, **F8), [1, 4, 2, 1, 1],
                 [2, 1, 1]),
        ],
    ),
    Operation(
        name="nn.atrous_conv2d_transpose",
        reference=lambda x, w, shape, rate,
        padding: transposed(x, w, shape, 1, padding, None, rate),
        tolerance=WIDE, absolute=1e-5, unknown_shapes=False,
        cases=[
            case(normal(1, 4, 4, 2), normal(2, 2, 3, 2), [1, 4, 4, 3], 2, "SAME"),
            case(normal(1, 2, 2, 2), normal(2, 2, 1, 2), [1, 4, 4, 1], 2, "VALID"),
        ],
        gradient=[case(normal(1, 2, 2, 1, **F8), normal(2, 2, 1, 1, **F8), [1, 4, 4, 1], 2,
             "VALID")],
    ),
    Operation(
        name="nn.bias_add",
        reference=lambda value, bias, data_format=None: value + (
            bias.reshape(-1, *[1] * (value.ndim - 2)) if data_format in {"NCHW", "NCW"} else bias
        ),
        cases=[
            case(normal(2, 3), normal(3)), case(normal(2, 4, 3, **F8), normal(3, **F8)),
            case(normal(2, 3, 4, 5), normal(3), "NCHW"), case(integers(2, 3), integers(3)),
            case(value=normal(0, 3), bias=normal(3), data_format="NHWC"),
        ],
        gradient=[
            case(normal(2, 3, **F8), normal(3, **F8)),
            case(normal(2, 3, 2, **F8), normal(3, **F8), "NCW"),
        ],
        errors=[
            error("InvalidArgumentError", normal(2, 3), normal(4), message="channels"),
            error("InvalidArgumentError", normal(3), normal(3), message="rank 2"),
            error("ValueError", normal(2, 3), normal(3), "ABC", message="data_format"),
        ],
    ),
]  # fmt: skip
