"""Digits: 1,797 small handwritten digits that come with Freshet."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from freshet.core.tensor import Array


def load_data() -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Return handwritten digits of 13 writers; nothing is fetched.

    A fifth of each digit's images, drawn once at random, is the test set. The writers are the same
    in both parts.

    Returns:
        ``((x_train, y_train), (x_test, y_test))``: 1,438 and 359 images, uint8[N, 8, 8] from 0
        (paper) to 16 (ink), and their digits, uint8[N].

    Example:
        >>> (x_train, y_train), (x_test, y_test) = load_data()
        >>> x_train.shape, x_test.shape, int(x_train.max())
        ((1438, 8, 8), (359, 8, 8), 16)

    Source: Alpaydin & Kaynak 1998, Optical Recognition of Handwritten Digits, UCI Machine Learning
    Repository, CC BY 4.0; see the README beside this file.
    """
    with np.load(Path(__file__).with_name("digits.npz"), allow_pickle=False) as file:
        images, labels, held_out = file["images"], file["labels"], file["held_out"]
    return (images[~held_out], labels[~held_out]), (images[held_out], labels[held_out])
