"""Symbolic tensors of functional models, and the record of which layer made them from which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from freshet.core.dtypes import as_dtype
from freshet.core.errors import FailedPreconditionError
from freshet.core.nest import flatten, map_structure
from freshet.core.shapes import TensorShape, TensorType
from freshet.keras.names import auto_name


@dataclass(frozen=True)
class History:
    """Where a symbolic tensor comes from: output `tensor_index` of a layer's call `node_index`."""

    operation: Any
    node_index: int
    tensor_index: int


class KerasTensor:
    """A tensor without values: shape and dtype of what a layer will be given or return.

    `Input` makes the first ones; calling layers on them makes the others; `Model(inputs, outputs)`
    makes a model of them.

    Args:
        shape: With None for sizes that are not known, such as the batch.
        dtype: Dtype.
        name: For printing; numbered by default.
    """

    def __init__(self, shape: Any, dtype: Any = "float32", name: str | None = None) -> None:
        self.shape = TensorShape(shape)
        self.dtype = as_dtype(dtype)
        self.name = name or auto_name("keras_tensor")
        self.history: History | None = None

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self.shape)

    @property
    def type(self) -> TensorType:
        """Dtype and shape."""
        return TensorType(self.dtype, tuple(self.shape))

    def _operator(self, name: str, other: Any, *, swap: bool = False) -> Any:
        from freshet.keras.layers.merging import MERGERS  # noqa: PLC0415 (built on this module)

        if not isinstance(other, KerasTensor):
            raise FailedPreconditionError(
                f"a symbolic tensor ({self!r}) can be combined with others only; to use the number "
                f"{other!r}, put the operation into a layer (ft.keras.layers.Rescaling or your own)"
            )
        pair = [other, self] if swap else [self, other]
        return MERGERS[name]()(pair)

    def __add__(self, other: Any) -> Any:
        return self._operator("add", other)

    def __sub__(self, other: Any) -> Any:
        return self._operator("subtract", other)

    def __mul__(self, other: Any) -> Any:
        return self._operator("multiply", other)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise FailedPreconditionError(
            f"{self!r} is symbolic and has no value: it can be given to layers only. To use other "
            "operations, put them into the call method of a layer of your own"
        )

    def __bool__(self) -> bool:
        raise FailedPreconditionError(f"{self!r} is symbolic and is neither true nor false")

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype.name}, name={self.name}>"


class Node:
    """One symbolic call of a layer."""

    def __init__(
        self, operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any], outputs: Any
    ) -> None:
        self.operation = operation
        self.args = args
        self.kwargs = kwargs
        self.outputs = outputs
        self.index = len(operation._inbound_nodes)
        for number, tensor in enumerate(flatten(outputs)):
            tensor.history = History(operation, self.index, number)
        operation._inbound_nodes.append(self)

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic tensors among the arguments."""
        leaves = flatten([list(self.args), self.kwargs])
        return [leaf for leaf in leaves if isinstance(leaf, KerasTensor)]

    @property
    def arguments_structure(self) -> Any:
        """The first argument, as it was given."""
        return self.args[0] if self.args else None

    def replay(self, values: dict[int, Any]) -> tuple[list[Any], dict[str, Any]]:
        """Return the arguments with each symbolic tensor replaced by its value (by id)."""

        def value_of(leaf: Any) -> Any:
            return values[id(leaf)] if isinstance(leaf, KerasTensor) else leaf

        args = [map_structure(value_of, a) for a in self.args]
        return args, {k: map_structure(value_of, v) for k, v in self.kwargs.items()}
