"""Random state of layers: ``ft.keras.random``."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import context
from freshet.core.tensor import Tensor
from freshet.keras.configurable import Configurable
from freshet.keras.names import auto_name
from freshet.ops import random

__all__ = ["SeedGenerator"]


class SeedGenerator(Configurable):
    """A source of keys for random operations, with its state in a variable.

    Each key is given out once. Inside a traced function the state is read and advanced when the
    function runs, so that every run draws anew.

    Args:
        seed: A whole number; drawn from the global generator by default, so that
            `ft.random.set_seed` fixes it.
        name: Numbered by default.
    """

    family = "keras.random"

    def __init__(self, seed: int | None = None, name: str | None = None) -> None:
        self.seed = seed
        self.name = name or auto_name("seed_generator")
        self._generator = random.KeyStream(draw_seed() if seed is None else seed)
        self._generator.state._become_weight()

    @property
    def state(self) -> Any:
        """The variable."""
        return self._generator.state

    def next(self) -> Tensor:
        """Return the next key, u32[2]."""
        return self._generator.make_key()


def draw_seed() -> int:
    """Return a seed from the global generator."""
    with context.init_scope():
        key = random.get_global_generator().make_key()
        low, high = np.asarray(key.numpy()).tolist()
    return int(low) + (int(high) << 32)
