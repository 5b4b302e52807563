"""Files of images: what is written can be read, and what is damaged is refused."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from database.images_files import JPEG, RGB, WIDE, bmp, gif, png
from PIL import Image

import freshet as ft

RNG = np.random.default_rng(3)
SMOOTH = np.stack(np.meshgrid(np.arange(40) * 5, np.arange(30) * 7), -1)
SMALL = bmp(np.zeros((2, 2, 3), np.uint8))
PHOTO = np.concatenate([SMOOTH, SMOOTH.sum(-1, keepdims=True) // 2], -1).astype(np.uint8)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_files_keep_every_pixel(dtype: str, channels: int) -> None:
    most = np.iinfo(dtype).max
    for shape in ((1, 1), (7, 5), (16, 33)):
        pixels = RNG.integers(0, most + 1, (*shape, channels)).astype(dtype)
        pixels[0] = 9
        for compression in (-1, 0, 9):
            file = ft.io.encode_png(pixels, compression)
            found = ft.io.decode_png(file, dtype=dtype).numpy()
            np.testing.assert_array_equal(found, pixels)
        if dtype == "uint8":
            image = np.asarray(Image.open(io.BytesIO(file.numpy())))
            np.testing.assert_array_equal(image.reshape(pixels.shape), pixels)


def filtered(pixels: np.ndarray, step: int) -> bytes:
    """Return rows of bytes with the five filters in turn, computed byte by byte."""
    rows = pixels.astype(">u2").reshape(len(pixels), -1).view(np.uint8).astype(int)
    found = b""
    for y, row in enumerate(rows):
        kind, coded = y % 5, []
        for i, byte in enumerate(row):
            a = row[i - step] if i >= step else 0
            b = rows[y - 1][i] if y else 0
            c = rows[y - 1][i - step] if y and i >= step else 0
            near = min((abs(b - c), 0, a), (abs(a - c), 1, b), (abs(a + b - 2 * c), 2, c))[2]
            coded.append((byte - [0, a, b, (a + b) // 2, near][kind]) % 256)
        found += bytes([kind, *coded])
    return found


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


@pytest.mark.parametrize("interlaced", [False, True])
def test_png_files_of_16_bits_with_all_filters(interlaced: bool) -> None:
    pixels = RNG.integers(0, 65536, (11, 6, 3)).astype(np.uint16)
    steps = [(0, 0, 1, 1)]
    if interlaced:
        steps = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
                 (1, 0, 2, 1)]  # fmt: skip
    data = b"".join(filtered(pixels[a::c, b::d], 6) for a, b, c, d in steps)
    head = struct.pack(">IIBBBBB", 6, 11, 16, 2, 0, 0, int(interlaced))
    file = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data))
    found = ft.io.decode_png(file + chunk(b"IEND", b""), dtype="uint16").numpy()
    np.testing.assert_array_equal(found, pixels)


@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_files_are_nearly_what_was_written(channels: int) -> None:
    pixels = PHOTO[..., :channels]
    best = ft.io.decode_jpeg(ft.io.encode_jpeg(pixels, quality=100, chroma_downsampling=False))
    assert np.abs(best.numpy().astype(int) - pixels).max() <= 3
    sizes = [len(ft.io.encode_jpeg(pixels, quality=q).numpy()) for q in (0, 10, 50, 95)]
    assert sizes == sorted(sizes)
    again = ft.image.adjust_jpeg_quality(pixels, 60).numpy()
    written = ft.io.decode_jpeg(ft.io.encode_jpeg(pixels, quality=60)).numpy()
    np.testing.assert_array_equal(again, written)


def test_jpeg_files_are_made_smaller_while_they_are_read() -> None:
    file = ft.io.encode_jpeg(PHOTO)
    for ratio, shape in ((1, (30, 40)), (2, (15, 20)), (4, (8, 10)), (8, (4, 5))):
        found = ft.io.decode_jpeg(file, ratio=ratio).numpy()
        assert found.shape == (*shape, 3)
        mean = np.abs(found.astype(float).mean((0, 1)) - PHOTO.mean((0, 1)))
        assert mean.max() < 12
    part = ft.io.decode_and_crop_jpeg(file, [3, 5, 10, 20]).numpy()
    np.testing.assert_array_equal(part, ft.io.decode_jpeg(file).numpy()[3:13, 5:25])


def test_what_a_jpeg_file_says_beside_the_pixels() -> None:
    file = ft.io.encode_jpeg(PHOTO, density_unit="cm", x_density=100, y_density=50,
                             xmp_metadata="<about/>").numpy()  # fmt: skip
    assert b"<about/>" in file
    assert Image.open(io.BytesIO(file)).info["dpi"] == (254, 127)


def test_a_file_that_ends_early_is_read_on_demand() -> None:
    file = ft.io.encode_jpeg(RNG.integers(0, 256, (48, 40, 3)).astype(np.uint8)).numpy()
    cut = file[: len(file) * 2 // 3]
    with pytest.raises(ft.errors.InvalidArgumentError, match=r"decode_jpeg: .* damaged"):
        ft.io.decode_jpeg(cut)
    found = ft.io.decode_jpeg(cut, try_recover_truncated=True).numpy()
    np.testing.assert_array_equal(found[:8], ft.io.decode_jpeg(file).numpy()[:8])


def test_a_pipeline_from_file_to_batch(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    ft.io.write_file(str(path), ft.io.encode_png(PHOTO))

    @ft.function
    def load(name: ft.Tensor) -> ft.Tensor:
        image = ft.io.decode_image(ft.io.read_file(name), channels=3, expand_animations=False)
        image = ft.image.convert_image_dtype(image, "float32")
        return ft.image.resize(image, [8, 8])

    expected = ft.image.resize(PHOTO / np.float32(255), [8, 8])
    np.testing.assert_allclose(load(str(path)), expected, atol=1e-6)


def test_an_animation_has_no_rank_that_is_known_before() -> None:
    file = gif([np.zeros((2, 2), int)] * 2, np.zeros((8, 3)))
    assert ft.io.decode_image(file).shape == (2, 2, 2, 3)
    with pytest.raises(ft.errors.InvalidArgumentError, match="expand_animations=False"):
        ft.function(ft.io.decode_image)(ft.constant(file))


def test_webp_files_keep_every_pixel_if_they_are_to() -> None:
    frames = RNG.integers(0, 256, (3, 4, 5, 3)).astype(np.uint8)
    file = io.BytesIO()
    first, *rest = (Image.fromarray(f) for f in frames)
    first.save(file, "WEBP", save_all=True, append_images=rest, lossless=True)
    np.testing.assert_array_equal(ft.io.decode_webp(file.getvalue()), frames)
    np.testing.assert_array_equal(ft.io.decode_image(file.getvalue()), frames)
    one = ft.io.decode_image(file.getvalue(), expand_animations=False)
    np.testing.assert_array_equal(one, frames[0])
    with pytest.raises(ft.errors.InvalidArgumentError, match="animation"):
        ft.io.decode_png(file.getvalue())


def test_headers_that_promise_too_much_are_refused() -> None:
    huge = struct.pack(">II", 60000, 60000)
    files = {
        "PNG": RGB[:16] + huge + RGB[24:],
        "PNG 16": WIDE[:16] + huge + WIDE[24:],
        "GIF": b"GIF89a" + b"\xff" * 4 + gif([np.zeros((2, 2), int)], np.zeros((8, 3)))[10:],
        "BMP": SMALL[:18] + b"\xff\xff\xff\x7f" * 2 + SMALL[26:],
    }  # fmt: skip
    place = JPEG.index(b"\xff\xc0") + 5
    files["JPEG"] = JPEG[:place] + b"\x40\0\x40\0" + JPEG[place + 4 :]
    for file in files.values():
        with pytest.raises(ft.errors.InvalidArgumentError, match="decode_image"):
            ft.io.decode_image(file)


def test_damage_anywhere_gives_pixels_or_one_kind_of_error() -> None:
    files = [RGB, WIDE, JPEG, bmp(PHOTO[:4, :5]), gif([np.eye(4, dtype=int)], np.zeros((8, 3))),
             png(np.uint8([[1, 2]]), 0, 8, filters=b"\x04", channels=1)]  # fmt: skip
    for file in files:
        for place in RNG.integers(0, len(file), 40):
            damaged = bytearray(file)
            damaged[place] ^= int(RNG.integers(1, 256))
            for data in (bytes(damaged), file[:place]):
                with contextlib.suppress(ft.errors.InvalidArgumentError):
                    assert ft.io.decode_image(data).shape.rank in {3, 4}
