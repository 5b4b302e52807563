"""Every metric beside Keras after each of three batches, eager and traced."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from freshet.graph.function import function
from freshet.keras import metrics
from freshet.ops.conversion import convert_to_tensor

CASES = json.loads((Path(__file__).parents[1] / "oracle" / "metrics.json").read_text())


def label(case: dict[str, Any]) -> str:
    weighted = "-weighted" if len(case["batches"][0]) == 3 else ""
    return case["name"] + weighted + "".join(f"-{k}={v}" for k, v in case["kwargs"].items())


def batches(case: dict[str, Any]) -> list[list[Any]]:
    return [
        [convert_to_tensor(np.asarray(x, d)) for x, d in zip(batch, case["dtypes"], strict=True)]
        for batch in case["batches"]
    ]


@pytest.mark.parametrize("case", CASES, ids=label)
def test_results_are_those_of_keras(case: dict[str, Any]) -> None:
    metric = getattr(metrics, case["name"])(**case["kwargs"])
    for batch, expected in zip(batches(case), case["results"], strict=True):
        metric.update_state(*batch)
        np.testing.assert_allclose(metric.result(), expected, rtol=5e-6, atol=1e-7)


@pytest.mark.parametrize("case", CASES, ids=label)
def test_a_reset_forgets_everything(case: dict[str, Any]) -> None:
    metric = getattr(metrics, case["name"])(**case["kwargs"])
    first, second, _ = batches(case)
    metric.update_state(*second)
    metric.reset_state()
    assert all(not np.any(v.numpy()) for v in metric.variables)
    np.testing.assert_allclose(metric(*first), case["results"][0], rtol=5e-6, atol=1e-7)


@pytest.mark.parametrize("case", CASES, ids=label)
def test_configurations_of_keras_are_read_and_written(case: dict[str, Any]) -> None:
    made = metrics.deserialize(case["config"])
    assert type(made) is getattr(metrics, case["name"])
    written = metrics.serialize(made)
    assert {**written, "config": None} == {**case["config"], "config": None}
    assert case["config"]["config"].items() <= written["config"].items()
    assert metrics.get(written).get_config() == written["config"]


def chosen() -> list[dict[str, Any]]:
    """Return a case of each kind of metric; those made of a loss are traced with the losses."""
    first = {case["name"]: case for case in reversed(CASES)}
    kinds = [
        "Mean", "Sum", "RootMeanSquaredError", "BinaryAccuracy", "CategoricalAccuracy",
        "SparseCategoricalAccuracy", "SparseTopKCategoricalAccuracy", "CosineSimilarity",
        "FalsePositives", "Recall", "AUC", "MeanIoU", "BinaryIoU",
    ]  # fmt: skip
    wanted = [{"top_k": 2, "class_id": 1}, {"curve": "PR"}, {"multi_label": True}]
    return [first[kind] for kind in kinds] + [c for c in CASES if c["kwargs"] in wanted]


def test_traced_results_are_the_eager_ones() -> None:
    cases = chosen()

    def make() -> list[Any]:
        return [getattr(metrics, case["name"])(**case["kwargs"]) for case in cases]

    def update(made: list[Any], given: list[list[Any]]) -> list[Any]:
        return [metric(*batch) for metric, batch in zip(made, given, strict=True)]

    eager, traced = make(), make()
    # One program for all: compiling each alone would take longer than running everything.
    compiled = function(lambda given: update(traced, given))
    every = [batches(case) for case in cases]
    for number in range(3):
        given = [found[number] for found in every]
        for case, want, found in zip(cases, update(eager, given), compiled(given), strict=True):
            np.testing.assert_allclose(
                found, want, rtol=5e-6, atol=1e-7, err_msg=f"{label(case)}, batch {number}"
            )
