"""Kernels for other processors than this one: narrower vectors, fewer registers, small caches."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

import freshet as ft
from freshet.compiler.kernel import Tiles
from freshet.compiler.pipeline import compile_graph
from freshet.compiler.target import Target, host
from freshet.graph.interpret import interpret
from freshet.ops.primitive import PRIMITIVES
from freshet.runtime import code, lowering, stored_programs
from freshet.runtime.execute import NativeExecutor
from freshet.testing import assert_agree, ulp_distance
from freshet.testing.primitives import threads, trace

PLAIN = {"cpu": "", "features": "", "broadcast_operands": False}
"""No more than every processor of the host's architecture has."""
CHANGES = {
    "128 bits": {**PLAIN, "vector_bytes": 16, "vector_registers": 16},
    "128 bits, products rounded": {
        **PLAIN, "vector_bytes": 16, "vector_registers": 16, "fused_multiply_add": False,
    },
    "256 bits": {"vector_bytes": 32, "vector_registers": 16, "broadcast_operands": False},
    "64 bits, 8 registers": {"vector_bytes": 8, "vector_registers": 8, "broadcast_operands": False},
    "no vectors": {**PLAIN, "vector_bytes": 4, "fused_multiply_add": False},
    "tiny caches": {"vector_registers": 6, "l1_bytes": 1024, "l2_bytes": 8192},
}  # fmt: skip


@pytest.fixture(params=CHANGES)
def target(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Target:
    """Make programs be compiled for another machine, which this one can stand in for."""
    other = replace(host(), **CHANGES[request.param])
    for module in (lowering, code, stored_programs):
        monkeypatch.setattr(module, "host", lambda: other)
    return other


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


def dense(a: ft.Tensor, b: ft.Tensor, c: ft.Tensor) -> list[ft.Tensor]:
    return [ft.nn.relu(a @ b + c)]


def turned_product(a: ft.Tensor, b: ft.Tensor) -> list[ft.Tensor]:
    return [ft.matmul(a, b, transpose_a=True, transpose_b=True)]


def product(a: ft.Tensor, b: ft.Tensor) -> list[ft.Tensor]:
    return [a @ b]


def convolution(strides: int, padding: str) -> Callable[..., list[ft.Tensor]]:
    def with_gradients(x: ft.Tensor, w: ft.Tensor) -> list[ft.Tensor]:
        with ft.GradientTape() as tape:
            tape.watch([x, w])
            y = ft.nn.relu(ft.nn.conv2d(x, w, strides=strides, padding=padding))
            loss = ft.reduce_sum(y * y)
        return [y, *tape.gradient(loss, [x, w])]

    return with_gradients


def weight_gradient(x: ft.Tensor, dy: ft.Tensor) -> list[ft.Tensor]:
    product = ft.matmul(x, dy, transpose_a=True)
    return [product * 0.5 + 1.0, ft.reduce_sum(dy, 0)]


def filter_gradient(x: ft.Tensor, w: ft.Tensor) -> list[ft.Tensor]:
    with ft.GradientTape() as tape:
        tape.watch(w)
        loss = ft.reduce_sum(ft.nn.conv2d(x, w, strides=1, padding="SAME") ** 2)
    return [tape.gradient(loss, w) * 0.5]


def random(key: ft.Tensor, x: ft.Tensor) -> list[ft.Tensor]:
    key = ft.cast(key, ft.uint32)
    long = ft.random.stateless_uniform([1000], ft.cast(key[:2], ft.int32), 0, 2**30, ft.int32)
    return [
        ft.cast(long, ft.float32),
        ft.random.stateless_uniform([3, 128], ft.cast(key[:2], ft.int32)) + x[:, :128],
        ft.random.stateless_uniform([5, 77], ft.cast(key[1:], ft.int32)),
    ]


def reductions(x: ft.Tensor) -> list[ft.Tensor]:
    columns = [ft.reduce_max(x, 0), ft.argmin(x, 0)]
    return [ft.reduce_sum(x * x), *columns, ft.reduce_mean(x, 1), ft.argmax(x, 1)]


def rows(x: ft.Tensor) -> list[ft.Tensor]:
    return [ft.nn.softmax(x), ft.reduce_logsumexp(x, 1)]


PROGRAMS: dict[str, tuple[Callable[..., list[ft.Tensor]], Sequence[tuple[int, ...]]]] = {
    "dense layer": (dense, [(67, 131), (131, 45), (45,)]),
    "product of transposes": (turned_product, [(131, 67), (45, 131)]),
    "large product": (product, [(150, 700), (700, 261)]),
    "products in a batch": (product, [(3, 33, 65), (3, 65, 41)]),
    "convolution": (convolution(1, "SAME"), [(2, 13, 11, 5), (3, 3, 5, 19)]),
    "strided convolution": (convolution(2, "SAME"), [(2, 14, 12, 5), (3, 3, 5, 19)]),
    "strided convolution, odd": (convolution(2, "VALID"), [(2, 13, 11, 5), (5, 3, 5, 19)]),
    "many rows": (product, [(1900, 70), (70, 45)]),
    "gradient of weights": (weight_gradient, [(533, 107), (533, 131)]),
    "gradient of few weights": (weight_gradient, [(533, 21), (533, 35)]),
    "gradient of a filter": (filter_gradient, [(7, 9, 10, 37), (3, 3, 37, 40)]),
    "few images": (convolution(1, "SAME"), [(1, 5, 6, 40), (3, 3, 40, 70)]),
    "random numbers": (random, [(3,), (3, 200)]),
    "reductions": (reductions, [(1001, 77)]),
    "rows": (rows, [(33, 77)]),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_compute_the_same(name: str, target: Target) -> None:
    function, shapes = PROGRAMS[name]
    inputs = [numbers(*s) for s in shapes]
    graph = trace("program", function, inputs)
    run = NativeExecutor(graph)
    found = run(inputs, ())
    for actual, expected in zip(found, interpret(graph, inputs), strict=True):
        slack = 1e-5 * float(np.max(np.abs(expected), initial=1))
        assert_agree(actual, expected, slack=slack, signed_zeros=False, what=name)
    with threads(3):
        again = run(inputs, ())
    assert [x.tobytes() for x in again] == [x.tobytes() for x in found]


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_functions_are_as_accurate(kind: str, target: Target) -> None:
    rng = np.random.default_rng(1)
    size = np.exp(rng.uniform(-20, 17, 20_000))
    x = (rng.choice([-1, 1], 20_000) * size).astype(kind)
    for name in ("exp", "expm1", "log", "log1p", "tanh", "sin", "cos"):
        primitive = PRIMITIVES[name]
        graph = trace(name, lambda a, p=primitive: [p(a)], [x])
        (found,) = NativeExecutor(graph)([x], ())
        with np.errstate(all="ignore"):
            expected = getattr(np, name)(x.astype(np.float64)).astype(kind)
        worst = int(np.argmax(ulp_distance(found, expected)))
        assert ulp_distance(found, expected)[worst] <= 4, f"{name}({x[worst]!r})"


def test_tiles_fit_the_registers(target: Target) -> None:
    inputs = [numbers(*s) for s in PROGRAMS["large product"][1]]
    run = NativeExecutor(trace("program", product, inputs))
    (schedule,) = (k.schedule for k in run.executable(inputs, ()).program.kernels)
    assert isinstance(schedule, Tiles)
    accumulators = schedule.vectors * int(np.prod([row.step for row in schedule.rows]))
    assert 1 < accumulators < target.vector_registers


ASSEMBLE = """
import sys
from llvmlite import binding
from freshet.compiler import kernel_text
from freshet.compiler.assemble import assemble
from freshet.compiler.emit.module import emit
from freshet.compiler.target import Target, llvm

binding.initialize_all_targets()
binding.initialize_all_asmprinters()
triple, cpu, features, fused, start = sys.argv[1:]
target = Target(
    triple, cpu, features, vector_bytes=16, vector_registers=32,
    fused_multiply_add=bool(int(fused)), half_conversion=False, broadcast_operands=False,
)
for text in sys.stdin.read().split("\\n\\n"):
    found = assemble(emit(kernel_text.parse(text), target, "kernel"), target)
    assert found.startswith(bytes.fromhex(start)), found[:8]
    print(len(found))
"""


@pytest.mark.parametrize(
    ("triple", "cpu", "features", "fused", "start"),
    [
        ("aarch64-unknown-linux-gnu", "generic", "+neon", "1", b"\x7fELF"),
        ("arm64-apple-macosx", "apple-m1", "", "1", b"\xcf\xfa\xed\xfe"),
        ("wasm32-unknown-unknown", "generic", "+simd128", "0", b"\x00asm"),
    ],
)
def test_other_architectures_assemble(
    triple: str, cpu: str, features: str, fused: str, start: bytes
) -> None:
    # LLVM may end the process on an instruction that a target lacks: not this one.
    target = replace(host(), vector_bytes=16, vector_registers=32, broadcast_operands=False)
    kernels = []
    for name in ("dense layer", "strided convolution", "reductions", "rows"):
        function, shapes = PROGRAMS[name]
        inputs = [numbers(*s) for s in shapes]
        graph = trace("program", function, inputs)
        program = compile_graph(graph, [v.type for v in graph.inputs], target)
        kernels += program.kernels
    done = subprocess.run(
        [sys.executable, "-c", ASSEMBLE, triple, cpu, features, fused, start.hex()],
        input="\n\n".join(str(k).strip() for k in kernels), text=True, capture_output=True,
        check=False, env=dict(os.environ),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == len(kernels)
