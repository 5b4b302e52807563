"""`Nadam`: `Adam` with Nesterov's momentum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Unpack

from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.keras.dtype_policies import floatx
from freshet.keras.optimizers.arguments import CommonArguments
from freshet.keras.optimizers.optimizer import Optimizer
from freshet.keras.optimizers.state import LearningRate
from freshet.ops.math import cast, pow, sqrt, square

_WARMING: Final = 0.96
"""How fast the momentum grows to beta_1; the paper's constant, for 250 steps a unit."""


class Nadam(Optimizer):
    """`Adam` that looks one step of momentum ahead.

    u(t) = beta_1 (1 - 0.96**t / 2),   p <- p u(t)
    m <- m + (g - m) (1 - beta_1)
    v <- v + (g**2 - v) (1 - beta_2)
    w <- w - lr (u(t+1) m / (1 - p u(t+1)) + (1 - u(t)) g / (1 - p))
               / (sqrt(v / (1 - beta_2**t)) + epsilon)

    Args:
        learning_rate: As for `Optimizer`; 0.001, as Keras.
        beta_1: The part of the mean that stays at each step.
        beta_2: The same for squares.
        epsilon: Keeps steps finite where gradients vanish; 1e-7, as Keras.
        **kwargs: `weight_decay`, `clipnorm`, ..., as for `Optimizer`.

    Example:
        >>> v = Variable([1.0])
        >>> Nadam(0.25).apply([[10.0]], [v])
        >>> bool(abs(v.numpy()[0] - 0.7) < 0.05)
        True

    Source: Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016, algorithm 2.
    Differs: the power of 0.96 is t, not t / 250.
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
        """Make the means and the product of all u."""
        if self.built:
            return
        super().build(variables)
        names = ["momentum", "velocity"]
        self._momenta, self._velocities = self.add_optimizer_variables(variables, names)
        kind = variables[0].dtype if variables else floatx()
        self._product = self.add_variable((), "ones", kind)

    def _update_all(
        self, gradients: list[Tensor], variables: list[Variable], learning_rate: Tensor
    ) -> None:
        self._product.assign(self._product * self._u(1, self._product.dtype))
        super()._update_all(gradients, variables, learning_rate)

    def _u(self, ahead: int, dtype: Any) -> Tensor:
        """Return the momentum of a step, counted from the last one done."""
        t = cast(self.iterations + ahead, dtype)
        u: Tensor = (1.0 - pow(_WARMING, t) * 0.5) * self.beta_1
        return u

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Update one variable."""
        index = self._get_variable_index(variable)
        m, v = self._momenta[index], self._velocities[index]
        kind = variable.dtype
        t = cast(self.iterations + 1, kind)
        now, following, product = self._u(1, kind), self._u(2, kind), cast(self._product, kind)
        # As in Keras, and other than in Adam, the betas are rounded to the dtype before use.
        beta_1, beta_2 = cast(self.beta_1, kind), cast(self.beta_2, kind)
        m.assign(m + (gradient - m) * (1.0 - beta_1))
        v.assign(v + (square(gradient) - v) * (1.0 - beta_2))
        ahead = following * m / (1.0 - product * following)
        mean = ahead + (1.0 - now) * gradient / (1.0 - product)
        square_mean = v / (1.0 - pow(beta_2, t))
        step = mean * cast(learning_rate, kind) / (sqrt(square_mean) + self.epsilon)
        variable.assign(variable - step)
