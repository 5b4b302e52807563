"""`Bidirectional`: a sequence gone through in both directions."""

from __future__ import annotations

from typing import Any, Self

from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.core.nest import flatten
from freshet.core.tensor import Tensor
from freshet.keras.configurable import deserialize_object, serialize_object
from freshet.keras.layers.layer import Layer
from freshet.keras.layers.recurrent.inner import build_inner, takes
from freshet.keras.registry import custom_object_scope
from freshet.ops import shaping
from freshet.ops.math import cast

MODES = ("sum", "mul", "concat", "ave", None)


class Bidirectional(Layer):
    """A recurrent layer over a sequence, and another one over it from its end.

    y[t] = merge(forward[t], backward[t])

    where both have seen step t last: one what comes before it, the other what comes after.

    Args:
        layer: A recurrent layer, such as `LSTM`; a fresh copy of it becomes the forward layer.
        merge_mode: How the two outputs become one: "concat", "sum", "mul", "ave" (their mean); None
            returns both.
        weights: Values of the weights, those of the forward layer first.
        backward_layer: The other layer, with `go_backwards`; a copy of `layer` by default.
        **kwargs: As for `Layer`.
    Call arguments:
        sequences: float[batch, steps, features].
        initial_state: States to begin with, those of the forward layer first.
        mask: bool[batch, steps]; steps where it is False count for nothing.
        training: Handed on to the layers.

    Returns:
        The output of both; with `return_state` in a tuple with the states of both.

    Raises:
        InvalidArgumentError: The two layers go the same way or return different things.

    Example:
        >>> import freshet as ft
        >>> lstm = ft.keras.layers.LSTM(4)
        >>> Bidirectional(lstm)(ft.ones([2, 5, 3])).shape
        TensorShape([2, 8])

    Source: Schuster & Paliwal, "Bidirectional Recurrent Neural Networks", IEEE Transactions on
    Signal Processing 45, 1997.
    """

    not_in_config = frozenset({"weights"})

    def __init__(
        self,
        layer: Layer,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Layer | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for given in (layer, backward_layer):
            if given is not None and not hasattr(given, "go_backwards"):
                raise InvalidArgumentError(
                    f"Bidirectional: expected a recurrent layer, received {given!r}"
                )
        if merge_mode not in MODES:
            raise InvalidArgumentError(
                f"Bidirectional: merge_mode must be one of {MODES}, received {merge_mode!r}"
            )
        self.merge_mode = merge_mode
        self.forward_layer: Any = _copy(layer, "forward_")
        self.backward_layer: Any = backward_layer
        if backward_layer is None:
            back = not self.forward_layer.go_backwards
            self.backward_layer = _copy(layer, "backward_", go_backwards=back)
        self._check_pair()
        for one in (self.forward_layer, self.backward_layer):
            # What a masked step puts out must not depend on where the other direction is.
            one.zero_output_for_mask = one.return_sequences
        self._first_weights = weights

    def _check_pair(self) -> None:
        one, other = self.forward_layer, self.backward_layer
        if one.go_backwards == other.go_backwards:
            raise InvalidArgumentError(
                "Bidirectional: one layer must have go_backwards=True and the other not, received "
                f"{one.go_backwards} for both"
            )
        for name in ("stateful", "return_sequences", "return_state"):
            if getattr(one, name) != getattr(other, name):
                raise InvalidArgumentError(
                    f"Bidirectional: both layers must have the same {name}, received "
                    f"{getattr(one, name)} and {getattr(other, name)}"
                )

    @property
    def layer(self) -> Any:
        """The forward layer."""
        return self.forward_layer

    @property
    def stateful(self) -> bool:
        """Whether a batch begins with the states that the one before has left."""
        return bool(self.forward_layer.stateful)

    @property
    def return_sequences(self) -> bool:
        """Whether the outputs of all steps are returned."""
        return bool(self.forward_layer.return_sequences)

    @property
    def return_state(self) -> bool:
        """Whether the last states are returned, too."""
        return bool(self.forward_layer.return_state)

    @property
    def states(self) -> Any:
        """The states of both layers, None if they keep none."""
        both = self.forward_layer.states, self.backward_layer.states
        return None if None in both else (*both[0], *both[1])

    def reset_state(self) -> None:
        """Set the states of both layers to 0.

        Raises:
            FailedPreconditionError: The layer is not stateful.
        """
        if not self.stateful:
            raise FailedPreconditionError(f"{self.name}.reset_state: the layer is not stateful")
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    reset_states = reset_state

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make all layers from what `get_config` returned."""
        made = {
            key: deserialize_object(config[key])
            for key in ("layer", "backward_layer")
            if config.get(key) is not None
        }
        return cls(**{**config, **made})

    def build(self, input_shape: Any) -> None:
        """Make the weights of both layers."""
        build_inner(self, self.forward_layer, input_shape)
        build_inner(self, self.backward_layer, input_shape)
        if self._first_weights is not None:
            self.set_weights(self._first_weights)

    def call(
        self,
        sequences: Tensor,
        initial_state: Any = None,
        mask: Any = None,
        training: bool = False,
    ) -> Any:
        """Apply both layers."""
        given = [] if initial_state is None else flatten(initial_state)
        half = len(given) // 2
        y = _run(self.forward_layer, sequences, given[:half], mask, training)
        back = _run(self.backward_layer, sequences, given[half:], mask, training)
        states: tuple[Any, ...] = ()
        if self.return_state:
            (y, *own), (back, *others) = y, back
            states = (*own, *others)
        y, back = (cast(part, self.compute_dtype) for part in (y, back))
        if self.return_sequences:
            back = shaping.reverse(back, [1])
        if self.merge_mode is None:
            return (y, back, *states)
        merged = _merged(self.merge_mode, y, back)
        return (merged, *states) if self.return_state else merged

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return the mask of the output: that of the input if there is one for each step."""
        del inputs
        if not self.return_sequences:
            return None
        mask = flatten(previous_mask)[0]
        return [mask, mask] if self.merge_mode is None else mask


def _run(layer: Any, sequences: Tensor, states: list[Any], mask: Any, training: bool) -> Any:
    known = {"initial_state": states or None, "mask": mask, "training": training}
    asked = {k: v for k, v in known.items() if v is not None and takes(layer, k)}
    return layer(sequences, **asked)


def _merged(mode: str, y: Tensor, back: Tensor) -> Tensor:
    if mode == "concat":
        return shaping.concat([y, back], -1)
    if mode == "mul":
        return y * back
    return y + back if mode == "sum" else (y + back) / 2.0


def _copy(layer: Layer, prefix: str, **changes: Any) -> Any:
    """Return a fresh layer with the configuration of another one, but for its name."""
    config = serialize_object(layer)
    name = prefix + layer.name.removeprefix(prefix)
    config["config"] = {**config["config"], "name": name, **changes}
    kinds = {type(one).__name__: type(one) for one in _all_within(layer)}
    own = {k: c for k, c in kinds.items() if not c.__module__.startswith("freshet.")}
    with custom_object_scope(own):
        return deserialize_object(config)


def _all_within(layer: Layer) -> list[Layer]:
    return [layer, *(inner for one in layer.layers_within() for inner in _all_within(one))]
