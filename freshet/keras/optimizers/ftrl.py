"""`Ftrl`: follow the regularised leader; sparse weights of models with very many inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.keras.initializers import Constant
from freshet.keras.optimizers.arguments import CommonArguments
from freshet.keras.optimizers.optimizer import Optimizer
from freshet.keras.optimizers.state import LearningRate
from freshet.ops.math import cast, clip_by_value, pow, square


class Ftrl(Optimizer):
    """Minimise, at each step, all linearised losses so far plus a regularization.

    n' = n + g**2
    z <- z + g + 2 s w - (n'**-p - n**-p) / lr w
    w <- (clip(z, -l1, l1) - z) / (n'**-p / lr + 2 l2 + beta / lr)
    n <- n'

    with p `learning_rate_power`, s `l2_shrinkage_regularization_strength`, and l1 and l2 the two
    other strengths.

    Args:
        learning_rate: As for `Optimizer`.
        learning_rate_power: How rates fall with the squares of gradients; not above 0.
        initial_accumulator_value: Where n starts.
        l1_regularization_strength: Sets small weights to 0.
        l2_regularization_strength: Makes weights small.
        l2_shrinkage_regularization_strength: Makes weights small as an L2 penalty of the loss does,
            without an effect on the rates.
        beta: The paper's.
        **kwargs: `weight_decay`, `clipnorm`, ..., as for `Optimizer`.

    Raises:
        InvalidArgumentError: A strength or the first value is negative, or the power positive.

    Example:
        >>> v = Variable([1.0])
        >>> Ftrl(0.5, initial_accumulator_value=0.0).apply([[2.0]], [v])
        >>> v.numpy().tolist()
        [0.5]

    Source: McMahan et al. 2013, "Ad click prediction: a view from the trenches", algorithm 1.
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **kwargs: Unpack[CommonArguments],
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta
        if learning_rate_power > 0:
            raise InvalidArgumentError(
                f"Ftrl: learning_rate_power must not be above 0, received {learning_rate_power}"
            )
        for name in (
            "initial_accumulator_value", "l1_regularization_strength", "l2_regularization_strength",
            "l2_shrinkage_regularization_strength",
        ):  # fmt: skip
            if getattr(self, name) < 0:
                raise InvalidArgumentError(
                    f"Ftrl: {name} must not be negative, received {getattr(self, name)}"
                )

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the sums of squares and the linear parts."""
        if self.built:
            return
        super().build(variables)
        start = Constant(self.initial_accumulator_value)
        self._squares, self._linears = self.add_optimizer_variables(
            variables, ["accumulator", "linear"], [start, "zeros"]
        )

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Update one variable."""
        index = self._get_variable_index(variable)
        n, z = self._squares[index], self._linears[index]
        rate = cast(learning_rate, variable.dtype)
        power = -self.learning_rate_power
        after = n + square(gradient)
        grown = pow(after, power)
        steeper = gradient + variable * (2 * self.l2_shrinkage_regularization_strength)
        z.assign(z + steeper - (grown - pow(n.value(), power)) / rate * variable)
        bound = self.l1_regularization_strength
        curvature = grown / rate + 2 * self.l2_regularization_strength + self.beta / rate
        variable.assign((clip_by_value(z.value(), -bound, bound) - z) / curvature)
        n.assign(after)
