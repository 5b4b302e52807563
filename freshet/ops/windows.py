"""What convolution and pooling have in common: windows that slide over spatial dimensions.

Along a dimension of size n, with kernel k, stride s and dilation d, window i reads the elements
``s*i + d*j - before`` for j in ``[0, k)``. Padding "SAME" is TensorFlow's: ``ceil(n / s)`` windows,
an odd element of padding after.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import Dim, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import shaping
from freshet.ops.array import Shape, resolve_shape
from freshet.ops.primitive import Resolved
from freshet.ops.sizes import static_integers

Ints = tuple[int, ...]
Pads = tuple[tuple[int, int], ...]
Padding = Any
"""``"SAME"``, ``"VALID"``, or one ``(before, after)`` per dimension of the input."""
SAME: Final = "SAME"
"""Stands for the pairs in a primitive's parameter until the sizes are known."""


# --- padding --------------------------------------------------------------------------------------


def same_padding(
    sizes: Sequence[Dim], kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> Pads | str:
    """Return the pairs of padding "SAME", or the word while a size that decides is unknown."""
    pairs: list[tuple[int, int]] = []
    for size, k, s, d in zip(sizes, kernel, strides, dilations, strict=True):
        reach = d * (k - 1)
        if size is None and s != 1:
            return SAME
        # With stride 1 the size does not matter.
        windows = 0 if size is None else -(-size // s)
        total = reach if size is None else max((windows - 1) * s + reach + 1 - size, 0)
        pairs.append((total // 2, total - total // 2))
    return tuple(pairs)


def pads_of(
    padding: Pads | str, sizes: Sequence[Dim], kernel: Ints, strides: Ints, dilations: Ints = ()
) -> Pads:
    """Return a primitive's padding as pairs; the sizes must be known."""
    if padding != SAME:
        return cast("Pads", padding)
    found = same_padding(sizes, kernel, strides, dilations or (1,) * len(kernel))
    return cast("Pads", found)


def explicit_padding(
    padding: Padding, sizes: Sequence[Dim], kernel: Sequence[int], strides: Sequence[int],
    dilations: Sequence[int],
) -> Any:  # fmt: skip
    """Return padding as pairs, or as "SAME" where that depends on a size that is not known.

    Args:
        padding: "SAME", "VALID" or pairs, one per spatial dimension or one per dimension of an
            input with its channels last.
        sizes: Spatial sizes.
        kernel: Sizes of the window.
        strides: Distances between windows.
        dilations: Distances between a window's elements.
    """
    if not isinstance(padding, str):
        return _pairs(padding, len(sizes), channels_first=False)
    if padding.upper() == "VALID":
        return ((0, 0),) * len(sizes)
    if padding.upper() != SAME:
        raise InvalidArgumentError(
            f"padding must be 'SAME', 'VALID' or pairs of numbers, received {padding!r}"
        )
    return same_padding(sizes, kernel, strides, dilations)


def _pairs(padding: Any, rank: int, *, channels_first: bool) -> Pads:
    try:
        pairs = tuple((int(before), int(after)) for before, after in padding)
    except (TypeError, ValueError):
        pairs = ()
    if len(pairs) == rank + 2:
        others = pairs[:2] if channels_first else (pairs[0], pairs[-1])
        if others != ((0, 0), (0, 0)):
            raise InvalidArgumentError(
                f"padding must be (0, 0) for batch and channels, received {padding}"
            )
        pairs = pairs[2:] if channels_first else pairs[1:-1]
    if len(pairs) != rank or any(n < 0 for pair in pairs for n in pair):
        raise InvalidArgumentError(
            f"padding must be 'SAME', 'VALID', {rank} or {rank + 2} pairs of numbers not below 0, "
            f"received {padding!r}"
        )
    return pairs


def spatial_padding(padding: Padding, rank: int, *, channels_first: bool) -> Padding:
    """Return padding for an input that has its channels last."""
    if isinstance(padding, str):
        return padding
    return _pairs(padding, rank, channels_first=channels_first)


def resolve_padding(
    spatial: Callable[[Sequence[TensorType], Mapping[str, Any]], tuple[Shape, Ints]],
) -> Callable[..., Resolved | None]:
    """Return a primitive's `resolve` that makes pairs of padding "SAME".

    Args:
        spatial: ``(operand types, params) -> (spatial sizes, kernel)`` of the forward operation.
    """

    def resolve(
        types: Sequence[TensorType], values: Sequence[Array | None], params: Mapping[str, Any]
    ) -> Resolved | None:
        kept: Sequence[int] = range(len(types))
        found: dict[str, Any] = dict(params)
        if "shape" in params:
            resolved = resolve_shape(types, values, params)
            kept, found = resolved or (kept, found)
        if found["padding"] == SAME:
            sizes, kernel = spatial(types, found)
            gaps = found.get("dilations") or (1,) * len(kernel)
            found["padding"] = same_padding(sizes, kernel, found["strides"], gaps)
        return None if found == dict(params) else (kept, found)

    return resolve


# --- sizes ----------------------------------------------------------------------------------------


def output_size(size: Dim, kernel: int, stride: int, pad: tuple[int, int], dilation: int) -> Dim:
    """Return how many windows fit along a dimension."""
    if size is None:
        return None
    return max((size + sum(pad) - (dilation * (kernel - 1) + 1)) // stride + 1, 0)


def output_sizes(
    sizes: Sequence[Dim], kernel: Sequence[int], strides: Sequence[int], padding: Pads | str,
    dilations: Sequence[int],
) -> Shape:  # fmt: skip
    """Return how many windows fit along each dimension."""
    if padding == SAME:
        return tuple(None if n is None else -(-n // s) for n, s in zip(sizes, strides, strict=True))
    pads = cast("Pads", padding)
    return tuple(map(output_size, sizes, kernel, strides, pads, dilations))


# --- arguments ------------------------------------------------------------------------------------


def per_dimension(
    name: str, argument: str, value: Any, rank: int, *, channels_first: bool = False
) -> Ints:
    """Return one number per spatial dimension, from one, `rank` or `rank + 2` of them."""
    items = static_integers(name, argument, value)
    if len(items) == rank + 2:
        outer = items[:2] if channels_first else [items[0], items[-1]]
        if outer != [1, 1]:
            raise InvalidArgumentError(
                f"{name}: {argument} must be 1 for batch and channels, received {value}"
            )
        items = items[2:] if channels_first else items[1:-1]
    if len(items) == 1:
        items *= rank
    if len(items) != rank or min(items) < 1:
        raise InvalidArgumentError(
            f"{name}: {argument} must be 1, {rank} or {rank + 2} positive numbers, received {value}"
        )
    return tuple(items)


def window_options(
    name: str, sizes: Sequence[Dim], kernel: Ints, strides: Any, padding: Padding,
    dilations: Any = None, *, channels_first: bool,
) -> dict[str, Any]:  # fmt: skip
    """Return the parameters of a primitive that slides windows, one number per dimension.

    Args:
        name: Of the operation.
        sizes: Spatial sizes of what the windows slide over.
        kernel: Sizes of the window.
        strides: Distances between windows, as users give them; None for 1.
        padding: "SAME", "VALID" or pairs.
        dilations: Distances between a window's elements, as users give them; None for 1.
        channels_first: Whether options with a number for each dimension of the input have the
            channels second.

    Returns:
        `strides`, `padding` and `dilations`; the padding is "SAME" where a size that decides on it
        is not known.
    """
    steps, gaps = (
        per_dimension(
            name, what, 1 if value is None else value, len(kernel), channels_first=channels_first
        )
        for what, value in (("strides", strides), ("dilations", dilations))
    )
    given = spatial_padding(padding, len(kernel), channels_first=channels_first)
    pads = explicit_padding(given, sizes, kernel, steps, gaps)
    return {"strides": steps, "padding": pads, "dilations": gaps}


_FORMATS: Final = {1: ("NWC", "NCW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}


def channels_come_first(name: str, data_format: str | None, rank: int) -> bool:
    """Return whether the channels are the second dimension.

    Args:
        name: Of the operation.
        data_format: As "NHWC" or "NCHW"; None for channels last.
        rank: How many spatial dimensions there are.
    """
    if data_format is None:
        return False
    known = _FORMATS.get(rank, ())
    if known and data_format not in {*known, "NC"}:
        raise InvalidArgumentError(
            f"{name}: data_format must be {known[0]!r} or {known[1]!r}, received {data_format!r}"
        )
    return data_format.startswith("NC")


def channels_last(x: Tensor) -> Tensor:
    """Move the channels from the second place to the last."""
    return shaping.transpose(x, [0, *range(2, x.ndim), 1])


def channels_first(x: Tensor) -> Tensor:
    """Move the channels from the last place to the second."""
    return shaping.transpose(x, [0, x.ndim - 1, *range(1, x.ndim - 1)])
