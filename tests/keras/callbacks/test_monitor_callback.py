"""Whether a metric improves."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from freshet.core.errors import InvalidArgumentError
from freshet.keras.callbacks import MonitorCallback


@pytest.mark.parametrize(
    ("monitor", "rising"),
    [
        ("val_loss", False), ("loss", False), ("val_accuracy", True), ("sparse_top_k_acc", True),
        ("auc", True), ("val_mean_squared_error", False), ("mae", False), ("precision_1", True),
        ("mean_io_u", True), ("mean_iou", True), ("cosine_similarity", True), ("head_loss", False),
        ("false_positives", False), ("binary_crossentropy", False), ("custom", None),
    ],
)  # fmt: skip
def test_names_tell_the_direction(monitor, rising):
    assert MonitorCallback(monitor)._rising() is rising


def test_a_metric_that_knows_its_direction_is_believed(model):
    inner = SimpleNamespace(name="custom", _direction="up")
    model.metrics = [SimpleNamespace(name="group", metrics=[inner])]
    callback = MonitorCallback("val_custom")
    callback.set_model(model)
    assert callback._improved(2.0, 1.0)
    assert not callback._improved(1.0, 2.0)


def test_an_unknown_direction_asks_for_the_mode():
    with pytest.raises(InvalidArgumentError, match="'custom' should rise or fall; pass mode='max'"):
        MonitorCallback("custom")._improved(1.0, 2.0)


@pytest.mark.parametrize(
    ("mode", "value", "reference", "improved"),
    [
        ("min", 0.89, 1.0, True), ("min", 0.91, 1.0, False), ("max", 1.11, 1.0, True),
        ("max", 1.09, 1.0, False), ("min", float("nan"), 1.0, False), ("max", 0.0, None, True),
    ],
)  # fmt: skip
def test_an_improvement_must_exceed_min_delta(mode, value, reference, improved):
    callback = MonitorCallback("m", mode, min_delta=-0.1)
    assert callback._improved(value, reference) is improved


def test_an_unknown_mode_warns_and_means_auto():
    with pytest.warns(UserWarning, match="mode 'maximum' is none of auto, min, max"):
        callback = MonitorCallback("val_loss", "maximum")
    assert callback.mode == "auto"
