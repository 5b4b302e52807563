"""`RMSprop`: gradients divided by the root of the mean of their squares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.keras.optimizers.arguments import CommonArguments
from freshet.keras.optimizers.optimizer import Optimizer
from freshet.keras.optimizers.state import LearningRate
from freshet.ops.math import cast, sqrt, square


class RMSprop(Optimizer):
    """Divide gradients by the root of the running mean of their squares.

    v <- rho v + (1 - rho) g**2
    d = lr g / sqrt(v + epsilon)           or, centered:  lr g / sqrt(v - a**2 + epsilon)
    w <- w - d                             or, with momentum:  m <- momentum m + d,  w <- w - m

    where a <- rho a + (1 - rho) g is the running mean of gradients.

    Args:
        learning_rate: As for `Optimizer`; 0.001, as Keras.
        rho: The part of the mean that stays at each step.
        momentum: The part of the last step that goes on.
        epsilon: Keeps steps finite where gradients vanish; 1e-7, as Keras.
        centered: Divide by the deviation of the gradients instead.
        **kwargs: `weight_decay`, `clipnorm`, ..., as for `Optimizer`.

    Example:
        >>> v = Variable([1.0])
        >>> RMSprop(0.25, rho=0.75).apply([[10.0]], [v])
        >>> v.numpy().round(4).tolist()
        [0.5]

    Source: Tieleman & Hinton, Coursera lecture 6.5, 2012; centered: Graves 2013, arXiv:1308.0850,
    eq. 38-41.
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **kwargs: Unpack[CommonArguments],
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the running means."""
        if self.built:
            return
        super().build(variables)
        self._velocities = self.add_optimizer_variables(variables, "velocity")
        if self.momentum > 0:
            self._momenta = self.add_optimizer_variables(variables, "momentum")
        if self.centered:
            self._means = self.add_optimizer_variables(variables, "average_gradient")

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Update one variable."""
        index = self._get_variable_index(variable)
        v = self._velocities[index]
        v.assign(v * self.rho + square(gradient) * (1 - self.rho))
        spread: Any = v
        if self.centered:
            mean = self._means[index]
            mean.assign(mean * self.rho + gradient * (1 - self.rho))
            spread = v - square(mean)
        step = cast(learning_rate, variable.dtype) * gradient / sqrt(spread + self.epsilon)
        if self.momentum > 0:
            m = self._momenta[index]
            m.assign(m * self.momentum + step)
            step = m.value()
        variable.assign(variable - step)
