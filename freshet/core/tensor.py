"""`Tensor`: the one public array type, eager or symbolic."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol, cast, final

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType
from freshet.core.errors import (
    DTypeError,
    InvalidArgumentError,
    OperatorNotAllowedInGraphError,
    SymbolicValueError,
)
from freshet.core.providers import provider
from freshet.core.shapes import TensorShape, TensorType

if TYPE_CHECKING:
    from collections.abc import Callable

Array = np.ndarray[Any, Any]


class Symbol(Protocol):
    """What a symbolic tensor stands for: a value of a graph."""

    @property
    def type(self) -> TensorType:
        """Its dtype and shape."""

    @property
    def name(self) -> str:
        """Its name in the printed graph."""

    def narrow(self, shape: tuple[Any, ...]) -> None:
        """Learn the shape of something whose rank was not known."""


_NEW: Final = object.__new__
_operators: dict[str, Callable[..., Tensor]] = {}


def _operator(name: str) -> Callable[..., Tensor]:
    return _operators[name] if _operators else _load_operators()[name]


def _load_operators() -> dict[str, Callable[..., Tensor]]:
    _operators.update(provider("operators"))
    return _operators


class Operand:
    """Python's operators, for what can stand in an expression: tensors and variables.

    Each calls the public operation of the same meaning, so ``x + y`` is ``ft.add(x, y)``. A Python
    number or NumPy array beside a tensor is converted to the tensor's dtype.
    """

    __slots__ = ()
    __array_priority__ = 100.0

    def __add__(self, other: Any) -> Tensor:
        return _operator("add")(self, other)

    def __radd__(self, other: Any) -> Tensor:
        return _operator("add")(other, self)

    def __sub__(self, other: Any) -> Tensor:
        return _operator("subtract")(self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return _operator("subtract")(other, self)

    def __mul__(self, other: Any) -> Tensor:
        return _operator("multiply")(self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return _operator("multiply")(other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return _operator("divide")(self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return _operator("divide")(other, self)

    def __floordiv__(self, other: Any) -> Tensor:
        return _operator("floordiv")(self, other)

    def __rfloordiv__(self, other: Any) -> Tensor:
        return _operator("floordiv")(other, self)

    def __mod__(self, other: Any) -> Tensor:
        return _operator("floormod")(self, other)

    def __rmod__(self, other: Any) -> Tensor:
        return _operator("floormod")(other, self)

    def __pow__(self, other: Any) -> Tensor:
        return _operator("pow")(self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return _operator("pow")(other, self)

    def __matmul__(self, other: Any) -> Tensor:
        return _operator("matmul")(self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return _operator("matmul")(other, self)

    def __neg__(self) -> Tensor:
        return _operator("negative")(self)

    def __abs__(self) -> Tensor:
        return _operator("abs")(self)

    def __invert__(self) -> Tensor:
        return _operator("invert")(self)

    def __and__(self, other: Any) -> Tensor:
        return _operator("and")(self, other)

    def __rand__(self, other: Any) -> Tensor:
        return _operator("and")(other, self)

    def __or__(self, other: Any) -> Tensor:
        return _operator("or")(self, other)

    def __ror__(self, other: Any) -> Tensor:
        return _operator("or")(other, self)

    def __xor__(self, other: Any) -> Tensor:
        return _operator("xor")(self, other)

    def __rxor__(self, other: Any) -> Tensor:
        return _operator("xor")(other, self)

    def __lt__(self, other: Any) -> Tensor:
        return _operator("less")(self, other)

    def __le__(self, other: Any) -> Tensor:
        return _operator("less_equal")(self, other)

    def __gt__(self, other: Any) -> Tensor:
        return _operator("greater")(self, other)

    def __ge__(self, other: Any) -> Tensor:
        return _operator("greater_equal")(self, other)

    def __eq__(self, other: object) -> Any:
        """Compare element by element; False against what cannot be a tensor, such as None."""
        return _operator("eq")(self, other)

    def __ne__(self, other: object) -> Any:
        """Compare element by element; True against what cannot be a tensor, such as None."""
        return _operator("ne")(self, other)

    def __hash__(self) -> int:
        raise TypeError(
            f"{type(self).__name__} is unhashable because == compares elements; "
            "use x.ref() as the key"
        )

    def __getitem__(self, key: Any) -> Tensor:
        return _operator("getitem")(self, key)

    def ref(self) -> Reference:
        """Return a hashable key that stands for this object; ``.deref()`` gives it back."""
        return Reference(self)


@final
class Reference:
    """A hashable key for a tensor or variable, equal only to a key of the same object."""

    __slots__ = ("_target",)

    def __init__(self, target: Any) -> None:
        self._target = target

    def deref(self) -> Any:
        """Return the tensor or variable."""
        return self._target

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and self._target is other._target

    def __hash__(self) -> int:
        return id(self._target)


@final
class Tensor(Operand):
    """An n-dimensional array of one dtype; immutable.

    Eager tensors hold their values. Inside `ft.function` tensors are symbolic: they hold a place in
    the graph, have a dtype and shape, and get values when the function runs. Make one with
    `ft.constant`.
    """

    __slots__ = ("__weakref__", "_array", "_keras_mask", "_part_of", "_symbol", "dtype", "shape")

    dtype: DType
    shape: TensorShape
    _part_of: tuple[Any, Any]
    """The variable and the key that this was read with, if it is a part of one."""

    def __init__(self) -> None:
        raise TypeError("make a tensor with ft.constant(value)")

    @classmethod
    def _of_array(cls, array: Array, dtype: DType | None = None) -> Tensor:
        """Wrap an array that nobody will write to."""
        tensor = object.__new__(cls)
        tensor._array = array
        tensor._symbol = None
        tensor.dtype = dtypes.of_array(array) if dtype is None else dtype
        tensor.shape = tuple.__new__(TensorShape, array.shape)
        return tensor

    @classmethod
    def _made(cls, array: Array, dtype: DType, shape: TensorShape) -> Tensor:
        """Wrap an array whose dtype and shape are known."""
        tensor = _NEW(cls)
        tensor._array = array
        tensor._symbol = None
        tensor.dtype = dtype
        tensor.shape = shape
        return tensor

    @classmethod
    def _of_symbol(cls, symbol: Symbol) -> Tensor:
        """Stand for a value of a graph."""
        tensor = object.__new__(cls)
        tensor._array = None
        tensor._symbol = symbol
        tensor.dtype = symbol.type.dtype
        tensor.shape = TensorShape(symbol.type.shape)
        return tensor

    _array: Array | None
    _symbol: Symbol | None

    @property
    def _value(self) -> Array:
        """The array itself, not to be written to."""
        if self._array is None:
            self._no_value("its value")
        return self._array

    @property
    def _type(self) -> TensorType:
        return TensorType.of(self.dtype, self.shape)

    @property
    def name(self) -> str:
        """Name in the printed graph; eager tensors have none."""
        if self._symbol is None:
            raise AttributeError("an eager tensor has no name")
        return self._symbol.name

    @property
    def ndim(self) -> int:
        """Number of dimensions; `InvalidArgumentError` if it is not known before the run."""
        return len(self.shape)

    @property
    def device(self) -> str:
        """Where the values are: always the CPU."""
        return "/job:localhost/replica:0/task:0/device:CPU:0"

    @property
    def assign(self) -> Callable[..., Any]:
        """Of a part of a variable, ``v[1:3]``, the function that assigns to it."""
        part: tuple[Any, Any] | None = getattr(self, "_part_of", None)
        if part is None:
            raise AttributeError(
                "a tensor does not change; only a variable and a part of one, v[...], have assign()"
            )
        return lambda value, name=None: _operator("assign_slice")(*part, value)

    def numpy(self) -> Any:
        """Return the values as a new NumPy array; a scalar for a tensor of rank 0.

        Raises:
            FailedPreconditionError: The tensor is symbolic; also an `AttributeError`.
        """
        value = self._value
        if value.ndim == 0:
            return value[()]
        return value.copy()

    def get_shape(self) -> TensorShape:
        """Return the shape; kept for TensorFlow 1.x programs."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Narrow unknown dimensions of a symbolic tensor; check those of an eager one."""
        self.shape = self.shape.merge_with(shape)
        symbol = self._symbol
        if symbol is not None and not symbol.type.has_rank and self.shape.rank is not None:
            symbol.narrow(tuple(self.shape))

    def _suppose_shape(self, shape: Any) -> None:
        """Take a shape for that of a tensor of which no rank is known.

        For operations that nearly always receive this shape; the run checks it.
        """
        if self._symbol is not None and not self._symbol.type.has_rank:
            self.set_shape(shape)

    def _no_value(self, what: str) -> NoReturn:
        raise SymbolicValueError(
            f"{self!r} is symbolic: {what} is known only when the traced function runs. Inside "
            "@ft.function use ft operations (ft.where, ft.reduce_sum, ...) instead of Python's and "
            "NumPy's, or compute it outside"
        )

    def _no_choice(self, what: str) -> NoReturn:
        reason = provider("unconverted")()
        raise OperatorNotAllowedInGraphError(
            f"{self!r} is symbolic: its value is known only when the traced function runs, and "
            f"{what} need AutoGraph, {reason}"
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        value = self._value
        if dtype is not None and np.dtype(dtype) != value.dtype:
            return value.astype(dtype)
        return value.copy() if copy is None or copy else value

    def _scalar(self, what: str) -> Any:
        value = self._value
        if value.size != 1:
            raise DTypeError(
                f"{what} needs a tensor of one element, received one of shape {self.shape}"
            )
        return value.reshape(())[()]

    def __bool__(self) -> bool:
        if self._array is None:
            self._no_choice("Python's `if`, `while`, `and`, `or`, `not` and `assert` on it")
        return bool(self._scalar("bool()"))

    def __int__(self) -> int:
        return int(self._scalar("int()"))

    def __float__(self) -> float:
        return float(self._scalar("float()"))

    def __index__(self) -> int:
        if not self.dtype.is_integer:
            raise TypeError(f"only integer tensors can be an index, this one is {self.dtype.name}")
        return int(self._scalar("an index"))

    def __format__(self, spec: str) -> str:
        return str(self) if self._array is None and not spec else format(self._value[()], spec)

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("a tensor of rank 0 has no len()")
        if self.shape[0] is None:
            self._no_value("len()")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.ndim:
            raise TypeError("cannot iterate over a tensor of rank 0")
        if self.shape[0] is None:
            self._no_choice("Python's iteration over a tensor whose first size is unknown")
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        if self._symbol is not None:
            return f"<ft.Tensor {self.name!r} shape={self.shape} dtype={self.dtype.name}>"
        return (
            f"<ft.Tensor: shape={self.shape}, dtype={self.dtype.name}, "
            f"numpy={array_text(self._value, repr)}>"
        )

    def __str__(self) -> str:
        if self._symbol is not None:
            return f"Tensor({self.name!r}, shape={self.shape}, dtype={self.dtype.name})"
        values = array_text(self._value, str)
        return f"ft.Tensor({values}, shape={self.shape}, dtype={self.dtype.name})"


def array_text(array: Array, text: Callable[[Any], str]) -> str:
    """Return the values as `str` or `repr` writes them, those of several lines below each other.

    A single one is written as Python writes it, not as NumPy's ``np.float32(0.5)``.
    """
    if array.ndim == 0:
        return text(array.item() if text is repr else array[()])
    written = text(array)
    return f"\n{written}" if "\n" in written else written
