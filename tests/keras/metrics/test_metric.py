"""What the base class does: variables, nested metrics, errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from freshet.core.errors import FailedPreconditionError, UnimplementedError
from freshet.core.variable import Variable
from freshet.graph.function import function
from freshet.keras.metrics import Mean, Metric, Sum


class Largest(Metric):
    def __init__(self, name: str | None = None, dtype: Any = None, start: float = 0.0) -> None:
        super().__init__(dtype, name)
        self.start = start
        self.largest = self.add_weight(name="largest", initializer="zeros")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        from freshet.ops.math import maximum
        from freshet.ops.reduction import reduce_max

        self.largest.assign(maximum(self.largest, reduce_max(values)))

    def result(self) -> Any:
        return self.largest.value()


def test_a_metric_of_the_users_own_works_eagerly_and_traced() -> None:
    metric, traced = Largest(), Largest()
    compiled = function(lambda x: traced(x))
    for batch in ([1.0, 3.0], [2.0, 0.0]):
        x = np.array(batch, np.float32)
        assert float(metric(x)) == float(compiled(x)) == 3.0


def test_its_configuration_is_read_off_the_constructor() -> None:
    metric = Largest("top", start=2.0)
    assert metric.get_config() == {"name": "top", "dtype": "float32", "start": 2.0}
    assert Largest.from_config(metric.get_config()).name == "top"


def test_variables_are_its_own_then_those_of_metrics_within() -> None:
    class Two(Metric):
        def __init__(self) -> None:
            super().__init__()
            self.parts = {"mean": Mean(), "sum": Sum()}
            self.extra = Variable(1.0, trainable=False, name="extra")
            self.own = self.add_variable((2,), name="own", dtype="int32")

    names = [v.name for v in Two().variables]
    assert names == ["own", "total", "count", "total", "extra:0"]
    metric = Two()
    metric.own.assign([1, 2])
    metric.parts["mean"].update_state([3.0])
    metric.reset_state()
    assert [np.any(v.numpy()) for v in metric.variables] == [False] * 5


def test_variables_are_named_after_the_metric() -> None:
    assert [v.path for v in Mean("loss").variables] == ["loss/total", "loss/count"]
    assert not any(v.trainable for v in Mean().variables)


def test_names_are_numbered() -> None:
    assert Largest().name.startswith("largest")
    assert Largest().name != Largest().name
    assert repr(Mean("loss")) == "<Mean name=loss>"


def test_a_forgotten_super_init_is_named() -> None:
    class Wrong(Metric):
        def __init__(self) -> None:
            self.total = self.add_weight(name="total")

    with pytest.raises(FailedPreconditionError, match=r"Wrong: its __init__ must begin with super"):
        Wrong()


def test_methods_that_a_subclass_must_write() -> None:
    with pytest.raises(UnimplementedError, match="Metric has no update_state method"):
        Metric().update_state([1.0])
    with pytest.raises(UnimplementedError, match="Metric has no result method"):
        Metric().result()


def test_metrics_may_be_made_in_the_first_trace() -> None:
    made: list[Mean] = []

    @function
    def step(x: Any) -> Any:
        if not made:
            made.append(Mean())
        return made[0](x)

    assert float(step(np.float32([1.0, 3.0]))) == 2.0
    assert float(step(np.float32([8.0, 8.0]))) == 5.0
