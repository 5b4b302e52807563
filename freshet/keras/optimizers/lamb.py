"""`Lamb`: `Adam` with each variable's step in proportion to its size, for large batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.keras.optimizers.arguments import CommonArguments
from freshet.keras.optimizers.optimizer import Optimizer
from freshet.keras.optimizers.state import LearningRate
from freshet.ops.math import cast, logical_and, pow, sqrt, square, where
from freshet.ops.reduction import reduce_sum


class Lamb(Optimizer):
    """Scale Adam's step of each variable to the variable's norm.

    m <- m + (g - m) (1 - beta_1)
    v <- v + (g**2 - v) (1 - beta_2)
    u = (m / (1 - beta_1**t)) / (sqrt(v / (1 - beta_2**t)) + epsilon)
    w <- w - lr u |w| / |u|    (without the factor where a norm is 0)

    Args:
        learning_rate: As for `Optimizer`.
        beta_1: The part of the mean that stays at each step.
        beta_2: The part of the mean square that stays at each step.
        epsilon: Keeps steps finite where gradients vanish; 1e-7, as Keras. The paper has 1e-6.
        **kwargs: `weight_decay`, `clipnorm`, ..., as for `Optimizer`.

    Example:
        >>> v = Variable([2.0])
        >>> Lamb(0.25).apply([[10.0]], [v])
        >>> v.numpy().round(4).tolist()
        [1.5]

    Source: You et al. 2019, arXiv:1904.00962, algorithm 2. Differs: decay is that of `Optimizer`.
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
        """Make the means and mean squares."""
        if self.built:
            return
        super().build(variables)
        names = ["momentum", "velocity"]
        self._momenta, self._velocities = self.add_optimizer_variables(variables, names)

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Update one variable."""
        index = self._get_variable_index(variable)
        m, v = self._momenta[index], self._velocities[index]
        t = cast(self.iterations + 1, variable.dtype)
        m.assign(m + (gradient - m) * (1 - self.beta_1))
        v.assign(v + (square(gradient) - v) * (1 - self.beta_2))
        mean, size = m / (1.0 - pow(self.beta_1, t)), v / (1.0 - pow(self.beta_2, t))
        update = mean / (sqrt(size) + self.epsilon)
        weight_norm, update_norm = (
            sqrt(reduce_sum(square(variable.value()))), sqrt(reduce_sum(square(update))),
        )  # fmt: skip
        both = logical_and(weight_norm > 0.0, update_norm > 0.0)
        ratio = where(both, weight_norm / where(both, update_norm, 1.0), 1.0)
        variable.assign(variable - cast(learning_rate, variable.dtype) * ratio * update)
