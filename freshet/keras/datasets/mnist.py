"""MNIST: handwritten digits."""

from __future__ import annotations

import os
from typing import Final

from freshet.keras.datasets.idx_dataset import IdxDataset, IdxFile, Split

MNIST: Final = IdxDataset(
    name="mnist",
    mirrors=(
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
    ),
    files=(
        IdxFile(
            "train-images-idx3-ubyte.gz",
            (60000, 28, 28),
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        IdxFile(
            "train-labels-idx1-ubyte.gz",
            (60000,),
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        IdxFile(
            "t10k-images-idx3-ubyte.gz",
            (10000, 28, 28),
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        IdxFile(
            "t10k-labels-idx1-ubyte.gz",
            (10000,),
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ),
)
"""The official files; the MD5 of the uncompressed training images is
6bbc9ace898e44ae57da46a324031adb."""


def load_data(path: str | os.PathLike[str] = "mnist.npz") -> tuple[Split, Split]:
    """Return the MNIST database of handwritten digits.

    The four files are looked for in the folder ``mnist`` of `FRESHET_DATA_DIR`, then among the data
    sets that were fetched before; otherwise they are fetched (11 MB) and kept.

    Args:
        path: A folder to look in first. Keras's default, a file in its own cache, changes nothing.

    Returns:
        ``((x_train, y_train), (x_test, y_test))``: 60,000 and 10,000 images, uint8[N, 28, 28] from
        0 (paper) to 255 (ink), and their digits, uint8[N].

    Raises:
        DataLossError: A file is damaged, or is not the one it should be.
        UnavailableError: A file is neither on disk nor can be fetched.

    Source: LeCun, Cortes & Burges, The MNIST database of handwritten digits.
    """
    return MNIST.load(path)
