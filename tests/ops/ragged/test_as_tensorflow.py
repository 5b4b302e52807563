"""Public operations on ragged tensors give what TensorFlow gives, eagerly and compiled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import freshet as ft

FACTS = [
    tuple(line.split(" -> ", 1))
    for line in Path(__file__)
    .with_name("as_tensorflow.txt")
    .read_text(encoding="utf-8")
    .splitlines()
    if not line.startswith("#")
]
R = ft.RaggedTensor
C = ft.ragged.constant
EAGER = ("to_list", "numpy", "str(", "ragged_rank", "dtype.name")
"""What is in an expression whose result is no tensor."""
GROUP = 16


def tensors() -> dict[str, Any]:
    """Return the tensors that the expressions are about."""
    return {
        "x": C([[1, 2], [], [3, 4, 5]]),
        "y": C([[1.0, 2], [], [3, 4, 5]]),
        "z": C([[[1, 2], [3]], [], [[4]]]),
        "zf": C([[[1.0, 2], [3]], [], [[4]]]),
        "w": C([[[1, 2], [3, 4]], [], [[4, 5]]], ragged_rank=1),
        "u": R.from_tensor([[1, 2], [3, 4]]),
        "u3": R.from_tensor([[[1, 2], [3, 4]], [[5, 6], [7, 8]]], ragged_rank=2),
    }


def value(expression: str, given: dict[str, Any]) -> Any:
    names = {"ft": ft, "R": R, "C": C, "S": ft.SparseTensor, "np": np, **given}
    return eval(expression, names)


def shown(result: Any) -> Any:
    """Return a result as the file has it."""
    if isinstance(result, ft.SparseTensor):
        parts = [t.numpy().tolist() for t in (result.indices, result.values, result.dense_shape)]
        return ("S", *parts, result.dtype.name)
    if isinstance(result, R):
        splits = [(s.dtype.name, s.numpy().tolist()) for s in result.nested_row_splits]
        shape = result.flat_values.shape.as_list()
        return ("R", result.to_list(), result.dtype.name, splits, shape)
    if isinstance(result, (list, tuple)):
        return [shown(r) for r in result]
    if isinstance(result, ft.Tensor):
        array = np.asarray(result.numpy())
        listed = np.round(array, 4) if result.dtype.is_floating else array
        return listed.tolist(), result.dtype.name, list(result.shape)
    return repr(result.tolist()) if isinstance(result, np.ndarray) else result


@pytest.mark.parametrize(("expression", "expected"), FACTS, ids=[e for e, _ in FACTS])
def test_it_gives_what_tensorflow_gives(expression: str, expected: str) -> None:
    assert str(shown(value(expression, tensors()))) == expected


COMPILED = [fact for fact in FACTS if not any(part in fact[0] for part in EAGER)]


@pytest.mark.parametrize("first", range(0, len(COMPILED), GROUP))
def test_it_gives_the_same_compiled(first: int) -> None:
    facts = COMPILED[first : first + GROUP]

    @ft.function
    def traced(given: dict[str, Any]) -> list[Any]:
        return [value(expression, given) for expression, _ in facts]

    found = traced(tensors())
    wrong = {
        expression: str(shown(result))
        for (expression, expected), result in zip(facts, found, strict=True)
        if str(shown(result)) != expected
    }
    assert wrong == {}
