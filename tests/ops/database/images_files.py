"""Files of images."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import numpy as np

from database.record import Operation, case, error, integers, strings, uniform


def _text(value: bytes) -> np.ndarray:
    return strings(value).reshape(())


def png(
    pixels: np.ndarray, kind: int, bits: int, filters: bytes = b"\0", extra: bytes = b"",
    channels: int = 0,
) -> bytes:  # fmt: skip
    """Return a PNG file of filtered rows: bytes[height, bytes in a row]."""
    width = pixels.shape[1] * 8 // (bits * channels)
    rows = b"".join(
        bytes([filters[i % len(filters)]]) + row.tobytes() for i, row in enumerate(pixels)
    )
    size = struct.pack(">IIBBBBB", width, len(pixels), bits, kind, 0, 0, 0)
    parts = (
        _chunk(b"IHDR", size) + extra + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")
    )
    return b"\x89PNG\r\n\x1a\n" + parts


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def bmp(pixels: np.ndarray, upside_down: bool = False) -> bytes:
    """Return a BMP file of uint8[height, width, 1, 3 or 4]."""
    height, width, channels = pixels.shape
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[channels]
    rows = pixels[:, :, order].reshape(height, -1)
    rows = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))
    data = (rows if upside_down else rows[::-1]).tobytes()
    head = struct.pack("<IiiHHIIiiII", 40, width, -height if upside_down else height, 1,
                       8 * channels, 0, len(data), 0, 0, 0, 0)  # fmt: skip
    return b"BM" + struct.pack("<IHHI", 54 + len(data), 0, 0, 54) + head + data


def gif(frames: list[np.ndarray], palette: np.ndarray) -> bytes:
    """Return a GIF file of frames that hold numbers of colours, at most 8."""
    height, width = frames[0].shape
    found = b"GIF89a" + struct.pack("<HHBBB", width, height, 0b1000_0010, 0, 0)
    found += palette.astype(np.uint8).tobytes()
    for frame in frames:
        # Each pixel is a code of 4 bits, with a "clear" before each, so that none gets longer.
        codes = [c for pixel in frame.reshape(-1).tolist() for c in (8, pixel)] + [9]
        number = sum(code << (4 * i) for i, code in enumerate(codes))
        data = number.to_bytes((len(codes) + 1) // 2, "little")
        found += b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x03"
        for start in range(0, len(data), 255):
            block = data[start : start + 255]
            found += bytes([len(block)]) + block
        found += b"\0"
    return found + b";"


# A JPEG file of 8 x 8 pixels of one colour: every decoder gives the same.
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"
    "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQH/2wBDAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"
    "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQH/wAARCAAIAAgDAREAAhEBAxEB/8QAFAABAAAAAAAAAAAAAAAAAAAA"
    "AP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/xAAUAQEAAAAAAAAAAAAAAAAAAAAA/8QAFBEBAAAAAAAAAAAAAAAAAAAA"
    "AP/aAAwDAQACEQMRAD8AA//Z"
)
# WebP files without loss, of the pixels in `_STEPS`.
WEBP = base64.b64decode(
    "UklGRjoAAABXRUJQVlA4TC4AAAAvAkAAAC8gFkxD9wQCSSyY4t4JJBZMQ/cEImz+4w7QAYCatg3YUOdfTo3of0wv"
)
WEBP_ALPHA = base64.b64decode(
    "UklGRkAAAABXRUJQVlA4TDQAAAAvAkAAEC8gFkxD9wQCSSyY4t4JJBZMQ/cEIkwsmNwTCD3euAfoAoCatg3YUOdf"
    "To3of0wv"
)
_STEPS = np.add.outer(np.add.outer(np.arange(2) * 40, np.arange(3) * 9), np.arange(4) * 50).astype(
    np.uint8
)
_RGB = integers(3, 5, 3, low=0, high=255, dtype=np.uint8)
_RGBA = integers(3, 5, 4, low=0, high=255, dtype=np.uint8)
_GREY = integers(4, 3, 1, low=0, high=255, dtype=np.uint8)
_WIDE = integers(5, 4, 3, low=0, high=65535, dtype=np.uint16)
_COLOURS = integers(8, 3, low=0, high=255, dtype=np.uint8)
_FRAMES = [integers(3, 4, low=0, high=7, seed=s) for s in range(2)]


def _rows(pixels: np.ndarray) -> np.ndarray:
    return np.frombuffer(pixels.astype(pixels.dtype.newbyteorder(">")).tobytes(), np.uint8).reshape(
        len(pixels), -1
    )


RGB = png(_rows(_RGB), 2, 8, channels=3)
RGBA = png(_rows(_RGBA), 6, 8, channels=4)
GREY = png(_rows(_GREY), 0, 8, channels=1)
WIDE = png(_rows(_WIDE), 2, 16, channels=3)
BITS = png(np.uint8([[0b10100000], [0b01011111]]), 0, 1, channels=1)
INDEXED = png(np.uint8([[0, 1, 7], [3, 2, 1]]), 3, 8, extra=_chunk(b"PLTE", _COLOURS.tobytes()),
              channels=1)  # fmt: skip
ONE_FRAME, TWO_FRAMES = gif(_FRAMES[:1], _COLOURS), gif(_FRAMES, _COLOURS)
_FRAME_COLOURS = np.stack([_COLOURS[f] for f in _FRAMES])
# What a file holds, as uint8 or uint16[height, width, channels].
HELD: dict[bytes, np.ndarray] = {
    RGB: _RGB, RGBA: _RGBA, GREY: _GREY, WIDE: _WIDE,
    BITS: 255 * np.uint8([[1, 0, 1, 0, 0, 0, 0, 0], [0, 1, 0, 1, 1, 1, 1, 1]])[..., None],
    INDEXED: _COLOURS[[[0, 1, 7], [3, 2, 1]]], ONE_FRAME: _FRAME_COLOURS[0],
    WEBP: _STEPS[..., :3], WEBP_ALPHA: _STEPS, JPEG: np.full((8, 8, 3), 128, np.uint8),
    bmp(_RGB): _RGB, bmp(_RGBA, True): _RGBA, bmp(_GREY): _GREY,
}  # fmt: skip


def _as(pixels: np.ndarray, channels: int | None, wide: bool, factor: int = 257) -> np.ndarray:
    own, most = pixels.shape[-1], np.iinfo(pixels.dtype).max
    if channels == 1 and own > 1:
        weights = [9797, 19234, 3737]
        total = pixels[..., :3].astype(np.int64) @ weights + (2**14 if most > 255 else 0)
        pixels = (total >> 15).astype(pixels.dtype)[..., None]
    elif channels in {3, 4} and channels != own:
        pixels = np.repeat(pixels, 3, -1) if own == 1 else pixels[..., :3]
        alpha = np.full((*pixels.shape[:-1], channels - 3), most, pixels.dtype)
        pixels = np.concatenate([pixels, alpha], -1)
    if pixels.dtype == np.uint16:
        return pixels if wide else (pixels >> 8).astype(np.uint8)
    return pixels.astype(np.uint16) * np.uint16(factor) if wide else pixels


def _decode(contents: np.ndarray, channels: int = 0, dtype: str = "uint8", **_: Any) -> np.ndarray:
    return _as(HELD[contents.item()], channels, dtype == "uint16")


def _decode_image(
    contents: np.ndarray, channels: int | None = None, dtype: str = "uint8",
    expand_animations: bool = True,
) -> np.ndarray:  # fmt: skip
    data = contents.item()
    if data.startswith(b"GIF"):
        frames = _FRAME_COLOURS[: 1 if data == ONE_FRAME else 2]
        pixels = frames if expand_animations else frames[0]
    else:
        pixels = HELD[data]
    full = data.startswith(b"\x89PNG") or dtype == "float32"
    wide = _as(pixels, channels, True, 257 if full else 256)
    if dtype == "uint8":
        return _as(pixels, channels, False)
    if dtype == "uint16":
        return wide
    return (wide / 65535).astype(dtype)


def _cases(files: list[bytes], *channels: int, **more: Any) -> list[Any]:
    return [
        *(case(_text(f), **more) for f in files),
        *(case(_text(files[0]), channels=c, **more) for c in channels),
    ]


_DAMAGED = [
    error("InvalidArgumentError", _text(b""), message="is empty"),
    error("InvalidArgumentError", _text(b"no image"), message="expected a JPEG, PNG, GIF, BMP or"),
    *(
        error("InvalidArgumentError", _text(file[: len(file) * part // 8]), message="decode_")
        for file, part in ((RGB, 3), (RGB, 6), (JPEG, 1), (JPEG, 4), (WIDE, 6), (BITS, 4))
    ),
    error("InvalidArgumentError", strings(RGB), message="one string"),
]
_MANY = error("InvalidArgumentError", _text(TWO_FRAMES), message="decode_gif")
_FIVE = error("InvalidArgumentError", _text(RGB), channels=5, message="one of")

OPERATIONS = [
    Operation(
        name="io.decode_png", reference=_decode,
        cases=[
            *_cases([RGB, RGBA, GREY, WIDE, BITS, INDEXED, ONE_FRAME], 0, 1, 3, 4),
            *_cases([GREY], 3, 4), *_cases([WIDE], 1, 4),
            *_cases([WIDE, RGB, GREY], 1, 3, dtype="uint16"), case(_text(RGBA), channels=3),
        ],
        errors=[
            *_DAMAGED, _MANY, _FIVE,
            error("Exception", _text(RGB), dtype="int32", message="uint8 or uint16"),
        ],
    ),
    Operation(
        name="io.decode_jpeg", reference=_decode,
        cases=[
            *_cases([JPEG, RGB, ONE_FRAME], 0, 3), case(_text(JPEG), dct_method="INTEGER_ACCURATE"),
        ],
        errors=[
            *_DAMAGED, _MANY, _FIVE,
            error("InvalidArgumentError", _text(JPEG), channels=4, message="channels"),
            error("InvalidArgumentError", _text(JPEG), ratio=3, message="ratio must be"),
        ],
    ),
    Operation(
        name="io.decode_and_crop_jpeg",
        reference=lambda x, window, **_: HELD[x.item()][
            window[0] : window[0] + window[2], window[1] : window[1] + window[3]
        ],
        cases=[case(_text(JPEG), np.int32(w)) for w in ([0, 0, 8, 8], [1, 2, 3, 4])],
        errors=[
            error("InvalidArgumentError", _text(JPEG), np.int32(window), message="not within")
            for window in ([4, 4, 5, 1], [0, 0, 0, 1])
        ],
    ),
    Operation(
        name="io.decode_bmp", reference=_decode,
        cases=[
            *_cases([bmp(_RGB)], 3, 4), *_cases([bmp(_RGBA, True)], 3), *_cases([bmp(_GREY)], 3, 4),
        ],
        errors=[
            error("InvalidArgumentError", _text(RGB), message="this one is PNG"),
            error("InvalidArgumentError", _text(bmp(_RGB)[:70]), message="promises"),
            error("InvalidArgumentError", _text(bmp(_RGB)[:20]), message="bytes"),
            error("InvalidArgumentError", _text(bmp(_RGB)), channels=1, message="one of 0, 3, 4"),
        ],
    ),
    Operation(
        name="io.decode_gif", reference=lambda x: _decode_image(x, 3) if x.item().startswith(b"GIF")
        else _decode(x)[None],
        cases=_cases([ONE_FRAME, TWO_FRAMES, RGB, JPEG]),
        errors=[
            error("InvalidArgumentError", _text(b"GIF89a"), message="damaged"),
            error("InvalidArgumentError", _text(b""), message="empty"),
        ],
    ),
    Operation(
        name="io.decode_webp", reference=lambda x, channels=0: _decode(x, channels)[None],
        cases=[*_cases([WEBP, WEBP_ALPHA], 3), case(_text(WEBP_ALPHA), channels=4)],
        errors=[
            error("InvalidArgumentError", _text(WEBP), channels=1, message="one of 0, 3, 4"),
            error("InvalidArgumentError", _text(WEBP[:30]), message="damaged"),
            error("InvalidArgumentError", _text(b""), message="empty"),
        ],
    ),
    Operation(
        name="io.decode_image", reference=_decode_image,
        cases=[
            *_cases([RGB, RGBA, GREY, WIDE, JPEG, bmp(_RGB)], 1, 3, 4),
            *_cases([RGB, WIDE, JPEG], 1, dtype="uint16"), *_cases([RGB, JPEG], dtype="float32"),
            *_cases([TWO_FRAMES, ONE_FRAME, WEBP, WEBP_ALPHA], expand_animations=False),
        ],
        errors=[
            *_DAMAGED, error("InvalidArgumentError", _text(TWO_FRAMES), channels=1, message="3"),
        ],
    ),
    Operation(
        # Inside a traced function the rank of the result cannot depend on the file.
        name="image.decode_image", reference=_decode_image, traced=False,
        cases=[*_cases([TWO_FRAMES, ONE_FRAME], 3)],
    ),
    Operation(
        name="io.is_jpeg",
        reference=lambda x: np.array(
            [v.startswith(b"\xff\xd8\xff") for v in x.reshape(-1)]
        ).reshape(x.shape),
        cases=[case(strings(JPEG, RGB)), case(_text(JPEG)), case(_text(BITS))],
    ),
    Operation(
        name="io.extract_jpeg_shape",
        reference=lambda x, output_type="int32": np.array(HELD[x.item()].shape, output_type),
        cases=[case(_text(JPEG)), case(_text(JPEG), output_type="int64")],
        errors=[
            error("InvalidArgumentError", _text(b""), message="empty"),
            error("InvalidArgumentError", _text(JPEG[:20]), message="damaged"),
            error("InvalidArgumentError", _text(RGB), message="JPEG"),
        ],
    ),
    Operation(
        # The bytes depend on how well they are packed; tests/ops/test_image_files.py reads them.
        name="io.encode_png", reference=None,
        cases=[
            case(_RGB), case(_WIDE), case(_GREY), case(np.stack([_RGBA, _RGBA])),
            case(_RGBA[..., :2], compression=9), case(_RGB, compression=0),
        ],
        errors=[
            error("InvalidArgumentError", _RGB[0], message="height, width"),
            error("InvalidArgumentError", _RGB, compression=10, message="compression"),
            error("InvalidArgumentError", np.zeros((2, 2, 5), np.uint8), message="1 to 4"),
            error("InternalError", np.zeros((0, 2, 3), np.uint8), message="no pixels"),
        ],
    ),
    Operation(
        name="io.encode_jpeg", reference=None,
        cases=[
            case(_RGB), case(_GREY), case(_RGB, quality=20, progressive=True, optimize_size=True),
            case(_RGB, format="rgb", chroma_downsampling=False), case(_GREY, format="grayscale"),
            case(_RGB, quality=0, density_unit="cm", x_density=100, y_density=100),
        ],
        errors=[
            error("InvalidArgumentError", _RGBA, message="1 or 3"),
            error("InvalidArgumentError", _RGB[0], message="height, width"),
            error("InvalidArgumentError", _RGB, quality=101, message="quality"),
            error("InvalidArgumentError", _RGB, format="grayscale", message="grayscale"),
        ],
    ),
    Operation(
        name="image.adjust_jpeg_quality", reference=None,
        no_gradient="its values depend on how a file is written; tests/ops/test_image_files.py",
        cases=[case(_RGB, 80), case(uniform(4, 4, 1), 50), case(_RGB, np.int32(100))],
        unknown_shapes=False,  # the number of channels is needed
        errors=[error("InvalidArgumentError", _RGB, 101, message="quality")],
    ),
    *(
        Operation(
            name=f"image.{prefix}random_jpeg_quality", reference=None,
            no_gradient="its values are random", unknown_shapes=False,  # as above
            cases=[case(_RGB, 10, 20, seed=seed), case(uniform(8, 8, 3), 0, 100, seed=seed)],
            errors=[
                error("ValueError", _RGB, 20, 10, seed=seed, message="min_jpeg_quality"),
                error("ValueError", _RGB, 20, 101, seed=seed, message="100"),
            ],
        )
        for prefix, seed in (("", 3), ("stateless_", np.int32([3, 4])))
    ),
]  # fmt: skip
