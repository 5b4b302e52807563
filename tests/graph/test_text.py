"""Graphs as text: what is printed parses back, and what cannot be read is said clearly."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.core.errors import InternalError
from freshet.core.shapes import TensorType
from freshet.graph.function import split_gradient
from freshet.graph.interpret import interpret
from freshet.graph.ir import Graph, Node, Value, verify
from freshet.graph.parsing import parse
from freshet.graph.text import WRITTEN_OUT
from freshet.ops.primitive import PRIMITIVES


def traced(function: Callable[..., Any], *arguments: Any) -> Graph:
    graph: Graph = ft.function(function).get_concrete_function(*arguments).graph
    return graph


def without_lines(graph: Graph) -> str:
    """Return the text without the lines of this file that the nodes come from."""
    return re.sub(r"  # test_text\.py:\d+$", "", str(graph), flags=re.MULTILINE)


def train_step() -> Graph:
    """Return one step of gradient descent with momentum for a network of two layers."""
    sizes = {"w1": [4, 3], "b1": [3], "w2": [3, 2], "b2": [2]}
    weights = [ft.Variable(ft.zeros(s), name=n) for n, s in sizes.items()]
    velocities = [ft.Variable(ft.zeros(s), name=f"{n}/v") for n, s in sizes.items()]

    def step(x: ft.Tensor, labels: ft.Tensor) -> ft.Tensor:
        w1, b1, w2, b2 = weights
        with ft.GradientTape() as tape:
            hidden = ft.nn.relu(ft.matmul(x, w1) + b1)
            logits = ft.matmul(hidden, w2) + b2
            loss = ft.reduce_mean(
                ft.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
            )
        for weight, velocity, grad in zip(
            weights, velocities, tape.gradient(loss, weights), strict=True
        ):
            velocity.assign(0.9 * velocity + grad)
            weight.assign_sub(0.1 * velocity)
        return loss

    return traced(step, ft.TensorSpec([5, 4]), ft.TensorSpec([5], ft.int32))


GRAPHS: dict[str, Callable[[], Graph]] = {
    "train step": train_step,
    "forward part": lambda: split_gradient(train_step())[0],
    "backward part": lambda: split_gradient(train_step())[1],
    "no inputs and no outputs": lambda: traced(lambda: None),
    "unknown sizes": lambda: traced(
        lambda x: x / ft.cast(ft.shape(x)[0], ft.float32), ft.TensorSpec([None, 2])
    ),
    "several outputs": lambda: traced(
        lambda x: [ft.nn.max_pool(x, 2, 2, "VALID"), x], ft.TensorSpec([1, 4, 4, 1])
    ),
    "special numbers": lambda: traced(
        lambda: ft.constant([np.nan, np.inf, -np.inf, -0.0, 1e-45, 3.4e38])
    ),
    "dtypes": lambda: traced(
        lambda: [
            ft.constant(v, d)
            for v, d in [
                (True, ft.bool), (2**63, ft.uint64), (-(2**63), ft.int64), (1 / 3, ft.float64),
                (1 / 3, ft.bfloat16), (1 / 3, ft.float16), (255, ft.uint8), (b"", ft.string),
            ]
        ]
    ),
    "long constants": lambda: traced(
        lambda: [ft.constant(np.arange(n, dtype=np.int16)) for n in (WRITTEN_OUT, WRITTEN_OUT + 1)]
    ),
    "empty constants": lambda: traced(lambda: ft.zeros([0, 3]) + ft.zeros([2, 0, 3])),
    "strings": lambda: traced(
        lambda: ft.constant([["a # b", "%x, (y) = {z}"], ["'\"\\", "\N{SNOWMAN}\n\0"]])
    ),
    "numpy numbers": lambda: traced(
        lambda x: ft.pad(x, [[1, np.int64(2)]], constant_values=np.float32(0.5)),
        ft.TensorSpec([3]),
    ),
    "updates": lambda: traced(ft.Variable([1.0, 2.0], name="a b/ü:0").assign, ft.TensorSpec([2])),
}  # fmt: skip


def inputs_of(graph: Graph) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    arrays = []
    for value in graph.inputs:
        shape = [3 if d is None else d for d in value.type.shape]
        arrays.append(rng.integers(0, 2, shape).astype(value.type.dtype.as_numpy_dtype))
    return arrays


@pytest.mark.parametrize("name", GRAPHS)
def test_what_is_printed_parses_back(name: str) -> None:
    graph = GRAPHS[name]()
    verify(graph)
    again = parse(str(graph))
    verify(again)
    assert str(again) == without_lines(graph)
    assert [v.type for v in again.results] == [v.type for v in graph.results]
    inputs = inputs_of(graph)
    for x, y in zip(interpret(again, inputs), interpret(graph, inputs), strict=True):
        assert x.dtype == y.dtype
        assert x.shape == y.shape
        assert x.tolist() == y.tolist() if x.dtype.hasobject else x.tobytes() == y.tobytes()


def test_a_step_prints_like_this(golden: Callable[[Path, str], None]) -> None:
    w = ft.Variable([1.0, 2.0], name="w")

    def descend(x: ft.Tensor, y: ft.Tensor) -> ft.Tensor:
        with ft.GradientTape() as tape:
            loss = ft.reduce_sum(ft.square(x * w - y))
        w.assign_sub(0.1 * tape.gradient(loss, w))
        return loss

    step = traced(descend, ft.TensorSpec([3, 2]), ft.TensorSpec([2]))
    golden(Path(__file__).parent / "golden" / "descend.txt", without_lines(step))


def test_a_node_prints_with_its_line() -> None:
    graph = traced(lambda x: ft.exp(x), ft.TensorSpec([2]))
    line = test_a_node_prints_with_its_line.__code__.co_firstlineno + 1
    assert f"%0: f32[2] = exp(%x_0)  # test_text.py:{line}\n" in str(graph)
    assert repr(graph.nodes[0]) == f"%0: f32[2] = exp(%x_0)  # test_text.py:{line}"


def test_a_text_is_read_by_a_program_that_never_used_its_operations() -> None:
    program = (
        "from freshet.graph.parsing import parse\n"
        "print(parse('graph f(%x: f32[2]) {\\n%0: f32[2] = exp(%x)\\nreturn %0\\n}'))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout == ("graph f(%x: f32[2]) {\n  %0: f32[2] = exp(%x)\n  return %0\n}\n\n")


def test_comments_and_empty_lines_are_left_out() -> None:
    text = (
        "# a page about exp\n\ngraph f(%x: f32[2]) {  # the start\n\n"
        "  # in between\n  %0: f32[2] = exp(%x)  # here.py:3\n  return %0\n}\n\n# the end\n"
    )
    assert str(parse(text)) == "graph f(%x: f32[2]) {\n  %0: f32[2] = exp(%x)\n  return %0\n}\n"


def test_values_are_numbered_anew() -> None:
    text = "graph f(%x: f32[2]) {\n  %who: f32[2] = exp(%x)\n  return %who\n}\n"
    assert str(parse(text)) == text.replace("who", "0")


EXP = "%0: f32[2] = exp(%x)"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "ends too early: expected graph"),
        (["graph f(%x: f32[2]) {", EXP], "ends too early: expected a line or return"),
        (["graph f(%x: f32[2]) {", EXP, "return %0"], "ends too early: expected }"),
        ([EXP], "cannot read: expected graph"),
        (["graph f(%x: f32[2]) {", "return %x", "}", EXP], "cannot read: expected graph name"),
        (["graph f(%x: f32[2]) {", "return %x", EXP], "cannot read: expected }"),
        (["graph f(%x) {"], "cannot read the types '%x'"),
        (["graph f(%x: f32[2], %x: f32[2]) {"], "%x is made twice"),
        (["graph f(%x: g32[2]) {"], "unknown dtype 'g32'"),
        (["graph f(%x: f32[2]) {", EXP, EXP], "%0 is made twice"),
        (["graph f(%x: f32[2]) {", "%0: f32[2] = exq(%x)"], "unknown primitive 'exq'"),
        (["graph f(%x: f32[2]) {", "%0: f32[2] = exp(%y)"], "%y is not known"),
        (["graph f(%x: f32[2]) {", "%0: f32[3] = exp(%x)"], r"exp gives f32\[2\]; it says other"),
        (["graph f(%x: f32[2]) {", "%0: f32[2], %1: f32[2] = exp(%x)"], "exp gives f32"),
        (["graph f(%x: f32[2]) {", "%0: f32[2] = exp(%x, speed=3)"], "speed"),
        (["graph f(%x: f32[2]) {", "%0: f32[2] = exp(%x"], "cannot read: expected a line"),
        (["graph f(%x: f32[2]) {", "%0: f32[2] = exp(%x))"], "unmatched"),
        (["graph f(%x: f32[2]) {", "%0: f32[2] = exp(3)"], "cannot read the arguments"),
        (["graph f(%x: i32[2]) {", "%0: i32[2] = exp(%x)"], "exp: expected floating-point"),
        (["graph f(%x: f32[2]) {", "%0: f32[2] = constant(value=f(1))"], "malformed|cannot"),
        (["graph f(%x: f32[2]) {", "%0: f32[2] = constant(value=[1.0])"], "reshape"),
        (["graph f(%x: f32[2]) {", "return %y"], "%y is not known"),
        (["graph f(%x: f32[2]) {", "update %v = %x"], "%v is not known"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_an_error_that_shows_it(lines: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        parse("\n".join(lines))
    if "too early" not in message:
        assert f"in the graph line {lines[-1]!r}" in str(caught.value)


class TestVerify:
    def node(self, name: str, *operands: Value) -> Node:
        return Node(PRIMITIVES[name], operands, {}, iter("abcdef").__next__)

    def graph(self, nodes: list[Node], outputs: list[Value], updates: Any = ()) -> Graph:
        return Graph("f", (self.x, self.y), tuple(nodes), tuple(outputs), tuple(updates))

    def setup_method(self) -> None:
        kind = TensorType(ft.float32, (2,))
        self.x, self.y = Value(kind, "x"), Value(kind, "y")
        self.exp = self.node("exp", self.x)
        self.add = self.node("add", self.exp.outputs[0], self.y)

    def test_a_right_graph_passes(self) -> None:
        updates = [(self.x, self.y), (self.y, self.add.outputs[0])]
        verify(self.graph([self.exp, self.add], [self.add.outputs[0]], updates))

    def test_a_value_that_comes_later(self) -> None:
        with pytest.raises(InternalError, match=r"%a: f32\[2\] is used before it is made"):
            verify(self.graph([self.add, self.exp], []))

    def test_a_value_of_another_graph(self) -> None:
        foreign = self.node("exp", Value(self.x.type, "foreign"))
        with pytest.raises(InternalError, match=r"%foreign.* is used before it is made"):
            verify(self.graph([foreign], []))

    def test_a_wrong_type(self) -> None:
        self.exp.outputs[0].type = TensorType(ft.float32, (3,))
        with pytest.raises(InternalError, match=r"exp\(%x\) has the wrong type"):
            verify(self.graph([self.exp], []))

    @pytest.mark.parametrize("place", ["output", "update"])
    def test_a_result_that_nobody_makes(self, place: str) -> None:
        missing = self.exp.outputs[0]
        graph = self.graph([], *(([missing],) if place == "output" else ([], [(self.x, missing)])))
        with pytest.raises(InternalError, match=r"%a.* is returned but not made"):
            verify(graph)

    def test_an_update_of_what_is_no_input_or_twice(self) -> None:
        value = self.exp.outputs[0]
        for updates in ([(value, self.x)], [(self.x, value), (self.x, self.y)]):
            with pytest.raises(InternalError, match="is updated twice or not an input"):
                verify(self.graph([self.exp], [], updates))
