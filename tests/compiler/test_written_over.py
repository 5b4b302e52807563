"""Results that are an operand but for some rows: only these rows are written, over the operand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.compiler.calls import Jump
from freshet.compiler.kernel import Kernel, Store
from freshet.compiler.kernel_text import parse
from freshet.compiler.pipeline import compile_graph
from freshet.compiler.program import KernelCall, Program
from freshet.compiler.target import host

ROWS = 1000


def compiled(function: Callable[..., Any], *specs: ft.TensorSpec) -> Program:
    graph = ft.function(function).get_concrete_function(*specs).graph
    return compile_graph(graph, [v.type for v in graph.inputs], host())


def in_loops(program: Program) -> list[Kernel]:
    """Return the kernels between a jump back and its target."""
    back = [(c.target, n) for n, c in enumerate(program.calls) if isinstance(c, Jump)]
    inside = {i for target, n in back if target <= n for i in range(target, n)}
    return [c.kernel for i in sorted(inside) if isinstance(c := program.calls[i], KernelCall)]


def points(kernel: Kernel) -> int:
    return int(np.prod([kernel.extents[a] for a in kernel.outer] or [1]))


def blank(n: int = ROWS) -> ft.TensorArray:
    return ft.TensorArray(ft.float32, size=n, element_shape=[3])


def write(x: ft.Tensor, n: ft.Tensor) -> ft.Tensor:
    array = blank()
    for i in ft.range(n):
        array = array.write(i, x * ft.cast(i, ft.float32))
    return array.stack()


def read_and_write(x: ft.Tensor, n: ft.Tensor) -> ft.Tensor:
    array = blank().write(0, x)
    for i in ft.range(1, n):
        array = array.write(i, array.read(i - 1) * 0.5 + 1.0)
    return array.stack()


def write_twice(x: ft.Tensor, n: ft.Tensor) -> ft.Tensor:
    array = blank()
    for i in ft.range(n):
        array = array.write(i, x).write(i // 2, x + ft.cast(i, ft.float32))
    return array.stack()


def swap(x: ft.Tensor, n: ft.Tensor) -> ft.Tensor:
    array = blank().unstack(ft.reshape(ft.range(ROWS * 3.0), [ROWS, 3]) * x)
    for i in ft.range(n - 1):
        one, other = array.read(i), array.read(i + 1)
        array = array.write(i, other).write(i + 1, one)
    return array.stack()


def two_arrays(x: ft.Tensor, n: ft.Tensor) -> ft.Tensor:
    first, second = blank(), blank()
    for i in ft.range(n):
        first = first.write(i, x + ft.cast(i, ft.float32))
        second = second.write(n - 1 - i, first.read(i // 2))
    return first.stack() - 2.0 * second.stack()


def exchange(x: ft.Tensor, n: ft.Tensor) -> ft.Tensor:
    first, second = blank(), blank()
    for i in ft.range(n):
        first, second = second, first.write(i, x)
    return first.stack() - 2.0 * second.stack()


def branch(x: ft.Tensor, n: ft.Tensor) -> ft.Tensor:
    array = blank()
    for i in ft.range(n):
        if i % 3 == 0:
            array = array.write(i, x)
        elif i % 3 == 1:
            array = array.write(i - 1, array.read(i - 1) + 2.0 * x)
    return array.stack()


def nested(x: ft.Tensor, n: ft.Tensor) -> ft.Tensor:
    array = blank()
    for i in ft.range(n):
        for j in ft.range(3):
            array = array.write(i, array.read(i) + x * ft.cast(j, ft.float32))
    return array.stack()


def early(x: ft.Tensor, n: ft.Tensor) -> ft.Tensor:
    array = blank()
    for i in ft.range(n):
        array = array.write(i, x)
        if i > 20:
            break
    return array.stack()


def scanned(x: ft.Tensor, n: ft.Tensor) -> ft.Tensor:
    def step(carry: tuple[ft.Tensor, ft.Tensor], i: ft.Tensor) -> tuple[ft.Tensor, ft.Tensor]:
        rows = ft.tensor_scatter_nd_update(carry[0], [[i]], [x + carry[1]])
        return rows, carry[1] + 1.0

    found = ft.foldl(step, ft.range(40), (ft.zeros([ROWS, 3]), ft.constant(0.0)))
    return found[0] + ft.cast(n, ft.float32)


PROGRAMS = [
    write, read_and_write, write_twice, swap, two_arrays, exchange, branch, nested, early, scanned,
]  # fmt: skip


Rows = np.ndarray


def step_of_write(i: int, n: int, x: Rows, a: Rows, b: Rows) -> None:
    a[i] = x * i


def step_of_read_and_write(i: int, n: int, x: Rows, a: Rows, b: Rows) -> None:
    a[i] = a[i - 1] * np.float32(0.5) + 1 if i else x


def step_of_write_twice(i: int, n: int, x: Rows, a: Rows, b: Rows) -> None:
    a[i] = x
    a[i // 2] = x + i


def step_of_swap(i: int, n: int, x: Rows, a: Rows, b: Rows) -> None:
    if i == 0:
        a[:] = np.arange(a.size, dtype=np.float32).reshape(a.shape) * x
    if i < n - 1:
        a[[i, i + 1]] = a[[i + 1, i]]


def step_of_two_arrays(i: int, n: int, x: Rows, a: Rows, b: Rows) -> None:
    a[i] = x + i
    b[n - 1 - i] = a[i // 2]


def step_of_exchange(i: int, n: int, x: Rows, a: Rows, b: Rows) -> None:
    a[i] = x
    a[:], b[:] = b.copy(), a.copy()


def step_of_branch(i: int, n: int, x: Rows, a: Rows, b: Rows) -> None:
    if i % 3 == 0:
        a[i] = x
    elif i % 3 == 1:
        a[i - 1] += 2 * x


def step_of_nested(i: int, n: int, x: Rows, a: Rows, b: Rows) -> None:
    a[i] = 3 * x


def step_of_early(i: int, n: int, x: Rows, a: Rows, b: Rows) -> None:
    if i <= 21:
        a[i] = x


def step_of_scanned(i: int, n: int, x: Rows, a: Rows, b: Rows) -> None:
    if i == 0:
        a[:40] = x + np.arange(40)[:, None]
        a += n


def expected(function: Callable[..., Any], x: np.ndarray, n: int) -> np.ndarray:
    a, b = np.zeros((2, ROWS, 3), np.float32)
    for i in range(n):
        globals()[f"step_of_{function.__name__}"](i, n, x, a, b)
    return a - 2 * b if function in {two_arrays, exchange} else a


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("function", PROGRAMS)
def test_programs_compute_what_numpy_does(
    function: Callable[..., Any], threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRESHET_NUM_THREADS", str(threads))
    x = np.array([1.0, -2.0, 3.5], np.float32)
    traced = ft.function(function)
    for n in (30, 1, 30):
        found = traced(ft.constant(x), ft.constant(n))
        np.testing.assert_allclose(found, expected(function, x, n), rtol=1e-6)


@pytest.mark.parametrize(
    "function", [write, read_and_write, write_twice, swap, two_arrays, branch, early]
)
def test_a_step_touches_rows_and_not_the_array(function: Callable[..., Any]) -> None:
    program = compiled(function, ft.TensorSpec([3]), ft.TensorSpec([], "int32"))
    kernels = in_loops(program)
    assert kernels
    assert max(map(points, kernels)) <= 3


def test_the_kernel_reads_as_its_printed_form_says() -> None:
    program = compiled(write, ft.TensorSpec([3]), ft.TensorSpec([], "int32"))
    kernel = next(k for k in in_loops(program) if any(b.role == "inout" for b in k.buffers))
    assert "store out0[0, i1] at 0 %" in str(kernel)
    assert parse(str(kernel)) == kernel
    (store,) = [s for s in kernel.stages[0].statements if isinstance(s, Store)]
    assert not store.adds
    assert store.index is not None


def test_an_array_that_somebody_still_needs_stays_as_it_was() -> None:
    @ft.function
    def f(x: ft.Tensor, n: ft.Tensor) -> tuple[ft.Tensor, ft.Tensor]:
        array = blank().unstack(x)
        before = array
        for i in ft.range(n):
            array = array.write(i, x[0])
        return before.stack(), array.stack()

    x = np.random.default_rng(0).standard_normal((ROWS, 3)).astype(np.float32)
    before, after = f(ft.constant(x), ft.constant(5))
    np.testing.assert_array_equal(before, x)
    np.testing.assert_array_equal(after, np.concatenate([np.tile(x[:1], (5, 1)), x[5:]]))


def test_a_variable_is_as_it_was_when_a_loop_fails() -> None:
    v = ft.Variable(np.arange(12, dtype=np.float32).reshape(4, 3))

    @ft.function
    def f(n: ft.Tensor) -> None:
        array = ft.TensorArray(ft.float32, size=4).unstack(v)
        for i in ft.range(n):
            array = array.write(i, ft.zeros([3]))
        v.assign(array.stack())

    with pytest.raises(ft.errors.OutOfRangeError, match=r"index 4 is outside \[0, 4\)"):
        f(ft.constant(5))
    np.testing.assert_array_equal(v, np.arange(12).reshape(4, 3))
    f(ft.constant(3))
    np.testing.assert_array_equal(v, [[0, 0, 0]] * 3 + [[9, 10, 11]])


@pytest.mark.parametrize("function", [write, read_and_write, write_twice, swap, branch])
def test_gradients_through_rows(function: Callable[..., Any]) -> None:
    @ft.function
    def slope(x: ft.Tensor, n: ft.Tensor) -> ft.Tensor:
        with ft.GradientTape() as tape:
            tape.watch(x)
            y = ft.reduce_sum(function(x, n) * ft.reshape(ft.range(ROWS * 3.0), [ROWS, 3]))
        return tape.gradient(y, x)

    # All of them are linear in x, so two points show the slope.
    weight = np.arange(ROWS * 3, dtype=np.float64).reshape(ROWS, 3)
    points = [np.eye(3, dtype=np.float32)[i] for i in range(3)]
    start = (expected(function, np.zeros(3, np.float32), 25) * weight).sum()
    want = [(expected(function, p, 25) * weight).sum() - start for p in points]
    found = slope(ft.constant([0.3, -1.0, 2.0]), ft.constant(25))
    np.testing.assert_allclose(found, want, rtol=1e-4)
