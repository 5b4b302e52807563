"""What the tests of AutoGraph share: one program run in several ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.core.nest import flatten, skeleton

Agree = Callable[..., Any]


def _tensor(value: Any) -> Any:
    if isinstance(value, (bool, str)) or not isinstance(value, (int, float, list, np.ndarray)):
        return value
    found = np.asarray(value)
    narrow = {"f": np.float32, "i": np.int32}.get(found.dtype.kind, found.dtype)
    return ft.constant(found.astype(narrow))


def _compare(found: Any, expected: Any) -> None:
    assert skeleton(found) == skeleton(expected)
    for a, b in zip(flatten(found), flatten(expected), strict=True):
        if isinstance(b, str):
            assert (a if isinstance(a, str) else a.numpy().decode()) == b
        elif b is None:
            assert a is None
        else:
            np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-5)


@pytest.fixture
def agree() -> Agree:
    """Return a check that a program is the same in Python, eagerly, traced, and as expected.

    Numbers, lists and arrays among the arguments become tensors, except in plain Python, which is
    left out with ``python=False`` for programs that need tensors.
    """

    def check(program: Callable[..., Any], *args: Any, expected: Any, python: bool = True) -> None:
        if python:
            plain = [np.asarray(a) if isinstance(a, list) else a for a in args]
            _compare(program(*plain), expected)
        tensors = [_tensor(a) for a in args]
        _compare(program(*tensors), expected)
        _compare(ft.function(program)(*tensors), expected)

    return check
