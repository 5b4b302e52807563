"""Callbacks that change the learning rate."""

from __future__ import annotations

import pytest

import freshet as ft
from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.keras.callbacks import LearningRateScheduler, ReduceLROnPlateau


def test_a_schedule_sets_the_rate_of_each_epoch(drive):
    callback = LearningRateScheduler(lambda epoch, rate: rate / 2)
    history = drive([callback], [{"loss": 1.0}] * 3)
    assert history.history["learning_rate"] == [0.05, 0.025, 0.0125]


def test_a_schedule_may_take_the_epoch_alone(drive):
    history = drive([LearningRateScheduler(lambda epoch: float(epoch))], [{"loss": 1.0}] * 2)
    assert history.history["learning_rate"] == [0.0, 1.0]


def test_an_error_within_a_schedule_is_not_hidden(drive):
    def schedule(epoch, rate):
        raise TypeError("mine")

    with pytest.raises(TypeError, match="mine"):
        drive([LearningRateScheduler(schedule)], [{}])


def test_a_schedule_may_return_a_tensor(drive, model):
    drive([LearningRateScheduler(lambda epoch: ft.constant(0.5))], [{}])
    assert model.optimizer.learning_rate == 0.5


def test_a_schedule_must_return_a_number(drive):
    with pytest.raises(InvalidArgumentError, match="must return a number, received None"):
        drive([LearningRateScheduler(lambda epoch: None)], [{}])


def test_a_model_without_optimizer_is_named(drive, model):
    model.optimizer = None
    with pytest.raises(FailedPreconditionError, match="call compile first"):
        drive([LearningRateScheduler(lambda epoch: 0.1)], [{}])


def test_a_scheduler_says_what_it_does(drive, capsys):
    drive([LearningRateScheduler(lambda epoch: 0.25, verbose=1)], [{}])
    assert capsys.readouterr().out == "Epoch 1: learning rate 0.25\n"


def rates(history):
    return [round(rate, 6) for rate in history.history["learning_rate"]]


@pytest.mark.parametrize(
    ("arguments", "losses", "expected"),
    [
        ({"patience": 1}, (3, 2, 2, 2), [0.1, 0.1, 0.1, 0.01]),
        ({"patience": 2}, (3, 3, 3, 3), [0.1, 0.1, 0.1, 0.01]),
        ({"patience": 1, "factor": 0.5, "min_lr": 0.04}, (1, 1, 1, 1), [0.1, 0.1, 0.05, 0.04]),
        ({"patience": 1, "cooldown": 2}, (1,) * 5, [0.1, 0.1, 0.01, 0.01, 0.001]),
        ({"patience": 1, "min_delta": 0.5}, (3, 2.6, 2.2), [0.1, 0.1, 0.01]),
        ({"patience": 1, "mode": "max"}, (1, 2, 3), [0.1, 0.1, 0.1]),
    ],
)
def test_a_plateau_lowers_the_rate(drive, arguments, losses, expected):
    callback = ReduceLROnPlateau(**arguments)
    assert rates(drive([callback], [{"val_loss": loss} for loss in losses])) == expected


def test_a_plateau_is_told(drive, capsys):
    drive([ReduceLROnPlateau(patience=1, verbose=1)], [{"val_loss": 1.0}] * 2)
    assert capsys.readouterr().out == "Epoch 2: val_loss is on a plateau, learning rate 0.01\n"


def test_a_factor_that_raises_the_rate_is_refused():
    with pytest.raises(InvalidArgumentError, match=r"less than 1, received 1\.0"):
        ReduceLROnPlateau(factor=1.0)


def test_a_missing_metric_leaves_the_rate(drive, model):
    with pytest.warns(UserWarning, match="so the learning rate stays"):
        drive([ReduceLROnPlateau(patience=1)], [{"loss": 1.0}] * 3)
    assert model.optimizer.learning_rate == 0.1
