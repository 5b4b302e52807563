"""IDX files: what is read, and every way in which one can be wrong."""

from __future__ import annotations

import gzip
import hashlib
import struct

import numpy as np
import pytest

from freshet.core.errors import DataLossError, NotFoundError
from freshet.keras.datasets.idx import parse_idx, read_idx

CODES = {"u1": 0x08, "i1": 0x09, ">i2": 0x0B, ">i4": 0x0C, ">f4": 0x0D, ">f8": 0x0E}


def idx(array, dtype="u1"):
    """Return the bytes of an IDX file, written down from the description of the format."""
    head = bytes([0, 0, CODES[dtype], array.ndim])
    return head + struct.pack(f">{array.ndim}I", *array.shape) + array.astype(dtype).tobytes()


ARRAY = np.arange(24).reshape(2, 3, 4)
WHOLE = idx(ARRAY)


@pytest.mark.parametrize("dtype", CODES)
@pytest.mark.parametrize("compress", [False, True])
def test_an_array_of_every_dtype_is_read(dtype, compress):
    data = idx(ARRAY, dtype)
    found = parse_idx(gzip.compress(data) if compress else data, "file")
    np.testing.assert_array_equal(found, ARRAY)
    assert found.dtype.str[1:] == dtype[-2:]
    assert found.dtype.isnative
    assert found.flags.writeable


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1, 1, 1, 1, 1)])
def test_an_array_of_every_rank_is_read(shape):
    assert parse_idx(idx(np.zeros(shape)), "file").shape == shape


def test_a_file_is_read(tmp_path):
    path = tmp_path / "a.idx.gz"
    path.write_bytes(gzip.compress(WHOLE))
    digest = hashlib.sha256(WHOLE).hexdigest()
    np.testing.assert_array_equal(read_idx(path, shape=(2, 3, 4), sha256=digest), ARRAY)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(NotFoundError, match=r"a\.idx: no such file"):
        read_idx(tmp_path / "a.idx")


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_every_truncation_is_noticed(length):
    with pytest.raises(DataLossError, match=r"truncated|not an IDX file"):
        parse_idx(WHOLE[:length], "file")


@pytest.mark.parametrize("length", range(0, len(gzip.compress(WHOLE)), 3))
def test_every_truncation_of_a_compressed_file_is_noticed(length):
    with pytest.raises(DataLossError, match=r"truncated|not an IDX file"):
        parse_idx(gzip.compress(WHOLE)[:length], "file")


@pytest.mark.parametrize("position", range(len(WHOLE)))
def test_every_changed_byte_is_noticed_with_a_checksum(position):
    damaged = bytearray(WHOLE)
    damaged[position] ^= 0x10
    with pytest.raises(DataLossError):
        parse_idx(bytes(damaged), "file", sha256=hashlib.sha256(WHOLE).hexdigest())


def test_a_changed_byte_of_a_compressed_file_is_noticed_without_a_checksum():
    damaged = bytearray(gzip.compress(WHOLE))
    damaged[-6] ^= 1  # in gzip's own checksum
    with pytest.raises(DataLossError, match="CRC check failed"):
        parse_idx(bytes(damaged), "file")


@pytest.mark.parametrize("compress", [False, True])
def test_bytes_that_follow_the_array_are_noticed(compress):
    data = WHOLE + b"\0"
    with pytest.raises(DataLossError, match="bytes follow the array"):
        parse_idx(gzip.compress(data) if compress else data, "file")


@pytest.mark.parametrize("compress", [False, True])
def test_a_size_that_the_file_cannot_hold_allocates_nothing(compress):
    data = bytes([0, 0, 8, 3]) + struct.pack(">3I", *(0xFFFFFFFF,) * 3)
    with pytest.raises(DataLossError, match="is truncated: an array of shape"):
        parse_idx(gzip.compress(data) if compress else data, "file")


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (b"\x01\0\x08\x01", "begins with 01 00 08 01"),
        (b"\0\0\x07\x01", "begins with 00 00 07 01"),
        (b"PNG!", "not an IDX file"),
        (b"", "begins with nothing"),
        (b"\0\0\x08\xff", "names 255 dimensions"),
    ],
)
def test_a_head_of_another_format_is_noticed(head, message):
    with pytest.raises(DataLossError, match=message):
        parse_idx(head + bytes(4 * 255 * (head[-1:] == b"\xff")), "file")


def test_another_shape_than_expected_is_noticed():
    with pytest.raises(DataLossError, match=r"shape \(2, 3, 4\), expected \(3, 2, 4\)"):
        parse_idx(WHOLE, "file", shape=(3, 2, 4))


def test_a_message_is_one_sentence_that_names_the_file():
    with pytest.raises(DataLossError) as caught:
        parse_idx(WHOLE[:-1], "train.gz")
    assert caught.value.message == (
        "train.gz is truncated: an array of shape (2, 3, 4) takes 24 bytes, it has 23"
    )
