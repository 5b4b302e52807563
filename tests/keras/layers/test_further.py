"""Attention with masks, embeddings, noise; and whole models with the further layers, as Keras."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import freshet as ft
from freshet import keras
from freshet.core.config import config
from freshet.core.errors import InvalidArgumentError, UnimplementedError
from freshet.core.nest import flatten
from freshet.keras import layers, losses
from freshet.keras.layers.attention import causal_mask
from freshet.keras.masks import mask_of

FOLDER = Path(__file__).parents[1] / "oracle"
MODES = ["eager", "numpy", "native"]


def cases(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def floats(value: Any) -> np.ndarray:
    return np.asarray(value, np.float32)


def in_mode(run: Any, mode: str) -> Any:
    if mode == "eager":
        return run
    config.backend = mode
    return ft.function(run)


# --- attention ------------------------------------------------------------------------------------


def label(case: dict[str, Any]) -> str:
    return " ".join([case["name"], *case["kwargs"], *case["arguments"]])


def arguments(case: dict[str, Any]) -> dict[str, Any]:
    def mask(value: Any) -> Any:
        return None if value is None else ft.constant(np.asarray(value, bool))

    return {
        k: [mask(m) for m in v] if k == "mask" else mask(v) if k.endswith("_mask") and v is not True
        else v
        for k, v in case["arguments"].items()
    }  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", cases("attention_masks"), ids=label)
def test_attention_sees_what_the_masks_let_it_see(case: dict[str, Any], mode: str) -> None:
    layer = getattr(layers, case["name"])(**case["kwargs"])
    inputs = [ft.constant(floats(x)) for x in case["inputs"]]
    separate = case["name"] == "MultiHeadAttention"
    layer(*inputs) if separate else layer(inputs)
    layer.set_weights([floats(w) for w in case["weights"]])
    options = arguments(case)

    def run(query: Any, value: Any) -> Any:
        given = [query, value] if separate else [[query, value]]
        return flatten(layer(*given, **options))

    for y, expected in zip(in_mode(run, mode)(*inputs), case["outputs"], strict=True):
        np.testing.assert_allclose(y.numpy(), floats(expected), rtol=1e-5, atol=1e-5)


def test_a_causal_mask_is_a_lower_triangle() -> None:
    assert causal_mask(3, 5).numpy().tolist() == np.tri(3, 5, dtype=bool).tolist()


def test_attention_never_lets_a_step_see_what_comes_later() -> None:
    layer = layers.MultiHeadAttention(2, 3)
    x = np.random.default_rng(0).standard_normal((1, 6, 4)).astype(np.float32)
    changed = x.copy()
    changed[:, 4:] += 1.0
    one, other = (layer(v, v, use_causal_mask=True).numpy() for v in (x, changed))
    np.testing.assert_array_equal(one[:, :4], other[:, :4])
    assert not np.allclose(one[:, 4:], other[:, 4:])


def test_masks_given_and_carried_do_the_same() -> None:
    mask = np.array([[True, True, False], [True, False, False]])
    x = np.random.default_rng(0).standard_normal((2, 3, 4)).astype(np.float32)
    carried = layers.Masking()(x * mask[..., None])
    assert mask_of(carried).numpy().tolist() == mask.tolist()
    layer = layers.MultiHeadAttention(2, 3)
    found = layer(carried, carried)
    plain = ft.constant(carried.numpy())
    expected = layer(plain, plain, query_mask=mask, value_mask=mask)
    np.testing.assert_array_equal(found.numpy(), expected.numpy())
    assert mask_of(found).numpy().tolist() == mask.tolist()


def test_scores_of_a_symbolic_call_have_their_shape() -> None:
    query, value = layers.Input((None, 6)), layers.Input((5, 3))
    y, scores = layers.MultiHeadAttention(2, 4)(query, value, return_attention_scores=True)
    assert tuple(y.shape) == (None, None, 6)
    assert tuple(scores.shape) == (None, 2, None, 5)


@pytest.mark.parametrize(("make", "message"), [
    (lambda: layers.MultiHeadAttention(0, 3), "num_heads must be a positive integer"),
    (lambda: layers.MultiHeadAttention(2, -1), "key_dim must be a positive integer"),
    (lambda: layers.MultiHeadAttention(1, 3)(ft.ones([1, 2, 3])), "expected a query and a value"),
    (lambda: layers.MultiHeadAttention(1, 3)(ft.ones([1, 2, 3]), ft.ones([2, 3])), "one rank"),
    (lambda: layers.Attention(score_mode="cosine"), "score_mode must be 'dot' or 'concat'"),
    (lambda: layers.Attention()(ft.ones([1, 2, 3])), r"expected a list \[query, value\]"),
    (lambda: layers.EinsumDense("ab->ab", 3)(ft.ones([2, 3])), "of the form 'ab,bc->ac'"),
    (lambda: layers.EinsumDense("abc,cd->abd", 3)(ft.ones([2, 3])), "does not fit the shape"),
    (lambda: layers.EinsumDense("ab,bc->ac", 3, bias_axes="z")(ft.ones([2, 3])), "bias_axes='z'"),
    (lambda: layers.Embedding(0, 3), "input_dim must be a positive integer"),
    (lambda: layers.Embedding(3, 2)(ft.constant([[3]])), r"index 3 is outside \[0, 3\)"),
    (lambda: layers.Conv2DTranspose(2, 3, strides=2, output_padding=2), "less than strides"),
    (lambda: layers.Conv2DTranspose(2, 3, groups=2), "unknown argument 'groups'"),
    (lambda: layers.Conv2DTranspose(2, 3)(ft.ones([1, 2, 3])), "expected an input of rank 4"),
    (lambda: layers.DepthwiseConv2D(3, depth_multiplier=0), "depth_multiplier must be a positive"),
    (lambda: layers.DepthwiseConv2D(3)(ft.ones([1, 2, 3])), "expected an input of rank 4"),
    (lambda: layers.SeparableConv1D(0, 3), "filters must be a positive integer"),
    (lambda: layers.GroupNormalization(3)(ft.ones([1, 2, 4])), "multiple of groups=3"),
    (lambda: layers.Cropping1D(2)(ft.ones([1, 4, 3])), "leaves nothing"),
    (lambda: layers.ZeroPadding1D(-1), "padding must be a whole number of at least 0"),
    (lambda: layers.Permute((1, 3)), "each number from 1 to 2 once"),
    (lambda: layers.Permute((2, 1))(ft.ones([1, 2])), "expected an input of rank 3"),
    (lambda: layers.RepeatVector(0), "n must be a positive integer"),
    (lambda: layers.UpSampling2D(interpolation="cubic"), "interpolation must be 'nearest'"),
    (lambda: layers.Dot(0), "a number other than 0"),
    (lambda: layers.Dot(1)([ft.ones([1, 2]), ft.ones([1, 3])]), "sizes along axes=1 must be equal"),
    (lambda: layers.GaussianDropout(1.0), r"rate must be a number in \[0, 1\)"),
    (lambda: layers.GaussianNoise(-0.1), r"stddev must be a number in \[0, 1\]"),
    (lambda: layers.PReLU()(layers.Input((None, 3))), "be in shared_axes"),
    (lambda: layers.LayerNormalization(1)(layers.Input((None, 3))), "sizes of axes .1. must be"),
])  # fmt: skip
def test_wrong_arguments_are_refused(make: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        make()


def test_what_is_not_there_yet_says_so() -> None:
    with pytest.raises(UnimplementedError, match="'nearest' and 'bilinear' are there"):
        layers.UpSampling2D(interpolation="bicubic")
    with pytest.raises(UnimplementedError, match="sliding_window"):
        layers.MultiHeadAttention(1, 2, sliding_window=3)


@pytest.mark.parametrize(("name", "options"), [
    ("Add", {}), ("Subtract", {}), ("Multiply", {}), ("Average", {}), ("Maximum", {}),
    ("Minimum", {}), ("Concatenate", {"axis": 0}), ("Dot", {"axes": 1}),
])  # fmt: skip
def test_merging_layers_are_functions_too(name: str, options: dict[str, Any]) -> None:
    x, y = (ft.constant(np.random.default_rng(n).random((3, 4))) for n in range(2))
    found = getattr(layers, name.lower())([x, y], dtype="float64", **options)
    expected = getattr(layers, name)(dtype="float64", **options)([x, y])
    assert found.numpy().tolist() == expected.numpy().tolist()
    symbols = [layers.Input((4,)), layers.Input((4,))]
    assert getattr(layers, name.lower())(symbols, name="merged", **options).shape[0] is None


# --- embeddings and noise -------------------------------------------------------------------------


def test_an_embedding_may_begin_with_given_weights() -> None:
    table = np.arange(6, dtype=np.float32).reshape(3, 2)
    assert layers.Embedding(3, 2, weights=table)([[2, 0]]).numpy().tolist() == [[[4, 5], [0, 1]]]


def test_an_embedding_lets_later_layers_know_which_words_count() -> None:
    words = np.array([[3, 0, 1], [0, 0, 2]])
    assert mask_of(layers.Embedding(4, 2)(words)) is None
    found = mask_of(layers.Embedding(4, 2, mask_zero=True)(words))
    assert found.numpy().tolist() == (words != 0).tolist()


def test_spatial_dropout_drops_channels_as_a_whole() -> None:
    x = np.ones((64, 5, 3, 8), np.float32)
    y = layers.SpatialDropout2D(0.25, seed=2)(x, training=True).numpy()
    assert (y == y[:, :1, :1]).all()
    assert set(np.unique(y)) == {0.0, np.float32(1 / 0.75)}
    assert abs((y[:, 0, 0] == 0).mean() - 0.25) < 0.08
    first = layers.SpatialDropout2D(0.5, data_format="channels_first", seed=2)
    y = first(np.ones((4, 8, 5, 3), np.float32), training=True).numpy()
    assert (y == y[:, :, :1, :1]).all()


def test_noise_has_the_moments_it_should_have() -> None:
    x = np.full((100, 1000), 2.0, np.float32)
    noisy = layers.GaussianNoise(0.5, seed=1)(x, training=True).numpy()
    assert abs(noisy.mean() - 2.0) < 0.01
    assert abs(noisy.std() - 0.5) < 0.01
    scaled = layers.GaussianDropout(0.2, seed=1)(x, training=True).numpy()
    assert abs(scaled.mean() - 2.0) < 0.02
    assert abs(scaled.std() - 2.0 * np.sqrt(0.2 / 0.8)) < 0.02
    unit = np.random.default_rng(0).standard_normal((100, 1000)).astype(np.float32)
    kept = layers.AlphaDropout(0.3, seed=1)(unit, training=True).numpy()
    assert abs(kept.mean()) < 0.02
    assert abs(kept.std() - 1.0) < 0.02


# --- models ---------------------------------------------------------------------------------------

MODELS = pytest.mark.parametrize("case", cases("further_models"), ids=lambda c: c["name"])


def load(case: dict[str, Any]) -> Any:
    return keras.models.load_model(FOLDER / "further" / f"{case['name']}.keras")


def array(value: Any) -> np.ndarray:
    found = np.asarray(value)
    return found.astype(np.float32) if found.dtype.kind == "f" else found.astype(np.int32)


@MODELS
def test_files_of_keras_predict_and_train_the_same(case: dict[str, Any]) -> None:
    model, x, y = load(case), array(case["x"]), array(case["y"])
    np.testing.assert_allclose(
        model.predict(x, verbose=0), floats(case["predicted"]), rtol=1e-4, atol=1e-5
    )
    model.compile(keras.optimizers.SGD(0.05), losses.deserialize(case["loss"]))
    history = model.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0).history
    np.testing.assert_allclose(history["loss"], case["history"], rtol=2e-4)
    np.testing.assert_allclose(
        model.predict(x, verbose=0), floats(case["end"]), rtol=2e-3, atol=2e-4
    )


def contents(path: Path) -> dict[str, Any]:
    """Return the arrays of a saved model by their places."""
    found: dict[str, Any] = {}
    with (
        zipfile.ZipFile(path) as archive,
        h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file,
    ):
        file.visititems(lambda k, v: found.update({k: v[()]}) if hasattr(v, "shape") else None)
    return found


@MODELS
def test_files_have_what_keras_reads(case: dict[str, Any], tmp_path: Path) -> None:
    model = load(case)
    model.save(tmp_path / "model.keras")
    ours = contents(tmp_path / "model.keras")
    theirs = contents(FOLDER / "further" / f"{case['name']}.keras")
    # Keras keeps the state of its random generators, which Freshet's cannot take.
    theirs = {k: v for k, v in theirs.items() if "seed_generator" not in k}
    assert {k for k in ours if not k.startswith("freshet")} == set(theirs)
    for place, expected in theirs.items():
        np.testing.assert_array_equal(ours[place], expected)
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.get_config() == model.get_config()
