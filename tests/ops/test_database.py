"""Every check that the database of operations allows, for each public operation."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from database import load
from database.compare import assert_equal
from database.record import Case, Operation, Ragged, Sparse, over
from with_freshet import Hole, call, function_of, given, plain, traceable

import freshet as ft
from freshet.core.composite import CompositeTensor
from freshet.core.shapes import TensorType
from freshet.core.tensor import Tensor
from freshet.graph.interpret import interpret
from freshet.graph.parsing import parse

OPERATIONS = load()
DIFFERENTIABLE = {name: op for name, op in OPERATIONS.items() if op.gradient}
TRACED = {name: op for name, op in OPERATIONS.items() if op.traced}
STEP = 1e-6
"""Distance of the finite differences, in float64."""

each = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
each_traced = pytest.mark.parametrize("operation", TRACED.values(), ids=TRACED)
each_differentiable = pytest.mark.parametrize(
    "operation", DIFFERENTIABLE.values(), ids=DIFFERENTIABLE
)


# --- values ---------------------------------------------------------------------------------------


def expected(operation: Operation, c: Case) -> Any:
    assert operation.reference is not None
    with np.errstate(all="ignore"):
        return operation.reference(*c.args, **c.kwargs)


@each
def test_it_means_what_its_reference_says(operation: Operation) -> None:
    assert operation.cases or operation.errors
    for c in operation.cases:
        actual = call(operation, c)
        if operation.reference is not None:
            assert_equal(actual, expected(operation, c), operation, f"{operation.name}({c})")


def check_traced(
    operation: Operation, specs_of: Callable[[Sequence[Any]], Sequence[Any]] | None
) -> None:
    for c in operation.cases:
        traced, tensors = traceable(operation, c)
        if specs_of is not None:
            concrete = traced.get_concrete_function(*specs_of(tensors))
            flat = ft.nest.flatten(tensors, expand_composites=True)
            actual = plain(concrete(*flat))
        else:
            actual = plain(traced(*tensors))
        what = f"{operation.name}({c}) compiled"
        if operation.reference is not None:
            assert_equal(actual, expected(operation, c), operation, what)
        else:
            assert _types(actual) == _types(call(operation, c)), what


def _types(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.dtype, value.shape
    return over(_types, value)


@each_traced
def test_it_means_the_same_compiled(operation: Operation) -> None:
    check_traced(operation, None)


@pytest.mark.parametrize(
    "operation",
    [op for op in TRACED.values() if op.unknown_shapes],
    ids=[n for n, op in TRACED.items() if op.unknown_shapes],
)
def test_it_is_traced_without_knowing_sizes(operation: Operation) -> None:
    check_traced(operation, lambda tensors: [_open(t) for t in tensors])


def _open(tensor: Any) -> Any:
    """Return a tensor's spec with every size left open; of a composite, its components'."""
    if isinstance(tensor, CompositeTensor):
        return tensor  # its sizes are data already
    return ft.TensorSpec([None] * len(tensor.shape), tensor.dtype)


@each_traced
def test_its_graph_prints_and_parses(operation: Operation) -> None:
    for c in operation.cases[:4]:
        traced, tensors = traceable(operation, c)
        concrete = traced.get_concrete_function(*tensors)
        printed = re.sub(r"  # .*", "", str(concrete.graph))
        again = parse(printed)
        assert str(again) == printed
        if operation.reference is None or concrete.variables:
            continue
        flat = ft.nest.flatten(tensors, expand_composites=True)
        arrays = [t._value for t in flat]
        for x, y in zip(interpret(again, arrays), interpret(concrete.graph, arrays), strict=True):
            np.testing.assert_array_equal(x, y)


# --- gradients ------------------------------------------------------------------------------------


class Weighted:
    """A case as one real number: the weighted sum of its differentiable results.

    Of complex results, the real part of the sum of ``conj(weight) * result``.
    """

    def __init__(self, operation: Operation, c: Case) -> None:
        self.function = function_of(operation)
        self.name = f"{operation.name}({c})"
        self.arrays: list[np.ndarray] = []

        def take(value: Any) -> Any:
            if isinstance(value, np.ndarray) and value.dtype.name in {"float64", "complex128"}:
                self.arrays.append(value)
                return Hole(len(self.arrays) - 1)
            if isinstance(value, (Ragged, Sparse)) and value.values.dtype.name == "float64":
                self.arrays.append(value.values)
                return replace(value, values=Hole(len(self.arrays) - 1))
            return value if isinstance(value, Hole) else over(take, value)

        self.args, self.kwargs = take(list(c.args)), take(dict(c.kwargs))
        assert self.arrays, "the gradient is checked in float64: give float64 arrays"
        rng = np.random.default_rng(7)
        self.weights = [_random(rng, y.numpy()) for y in self.results(self.tensors())]
        assert self.weights, "no result is differentiable"

    def tensors(self, arrays: Sequence[np.ndarray] | None = None) -> list[Tensor]:
        return [ft.constant(a) for a in (arrays or self.arrays)]

    def results(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        def fill(value: Any) -> Any:
            if isinstance(value, Hole):
                return tensors[value.number]
            if isinstance(value, (Ragged, Sparse)) and isinstance(value.values, Hole):
                return given(replace(value, values=tensors[value.values.number]))
            return over(fill, value) if isinstance(value, (list, tuple, dict)) else given(value)

        found = self.function(*fill(self.args), **fill(self.kwargs))
        leaves = ft.nest.flatten(found, expand_composites=True)
        return [t for t in leaves if isinstance(t, Tensor) and t.dtype.is_differentiable]

    def value(self, arrays: Sequence[np.ndarray]) -> float:
        pairs = zip(self.weights, self.results(self.tensors(arrays)), strict=True)
        return float(sum(np.real(np.sum(np.conj(w) * y.numpy())) for w, y in pairs))

    def gradients(self, tensors: Sequence[Tensor], weights: Sequence[Tensor]) -> list[Tensor]:
        with ft.GradientTape() as tape:
            tape.watch(tensors)
            results = self.results(tensors)
        found = tape.gradient(
            results, list(tensors), list(weights), unconnected_gradients="zero"
        )  # fmt: skip
        return [ft.convert_to_tensor(g) for g in found]

    def moved(self, along: Sequence[np.ndarray], by: float) -> list[np.ndarray]:
        return [a + by * v for a, v in zip(self.arrays, along, strict=True)]


def _random(rng: np.random.Generator, like: np.ndarray) -> np.ndarray:
    found = rng.uniform(0.5, 1.5, like.shape)
    if like.dtype.kind == "c":
        found = found + 1j * rng.uniform(0.5, 1.5, like.shape)
    return np.asarray(found).astype(like.dtype)


def inner(xs: Sequence[Any], ys: Sequence[Any]) -> float:
    """Return the real inner product."""
    return float(sum(np.real(np.sum(np.conj(x) * y)) for x, y in zip(xs, ys, strict=True)))


def weighted_cases(operation: Operation) -> Iterator[Weighted]:
    for c in operation.gradient:
        yield Weighted(operation, c)


@each_differentiable
def test_its_gradient_is_the_limit_of_differences(operation: Operation) -> None:
    for w in weighted_cases(operation):
        grads = [g.numpy() for g in w.gradients(w.tensors(), w.tensors(w.weights))]
        rng = np.random.default_rng(11)
        for _ in range(4):
            along = [_random(rng, a) * rng.choice([-1, 1], a.shape) for a in w.arrays]
            slope = (w.value(w.moved(along, STEP)) - w.value(w.moved(along, -STEP))) / (2 * STEP)
            actual = inner(grads, along)
            scale = 1 + sum(float(np.sum(np.abs(g * v))) for g, v in zip(grads, along, strict=True))
            assert abs(actual - slope) <= 2e-6 * scale, f"{w.name}: {actual}, not {slope}"


@each_differentiable
def test_its_gradient_means_the_same_compiled(operation: Operation) -> None:
    if not operation.traced:
        return
    for w in weighted_cases(operation):
        count = len(w.arrays)

        @ft.function
        def traced(*values: Tensor, w: Weighted = w, count: int = count) -> list[Tensor]:
            return w.gradients(values[:count], values[count:])

        eager = w.gradients(w.tensors(), w.tensors(w.weights))
        for x, y in zip(traced(*w.tensors(), *w.tensors(w.weights)), eager, strict=True):
            scale = max(float(np.max(np.abs(y.numpy()), initial=0.0)), 1.0)
            np.testing.assert_allclose(x.numpy(), y.numpy(), atol=1e-10 * scale, err_msg=w.name)


@pytest.mark.parametrize(
    "operation",
    [op for op in DIFFERENTIABLE.values() if op.second],
    ids=[n for n, op in DIFFERENTIABLE.items() if op.second],
)
def test_its_second_gradient_is_the_limit_of_differences(operation: Operation) -> None:
    for w in weighted_cases(operation):
        rng = np.random.default_rng(13)
        along = [_random(rng, a) for a in w.arrays]
        tensors, weights = w.tensors(), w.tensors(w.weights)
        with ft.GradientTape() as tape:
            tape.watch(tensors)
            first = w.gradients(tensors, weights)
        second = tape.gradient(
            first, tensors, [ft.constant(v) for v in along], unconnected_gradients="zero"
        )
        toward = [_random(rng, a) for a in w.arrays]

        def slope(by: float, w: Weighted = w, along: Any = along, toward: Any = toward) -> float:
            found = w.gradients(w.tensors(w.moved(toward, by)), w.tensors(w.weights))
            return inner(along, [g.numpy() for g in found])

        limit = (slope(STEP) - slope(-STEP)) / (2 * STEP)
        actual = inner([g.numpy() for g in second], toward)
        scale = 1 + sum(float(np.sum(np.abs(g.numpy()))) for g in second)
        assert abs(actual - limit) <= 2e-5 * scale, f"{w.name}: {actual}, not {limit}"


@each_differentiable
def test_forward_and_reverse_agree(operation: Operation) -> None:
    for w in weighted_cases(operation):
        rng = np.random.default_rng(17)
        along = [_random(rng, a) for a in w.arrays]
        tensors = w.tensors()
        tangents = [ft.constant(v) for v in along]
        with ft.autodiff.ForwardAccumulator(tensors, tangents) as accumulator:
            results = w.results(tensors)
        pushed = accumulator.jvp(results, unconnected_gradients="zero")
        pulled = w.gradients(w.tensors(), w.tensors(w.weights))
        forward = inner(w.weights, [t.numpy() for t in pushed])
        reverse = inner([g.numpy() for g in pulled], along)
        assert abs(forward - reverse) <= 1e-9 * (1 + abs(reverse)), w.name


@each
def test_a_gradient_is_checked_or_excused(operation: Operation) -> None:
    kinds = {a.dtype.kind for c in operation.cases for a in _arrays(c)}
    if kinds & {"f", "c"} and operation.reference is not None:
        assert bool(operation.gradient) != bool(operation.no_gradient)


def _arrays(c: Case) -> list[np.ndarray]:
    found: list[np.ndarray] = []

    def take(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            found.append(value)
        elif isinstance(value, (Ragged, Sparse)):
            found.append(value.values)
        return over(take, value)

    take([list(c.args), dict(c.kwargs)])
    return found


# --- errors ---------------------------------------------------------------------------------------


def _user_call() -> Callable[..., Any]:
    source = "def call(function, args, kwargs):\n    return function(*args, **kwargs)\n"
    names: dict[str, Any] = {}
    exec(compile(source, "user_program.py", "exec"), names)
    return names["call"]


@each
def test_it_refuses_what_it_does_not_take(operation: Operation) -> None:
    run = _user_call()
    for failure in operation.errors:
        c = failure.case
        what = f"{operation.name}({c})"
        with pytest.raises(Exception) as caught:  # noqa: PT011 (any class: it is looked at below)
            run(function_of(operation), given(list(c.args)), given(dict(c.kwargs)))
        names = {kind.__name__ for kind in type(caught.value).__mro__}
        assert failure.exception in names, f"{what}: {caught.value!r}"
        assert re.search(failure.message, str(caught.value)), f"{what}: {caught.value}"
        if isinstance(caught.value, ft.errors.OpError):
            assert "user_program.py:2" in str(caught.value), f"{what}: no line of the user's"
            assert len(caught.value.message) > 15, f"{what}: says too little"


# --- completeness ---------------------------------------------------------------------------------

SPACES = (
    "", "audio", "bitwise", "debugging", "dtypes", "image", "io", "linalg", "lookup", "math",
    "math.special", "nn", "nn.experimental", "ragged", "random", "random.experimental", "sets",
    "signal", "sparse", "strings",
)  # fmt: skip
ELSEWHERE = {
    "tests/core/test_scopes.py": ["timestamp"],
    "tests/core/test_shapes.py": ["broadcast_static_shape"],
    "tests/ops/ragged/as_tensorflow.txt": ["map_flat_values"],
    "tests/ops/sparse/test_sparse_tensor.py": ["mask", "cross_hashed"],
    "tests/ops/test_assertions.py": [
        "disable_check_numerics", "enable_check_numerics", "group", "is_symbolic_tensor", "no_op",
        "tuple", "type_spec_from_value",
    ],
    "tests/ops/test_example_parsing.py": [
        "parse_example", "parse_sequence_example", "parse_single_example",
        "parse_single_sequence_example",
    ],
    "tests/ops/test_file_operations.py": ["matching_files", "read_file", "write_file"],
    "tests/ops/test_framing.py": ["inverse_stft_window_fn"],
    "tests/ops/test_pooling.py": ["general_dropout", "with_space_to_batch"],
    "tests/ops/test_printing.py": ["print"],
    "tests/ops/test_python_calls.py": ["numpy_function", "py_function"],
    "tests/ops/test_random_distributions.py": [
        "create_rng_state", "get_global_generator", "set_global_generator", "set_seed",
    ],
    "tests/ops/test_static.py": ["get_static_value"],
}  # fmt: skip
"""Files whose tests know more than the database could: state, files, Python functions."""


def public_operations() -> dict[int, str]:
    """Return the public names of functions that room ``ops`` defines, by identity."""
    found: dict[int, str] = {}
    for space in SPACES:
        module: Any = ft
        for part in filter(None, space.split(".")):
            module = getattr(module, part)
        for name in dir(module):
            item = getattr(module, name)
            ours = str(getattr(item, "__module__", "")).startswith("freshet.ops")
            if inspect.isfunction(item) and ours and not name.startswith("_"):
                found.setdefault(id(item), f"{space}.{name}".lstrip("."))
    return found


def test_every_public_operation_is_in_the_database() -> None:
    covered = {id(function_of(op)) for op in OPERATIONS.values()}
    excused = {name for names in ELSEWHERE.values() for name in names}
    missing = [
        name for key, name in public_operations().items()
        if key not in covered and name.rpartition(".")[2] not in excused
    ]  # fmt: skip
    assert missing == []
    assert len(covered) > 500


@pytest.mark.parametrize("file", ELSEWHERE)
def test_what_is_tested_elsewhere_is_tested_there(file: str) -> None:
    text_of_tests = (Path(__file__).parents[2] / file).read_text(encoding="utf-8")
    assert [name for name in ELSEWHERE[file] if name not in text_of_tests] == []


def test_the_checks_tell_right_from_wrong() -> None:
    kind = TensorType(ft.float32, (2,))
    assert str(kind) == "f32[2]"
    op = OPERATIONS[next(iter(OPERATIONS))]
    with pytest.raises(AssertionError):
        assert_equal(np.zeros(2, np.float32), np.ones(2, np.float32), op, "other values")
    with pytest.raises(AssertionError):
        assert_equal(np.zeros(2, np.float32), np.zeros(2, np.float64), op, "another dtype")
    with pytest.raises(AssertionError):
        assert_equal([np.zeros(2, np.float32)], [], op, "another length")
