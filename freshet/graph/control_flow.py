"""Control flow on tensors: `cond`, `while_loop`, `case` and `switch_case`.

Eagerly they are Python's own. Inside a traced function each is one node whose branches and bodies
are graphs of their own; compiled, these are parts of the one native program, with jumps between
them, so that a loop never returns to Python.

*Gradients.* A condition's gradient is a condition, whose branches run their part forward and back.
A loop's is that of a scan over as many steps as the loop takes, which a copy of the loop, reduced
to what its condition depends on, counts first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from freshet.core import context, dtypes
from freshet.core.composite import CompositeTensor
from freshet.core.errors import DTypeError, InvalidArgumentError, UnimplementedError
from freshet.core.nest import flatten, pack_sequence_as, skeleton
from freshet.core.shapes import Dim, TensorShape, TensorSpec, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.core.variable import Variable
from freshet.graph.body import OpenBody, all_captured, hoisted, with_inputs
from freshet.graph.interpret import interpret
from freshet.graph.ir import Graph, Node, Value
from freshet.graph.passes.specialize import specialize
from freshet.graph.scan import scan_p
from freshet.graph.trace import inline, static_value
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import logical_and
from freshet.ops.nest import Branch, Host, Loop
from freshet.ops.primitive import Call, Joint, NoGradient, Primitive, Resolved
from freshet.ops.tensor_array import TensorArray

# --- the condition --------------------------------------------------------------------------------


def _joined(name: str, number: int, x: TensorType, y: TensorType) -> TensorType:
    """Return the type of what is sometimes `x` and sometimes `y`."""
    if x.dtype != y.dtype or x.rank != y.rank:
        raise InvalidArgumentError(
            f"{name}: result {number} is {x} of the one branch and {y} of the other; both must "
            "return the same dtype and number of dimensions"
        )
    sizes = (a if a == b else None for a, b in zip(x.shape, y.shape, strict=True))
    return TensorType(x.dtype, tuple(sizes))


def _outputs_for(graph: Graph, types: Sequence[TensorType]) -> list[TensorType]:
    same = all(v.type == t for v, t in zip(graph.inputs, types, strict=True))
    return [v.type for v in (graph if same else specialize(graph, types)).outputs]


def _cond_infer(
    predicate: TensorType, *types: TensorType, then: Graph, otherwise: Graph
) -> tuple[TensorType, ...]:
    del predicate
    pairs = zip(_outputs_for(then, types), _outputs_for(otherwise, types), strict=True)
    return tuple(_joined("cond", i, x, y) for i, (x, y) in enumerate(pairs))


def _cond_reference(
    predicate: Array, *arrays: Array, then: Graph, otherwise: Graph
) -> tuple[Array, ...]:
    return tuple(interpret(then if predicate else otherwise, arrays))


def _resolve_graphs(*names: str, first: int) -> Callable[..., Resolved]:
    """Return a rule that specializes graphs to the operands after the first so many."""

    def resolve(
        types: Sequence[TensorType], values: Sequence[Array | None], params: Mapping[str, Any]
    ) -> Resolved:
        del values
        own = types[first:]
        known = {n: specialize(params[n], own) for n in names}
        return range(len(types)), {**params, **known}

    return resolve


def _cond_gradient(call: Call, wanted: Sequence[bool], *grads: Tensor) -> list[Tensor | None]:
    from freshet.graph.tape import GradientTape  # noqa: PLC0415

    operands = call.inputs[1:]
    sources = [t for t, asked in zip(operands, wanted[1:], strict=True) if asked]

    def side(graph: Graph) -> Callable[[], list[Tensor]]:
        def run() -> list[Tensor]:
            with GradientTape() as tape:
                tape.watch(sources)
                outputs = inline(graph, operands)
            floating = [t for t in outputs if t.dtype.is_differentiable]
            found = tape.gradient(floating, sources, list(grads), unconnected_gradients="zero")
            return [convert_to_tensor(g) for g in found]

        return run

    found = iter(
        cond(call.x, side(call.params["then"]), side(call.params["otherwise"])) if sources else ()
    )
    return [None, *(next(found) if asked else None for asked in wanted[1:])]


cond_p: Primitive = Primitive(
    name="cond", infer=_cond_infer, reference=_cond_reference, lower=Branch(),
    gradient=Joint(_cond_gradient), resolve=_resolve_graphs("then", "otherwise", first=1),
)  # fmt: skip


def cond(
    pred: Any,
    true_fn: Callable[[], Any] | None = None,
    false_fn: Callable[[], Any] | None = None,
    name: str | None = None,
) -> Any:
    """Return ``true_fn()`` if `pred` holds, else ``false_fn()``.

    Inside a traced function both are traced, and the program runs one of them. They may assign
    variables, print and call further functions.

    Args:
        pred: A boolean: a tensor of one element, or Python's.
        true_fn: Called without arguments; returns a structure of tensors, or None.
        false_fn: Likewise; its result nests like the other's and has its dtypes. Where sizes
            differ, the result's size is known only at the run.
        name: Ignored; kept for TensorFlow programs.

    Raises:
        TypeError: `true_fn` or `false_fn` cannot be called.
        InvalidArgumentError: Their results differ in structure, dtype or rank, or `pred` is not a
            single boolean.

    Example:
        >>> import freshet as ft
        >>> @ft.function
        ... def size(x):
        ...     return ft.cond(x < 10.0, lambda: x, lambda: ft.sqrt(x))
        >>> float(size(ft.constant(4.0))), float(size(ft.constant(16.0)))
        (4.0, 4.0)
    """
    for argument, function in (("true_fn", true_fn), ("false_fn", false_fn)):
        if not callable(function):
            raise TypeError(f"cond: {argument} must be a function, received {function!r}")
    assert true_fn is not None
    assert false_fn is not None
    if isinstance(pred, Variable):
        pred = pred.value()
    if not isinstance(pred, Tensor) or pred._symbol is None:
        return true_fn() if _truth("cond", pred) else false_fn()
    predicate = _predicate("cond", pred)
    sides = [_Side(name, f) for name, f in (("then", true_fn), ("otherwise", false_fn))]
    if sides[0].skeleton != sides[1].skeleton:
        # A tensor array learns its elements' shape where it is written: now both sides know it.
        sides = [_Side(name, f) for name, f in (("then", true_fn), ("otherwise", false_fn))]
    first, second = (side.skeleton for side in sides)
    if first != second:
        raise InvalidArgumentError(
            f"cond: true_fn returns the structure {first}, false_fn {second} (a dot is a tensor); "
            "they must be the same"
        )
    assigned = _union(*(side.body.assigned for side in sides))
    bodies = [side.body.close(assigned) for side in sides]
    captured = all_captured(*bodies)
    then, otherwise = (with_inputs(body, captured) for body in bodies)
    if not (then.outputs or any(n.must_run for g in (then, otherwise) for n in g.nodes)):
        return sides[0].result
    operands = (predicate, *captured)
    results = cond_p.apply(operands, {"then": then, "otherwise": otherwise})
    count = len(results) - len(assigned)
    for variable, value in zip(assigned, results[count:], strict=True):
        variable.assign(value)
    given = iter(results[:count])
    leaves = flatten(sides[0].result, expand_composites=True)
    filled = [None if leaf is None else next(given) for leaf in leaves]
    return pack_sequence_as(sides[0].result, filled, expand_composites=True)


class _Side:
    """A branch as it is traced."""

    def __init__(self, name: str, function: Callable[[], Any]) -> None:
        self.result: Any = None
        self._function = function
        self.body = OpenBody(name, [], self._run)

    def _run(self) -> list[Tensor]:
        self.result = _as_tensors(self._function())
        self.skeleton = skeleton(self.result, expand_composites=True)
        leaves = flatten(self.result, expand_composites=True)
        self.result = pack_sequence_as(self.result, leaves, expand_composites=True)
        # A node has a result, if only that it ran.
        return [leaf for leaf in leaves if leaf is not None] or [convert_to_tensor(True)]


def _as_tensors(structure: Any) -> Any:
    leaves = [
        leaf if leaf is None or isinstance(leaf, CompositeTensor) else convert_to_tensor(leaf)
        for leaf in flatten(structure)
    ]
    return pack_sequence_as(structure, leaves)


def _union(*lists: Sequence[Variable]) -> list[Variable]:
    return list({id(v): v for variables in lists for v in variables}.values())


def _truth(name: str, value: Any) -> bool:
    """Return whether an eager or Python predicate holds."""
    if isinstance(value, (Tensor, np.ndarray)) and np.size(value) != 1:
        raise InvalidArgumentError(
            f"{name}: the predicate must be a single boolean, received one of shape "
            f"{tuple(np.shape(value))}"
        )
    return bool(value)


def _predicate(name: str, pred: Tensor) -> Tensor:
    if not pred.dtype.is_bool:
        raise DTypeError(f"{name}: the predicate must be a boolean, received {pred._type}")
    pred._suppose_shape(())
    if pred.shape.rank == 0:
        return pred
    if any(size not in {1, None} for size in pred.shape):
        raise InvalidArgumentError(
            f"{name}: the predicate must be a single boolean, received {pred._type}; reduce it "
            "with ft.reduce_all or ft.reduce_any"
        )
    return shaping.reshape(pred, [])


# --- the loop -------------------------------------------------------------------------------------


def _while_infer(
    *types: TensorType, condition: Graph, body: Graph, carries: int
) -> tuple[TensorType, ...]:
    """Return the carries' types: sizes that a step changes are not known."""
    del condition
    carried, invariants = list(types[:carries]), types[carries:]
    while True:
        made = _outputs_for(body, [*carried, *invariants])
        joined = []
        for number, (before, after) in enumerate(zip(carried, made, strict=True)):
            if before.dtype != after.dtype or before.rank != after.rank:
                raise InvalidArgumentError(
                    f"while_loop: loop variable {number} is {before} before a step and {after} "
                    "after it; a step must keep its dtype and number of dimensions"
                )
            joined.append(_joined("while_loop", number, before, after))
        if joined == carried:
            return tuple(carried)
        carried = joined


def _while_resolve(
    types: Sequence[TensorType], values: Sequence[Array | None], params: Mapping[str, Any]
) -> Resolved:
    del values
    carried = _while_infer(*types, **params)
    own = [*carried, *types[params["carries"] :]]
    known = {n: specialize(params[n], own) for n in ("condition", "body")}
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
    if not _is_differentiable(inputs):
        with context.recording(()):
            return while_p.apply(inputs, params)
    with context.recording(()):
        steps = _count_steps(inputs, params)
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


def _is_differentiable(tensors: Sequence[Tensor]) -> bool:
    return any(t.dtype.is_differentiable for t in tensors)


steps_p: Primitive = Primitive(
    name="steps",
    infer=lambda count: TensorType(dtypes.int32, (None,)),
    reference=lambda count: np.arange(count, dtype=np.int32),
    gradient=NoGradient("steps are whole numbers"),
    lower=Host("data decides how many there are"),
)
"""The numbers of a loop's steps: a loop that is differentiated is compiled once they are known."""


def _count_steps(inputs: Sequence[Tensor], params: Mapping[str, Any]) -> Tensor:
    """Return how many steps a loop takes, running only what its condition needs."""
    condition, body, carries = params["condition"], params["body"], params["carries"]
    needed = _needed_carries(condition, body, carries)
    effect = _uncountable(params)
    if effect is not None:
        raise UnimplementedError(
            f"while_loop: how many steps it takes depends on {effect.primitive.name}, which "
            "would have to run twice; for its gradient, or a TensorArray with "
            "dynamic_size=True, the steps are counted first. Give the loop a largest number of "
            "steps, as `for i in ft.range(n)` and maximum_iterations do, or stop on something that "
            "is computed without calling Python"
        )
    invariants = inputs[carries:]

    def whole(given: Sequence[Tensor]) -> list[Tensor]:
        """Return all inputs of the graphs, those that do not matter as they are at first."""
        chosen = dict(zip(needed, given, strict=True))
        return [chosen.get(i, t) for i, t in enumerate(inputs[:carries])] + list(invariants)

    def go_on(count: Tensor, *given: Tensor) -> Tensor:
        del count
        return inline(condition, whole(given))[0]

    def step(count: Tensor, *given: Tensor) -> list[Tensor]:
        results = _inline_some(body, whole(given), needed)
        return [count + 1, *results]

    start = convert_to_tensor(np.int32(0))
    found = while_loop(go_on, step, [start, *(inputs[i] for i in needed)])
    count: Tensor = found[0]
    if count._symbol is not None:
        static = _static_count(count)
        return count if static is None else static
    return count


def _uncountable(params: Mapping[str, Any]) -> Node | None:
    """Return an effect on which the number of a loop's steps depends."""
    condition, body = params["condition"], params["body"]
    needed = _needed_carries(condition, body, params["carries"])
    for graph, outputs in (
        (condition, condition.outputs),
        (body, [body.outputs[i] for i in needed]),
    ):
        reached = _reached(graph, outputs)
        for node in graph.nodes:
            if node.has_effect and any(v in reached for v in node.outputs):
                return node
    return None


def _inline_some(graph: Graph, inputs: Sequence[Tensor], outputs: Sequence[int]) -> list[Tensor]:
    """Run what some of a graph's outputs need."""
    wanted = {graph.outputs[i] for i in outputs}
    nodes = []
    for node in reversed(graph.nodes):
        if any(v in wanted for v in node.outputs):
            wanted.update(node.operands)
            nodes.append(node)
    part = Graph(
        graph.name, graph.inputs, tuple(reversed(nodes)), tuple(graph.outputs[i] for i in outputs)
    )
    return inline(part, inputs)


def _static_count(count: Tensor) -> Tensor | None:
    """Return a number of steps that follows from constants alone, as a constant."""
    node = count._symbol.node if isinstance(count._symbol, Value) else None
    if node is None or node.primitive is not while_p:
        return None
    values = [static_value(v) for v in node.operands]
    if any(v is None for v in values):
        return None
    found = _while_reference(*(v for v in values if v is not None), **node.params)
    return convert_to_tensor(found[0])


def _needed_carries(condition: Graph, body: Graph, carries: int) -> list[int]:
    """Return the carries on which the number of steps depends."""
    number = {v: i for i, v in enumerate(body.inputs[:carries])}
    first = {v: i for i, v in enumerate(condition.inputs[:carries])}
    needed = {first[v] for v in _reached(condition, condition.outputs) if v in first}
    while True:
        below = _reached(body, [body.outputs[i] for i in needed])
        more = needed | {number[v] for v in below if v in number}
        if more == needed:
            return sorted(needed)
        needed = more


def _reached(graph: Graph, outputs: Sequence[Value]) -> set[Value]:
    """Return everything that some values depend on."""
    found = set(outputs)
    for node in reversed(graph.nodes):
        if any(v in found for v in node.outputs):
            found.update(node.operands)
    return found


while_p: Primitive = Primitive(
    name="while", infer=_while_infer, reference=_while_reference, lower=Loop(),
    gradient=Joint(lambda call, wanted, *grads: [None] * len(call.inputs)),
    resolve=_while_resolve, recorded=_while_recorded,
)  # fmt: skip


def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    maximum_iterations: Any = None,
    name: str | None = None,
) -> Any:
    """Repeat ``loop_vars = body(*loop_vars)`` while ``cond(*loop_vars)`` holds.

    Inside a traced function both are traced once, and the loop runs in the native program.

    Args:
        cond: ``(*loop_vars) -> boolean``, a single one.
        body: ``(*loop_vars) -> loop_vars``, the same structure, dtypes and shapes.
        loop_vars: A list or tuple of structures of tensors; numbers become tensors.
        shape_invariants: A structure like `loop_vars` of `TensorShape`, whose unknown sizes may
            change from step to step; None where nothing does.
        parallel_iterations: Ignored; kept for TensorFlow programs.
        back_prop: Whether gradients flow through the loop.
        swap_memory: Ignored; kept for TensorFlow programs.
        maximum_iterations: The most steps; as many as `cond` says by default.
        name: Ignored.

    Returns:
        What the loop variables are in the end, in the structure of `loop_vars`.

    Raises:
        TypeError: `cond` or `body` cannot be called.
        InvalidArgumentError: `body` changes the structure, a dtype, or a shape that
            `shape_invariants` does not leave open.

    Example:
        >>> import freshet as ft
        >>> @ft.function
        ... def collatz(n):
        ...     def step(n, count):
        ...         return ft.where(n % 2 == 0, n // 2, 3 * n + 1), count + 1
        ...     return ft.while_loop(lambda n, count: n > 1, step, [n, 0])[1]
        >>> int(collatz(ft.constant(27)))
        111
    """
    for argument, function in (("cond", cond), ("body", body)):
        if not callable(function):
            raise TypeError(f"while_loop: {argument} must be a function, received {function!r}")
    if not isinstance(loop_vars, (list, tuple)) or not loop_vars:
        raise InvalidArgumentError("while_loop: loop_vars must be a list or tuple of something")
    start = _as_tensors(loop_vars)
    if context.state.tracer is None:
        return _run_eagerly(cond, body, start, maximum_iterations)
    if not back_prop:
        with context.recording(()):
            return traced_loop(cond, body, start, shape_invariants, most=maximum_iterations)
    return traced_loop(cond, body, start, shape_invariants, most=maximum_iterations)


def traced_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    start: Any,
    shape_invariants: Any = None,
    *,
    most: Any = None,
    bound: Any = None,
) -> Any:
    """Run a loop inside a traced function.

    Args:
        cond: As for `while_loop`, as are the next three.
        body: Its body.
        start: The loop variables.
        shape_invariants: Their shapes.
        most: After how many steps it ends even if `cond` holds.
        bound: A number of steps after which `cond` does not hold. Where the steps cannot be
            counted before they run, it stands for their number.
    """
    if most is not None:
        return _limited(cond, body, start, shape_invariants, most)
    return _TracedLoop(cond, body, start, shape_invariants, bound).run()


def _run_eagerly(cond: Callable[..., Any], body: Callable[..., Any], values: Any, most: Any) -> Any:
    count, limit = 0, None if most is None else int(most)
    expected = skeleton(values)
    while count != limit and _truth("while_loop", cond(*values)):
        found = _tupled(body(*values), values)
        if skeleton(found) != expected:
            raise InvalidArgumentError(
                f"while_loop: the loop variables nest like {expected}, body returns "
                f"{skeleton(found)} (a dot is a tensor)"
            )
        values, count = _as_tensors(found), count + 1
    return values


def _tupled(result: Any, like: Any) -> Any:
    """Return what a body returned in the form of the loop variables; of one, it may be bare."""
    if isinstance(result, (list, tuple)) and len(result) == len(like):
        return (
            pack_sequence_as([0] * len(like), result) if isinstance(like, list) else tuple(result)
        )
    return type(like)([result]) if len(like) == 1 else result


def _limited(
    cond: Callable[..., Any], body: Callable[..., Any], start: Any, invariants: Any, most: Any
) -> Any:
    """Run a loop that also counts its steps."""
    limit = convert_to_tensor(most)

    def go_on(count: Tensor, values: Any) -> Any:
        return _both(count < limit, cond(*values))

    def step(count: Tensor, values: Any) -> Any:
        return count + 1, _tupled(body(*values), values)

    shapes = None if invariants is None else [TensorShape([]), invariants]
    zero = convert_to_tensor(0, dtype=limit.dtype)
    return traced_loop(go_on, step, _as_tensors([zero, start]), shapes, bound=limit)[1]


def _skipping(
    cond_: Callable[..., Any], body: Callable[..., Any], start: Any, invariants: Any, bound: Any
) -> Any:
    """Run a loop as one of so many steps, those after its end doing nothing."""
    limit = convert_to_tensor(bound)

    def step(count: Tensor, values: Any) -> Any:
        held = _predicate("while_loop", convert_to_tensor(cond_(*values)))
        return count + 1, cond(held, lambda: _tupled(body(*values), values), lambda: values)

    shapes = None if invariants is None else [TensorShape([]), invariants]
    zero = convert_to_tensor(0, dtype=limit.dtype)
    values = _as_tensors([zero, start])
    return traced_loop(lambda count, _: count < limit, step, values, shapes)[1]


def _both(x: Tensor, y: Any) -> Tensor:
    return logical_and(x, _predicate("while_loop", convert_to_tensor(y)))


class _TracedLoop:
    """A loop inside a traced function."""

    def __init__(
        self, cond: Callable[..., Any], body: Callable[..., Any], start: Any, invariants: Any,
        bound: Any,
    ) -> None:  # fmt: skip
        self._cond, self._body, self._invariants = cond, body, invariants
        self._bound = bound
        self._begin(start)

    def _begin(self, start: Any) -> None:
        self._skeleton = skeleton(start, expand_composites=True)
        self._tensors: list[Tensor] = flatten(start, expand_composites=True)
        self._start = pack_sequence_as(start, self._tensors, expand_composites=True)
        self._types = _argument_types(self._tensors, start, self._invariants)

    def run(self) -> Any:
        """Return the loop variables in the end."""
        operands, params, variables = self._traced()
        growing = [a for a in flatten(self._start) if _grows(a)]
        counted = growing or (context.state.recorders and _is_differentiable(operands))
        if self._bound is not None and counted and _uncountable(params) is not None:
            leaves = [
                a._grown(m.cast(self._bound, "int32")) if _grows(a) else a
                for a in flatten(self._start)
            ]
            start = _settled(pack_sequence_as(self._start, leaves))
            return _skipping(self._cond, self._body, start, self._invariants, self._bound)
        if growing:
            with context.recording(()):
                steps = _count_steps(operands, params)
            leaves = [a._grown(steps) if _grows(a) else a for a in flatten(self._start)]
            self._begin(pack_sequence_as(self._start, leaves))
            operands, params, variables = self._traced()
        results = while_p.apply(operands, params)
        count = len(self._tensors)
        for variable, value in zip(variables, results[count:], strict=True):
            variable.assign(value)
        return pack_sequence_as(self._start, results[:count], expand_composites=True)

    def _traced(self) -> tuple[tuple[Tensor, ...], dict[str, Any], list[Variable]]:
        """Return the operands and parameters of the loop, and the variables that it carries."""
        try:
            body = self._open_body([])
        except _LearnedError:
            # Tensor arrays that did not know their elements' shape do now.
            self._measure([a for a in flatten(self._start) if _is_unmeasured(a)])
            self._begin(self._start)
            return self._traced()
        variables = self._held(body.assigned)
        if variables:
            # Once more: what a step assigns, the next one reads.
            body = self._open_body(variables)
            variables = self._held(_union([v for v, _, _ in variables], body.assigned))
        carried = [(v, kind) for v, kind, _ in variables]
        condition = OpenBody("condition", self._types, self._run_condition, carried)
        closed = body.close([v for v, _, _ in variables])
        tested = condition.close([])
        captured = all_captured(closed, tested)
        graph, fixed = with_inputs(closed, captured), closed.fixed
        test = with_inputs(tested, captured)
        operands = (*self._tensors, *(value for _, _, value in variables), *captured)
        self._check(graph)
        params = {"condition": test, "body": graph, "carries": fixed}
        return operands, params, [v for v, _, _ in variables]

    def _measure(self, arrays: Sequence[TensorArray]) -> None:
        """Let arrays learn the sizes of elements that only the run knows, from a first step."""
        if not arrays:
            return

        def sizes(*tensors: Tensor) -> list[Tensor]:
            self._body(*self._packed(tensors))
            found = [a._sizes for a in arrays]
            for array in arrays:
                array._sizes = None
            missing = shaping.zeros([0], "int32")
            return [missing if s is None else s for s in found]

        traced = OpenBody("sizes", self._types, sizes).close([])
        given = [*self._tensors, *traced.captured]
        found = _inline_some(traced.graph, given, range(len(arrays)))
        for array, tensor in zip(arrays, found, strict=True):
            if tensor.shape == (0,):
                raise InvalidArgumentError(
                    f"TensorArray: elements of shape {array.element_shape}, whose sizes only the "
                    "run knows, are written in a branch only; give an element_shape that is "
                    "known, or write them outside the branch"
                )
            array._sizes = tensor

    def _open_body(self, variables: Sequence[tuple[Variable, TensorType, Tensor]]) -> OpenBody:
        return OpenBody("body", self._types, self._run_body, [(v, k) for v, k, _ in variables])

    @staticmethod
    def _held(variables: Sequence[Variable]) -> list[tuple[Variable, TensorType, Tensor]]:
        found = []
        for variable in variables:
            value = variable.value()
            found.append((variable, value._type, value))
        return found

    def _packed(self, tensors: Sequence[Tensor]) -> Any:
        return pack_sequence_as(self._start, tensors, expand_composites=True)

    def _run_condition(self, *tensors: Tensor) -> list[Tensor]:
        held = self._cond(*self._packed(tensors))
        return [_predicate("while_loop", convert_to_tensor(held))]

    def _run_body(self, *tensors: Tensor) -> list[Tensor]:
        result = _tupled(self._body(*self._packed(tensors)), self._start)
        expected = self._skeleton
        found = skeleton(result, expand_composites=True)
        if found != expected:
            if _learn_elements(self._start, result):
                raise _LearnedError
            raise InvalidArgumentError(
                f"while_loop: the loop variables nest like {expected}, body returns {found} (a dot "
                "is a tensor)"
            )
        leaves = flatten(result, expand_composites=True)
        return [
            convert_to_tensor(x, dtype_hint=t.dtype) for x, t in zip(leaves, tensors, strict=True)
        ]

    def _check(self, graph: Graph) -> None:
        """Refuse a body that changes what it may not."""
        for number, kind in enumerate(self._types):
            made = graph.outputs[number].type
            if made.dtype != kind.dtype:
                raise DTypeError(
                    f"while_loop: loop variable {number} is {kind} before a step and {made} after "
                    "it; a step must keep its dtype"
                )
            fits = made.rank == kind.rank and all(
                a is None or a == b for a, b in zip(kind.shape, made.shape, strict=True)
            )
            if not fits:
                raise InvalidArgumentError(
                    f"while_loop: loop variable {number} is {kind} before a step and {made} after "
                    "it; leave sizes that change open with shape_invariants"
                )


class _LearnedError(Exception):
    """The loop must be traced again: its tensor arrays know more now."""


def _learn_elements(start: Any, result: Any) -> bool:
    """Let tensor arrays learn their elements' shape from what a body made of them, if any does."""
    before, after = flatten(start), flatten(result)
    learned = False
    if len(before) == len(after):
        for x, y in zip(before, after, strict=True):
            if isinstance(x, TensorArray) and isinstance(y, TensorArray):
                x._sizes = None  # what the body found is a tensor of its own
                x._completed(y)
                learned = learned or (x._is_blank() and not y._is_blank())
    return learned


def _is_unmeasured(value: Any) -> bool:
    return isinstance(value, TensorArray) and value._is_unmeasured()


def _settled(values: Any) -> Any:
    """Return loop variables whose tensor arrays are buffers, not lists yet to be made one."""
    return pack_sequence_as(values, flatten(values, expand_composites=True), expand_composites=True)


def _grows(value: Any) -> bool:
    return isinstance(value, TensorArray) and value.dynamic_size


def _argument_types(tensors: Sequence[Tensor], start: Any, invariants: Any) -> list[TensorType]:
    """Return the types that the loop variables keep."""
    types = [t._type for t in tensors]
    if invariants is None:
        return types
    shapes = _declared_shapes(invariants, start)
    if len(shapes) != len(types):
        raise InvalidArgumentError(
            f"while_loop: shape_invariants has {len(shapes)} shapes for {len(types)} loop variables"
        )
    found = []
    for number, (kind, shape) in enumerate(zip(types, shapes, strict=True)):
        sizes: tuple[Dim, ...] = kind.shape if shape is None else tuple(shape)
        if shape is not None and not TensorShape(sizes).is_compatible_with(kind.shape):
            raise InvalidArgumentError(
                f"while_loop: loop variable {number} is {kind}, which its shape invariant "
                f"{TensorShape(sizes)} does not allow"
            )
        found.append(TensorType(kind.dtype, sizes))
    return found


def _declared_shapes(invariants: Any, start: Any) -> list[Any]:
    """Return a shape, or None, per tensor of the loop variables."""
    if isinstance(invariants, (TensorShape, TensorSpec)) or invariants is None:
        inner = flatten(start, expand_composites=True)
        shape = getattr(invariants, "shape", invariants)
        return [shape] if len(inner) == 1 else [None] * len(inner)
    if isinstance(invariants, dict):
        return [s for k in sorted(invariants) for s in _declared_shapes(invariants[k], start[k])]
    return [s for part, own in zip(invariants, start, strict=True)
            for s in _declared_shapes(part, own)]  # fmt: skip


# --- several branches -----------------------------------------------------------------------------


def switch_case(
    branch_index: Any,
    branch_fns: Any,
    default: Callable[[], Any] | None = None,
    name: str | None = None,
) -> Any:
    """Return the result of the function with a number.

    Args:
        branch_index: An int32 tensor of one element, or a whole number.
        branch_fns: A dict from numbers to functions, a list of such pairs, or a list of functions.
        default: Called for any other number; the function with the largest number by default.
        name: Ignored.

    Raises:
        TypeError: `branch_fns` holds something that cannot be called.
        InvalidArgumentError: It is empty, or has a number twice; results differ, as for `cond`.

    Example:
        >>> float(switch_case(1, [lambda: 1.0, lambda: 2.0]))
        2.0
    """
    del name
    pairs = list(branch_fns.items()) if isinstance(branch_fns, dict) else list(branch_fns)
    if pairs and not isinstance(pairs[0], (tuple, list)):
        pairs = list(enumerate(pairs))
    if not pairs:
        raise InvalidArgumentError("switch_case: branch_fns is empty")
    table = {int(number): function for number, function in pairs}
    if len(table) < len(pairs):
        raise InvalidArgumentError("switch_case: branch_fns has a number twice")
    index = convert_to_tensor(branch_index)
    last = default if default is not None else table[max(table)]
    rest = sorted(table.items())
    return _chosen([(index == n, f) for n, f in rest], last)


def case(
    pred_fn_pairs: Any,
    default: Callable[[], Any] | None = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str | None = None,
) -> Any:
    """Return the result of the first function whose predicate holds.

    Args:
        pred_fn_pairs: Pairs of a boolean and a function without arguments.
        default: Called if none holds; then the last of the functions by default.
        exclusive: Whether more than one may not hold; checked eagerly.
        strict: Ignored; kept for TensorFlow programs.
        name: Ignored.

    Raises:
        InvalidArgumentError: There is no pair, none holds and there is no default, or several hold
            though `exclusive`.

    Example:
        >>> float(case([(False, lambda: 1.0), (True, lambda: 2.0)]))
        2.0
    """
    del strict, name
    pairs = list(pred_fn_pairs)
    if not pairs:
        raise InvalidArgumentError("case: pred_fn_pairs is empty")
    eager = all(not isinstance(p, Tensor) or p._symbol is None for p, _ in pairs)
    if eager:
        holding = [f for p, f in pairs if _truth("case", p)]
        if exclusive and len(holding) > 1:
            raise InvalidArgumentError(f"case: {len(holding)} predicates hold, though exclusive")
        if not holding and default is None:
            raise InvalidArgumentError("case: no predicate holds, and there is no default")
    return _chosen(pairs, default if default is not None else pairs[-1][1])


def _chosen(pairs: Sequence[tuple[Any, Callable[[], Any]]], last: Callable[[], Any]) -> Any:
    if not pairs:
        return last()
    (predicate, function), *rest = pairs
    return cond(predicate, function, lambda: _chosen(rest, last))
