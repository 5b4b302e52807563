"""The logs of every epoch."""

from __future__ import annotations

from freshet.keras.callbacks import History


def test_it_keeps_a_list_of_each_metric(drive):
    history = drive([], [{"loss": 3.0, "val_loss": 4.0}, {"loss": 2.0, "val_loss": 3.0}])
    assert history.history == {"loss": [3.0, 2.0], "val_loss": [4.0, 3.0]}
    assert history.epoch == [0, 1]
    assert repr(history) == "<History of 2 epochs: loss, val_loss>"


def test_another_run_numbers_epochs_anew_and_appends_values(drive):
    history = History()
    drive([history], [{"loss": 1.0}])
    drive([history], [{"loss": 0.5}])
    assert history.epoch == [0]
    assert history.history == {"loss": [1.0, 0.5]}
