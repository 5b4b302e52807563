"""Files of images as tensors: ``ft.io.decode_jpeg`` and the like, also found as ``ft.image``.

Pixels of PNG, GIF and BMP files are exact. Those of JPEG files are the ones of the accurate integer
transform; TensorFlow's default, a faster one, differs from it by up to 8 of 255.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import as_dtype
from freshet.core.errors import DTypeError, InternalError, InvalidArgumentError, UnimplementedError
from freshet.core.shapes import Dim, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.image import image_files, png
from freshet.ops.image.image_files import JpegOptions, Wanted
from freshet.ops.image.operands import whole_number
from freshet.ops.image.pixel_types import convert_image_dtype
from freshet.ops.math import TensorLike
from freshet.ops.slicing import getitem
from freshet.ops.strings.characters import substr
from freshet.ops.strings.host import filled, host_primitive, string_tensor

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
        if frames and image_files.kind_of(data) == "GIF":
            found = image_files.decode_gif(data)
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
        >>> file = encode_jpeg(np.full([8, 8, 3], 7, np.uint8))
        >>> decode_jpeg(file).numpy()[0, 0].tolist()
        [7, 7, 7]
    """
    return _jpeg(
        "io.decode_jpeg", contents, channels, ratio, try_recover_truncated, dct_method
    )  # fmt: skip


def _jpeg(
    caller: str, contents: Any, channels: Any, ratio: int, recover: bool, dct_method: str
) -> Tensor:
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
        >>> file = encode_jpeg(np.full([8, 8, 3], 7, np.uint8))
        >>> decode_and_crop_jpeg(file, [1, 2, 3, 4]).shape
        TensorShape([3, 4, 3])
    """
    caller = "io.decode_and_crop_jpeg"
    x = _jpeg(caller, contents, channels, ratio, try_recover_truncated, dct_method)
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
    """Return the image in a JPEG, PNG, GIF or BMP file.

    Args:
        contents: The bytes of the file, a single string.
        channels: 0 or None for those of the file, 1 for shades of grey, 3 for colours, 4 with
            alpha.
        dtype: Any real dtype; see `ft.image.convert_image_dtype`.
        name: Ignored.
        expand_animations: Whether a GIF file gives all its frames, [frames, height, width, 3].
            Otherwise, only the first. Inside a traced function, the rank of a result cannot depend
            on the file: a GIF file needs ``expand_animations=False`` or `decode_gif` there.

    Returns:
        [height, width, channels], or all frames.

    Raises:
        InvalidArgumentError: The bytes are no image, or a damaged one.

    Example:
        >>> file = encode_png(np.uint8([[[51]]]))
        >>> decode_image(file, dtype="float32").numpy().tolist()
        [[[0.20000000298023224]]]
    """
    caller = "io.decode_image"
    text, number, kind = _contents(caller, contents), _channels(caller, channels), as_dtype(dtype)
    given = b"" if text._array is None else text._array.item()
    animated = given[:6] in {b"GIF87a", b"GIF89a"}
    if animated and number not in {0, 3}:
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


def _no_animation(contents: Array) -> Array:
    if contents.item()[:3] == b"GIF":
        raise InvalidArgumentError(
            "io.decode_image: inside a traced function, a GIF file needs expand_animations=False, "
            "or ft.io.decode_gif"
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
        >>> extract_jpeg_shape(encode_jpeg(np.zeros([4, 5, 3], np.uint8))).numpy().tolist()
        [4, 5, 3]
    """
    kind = as_dtype(output_type)
    if kind not in {dtypes.int32, dtypes.int64}:
        raise DTypeError(f"io.extract_jpeg_shape: output_type must be int32 or int64, not {kind}")
    return jpeg_shape_p(_contents("io.extract_jpeg_shape", contents), dtype=kind)


# --- writing --------------------------------------------------------------------------------------


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
        >>> adjust_jpeg_quality(np.full([8, 8, 3], 7, np.uint8), 50).numpy()[0, 0].tolist()
        [7, 7, 7]
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
    found = _jpeg(caller, file, x.shape[-1], 1, False, dct_method)
    return convert_image_dtype(found, x.dtype, saturate=True)
