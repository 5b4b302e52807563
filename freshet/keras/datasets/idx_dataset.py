"""Data sets kept as IDX files."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

from freshet.core.tensor import Array
from freshet.keras.datasets.idx import parse_idx, read_idx
from freshet.keras.datasets.source import Source, given_folder

Split = tuple[Array, Array]


@dataclass(frozen=True)
class IdxFile:
    """One file of a data set.

    Attributes:
        name: Ends in ``.gz``.
        shape: Of its array of uint8.
        sha256: Of its contents, uncompressed: archives of the same contents differ.
    """

    name: str
    shape: tuple[int, ...]
    sha256: str

    @property
    def most_bytes(self) -> int:
        """The largest that the file can sensibly be: gzip adds little to what it cannot shrink."""
        size = math.prod(self.shape)
        return size + size // 1000 + 1024


@dataclass(frozen=True)
class IdxDataset:
    """Images and labels in four IDX files, as MNIST has them.

    Attributes:
        name: Of the folder.
        mirrors: See `Source`.
        files: Training images, training labels, test images, test labels.
    """

    name: str
    mirrors: tuple[str, ...]
    files: tuple[IdxFile, IdxFile, IdxFile, IdxFile]

    def load(self, path: str | os.PathLike[str] | None = None) -> tuple[Split, Split]:
        """Return ``((x_train, y_train), (x_test, y_test))``, fetching the files if need be.

        Args:
            path: A folder to look in first.

        Raises:
            DataLossError: A file is damaged, or is not the one it should be.
            UnavailableError: A file is neither on disk nor can be fetched.
        """
        source = Source(self.name, tuple(file.name for file in self.files), self.mirrors)
        x_train, y_train, x_test, y_test = (
            _load(source, file, given_folder(path)) for file in self.files
        )
        return (x_train, y_train), (x_test, y_test)


def _load(source: Source, file: IdxFile, path: str | os.PathLike[str] | None) -> Array:
    found = source.find(file.name, path)
    if found is not None:
        return read_idx(found, shape=file.shape, sha256=file.sha256)
    arrays: list[Array] = []

    def check(data: bytes, address: str) -> None:
        arrays[:] = [parse_idx(data, address, shape=file.shape, sha256=file.sha256)]

    source.fetch(file.name, file.most_bytes, check)
    return arrays[0]
