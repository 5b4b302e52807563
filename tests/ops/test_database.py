"""Every check that the database of operations allows, for each public operation."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from database import load
from database.record import TOLERANCE, Case, Operation, Ragged, Sparse, Variable

import freshet as ft
from freshet.core.composite import CompositeTensor
from freshet.core.shapes import TensorType
from freshet.core.tensor import Tensor
from freshet.graph import text
from freshet.graph.interpret import interpret

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


# --- between the database's values and Freshet's --------------------------------------------------


def function_of(operation: Operation) -> Callable[..., Any]:
    found: Any = ft
    for part in operation.name.split("."):
        found = getattr(found, part)
    return found


def given(value: Any) -> Any:
    """Return what a call gets for a value of the database."""
    if isinstance(value, np.ndarray):
        return ft.constant(value)
    if isinstance(value, Ragged):
        return ft.RaggedTensor.from_nested_row_splits(ft.constant(value.values), value.splits)
    if isinstance(value, Sparse):
        return ft.SparseTensor(value.indices, ft.constant(value.values), value.shape)
    if isinstance(value, Variable):
        return ft.Variable(value.value)
    return _over(given, value)


def plain(value: Any) -> Any:
    """Return a result as the database's references give it."""
    if isinstance(value, (Tensor, ft.Variable)):
        return np.asarray(value.numpy())
    if isinstance(value, CompositeTensor) and hasattr(value, "nested_row_splits"):
        splits = tuple(np.asarray(s.numpy()) for s in value.nested_row_splits)
        return Ragged(np.asarray(value.flat_values.numpy()), splits)
    if isinstance(value, CompositeTensor) and hasattr(value, "dense_shape"):
        shape = tuple(int(n) for n in value.dense_shape.numpy())
        return Sparse(value.indices.numpy(), value.values.numpy(), shape)
    if isinstance(value, ft.DType):
        return value.name
    if isinstance(value, ft.TensorShape):
        return tuple(value)
    return _over(plain, value)


def _over(function: Callable[[Any], Any], value: Any) -> Any:
    if isinstance(value, dict):
        return {k: function(v) for k, v in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return tuple(function(v) for v in value)
    if isinstance(value, (list, tuple)):
        return type(value)(function(v) for v in value)
    return value


def assert_equal(actual: Any, expected: Any, operation: Operation, what: str) -> None:
    """Raise unless a result is what it should be: structure, dtypes, shapes and values."""
    if isinstance(expected, (Ragged, Sparse)):
        assert isinstance(actual, type(expected)), f"{what}: {actual!r} is of another kind"
        for field in expected.__dataclass_fields__:
            pair = getattr(actual, field), getattr(expected, field)
            assert_equal(*pair, operation, f"{what}.{field}")
    elif isinstance(expected, (list, tuple)) and not isinstance(actual, np.ndarray):
        assert len(actual) == len(expected), f"{what}: {len(actual)} results"
        for i, pair in enumerate(zip(actual, expected, strict=True)):
            assert_equal(*pair, operation, f"{what}[{i}]")
    elif isinstance(expected, dict):
        assert actual.keys() == expected.keys(), what
        for key, value in expected.items():
            assert_equal(actual[key], value, operation, f"{what}[{key!r}]")
    elif isinstance(actual, np.ndarray):
        _assert_close(actual, np.asarray(expected), operation, what)
    else:
        assert actual == expected, f"{what}: {actual!r} instead of {expected!r}"


def _assert_close(x: np.ndarray, y: np.ndarray, operation: Operation, what: str) -> None:
    assert x.shape == y.shape, f"{what}: shape {x.shape} instead of {y.shape}"
    assert x.dtype == y.dtype, f"{what}: dtype {x.dtype} instead of {y.dtype}"
    name = x.dtype.name
    if name not in TOLERANCE:
        wrong = np.flatnonzero(np.atleast_1d(x != y))
        assert not wrong.size, f"{what}: {x.tolist()} instead of {y.tolist()}"
        return
    relative = operation.tolerance.get(name, TOLERANCE[name])
    wide = np.complex128 if x.dtype.kind == "c" else np.float64
    scale = max(relative / TOLERANCE["float32"], 1e-6)
    np.testing.assert_allclose(
        x.astype(wide), y.astype(wide), rtol=relative, atol=operation.absolute * min(scale, 1),
        err_msg=what,
    )  # fmt: skip


# --- values ---------------------------------------------------------------------------------------


def call(operation: Operation, c: Case) -> Any:
    args, kwargs = given(list(c.args)), given(dict(c.kwargs))
    return plain(function_of(operation)(*args, **kwargs))


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


def traceable(operation: Operation, c: Case) -> tuple[Any, list[Any]]:
    """Return a case as a traced function of its tensors, and these."""
    tensors: list[Any] = []

    def take(value: Any) -> Any:
        if isinstance(value, (np.ndarray, Ragged, Sparse)):
            tensors.append(given(value))
            return _Hole(len(tensors) - 1)
        return given(value) if isinstance(value, Variable) else _over(take, value)

    args, kwargs = take(list(c.args)), take(dict(c.kwargs))
    function = function_of(operation)

    @ft.function
    def traced(*values: Any) -> Any:
        def fill(value: Any) -> Any:
            return values[value.number] if isinstance(value, _Hole) else _over(fill, value)

        return function(*fill(args), **fill(kwargs))

    return traced, tensors


class _Hole:
    """Stands for a tensor in the arguments of a call."""

    def __init__(self, number: int) -> None:
        self.number = number


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
    return _over(_types, value)


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
        again = text.parse(printed)
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
                return _Hole(len(self.arrays) - 1)
            return value if isinstance(value, _Hole) else _over(take, value)

        self.args, self.kwargs = take(list(c.args)), take(dict(c.kwargs))
        assert self.arrays, "the gradient is checked in float64: give float64 arrays"
        rng = np.random.default_rng(7)
        self.weights = [_random(rng, y.numpy()) for y in self.results(self.tensors())]
        assert self.weights, "no result is differentiable"

    def tensors(self, arrays: Sequence[np.ndarray] | None = None) -> list[Tensor]:
        return [ft.constant(a) for a in (arrays or self.arrays)]

    def results(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        def fill(value: Any) -> Any:
            if isinstance(value, _Hole):
                return tensors[value.number]
            return _over(fill, value) if isinstance(value, (list, tuple, dict)) else given(value)

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
        return _over(take, value)

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
