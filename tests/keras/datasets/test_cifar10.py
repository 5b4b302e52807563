"""CIFAR-10's archive, with a tiny one made here."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import tarfile

import numpy as np
import pytest

from freshet.core.config import config
from freshet.core.errors import DataLossError
from freshet.keras.datasets.cifar10 import CIFAR10, RECORD, TEST, TRAINING
from freshet.keras.datasets.source import Source

RECORDS = 2


def batch(number):
    """Return two records: classes `number` and 9, red 1, green 2, blue rising along the rows."""
    planes = np.stack([np.full((32, 32), 1), np.full((32, 32), 2), np.arange(1024).reshape(32, 32)])
    pixels = planes.astype(np.uint8).tobytes()
    return bytes([number]) + pixels + bytes([9]) + pixels


def packed(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


FILES = {name: batch(number) for number, name in enumerate((*TRAINING, TEST))}


def archive_of(data, *mirrors):
    return dataclasses.replace(
        CIFAR10,
        source=Source("cifar10", CIFAR10.source.names, mirrors),
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        records=RECORDS,
    )


def put(folder, data):
    folder.mkdir(parents=True)
    (folder / CIFAR10.source.names[0]).write_bytes(data)


def test_images_have_their_channels_last_and_classes_a_column(tmp_path):
    data = packed(FILES | {"cifar-10-batches-bin/readme.html": b"not read"})
    config.data_dir = tmp_path / "data"
    put(tmp_path / "data" / "cifar10", data)
    (x_train, y_train), (x_test, y_test) = archive_of(data).load(None)
    assert (x_train.shape, y_train.shape) == ((10, 32, 32, 3), (10, 1))
    assert (x_test.shape, y_test.shape) == ((2, 32, 32, 3), (2, 1))
    assert y_train[:, 0].tolist() == [0, 9, 1, 9, 2, 9, 3, 9, 4, 9]
    assert y_test[:, 0].tolist() == [5, 9]
    assert x_test[0, 1, 2].tolist() == [1, 2, 32 + 2]
    assert x_train.dtype == y_train.dtype == np.uint8
    assert x_train.flags.c_contiguous


def test_the_archive_is_fetched_once(server, tmp_path, capsys):
    data = packed(FILES)
    server.files = {"/cifar-10-binary.tar.gz": data}
    for _ in range(2):
        (_, _), (_, y_test) = archive_of(data, server.url).load(None)
        assert y_test[0, 0] == 5
    assert len(server.asked) == 1


def test_another_archive_is_refused(tmp_path):
    put(tmp_path / "here", packed(FILES))
    with pytest.raises(DataLossError, match="is not the official archive"):
        CIFAR10.load(tmp_path / "here")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({TEST: b""}, "test_batch.bin has 0 bytes, expected 6146"),
        ({TRAINING[2]: None}, "it lacks cifar-10-batches-bin/data_batch_3.bin"),
        ({TRAINING[0]: bytes([10]) * RECORDS * RECORD}, "has a class 10"),
    ],
)
def test_damage_within_is_named(tmp_path, files, message):
    kept = {name: data for name, data in (FILES | files).items() if data is not None}
    data = packed(kept)
    put(tmp_path / "here", data)
    with pytest.raises(DataLossError, match=message):
        archive_of(data).load(tmp_path / "here")


def test_what_is_no_archive_is_named(tmp_path):
    put(tmp_path / "here", b"no archive")
    with pytest.raises(DataLossError, match="is damaged"):
        archive_of(b"no archive").load(tmp_path / "here")
