"""Averages and sums over batches: `Mean`, `Sum`, `MeanMetricWrapper`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from freshet.core.errors import UnimplementedError
from freshet.core.tensor import Tensor
from freshet.graph.autograph.calling import f as converted
from freshet.keras import configurable, identifiers
from freshet.keras.losses.reduction import weight_of
from freshet.keras.masks import mask_of
from freshet.keras.metrics.metric import Metric
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import cast, divide_no_nan, logical_and
from freshet.ops.reduction import reduce_mean, reduce_sum
from freshet.ops.shaping import broadcast_to, shape


class Sum(Metric):
    """The weighted sum of all values.

    result = sum(w v)

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    Example:
        >>> metric = Sum()
        >>> metric.update_state([1.0, 3.0]); float(metric([5.0]))
        9.0
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_weight(name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values.

        Args:
            values: Numbers, one or more per example.
            sample_weight: How much each example counts; 1 by default.
        """
        per_example, _ = samplewise(self, values, sample_weight, reduce_sum)
        self.total.assign(self.total + reduce_sum(per_example))

    def result(self) -> Tensor:
        """Return the sum."""
        return self.total.value()


class Mean(Metric):
    """The weighted mean of all values.

    result = sum(w v) / sum(w),  and 0 before the first batch

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    Example:
        >>> metric = Mean()
        >>> metric.update_state([1.0, 3.0]); float(metric([5.0]))
        3.0
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_weight(name="total")
        self.count = self.add_weight(name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values.

        Args:
            values: Numbers, one or more per example; the mean of an example's counts once.
            sample_weight: How much each example (or element) counts; 1 by default.
        """
        per_example, weight = samplewise(self, values, sample_weight, reduce_mean)
        self.total.assign(self.total + reduce_sum(per_example))
        if weight is not None:
            count: Any = reduce_sum(weight)
        elif per_example.ndim:
            size = per_example.shape[0]
            count = cast(shape(per_example)[0], self.dtype) if size is None else float(size)
        else:
            count = 1.0
        self.count.assign(self.count + count)

    def result(self) -> Tensor:
        """Return the mean."""
        return divide_no_nan(self.total, self.count)


class MeanOfPairs(Mean):
    """The mean of a function of targets and predictions; a subclass writes `values`."""

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """Return one number per example, or more."""
        raise UnimplementedError(f"{type(self).__name__} has no values(y_true, y_pred)")

    def valid(self, y_true: Any, y_pred: Any) -> Tensor | None:
        """Return which of the values count; None for all."""
        del y_true, y_pred
        return None

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add a batch.

        Args:
            y_true: Targets.
            y_pred: Predictions.
            sample_weight: How much each example (or element) counts; 1 by default.
        """
        found = cast(self.values(y_true, y_pred), self.dtype)
        valid, mask = self.valid(y_true, y_pred), mask_of(y_pred)
        if mask is not None:
            valid = mask if valid is None else logical_and(valid, mask)
        if valid is not None:
            kept = cast(valid, found.dtype)
            if sample_weight is not None:
                name = type(self).__name__
                kept = kept * weight_of(name, "sample_weight", sample_weight, found)
            sample_weight = kept
        super().update_state(found, sample_weight)


class MeanMetricWrapper(MeanOfPairs):
    """The mean of a function of targets and predictions.

    Args:
        fn: A function ``(y_true, y_pred, **kwargs)`` that returns one number per example.
        name: As for `Metric`; the function's own by default.
        dtype: As for `Metric`.
        **kwargs: Handed on to the function.

    Example:
        >>> metric = MeanMetricWrapper(lambda y_true, y_pred: abs(y_true - y_pred))
        >>> float(metric([1.0, 2.0], convert_to_tensor([1.0, 5.0])))
        1.5
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name or getattr(fn, "__name__", None), dtype)
        self.fn = fn
        self._kwargs = kwargs

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """Return what the function does."""
        return converted(self.fn)(y_true, y_pred, **self._kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON values."""
        own = {"name": self.name, "dtype": self.dtype}
        rest = {k: configurable.serialize(v) for k, v in self._kwargs.items()}
        return {**own, "fn": identifiers.function_config(self.fn), **rest}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make the metric from what `get_config` returned."""
        rest = dict(config)
        return cls(_function(rest.pop("fn")), **rest)


def _function(identifier: Any) -> Any:
    """Return a function by its name among the metrics, or a loss."""
    from freshet.keras import metrics  # noqa: PLC0415 (this module is part of it)

    name = identifier.get("config") if isinstance(identifier, dict) else identifier
    found = getattr(metrics, name, None) if isinstance(name, str) else None
    return found if callable(found) else identifiers.get(identifier, "losses", "a metric")


def samplewise(
    metric: Metric, values: Any, sample_weight: Any, reduce: Callable[..., Tensor]
) -> tuple[Tensor, Tensor | None]:
    """Return one weighted value per example, and the weight of each.

    Args:
        metric: Who asks; its dtype is that of the result.
        values: Numbers, one or more per example.
        sample_weight: How much each example (or element) counts.
        reduce: How the numbers of an example become one.
    """
    found = cast(convert_to_tensor(values), metric.dtype)
    weight = None
    if sample_weight is not None:
        name = type(metric).__name__
        given = convert_to_tensor(sample_weight)
        if not given.ndim and found.ndim:
            # One weight for the batch, which counts as one example then, as in Keras.
            found = reduce(found, tuple(range(found.ndim)))
        weight = weight_of(name, "sample_weight", given, found)
        weight = broadcast_to(weight, shape(found) if None in found.shape else tuple(found.shape))
        found = found * weight
        weight = _per_example(weight, reduce)
    return _per_example(found, reduce), weight


def _per_example(x: Tensor, reduce: Callable[..., Tensor]) -> Tensor:
    return reduce(x, tuple(range(1, x.ndim))) if x.ndim > 1 else x
