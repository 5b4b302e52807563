"""Conditions on tensors: `cond`, `case` and `switch_case`.

Eagerly they are Python's own. Inside a traced function a condition is one node whose branches are
graphs of their own; compiled, they are parts of the one native program, with jumps between them.

A condition's gradient is a condition, whose branches run their part forward and back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from freshet.core.composite import CompositeTensor
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.nest import flatten, pack_sequence_as, skeleton
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.core.variable import Variable
from freshet.graph.body import OpenBody, all_captured, with_inputs
from freshet.graph.interpret import interpret
from freshet.graph.ir import Graph
from freshet.graph.passes.specialize import specialize
from freshet.graph.row_gradients import only_once
from freshet.graph.trace import inline
from freshet.graph.unfit import specialize_branches
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.nest import Branch
from freshet.ops.primitive import Call, Joint, Primitive, Resolved
from freshet.ops.tensor_array import TensorArray


def joined_type(name: str, number: int, x: TensorType, y: TensorType) -> TensorType:
    """Return the type of what is sometimes `x` and sometimes `y`."""
    if x.dtype != y.dtype or x.rank != y.rank:
        raise InvalidArgumentError(
            f"{name}: result {number} is {x} of the one branch and {y} of the other; both must "
            "return the same dtype and number of dimensions"
        )
    sizes = (a if a == b else None for a, b in zip(x.shape, y.shape, strict=True))
    return TensorType(x.dtype, tuple(sizes))


def outputs_for(graph: Graph, types: Sequence[TensorType]) -> list[TensorType]:
    """Return the types of a graph's outputs for inputs of the given types."""
    same = all(v.type == t for v, t in zip(graph.inputs, types, strict=True))
    return [v.type for v in (graph if same else specialize(graph, types)).outputs]


def _cond_infer(
    predicate: TensorType, *types: TensorType, then: Graph, otherwise: Graph
) -> tuple[TensorType, ...]:
    del predicate
    pairs = zip(outputs_for(then, types), outputs_for(otherwise, types), strict=True)
    return tuple(joined_type("cond", i, x, y) for i, (x, y) in enumerate(pairs))


def _cond_reference(
    predicate: Array, *arrays: Array, then: Graph, otherwise: Graph
) -> tuple[Array, ...]:
    return tuple(interpret(then if predicate else otherwise, arrays))


def _cond_resolve(
    types: Sequence[TensorType], values: Sequence[Array | None], params: Mapping[str, Any]
) -> Resolved:
    del values
    names = ("then", "otherwise")
    known = specialize_branches([params[n] for n in names], types[1:])
    return range(len(types)), {**params, **dict(zip(names, known, strict=True))}


def _cond_gradient(call: Call, wanted: Sequence[bool], *grads: Tensor) -> list[Tensor | None]:
    from freshet.graph.tape import GradientTape  # noqa: PLC0415

    operands = call.inputs[1:]
    wanted = [False, *only_once(operands, wanted[1:])]
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
    gradient=Joint(_cond_gradient), resolve=_cond_resolve,
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
        return true_fn() if truth("cond", pred) else false_fn()
    predicate = predicate_of("cond", pred)
    sides = [_Side(name, f) for name, f in (("then", true_fn), ("otherwise", false_fn))]
    for side in sides:
        side.tell_sizes()
    if sides[0].skeleton != sides[1].skeleton:
        # A tensor array learns its elements' shape where it is written: now both sides know it.
        sides = [_Side(name, f) for name, f in (("then", true_fn), ("otherwise", false_fn))]
    first, second = (side.skeleton for side in sides)
    if first != second:
        raise InvalidArgumentError(
            f"cond: true_fn returns the structure {first}, false_fn {second} (a dot is a tensor); "
            "they must be the same"
        )
    assigned = union(*(side.body.assigned for side in sides))
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
        self.result = as_tensors(self._function())
        self.skeleton = skeleton(self.result, expand_composites=True)
        leaves = flatten(self.result, expand_composites=True)
        self.result = pack_sequence_as(self.result, leaves, expand_composites=True)
        # A node has a result, if only that it ran.
        return [leaf for leaf in leaves if leaf is not None] or [convert_to_tensor(True)]

    def tell_sizes(self) -> None:
        """Let tensor arrays know outside of the branch which sizes their elements have in it."""
        for array in flatten(self.result):
            if isinstance(array, TensorArray) and array._sizes is None:
                inside = array._sizes_within(self.body.tracer)
                sizes = None if inside is None else self.body.outside(inside)
                if sizes is not None:
                    array._learn_sizes(sizes)


def as_tensors(structure: Any) -> Any:
    """Return a structure with tensors for its leaves; composites and None stay."""
    leaves = [
        leaf if leaf is None or isinstance(leaf, CompositeTensor) else convert_to_tensor(leaf)
        for leaf in flatten(structure)
    ]
    return pack_sequence_as(structure, leaves)


def union(*lists: Sequence[Variable]) -> list[Variable]:
    """Return the variables of several lists, each once."""
    return list({id(v): v for variables in lists for v in variables}.values())


def truth(name: str, value: Any) -> bool:
    """Return whether an eager or Python predicate holds."""
    if isinstance(value, (Tensor, np.ndarray)) and np.size(value) != 1:
        raise InvalidArgumentError(
            f"{name}: the predicate must be a single boolean, received one of shape "
            f"{tuple(np.shape(value))}"
        )
    return bool(value)


def predicate_of(name: str, pred: Tensor) -> Tensor:
    """Return a predicate as a boolean of rank 0."""
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
        holding = [f for p, f in pairs if truth("case", p)]
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
