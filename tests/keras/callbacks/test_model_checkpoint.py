"""Saving while training."""

from __future__ import annotations

import pytest

from freshet.core.errors import InvalidArgumentError
from freshet.keras.callbacks import ModelCheckpoint
from freshet.keras.callbacks.model_checkpoint import BatchCounter


def epochs(*values):
    return [{"loss": 1.0, "val_loss": value} for value in values]


def test_names_and_numbers_in_braces_are_filled_in(drive, model, tmp_path):
    drive([ModelCheckpoint(tmp_path / "{epoch:02d}-{val_loss:.2f}.keras")], epochs(2, 1.2345))
    assert model.saved == ["01-2.00.keras", "02-1.23.keras"]


def test_only_better_models_are_saved(drive, model, tmp_path):
    callback = ModelCheckpoint(tmp_path / "{epoch}.keras", save_best_only=True)
    drive([callback], epochs(3, 2, 2.5, 1))
    assert model.saved == ["1.keras", "2.keras", "4.keras"]
    assert callback.best == 1


def test_the_first_must_beat_the_threshold(drive, model, tmp_path):
    callback = ModelCheckpoint(
        tmp_path / "{epoch}.keras", save_best_only=True, initial_value_threshold=2.0
    )
    drive([callback], epochs(3, 1))
    assert model.saved == ["2.keras"]


def test_weights_alone_are_saved_under_their_own_ending(drive, model, tmp_path):
    drive([ModelCheckpoint(tmp_path / "w.weights.h5", save_weights_only=True)], epochs(1))
    assert model.saved == ["w.weights.h5"]


def test_batches_are_counted_across_epochs(drive, model, tmp_path):
    callback = ModelCheckpoint(tmp_path / "{epoch}-{batch}.keras", save_freq=3)
    drive([callback], epochs(1, 1), batches=4)
    assert model.saved == ["1-3.keras", "2-2.keras"]


@pytest.mark.parametrize(
    ("batches", "due"),
    [((0, 1, 2, 3), (False, True, False, True)), ((3, 7), (True, True)), ((0, 0), (False, True))],
)
def test_a_counter_follows_batches_that_come_in_groups(batches, due):
    counter = BatchCounter("x", 2)
    assert tuple(counter.is_due(batch) for batch in batches) == due


def test_a_missing_metric_saves_everything_and_warns(drive, model, tmp_path):
    callback = ModelCheckpoint(tmp_path / "{epoch}.keras", "val_los", save_best_only=True)
    with pytest.warns(UserWarning, match="did you mean 'val_loss'"):
        drive([callback], epochs(1, 2))
    assert model.saved == ["1.keras", "2.keras"]


def test_a_metric_that_is_no_number_saves_everything_and_warns(drive, model, tmp_path):
    callback = ModelCheckpoint(tmp_path / "m.keras", "m", mode="max", save_best_only=True)
    with pytest.warns(UserWarning, match=r"'m' has shape \(2,\)"):
        drive([callback], [{"m": [1.0, 2.0]}])


def test_an_unknown_name_in_the_path_lists_the_known_ones(drive, tmp_path):
    with pytest.raises(InvalidArgumentError, match=r"'val_acc', .*only loss, val_loss, epoch"):
        drive([ModelCheckpoint(tmp_path / "{val_acc}.keras")], epochs(1))


@pytest.mark.parametrize(
    ("name", "weights_only"), [("m.h5", False), ("m", False), ("m.keras", True), ("m.h5", True)]
)
def test_another_ending_is_refused(name, weights_only):
    with pytest.raises(InvalidArgumentError, match="filepath must end in"):
        ModelCheckpoint(name, save_weights_only=weights_only)


@pytest.mark.parametrize("frequency", ["batch", 0, -1, 1.5, True])
def test_another_frequency_is_refused(frequency):
    with pytest.raises(InvalidArgumentError, match="save_freq"):
        ModelCheckpoint("m.keras", save_freq=frequency)


def test_it_says_what_it_does(drive, capsys, tmp_path):
    callback = ModelCheckpoint(tmp_path / "m.keras", save_best_only=True, verbose=1)
    drive([callback], epochs(3, 2, 2.5))
    path = tmp_path / "m.keras"
    assert capsys.readouterr().out == (
        f"Epoch 1: val_loss improved to 3.00000\nEpoch 1: saved {path}\n"
        f"Epoch 2: val_loss improved from 3.00000 to 2.00000\nEpoch 2: saved {path}\n"
        "Epoch 3: val_loss did not improve from 2.00000\n"
    )


def test_batches_cost_nothing_when_epochs_count():
    assert "on_train_batch_end" in ModelCheckpoint("m.keras").ignored_hooks
    assert not ModelCheckpoint("m.keras", save_freq=2).ignored_hooks
