"""`Adam` and `AdamW`: steps of a size of their own for each element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.keras.optimizers.arguments import CommonArguments
from freshet.keras.optimizers.optimizer import Optimizer
from freshet.keras.optimizers.state import LearningRate
from freshet.ops.math import cast, maximum, pow, sqrt, square


class Adam(Optimizer):
    """Divide running means of gradients by the root of those of their squares.

    m <- m + (g - m) (1 - beta_1)
    v <- v + (g**2 - v) (1 - beta_2)
    w <- w - lr sqrt(1 - beta_2**t) / (1 - beta_1**t)  m / (sqrt(v) + epsilon)

    With `amsgrad`, v in the last line is the largest so far.

    Args:
        learning_rate: As for `Optimizer`; 0.001, as the paper.
        beta_1: The part of the mean that stays at each step; 0.9 averages over about 10.
        beta_2: The same for squares; 0.999 averages over about 1000.
        epsilon: Keeps steps finite where gradients vanish. 1e-7, as Keras; the paper's 1e-8 is
            lost beside float32 numbers near 1.
        amsgrad: Never let v shrink.
        **kwargs: `weight_decay`, `clipnorm`, ..., as for `Optimizer`.

    Example:
        >>> v = Variable([1.0])
        >>> Adam(0.25).apply([[10.0]], [v])
        >>> v.numpy().round(4).tolist()  # the first step is as long as the learning rate
        [0.75]

    Source: Kingma & Ba 2014, arXiv:1412.6980, algorithm 1 in the form at the end of section 2;
    amsgrad: Reddi et al. 2019, arXiv:1904.09237, algorithm 2. Differs: epsilon is added before the
    correction of v.
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **kwargs: Unpack[CommonArguments],
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.amsgrad = amsgrad

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the means of gradients and of their squares."""
        if self.built:
            return
        super().build(variables)
        names = ["momentum", "velocity"]
        self._momenta, self._velocities = self.add_optimizer_variables(variables, names)
        if self.amsgrad:
            self._largest = self.add_optimizer_variables(variables, "velocity_hat")

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Update one variable."""
        index = self._get_variable_index(variable)
        m, v = self._momenta[index], self._velocities[index]
        t = cast(self.iterations + 1, variable.dtype)
        correction = sqrt(1.0 - pow(self.beta_2, t)) / (1.0 - pow(self.beta_1, t))
        alpha = cast(learning_rate, variable.dtype) * correction
        m.assign(m + (gradient - m) * (1 - self.beta_1))
        v.assign(v + (square(gradient) - v) * (1 - self.beta_2))
        if self.amsgrad:
            largest = self._largest[index]
            largest.assign(maximum(largest, v))
            v = largest
        variable.assign(variable - m * alpha / (sqrt(v) + self.epsilon))


class AdamW(Adam):
    """`Adam` with weight decay: each variable also shrinks by ``lr weight_decay w``.

    Args:
        learning_rate: As for `Adam`.
        weight_decay: 0.004, as Keras.
        beta_1: As for `Adam`.
        beta_2: As for `Adam`.
        epsilon: As for `Adam`.
        amsgrad: As for `Adam`.
        **kwargs: `clipnorm`, `use_ema`, ..., as for `Optimizer`.

    Raises:
        InvalidArgumentError: `weight_decay` is None.

    Example:
        >>> v = Variable([1.0])
        >>> AdamW(0.25, weight_decay=1.0).apply([[10.0]], [v])
        >>> v.numpy().round(4).tolist()
        [0.5]

    Source: Loshchilov & Hutter 2017, arXiv:1711.05101, algorithm 2.
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **kwargs: Any,
    ) -> None:
        if weight_decay is None:
            raise InvalidArgumentError(
                "AdamW: weight_decay must be a number, received None; use Adam"
            )
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **kwargs
        )
