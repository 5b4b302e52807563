"""CIFAR-10: small photographs of ten kinds of things."""

from __future__ import annotations

import hashlib
import io
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from freshet.core.errors import DataLossError
from freshet.core.tensor import Array
from freshet.keras.datasets.source import Source, given_folder

if TYPE_CHECKING:
    import tarfile

CLASS_NAMES: Final = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip
RECORD: Final = 1 + 3 * 32 * 32
"""Bytes: the class, then all red, all green and all blue values, each row by row."""
TRAINING: Final = tuple(f"cifar-10-batches-bin/data_batch_{n}.bin" for n in range(1, 6))
TEST: Final = "cifar-10-batches-bin/test_batch.bin"

Split = tuple[Array, Array]


@dataclass(frozen=True)
class Archive:
    """The archive of the binary version.

    Attributes:
        source: Where it is.
        sha256: Of the archive.
        size: Bytes of the archive.
        records: Images in each of its files.
    """

    source: Source
    sha256: str
    size: int
    records: int

    def load(self, path: Path | None) -> tuple[Split, Split]:
        """Return the training and the test images and classes, fetching the archive if need be."""
        name = self.source.names[0]
        found = self.source.find(name, path)
        if found is None:
            self.source.fetch(name, self.size, self.check)
            found = self.source.find(name, path)
            assert found is not None
        data = found.read_bytes()
        self.check(data, str(found))
        files = self._files(data, str(found))
        parts = [_split(files[name], f"{found}: {name}") for name in (*TRAINING, TEST)]
        x_train = np.concatenate([x for x, _ in parts[:-1]])
        y_train = np.concatenate([y for _, y in parts[:-1]])
        return (x_train, y_train), parts[-1]

    def check(self, data: bytes, address: str) -> None:
        """Raise `DataLossError` unless this is the archive."""
        digest = hashlib.sha256(data).hexdigest()
        if digest != self.sha256:
            raise DataLossError(
                f"{address} is truncated or is not the official archive: its SHA-256 is {digest}, "
                f"expected {self.sha256}"
            )

    def _files(self, data: bytes, address: str) -> dict[str, bytes]:
        """Return the contents of the six files of images; nothing is written to disk."""
        import tarfile  # noqa: PLC0415 (20 ms, for this data set alone)

        wanted = {*TRAINING, TEST}
        found: dict[str, bytes] = {}
        try:
            with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
                for member in archive:
                    if member.name in wanted and member.isreg():
                        found[member.name] = self._contents(archive, member, address)
        except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
            raise DataLossError(f"{address} is damaged: {error}") from None
        if missing := sorted(wanted - set(found)):
            raise DataLossError(f"{address} is damaged: it lacks {missing[0]}")
        return found

    def _contents(self, archive: tarfile.TarFile, member: tarfile.TarInfo, address: str) -> bytes:
        if member.size != self.records * RECORD:
            raise DataLossError(
                f"{address} is damaged: {member.name} has {member.size} bytes, expected "
                f"{self.records * RECORD}"
            )
        file = archive.extractfile(member)
        assert file is not None
        return file.read()


def _split(data: bytes, address: str) -> Split:
    """Return the images uint8[N, 32, 32, 3] and classes uint8[N, 1] of a file."""
    records = np.frombuffer(data, np.uint8).reshape(-1, RECORD)
    labels = records[:, :1].copy()
    if labels.size and labels.max() >= len(CLASS_NAMES):
        raise DataLossError(f"{address} is damaged: it has a class {labels.max()}")
    images = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), labels


CIFAR10: Final = Archive(
    Source(
        "cifar10",
        ("cifar-10-binary.tar.gz",),
        ("https://www.cs.toronto.edu/~kriz/",),
    ),
    sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    size=170_052_171,
    records=10_000,
)
"""The official binary version, whose MD5 is c32a1d4ab5d03f1284b67883e8d87530."""


def load_data(path: str | os.PathLike[str] | None = None) -> tuple[Split, Split]:
    """Return CIFAR-10: photographs of 32x32 pixels.

    The archive ``cifar-10-binary.tar.gz`` is looked for in the folder ``cifar10`` of
    `FRESHET_DATA_DIR`, then among the data sets that were fetched before; otherwise it is fetched
    (170 MB) and kept.

    Args:
        path: A folder to look in first.

    Returns:
        ``((x_train, y_train), (x_test, y_test))``: 50,000 and 10,000 images, uint8[N, 32, 32, 3],
        and their classes, uint8[N, 1], which `CLASS_NAMES` names.

    Raises:
        DataLossError: The archive is damaged, or is not the one it should be.
        UnavailableError: The archive is neither on disk nor can be fetched.

    Source: Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images.
    """
    return CIFAR10.load(given_folder(path))
