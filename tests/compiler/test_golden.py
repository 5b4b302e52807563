"""What the compiler makes of small functions, as pages in `golden/`: the graph, then its program.

Read a page after `pytest --update-golden`: a change is right if the page says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.compiler import kernel_text
from freshet.compiler.calls import HostCall
from freshet.compiler.pipeline import compile_graph
from freshet.compiler.program import Program
from freshet.compiler.target import Target
from freshet.core import context
from freshet.core.config import config
from freshet.core.shapes import TensorType
from freshet.core.tensor import Tensor
from freshet.graph.ir import Graph
from freshet.graph.trace import GraphTracer
from freshet.ops.checks import check_in_range

FOLDER = Path(__file__).parent / "golden"
TARGET = Target(
    triple="x86_64-unknown-linux-gnu", cpu="znver4", features="", vector_bytes=64,
    vector_registers=32, fused_multiply_add=True, half_conversion=True, broadcast_operands=True,
    l1_bytes=32 * 1024, l2_bytes=1024 * 1024,
)  # fmt: skip
"""The same on every machine: pages do not depend on where they are made."""


def f32(*shape: int) -> TensorType:
    return TensorType(ft.float32, shape)


def i64(*shape: int) -> TensorType:
    return TensorType(ft.int64, shape)


def trace(name: str, body: Callable[..., Any], types: Sequence[TensorType]) -> Graph:
    tracer = GraphTracer(name)
    with context.tracing(tracer), context.recording(()):
        outputs = body(*(tracer.argument(t, "x") for t in types))
        graph, _ = tracer.finish(outputs if isinstance(outputs, (list, tuple)) else [outputs])
    return graph


def compiled(name: str) -> tuple[Graph, Program]:
    body, types = PAGES[name]
    graph = trace(name, body, types)
    before, config.winograd = config.winograd, name.endswith("by_tiles")
    try:
        return graph, compile_graph(graph, [v.type for v in graph.inputs], TARGET)
    finally:
        config.winograd = before


def page(graph: Graph, program: Program) -> str:
    lines = [
        re.sub(r"  # .*", "", str(graph)),
        f"program, arena of {program.arena_bytes} bytes",
        "",
    ]
    for call in program.calls:
        if isinstance(call, HostCall):
            lines += [f"host {call.node.primitive.name}", ""]
            continue
        names = [b.name for b in call.kernel.buffers]
        places = [f"{p.space} {p.number}" for p in call.arguments]
        where = ", ".join(f"{n}={p}" for n, p in zip(names, places, strict=True))
        lines += [f"{str(call.kernel).rstrip()}", f"  # {where}", ""]
    return "\n".join(lines)


# --- the functions --------------------------------------------------------------------------------


def elementwise_chain(x: Tensor, y: Tensor) -> Tensor:
    return ft.tanh(x * 2.0 + y) - y


def views(x: Tensor) -> Tensor:
    """Slices, reversal, transposition, padding and stretching move no data of their own."""
    turned = ft.transpose(ft.reverse(x[1:, ::2], [0]))
    return ft.pad(turned, [[1, 0], [0, 2]]) + ft.reshape(x[0, :6], [6])


def reduction(x: Tensor) -> Tensor:
    """Takes in what makes its operand, and what is done with the result."""
    return ft.sqrt(ft.reduce_sum(ft.square(x - 1.0), 1)) + 0.5


def long_reduction(x: Tensor) -> Tensor:
    """Is cut into parts for several threads."""
    return ft.reduce_sum(ft.exp(x))


def merged_axes(x: Tensor) -> Tensor:
    """Three axes that lie one after the other in memory become one."""
    return x * x + 1.0


def argmax_of_rows(x: Tensor) -> Tensor:
    return ft.argmax(x, 1)


def cross_entropy(logits: Tensor, labels: Tensor) -> list[Tensor]:
    """Loss, gradient and the check of the labels; each row once."""
    with ft.GradientTape() as tape:
        tape.watch(logits)
        losses = ft.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        loss = ft.reduce_mean(losses)
    return [loss, tape.gradient(loss, logits)]


def dense_relu(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    return ft.nn.relu(x @ w + b)


def dense_transposed(x: Tensor, w: Tensor) -> Tensor:
    """Both operands must be copied into panels, or read along strides."""
    return ft.matmul(x, w, transpose_a=True, transpose_b=True)


def weight_gradient(x: Tensor, error: Tensor, w: Tensor) -> Tensor:
    """A few rows at a time go through all columns: the weights are walked from end to end."""
    return w - 0.1 * ft.matmul(x, error, transpose_a=True)


def long_weight_gradient(x: Tensor, error: Tensor) -> Tensor:
    """The sum is cut into blocks of positions, the rows into blocks of a few tiles."""
    return ft.matmul(x, error, transpose_a=True)


def convolution(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    return ft.nn.relu(ft.nn.conv2d(x, w, strides=1, padding="SAME") + b)


def _gradient(of: str, strides: int) -> Callable[..., Tensor]:
    def gradient(x: Tensor, w: Tensor, dy: Tensor) -> Tensor:
        with ft.GradientTape() as tape:
            tape.watch([x, w])
            y = ft.nn.conv2d(x, w, strides=strides, padding="SAME")
        return tape.gradient(y, x if of == "input" else w, dy)

    return gradient


def convolution_of_words(x: Tensor, w: Tensor) -> Tensor:
    return ft.nn.relu(ft.nn.conv1d(x, w, stride=1, padding="SAME"))


def gradient_of_words(x: Tensor, w: Tensor, dy: Tensor) -> Tensor:
    with ft.GradientTape() as tape:
        tape.watch(w)
        y = ft.nn.conv1d(x, w, stride=1, padding="SAME")
    return tape.gradient(y, w, dy)


def max_pool_gradient(x: Tensor, dy: Tensor) -> Tensor:
    with ft.GradientTape() as tape:
        tape.watch(x)
        y = ft.nn.max_pool2d(x, ksize=2, strides=2, padding="VALID")
    return tape.gradient(y, x, dy)


def dropout(x: Tensor) -> Tensor:
    """The random numbers are made where they are used."""
    kept = ft.random.stateless_uniform(x.shape, [3, 4]) < 0.75
    return ft.where(kept, x / 0.75, 0.0)


def adam(gradient: Tensor) -> list[Tensor]:
    """One kernel writes three variables in place."""
    w, m, v = map(variable, "wmv")
    m.assign(0.9 * m + 0.1 * gradient)
    v.assign(0.999 * v + 0.001 * gradient * gradient)
    w.assign_sub(0.01 * m / (ft.sqrt(v) + 1e-7))
    return []


def variable(name: str) -> ft.Variable:
    with ft.init_scope():
        return ft.Variable(np.zeros((64, 32), np.float32), name=name)


def old_and_new(x: Tensor) -> Tensor:
    """The old value is read turned around: that kernel comes before the update."""
    v = variable("v")
    turned = ft.transpose(v.value())
    v.assign(v + x)
    return turned


def checked_update(steps: Tensor) -> list[Tensor]:
    """The check needs the new value: the variable is written last."""
    with ft.init_scope():
        v = ft.Variable(np.zeros(64, np.int64), name="v")
    v.assign_add(steps)
    return [check_in_range("checked_update", "position", v.value(), 0, 3) * 2]


def two_layers(x: Tensor, first: Tensor, second: Tensor, third: Tensor) -> Tensor:
    """The memory of one layer is used again by the next but one."""
    return ft.nn.relu(ft.nn.relu(x @ first) @ second) @ third


def gathered(table: Tensor, indices: Tensor) -> Tensor:
    """Python runs what has no loop nest."""
    return ft.gather(table * 2.0, indices) + 1.0


PAGES: dict[str, tuple[Callable[..., Any], Sequence[TensorType]]] = {
    "elementwise_chain": (elementwise_chain, [f32(100, 37), f32(37)]),
    "views": (views, [f32(5, 12)]),
    "reduction": (reduction, [f32(50, 70)]),
    "long_reduction": (long_reduction, [f32(64, 1024)]),
    "merged_axes": (merged_axes, [f32(20, 30, 40)]),
    "argmax_of_rows": (argmax_of_rows, [f32(100, 10)]),
    "cross_entropy": (cross_entropy, [f32(64, 10), i64(64)]),
    "dense_relu": (dense_relu, [f32(128, 784), f32(784, 512), f32(512)]),
    "dense_transposed": (dense_transposed, [f32(300, 128), f32(96, 300)]),
    "weight_gradient": (weight_gradient, [f32(128, 784), f32(128, 1024), f32(784, 1024)]),
    "long_weight_gradient": (long_weight_gradient, [f32(3584, 256), f32(3584, 768)]),
    "convolution": (convolution, [f32(8, 14, 14, 32), f32(5, 5, 32, 64), f32(64)]),
    "convolution_to_one_channel": (convolution, [f32(8, 28, 28, 32), f32(3, 3, 32, 1), f32(1)]),
    "convolution_input_gradient": (
        _gradient("input", 1), [f32(8, 14, 14, 32), f32(5, 5, 32, 64), f32(8, 14, 14, 64)],
    ),
    "convolution_filter_gradient": (
        _gradient("filter", 1), [f32(8, 14, 14, 32), f32(5, 5, 32, 64), f32(8, 14, 14, 64)],
    ),
    "filter_gradient_of_one_channel": (
        _gradient("filter", 1), [f32(8, 14, 14, 32), f32(3, 3, 32, 1), f32(8, 14, 14, 1)],
    ),
    "convolution_by_tiles": (convolution_of_words, [f32(32, 64, 96), f32(3, 96, 96)]),
    "filter_gradient_by_tiles": (
        gradient_of_words, [f32(32, 64, 96), f32(3, 96, 96), f32(32, 64, 96)],
    ),
    "strided_input_gradient": (
        _gradient("input", 2), [f32(4, 8, 8, 16), f32(3, 3, 16, 32), f32(4, 4, 4, 32)],
    ),
    "max_pool_gradient": (max_pool_gradient, [f32(4, 8, 8, 16), f32(4, 4, 4, 16)]),
    "dropout": (dropout, [f32(64, 128)]),
    "adam": (adam, [f32(64, 32)]),
    "old_and_new": (old_and_new, [f32(64, 32)]),
    "checked_update": (checked_update, [i64(64)]),
    "two_layers": (two_layers, [f32(32, 64), f32(64, 64), f32(64, 64), f32(64, 64)]),
    "gathered": (gathered, [f32(10, 4), i64(3)]),
}  # fmt: skip


# --- the tests ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_program_is_as_on_its_page(name: str, golden: Callable[[Path, str], None]) -> None:
    golden(FOLDER / f"{name}.txt", page(*compiled(name)))


@pytest.mark.parametrize("name", PAGES)
def test_kernels_parse_back(name: str) -> None:
    _, program = compiled(name)
    for kernel in program.kernels:
        again = kernel_text.parse(str(kernel))
        assert str(again) == str(kernel)
        assert again.schedule == kernel.schedule
        assert again.buffers == kernel.buffers
        assert again.extents == kernel.extents
        # Expressions are equal only if they are the same object.
        assert again.stages == kernel.stages


def test_every_page_is_of_a_function() -> None:
    assert {p.stem for p in FOLDER.iterdir()} == set(PAGES)
