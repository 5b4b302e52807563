"""Blocks moved between space, batch and depth; reversed beginnings of sequences."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType, normalize_axis
from freshet.core.tensor import Array, Tensor
from freshet.ops import shaping
from freshet.ops.array import pad_p, slice_p
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import Primitive
from freshet.ops.sizes import sizes as known_sizes
from freshet.ops.sizes import static_integer, static_integers
from freshet.ops.windows import channels_come_first, channels_first, channels_last

# --- between space and batch ----------------------------------------------------------------------


def _block_and_pairs(
    name: str, x: Tensor, block_shape: Any, what: str, pairs: Any
) -> tuple[list[int], list[tuple[int, int]]]:
    block = static_integers(name, "block_shape", block_shape)
    flat = static_integers(name, what, np.asarray(pairs) if isinstance(pairs, list) else pairs)
    if len(flat) != 2 * len(block) or any(n < 0 for n in flat):
        raise InvalidArgumentError(
            f"{name}: {what} must be {len(block)} pairs of whole numbers from 0 on, received "
            f"{pairs!r}"
        )
    if x.ndim < 1 + len(block) or any(n < 1 for n in block):
        raise InvalidArgumentError(
            f"{name}: block_shape must be positive sizes for dimensions after the first, received "
            f"{block} for {x._type}"
        )
    return block, list(zip(flat[::2], flat[1::2], strict=True))


def space_to_batch(
    input: TensorLike, block_shape: Any, paddings: Any, name: str | None = None
) -> Tensor:
    """Pad dimensions and move the elements of each block into the batch.

    ``y[(k*columns + l)*batch + n, i, j, ...] = padded[n, i*rows + k, j*columns + l, ...]`` for
    blocks of ``[rows, columns]``

    Args:
        input: Any tensor [batch, spatial..., rest...].
        block_shape: Size of a block along each spatial dimension.
        paddings: ``[[before, after], ...]``, one pair of numbers per spatial dimension.
        name: Ignored.

    Returns:
        A tensor [batch * elements of a block, padded / block..., rest...].

    Raises:
        InvalidArgumentError: A padded size is not a multiple of the block's.

    Example:
        >>> space_to_batch([[1, 2, 3, 4]], [2], [[0, 0]]).numpy().tolist()
        [[1, 3], [2, 4]]
    """
    x = convert_to_tensor(input)
    block, pads = _block_and_pairs("space_to_batch", x, block_shape, "paddings", paddings)
    count = len(block)
    if any(n for pair in pads for n in pair):
        around = ((0, 0), *pads, *((0, 0),) * (x.ndim - 1 - count))
        x = pad_p(x, paddings=around, value=x.dtype.zero)
    for size, n in zip(x.shape[1:], block, strict=False):
        if size is not None and size % n:
            raise InvalidArgumentError(
                f"space_to_batch: the padded size {size} is not a multiple of the block's {n} "
                f"(block_shape {block}, paddings {[list(p) for p in pads]})"
            )
    batch, *rest = known_sizes(x)
    split: list[Any] = [batch]
    for size, n in zip(rest, block, strict=False):
        split += [size // n, n]
    tail = rest[count:]
    outer, inner = [1 + 2 * d for d in range(count)], [2 + 2 * d for d in range(count)]
    after = list(range(1 + 2 * count, 1 + 2 * count + len(tail)))
    moved = shaping.transpose(shaping.reshape(x, [*split, *tail]), [*inner, 0, *outer, *after])
    sizes = [size // n for size, n in zip(rest, block, strict=False)]
    return shaping.reshape(moved, [batch * math.prod(block), *sizes, *tail])


space_to_batch_nd = space_to_batch


def batch_to_space(
    input: TensorLike, block_shape: Any, crops: Any, name: str | None = None
) -> Tensor:
    """Move elements of the batch into blocks and cut dimensions: `space_to_batch` undone.

    Args:
        input: Any tensor [batch, spatial..., rest...].
        block_shape: Size of a block along each spatial dimension.
        crops: ``[[before, after], ...]``, what is cut off, one pair per spatial dimension.
        name: Ignored.

    Returns:
        A tensor [batch / elements of a block, spatial * block - crops..., rest...].

    Raises:
        InvalidArgumentError: The batch is not a multiple of a block's elements, or more is cut off
            than there is.

    Example:
        >>> batch_to_space([[1, 3], [2, 4]], [2], [[0, 0]]).numpy().tolist()
        [[1, 2, 3, 4]]
    """
    x = convert_to_tensor(input)
    block, cut = _block_and_pairs("batch_to_space", x, block_shape, "crops", crops)
    count, elements = len(block), math.prod(block)
    if x.shape[0] is not None and x.shape[0] % elements:
        raise InvalidArgumentError(
            f"batch_to_space: the batch of {x._type} is not a multiple of the {elements} elements "
            f"of a block {block}"
        )
    for size, n, pair in zip(x.shape[1:], block, cut, strict=False):
        if size is not None and sum(pair) > size * n:
            raise InvalidArgumentError(
                f"batch_to_space: crops {list(pair)} exceed the size {size * n}"
            )
    batch, *rest = known_sizes(x)
    few, tail = batch // elements, rest[count:]
    split = shaping.reshape(x, [*block, few, *rest])
    order = [count]
    for d in range(count):
        order += [count + 1 + d, d]
    order += range(2 * count + 1, 2 * count + 1 + len(tail))
    joined = [size * n for size, n in zip(rest, block, strict=False)]
    y = shaping.reshape(shaping.transpose(split, order), [few, *joined, *tail])
    if not any(n for pair in cut for n in pair):
        return y
    whole = (None, None, None)
    inner = ((before, -after if after else None, None) for before, after in cut)
    return slice_p(y, spec=(whole, *inner, *(whole,) * len(tail)))


def required_space_to_batch_paddings(
    input_shape: Any, block_shape: Any, base_paddings: Any = None, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Return paddings that fill blocks, and the crops that undo what they add.

    Args:
        input_shape: Spatial sizes, which must be known.
        block_shape: Size of a block along each of them.
        base_paddings: Pairs that there are at least; zeros by default.
        name: Ignored.

    Returns:
        Two int32 matrices of a pair per dimension, for `space_to_batch` and `batch_to_space`.

    Example:
        >>> paddings, crops = required_space_to_batch_paddings([5], [2])
        >>> paddings.numpy().tolist(), crops.numpy().tolist()
        ([[0, 1]], [[0, 1]])
    """
    caller = "required_space_to_batch_paddings"
    shape = np.array(static_integers(caller, "input_shape", input_shape), np.int32)
    block = np.array(static_integers(caller, "block_shape", block_shape), np.int32)
    if shape.shape != block.shape:
        raise InvalidArgumentError(
            f"{caller}: input_shape and block_shape must have one length, received {len(shape)} "
            f"and {len(block)}"
        )
    base = np.zeros((len(shape), 2), np.int32)
    if base_paddings is not None:
        given = np.asarray(base_paddings) if isinstance(base_paddings, list) else base_paddings
        base = np.array(static_integers(caller, "base_paddings", given), np.int32).reshape(-1, 2)
    extra = -(shape + base.sum(1)) % block
    crops = np.stack([np.zeros_like(extra), extra], 1).astype(np.int32)
    return Tensor._of_array((base + crops).astype(np.int32)), Tensor._of_array(crops)


# --- between space and depth ----------------------------------------------------------------------


def space_to_depth(
    input: TensorLike, block_size: int, data_format: str = "NHWC", name: str | None = None
) -> Tensor:
    """Put each block of an image into the depth of one pixel.

    ``y[n, i, j, (k*block + l)*channels + c] = x[n, i*block + k, j*block + l, c]``

    Args:
        input: Any tensor [batch, height, width, channels]; height and width are multiples of the
            block's size.
        block_size: Height and width of a block, 2 or more.
        data_format: "NHWC" or "NCHW".
        name: Ignored.

    Returns:
        A tensor [batch, height / block, width / block, channels * block**2].

    Raises:
        InvalidArgumentError: The blocks do not fill the image.

    Example:
        >>> space_to_depth([[[[1], [2]], [[3], [4]]]], 2).numpy().tolist()
        [[[[1, 2, 3, 4]]]]
    """
    x, block, first = _image("space_to_depth", input, block_size, data_format)
    for size in x.shape[1:3]:
        if size is not None and size % block:
            raise InvalidArgumentError(
                f"space_to_depth: height and width of {x._type} must be multiples of {block}"
            )
    batch, height, width, depth = known_sizes(x)
    rows, columns = height // block, width // block
    split = shaping.reshape(x, [batch, rows, block, columns, block, depth])
    moved = shaping.transpose(split, [0, 1, 3, 2, 4, 5])
    y = shaping.reshape(moved, [batch, rows, columns, depth * block * block])
    return channels_first(y) if first else y


def depth_to_space(
    input: TensorLike, block_size: int, data_format: str = "NHWC", name: str | None = None
) -> Tensor:
    """Put the depth of each pixel into a block of the image: `space_to_depth` undone.

    Args:
        input: Any tensor [batch, height, width, channels]; the channels are a multiple of
            ``block_size**2``.
        block_size: Height and width of a block, 2 or more.
        data_format: "NHWC" or "NCHW".
        name: Ignored.

    Returns:
        A tensor [batch, height * block, width * block, channels / block**2].

    Raises:
        InvalidArgumentError: The channels do not fill blocks.

    Example:
        >>> depth_to_space([[[[1, 2, 3, 4]]]], 2).numpy().tolist()
        [[[[1], [2]], [[3], [4]]]]
    """
    x, block, first = _image("depth_to_space", input, block_size, data_format)
    channels = x.shape[3]
    if channels is not None and channels % (block * block):
        raise InvalidArgumentError(
            f"depth_to_space: the channels of {x._type} must be a multiple of {block * block}"
        )
    batch, height, width, depth = known_sizes(x)
    rest = depth // (block * block)
    split = shaping.reshape(x, [batch, height, width, block, block, rest])
    moved = shaping.transpose(split, [0, 1, 3, 2, 4, 5])
    y = shaping.reshape(moved, [batch, height * block, width * block, rest])
    return channels_first(y) if first else y


def _image(
    name: str, input: TensorLike, block_size: Any, data_format: str
) -> tuple[Tensor, int, bool]:
    x = convert_to_tensor(input)
    block = static_integer(name, "block_size", block_size)
    if block < 2:
        raise InvalidArgumentError(f"{name}: block_size must be 2 or more, received {block}")
    if x.ndim != 4:
        raise InvalidArgumentError(
            f"{name}: expected [batch, height, width, channels], received {x._type}"
        )
    first = channels_come_first(name, data_format, 2)
    return (channels_last(x) if first else x), block, first


# --- reversed beginnings --------------------------------------------------------------------------


def _reverse_infer(
    x: TensorType, lengths: TensorType, seq_axis: int, batch_axis: int
) -> TensorType:
    batch, count = x.shape[batch_axis], lengths.shape[0] if lengths.rank == 1 else -1
    if count not in {None, batch} and batch is not None:
        raise InvalidArgumentError(
            f"reverse_sequence: seq_lengths must be a vector with a length for each of the {batch} "
            f"elements of the batch, received {lengths}"
        )
    return x


def _reverse_reference(x: Array, lengths: Array, seq_axis: int, batch_axis: int) -> Array:
    size = x.shape[seq_axis]
    if np.any(lengths < 0) or np.any(lengths > size):
        raise InvalidArgumentError(
            f"reverse_sequence: seq_lengths {lengths.tolist()} are outside [0, {size}]"
        )
    at = np.arange(size)
    places = np.where(at < lengths[:, None], lengths[:, None] - 1 - at, at)
    rows = np.moveaxis(x, (batch_axis, seq_axis), (0, 1))
    found = rows[np.arange(len(rows))[:, None], places]
    return np.moveaxis(found, (0, 1), (batch_axis, seq_axis))


reverse_sequence_p: Primitive = Primitive(
    name="reverse_sequence", infer=_reverse_infer, reference=_reverse_reference,
    gradient=(lambda c, g: reverse_sequence_p(g, c.y, **c.params), None),
    lower=Host("its indices are data"),
)  # fmt: skip


def reverse_sequence(
    input: TensorLike, seq_lengths: TensorLike, seq_axis: int | None = None,
    batch_axis: int | None = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return sequences whose beginnings are reversed; what follows stays.

    Args:
        input: Any tensor.
        seq_lengths: For each element of the batch, how much of its sequence is reversed.
        seq_axis: The dimension of the sequences; 0 by default.
        batch_axis: The dimension of the batch; 0 by default, and another one than `seq_axis`.
        name: Ignored.

    Raises:
        InvalidArgumentError: A length is outside of the sequence, or the shapes do not fit.

    Example:
        >>> reverse_sequence([[1, 2, 3], [4, 5, 6]], [2, 3], seq_axis=1).numpy().tolist()
        [[2, 1, 3], [6, 5, 4]]
    """
    x, lengths = convert_to_tensor(input), convert_to_tensor(seq_lengths)
    along = normalize_axis("reverse_sequence", int(seq_axis or 0), x.ndim)
    batch = normalize_axis("reverse_sequence", int(batch_axis or 0), x.ndim)
    if along == batch:
        raise InvalidArgumentError(
            f"reverse_sequence: seq_axis and batch_axis must differ, both are {along}"
        )
    if not lengths.dtype.is_integer:
        raise DTypeError(
            f"reverse_sequence: seq_lengths must be integers, received {lengths._type}"
        )
    return reverse_sequence_p(x, lengths, seq_axis=along, batch_axis=batch)
