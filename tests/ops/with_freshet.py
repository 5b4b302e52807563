"""Between the database of operations and Freshet: calls, their arguments and their results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from database.record import Case, Dtype, Operation, Ragged, Sparse, Variable, over

import freshet as ft
from freshet.core.composite import CompositeTensor
from freshet.core.tensor import Tensor


def function_of(operation: Operation) -> Callable[..., Any]:
    found: Any = ft
    for part in operation.name.split("."):
        found = getattr(found, part)
    return found


def given(value: Any) -> Any:
    """Return what a call gets for a value of the database."""
    if isinstance(value, np.ndarray):
        return ft.constant(value)
    if isinstance(value, Ragged):
        splits = [ft.constant(s) for s in value.splits]
        return ft.RaggedTensor.from_nested_row_splits(ft.constant(value.values), splits)
    if isinstance(value, Sparse):
        return ft.SparseTensor(value.indices, ft.constant(value.values), value.shape)
    if isinstance(value, Variable):
        return ft.Variable(value.value)
    if isinstance(value, Dtype):
        return ft.as_dtype(str(value))
    return over(given, value)


def plain(value: Any) -> Any:
    """Return a result as the database's references give it."""
    if isinstance(value, (Tensor, ft.Variable)):
        found = value.numpy()
        return np.asarray(found, object if isinstance(found, bytes) else None)
    if isinstance(value, CompositeTensor) and hasattr(value, "nested_row_splits"):
        splits = tuple(np.asarray(s.numpy()) for s in value.nested_row_splits)
        return Ragged(np.asarray(value.flat_values.numpy()), splits)
    if isinstance(value, CompositeTensor) and hasattr(value, "dense_shape"):
        shape = tuple(int(n) for n in value.dense_shape.numpy())
        return Sparse(value.indices.numpy(), value.values.numpy(), shape)
    if isinstance(value, ft.DType):
        return value.name
    if isinstance(value, ft.TensorShape):
        return tuple(value)
    return over(plain, value)


def call(operation: Operation, c: Case) -> Any:
    args, kwargs = given(list(c.args)), given(dict(c.kwargs))
    return plain(function_of(operation)(*args, **kwargs))


def traceable(operation: Operation, c: Case) -> tuple[Any, list[Any]]:
    """Return a case as a traced function of its tensors, and these."""
    tensors: list[Any] = []

    def take(value: Any) -> Any:
        if isinstance(value, (np.ndarray, Ragged, Sparse)):
            tensors.append(given(value))
            return Hole(len(tensors) - 1)
        return given(value) if isinstance(value, Variable) else over(take, value)

    args, kwargs = take(list(c.args)), take(dict(c.kwargs))
    function = function_of(operation)

    @ft.function
    def traced(*values: Any) -> Any:
        def fill(value: Any) -> Any:
            return values[value.number] if isinstance(value, Hole) else over(fill, value)

        return function(*fill(args), **fill(kwargs))

    return traced, tensors


class Hole:
    """Stands for a tensor in the arguments of a call."""

    def __init__(self, number: int) -> None:
        self.number = number
