"""`Embedding`: a vector for each of a number of words."""

from __future__ import annotations

from typing import Any, ClassVar

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.keras import constraints, initializers, regularizers
from freshet.keras.layers.layer import Layer
from freshet.ops.gathering import embedding_lookup
from freshet.ops.math import cast, not_equal


class Embedding(Layer):
    """A table with a trained vector for each whole number in ``[0, input_dim)``.

    y[i..., :] = embeddings[x[i...], :]

    Args:
        input_dim: Number of rows: the largest number in the input, plus one.
        output_dim: Length of a vector.
        embeddings_initializer: Random numbers in [-0.05, 0.05) by default.
        embeddings_regularizer: Added to the loss.
        embeddings_constraint: Applied after each update.
        mask_zero: Whether 0 stands for steps that do not count: later layers are given the mask
            ``x != 0``.
        weights: First value of the table, instead of the initializer's.
        quantization_config: Only None.
        **kwargs: As for `Layer`.
    Call arguments:
        x: Whole numbers[...]; others are truncated.

    Returns:
        float[..., output_dim].

    Raises:
        InvalidArgumentError: `input_dim` or `output_dim` is not positive; when called, a number is
            outside the table.

    Example:
        >>> import freshet as ft
        >>> Embedding(100, 8)(ft.constant([[4, 20, 1]])).shape
        TensorShape([1, 3, 8])
    """

    not_in_config: ClassVar[frozenset[str]] = frozenset({"weights"})

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, size in (("input_dim", input_dim), ("output_dim", output_dim)):
            if not isinstance(size, int) or isinstance(size, bool) or size <= 0:
                raise InvalidArgumentError(
                    f"Embedding: {name} must be a positive integer, received {size!r}"
                )
        if quantization_config is not None:
            raise InvalidArgumentError("Embedding: quantization_config must be None")
        self.input_dim = input_dim
        self.output_dim = output_dim
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = mask_zero
        self.quantization_config = None
        if weights is not None:
            self.build(None)
            self.set_weights(weights if isinstance(weights, list) else [weights])

    def build(self, input_shape: Any) -> None:
        """Make the table."""
        del input_shape
        self.embeddings = self.add_weight(
            (self.input_dim, self.output_dim), self.embeddings_initializer, name="embeddings",
            regularizer=self.embeddings_regularizer, constraint=self.embeddings_constraint,
        )  # fmt: skip

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        return embedding_lookup(self.embeddings, _whole(x))

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return where the input is not 0, if that is asked for."""
        del previous_mask
        return not_equal(inputs, 0) if self.mask_zero else None


def _whole(x: Tensor) -> Tensor:
    return x if x.dtype.is_integer else cast(x, "int32")
