"""Python in the middle of a program: `ft.numpy_function` and `ft.py_function`.

A compiled program returns to Python for each call. What comes out has a dtype but no known shape,
not even a rank: `set_shape` on the result says it, where an operation needs it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from freshet.core import context
from freshet.core.dtypes import DType, as_dtype, bool_
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.nest import flatten, pack_sequence_as
from freshet.core.providers import provider
from freshet.core.shapes import UNKNOWN_SHAPE, Dim, TensorShape, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.nest import Host
from freshet.ops.primitive import Call, Joint, NoGradient, Primitive

Dtypes = tuple[DType, ...]
Shapes = tuple[tuple[Dim, ...] | None, ...]
"""What `set_shape` said of each result."""


def _infer(
    *xs: TensorType, function: Any, dtypes: Dtypes, shapes: Shapes
) -> tuple[TensorType, ...]:
    del xs, function
    if not dtypes:
        return (TensorType(bool_, ()),)  # a node has a result, if only that it ran
    return tuple(
        TensorType(d, UNKNOWN_SHAPE if shape is None else shape)
        for d, shape in zip(dtypes, shapes, strict=True)
    )


def _checked(name: str, found: Any, dtypes: Dtypes, shapes: Shapes) -> tuple[Array, ...]:
    """Return what a function returned as arrays of the promised dtypes and shapes."""
    results = () if found is None else found if isinstance(found, (list, tuple)) else (found,)
    if len(dtypes) == 1 and isinstance(found, list):
        results = (found,)
    if len(results) != len(dtypes):
        raise InvalidArgumentError(
            f"{name}: Tout promises {len(dtypes)} results, the function returned {len(results)}"
        )
    arrays = [] if dtypes else [np.array(True)]
    for number, (result, dtype, shape) in enumerate(zip(results, dtypes, shapes, strict=True)):
        tensor = convert_to_tensor(result, dtype_hint=dtype)
        if tensor.dtype != dtype:
            raise InvalidArgumentError(
                f"{name}: result {number} is {tensor._type}, Tout promises {dtype.name}"
            )
        if shape is not None and not TensorShape(shape).is_compatible_with(tensor.shape):
            raise InvalidArgumentError(
                f"{name}: result {number} is {tensor._type}, and {TensorShape(shape)} was "
                "expected: say y.set_shape([...]) after it was made; None is an unknown size"
            )
        arrays.append(tensor._value)
    return tuple(arrays)


def _numpy_reference(
    *arrays: Array, function: Callable[..., Any], dtypes: Dtypes, shapes: Shapes
) -> tuple[Array, ...]:
    return _checked("numpy_function", function(*(a[()] for a in arrays)), dtypes, shapes)


def _eager(arrays: Sequence[Array]) -> list[Tensor]:
    return [Tensor._of_array(a) for a in arrays]


def _tensor_reference(
    *arrays: Array, function: Callable[..., Any], dtypes: Dtypes, shapes: Shapes
) -> tuple[Array, ...]:
    with context.init_scope():
        return _checked("py_function", function(*_eager(arrays)), dtypes, shapes)


def _gradient_infer(
    *xs: TensorType, function: Any, dtypes: Dtypes, shapes: Shapes, wanted: tuple[int, ...]
) -> tuple[TensorType, ...]:
    return tuple(xs[i] for i in wanted)


def _gradient_reference(
    *arrays: Array,
    function: Callable[..., Any],
    dtypes: Dtypes,
    shapes: Shapes,
    wanted: tuple[int, ...],
) -> tuple[Array, ...]:
    """Run the function once more, on a tape, and differentiate what it did."""
    count = len(arrays) - sum(d.is_differentiable for d in dtypes)
    inputs, seeds = _eager(arrays[:count]), _eager(arrays[count:])
    with context.init_scope():
        with provider("tape")() as tape:
            sources = [inputs[i] for i in wanted]
            tape.watch(sources)
            found = function(*inputs)
            results = found if isinstance(found, (list, tuple)) else [found]
            outputs = [
                convert_to_tensor(r, dtype_hint=d) for r, d in zip(results, dtypes, strict=True)
            ]
        floating = [t for t in outputs if t.dtype.is_differentiable]
        grads = tape.gradient(floating, sources, seeds, unconnected_gradients="zero")
    return tuple(np.asarray(convert_to_tensor(g)._value) for g in grads)


def _py_gradient(call: Call, wanted: Sequence[bool], *grads: Tensor) -> list[Tensor | None]:
    numbers = tuple(i for i, asked in enumerate(wanted) if asked)
    found = iter(py_gradient_p.apply((*call.inputs, *grads), {**call.params, "wanted": numbers}))
    return [next(found) if asked else None for asked in wanted]


numpy_call_p: Primitive = Primitive(
    name="numpy_function", infer=_infer, reference=_numpy_reference,
    gradient=NoGradient("NumPy functions are not differentiated"),
    lower=Host("it is Python"), effect=True, any_rank=True,
)  # fmt: skip
py_call_p: Primitive = Primitive(
    name="py_function", infer=_infer, reference=_tensor_reference, gradient=Joint(_py_gradient),
    lower=Host("it is Python"), effect=True, any_rank=True,
)  # fmt: skip
py_gradient_p: Primitive = Primitive(
    name="py_function_gradient", infer=_gradient_infer, reference=_gradient_reference,
    gradient=NoGradient("the gradient of a Python function is not differentiated again"),
    lower=Host("it is Python"), effect=True, any_rank=True,
)  # fmt: skip


def numpy_function(
    func: Callable[..., Any] | None = None,
    inp: Any = None,
    Tout: Any = None,  # noqa: N803
    stateful: bool = True,
    name: str | None = None,
) -> Any:
    """Return what a Python function of NumPy arrays returns, at the run.

    Args:
        func: ``(*arrays) -> array`` or a sequence of arrays. Without it, a decorator is returned,
            ``@ft.numpy_function(Tout=...)``: the decorated function is called with tensors.
        inp: The tensors it is given.
        Tout: A dtype, or a sequence of dtypes: what it returns.
        stateful: Ignored: it is called each time, in the order of the program.
        name: Ignored; kept for TensorFlow programs.

    Returns:
        A tensor, or a list of tensors. Inside a traced function their shapes are unknown: say
        ``y.set_shape([...])`` before an operation that needs the rank. A condition and
        `TensorArray.write` suppose a scalar.

    Raises:
        InvalidArgumentError: At the run, if `func` returns something else than `Tout` promises.

    Example:
        >>> x = convert_to_tensor([1, 2, 3])
        >>> numpy_function(lambda a: a[::-1], [x], "int32").numpy().tolist()
        [3, 2, 1]
    """
    if func is None:
        return _decorator("numpy_function", numpy_function, inp, Tout)
    return _call(numpy_call_p, "numpy_function", func, inp, Tout)


def py_function(
    func: Callable[..., Any] | None = None,
    inp: Any = None,
    Tout: Any = None,  # noqa: N803
    name: str | None = None,
) -> Any:
    """Return what a Python function of eager tensors returns, at the run.

    Gradients flow through it: the function is run once more on a tape.

    Args:
        func: ``(*tensors) -> tensor`` or a sequence of tensors; any Python, any operation. Without
            it, a decorator is returned, as by `numpy_function`.
        inp: The tensors it is given.
        Tout: A dtype, or a sequence of dtypes: what it returns; an empty one for None.
        name: Ignored; kept for TensorFlow programs.

    Returns:
        As for `numpy_function`.

    Raises:
        InvalidArgumentError: At the run, if `func` returns something else than `Tout` promises.

    Example:
        >>> py_function(lambda x: x + 1.0, [convert_to_tensor(2.0)], "float32").numpy()
        np.float32(3.0)
    """
    if func is None:
        return _decorator("py_function", py_function, inp, Tout)
    return _call(py_call_p, "py_function", func, inp, Tout)


def _decorator(name: str, call: Callable[..., Any], inp: Any, tout: Any) -> Callable[..., Any]:
    """Return what makes a function of tensors of a Python function."""
    if inp is not None:
        raise InvalidArgumentError(
            f"{name}: func is missing; as a decorator, @ft.{name}(Tout=...), it takes no inp: the "
            "decorated function's arguments are what it is given"
        )

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            given = [list(args), kwargs]

            def run(*values: Any) -> Any:
                positional, named = pack_sequence_as(given, values)
                return function(*positional, **named)

            return call(run, flatten(given), tout)

        return decorated

    return decorate


def _call(primitive: Primitive, name: str, function: Any, inp: Any, tout: Any) -> Any:
    if not callable(function):
        raise TypeError(f"{name}: func must be a function, received {function!r}")
    try:
        promised = [as_dtype(d) for d in flatten(tout)]
    except TypeError as error:
        raise DTypeError(f"{name}: Tout must be dtypes: {error}") from None
    inputs = tuple(convert_to_tensor(x) for x in flatten(inp))
    results = primitive.apply(
        inputs, {"function": function, "dtypes": tuple(promised), "shapes": (None,) * len(promised)}
    )
    if not promised:
        return []
    packed = pack_sequence_as(tout, results)
    return list(packed) if isinstance(tout, tuple) else packed
