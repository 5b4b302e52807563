"""`Adamax`: `Adam` with the largest gradient in place of the mean square."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.keras.optimizers.arguments import CommonArguments
from freshet.keras.optimizers.optimizer import Optimizer
from freshet.keras.optimizers.state import LearningRate
from freshet.ops.math import abs as absolute
from freshet.ops.math import cast, maximum, pow


class Adamax(Optimizer):
    """Divide running means of gradients by the largest gradient, slowly forgotten.

    m <- m + (g - m) (1 - beta_1)
    u <- max(beta_2 u, |g|)
    w <- w - lr m / ((1 - beta_1**t) (u + epsilon))

    Args:
        learning_rate: As for `Optimizer`; 0.001, as Keras. The paper proposes 0.002.
        beta_1: The part of the mean that stays at each step.
        beta_2: The part of the largest gradient that stays at each step.
        epsilon: Keeps steps finite where gradients vanish; 1e-7, as Keras.
        **kwargs: `weight_decay`, `clipnorm`, ..., as for `Optimizer`.

    Example:
        >>> v = Variable([1.0])
        >>> Adamax(0.25).apply([[10.0]], [v])
        >>> v.numpy().round(4).tolist()
        [0.75]

    Source: Kingma & Ba 2014, arXiv:1412.6980, algorithm 2. Differs: epsilon.
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **kwargs: Unpack[CommonArguments],
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the means and the largest gradients."""
        if self.built:
            return
        super().build(variables)
        names = ["momentum", "norm"]
        self._momenta, self._largest = self.add_optimizer_variables(variables, names)

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Update one variable."""
        index = self._get_variable_index(variable)
        m, u = self._momenta[index], self._largest[index]
        t = cast(self.iterations + 1, variable.dtype)
        m.assign(m + (gradient - m) * (1 - self.beta_1))
        u.assign(maximum(u * self.beta_2, absolute(gradient)))
        divisor = (1.0 - pow(self.beta_1, t)) * (u + self.epsilon)
        variable.assign(variable - cast(learning_rate, variable.dtype) * m / divisor)
