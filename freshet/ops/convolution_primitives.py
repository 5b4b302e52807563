"""Convolution over any number of spatial dimensions, and both its gradients. Primitives.

Channels are last.

    y[n, i, f] = sum over k, c of  x[n, s*i + d*k - p, c] * w[k, c, f]

i and k run over the spatial dimensions, s are strides, d dilations, p the padding before. With
groups, the channels are split: x is ``[n, ..., g, c]``, w ``[..., c, g, f]``, y ``[n, ..., g, f]``.
The three primitives are linear in each operand and are each other's gradients.

Source: the operation is a cross-correlation, as TensorFlow's ``conv2d``; padding "SAME" is
TensorFlow's, with the odd element after.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops.array import Shape, shape_arguments, sizes_of
from freshet.ops.index import Index
from freshet.ops.nest import Nest, Reduce, o, r
from freshet.ops.primitive import Call, Primitive, float_compute
from freshet.ops.windows import Ints, Pads, output_sizes, pads_of, resolve_padding


def _channels(grouped: bool) -> tuple[int, int]:
    """Return how many dimensions of x and of w follow the spatial ones."""
    return (2, 3) if grouped else (1, 2)


def _split(x: Shape, w: Shape, grouped: bool) -> tuple[Shape, Ints]:
    """Return the spatial sizes of x and the kernel's."""
    tail_x, tail_w = _channels(grouped)
    return x[1:-tail_x], tuple(int(k) for k in w[:-tail_w] if k is not None)


def _infer(
    x: TensorType, w: TensorType, strides: Ints, padding: Pads, dilations: Ints, grouped: bool
) -> TensorType:
    if x.dtype != w.dtype or not x.dtype.is_floating:
        raise DTypeError(
            f"convolution: expected input and filter of one floating dtype, received {x} and {w}"
        )
    spatial, kernel = _split(x.shape, w.shape, grouped)
    fits = x.shape[-1] in {None, w.shape[-3 if grouped else -2]}
    if len(spatial) != len(kernel) or not fits:
        raise InvalidArgumentError(
            f"convolution: the filter {w} does not fit the input {x}: the filter's input channels "
            "must be those of the input"
        )
    sizes = output_sizes(spatial, kernel, strides, padding, dilations)
    if 0 in sizes and 0 not in spatial:
        raise InvalidArgumentError(
            f"convolution: the filter {w} does not fit into the input {x} even once; "
            'use padding="same" or a smaller kernel'
        )
    channels = w.shape[-2:] if grouped else w.shape[-1:]
    return TensorType(x.dtype, (x.shape[0], *sizes, *channels))


def _windows(
    sizes: Sequence[int], kernel: Ints, strides: Ints, padding: Pads, dilations: Ints
) -> Iterator[tuple[Ints, tuple[slice, ...]]]:
    """Yield each kernel position, and which elements of the padded input it meets.

    `sizes` are those of the output.
    """
    for k in itertools.product(*map(range, kernel)):
        part = tuple(
            slice(p * d, p * d + s * (n - 1) + 1, s) if n else slice(0, 0)
            for p, d, s, n in zip(k, dilations, strides, sizes, strict=True)
        )
        yield k, part


def _padded(x: Array, padding: Pads, tail: int) -> Array:
    return np.pad(x, ((0, 0), *padding, *[(0, 0)] * tail))


_FORWARD = {False: "...c,cf->...f", True: "...gc,cgf->...gf"}
_INPUT = {False: "...f,cf->...c", True: "...gf,cgf->...gc"}
_FILTER = {False: "...c,...f->cf", True: "...gc,...gf->cgf"}


def _contract(equation: str, x: Array, y: Array) -> Array:
    """Einstein summation, the dots flattened so that NumPy uses a matrix product."""
    left, _, rest = equation.partition(",")
    right, _, out = rest.partition("->")
    lead = x.shape[: x.ndim - left.count("g") - 1]
    flat_x = x.reshape(-1, *x.shape[len(lead) :])
    flat_y = y if "..." not in right else y.reshape(-1, *y.shape[len(lead) :])
    result: Array = np.einsum(equation.replace("...", "z"), flat_x, flat_y, optimize=True)
    return result.reshape(*lead, *result.shape[1:]) if "..." in out else result


def _reference(
    x: Array, w: Array, strides: Ints, padding: Pads, dilations: Ints, grouped: bool
) -> Array:
    spatial, kernel = _split(x.shape, w.shape, grouped)
    padding = pads_of(padding, spatial, kernel, strides, dilations)
    sizes = [int(n or 0) for n in output_sizes(spatial, kernel, strides, padding, dilations)]
    tail = w.shape[-2:] if grouped else w.shape[-1:]
    padded = _padded(x, padding, _channels(grouped)[0])
    y = np.zeros((x.shape[0], *sizes, *tail), x.dtype)
    for k, part in _windows(sizes, kernel, strides, padding, dilations):
        y += _contract(_FORWARD[grouped], padded[(slice(None), *part)], w[k])
    return y


def _positions(rank: int, strides: Ints, padding: Pads, dilations: Ints) -> list[Index]:
    """Return where the forward convolution reads the input's spatial dimensions."""
    return [Index(strides[d] * o(1 + d) + dilations[d] * r(d) - padding[d][0]) for d in range(rank)]


def _lower(
    x: TensorType, w: TensorType, strides: Ints, padding: Pads, dilations: Ints, grouped: bool
) -> Nest:
    _, kernel = _split(x.shape, w.shape, grouped)
    n = len(kernel)
    c = r(n)
    window = [Index(r(d)) for d in range(n)]
    where_x = [Index(o(0)), *_positions(n, strides, padding, dilations)]
    where_w = [*window, Index(c)]
    if grouped:
        where_x.append(Index(o(1 + n)))
        where_w.append(Index(o(1 + n)))
    where_x.append(Index(c))
    where_w.append(Index(o(1 + n + grouped)))
    return Nest(
        operands=(tuple(where_x), tuple(where_w)), body=lambda a, b: a * b,
        reduced=(*kernel, x.static_shape[-1]), reduce=(Reduce("sum"),),
    )  # fmt: skip


def _input_gradient(call: Call, grad: Tensor) -> Tensor:
    operands, sizes = shape_arguments(call.x)
    return convolution_input_gradient_p(grad, call.y, *operands, shape=sizes, **call.params)


def _filter_gradient(call: Call, grad: Tensor) -> Tensor:
    operands, sizes = shape_arguments(call.y)
    return convolution_filter_gradient_p(call.x, grad, *operands, shape=sizes, **call.params)


convolution_p: Primitive = Primitive(
    name="convolution", infer=_infer, reference=float_compute(_reference),
    gradient=(_input_gradient, _filter_gradient), lower=_lower,
    resolve=resolve_padding(
        lambda types, params: _split(types[0].shape, types[1].shape, params["grouped"])
    ),
)  # fmt: skip


# --- the gradient for the input -------------------------------------------------------------------


def _input_reference(
    dy: Array, w: Array, *operand: Array, shape: Shape, strides: Ints, padding: Pads,
    dilations: Ints, grouped: bool,
) -> Array:  # fmt: skip
    sizes = sizes_of(shape, operand)
    spatial, kernel = _split(sizes, w.shape, grouped)
    padding = pads_of(padding, spatial, kernel, strides, dilations)
    tail = _channels(grouped)[0]
    total = [int(n or 0) + sum(p) for n, p in zip(spatial, padding, strict=True)]
    padded = np.zeros((sizes[0], *total, *sizes[-tail:]), dy.dtype)
    outputs = dy.shape[1 : 1 + len(kernel)]
    for k, part in _windows(outputs, kernel, strides, padding, dilations):
        padded[(slice(None), *part)] += _contract(_INPUT[grouped], dy, w[k])
    inside = (slice(p, p + int(n or 0)) for n, (p, _) in zip(spatial, padding, strict=True))
    return padded[(slice(None), *inside)]


def _input_lower(
    dy: TensorType, w: TensorType, shape: Ints, strides: Ints, padding: Pads, dilations: Ints,
    grouped: bool,
) -> Nest:  # fmt: skip
    _, kernel = _split(shape, w.shape, grouped)
    n = len(kernel)
    # The output element that read this input element through kernel position k, if there is one.
    back = [Index(o(1 + d) - dilations[d] * r(d) + padding[d][0], strides[d]) for d in range(n)]
    f = r(n)
    where_dy = [Index(o(0)), *back]
    where_w = [*(Index(r(d)) for d in range(n)), Index(o(1 + n + grouped))]
    if grouped:
        where_dy.append(Index(o(1 + n)))
        where_w.append(Index(o(1 + n)))
    where_dy.append(Index(f))
    where_w.append(Index(f))
    return Nest(
        operands=(tuple(where_dy), tuple(where_w)), body=lambda a, b: a * b,
        reduced=(*kernel, dy.static_shape[-1]), reduce=(Reduce("sum"),),
    )  # fmt: skip


def _without_shape(call: Call) -> dict[str, Any]:
    return {k: v for k, v in call.params.items() if k != "shape"}


convolution_input_gradient_p: Primitive = Primitive(
    name="convolution_input_gradient",
    infer=lambda dy, w, *operand, shape, **params: TensorType(dy.dtype, shape),
    reference=float_compute(_input_reference),
    gradient=(
        lambda c, g: convolution_p(g, c.y, **_without_shape(c)),
        lambda c, g: convolution_filter_gradient_p(
            g, c.x, *shape_arguments(c.y)[0], shape=shape_arguments(c.y)[1], **_without_shape(c)
        ),
        None,
    ),
    lower=_input_lower,
    resolve=resolve_padding(
        lambda types, params: _split(params["shape"], types[1].shape, params["grouped"])
    ),
)  # fmt: skip


# --- the gradient for the filter ------------------------------------------------------------------


def _filter_reference(
    x: Array, dy: Array, *operand: Array, shape: Shape, strides: Ints, padding: Pads,
    dilations: Ints, grouped: bool,
) -> Array:  # fmt: skip
    w = np.zeros(sizes_of(shape, operand), x.dtype)
    tail, _ = _channels(grouped)
    kernel = w.shape[: x.ndim - 1 - tail]
    padding = pads_of(padding, x.shape[1:-tail], kernel, strides, dilations)
    padded = _padded(x, padding, tail)
    outputs = dy.shape[1 : 1 + len(kernel)]
    for k, part in _windows(outputs, kernel, strides, padding, dilations):
        w[k] = _contract(_FILTER[grouped], padded[(slice(None), *part)], dy)
    return w


def _filter_lower(
    x: TensorType, dy: TensorType, shape: Ints, strides: Ints, padding: Pads, dilations: Ints,
    grouped: bool,
) -> Nest:  # fmt: skip
    n = x.rank - 1 - _channels(grouped)[0]
    batch, window = r(0), [r(1 + d) for d in range(n)]
    where_x = [Index(batch)]
    where_x += [
        Index(strides[d] * window[d] + dilations[d] * o(d) - padding[d][0]) for d in range(n)
    ]
    where_dy = [Index(batch), *map(Index, window)]
    if grouped:
        where_x.append(Index(o(n + 1)))
        where_dy.append(Index(o(n + 1)))
    where_x.append(Index(o(n)))
    where_dy.append(Index(o(n + 1 + grouped)))
    return Nest(
        operands=(tuple(where_x), tuple(where_dy)), body=lambda a, b: a * b,
        reduced=dy.static_shape[: 1 + n], reduce=(Reduce("sum"),),
    )  # fmt: skip


convolution_filter_gradient_p: Primitive = Primitive(
    name="convolution_filter_gradient",
    infer=lambda x, dy, *operand, shape, **params: TensorType(x.dtype, shape),
    reference=float_compute(_filter_reference),
    gradient=(
        lambda c, g: convolution_input_gradient_p(
            c.y, g, *shape_arguments(c.x)[0], shape=shape_arguments(c.x)[1], **_without_shape(c)
        ),
        lambda c, g: convolution_p(c.x, g, **_without_shape(c)),
        None,
    ),
    lower=_filter_lower,
    resolve=resolve_padding(
        lambda types, params: _split(types[0].shape, params["shape"], params["grouped"])
    ),
)  # fmt: skip
