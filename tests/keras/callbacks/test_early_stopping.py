"""Ending training early."""

from __future__ import annotations

import pytest

from freshet.keras.callbacks import EarlyStopping


def epochs(*values, name="val_loss"):
    return [{"loss": 0.0, name: value} for value in values]


@pytest.mark.parametrize(
    ("arguments", "values", "stopped"),
    [
        ({}, (3, 2, 2.5, 1), 2),
        ({"patience": 2}, (3, 2, 2.5, 2.6, 1), 3),
        ({"patience": 2}, (3, 2, 2.5, 1.9, 1.8), None),
        ({"min_delta": 0.5}, (3, 2.6, 1), 1),
        ({"mode": "max"}, (1, 2, 1.5), 2),
        ({"baseline": 2.0, "patience": 2}, (3, 2.5, 2.2, 2.1), None),
        ({"baseline": 1.0, "patience": 2}, (3, 2.5, 2.6, 2.1), 2),
        ({"start_from_epoch": 3}, (1, 2, 3, 4, 5), 4),
        ({"patience": 1}, (1, float("nan"), 0.5), 1),
        ({}, (1, 1), 1),
    ],
)
def test_it_stops_when_the_metric_no_longer_improves(drive, model, arguments, values, stopped):
    callback = EarlyStopping(**arguments)
    history = drive([callback], epochs(*values))
    assert len(history.epoch) == (len(values) if stopped is None else stopped + 1)
    assert callback.stopped_epoch == (stopped or 0)
    assert model.stop_training is (stopped is not None)


def test_an_accuracy_should_rise(drive):
    history = drive([EarlyStopping("val_accuracy")], epochs(0.5, 0.6, 0.55, name="val_accuracy"))
    assert len(history.epoch) == 3


def test_the_best_weights_come_back(drive, model):
    callback = EarlyStopping(patience=2, restore_best_weights=True)
    drive([callback], epochs(3, 1, 2, 2, 2))
    assert callback.best_epoch == 1
    assert model.weights == [1.0]


def test_the_best_weights_come_back_also_without_stopping(drive, model):
    drive([EarlyStopping(patience=9, restore_best_weights=True)], epochs(3, 1, 2))
    assert model.weights == [1.0]


def test_the_last_weights_stay_by_default(drive, model):
    drive([EarlyStopping(patience=1)], epochs(3, 1, 2))
    assert model.weights == [2.0]


def test_weights_of_the_warm_up_are_never_the_best(drive, model):
    drive([EarlyStopping(start_from_epoch=2, restore_best_weights=True)], epochs(0, 0, 5, 4))
    assert model.weights == [3.0]


def test_it_may_be_used_again(drive, model):
    callback = EarlyStopping()
    drive([callback], epochs(1, 2))
    model.stop_training = False
    assert len(drive([callback], epochs(9, 8, 8.5)).epoch) == 3


def test_it_says_what_it_does(drive, capsys):
    callback = EarlyStopping(verbose=1, restore_best_weights=True)
    drive([callback], epochs(1, 2))
    assert capsys.readouterr().out == (
        "Epoch 2: val_loss has not improved since epoch 1, stopping\n"
        "Restoring the weights of epoch 1\n"
    )


def test_a_missing_metric_is_named_once_with_the_nearest(drive):
    with pytest.warns(UserWarning, match="val_acuracy") as caught:
        drive([EarlyStopping("val_acuracy")], [{"loss": 1.0, "val_accuracy": 0.5}] * 3)
    assert [str(w.message) for w in caught] == [
        "EarlyStopping: there is no metric 'val_acuracy', so training will not stop early; the "
        "metrics are loss, val_accuracy; did you mean 'val_accuracy'?"
    ]
    assert caught[0].filename.endswith("conftest.py")  # the caller's line, not Freshet's


def test_without_validation_the_way_to_one_is_named(drive):
    with pytest.warns(UserWarning, match="give fit validation_data or validation_split"):
        drive([EarlyStopping()], [{"accuracy": 1.0}])
