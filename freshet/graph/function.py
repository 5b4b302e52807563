"""`ft.function`: Python functions traced into graphs, once per signature, and run compiled."""

from __future__ import annotations

import functools
import inspect
import threading
import types
import weakref
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from freshet.core import context
from freshet.core.composite import CompositeTensor
from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.core.nest import flatten, map_structure, pack_sequence_as, skeleton
from freshet.core.providers import provider
from freshet.core.shapes import TensorSpec, TensorType
from freshet.core.tensor import Reference, Tensor
from freshet.core.variable import Variable
from freshet.graph.concrete import ConcreteFunction as ConcreteFunction
from freshet.graph.concrete import fitted
from freshet.graph.retracing import retracing_of
from freshet.graph.signature import Signature, SignatureError
from freshet.graph.split_gradient import split_gradient as split_gradient
from freshet.graph.trace import GraphTracer
from freshet.ops.conversion import convert_to_tensor

# Ragged and sparse tensors go in and come out as their components.
_flatten = functools.partial(flatten, expand_composites=True)
_pack = functools.partial(pack_sequence_as, expand_composites=True)
_skeleton = functools.partial(skeleton, expand_composites=True)
_EXPERIMENTAL: Final = frozenset(
    {
        "experimental_attributes", "experimental_autograph_options", "experimental_compile",
        "experimental_follow_type_hints", "experimental_implements", "experimental_relax_shapes",
    }
)  # fmt: skip
"""Arguments of `function` that TensorFlow has, too."""
_run_eagerly = False
_ARRAYS: Final = (np.ndarray, np.generic)
_TENSORS: Final = (Tensor, *_ARRAYS, bool, int, float, str, bytes)
"""What a traced function returns as a tensor."""


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Make every `ft.function` run its Python directly, for debugging; False compiles again."""
    global _run_eagerly  # noqa: PLW0603 (it is a global switch)
    _run_eagerly = bool(run_eagerly)


def functions_run_eagerly() -> bool:
    """Return whether `run_functions_eagerly` is on."""
    return _run_eagerly


class Function:
    """What `ft.function` makes of a Python function: traces it once per signature, runs the graph.

    A signature is the dtype and shape of each tensor argument (NumPy arrays count as tensors), the
    identity of each variable and the value of everything else.

    Args:
        python_function: What is traced.
        input_signature: As for `function`.
        reduce_retracing: As for `function`.
        name: Name of the graph; that of the Python function by default.
        keeps_variables: Whether the variables that the first trace makes are known to be kept and
            used by the next; otherwise a second trace finds out.
        autograph: As for `function`.
    """

    def __init__(
        self,
        python_function: Callable[..., Any],
        input_signature: Sequence[Any] | None = None,
        reduce_retracing: bool = False,
        name: str | None = None,
        keeps_variables: bool = False,
        autograph: bool = True,
    ) -> None:
        functools.update_wrapper(self, python_function)
        self.python_function = python_function
        self.input_signature = None if input_signature is None else tuple(input_signature)
        self._name = name or _name_of(python_function)
        self._reduce_retracing = reduce_retracing
        self._keeps_variables = keeps_variables
        self._autograph = autograph
        self._signature = inspect.signature(python_function)
        self._concrete: dict[Any, ConcreteFunction] = {}
        self._plain: dict[Any, ConcreteFunction] = {}
        """The same for calls with nothing but tensors, which are told apart faster."""
        self._relaxed: list[tuple[TensorType, ...]] = []
        self._retracing = retracing_of(python_function, self._name)
        self._lock = threading.RLock()
        self._traced = False
        self._bound: dict[int, tuple[Any, Function]] = {}

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """Return the function bound to an object: each object has its own traces."""
        if instance is None:
            return self
        key = id(instance)
        found = self._bound.get(key)
        if found is None:
            with self._lock:
                found = self._bound.get(key)
                if found is None:
                    found = self._bound[key] = self._bind(instance)
        return found[1]

    def _bind(self, instance: Any) -> tuple[Any, Function]:
        """Return what keeps the place of an object, and the function bound to it."""
        key, bound = id(instance), self._bound
        try:
            place: Any = weakref.ref(instance, lambda _: bound.pop(key, None))
            method = _weak_method(self.python_function, instance, self._autograph)
        except TypeError:  # an object that cannot be referred to weakly is kept alive
            place, method = instance, types.MethodType(self.python_function, instance)
        return place, Function(
            method, self.input_signature, self._reduce_retracing, self._name,
            autograph=self._autograph,
        )  # fmt: skip

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function."""
        if _run_eagerly or context.state.tracer is not None:
            # Inside another traced function its operations become part of that graph.
            return self._run_python(args, kwargs)
        key = [(a.dtype, a.shape) for a in args if a.__class__ is Tensor]
        is_plain = not kwargs and len(key) == len(args)
        if is_plain:
            found = self._plain.get(tuple(key))
            if found is not None:
                self._retracing.calls += 1
                return found.call_flat(args)
        leaves, structure = self._arguments(args, kwargs)
        traces = len(self._concrete)
        concrete, tensors = self._find(leaves, structure)
        self._retracing.calls += 1
        if len(self._concrete) > traces and self.input_signature is None:
            self._retracing.traced(leaves)
        exact = self.input_signature is None and not self._reduce_retracing
        if is_plain and exact and len(tensors) == len(args):  # no default is a tensor
            self._plain[tuple(key)] = concrete
        return concrete.call_flat(tensors)

    def _run_python(self, args: Any, kwargs: Any) -> Any:
        if self.input_signature is not None or any(
            isinstance(leaf, _ARRAYS) for leaf in _flatten([args, kwargs])
        ):
            leaves, structure = self._arguments(args, kwargs)
            args, kwargs = _pack(structure, leaves)
        return _converted(self.python_function, self._autograph)(*args, **kwargs)

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> ConcreteFunction:
        """Return the trace for the given arguments; a `TensorSpec` stands for any such tensor."""
        if not args and not kwargs and self.input_signature is not None:
            args = self.input_signature
        leaves, structure = self._arguments(args, kwargs)
        return self._find(leaves, structure)[0]

    def experimental_get_tracing_count(self) -> int:
        """Return how many traces there are."""
        return len(self._concrete)

    def pretty_printed_concrete_signatures(self) -> str:
        """Return the signatures of all traces as text."""
        return "\n\n".join(c.pretty_printed_signature() for c in self._concrete.values())

    @property
    def name(self) -> str:
        """Name of the Python function."""
        return self._name

    def explain(self, *args: Any, **kwargs: Any) -> str:
        """Return a text about what a call with these arguments runs, without running it.

        It tells what the compiled program is given and returns, the memory it needs, how much it
        computes and moves, its kernels in order with the lines they come from, and which operations
        go back to Python and why. Equal kernels from the same lines, such as the steps of a loop,
        share a row. ``freshet profile`` measures the same kernels.

        Args:
            *args: As for a call.
            **kwargs: As for a call.

        Raises:
            FailedPreconditionError: The function is not compiled: the backend is not ``native``, or
                it works on strings.

        Example:
            >>> import freshet as ft
            >>> @ft.function
            ... def dense(x, w):
            ...     return ft.nn.relu(ft.matmul(x, w))
            >>> print(dense.explain(ft.ones((8, 64)), ft.ones((64, 4))))  # doctest: +ELLIPSIS
            dense(f32[8,64], f32[64,4])
              arguments     2, 3,072 bytes
              variables     none
              outputs       1, 128 bytes
              constants     none
              intermediates 0 bytes at the peak
              kernels       1, called once
              host calls    0
              FLOP          4,128 a run
              bytes moved   3,200 a run, at least
            <BLANKLINE>
              calls   FLOP  bytes  kernel         line
                  1  4,128  3,200  contract_relu  <doctest...
        """
        leaves, structure = self._arguments(args, kwargs)
        text: str = provider("explain")(*self._find(leaves, structure))
        return text

    # --- signatures -------------------------------------------------------------------------------

    def _arguments(self, args: Any, kwargs: Any) -> tuple[list[Any], Any]:
        """Return the leaves of the arguments, by position and with defaults, and how they nest."""
        if kwargs or len(args) != len(self._signature.parameters):
            try:
                bound = self._signature.bind(*args, **kwargs)
            except TypeError as error:
                raise TypeError(f"{self._name}: {error}") from None
            bound.apply_defaults()
            structure: Any = [list(bound.args), dict(bound.kwargs)]
        else:
            structure = [list(args), {}]
        if self.input_signature is not None:
            structure = self._declared(*structure)
            return _flatten(structure), structure
        leaves = [
            convert_to_tensor(leaf) if isinstance(leaf, _ARRAYS) else leaf
            for leaf in _flatten(structure)
        ]
        return leaves, structure

    def _find(self, leaves: list[Any], structure: Any) -> tuple[ConcreteFunction, list[Tensor]]:
        specs = self._specs(leaves)
        key = self._key(leaves, specs, structure)
        concrete = self._concrete.get(key)
        if concrete is None:
            with self._lock:
                concrete = self._concrete.get(key)
                if concrete is None:
                    concrete = self._concrete[key] = self._trace(leaves, specs, structure)
        return concrete, [leaf for leaf in leaves if isinstance(leaf, Tensor)]

    @staticmethod
    def _leaves(leaves: list[Any], specs: list[TensorSpec]) -> list[Any]:
        """Return the leaves with a spec for each tensor."""
        given = iter(specs)
        return [next(given) if isinstance(leaf, (Tensor, TensorSpec)) else leaf for leaf in leaves]

    def _specs(self, leaves: list[Any]) -> list[TensorSpec]:
        """Return the type each tensor argument is traced with."""
        given = [leaf for leaf in leaves if isinstance(leaf, (Tensor, TensorSpec))]
        if self.input_signature is not None:
            pairs = zip(_flatten(list(self.input_signature)), given, strict=True)
            return [self._of_known_rank(spec, leaf) for spec, leaf in pairs]
        found = [
            self._of_known_rank(
                leaf if isinstance(leaf, TensorSpec) else TensorSpec.from_tensor(leaf), leaf
            )
            for leaf in given
        ]
        return self._relax(found) if self._reduce_retracing else found

    def _of_known_rank(self, spec: TensorSpec, given: Tensor | TensorSpec) -> TensorSpec:
        """Return a spec, of any rank, with the rank of what is given: each has its own trace."""
        if spec.shape.rank is not None:
            return spec
        if given.shape.rank is None:
            raise SignatureError(
                f"{self._name}: a trace is for arguments of known rank, received {spec}; give "
                "get_concrete_function a tensor, or a TensorSpec with None for each unknown size"
            )
        return TensorSpec([None] * given.shape.rank, spec.dtype, spec.name)

    def _declared(self, args: list[Any], kwargs: dict[str, Any]) -> list[Any]:
        """Return the arguments with the tensors that `input_signature` wants; the rest as it is."""
        signature = self.input_signature or ()
        count = len(signature)
        beyond = _flatten([args[count:], kwargs])
        if len(args) < count or any(isinstance(v, (Tensor, *_ARRAYS)) for v in beyond):
            raise SignatureError(
                f"{self._name}: input_signature has {count} arguments, received "
                f"{len(args) + len(kwargs)}"
            )
        pairs = enumerate(zip(args, signature, strict=False))
        return [[*(_declared(self._name, i, *p) for i, p in pairs), *args[count:]], kwargs]

    def _relax(self, specs: list[TensorSpec]) -> list[TensorSpec]:
        """Leave open the sizes in which an earlier signature of the same ranks differs."""
        for number, earlier in enumerate(self._relaxed):
            if len(earlier) == len(specs) and all(
                e.dtype == s.dtype and e.rank == len(s.shape)
                for e, s in zip(earlier, specs, strict=True)
            ):
                merged = tuple(
                    TensorType(e.dtype, tuple(
                        a if a == b else None for a, b in zip(e.shape, s.shape, strict=True)
                    ))
                    for e, s in zip(earlier, specs, strict=True)
                )  # fmt: skip
                self._relaxed[number] = merged
                return [TensorSpec(m.shape, m.dtype) for m in merged]
        self._relaxed.append(tuple(s.type for s in specs))
        return specs

    def _key(self, leaves: list[Any], specs: list[TensorSpec], structure: Any) -> Any:
        types = iter(specs)
        parts: list[Any] = [_skeleton(structure)]
        for leaf in leaves:
            if isinstance(leaf, Variable):
                parts.append(leaf.ref())
            elif isinstance(leaf, (Tensor, TensorSpec)):
                parts.append(next(types).type)
            else:
                parts.append(_python_key(leaf))
        return tuple(parts)

    # --- tracing ----------------------------------------------------------------------------------

    def _trace(
        self, leaves: list[Any], specs: list[TensorSpec], structure: Any
    ) -> ConcreteFunction:
        tracer, result, tensors, places = self._run_traced(leaves, specs, structure)
        if tracer.created and not self._keeps_variables:
            # Once more: what made a variable in every trace would keep the first one's value from
            # call to call, unlike the same Python without tracing.
            tracer, result, tensors, places = self._run_traced(leaves, specs, structure)
        graph, variables = tracer.finish(tensors)
        signature = Signature(self._name, self._signature, structure, self._leaves(leaves, specs))
        return ConcreteFunction(graph, variables, result, places, signature)

    def _run_traced(
        self, leaves: list[Any], specs: list[TensorSpec], structure: Any
    ) -> tuple[GraphTracer, Any, list[Tensor], list[Any]]:
        tracer = GraphTracer(self._name, may_create_variables=not self._traced)
        types = iter(specs)
        with context.tracing(tracer), context.recording(()):
            values = [
                tracer.argument(next(types).type, "x")
                if isinstance(leaf, (Tensor, TensorSpec)) else leaf
                for leaf in leaves
            ]  # fmt: skip
            args, kwargs = _pack(structure, values)
            result = _converted(self.python_function, self._autograph)(*args, **kwargs)
            tensors, places = _results(result)
        self._traced = True
        return tracer, result, tensors, places

    def __repr__(self) -> str:
        return f"<ft.function {self._name}>"


def _results(result: Any) -> tuple[list[Tensor], list[Any]]:
    """Return the tensors among a function's results, and per leaf which of them it is."""
    tensors: list[Tensor] = []
    places: list[Any] = []
    for leaf in _flatten(result):
        value = leaf.value() if isinstance(leaf, Variable) else leaf
        if isinstance(value, _TENSORS):
            tensors.append(convert_to_tensor(value))
            places.append(len(tensors) - 1)
        else:
            places.append((value,))
    return tensors, places


def _declared(name: str, number: int, value: Any, declared: Any) -> Any:
    """Return an argument with tensors where its part of an `input_signature` has specs."""
    if isinstance(declared, TensorSpec):
        return fitted(name, number, value, declared)
    value = map_structure(
        lambda spec, part: spec._accept(part) if isinstance(spec, CompositeTensor) else part,
        declared,
        value,
    )
    pairs = zip(_flatten(value), _flatten(declared), strict=True)
    return _pack(value, [fitted(name, number, *pair) for pair in pairs])


def _name_of(function: Callable[..., Any]) -> str:
    inner = function.func if isinstance(function, functools.partial) else function
    return str(getattr(inner, "__name__", type(inner).__name__))


def _python_key(leaf: Any) -> Any:
    try:
        hash(leaf)
    except TypeError:
        # It keeps the object alive: another one may not take its place in memory and its trace.
        return Reference(leaf)
    return type(leaf).__name__, leaf


def _converted(function: Callable[..., Any], autograph: bool) -> Callable[..., Any]:
    """Return what runs in place of a function: within a trace, what AutoGraph makes of it."""
    if not autograph or context.state.tracer is None:
        return function
    from freshet.graph.autograph.calling import converted  # noqa: PLC0415 (loaded if it is used)

    found: Callable[..., Any] = converted(function)
    return found


def _weak_method(
    function: Callable[..., Any], instance: Any, autograph: bool
) -> Callable[..., Any]:
    """Return the method of an object without keeping the object alive."""
    reference = weakref.ref(instance)

    @functools.wraps(function)
    def method(*args: Any, **kwargs: Any) -> Any:
        alive = reference()
        if alive is None:
            raise FailedPreconditionError(
                f"{function.__name__}: the object that this is a method of is gone; keep it in a "
                "variable while its traced methods are called"
            )
        return _converted(function, autograph)(alive, *args, **kwargs)

    parameters = list(inspect.signature(function).parameters.values())[1:]
    method.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return method


def function(
    func: Callable[..., Any] | None = None,
    input_signature: Sequence[Any] | None = None,
    autograph: bool = True,
    jit_compile: bool | None = None,
    reduce_retracing: bool = False,
    **kwargs: Any,
) -> Any:
    """Trace a function into a graph, compile it and run that.

    The Python runs once per signature, with symbolic tensors; what it prints or appends happens
    then only. Variables are read and assigned each time the function is called.

    Args:
        func: The function; without it, a decorator is returned.
        input_signature: A `TensorSpec` per argument: the only signature, sizes of None left open.
            For a spec of unknown rank there is a trace for each rank that comes.
        autograph: Whether Python's `if`, `while`, `for` and so on work on tensors, here and in the
            functions that are called: they become conditions and loops of the graph. Python values
            get Python's own statements, so that a loop over a list is unrolled.
        jit_compile: Accepted for TensorFlow programs; everything is compiled.
        reduce_retracing: Leave sizes open that differ from call to call.
        **kwargs: TensorFlow's experimental arguments, ignored, and the older names
            `experimental_relax_shapes` of `reduce_retracing` and `experimental_compile` of
            `jit_compile`.

    Raises:
        SignatureError: On a call, if the arguments do not fit `input_signature`. It is an
            `InvalidArgumentError` and a `TypeError`.

    Example:
        >>> import freshet as ft
        >>> @ft.function
        ... def double(x):
        ...     return x + x
        >>> double(ft.constant([1, 2])).numpy().tolist()
        [2, 4]
    """
    del jit_compile
    unknown = sorted(set(kwargs) - _EXPERIMENTAL)
    if unknown:
        raise TypeError(f"function: there is no argument {unknown[0]!r}")
    reduce_retracing = bool(reduce_retracing or kwargs.get("experimental_relax_shapes"))
    if func is None:
        return functools.partial(
            function, input_signature=input_signature, autograph=autograph,
            reduce_retracing=reduce_retracing,
        )  # fmt: skip
    return Function(func, input_signature, reduce_retracing, autograph=autograph)
