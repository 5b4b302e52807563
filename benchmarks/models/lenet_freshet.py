"""LeNet with 5x5 convolutions, in Freshet's low-level API."""

from __future__ import annotations

import freshet as ft
from benchmarks.models import Array
from benchmarks.models.training_freshet import Adam


class Model:
    """The network; it gives logits."""

    def __init__(self, weights: list[Array], rate: float) -> None:
        self.variables = [ft.Variable(w) for w in weights]
        self.rate = rate

    def __call__(self, x: ft.Tensor) -> ft.Tensor:
        """Return the logits of a batch of images."""
        first, first_bias, second, second_bias, *dense = self.variables
        hidden, hidden_bias, output, output_bias = dense
        h = ft.nn.relu(ft.nn.conv2d(x, first, padding="SAME") + first_bias)
        h = ft.nn.max_pool(h, 2, 2, "SAME")
        h = ft.nn.relu(ft.nn.conv2d(h, second, padding="SAME") + second_bias)
        h = ft.nn.max_pool(h, 2, 2, "SAME")
        h = ft.nn.relu(ft.matmul(ft.reshape(h, [-1, 3136]), hidden) + hidden_bias)
        return ft.matmul(ft.nn.dropout(h, self.rate), output) + output_bias


def optimizer(variables: list[ft.Variable]) -> Adam:
    """Return the optimizer."""
    return Adam(variables, 1e-4)
