"""The same seed gives the same bits: in every run, with any number of threads."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import freshet as ft
from freshet import keras
from freshet.keras import layers

PROGRAM = """
    import hashlib
    import numpy as np
    import freshet as ft
    from freshet.keras import layers

    ft.random.set_seed(11)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((70, 16, 16, 3)).astype(np.float32)
    y = rng.integers(0, 10, 70)
    model = ft.keras.Sequential([
        ft.keras.Input((16, 16, 3)), layers.Conv2D(16, 3, activation="relu"),
        layers.BatchNormalization(), layers.MaxPooling2D(), layers.Dropout(0.3),
        layers.Conv2D(24, 3, activation="relu"), layers.Flatten(),
        layers.Dense(256, activation="relu"), layers.Dropout(0.5), layers.Dense(10),
    ])
    loss = ft.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    history = model.fit(x, y, batch_size=32, epochs=2, validation_split=0.2, verbose=0).history
    digest = hashlib.sha256(repr(history).encode())
    for variable in [*model.variables, *model.optimizer.variables]:
        digest.update(variable.numpy().tobytes())
    digest.update(model.predict(x, verbose=0).tobytes())
    print(digest.hexdigest())
"""


def digest_of(script: Path, threads: int) -> str:
    environment = os.environ | {"FRESHET_NUM_THREADS": str(threads)}
    done = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_every_number_of_threads_gives_the_same_bits_in_every_run(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(textwrap.dedent(PROGRAM))
    digests = [digest_of(script, threads) for threads in (1, 2, 2)]
    assert len(set(digests)) == 1
    assert len(digests[0].strip()) == hashlib.sha256().digest_size * 2


def weights_after_training(seed: int, *, eager: bool = False) -> list[bytes]:
    ft.random.set_seed(seed)
    x = np.random.default_rng(0).standard_normal((20, 4)).astype(np.float32)
    model = keras.Sequential([keras.Input((4,)), layers.Dropout(0.5), layers.Dense(3)])
    model.compile("sgd", "mse", run_eagerly=eager)
    model.fit(x, x[:, :3], batch_size=8, epochs=2, verbose=0)
    return [v.numpy().tobytes() for v in model.variables]


def test_the_seed_decides() -> None:
    assert weights_after_training(1) == weights_after_training(1)
    assert weights_after_training(1) != weights_after_training(2)


def test_seeds_that_differ_a_little_shuffle_differently() -> None:
    # All 64 bits of the seed count, also where NumPy would make floats of whole numbers.
    orders = set()
    for seed in (2**63 + 1, 2**63 + 2, 2**63 + 1025, 1, 2):
        model = keras.Sequential([keras.Input((1,)), layers.Dense(1)])
        model._shuffle_seed, model._examples = seed, 50
        orders.add(tuple(model._order(0).tolist()))
    assert len(orders) == 5


@pytest.mark.parametrize("name", ["set_seed", "set_random_seed"])
def test_both_ways_to_set_the_seed(name: str) -> None:
    found = []
    for _ in range(2):
        if name == "set_seed":
            ft.random.set_seed(3)
        else:
            keras.utils.set_random_seed(3)
        model = keras.Sequential([keras.Input((4,)), layers.Dense(3)])
        found.append(model.get_weights()[0].tobytes())
    assert found[0] == found[1]
