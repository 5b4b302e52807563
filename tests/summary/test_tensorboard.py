"""What TensorBoard itself makes of our files: the data that its pages show."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.context import RequestContext
from tensorboard.util import tensor_util

import freshet as ft

LOSSES = [0.5, 0.25, 0.125]
PICTURES = np.random.default_rng(0).integers(0, 256, [2, 4, 6, 3], np.uint8)


@pytest.fixture
def logdir(tmp_path):
    for run in ("train", "validation"):
        with ft.summary.create_file_writer(tmp_path / run).as_default():
            for step, loss in enumerate(LOSSES):
                ft.summary.scalar("loss", loss, step=step, description="The **mean** loss.")
            ft.summary.histogram("weights", [0.0, 1.0, 2.0, 2.0], step=1, buckets=2)
            ft.summary.image("digits", PICTURES, step=2)
            ft.summary.text("notes", ["first", "second"], step=3)
    return tmp_path


def test_the_event_accumulator_reads_every_kind(logdir):
    accumulator = EventAccumulator(str(logdir / "train"))
    accumulator.Reload()
    assert sorted(accumulator.Tags()["tensors"]) == ["digits", "loss", "notes", "weights"]
    assert accumulator.FirstEventTimestamp() <= accumulator.Tensors("loss")[0].wall_time
    for plugin, tag in [
        ("scalars", "loss"),
        ("histograms", "weights"),
        ("images", "digits"),
        ("text", "notes"),
    ]:
        assert accumulator.PluginTagToContent(plugin) == {tag: b""}
    read = {
        tag: [(e.step, tensor_util.make_ndarray(e.tensor_proto)) for e in accumulator.Tensors(tag)]
        for tag in accumulator.Tags()["tensors"]
    }
    assert read["loss"] == list(enumerate(LOSSES))
    assert read["weights"][0][1].tolist() == [[0, 1, 1], [1, 2, 3]]
    assert read["notes"][0][1].tolist() == [b"first", b"second"]
    width, height, *pictures = read["digits"][0][1]
    assert (width, height) == (b"6", b"4")
    decoded = [np.asarray(Image.open(io.BytesIO(png))) for png in pictures]
    np.testing.assert_array_equal(decoded, PICTURES)


def test_the_pages_show_every_kind_of_both_runs(logdir):
    multiplexer = EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(logdir))
    multiplexer.Reload()
    provider = MultiplexerDataProvider(multiplexer, str(logdir))
    context = RequestContext()

    def listed(list_of, plugin: str) -> dict:
        found = list_of(context, experiment_id="", plugin_name=plugin)
        assert set(found) == {"train", "validation"}
        return found["train"]

    scalars = listed(provider.list_scalars, "scalars")
    assert scalars["loss"].max_step == 2
    assert scalars["loss"].description == "The **mean** loss."
    curves = provider.read_scalars(context, experiment_id="", plugin_name="scalars", downsample=100)
    assert [(p.step, p.value) for p in curves["validation"]["loss"]] == list(enumerate(LOSSES))
    assert listed(provider.list_tensors, "histograms")["weights"].max_step == 1
    assert listed(provider.list_tensors, "text")["notes"].max_step == 3
    images = listed(provider.list_blob_sequences, "images")
    assert images["digits"].max_length == 2 + len(PICTURES)
