"""CSVLogger, LambdaCallback, ProgbarLogger and TerminateOnNaN."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.keras.callbacks import CallbackList, CSVLogger, LambdaCallback, TerminateOnNaN

# --- CSVLogger ------------------------------------------------------------------------------------


def rows(path, separator=","):
    with path.open(newline="") as file:
        return list(csv.reader(file, delimiter=separator))


def test_a_table_has_a_line_for_each_epoch(drive, tmp_path):
    path = tmp_path / "new" / "log.csv"
    drive([CSVLogger(path)], [{"loss": 1.5, "acc": 0.5}, {"loss": 1.0, "acc": 0.75}])
    assert rows(path) == [
        ["epoch", "acc", "loss", "val_acc", "val_loss"],
        ["0", "0.5", "1.5", "NA", "NA"],
        ["1", "0.75", "1.0", "NA", "NA"],
    ]


def test_a_table_may_go_on(drive, tmp_path):
    path = tmp_path / "log.csv"
    for append in (False, True):
        drive([CSVLogger(path, separator=";", append=append)], [{"loss": 1.0, "val_loss": 2.0}])
    assert rows(path, ";") == [
        ["epoch", "loss", "val_loss"],
        ["0", "1.0", "2.0"],
        ["0", "1.0", "2.0"],
    ]


def test_a_table_begins_anew_by_default(drive, tmp_path):
    path = tmp_path / "log.csv"
    for _ in range(2):
        drive([CSVLogger(path)], [{"loss": 1.0}])
    assert len(rows(path)) == 2


def test_vectors_stand_in_brackets(drive, tmp_path):
    path = tmp_path / "log.csv"
    drive([CSVLogger(path)], [{"recall": np.array([0.5, 1.0])}])
    assert rows(path)[1][1] == "[0.5, 1.0]"


def test_every_line_is_on_disk_at_once(tmp_path, model):
    path = tmp_path / "log.csv"
    listeners = CallbackList([CSVLogger(path)], model=model)
    listeners.on_train_begin()
    listeners.on_epoch_end(0, {"loss": 1.0})
    assert len(rows(path)) == 2
    listeners.on_train_end()


def test_a_folder_in_place_of_the_file_is_named(drive, tmp_path):
    with pytest.raises(FailedPreconditionError, match="is a folder"):
        drive([CSVLogger(tmp_path)], [{"loss": 1.0}])


def test_a_long_separator_is_refused():
    with pytest.raises(InvalidArgumentError, match="one character, received ', '"):
        CSVLogger("log.csv", separator=", ")


# --- LambdaCallback -------------------------------------------------------------------------------


def test_functions_are_called_as_hooks(drive):
    seen = []
    callback = LambdaCallback(
        on_train_begin=lambda logs: seen.append("begin"),
        on_epoch_end=lambda epoch, logs: seen.append((epoch, logs["loss"])),
        on_train_batch_end=lambda batch, logs: seen.append(batch),
    )
    drive([callback], [{"loss": 1.0}], batches=2)
    assert seen == ["begin", 0, 1, (0, 1.0)]


def test_a_hook_that_does_not_exist_is_refused():
    with pytest.raises(InvalidArgumentError, match="did you mean 'on_test_batch_end'"):
        LambdaCallback(on_test_bach_end=print)


# --- ProgbarLogger --------------------------------------------------------------------------------


def test_elsewhere_than_in_a_terminal_each_epoch_is_a_line(model, capsys):
    listeners = CallbackList(add_progbar=True, model=model, verbose=1, epochs=2, steps=3)
    listeners.on_train_begin()
    for epoch in range(2):
        listeners.on_epoch_begin(epoch)
        for batch in range(3):
            listeners.on_train_batch_end(batch, lambda: pytest.fail("nothing is drawn"))
        listeners.on_epoch_end(epoch, {"loss": 0.5 - epoch, "val_loss": 0.25})
    listeners.on_train_end()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" - ")[0] for line in lines] == ["Epoch 1/2", "Epoch 2/2"]
    assert lines[1].endswith("loss: -0.5000 - val_loss: 0.2500")
    assert "3/3" in lines[0]


def test_the_total_is_known_from_the_second_epoch_on(model, capsys):
    listeners = CallbackList(add_progbar=True, model=model, verbose=2, epochs=1, steps=None)
    listeners.on_train_begin()
    listeners.on_epoch_begin(0)
    for batch in range(5):
        listeners.on_train_batch_end(batch, {})
    listeners.on_epoch_end(0, {"loss": 1.0})
    assert capsys.readouterr().out.startswith("5/5 - ")


def test_an_evaluation_shows_its_metrics(model, capsys):
    listeners = CallbackList(add_progbar=True, model=model, verbose="auto", epochs=1, steps=2)
    listeners.on_test_begin()
    for batch in range(2):
        listeners.on_test_batch_end(batch, {"loss": 1.0})
    listeners.on_test_end({"loss": 0.25})
    assert capsys.readouterr().out.endswith("loss: 0.2500\n")


def test_a_prediction_shows_no_metrics(model, capsys):
    listeners = CallbackList(add_progbar=True, model=model, verbose=1, epochs=1, steps=1)
    listeners.on_predict_begin()
    listeners.on_predict_batch_end(0, {"outputs": np.ones(3)})
    listeners.on_predict_end({"outputs": np.ones(3)})
    out = capsys.readouterr().out
    assert out.startswith("1/1 - ")
    assert "outputs" not in out


# --- TerminateOnNaN -------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [float("nan"), float("inf"), -float("inf")])
def test_a_loss_that_is_no_number_ends_training(drive, model, capsys, loss):
    history = drive([TerminateOnNaN()], [{"loss": 1.0}, {"loss": loss}, {"loss": 1.0}])
    assert len(history.epoch) == 2
    assert capsys.readouterr().out == (
        f"TerminateOnNaN: the loss is {loss} after batch 0, training ends\n"
    )


def test_a_loss_that_is_no_number_may_be_an_error(drive):
    with pytest.raises(RuntimeError, match="the loss is nan after batch 0"):
        drive([TerminateOnNaN(raise_error=True)], [{"loss": float("nan")}])


def test_logs_without_a_loss_are_no_reason_to_stop(drive, model):
    drive([TerminateOnNaN()], [{"accuracy": 1.0}])
    assert not model.stop_training
