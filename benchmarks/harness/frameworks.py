"""The frameworks that are measured: what each imports and which module trains with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True)
class Framework:
    """One row of the table.

    Attributes:
        name: For the command line.
        title: For tables and charts.
        imports: What a program imports to use it; NumPy first for all, whoever imports it.
        module: The module of `benchmarks.models` that trains with it.
        options: What that module's functions are given beside the problem.
        distributions: The packages whose versions are reported.
        color: In charts.
    """

    name: str
    title: str
    imports: tuple[str, ...]
    module: str
    distributions: tuple[str, ...]
    color: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_freshet(self) -> bool:
        """Whether it runs in Freshet's own environment; the others are peers."""
        return self.imports[-1] == "freshet"


FRESHET: Final = "freshet"
_TENSORFLOW: Final = ("tensorflow_cpu", "keras")
FRAMEWORKS: Final = {
    f.name: f
    for f in (
        Framework(
            FRESHET, "Freshet", ("numpy", "freshet"), "training_keras",
            ("freshet", "numpy", "llvmlite"), "#0b6e99",
            options={"package": "freshet", "jit_compile": None},
        ),
        Framework(
            "tf", "TF graph", ("numpy", "tensorflow"), "training_keras", _TENSORFLOW, "#e08a1e",
            options={"package": "tensorflow", "jit_compile": False},
        ),
        Framework(
            "tf_xla", "TF XLA", ("numpy", "tensorflow"), "training_keras", _TENSORFLOW, "#f0b775",
            options={"package": "tensorflow", "jit_compile": True},
        ),
        Framework(
            "torch", "torch eager", ("numpy", "torch"), "training_torch", ("torch",), "#c8432e",
            options={"compiled": False},
        ),
        Framework(
            "torch_compile", "torch.compile", ("numpy", "torch"), "training_torch", ("torch",),
            "#e39a8c", options={"compiled": True},
        ),
        Framework(
            "jax", "JAX jit", ("numpy", "jax", "optax"), "training_jax",
            ("jax", "jaxlib", "optax"), "#6a51a3",
        ),
    )
}  # fmt: skip
