"""Bytes to pixels and back, on NumPy arrays: JPEG, PNG, GIF, BMP, WebP, recognised by their start.

JPEG, GIF, WebP and PNG of up to 8 bits are Pillow's; every way in which it can fail is one error
here.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from freshet.core.errors import InvalidArgumentError, OpError
from freshet.core.tensor import Array
from freshet.ops.image import bitmap, png

if TYPE_CHECKING:
    from PIL.Image import Image

_STARTS: Final = {
    b"\xff\xd8\xff": "JPEG", png.SIGNATURE: "PNG", b"GIF87a": "GIF", b"GIF89a": "GIF", b"BM": "BMP",
}  # fmt: skip
ANIMATED: Final = ("GIF", "WEBP")
"""Kinds of files that can hold several images."""
_MOST_VALUES: Final = 2**29
"""Numbers in a decoded file; above, a header is taken for damaged or hostile."""
_MOST_A_BYTE: Final = 4096
"""Pixels that a byte of a JPEG file can stand for."""
_GREY: Final = (9797, 19234, 3737)
"""Weights of red, green and blue in PNG files' shades of grey, in 32768ths."""


class Wanted(NamedTuple):
    """How a file is to be decoded.

    Attributes:
        channels: 0 for those of the file, 1, 3 or 4.
        wide: 0 for 8 bits a number. Otherwise 16 bits, and numbers of 8 bits are multiplied by
            this one; those of PNG files by 257 always.
        ratio: A JPEG image is made smaller by this factor.
        recover: Whether a JPEG file may end early.
        first: Whether the first image of several will do.
    """

    channels: int = 0
    wide: int = 0
    ratio: int = 1
    recover: bool = False
    first: bool = False


def kind_of(contents: bytes) -> str:
    """Return "JPEG", "PNG", "GIF", "BMP" or "WEBP".

    Raises:
        InvalidArgumentError: It is none of them.
    """
    for start, kind in _STARTS.items():
        if contents.startswith(start):
            return kind
    if contents[:4] == b"RIFF" and contents[8:12] == b"WEBP":
        return "WEBP"
    what = f"starts with {contents[:8]!r}" if contents else "is empty"
    raise InvalidArgumentError(f"expected a JPEG, PNG, GIF, BMP or WebP file; this one {what}")


@contextmanager
def _opened(contents: bytes, kind: str) -> Iterator[Image]:
    from PIL import Image  # noqa: PLC0415 (only files need it)

    try:
        with Image.open(io.BytesIO(contents), formats=[kind]) as image:
            width, height = image.size
            if width * height * 4 > _MOST_VALUES:
                raise InvalidArgumentError(f"the {kind} header promises {height} x {width} pixels")
            yield image
    except OpError:
        raise
    except Exception as error:  # a damaged file can make any part of a decoder fail
        raise InvalidArgumentError(f"the {kind} file is damaged: {error}") from None


# --- reading --------------------------------------------------------------------------------------


def decode(contents: bytes, wanted: Wanted) -> Array:
    """Return the first image of a file, uint8 or uint16[height, width, channels]."""
    kind = kind_of(contents)
    if kind == "JPEG":
        return _scaled(_jpeg(contents, wanted), wanted.wide)
    if kind == "PNG":
        return _png(contents, wanted)
    if kind in ANIMATED:
        frames = decode_frames(contents, most=1 if wanted.first else 2)
        if len(frames) > 1:
            raise InvalidArgumentError(
                "the file is an animation of several frames; read it with ft.io.decode_gif or "
                "ft.io.decode_webp"
            )
        pixels = frames[0] if kind == "GIF" else with_channels(frames[0], wanted.channels)
        return _scaled(pixels, wanted.wide)
    return _scaled(with_channels(bitmap.decode(contents), wanted.channels), wanted.wide)


def _scaled(pixels: Array, factor: int) -> Array:
    return pixels.astype(np.uint16) * np.uint16(factor) if factor else pixels


def with_channels(pixels: Array, channels: int) -> Array:
    """Return pixels with 1, 3 or 4 channels; 0 keeps theirs."""
    own = pixels.shape[-1]
    if channels in {0, own}:
        return pixels
    if channels == 1:
        return pixels[..., :1] if own == 2 else _grey(pixels)
    colours = pixels[..., [0, 0, 0]] if own < 3 else pixels[..., :3]
    if channels == 3:
        return np.ascontiguousarray(colours)
    most = np.iinfo(pixels.dtype).max
    alpha = pixels[..., 1:] if own == 2 else np.full((*pixels.shape[:-1], 1), most, pixels.dtype)
    return np.concatenate([colours, alpha], -1)


def _grey(pixels: Array) -> Array:
    half = 2**14 if pixels.dtype == np.uint16 else 0  # libpng rounds numbers of 16 bits only
    total = pixels[..., :3].astype(np.int64) @ np.array(_GREY) + half
    return (total >> 15).astype(pixels.dtype)[..., None]


def _jpeg(contents: bytes, wanted: Wanted) -> Array:
    if wanted.channels == 4:
        raise InvalidArgumentError("a JPEG file has no fourth channel: channels must be 0, 1 or 3")
    # With a mark of its end, the decoder fills what is missing with grey.
    data = contents + b"\xff\xd9" if wanted.recover else contents
    with _opened(data, "JPEG") as image:
        width, height = image.size
        if width * height > _MOST_A_BYTE * len(contents):
            raise InvalidArgumentError(
                f"the JPEG header promises {height} x {width} pixels, more than {len(contents)} "
                "bytes can hold"
            )
        mode = "L" if wanted.channels == 1 and image.mode != "CMYK" else None
        small = (max(width // wanted.ratio, 1), max(height // wanted.ratio, 1))
        image.draft(mode, small if wanted.ratio > 1 else None)
        image.load()
        pixels = np.asarray(image.convert("RGB") if image.mode == "CMYK" else image)
    return with_channels(pixels if pixels.ndim == 3 else pixels[..., None], wanted.channels)


def _png(contents: bytes, wanted: Wanted) -> Array:
    head = png.header(contents)
    if head.bits == 16:
        wide = with_channels(png.decode_16_bits(contents, head), wanted.channels)
        return wide if wanted.wide else (wide >> 8).astype(np.uint8)
    with _opened(contents, "PNG") as image:
        transparent = "transparency" in image.info
        mode = {"1": "L", "P": "RGBA" if transparent else "RGB"}.get(image.mode, image.mode)
        if transparent and wanted.channels == 4:
            mode = "RGBA"
        pixels = np.asarray(image.convert(mode))
    pixels = pixels if pixels.ndim == 3 else pixels[..., None]
    return _scaled(with_channels(pixels, wanted.channels), 257 if wanted.wide else 0)


def decode_frames(contents: bytes, most: int | None = None) -> Array:
    """Return uint8[frames, height, width, 3 or 4] of a GIF or WebP file.

    All frames, or the first `most` ones. Only WebP files have 4 channels.
    """
    kind = kind_of(contents)
    with _opened(contents, kind) as image:
        width, height = image.size
        count = min(getattr(image, "n_frames", 1), most or 2**31)
        if count * width * height * 4 > _MOST_VALUES:
            raise InvalidArgumentError(
                f"the {kind} file promises {count} frames of {height} x {width} pixels"
            )
        channels = 4 if kind == "WEBP" and image.mode == "RGBA" else 3
        found = np.zeros((count, height, width, channels), np.uint8)
        for number, frame in enumerate(found):
            image.seek(number)
            pixels = np.asarray(image.convert("RGBA"))
            if kind == "WEBP":
                frame[...] = pixels[..., :channels]
            else:  # what a frame leaves open shows the one before
                before = found[number - 1] if number else 0
                frame[...] = np.where(pixels[..., 3:] > 0, pixels[..., :3], before)
    return found


def jpeg_shape(contents: bytes) -> tuple[int, int, int]:
    """Return height, width and channels of a JPEG file."""
    if kind_of(contents) != "JPEG":
        raise InvalidArgumentError("expected a JPEG file")
    with _opened(contents, "JPEG") as image:
        return image.height, image.width, len(image.getbands())


# --- writing --------------------------------------------------------------------------------------


class JpegOptions(NamedTuple):
    """How a JPEG file is written; see `freshet.ops.image.encoding.encode_jpeg`."""

    progressive: bool = False
    optimize: bool = False
    downsample: bool = True
    density: tuple[float, float] = (300, 300)
    xmp: str = ""


def encode_jpeg(pixels: Array, quality: int, options: JpegOptions) -> bytes:
    """Return the file of uint8[height, width, 1 or 3]."""
    from PIL import Image  # noqa: PLC0415 (only files need it)

    file = io.BytesIO()
    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    more = {"xmp": options.xmp.encode()} if options.xmp else {}
    image.save(
        file, "JPEG", quality=max(quality, 1), progressive=options.progressive,
        optimize=options.optimize, subsampling=2 if options.downsample else 0,
        dpi=options.density, **more,
    )  # fmt: skip
    return file.getvalue()
