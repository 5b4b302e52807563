"""Random sequences of assignments: a compiled step changes variables as the reference does."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest

import freshet as ft
from freshet.core.config import config

ROWS, COLUMNS = 5, 35
Expression = Callable[[], ft.Tensor]


def start() -> list[ft.Variable]:
    rng = np.random.default_rng(4)
    values = rng.integers(-9, 9, (4, ROWS, COLUMNS)).astype(np.float32)
    return [ft.Variable(v) for v in values]


def flipped(x: ft.Tensor) -> ft.Tensor:
    """Return the elements in another order and the same shape."""
    return ft.reshape(ft.transpose(x), [ROWS, COLUMNS])


def shifted(x: ft.Tensor) -> ft.Tensor:
    return ft.pad(x[:, :-1], [[0, 0], [1, 0]])


def row_largest(x: ft.Tensor) -> ft.Tensor:
    return x - ft.reduce_max(x, 1, keepdims=True)


def column_least(x: ft.Tensor) -> ft.Tensor:
    return x + ft.reduce_min(x, 0)


def all_largest(x: ft.Tensor) -> ft.Tensor:
    return ft.reduce_max(x) - x


def by_python(x: ft.Tensor) -> ft.Tensor:
    """Return rows in another order, which the host picks."""
    return ft.gather(x, [4, 0, 1, 1, 3])


ONE = [flipped, shifted, row_largest, column_least, all_largest, by_python, ft.negative]
TWO = [ft.add, ft.subtract, ft.maximum, lambda x, y: x + flipped(y)]


def program(choose: random.Random, variables: list[ft.Variable]) -> Callable[[], list[ft.Tensor]]:
    """Return a function of a few statements; every number stays whole, so results are exact."""
    plan = [
        (choose.randrange(4), choose.randrange(4), choose.randrange(4), choose.choice([0, 1, 1, 2]),
         choose.choice(ONE), choose.choice(TWO))
        for _ in range(choose.randint(1, 6))
    ]  # fmt: skip
    returned = [choose.randrange(4) for _ in range(choose.randint(0, 2))]

    def run() -> list[ft.Tensor]:
        kept = [variables[i].value() for i in returned]
        for target, x, y, kind, one, two in plan:
            value = variables[x].value()
            if kind:
                value = one(value)
            if kind == 2:
                value = two(value, variables[y].value())
            variables[target].assign(value)
        return [*kept, *(shifted(variables[i].value()) for i in returned)]

    return run


@pytest.mark.parametrize("seed", range(60))
def test_a_compiled_step_does_to_variables_what_the_reference_does(seed: int) -> None:
    results = []
    for backend in ("numpy", "native"):
        config.backend = backend
        variables = start()
        step = ft.function(program(random.Random(seed), variables))
        outputs = [t.numpy() for _ in range(2) for t in step()]
        results.append([*outputs, *(v.numpy() for v in variables)])
    for expected, actual in zip(*results, strict=True):
        np.testing.assert_array_equal(actual, expected)
