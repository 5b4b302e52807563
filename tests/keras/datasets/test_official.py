"""The real MNIST and Fashion-MNIST, where FRESHET_DATA_DIR has them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from freshet.core.config import config
from freshet.keras.datasets import fashion_mnist, mnist

FOLDER = os.environ.get("FRESHET_DATA_DIR", "")


@pytest.mark.parametrize(
    ("module", "mean", "deviation"), [(mnist, 0.1307, 0.3081), (fashion_mnist, 0.2860, 0.3530)]
)
def test_the_pixels_have_the_published_statistics(module, mean, deviation):
    name = module.__name__.rpartition(".")[2]
    if not FOLDER or not (Path(FOLDER) / name).is_dir():
        pytest.skip(f"FRESHET_DATA_DIR names no folder with {name}")
    config.data_dir = Path(FOLDER)
    (x_train, y_train), (x_test, y_test) = module.load_data()
    assert (x_train.shape, y_train.shape) == ((60000, 28, 28), (60000,))
    assert (x_test.shape, y_test.shape) == ((10000, 28, 28), (10000,))
    assert round(float((x_train / 255).mean()), 4) == mean
    assert round(float((x_train / 255).std()), 4) == deviation
    assert np.unique(y_train).tolist() == np.unique(y_test).tolist() == list(range(10))
