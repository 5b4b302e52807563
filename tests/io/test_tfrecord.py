"""TFRecord files: their bytes, the writer, and every kind of damage."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import freshet as ft
from freshet.core.errors import (
    DataLossError,
    DTypeError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
)
from freshet.io.tfrecord import masked_crc32c, tf_record_iterator

COMPRESSIONS = ["", "GZIP", "ZLIB"]
RECORDS = [b"hello", b"", bytes(range(256)) * 3, b"\x00" * 40]


def crc32c(data: bytes) -> int:
    """Bit by bit, with the reversed polynomial of RFC 3720."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(crc: int) -> int:
    return ((crc >> 15 | crc << 17) % 2**32 + 0xA282EAD8) % 2**32


def framed(data: bytes) -> bytes:
    length = len(data).to_bytes(8, "little")
    return b"".join(
        [
            length,
            masked(crc32c(length)).to_bytes(4, "little"),
            data,
            masked(crc32c(data)).to_bytes(4, "little"),
        ]
    )


def written(path: Path, records: list[bytes], options: object = None) -> bytes:
    with ft.io.TFRecordWriter(path, options) as writer:
        for record in records:
            writer.write(record)
    return path.read_bytes()


def read(path: Path, options: object = None) -> tuple[list[bytes], str]:
    """Return the records given out, and the message of the error after them."""
    found = []
    try:
        for record in tf_record_iterator(path, options):
            found.append(record)
    except DataLossError as error:
        return found, error.message
    return found, ""


# --- the format -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "crc"),
    [
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
        (b"", 0),
    ],
)
def test_checksums_are_the_masked_values_of_rfc_3720(data, crc):
    assert crc32c(data) == crc
    assert masked_crc32c(data) == masked(crc)


def test_a_record_has_the_bytes_of_the_format(tmp_path):
    assert written(tmp_path / "file", [b"hello", b""]).hex() == (
        "0500000000000000eab2043e68656c6c6fbb1f1c19000000000000000029039807d8ea82a2"
    )


def test_a_file_is_its_records_one_after_another(tmp_path):
    assert written(tmp_path / "file", RECORDS) == b"".join(framed(r) for r in RECORDS)


def test_a_compressed_file_is_one_stream_of_the_same_bytes(tmp_path):
    plain = written(tmp_path / "plain", RECORDS)
    assert gzip.decompress(written(tmp_path / "gzip", RECORDS, "GZIP")) == plain
    assert zlib.decompress(written(tmp_path / "zlib", RECORDS, "ZLIB")) == plain


@pytest.mark.parametrize(("compression", "window_bits"), [("GZIP", 31), ("ZLIB", 15)])
def test_a_compressed_file_has_the_bytes_of_tensorflows(tmp_path, compression, window_bits):
    record = np.random.default_rng(0).integers(0, 9, 200_000, np.uint8).tobytes()
    packer = zlib.compressobj(-1, zlib.DEFLATED, window_bits, 9)  # TensorFlow's parameters
    expected = packer.compress(framed(record)) + packer.flush()
    assert written(tmp_path / "file", [record], compression) == expected


@pytest.mark.parametrize("compression", [*COMPRESSIONS, None, ft.io.TFRecordOptions("GZIP")])
def test_what_is_written_is_read(tmp_path, compression):
    path = tmp_path / "file"
    written(path, RECORDS, compression)
    assert list(tf_record_iterator(path, compression)) == RECORDS


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_large_records_are_read_in_pieces(tmp_path, compression):
    path = tmp_path / "file"
    large = np.random.default_rng(0).bytes(3_000_001)
    written(path, [large, b"small", large[:-1]], compression)
    assert list(tf_record_iterator(path, compression)) == [large, b"small", large[:-1]]


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_no_records_are_no_records(tmp_path, compression):
    path = tmp_path / "file"
    written(path, [], compression)
    assert list(tf_record_iterator(path, compression)) == []
    path.write_bytes(b"")
    assert list(tf_record_iterator(path, compression)) == []


def test_streams_one_after_another_are_one_file(tmp_path):
    path = tmp_path / "file"
    once = written(path, RECORDS, "GZIP")
    path.write_bytes(once + once)
    assert list(tf_record_iterator(path, "GZIP")) == RECORDS + RECORDS


def test_options_change_how_it_is_compressed(tmp_path):
    data = [b"abc" * 1000]
    stored = written(tmp_path / "stored", data, ft.io.TFRecordOptions("ZLIB", compression_level=0))
    small = written(tmp_path / "small", data, ft.io.TFRecordOptions("ZLIB", compression_level=9))
    assert len(small) < 100
    assert len(stored) > 3000
    options = ft.io.TFRecordOptions("GZIP", window_bits=25, mem_level=1, compression_strategy=2)
    written(tmp_path / "odd", data, options)
    assert list(tf_record_iterator(tmp_path / "odd", "GZIP")) == data


# --- the writer -----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [str, os.fsencode, Path])
def test_a_path_is_a_string_bytes_or_path(tmp_path, path):
    given = path(tmp_path / "file")
    with ft.io.TFRecordWriter(given) as writer:
        writer.write(b"x")
    assert list(tf_record_iterator(given)) == [b"x"]


def test_what_is_like_bytes_is_written(tmp_path):
    path = tmp_path / "file"
    written(path, ["hé", bytearray(b"ab"), memoryview(b"xyz")[1:]])
    assert list(tf_record_iterator(path)) == ["hé".encode(), b"ab", b"yz"]


def test_a_record_that_is_not_bytes_is_an_error(tmp_path):
    with (
        ft.io.TFRecordWriter(tmp_path / "file") as writer,
        pytest.raises(DTypeError, match=r"^TFRecordWriter\.write: record must be bytes, received "
                                        r"int 3; serialize it first"),
    ):  # fmt: skip
        writer.write(3)
    assert (tmp_path / "file").read_bytes() == b""


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_flushed_records_are_readable_while_the_writer_is_open(tmp_path, compression):
    path = tmp_path / "file"
    with ft.io.TFRecordWriter(path, compression) as writer:
        writer.write(b"first")
        writer.flush()
        writer.flush()
        found, message = read(path, compression)
        assert found == [b"first"]
        assert bool(message) == bool(compression)  # a stream has no end yet
        writer.write(b"second")
    assert read(path, compression) == ([b"first", b"second"], "")


def test_a_closed_writer_writes_no_more(tmp_path):
    path = tmp_path / "file"
    writer = ft.io.TFRecordWriter(path)
    writer.close()
    writer.close()
    for call in (lambda: writer.write(b"x"), writer.flush):
        with pytest.raises(FailedPreconditionError, match="file: the writer is closed"):
            call()


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_an_error_in_the_block_leaves_a_whole_file(tmp_path, compression):
    path = tmp_path / "file"
    with pytest.raises(DTypeError), ft.io.TFRecordWriter(path, compression) as writer:
        writer.write(b"before") or writer.write(None)
    assert read(path, compression) == ([b"before"], "")


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_dropped_writer_leaves_a_whole_file(tmp_path, compression):
    path = tmp_path / "file"
    writer = ft.io.TFRecordWriter(path, compression)
    writer.write(b"dropped")
    del writer
    assert read(path, compression) == ([b"dropped"], "")


def test_a_writer_still_open_when_python_ends_leaves_a_whole_file(tmp_path):
    path = tmp_path / "file"
    program = (
        "import sys, freshet as ft\n"
        "writer = ft.io.TFRecordWriter(sys.argv[1], 'GZIP')\n"
        "writer.write(b'last words')\n"
        "sys.keep = writer\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program, str(path)], check=True)
    assert read(path, "GZIP") == ([b"last words"], "")


class SlowCompressor:
    """Lets other threads run between compressing and writing."""

    def __init__(self, compressor) -> None:
        self._compressor = compressor

    def compress(self, data: bytes) -> bytes:
        packed = self._compressor.compress(data)
        time.sleep(0.0001)
        return packed

    def flush(self, *mode: int) -> bytes:
        return self._compressor.flush(*mode)


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_threads_do_not_mix_their_records(tmp_path, compression):
    path = tmp_path / "file"
    noise = np.random.default_rng(0).bytes(8 * 20_000)
    records = [[noise[n * 20_000 + i :][:20_000] for i in range(20)] for n in range(8)]
    with ft.io.TFRecordWriter(path, compression) as writer:
        if compression:
            writer._output._compressor = SlowCompressor(writer._output._compressor)

        def write(number: int) -> None:
            for record in records[number]:
                writer.write(record)

        threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = list(tf_record_iterator(path, compression))
    assert sorted(found) == sorted(record for part in records for record in part)


def test_a_folder_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(NotFoundError, match="no such file or folder"):
        ft.io.TFRecordWriter(tmp_path / "missing" / "file")
    with pytest.raises(NotFoundError, match="no such file or folder"):
        next(tf_record_iterator(tmp_path / "missing"))
    with pytest.raises(FailedPreconditionError, match="is a folder, expected a file"):
        ft.io.TFRecordWriter(tmp_path)


def test_a_wrong_compression_is_an_error_before_the_first_record(tmp_path):
    with pytest.raises(InvalidArgumentError, match="must be 'GZIP', 'ZLIB', '' or None"):
        tf_record_iterator(tmp_path / "file", "BZ2")
    with pytest.raises(InvalidArgumentError, match="must be 'GZIP', 'ZLIB', '' or None"):
        ft.io.TFRecordWriter(tmp_path / "file", "BZ2")
    assert not (tmp_path / "file").exists()


# --- damage ---------------------------------------------------------------------------------------


def test_a_cut_file_gives_its_whole_records_then_an_error(tmp_path):
    path = tmp_path / "file"
    whole = written(path, RECORDS)
    ends = np.cumsum([0, *(len(framed(r)) for r in RECORDS)])
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        before = int(np.sum(ends[1:] <= size))
        found, message = read(path)
        assert found == RECORDS[:before]
        if size in ends:
            assert message == ""
        else:
            place = f"{path}: record {before} (the first is 0) at byte {ends[before]} cannot be"
            assert message.startswith(place)


@pytest.mark.parametrize("compression", ["GZIP", "ZLIB"])
def test_a_cut_stream_gives_every_record_it_holds_then_an_error(tmp_path, compression):
    path = tmp_path / "file"
    whole = written(path, RECORDS, compression)
    least = 0
    for size in range(1, len(whole)):
        path.write_bytes(whole[:size])
        found, message = read(path, compression)
        assert found == RECORDS[: len(found)]
        assert len(found) >= least
        least = len(found)
        assert "the compressed stream is cut off" in message
    assert least == len(RECORDS)  # only the end of the stream is missing


def test_no_changed_byte_goes_unnoticed(tmp_path):
    path = tmp_path / "file"
    whole = written(path, RECORDS)
    ends = np.cumsum([0, *(len(framed(r)) for r in RECORDS)])
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 0x10
        path.write_bytes(damaged)
        found, message = read(path)
        record = int(np.sum(ends[1:] <= position))
        assert found == RECORDS[:record]
        assert f"record {record} (the first is 0) at byte {ends[record]} cannot be" in message


@pytest.mark.parametrize("compression", ["GZIP", "ZLIB"])
def test_no_changed_byte_of_a_stream_gives_a_wrong_record(tmp_path, compression):
    path = tmp_path / "file"
    whole = written(path, RECORDS, compression)
    harmless = set(range(4, 10)) if compression == "GZIP" else set()  # its time and system
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 0x04
        path.write_bytes(damaged)
        found, message = read(path, compression)
        assert found == RECORDS[: len(found)]
        assert bool(message) == (position not in harmless)


@pytest.mark.parametrize("compression", ["GZIP", "ZLIB"])
def test_a_damaged_end_of_a_stream_costs_no_record(tmp_path, compression):
    path = tmp_path / "file"
    whole = bytearray(written(path, RECORDS, compression))
    whole[-5 if compression == "GZIP" else -1] ^= 1  # the checksum of the whole stream
    path.write_bytes(whole)
    found, message = read(path, compression)
    assert found == RECORDS
    assert message == (
        f"{path}: record 4 (the first is 0) at byte {sum(len(framed(r)) for r in RECORDS)} of the "
        f"uncompressed data cannot be read: the file ends 0 bytes into its head of 12 "
        f"({compression}: Error -3 while decompressing data: incorrect data check)"
    )


def change(data: bytes, position: int, byte: int) -> bytes:
    return data[:position] + bytes([byte]) + data[position + 1 :]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda d: d[:-1], "it says it has 5 bytes and a checksum of 4, but the file ends after 8"),
        (lambda d: d[:14], "it says it has 5 bytes and a checksum of 4, but the file ends after 2"),
        (lambda d: d[:7], "the file ends 7 bytes into its head of 12"),
        (lambda d: change(d, 0, 6), "its length has a wrong checksum"),
        (lambda d: change(d, 8, 0), "its length has a wrong checksum"),
        (lambda d: change(d, 12, 0), "its 5 bytes of data have a wrong checksum"),
        (lambda d: change(d, 20, 0), "its 5 bytes of data have a wrong checksum"),
    ],
)
def test_the_error_says_file_record_byte_and_reason(
    tmp_path, damage: Callable[[bytes], bytes], reason: str
):
    path = tmp_path / "file"
    path.write_bytes(framed(b"first") + damage(framed(b"hello")))
    assert read(path) == (
        [b"first"],
        f"{path}: record 1 (the first is 0) at byte 21 cannot be read: {reason}",
    )


@pytest.mark.parametrize("compression", ["GZIP", "ZLIB"])
def test_the_error_names_a_forgotten_compression(tmp_path, compression):
    path = tmp_path / "file"
    written(path, RECORDS, compression)
    found, message = read(path)
    assert found == []
    assert message.endswith(f"; the file looks {compression} compressed: pass '{compression}'")


@pytest.mark.parametrize("compression", ["GZIP", "ZLIB"])
def test_an_uncompressed_file_is_no_stream(tmp_path, compression):
    path = tmp_path / "file"
    written(path, RECORDS)
    found, message = read(path, compression)
    assert found == []
    assert f"({compression}: Error -3 while decompressing data: incorrect header check)" in message


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("length", [2**63, 2**64 - 1, 8 * 2**30])
def test_memory_is_never_taken_on_the_word_of_a_length(tmp_path, compression, length):
    path = tmp_path / "file"
    size = length.to_bytes(8, "little")
    data = framed(b"first") + size + masked(crc32c(size)).to_bytes(4, "little") + bytes(1000)
    packed = {"": bytes, "GZIP": gzip.compress, "ZLIB": zlib.compress}[compression](data)
    path.write_bytes(packed)
    tracemalloc.start()
    found, message = read(path, compression)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == [b"first"]
    assert f"it says it has {length} bytes and a checksum of 4, but the file ends after" in message
    assert peak < 8 * 2**20


def test_leaving_the_iterator_closes_the_file(tmp_path):
    path = tmp_path / "file"
    written(path, RECORDS)
    records = tf_record_iterator(path)
    next(records)
    records.close()  # a file left open is a ResourceWarning, and warnings are errors
