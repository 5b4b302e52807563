"""The conformance suite for layers: whatever can be checked from samples alone.

A test file gives a list of samples and gets every check for each of them:

    class TestMyLayers(LayerSuite):
        samples = [LayerSample(layer=Scale, arguments={"factor": 2.0}, inputs=(x,), expected=2 * x)]

The checks are functions, too, for those who do not use pytest.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np

from freshet.core.config import config
from freshet.core.errors import InvalidArgumentError
from freshet.core.nest import flatten
from freshet.core.shapes import TensorSpec
from freshet.core.tensor import Array, Tensor
from freshet.graph.function import function
from freshet.graph.tape import GradientTape
from freshet.keras.configurable import serialize_object
from freshet.keras.layers import Input, Layer
from freshet.keras.models import Functional, Model, load_model
from freshet.keras.saving import custom_object_scope, deserialize_keras_object
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.reduction import reduce_sum
from freshet.testing.compare import assert_agree
from freshet.testing.samples import random_array

STEP: Final = 1e-6
"""Distance of the finite differences, which are taken in float64."""


@dataclass(frozen=True, kw_only=True)
class LayerSample:
    """One use of a layer.

    Attributes:
        layer: The class.
        arguments: What its constructor is given.
        inputs: An array for each input, the first dimension the batch, which is at least 2; a
            `TensorSpec` stands for random numbers. Several are given to the layer as a list, or
            one by one if its `call` takes several. Whole numbers are not differentiated.
        weights: Values of the layer's weights; random ones by default.
        expected: The output without training, by other means than Freshet's.
        expected_training: The output in training; `expected` by default. Not compared for layers
            that draw random numbers.
        weights_after: The weights after a call in training; unchanged by default.
        slack: Absolute and relative error allowed everywhere.
        label: Added to the sample's name in test reports.
    """

    layer: type[Layer]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[Any, ...]
    weights: tuple[Any, ...] | None = None
    expected: Any = None
    expected_training: Any = None
    weights_after: tuple[Any, ...] | None = None
    slack: float = 1e-5
    label: str = ""

    def arrays(self, dtype: str = "float32") -> list[Array]:
        """Return the inputs, floating-point numbers in a dtype."""
        found = [
            random_array(x, i) if isinstance(x, TensorSpec) else np.asarray(x)
            for i, x in enumerate(self.inputs)
        ]
        return [a if a.dtype.kind in "iu" else a.astype(dtype) for a in found]

    def make(self, **more: Any) -> Layer:
        """Return the layer with its weights."""
        made = self.layer(**{**self.arguments, **more})
        _called(made, self.arrays())
        made.set_weights(self.values(made))
        return made

    def values(self, made: Layer) -> list[Array]:
        """Return values for a layer's weights: none is where an initializer would put it."""
        if self.weights is not None:
            return [np.asarray(w) for w in self.weights]
        shapes = [w.shape for w in made.weights]
        return [
            np.abs(random_array(TensorSpec(s, "float64"), 100 + i)) / 2 + 0.1
            for i, s in enumerate(shapes)
        ]

    def __str__(self) -> str:
        shapes = [",".join(map(str, x.shape)) for x in self.arrays()]
        parts = [self.layer.__name__, *(f"[{s}]" for s in shapes)]
        parts += [f"{k}={v}".replace(" ", "") for k, v in self.arguments.items()]
        return " ".join([*parts, *([self.label] if self.label else [])])


def _given(arrays: Sequence[Any]) -> Any:
    return list(arrays) if len(arrays) > 1 else arrays[0]


def _takes_several(layer: Layer) -> bool:
    """Return whether a layer's inputs are arguments of their own, not a list."""
    parameters = list(inspect.signature(type(layer).call).parameters.values())[1:]
    kinds = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    return len([p for p in parameters if p.kind in kinds and p.default is p.empty]) > 1


def _called(layer: Layer, arrays: Sequence[Any], **options: Any) -> Any:
    if _takes_several(layer):
        return layer(*arrays, **options)
    return layer(_given(arrays), **options)


def _outputs(layer: Layer, arrays: Sequence[Any], training: bool = False) -> list[Array]:
    return [np.asarray(y.numpy()) for y in flatten(_called(layer, arrays, training=training))]


def _same_random_state(source: Layer, target: Layer) -> None:
    for one, other in zip(source.seed_generators(), target.seed_generators(), strict=True):
        other.state.assign(one.state)


def _close(actual: Any, expected: Any, sample: LayerSample, what: str) -> None:
    bound = sample.slack * (1 + np.abs(np.asarray(expected, np.float64)))
    assert_agree(np.asarray(actual), expected, slack=bound, what=what)


# --- the checks -----------------------------------------------------------------------------------


def check_values(sample: LayerSample) -> None:
    """The layer computes what is expected, at inference and in training."""
    layer = sample.make()
    (found,) = _outputs(layer, sample.arrays())
    _close(found, np.asarray(sample.expected, found.dtype), sample, "inference")
    if layer.seed_generators():
        return
    (trained,) = _outputs(layer, sample.arrays(), training=True)
    expected = sample.expected if sample.expected_training is None else sample.expected_training
    _close(trained, np.asarray(expected, found.dtype), sample, "training")
    after = sample.values(layer) if sample.weights_after is None else sample.weights_after
    for weight, value in zip(layer.weights, after, strict=True):
        _close(weight.numpy(), np.asarray(value, np.float32), sample, weight.path)


def check_shapes(sample: LayerSample) -> None:
    """The outputs have the shapes that `compute_output_shape` and a functional model say."""
    arrays = sample.arrays()
    layer = sample.make()
    found = _outputs(layer, arrays)
    for fresh in (layer, sample.layer(**sample.arguments)):
        for batch in (len(arrays[0]), None):
            shapes = [(batch, *a.shape[1:]) for a in arrays]
            given = shapes if _takes_several(fresh) else [_given(shapes)]
            said = _shapes(fresh.compute_output_shape(*given))
            assert said == [(batch, *y.shape[1:]) for y in found]
    symbols = [Input(a.shape[1:], dtype=str(a.dtype)) for a in arrays]
    for symbol, y in zip(flatten(_called(sample.make(), symbols)), found, strict=True):
        assert tuple(symbol.shape) == (None, *y.shape[1:])
        assert symbol.dtype.as_numpy_dtype == y.dtype


def _shapes(said: Any) -> list[tuple[Any, ...]]:
    """Return a shape, or several, as a list."""
    one = all(size is None or isinstance(size, int) for size in said)
    return [tuple(said)] if one else [tuple(shape) for shape in flatten(said)]


def check_unknown_batch(sample: LayerSample) -> None:
    """One trace with a batch of unknown size serves batches of all sizes."""
    arrays = sample.arrays()
    layer, eager = sample.make(), sample.make()
    specs = [TensorSpec((None, *a.shape[1:]), str(a.dtype)) for a in arrays]
    traced = function(lambda *x: _called(layer, x), input_signature=specs)
    for size in (len(arrays[0]), len(arrays[0]) - 1):
        part = [a[:size] for a in arrays]
        for y, expected in zip(flatten(traced(*part)), _outputs(eager, part), strict=True):
            _close(y, expected, sample, f"batch of {size}")
    assert traced.experimental_get_tracing_count() == 1


def check_modes(sample: LayerSample) -> None:
    """Outputs, gradients and new weights are the same eagerly, traced and compiled."""
    arrays = [convert_to_tensor(a) for a in sample.arrays()]
    reference = sample.make()
    results: dict[str, list[Array]] = {}
    for backend in ("eager", "numpy", "native"):
        layer = sample.make()
        _same_random_state(reference, layer)
        run = _everything_of(layer)
        if backend != "eager":
            config.backend = backend
            run = function(run)
        found = [np.asarray(t.numpy()) for t in run(*arrays)]
        results[backend] = [*found, *(np.asarray(v.numpy()) for v in layer.variables)]
    for backend in ("numpy", "native"):
        for number, (one, other) in enumerate(zip(results[backend], results["eager"], strict=True)):
            _close(one, other, sample, f"{backend}, result {number}")


def _everything_of(layer: Layer) -> Any:
    """Return a function that gives the outputs and the gradients of a layer."""

    def run(*arrays: Tensor) -> list[Tensor]:
        with GradientTape() as tape:
            sources = [x for x in arrays if x.dtype.is_floating]
            for x in sources:
                tape.watch(x)
            outputs = flatten(_called(layer, arrays, training=True))
            loss = _weighted_sum(outputs)
        wanted = [*sources, *layer.trainable_weights]
        gradients = tape.gradient(loss, wanted) if wanted else []
        return [*flatten(_called(layer, arrays, training=False)), *outputs, *gradients]

    return run


def _weighted_sum(outputs: Sequence[Tensor]) -> Tensor:
    """Return a sum that treats no two elements alike, so that no error in one can hide."""
    total: Any = 0.0
    for number, y in enumerate(outputs):
        weights = random_array(TensorSpec(y.shape, y.dtype), 200 + number)
        total = total + reduce_sum(y * convert_to_tensor(weights))
    return total


def check_gradients(sample: LayerSample) -> None:
    """Every trainable weight and input has a gradient: the limit of differences, in float64."""
    layer = sample.make(dtype="float64")
    arrays = [np.asarray(a) for a in sample.arrays("float64")]
    weights = layer.trainable_weights
    start = [np.asarray(g.state.numpy()) for g in layer.seed_generators()]

    def value(tensors: Sequence[Tensor]) -> Tensor:
        for generator, state in zip(layer.seed_generators(), start, strict=True):
            generator.state.assign(state)
        return _weighted_sum(flatten(_called(layer, tensors, training=True)))

    tensors = [convert_to_tensor(a) for a in arrays]
    whole = [number for number, x in enumerate(tensors) if not x.dtype.is_floating]
    with GradientTape() as tape:
        tape.watch([x for x in tensors if x.dtype.is_floating])
        loss = value(tensors)
    gradients = tape.gradient(loss, [*tensors, *weights])
    for number, gradient in enumerate(gradients):
        if number in whole:
            continue
        assert gradient is not None, f"{layer.name}: no gradient of source {number}"
        along = random_array(TensorSpec(gradient.shape, "float64"), 300 + number)

        def moved(distance: float, number: int = number, along: Array = along) -> float:
            if number < len(arrays):
                given = [a + distance * along if i == number else a for i, a in enumerate(arrays)]
                return float(value([convert_to_tensor(a) for a in given]))
            weight = weights[number - len(arrays)]
            before = np.array(weight.numpy())
            weight.assign(before + distance * along)
            found = float(value(tensors))
            weight.assign(before)
            return found

        slope = (moved(STEP) - moved(-STEP)) / (2 * STEP)
        told = float(np.sum(np.asarray(gradient.numpy()) * along))
        np.testing.assert_allclose(told, slope, rtol=1e-6, atol=1e-7, err_msg=f"source {number}")


def check_configuration(sample: LayerSample) -> None:
    """The configuration is JSON, makes an equal layer, and that one has the same configuration."""
    layer = sample.make()
    written = json.loads(json.dumps(serialize_object(layer)))
    with custom_object_scope({sample.layer.__name__: sample.layer}):
        again = deserialize_keras_object(written)
    assert type(again) is sample.layer
    assert again.get_config() == written["config"] == layer.get_config()
    _called(again, sample.arrays())
    again.set_weights(layer.get_weights())
    for found, expected in zip(
        _outputs(again, sample.arrays()), _outputs(layer, sample.arrays()), strict=True
    ):
        assert_agree(found, expected, what="the layer made from the configuration")


def check_saving(sample: LayerSample, folder: Path) -> None:
    """A model of the layer predicts the same bits after it was saved and loaded."""
    arrays = sample.arrays()
    symbols = [Input(a.shape[1:], dtype=str(a.dtype)) for a in arrays]
    layer = sample.layer(**sample.arguments)
    model = Model(_given(symbols), _called(layer, symbols))
    assert isinstance(model, Functional)
    layer.set_weights(sample.values(layer))
    model.save(folder / "model.keras")
    loaded = load_model(
        folder / "model.keras", custom_objects={sample.layer.__name__: sample.layer}
    )
    assert loaded.get_config() == model.get_config()
    found, expected = (m.predict(_given(arrays), verbose=0) for m in (loaded, model))
    for one, other in zip(flatten(found), flatten(expected), strict=True):
        assert_agree(one, other, what="the loaded model")


def check_dtypes(sample: LayerSample) -> None:
    """Weights and outputs have the layer's dtype, whatever dtype of float the input has."""
    for dtype in ("float16", "float64", "bfloat16"):
        layer = sample.layer(**sample.arguments, dtype=dtype)
        for y in flatten(_called(layer, sample.arrays())):
            assert y.dtype.name == dtype
        assert {w.dtype.name for w in layer.weights} <= {dtype}


def check_weights(sample: LayerSample) -> None:
    """The weights have names of their own, are made once, and freezing reaches all."""
    layer = sample.layer(**sample.arguments, name="own")
    assert layer.weights == []
    _called(layer, sample.arrays())
    weights = layer.weights
    _called(layer, sample.arrays())
    assert [id(w) for w in layer.weights] == [id(w) for w in weights]
    paths = [w.path for w in weights]
    assert len(set(paths)) == len(paths)
    inner = {id(w) for part in layer.layers_within() for w in part.weights}
    assert all(w.path == f"own/{w.name}" for w in weights if id(w) not in inner)
    by_kind = [*layer.trainable_weights, *layer.non_trainable_weights]
    assert sorted(map(id, by_kind)) == sorted(map(id, weights))
    layer.trainable = False
    assert layer.trainable_weights == []
    layer.trainable = True
    assert [*layer.trainable_weights, *layer.non_trainable_weights] == by_kind


def check_unknown_argument(sample: LayerSample) -> None:
    """An argument that the constructor does not know is refused by name."""
    message = ""
    try:
        sample.layer(**sample.arguments, nmae="x")
    except InvalidArgumentError as error:
        message = str(error)
    name = sample.layer.__name__
    assert f"{name}: unknown argument 'nmae'; did you mean 'name'?" in message, message


# --- the suite ------------------------------------------------------------------------------------


class LayerSuite:
    """Every check for every sample; derive a test class from it.

    Attributes:
        samples: Uses of layers.
    """

    samples: ClassVar[Sequence[LayerSample]] = ()

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """Give each test method a parameter set for each sample that it is about."""
        if "sample" in metafunc.fixturenames:
            valued = metafunc.function.__name__ == "test_values_are_the_expected"
            rows = [s for s in self.samples if s.expected is not None or not valued]
            metafunc.parametrize("sample", rows, ids=[str(s)[:90] for s in rows])

    def test_values_are_the_expected(self, sample: LayerSample) -> None:
        """See `check_values`."""
        check_values(sample)

    def test_shapes_are_known_before(self, sample: LayerSample) -> None:
        """See `check_shapes`."""
        check_shapes(sample)

    def test_a_batch_may_have_any_size(self, sample: LayerSample) -> None:
        """See `check_unknown_batch`."""
        check_unknown_batch(sample)

    def test_eager_traced_and_compiled_agree(self, sample: LayerSample) -> None:
        """See `check_modes`."""
        check_modes(sample)

    def test_gradients_are_limits_of_differences(self, sample: LayerSample) -> None:
        """See `check_gradients`."""
        check_gradients(sample)

    def test_configuration_makes_an_equal_layer(self, sample: LayerSample) -> None:
        """See `check_configuration`."""
        check_configuration(sample)

    def test_a_saved_model_predicts_the_same_bits(
        self, sample: LayerSample, tmp_path: Path
    ) -> None:
        """See `check_saving`."""
        check_saving(sample, tmp_path)

    def test_dtype_is_the_layers(self, sample: LayerSample) -> None:
        """See `check_dtypes`."""
        check_dtypes(sample)

    def test_weights_are_made_once_and_named(self, sample: LayerSample) -> None:
        """See `check_weights`."""
        check_weights(sample)

    def test_unknown_arguments_are_refused(self, sample: LayerSample) -> None:
        """See `check_unknown_argument`."""
        check_unknown_argument(sample)
