"""`save_weights` and `load_weights`: what fits is read, what does not changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from freshet import keras
from freshet.core.errors import DataLossError
from freshet.keras import layers


def dense(*units: int, size: int = 3) -> Any:
    return keras.Sequential([keras.Input((size,)), *(layers.Dense(n) for n in units)])


def values(model: Any) -> list[bytes]:
    return [w.tobytes() for w in model.get_weights()]


@pytest.mark.parametrize("name", ["w.weights.h5", "w.keras"])
def test_weights_come_back_with_the_optimizers(
    name: str, trained, other, state, tmp_path: Path
) -> None:
    (trained.save if name.endswith("keras") else trained.save_weights)(tmp_path / name)
    other.load_weights(tmp_path / name)
    assert state(other) == state(trained)


def test_an_optimizer_without_state_is_left_with_a_warning(trained, make, tmp_path: Path) -> None:
    trained.save_weights(tmp_path / "w.weights.h5")
    fresh = make()
    with pytest.warns(UserWarning, match="the state of optimizer 'adam.*' is left as it is"):
        fresh.load_weights(tmp_path / "w.weights.h5")
    assert values(fresh) == values(trained)
    assert int(fresh.optimizer.iterations) == 0


def test_the_optimizers_state_is_not_needed(trained, make, tmp_path: Path) -> None:
    trained.save_weights(tmp_path / "w.weights.h5")
    plain = keras.Sequential.from_config(make().get_config())
    plain.load_weights(tmp_path / "w.weights.h5")
    assert values(plain) == values(trained)


@pytest.mark.parametrize(
    ("saved", "message"),
    [
        (
            dense(4, 5),
            r"dense\w*/kernel of layer 'dense\w*' has shape \(3, 4\), in the file \(3, 5\)",
        ),
        (dense(4), r"layer 'dense\w*' \(layers/dense_1\) has 2 variables, the file 0"),
        (dense(4, 4, 4), "the model has no layer for the file's layers/dense_2/vars"),
    ],
    ids=["shape", "fewer layers", "more layers"],
)
def test_what_does_not_fit_is_refused_as_a_whole(saved, message: str, tmp_path: Path) -> None:
    if message.startswith("dense"):
        saved = dense(5, 4)
    saved.save_weights(tmp_path / "w.weights.h5")
    model = dense(4, 4)
    before = values(model)
    with pytest.raises(DataLossError, match=message):
        model.load_weights(tmp_path / "w.weights.h5")
    assert values(model) == before


def test_what_does_not_fit_can_be_skipped(tmp_path: Path) -> None:
    saved, model = dense(4, 5), dense(4, 7)
    saved.save_weights(tmp_path / "w.weights.h5")
    before = values(model)
    model.load_weights(tmp_path / "w.weights.h5", skip_mismatch=True)
    assert values(model) == values(saved)[:2] + before[2:]


def test_values_are_converted_to_the_models_dtype(tmp_path: Path) -> None:
    saved = dense(4)
    saved.save_weights(tmp_path / "w.weights.h5")
    wide = keras.Sequential([keras.Input((3,)), layers.Dense(4, dtype="float64")])
    wide.load_weights(tmp_path / "w.weights.h5")
    for one, other in zip(wide.get_weights(), saved.get_weights(), strict=True):
        assert one.dtype == np.float64
        np.testing.assert_array_equal(one, other)


def test_bfloat16_keeps_its_bits(tmp_path: Path) -> None:
    made = [
        keras.Sequential([keras.Input((3,)), layers.Dense(4, dtype="bfloat16")]) for _ in range(2)
    ]
    made[0].save_weights(tmp_path / "w.weights.h5")
    made[1].load_weights(tmp_path / "w.weights.h5")
    assert values(made[1]) == values(made[0])


def test_a_model_without_weights_has_none_to_load(trained, tmp_path: Path) -> None:
    trained.save_weights(tmp_path / "w.weights.h5")
    with pytest.raises(DataLossError, match="has 0 variables, the file 2"):
        keras.Sequential([layers.Dense(3)]).load_weights(tmp_path / "w.weights.h5")
