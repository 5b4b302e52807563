"""Forward-mode differentiation: `ForwardAccumulator`, which carries tangents along.

While an operation ``y = f(x)`` runs, the accumulator computes ``dy = J dx``. There are no rules for
that beside the gradient rules: a gradient rule gives ``u -> transpose(J) u``, which is linear in u,
so its own gradient for ``u``, weighted by ``dx``, is ``J dx``. Three kinds of operations have a
shorter way: linear ones (applied to the tangent), elementwise ones (their Jacobian is diagonal, so
it is its own transpose) and products (by the product rule). Graphs inside an operation (the body of
a loop, a traced function) are turned into graphs that carry tangents.

Source: Griewank & Walther, Evaluating Derivatives, 2nd ed. 2008, chapter 3 (forward mode).
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final

from freshet.core import context
from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.core.nest import pack_sequence_as
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.graph.ir import Graph
from freshet.graph.tape import GradientTape, key_of, like, operand_gradients, varying
from freshet.graph.trace import GraphTracer, inline
from freshet.graph.unconnected import UnconnectedGradients
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.nest import Nest, identity
from freshet.ops.primitive import Call

Tangents = Sequence[Tensor | None]


class ForwardAccumulator:
    """Compute Jacobian-vector products beside the operations that run.

    ``jvp(y) = sum over primals x of (dy/dx) tangent(x)``

    One pass costs two to three times the function, however many results there are; a tape's
    gradient costs the same however many inputs there are. Around a `GradientTape` it gives products
    with the Hessian; accumulators nest.

    Args:
        primals: A tensor or variable, or a structure of them.
        tangents: The direction of differentiation: for each primal a tensor of its dtype and shape.

    Raises:
        InvalidArgumentError: A primal appears twice, or a tangent does not fit its primal.

    Example:
        >>> import freshet as ft
        >>> x = ft.constant([1.0, 2.0])
        >>> with ft.autodiff.ForwardAccumulator(x, ft.constant([1.0, 0.0])) as acc:
        ...     y = x * x * x
        >>> acc.jvp(y).numpy().tolist()
        [3.0, 0.0]
    """

    def __init__(self, primals: Any, tangents: Any) -> None:
        self._tangents: dict[int, tuple[Any, Tensor]] = {}
        self._variables: dict[int, tuple[Variable, Tensor]] = {}
        self._recording = False
        xs, given = varying(primals), varying(tangents)
        if len(xs) != len(given):
            raise InvalidArgumentError(
                f"ForwardAccumulator: {len(xs)} primals, {len(given)} tangents"
            )
        for x, tangent in zip(xs, given, strict=True):
            self._watch(x, tangent)

    def _watch(self, primal: Any, tangent: Any) -> None:
        if not isinstance(primal, (Tensor, Variable)):
            raise InvalidArgumentError(
                f"ForwardAccumulator: expected a tensor or variable to watch, received {primal!r}"
            )
        if not primal.dtype.is_differentiable:
            warnings.warn(
                f"ForwardAccumulator: a primal of {primal.dtype.name} has no tangent", stacklevel=4
            )
            return
        with context.recording(()):
            found = convert_to_tensor(tangent, dtype_hint=primal.dtype)
        if found.dtype != primal.dtype or not found.shape.is_compatible_with(primal.shape):
            raise InvalidArgumentError(
                f"ForwardAccumulator: the tangent of a primal of {primal.dtype.name}, shape "
                f"{primal.shape}, must be like it, received {found._type}"
            )
        known = self._variables if isinstance(primal, Variable) else self._tangents
        key = id(primal) if isinstance(primal, Variable) else key_of(primal)
        if key in known:
            raise InvalidArgumentError(
                "ForwardAccumulator: a primal is given twice; add up its tangents instead"
            )
        if isinstance(primal, Variable):
            self._variables[key] = primal, found
        else:
            self._hold(primal, found)

    # --- recording --------------------------------------------------------------------------------

    def __enter__(self) -> ForwardAccumulator:
        if self._recording:
            raise FailedPreconditionError("ForwardAccumulator: it is recording already")
        context.state.recorders = (*context.state.recorders, self)
        self._recording = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        context.state.recorders = tuple(r for r in context.state.recorders if r is not self)
        self._recording = False

    def record(
        self,
        primitive: Any,
        inputs: tuple[Tensor, ...],
        params: Mapping[str, Any],
        outputs: tuple[Tensor, ...],
    ) -> None:
        """Compute the tangents of an operation's outputs from those of its inputs."""
        tangents = [self._tangent(t) for t in inputs]
        if all(t is None for t in tangents):
            return
        recorders = context.state.recorders
        # Tapes stand before accumulators, which see what those inside them compute.
        outer = recorders[: recorders.index(self)] if self in recorders else recorders
        with context.recording(outer):
            found = push_forward(primitive, Call(inputs, outputs, params), tangents)
            for output, tangent in zip(outputs, found, strict=True):
                if tangent is not None and output.dtype.is_differentiable:
                    self._hold(output, tangent)

    def record_read(self, variable: Variable, value: Tensor) -> None:
        """Give the value of a variable that is a primal its tangent."""
        if id(variable) in self._variables:
            self._hold(value, self._variables[id(variable)][1])

    def tracks(self, tensor: Tensor) -> bool:
        """Return whether a tensor has a tangent."""
        return key_of(tensor) in self._tangents

    def _tangent(self, tensor: Tensor) -> Tensor | None:
        found = self._tangents.get(key_of(tensor))
        return None if found is None else found[1]

    def _hold(self, tensor: Tensor, tangent: Tensor) -> None:
        """Keep a tangent as long as its tensor is alive."""
        key = key_of(tensor)
        if tensor._symbol is None:
            alive: Any = weakref.ref(tensor, lambda _: self._tangents.pop(key, None))
        else:
            alive = tensor._symbol
        self._tangents[key] = alive, tangent

    # --- results ----------------------------------------------------------------------------------

    def jvp(
        self,
        primals: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
    ) -> Any:
        """Return the tangents of tensors that were computed while the accumulator was recording.

        Args:
            primals: A tensor or variable, or a structure of them.
            unconnected_gradients: What a tensor gets that does not depend on what is watched:
                ``NONE`` for None, ``ZERO`` for zeros.

        Returns:
            A structure like `primals`.
        """
        zero = UnconnectedGradients(unconnected_gradients) is UnconnectedGradients.ZERO
        found = [self._jvp(leaf, zero) for leaf in varying(primals)]
        return pack_sequence_as(primals, like(primals, found))

    def _jvp(self, primal: Any, zero: bool) -> Tensor | None:
        if isinstance(primal, Variable):
            known = self._variables.get(id(primal))
            tangent = None if known is None else known[1]
        else:
            primal = convert_to_tensor(primal)
            tangent = self._tangent(primal)
        return shaping.zeros_like(primal) if tangent is None and zero else tangent


# --- the tangents of one operation ----------------------------------------------------------------

LINEAR: Final = frozenset(
    {
        "reshape", "expand_dims", "squeeze", "transpose", "reverse", "broadcast_to", "slice",
        "sum_to", "reduce_sum", "negative", "gather", "gather_nd", "gather_adjoint",
    }
)  # fmt: skip
"""Operations that are linear in their first operand and constant in all others."""


def push_forward(primitive: Any, call: Call, tangents: Tangents) -> Tangents:
    """Return the tangents of an operation's outputs.

    Args:
        primitive: What ran: a primitive, or what else tapes record.
        call: Its inputs, parameters and outputs.
        tangents: Those of its inputs; None is zero.

    Returns:
        One for each output; None is zero.
    """
    moving = [t is not None and t.dtype.is_differentiable for t in tangents]
    own: Callable[..., Tangents] | None = getattr(primitive, "push_forward", None)
    if own is not None:
        return own(call, tangents)
    name = primitive.name
    if name in GRAPH_RULES:
        return GRAPH_RULES[name](primitive, call, tangents)
    if name in LINEAR and moving[0]:
        return primitive.apply((tangents[0], *call.inputs[1:]), call.params)
    if name == "contract":
        return [_product(primitive, call, tangents)]
    if _is_diagonal(primitive, call):
        return [_diagonal(primitive, call, tangents, moving)]
    return _transposed(primitive, call, tangents, moving)


def _product(primitive: Any, call: Call, tangents: Tangents) -> Tensor:
    terms = []
    for number, tangent in enumerate(tangents):
        if tangent is not None:
            operands = list(call.inputs)
            operands[number] = tangent
            terms.append(primitive.apply(tuple(operands), call.params)[0])
    return _total(terms)


def _total(terms: Sequence[Tensor]) -> Tensor:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _is_diagonal(primitive: Any, call: Call) -> bool:
    """Return whether each element of the only output depends on the same one of each input."""
    kind = call.output._type
    lower = getattr(primitive, "lower", None)
    if (
        len(call.outputs) != 1
        or kind.dtype.kind != "float"
        or None in kind.shape
        or not callable(lower)
        or not isinstance(primitive.gradient, tuple)
        or any(t.shape != call.output.shape for t in call.inputs)
        or any(t.dtype.is_complex for t in call.inputs)
    ):
        return False
    nest = lower(*(t._type for t in call.inputs), **call.params)
    here = identity(kind.rank)
    return isinstance(nest, Nest) and (
        not (nest.reduced or nest.reduce or nest.lookups or nest.scatter)
        and all(where == here for where in nest.operands)
    )


def _diagonal(
    primitive: Any, call: Call, tangents: Tangents, moving: Sequence[bool]
) -> Tensor | None:
    terms = [
        rule(call, tangent)
        for rule, tangent, moves in zip(primitive.gradient, tangents, moving, strict=False)
        if rule is not None and moves
    ]
    return _total(terms) if terms else None


def _transposed(
    primitive: Any, call: Call, tangents: Tangents, moving: Sequence[bool]
) -> list[Tensor | None]:
    """Differentiate the gradient rule, which is linear in the output gradients, for these."""
    floating = [t for t in call.outputs if t.dtype.is_differentiable]
    if not floating:
        return [None] * len(call.outputs)
    with GradientTape() as tape:
        seeds = [shaping.zeros_like(t) for t in floating]
        tape.watch(seeds)
        grads = operand_gradients(primitive, call, moving, seeds)
    pairs = [
        (convert_to_tensor(g), t)
        for g, t, moves in zip(grads, tangents, moving, strict=True)
        if g is not None and moves
    ]
    if not pairs:
        return [None] * len(call.outputs)
    found = iter(tape.gradient([g for g, _ in pairs], seeds, [t for _, t in pairs]))
    return [next(found) if t.dtype.is_differentiable else None for t in call.outputs]


# --- operations that hold graphs ------------------------------------------------------------------


def carrying_tangents(
    graph: Graph, moving: Sequence[bool], always: Sequence[int] = ()
) -> tuple[Graph, list[int]]:
    """Return a graph that computes tangents beside the results of another one.

    Args:
        graph: Any graph; its updates become outputs.
        moving: Which inputs have a tangent.
        always: Results that get one of zeros if they depend on none of these.

    Returns:
        A graph whose inputs are the graph's and then the tangents of those that move, whose outputs
        are the graph's results and then the tangents there are; and the results they belong to.
    """
    needed = {v for node in graph.nodes for v in node.operands} | set(graph.results)
    pure = tuple(
        n for n in graph.nodes
        # What printed or called Python has done so already.
        if not (n.has_effect and not any(v in needed for v in n.outputs))
    )  # fmt: skip
    quiet = Graph(graph.name, graph.inputs, pure, graph.outputs, graph.updates)
    tracer = GraphTracer(f"{graph.name}_tangents")
    with context.tracing(tracer), context.recording(()):
        inputs = [tracer.argument(v.type, "input") for v in graph.inputs]
        chosen = [t for t, moves in zip(inputs, moving, strict=True) if moves]
        directions = [tracer.argument(t._type, "tangent") for t in chosen]
        with ForwardAccumulator(chosen, directions) as accumulator:
            results = inline(quiet, inputs)
        found = accumulator.jvp(results)
        for i in always:
            found[i] = shaping.zeros_like(results[i]) if found[i] is None else found[i]
    numbers = [i for i, t in enumerate(found) if t is not None]
    whole, _ = tracer.finish([*results, *(found[i] for i in numbers)])
    return whole, numbers


def _scan_rule(primitive: Any, call: Call, tangents: Tangents) -> Tangents:
    """Return the tangents of a loop: a loop that carries them beside the values."""
    params = call.params
    body: Graph = params["body"]
    carries, sequences = params["carries"], params["sequences"]
    moving = [t is not None for t in tangents]
    while True:  # a carry may get its tangent in the first step, or in a later one
        kept = [i for i in range(carries) if moving[i]]
        whole, numbers = carrying_tangents(body, moving, kept)
        new = [i for i in numbers if i < carries and not moving[i]]
        if not new:
            break
        for i in new:
            moving[i] = True
    count = len(body.outputs)
    last = len(body.inputs)
    fields = [i for i, moves in enumerate(moving) if moves]
    position = {i: last + n for n, i in enumerate(fields)}
    made = {i: whole.outputs[count + n] for n, i in enumerate(numbers)}
    moved = [i for i in fields if i < carries]
    # A loop's operands are carries, sequences, invariants: each with its tangents behind it.
    groups = [range(carries), range(carries, carries + sequences), range(carries + sequences, last)]
    order = [n for g in groups for n in (*g, *(position[i] for i in fields if i in g))]
    carried = [*whole.outputs[:carries], *(made[i] for i in moved)]
    rows = [i for i in numbers if i >= carries]
    outputs = (*carried, *whole.outputs[carries:count], *(made[i] for i in rows))
    loop = Graph(whole.name, tuple(whole.inputs[n] for n in order), whole.nodes, outputs)
    filled = {
        i: shaping.zeros_like(call.inputs[i]) if (t := tangents[i]) is None else t for i in fields
    }
    values = [*call.inputs, *(filled[i] for i in fields)]
    results = primitive.apply(
        tuple(values[n] for n in order),
        {
            "body": loop, "carries": len(carried), "length": params["length"],
            "sequences": sequences + sum(1 for i in fields if i in groups[1]),
            "reverse": params["reverse"],
        },
    )  # fmt: skip
    found = dict(zip(moved, results[carries : len(carried)], strict=True))
    found |= dict(zip(rows, results[len(carried) + count - carries :], strict=True))
    return [found.get(i) for i in range(len(call.outputs))]


def _cond_rule(primitive: Any, call: Call, tangents: Tangents) -> Tangents:
    """Return the tangents of a condition: a condition whose branches compute tangents alone."""
    moving = [t is not None for t in tangents[1:]]
    names = ("then", "otherwise")
    found: set[int] = set()
    for name in names:
        found.update(carrying_tangents(call.params[name], moving)[1])
    numbers = sorted(found)
    if not numbers:
        return [None] * len(call.outputs)
    sides = {}
    for name in names:
        whole, _ = carrying_tangents(call.params[name], moving, numbers)
        outputs = whole.outputs[len(call.outputs) :]
        sides[name] = Graph(whole.name, whole.inputs, whole.nodes, outputs)
    operands = (*call.inputs, *(t for t in tangents[1:] if t is not None))
    results = dict(zip(numbers, primitive.apply(operands, sides), strict=True))
    return [results.get(i) for i in range(len(call.outputs))]


GRAPH_RULES: Final[dict[str, Callable[[Any, Call, Tangents], Tangents]]] = {
    "cond": _cond_rule,
    "scan": _scan_rule,
}
"""For primitives with graphs among their parameters: how they carry tangents."""
