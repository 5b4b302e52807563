"""Fashion-MNIST: pictures of clothes, as a harder MNIST."""

from __future__ import annotations

import os
from typing import Final

from freshet.keras.datasets.idx_dataset import IdxDataset, IdxFile, Split

CLASS_NAMES: Final = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
    "Ankle boot",
)  # fmt: skip

FASHION_MNIST: Final = IdxDataset(
    name="fashion_mnist",
    mirrors=(
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ),
    files=(
        IdxFile(
            "train-images-idx3-ubyte.gz",
            (60000, 28, 28),
            "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        ),
        IdxFile(
            "train-labels-idx1-ubyte.gz",
            (60000,),
            "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        ),
        IdxFile(
            "t10k-images-idx3-ubyte.gz",
            (10000, 28, 28),
            "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        ),
        IdxFile(
            "t10k-labels-idx1-ubyte.gz",
            (10000,),
            "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        ),
    ),
)
"""The official files; the MD5s of the uncompressed images are f4a8712d7a061bf5bd6d2ca38dc4d50a
(training) and 8181f5470baa50b63fa0f6fddb340f0a (test)."""


def load_data(path: str | os.PathLike[str] | None = None) -> tuple[Split, Split]:
    """Return Fashion-MNIST: Zalando's pictures of clothes.

    The four files are looked for in the folder ``fashion_mnist`` of `FRESHET_DATA_DIR`, then among
    the data sets that were fetched before; otherwise they are fetched (30 MB) and kept.

    Args:
        path: A folder to look in first.

    Returns:
        ``((x_train, y_train), (x_test, y_test))``: 60,000 and 10,000 images, uint8[N, 28, 28], and
        their classes, uint8[N], which `CLASS_NAMES` names.

    Raises:
        DataLossError: A file is damaged, or is not the one it should be.
        UnavailableError: A file is neither on disk nor can be fetched.

    Source: Xiao, Rasul & Vollgraf 2017, arXiv:1708.07747; MIT licence.
    """
    return FASHION_MNIST.load(path)
