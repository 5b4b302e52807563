"""Tensors as text: what ``ft.strings.format`` puts into a template."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.strings.host import filled, host_primitive
from freshet.ops.strings.joining import text_argument
from freshet.ops.strings.numbers import number_text

_ESCAPES: Final = {0x09: b"\\t", 0x0A: b"\\n", 0x0D: b"\\r", 0x22: b'\\"', 0x27: b"\\'",
                   0x5C: b"\\\\"}  # fmt: skip


def array_text(array: Array, summarize: int = 3) -> bytes:
    r"""Return an array as text: brackets, spaces between elements, lines between rows.

    Args:
        array: Numbers, booleans (1 and 0) or strings (quoted).
        summarize: How many elements are shown at both ends of each dimension; -1 for all.

    Example:
        >>> array_text(np.arange(9), 2)
        b'[0 1 ... 7 8]'
        >>> array_text(np.eye(2, dtype=np.int32))
        b'[[1 0]\n [0 1]]'
    """
    return _text(array, summarize, 1)


def _text(array: Array, summarize: int, depth: int) -> bytes:
    if not array.ndim:
        return _element(array[()])
    row = _element if array.ndim == 1 else lambda part: _text(part, summarize, depth + 1)
    size = array.shape[0]
    if 0 <= 2 * summarize < size:
        shown = [*range(summarize), None, *range(size - summarize, size)]
    else:
        shown = [*range(size)]
    items = [b"..." if i is None else row(array[i]) for i in shown]
    # Rows of a matrix begin new lines, below the bracket; matrices leave a line between.
    between = b"\n" * (array.ndim - 1) + b" " * (depth if array.ndim > 1 else 1)
    return b"[" + between.join(items) + b"]"


def _element(value: Any) -> bytes:
    if isinstance(value, bytes):
        return b'"' + b"".join(map(_escaped, value)) + b'"'
    return number_text(value).encode()


def _escaped(byte: int) -> bytes:
    if byte in _ESCAPES:
        return _ESCAPES[byte]
    return b"\\%03o" % byte if byte < 0x20 or byte == 0x7F else bytes([byte])


def _format(*xs: Array, template: bytes, placeholder: bytes, summarize: int) -> Array:
    parts = template.split(placeholder)
    texts = [*(array_text(x, summarize) for x in xs), b""]
    return filled((), [b"".join(p + t for p, t in zip(parts, texts, strict=True))])


string_format_p = host_primitive(
    "string_format", lambda *xs, **params: TensorType(dtypes.string, ()), _format
)


@dispatched
def format(
    template: str, inputs: Any, placeholder: str = "{}", summarize: int = 3,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return a text with tensors in it.

    Args:
        template: The text, with a placeholder for each tensor.
        inputs: A tensor, or a list or tuple of tensors.
        placeholder: What stands for a tensor.
        summarize: How many elements are shown at both ends of each dimension; -1 for all.
        name: Ignored.

    Raises:
        InvalidArgumentError: There are more or fewer placeholders than tensors.

    Example:
        >>> format("step {}: {}", [3, np.float32([0.5, 0.25])]).numpy()
        b'step 3: [0.5 0.25]'
    """
    del name
    text = text_argument("strings.format", template, "template")
    mark = text_argument("strings.format", placeholder, "placeholder")
    tensors = [convert_to_tensor(v) for v in (inputs if isinstance(inputs, (list, tuple))
                                              else [inputs])]  # fmt: skip
    count = text.count(mark)
    if count != len(tensors):
        raise InvalidArgumentError(
            f"strings.format: the template {template!r} has {count} placeholders {placeholder!r}, "
            f"received {len(tensors)} tensors"
        )
    return string_format_p(*tensors, template=text, placeholder=mark, summarize=int(summarize))
