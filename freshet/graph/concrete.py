"""`ConcreteFunction`: a function traced for one signature; how it runs and differentiates."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from freshet.core import context
from freshet.core.config import config
from freshet.core.dtypes import DType
from freshet.core.nest import flatten, map_structure, packer
from freshet.core.providers import provider
from freshet.core.shapes import TensorSpec, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.core.variable import Variable
from freshet.graph.ir import Graph
from freshet.graph.passes.specialize import specialize
from freshet.graph.row_gradients import GradientLayout, only_once
from freshet.graph.signature import Signature, SignatureError, as_text, described
from freshet.graph.split_gradient import split_gradient
from freshet.graph.trace import GraphTracer, inline
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.primitive import Call, Joint

# Ragged and sparse tensors go in and come out as their components.
_flatten = functools.partial(flatten, expand_composites=True)


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
        signature: Signature | None = None,
    ) -> None:
        self.graph = graph
        self.captured_variables = tuple(variables)
        self.signature = signature
        self._structure = structure
        self._pack = packer(structure)
        self._leaves = leaves
        """Per leaf of the result: the number of a graph output, or ``(value,)`` of a constant."""
        self._count = len(graph.inputs) - len(variables)
        self._executor = _executor(graph)
        self._splits: dict[tuple[TensorType, ...], _Split] = {}
        self._derived: dict[Any, tuple[ConcreteFunction, Any]] = {}
        """Functions that compute derivatives of this one, and which ones they are."""

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

    @property
    def captured_inputs(self) -> list[Variable]:
        """What the function uses beside its arguments: its variables."""
        return list(self.captured_variables)

    @property
    def structured_input_signature(self) -> tuple[Any, dict[str, Any]]:
        """The arguments it was traced for: positional ones and keywords, with specs for tensors."""
        if self.signature is None:
            return tuple(self.inputs), {}
        return self.signature.structured

    @property
    def structured_outputs(self) -> Any:
        """The result, with specs for tensors."""
        specs = [TensorSpec(v.type.shape, v.type.dtype) for v in self.graph.outputs]
        flat = [specs[i] if isinstance(i, int) else i[0] for i in self._leaves]
        return described(self._structure, flat)

    @property
    def output_dtypes(self) -> Any:
        """Dtypes of the results, nested as they are."""
        return map_structure(lambda s: getattr(s, "dtype", None), self.structured_outputs)

    @property
    def output_shapes(self) -> Any:
        """Shapes of the results, nested as they are."""
        return map_structure(lambda s: getattr(s, "shape", None), self.structured_outputs)

    def pretty_printed_signature(self, verbose: bool = True) -> str:
        """Return the arguments, results and captured variables as text.

        Args:
            verbose: Whether to use a line for each, or one for all.
        """
        arguments = [] if self.signature is None else self.signature.lines()
        captures = [f"{v.path}: {TensorType(v.dtype, tuple(v.shape))}" for v in self.variables]
        result = as_text(self.structured_outputs)
        if not verbose:
            listed = ", ".join(line.replace(" (POSITIONAL_ONLY)", "") for line in arguments)
            return f"{self.name}({listed}) -> {result}"
        return "\n".join(
            [
                "Input Parameters:", *(f"  {line}" for line in arguments or ["None"]),
                "Output Type:", f"  {result}",
                "Captures:", *(f"  {line}" for line in captures or ["None"]),
            ]
        )  # fmt: skip

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run with the arguments that the function was traced for.

        Args:
            *args: As the Python function takes them, or all tensors in order. What is no tensor may
                be left out, and must have the traced value.
            **kwargs: The same by name: that of the argument, or of its `TensorSpec`.

        Raises:
            SignatureError: An argument is missing, not known, or does not fit. It is an
                `InvalidArgumentError` and a `TypeError`.
        """
        specs = self.inputs
        given = _flatten(list(args))
        if not kwargs and len(given) == len(specs):
            values = given
        elif self.signature is None:
            raise SignatureError(f"{self.name}: takes {len(specs)} tensors, received {len(given)}")
        else:
            values = self.signature.bind(args, kwargs)
        pairs = enumerate(zip(values, specs, strict=True))
        return self.call_flat([fitted(self.name, i, *pair) for i, pair in pairs])

    def call_flat(self, tensors: Sequence[Tensor]) -> Any:
        """Run with the flat list of tensor arguments; return the nested result."""
        if context.state.tracer is not None:
            outputs = self._call_traced(tensors)
        elif context.state.recorders and self._has_gradients(tensors):
            outputs = self._call_recorded(tensors)
        else:
            outputs = self._run(tensors)
        return self.pack(outputs)

    def _run(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        arrays = self._executor([t._value for t in tensors], self.captured_variables)
        return [
            Tensor._of_array(a, v.type.dtype)
            for a, v in zip(arrays, self.graph.outputs, strict=True)
        ]

    def _call_traced(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Make its operations part of the graph that is being traced."""
        variables = self.captured_variables
        results = inline(self.graph, (*tensors, *(v.value() for v in variables)))
        count = len(self.graph.outputs)
        held = dict(zip(self.graph.inputs[len(tensors) :], variables, strict=True))
        for (target, _), value in zip(self.graph.updates, results[count:], strict=True):
            held[target].assign(value)
        return results[:count]

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
        recorders = context.state.recorders
        if not any(r.tracks(t) for r in recorders for t in arguments):
            return self._run(tensors)
        split = self._split([t._type for t in arguments])
        arrays = split.forward([t._value for t in tensors], self.captured_variables)
        count = len(self.graph.outputs)
        outputs = tuple(
            Tensor._of_array(a, v.type.dtype)
            for a, v in zip(arrays, self.graph.outputs, strict=False)
        )
        operation = _Recorded(self, split, arrays[count:])
        for recorder in recorders:
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
            forward, backward, layout = split_gradient(graph, len(self.captured_variables))
            dtypes = [v.type.dtype for v in backward.outputs]
            self._splits[key] = _Split(_executor(forward), _executor(backward), dtypes, layout)
        return self._splits[key]

    def gradients(
        self,
        call: Call,
        split: _Split,
        kept: Sequence[Array],
        wanted: Sequence[bool],
        grads: Sequence[Tensor],
    ) -> list[Any]:
        """Return the gradient for each input of a recorded call."""
        if context.state.recorders or context.state.tracer is not None:
            return self._traceable_gradients(call, wanted, grads)
        arrays = split.backward([*kept, *(g._value for g in grads)], ())
        results = [Tensor._of_array(a, t) for a, t in zip(arrays, split.dtypes, strict=True)]
        found = split.layout.gradients(results, call.inputs)
        return [g if asked else None for g, asked in zip(found, wanted, strict=True)]

    def _traceable_gradients(
        self, call: Call, wanted: Sequence[bool], grads: Sequence[Tensor]
    ) -> list[Any]:
        """Differentiate so that the result can be differentiated again: by a function like this."""
        operands = (*call.inputs, *grads)
        if context.state.tracer is not None:
            return self._inlined_gradients(operands, wanted)
        key = ("gradient", tuple(t._type for t in operands), tuple(wanted))
        if key not in self._derived:
            tracer = GraphTracer(f"{self.name}_gradient")
            with context.tracing(tracer), context.recording(()):
                arguments = [tracer.argument(t._type, "x") for t in operands]
                layout, found = GradientLayout.of(self._inlined_gradients(arguments, wanted))
                graph, _ = tracer.finish(found)
            self._derived[key] = _flat(graph), layout
        function, layout = self._derived[key]
        gradients: list[Any] = layout.gradients(function.call_flat(operands), call.inputs)
        return gradients

    def _inlined_gradients(self, operands: Sequence[Tensor], wanted: Sequence[bool]) -> list[Any]:
        from freshet.graph.tape import GradientTape  # noqa: PLC0415 (it imports much of the graph)

        inputs, grads = operands[: len(wanted)], operands[len(wanted) :]
        wanted = only_once(inputs, wanted)
        sources = [t for t, asked in zip(inputs, wanted, strict=True) if asked]
        with GradientTape() as tape:
            tape.watch(sources)
            outputs = inline(self.graph, inputs)[: len(self.graph.outputs)]
        floating = [t for t in outputs if t.dtype.is_differentiable]
        variables = sum(wanted[self._count :])
        found = iter(tape.gradient_in_rows(floating, sources, list(grads), variables))
        return [next(found) if asked else None for asked in wanted]

    def tangents(self, call: Call, given: Sequence[Tensor | None]) -> list[Tensor | None]:
        """Return the tangents of the outputs of a recorded call, of which some inputs have one."""
        from freshet.graph.forward import carrying_tangents  # noqa: PLC0415 (it needs the tape)

        moving = [t is not None for t in given]
        types = [t._type for t in call.inputs]
        key = ("tangents", tuple(types), tuple(moving))
        if key not in self._derived:
            whole, numbers = carrying_tangents(specialize(self.graph, types), moving)
            numbers = [i for i in numbers if i < len(self.graph.outputs)]
            first = len(self.graph.results)
            outputs = whole.outputs[first : first + len(numbers)]
            graph = Graph(whole.name, whole.inputs, whole.nodes, outputs)
            self._derived[key] = _flat(graph), numbers
        operands = [*call.inputs, *(t for t in given if t is not None)]
        function, numbers = self._derived[key]
        results: list[Tensor | None] = [None] * len(call.outputs)
        for number, tensor in zip(numbers, function.call_flat(operands), strict=True):
            results[number] = tensor
        return results

    def __repr__(self) -> str:
        specs = ", ".join(str(s.type) for s in self.inputs)
        return f"<ConcreteFunction {self.name}({specs})>"

    def __str__(self) -> str:
        return f"ConcreteFunction {self.pretty_printed_signature()}"


def _flat(graph: Graph) -> ConcreteFunction:
    """Return a function that returns a list of the graph's outputs."""
    places = list(range(len(graph.outputs)))
    return ConcreteFunction(graph, [], [None] * len(places), places)


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
    dtypes: list[DType]
    """Of what `backward` returns."""
    layout: GradientLayout
    """Which gradients these are."""


class _Recorded:
    """A call of a concrete function, as a tape sees it: a primitive with a joint gradient."""

    def __init__(self, function: ConcreteFunction, split: _Split, kept: Sequence[Array]) -> None:
        self.name = function.name
        self.gradient = Joint(
            lambda call, wanted, *grads: function.gradients(call, split, kept, wanted, grads)
        )
        self.push_forward = function.tangents


def fitted(name: str, number: int, value: Any, spec: TensorSpec) -> Any:
    """Return an argument as a tensor; a `TensorSpec`, which stands for one, as it is."""
    known = isinstance(value, (Tensor, TensorSpec))
    tensor = value if known else convert_to_tensor(value, dtype_hint=spec.dtype)
    if not spec.is_compatible_with(tensor):
        received = TensorType(tensor.dtype, tuple(tensor.shape))
        raise SignatureError(f"{name}: argument {number} must be {spec.type}, received {received}")
    return tensor
