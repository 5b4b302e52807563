"""`while_loop`: loops of Python functions on tensors, run eagerly or traced into one node."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from freshet.core import context
from freshet.core.composite import CompositeTensor
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.nest import flatten, pack_sequence_as, skeleton
from freshet.core.shapes import Dim, TensorShape, TensorSpec, TensorType
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.graph.body import OpenBody, all_captured, sizes_outside, with_inputs
from freshet.graph.conditions import as_tensors, cond, predicate_of, truth, union
from freshet.graph.ir import Graph
from freshet.graph.loops import (
    count_steps,
    is_differentiable,
    while_p,
)
from freshet.graph.reduced import effect_below, reduced_loop
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import logical_and
from freshet.ops.tensor_array import TensorArray


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
    start = as_tensors(loop_vars)
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
    while count != limit and truth("while_loop", cond(*values)):
        found = _tupled(body(*values), values)
        if skeleton(found) != expected:
            raise InvalidArgumentError(
                f"while_loop: the loop variables nest like {expected}, body returns "
                f"{skeleton(found)} (a dot is a tensor)"
            )
        values, count = as_tensors(found), count + 1
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
    return traced_loop(go_on, step, as_tensors([zero, start]), shapes, bound=limit)[1]


def _skipping(
    cond_: Callable[..., Any], body: Callable[..., Any], start: Any, invariants: Any, bound: Any
) -> Any:
    """Run a loop as one of so many steps, those after its end doing nothing."""
    limit = convert_to_tensor(bound)

    def step(count: Tensor, values: Any) -> Any:
        held = predicate_of("while_loop", convert_to_tensor(cond_(*values)))
        return count + 1, cond(held, lambda: _tupled(body(*values), values), lambda: values)

    shapes = None if invariants is None else [TensorShape([]), invariants]
    zero = convert_to_tensor(0, dtype=limit.dtype)
    values = as_tensors([zero, start])
    return traced_loop(lambda count, _: count < limit, step, values, shapes)[1]


def _both(x: Tensor, y: Any) -> Tensor:
    return logical_and(x, predicate_of("while_loop", convert_to_tensor(y)))


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
        counted = growing or (context.state.recorders and is_differentiable(operands))
        if self._bound is not None and counted and effect_below(params) is not None:
            leaves = [
                a._grown(m.cast(self._bound, "int32")) if _grows(a) else a
                for a in flatten(self._start)
            ]
            start = _settled(pack_sequence_as(self._start, leaves))
            return _skipping(self._cond, self._body, start, self._invariants, self._bound)
        if growing:
            self._begin(self._with_room(operands, params))
            operands, params, variables = self._traced()
        results = while_p.apply(operands, params)
        count = len(self._tensors)
        for variable, value in zip(variables, results[count:], strict=True):
            variable.assign(value)
        return pack_sequence_as(self._start, results[:count], expand_composites=True)

    def _with_room(self, operands: Sequence[Tensor], params: Mapping[str, Any]) -> Any:
        """Return the loop variables with arrays that have room for all that will be written."""
        leaves = flatten(self._start)
        places, position = {}, 0
        for number, leaf in enumerate(leaves):
            if _grows(leaf):
                places[number] = position + 1  # the count is behind the buffer
            position += len(leaf._components()) if isinstance(leaf, CompositeTensor) else 1
        if effect_below(params, list(places.values())) is None:
            counts = reduced_loop(operands, params, list(places.values()))[1]
            room = dict(zip(places, counts, strict=True))
            leaves = [a._with_room(room[i]) if i in room else a for i, a in enumerate(leaves)]
        else:
            steps = count_steps(operands, params)
            leaves = [a._grown(steps) if i in places else a for i, a in enumerate(leaves)]
        return pack_sequence_as(self._start, leaves)

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
            variables = self._held(union([v for v, _, _ in variables], body.assigned))
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
            missing = shaping.zeros([0], "int32")
            return [missing if a._sizes is None else a._sizes for a in arrays]

        traced = OpenBody("sizes", self._types, sizes).close([])
        given = [*self._tensors, *traced.captured]
        for number, array in enumerate(arrays):
            tensor = sizes_outside(traced.graph, given, number)
            if tensor is None or tensor.shape == (0,):
                raise InvalidArgumentError(
                    f"TensorArray: elements of shape {array.element_shape}, whose sizes only "
                    "Python knows, are written in a loop; give an element_shape that is known"
                )
            array._learn_sizes(tensor)

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
        values = pack_sequence_as(self._start, tensors, expand_composites=True)
        for value in flatten(values):
            if isinstance(value, TensorArray) and not value._is_blank():
                value._has_room = True  # for all that loops in this one write, too
        return values

    def _run_condition(self, *tensors: Tensor) -> list[Tensor]:
        held = self._cond(*self._packed(tensors))
        return [predicate_of("while_loop", convert_to_tensor(held))]

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
                x._completed(y)
                learned = learned or (x._is_blank() and not y._is_blank())
    return learned


def _is_unmeasured(value: Any) -> bool:
    return isinstance(value, TensorArray) and value._is_unmeasured()


def _settled(values: Any) -> Any:
    """Return loop variables whose tensor arrays are buffers, not lists yet to be made one."""
    return pack_sequence_as(values, flatten(values, expand_composites=True), expand_composites=True)


def _grows(value: Any) -> bool:
    return isinstance(value, TensorArray) and value.dynamic_size and not value._has_room


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
        sizes: tuple[Dim, ...] = kind.shape
        if shape is not None:
            # Of unknown rank means: any sizes, as the rank of a loop variable stays.
            unknown = TensorShape(shape).rank is None
            sizes = (None,) * kind.rank if unknown else tuple(shape)
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
