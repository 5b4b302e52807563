"""The values that variables of blocks hold: what of them is a tensor, and what is Python's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from freshet.core import context
from freshet.core.composite import CompositeTensor
from freshet.core.errors import InvalidArgumentError
from freshet.core.nest import flatten, pack_sequence_as
from freshet.core.shapes import TensorType
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.graph.autograph.undefined import Undefined
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import cast, not_equal

Kind = TensorType | CompositeTensor
_PYTHON: Final = (bool, int, float, complex, str, bytes)


def staged(value: Any) -> Any:
    """Return the tensor whose value is known only when the traced function runs; None otherwise."""
    if context.state.tracer is None:
        return None
    if isinstance(value, Variable):
        value = value.value()
    return value if isinstance(value, Tensor) and value._symbol is not None else None


def as_condition(what: str, value: Any) -> Any:
    """Return a value as a boolean tensor of rank 0.

    Args:
        what: Who asks: ``if``, ``while``.
        value: Of one element; a number counts as true unless it is 0.

    Raises:
        InvalidArgumentError: It has several elements, or is a string.
    """
    tensor = convert_to_tensor(value)
    size = tensor.shape.num_elements()
    if tensor.shape and size is not None and size != 1:
        raise InvalidArgumentError(
            f"the condition of {what} must be a single value, received {tensor._type}; "
            "ft.reduce_any or ft.reduce_all makes one of it, ft.where chooses for each element"
        )
    if tensor.dtype.kind == "string":
        raise InvalidArgumentError(
            f"the condition of {what} must be a boolean or a number, received {tensor._type}; "
            "compare the string with another one"
        )
    if tensor.dtype.name != "bool":
        tensor = not_equal(tensor, shaping.zeros_like(tensor))
    tensor._suppose_shape(())
    return shaping.reshape(tensor, []) if tensor.shape else tensor


def is_convertible(leaf: Any) -> bool:
    """Return whether a leaf of a structure can be a tensor of the graph, or several."""
    return isinstance(leaf, (Tensor, CompositeTensor, Variable, np.ndarray, np.generic, *_PYTHON))


def kind_of(leaf: Any) -> Kind:
    """Return the type of a leaf; a composite stands for its own."""
    return leaf if isinstance(leaf, CompositeTensor) else convert_to_tensor(leaf)._type


def fit(a: Kind, b: Kind) -> bool:
    """Return whether a leaf of the graph can be sometimes the one, sometimes the other."""
    if isinstance(a, CompositeTensor) or isinstance(b, CompositeTensor):
        return type(a) is type(b) and a._static() == b._static()  # type: ignore[union-attr]
    return a.dtype == b.dtype and a.rank == b.rank


def is_weak(leaf: Any) -> bool:
    """Return whether a leaf is a Python number, which takes the dtype of what it meets."""
    return isinstance(leaf, (int, float)) and not isinstance(leaf, bool)


def takes(leaf: Any, kind: Kind) -> bool:
    """Return whether a Python number can have a dtype without loss."""
    if not is_weak(leaf) or isinstance(kind, CompositeTensor):
        return False
    if isinstance(leaf, float):
        return kind.dtype.is_floating or kind.dtype.is_complex
    return kind.dtype.name != "bool" and kind.dtype.kind != "string"


def zeros_of(kind: Kind) -> Any:
    """Return zeros of a type; unknown sizes are 0."""
    if isinstance(kind, CompositeTensor):
        return kind._with_components([zeros_of(kind_of(c)) for c in kind._components()])
    shape = [0 if n is None else n for n in kind.shape]
    return shaping.zeros(shape, kind.dtype)


def same(a: Any, b: Any) -> bool:
    """Return whether two values are one and the same, as far as Python knows."""
    if a is b:
        return True
    if isinstance(a, _PYTHON) and type(a) is type(b):
        return bool(a == b)
    return isinstance(a, Tensor) and isinstance(b, Tensor) and (
        a._symbol is not None and a._symbol is b._symbol
    )  # fmt: skip


@dataclass
class Parts:
    """A value taken apart.

    Attributes:
        value: The value.
        leaves: Its leaves; ragged tensors, tensor arrays and the like are leaves.
    """

    value: Any
    leaves: list[Any]

    @classmethod
    def of(cls, value: Any) -> Parts:
        """Take a value apart."""
        if isinstance(value, Undefined):
            return cls(value, [])
        return cls(value, flatten(value))

    @property
    def is_defined(self) -> bool:
        """Whether there is a value at all."""
        return not isinstance(self.value, Undefined)

    @property
    def numbers(self) -> list[int]:
        """Which leaves can be tensors."""
        return [i for i, leaf in enumerate(self.leaves) if is_convertible(leaf)]

    def tensors(self) -> list[Any]:
        """Return these as tensors."""
        return [as_tensor(self.leaves[i]) for i in self.numbers]

    def packed(self, leaves: list[Any]) -> Any:
        """Return a value like this one with other leaves."""
        return pack_sequence_as(self.value, leaves)


def described(value: Any) -> str:
    """Return what a value is, for a message."""
    if isinstance(value, Undefined):
        return "without a value"
    if isinstance(value, (Tensor, Variable)):
        return str(TensorType(value.dtype, tuple(value.shape)))
    if value is None or isinstance(value, _PYTHON):
        return repr(value)
    return f"a {type(value).__name__}"


def as_tensor(leaf: Any) -> Any:
    """Return a leaf as a tensor; a composite as it is."""
    return leaf if isinstance(leaf, CompositeTensor) else convert_to_tensor(leaf)


def converted_leaf(leaf: Any, kind: Kind) -> Any:
    """Return a leaf as a tensor of a dtype; a composite as it is."""
    if isinstance(leaf, CompositeTensor) or isinstance(kind, CompositeTensor):
        return leaf
    if is_weak(leaf):
        return convert_to_tensor(leaf, dtype=kind.dtype)
    return cast(convert_to_tensor(leaf), kind.dtype)
