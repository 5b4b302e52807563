"""Attention: outputs that are means of values, weighted by how well keys fit queries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.keras.layers.layer import Layer
from freshet.keras.random import SeedGenerator
from freshet.ops import array, nn, shaping
from freshet.ops import math as m
from freshet.ops.contraction import matmul
from freshet.ops.elementwise import zeros_of
from freshet.ops.reduction import reduce_sum


def causal_mask(queries: int | None, keys: int | None) -> Tensor:
    """Return bool[queries, keys]: each query sees the keys that are not after it.

    Example:
        >>> causal_mask(2, 3).numpy().tolist()
        [[True, False, False], [True, True, False]]
    """
    if queries is None or keys is None:
        raise InvalidArgumentError(
            f"a causal mask needs numbers of steps that are known, received {queries} and {keys}"
        )
    places = array.iota_p(size=keys, dtype=_PLACE)
    return m.greater_equal(
        array.expand_dims_p(array.iota_p(size=queries, dtype=_PLACE), axes=(1,)),
        array.expand_dims_p(places, axes=(0,)),
    )


_PLACE = shaping.dtypes.int32


def hidden(dtype: Any) -> float:
    """Return a score so low that the exponential of its distance from any other is 0."""
    return -3e4 if dtype.name == "float16" else -1e9


class Attention(Layer):
    """Attention by dot products.

    y[b, t, :] = sum over s of w[b, t, s] * value[b, s, :]
    w[b, t, :] = softmax over s of  scale * (query[b, t, :] . key[b, s, :])

    With `score_mode` "concat" the scores are ``concat_score_weight * sum(tanh(scale * (query +
    key)))``.

    Args:
        use_scale: Whether there is a trained factor `scale`.
        score_mode: "dot" or "concat".
        dropout: Probability that a weight is dropped in training.
        seed: Of dropout's choices; drawn from the global generator by default.
        **kwargs: As for `Layer`.
    Call arguments:
        inputs: [query, value] or [query, value, key]: float[batch, queries, features],
            float[batch, keys, values], float[batch, keys, features]. The key is the value by
            default.
        mask: [query mask, value mask], bool[batch, steps] or None each: values that do not count
            have no weight, queries that do not count give 0.
        training: Whether to drop weights.
        return_attention_scores: Whether to return the weights, too.
        use_causal_mask: Whether each query sees only the values that are not after it.

    Returns:
        float[batch, queries, values]; and float[batch, queries, keys], if asked for.

    Raises:
        InvalidArgumentError: The inputs are not two or three tensors.

    Example:
        >>> import freshet as ft
        >>> Attention()([ft.zeros([1, 1, 2]), ft.constant([[[1.0, 2.0], [3.0, 6.0]]])]).numpy()
        array([[[2., 4.]]], dtype=float32)

    Source: Luong et al. 2015, arXiv:1508.04025, eq. 7 and 8.
    """

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if score_mode not in {"dot", "concat"}:
            raise InvalidArgumentError(
                f"{type(self).__name__}: score_mode must be 'dot' or 'concat', received "
                f"{score_mode!r}"
            )
        self.use_scale = use_scale
        self.score_mode = score_mode
        self.dropout = dropout
        self.seed = seed
        self.seed_generator = SeedGenerator(seed) if dropout > 0 else None

    def build(self, input_shape: Any) -> None:
        """Make the factors."""
        del input_shape
        self.scale = self.concat_score_weight = None
        if self.use_scale:
            self.scale = self.add_weight((), "ones", name="scale")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight((), "ones", name="concat_score_weight")

    def _check_input(self, args: tuple[Any, ...]) -> None:
        inputs = args[0]
        if not isinstance(inputs, (list, tuple)) or len(inputs) not in {2, 3}:
            raise InvalidArgumentError(
                f"layer {self.name!r} ({type(self).__name__}): expected a list [query, value] or "
                f"[query, value, key], received "
                f"{len(inputs) if isinstance(inputs, (list, tuple)) else type(inputs).__name__}"
            )

    def call(
        self,
        inputs: Sequence[Tensor],
        mask: Any = None,
        training: bool = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """Apply the layer."""
        query, value = inputs[0], inputs[1]
        key = inputs[2] if len(inputs) > 2 else value
        query_mask, value_mask = (mask[0], mask[1]) if mask is not None else (None, None)
        scores = self._scores(query, key)
        seen = None if value_mask is None else shaping.expand_dims(value_mask, -2)
        if use_causal_mask:
            before = causal_mask(scores.shape[-2], scores.shape[-1])
            seen = before if seen is None else m.logical_and(seen, before)
        if seen is not None:
            scores = m.where(seen, scores, scores + hidden(scores.dtype))
        weights = nn.softmax(scores)
        if training and self.seed_generator is not None:
            weights = nn.drop_elements(weights, self.dropout, None, self.seed_generator.next())
        y = matmul(weights, value)
        if query_mask is not None:
            y = m.where(shaping.expand_dims(query_mask, -1), y, zeros_of(y))
        return (y, weights) if return_attention_scores else y

    def _scores(self, query: Tensor, key: Tensor) -> Tensor:
        """Return how well each key fits each query, [batch, queries, keys]."""
        if self.score_mode == "dot":
            scores = matmul(query, key, transpose_b=True)
            return scores if self.scale is None else scores * self.scale
        pairs = shaping.expand_dims(query, -2) + shaping.expand_dims(key, -3)
        if self.scale is not None:
            pairs = pairs * self.scale
        found: Tensor = self.concat_score_weight * reduce_sum(m.tanh(pairs), -1)
        return found

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return the mask of the queries."""
        del inputs
        return None if previous_mask is None else previous_mask[0]


class AdditiveAttention(Attention):
    """Attention by sums.

    y[b, t, :] = sum over s of w[b, t, s] * value[b, s, :]
    w[b, t, :] = softmax over s of  sum over f of scale[f] * tanh(query[b, t, f] + key[b, s, f])

    Args:
        use_scale: Whether there is a trained factor `scale` for each feature, else 1.
        dropout: Probability that a weight is dropped in training.
        seed: Of dropout's choices; drawn from the global generator by default.
        **kwargs: As for `Layer`.
    Call arguments:
        inputs: As for `Attention`.

    Returns:
        As `Attention`.

    Source: Bahdanau et al. 2014, arXiv:1409.0473, appendix A.1.2.
    """

    not_in_config: ClassVar[frozenset[str]] = frozenset({"score_mode"})

    def __init__(
        self, use_scale: bool = True, dropout: float = 0.0, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, seed=seed, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Make the factors."""
        self.scale = None
        if self.use_scale:
            self.scale = self.add_weight((input_shape[0][-1],), "glorot_uniform", name="scale")

    def _scores(self, query: Tensor, key: Tensor) -> Tensor:
        pairs = m.tanh(shaping.expand_dims(query, -2) + shaping.expand_dims(key, -3))
        return reduce_sum(pairs if self.scale is None else pairs * self.scale, -1)
