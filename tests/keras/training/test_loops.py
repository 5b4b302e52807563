"""`fit`, `evaluate` and `predict` beside loops written by hand with a tape."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet import keras
from freshet.core.config import config
from freshet.keras import layers

RNG = np.random.default_rng(0)
IMAGES = RNG.standard_normal((20, 8, 8, 1)).astype(np.float32)
LABELS = RNG.integers(0, 3, 20)


def mlp() -> Any:
    return keras.Sequential(
        [keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(16, "relu"), layers.Dense(3)]
    )


def lenet() -> Any:
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)), layers.Conv2D(4, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(), layers.Conv2D(6, 3, activation="relu"), layers.Flatten(),
            layers.Dropout(0.3, seed=3), layers.Dense(3),
        ]
    )  # fmt: skip


def residual() -> Any:
    x = keras.Input((8, 8, 1))
    h = layers.Conv2D(4, 3, padding="same", use_bias=False)(x)
    h = layers.Activation("relu")(layers.BatchNormalization()(h))
    g = layers.Conv2D(4, 3, padding="same", kernel_regularizer="l2")(h)
    h = layers.Add()([h, layers.BatchNormalization()(g)])
    return keras.Model(x, layers.Dense(3)(layers.GlobalAveragePooling2D()(h)))


MODELS = pytest.mark.parametrize("make", [mlp, lenet, residual])
OPTIMIZER = {"class_name": "SGD", "config": {"learning_rate": 0.05, "momentum": 0.9}}
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def twins(make: Any, **options: Any) -> tuple[Any, Any]:
    """Return two models of the same weights and random states."""
    one, other = make(), make()
    for model in (one, other):
        model.compile(
            keras.optimizers.deserialize(OPTIMIZER), LOSS, metrics=["accuracy"], **options
        )
    for variable, value in zip(other.variables, one.variables, strict=True):
        variable.assign(value)
    return one, other


def assert_equal(one: Any, other: Any, bound: float) -> None:
    for a, b in zip(one.weights, other.weights, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=bound, atol=bound, err_msg=a.path)


@MODELS
@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "function"])
def test_fit_is_the_loop_written_by_hand(make: Any, compiled: bool) -> None:
    model, by_hand = twins(make)
    optimizer = keras.optimizers.deserialize(OPTIMIZER)
    optimizer.build(by_hand.trainable_weights)

    def step(x: Any, y: Any) -> Any:
        with ft.GradientTape() as tape:
            loss = LOSS(y, by_hand(x, training=True))
            for extra in by_hand.losses:
                loss = loss + extra
        weights = by_hand.trainable_weights
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    if compiled:
        step = ft.function(step)
    means = []
    for _ in range(2):
        losses = [
            float(step(ft.constant(IMAGES[i : i + 8]), ft.constant(LABELS[i : i + 8])))
            for i in range(0, 20, 8)
        ]
        means.append(np.average(losses, weights=[8, 8, 4]))
    history = model.fit(IMAGES, LABELS, batch_size=8, epochs=2, shuffle=False, verbose=0)
    np.testing.assert_allclose(history.history["loss"], means, rtol=2e-6)
    assert_equal(model, by_hand, 2e-6)


@MODELS
def test_eager_traced_and_compiled_steps_agree(make: Any) -> None:
    native, traced = twins(make)
    eager, _ = twins(make, run_eagerly=True)
    for variable, value in zip(eager.variables, native.variables, strict=True):
        variable.assign(value)
    logs = {}
    for name, model in (("native", native), ("numpy", traced), ("eager", eager)):
        config.backend = "native" if name == "eager" else name
        model.fit(IMAGES, LABELS, batch_size=8, shuffle=False, verbose=0)
        logs[name] = [
            *model.history.history.values(), model.evaluate(IMAGES, LABELS, verbose=0),
            model.predict(IMAGES, verbose=0),
        ]  # fmt: skip
    for name, model in (("numpy", traced), ("native", native)):
        assert_equal(model, eager, 2e-6)
        for found, expected in zip(logs[name], logs["eager"], strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@MODELS
def test_predict_is_the_model_called_without_training(make: Any) -> None:
    model = make()
    expected = model(IMAGES, training=False)
    for size in (1, 7, 20, 100):
        found = model.predict(IMAGES, batch_size=size, verbose=0)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_evaluate_is_the_mean_over_the_examples() -> None:
    model, _ = twins(mlp)
    logits = model.predict(IMAGES, verbose=0).astype(np.float64)
    logs = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    loss = -logs[np.arange(20), LABELS].mean()
    accuracy = (logits.argmax(1) == LABELS).mean()
    for size in (7, 20):
        found = model.evaluate(IMAGES, LABELS, batch_size=size, verbose=0)
        np.testing.assert_allclose(found, [loss, accuracy], rtol=1e-5)
    named = model.evaluate(IMAGES, LABELS, verbose=0, return_dict=True)
    assert list(named) == ["loss", "accuracy"]


def test_single_batches() -> None:
    model, other = twins(mlp)
    first, second = (slice(0, 8), slice(8, 16))
    expected = model.evaluate(IMAGES[first], LABELS[first], verbose=0)
    assert other.test_on_batch(IMAGES[first], LABELS[first]) == pytest.approx(expected)
    other.reset_metrics()
    assert other.train_on_batch(IMAGES[first], LABELS[first])[0] == pytest.approx(expected[0])
    other.train_on_batch(IMAGES[second], LABELS[second])
    model.fit(IMAGES[:16], LABELS[:16], batch_size=8, shuffle=False, verbose=0)
    assert_equal(model, other, 1e-7)
    np.testing.assert_array_equal(
        other.predict_on_batch(IMAGES[:5]), model.predict(IMAGES[:5], verbose=0)
    )
    logs = other.train_on_batch(IMAGES, LABELS, return_dict=True)
    assert list(logs) == ["loss", "accuracy"]


def test_weights_of_examples_and_classes_say_the_same() -> None:
    made = [twins(mlp) for _ in range(2)]
    by_class, by_example = made[0]
    weights = {0: 2.0, 2: 0.25}
    each = np.array([weights.get(int(label), 1.0) for label in LABELS])
    histories = [
        by_class.fit(IMAGES, LABELS, shuffle=False, verbose=0, class_weight=weights),
        by_example.fit(IMAGES, LABELS, shuffle=False, verbose=0, sample_weight=each),
    ]
    assert histories[0].history == histories[1].history
    assert_equal(by_class, by_example, 0)


def test_an_example_of_weight_two_counts_as_two() -> None:
    once, twice = twins(mlp)
    weight = np.ones(20)
    weight[3] = 2.0
    doubled = np.r_[np.arange(20), 3]
    # The loss is divided by the number of examples: 20 and 21.
    found = once.evaluate(IMAGES, LABELS, sample_weight=weight, verbose=0)[0] * 20 / 21
    expected = twice.evaluate(IMAGES[doubled], LABELS[doubled], verbose=0)[0]
    assert found == pytest.approx(expected, rel=1e-5)


def test_the_end_of_the_arrays_validates() -> None:
    split, given = twins(mlp)
    one = split.fit(IMAGES, LABELS, validation_split=0.25, shuffle=False, epochs=2, verbose=0)
    rest = (IMAGES[15:], LABELS[15:])
    two = given.fit(
        IMAGES[:15], LABELS[:15], validation_data=rest, shuffle=False, epochs=2, verbose=0
    )
    assert one.history == two.history
    assert list(one.history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    after = given.evaluate(*rest, verbose=0)
    assert [one.history["val_loss"][-1], one.history["val_accuracy"][-1]] == after


def test_validation_every_so_many_epochs() -> None:
    model, _ = twins(mlp)
    options = {"validation_data": (IMAGES, LABELS), "verbose": 0}
    found = model.fit(IMAGES, LABELS, epochs=5, validation_freq=2, **options).history
    assert (len(found["loss"]), len(found["val_loss"])) == (5, 2)
    found = model.fit(IMAGES, LABELS, epochs=3, validation_freq=[1, 3], **options).history
    assert len(found["val_loss"]) == 2


def test_validating_does_not_change_the_model() -> None:
    plain, validated = twins(residual)
    plain.fit(IMAGES, LABELS, batch_size=8, epochs=2, shuffle=False, verbose=0)
    validated.fit(
        IMAGES, LABELS, batch_size=8, epochs=2, shuffle=False, verbose=0,
        validation_data=(IMAGES[:5], LABELS[:5]), validation_batch_size=2,
    )  # fmt: skip
    assert_equal(plain, validated, 0)


# --- the order of the examples --------------------------------------------------------------------


class Order(keras.Model):
    """Remembers which examples it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(1)
        self.seen: list[int] = []

    def call(self, x: Any, training: bool = False) -> Any:
        if training:
            self.seen += np.asarray(x.numpy())[:, 0].astype(int).tolist()
        return self.dense(x)


def order_of(*, seed: int, **options: Any) -> list[int]:
    ft.random.set_seed(seed)
    model = Order()
    model.build((None, 1))
    model.compile("sgd", "mse", run_eagerly=True)
    x = np.arange(10, dtype=np.float32)[:, None]
    model.fit(x, x, batch_size=4, verbose=0, **options)
    return model.seen


def test_every_epoch_sees_every_example_once_in_another_order() -> None:
    seen = order_of(seed=1, epochs=3)
    epochs = [seen[i : i + 10] for i in (0, 10, 20)]
    assert [sorted(e) for e in epochs] == [list(range(10))] * 3
    assert len({tuple(e) for e in epochs}) == 3
    assert order_of(seed=1, epochs=3) == seen
    assert order_of(seed=2, epochs=3) != seen


def test_without_shuffling_the_order_is_that_of_the_arrays() -> None:
    assert order_of(seed=1, epochs=2, shuffle=False) == [*range(10), *range(10)]


# --- other sources of batches ---------------------------------------------------------------------


class Batches:
    """What Keras calls a `Sequence`: items by number, without an end that raises IndexError."""

    def __len__(self) -> int:
        return 5

    def __getitem__(self, number: int) -> Any:
        return IMAGES[number * 4 : number * 4 + 4], LABELS[number * 4 : number * 4 + 4]


def forever() -> Any:
    while True:
        yield from (Batches()[n] for n in range(5))


@pytest.mark.parametrize(
    ("source", "steps"),
    [
        (lambda: [Batches()[n] for n in range(5)].__iter__(), None),
        (Batches, None),
        (Batches, 5),
        (forever, 5),
    ],
    ids=["iterator", "sequence", "sequence with steps", "endless"],
)
def test_an_iterable_gives_the_batches_of_the_arrays(source: Any, steps: Any) -> None:
    from_arrays, from_iterable = twins(mlp)
    expected = from_arrays.fit(IMAGES, LABELS, batch_size=4, shuffle=False, verbose=0).history
    found = from_iterable.fit(source(), steps_per_epoch=steps, verbose=0).history
    assert found == expected
    assert_equal(from_iterable, from_arrays, 0)
    assert from_iterable.evaluate(source(), steps=steps, verbose=0) == pytest.approx(
        from_arrays.evaluate(IMAGES, LABELS, batch_size=4, verbose=0)
    )
    np.testing.assert_array_equal(
        from_iterable.predict(source(), steps=steps, verbose=0),
        from_arrays.predict(IMAGES, batch_size=4, verbose=0),
    )


def test_an_endless_source_goes_on_in_the_next_epoch() -> None:
    model, other = twins(mlp)
    model.fit(forever(), steps_per_epoch=2, epochs=5, verbose=0)
    other.fit(forever(), steps_per_epoch=10, epochs=1, verbose=0)
    assert_equal(model, other, 0)


def test_a_sequence_is_read_again_each_epoch() -> None:
    model, other = twins(mlp)
    model.fit(Batches(), epochs=3, verbose=0)
    other.fit(IMAGES, LABELS, batch_size=4, epochs=3, shuffle=False, verbose=0)
    assert_equal(model, other, 0)


def test_weighted_batches() -> None:
    model, other = twins(mlp)
    weights = np.linspace(0, 1, 20)
    batches = [(*Batches()[n], weights[n * 4 : n * 4 + 4]) for n in range(5)]
    found = model.fit(iter(batches), validation_data=iter(batches), verbose=0).history
    expected = other.fit(
        IMAGES, LABELS, sample_weight=weights, batch_size=4, shuffle=False, verbose=0,
        validation_data=(IMAGES, LABELS, weights),
    ).history  # fmt: skip
    assert found == expected


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (ft.constant(IMAGES), ft.constant(LABELS)),
        (IMAGES.tolist(), LABELS.tolist()),
        ([IMAGES], [LABELS]),
        (IMAGES.astype(np.float64), LABELS.astype(np.uint8)),
        (IMAGES[..., 0], LABELS[:, None]),
    ],
    ids=["tensors", "lists", "lists of arrays", "other dtypes", "other ranks"],
)
def test_the_same_numbers_in_other_clothes(x: Any, y: Any) -> None:
    model, other = twins(mlp)
    found = model.fit(x, y, shuffle=False, verbose=0).history
    expected = other.fit(IMAGES, LABELS, shuffle=False, verbose=0).history
    assert found["loss"] == pytest.approx(expected["loss"], rel=1e-6)
    assert_equal(model, other, 1e-6)
