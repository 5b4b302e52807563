"""`gradients` and `hessians`: differentiation of a graph while it is being traced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from freshet.core import context
from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.core.nest import flatten
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.graph.scan import scan_p, without_gradient
from freshet.graph.tape import GradientTape, key_of
from freshet.graph.trace import GraphTracer
from freshet.graph.unconnected import UnconnectedGradients


def gradients(
    ys: Any,
    xs: Any,
    grad_ys: Any = None,
    name: str | None = None,
    gate_gradients: bool = False,
    aggregation_method: Any = None,
    stop_gradients: Any = None,
    unconnected_gradients: Any = UnconnectedGradients.NONE,
) -> list[Any]:
    """Return the derivatives of the sum of `ys` for each of `xs`, inside a traced function.

    Everything that was traced before counts, no tape is needed.

    Args:
        ys: A tensor, or a list of them.
        xs: A tensor or variable, or a list of them.
        grad_ys: Weights of the elements of `ys`; ones by default, and where an item is None.
        name: Ignored.
        gate_gradients: Ignored; kept for TensorFlow programs.
        aggregation_method: Ignored; kept for TensorFlow programs.
        stop_gradients: Tensors that count as constants.
        unconnected_gradients: What stands for a derivative that does not exist.

    Returns:
        A list with a tensor, or None, for each of `xs`.

    Raises:
        FailedPreconditionError: No function is being traced; use `GradientTape`.

    Example:
        >>> import freshet as ft
        >>> @ft.function
        ... def slope(x):
        ...     return ft.gradients(x**3, x)[0]
        >>> float(slope(ft.constant(2.0)))
        12.0
    """
    del name, gate_gradients, aggregation_method
    sources, targets = _listed(xs), _listed(ys)
    tape = _tape_of_graph("gradients", sources, flatten(stop_gradients or []))
    weights: Any = None
    if grad_ys is not None:
        weights = _listed(grad_ys)
        if len(weights) != len(targets):
            raise InvalidArgumentError(f"gradients: {len(targets)} ys, {len(weights)} grad_ys")
    found: list[Any] = tape.gradient(targets, sources, weights, unconnected_gradients)
    return found


def hessians(
    ys: Any,
    xs: Any,
    gate_gradients: bool = False,
    aggregation_method: Any = None,
    name: str = "hessians",
) -> list[Any]:
    """Return the second derivatives of the sum of `ys` for each of `xs`, inside a traced function.

    ``H[i..., j...] = d2 (sum of ys) / dx[i...] dx[j...]``

    Args:
        ys: A tensor, or a list of them.
        xs: A tensor or variable of known shape, or a list of them.
        gate_gradients: Ignored; kept for TensorFlow programs.
        aggregation_method: Ignored; kept for TensorFlow programs.
        name: Ignored.

    Returns:
        A list with a tensor of shape ``x.shape + x.shape`` for each of `xs`.

    Raises:
        FailedPreconditionError: No function is being traced; use `GradientTape.jacobian`.

    Example:
        >>> import freshet as ft
        >>> @ft.function
        ... def curvature(x):
        ...     return ft.hessians(x[0] ** 2 * x[1], x)[0]
        >>> curvature(ft.constant([3.0, 5.0])).numpy().tolist()
        [[10.0, 6.0], [6.0, 0.0]]
    """
    del gate_gradients, aggregation_method, name
    found = []
    for source in _listed(xs):
        slope = _tape_of_graph("hessians", [source], []).gradient(ys, source)
        if slope is None:
            raise InvalidArgumentError(f"hessians: ys do not depend on {source!r}")
        tape = _tape_of_graph("hessians", [source], [])
        found.append(tape.jacobian(slope, source, UnconnectedGradients.ZERO))
    return found


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _tape_of_graph(caller: str, sources: Sequence[Any], constants: Sequence[Any]) -> GradientTape:
    """Return a tape that has seen everything traced so far."""
    tracer = context.state.tracer
    if not isinstance(tracer, GraphTracer):
        raise FailedPreconditionError(
            f"{caller} differentiates what a traced function has done; use ft.GradientTape outside "
            "of @ft.function"
        )
    stopped = {key_of(c.value() if isinstance(c, Variable) else c) for c in constants}
    tape = GradientTape(watch_accessed_variables=False)
    for source in sources:
        if isinstance(source, Variable):
            entry = tracer.entry_of(source)
            tape.watch(source)
            tape.record_read(source, source.value() if entry is None else entry)
        else:
            tape.watch(source)
    for node in tracer.nodes:
        outputs = tuple(map(Tensor._of_symbol, node.outputs))
        if not any(key_of(t) in stopped for t in outputs):
            operands = tuple(map(Tensor._of_symbol, node.operands))
            params = node.params
            if node.primitive is scan_p:  # what it keeps for its gradient is a result, too
                params = without_gradient(params)
            tape.record(node.primitive, operands, params, outputs)
    return tape
