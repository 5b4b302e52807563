"""Write what Keras's further layers compute into `layers_*.json` beside this file; see `make.py`.

    KERAS_BACKEND=jax python tests/keras/oracle/make_layers.py

Each row draws its numbers from a seed of its own, so that adding one leaves the others as they are.
"""

from __future__ import annotations

import json
import zlib
from typing import Any

import keras
import numpy as np
from make import HERE, Case, listed, write

L = keras.layers
Row = tuple[str, dict[str, Any], list[tuple[int, ...]]]

STEPS, IMAGE, VOLUME = [(2, 9, 4)], [(2, 7, 6, 4)], [(2, 5, 6, 4, 2)]
FIRST = {"data_format": "channels_first"}
SMALL = [(2, 3, 4, 2)]
QUERY, VALUE, KEY = (2, 3, 4), (2, 5, 6), (2, 5, 4)
SEQUENCE, MEMORY = (2, 4, 6), (2, 5, 3)

TRANSPOSED: list[Row] = [
    ("Conv1DTranspose", {"filters": 3, "kernel_size": 3}, STEPS),
    ("Conv1DTranspose", {"filters": 2, "kernel_size": 2, "strides": 3, "activation": "relu"},
     STEPS),
    ("Conv1DTranspose", {"filters": 2, "kernel_size": 4, "strides": 2, "padding": "same"}, STEPS),
    ("Conv1DTranspose", {"filters": 2, "kernel_size": 3, "dilation_rate": 2}, STEPS),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 3}, SMALL),
    ("Conv2DTranspose", {"filters": 3, "kernel_size": 5, "strides": 2, "padding": "same"}, SMALL),
    ("Conv2DTranspose", {"filters": 2, "kernel_size": [2, 3], "strides": [3, 2],
                         "padding": "same", "use_bias": False}, SMALL),
    ("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2, "output_padding": 1}, SMALL),
    ("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same",
                         "output_padding": [1, 0]}, SMALL),
    ("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2, **FIRST}, SMALL),
    ("Conv2DTranspose", {"filters": 2, "kernel_size": 2, "kernel_regularizer": "l2",
                         "bias_constraint": "non_neg"}, SMALL),
    ("Conv3DTranspose", {"filters": 2, "kernel_size": 2, "strides": 2}, [(2, 2, 3, 2, 2)]),
]  # fmt: skip
DEPTHWISE: list[Row] = [
    ("DepthwiseConv1D", {"kernel_size": 3}, STEPS),
    ("DepthwiseConv1D", {"kernel_size": 3, "depth_multiplier": 2, "strides": 2,
                         "padding": "same"}, STEPS),
    ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 2}, IMAGE),
    ("DepthwiseConv2D", {"kernel_size": 3, "padding": "same", "activation": "relu",
                         "depthwise_regularizer": "l2"}, IMAGE),
    ("DepthwiseConv2D", {"kernel_size": [3, 2], "strides": 2, "use_bias": False}, IMAGE),
    ("DepthwiseConv2D", {"kernel_size": 2, "dilation_rate": 2}, IMAGE),
    ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 2, **FIRST}, [(2, 3, 5, 6)]),
    ("SeparableConv1D", {"filters": 3, "kernel_size": 3}, STEPS),
    ("SeparableConv1D", {"filters": 3, "kernel_size": 2, "depth_multiplier": 2, "strides": 2,
                         "padding": "same", "activation": "tanh"}, STEPS),
    ("SeparableConv2D", {"filters": 5, "kernel_size": 3}, IMAGE),
    ("SeparableConv2D", {"filters": 3, "kernel_size": 3, "depth_multiplier": 2, "strides": 2,
                         "padding": "same", "use_bias": False}, IMAGE),
    ("SeparableConv2D", {"filters": 3, "kernel_size": 2, "pointwise_regularizer": "l2",
                         **FIRST}, [(2, 3, 5, 6)]),
]  # fmt: skip
POOLED: list[Row] = [
    ("GlobalMaxPooling3D", {}, VOLUME),
    ("GlobalAveragePooling3D", {}, VOLUME),
    ("GlobalAveragePooling3D", {"keepdims": True, **FIRST}, VOLUME),
    ("Embedding", {"input_dim": 7, "output_dim": 3}, [(2, 4)]),
    ("Embedding", {"input_dim": 7, "output_dim": 3, "mask_zero": True,
                   "embeddings_initializer": "he_normal", "embeddings_regularizer": "l2"}, [(3,)]),
]  # fmt: skip
RESHAPED: list[Row] = [
    ("ZeroPadding1D", {}, STEPS),
    ("ZeroPadding1D", {"padding": [0, 2], **FIRST}, STEPS),
    ("ZeroPadding3D", {}, VOLUME),
    ("ZeroPadding3D", {"padding": [[1, 0], [0, 2], [1, 1]]}, VOLUME),
    ("Cropping1D", {}, STEPS),
    ("Cropping1D", {"cropping": [0, 3]}, STEPS),
    ("Cropping2D", {}, IMAGE),
    ("Cropping2D", {"cropping": [[1, 0], [2, 3]]}, IMAGE),
    ("Cropping2D", {"cropping": [1, 1], **FIRST}, IMAGE),
    ("Cropping3D", {}, VOLUME),
    ("Cropping3D", {"cropping": [[1, 0], [0, 2], [1, 1]]}, VOLUME),
    ("UpSampling1D", {}, STEPS),
    ("UpSampling1D", {"size": 3}, STEPS),
    ("UpSampling2D", {}, SMALL),
    ("UpSampling2D", {"size": [3, 1], **FIRST}, SMALL),
    ("UpSampling2D", {"size": [2, 3], "interpolation": "bilinear"}, SMALL),
    ("UpSampling2D", {"interpolation": "bilinear", **FIRST}, SMALL),
    ("UpSampling3D", {}, [(2, 2, 3, 1, 2)]),
    ("Permute", {"dims": [2, 1]}, STEPS),
    ("Permute", {"dims": [3, 1, 2]}, IMAGE),
    ("RepeatVector", {"n": 3}, [(5, 4)]),
    ("Dot", {"axes": 1}, [(5, 4), (5, 4)]),
    ("Dot", {"axes": -1, "normalize": True}, [(2, 3, 4), (2, 5, 4)]),
    ("Dot", {"axes": [2, 1]}, [(2, 3, 4), (2, 4, 5)]),
    ("Dot", {"axes": [1, 2]}, [(2, 3), (2, 4, 3)]),
]
NORMALIZED: list[Row] = [
    ("LayerNormalization", {}, [(5, 4)]),
    ("LayerNormalization", {"axis": [1, 2], "epsilon": 0.01}, [(2, 3, 4)]),
    ("LayerNormalization", {"axis": 1, "center": False, "gamma_regularizer": "l2"}, [(2, 3, 4)]),
    ("LayerNormalization", {"scale": False, "beta_initializer": "ones"}, [(2, 3, 4)]),
    ("RMSNormalization", {}, [(5, 4)]),
    ("RMSNormalization", {"axis": [1, 2], "epsilon": 0.01}, [(2, 3, 4)]),
    ("GroupNormalization", {"groups": 2}, IMAGE),
    ("GroupNormalization", {"groups": -1, "center": False}, STEPS),
    ("GroupNormalization", {"groups": 1, "axis": 1, "epsilon": 0.01}, [(2, 3, 5, 4)]),
    ("UnitNormalization", {}, [(5, 4)]),
    ("UnitNormalization", {"axis": [1, 2]}, [(2, 3, 4)]),
]
NOISY: list[Row] = [
    ("PReLU", {}, [(5, 4)]),
    ("PReLU", {"shared_axes": [1, 2], "alpha_regularizer": "l2"}, IMAGE),
    ("Identity", {}, [(5, 4)]),
    ("ActivityRegularization", {"l1": 0.1, "l2": 0.2}, [(5, 4)]),
    ("SpatialDropout1D", {"rate": 0.4, "seed": 1}, STEPS),
    ("SpatialDropout2D", {"rate": 0.4, "seed": 1}, IMAGE),
    ("SpatialDropout2D", {"rate": 0.4, "seed": 1, **FIRST}, IMAGE),
    ("SpatialDropout3D", {"rate": 0.4, "seed": 1}, VOLUME),
    ("GaussianNoise", {"stddev": 0.3, "seed": 1}, [(5, 4)]),
    ("GaussianDropout", {"rate": 0.4, "seed": 1}, [(5, 4)]),
    ("AlphaDropout", {"rate": 0.4, "seed": 1}, [(5, 4)]),
    ("AlphaDropout", {"rate": 0.4, "noise_shape": [None, 1, 4], "seed": 1}, STEPS),
]
ATTENDING: list[Row] = [
    ("EinsumDense", {"equation": "ab,bc->ac", "output_shape": 3}, [(5, 4)]),
    ("EinsumDense", {"equation": "abc,cde->abde", "output_shape": [None, 2, 3], "bias_axes": "de",
                     "activation": "relu"}, [(2, 3, 4)]),
    ("EinsumDense", {"equation": "...x,xy->...y", "output_shape": 3, "bias_axes": "y"},
     [(2, 3, 4)]),
    ("EinsumDense", {"equation": "abc,ce->aeb", "output_shape": [2, 3], "bias_axes": "e"},
     [(2, 3, 4)]),
    ("Attention", {}, [QUERY, (2, 5, 4)]),
    ("Attention", {"use_scale": True}, [QUERY, VALUE, KEY]),
    ("Attention", {"score_mode": "concat", "use_scale": True}, [QUERY, VALUE, KEY]),
    ("Attention", {"score_mode": "concat"}, [QUERY, (2, 5, 4)]),
    ("Attention", {"dropout": 0.5, "seed": 1}, [QUERY, VALUE, KEY]),
    ("AdditiveAttention", {}, [QUERY, (2, 5, 4)]),
    ("AdditiveAttention", {"use_scale": False}, [QUERY, VALUE, KEY]),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3}, [SEQUENCE, SEQUENCE]),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "value_dim": 4, "output_shape": 5,
                            "dropout": 0.1, "seed": 1},
     [SEQUENCE, MEMORY]),
    ("MultiHeadAttention", {"num_heads": 3, "key_dim": 2, "use_bias": False,
                            "kernel_regularizer": "l2"}, [SEQUENCE, MEMORY, (2, 5, 4)]),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "dropout": 0.5, "seed": 1},
     [SEQUENCE, MEMORY]),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 3, "attention_axes": [2]},
     [(2, 3, 4, 5), (2, 3, 4, 5)]),
]  # fmt: skip
FILES = {
    "attention": ATTENDING, "depthwise": DEPTHWISE, "noise": NOISY, "normalization": NORMALIZED,
    "pooling": POOLED, "reshaping": RESHAPED, "transposed": TRANSPOSED,
}  # fmt: skip


def drawn(rng: np.random.Generator, low: float, *shape: int) -> np.ndarray:
    return rng.uniform(low, 2.0 + low / 2, shape).astype(np.float32)


def case_of(row: Row) -> Case:
    name, kwargs, shapes = row
    rng = np.random.default_rng(zlib.crc32(json.dumps(row).encode()))
    layer = getattr(L, name)(name="layer", **kwargs)
    inputs = [drawn(rng, -2.0, *shape) for shape in shapes]
    if name == "Embedding":
        inputs = [rng.integers(0, kwargs["input_dim"], shapes[0]).astype(np.int32)]
    given = inputs if name == "MultiHeadAttention" else [inputs if len(inputs) > 1 else inputs[0]]
    layer(*given)
    # No bias or mean is left at 0.
    layer.set_weights([drawn(rng, 0.1, *w.shape) / 2 for w in layer.weights])
    y = layer(*given, training=False)
    return {
        "name": name,
        "kwargs": kwargs,
        "inputs": listed(inputs),
        "weights": listed(layer.get_weights()),
        "weight_names": [w.name for w in layer.weights],
        "trainable": [w.trainable for w in layer.weights],
        "y": listed(y),
        "losses": [float(value) for value in layer.losses],
        "config": keras.layers.serialize(layer),
    }


# --- attention with masks -------------------------------------------------------------------------


def masked_cases() -> list[Case]:
    """Return calls of the attention layers with everything that `call` takes."""
    heads = {"num_heads": 2, "key_dim": 3}
    query_mask = [[True, True, False, True], [True, True, True, True]]
    value_mask = [[True, False, True, True, False], [True, True, True, True, True]]
    seen = (np.random.default_rng(5).random((2, 4, 5)) < 0.6) | (np.arange(5) == 0)
    rows: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("MultiHeadAttention", heads, {"use_causal_mask": True}),
        ("MultiHeadAttention", heads, {"attention_mask": seen.tolist()}),
        ("MultiHeadAttention", heads, {"value_mask": value_mask}),
        ("MultiHeadAttention", heads, {"key_mask": value_mask, "use_causal_mask": True}),
        ("MultiHeadAttention", heads, {"return_attention_scores": True, "use_causal_mask": True,
                                       "attention_mask": seen.tolist()}),
        ("Attention", {}, {"mask": [query_mask, value_mask]}),
        ("Attention", {}, {"mask": [None, value_mask], "return_attention_scores": True}),
        ("Attention", {}, {"use_causal_mask": True}),
        ("Attention", {"score_mode": "concat"}, {"mask": [query_mask, value_mask],
                                                 "use_causal_mask": True}),
        ("AdditiveAttention", {}, {"mask": [query_mask, value_mask]}),
    ]  # fmt: skip
    cases = []
    for number, (name, kwargs, arguments) in enumerate(rows):
        rng = np.random.default_rng(number)
        inputs = [drawn(rng, -2.0, 2, 4, 6), drawn(rng, -2.0, 2, 5, 6)]
        layer = getattr(L, name)(**kwargs)
        given = inputs if name == "MultiHeadAttention" else [inputs]
        layer(*given)
        layer.set_weights([drawn(rng, 0.1, *w.shape) / 2 for w in layer.weights])
        arrays = {
            k: np.array(v) if k.endswith("_mask") and isinstance(v, list)
            else [m if m is None else np.array(m) for m in v] if k == "mask" else v
            for k, v in arguments.items()
        }  # fmt: skip
        outputs = layer(*given, **arrays)
        cases.append(
            {
                "name": name,
                "kwargs": kwargs,
                "arguments": arguments,
                "inputs": listed(inputs),
                "weights": listed(layer.get_weights()),
                "outputs": listed(list(outputs) if isinstance(outputs, tuple) else [outputs]),
            }
        )
    return cases


# --- models ---------------------------------------------------------------------------------------


def transformer() -> Any:
    """Return a model whose masks pass through attention, sums and means."""
    x = L.Input((6,), dtype="int32", name="words")
    h = L.Embedding(9, 8, mask_zero=True)(x)
    a = L.MultiHeadAttention(2, 4, name="attention")(h, h, use_causal_mask=True)
    h = L.LayerNormalization()(L.Add()([h, a]))
    f = L.GaussianNoise(0.0)(L.Dense(8, activation="gelu")(h))
    h = L.GlobalAveragePooling1D()(L.LayerNormalization()(L.Add()([h, f])))
    return keras.Model(x, L.EinsumDense("ab,bc->ac", 3, bias_axes="c")(h))


def vision() -> Any:
    """Return a model of images with each kind of layer for them."""
    x = L.Input((8, 6, 4), name="image")
    h = L.GroupNormalization(2)(L.DepthwiseConv2D(3, padding="same", depth_multiplier=2)(x))
    h = L.PReLU("ones", shared_axes=[1, 2])(L.SeparableConv2D(6, 3, strides=2, padding="same")(h))
    h = L.SpatialDropout2D(0.0)(L.Conv2DTranspose(4, 3, strides=2, padding="same")(h))
    h = L.UpSampling2D(interpolation="bilinear")(L.Cropping2D(((1, 0), (0, 1)))(h))
    line = L.Reshape((70, 8))(L.Permute((2, 1, 3))(h))
    line = L.Conv1DTranspose(3, 2, strides=2)(L.ZeroPadding1D(1)(line))
    line = L.DepthwiseConv1D(3)(L.UpSampling1D(2)(L.Cropping1D(5)(line)))
    line = L.SeparableConv1D(4, 3)(line)
    volume = L.Cropping3D(1)(L.ZeroPadding3D(1)(L.Reshape((7, 2, 5, 8))(h)))
    volume = L.Conv3DTranspose(2, 2)(volume)
    parts = [
        L.GlobalMaxPooling1D()(line), L.GlobalAveragePooling3D()(L.UpSampling3D()(volume)),
        L.GlobalMaxPooling3D()(volume), L.UnitNormalization()(L.GlobalAveragePooling2D()(h)),
    ]  # fmt: skip
    rows = L.RepeatVector(4)(L.RMSNormalization()(L.Concatenate()(parts)))
    seen = L.AdditiveAttention()([line, L.Attention(use_scale=True)([line, line])])
    both = L.Concatenate()([L.Flatten()(rows), L.GlobalMaxPooling1D()(seen)])
    both = L.AlphaDropout(0.0)(L.GaussianDropout(0.0)(both))
    return keras.Model(x, L.Dot(1)([L.Dense(3)(both), L.Dense(3)(both)]))


def model_cases() -> list[Case]:
    """Save both models, and return what they predict and how they are trained."""
    folder = HERE / "further"
    folder.mkdir(exist_ok=True)
    cases = []
    for number, (name, make, loss) in enumerate([
        ("transformer", transformer, {"class_name": "SparseCategoricalCrossentropy",
                                      "config": {"from_logits": True}}),
        ("vision", vision, {"class_name": "MeanSquaredError", "config": {}}),
    ]):  # fmt: skip
        keras.utils.set_random_seed(number)
        rng = np.random.default_rng(number)
        model = make()
        x = drawn(rng, -2.0, 10, *model.input.shape[1:])
        y = drawn(rng, -2.0, 10, 1)
        if name == "transformer":
            # Each row ends with words that do not count, the first of none.
            x = rng.integers(1, 9, x.shape) * (np.arange(6) < 6 - np.arange(10)[:, None] % 5)
            y = rng.integers(0, 3, 10)
        path = folder / f"{name}.keras"
        model.save(path)
        predicted = model.predict(x, verbose=0)
        model.compile(keras.optimizers.SGD(0.05), keras.losses.deserialize(loss))
        history = model.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0).history
        cases.append(
            {
                "name": name,
                "x": listed(x),
                "y": listed(y),
                "predicted": listed(predicted),
                "loss": loss,
                "history": history["loss"],
                "end": listed(model.predict(x, verbose=0)),
            }
        )
    return cases


if __name__ == "__main__":
    for group, rows in FILES.items():
        write(f"layers_{group}", [case_of(row) for row in rows])
    write("attention_masks", masked_cases())
    write("further_models", model_cases())
