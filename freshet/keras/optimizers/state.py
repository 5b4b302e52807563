"""`OptimizerState`: the variables that an optimizer keeps."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from freshet.core import context
from freshet.core.dtypes import as_dtype
from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.core.shapes import TensorShape
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.keras import initializers
from freshet.keras.configurable import Configurable
from freshet.keras.dtype_policies import floatx
from freshet.keras.names import auto_name, class_prefix
from freshet.keras.optimizers.schedules import LearningRateSchedule
from freshet.ops.math import cast

LearningRate = float | LearningRateSchedule | Callable[[], Any]


class OptimizerState(Configurable):
    """The count of steps, the learning rate, and what is kept for each trained variable.

    They are saved in the order in which they are made, which is Keras's.

    Args:
        learning_rate: A number, which is kept in a variable; a schedule; or a function without
            arguments.
        name: For printing; numbered after the class by default.

    Raises:
        InvalidArgumentError: `learning_rate` is none of these.
    """

    family = "keras.optimizers"

    def __init__(self, learning_rate: LearningRate, name: str | None = None) -> None:
        self.name = name or auto_name(class_prefix(type(self)))
        self.built = False
        self._variables: list[Variable] = []
        self._iterations = self._track(np.int32(0), "iteration")
        self._learning_rate: Any = None
        self._set_learning_rate(learning_rate)

    # --- the learning rate ------------------------------------------------------------------------

    @property
    def learning_rate(self) -> Any:
        """The present learning rate: the variable, or what the schedule or function returns."""
        if isinstance(self._learning_rate, LearningRateSchedule):
            return self._learning_rate(self._iterations)
        return self._learning_rate if self._has_variable_rate() else self._learning_rate()

    @learning_rate.setter
    def learning_rate(self, value: LearningRate) -> None:
        self._set_learning_rate(value)

    def _has_variable_rate(self) -> bool:
        return isinstance(self._learning_rate, Variable)

    def _set_learning_rate(self, value: Any) -> None:
        if callable(value) and not isinstance(value, (Variable, Tensor)):
            if self._has_variable_rate():
                self._variables = [v for v in self._variables if v is not self._learning_rate]
            self._learning_rate = value
        elif self._learning_rate is None:
            start = np.asarray(_rate(type(self).__name__, value), floatx())
            self._learning_rate = self._track(start, "learning_rate")
        elif self._has_variable_rate():
            symbolic = isinstance(value, (Tensor, Variable))
            rate = cast(value, floatx()) if symbolic else _rate(type(self).__name__, value)
            self._learning_rate.assign(rate)
        else:
            raise InvalidArgumentError(
                f"{type(self).__name__}: the learning rate is {self._learning_rate!r} and cannot "
                "be set to a number; make the optimizer with a number to be able to"
            )

    # --- variables --------------------------------------------------------------------------------

    @property
    def variables(self) -> list[Variable]:
        """The count of steps, the learning rate if it is a variable, then those of `build`."""
        return list(self._variables)

    def _track(self, value: Any, name: str) -> Variable:
        variable = Variable(value, trainable=False, name=name)
        variable.name, variable.path = name, f"{self.name}/{name}"
        self._variables.append(variable)
        return variable

    def add_variable(
        self,
        shape: Any,
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "none",
        layout: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Make a variable that is saved with the optimizer.

        Args:
            shape: Its shape.
            initializer: Of its first value.
            dtype: `floatx()` by default.
            aggregation: How the variable's copies on several devices become one.
            layout: Accepted for Keras programs.
            name: For printing.
        """
        del aggregation, layout
        with context.init_scope():
            make = initializers.get(initializer)
            value = make(tuple(TensorShape(shape)), dtype=as_dtype(dtype or floatx()))
        return self._track(value, name or "variable")

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """Make a variable of the shape and dtype of a trained one."""
        prefix = reference_variable.path.replace("/", "_")
        return self.add_variable(
            reference_variable.shape,
            initializer,
            reference_variable.dtype,
            name=f"{prefix}_{name or 'var'}",
        )

    def add_optimizer_variables(
        self, trainable_variables: Sequence[Variable], name: Any, initializer: Any = "zeros"
    ) -> Any:
        """Make one variable, or several, for each trained one.

        Args:
            trainable_variables: The trained variables.
            name: A name, or several.
            initializer: Of their first values; one for all names, or as many.

        Returns:
            For one name, a list like `trainable_variables`; for several, a tuple of such lists.
            They are made, and saved, trained variable by trained variable.
        """
        names = [name] if isinstance(name, str) else list(name)
        several = isinstance(initializer, (list, tuple))
        makers = list(initializer) if several else [initializer] * len(names)
        if len(makers) != len(names):
            raise InvalidArgumentError(
                f"add_optimizer_variables: {len(names)} names but {len(makers)} initializers"
            )
        made: list[list[Variable]] = [[] for _ in names]
        for variable in trainable_variables:
            for found, own, make in zip(made, names, makers, strict=True):
                found.append(self.add_variable_from_reference(variable, own, make))
        return made[0] if isinstance(name, str) else tuple(made)

    # --- saving -----------------------------------------------------------------------------------

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Assign values to `variables`.

        Raises:
            FailedPreconditionError: The optimizer is not built.
            InvalidArgumentError: Their number or a shape differs; nothing is assigned then.
        """
        if not self.built:
            raise FailedPreconditionError(
                f"{type(self).__name__}.set_weights: call build(variables) before"
            )
        if len(weights) != len(self._variables):
            raise InvalidArgumentError(
                f"{type(self).__name__}.set_weights: there are {len(self._variables)} variables, "
                f"received {len(weights)} values"
            )
        self._assign_all("set_weights", [np.asarray(w) for w in weights])

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Put `variables` into a mapping, numbered in order."""
        for number, variable in enumerate(self._variables):
            store[str(number)] = np.asarray(variable.numpy())

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Take `variables` from a mapping; warn, and leave them, if their number differs.

        Raises:
            InvalidArgumentError: A shape differs; nothing is assigned then.
        """
        if len(store) != len(self._variables):
            warnings.warn(
                f"{self.name}: the saved optimizer has {len(store)} variables, this one "
                f"{len(self._variables)}; its state is not loaded",
                stacklevel=2,
            )
            return
        arrays = [np.asarray(store[str(n)]) for n in range(len(self._variables))]
        self._assign_all("load_own_variables", arrays)

    def _assign_all(self, caller: str, arrays: Sequence[np.ndarray[Any, Any]]) -> None:
        for variable, array in zip(self._variables, arrays, strict=True):
            if not variable.shape.is_compatible_with(array.shape):
                raise InvalidArgumentError(
                    f"{type(self).__name__}.{caller}: {variable.path} has shape "
                    f"{variable.shape}, received {array.shape}"
                )
        for variable, array in zip(self._variables, arrays, strict=True):
            variable.assign(array.astype(variable.dtype.as_numpy_dtype))


def _rate(name: str, value: Any) -> float:
    """Return a learning rate as a number."""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InvalidArgumentError(
            f"{name}: learning_rate must be a number, a LearningRateSchedule or a function without "
            f"arguments, received {value!r}"
        ) from None
