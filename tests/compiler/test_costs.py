"""What kernels are said to compute and to move, beside counts by hand."""

from __future__ import annotations

import numpy as np
import pytest

import freshet as ft
from freshet.compiler.costs import (
    Traffic,
    is_contraction,
    kernel_bytes,
    kernel_flops,
    kernel_traffic,
    makes_random_numbers,
)
from freshet.compiler.kernel import Kernel


def kernels_of(function, *arrays) -> list[Kernel]:
    traced = ft.function(function)
    concrete = traced.get_concrete_function(*arrays)
    variables = concrete.captured_variables
    return concrete.executor.executable(list(arrays), variables).program.kernels


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


def test_a_product_multiplies_and_adds() -> None:
    (kernel,) = kernels_of(ft.matmul, ones(24, 40), ones(40, 16))
    assert kernel_flops(kernel) == 2 * 24 * 40 * 16
    assert kernel_bytes(kernel) == 4 * (24 * 40 + 40 * 16 + 24 * 16)
    assert is_contraction(kernel)


def test_an_epilogue_counts_once_per_output() -> None:
    (kernel,) = kernels_of(
        lambda x, w, b: ft.nn.relu(ft.matmul(x, w) + b), ones(24, 40), ones(40, 16), ones(16)
    )
    assert kernel_flops(kernel) == 2 * 24 * 40 * 16 + 2 * 24 * 16
    assert kernel_bytes(kernel) == 4 * (24 * 40 + 40 * 16 + 16 + 24 * 16)


def test_a_convolution_counts_its_window() -> None:
    flops = [
        kernel_flops(k)
        for k in kernels_of(
            lambda x, w: ft.nn.conv2d(x, w, strides=1, padding="VALID"),
            ones(2, 10, 12, 3),
            ones(3, 5, 3, 8),
        )
    ]
    assert sum(flops) == 2 * (2 * 8 * 8 * 8) * (3 * 5 * 3)


def test_elementwise_work_counts_once_per_element() -> None:
    (kernel,) = kernels_of(lambda x, y: (x + y) * x - 1.0, ones(30, 7), ones(30, 7))
    assert kernel_flops(kernel) == 3 * 30 * 7
    assert kernel_bytes(kernel) == 3 * 4 * 30 * 7
    assert not is_contraction(kernel)


def test_what_depends_on_fewer_axes_counts_less_often() -> None:
    (kernel,) = kernels_of(lambda x, row: x * (row + 1.0), ones(30, 7), ones(7))
    assert kernel_flops(kernel) == 30 * 7 + 7


def test_a_sum_adds_each_element() -> None:
    total = sum(kernel_flops(k) for k in kernels_of(lambda x: ft.reduce_sum(x, 1), ones(6, 50)))
    assert total == 6 * 50


def test_a_function_counts_as_the_code_for_it() -> None:
    (exponential,) = kernels_of(ft.exp, ones(100))
    (root,) = kernels_of(ft.sqrt, ones(100))
    assert kernel_flops(root) == 100
    # A polynomial of degree 5 or more, and a reduction before it.
    assert 1200 <= kernel_flops(exponential) <= 4000


def test_work_on_integers_is_no_flop() -> None:
    (kernel,) = kernels_of(lambda x: x * 3 + x, np.ones(50, np.int32))
    assert kernel_flops(kernel) == 0
    assert kernel_bytes(kernel) == 2 * 4 * 50


def test_what_is_read_written_and_updated_is_told_apart() -> None:
    (kernel,) = kernels_of(lambda x: x * 3 + x, np.ones(50, np.int32))
    assert kernel_traffic(kernel) == Traffic(read=200, written=200, updated=0)
    weights = ft.Variable(ones(50))

    def update(x: ft.Tensor) -> ft.Tensor:
        weights.assign_add(2.0 * x)
        return ft.shape(x)

    function = ft.function(update).get_concrete_function(ones(50))
    executable = function.executor.executable([ones(50)], function.captured_variables)
    found = [kernel_traffic(k) for k in executable.program.kernels]
    assert Traffic(read=200, written=0, updated=400) in found
    kernel = executable.program.kernels[found.index(Traffic(200, 0, 400))]
    assert kernel_traffic(kernel).times(2.5) == Traffic(500, 0, 1000)


def test_a_slice_moves_only_what_it_takes() -> None:
    (kernel,) = kernels_of(lambda x: x[:, :3] + 1.0, ones(40, 1000))
    assert kernel_bytes(kernel) == 2 * 4 * 40 * 3


def test_a_lookup_moves_the_rows_that_are_asked_for() -> None:
    kernels = kernels_of(ft.gather, ones(5000, 16), np.arange(8))
    moved = max(kernel_bytes(k) for k in kernels)
    assert moved == 4 * 2 * 8 * 16 + 8 * 8


@pytest.mark.parametrize(
    ("function", "found"),
    [(lambda x: x + ft.random.uniform((9,)), True), (lambda x: x + 1.0, False)],
)
def test_random_numbers_are_noticed(function, found: bool) -> None:
    assert any(map(makes_random_numbers, kernels_of(function, ones(9)))) is found
