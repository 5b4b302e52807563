"""`Variable`: a tensor that changes in place."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, final

import numpy as np

from freshet.core import context
from freshet.core.buffers import aligned_copy
from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import DTypeError, FailedPreconditionError, InvalidArgumentError
from freshet.core.providers import provider
from freshet.core.shapes import TensorShape, TensorSpec
from freshet.core.tensor import Array, Operand, Tensor

_NUMBERS = itertools.count()


@final
class Variable(Operand):
    """A tensor whose value can be assigned; models keep their weights in variables.

    Args:
        initial_value: The first value, or a function without arguments that returns it.
        trainable: Whether gradient tapes watch it by themselves.
        name: For printing and saving; ``Variable`` by default.
        dtype: Dtype of the value; that of `initial_value` by default.
        shape: Shape of the value; a dimension of None may change from one assignment to the next.
            That of `initial_value` by default.
        constraint: A function that an optimizer applies to the value after each update.

    Raises:
        InvalidArgumentError: `initial_value` does not fit `dtype` or `shape`.
        FailedPreconditionError: `initial_value` depends on the arguments of the function being
            traced.

    Example:
        >>> import freshet as ft
        >>> v = ft.Variable([1.0, 2.0])
        >>> v.assign_add([1.0, 1.0]).numpy().tolist()
        [2.0, 3.0]
    """

    __slots__ = (
        "__weakref__",
        "_array",
        "_shared",
        "constraint",
        "dtype",
        "name",
        "number",
        "path",
        "regularizer",
        "shape",
        "trainable",
    )

    dtype: DType
    shape: TensorShape

    def __init__(
        self,
        initial_value: Any,
        trainable: bool = True,
        *,
        name: str | None = None,
        dtype: Any = None,
        shape: Any = None,
        constraint: Callable[[Any], Any] | None = None,
    ) -> None:
        tracer = context.state.tracer
        if tracer is not None:
            tracer.register_variable(self)
        with context.init_scope():
            value = initial_value() if isinstance(initial_value, Callable) else initial_value  # type: ignore[arg-type]
            tensor = provider("convert")(value, dtype=None if dtype is None else as_dtype(dtype))
        if tensor._array is None:
            raise FailedPreconditionError(
                "the initial value of a variable made inside a traced function may not depend on "
                "the function's arguments; pass a function without arguments, or make the variable "
                "outside"
            )
        self.name = name or "Variable"
        self.path = self.name
        """The name with those of the layers that own the variable before it."""
        self.trainable = trainable
        self.constraint = constraint
        self.regularizer: Callable[[Any], Any] | None = None
        """A function whose result is added to the loss of the model that owns the variable."""
        self.dtype = tensor.dtype
        self.shape = tensor.shape if shape is None else TensorShape(shape)
        self.number = next(_NUMBERS)
        """Order of creation, which is the order of everything that lists variables."""
        self._check("Variable", tensor)
        self._array: Array = aligned_copy(tensor._value)
        self._shared = False

    def value(self) -> Tensor:
        """Return the present value; later assignments do not change what was returned."""
        tracer = context.state.tracer
        if tracer is not None:
            tensor = tracer.read_variable(self)
        else:
            self._shared = True
            tensor = Tensor._of_array(self._array, self.dtype)
        for recorder in context.state.recorders:
            recorder.record_read(self, tensor)
        return tensor

    read_value = value

    def numpy(self) -> Any:
        """Return the present value as a new NumPy array.

        Raises:
            FailedPreconditionError: A function is being traced.
        """
        self._refuse_tracing("numpy()")
        return self._array[()] if self._array.ndim == 0 else self._array.copy()

    def assign(self, value: Any) -> Variable:
        """Replace the value.

        Raises:
            InvalidArgumentError: `value` has another dtype or does not fit the variable's shape.
        """
        tensor = provider("convert")(value, dtype_hint=self.dtype)
        self._check("assign", tensor)
        tracer = context.state.tracer
        if tracer is not None:
            tracer.assign_variable(self, tensor)
        else:
            # The tensor's array is adopted, not copied: whoever writes in place copies first.
            self._array = np.ascontiguousarray(tensor._value).reshape(tensor._value.shape)
            self._shared = True
        return self

    def assign_add(self, delta: Any) -> Variable:
        """Add `delta` to the value."""
        return self.assign(self.value() + delta)

    def assign_sub(self, delta: Any) -> Variable:
        """Subtract `delta` from the value."""
        return self.assign(self.value() - delta)

    def get_shape(self) -> TensorShape:
        """Return the shape; kept for TensorFlow 1.x programs."""
        return self.shape

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def device(self) -> str:
        """Where the value is: always the CPU."""
        return "/job:localhost/replica:0/task:0/device:CPU:0"

    def _check(self, caller: str, tensor: Tensor | TensorSpec) -> None:
        if tensor.dtype != self.dtype:
            raise DTypeError(
                f"{caller}: variable {self.name!r} holds {self.dtype.name}, "
                f"received {tensor.dtype.name}"
            )
        if not self.shape.is_compatible_with(tensor.shape):
            raise InvalidArgumentError(
                f"{caller}: variable {self.name!r} has shape {self.shape}, received {tensor.shape}"
            )

    def _replace(self, array: Array) -> None:
        """Hold another array, which nobody else does; it has the right dtype and shape."""
        self._array = array
        self._shared = False

    def _writable(self) -> Array:
        """Return the variable's buffer, which nobody else holds and which is aligned."""
        if self._shared:
            self._array = aligned_copy(self._array)
            self._shared = False
        return self._array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        self._refuse_tracing("conversion to a NumPy array")
        return np.array(self._array, dtype=dtype, copy=True)

    def _refuse_tracing(self, what: str) -> None:
        if context.state.tracer is not None:
            raise FailedPreconditionError(
                f"{what} of variable {self.name!r}: its value is known only when the traced "
                "function runs; use ft operations inside @ft.function"
            )

    def __bool__(self) -> bool:
        return bool(self.value())

    def __int__(self) -> int:
        return int(self.value())

    def __float__(self) -> float:
        return float(self.value())

    def __index__(self) -> int:
        return self.value().__index__()

    def __format__(self, spec: str) -> str:
        return format(self.value(), spec) if spec else str(self)

    def __len__(self) -> int:
        return len(self.value())

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.value())

    def __repr__(self) -> str:
        return (
            f"<ft.Variable {self.name!r} shape={self.shape} dtype={self.dtype.name}, "
            f"numpy={self._array[()]!r}>"
        )
