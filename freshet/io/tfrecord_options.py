"""How a TFRecord file is compressed."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any, Final, final

from freshet.core.errors import InvalidArgumentError, did_you_mean

_WINDOW_BITS: Final = {"GZIP": range(25, 32), "ZLIB": range(9, 16)}
"""For each compression the window sizes it may have: their base-2 logarithm, plus 16 for GZIP."""
_ZLIB_RANGES: Final = {
    "compression_level": range(-1, 10),
    "compression_method": range(zlib.DEFLATED, zlib.DEFLATED + 1),
    "mem_level": range(1, 10),
    "compression_strategy": range(5),
}


@final
@dataclass(frozen=True, slots=True)
class TFRecordOptions:
    """How a TFRecord file is compressed. None leaves a choice to Freshet.

    Args:
        compression_type: ``"GZIP"``, ``"ZLIB"``, or ``""`` (also None) for none.
        flush_mode: Ignored, like both buffer sizes: they decide when TensorFlow hands bytes to the
            file, not which.
        input_buffer_size: Ignored.
        output_buffer_size: Ignored.
        window_bits: Base-2 logarithm of the window in bytes: 9 to 15 for ZLIB; for GZIP 16 is
            added, so 25 to 31. The largest by default.
        compression_level: 0 (store) to 9 (smallest), -1 for zlib's choice, which is the default.
        compression_method: 8 (deflate), the only one there is.
        mem_level: 1 (least memory) to 9 (fastest), 9 by default.
        compression_strategy: 0 to 4, see the zlib manual; 0 by default.

    Raises:
        InvalidArgumentError: A value is outside these limits.

    Example:
        >>> TFRecordOptions("GZIP", compression_level=9).compression_type
        'GZIP'
    """

    compression_type: str | None = None
    flush_mode: int | None = None
    input_buffer_size: int | None = None
    output_buffer_size: int | None = None
    window_bits: int | None = None
    compression_level: int | None = None
    compression_method: int | None = None
    mem_level: int | None = None
    compression_strategy: int | None = None

    def __post_init__(self) -> None:
        kind = self.compression_type
        if kind and kind not in _WINDOW_BITS:
            raise InvalidArgumentError(
                f"TFRecordOptions: compression_type must be 'GZIP', 'ZLIB', '' or None, received "
                f"{kind!r}" + did_you_mean(str(kind).upper(), _WINDOW_BITS)
            )
        allowed = dict(_ZLIB_RANGES)
        if kind:
            allowed["window_bits"] = _WINDOW_BITS[kind]
        for name, values in allowed.items():
            value = getattr(self, name)
            if value is not None and value not in values:
                raise InvalidArgumentError(
                    f"TFRecordOptions: {name} must be from {values[0]} to {values[-1]}"
                    + (f" for {kind}" if name == "window_bits" else "")
                    + f", received {value!r}"
                )

    @classmethod
    def get_compression_type_string(cls, options: TFRecordOptions | str | None) -> str:
        """Return ``"GZIP"``, ``"ZLIB"`` or ``""``, whichever `options` asks for."""
        return as_options(options).compression_type or ""


def as_options(options: TFRecordOptions | str | None) -> TFRecordOptions:
    """Return options given as such, or as the compression alone."""
    return options if isinstance(options, TFRecordOptions) else TFRecordOptions(options)


def largest_window_bits(compression: str) -> int:
    """Return the window that decompresses every file of a compression."""
    return _WINDOW_BITS[compression][-1]


def compressor(options: TFRecordOptions) -> Any:
    """Return a `zlib` compressor; None for an uncompressed file."""
    if not options.compression_type:
        return None
    return zlib.compressobj(
        _or(options.compression_level, zlib.Z_DEFAULT_COMPRESSION),
        zlib.DEFLATED,
        _or(options.window_bits, largest_window_bits(options.compression_type)),
        _or(options.mem_level, 9),
        _or(options.compression_strategy, zlib.Z_DEFAULT_STRATEGY),
    )


def _or(value: int | None, default: int) -> int:
    return default if value is None else value
