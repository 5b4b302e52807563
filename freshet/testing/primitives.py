"""The conformance suite for primitives: whatever can be checked from samples alone.

A test file gives a table of samples and gets every check for each of them:

    class TestMyOperations(PrimitiveSuite):
        samples = {"softsign": [Sample(inputs=(x,), expected=lambda x: x / (1 + abs(x)), ulp=1)]}
        errors = {"softsign": [ErrorSample(inputs=(text,), message="softsign: .*", ...)]}

The checks are functions, too, for those who do not use pytest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, Final

import numpy as np

from freshet.compiler import kernel_text
from freshet.core import context
from freshet.core.config import config
from freshet.core.dtypes import of_array
from freshet.core.errors import OpError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.graph.interpret import interpret
from freshet.graph.ir import Graph
from freshet.graph.parsing import parse
from freshet.graph.tape import GradientTape
from freshet.graph.trace import GraphTracer
from freshet.ops import assertions, checks, nn, numerics
from freshet.ops.array import pad_p, reshape_p, reverse_p, slice_p, transpose_p
from freshet.ops.elementwise import add_p, bitwise_xor_p, multiply_p
from freshet.ops.nest import Branch, Host, Loop
from freshet.ops.primitive import PRIMITIVES, NoGradient, Primitive
from freshet.runtime.execute import NativeExecutor
from freshet.testing.compare import assert_agree, without_denormals
from freshet.testing.samples import ErrorSample, Sample

_ALL_REGISTERED: Final = (assertions, checks, nn, numerics)
"""Importing these defines every primitive."""
Body = Callable[..., Sequence[Tensor]]

STEP: Final = 1e-5
"""Distance of the finite differences: its square and float64's precision over it are both small."""
MANY_ELEMENTS: Final = 4096
"""From this size on, results on one, two and three threads are compared."""

# --- the pieces that checks are made of -----------------------------------------------------------


def trace(name: str, body: Body, inputs: Sequence[Array | TensorType]) -> Graph:
    """Return the graph of a function of tensors; an input that is an array is its type."""
    tracer = GraphTracer(name)
    with context.tracing(tracer), context.recording(()):
        types = [x if isinstance(x, TensorType) else _type(x) for x in inputs]
        outputs = body(*(tracer.argument(t, "x") for t in types))
        graph, _ = tracer.finish(list(outputs))
    return graph


def _type(array: Array) -> TensorType:
    return TensorType(of_array(array), array.shape)


def _tensors(arrays: Sequence[Array]) -> tuple[Tensor, ...]:
    return tuple(Tensor._of_array(a, of_array(a)) for a in arrays)


def apply(primitive: Primitive, arrays: Sequence[Array], params: Mapping[str, Any]) -> list[Array]:
    """Return the outputs in eager mode."""
    return [t._value for t in primitive.apply(_tensors(arrays), params)]


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Run programs on a number of threads within the block."""
    before = config.num_threads
    config.num_threads = count
    try:
        yield
    finally:
        config.num_threads = before


def _sample_graph(primitive: Primitive, sample: Sample) -> tuple[Graph, list[Array]]:
    """Return the graph of one call, and the arrays that are its inputs."""
    arrays = sample.arrays()
    varying = [i for i in range(len(arrays)) if i not in sample.constants]

    def body(*given: Tensor) -> Sequence[Tensor]:
        operands = list(_tensors(arrays))
        for number, tensor in zip(varying, given, strict=True):
            operands[number] = tensor
        return primitive.apply(tuple(operands), sample.params)

    inputs = [arrays[i] for i in varying]
    return trace(primitive.name, body, inputs), inputs


# --- checks: types and meaning --------------------------------------------------------------------


def check_type(primitive: Primitive, sample: Sample) -> None:
    """The type rule says what the reference returns."""
    arrays = sample.arrays()
    types = primitive.types(sample.types(), sample.params)
    with np.errstate(all="ignore"):
        found = primitive.reference(*arrays, **sample.params)
    results = found if isinstance(found, tuple) else (found,)
    assert len(types) == len(results), f"{len(types)} types for {len(results)} results"
    for kind, result in zip(types, results, strict=True):
        assert len(kind.shape) == np.ndim(result), f"{kind} for shape {np.shape(result)}"
        for size, real in zip(kind.shape, np.shape(result), strict=True):
            assert size in {None, real}, f"{kind} for shape {np.shape(result)}"
        # References of 16-bit floats compute in float32; they may return any dtype that is exact.
        wanted = kind.dtype.as_numpy_dtype
        given = np.asarray(result).dtype
        wide = kind.dtype.bits == 16 and given == np.float32
        assert given == wanted or wide, f"{kind} for an array of {given}"


def check_reference(primitive: Primitive, sample: Sample) -> None:
    """The reference agrees with the sample's independent function."""
    if sample.expected is None:
        return
    arrays = sample.arrays()
    actual = apply(primitive, arrays, sample.params)
    with np.errstate(all="ignore"):
        found = sample.expected(*arrays, **sample.params)
    expected = found if isinstance(found, tuple) else (found,)
    slack = sample.bound(sample.expected_slack)
    for x, y in zip(actual, expected, strict=True):
        assert_agree(
            x, np.asarray(y).astype(x.dtype), ulp=sample.expected_ulp, slack=slack,
            signed_zeros=sample.signed_zeros, what=f"{primitive.name} against its definition",
        )  # fmt: skip


def check_text(primitive: Primitive, sample: Sample) -> None:
    """The printed graph parses back, prints the same and means the same."""
    graph, inputs = _sample_graph(primitive, sample)
    printed = re.sub(r"  # .*", "", str(graph))  # without the lines of the program it came from
    again = parse(printed)
    assert str(again) == printed
    for x, y in zip(interpret(again, inputs), interpret(graph, inputs), strict=True):
        assert_agree(x, y, what=f"{primitive.name} after parsing")


# --- checks: compiled code ------------------------------------------------------------------------


def check_compiled(primitive: Primitive, sample: Sample) -> None:
    """Compiled code agrees with the reference; so it does for strided inputs."""
    graph, inputs = _sample_graph(primitive, sample)
    expected = apply(primitive, sample.arrays(), sample.params)
    run = NativeExecutor(graph)
    _agree(sample, run(inputs, ()), expected, f"{primitive.name} compiled")
    _agree(sample, run(list(map(_strided, inputs)), ()), expected, f"{primitive.name} strided")
    _check_kernels(run, inputs)
    if max([x.size for x in (*inputs, *expected)], default=0) >= MANY_ELEMENTS:
        _check_threads(run, inputs, primitive.name)


def _agree(sample: Sample, actual: Sequence[Array], expected: Sequence[Array], what: str) -> None:
    slack = sample.bound(sample.slack)
    for x, y in zip(actual, expected, strict=True):
        assert_agree(x, y, ulp=sample.ulp, slack=slack, signed_zeros=sample.signed_zeros, what=what)


def _strided(x: Array) -> Array:
    """Return the same elements with gaps between them."""
    if x.ndim == 0:
        return x
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
    gaps: Array = wide[..., ::2]
    gaps[...] = x
    return gaps


def _check_kernels(run: NativeExecutor, inputs: Sequence[Array]) -> None:
    """Every kernel prints, parses back and prints the same."""
    for kernel in run.executable(inputs, ()).program.kernels:
        printed = str(kernel)
        assert str(kernel_text.parse(printed)) == printed


def _check_threads(run: NativeExecutor, inputs: Sequence[Array], name: str) -> None:
    results = []
    for count in (1, 2, 3):
        with threads(count):
            results.append(run(inputs, ()))
    for other in results[1:]:
        for x, y in zip(other, results[0], strict=True):
            assert x.tobytes() == y.tobytes(), f"{name}: the number of threads changes the result"


# --- checks: inside a larger kernel ---------------------------------------------------------------


class Turned:
    """Feeds every array with its dimensions and elements in opposite order; undone in the graph."""

    def store(self, x: Array) -> Array:
        """Return the array as the graph is given it."""
        turned: Array = np.ascontiguousarray(np.flip(x).T).reshape(x.shape[::-1])
        return turned

    def restore(self, x: Tensor, kind: TensorType) -> Tensor:
        """Undo `store` in the graph."""
        perm = tuple(reversed(range(kind.rank)))
        return reverse_p(transpose_p(x, perm=perm), axes=tuple(range(kind.rank)))

    def send(self, x: Tensor) -> Tensor:
        """Do in the graph what `receive` undoes."""
        rank = len(x.shape)
        turned = reverse_p(x, axes=tuple(range(rank)))
        return transpose_p(turned, perm=tuple(reversed(range(rank))))

    def receive(self, x: Array) -> Array:
        """Return the result as it was before `send`."""
        return np.flip(x.T)


class Flat:
    """Feeds every array as a vector."""

    def store(self, x: Array) -> Array:
        """Return the array as the graph is given it."""
        return x.reshape(-1)

    def restore(self, x: Tensor, kind: TensorType) -> Tensor:
        """Undo `store` in the graph."""
        return reshape_p(x, shape=kind.static_shape)

    def send(self, x: Tensor) -> Tensor:
        """Do in the graph what `receive` undoes: a matrix of two equal rows."""
        flat = reshape_p(x, shape=(1, -1) if 0 not in x.shape else (1, 0))
        return pad_p(flat, paddings=((0, 1), (0, 0)), value=0)

    def receive(self, x: Array) -> Array:
        """Return the result as it was before `send`."""
        assert not np.any(x[1]), "padding is not zero"
        first: Array = x[0]
        return first


class Cut:
    """Feeds every array with a border of other numbers, and puts one around the result."""

    def store(self, x: Array) -> Array:
        """Return the array as the graph is given it."""
        return np.pad(x, [(2, 1)] * x.ndim, constant_values=1) if x.ndim else x

    def restore(self, x: Tensor, kind: TensorType) -> Tensor:
        """Undo `store` in the graph."""
        return slice_p(x, spec=((2, -1, None),) * kind.rank)

    def send(self, x: Tensor) -> Tensor:
        """Do in the graph what `receive` undoes."""
        return pad_p(x, paddings=((1, 2),) * len(x.shape), value=1)

    def receive(self, x: Array) -> Array:
        """Return the result as it was before `send`."""
        inside: Array = x[(slice(1, -2),) * x.ndim]
        border = x.size - inside.size
        ones = np.count_nonzero(x == 1) - np.count_nonzero(inside == 1)
        assert ones == border, "the padding is not what it should be"
        return inside


SURROUNDINGS: Final = (Turned(), Flat(), Cut())
Surrounding = Turned | Flat | Cut


def check_fused(primitive: Primitive, sample: Sample, around: Surrounding) -> None:
    """Between views and elementwise operations, which join its kernel, it computes the same."""
    arrays = [without_denormals(a) for a in sample.arrays()]
    types = sample.types()
    varying = [i for i in range(len(arrays)) if i not in sample.constants]
    neutral = _Neutral([a.dtype for a in (*arrays, *apply(primitive, arrays, sample.params))])

    def body(*given: Tensor) -> Sequence[Tensor]:
        neutral.begin(given[len(varying) :])
        operands = list(_tensors(arrays))
        for number, tensor in zip(varying, given, strict=False):
            operands[number] = neutral.change(around.restore(tensor, types[number]))
        results = primitive.apply(tuple(operands), sample.params)
        return [around.send(neutral.change(t)) for t in results]

    inputs = [around.store(arrays[i]) for i in varying] + neutral.arrays
    found = NativeExecutor(trace(primitive.name, body, inputs))(inputs, ())
    expected = apply(primitive, arrays, sample.params)
    shaped = [around.receive(x).reshape(y.shape) for x, y in zip(found, expected, strict=True)]
    _agree(sample, shaped, expected, f"{primitive.name} fused with {type(around).__name__}")


class _Neutral:
    """Elementwise operations that change nothing, which only the run can know."""

    def __init__(self, dtypes: Sequence[Any]) -> None:
        self._names = list(dict.fromkeys(str(d) for d in dtypes))
        kinds = {str(d): d for d in dtypes}
        self.arrays = [
            np.ones((), kinds[n]) if _type(np.empty((), kinds[n])).dtype.is_floating
            else np.zeros((), kinds[n]) for n in self._names
        ]  # fmt: skip
        self._tensors: dict[str, Tensor] = {}

    def begin(self, tensors: Sequence[Tensor]) -> None:
        """Take the tensors that stand for `arrays`."""
        self._tensors = dict(zip(self._names, tensors, strict=True))

    def change(self, x: Tensor) -> Tensor:
        """Return `x` times 1, plus 0, or exclusive-or false."""
        other = self._tensors[x.dtype.name]
        if x.dtype.is_floating:
            return multiply_p(x, other)
        return bitwise_xor_p(x, other) if x.dtype.is_bool else add_p(x, other)


# --- checks: gradients ----------------------------------------------------------------------------


class _Weighted:
    """A sample as one number, ``sum(weights * outputs)``, in float64."""

    def __init__(self, primitive: Primitive, sample: Sample) -> None:
        self.primitive, self.sample = primitive, sample
        self.arrays: list[Array] = [
            a.astype(np.float64) if of_array(a).is_floating else a for a in sample.arrays()
        ]
        rng = np.random.default_rng(7)
        outputs = apply(primitive, self.arrays, sample.params)
        self.weights: list[Array] = [
            np.asarray(rng.uniform(0.5, 1.5, y.shape)) for y in outputs if y.dtype.kind == "f"
        ]

    def value(self, arrays: Sequence[Array]) -> float:
        """Return the number."""
        outputs = apply(self.primitive, arrays, self.sample.params)
        floating = [y for y in outputs if y.dtype.kind == "f"]
        pairs = zip(self.weights, floating, strict=True)
        return float(sum(np.sum(w * y, dtype=np.longdouble) for w, y in pairs))

    def gradients(self, inputs: Sequence[Tensor], weights: Sequence[Tensor]) -> list[Tensor]:
        """Return the gradient for each of the sample's operands that has one."""
        sources = [inputs[i] for i in self.sample.gradient]
        with GradientTape() as tape:
            tape.watch(sources)
            outputs = self.primitive.apply(tuple(inputs), self.sample.params)
        floating = [t for t in outputs if t.dtype.is_floating]
        found: list[Tensor] = tape.gradient(floating, sources, list(weights))
        return found

    def moved(self, number: int, by: Array) -> list[Array]:
        """Return the inputs with one of them moved."""
        return [a + by if i == number else a for i, a in enumerate(self.arrays)]


def check_gradient(primitive: Primitive, sample: Sample) -> None:
    """The gradient is the limit of finite differences, in float64."""
    weighted = _Weighted(primitive, sample)
    found = weighted.gradients(_tensors(weighted.arrays), _tensors(weighted.weights))
    rng = np.random.default_rng(11)
    for number, grad in zip(sample.gradient, found, strict=True):
        array = weighted.arrays[number]
        assert grad.shape == array.shape, f"gradient {grad.shape} for operand {array.shape}"
        for direction in _directions(array.shape, rng):
            plus = weighted.value(weighted.moved(number, STEP * direction))
            minus = weighted.value(weighted.moved(number, -STEP * direction))
            slope = (plus - minus) / (2 * STEP)
            actual = float(np.sum(grad._value * direction))
            scale = 1 + float(np.sum(np.abs(grad._value * direction)))
            assert abs(actual - slope) <= 1e-6 * scale, (
                f"{primitive.name}: gradient of operand {number} is {actual}, "
                f"by differences {slope}"
            )


def _directions(shape: tuple[int, ...], rng: np.random.Generator) -> Iterator[Array]:
    """Yield each axis of a small space, random directions of a large one."""
    size = int(np.prod(shape))
    if size <= 24:
        yield from np.eye(size).reshape(size, *shape)
    for _ in range(3):
        yield rng.uniform(-1, 1, shape)


def check_second_gradient(primitive: Primitive, sample: Sample) -> None:
    """The gradient's own gradient is the limit of the gradient's finite differences."""
    weighted = _Weighted(primitive, sample)
    rng = np.random.default_rng(13)
    along = [np.asarray(rng.uniform(-1, 1, weighted.arrays[i].shape)) for i in sample.gradient]

    def slope(arrays: Sequence[Array]) -> float:
        found = weighted.gradients(_tensors(arrays), _tensors(weighted.weights))
        pairs = zip(found, along, strict=True)
        return float(sum(np.sum(g._value * v, dtype=np.longdouble) for g, v in pairs))

    inputs = _tensors(weighted.arrays)
    sources = [inputs[i] for i in sample.gradient]
    with GradientTape() as tape:
        tape.watch(sources)
        first = weighted.gradients(inputs, _tensors(weighted.weights))
    second = tape.gradient(first, sources, list(_tensors(along)), unconnected_gradients="zero")
    for number, grad in zip(sample.gradient, second, strict=True):
        direction = np.asarray(rng.uniform(-1, 1, weighted.arrays[number].shape))
        plus = slope(weighted.moved(number, STEP * direction))
        minus = slope(weighted.moved(number, -STEP * direction))
        expected = (plus - minus) / (2 * STEP)
        actual = float(np.sum(grad._value * direction))
        scale = 1 + float(np.sum(np.abs(grad._value * direction)))
        assert abs(actual - expected) <= 1e-5 * scale, (
            f"{primitive.name}: second gradient of operand {number} is {actual}, "
            f"by differences {expected}"
        )


def check_compiled_gradient(primitive: Primitive, sample: Sample) -> None:
    """The gradient traced and compiled is the eager one: in the sample's dtype and in float64."""
    weighted = _Weighted(primitive, sample)
    own = sample.arrays()
    for arrays, tolerance in ((list(own), 1e-5), (weighted.arrays, 1e-13)):
        outputs = [y for y in apply(primitive, arrays, sample.params) if y.dtype.kind == "f"]
        weights = [w.astype(y.dtype) for w, y in zip(weighted.weights, outputs, strict=True)]
        eager = weighted.gradients(_tensors(arrays), _tensors(weights))
        count = len(arrays)

        def body(*given: Tensor, count: int = count) -> Sequence[Tensor]:
            return weighted.gradients(given[:count], given[count:])

        inputs = [*arrays, *weights]
        found = NativeExecutor(trace(primitive.name, body, inputs))(inputs, ())
        for x, y in zip(found, eager, strict=True):
            slack = tolerance * max(float(np.max(np.abs(y._value), initial=0)), 1.0)
            assert_agree(x, np.asarray(y._value), slack=slack, signed_zeros=False,
                         what=f"compiled gradient of {primitive.name}")  # fmt: skip


# --- checks: errors -------------------------------------------------------------------------------

_USER: Final = "user_program.py"
"""File of the line that an error must name: a caller that is not part of Freshet."""


def _user_call() -> Callable[..., Any]:
    code = "def call(primitive, inputs, params):\n    return primitive.apply(inputs, params)\n"
    names: dict[str, Any] = {}
    exec(compile(code, _USER, "exec"), names)
    found: Callable[..., Any] = names["call"]
    return found


def check_error(primitive: Primitive, sample: ErrorSample) -> None:
    """Eager and traced, it refuses with the stated error, which names the caller's line."""
    call, arrays = _user_call(), sample.arrays()

    def eager() -> None:
        call(primitive, _tensors(arrays), sample.params)

    def traced() -> None:
        graph = trace("f", lambda *x: call(primitive, x, sample.params), arrays)
        NativeExecutor(graph)(arrays, ())

    for run in (eager, traced):
        try:
            run()
        except sample.exception as error:
            _check_message(error, sample, run.__name__)
        else:
            raise AssertionError(f"{primitive.name}: no error, {run.__name__}")


def _check_message(error: Exception, sample: ErrorSample, how: str) -> None:
    message = error.message if isinstance(error, OpError) else str(error)
    assert re.fullmatch(sample.message, message), (
        f"{how}: the message {message!r} is not {sample.message!r}"
    )
    if isinstance(error, OpError):
        assert error.source is not None, f"{how}: the error names no line"
        assert error.source.file == _USER, f"{how}: the error names {error.source}"
        assert f"at {_USER}:2 in call" in str(error), str(error)


# --- the suite ------------------------------------------------------------------------------------


class PrimitiveSuite:
    """Every check for every sample of a table; derive a test class from it.

    Attributes:
        samples: For each primitive's name, its samples.
        errors: For each primitive's name, uses that it must refuse.
    """

    samples: ClassVar[Mapping[str, Sequence[Sample]]] = {}
    errors: ClassVar[Mapping[str, Sequence[ErrorSample]]] = {}

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Give each test method a parameter set for each sample that it is about."""
        argument = next((n for n in _TABLES if n in metafunc.fixturenames), None)
        if argument is None:
            return
        keep = _KEEP.get(metafunc.function.__name__, bool)
        table: Mapping[str, Sequence[Any]] = getattr(self, _TABLES[argument])
        rows = [(name, s) for name, group in table.items() for s in group if keep(s)]
        values: list[tuple[Any, ...]] = [(PRIMITIVES[name], s) for name, s in rows]
        arguments = ["primitive", argument]
        if "around" in metafunc.fixturenames:
            arguments.append("around")
            values = [(*v, SURROUNDINGS[i % len(SURROUNDINGS)]) for i, v in enumerate(values)]
        metafunc.parametrize(arguments, values, ids=[f"{name} {s}"[:90] for name, s in rows])

    def test_type_rule_is_what_the_reference_returns(
        self, primitive: Primitive, sample: Sample
    ) -> None:
        """See `check_type`."""
        check_type(primitive, sample)

    def test_reference_is_the_definition(self, primitive: Primitive, sample: Sample) -> None:
        """See `check_reference`."""
        check_reference(primitive, sample)

    def test_text_parses_back(self, primitive: Primitive, sample: Sample) -> None:
        """See `check_text`."""
        check_text(primitive, sample)

    def test_compiled_is_the_reference(self, primitive: Primitive, sample: Sample) -> None:
        """See `check_compiled`."""
        check_compiled(primitive, sample)

    def test_fused_is_the_reference(
        self, primitive: Primitive, sample: Sample, around: Surrounding
    ) -> None:
        """See `check_fused`."""
        check_fused(primitive, sample, around)

    def test_gradient_is_the_limit_of_differences(
        self, primitive: Primitive, sample: Sample
    ) -> None:
        """See `check_gradient`."""
        check_gradient(primitive, sample)

    def test_second_gradient_is_the_limit_of_differences(
        self, primitive: Primitive, sample: Sample
    ) -> None:
        """See `check_second_gradient`."""
        check_second_gradient(primitive, sample)

    def test_compiled_gradient_is_the_eager_one(self, primitive: Primitive, sample: Sample) -> None:
        """See `check_compiled_gradient`."""
        check_compiled_gradient(primitive, sample)

    def test_error_names_operation_types_and_line(
        self, primitive: Primitive, error_sample: ErrorSample
    ) -> None:
        """See `check_error`."""
        check_error(primitive, error_sample)


_TABLES: Final = {"sample": "samples", "error_sample": "errors"}
_KEEP: Final[dict[str, Callable[[Sample], bool]]] = {
    "test_reference_is_the_definition": lambda s: s.expected is not None,
    "test_gradient_is_the_limit_of_differences": lambda s: bool(s.gradient),
    "test_compiled_gradient_is_the_eager_one": lambda s: bool(s.gradient),
    "test_second_gradient_is_the_limit_of_differences": lambda s: s.second,
}


def uncovered(tables: Sequence[Mapping[str, Sequence[Sample]]]) -> list[str]:
    """Return what the tables leave untested: primitives, and gradients of their operands.

    Primitives without kernels are their references; what checks public operations checks them.
    Conditions and loops are tested as the programs that their branches and bodies are.
    """
    missing = []
    for name, primitive in sorted(PRIMITIVES.items()):
        if isinstance(primitive.lower, (Host, Branch, Loop)) and name not in {"shape", "constant"}:
            continue
        rows = [s for table in tables for s in table.get(name, ())]
        if not rows:
            missing.append(f"{name} has no samples")
        elif not isinstance(primitive.gradient, NoGradient):
            checked = {i for s in rows for i in s.gradient}
            rules = primitive.gradient if isinstance(primitive.gradient, tuple) else (True,)
            wanted = {i for i, rule in enumerate(rules) if rule is not None}
            missing += [f"{name} has no gradient sample of operand {i}" for i in wanted - checked]
    return missing
