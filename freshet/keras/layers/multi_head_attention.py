"""`MultiHeadAttention`: attention of several kinds at once."""

from __future__ import annotations

import math
import string
from typing import Any, ClassVar

from freshet.core.errors import InvalidArgumentError, UnimplementedError
from freshet.core.shapes import TensorShape
from freshet.core.tensor import Tensor
from freshet.keras import constraints, initializers, regularizers
from freshet.keras.layers.attention import causal_mask, hidden
from freshet.keras.layers.einsum_dense import EinsumDense
from freshet.keras.layers.keras_tensor import KerasTensor
from freshet.keras.layers.layer import Layer
from freshet.keras.layers.regularization import Dropout
from freshet.keras.masks import mask_of
from freshet.ops import math as m
from freshet.ops import nn, shaping
from freshet.ops.linalg.einsum import einsum


class MultiHeadAttention(Layer):
    """Attention by dot products, several times with other projections of the same inputs.

    head[n, t, :] = sum over s of w[n, t, s] * V[n, s, :]
    w[n, t, :] = softmax over s of  (Q[n, t, :] . K[n, s, :]) / sqrt(key_dim)
    y[t, :] = sum over n of head[n, t, :] @ output_kernel[n] + output_bias

    where Q, K and V are query, key and value, each times the kernel of head n plus a bias.

    Args:
        num_heads: Number of heads.
        key_dim: Size of a head's queries and keys.
        value_dim: Size of a head's values; `key_dim` by default.
        dropout: Probability that a weight is dropped in training.
        use_bias: Whether the projections have biases.
        output_shape: Size or sizes of the output's features; those of the query by default.
        attention_axes: The axes along which queries look for keys; all but batch and features by
            default.
        sliding_window: Only None.
        flash_attention: Ignored: there is one way to compute it.
        kernel_initializer: Glorot & Bengio's uniform by default.
        bias_initializer: Zeros by default.
        kernel_regularizer: Added to the loss.
        bias_regularizer: Added to the loss.
        activity_regularizer: Of the projections, added to the loss.
        kernel_constraint: Applied after each update.
        bias_constraint: Applied after each update.
        use_gate: Only False.
        seed: Of dropout's choices; drawn from the global generator by default.
        **kwargs: As for `Layer`.
    Call arguments:
        query: float[batch, queries, features].
        value: float[batch, keys, features].
        key: float[batch, keys, features]; the value by default.
        query_mask: bool[batch, queries], which queries count; the one that the query carries by
            default. The same holds for `value_mask` and `key_mask`, bool[batch, keys].
        attention_mask: bool[batch, queries, keys], which key each query sees; it may broadcast, and
            have a dimension for the heads after the batch.
        return_attention_scores: Whether to return the weights, too.
        training: Whether to drop weights.
        use_causal_mask: Whether each query sees only the keys that are not after it.

    Returns:
        float[batch, queries, features of the query, or `output_shape`]; and float[batch, heads,
        queries, keys], if asked for.

    Raises:
        InvalidArgumentError: A number is not positive, or the shapes do not fit.

    Example:
        >>> import freshet as ft
        >>> x = ft.ones([2, 5, 8])
        >>> MultiHeadAttention(num_heads=2, key_dim=4)(x, x, use_causal_mask=True).shape
        TensorShape([2, 5, 8])

    Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.
    """

    supports_masking = True
    not_in_config: ClassVar[frozenset[str]] = frozenset({"flash_attention"})

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Any = None,
        attention_axes: Any = None,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.value_dim = key_dim if value_dim is None else value_dim
        for name, size in (
            ("num_heads", num_heads), ("key_dim", key_dim), ("value_dim", self.value_dim),
        ):  # fmt: skip
            if not isinstance(size, int) or size <= 0:
                raise InvalidArgumentError(
                    f"MultiHeadAttention: {name} must be a positive integer, received {size!r}"
                )
        if sliding_window is not None or use_gate:
            raise UnimplementedError(
                "MultiHeadAttention: sliding_window and use_gate are not there"
            )
        self.num_heads = num_heads
        self.key_dim = key_dim
        self.dropout = dropout
        self.use_bias = use_bias
        self.output_shape = (output_shape,) if isinstance(output_shape, int) else output_shape
        self.attention_axes = (
            (attention_axes,) if isinstance(attention_axes, int) else attention_axes
        )
        self.sliding_window = None
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self._projections_activity = regularizers.get(activity_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.use_gate = False
        self.seed = seed
        self._dropout_layer = Dropout(dropout, seed=seed, dtype=self.dtype_policy)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON values."""
        config = super().get_config()
        own = self._projections_activity
        return config | {"activity_regularizer": own and regularizers.serialize(own)}

    # --- building ---------------------------------------------------------------------------------

    def build(  # type: ignore[override]
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> None:
        """Make the projections."""
        shapes = [query_shape, value_shape, value_shape if key_shape is None else key_shape]
        ranks = {len(shape) for shape in shapes}
        if len(ranks) != 1 or min(ranks) < 3 or list(shapes[1][1:-1]) != list(shapes[2][1:-1]):
            raise InvalidArgumentError(
                "query, value and key must have one rank of at least 3, and value and key the same "
                f"steps, received shapes {', '.join(str(s) for s in shapes)}"
            )
        self._build_shapes = {"query_shape": query_shape, "value_shape": value_shape}
        if key_shape is not None:
            self._build_shapes["key_shape"] = key_shape
        rank = len(query_shape)
        sizes = (self.key_dim, self.key_dim, self.value_dim)
        self.query_dense, self.key_dense, self.value_dense = (
            self._into_heads(name, rank, size, shape)
            for name, size, shape in zip(
                ("query", "key", "value"), sizes, (shapes[0], shapes[2], shapes[1]), strict=True
            )
        )
        if self.attention_axes is None:
            self.attention_axes = tuple(range(1, rank - 1))
        self.attention_axes = tuple(int(axis) % rank for axis in self.attention_axes)
        self._equations = _attention_equations(rank + 1, self.attention_axes)
        self.output_dense = self._out_of_heads(rank, query_shape)

    def _into_heads(self, name: str, rank: int, size: int, shape: Any) -> EinsumDense:
        """Return the projection [..., features] to [..., heads, size]."""
        free, last, new = string.ascii_letters[: rank - 1], "x", "yz"
        return self._projection(
            f"{free}{last},{last}{new}->{free}{new}", (None,) * (rank - 2) + (self.num_heads, size),
            new, name, shape,
        )  # fmt: skip

    def _out_of_heads(self, rank: int, query_shape: Any) -> EinsumDense:
        """Return the projection [..., heads, values] to the output."""
        sizes = tuple(self.output_shape or (query_shape[-1],))
        free, heads = string.ascii_lowercase[: rank - 1], "yz"
        new = string.ascii_uppercase[: len(sizes)]
        shape = TensorShape([*query_shape[:-1], self.num_heads, self.value_dim])
        return self._projection(
            f"{free}{heads},{heads}{new}->{free}{new}", (None,) * (rank - 2) + sizes, new,
            "attention_output", shape,
        )  # fmt: skip

    def _projection(
        self, equation: str, output_shape: Any, bias_axes: str, name: str, shape: Any
    ) -> EinsumDense:
        made = EinsumDense(
            equation,
            output_shape,
            bias_axes=bias_axes if self.use_bias else None,
            kernel_initializer=_another(self.kernel_initializer),
            bias_initializer=_another(self.bias_initializer),
            kernel_regularizer=self.kernel_regularizer,
            bias_regularizer=self.bias_regularizer,
            activity_regularizer=self._projections_activity,
            kernel_constraint=self.kernel_constraint,
            bias_constraint=self.bias_constraint,
            dtype=self.dtype_policy,
            name=name,
        )
        made.supports_masking = True  # the masks are applied here, to the scores
        made.build(shape)
        return made

    def _build_for(self, args: Any, kwargs: Any) -> None:
        if not self.built:
            given = dict(zip(("query", "value", "key"), args, strict=False)) | kwargs
            if given.get("value") is None:
                raise InvalidArgumentError(
                    f"layer {self.name!r} (MultiHeadAttention): expected a query and a value"
                )
            names = [n for n in ("query", "value", "key") if given.get(n) is not None]
            with self._located():
                self.build(**{f"{n}_shape": TensorShape(given[n].shape) for n in names})

    def get_build_config(self) -> dict[str, Any] | None:
        """Return what `build_from_config` needs."""
        if not self.built:
            return None
        return {"shapes_dict": {name: list(s) for name, s in self._build_shapes.items()}}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Make the weights as they were when the layer was saved."""
        shapes = config.get("shapes_dict")
        if shapes and not self.built:
            self.build(**{name: TensorShape(s) for name, s in shapes.items()})

    # --- calling ----------------------------------------------------------------------------------

    def call(
        self,
        query: Tensor,
        value: Tensor,
        key: Tensor | None = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """Apply the layer."""
        seen = self._seen(
            (query, value, key), (query_mask, value_mask, key_mask), attention_mask, use_causal_mask
        )
        projected = self.query_dense(query) * (1.0 / math.sqrt(self.key_dim))
        keys = self.key_dense(value if key is None else key)
        scores = einsum(self._equations[0], keys, projected)
        looked = len(self.attention_axes)
        if seen is not None:
            for _ in range(scores.ndim - seen.ndim):
                seen = shaping.expand_dims(seen, -2 * looked - 1)
            scores = m.where(seen, scores, scores + hidden(scores.dtype))
        weights = nn.softmax(scores, list(range(scores.ndim - looked, scores.ndim)))
        kept = self._dropout_layer(weights, training=training)
        heads = einsum(self._equations[1], kept, self.value_dense(value))
        y = self.output_dense(heads)
        return (y, weights) if return_attention_scores else y

    def _seen(
        self, inputs: tuple[Any, ...], masks: tuple[Any, ...], attention_mask: Any, causal: bool
    ) -> Tensor | None:
        """Return which keys each query sees, [batch, queries, keys]; None for all."""
        query, value, _ = inputs
        own = [
            mask_of(x) if given is None else given for x, given in zip(inputs, masks, strict=True)
        ]
        parts = [shaping.expand_dims(mask, -2) for mask in own[1:] if mask is not None]
        if own[0] is not None:
            parts.append(shaping.expand_dims(own[0], -1))
        if causal:
            parts.append(shaping.expand_dims(causal_mask(query.shape[1], value.shape[1]), 0))
        if attention_mask is not None:
            parts.append(attention_mask)
        seen = None
        for part in parts:
            truth = m.cast(part, "bool")
            seen = truth if seen is None else m.logical_and(seen, truth)
        return seen

    def compute_output_spec(self, query: Any, value: Any, key: Any = None, **kwargs: Any) -> Any:
        """Return the outputs' shapes and dtypes: known also where a causal mask's size is not."""
        del key
        sizes = tuple(self.output_shape or (query.shape[-1],))
        y = KerasTensor([*query.shape[:-1], *sizes], self.compute_dtype)
        if not kwargs.get("return_attention_scores"):
            return y
        batch = [d for d in range(len(query.shape) - 1) if d not in self.attention_axes]
        shape = [*(query.shape[d] for d in batch), self.num_heads]
        shape += [x.shape[d] for x in (query, value) for d in self.attention_axes]
        return y, KerasTensor(shape, self.compute_dtype)

    def compute_output_shape(
        self, query_shape: Any, value_shape: Any = None, key_shape: Any = None
    ) -> Any:
        """Return the output's shape for those of the inputs."""
        del value_shape, key_shape
        return TensorShape([*query_shape[:-1], *(self.output_shape or (query_shape[-1],))])


def _another(initializer: Any) -> Any:
    """Return an initializer that draws other numbers, unless it has a seed."""
    return type(initializer).from_config(initializer.get_config())


def _attention_equations(rank: int, axes: tuple[int, ...]) -> tuple[str, str]:
    """Return the equations of the scores (keys, queries) and of the heads (weights, values).

    `rank` is that of the projected inputs, [batch..., steps..., heads, features]; the scores are
    [batch..., heads, query steps..., key steps...].
    """
    query = string.ascii_lowercase[:rank]
    fresh = iter(string.ascii_uppercase)
    key = "".join(next(fresh) if d in axes else axis for d, axis in enumerate(query))
    batch = "".join(query[d] for d in range(rank - 1) if d not in axes)
    looking = batch + "".join(query[d] for d in axes) + "".join(key[d] for d in axes)
    return f"{key},{query}->{looking}", f"{looking},{key}->{query}"
