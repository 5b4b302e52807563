"""What one step does, in JAX: a function for each kind, named as in `Problem.kind`.

Each takes the network's module, its weights and state, the mode and a batch. It returns the loss,
what the metric is the mean of, the new state and the gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

from benchmarks.models.layers_jax import Mode

Outcome = tuple[Any, Any, Any, Any]


def classification(code: Any, weights: Any, state: Any, mode: Mode, x: Any, y: Any) -> Outcome:
    """Cross-entropy and accuracy."""

    def evaluate(weights: Any) -> tuple[Any, Any]:
        logits, new_state = code.apply(weights, state, x, mode)
        loss = optax.softmax_cross_entropy_with_integer_labels(logits, y).mean()
        return loss, ((logits.argmax(1) == y).mean(), new_state)

    (loss, (score, state)), gradients = jax.value_and_grad(evaluate, has_aux=True)(weights)
    return loss, score, state, gradients


def prediction(code: Any, weights: Any, state: Any, mode: Mode, x: Any, y: Any) -> Outcome:
    """Cross-entropy at each position."""
    objective = optax.softmax_cross_entropy_with_integer_labels
    return _by_loss(code, weights, state, mode, x, lambda logits: objective(logits, y).mean())


def reconstruction(code: Any, weights: Any, state: Any, mode: Mode, x: Any) -> Outcome:
    """Mean squared error to what was given."""
    return _by_loss(code, weights, state, mode, x, lambda y: jnp.square(y - x).mean())


def policy_gradient(  # noqa: PLR0913, PLR0917 (a batch of three)
    code: Any, weights: Any, state: Any, mode: Mode, observations: Any, actions: Any, returns: Any
) -> Outcome:
    """Cross-entropy with the actions, weighted by the returns."""

    def objective(logits: Any) -> Any:
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, actions)
        return (losses * returns).mean()

    return _by_loss(code, weights, state, mode, observations, objective)


def adversarial(code: Any, weights: Any, state: Any, mode: Mode, x: Any, noise: Any) -> Outcome:
    """Both losses; XLA finds that both come from one pass."""
    drawing, judging = code.split(weights)
    one, two = (mode._replace(key=key) for key in jax.random.split(mode.key))
    objective = optax.sigmoid_binary_cross_entropy

    def draw(drawing: Any) -> tuple[Any, Any]:
        drawn, new_state = code.generate(drawing, state, noise)
        return objective(code.judge(judging, drawn, two), 1.0).mean(), (drawn, new_state)

    (draw_loss, (drawn, state)), to_draw = jax.value_and_grad(draw, has_aux=True)(drawing)

    def judge(judging: Any) -> Any:
        real, fake = code.judge(judging, x, one), code.judge(judging, drawn, two)
        return objective(real, 1.0).mean() + objective(fake, 0.0).mean()

    judge_loss, to_judge = jax.value_and_grad(judge)(judging)
    loss = draw_loss + judge_loss
    return loss, loss, state, [*to_draw, *to_judge]


def acting(code: Any, weights: Any, state: Any, mode: Mode, observation: Any) -> Outcome:
    """Give the probability of the first action."""
    logits, _ = code.apply(weights, state, observation, mode)
    probability = jax.nn.softmax(logits)[0, 0]
    return probability, probability, state, None


def _by_loss(
    code: Any, weights: Any, state: Any, mode: Mode, x: Any, objective: Callable[[Any], Any]
) -> Outcome:
    def evaluate(weights: Any) -> tuple[Any, Any]:
        output, new_state = code.apply(weights, state, x, mode)
        return objective(output), new_state

    (loss, state), gradients = jax.value_and_grad(evaluate, has_aux=True)(weights)
    return loss, loss, state, gradients
