"""Data sets of IDX files: found on disk, fetched, refused."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import socket
import struct

import numpy as np
import pytest

from freshet.core.config import config
from freshet.core.errors import DataLossError, NotFoundError, UnavailableError
from freshet.keras.datasets.idx_dataset import IdxDataset, IdxFile

ARRAYS = {
    "train-images.gz": np.arange(5 * 4).reshape(5, 2, 2),
    "train-labels.gz": np.arange(5),
    "test-images.gz": np.ones((3, 2, 2)),
    "test-labels.gz": np.array([2, 1, 0]),
}


def idx(array):
    """Return the bytes of an IDX file of uint8."""
    head = struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return head + array.astype("u1").tobytes()


def dataset(*mirrors):
    files = [
        IdxFile(name, array.shape, hashlib.sha256(idx(array)).hexdigest())
        for name, array in ARRAYS.items()
    ]
    return IdxDataset("tiny", mirrors, tuple(files))


def packed():
    return {f"/{name}": gzip.compress(idx(array)) for name, array in ARRAYS.items()}


def fill(folder, compress=True):
    folder.mkdir(parents=True)
    for name, array in ARRAYS.items():
        if compress:
            (folder / name).write_bytes(gzip.compress(idx(array)))
        else:
            (folder / name.removesuffix(".gz")).write_bytes(idx(array))


def check(loaded):
    (x_train, y_train), (x_test, y_test) = loaded
    found = (x_train, y_train, x_test, y_test)
    for array, expected in zip(found, ARRAYS.values(), strict=True):
        np.testing.assert_array_equal(array, expected)
        assert array.dtype == np.uint8


@pytest.mark.parametrize("compress", [True, False])
def test_files_in_the_users_folder_are_read(tmp_path, compress):
    config.data_dir = tmp_path / "data"
    fill(tmp_path / "data" / "tiny", compress)
    check(dataset().load())


def test_files_in_a_given_folder_are_read(tmp_path):
    fill(tmp_path / "here")
    check(dataset().load(tmp_path / "here"))


def test_files_are_fetched_once(server, tmp_path, capsys):
    server.files = packed()
    check(dataset(server.url).load())
    check(dataset(server.url).load())
    assert sorted(server.asked) == sorted(packed())
    kept = sorted(p.name for p in (tmp_path / "cache" / "datasets" / "tiny").iterdir())
    assert kept == sorted(ARRAYS)
    assert f"Fetching {server.url}train-images.gz - 1/1" in capsys.readouterr().out


def test_a_missing_length_is_no_obstacle(server, capsys):
    server.files, server.announce = packed(), False
    check(dataset(server.url).load())
    assert "Fetching" in capsys.readouterr().out


def test_the_next_mirror_is_tried(server, capsys):
    server.files = packed()
    check(dataset(server.url + "wrong/", server.url).load())


def test_a_mirror_with_other_contents_is_not_believed(server, tmp_path, capsys):
    good = packed()
    other = gzip.compress(idx(np.zeros((5, 2, 2))))
    server.files = good | {"/bad/train-images.gz": other}
    check(dataset(server.url + "bad/", server.url).load())
    server.files = {"/bad/train-images.gz": other}
    for file in (tmp_path / "cache" / "datasets" / "tiny").iterdir():
        file.unlink()
    with pytest.raises(UnavailableError, match=r"wrong contents, .*does not hold what it should"):
        dataset(server.url + "bad/").load()
    assert list((tmp_path / "cache" / "datasets" / "tiny").iterdir()) == []


def test_a_connection_that_ends_early_leaves_nothing(server, tmp_path, capsys):
    server.files, server.cut = packed(), 3
    with pytest.raises(UnavailableError, match=r"IncompleteRead|connection ended after"):
        dataset(server.url).load()
    assert not (tmp_path / "cache" / "datasets").exists()


@pytest.mark.parametrize("announce", [True, False])
def test_no_more_is_read_than_the_file_can_be(server, announce, capsys):
    server.files = packed() | {"/train-images.gz": bytes(10_000)}
    server.announce = announce
    with pytest.raises(UnavailableError, match=r"serves (10000|more than 1044) bytes"):
        dataset(server.url).load()


def test_without_a_network_the_message_says_what_to_do(tmp_path):
    with socket.socket() as unused:  # a port that nobody listens to
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
    with pytest.raises(UnavailableError) as caught:
        dataset(url).load()
    message = caught.value.message
    assert message.startswith("tiny: train-images.gz cannot be fetched (127.0.0.1:")
    assert f"put {', '.join(ARRAYS)} into {tmp_path}/cache/datasets/tiny" in message
    assert "or set FRESHET_DATA_DIR to a folder whose tiny/ holds them" in message
    assert "\n" not in message


def test_without_a_cache_nothing_is_fetched(server):
    config.cache = None
    with pytest.raises(NotFoundError, match="FRESHET_CACHE is empty: put train-images"):
        dataset(server.url).load()
    assert server.asked == []


@pytest.mark.parametrize("damage", ["truncated", "edited", "replaced"])
def test_a_damaged_file_on_disk_is_an_error_and_stays(server, tmp_path, damage):
    server.files = packed()
    config.data_dir = tmp_path / "data"
    fill(tmp_path / "data" / "tiny")
    path = tmp_path / "data" / "tiny" / "train-images.gz"
    data = path.read_bytes()
    changed = ARRAYS["train-images.gz"].copy()
    changed[0, 0, 0] += 1
    bad = {
        "truncated": data[:-9],
        "edited": gzip.compress(idx(changed)),
        "replaced": b"<html>moved</html>",
    }[damage]
    path.write_bytes(bad)
    with pytest.raises(DataLossError, match=r"train-images\.gz"):
        dataset(server.url).load()
    assert path.read_bytes() == bad
    assert server.asked == []


def test_a_silent_mirror_is_given_up(monkeypatch):
    monkeypatch.setattr("freshet.keras.datasets.download.TIMEOUT", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(UnavailableError, match="timed out"):
            dataset(url).load()


def test_the_official_mirrors_are_encrypted():
    from freshet.keras.datasets import cifar10, fashion_mnist, mnist

    mirrors = (
        *mnist.MNIST.mirrors,
        *fashion_mnist.FASHION_MNIST.mirrors,
        *cifar10.CIFAR10.source.mirrors,
    )
    assert all(url.startswith("https://") and url.endswith("/") for url in mirrors)


def test_a_file_of_kerass_cache_is_no_folder():
    from freshet.keras.datasets import mnist

    offline = dataclasses.replace(mnist.MNIST, mirrors=())
    with pytest.raises(UnavailableError, match="mnist: train-images-idx3-ubyte"):
        offline.load("mnist.npz")
