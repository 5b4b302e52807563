"""`Adadelta`: steps in the units of the variables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.keras.optimizers.arguments import CommonArguments
from freshet.keras.optimizers.optimizer import Optimizer
from freshet.keras.optimizers.state import LearningRate
from freshet.ops.math import cast, sqrt, square


class Adadelta(Optimizer):
    """Scale gradients by the ratio of the running sizes of steps and of gradients.

    a <- rho a + (1 - rho) g**2
    d = -sqrt(b + epsilon) / sqrt(a + epsilon) g
    b <- rho b + (1 - rho) d**2
    w <- w + lr d

    Args:
        learning_rate: As for `Optimizer`; 0.001, as Keras. The paper has none, that is 1.
        rho: The part of the running means that stays at each step.
        epsilon: Starts the first steps; 1e-7, as Keras. The paper's experiments use 1e-6.
        **kwargs: `weight_decay`, `clipnorm`, ..., as for `Optimizer`.

    Example:
        >>> v = Variable([1.0])
        >>> Adadelta(1.0, rho=0.75, epsilon=0.0625).apply([[0.5]], [v])
        >>> round(float(v.numpy()[0]), 4)  # 1 - 0.25 / sqrt(0.125) * 0.5
        0.6464

    Source: Zeiler 2012, arXiv:1212.5701, algorithm 1. Differs: the learning rate.
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **kwargs: Unpack[CommonArguments],
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.rho = rho
        self.epsilon = epsilon

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the running means of squared gradients and steps."""
        if self.built:
            return
        super().build(variables)
        names = ["accumulated_grad", "accumulated_delta_var"]
        self._gradients, self._steps = self.add_optimizer_variables(variables, names)

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Update one variable."""
        index = self._get_variable_index(variable)
        a, b = self._gradients[index], self._steps[index]
        a.assign(a * self.rho + square(gradient) * (1 - self.rho))
        step = -(sqrt(b + self.epsilon) * gradient / sqrt(a + self.epsilon))
        b.assign(b * self.rho + square(step) * (1 - self.rho))
        variable.assign(variable + cast(learning_rate, variable.dtype) * step)
