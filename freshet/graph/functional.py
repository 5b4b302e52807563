"""Functions of functions over the elements of tensors: `map_fn`, `scan`, `foldl`, `foldr`.

Eagerly they call the function once per element. Inside a traced function they call it once, and
the loop runs in the native program (`freshet.graph.scan`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from freshet.core import context
from freshet.core.composite import CompositeTensor, CompositeTensorError
from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.core.nest import flatten, is_nested, map_structure, pack_sequence_as
from freshet.core.shapes import TensorSpec
from freshet.core.tensor import Tensor
from freshet.graph.autograph.calling import f as converted
from freshet.graph.scan import scan as run_steps
from freshet.graph.vectorize import vectorized
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import dispatched

Step = Callable[[Any, Any], tuple[Any, Any]]


def scan(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int | None = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """Return what ``a = fn(a, x)`` comes to after each element.

    Args:
        fn: ``(accumulated, element) -> accumulated``.
        elems: A tensor, or a structure of tensors, whose first dimension is gone through.
        initializer: What `fn` gets first; the first element by default, which is then the first
            result, too.
        parallel_iterations: Ignored; kept for TensorFlow programs.
        back_prop: Ignored; kept for TensorFlow programs.
        swap_memory: Ignored; kept for TensorFlow programs.
        infer_shape: Ignored; kept for TensorFlow programs.
        reverse: Whether to begin with the last element; results stay in the elements' order.
        name: Ignored.

    Returns:
        The accumulated values, stacked along a new first dimension.

    Raises:
        InvalidArgumentError: There is no element to begin with, or `fn` changes the structure,
            dtype or shape.

    Example:
        >>> scan(lambda a, x: a + x, [1, 2, 3]).numpy().tolist()
        [1, 3, 6]
    """
    rows = _tensors(elems)
    if initializer is not None:
        start = map_structure(convert_to_tensor, initializer)
        return _run(lambda a, x: (s := converted(fn)(a, x), s), start, rows, reverse)[1]
    first, rest = _first("scan", rows, reverse)
    found = _run(lambda a, x: (s := converted(fn)(a, x), s), first, rest, reverse)[1]
    ends = map_structure(lambda x: shaping.expand_dims(x, 0), first)

    def joined(end: Tensor, others: Tensor) -> Tensor:
        return shaping.concat([others, end] if reverse else [end, others], 0)

    return map_structure(joined, ends, found)


def foldl(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """Return what ``a = fn(a, x)`` comes to after all elements, first to last.

    Args:
        fn: As for `scan`.
        elems: As for `scan`.
        initializer: As for `scan`.
        parallel_iterations: Ignored; kept for TensorFlow programs.
        back_prop: Ignored; kept for TensorFlow programs.
        swap_memory: Ignored; kept for TensorFlow programs.
        name: Ignored.

    Example:
        >>> int(foldl(lambda a, x: a - x, [10, 1, 2]))
        7
    """
    return _fold("foldl", fn, elems, initializer, reverse=False)


def foldr(
    fn: Callable[[Any, Any], Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """Return what ``a = fn(a, x)`` comes to after all elements, last to first.

    The arguments are those of `foldl`.

    Example:
        >>> int(foldr(lambda a, x: a - x, [1, 2, 10]))
        7
    """
    return _fold("foldr", fn, elems, initializer, reverse=True)


@dispatched
def map_fn(
    fn: Callable[[Any], Any],
    elems: Any,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
    fn_output_signature: Any = None,
) -> Any:
    """Apply a function to each element along the first dimension, and stack what it returns.

    Args:
        fn: ``element -> result``, of structures of tensors.
        elems: A tensor, or a structure of tensors.
        dtype: The old name of `fn_output_signature`.
        parallel_iterations: Ignored; kept for TensorFlow programs.
        back_prop: Ignored; kept for TensorFlow programs.
        swap_memory: Ignored; kept for TensorFlow programs.
        infer_shape: Ignored; kept for TensorFlow programs.
        name: Ignored.
        fn_output_signature: What `fn` returns; found out where it is not given. Needed, a
            `TensorSpec` with its shape, for a result whose rank is not known before the run.

    Example:
        >>> map_fn(lambda x: x * x, [1, 2, 3]).numpy().tolist()
        [1, 4, 9]
    """
    rows = _tensors(elems)
    nothing: tuple[Any, ...] = ()
    specs = flatten(fn_output_signature)

    def row(x: Any) -> Any:
        result = converted(fn)(x)
        for leaf, spec in zip(flatten(result), specs, strict=False):
            if isinstance(leaf, Tensor) and isinstance(spec, TensorSpec):
                leaf._suppose_shape(spec.shape)
        return result

    return _run(lambda a, x: (a, row(x)), nothing, rows, reverse=False)[1]


def vectorized_map(
    fn: Callable[[Any], Any],
    elems: Any,
    fallback_to_while_loop: bool = True,
    warn: bool = True,
) -> Any:
    """Apply a function to each element along the first dimension, to all of them at once.

    The function is called once, and each of its operations runs with one more dimension. Where that
    cannot be done, because the function draws random numbers, has effects or needs values, it is
    `map_fn`.

    Args:
        fn: As for `map_fn`.
        elems: As for `map_fn`.
        fallback_to_while_loop: Ignored; kept for TensorFlow programs.
        warn: Ignored; kept for TensorFlow programs.

    Example:
        >>> vectorized_map(lambda x: x + 1.0, [1.0, 2.0]).numpy().tolist()
        [2.0, 3.0]
    """
    if any(isinstance(leaf, CompositeTensor) for leaf in flatten(elems)):
        return map_fn(fn, elems)
    rows = _tensors(elems)
    leaves = flatten(rows)
    sizes = {leaf.shape[0] for leaf in leaves}
    if len(sizes) != 1 or not sizes.isdisjoint({None, 0}):
        return map_fn(fn, elems)
    result: Any = None

    def flat(*row: Tensor) -> list[Tensor]:
        nonlocal result
        result = converted(fn)(pack_sequence_as(rows, row))
        return [convert_to_tensor(leaf) for leaf in flatten(result)]

    try:
        found = vectorized(flat, leaves, once=False)
    except (FailedPreconditionError, CompositeTensorError):
        found = None  # it needs the value of an element, or returns ragged tensors
    return map_fn(fn, elems) if found is None else pack_sequence_as(result, found)


# --- parts ----------------------------------------------------------------------------------------


def _tensors(elems: Any) -> Any:
    """Return the elements as tensors; a list of numbers is one tensor."""
    parts = flatten(elems)
    plain = isinstance(elems, list) and not any(hasattr(p, "shape") for p in parts)
    found = convert_to_tensor(elems) if plain else map_structure(convert_to_tensor, elems)
    for leaf in flatten(found):
        if not leaf.ndim:
            raise InvalidArgumentError(
                f"the elements must have a first dimension to go through, received {leaf._type}"
            )
    return found


def _first(name: str, rows: Any, reverse: bool) -> tuple[Any, Any]:
    """Return the element to begin with, and the others."""
    if any(leaf.shape[0] == 0 for leaf in flatten(rows)):
        raise InvalidArgumentError(f"{name}: without elements there must be an initializer")
    if reverse:
        return map_structure(lambda x: x[-1], rows), map_structure(lambda x: x[:-1], rows)
    return map_structure(lambda x: x[0], rows), map_structure(lambda x: x[1:], rows)


def _fold(
    name: str, fn: Callable[[Any, Any], Any], elems: Any, initializer: Any, *, reverse: bool
) -> Any:
    rows = _tensors(elems)
    if initializer is None:
        start, rows = _first(name, rows, reverse)
    else:
        start = map_structure(convert_to_tensor, initializer)
    return _run(lambda a, x: (converted(fn)(a, x), None), start, rows, reverse)[0]


def _run(step: Step, carry: Any, rows: Any, reverse: bool) -> tuple[Any, Any]:
    """Run a step per element: in the program being traced, or here and now."""
    if not context.executing_eagerly() or not len(flatten(rows)[0]):
        return run_steps(step, carry, rows, reverse=reverse)
    count = len(flatten(rows)[0])
    results: list[Any] = [None] * count
    for number in reversed(range(count)) if reverse else range(count):
        element = map_structure(lambda x, n=number: x[n], rows)
        carry, results[number] = step(carry, element)
    if results[0] is None:
        return carry, None
    leaves = [[convert_to_tensor(leaf) for leaf in flatten(r)] for r in results]
    columns = [shaping.stack(list(column)) for column in zip(*leaves, strict=True)]
    return carry, pack_sequence_as(results[0], columns) if is_nested(results[0]) else columns[0]
