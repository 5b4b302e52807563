"""The event files of a training, read by TensorBoard itself."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.graph.keras_util import keras_model_to_graph_def
from tensorboard.util import tensor_util

import freshet as ft
from freshet.core.errors import InvalidArgumentError, UnimplementedError
from freshet.keras.callbacks import Callback, TensorBoard
from freshet.keras.callbacks.tensorboard import as_image
from freshet.summary.state import state

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(24, 4)).astype(np.float32), RNG.normal(size=(24, 2)).astype(np.float32)


@pytest.fixture
def trained(tmp_path):
    """Return a function that trains with a TensorBoard callback and returns what each run holds."""

    def run(*more, epochs=2, validate=True, **arguments):
        ft.keras.utils.set_random_seed(0)
        layers = [ft.keras.Input((4,)), ft.keras.layers.Dense(3), ft.keras.layers.Dense(2)]
        model = ft.keras.Sequential(layers)
        model.compile(ft.keras.optimizers.SGD(0.125), ft.keras.losses.MeanSquaredError())
        history = model.fit(
            X, Y, batch_size=8, epochs=epochs, verbose=0,
            validation_data=(X, Y) if validate else None,
            callbacks=[TensorBoard(tmp_path / "logs", **arguments), *more],
        )  # fmt: skip
        return history.history, read(tmp_path / "logs"), model

    return run


def read(folder):
    """Return ``{run: {tag: [(step, value)]}}``."""
    runs = {}
    for run in sorted(folder.iterdir()):
        assert len(list(run.iterdir())) == 1, "one file a run"
        accumulator = EventAccumulator(str(run), size_guidance={"tensors": 0})
        accumulator.Reload()
        runs[run.name] = {
            tag: [
                (e.step, tensor_util.make_ndarray(e.tensor_proto)) for e in accumulator.Tensors(tag)
            ]
            for tag in accumulator.Tags()["tensors"]
        }
    return runs


def numbers(values):
    return [(step, float(value)) for step, value in values]


def test_metrics_are_numbered_by_epochs(trained):
    history, runs, _ = trained()
    assert sorted(runs) == ["train", "validation"]
    for run, name in (("train", "loss"), ("validation", "val_loss")):
        expected = list(enumerate(np.float32(history[name]).tolist()))
        assert numbers(runs[run]["epoch_loss"]) == expected
    assert numbers(runs["train"]["epoch_learning_rate"]) == [(0, 0.125), (1, 0.125)]


def test_an_evaluation_is_numbered_by_the_optimizers_steps(trained):
    _, runs, _ = trained()
    assert [step for step, _ in runs["validation"]["evaluation_loss_vs_iterations"]] == [3, 6]


def test_without_validation_there_is_no_such_run(trained):
    _, runs, _ = trained(validate=False)
    assert sorted(runs) == ["train"]


def test_epochs_alone_need_no_batches():
    assert "on_train_batch_end" in TensorBoard("logs").ignored_hooks
    assert not TensorBoard("logs", update_freq=5).ignored_hooks


@pytest.mark.parametrize(("frequency", "steps"), [("batch", [1, 2, 3, 4, 5, 6]), (4, [4])])
def test_batches_are_numbered_through_the_training(trained, frequency, steps):
    _, runs, _ = trained(update_freq=frequency)
    assert [step for step, _ in runs["train"]["batch_loss"]] == steps


def test_speed_is_written_on_request(trained):
    _, runs, _ = trained(write_steps_per_second=True, update_freq=1)
    assert len(runs["train"]["epoch_steps_per_second"]) == 2
    assert len(runs["train"]["batch_steps_per_second"]) == 6
    assert all(rate > 0 for _, rate in runs["train"]["epoch_steps_per_second"])


def test_histograms_count_every_weight(trained):
    _, runs, model = trained(epochs=3, histogram_freq=2)
    tags = [tag for tag in runs["train"] if tag.endswith("/histogram")]
    assert tags == [f"{w.path}/histogram" for w in model.weights]
    kernel = runs["train"][tags[0]]
    assert [step for step, _ in kernel] == [0, 2]
    assert kernel[-1][1][:, 2].sum() == 12
    last = np.asarray(model.weights[0].numpy())
    assert np.isclose(kernel[-1][1][0, 0], last.min())


def test_weights_become_images_on_request(trained):
    _, runs, model = trained(epochs=1, histogram_freq=1, write_images=True)
    width, height, png = runs["train"][f"{model.weights[0].path}/image"][0][1]
    assert (width, height) == (b"4", b"3")
    assert png.startswith(b"\x89PNG")


def test_the_layers_become_a_graph(trained):
    _, runs, model = trained(epochs=1)
    ((step, text),) = runs["train"]["keras"]
    assert step == 0
    graph = keras_model_to_graph_def(json.loads(text.item()))
    names = [layer.name for layer in model.layers]
    assert [node.name.rpartition("/")[2] for node in graph.node][-2:] == names[-2:]
    assert list(graph.node[-1].input) == [graph.node[-2].name]


def test_no_graph_is_written_where_none_is_wanted(trained):
    _, runs, _ = trained(epochs=1, write_graph=False)
    assert "keras" not in runs["train"]


def test_summaries_of_the_callers_own_join_the_run(trained):
    class Mine(Callback):
        def on_train_batch_end(self, batch, logs=None):
            ft.summary.scalar("mine", batch)

    _, runs, _ = trained(Mine(), update_freq=2)
    assert [step for step, _ in runs["train"]["mine"]] == [2, 4, 6]
    assert state.writer is None


def test_files_are_closed_and_the_default_writer_is_back_after_an_exception(tmp_path, trained):
    class Fails(Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(Fails(), update_freq=1)
    assert state.writer is None
    assert [step for step, _ in read(tmp_path / "logs")["train"]["batch_loss"]] == [1]


def test_an_evaluation_alone_closes_its_file(tmp_path, trained):
    _, _, model = trained(epochs=1)
    board = TensorBoard(tmp_path / "alone")
    model.evaluate(X, Y, verbose=0, callbacks=[board])
    assert board._writers == {}
    assert list(read(tmp_path / "alone")["validation"]) == ["evaluation_loss_vs_iterations"]


@pytest.mark.parametrize("arguments", [{"profile_batch": 2}, {"embeddings_freq": 1}])
def test_what_would_write_nothing_is_refused(arguments):
    with pytest.raises(UnimplementedError, match=next(iter(arguments))):
        TensorBoard("logs", **arguments)


@pytest.mark.parametrize(
    "arguments", [{"update_freq": "step"}, {"update_freq": 0}, {"histogram_freq": -1}]
)
def test_frequencies_are_checked(arguments):
    with pytest.raises(InvalidArgumentError, match=next(iter(arguments))):
        TensorBoard("logs", **arguments)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((5,), (1, 1, 5, 1)), ((3, 5), (1, 3, 5, 1)), ((5, 3), (1, 3, 5, 1)),
        ((3, 3, 1, 8), (8, 3, 3, 1)), ((3, 3, 4, 8), None), ((), None),
        ((2, 3, 3, 3), (2, 3, 3, 3)),
    ],
)  # fmt: skip
def test_weights_as_images(shape, expected):
    found = as_image(np.zeros(shape))
    assert (None if found is None else found.shape) == expected
