"""Loops over time: `scan`, a graph run once per step, and its gradient, a scan the other way.

    carry[0] = initial;   carry[t+1], output[t] = body(carry[t], sequence[t], invariants)

The body is traced once. What it uses from outside becomes an invariant. Compiled, the steps are
calls of the same kernels with other addresses, in the one native program around them.

*Gradient.* While a tape records, the body also puts out what its own gradient will need (the
residuals), as `split_gradient` finds it. The backward body takes the gradients of the carry and of
the outputs of its step back to the carry before it. What the invariants get is a sum over all
steps: where each step's share is a matrix product or a sum itself, the loop puts out what is
multiplied or summed, and one large product or sum after it does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from freshet.core import context
from freshet.core.errors import InvalidArgumentError
from freshet.core.nest import flatten, pack_sequence_as
from freshet.core.shapes import Dim, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.core.variable import Variable
from freshet.graph.body import BodyTracer, hoisted
from freshet.graph.interpret import interpret
from freshet.graph.ir import Graph, Value
from freshet.graph.passes.specialize import specialize
from freshet.graph.trace import GraphTracer, inline
from freshet.ops import shaping
from freshet.ops.array import sum_to_p
from freshet.ops.contraction import contract_p
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.nest import Repeat
from freshet.ops.primitive import Call, Joint, Primitive
from freshet.ops.reduction import reduce_sum

_LETTER: Final = "T"
"""Stands for the steps where products of all steps become one."""


@dataclass(frozen=True)
class Parts:
    """What the operands and results of a scan are.

    Attributes:
        carries: How many operands and results are carried from step to step; they come first.
        sequences: How many operands follow that hold an element for each step. The rest are
            invariants.
        length: Number of steps; None if the sequences say it.
        reverse: Whether the steps go from the last element to the first.
    """

    carries: int
    sequences: int
    length: int | None
    reverse: bool

    def split(self, operands: Sequence[Any]) -> tuple[list[Any], list[Any], list[Any]]:
        """Return the carries, the sequences and the invariants."""
        last = self.carries + self.sequences
        return (
            list(operands[: self.carries]),
            list(operands[self.carries : last]),
            list(operands[last:]),
        )

    def steps(self, sequences: Sequence[TensorType]) -> Dim:
        """Return the number of steps, None if it is not known yet."""
        return sequences[0].shape[0] if sequences else self.length


def parts_of(params: Mapping[str, Any]) -> Parts:
    """Return what a scan's parameters say of its operands."""
    return Parts(params["carries"], params["sequences"], params["length"], params["reverse"])


def body_types(parts: Parts, types: Sequence[TensorType]) -> list[TensorType]:
    """Return the types of the body's inputs for operands of the given types."""
    carries, sequences, invariants = parts.split(types)
    return [*carries, *(TensorType(s.dtype, s.shape[1:]) for s in sequences), *invariants]


# --- the primitive --------------------------------------------------------------------------------


def _infer(*types: TensorType, body: Graph, **params: Any) -> tuple[TensorType, ...]:
    parts = parts_of(params)
    carries, sequences, _ = parts.split(types)
    steps = parts.steps(sequences)
    for number, kind in enumerate(sequences):
        if not kind.shape or (None not in (kind.shape[0], steps) and kind.shape[0] != steps):
            raise InvalidArgumentError(
                f"scan: sequence {number} is {kind}, expected {steps} steps as the first dimension"
            )
    inner = body_types(parts, types)
    same = all(v.type == t for v, t in zip(body.inputs, inner, strict=True))
    made = [v.type for v in (body if same else specialize(body, inner)).outputs]
    for number, (before, after) in enumerate(zip(carries, made, strict=False)):
        if before.dtype != after.dtype or not _fits(before, after):
            raise InvalidArgumentError(
                f"scan: carry {number} is {before} before a step and {after} after it; a step must "
                "keep its dtype and shape"
            )
    stacked = [TensorType(t.dtype, (steps, *t.shape)) for t in made[parts.carries :]]
    return (*carries, *stacked)


def _fits(x: TensorType, y: TensorType) -> bool:
    return len(x.shape) == len(y.shape) and all(
        m == n or None in (m, n) for m, n in zip(x.shape, y.shape, strict=True)
    )


def _reference(*arrays: Array, body: Graph, **params: Any) -> tuple[Array, ...]:
    parts = parts_of(params)
    carries, sequences, invariants = parts.split(arrays)
    steps = len(sequences[0]) if sequences else params["length"]
    order = range(steps - 1, -1, -1) if parts.reverse else range(steps)
    rows: dict[int, list[Array]] = {}
    for t in order:
        results = interpret(body, [*carries, *(s[t, ...] for s in sequences), *invariants])
        carries, rows[t] = results[: parts.carries], results[parts.carries :]
    if not rows:
        kinds = [v.type for v in body.outputs[parts.carries :]]
        empty = [np.zeros((0, *(n or 0 for n in k.shape)), k.dtype.as_numpy_dtype) for k in kinds]
        return (*carries, *empty)
    columns = zip(*(rows[t] for t in range(steps)), strict=True)
    return (*carries, *(_stacked(column) for column in columns))


def _stacked(rows: Sequence[Array]) -> Array:
    if any(row.shape != rows[0].shape for row in rows):
        raise InvalidArgumentError(
            "scan: a loop whose variables change their size has no gradient, received the shapes "
            f"{[row.shape for row in rows]}; write into a ft.TensorArray, or use a mask"
        )
    return np.stack(rows)


def _recorded(inputs: tuple[Tensor, ...], params: Mapping[str, Any]) -> tuple[Tensor, ...]:
    """Apply a scan so that a tape can differentiate it.

    The tape that was started last gets a scan that keeps what its gradient needs. For the others,
    which differentiate that gradient, what is kept are results; theirs runs the steps once more.
    """
    from freshet.graph.tape import GradientTape  # noqa: PLC0415 (it imports the tracer)

    recorders = context.state.recorders
    tapes = [r for r in recorders if isinstance(r, GradientTape)]
    keeps = bool(tapes) and "backward" not in params
    wanted = _with_residuals(params["body"], params) if keeps else dict(params)
    with context.recording(()):
        outputs = scan_p.apply(inputs, wanted)
    for recorder in recorders:
        last = keeps and recorder is tapes[-1]
        recorder.record(scan_p, inputs, wanted if last else without_gradient(wanted), outputs)
    return outputs[: len(params["body"].outputs)]


def without_gradient(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a scan all of whose outputs are results."""
    return {n: params[n] for n in ("body", "carries", "sequences", "length", "reverse")}


scan_p: Primitive = Primitive(
    name="scan", infer=_infer, reference=_reference, lower=Repeat(), recorded=_recorded,
    gradient=Joint(lambda call, wanted, *grads: _gradient(call, wanted, grads)),
)  # fmt: skip


# --- the gradient ---------------------------------------------------------------------------------


def _with_residuals(body: Graph, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a scan that also puts out what its gradient needs.

    backward    the gradient of one step: of what it kept and the gradients of the step's outputs
    kept        where each thing it kept is: ``("input", n)`` or ``("output", n)`` of the body
    sources     the body's inputs whose gradients it gives
    """
    from freshet.graph.split_gradient import split_gradient  # noqa: PLC0415 (it imports the tape)

    forward, backward, layout = split_gradient(body)
    count = len(body.outputs)
    inputs = {v: i for i, v in enumerate(forward.inputs)}
    carries = params["carries"]
    kept: list[tuple[str, int]] = []
    outputs = list(forward.outputs[:count])
    for value in forward.outputs[count:]:
        number = inputs.get(value)
        if number is not None and number >= carries:
            kept.append(("input", number))
        else:
            kept.append(("output", len(outputs)))
            outputs.append(value)
    augmented = Graph(body.name, forward.inputs, forward.nodes, tuple(outputs))
    return {
        **params, "body": augmented, "backward": backward, "kept": tuple(kept),
        "sources": layout.numbers, "results": count,
    }  # fmt: skip


def _gradient(call: Call, wanted: Sequence[bool], grads: Sequence[Tensor]) -> list[Tensor | None]:
    params = call.params
    if "backward" not in params:
        params = _with_residuals(params["body"], params)
        # Seen by the tapes that are recording: they differentiate what is kept, too.
        outputs = scan_p.apply(call.inputs, without_gradient(params))
        call = Call(call.inputs, outputs, params)
    return _Backward(call, wanted, grads).run()


class _Backward:
    """Builds the scan that takes gradients back through another one."""

    def __init__(self, call: Call, wanted: Sequence[bool], grads: Sequence[Tensor]) -> None:
        self.call, self.parts = call, parts_of(call.params)
        self.body: Graph = call.params["body"]
        self.backward: Graph = call.params["backward"]
        self.count: int = call.params["results"]
        sources: tuple[int, ...] = call.params["sources"]
        carries = self.parts.carries
        # A carry's gradient is needed for the step before it, whoever asks.
        self.sources = [s for s in sources if wanted[s] or s < carries]
        self.position = {s: i for i, s in enumerate(sources)}
        floating = [i for i, v in enumerate(self.body.outputs) if v.type.dtype.is_differentiable]
        given = dict(zip(floating, grads, strict=False))
        self.seeds = {i: given[i] for i in floating if i < self.count}
        self.wanted = wanted

    def run(self) -> list[Tensor | None]:
        """Return the gradients of the operands."""
        parts = self.parts
        carried = [i for i in range(parts.carries) if i in self.seeds]
        rows = [i for i in self.seeds if i >= parts.carries]
        sequences, invariants = self._kept_tensors()
        counted = parts.split(self.call.inputs)[1]
        if not (rows or sequences) and parts.steps([t._type for t in counted]) is None:
            sequences[-1] = counted[0]  # something has to say how many steps there are
        tracer = GraphTracer(f"{self.body.name}_back")
        with context.tracing(tracer), context.recording(()):
            steps = [_step_type(t) for t in (*(self.seeds[i] for i in rows), *sequences.values())]
            carry_args = [tracer.argument(self.seeds[i]._type, "carry") for i in carried]
            row_args = [tracer.argument(t, "row") for t in steps]
            fixed_args = [tracer.argument(t._type, "fixed") for t in invariants.values()]
            seeds = dict(zip([*carried, *rows], [*carry_args, *row_args], strict=False))
            kept = dict(zip(sequences, row_args[len(rows) :], strict=True))
            kept |= dict(zip(invariants, fixed_args, strict=True))
            found = self._one_step(seeds, kept)
            symbols = [tracer.value_of("scan", a) for a in row_args]
            given = [*(self.seeds[i] for i in rows), *sequences.values()]
            factors = _Factors(tracer, dict(zip(symbols, given, strict=True)))
            shares = {
                s: factors.of(found[s])
                for s in self.sources
                if s >= parts.carries + parts.sequences and found[s] is not None
            }
            back = [found.get(i) for i in carried]
            back = [
                shaping.zeros_like(a) if g is None else g
                for a, g in zip(carry_args, back, strict=True)
            ]
            own = [
                s for s in self.sources
                if parts.carries <= s < parts.carries + parts.sequences and found[s] is not None
            ]  # fmt: skip
            outputs = [*back, *(found[s] for s in own), *factors.tensors]
            graph, _ = tracer.finish([t for t in outputs if t is not None])
        results = self._loop(graph, carried, rows, list(sequences.values()), invariants)
        count = len(carried)
        grads = dict(zip(carried, results[:count], strict=True))
        grads |= dict(zip(own, results[count : count + len(own)], strict=True))
        stacked = results[count + len(own) :]
        grads |= {s: share.total(stacked) for s, share in shares.items()}
        return [grads.get(i) if asked else None for i, asked in enumerate(self.wanted)]

    def _kept_tensors(self) -> tuple[dict[int, Tensor], dict[int, Tensor]]:
        """Return what the backward body reads: row by row, or as a whole; by its input's number."""
        rows: dict[int, Tensor] = {}
        fixed: dict[int, Tensor] = {}
        last = self.parts.carries + self.parts.sequences
        for number, (where, i) in enumerate(self.call.params["kept"]):
            tensor = self.call.outputs[i] if where == "output" else self.call.inputs[i]
            (fixed if where == "input" and i >= last else rows)[number] = tensor
        return rows, fixed

    def _one_step(
        self, seeds: Mapping[int, Tensor], kept: Mapping[int, Tensor]
    ) -> dict[int, Tensor | None]:
        """Run the backward graph; return the gradient of each input of the body."""
        count = len(self.call.params["kept"])
        inputs = [kept[i] for i in range(count)] + [seeds[i] for i in sorted(seeds)]
        results = inline(self.backward, inputs)
        return {
            s: results[self.position[s]] if s in self.position else None
            for s in range(len(self.body.inputs))
        }

    def _loop(
        self, graph: Graph, carried: Sequence[int], rows: Sequence[int],
        sequences: Sequence[Tensor], invariants: Mapping[int, Tensor],
    ) -> tuple[Tensor, ...]:  # fmt: skip
        operands = (
            *(self.seeds[i] for i in carried),
            *(self.seeds[i] for i in rows),
            *sequences,
            *invariants.values(),
        )
        steps = self.parts.steps([t._type for t in self.parts.split(self.call.inputs)[1]])
        return scan_p.apply(
            operands,
            {
                "body": graph, "carries": len(carried), "sequences": len(rows) + len(sequences),
                "length": steps, "reverse": not self.parts.reverse,
            },
        )  # fmt: skip


@dataclass(frozen=True)
class _Share:
    """How the sum over all steps of an invariant's gradient is made of what the loop puts out."""

    rows: tuple[int | Tensor, ...]
    """Numbers of what it puts out, or sequences that it was given."""
    primitive: Primitive | None
    params: Mapping[str, Any]

    def total(self, stacked: Sequence[Tensor]) -> Tensor:
        """Return the sum."""
        rows = [stacked[i] if isinstance(i, int) else i for i in self.rows]
        if self.primitive is contract_p:
            operands, _, out = self.params["equation"].partition("->")
            left, _, right = operands.partition(",")
            whole = f"{_LETTER}{left},{_LETTER}{right}->{out}"
            return contract_p(*rows, equation=whole)
        if self.primitive is sum_to_p:
            return sum_to_p(*rows, **self.params)
        return reduce_sum(rows[0], 0)


class _Factors:
    """What the backward body puts out for the invariants' gradients, each thing once."""

    def __init__(self, tracer: GraphTracer, sequences: Mapping[Value, Tensor]) -> None:
        self._tracer, self._sequences = tracer, sequences
        self._numbers: dict[Value, int] = {}
        self.tensors: list[Tensor] = []

    def of(self, gradient: Tensor | None) -> _Share:
        """Return how the sum of a gradient over all steps is made."""
        assert gradient is not None
        value = self._tracer.value_of("scan", gradient)
        node = value.node
        if node is not None and (
            node.primitive is contract_p or (node.primitive is sum_to_p and len(node.operands) == 1)
        ):
            rows = tuple(self._row(v) for v in node.operands)
            return _Share(rows, node.primitive, node.params)
        return _Share((self._row(value),), None, {})

    def _row(self, value: Value) -> int | Tensor:
        if value in self._sequences:
            return self._sequences[value]
        if value not in self._numbers:
            self._numbers[value] = len(self.tensors)
            self.tensors.append(Tensor._of_symbol(value))
        return self._numbers[value]


def _step_type(tensor: Tensor) -> TensorType:
    return TensorType(tensor.dtype, tensor._type.shape[1:])


# --- tracing --------------------------------------------------------------------------------------


def scan(
    step: Callable[[Any, Any], tuple[Any, Any]],
    carry: Any,
    sequences: Any,
    length: int | None = None,
    reverse: bool = False,
) -> tuple[Any, Any]:
    """Run a function once per step, carrying values from step to step.

    Args:
        step: ``(carry, elements) -> (carry, outputs)``, of structures of tensors. It is traced
            once, so its Python runs once.
        carry: What the first step gets.
        sequences: A structure of tensors whose first dimension counts the steps; None for none.
        length: Number of steps, where there are no sequences.
        reverse: Whether to go from the last element to the first.

    Returns:
        The last carry, and the outputs of all steps, stacked along a new first dimension in the
        order of the elements.

    Raises:
        InvalidArgumentError: The number of steps is unknown or differs, or a step changes the
            carry's structure, dtype or shape.

    Example:
        >>> total, sums = scan(lambda c, x: (c + x, c + x), 0.0, [1.0, 2.0, 3.0])
        >>> sums.numpy().tolist()
        [1.0, 3.0, 6.0]
    """
    carries = [convert_to_tensor(c) for c in flatten(carry)]
    rows = [] if sequences is None else [convert_to_tensor(s) for s in _leaves(sequences)]
    if not rows and length is None:
        raise InvalidArgumentError("scan: without sequences, `length` must say how many steps")
    loop = _Steps(step, carry, sequences, carries, rows)
    held: list[tuple[Variable, Tensor]] = []
    while True:
        body, captured, assigned = loop.trace(held)
        more = [v for v in assigned if not any(v is known for known, _ in held)]
        if not more:
            break
        # Once more: what a step assigns, the next one reads.
        held += [(v, v.value()) for v in more]
    fixed = len(carries) + len(held) + len(rows)
    body, invariants = hoisted(body, fixed, captured)
    params = {
        "body": body, "carries": len(carries) + len(held), "sequences": len(rows),
        "length": length, "reverse": reverse,
    }  # fmt: skip
    results = scan_p.apply((*carries, *(t for _, t in held), *rows, *invariants), params)
    last = pack_sequence_as(carry, list(results[: len(carries)]))
    outputs = list(results[len(carries) + len(held) :])
    for (variable, _), value in zip(held, results[len(carries) :], strict=False):
        variable.assign(value)
    return last, None if loop.outputs is None else pack_sequence_as(loop.outputs, outputs)


class _Steps:
    """Traces the step of a scan.

    Attributes:
        outputs: What a step puts out, in its structure.
    """

    def __init__(
        self, step: Callable[[Any, Any], tuple[Any, Any]], carry: Any, sequences: Any,
        carries: Sequence[Tensor], rows: Sequence[Tensor],
    ) -> None:  # fmt: skip
        self._step, self._carry, self._sequences = step, carry, sequences
        self._carries, self._rows = carries, rows
        self.outputs: Any = None

    def trace(
        self, held: Sequence[tuple[Variable, Tensor]]
    ) -> tuple[Graph, list[Tensor], list[Variable]]:
        """Return the body, what it captures, and the variables that it assigns.

        Args:
            held: The variables whose values are carried, too, and these values at first.
        """
        tracer = BodyTracer("step")
        with context.tracing(tracer), context.recording(()):
            carry_args = [tracer.argument(t._type, "carry") for t in self._carries]
            for variable, value in held:
                tracer.carry_variable(variable, value._type)
            row_args = [tracer.argument(_step_type(t), "element") for t in self._rows]
            sequences = self._sequences
            elements = None if sequences is None else _packed(sequences, row_args)
            packed = pack_sequence_as(self._carry, carry_args)
            new_carry, self.outputs = self._step(packed, elements)
            kept = [convert_to_tensor(t) for t in flatten(new_carry)]
            if len(kept) != len(self._carries):
                raise InvalidArgumentError(
                    f"scan: the carry has {len(self._carries)} tensors before a step, {len(kept)} "
                    "after it"
                )
            leaves = [] if self.outputs is None else flatten(self.outputs)
            given = [convert_to_tensor(t) for t in leaves]
            finals = [tracer.final(v) for v, _ in held]
            graph, _ = tracer.finish([*kept, *finals, *given])
        return graph, tracer.captured, tracer.assigned


def _leaves(sequences: Any) -> list[Any]:
    """Return the sequences; a list of numbers is one of them."""
    leaves = flatten(sequences)
    return (
        leaves
        if all(isinstance(x, (Tensor, Variable, np.ndarray)) for x in leaves)
        else [sequences]
    )


def _packed(sequences: Any, tensors: list[Tensor]) -> Any:
    leaves = flatten(sequences)
    if len(leaves) != len(tensors) or (len(tensors) == 1 and not isinstance(sequences, dict)):
        same = isinstance(sequences, (list, tuple)) and leaves and leaves == list(sequences)
        if not same or not isinstance(leaves[0], (Tensor, Variable, np.ndarray)):
            return tensors[0]
    return pack_sequence_as(sequences, tensors)
