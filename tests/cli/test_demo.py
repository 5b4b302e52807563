"""``freshet demo``: what it leaves behind, and what its parts do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util

import freshet as ft
from freshet.cli import demo
from freshet.cli.main import main
from freshet.cli.options import new_folder
from freshet.core.errors import AlreadyExistsError


def freshet(folder, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "freshet.cli.main", *arguments],
        cwd=folder, capture_output=True, text=True, check=False, env=os.environ | environment,
    )  # fmt: skip


def test_a_run_leaves_everything_behind(tmp_path):
    done = freshet(tmp_path, "demo", "--epochs", "1")
    assert (done.returncode, done.stderr) == (0, "")
    (run,) = (tmp_path / "runs").iterdir()
    assert run.name.startswith("digits-")
    assert sorted(path.name for path in run.iterdir()) == [
        "confusion_matrix.png", "history.json", "learning_curves.png", "logs", "model.keras",
        "worst_mistakes.png",
    ]  # fmt: skip
    assert all(f"runs/{run.name}/{path.name}" in done.stdout for path in run.iterdir())
    assert f"tensorboard --logdir runs/{run.name}/logs" in done.stdout
    assert "113/113 - " in done.stdout
    history = json.loads((run / "history.json").read_text())
    assert sorted(history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    check_model(run, history["val_accuracy"][-1], done.stdout)
    check_events(run, history)


def check_model(run, accuracy, out):
    model = ft.keras.models.load_model(run / "model.keras")
    _, (x_test, y_test) = demo.load_digits()
    right = model.predict(x_test, verbose=0).argmax(1) == y_test
    assert float(right.mean()) == pytest.approx(accuracy)
    assert (
        f"{100 * right.mean():.1f} % of 359 held-out digits right ({int((~right).sum())} wrong)"
        in out
    )
    assert accuracy > 0.9


def check_events(run, history):
    accumulator = EventAccumulator(str(run / "logs" / "validation"))
    accumulator.Reload()
    (event,) = accumulator.Tensors("epoch_accuracy")
    value = tensor_util.make_ndarray(event.tensor_proto)
    assert value == pytest.approx(history["val_accuracy"][0])


def test_the_same_seed_gives_the_same_model(tmp_path):
    for name in ("a", "b"):
        done = freshet(tmp_path, "demo", "--epochs", "1", "--out", name, "--seed", "5")
        assert done.returncode == 0, done.stderr
    one, other = (
        ft.keras.models.load_model(tmp_path / name / "model.keras").get_weights() for name in "ab"
    )
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_another_seed_gives_other_first_weights():
    found = []
    for seed in (5, 6):
        ft.keras.utils.set_random_seed(seed)
        found.append(demo.build_model(steps=1).get_weights()[0])
    assert not np.array_equal(*found)


def test_without_matplotlib_it_says_so_first_and_goes_on(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['matplotlib'] = None")
    done = freshet(tmp_path, "demo", "--epochs", "1", "--out", "run", PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        "No pictures: they need matplotlib (pip install 'freshet[plot]').\n"
    )
    names = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert names == ["history.json", "logs", "model.keras"]
    assert "learning_curves" not in done.stdout


def test_a_folder_that_holds_something_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("precious")
    assert main(["demo", "--out", str(tmp_path)]) == 1
    assert "exists and is not empty; choose another folder for --out" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_two_runs_in_one_second_get_folders_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folders = {new_folder(None, "digits") for _ in range(3)}
    assert len(folders) == 3
    with pytest.raises(AlreadyExistsError):
        new_folder(tmp_path, "digits")


def test_shifts_move_by_one_pixel_and_keep_the_label():
    image = np.zeros((1, 4, 4, 1), np.float32)
    image[0, 1, 2] = 1.0
    images, labels = demo.with_shifts(image, np.array([7]))
    assert labels.tolist() == [7] * 5
    places = [tuple(np.argwhere(picture[..., 0])[0].tolist()) for picture in images]
    assert sorted(places) == [(0, 2), (1, 1), (1, 2), (1, 3), (2, 2)]


def test_the_surest_mistakes_come_first_then_the_least_certain_others():
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.45, 0.55], [0.2, 0.8]])
    labels = np.array([0, 0, 1, 0])
    assert demo.hardest(labels, probabilities).tolist() == [3, 1, 2, 0]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_ends_it_with_130_and_no_traceback(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "freshet.cli.main", "demo", "--epochs", "100000"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not process.stdout.readline().startswith("Epoch 1/"):
        assert process.poll() is None
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert time.monotonic() - started < 1.0
    assert (process.returncode, errors) == (130, "freshet: interrupted\n")
