"""What `compile` was given: losses and metrics, matched with a model's outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.nest import flatten
from freshet.core.tensor import Tensor
from freshet.graph.autograph.calling import f as converted
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
        # Unknown names are refused here, in `compile`, and not when the first batch comes.
        self._given, self._weights, self._names = _resolved(loss), weights, list(names)
        if any(isinstance(weight, str) for weight in flatten(weights)):
            raise InvalidArgumentError(
                f"compile: loss_weights must be numbers, received {weights!r}; write "
                "metrics=... to give metrics"
            )
        self._losses: list[Any] | None = None
        self.trackers: list[Any] = []
        """The mean of each output's own loss, where there are several."""

    def _build(self, y_pred: Any, count: int) -> None:
        names = _names_of(y_pred, self._names, count)
        self._losses = _per_output("loss", self._given, names, count)
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
            self._build(y_pred, len(predictions))
        assert self._losses is not None
        names = _names_of(y_pred, self._names, len(predictions))
        targets = _matched("y", y, names)
        weights = _matched("sample_weight", sample_weight, names)
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
                # Weighted by its examples: the last batch may be smaller.
                self.trackers[number].update_state(value, _batch_size(predictions[number]))
            if self._scales[number] is not None:
                value = multiply(value, self._scales[number])
            total = value if total is None else add(total, value)
        return total


def _resolved(loss: Any) -> Any:
    """Return what `compile` was given with every loss as an object."""
    if isinstance(loss, dict) and "class_name" not in loss:
        return {k: _resolved(v) for k, v in loss.items()}
    if isinstance(loss, (list, tuple)):
        return [_resolved(v) for v in loss]
    found = losses.get(loss)
    if found is None or isinstance(found, losses.Loss):
        return found
    wrapped = losses.LossFunctionWrapper(found)
    # Freshet's functions convert the targets themselves, and name those given in their errors.
    wrapped.keeps_labels = getattr(found, "__module__", "").startswith("freshet.")
    return wrapped


def _names_of(y_pred: Any, known: Sequence[str], count: int) -> list[str]:
    """Return the outputs' names: their keys in a dict, the layers', or numbers."""
    if isinstance(y_pred, dict) and len(y_pred) == count:
        return sorted(y_pred)
    return list(known) if len(known) == count else [f"output_{i}" for i in range(count)]


def _matched(what: str, given: Any, names: Sequence[str]) -> list[Any]:
    """Return one target or weight per output; a dict has them by the outputs' names."""
    count = len(names)
    if given is None:
        return [None] * count
    if isinstance(given, dict):
        unknown = [k for k in given if k not in names]
        if unknown:
            raise InvalidArgumentError(
                f"{what} has a key {unknown[0]!r}, but the outputs are called {', '.join(names)}"
            )
        return [given.get(n) for n in names]
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

    def _build(self, y: list[Any], predictions: list[Any], names: list[str]) -> None:
        count = len(predictions)
        self._built = []
        for given, weighted in ((self._given, False), (self._weighted, True)):
            for number, group in enumerate(_grouped(given, names, count)):
                for one in group:
                    metric = _metric(one, y[number], predictions[number])
                    prefix = f"{names[number]}_" if count > 1 else ""
                    own = metric.name.removeprefix(prefix)  # it was given to `compile` before
                    used = {m.name for _, m, _ in self._built}
                    twice = weighted and prefix + own in used
                    metric.name = f"{prefix}weighted_{own}" if twice else prefix + own
                    self._built.append((number, metric, weighted))

    def update(self, y: Any, y_pred: Any, sample_weight: Any) -> None:
        """Add a batch."""
        predictions = flatten(y_pred)
        if not self._given and not self._weighted:
            self._built = []
            return
        names = _names_of(y_pred, self._names, len(predictions))
        targets = _matched("y", y, names)
        weights = _matched("sample_weight", sample_weight, names)
        if self._built is None:
            self._build(targets, predictions, names)
        assert self._built is not None
        for number, metric, weighted in self._built:
            weight = weights[number] if weighted else None
            update = converted(metric.update_state)
            update(targets[number], predictions[number], sample_weight=weight)


def _batch_size(y_pred: Tensor) -> float:
    size = y_pred.shape[0] if y_pred.ndim else 1
    return 1.0 if size is None else float(size)


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
        if isinstance(identifier, str):
            found.name = identifier
        return found
    name = identifier if isinstance(identifier, str) else getattr(found, "__name__", "metric")
    return metrics.MeanMetricWrapper(found, name=name)
