"""What `compile` was given: losses and metrics, matched with a model's outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.nest import flatten
from freshet.core.tensor import Tensor
from freshet.keras import losses, metrics
from freshet.ops.math import add, multiply


def _per_output(what: str, given: Any, names: Sequence[str], count: int) -> list[Any]:
    """Return what belongs to each output, from a list, a dict by name, or one for all."""
    if isinstance(given, dict):
        unknown = [n for n in given if n not in names]
        if unknown:
            raise InvalidArgumentError(
                f"compile: {what} has a key {unknown[0]!r}, but the outputs are called "
                f"{', '.join(names)}"
            )
        return [given.get(n) for n in names]
    if isinstance(given, (list, tuple)):
        if len(given) != count:
            raise InvalidArgumentError(
                f"compile: {what} has {len(given)} entries for {count} outputs"
            )
        return list(given)
    return [given] * count


class CompiledLoss:
    """The loss of a model: the weighted sum of one loss per output.

    Args:
        loss: A loss, or a list or dict of them; None for outputs without.
        weights: A number per output; 1 by default.
        names: The outputs' names, if the model knows them.
    """

    def __init__(self, loss: Any, weights: Any, names: Sequence[str]) -> None:
        self._given, self._weights, self._names = loss, weights, list(names)
        self._losses: list[Any] | None = None
        self.trackers: list[Any] = []
        """The mean of each output's own loss, where there are several."""

    def _build(self, count: int) -> None:
        names = self._names if len(self._names) == count else [f"output_{i}" for i in range(count)]
        found = _per_output("loss", self._given, names, count)
        self._losses = [None if f is None else losses.get(f) for f in found]
        self._scales = _per_output("loss_weights", self._weights, names, count)
        if count > 1:
            self.trackers = [
                metrics.Mean(name=f"{name}_loss") if one is not None else None
                for name, one in zip(names, self._losses, strict=True)
            ]

    def __call__(self, y: Any, y_pred: Any, sample_weight: Any) -> Tensor | None:
        """Return the total loss of a batch, None if no output has one."""
        predictions = flatten(y_pred)
        if self._losses is None:
            self._build(len(predictions))
        assert self._losses is not None
        targets = _matched("y", y, y_pred, len(predictions))
        weights = _matched("sample_weight", sample_weight, y_pred, len(predictions))
        total: Tensor | None = None
        for number, loss in enumerate(self._losses):
            if loss is None:
                continue
            if targets[number] is None:
                raise InvalidArgumentError(
                    "the loss needs targets, but the data has none: give y, or batches (x, y)"
                )
            value = loss(targets[number], predictions[number], sample_weight=weights[number])
            if self.trackers:
                self.trackers[number].update_state(value)
            if self._scales[number] is not None:
                value = multiply(value, self._scales[number])
            total = value if total is None else add(total, value)
        return total


def _matched(what: str, given: Any, y_pred: Any, count: int) -> list[Any]:
    """Return one target or weight per output."""
    if given is None:
        return [None] * count
    if isinstance(given, dict) and isinstance(y_pred, dict):
        return [given.get(k) for k in sorted(y_pred)]
    leaves = flatten(given)
    if len(leaves) == 1 and count > 1 and what == "sample_weight":
        return leaves * count
    if len(leaves) != count:
        raise InvalidArgumentError(
            f"{what} has {len(leaves)} arrays, the model has {count} outputs"
        )
    return leaves


class CompiledMetrics:
    """The metrics of a model, made when the first outputs show what the short names mean.

    Args:
        given: A list of metrics, or a list or dict of such lists per output.
        weighted: The same, for metrics that use the sample weights.
        names: The outputs' names, if the model knows them.
    """

    def __init__(self, given: Any, weighted: Any, names: Sequence[str]) -> None:
        self._given, self._weighted, self._names = given, weighted, list(names)
        self._built: list[tuple[int, Any, bool]] | None = None

    @property
    def metrics(self) -> list[Any]:
        """The metrics; none before the first batch."""
        return [m for _, m, _ in self._built or []]

    def _build(self, y: list[Any], predictions: list[Any]) -> None:
        count = len(predictions)
        names = self._names if len(self._names) == count else [f"output_{i}" for i in range(count)]
        self._built = []
        for given, weighted in ((self._given, False), (self._weighted, True)):
            for number, group in enumerate(_grouped(given, names, count)):
                for one in group:
                    metric = _metric(one, y[number], predictions[number])
                    if count > 1:
                        metric.name = f"{names[number]}_{metric.name}"
                    self._built.append((number, metric, weighted))

    def update(self, y: Any, y_pred: Any, sample_weight: Any) -> None:
        """Add a batch."""
        predictions = flatten(y_pred)
        if not self._given and not self._weighted:
            self._built = []
            return
        targets = _matched("y", y, y_pred, len(predictions))
        weights = _matched("sample_weight", sample_weight, y_pred, len(predictions))
        if self._built is None:
            self._build(targets, predictions)
        assert self._built is not None
        for number, metric, weighted in self._built:
            weight = weights[number] if weighted else None
            metric.update_state(targets[number], predictions[number], sample_weight=weight)


def _grouped(given: Any, names: Sequence[str], count: int) -> list[list[Any]]:
    """Return the list of metrics of each output."""
    if given is None:
        return [[] for _ in range(count)]
    if count == 1 and not isinstance(given, dict):
        flat = given if isinstance(given, (list, tuple)) else [given]
        return [[m for m in flatten(list(flat)) if m is not None]]
    found = _per_output("metrics", given, names, count)
    return [[] if g is None else list(g) if isinstance(g, (list, tuple)) else [g] for g in found]


def _metric(identifier: Any, y: Any, y_pred: Any) -> Any:
    """Return a metric; "accuracy" and "crossentropy" mean the one that fits the shapes."""
    kinds = {"accuracy": "accuracy", "acc": "acc", "crossentropy": "crossentropy", "ce": "ce"}
    if isinstance(identifier, str) and identifier in kinds:
        binary = y_pred.shape[-1] == 1 if y_pred.ndim else True
        sparse = y.ndim < y_pred.ndim or (y.ndim and y.shape[-1] == 1 and y_pred.shape[-1] != 1)
        kind = "Binary" if binary else "SparseCategorical" if sparse else "Categorical"
        suffix = "Accuracy" if identifier.startswith("acc") else "Crossentropy"
        return getattr(metrics, f"{kind}{suffix}")(name=identifier)
    found = metrics.get(identifier)
    if isinstance(found, metrics.Metric):
        return found
    name = identifier if isinstance(identifier, str) else getattr(found, "__name__", "metric")
    return metrics.MeanMetricWrapper(found, name=name)
