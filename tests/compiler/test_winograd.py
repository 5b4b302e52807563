"""Convolutions by tiles: the matrices, the results and how far they are rounded, memory, bits."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

import freshet as ft
from freshet.compiler import kernel_text
from freshet.compiler.calls import Place
from freshet.compiler.pipeline import compile_graph
from freshet.compiler.program import KernelCall, Program
from freshet.compiler.target import host
from freshet.compiler.winograd import choose
from freshet.compiler.winograd.matrices import POINTS, transforms
from freshet.core.config import config
from freshet.graph.ir import Graph
from freshet.runtime import lowering
from freshet.runtime.execute import executable_of
from freshet.testing.primitives import trace

SIZES = [(n - taps + 1, taps) for n in POINTS for taps in range(2, 6)]


@pytest.fixture
def direct() -> Iterator[Callable[[], None]]:
    """Return what switches Winograd's tiles off until the test's end."""

    def switch() -> None:
        config.winograd = False

    before = config.winograd
    yield switch
    config.winograd = before


def kernels(function: Callable[..., object], *inputs: np.ndarray) -> list[KernelCall]:
    graph = trace("program", function, inputs)
    program = compile_graph(graph, [v.type for v in graph.inputs], host())
    return [c for c in program.calls if isinstance(c, KernelCall)]


def by_tiles(function: Callable[..., object], *inputs: np.ndarray) -> bool:
    return any(call.kernel.name == "convolution_products" for call in kernels(function, *inputs))


# --- matrices -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("outputs", "taps"), SIZES)
def test_the_matrices_give_a_convolution(outputs: int, taps: int) -> None:
    numbers = np.random.default_rng(outputs)
    d, g = numbers.normal(size=outputs + taps - 1), numbers.normal(size=taps)
    made = transforms(outputs, taps)
    products = (np.array(made.filter) @ g) * (np.array(made.data) @ d)
    expected = [d[i : i + taps] @ g for i in range(outputs)]
    np.testing.assert_allclose(np.array(made.sums) @ products, expected, rtol=1e-13, atol=1e-13)


# --- results --------------------------------------------------------------------------------------


def layer(padding: str, strides: int = 1) -> Callable[..., ft.Tensor]:
    def convolve(x: ft.Tensor, w: ft.Tensor) -> ft.Tensor:
        if x.shape.rank == 3:
            return ft.nn.conv1d(x, w, strides, padding)
        return ft.nn.conv2d(x, w, strides, padding)

    return convolve


def all_of(padding: str) -> Callable[..., list[ft.Tensor]]:
    """Return a function for a convolution and both its gradients."""

    def function(x: ft.Tensor, w: ft.Tensor, dy: ft.Tensor) -> list[ft.Tensor]:
        with ft.GradientTape() as tape:
            tape.watch([x, w])
            y = layer(padding)(x, w)
            total = ft.reduce_sum(y * dy)
        return [y, *tape.gradient(total, [x, w])]

    return function


def exact(x: np.ndarray, w: np.ndarray, dy: np.ndarray, padding: str) -> list[np.ndarray]:
    """Return the same in float64, by NumPy."""
    dims = x.ndim - 2
    taps = w.shape[:dims]
    before = [(r - 1) // 2 if padding == "SAME" else 0 for r in taps]
    edges = [
        (b, r - 1 - b) if padding == "SAME" else (0, 0) for b, r in zip(before, taps, strict=True)
    ]
    padded = np.pad(x.astype(np.float64), [(0, 0), *edges, (0, 0)])
    y, dx, dw = np.zeros(dy.shape), np.zeros(padded.shape), np.zeros(w.shape)
    for tap in itertools.product(*map(range, taps)):
        window = (slice(None), *(slice(k, k + n) for k, n in zip(tap, dy.shape[1:-1], strict=True)))
        y += padded[window] @ w[tap].astype(np.float64)
        dx[window] += dy @ w[tap].T.astype(np.float64)
        flat = padded[window].reshape(-1, x.shape[-1])
        dw[tap] = flat.T @ dy.reshape(-1, dy.shape[-1]).astype(np.float64)
    inner = (slice(None), *(slice(b, b + n) for b, n in zip(before, x.shape[1:-1], strict=True)))
    return [y, dx[inner], dw]


def inputs(x: tuple[int, ...], w: tuple[int, ...], padding: str) -> list[np.ndarray]:
    numbers = np.random.default_rng(0)
    dims = len(x) - 2
    less = [r - 1 if padding == "VALID" else 0 for r in w[:dims]]
    dy = (x[0], *(n - k for n, k in zip(x[1:-1], less, strict=True)), w[-1])
    return [numbers.normal(size=s).astype(np.float32) for s in (x, w, dy)]


CASES = [
    ((16, 16, 16, 32), (3, 3, 32, 32), "SAME"),
    ((16, 15, 13, 24), (3, 3, 24, 40), "SAME"),
    ((6, 17, 14, 32), (5, 5, 32, 64), "VALID"),
    ((5, 14, 14, 64), (4, 4, 64, 48), "SAME"),
    ((3, 21, 19, 48), (3, 5, 48, 33), "VALID"),
    ((64, 32, 32, 16), (3, 3, 16, 16), "SAME"),  # in rounds
    ((36, 14, 14, 32), (5, 5, 32, 64), "SAME"),  # in rounds, shared out
    ((63, 14, 14, 32), (5, 5, 32, 64), "SAME"),  # of an odd number of images
    ((16, 7, 7, 128), (5, 5, 128, 256), "SAME"),  # a filter that no cache holds
    ((32, 57, 128), (3, 128, 96), "SAME"),
    ((32, 41, 128), (5, 128, 64), "VALID"),
    ((200, 61, 64), (4, 64, 64), "SAME"),
]


@pytest.mark.parametrize(("x", "w", "padding"), CASES)
def test_convolutions_and_their_gradients(
    x: tuple[int, ...], w: tuple[int, ...], padding: str
) -> None:
    arrays = inputs(x, w, padding)
    function = all_of(padding)
    products = {
        id(call.kernel)
        for call in kernels(function, *arrays)
        if call.kernel.name == "convolution_products"
    }
    assert len(products) == 3
    found = ft.function(function)(*map(ft.constant, arrays))
    for actual, expected in zip(found, exact(*arrays, padding), strict=True):
        np.testing.assert_allclose(actual.numpy(), expected, rtol=0, atol=2e-4 * expected.std())


@pytest.mark.parametrize(
    ("taps", "mean", "largest"), [(3, 9e-7, 2e-5), (4, 2.4e-6, 6e-5), (5, 2.4e-6, 6e-5)]
)
def test_rounding_is_as_documented(taps: int, mean: float, largest: float) -> None:
    numbers = np.random.default_rng(1)
    x = numbers.normal(size=(4, 28, 28, 64)).astype(np.float32)
    w = numbers.normal(size=(taps, taps, 64, 16)).astype(np.float32)
    dy = np.zeros((4, 28, 28, 16), np.float32)
    assert by_tiles(layer("SAME"), x, w)
    expected = exact(x, w, dy, "SAME")[0]
    errors = np.abs(ft.function(layer("SAME"))(x, w).numpy() - expected) / expected.std()
    assert errors.mean() < mean
    assert errors.max() < largest


def test_what_is_done_with_the_sums_is_done_once_for_each() -> None:
    """Tiles reach beyond the last output; what is added there must not be read or written."""
    x, w, _ = inputs((16, 15, 13, 32), (3, 3, 32, 32), "SAME")
    bias = np.linspace(-1, 1, 32, dtype=np.float32)

    def block(x: ft.Tensor, w: ft.Tensor, bias: ft.Tensor) -> list[ft.Tensor]:
        y = ft.nn.conv2d(x, w, 1, "SAME") + bias
        row = ft.reshape(ft.range(15, dtype=ft.float32), (1, 15, 1, 1))
        return [ft.nn.relu(y) + x * row, y]

    assert by_tiles(block, x, w, bias)
    found, between = ft.function(block)(x, w, bias)
    y = exact(x, w, np.zeros_like(x), "SAME")[0] + bias
    expected = np.maximum(y, 0) + x * np.arange(15.0).reshape(1, 15, 1, 1)
    np.testing.assert_allclose(between, y, rtol=0, atol=1e-3)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3)


def test_memory_is_kept_as_long_as_rounds_need_it() -> None:
    """Values that die in one of the kernels are still read by it in the next round."""
    x, w, _ = inputs((64, 32, 32, 16), (3, 3, 16, 16), "SAME")

    def network(x: ft.Tensor, w: ft.Tensor) -> ft.Tensor:
        for _ in range(4):
            # The sum is of what the convolution reads and nobody else needs.
            x = ft.nn.relu(ft.nn.conv2d(x, w, 1, "SAME")) * 0.2 + ft.sin(x)
            x = x - ft.reduce_mean(x, axis=(1, 2), keepdims=True)
        return x

    calls = kernels(network, x, w)
    assert any(call.kernel.rounds for call in calls)
    expected = x.astype(np.float64)
    for _ in range(4):
        y = exact(expected, w, np.zeros_like(x), "SAME")[0]
        expected = np.maximum(y, 0) * 0.2 + np.sin(expected)
        expected = expected - expected.mean((1, 2), keepdims=True)
    np.testing.assert_allclose(ft.function(network)(x, w), expected, rtol=0, atol=2e-3)


def test_variables_are_updated_in_the_last_kernel() -> None:
    x, w, dy = inputs((64, 16, 16, 32), (3, 3, 32, 32), "SAME")
    variable, moment = ft.Variable(w), ft.Variable(np.ones_like(w))

    @ft.function
    def step(x: ft.Tensor, dy: ft.Tensor) -> None:
        with ft.GradientTape() as tape:
            total = ft.reduce_sum(ft.nn.conv2d(x, variable, 1, "SAME") * dy)
        gradient = tape.gradient(total, variable)
        moment.assign(0.9 * moment + gradient)
        variable.assign_sub(0.01 * moment)

    expected, kept = w.astype(np.float64), np.ones(w.shape)
    gradient = exact(x, w, dy, "SAME")[2]
    for _ in range(3):  # the gradient of a linear function is the same each time
        step(x, dy)
        kept = 0.9 * kept + gradient
        expected = expected - 0.01 * kept
    np.testing.assert_allclose(variable, expected, rtol=0, atol=2e-3)


def test_a_variable_that_is_read_in_rounds_and_changed_before_them() -> None:
    x, w, _ = inputs((64, 32, 32, 16), (3, 3, 16, 16), "SAME")
    image = ft.Variable(x)

    @ft.function
    def step(w: ft.Tensor, dy: ft.Tensor) -> list[ft.Tensor]:
        old = image.read_value()
        image.assign(ft.ones_like(image))
        with ft.GradientTape() as tape:
            tape.watch(w)
            y = ft.nn.conv2d(old, w, 1, "SAME")
        return [y, tape.gradient(y, w, dy)]

    found = step(w, x)
    y, _, dw = exact(x, w, x, "SAME")
    np.testing.assert_allclose(found[0], y, rtol=0, atol=2e-4 * y.std())
    np.testing.assert_allclose(found[1], dw, rtol=0, atol=2e-4 * dw.std())
    np.testing.assert_array_equal(image, np.ones_like(x))


def test_in_loops_and_branches() -> None:
    x, w, _ = inputs((32, 16, 16, 32), (3, 3, 32, 32), "SAME")
    small = w / 100

    @ft.function
    def network(x: ft.Tensor, w: ft.Tensor, steps: ft.Tensor) -> ft.Tensor:
        for number in ft.range(steps):
            if number % 2 == 0:
                x = x + ft.nn.conv2d(x, w, 1, "SAME")
            else:
                x = x - ft.nn.conv2d(x, w, 1, "SAME")
        return x

    expected = x.astype(np.float64)
    for number in range(5):
        y = exact(expected, small, np.zeros_like(x), "SAME")[0]
        expected = expected + y * (-1) ** number
    np.testing.assert_allclose(network(x, small, 5), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize(("x", "w", "padding"), CASES[4:9])
def test_bits_do_not_depend_on_threads(
    x: tuple[int, ...], w: tuple[int, ...], padding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = list(map(ft.constant, inputs(x, w, padding)))
    found = []
    for threads in (1, 2, 3, 5):
        monkeypatch.setattr(config, "num_threads", threads)
        found.append([t.numpy().tobytes() for t in ft.function(all_of(padding))(*arrays)])
    assert found[1:] == found[:1] * 3


# --- where not ------------------------------------------------------------------------------------


def test_float64_is_never_concerned() -> None:
    arrays = [a.astype(np.float64) for a in inputs(*CASES[0])]
    assert not by_tiles(all_of("SAME"), *arrays)


@pytest.mark.parametrize(
    ("x", "w"),
    [
        ((4, 600, 600, 1), (3, 3, 1, 1)),
        ((1, 2048, 2048, 1), (5, 5, 1, 1)),
        ((64, 300, 1), (3, 1, 96)),
        ((64, 300, 96), (3, 96, 1)),
        ((1, 64, 64, 16), (3, 3, 16, 80)),
        ((1, 700, 96), (5, 96, 96)),
    ],
)
def test_axes_of_size_one(x: tuple[int, ...], w: tuple[int, ...]) -> None:
    arrays = inputs(x, w, "SAME")
    found = ft.function(all_of("SAME"))(*map(ft.constant, arrays))
    for actual, expected in zip(found, exact(*arrays, "SAME"), strict=True):
        np.testing.assert_allclose(actual.numpy(), expected, rtol=2e-4, atol=2e-4 * expected.std())


def test_few_channels_are_summed_directly() -> None:
    x, w, _ = inputs((32, 28, 28, 1), (5, 5, 1, 32), "SAME")
    assert not by_tiles(layer("SAME"), x, w)


def test_channels_before_positions() -> None:
    x, w, dy = inputs((4, 16, 16, 32), (3, 3, 32, 40), "SAME")

    def first(x: ft.Tensor, w: ft.Tensor) -> ft.Tensor:
        return ft.nn.conv2d(x, w, 1, "SAME", data_format="NCHW")

    turned = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    found = ft.function(first)(turned, w).numpy().transpose(0, 2, 3, 1)
    expected = exact(x, w, dy, "SAME")[0]
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-4 * expected.std())


def test_strides_are_summed_directly() -> None:
    x, w, _ = inputs(*CASES[0])
    assert not by_tiles(layer("SAME", strides=2), x, w)


def test_switched_off(direct: Callable[[], None]) -> None:
    arrays = inputs(*CASES[0])
    fast = ft.function(all_of("SAME"))(*arrays)
    direct()
    assert not by_tiles(all_of("SAME"), *arrays)
    slow = ft.function(all_of("SAME"))(*arrays)
    expected = exact(*arrays, "SAME")
    for less, more, best in zip(slow, fast, expected, strict=True):
        assert 2 * np.abs(less - best).mean() < np.abs(more - best).mean()


def test_tensorflow_s_switch(direct: Callable[[], None]) -> None:
    del direct  # the setting is as before when the test ends
    x, w, _ = inputs(*CASES[0])
    assert ft.config.experimental.tensor_float_32_execution_enabled()
    ft.config.experimental.enable_tensor_float_32_execution(False)
    assert not ft.config.experimental.tensor_float_32_execution_enabled()
    assert not by_tiles(layer("SAME"), x, w)


def test_numbers_that_are_not_finite_stay_near() -> None:
    """All outputs of their tile have them, but none that is further away."""
    x, w, _ = inputs((2, 32, 32, 32), (3, 3, 32, 32), "SAME")
    x[1, 20, 9, 3] = np.nan
    assert by_tiles(layer("SAME"), x, w)
    missing = np.isnan(ft.function(layer("SAME"))(x, w).numpy())
    assert missing[1, 19:22, 8:11].all()
    assert not missing[0].any()
    assert not missing[1, :16].any()
    assert not missing[1, 25:].any()


# --- kernels --------------------------------------------------------------------------------------


def test_a_store_outside_of_its_buffer_writes_nothing() -> None:
    kernel = kernel_text.parse("""\
kernel beyond
  in in0: f32[8,40]
  out out0: f32[5,33]
  outer i0=4 i1=40
  stage
    %0: f32 = load in0[2*i0, i1]
    store out0[2*i0 - 1, i1] %0
    %1: f32 = load in0[2*i0 + 1, i1]
    store out0[2*i0, i1] %1
  schedule loops vector=i1 unroll=1 block=40
""")
    x = np.random.default_rng(0).normal(size=(8, 40)).astype(np.float32)
    types = [b.type for b in kernel.buffers]
    call = KernelCall(kernel, (Place("input", 0), Place("output", 0)))
    graph = Graph("beyond", (), (), ())
    program = Program("beyond", (call,), tuple(types[:1]), tuple(types[1:]), (), 0, (), graph)
    (found,) = executable_of(program).run([x], ())
    np.testing.assert_array_equal(found, x[1:6, :33])


# --- shapes of all kinds --------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(24))
def test_any_shape(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles where they would not pay, in caches of all sizes: rounds of all kinds."""
    numbers = np.random.default_rng(seed)
    small = replace(host(), l2_bytes=int(numbers.choice([20_000, 60_000, 200_000, 2_000_000])))
    monkeypatch.setattr(choose, "_pays", lambda *_: True)
    monkeypatch.setattr(choose, "LEAST_WORK", 0)
    monkeypatch.setattr(lowering, "host", lambda: small)
    monkeypatch.setattr(config, "cache", None)
    taps = tuple(numbers.integers(2, 7, numbers.integers(1, 3)).tolist())
    sides = (int(numbers.integers(t, 22)) for t in taps)
    images, channels, outputs = numbers.integers([1, 1, 1], [13, 40, 40]).tolist()
    padding = str(numbers.choice(["SAME", "VALID"]))
    arrays = inputs((images, *sides, channels), (*taps, channels, outputs), padding)
    found = ft.function(all_of(padding))(*map(ft.constant, arrays))
    for actual, expected in zip(found, exact(*arrays, padding), strict=True):
        largest = np.abs(expected).max()
        np.testing.assert_allclose(actual.numpy(), expected, rtol=0, atol=3e-4 * largest)
