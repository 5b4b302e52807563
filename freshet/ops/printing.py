"""`ft.print`: show tensors when the program comes to them, also inside a compiled function."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.composite import CompositeTensor
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorShape, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.core.variable import Variable
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.strings.formatting import array_text

_FILE: Final = "file://"


Part = str | int | None
"""Text as it is; None for an array; a number for a ragged tensor's values and so many splits."""


def _reference(
    *arrays: Array, parts: tuple[Part, ...], end: str, stream: str, summarize: int
) -> Array:
    """Write the parts."""
    given = iter(arrays)
    alone = len(parts) == 1
    texts = []
    for part in parts:
        if part is None:
            texts.append(_text(next(given), summarize, alone))
        elif isinstance(part, int):
            values, splits = next(given), [next(given) for _ in range(part)]
            texts.append(_ragged_text(values, splits, 0, len(splits[0]) - 1, summarize))
        else:
            texts.append(part)
    line = "".join(texts) + end
    if stream.startswith(_FILE):
        with Path(stream.removeprefix(_FILE)).open("a", encoding="utf-8") as file:
            file.write(line)
    else:
        target = getattr(sys, stream)
        target.write(line)
        target.flush()
    return np.array(True)


def _text(array: Array, summarize: int, alone: bool) -> str:
    # A single string is printed as it is; among others, strings have quotes.
    if alone and array.ndim == 0 and array.dtype.hasobject:
        return bytes(array[()]).decode(errors="replace")
    return array_text(array, summarize).decode(errors="replace")


def _ragged_text(values: Array, splits: list[Array], first: int, last: int, summarize: int) -> str:
    """Return the rows from `first` to before `last` as nested lists."""

    def row(number: int) -> str:
        if splits:
            begin, end = splits[0][number : number + 2]
            return _ragged_text(values, splits[1:], int(begin), int(end), summarize)
        return _nested_text(values[number], summarize)

    return _listed(row, range(first, last), summarize)


def _nested_text(value: Any, summarize: int) -> str:
    if isinstance(value, np.ndarray) and value.ndim:
        return _listed(lambda i: _nested_text(value[i], summarize), range(len(value)), summarize)
    if isinstance(value, bytes):
        text = value.decode(errors="replace").replace("\\", "\\\\").replace("'", "\\'")
        return f"'{text}'"
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, np.floating) else str(value)


def _listed(text: Callable[[int], str], numbers: range, summarize: int) -> str:
    if 0 <= 2 * summarize < len(numbers):
        ends = (numbers[:summarize], numbers[len(numbers) - summarize :])
        items = [*map(text, ends[0]), "...", *map(text, ends[1])]
    else:
        items = list(map(text, numbers))
    return f"[{', '.join(items)}]"


print_p: Primitive = Primitive(
    name="print",
    infer=lambda *xs, parts, end, stream, summarize: TensorType(dtypes.bool_, ()),
    reference=_reference,
    gradient=NoGradient("it only prints"),
    lower=Host("it prints"),
    effect=True,
    any_rank=True,
)


@dispatched
def print_values(*inputs: Any, **kwargs: Any) -> None:
    """Print values, tensors among them, when the program comes here.

    Inside a traced function Python's `print` runs once, while the function is traced; this runs
    each time the function does, with the tensors' values, in the order of the program.

    Args:
        *inputs: Tensors, structures of tensors, and anything else, which shows as Python shows it.
        **kwargs: `output_stream`: ``sys.stderr`` (the default, as in TensorFlow), ``sys.stdout``
            or ``"file://path"``, to whose end is written. `summarize`: how many elements are shown
            at both ends of each dimension; 3 by default, -1 for all. `sep`: what stands between
            the inputs; a space by default. `end`: what follows; a new line by default. `name`:
            ignored.

    Raises:
        InvalidArgumentError: `output_stream` is something else.
        TypeError: There is another argument.

    Example:
        >>> import sys
        >>> print_values("x is", convert_to_tensor([1.0, 2.5]), output_stream=sys.stdout)
        x is [1 2.5]
    """
    stream = _stream_name(kwargs.pop("output_stream", sys.stderr))
    summarize = kwargs.pop("summarize", None)
    sep, end = kwargs.pop("sep", " "), kwargs.pop("end", "\n")
    kwargs.pop("name", None)
    if kwargs:
        raise TypeError(f"print: there is no argument {next(iter(kwargs))!r}")
    tensors: list[Tensor] = []
    parts: list[Part] = []
    for number, value in enumerate(inputs):
        if number:
            parts.append(str(sep))
        if isinstance(value, str):
            parts.append(value)
        else:
            _add(value, parts, tensors)
    print_p(
        *tensors, parts=tuple(parts), end=str(end), stream=stream,
        summarize=3 if summarize is None else int(summarize),
    )  # fmt: skip


def _add(value: Any, parts: list[Part], tensors: list[Tensor]) -> None:
    """Add the text of a value, with a hole for each tensor in it."""
    if isinstance(value, (Tensor, Variable)):
        tensors.append(convert_to_tensor(value))
        parts.append(None)
    elif isinstance(value, dict):
        items = sorted(value.items(), key=lambda item: str(item[0]))
        _add_all([(f"{k!r}: ", v) for k, v in items], "{", "}", parts, tensors)
    elif isinstance(value, (list, tuple)) and not isinstance(value, TensorShape):
        brackets = ("[", "]") if isinstance(value, list) else ("(", ")")
        _add_all([("", v) for v in value], *brackets, parts, tensors)
    elif isinstance(value, CompositeTensor):
        _add_composite(value, parts, tensors)
    else:
        parts.append(repr(value))


def _add_all(
    items: list[tuple[str, Any]], before: str, after: str, parts: list[Part],
    tensors: list[Tensor],
) -> None:  # fmt: skip
    parts.append(before)
    for number, (head, value) in enumerate(items):
        parts.append((", " if number else "") + head)
        _add(value, parts, tensors)
    parts.append(after)


def _add_composite(value: CompositeTensor, parts: list[Part], tensors: list[Tensor]) -> None:
    splits = getattr(value, "nested_row_splits", None)
    if splits is not None:
        tensors += [value.flat_values, *splits]  # type: ignore[attr-defined]  # it is ragged
        parts.append(len(splits))
        return
    names = [n for n in ("indices", "values", "dense_shape") if hasattr(value, n)]
    shown = [(f"{n.replace('dense_', '')}=", getattr(value, n)) for n in names]
    _add_all(shown, f"{type(value).__name__}(", ")", parts, tensors)


def _stream_name(stream: Any) -> str:
    if isinstance(stream, str) and stream.startswith(_FILE):
        return stream
    for name in ("stderr", "stdout"):
        if stream is getattr(sys, name) or stream is getattr(sys, f"__{name}__"):
            return name
    raise InvalidArgumentError(
        f"print: output_stream must be sys.stderr, sys.stdout or 'file://path', received {stream!r}"
    )
