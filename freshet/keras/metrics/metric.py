"""`Metric`: what every metric is."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import context
from freshet.core.dtypes import as_dtype
from freshet.core.errors import FailedPreconditionError, UnimplementedError
from freshet.core.nest import flatten, is_nested
from freshet.core.shapes import TensorShape
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.graph.autograph.calling import f as converted
from freshet.keras import initializers
from freshet.keras.configurable import Configurable
from freshet.keras.dtype_policies import get_policy
from freshet.keras.names import auto_name, class_prefix


class Metric(Configurable):
    """A number computed over many batches, from variables that each batch updates.

    A subclass makes its variables with `add_weight` in the constructor, writes `update_state` and
    `result`. Both work eagerly and inside `ft.function`.

    Args:
        dtype: Of the computation and, by default, of the variables; `floatx()` by default.
        name: For printing; numbered after the class by default.

    Example:
        >>> class Count(Metric):
        ...     def __init__(self, name="count", dtype=None):
        ...         super().__init__(dtype, name)
        ...         self.seen = self.add_weight(name="seen")
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         self.seen.assign_add(float(len(y_pred)))
        ...     def result(self):
        ...         return self.seen.value()
        >>> metric = Count()
        >>> float(metric([0, 0], [1, 1])), float(metric([0], [1]))
        (2.0, 3.0)
    """

    family = "keras.metrics"

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = name or auto_name(class_prefix(type(self)))
        self.dtype: str = get_policy(dtype).compute_dtype.name
        self._added: list[Variable] = []

    def add_variable(
        self,
        shape: Any = (),
        initializer: Any = None,
        dtype: Any = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> Variable:
        """Make a variable, which `reset_state` sets to 0.

        Args:
            shape: Its shape.
            initializer: Of its first value; zeros by default.
            dtype: That of the metric by default.
            aggregation: How the variable's copies on several devices become one.
            name: For printing.

        Raises:
            FailedPreconditionError: The constructor has not called `super().__init__()`.
        """
        del aggregation
        if not hasattr(self, "_added"):
            raise FailedPreconditionError(
                f"{type(self).__name__}: its __init__ must begin with super().__init__()"
            )
        kind = as_dtype(dtype or self.dtype)
        with context.init_scope():
            value = initializers.get(initializer or "zeros")(tuple(TensorShape(shape)), dtype=kind)
        variable = Variable(value, trainable=False, name=name or "variable", dtype=kind)
        variable._become_weight(self.name)
        self._added.append(variable)
        return variable

    def add_weight(
        self,
        shape: Any = (),
        initializer: Any = None,
        dtype: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Make a variable, which `reset_state` sets to 0; see `add_variable`."""
        return self.add_variable(shape, initializer, dtype, name=name)

    @property
    def variables(self) -> list[Variable]:
        """The variables made by `add_weight`, then those held in attributes and other metrics."""
        found = {id(v): v for v in self._added}
        for value in vars(self).values():
            for leaf in flatten(value) if is_nested(value) else (value,):
                own = leaf.variables if isinstance(leaf, Metric) else [leaf]
                found |= {id(v): v for v in own if isinstance(v, Variable) and id(v) not in found}
        return list(found.values())

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Add a batch; a subclass writes it."""
        raise UnimplementedError(f"{type(self).__name__} has no update_state method")

    def result(self) -> Any:
        """Return what all batches have come to; a subclass writes it."""
        raise UnimplementedError(f"{type(self).__name__} has no result method")

    def reset_state(self) -> None:
        """Forget all batches."""
        for variable in self.variables:
            sizes = tuple(variable.shape)
            variable.assign(Tensor._of_array(np.zeros(sizes, variable.dtype.as_numpy_dtype)))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Add a batch and return the result."""
        converted(self.update_state)(*args, **kwargs)
        return self.result()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"
