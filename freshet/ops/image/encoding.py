"""Tensors to files of images: ``ft.io.encode_jpeg``, ``ft.io.encode_png``; also in ``ft.image``."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InternalError, InvalidArgumentError, UnimplementedError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.image import image_files, png
from freshet.ops.image.decoding import is_jpeg, jpeg_pixels
from freshet.ops.image.image_files import JpegOptions
from freshet.ops.image.pixel_types import convert_image_dtype
from freshet.ops.math import TensorLike
from freshet.ops.strings.host import filled, host_primitive


def _encode_jpeg(pixels: Array, quality: Array, options: tuple[Any, ...]) -> Array:
    number = int(quality)
    if not 0 <= number <= 100:
        raise InvalidArgumentError(f"io.encode_jpeg: quality must be in [0, 100], not {number}")
    return filled((), [image_files.encode_jpeg(pixels, number, JpegOptions(*options))])


encode_jpeg_p = host_primitive(
    "encode_jpeg_file", lambda image, quality, options: TensorType(dtypes.string, ()), _encode_jpeg
)


def encode_jpeg(
    image: TensorLike, format: str = "", quality: int = 95, progressive: bool = False,
    optimize_size: bool = False, chroma_downsampling: bool = True, density_unit: str = "in",
    x_density: int = 300, y_density: int = 300, xmp_metadata: str = "", name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return an image as the bytes of a JPEG file.

    Args:
        image: uint8[height, width, channels], 1 or 3 channels.
        format: "grayscale" or "rgb", which the image must be then; "" takes any.
        quality: From 0, the smallest file, to 100; 95 shows no loss to the eye.
        progressive: Whether the file shows a rough image first.
        optimize_size: Whether to spend time for a smaller file.
        chroma_downsampling: Whether colours are kept at half the resolution.
        density_unit: "in" or "cm", of the following.
        x_density: Pixels for each unit of length, across; stored in the file.
        y_density: The same downwards.
        xmp_metadata: Text to store in the file.
        name: Ignored.

    Raises:
        InvalidArgumentError: An argument is outside its range, or the image has another shape.

    Example:
        >>> bool(is_jpeg(encode_jpeg(np.zeros([4, 5, 3], np.uint8))))
        True
    """
    x = convert_to_tensor(image)
    known = {"": (1, 3, None), "grayscale": (1, None), "rgb": (3, None)}
    if format not in known or density_unit not in {"in", "cm"}:
        raise InvalidArgumentError(
            "io.encode_jpeg: format must be '', 'grayscale' or 'rgb', and density_unit 'in' or "
            f"'cm'; received {format!r} and {density_unit!r}"
        )
    if x.dtype != dtypes.uint8 or x.ndim != 3 or x.shape[-1] not in known[format]:
        raise InvalidArgumentError(
            f"io.encode_jpeg: image must be u8[height, width, 1 or 3], received {x._type} for "
            f"format {format!r}"
        )
    if not 0 <= int(quality) <= 100:
        raise InvalidArgumentError(f"io.encode_jpeg: quality must be in [0, 100], not {quality}")
    unit = 1 if density_unit == "in" else 2.54
    density = (x_density * unit, y_density * unit)
    options = JpegOptions(
        bool(progressive), bool(optimize_size), bool(chroma_downsampling), density, xmp_metadata
    )
    return encode_jpeg_p(x, convert_to_tensor(int(quality)), options=tuple(options))


def _encode_png(images: Array, compression: int) -> Array:
    if 0 in images.shape[-3:]:
        raise InternalError(f"io.encode_png: the image {images.shape} has no pixels")
    rows = images.reshape(-1, *images.shape[-3:])
    return filled(images.shape[:-3], [png.encode(image, compression) for image in rows])


encode_png_p = host_primitive(
    "encode_png_file", lambda image, compression: TensorType(dtypes.string, image.shape[:-3]),
    _encode_png,
)  # fmt: skip


def encode_png(image: TensorLike, compression: int = -1, name: str | None = None) -> Tensor:
    """Return images as the bytes of PNG files.

    Args:
        image: uint8 or uint16[..., height, width, channels]: grey, grey and alpha, colours, or
            colours and alpha.
        compression: From 0, none, to 9, the slowest; -1 for zlib's default.
        name: Ignored.

    Returns:
        Strings, one for each image.

    Raises:
        InvalidArgumentError: An argument is outside its range, or the image has another shape.

    Example:
        >>> encode_png(np.zeros([2, 4, 5, 3], np.uint8)).shape
        TensorShape([2])
    """
    x = convert_to_tensor(image)
    if x.dtype not in {dtypes.uint8, dtypes.uint16} or x.ndim < 3 or (
        x.shape[-1] not in {0, 1, 2, 3, 4, None}
    ):  # fmt: skip
        raise InvalidArgumentError(
            "io.encode_png: image must be u8 or u16[..., height, width, 1 to 4], received "
            f"{x._type}"
        )
    if not -1 <= int(compression) <= 9:
        raise InvalidArgumentError(
            f"io.encode_png: compression must be in [-1, 9], received {compression}"
        )
    return encode_png_p(x, compression=int(compression))


def adjust_jpeg_quality(
    image: TensorLike, jpeg_quality: Any, dct_method: str = "", name: str | None = None
) -> Tensor:
    """Return an image as it is after it was written to a JPEG file and read again.

    Args:
        image: [height, width, channels], 1 or 3 channels, real numbers.
        jpeg_quality: From 0 to 100.
        dct_method: As for `decode_jpeg`.
        name: Ignored.

    Returns:
        An image of the same dtype.

    Raises:
        InvalidArgumentError: The quality is outside its range, or the image has another shape.

    Example:
        >>> adjust_jpeg_quality(np.full([8, 8, 3], 128, np.uint8), 50).numpy()[0, 0].tolist()
        [128, 128, 128]
    """
    caller = "image.adjust_jpeg_quality"
    x = convert_to_tensor(image)
    if x.ndim != 3 or x.shape[-1] not in {1, 3}:
        hint = "; set its channels with ft.ensure_shape" if None in x.shape else ""
        kind: Any = UnimplementedError if hint else InvalidArgumentError
        raise kind(f"{caller}: image must be [height, width, 1 or 3], received {x._type}{hint}")
    pixels = convert_image_dtype(x, dtypes.uint8, saturate=True)
    quality = m.cast(convert_to_tensor(jpeg_quality), dtypes.int32)
    file = encode_jpeg_p(pixels, quality, options=tuple(JpegOptions()))
    found = jpeg_pixels(caller, file, x.shape[-1], 1, False, dct_method)
    return convert_image_dtype(found, x.dtype, saturate=True)
