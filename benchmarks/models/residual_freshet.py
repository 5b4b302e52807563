"""Three residual blocks of 16 channels, in Freshet's low-level API."""

from __future__ import annotations

import freshet as ft
from benchmarks.models import Array
from benchmarks.models.training_freshet import BatchNorm, Momentum


class Model:
    """The network; it gives logits."""

    def __init__(self, weights: list[Array], rate: float) -> None:
        del rate  # it has no dropout
        self.variables = [ft.Variable(w) for w in weights]
        # kernel, gamma, beta of each convolution; then the last layer's two.
        convolutions = range(0, len(weights) - 2, 3)
        self.kernels = [self.variables[i] for i in convolutions]
        self.norms = [BatchNorm(*self.variables[i + 1 : i + 3]) for i in convolutions]

    def __call__(self, x: ft.Tensor) -> ft.Tensor:
        """Return the logits of a batch of images."""
        for number in range(0, len(self.kernels), 2):
            h = ft.nn.relu(self._normalized(x, number))
            x = ft.nn.relu(x + self._normalized(h, number + 1))
        output, output_bias = self.variables[-2:]
        return ft.matmul(ft.reduce_mean(x, [1, 2]), output) + output_bias

    def _normalized(self, x: ft.Tensor, number: int) -> ft.Tensor:
        return self.norms[number](ft.nn.conv2d(x, self.kernels[number], padding="SAME"))


def optimizer(variables: list[ft.Variable]) -> Momentum:
    """Return the optimizer."""
    return Momentum(variables, 1e-2)
