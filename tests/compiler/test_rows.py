"""What is kept of a row between stages, and results written over operands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import freshet as ft
from freshet.compiler.kernel import Kernel, Store
from freshet.compiler.pipeline import compile_graph
from freshet.compiler.program import KernelCall, Program
from freshet.compiler.target import host
from freshet.graph.interpret import interpret
from freshet.runtime.execute import NativeExecutor
from freshet.testing import assert_agree
from freshet.testing.primitives import trace


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


def softmax_between(x: ft.Tensor, w: ft.Tensor) -> list[ft.Tensor]:
    return [ft.nn.softmax(x @ w) @ ft.transpose(w)]


def softmax_kept(x: ft.Tensor, w: ft.Tensor) -> list[ft.Tensor]:
    product = x @ w
    return [ft.nn.softmax(product) @ ft.transpose(w), ft.reduce_sum(product * product, 0)]


def program(function: object, *inputs: np.ndarray) -> Program:
    graph = trace("program", function, inputs)
    return compile_graph(graph, [v.type for v in graph.inputs], host())


def softmax_kernel(found: Program) -> Kernel:
    return next(k for k in found.kernels if "exp" in k.name)


INPUTS = numbers(64, 40), numbers(40, 150)


@pytest.mark.parametrize("function", [softmax_between, softmax_kept])
def test_the_results_are_the_same(function: object) -> None:
    graph = trace("program", function, INPUTS)
    found = NativeExecutor(graph)(INPUTS, ())
    for actual, expected in zip(found, interpret(graph, INPUTS), strict=True):
        assert_agree(actual, expected, ulp=64, slack=1e-4)


def test_an_exponential_is_computed_once_for_its_sum_and_its_quotient() -> None:
    kernel = softmax_kernel(program(softmax_between, *INPUTS))
    functions = [e for stage in kernel.stages for e in stage.expressions() if e.op == "exp"]
    assert len(functions) == 1
    stores = [s for stage in kernel.stages for s in stage.statements if isinstance(s, Store)]
    assert len({s.buffer for s in stores}) == 1 < len(stores)


def test_rows_that_the_cache_does_not_hold_are_computed_again() -> None:
    small = replace(host(), l2_bytes=1024)
    graph = trace("program", softmax_between, INPUTS)
    kernel = softmax_kernel(compile_graph(graph, [v.type for v in graph.inputs], small))
    functions = [e for stage in kernel.stages for e in stage.expressions() if e.op == "exp"]
    assert len(functions) == 2


def test_a_result_is_written_over_an_operand_that_nobody_needs() -> None:
    found = program(softmax_between, *INPUTS)
    assert [b.role for b in softmax_kernel(found).buffers] == ["inout"]
    assert found.arena_bytes == 64 * 150 * 4


def test_an_operand_that_is_read_later_is_left_alone() -> None:
    found = program(softmax_kept, *INPUTS)
    (call,) = [c for c in found.calls if isinstance(c, KernelCall) and "exp" in c.kernel.name]
    assert {b.role for b in call.kernel.buffers} == {"in", "out"}
    assert len(set(call.arguments)) == len(call.arguments)


def test_short_rows_are_not_written_over_each_other() -> None:
    found = program(softmax_between, numbers(640, 40), numbers(40, 10))
    assert {b.role for b in softmax_kernel(found).buffers} == {"in", "out"}


def test_a_result_in_another_order_is_not_written_over_its_operand() -> None:
    def turned(x: ft.Tensor, w: ft.Tensor) -> list[ft.Tensor]:
        product = x @ w
        return [ft.exp(ft.transpose(product)) @ x]

    x = numbers(48, 48)
    found = program(turned, x, x)
    graph = trace("program", turned, [x, x])
    assert_agree(NativeExecutor(graph)([x, x], ())[0], interpret(graph, [x, x])[0], ulp=2**14)
    assert not any(b.role == "inout" for k in found.kernels for b in k.buffers)
