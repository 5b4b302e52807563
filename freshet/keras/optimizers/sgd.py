"""`SGD`: gradient descent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.keras.optimizers.arguments import CommonArguments
from freshet.keras.optimizers.optimizer import Optimizer
from freshet.keras.optimizers.state import LearningRate
from freshet.ops.math import cast


class SGD(Optimizer):
    """Gradient descent, with momentum.

    w <- w - lr g                        without momentum
    m <- momentum m - lr g               with momentum
    w <- w + m                           or, with nesterov:  w <- w + momentum m - lr g

    Args:
        learning_rate: As for `Optimizer`; 0.01, as Keras.
        momentum: The part of the last step that goes on, in [0, 1].
        nesterov: Take the gradient's step as if momentum had been applied already.
        **kwargs: `weight_decay`, `clipnorm`, ..., as for `Optimizer`.

    Raises:
        InvalidArgumentError: `momentum` is outside [0, 1].

    Example:
        >>> v = Variable([1.0])
        >>> optimizer = SGD(0.5, momentum=0.5)
        >>> for _ in range(2):
        ...     optimizer.apply([[1.0]], [v])
        >>> v.numpy().tolist()
        [-0.25]

    Source: Sutskever et al., ICML 2013, eq. 1-4.
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **kwargs: Unpack[CommonArguments],
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        if not 0 <= momentum <= 1:
            raise InvalidArgumentError(f"SGD: momentum must be in [0, 1], received {momentum!r}")
        self.momentum = momentum
        self.nesterov = nesterov

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the momenta."""
        if self.built:
            return
        super().build(variables)
        if self.momentum:
            self._momenta = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Update one variable."""
        step = gradient * cast(learning_rate, variable.dtype)
        if not self.momentum:
            variable.assign(variable - step)
            return
        m = self._momenta[self._get_variable_index(variable)]
        m.assign(m * self.momentum - step)
        variable.assign(variable + (m * self.momentum - step if self.nesterov else m))
