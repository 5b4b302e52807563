"""Gradients: from a loss, beside their variables, and kept from being too long."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.graph.tape import GradientTape
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import cast, maximum, minimum, sqrt, square
from freshet.ops.reduction import reduce_sum

Pairs = list[tuple[Any, Variable]]


def gradients_of_loss(caller: str, loss: Any, var_list: Any, tape: GradientTape | None) -> Pairs:
    """Return pairs of gradient and variable.

    Args:
        caller: Name of the optimizer, for errors.
        loss: A function without arguments that returns the loss; or the loss, with the tape.
        var_list: The variables, or a function that returns them.
        tape: The tape that recorded the loss.

    Raises:
        InvalidArgumentError: `loss` is a tensor and there is no tape.
    """
    if tape is None and not callable(loss):
        raise InvalidArgumentError(
            f"{caller}.minimize: give the tape that recorded the loss, or a function that returns "
            "the loss"
        )
    recorded = tape or GradientTape()
    if tape is None:
        with recorded:
            if not callable(var_list):
                recorded.watch(list(var_list))
            loss = loss()
    variables = list(var_list() if callable(var_list) else var_list)
    return list(zip(recorded.gradient(loss, variables), variables, strict=True))


def pairs_with_gradient(
    caller: str, gradients: Sequence[Any], variables: Sequence[Variable]
) -> Pairs:
    """Return the pairs with a gradient; warn of the others.

    Raises:
        InvalidArgumentError: No variable has a gradient.
    """
    pairs = [(g, v) for g, v in zip(gradients, variables, strict=True) if g is not None]
    missing = [path_of(v) for g, v in zip(gradients, variables, strict=True) if g is None]
    if not pairs:
        raise InvalidArgumentError(
            f"{caller}: no gradient for any variable ({', '.join(missing)}): the loss does not "
            "depend on them, or was computed outside the tape"
        )
    if missing:
        warnings.warn(
            f"{caller}: no gradient for {', '.join(missing)}, which stay as they are: the loss "
            "does not depend on them",
            stacklevel=4,
        )
    return pairs


def as_gradient(caller: str, gradient: Any, variable: Variable) -> Tensor:
    """Return a gradient as a tensor of its variable's dtype.

    Raises:
        InvalidArgumentError: It has another shape than the variable.
    """
    found = convert_to_tensor(gradient, dtype_hint=variable.dtype)
    if not found.shape.is_compatible_with(variable.shape):
        raise InvalidArgumentError(
            f"{caller}: {path_of(variable)} has shape {variable.shape}, its gradient is "
            f"{found._type}"
        )
    return cast(found, variable.dtype)


def path_of(variable: Any) -> str:
    """Return a variable's name with those of its owners before it."""
    return repr(getattr(variable, "path", variable))


# --- clipping -------------------------------------------------------------------------------------


def clip_by_norm(gradient: Tensor, norm: float) -> Tensor:
    """Return ``g norm / max(|g|, norm)``: shortened to `norm` if it is longer."""
    length = sqrt(reduce_sum(square(gradient)))
    return gradient * norm / maximum(length, norm)


def clip_by_global_norm(gradients: Sequence[Tensor], norm: float) -> list[Tensor]:
    """Return all gradients shortened by one factor, so that together they are at most `norm` long.

    If one is not finite, all become NaN, so that the mistake shows.

    Source: Pascanu, Mikolov & Bengio 2012, arXiv:1211.5063, algorithm 1.
    """
    length = global_norm(gradients)
    factor = minimum(1.0 / length, 1.0 / norm) * norm
    factor = factor + (length - length)  # NaN for lengths that are not finite, else 0
    return [g * cast(factor, g.dtype) for g in gradients]


def global_norm(gradients: Sequence[Tensor]) -> Tensor:
    """Return the length of all gradients taken as one vector."""
    total = reduce_sum(square(gradients[0]))
    for gradient in gradients[1:]:
        total = total + cast(reduce_sum(square(gradient)), total.dtype)
    return sqrt(total)
