"""`Loss`: what every loss is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from freshet.core.errors import UnimplementedError
from freshet.core.nest import flatten, is_nested, map_structure
from freshet.core.tensor import Tensor
from freshet.graph.autograph.calling import f as converted
from freshet.keras import configurable, identifiers
from freshet.keras.configurable import Configurable
from freshet.keras.dtype_policies import get_policy
from freshet.keras.losses.reduction import checked_reduction, reduce_weighted
from freshet.keras.masks import mask_of
from freshet.keras.names import auto_name, class_prefix
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import cast, logical_and


class Loss(Configurable):
    """A function of targets and predictions that training makes small.

    A subclass writes `call`, which returns one loss per example (or per element of one); weighting
    and averaging are done here.

    Args:
        name: For printing; numbered after the class by default.
        reduction: How the batch's losses become one: "sum_over_batch_size" (or "mean") divides
            their sum by their number, "mean_with_sample_weight" by the sum of the weights, "sum"
            does not divide, "none" (or None) returns them as they are. The first by default, so
            that the learning rate need not change with the batch size.
        dtype: Of the computation; `floatx()` by default.

    Raises:
        InvalidArgumentError: There is no such reduction.

    Example:
        >>> class Absolute(Loss):
        ...     def call(self, y_true, y_pred):
        ...         return abs(y_true - y_pred)
        >>> float(Absolute()([1.0, 2.0], [1.0, 5.0]))
        1.5
    """

    family = "keras.losses"
    keeps_labels = False
    """Whether targets keep their dtype; otherwise they are converted to the loss's."""

    def __init__(
        self,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        self.name = name or auto_name(class_prefix(type(self)))
        self.reduction = checked_reduction(type(self).__name__, reduction)
        self.dtype: str = get_policy(dtype).compute_dtype.name

    def __call__(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None, *, mask: Any = None
    ) -> Tensor:
        """Return the loss of a batch.

        Args:
            y_true: Targets.
            y_pred: Predictions.
            sample_weight: How much each example (or element) counts; 1 by default.
            mask: Which elements of the result of `call` count; those of the predictions' mask by
                default.
        """
        mask = mask_of(y_pred) if mask is None else mask
        true = _tensors(y_true, None if self.keeps_labels else self.dtype)
        pred = _tensors(y_pred, self.dtype)
        values = cast(converted(self.call)(true, pred), self.dtype)
        own = self.valid(true, pred)
        if own is not None:
            mask = own if mask is None else logical_and(own, cast(mask, "bool"))
        name = type(self).__name__
        return reduce_weighted(name, values, sample_weight, mask, self.reduction)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return one loss per example; a subclass writes it."""
        raise UnimplementedError(f"{type(self).__name__} has no call(y_true, y_pred)")

    def valid(self, y_true: Any, y_pred: Any) -> Tensor | None:
        """Return which elements of the result of `call` count; None for all."""
        del y_true, y_pred
        return None


class PairLoss(Loss):
    """A loss whose function converts targets itself, so that its errors show those given."""

    keeps_labels = True


class LossFunctionWrapper(Loss):
    """A loss made of a function.

    Args:
        fn: A function ``(y_true, y_pred, **kwargs)`` that returns one loss per example.
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.
        **kwargs: Handed on to the function.

    Example:
        >>> half = LossFunctionWrapper(lambda y_true, y_pred: (y_true - y_pred) * 0.5)
        >>> float(half([3.0], [1.0]))
        1.0
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name or getattr(fn, "__name__", None), reduction, dtype)
        self.fn = fn
        self._kwargs = kwargs

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return what the function does."""
        return converted(self.fn)(y_true, y_pred, **self._kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON values."""
        own = {"name": self.name, "reduction": self.reduction}
        rest = {k: configurable.serialize(v) for k, v in self._kwargs.items()}
        return {**own, "fn": identifiers.function_config(self.fn), **rest}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make the loss from what `get_config` returned."""
        rest = dict(config)
        return cls(identifiers.get(rest.pop("fn"), "losses", "a loss"), **rest)


def _tensors(value: Any, dtype: str | None) -> Any:
    """Return a value, or the values of a structure of arrays, as tensors."""

    def one(leaf: Any) -> Tensor:
        tensor = convert_to_tensor(leaf)
        return tensor if dtype is None else cast(tensor, dtype)

    arrays = is_nested(value) and any(getattr(leaf, "shape", ()) for leaf in flatten(value))
    return map_structure(one, value) if arrays or isinstance(value, dict) else one(value)
