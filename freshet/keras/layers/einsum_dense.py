"""`EinsumDense`: a densely connected layer between any axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.keras import activations, constraints, initializers, regularizers
from freshet.keras.initializers.variance_scaling import VarianceScaling
from freshet.keras.layers.layer import Layer
from freshet.ops.linalg.einsum import einsum
from freshet.ops.math import add


class EinsumDense(Layer):
    """A densely connected layer whose product is an Einstein summation.

    y = activation(einsum(equation, x, kernel) + bias)

    Args:
        equation: Such as ``"abc,cde->abde"``: of the input, the kernel and the output; ``...``
            stands for any dimensions.
        output_shape: Sizes of the output without the batch; None for those that are the input's.
        activation: Name or function; none by default.
        bias_axes: The axes of the output that the bias has, such as ``"de"``; no bias by default.
        kernel_initializer: Glorot & Bengio's uniform by default.
        bias_initializer: Zeros by default.
        kernel_regularizer: Added to the loss.
        bias_regularizer: Added to the loss.
        kernel_constraint: Applied after each update.
        bias_constraint: Applied after each update.
        quantization_config: Only None.
        **kwargs: As for `Layer`.
    Call arguments:
        x: float, with the equation's first axes.

    Returns:
        float, with the equation's last axes.

    Raises:
        InvalidArgumentError: The equation does not fit the input, `output_shape` or `bias_axes`.

    Example:
        >>> import freshet as ft
        >>> EinsumDense("abc,cd->abd", (None, 5), bias_axes="d")(ft.ones([2, 3, 4])).shape
        TensorShape([2, 3, 5])
    """

    def __init__(
        self,
        equation: str,
        output_shape: Any,
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if quantization_config is not None:
            raise InvalidArgumentError("EinsumDense: quantization_config must be None")
        self.equation = equation
        sizes = [output_shape] if isinstance(output_shape, int) else output_shape
        self.output_shape = tuple(sizes)
        self.activation = activations.get(activation)
        self.bias_axes = bias_axes
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.quantization_config = None

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias."""
        found = _analysed(self.equation, self.bias_axes, tuple(input_shape), self.output_shape)
        self.kernel = self.add_weight(
            found.kernel, self._initializer(found), name="kernel",
            regularizer=self.kernel_regularizer, constraint=self.kernel_constraint,
        )  # fmt: skip
        self.bias = None
        if found.bias is not None:
            self.bias = self.add_weight(
                found.bias, self.bias_initializer, name="bias", regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )  # fmt: skip

    def _initializer(self, found: _Analysis) -> Any:
        """Return the kernel's initializer, told which axes are inputs and which outputs."""
        given = self.kernel_initializer
        if not isinstance(given, VarianceScaling) or None not in {
            given.input_axes and 1,
            given.output_axes and 1,
        }:
            return given
        config = given.get_config()
        config |= {"input_axes": list(found.inputs), "output_axes": list(found.outputs)}
        return type(given).from_config(config)

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        y = einsum(self.equation, x, self.kernel)
        if self.bias is not None:
            y = add(y, self.bias)
        activated: Tensor = self.activation(y)
        return activated


@dataclass(frozen=True)
class _Analysis:
    """What an equation says of the weights: their shapes, and the kernel's summed and new axes."""

    kernel: tuple[int, ...]
    bias: tuple[int, ...] | None
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def _analysed(
    equation: str, bias_axes: str | None, input_shape: tuple[Any, ...], output_shape: Any
) -> _Analysis:
    written = equation.replace(" ", "")
    left, _, out = written.partition("->")
    source, _, kernel = left.partition(",")
    if not (source and kernel and out) or "." in kernel:
        raise InvalidArgumentError(
            f"EinsumDense: the equation must be of the form 'ab,bc->ac', received {equation!r}"
        )
    sizes = _sizes_of(source, input_shape, equation)
    # The batch is the first size of the output, and not given.
    wanted = _sizes_of(out, (input_shape[0], *output_shape), equation)
    for axis, size in wanted.items():
        own = sizes.get(axis)
        if size is None or own is None:
            sizes[axis] = own if size is None else size
        elif own != size:
            raise InvalidArgumentError(
                f"EinsumDense: axis {axis!r} of {equation!r} has size {own} in the input "
                f"{list(input_shape)}, and {size} in output_shape={output_shape}"
            )
    shape = [sizes.get(axis) for axis in kernel]
    if None in shape:
        raise InvalidArgumentError(
            f"EinsumDense: the sizes of the kernel's axes {kernel!r} must be known, received input "
            f"shape {list(input_shape)} and output_shape={output_shape}"
        )
    return _Analysis(
        tuple(int(n) for n in shape if n is not None),
        _bias_shape(bias_axes, out, sizes, equation),
        tuple(i for i, axis in enumerate(kernel) if axis in source),
        tuple(i for i, axis in enumerate(kernel) if axis in out and axis not in source),
    )


def _sizes_of(term: str, shape: tuple[Any, ...], equation: str) -> dict[str, Any]:
    """Return the size of each axis of a term; the axes of ``...`` are left out."""
    before, dots, after = term.partition("...")
    fits = len(shape) >= len(before) + len(after) if dots else len(shape) == len(term)
    if not fits:
        raise InvalidArgumentError(
            f"EinsumDense: {term!r} of the equation {equation!r} does not fit the shape "
            f"{list(shape)}"
        )
    tail = shape[len(shape) - len(after) :] if after else ()
    return {**dict(zip(before, shape, strict=False)), **dict(zip(after, tail, strict=True))}


def _bias_shape(
    bias_axes: str | None, out: str, sizes: dict[str, Any], equation: str
) -> tuple[int, ...] | None:
    if not bias_axes:
        return None
    if any(axis not in out for axis in bias_axes):
        raise InvalidArgumentError(
            f"EinsumDense: bias_axes={bias_axes!r} must be axes of the output of {equation!r}"
        )
    first = min(out.find(axis) for axis in bias_axes)
    shape = [sizes.get(axis) if axis in bias_axes else 1 for axis in out[first:].replace(".", "")]
    if None in shape:
        raise InvalidArgumentError(
            f"EinsumDense: the sizes of bias_axes={bias_axes!r} must be known"
        )
    return tuple(int(n) for n in shape if n is not None)
