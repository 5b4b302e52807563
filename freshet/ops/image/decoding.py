"""Files of images to tensors: ``ft.io.decode_jpeg`` and the like, also found in ``ft.image``.

Pixels of PNG, GIF and BMP files are exact. Those of JPEG files are the ones of the accurate integer
transform; TensorFlow's default, a faster one, differs from it by up to 8 of 255.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import Dim, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.image import image_files
from freshet.ops.image.image_files import Wanted
from freshet.ops.image.operands import whole_number
from freshet.ops.image.pixel_types import convert_image_dtype
from freshet.ops.math import TensorLike
from freshet.ops.slicing import getitem
from freshet.ops.strings.characters import substr
from freshet.ops.strings.host import host_primitive, string_tensor

_CHANNELS: Final = (0, 1, 3, 4)
_DCT: Final = ("", "INTEGER_FAST", "INTEGER_ACCURATE")

# --- reading: primitives --------------------------------------------------------------------------


def _decode_infer(
    contents: TensorType, caller: str, channels: int, wide: int, frames: bool,
    ratio: int = 1, recover: bool = False, first: bool = False,
) -> TensorType:  # fmt: skip
    del ratio, recover, first
    if contents.rank or contents.dtype != dtypes.string:
        raise InvalidArgumentError(f"{caller}: contents must be one string, received {contents}")
    shape: tuple[Dim, ...] = (None, None, channels or None)
    return TensorType(dtypes.uint16 if wide else dtypes.uint8, (None, *shape) if frames else shape)


def _decode_reference(
    contents: Array, caller: str, channels: int, wide: int, frames: bool,
    ratio: int = 1, recover: bool = False, first: bool = False,
) -> Array:  # fmt: skip
    data = contents.item()
    try:
        if frames and image_files.kind_of(data) in image_files.ANIMATED:
            found = image_files.decode_frames(data)
            if data[:3] != b"GIF":
                found = image_files.with_channels(found, channels)
            return found.astype(np.uint16) * np.uint16(wide) if wide else found
        found = image_files.decode(data, Wanted(channels, wide, ratio, recover, first))
    except InvalidArgumentError as error:
        raise InvalidArgumentError(f"{caller}: {error.message}") from None
    return found[None] if frames else found


decode_image_p = host_primitive("decode_image_file", _decode_infer, _decode_reference)


def _jpeg_shape_reference(contents: Array, dtype: dtypes.DType) -> Array:
    try:
        found = image_files.jpeg_shape(contents.item())
    except InvalidArgumentError as error:
        raise InvalidArgumentError(f"io.extract_jpeg_shape: {error.message}") from None
    return np.array(found, dtype.as_numpy_dtype)


jpeg_shape_p = host_primitive(
    "jpeg_shape", lambda contents, dtype: TensorType(dtype, (3,)), _jpeg_shape_reference
)


# --- reading --------------------------------------------------------------------------------------


def _contents(caller: str, value: Any) -> Tensor:
    found = string_tensor(caller, value)
    if found.ndim:
        raise InvalidArgumentError(f"{caller}: contents must be one string, received {found._type}")
    return found


def _channels(caller: str, channels: Any, known: tuple[int, ...] = _CHANNELS) -> int:
    number = 0 if channels is None else int(channels)
    if number not in known:
        raise InvalidArgumentError(
            f"{caller}: channels must be one of {', '.join(map(str, known))}, received {channels}"
        )
    return number


def decode_jpeg(
    contents: TensorLike, channels: int = 0, ratio: int = 1, fancy_upscaling: bool = True,
    try_recover_truncated: bool = False, acceptable_fraction: float = 1, dct_method: str = "",
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the image in a JPEG file; also that in a PNG, GIF or BMP file.

    Args:
        contents: The bytes of the file, a single string.
        channels: 0 for those of the file, 1 for shades of grey, 3 for colours.
        ratio: The image is made smaller by 1, 2, 4 or 8 while it is decoded.
        fancy_upscaling: Accepted, without effect: colours are always interpolated.
        try_recover_truncated: Whether a file that ends early is decoded as far as it goes.
        acceptable_fraction: Accepted, without effect.
        dct_method: "", "INTEGER_FAST" or "INTEGER_ACCURATE"; all are computed as the last one.
        name: Ignored.

    Returns:
        uint8[height, width, channels].

    Raises:
        InvalidArgumentError: The bytes are no image, or a damaged one.

    Example:
        >>> from freshet.ops.image.encoding import encode_jpeg
        >>> file = encode_jpeg(np.full([8, 8, 3], 7, np.uint8))
        >>> decode_jpeg(file).numpy()[0, 0].tolist()
        [7, 7, 7]
    """
    return jpeg_pixels(
        "io.decode_jpeg", contents, channels, ratio, try_recover_truncated, dct_method
    )  # fmt: skip


def jpeg_pixels(
    caller: str, contents: Any, channels: Any, ratio: int, recover: bool, dct_method: str
) -> Tensor:
    """Return the image in a file, with the options of `decode_jpeg`."""
    if ratio not in {1, 2, 4, 8}:
        raise InvalidArgumentError(f"{caller}: ratio must be 1, 2, 4 or 8, received {ratio}")
    if dct_method not in _DCT:
        raise InvalidArgumentError(f"{caller}: dct_method must be one of {_DCT}, not {dct_method}")
    return decode_image_p(
        _contents(caller, contents), caller=caller, channels=_channels(caller, channels),
        wide=0, frames=False, ratio=int(ratio), recover=bool(recover),
    )  # fmt: skip


def decode_and_crop_jpeg(
    contents: TensorLike, crop_window: Any, channels: int = 0, ratio: int = 1,
    fancy_upscaling: bool = True, try_recover_truncated: bool = False,
    acceptable_fraction: float = 1, dct_method: str = "", name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return a part of the image in a JPEG file.

    Args:
        contents: The bytes of the file, a single string.
        crop_window: First row, first column, height and width of the part.
        channels: As for `decode_jpeg`, as are the other arguments.
        ratio: As for `decode_jpeg`; the window counts pixels of the smaller image.
        fancy_upscaling: Accepted, without effect.
        try_recover_truncated: As for `decode_jpeg`.
        acceptable_fraction: Accepted, without effect.
        dct_method: As for `decode_jpeg`.
        name: Ignored.

    Raises:
        InvalidArgumentError: The window is not within the image, or the file is damaged.

    Example:
        >>> from freshet.ops.image.encoding import encode_jpeg
        >>> file = encode_jpeg(np.full([8, 8, 3], 7, np.uint8))
        >>> decode_and_crop_jpeg(file, [1, 2, 3, 4]).shape
        TensorShape([3, 4, 3])
    """
    caller = "io.decode_and_crop_jpeg"
    x = jpeg_pixels(caller, contents, channels, ratio, try_recover_truncated, dct_method)
    window = convert_to_tensor(crop_window)
    if window.shape[:] not in {(4,), (None,)} or not window.dtype.is_integer:
        raise InvalidArgumentError(
            f"{caller}: crop_window must be four integers, received {window._type}"
        )
    top, left, height, width = (
        whole_number(caller, "crop_window", getitem(window, i)) for i in range(4)
    )
    sizes = (top, left, height, width, *x.shape[:2])
    if all(isinstance(n, int) for n in sizes) and not (
        top >= 0 and left >= 0 and height > 0 and width > 0
        and top + height <= (x.shape[0] or 0) and left + width <= (x.shape[1] or 0)
    ):  # fmt: skip
        raise InvalidArgumentError(
            f"{caller}: {height} x {width} pixels from ({top}, {left}) are not within the image "
            f"{x._type}"
        )
    return getitem(x, (slice(top, top + height), slice(left, left + width)))


def decode_png(
    contents: TensorLike, channels: int = 0, dtype: Any = dtypes.uint8, name: str | None = None
) -> Tensor:
    """Return the image in a PNG file; also that in a JPEG, GIF or BMP file.

    Args:
        contents: The bytes of the file, a single string.
        channels: 0 for those of the file, 1 for shades of grey, 3 for colours, 4 with alpha.
        dtype: uint8, or uint16 for files with 16 bits a number.
        name: Ignored.

    Returns:
        uint8 or uint16[height, width, channels].

    Raises:
        InvalidArgumentError: The bytes are no image, or a damaged one.

    Example:
        >>> from freshet.ops.image.encoding import encode_png
        >>> file = encode_png(np.uint8([[[1], [2]]]))
        >>> decode_png(file).numpy().tolist()
        [[[1], [2]]]
    """
    caller = "io.decode_png"
    kind = as_dtype(dtype)
    if kind not in {dtypes.uint8, dtypes.uint16}:
        raise DTypeError(f"{caller}: dtype must be uint8 or uint16, received {kind.name}")
    wide = 256 if kind == dtypes.uint16 else 0
    number = _channels(caller, channels)
    text = _contents(caller, contents)
    return decode_image_p(text, caller=caller, channels=number, wide=wide, frames=False)


def decode_gif(contents: TensorLike, name: str | None = None) -> Tensor:
    """Return all frames of a GIF file; also the one image in a JPEG or PNG file.

    Each frame is the whole image: what a frame leaves open shows the one before.

    Args:
        contents: The bytes of the file, a single string.
        name: Ignored.

    Returns:
        uint8[frames, height, width, 3].

    Raises:
        InvalidArgumentError: The bytes are no image, or a damaged one.
    """
    text = _contents("io.decode_gif", contents)
    return decode_image_p(text, caller="io.decode_gif", channels=3, wide=0, frames=True)


def decode_webp(
    contents: TensorLike, channels: int = 0, dtype: Any = dtypes.uint8, name: str | None = None
) -> Tensor:
    """Return all frames of a WebP file, one for a file that is no animation.

    Args:
        contents: The bytes of the file, a single string.
        channels: 0 for those of the file, 3 for colours, 4 with alpha.
        dtype: uint8.
        name: Ignored.

    Returns:
        uint8[frames, height, width, channels].

    Raises:
        InvalidArgumentError: The bytes are no image, or a damaged one.
    """
    caller = "io.decode_webp"
    if as_dtype(dtype) != dtypes.uint8:
        raise DTypeError(f"{caller}: dtype must be uint8, received {as_dtype(dtype).name}")
    number = _channels(caller, channels, (0, 3, 4))
    text = _contents(caller, contents)
    return decode_image_p(text, caller=caller, channels=number, wide=0, frames=True)


def decode_bmp(contents: TensorLike, channels: int = 0, name: str | None = None) -> Tensor:
    """Return the image in a BMP file of 8 bits (levels of grey), 24 or 32.

    Args:
        contents: The bytes of the file, a single string.
        channels: 0 for those of the file, 3 or 4.
        name: Ignored.

    Returns:
        uint8[height, width, channels].

    Raises:
        InvalidArgumentError: The bytes are no such image, or a damaged one.
    """
    number = _channels("io.decode_bmp", channels, (0, 3, 4))
    return decode_bmp_p(_contents("io.decode_bmp", contents), channels=number)


def _bmp_reference(contents: Array, channels: int) -> Array:
    data = contents.item()
    try:
        kind = image_files.kind_of(data)
        if kind != "BMP":
            raise InvalidArgumentError(f"expected a BMP file, this one is {kind}")
        return image_files.decode(data, Wanted(channels))
    except InvalidArgumentError as error:
        raise InvalidArgumentError(f"io.decode_bmp: {error.message}") from None


decode_bmp_p = host_primitive(
    "decode_bmp_file",
    lambda contents, channels: TensorType(dtypes.uint8, (None, None, channels or None)),
    _bmp_reference,
)


def decode_image(
    contents: TensorLike, channels: int | None = None, dtype: Any = dtypes.uint8,
    name: str | None = None, expand_animations: bool = True,
) -> Tensor:  # fmt: skip
    """Return the image in a JPEG, PNG, GIF, BMP or WebP file.

    Args:
        contents: The bytes of the file, a single string.
        channels: 0 or None for those of the file, 1 for shades of grey, 3 for colours, 4 with
            alpha.
        dtype: Any real dtype; see `ft.image.convert_image_dtype`.
        name: Ignored.
        expand_animations: Whether a GIF or WebP file gives all its frames, [frames, height, width,
            channels]. Otherwise, only the first. Inside a traced function, the rank of a result
            cannot depend on the file: such a file needs ``expand_animations=False`` there, or
            `decode_gif` or `decode_webp`.

    Returns:
        [height, width, channels], or all frames.

    Raises:
        InvalidArgumentError: The bytes are no image, or a damaged one.

    Example:
        >>> from freshet.ops.image.encoding import encode_png
        >>> file = encode_png(np.uint8([[[51]]]))
        >>> decode_image(file, dtype="float32").numpy().tolist()
        [[[0.20000000298023224]]]
    """
    caller = "io.decode_image"
    text, number, kind = _contents(caller, contents), _channels(caller, channels), as_dtype(dtype)
    given = b"" if text._array is None else text._array.item()
    animated = _may_be_animated(given)
    if given[:3] == b"GIF" and number not in {0, 3}:
        raise InvalidArgumentError(f"{caller}: a GIF file has 3 channels, not {number}")
    if expand_animations and text._array is None:
        text = no_animation_p(text)
    # 257 makes 255 the largest number of 16 bits; TensorFlow has it for float32 only.
    wide = {"uint8": 0, "float32": 257}.get(kind.name, 256)
    frames = animated and expand_animations
    found = decode_image_p(
        text, caller=caller, channels=number, wide=wide, frames=frames, first=not expand_animations
    )
    return convert_image_dtype(found, kind)


def _may_be_animated(contents: bytes) -> bool:
    return contents[:6] in {b"GIF87a", b"GIF89a"} or (
        contents[:4] == b"RIFF" and contents[8:12] == b"WEBP"
    )


def _no_animation(contents: Array) -> Array:
    if _may_be_animated(contents.item()):
        raise InvalidArgumentError(
            "io.decode_image: inside a traced function, a GIF or WebP file needs "
            "expand_animations=False, or ft.io.decode_gif or ft.io.decode_webp"
        )
    return contents


no_animation_p = host_primitive("no_animation", lambda contents: contents, _no_animation)


def is_jpeg(contents: TensorLike, name: str | None = None) -> Tensor:
    r"""Return whether strings begin as JPEG files do, with the bytes FF D8 FF.

    Example:
        >>> is_jpeg([b"\xff\xd8\xff\xe0", b"BM"]).numpy().tolist()
        [True, False]
    """
    return m.equal(substr(contents, 0, 3), b"\xff\xd8\xff")


def extract_jpeg_shape(
    contents: TensorLike, output_type: Any = dtypes.int32, name: str | None = None
) -> Tensor:
    """Return height, width and number of channels of a JPEG file, without decoding it.

    Args:
        contents: The bytes of the file, a single string.
        output_type: int32 or int64.
        name: Ignored.

    Raises:
        InvalidArgumentError: The bytes are no JPEG file, or a damaged one.

    Example:
        >>> from freshet.ops.image.encoding import encode_jpeg
        >>> extract_jpeg_shape(encode_jpeg(np.zeros([4, 5, 3], np.uint8))).numpy().tolist()
        [4, 5, 3]
    """
    kind = as_dtype(output_type)
    if kind not in {dtypes.int32, dtypes.int64}:
        raise DTypeError(f"io.extract_jpeg_shape: output_type must be int32 or int64, not {kind}")
    return jpeg_shape_p(_contents("io.extract_jpeg_shape", contents), dtype=kind)
