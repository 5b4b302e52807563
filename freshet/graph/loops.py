"""The loop primitive: a graph that runs while another one says so, and its gradient.

Compiled, a loop is part of the one native program and never returns to Python. Its gradient is that
of a scan over as many steps as it takes, which a copy of the loop, reduced to what its condition
depends on, counts first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from freshet.core import context, dtypes
from freshet.core.errors import InvalidArgumentError, UnimplementedError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.graph.conditions import joined_type, outputs_for
from freshet.graph.interpret import interpret
from freshet.graph.ir import Graph, Value
from freshet.graph.passes.specialize import specialize
from freshet.graph.row_gradients import only_once
from freshet.graph.scan import scan_p
from freshet.graph.trace import static_value
from freshet.ops.nest import Host, Loop
from freshet.ops.primitive import Call, Joint, NoGradient, Primitive, Resolved


def _while_infer(
    *types: TensorType, condition: Graph, body: Graph, carries: int
) -> tuple[TensorType, ...]:
    """Return the carries' types: sizes that a step changes are not known."""
    del condition
    carried, invariants = list(types[:carries]), types[carries:]
    while True:
        made = outputs_for(body, [*carried, *invariants])
        joined = []
        for number, (before, after) in enumerate(zip(carried, made, strict=True)):
            if before.dtype != after.dtype or before.rank != after.rank:
                raise InvalidArgumentError(
                    f"while_loop: loop variable {number} is {before} before a step and {after} "
                    "after it; a step must keep its dtype and number of dimensions"
                )
            joined.append(joined_type("while_loop", number, before, after))
        if joined == carried:
            return tuple(carried)
        carried = joined


def _while_resolve(
    types: Sequence[TensorType], values: Sequence[Array | None], params: Mapping[str, Any]
) -> Resolved:
    carries = params["carries"]
    fixed = [None] * carries + list(values[carries:])
    names = ("condition", "body")
    graphs = {n: specialize(g := params[n], [v.type for v in g.inputs], fixed) for n in names}
    carried = _while_infer(*types, **graphs, carries=carries)
    own = [*carried, *types[carries:]]
    known = {n: specialize(graph, own) for n, graph in graphs.items()}
    return range(len(types)), {**params, **known}


def _while_reference(
    *arrays: Array, condition: Graph, body: Graph, carries: int
) -> tuple[Array, ...]:
    carried, invariants = list(arrays[:carries]), arrays[carries:]
    while interpret(condition, [*carried, *invariants])[0]:
        carried = interpret(body, [*carried, *invariants])
    return tuple(carried)


def _while_recorded(inputs: tuple[Tensor, ...], params: Mapping[str, Any]) -> tuple[Tensor, ...]:
    """Apply a loop so that tapes can differentiate it: count its steps, then scan over them."""
    carries = params["carries"]
    if not is_differentiable(inputs):
        with context.recording(()):
            return while_p.apply(inputs, params)
    with context.recording(()):
        steps = count_steps(inputs, params)
    body: Graph = params["body"]
    known = static_value(steps._symbol) if isinstance(steps._symbol, Value) else steps._value
    scanned = {"body": body, "carries": carries, "length": None, "reverse": False}
    if known is not None:
        return scan_p.apply(inputs, {**scanned, "sequences": 0, "length": int(known)})
    numbers = steps_p(steps)
    element = Value(TensorType(numbers.dtype, ()), "step")
    graph = Graph(
        body.name, (*body.inputs[:carries], element, *body.inputs[carries:]), body.nodes,
        body.outputs,
    )  # fmt: skip
    operands = (*inputs[:carries], numbers, *inputs[carries:])
    return scan_p.apply(operands, {**scanned, "body": graph, "sequences": 1})


def _while_gradient(call: Call, wanted: Sequence[bool], *grads: Tensor) -> list[Tensor | None]:
    """Differentiate a loop that ran before anybody knew of it: run it once more, with a tape."""
    from freshet.graph.tape import GradientTape  # noqa: PLC0415 (it imports much of the graph)

    wanted = only_once(call.inputs, wanted)
    sources = [t for t, asked in zip(call.inputs, wanted, strict=True) if asked]
    with GradientTape() as tape:
        tape.watch(sources)
        outputs = while_p.apply(call.inputs, call.params)
    floating = [t for t in outputs if t.dtype.is_differentiable]
    found = iter(tape.gradient(floating, sources, list(grads)))
    return [next(found) if asked else None for asked in wanted]


def is_differentiable(tensors: Sequence[Tensor]) -> bool:
    """Return whether a tape has something to differentiate among operands."""
    return any(t.dtype.is_differentiable for t in tensors)


steps_p: Primitive = Primitive(
    name="steps",
    infer=lambda count: TensorType(dtypes.int32, (None,)),
    reference=lambda count: np.arange(count, dtype=np.int32),
    gradient=NoGradient("steps are whole numbers"),
    lower=Host("data decides how many there are"),
)
"""The numbers of a loop's steps: a loop that is differentiated is compiled once they are known."""


def count_steps(inputs: Sequence[Tensor], params: Mapping[str, Any]) -> Tensor:
    """Return how many steps a loop takes, running only what its condition needs.

    Raises:
        UnimplementedError: It depends on an effect.
    """
    from freshet.graph.reduced import effect_below, reduced_loop  # noqa: PLC0415 (they use loops)

    effect = effect_below(params)
    if effect is not None:
        raise UnimplementedError(
            f"while_loop: how many steps it takes depends on {effect.primitive.name}, which "
            "would have to run twice; for its gradient, or a TensorArray with "
            "dynamic_size=True, the steps are counted first. Give the loop a largest number of "
            "steps, as `for i in ft.range(n)` and maximum_iterations do, or stop on something that "
            "is computed without calling Python"
        )
    return reduced_loop(inputs, params, ())[0]


while_p: Primitive = Primitive(
    name="while", infer=_while_infer, reference=_while_reference, lower=Loop(),
    gradient=Joint(_while_gradient),
    resolve=_while_resolve, recorded=_while_recorded,
)  # fmt: skip
