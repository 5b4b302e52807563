"""Writing one tensor to the default writer: what every kind of summary does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.ops.conversion import convert_to_tensor
from freshet.summary.state import reject_tracing, should_record_summaries, state
from freshet.summary.whole_number import whole_number


@dataclass(frozen=True, slots=True)
class PluginMetadata:
    """Which part of TensorBoard shows a summary.

    Attributes:
        plugin_name: ``"scalars"``, ``"images"``, ``"histograms"`` or ``"text"``.
        description: Markdown that TensorBoard shows beside it.
    """

    plugin_name: str
    description: str | None

    def SerializeToString(self) -> bytes:  # noqa: N802 (what protocol buffers call it)
        """Return a serialized `SummaryMetadata`."""
        from freshet.summary.protos import SummaryMetadata  # noqa: PLC0415 (a writer exists now)

        metadata = SummaryMetadata(summary_description=self.description)
        metadata.plugin_data.plugin_name = self.plugin_name
        serialized: bytes = metadata.SerializeToString()
        return serialized


def write(
    tag: str, tensor: Any, step: Any = None, metadata: Any = None, name: str | None = None
) -> bool:
    """Write a tensor to the default writer; what kinds of summary of your own are built from.

    Args:
        tag: What TensorBoard shows as its name.
        tensor: The tensor, or a function without arguments that returns it and is called only if
            the summary is written.
        step: Where it stands in its series: a whole number or a variable. That of
            `ft.summary.experimental.set_step` by default.
        metadata: A `SummaryMetadata` message, or one serialized.
        name: Ignored; kept for TensorFlow programs.

    Returns:
        Whether it was written: False without a default writer, or if `ft.summary.record_if` says
        so.

    Raises:
        InvalidArgumentError: There is a default writer but no step.
        DTypeError: The step is not one whole number.
        FailedPreconditionError: The default writer is closed.
        UnimplementedError: The call is inside a function that `ft.function` traces.

    Example:
        >>> write("weights", [1.0, 2.0], step=1)  # there is no default writer
        False
    """
    del name
    reject_tracing("ft.summary.write")
    if step is not None:
        step = _step_number(tag, step)
    if state.writer is None or not should_record_summaries():
        return False
    if step is None:
        if state.step is None:
            raise InvalidArgumentError(
                f"summary {tag!r}: there is no step; pass step=, or set one for all summaries with "
                "ft.summary.experimental.set_step"
            )
        step = _step_number(tag, state.step)
    array = convert_to_tensor(tensor() if callable(tensor) else tensor)._value
    state.writer._add(tag, array, step, _serialized(metadata))
    return True


def _serialized(metadata: Any) -> bytes:
    if metadata is None:
        return b""
    if isinstance(metadata, bytes):
        return metadata
    serialized: bytes = metadata.SerializeToString()
    return serialized


def _step_number(tag: str, step: Any) -> int:
    return whole_number(f"summary {tag!r}", "step", step, least=-(2**63))
