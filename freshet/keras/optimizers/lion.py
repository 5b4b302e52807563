"""`Lion`: steps of one size, in the direction of the sign of a running mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.keras.optimizers.arguments import CommonArguments
from freshet.keras.optimizers.optimizer import Optimizer
from freshet.keras.optimizers.state import LearningRate
from freshet.ops.math import cast, sign


class Lion(Optimizer):
    """Follow the sign of a mix of the gradient and the running mean of gradients.

    w <- w - lr sign(beta_1 m + (1 - beta_1) g)
    m <- beta_2 m + (1 - beta_2) g

    Args:
        learning_rate: As for `Optimizer`; it should be a third to a tenth of Adam's.
        beta_1: The part of the mean in the mix, in (0, 1].
        beta_2: The part of the mean that stays at each step.
        **kwargs: `weight_decay`, `clipnorm`, ..., as for `Optimizer`.

    Raises:
        InvalidArgumentError: `beta_1` is outside (0, 1].

    Example:
        >>> v = Variable([1.0, 2.0])
        >>> Lion(0.25).apply([[10.0, -0.1]], [v])
        >>> v.numpy().tolist()
        [0.75, 2.25]

    Source: Chen et al. 2023, arXiv:2302.06675, program 1. Differs: decay is that of `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **kwargs: Unpack[CommonArguments],
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        if not 0 < beta_1 <= 1:
            raise InvalidArgumentError(f"Lion: beta_1 must be in (0, 1], received {beta_1!r}")
        self.beta_1 = beta_1
        self.beta_2 = beta_2

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the running means."""
        if self.built:
            return
        super().build(variables)
        self._momenta = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Update one variable."""
        m = self._momenta[self._get_variable_index(variable)]
        direction = sign(m * self.beta_1 + gradient * (1 - self.beta_1))
        variable.assign(variable - cast(learning_rate, variable.dtype) * direction)
        m.assign(m * self.beta_2 + gradient * (1 - self.beta_2))
