"""Calling several callbacks at once, and only those that listen."""

from __future__ import annotations

import numpy as np
import pytest

import freshet as ft
from freshet.core.errors import InvalidArgumentError
from freshet.keras.callbacks import (
    Callback,
    CallbackList,
    History,
    LambdaCallback,
    ProgbarLogger,
)
from freshet.keras.callbacks.callback_list import HOOKS, plain_logs


def recorder(seen):
    """Return a callback that overrides every hook and notes each call."""

    def hook(name):
        def method(self, *arguments, **named):
            seen.append(name)

        return method

    return type("Recorder", (Callback,), {name: hook(name) for name in HOOKS})()


def test_every_hook_reaches_a_callback_that_overrides_it():
    seen = []
    listeners = CallbackList([recorder(seen)])
    for name in HOOKS:
        arguments = () if name.split("_")[-2] in {"train", "test", "predict"} else (0,)
        getattr(listeners, name)(*arguments)
    assert seen == list(HOOKS)


def test_a_hook_that_nobody_overrides_computes_no_logs():
    class Quiet(Callback):
        def on_epoch_end(self, epoch, logs=None):
            pass

    listeners = CallbackList([Quiet()])
    listeners.on_train_batch_end(0, lambda: pytest.fail("logs were computed"))
    assert not listeners.listens_to("on_train_batch_end")
    assert listeners.listens_to("on_epoch_end")


def test_the_older_name_of_a_batch_hook_is_called():
    seen = []

    class Older(Callback):
        def on_batch_end(self, batch, logs=None):
            seen.append((batch, logs))

    CallbackList([Older()]).on_train_batch_end(3, {"loss": 1.0})
    assert seen == [(3, {"loss": 1.0})]


def test_an_override_that_calls_the_default_reaches_the_older_name_too():
    seen = []

    class Both(Callback):
        def on_train_batch_begin(self, batch, logs=None):
            seen.append("new")
            super().on_train_batch_begin(batch, logs)

        def on_batch_begin(self, batch, logs=None):
            seen.append("old")

    CallbackList([Both()]).on_train_batch_begin(0)
    assert seen == ["new", "old"]


def test_a_hook_set_on_the_object_is_called():
    seen = []
    callback = LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(batch))
    CallbackList([callback]).on_train_batch_end(5)
    assert seen == [5]


def test_a_hook_set_between_epochs_is_called_from_then_on():
    seen = []
    callback = Callback()
    listeners = CallbackList([callback])
    callback.on_train_batch_end = lambda batch, logs=None: seen.append(batch)
    listeners.on_epoch_begin(0)
    listeners.on_train_batch_end(1)
    assert seen == [1]


def test_callbacks_see_what_those_before_them_added_to_the_logs(model):
    class Adds(Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["extra"] = 1.0

    given = {"loss": 2.0}
    listeners = CallbackList([Adds()], add_history=True, model=model)
    listeners.on_train_begin()
    listeners.on_epoch_end(0, given)
    assert model.history.history == {"loss": [2.0], "extra": [1.0]}
    assert given == {"loss": 2.0}


def test_logs_are_plain_numbers_without_nesting():
    logs = plain_logs(
        lambda: {
            "tensor": ft.constant(2.0),
            "numpy": np.float32(0.5),
            "inner": {"count": 3},
            "vector": np.ones(2),
        }
    )
    assert logs["tensor"] == 2.0
    assert type(logs["tensor"]) is float
    assert (logs["numpy"], logs["count"]) == (0.5, 3.0)
    assert logs["vector"].tolist() == [1.0, 1.0]


def test_history_and_progress_are_added_once(model):
    mine = History()
    listeners = CallbackList([mine], add_history=True, add_progbar=True, model=model)
    kinds = [type(c) for c in listeners.callbacks]
    assert kinds == [History, ProgbarLogger]
    assert model.history is mine


def test_nested_structures_of_callbacks_are_laid_flat():
    a, b, c = Callback(), Callback(), Callback()
    assert CallbackList([a, [b, (c,)]]).callbacks == [a, b, c]
    assert CallbackList(a).callbacks == [a]


def test_a_class_in_place_of_an_object_is_refused():
    with pytest.raises(InvalidArgumentError, match=r"History is a class.*write History\("):
        CallbackList([History])


def test_something_else_is_refused():
    with pytest.raises(InvalidArgumentError, match="received 3 of type int"):
        CallbackList([3])


def test_params_and_model_reach_every_callback(model):
    a, b = Callback(), Callback()
    CallbackList([a, b], model=model, epochs=3, steps=4, verbose=0)
    assert a.model is b.model is model
    assert a.params == b.params == {"epochs": 3, "steps": 4, "verbose": 0}


def test_a_callback_may_be_appended():
    seen = []
    listeners = CallbackList()
    listeners.append(LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch)))
    listeners.on_epoch_end(2)
    assert seen == [2]


class Closing(Callback):
    def __init__(self):
        super().__init__()
        self.closed = 0

    def _on_abort(self):
        self.closed += 1


def test_close_does_nothing_after_a_run_without_exception():
    callback = Closing()
    listeners = CallbackList([callback])
    try:
        listeners.on_train_begin()
    finally:
        listeners.close()
    assert callback.closed == 0


def test_close_puts_things_in_order_after_an_exception():
    callback = Closing()
    listeners = CallbackList([callback])

    def run():
        try:
            listeners.on_train_begin()
            raise KeyboardInterrupt
        finally:
            listeners.close()

    with pytest.raises(KeyboardInterrupt):
        run()
    assert callback.closed == 1


def test_a_run_within_an_except_clause_is_not_taken_for_an_aborted_one():
    callback = Closing()
    listeners = CallbackList([callback])
    try:
        raise ValueError
    except ValueError:
        listeners.on_train_begin()
        listeners.close()
    assert callback.closed == 0
