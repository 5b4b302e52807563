"""What is left when a program that trains is ended: by Ctrl-C, by kill -9, by an exception."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import freshet as ft
from freshet.keras.callbacks import BackupAndRestore, Callback, ModelCheckpoint

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and terminals")

SCRIPT = """
    import sys
    import numpy as np
    import freshet as ft

    model = ft.keras.Sequential([ft.keras.Input((64,)), ft.keras.layers.Dense(64)])
    model.compile(ft.keras.optimizers.Adam(), ft.keras.losses.MeanSquaredError())
    x = np.ones((256, 64), np.float32)

    class Tell(ft.keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 3:
                open(sys.argv[2], "w").close()

    save = ft.keras.callbacks.ModelCheckpoint(sys.argv[1], save_freq={frequency})
    model.fit(x, x, epochs=1_000_000, batch_size=8, verbose={verbose}, callbacks=[save, Tell()])
"""


class Program:
    """A program that trains without end, and says when it has begun."""

    def __init__(self, folder, *, frequency="'epoch'", verbose=0, terminal=False):
        self.checkpoint = folder / "model.keras"
        self._signal = folder / "running"
        script = folder / "train.py"
        script.write_text(textwrap.dedent(SCRIPT.format(frequency=frequency, verbose=verbose)))
        self.screen, end = pty.openpty() if terminal else (None, subprocess.PIPE)
        environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
        self.process = subprocess.Popen(
            [sys.executable, script, self.checkpoint, self._signal],
            stdout=end, stderr=subprocess.PIPE, env=environment, text=True,
        )  # fmt: skip
        if terminal:
            os.close(end)
        self.last = ""
        """What the terminal showed after the signal."""

    def wait_until_it_trains(self):
        limit = time.monotonic() + 60
        while not self._signal.exists():
            self.drain()
            assert self.process.poll() is None, self.process.stderr.read()
            assert time.monotonic() < limit, "it does not train"
            time.sleep(0.01)

    def drain(self):
        """Return what has been written to the terminal."""
        parts = []
        while self.screen is not None and select.select([self.screen], [], [], 0)[0]:
            try:
                data = os.read(self.screen, 65536)
            except OSError:  # Linux says so when the other side is closed
                break
            if not data:
                break
            parts.append(data)
        return b"".join(parts).decode(errors="replace")  # a character may be cut in two

    def end(self, number):
        """Send a signal; return the seconds until the end, and what was written to stderr."""
        started = time.monotonic()
        self.process.send_signal(number)
        # A terminal that nobody reads stops who writes to it.
        while self.process.poll() is None and time.monotonic() < started + 20:
            self.last += self.drain()
            time.sleep(0.001)
        seconds = time.monotonic() - started
        _, errors = self.process.communicate(timeout=1)
        return seconds, errors


def test_ctrl_c_ends_training_at_once_and_leaves_a_whole_checkpoint(tmp_path):
    program = Program(tmp_path)
    program.wait_until_it_trains()
    seconds, errors = program.end(signal.SIGINT)
    assert seconds < 1.0
    assert program.process.returncode == -signal.SIGINT
    assert errors.strip().splitlines()[-1] == "KeyboardInterrupt"
    assert errors.count("Traceback") == 1
    assert "During handling" not in errors
    ft.keras.models.load_model(program.checkpoint)


def test_ctrl_c_leaves_the_cursor_in_a_fresh_line(tmp_path):
    program = Program(tmp_path, verbose=1, terminal=True)
    program.wait_until_it_trains()
    time.sleep(0.15)  # a drawing of the bar
    program.drain()
    time.sleep(0.25)
    during = program.drain()
    assert "steps/s" in during
    program.end(signal.SIGINT)
    shown = during + program.last + program.drain()
    assert shown.endswith("\n")
    os.close(program.screen)


def test_kill_in_the_middle_of_saving_leaves_a_whole_checkpoint(tmp_path):
    program = Program(tmp_path, frequency=1)
    program.wait_until_it_trains()
    for delay in (0.0, 0.013, 0.029):
        time.sleep(delay)
        data = program.checkpoint.read_bytes()  # a reader at any time sees a whole file
        (tmp_path / "copy.keras").write_bytes(data)
        ft.keras.models.load_model(tmp_path / "copy.keras")
    program.end(signal.SIGKILL)
    model = ft.keras.models.load_model(program.checkpoint)
    assert int(model.optimizer.iterations) > 0


# --- within one program ---------------------------------------------------------------------------

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(32, 4)).astype(np.float32), RNG.normal(size=(32, 1)).astype(np.float32)


def make_model():
    ft.keras.utils.set_random_seed(3)
    layers = [
        ft.keras.Input((4,)),
        ft.keras.layers.Dense(8, activation="relu"),
        ft.keras.layers.Dropout(0.25),
        ft.keras.layers.Dense(1),
    ]
    model = ft.keras.Sequential(layers)
    model.compile(ft.keras.optimizers.Adam(0.01), ft.keras.losses.MeanSquaredError())
    return model


def train(model, *callbacks, epochs=5):
    return model.fit(X, Y, batch_size=8, epochs=epochs, verbose=0, callbacks=list(callbacks))


class FailAt(Callback):
    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise RuntimeError("interrupted")


def test_a_checkpoint_is_the_model_at_that_time(tmp_path):
    model = make_model()
    train(model, ModelCheckpoint(tmp_path / "{epoch}.keras"), epochs=2)
    loaded = ft.keras.models.load_model(tmp_path / "2.keras")
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("when", [0, 1, 3, 4])
def test_an_interrupted_training_ends_as_an_uninterrupted_one(tmp_path, when, double):
    whole = make_model()
    train(whole)
    first = make_model()
    with pytest.raises(RuntimeError, match="interrupted"):
        train(first, BackupAndRestore(tmp_path / "b", double_checkpoint=double), FailAt(when))
    again = make_model()
    history = train(again, BackupAndRestore(tmp_path / "b", double_checkpoint=double))
    assert history.epoch == list(range(when, 5))
    for a, b in zip(again.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not (tmp_path / "b").exists()


def test_a_backup_in_the_middle_of_an_epoch_restarts_that_epoch(tmp_path):
    class FailAtBatch(Callback):
        def on_train_batch_end(self, batch, logs=None):
            if int(self.model.optimizer.iterations) == 7:
                raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError, match="interrupted"):
        train(make_model(), BackupAndRestore(tmp_path / "b", save_freq=3), FailAtBatch())
    again = make_model()
    history = train(again, BackupAndRestore(tmp_path / "b", save_freq=3))
    assert history.epoch == [1, 2, 3, 4]
    assert int(again.optimizer.iterations) == 6 + 4 * 4
