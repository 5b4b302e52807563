"""`Optimizer`: what every optimizer is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from freshet.core.errors import FailedPreconditionError, InvalidArgumentError, UnimplementedError
from freshet.core.source import within
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.graph.tape import GradientTape
from freshet.keras.configurable import reject_unknown, serialize
from freshet.keras.optimizers import schedules
from freshet.keras.optimizers.arguments import check_arguments, reject_old
from freshet.keras.optimizers.gradients import (
    as_gradient,
    clip_by_global_norm,
    clip_by_norm,
    gradients_of_loss,
    pairs_with_gradient,
    path_of,
)
from freshet.keras.optimizers.state import LearningRate, OptimizerState
from freshet.keras.registry import custom_object_scope
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import cast, clip_by_value, equal, where
from freshet.ops.shaping import zeros_like


class Optimizer(OptimizerState):
    """Changes variables along their gradients so that a loss becomes smaller.

    A subclass makes the variables it keeps for each trained one in `build`, with
    `add_optimizer_variables`, and writes `update_step`. Both work eagerly and inside `ft.function`,
    where the update becomes part of the kernels that compute the gradients.

    Args:
        learning_rate: Size of a step: a number, which is kept in a variable and can be set; a
            schedule; or a function without arguments.
        weight_decay: Shrink each variable by this part, times the learning rate, before the update.
        clipnorm: Shorten each gradient to this length.
        clipvalue: Keep each element of a gradient within plus and minus this.
        global_clipnorm: Shorten all gradients by one factor, to this length together.
        use_ema: Keep a moving average of the variables.
        ema_momentum: Weight of the average's own past; 0.99 averages over about 100 steps.
        ema_overwrite_frequency: Replace the variables by their averages every so many steps; by
            default only `finalize_variable_values` does.
        loss_scale_factor: What `scale_loss` multiplies by, and gradients are divided by, so that
            small gradients do not vanish in float16.
        gradient_accumulation_steps: Update every so many steps, with the mean of their gradients.
        name: For printing; numbered after the class by default.
        **kwargs: Arguments of older versions, which raise an error that names the new ones.

    Raises:
        InvalidArgumentError: An argument is unknown or out of range, or more than one way of
            clipping is asked for.

    Example:
        >>> class SignDescent(Optimizer):
        ...     def update_step(self, gradient, variable, learning_rate):
        ...         variable.assign_sub(sign(gradient) * learning_rate)
        >>> from freshet.ops.math import sign
        >>> v = Variable([1.0, 2.0])
        >>> SignDescent(0.5).apply([[0.1, -0.1]], [v])
        >>> v.numpy().tolist()
        [0.5, 2.5]
    """

    def __init__(
        self,
        learning_rate: LearningRate,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        reject_old(type(self).__name__, kwargs)
        reject_unknown(type(self), kwargs)
        self.weight_decay = weight_decay
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        self.use_ema = use_ema
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        check_arguments(self)
        self._trained: list[Variable] = []
        self._index: dict[int, int] = {}
        self._undecayed: tuple[set[int], re.Pattern[str] | None] = (set(), None)
        super().__init__(learning_rate, name)

    def build(self, variables: Sequence[Variable]) -> None:
        """Make what the optimizer keeps for each trained variable; done by the first update."""
        self._trained = list(variables)
        self._index = {id(v): i for i, v in enumerate(self._trained)}
        if self.use_ema:
            self._averages = self.add_optimizer_variables(self._trained, "average")
        if self.gradient_accumulation_steps:
            self._sums = self.add_optimizer_variables(self._trained, "gradient_accumulator")
        self._own = len(self._variables)
        self.built = True

    @property
    def iterations(self) -> Any:
        """How many updates were done: a variable, or a tensor if gradients are accumulated."""
        if self.gradient_accumulation_steps:
            return self._iterations // self.gradient_accumulation_steps
        return self._iterations

    def _get_variable_index(self, variable: Variable) -> int:
        """Return the place of a trained variable in the lists made by `build`."""
        return self._index[id(variable)]

    # --- updates ----------------------------------------------------------------------------------

    def apply_gradients(
        self, grads_and_vars: Iterable[tuple[Any, Variable]], name: Any = None, **kwargs: Any
    ) -> Variable:
        """Update variables.

        Args:
            grads_and_vars: Pairs of gradient and variable.
            name: Ignored.
            **kwargs: TensorFlow's experimental arguments, ignored.

        Returns:
            The count of steps.

        Raises:
            InvalidArgumentError: As for `apply`.
        """
        del name, kwargs
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self._iterations

    def apply(
        self, grads: Sequence[Any], trainable_variables: Sequence[Variable] | None = None
    ) -> None:
        """Update variables.

        Args:
            grads: A gradient per variable; None for a variable that the loss does not depend on,
                which is left as it is, with a warning.
            trainable_variables: The variables; by default those that `build` was given.

        Raises:
            InvalidArgumentError: A gradient has another shape than its variable, all are None, or
                a variable is not one of those that the optimizer was built for.
            FailedPreconditionError: No variables are given to an optimizer that is not built.
        """
        given = list(grads)
        if not given:
            return
        name = type(self).__name__
        pairs = pairs_with_gradient(name, given, self._variables_for(given, trainable_variables))
        gradients = [as_gradient(name, g, v) for g, v in pairs]
        with within(name):
            self._apply(gradients, [v for _, v in pairs])

    def _apply(self, gradients: list[Tensor], variables: list[Variable]) -> None:
        if self.loss_scale_factor is not None:
            gradients = [g / self.loss_scale_factor for g in gradients]
        if self.gradient_accumulation_steps:
            self._accumulate(gradients, variables, self.gradient_accumulation_steps)
        else:
            self._update(gradients, variables)
        if self.use_ema:
            self._average()
        for variable in variables:
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable))
        self._iterations.assign_add(1)

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        """Update one variable; a subclass writes it."""
        raise UnimplementedError(f"{type(self).__name__} has no update_step method")

    def _variables_for(
        self, grads: list[Any], variables: Sequence[Variable] | None
    ) -> list[Variable]:
        if variables is None:
            if not self.built:
                raise FailedPreconditionError(
                    f"{type(self).__name__}.apply: give the variables as well, or call "
                    "build(variables) before"
                )
            variables = self._trained
        found = list(variables)
        if len(found) != len(grads):
            raise InvalidArgumentError(
                f"{type(self).__name__}: {len(grads)} gradients for {len(found)} variables"
            )
        if not self.built:
            self.build(found)
        for variable in found:
            if id(variable) not in self._index:
                raise InvalidArgumentError(
                    f"{type(self).__name__}: {path_of(variable)} is not one of the "
                    f"{len(self._trained)} variables that the optimizer was built for; make a new "
                    "optimizer for other variables"
                )
        return found

    def _update(self, gradients: list[Tensor], variables: list[Variable]) -> None:
        """Clip, decay and update."""
        gradients = self._clipped(gradients)
        rate = convert_to_tensor(self.learning_rate)
        if self.weight_decay is not None:
            for variable in filter(self._decays, variables):
                shrunk = variable * self.weight_decay * cast(rate, variable.dtype)
                variable.assign(variable - shrunk)
        self._update_all(gradients, variables, rate)

    def _update_all(
        self, gradients: list[Tensor], variables: list[Variable], learning_rate: Tensor
    ) -> None:
        """Update each variable; a subclass may do what is common to them first."""
        for gradient, variable in zip(gradients, variables, strict=True):
            self.update_step(gradient, variable, learning_rate)

    def _clipped(self, gradients: list[Tensor]) -> list[Tensor]:
        if self.clipnorm:
            return [clip_by_norm(g, self.clipnorm) for g in gradients]
        if self.global_clipnorm:
            return clip_by_global_norm(gradients, self.global_clipnorm)
        if self.clipvalue:
            return [clip_by_value(g, -self.clipvalue, self.clipvalue) for g in gradients]
        return gradients

    def _accumulate(self, gradients: list[Tensor], variables: list[Variable], steps: int) -> None:
        """Update with the mean gradient if this is the last of `steps`; else remember the sum."""
        due = equal((self._iterations + 1) % steps, 0)
        sums = [self._sums[self._get_variable_index(v)] for v in variables]
        totals = [g + s for g, s in zip(gradients, sums, strict=True)]
        changed = [*variables, *self._variables[self._own :]]
        before = [v.value() for v in changed]
        self._update([t / float(steps) for t in totals], variables)
        for variable, old in zip(changed, before, strict=True):
            variable.assign(where(due, variable, old))
        for kept, total in zip(sums, totals, strict=True):
            kept.assign(where(due, zeros_like(total), total))

    def _average(self) -> None:
        """Move the averages towards the variables, and the variables to the averages if due."""
        for variable, average in zip(self._trained, self._averages, strict=True):
            # The first step has no past.
            first = cast(equal(self.iterations, 0), variable.dtype)
            momentum = (1.0 - first) * self.ema_momentum
            average.assign(momentum * average + (1.0 - momentum) * variable)
            if self.ema_overwrite_frequency:
                due = equal((self.iterations + 1) % self.ema_overwrite_frequency, 0)
                variable.assign(where(due, average, variable))

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Set variables to their moving averages, if those are kept; `fit` does it at the end."""
        if self.use_ema:
            for variable in var_list:
                variable.assign(self._averages[self._get_variable_index(variable)].value())

    def exclude_from_weight_decay(
        self,
        var_list: Sequence[Variable] | None = None,
        var_names: Sequence[str] | None = None,
    ) -> None:
        """Leave variables out of weight decay; call it before the first update.

        Args:
            var_list: The variables.
            var_names: Regular expressions; variables whose name one of them occurs in are left out.

        Raises:
            FailedPreconditionError: The optimizer is built.
        """
        if self.built:
            raise FailedPreconditionError(
                f"{type(self).__name__}.exclude_from_weight_decay: call it before the first update"
            )
        pattern = re.compile("|".join(var_names)) if var_names else None
        self._undecayed = ({id(v) for v in var_list or ()}, pattern)

    def _decays(self, variable: Variable) -> bool:
        listed, pattern = self._undecayed
        return id(variable) not in listed and not (pattern and pattern.search(variable.name))

    def scale_loss(self, loss: Any) -> Any:
        """Return the loss times `loss_scale_factor`, whose gradients `apply` divides again."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def assign(self, variable: Variable, value: Any) -> None:
        """Assign a value to a variable, converted to its dtype."""
        variable.assign(cast(value, variable.dtype))

    def assign_add(self, variable: Variable, value: Any) -> None:
        """Add a value to a variable."""
        variable.assign_add(cast(value, variable.dtype))

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """Subtract a value from a variable."""
        variable.assign_sub(cast(value, variable.dtype))

    # --- from a loss ------------------------------------------------------------------------------

    def compute_gradients(
        self, loss: Any, var_list: Any, tape: GradientTape | None = None
    ) -> list[tuple[Tensor | None, Variable]]:
        """Return pairs of gradient and variable.

        Args:
            loss: A function without arguments that returns the loss; or the loss, with the tape.
            var_list: The variables, or a function that returns them.
            tape: The tape that recorded the loss.

        Raises:
            InvalidArgumentError: `loss` is a tensor and there is no tape.
        """
        return gradients_of_loss(type(self).__name__, loss, var_list, tape)

    def minimize(
        self, loss: Any, var_list: Any, tape: GradientTape | None = None, name: Any = None
    ) -> Variable:
        """Compute the gradients of a loss and apply them.

        Args:
            loss: A function without arguments that returns the loss; or the loss, with the tape.
            var_list: The variables, or a function that returns them.
            tape: The tape that recorded the loss.
            name: Ignored.

        Returns:
            The count of steps.

        Raises:
            InvalidArgumentError: `loss` is a tensor and there is no tape.
        """
        del name
        return self.apply_gradients(self.compute_gradients(loss, var_list, tape))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON values."""
        return {**super().get_config(), "learning_rate": serialize(self._learning_rate)}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Self:
        """Make an optimizer, without its state, from what `get_config` returned."""
        # Keras 2 wrote these; they say nothing about the updates.
        ignored = {"jit_compile", "is_legacy_optimizer"}
        arguments = {k: v for k, v in config.items() if k not in ignored}
        with custom_object_scope(custom_objects or {}):
            if isinstance(arguments.get("learning_rate"), dict):
                arguments["learning_rate"] = schedules.deserialize(arguments["learning_rate"])
        return cls(**arguments)
