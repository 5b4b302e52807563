"""Text summaries."""

from __future__ import annotations

from typing import Any, Final

from freshet.core import dtypes
from freshet.core.errors import DTypeError
from freshet.ops.conversion import convert_to_tensor
from freshet.summary.state import reject_tracing
from freshet.summary.tensors import PluginMetadata, write

_PLUGIN: Final = "text"


def text(name: str, data: Any, step: Any = None, description: str | None = None) -> bool:
    """Write text, which TensorBoard shows as Markdown.

    Args:
        name: What TensorBoard shows; summaries of one name make one series.
        data: A string, or strings of rank 1 or 2, which are shown as a table; of higher ranks
            TensorBoard shows one slice.
        step: Where it stands in the series: a whole number or a variable. That of
            `ft.summary.experimental.set_step` by default.
        description: Markdown that TensorBoard shows beside the text.

    Returns:
        Whether it was written: False without a default writer, or if `ft.summary.record_if` says
        so.

    Raises:
        InvalidArgumentError: There is a default writer but no step.
        DTypeError: `data` is not text, or the step is not a whole number.
        UnimplementedError: The call is inside a function that `ft.function` traces.

    Example:
        >>> text("notes", "The first run.", step=1)  # there is no default writer
        False
    """
    reject_tracing("ft.summary.text")
    tensor = convert_to_tensor(data)
    if tensor.dtype != dtypes.string:
        raise DTypeError(f"ft.summary.text: data must be strings, received {tensor._type}")
    return write(name or "text_summary", tensor, step, PluginMetadata(_PLUGIN, description))
