"""`Primitive`: everything Freshet knows about one operation, in one record."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any, Final, NamedTuple

import numpy as np

from freshet.core import context, dtypes
from freshet.core.dtypes import DType
from freshet.core.errors import FailedPreconditionError, InternalError
from freshet.core.providers import provider
from freshet.core.shapes import TensorShape, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops.nest import Lowering, Reshape, is_contraction

PRIMITIVES: Final[dict[str, Primitive]] = {}


class Call(NamedTuple):
    """One use of a primitive: what a gradient rule may look at."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    params: Mapping[str, Any]

    @property
    def x(self) -> Tensor:
        """The first input."""
        return self.inputs[0]

    @property
    def y(self) -> Tensor:
        """The second input."""
        return self.inputs[1]

    @property
    def output(self) -> Tensor:
        """The first output."""
        return self.outputs[0]


@dataclass(frozen=True, slots=True)
class NoGradient:
    """The operation has no gradient: none flows to its inputs."""

    why: str


OperandGradient = Callable[..., Tensor]
"""``(call, *output gradients) -> gradient of this operand``."""


@dataclass(frozen=True, slots=True)
class Joint:
    """A gradient computed for all operands together, or for any number of them.

    `rule` is ``(call, wanted, *output gradients) -> gradients``, one per operand; `wanted` says
    which of them are asked for.
    """

    rule: Callable[..., Sequence[Tensor | None]]


Gradient = tuple[OperandGradient | None, ...] | Joint | NoGradient
Resolved = tuple[Sequence[int], dict[str, Any]]


_MAKERS: Final = frozenset({__name__, "freshet.ops.elementwise_rules"})
"""Modules that make primitives for others."""


def _defining_module() -> str:
    """Return the name of the module whose code makes a primitive now."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__") in _MAKERS:
        frame = frame.f_back
    return str(frame.f_globals.get("__name__"))


@dataclass(frozen=True, kw_only=True, eq=False)
class Primitive:
    """One operation: five required answers. Calling it applies it.

    Attributes:
        name: Its name in printed graphs.
        infer: What comes out? ``(*input types, **params) -> type`` or a tuple of types; raises
            `InvalidArgumentError` for inputs it does not take.
        reference: What does it mean? The plainest NumPy, ``(*arrays, **params) -> array`` or a
            tuple: the oracle of every test, and what eager mode runs.
        gradient: How does it differentiate? A function per operand, written with public operations
            on tensors; None for an operand that has no gradient.
        lower: How is it computed in a loop nest?
        resolve: For operations that take a shape as a tensor, or the shape of one: what they are
            once it is known. ``(types, values, params) -> (operands kept, params)``, where values
            holds an array for each operand that is a constant, else None; returns None while
            something is still unknown.
        effect: Whether it does something beside its result (prints, calls Python): it runs even if
            nobody needs the result, once each time, in the order of the program.
        any_rank: Whether it takes operands whose rank is not known before the run, as operations do
            that say or ask for a shape.
        broadcasts: Whether it is elementwise and stretches its operands by NumPy's rules.
        recorded: For operations that are applied in another way while a tape records:
            ``(inputs, params) -> outputs``, which also tells the tape.
    """

    name: str
    infer: Callable[..., TensorType | tuple[TensorType, ...]]
    reference: Callable[..., Any]
    gradient: Gradient
    lower: Lowering
    resolve: Callable[..., Resolved | None] | None = None
    effect: bool = False
    any_rank: bool = False
    broadcasts: bool = False
    recorded: Callable[..., tuple[Tensor, ...]] | None = None

    is_own: bool = field(init=False, repr=False)
    """Whether Freshet itself defines it, so that its version says how it is compiled."""

    def __post_init__(self) -> None:
        """Enter the registry that every other room reads."""
        if self.name in PRIMITIVES:
            raise InternalError(f"bug in freshet: primitive {self.name!r} is defined twice")
        PRIMITIVES[self.name] = self
        object.__setattr__(self, "is_own", _defining_module().startswith("freshet."))
        object.__setattr__(self, "_plain", {})

    _plain: dict[Any, _Plain] = field(init=False, repr=False)
    """What eager calls without parameters come to, by the operands' dtypes and shapes."""

    def __call__(self, *inputs: Tensor, **params: Any) -> Tensor:
        """Apply the operation; of several outputs, return the first."""
        state = context.state
        if state.tracer is not None or self.recorded is not None:
            return self.apply(inputs, params)[0]
        if not params and len(inputs) == 2:
            x, y = inputs
            key: Any = (x.dtype.name, x.shape, y.dtype.name, y.shape)
            arrays: Any = (x._array, y._array)
        else:
            key = (*[part for t in inputs for part in (t.dtype.name, t.shape)], *params.items())
            arrays = [t._array for t in inputs]
        try:
            known = self._plain.get(key)
        except TypeError:  # an array among the parameters
            return self.apply(inputs, params)[0]
        if known is None:
            return self._first_time(inputs, params, key)
        try:
            found = state.quietly(known[0], *arrays)
        except Exception:
            self._check_values(inputs)
            raise
        if found.__class__ is not np.ndarray or found.dtype is not known[3]:
            found = np.asarray(found, known[3])
        output = Tensor._made(found, known[1], known[2])
        for recorder in state.recorders:
            recorder.record(self, inputs, params, (output,))
        return output

    def _first_time(self, inputs: tuple[Tensor, ...], params: dict[str, Any], key: Any) -> Tensor:
        """Apply the operation and remember its type, if it depends on the operands' types alone."""
        outputs = self.apply(inputs, params)
        is_simple = (
            (callable(self.lower) or isinstance(self.lower, Reshape))
            and self.recorded is None
            and len(outputs) == 1
            and all(map(_is_exact, params.values()))
        )
        if is_simple and None not in self.types([t._type for t in inputs], params)[0].shape:
            if len(self._plain) >= _MOST_PLAIN:
                self._plain.clear()
            output = outputs[0]
            function = self._compiled(inputs, params, output._type)
            if function is not None:
                output = Tensor._of_array(function(*[t._value for t in inputs]), output.dtype)
            self._plain[key] = _Plain(
                function or _narrowest(self.reference, inputs, params), output.dtype, output.shape,
                np.dtype(output.dtype.as_numpy_dtype),
            )  # fmt: skip
        return outputs[0]

    def _compiled(
        self, inputs: Sequence[Tensor], params: Mapping[str, Any], kind: TensorType
    ) -> Callable[..., Array] | None:
        """Return a compiled form of a large product or convolution; None for everything else."""
        types = [t._type for t in inputs]
        if not isinstance(self.lower, FunctionType) or kind.dtype.kind in {"complex", "string"}:
            return None
        if not is_contraction(self.lower(*types, **params), kind):
            return None
        found: Callable[..., Array] = provider("eager")(self, types, params)
        return found

    def apply(self, inputs: tuple[Tensor, ...], params: Mapping[str, Any]) -> tuple[Tensor, ...]:
        """Apply the operation and return all outputs: at once, or as a node of the traced graph."""
        if self.recorded is not None and any(
            not getattr(r, "sees_all", False) for r in context.state.recorders
        ):
            return self.recorded(inputs, params)
        tracer = context.state.tracer
        if tracer is None:
            outputs = self._run(inputs, params)
        else:
            outputs = tracer.record(self, inputs, params)
        for recorder in context.state.recorders:
            recorder.record(self, inputs, params, outputs)
        return outputs

    def types(
        self, inputs: Sequence[TensorType], params: Mapping[str, Any]
    ) -> tuple[TensorType, ...]:
        """Return the types of all outputs."""
        found = self.infer(*inputs, **params)
        return found if isinstance(found, tuple) else (found,)

    def evaluate(
        self, arrays: Sequence[Array], params: Mapping[str, Any], types: Sequence[TensorType]
    ) -> tuple[Array, ...]:
        """Run the reference; `types` are what `self.types` says of the outputs."""
        with np.errstate(all="ignore"):
            found = self.reference(*arrays, **params)
            results = found if isinstance(found, tuple) else (found,)
            return tuple(
                np.asarray(r, t.dtype.as_numpy_dtype) for r, t in zip(results, types, strict=True)
            )

    def _check_values(self, inputs: Sequence[Tensor]) -> None:
        for tensor in inputs:
            if tensor._array is None:
                raise FailedPreconditionError(
                    f"{self.name}: {tensor!r} was made inside a traced function and has no value "
                    "outside of it; return it from the function instead"
                )

    def _run(self, inputs: tuple[Tensor, ...], params: Mapping[str, Any]) -> tuple[Tensor, ...]:
        self._check_values(inputs)
        types = self.types([t._type for t in inputs], params)
        arrays = self.evaluate([t._value for t in inputs], params, types)
        return tuple(Tensor._of_array(a, t.dtype) for a, t in zip(arrays, types, strict=True))

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"


_MOST_PLAIN: Final = 1024
"""Combinations of dtypes and shapes that a primitive remembers."""


class _Plain(NamedTuple):
    """An eager call whose types are known: what runs, and what comes out."""

    function: Callable[..., Any]
    dtype: DType
    shape: TensorShape
    numpy_dtype: np.dtype[Any]


def _is_exact(param: Any) -> bool:
    """Whether an equal parameter is the same: not so for numbers, as 0 equals -0.0."""
    if isinstance(param, tuple):
        return all(p is None or isinstance(p, int) or _is_exact(p) for p in param)
    return param is None or isinstance(param, (bool, str, DType))


def _narrowest(
    reference: Callable[..., Any], inputs: Sequence[Tensor], params: Mapping[str, Any]
) -> Callable[..., Any]:
    """Return what a reference does for such operands: without 16-bit floats, nothing is widened."""
    if not any(t.dtype.is_floating and t.dtype.bits == 16 for t in inputs):
        reference = getattr(reference, "plain", reference)
    return functools.partial(reference, **params) if params else reference


def float_compute(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a reference compute 16-bit floats in float32 and round once, as compiled code does."""

    def widened(*arrays: Array, **params: Any) -> Any:
        wide = [a.astype(np.float32) if _is_half(a) else a for a in arrays]
        return function(*wide, **params)

    widened.plain = function  # type: ignore[attr-defined]
    return widened


def _is_half(array: Array) -> bool:
    return array.dtype.itemsize == 2 and dtypes.of_array(array).is_floating
