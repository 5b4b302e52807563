"""`Adagrad`: gradients divided by the root of the sum of their squares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.keras.initializers import Constant
from freshet.keras.optimizers.arguments import CommonArguments
from freshet.keras.optimizers.optimizer import Optimizer
from freshet.keras.optimizers.state import LearningRate
from freshet.ops.math import cast, sqrt, square


class Adagrad(Optimizer):
    """Divide gradients by the root of the sum of their squares so far.

    a <- a + g**2
    w <- w - lr g / sqrt(a + epsilon)

    Args:
        learning_rate: As for `Optimizer`; 0.001, as Keras. The paper's experiments use 1.
        initial_accumulator_value: First value of a; 0.1, as Keras, keeps the first steps short.
        epsilon: Keeps steps finite where gradients vanish; 1e-7, as Keras.
        **kwargs: `weight_decay`, `clipnorm`, ..., as for `Optimizer`.

    Example:
        >>> v = Variable([1.0])
        >>> Adagrad(0.25, initial_accumulator_value=0.0).apply([[10.0]], [v])
        >>> v.numpy().round(4).tolist()
        [0.75]

    Source: Duchi, Hazan & Singer, JMLR 12, 2011, figure 1.
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **kwargs: Unpack[CommonArguments],
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the sums of squares."""
        if self.built:
            return
        super().build(variables)
        start = Constant(self.initial_accumulator_value)
        self._sums_of_squares = self.add_optimizer_variables(variables, "accumulator", start)

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Update one variable."""
        a = self._sums_of_squares[self._get_variable_index(variable)]
        a.assign(a + square(gradient))
        step = cast(learning_rate, variable.dtype) * gradient / sqrt(a + self.epsilon)
        variable.assign(variable - step)
