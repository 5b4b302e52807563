"""`Variable`: a tensor that changes in place."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, cast, final

import numpy as np

from freshet.core import context
from freshet.core.buffers import aligned_copy
from freshet.core.distribution import VariableAggregation, VariableSynchronization
from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import DTypeError, FailedPreconditionError, InvalidArgumentError
from freshet.core.providers import provider
from freshet.core.scopes import scoped
from freshet.core.shapes import TensorShape, TensorSpec
from freshet.core.tensor import Array, Operand, Reference, Tensor, array_text

_NUMBERS = itertools.count()


@final
class Variable(Operand):
    """A tensor whose value can be assigned; models keep their weights in variables.

    Args:
        initial_value: The first value, or a function without arguments that returns it.
        trainable: Whether gradient tapes watch it by themselves; None means yes.
        validate_shape: Ignored: the shape is always known.
        caching_device: Ignored: there is one device.
        name: For printing; ``Variable`` by default. The variable's `name` has ``:0`` after it.
        dtype: Dtype of the value; that of `initial_value` by default.
        shape: Shape of the value; a dimension of None may change from one assignment to the next.
            That of `initial_value` by default.
        constraint: A function that an optimizer applies to the value after each update.
        synchronization: When copies of the variable are made equal; kept, as there is one.
        aggregation: How updates of several copies become one; kept.

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
        "aggregation",
        "constraint",
        "dtype",
        "name",
        "number",
        "path",
        "regularizer",
        "shape",
        "synchronization",
        "trainable",
    )

    dtype: DType
    shape: TensorShape

    def __init__(
        self,
        initial_value: Any,
        trainable: bool | None = True,
        validate_shape: bool = True,
        caching_device: Any = None,
        *,
        name: str | None = None,
        dtype: Any = None,
        shape: Any = None,
        constraint: Callable[[Any], Any] | None = None,
        synchronization: Any = None,
        aggregation: Any = None,
    ) -> None:
        del validate_shape, caching_device
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
        self.path = scoped(name or "Variable")
        """The name with those of the layers that own the variable before it."""
        self.name = f"{self.path}:0"
        """As TensorFlow writes it: with the number of an operation's output. That of a weight of
        Keras has none."""
        self.synchronization = VariableSynchronization.AUTO
        if synchronization is not None:
            self.synchronization = VariableSynchronization(synchronization)
        self.aggregation = VariableAggregation.NONE
        if aggregation is not None:
            self.aggregation = VariableAggregation(aggregation)
        self.trainable = trainable is None or bool(trainable)
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

    def _become_weight(self, owner: str = "") -> Variable:
        """Take the names of a weight of Keras, whose owner is a layer, metric or optimizer."""
        self.name = self.path
        self.path = f"{owner}/{self.path}" if owner else self.path
        return self

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

    initialized_value = value

    @property
    def initial_value(self) -> Tensor:
        """The present value: the first one is not kept. For TensorFlow 1.x programs."""
        return self.value()

    def experimental_ref(self) -> Reference:
        """Return ``self.ref()``; kept for older programs."""
        return self.ref()

    def is_initialized(self) -> Tensor:
        """Return True: a variable has a value as soon as it is made."""
        return cast(Tensor, provider("convert")(True))

    def numpy(self) -> Any:
        """Return the present value as a new NumPy array.

        Raises:
            FailedPreconditionError: A function is being traced.
        """
        self._refuse_tracing("numpy()")
        return self._array[()] if self._array.ndim == 0 else self._array.copy()

    def assign(
        self, value: Any, use_locking: bool = False, name: str | None = None,
        read_value: bool = True,
    ) -> Variable:  # fmt: skip
        """Replace the value.

        Args:
            value: The new value.
            use_locking: Ignored: assignments do not overlap.
            name: Ignored.
            read_value: Ignored: reading costs nothing.

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

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: str | None = None,
        read_value: bool = True,
    ) -> Variable:  # fmt: skip
        """Add `delta` to the value. Arguments as for `assign`."""
        return self.assign(self.value() + delta)

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: str | None = None,
        read_value: bool = True,
    ) -> Variable:  # fmt: skip
        """Subtract `delta` from the value. Arguments as for `assign`."""
        return self.assign(self.value() - delta)

    def __getitem__(self, key: Any) -> Tensor:
        part: Tensor = provider("operators")["getitem"](self, key)
        part._part_of = (self, key)
        return part

    # --- rows and places --------------------------------------------------------------------------

    def scatter_update(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Variable:
        """Replace rows.

        Args:
            sparse_delta: `IndexedSlices`: the rows, and which they are.
            use_locking: Ignored.
            name: Ignored.

        Raises:
            InvalidArgumentError: A row does not exist.

        Example:
            >>> import freshet as ft
            >>> v = ft.Variable([1, 2, 3])
            >>> v.scatter_update(ft.IndexedSlices([8, 9], [2, 0])).numpy().tolist()
            [9, 2, 8]
        """
        return self._scatter("update", sparse_delta)

    def scatter_add(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Variable:
        """Add to rows; a row that is named twice is added to twice. See `scatter_update`."""
        return self._scatter("add", sparse_delta)

    def scatter_sub(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Variable:
        """Subtract from rows. See `scatter_update`."""
        return self._scatter("sub", sparse_delta)

    def scatter_mul(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Variable:
        """Multiply rows. See `scatter_update`."""
        return self._scatter("mul", sparse_delta)

    def scatter_div(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Variable:
        """Divide rows. See `scatter_update`."""
        return self._scatter("div", sparse_delta)

    def scatter_max(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Variable:
        """Replace elements of rows where the new ones are larger. See `scatter_update`."""
        return self._scatter("max", sparse_delta)

    def scatter_min(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Variable:
        """Replace elements of rows where the new ones are smaller. See `scatter_update`."""
        return self._scatter("min", sparse_delta)

    def batch_scatter_update(
        self, sparse_delta: Any, use_locking: bool = False, name: str | None = None
    ) -> Variable:
        """Replace ``self[b..., indices[b..., i]]`` by ``values[b..., i]``. See `scatter_update`."""
        run = provider("operators")["batch_scatter_update"]
        return cast(Variable, run(self, sparse_delta.indices, sparse_delta.values))

    def scatter_nd_update(self, indices: Any, updates: Any, name: str | None = None) -> Variable:
        """Replace the parts that vectors of indices name, as `ft.tensor_scatter_nd_update`."""
        return self._scatter_nd("update", indices, updates)

    def scatter_nd_add(self, indices: Any, updates: Any, name: str | None = None) -> Variable:
        """Add to the parts that vectors of indices name."""
        return self._scatter_nd("add", indices, updates)

    def scatter_nd_sub(self, indices: Any, updates: Any, name: str | None = None) -> Variable:
        """Subtract from the parts that vectors of indices name."""
        return self._scatter_nd("sub", indices, updates)

    def scatter_nd_max(self, indices: Any, updates: Any, name: str | None = None) -> Variable:
        """Replace elements of the parts that vectors of indices name by larger ones."""
        return self._scatter_nd("max", indices, updates)

    def scatter_nd_min(self, indices: Any, updates: Any, name: str | None = None) -> Variable:
        """Replace elements of the parts that vectors of indices name by smaller ones."""
        return self._scatter_nd("min", indices, updates)

    def _scatter(self, op: str, delta: Any) -> Variable:
        if not hasattr(delta, "indices"):
            raise DTypeError(f"scatter_{op}: expected ft.IndexedSlices, received {delta!r}")
        run = provider("operators")["scatter"]
        return cast(Variable, run(self, op, delta.indices, delta.values, rows=True))

    def _scatter_nd(self, op: str, indices: Any, updates: Any) -> Variable:
        run = provider("operators")["scatter"]
        return cast(Variable, run(self, op, indices, updates, rows=False))

    def gather_nd(self, indices: Any, name: str | None = None) -> Tensor:
        """Return the parts that vectors of indices name, as `ft.gather_nd`."""
        return cast(Tensor, provider("operators")["gather_nd"](self, indices))

    def sparse_read(self, indices: Any, name: str | None = None) -> Tensor:
        """Return rows, as `ft.gather`."""
        return cast(Tensor, provider("operators")["gather"](self, indices))

    # --- what it is -------------------------------------------------------------------------------

    def set_shape(self, shape: Any) -> None:
        """Narrow unknown sizes of the shape; `InvalidArgumentError` if it does not fit."""
        self.shape = self.shape.merge_with(shape)

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
            f"numpy={array_text(self._array, repr)}>"
        )
