"""Gradients that a user writes: `custom_gradient` and `grad_pass_through`.

Eagerly, tapes are told of one operation whose gradient rule calls the user's function. Inside a
traced function that function is traced at once, into a graph that the node `custom_gradient` holds:
tapes outside find it there, long after the trace.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from freshet.core import context
from freshet.core.errors import InvalidArgumentError
from freshet.core.nest import flatten, pack_sequence_as
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.graph.autograph.calling import f as converted
from freshet.graph.body import BodyTracer
from freshet.graph.markers import custom_gradient_p
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.primitive import Call, Joint

_OPERANDS = (Tensor, Variable, np.ndarray, np.generic, bool, int, float, complex)


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function with the gradient that it gives itself.

    Args:
        f: ``(*args, **kwargs) -> (result, grad_fn)``. `grad_fn` gets the gradient of each tensor of
            the result, and returns one for each of `args` (None for no gradient). If `f` reads
            variables that are not among its arguments, `grad_fn` must take the keyword `variables`,
            a list of them, and return a pair: gradients of the arguments, gradients of these.

    Returns:
        ``(*args, **kwargs) -> result``; to be used as a decorator, of methods too.

    Raises:
        TypeError: `f` reads variables, and `grad_fn` does not take `variables`.
        InvalidArgumentError: `grad_fn` returns more or fewer gradients than there are arguments.

    Example:
        >>> import freshet as ft
        >>> @ft.custom_gradient
        ... def log1pexp(x):  # the obvious gradient is NaN for large x
        ...     e = ft.exp(x)
        ...     return ft.math.log(1 + e), lambda upstream: upstream * (1 - 1 / (1 + e))
        >>> x = ft.constant(100.0)
        >>> with ft.GradientTape() as tape:
        ...     tape.watch(x)
        ...     y = log1pexp(x)
        >>> float(tape.gradient(y, x))
        1.0
    """

    @functools.wraps(f)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        watcher = ReadVariables(args, kwargs)
        with context.recording((*context.state.recorders, watcher)):
            result, grad_fn = converted(f)(*args, **kwargs)
        if context.executing_eagerly() and not context.state.recorders:
            return result
        leaves = flatten(result, expand_composites=True)
        results = [convert_to_tensor(leaf) for leaf in leaves]
        rule = _Rule(f, grad_fn, args, watcher.variables)
        made = _traced(rule, results) if context.state.tracer else _eager(rule, results)
        return pack_sequence_as(result, made, expand_composites=True)

    return decorated


def grad_pass_through(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function whose gradient is that of the identity.

    Args:
        f: ``(*args) -> result``, where the result has the arguments' structure.

    Example:
        >>> import freshet as ft
        >>> x = ft.constant(3.7)
        >>> with ft.GradientTape() as tape:
        ...     tape.watch(x)
        ...     y = ft.grad_pass_through(ft.round)(x) ** 2.0
        >>> float(y), float(tape.gradient(y, x))
        (16.0, 8.0)
    """

    @custom_gradient
    def passed(*args: Any, **kwargs: Any) -> Any:
        def gradient(*upstream: Any, variables: Sequence[Variable] | None = None) -> Any:
            if variables is not None:
                return upstream, [None] * len(variables)
            return upstream

        return f(*args, **kwargs), gradient

    functools.update_wrapper(passed, f)
    return passed


class ReadVariables:
    """Finds the trainable variables that are read and are not among some arguments."""

    def __init__(self, *arguments: Any) -> None:
        self._known = {id(leaf) for leaf in flatten(list(arguments))}
        self._found: dict[int, Variable] = {}

    @property
    def variables(self) -> list[Variable]:
        """The variables, in order of their creation."""
        return sorted(self._found.values(), key=lambda v: v.number)

    def record(
        self,
        primitive: Any,
        inputs: tuple[Tensor, ...],
        params: Mapping[str, Any],
        outputs: tuple[Tensor, ...],
    ) -> None:
        """Pass over an operation."""

    def record_read(self, variable: Variable, value: Tensor) -> None:
        """Remember a variable."""
        if variable.trainable and id(variable) not in self._known:
            self._found[id(variable)] = variable

    def tracks(self, tensor: Tensor) -> bool:
        """Follow no tensor."""
        return False


class _Rule:
    """A user's gradient function, the sources it has gradients for, and how they are counted."""

    def __init__(
        self,
        f: Callable[..., Any],
        grad_fn: Callable[..., Any],
        args: Sequence[Any],
        variables: list[Variable],
    ) -> None:
        self.name = str(getattr(f, "__name__", "custom_gradient"))
        self._grad_fn, self._variables = grad_fn, variables
        leaves = flatten(list(args), expand_composites=True)
        self._places = [i for i, leaf in enumerate(leaves) if isinstance(leaf, _OPERANDS)]
        self._count = len(leaves)
        self.sources = [convert_to_tensor(leaves[i]) for i in self._places]
        self.sources += [v.value() for v in variables]

    def __call__(self, grads: Sequence[Tensor]) -> list[Tensor | None]:
        """Return the gradients of the sources."""
        if self._variables:
            found, own = self._with_variables(grads)
        else:
            found, own = self._grad_fn(*grads), []
        given = flatten(found, expand_composites=True) if self._places else []
        if len(given) == self._count:
            given = [given[i] for i in self._places]
        if len(given) != len(self._places):
            raise InvalidArgumentError(
                f"custom_gradient: the gradient of {self.name} must return {len(self._places)} "
                f"gradients, one for each argument; it returned {len(given)}"
            )
        pairs = zip([*given, *own], self.sources, strict=True)
        return [None if g is None else convert_to_tensor(g, dtype_hint=t.dtype) for g, t in pairs]

    def _with_variables(self, grads: Sequence[Tensor]) -> tuple[Any, list[Any]]:
        names = ", ".join(repr(v.name) for v in self._variables)
        if not _takes_variables(self._grad_fn):
            raise TypeError(
                f"custom_gradient: {self.name} reads the variables {names}, so its gradient "
                "function must take the keyword `variables` and return a pair: gradients of the "
                "arguments, gradients of the variables"
            )
        found, own = self._grad_fn(*grads, variables=self._variables)
        listed = flatten(own)
        if len(listed) != len(self._variables):
            raise InvalidArgumentError(
                f"custom_gradient: the gradient of {self.name} must return gradients for the "
                f"{len(self._variables)} variables {names}; it returned {len(listed)}"
            )
        return found, listed


def _takes_variables(function: Callable[..., Any]) -> bool:
    import inspect  # noqa: PLC0415 (seldom needed)

    parameters = inspect.signature(function).parameters
    return "variables" in parameters or any(
        p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()
    )


class _Recorded:
    """One call of a function with its own gradient, as a tape sees it."""

    def __init__(self, rule: _Rule) -> None:
        self.name = rule.name

        def gradient(call: Call, wanted: Sequence[bool], *grads: Tensor) -> list[Tensor | None]:
            given = iter(grads)
            every = [
                next(given) if t.dtype.is_differentiable else shaping.zeros_like(t)
                for t in call.outputs
            ]
            return [g if asked else None for g, asked in zip(rule(every), wanted, strict=True)]

        self.gradient = Joint(gradient)


def _eager(rule: _Rule, results: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Tell the tapes of one operation that made the results."""
    outputs = tuple(Tensor._of_array(t._value, t.dtype) for t in results)
    operation = _Recorded(rule)
    for recorder in context.state.recorders:
        recorder.record(operation, tuple(rule.sources), {}, outputs)
    return outputs


def _traced(rule: _Rule, results: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Add a node that holds the traced gradient function."""
    tracer = BodyTracer(f"{rule.name}_gradient")
    with context.tracing(tracer), context.recording(()):
        grads = [
            tracer.argument(t._type, "grad") if t.dtype.is_differentiable
            else shaping.zeros_like(t) for t in results
        ]  # fmt: skip
        found = rule(grads)
        numbers = [i for i, g in enumerate(found) if g is not None]
        backward, _ = tracer.finish([g for g in found if g is not None])
    params = {
        "results": len(results), "sources": len(rule.sources), "backward": backward,
        "numbers": tuple(numbers),
    }  # fmt: skip
    return custom_gradient_p.apply((*results, *rule.sources, *tracer.captured), params)
