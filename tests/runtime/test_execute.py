"""What a compiled function takes and gives back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import freshet as ft


def values() -> np.ndarray:
    return np.arange(4 * 35, dtype=np.float32).reshape(4, 35)


def misaligned(x: np.ndarray) -> np.ndarray:
    raw = np.zeros(x.nbytes + 1, np.uint8)
    moved = raw[1:].view(x.dtype).reshape(x.shape)
    moved[:] = x
    return moved


def read_only(x: np.ndarray) -> np.ndarray:
    x.flags.writeable = False
    return x


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "as it is": lambda x: x,
    "columns first": np.asfortranarray,
    "backwards": lambda x: x[::-1, ::-1],
    "every other": lambda x: np.repeat(x, 2, 1)[:, ::2],
    "stretched": lambda x: np.broadcast_to(x[0], x.shape),
    "misaligned": misaligned,
    "read only": read_only,
    "bytes swapped": lambda x: x.astype(x.dtype.newbyteorder()),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_argument_may_lie_in_memory_in_any_way(layout: str) -> None:
    x = LAYOUTS[layout](values())
    run = ft.function(lambda x: (x * 2.0, ft.reduce_sum(x, 0)))
    before = x.copy()
    for _ in range(2):
        doubled, total = run(x)
        np.testing.assert_array_equal(doubled.numpy(), 2 * before)
        np.testing.assert_array_equal(total.numpy(), before.sum(0))
    np.testing.assert_array_equal(x, before)


def test_results_of_one_call_outlive_the_next() -> None:
    run = ft.function(lambda x: x + 1.0)
    first = run(values())
    second = run(10 * values())
    np.testing.assert_array_equal(first.numpy(), values() + 1)
    np.testing.assert_array_equal(second.numpy(), 10 * values() + 1)


def test_a_result_that_is_an_argument_or_a_constant_is_its_own() -> None:
    constant = np.ones(3, np.float32)
    run = ft.function(lambda x: (x, ft.reshape(x, [35, 4]), ft.constant(constant)))
    x = values()
    same, turned, fixed = run(x)
    x[:] = 0
    constant[:] = 7
    np.testing.assert_array_equal(same.numpy(), values())
    np.testing.assert_array_equal(turned.numpy(), values().reshape(35, 4))
    assert run(x)[2].numpy().tolist() == fixed.numpy().tolist() == [1, 1, 1]


def test_a_program_for_each_shape() -> None:
    @ft.function(input_signature=[ft.TensorSpec([None, None], ft.float32)])
    def total(x: ft.Tensor) -> ft.Tensor:
        return ft.reduce_sum(x, 1)

    for rows, columns in ((1, 1), (3, 70), (0, 4), (4, 0), (33, 5), (3, 70)):
        x = np.full((rows, columns), 2, np.float32)
        assert total(x).numpy().tolist() == [2.0 * columns] * rows
    assert total.experimental_get_tracing_count() == 1


def test_the_arena_is_used_again_from_call_to_call() -> None:
    # What an earlier call left in memory between kernels must not be seen by the next.
    x = np.random.default_rng(0).random((64, 64), np.float32)

    @ft.function
    def layers(x: ft.Tensor) -> ft.Tensor:
        y = x
        for _ in range(6):
            y = ft.nn.softmax(y @ x) - ft.reduce_mean(y, 0)
        return y

    first = layers(x).numpy()
    layers(np.full((64, 64), np.nan, np.float32))
    assert layers(x).numpy().tobytes() == first.tobytes()
