"""Compressed streams, whole and damaged."""

from __future__ import annotations

import gzip
import io
import zlib

import numpy as np
import pytest

from freshet.io import inflate
from freshet.io.inflate import Inflated

DATA = np.random.default_rng(0).bytes(300_000) + bytes(100_000)


@pytest.mark.parametrize(("pack", "bits"), [(gzip.compress, 31), (zlib.compress, 15)])
def test_a_stream_is_decompressed(pack, bits):
    stream = Inflated(io.BytesIO(pack(DATA)), bits)
    assert stream.readall() == DATA
    assert stream.failure == ""


def test_streams_that_end_with_a_chunk_are_joined(monkeypatch):
    packed = gzip.compress(b"first")
    monkeypatch.setattr(inflate, "CHUNK", len(packed))
    stream = Inflated(io.BytesIO(packed + gzip.compress(b"second")), 31)
    assert stream.readall() == b"firstsecond"
    assert stream.failure == ""


@pytest.mark.parametrize("chunk", [1, 100, 64 * 1024])
def test_everything_before_damage_is_given_out(monkeypatch, chunk):
    monkeypatch.setattr(inflate, "CHUNK", chunk)
    small = DATA[299_000:301_000]
    stream = Inflated(io.BytesIO(gzip.compress(small)[:-8] + bytes(8)), 31)
    assert stream.readall() == small
    assert stream.failure == "Error -3 while decompressing data: incorrect data check"


def test_what_follows_a_stream_must_be_a_stream():
    stream = Inflated(io.BytesIO(gzip.compress(b"whole") + b"rest"), 31)
    assert stream.readall() == b"whole"
    assert stream.failure == "Error -3 while decompressing data: incorrect header check"
