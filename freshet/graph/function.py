"""`ft.function`: Python functions traced into graphs, once per signature, and run compiled."""

from __future__ import annotations

import functools
import inspect
import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from freshet.core import context
from freshet.core.composite import CompositeTensor
from freshet.core.config import config
from freshet.core.errors import DTypeError, FailedPreconditionError, InvalidArgumentError
from freshet.core.nest import flatten, map_structure, pack_sequence_as, packer, skeleton
from freshet.core.providers import provider
from freshet.core.shapes import TensorSpec, TensorType
from freshet.core.tensor import Array, Reference, Tensor
from freshet.core.variable import Variable
from freshet.graph.ir import Graph, Node, Value
from freshet.graph.passes.specialize import specialize
from freshet.graph.trace import GraphTracer, inline
from freshet.ops.array import constant_p, shape_p
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.primitive import Call, Joint

# Ragged and sparse tensors go in and come out as their components.
_flatten = functools.partial(flatten, expand_composites=True)
_pack = functools.partial(pack_sequence_as, expand_composites=True)
_skeleton = functools.partial(skeleton, expand_composites=True)
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


class ConcreteFunction:
    """A function traced for one signature: a graph, the variables it uses, how results nest.

    Calling it runs the graph. Made by `Function.get_concrete_function`.
    """

    def __init__(
        self,
        graph: Graph,
        variables: list[Variable],
        structure: Any,
        leaves: list[int | Any],
    ) -> None:
        self.graph = graph
        self.captured_variables = tuple(variables)
        self._pack = packer(structure)
        self._leaves = leaves
        """Per leaf of the result: the number of a graph output, or ``(value,)`` of a constant."""
        self._count = len(graph.inputs) - len(variables)
        self._executor = _executor(graph)
        self._splits: dict[tuple[TensorType, ...], _Split] = {}

    @property
    def name(self) -> str:
        """Name of the Python function."""
        return self.graph.name

    @property
    def inputs(self) -> list[TensorSpec]:
        """Types of the tensor arguments."""
        values = self.graph.inputs[: self._count]
        return [TensorSpec(v.type.shape, v.type.dtype, v.name) for v in values]

    @property
    def outputs(self) -> list[TensorSpec]:
        """Types of the tensor results."""
        return [TensorSpec(v.type.shape, v.type.dtype, v.name) for v in self.graph.outputs]

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The variables that the function reads or assigns."""
        return self.captured_variables

    @property
    def trainable_variables(self) -> tuple[Variable, ...]:
        """Those of them that are trainable."""
        return tuple(v for v in self.captured_variables if v.trainable)

    @property
    def executor(self) -> Any:
        """What runs the graph."""
        return self._executor

    def __call__(self, *args: Any) -> Any:
        """Run with tensors for the arguments, in order.

        Raises:
            InvalidArgumentError: They do not fit `inputs`.
        """
        given, specs = _flatten(list(args)), self.inputs
        if len(given) != len(specs):
            raise InvalidArgumentError(
                f"{self.name}: takes {len(specs)} tensors, received {len(given)}"
            )
        pairs = enumerate(zip(given, specs, strict=True))
        return self.call_flat([_fitted(self.name, i, *pair) for i, pair in pairs])

    def call_flat(self, tensors: Sequence[Tensor]) -> Any:
        """Run with the flat list of tensor arguments; return the nested result."""
        if context.state.recorders and self._has_gradients(tensors):
            outputs = self._call_recorded(tensors)
        else:
            arrays = self._executor([t._value for t in tensors], self.captured_variables)
            outputs = [
                Tensor._of_array(a, v.type.dtype)
                for a, v in zip(arrays, self.graph.outputs, strict=True)
            ]
        return self.pack(outputs)

    def pack(self, outputs: Sequence[Tensor]) -> Any:
        """Return the flat outputs in the structure that the Python function returned."""
        flat = [outputs[i] if isinstance(i, int) else i[0] for i in self._leaves]
        return self._pack(flat)

    # --- differentiation --------------------------------------------------------------------------

    def _has_gradients(self, tensors: Sequence[Tensor]) -> bool:
        return any(t.dtype.is_differentiable for t in tensors) or any(
            v.dtype.is_differentiable for v in self.captured_variables
        )

    def _call_recorded(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Run and let the tapes see one operation, whose gradient is a function of its own."""
        reads = [v.value() for v in self.captured_variables]
        arguments = (*tensors, *reads)
        split = self._split([t._type for t in arguments])
        arrays = split.forward([t._value for t in tensors], self.captured_variables)
        count = len(self.graph.outputs)
        outputs = tuple(
            Tensor._of_array(a, v.type.dtype)
            for a, v in zip(arrays, self.graph.outputs, strict=False)
        )
        operation = _Recorded(self, split, arrays[count:])
        for recorder in context.state.recorders:
            recorder.record(operation, arguments, {}, outputs)
        return list(outputs)

    def _split(self, types: Sequence[TensorType]) -> _Split:
        """Return what runs forward and back for arguments and variables of these types."""
        if all(None not in v.type.shape for v in self.graph.inputs):
            types = ()
        key = tuple(types)
        if key not in self._splits:
            # Sizes have to be known first: in the part that runs back they would be data.
            graph = specialize(self.graph, types) if types else self.graph
            forward, backward, numbers = split_gradient(graph)
            self._splits[key] = _Split(_executor(forward), _executor(backward), numbers)
        return self._splits[key]

    def gradients(
        self,
        call: Call,
        split: _Split,
        kept: Sequence[Array],
        wanted: Sequence[bool],
        grads: Sequence[Tensor],
    ) -> list[Tensor | None]:
        """Return the gradient for each input of a recorded call."""
        if context.state.recorders or context.state.tracer is not None:
            return self._traceable_gradients(call, wanted, grads)
        arrays = split.backward([*kept, *(g._value for g in grads)], ())
        results: list[Tensor | None] = [None] * len(call.inputs)
        for position, array in zip(split.numbers, arrays, strict=True):
            if wanted[position]:
                results[position] = Tensor._of_array(array, call.inputs[position].dtype)
        return results

    def _traceable_gradients(
        self, call: Call, wanted: Sequence[bool], grads: Sequence[Tensor]
    ) -> list[Tensor | None]:
        """Differentiate operation by operation, so that the result can be differentiated again."""
        from freshet.graph.tape import GradientTape  # noqa: PLC0415

        sources = [t for t, asked in zip(call.inputs, wanted, strict=True) if asked]
        with GradientTape() as tape:
            tape.watch(sources)
            outputs = inline(self.graph, call.inputs)[: len(self.graph.outputs)]
        floating = [t for t in outputs if t.dtype.is_differentiable]
        found = iter(tape.gradient(floating, sources, list(grads)))
        return [next(found) if asked else None for asked in wanted]

    def __repr__(self) -> str:
        specs = ", ".join(str(s.type) for s in self.inputs)
        return f"<ConcreteFunction {self.name}({specs})>"


def _executor(graph: Graph) -> Any:
    values = [*graph.inputs, *(v for node in graph.nodes for v in node.outputs)]
    # Kernels do not work on strings; NumPy does.
    strings = any(v.type.dtype.kind == "string" for v in values)
    return provider(f"executor.{'numpy' if strings else config.backend}")(graph)


@dataclass(frozen=True)
class _Split:
    """A function in two parts: see `split_gradient`."""

    forward: Any
    backward: Any
    numbers: list[int]
    """The inputs whose gradients `backward` returns."""


class _Recorded:
    """A call of a concrete function, as a tape sees it: a primitive with a joint gradient."""

    def __init__(self, function: ConcreteFunction, split: _Split, kept: Sequence[Array]) -> None:
        self.name = function.name
        self.gradient = Joint(
            lambda call, wanted, *grads: function.gradients(call, split, kept, wanted, grads)
        )


def split_gradient(graph: Graph) -> tuple[Graph, Graph, list[int]]:
    """Split a graph and its gradient into a part that runs forward and one that runs back.

    Returns:
        The forward graph, whose outputs are the graph's and then what the other part needs; the
        backward graph, whose inputs are these and the gradients of the floating-point outputs, and
        whose outputs are gradients of inputs; and which inputs those are.
    """
    from freshet.graph.tape import GradientTape  # noqa: PLC0415

    tracer = GraphTracer(f"{graph.name}_gradient")
    with context.tracing(tracer), context.recording(()):
        inputs = [tracer.argument(v.type, "input") for v in graph.inputs]
        sources = [t for t in inputs if t.dtype.is_differentiable]
        with GradientTape() as tape:
            tape.watch(sources)
            results = inline(graph, inputs)
        outputs = results[: len(graph.outputs)]
        floating = [t for t in outputs if t.dtype.is_differentiable]
        seeds = [tracer.argument(t._type, "grad") for t in floating]
        found = tape.gradient(floating, sources, seeds) if floating else [None] * len(sources)
    numbers = [i for i, t in enumerate(inputs) if t.dtype.is_differentiable]
    pairs = [(i, g) for i, g in zip(numbers, found, strict=True) if g is not None]
    joint, _ = tracer.finish([*results, *(g for _, g in pairs)])
    return (*_partition(joint, graph, len(seeds), len(results)), [i for i, _ in pairs])


def _partition(joint: Graph, original: Graph, seeds: int, results: int) -> tuple[Graph, Graph]:
    """Cut the joint graph: what depends on an output gradient runs back, the rest forward."""
    count = len(joint.inputs) - seeds
    forward_inputs, seed_inputs = joint.inputs[:count], joint.inputs[count:]
    backward = set(seed_inputs)
    for node in joint.nodes:
        if any(v in backward for v in node.operands):
            backward.update(node.outputs)
    ahead = [n for n in joint.nodes if n.outputs[0] not in backward]
    returned = joint.outputs[results:]
    both = _known_anyway(joint, backward, returned)
    behind = [n for n in joint.nodes if n.outputs[0] in backward or n in both]
    made = {v for n in behind for v in n.outputs} | set(seed_inputs)
    crossing = dict.fromkeys(
        v for v in [*(v for n in behind for v in n.operands), *returned] if v not in made
    )
    for number, value in enumerate(crossing):
        if value.node is not None:
            value.name = f"kept_{number}"  # an input of the part that runs back
    outputs = joint.outputs[: len(original.outputs)]
    position = {v: i for i, v in enumerate(original.inputs)}
    updates = tuple(
        (forward_inputs[position[target]], value)
        for (target, _), value in zip(
            original.updates, joint.outputs[len(original.outputs) : results], strict=True
        )
    )
    first = Graph(
        f"{original.name}_forward", forward_inputs, tuple(ahead), (*outputs, *crossing), updates
    )
    second = Graph(
        f"{original.name}_backward", (*crossing, *seed_inputs), tuple(behind), tuple(returned)
    )
    return first, second


def _known_anyway(joint: Graph, backward: set[Value], returned: Sequence[Value]) -> set[Node]:
    """Return the constants and the arithmetic on shapes that the backward part does once more."""
    known: set[Value] = set()
    for node in joint.nodes:
        shapes = node.primitive in {constant_p, shape_p}
        if shapes or (node.operands and all(v in known for v in node.operands)):
            known.update(node.outputs)
    found: set[Node] = set()
    needed = set(returned)
    for node in reversed(joint.nodes):
        if node.outputs[0] in backward:
            needed.update(node.operands)
        elif node.outputs[0] in known and any(v in needed for v in node.outputs):
            found.add(node)
            needed.update(node.operands)
    return found


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
    """

    def __init__(
        self,
        python_function: Callable[..., Any],
        input_signature: Sequence[Any] | None = None,
        reduce_retracing: bool = False,
        name: str | None = None,
        keeps_variables: bool = False,
    ) -> None:
        functools.update_wrapper(self, python_function)
        self.python_function = python_function
        self.input_signature = None if input_signature is None else tuple(input_signature)
        self._name = name or _name_of(python_function)
        self._reduce_retracing = reduce_retracing
        self._keeps_variables = keeps_variables
        self._signature = inspect.signature(python_function)
        self._concrete: dict[Any, ConcreteFunction] = {}
        self._plain: dict[Any, ConcreteFunction] = {}
        """The same for calls with nothing but tensors, which are told apart faster."""
        self._relaxed: list[tuple[TensorType, ...]] = []
        self._lock = threading.RLock()
        self._traced = False
        self._bound: weakref.WeakKeyDictionary[Any, Function] = weakref.WeakKeyDictionary()

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """Return the function bound to an object: each object has its own traces."""
        if instance is None:
            return self
        if instance not in self._bound:
            self._bound[instance] = Function(
                _weak_method(self.python_function, instance), self.input_signature,
                self._reduce_retracing, self._name,
            )  # fmt: skip
        return self._bound[instance]

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
                return found.call_flat(args)
        leaves, structure = self._arguments(args, kwargs)
        concrete, tensors = self._find(leaves, structure)
        if is_plain and self.input_signature is None and not self._reduce_retracing:
            self._plain[tuple(key)] = concrete
        return concrete.call_flat(tensors)

    def _run_python(self, args: Any, kwargs: Any) -> Any:
        if self.input_signature is not None or any(
            isinstance(leaf, _ARRAYS) for leaf in _flatten([args, kwargs])
        ):
            leaves, structure = self._arguments(args, kwargs)
            args, kwargs = _pack(structure, leaves)
        return self.python_function(*args, **kwargs)

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> ConcreteFunction:
        """Return the trace for the given arguments; a `TensorSpec` stands for any such tensor."""
        if not args and not kwargs and self.input_signature is not None:
            args = self.input_signature
        leaves, structure = self._arguments(args, kwargs)
        return self._find(leaves, structure)[0]

    def experimental_get_tracing_count(self) -> int:
        """Return how many traces there are."""
        return len(self._concrete)

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

    def _specs(self, leaves: list[Any]) -> list[TensorSpec]:
        """Return the type each tensor argument is traced with."""
        if self.input_signature is not None:
            return _flatten(list(self.input_signature))
        found = [
            leaf if isinstance(leaf, TensorSpec) else TensorSpec(leaf.shape, leaf.dtype)
            for leaf in leaves
            if isinstance(leaf, (Tensor, TensorSpec))
        ]
        return self._relax(found) if self._reduce_retracing else found

    def _declared(self, args: list[Any], kwargs: dict[str, Any]) -> list[Any]:
        """Return the arguments with the tensors that `input_signature` wants; the rest as it is."""
        signature = self.input_signature or ()
        count = len(signature)
        beyond = _flatten([args[count:], kwargs])
        if len(args) < count or any(isinstance(v, (Tensor, *_ARRAYS)) for v in beyond):
            raise InvalidArgumentError(
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
        return ConcreteFunction(graph, variables, result, places)

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
            result = self.python_function(*args, **kwargs)
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
        return _fitted(name, number, value, declared)
    value = map_structure(
        lambda spec, part: spec._accept(part) if isinstance(spec, CompositeTensor) else part,
        declared,
        value,
    )
    pairs = zip(_flatten(value), _flatten(declared), strict=True)
    return _pack(value, [_fitted(name, number, *pair) for pair in pairs])


def _fitted(name: str, number: int, value: Any, spec: TensorSpec) -> Any:
    """Return an argument as a tensor; a `TensorSpec`, which stands for one, as it is."""
    known = isinstance(value, (Tensor, TensorSpec))
    tensor = value if known else convert_to_tensor(value, dtype_hint=spec.dtype)
    if not spec.is_compatible_with(tensor):
        kind = DTypeError if tensor.dtype != spec.dtype else InvalidArgumentError
        received = TensorType(tensor.dtype, tuple(tensor.shape))
        raise kind(f"{name}: argument {number} must be {spec.type}, received {received}")
    return tensor


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


def _weak_method(function: Callable[..., Any], instance: Any) -> Callable[..., Any]:
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
        return function(alive, *args, **kwargs)

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
        autograph: Accepted for TensorFlow programs; Python's `if` and `while` on tensors are not
            converted yet, use `ft.where`.
        jit_compile: Accepted for TensorFlow programs; everything is compiled.
        reduce_retracing: Leave sizes open that differ from call to call.
        **kwargs: TensorFlow's experimental arguments, ignored.

    Raises:
        InvalidArgumentError: On a call, if the arguments do not fit `input_signature`.

    Example:
        >>> import freshet as ft
        >>> @ft.function
        ... def double(x):
        ...     return x + x
        >>> double(ft.constant([1, 2])).numpy().tolist()
        [2, 4]
    """
    del autograph, jit_compile, kwargs
    if func is None:
        return functools.partial(
            function, input_signature=input_signature, reduce_retracing=reduce_retracing
        )
    return Function(func, input_signature, reduce_retracing)
