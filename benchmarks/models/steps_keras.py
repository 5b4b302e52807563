"""What one step does, in the Keras API: a function for each kind, named as in `Problem.kind`.

Each takes the package, the model and a function that makes an optimizer. It returns the step, to be
traced, which takes a batch and returns its loss, and the metric that the step updates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Made = tuple[Callable[..., Any], Any]


def classification(tf: Any, model: Any, optimizer: Callable[[], Any]) -> Made:
    """Cross-entropy and accuracy."""
    objective = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    accuracy = tf.keras.metrics.SparseCategoricalAccuracy()
    variables, own = model.trainable_variables, optimizer()
    own.build(variables)

    def step(x: Any, y: Any) -> Any:
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            loss = objective(y, logits)
        own.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        accuracy.update_state(y, logits)
        return loss

    return step, accuracy


def prediction(tf: Any, model: Any, optimizer: Callable[[], Any]) -> Made:
    """Cross-entropy at each position."""
    objective = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return _with_mean(tf, model, optimizer, lambda x, y: objective(y, model(x, training=True)))


def reconstruction(tf: Any, model: Any, optimizer: Callable[[], Any]) -> Made:
    """Mean squared error to what was given."""
    objective = tf.keras.losses.MeanSquaredError()
    return _with_mean(tf, model, optimizer, lambda x: objective(x, model(x, training=True)))


def policy_gradient(tf: Any, model: Any, optimizer: Callable[[], Any]) -> Made:
    """Cross-entropy with the actions, weighted by the returns."""
    objective = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def evaluate(observations: Any, actions: Any, returns: Any) -> Any:
        return objective(actions, model(observations, training=True), sample_weight=returns)

    return _with_mean(tf, model, optimizer, evaluate)


def adversarial(tf: Any, model: Any, optimizer: Callable[[], Any]) -> Made:
    """Both losses from one pass, then both updates."""
    objective = tf.keras.losses.BinaryCrossentropy(from_logits=True)
    mean = tf.keras.metrics.Mean()
    generator, discriminator = model.generator, model.discriminator
    drawing, judging = generator.trainable_variables, discriminator.trainable_variables
    generator_optimizer, discriminator_optimizer = optimizer(), optimizer()
    generator_optimizer.build(drawing)
    discriminator_optimizer.build(judging)

    def step(images: Any, noise: Any) -> Any:
        with tf.GradientTape() as generator_tape, tf.GradientTape() as discriminator_tape:
            drawn = generator(noise, training=True)
            real = discriminator(images, training=True)
            fake = discriminator(drawn, training=True)
            generator_loss = objective(tf.ones_like(fake), fake)
            discriminator_loss = objective(tf.ones_like(real), real)
            discriminator_loss += objective(tf.zeros_like(fake), fake)
        to_draw = generator_tape.gradient(generator_loss, drawing)
        to_judge = discriminator_tape.gradient(discriminator_loss, judging)
        generator_optimizer.apply_gradients(zip(to_draw, drawing, strict=True))
        discriminator_optimizer.apply_gradients(zip(to_judge, judging, strict=True))
        loss = generator_loss + discriminator_loss
        mean.update_state(loss)
        return loss

    return step, mean


def acting(tf: Any, model: Any, optimizer: Callable[[], Any]) -> Made:
    """Return the probability of the first action."""
    del optimizer  # nothing is trained
    return lambda observation: tf.nn.softmax(model(observation))[0, 0], tf.keras.metrics.Mean()


def _with_mean(
    tf: Any, model: Any, optimizer: Callable[[], Any], evaluate: Callable[..., Any]
) -> Made:
    """Train by a loss and keep its mean."""
    mean = tf.keras.metrics.Mean()
    variables, own = model.trainable_variables, optimizer()
    own.build(variables)

    def step(*batch: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = evaluate(*batch)
        own.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        mean.update_state(loss)
        return loss

    return step, mean
