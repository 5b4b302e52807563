"""Differentiation: `GradientTape`, reverse mode over what the tape recorded.

The tape holds the operations in the order in which they ran. Going back through them, each one's
gradient rule turns the gradient of its outputs into that of its inputs. Rules are written with
public operations on tensors, so they run eagerly or are traced, and other tapes that are recording
can differentiate them again.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np

from freshet.core import context
from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.core.nest import flatten, pack_sequence_as
from freshet.core.source import GRADIENT, current_part, within
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.primitive import Call, Joint, NoGradient


@dataclass(frozen=True, slots=True)
class _Record:
    """An operation that ran, and the part of a model that asked for it."""

    primitive: Any
    call: Call
    part: str

    @property
    def gradient_part(self) -> str:
        """The part of a model that the operation's gradient belongs to."""
        return self.part.removesuffix(GRADIENT) + GRADIENT if self.part else current_part()


def _key(tensor: Tensor) -> int:
    """Return what stands for a tensor: a symbolic one may be wrapped more than once."""
    return id(tensor if tensor._symbol is None else tensor._symbol)


class GradientTape:
    """Record operations, to differentiate them.

    Args:
        persistent: Whether `gradient` may be called more than once.
        watch_accessed_variables: Whether trainable variables are watched when they are read.

    Example:
        >>> import freshet as ft
        >>> x = ft.Variable(3.0)
        >>> with ft.GradientTape() as tape:
        ...     y = x * x
        >>> float(tape.gradient(y, x))
        6.0
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent = persistent
        self._watches_variables = watch_accessed_variables
        self._recording = False
        self._used = False
        self._records: list[_Record] = []
        self._tracked: set[int] = set()
        self._reads: dict[int, list[Tensor]] = {}
        self._variables: dict[int, Variable] = {}

    # --- recording --------------------------------------------------------------------------------

    def __enter__(self) -> GradientTape:
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._recording:
            self._stop()

    def _start(self) -> None:
        if self._recording:
            raise FailedPreconditionError("GradientTape: this tape is recording already")
        context.state.recorders = (*context.state.recorders, self)
        self._recording = True

    def _stop(self) -> None:
        context.state.recorders = tuple(r for r in context.state.recorders if r is not self)
        self._recording = False

    def watch(self, tensor: Any) -> None:
        """Follow a tensor (or several, or a variable) from here on."""
        for leaf in flatten(tensor):
            if isinstance(leaf, Variable):
                self._variables[id(leaf)] = leaf
                continue
            if not isinstance(leaf, Tensor):
                raise InvalidArgumentError(
                    f"GradientTape.watch: expected a tensor or variable, received {leaf!r}"
                )
            if not leaf.dtype.is_differentiable:
                warnings.warn(
                    f"GradientTape.watch: a tensor of {leaf.dtype.name} has no gradient",
                    stacklevel=2,
                )
            self._tracked.add(_key(leaf))
            self._reads.setdefault(_key(leaf), [leaf])

    def record(
        self,
        primitive: Any,
        inputs: tuple[Tensor, ...],
        params: Mapping[str, Any],
        outputs: tuple[Tensor, ...],
    ) -> None:
        """Remember an operation if it depends on something watched."""
        if any(_key(t) in self._tracked for t in inputs):
            self._records.append(_Record(primitive, Call(inputs, outputs, params), current_part()))
            self._tracked.update(_key(t) for t in outputs)

    def record_read(self, variable: Variable, value: Tensor) -> None:
        """Remember that `value` is what `variable` held."""
        if self._watches_variables and variable.trainable:
            self._variables.setdefault(id(variable), variable)
        if id(variable) in self._variables:
            reads = self._reads.setdefault(id(variable), [])
            if not any(_key(t) == _key(value) for t in reads):
                reads.append(value)
            self._tracked.add(_key(value))

    def tracks(self, tensor: Tensor) -> bool:
        """Return whether a tensor depends on something that is watched."""
        return _key(tensor) in self._tracked

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Record nothing within the block."""
        if not self._recording:
            raise FailedPreconditionError("GradientTape.stop_recording: the tape is not recording")
        self._stop()
        try:
            yield
        finally:
            self._start()

    def reset(self) -> None:
        """Forget everything recorded."""
        self._records, self._tracked, self._reads, self._variables = [], set(), {}, {}
        self._used = False

    def watched_variables(self) -> tuple[Variable, ...]:
        """Return the variables watched, in order of their creation."""
        return tuple(sorted(self._variables.values(), key=lambda v: v.number))

    # --- differentiating --------------------------------------------------------------------------

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: Any = "none",
    ) -> Any:
        """Return the derivative of the sum of `target` for each of `sources`.

        Args:
            target: A tensor or variable, or a structure of them.
            sources: Watched tensors or variables, or a structure of them.
            output_gradients: Weights of the targets' elements; ones by default.
            unconnected_gradients: What a source gets that the target does not depend on: "none" or
                "zero".

        Returns:
            A structure like `sources`.

        Raises:
            FailedPreconditionError: A tape that is not persistent is used twice.
            InvalidArgumentError: `output_gradients` do not have the targets' shapes.
        """
        self._use("gradient")
        results = self._gradient(target, sources, output_gradients, unconnected_gradients)
        self._release()
        return results

    def _use(self, method: str) -> None:
        if self._used and not self._persistent:
            raise FailedPreconditionError(
                f"GradientTape.{method}: a tape can be used once; make it with persistent=True to "
                "use it again"
            )
        if self._recording and not self._persistent:
            self._stop()
        self._used = True

    def _release(self) -> None:
        if not self._persistent:
            self._records, self._tracked = [], set()

    def _gradient(
        self, target: Any, sources: Any, output_gradients: Any, unconnected_gradients: Any
    ) -> Any:
        none = _unconnected(unconnected_gradients)
        wanted = flatten(sources)
        targets = [convert_to_tensor(t) for t in flatten(target)]
        seeds = self._seeds(targets, output_gradients)
        found = self._backward(seeds, self._leading_from(wanted))
        results = [self._collect(source, found, none) for source in wanted]
        return pack_sequence_as(sources, results)

    def _seeds(self, targets: list[Tensor], output_gradients: Any) -> list[tuple[Tensor, Tensor]]:
        given = flatten(output_gradients) if output_gradients is not None else [None] * len(targets)
        seeds = []
        for target, weight in zip(targets, given, strict=True):
            if not target.dtype.is_differentiable:
                warnings.warn(
                    f"GradientTape.gradient: the target is {target.dtype.name}, so its gradient is "
                    "None; targets must be floating-point",
                    stacklevel=4,
                )
                continue
            seed = shaping.ones_like(target) if weight is None else convert_to_tensor(
                weight, dtype=target.dtype
            )  # fmt: skip
            if not seed.shape.is_compatible_with(target.shape):
                raise InvalidArgumentError(
                    "GradientTape.gradient: the output gradient has shape "
                    f"{seed.shape}, the target {target.shape}"
                )
            seeds.append((target, seed))
        return seeds

    def _leading_from(self, sources: Sequence[Any]) -> set[int]:
        """Return the tensors that depend on the sources; nothing else needs a gradient."""
        leading: set[int] = set()
        for source in sources:
            if isinstance(source, Variable):
                leading.update(_key(t) for t in self._reads.get(id(source), []))
            elif isinstance(source, Tensor):
                leading.add(_key(source))
            else:
                raise InvalidArgumentError(
                    f"GradientTape.gradient: a source must be a tensor or variable, received "
                    f"{source!r}"
                )
        for record in self._records:
            if any(_key(t) in leading for t in record.call.inputs):
                leading.update(_key(t) for t in record.call.outputs)
        return leading

    def _backward(self, seeds: list[tuple[Tensor, Tensor]], leading: set[int]) -> dict[int, Tensor]:
        """Return the gradient of each tensor in `leading`."""
        found: dict[int, Tensor] = {}
        for target, seed in seeds:
            _accumulate(found, target, seed)
        for record in reversed(list(self._records)):
            call = record.call
            if not any(_key(t) in found for t in call.outputs):
                continue
            wanted = [_key(t) in leading and t.dtype.is_differentiable for t in call.inputs]
            if not any(wanted):
                continue
            with within(record.gradient_part):
                grads = [_or_zeros(found, t) for t in call.outputs if t.dtype.is_differentiable]
                gradients = operand_gradients(record.primitive, call, wanted, grads)
                for tensor, grad in zip(call.inputs, gradients, strict=True):
                    if grad is not None:
                        _accumulate(found, tensor, grad)
        return found

    def _collect(self, source: Any, found: dict[int, Tensor], none: str) -> Tensor | None:
        reads = self._reads.get(id(source), []) if isinstance(source, Variable) else [source]
        parts = [found[_key(t)] for t in reads if _key(t) in found]
        if not parts:
            return shaping.zeros_like(source) if none == "zero" else None
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total

    def jacobian(
        self,
        target: Tensor,
        sources: Any,
        unconnected_gradients: Any = "none",
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """Return the derivative of every element of `target` for every element of each source.

        Args:
            target: A tensor of known shape.
            sources: Watched tensors or variables, or a structure of them.
            unconnected_gradients: As for `gradient`.
            parallel_iterations: Ignored; kept for TensorFlow programs.
            experimental_use_pfor: Ignored; kept for TensorFlow programs.

        Returns:
            A structure like `sources`, each of shape ``target.shape + source.shape``.
        """
        target = convert_to_tensor(target)
        count = target.shape.num_elements()
        if count is None:
            raise InvalidArgumentError(
                f"GradientTape.jacobian: the shape of the target {target._type} is not known"
            )
        self._use("jacobian")
        rows = []
        for number in range(count):
            seed = np.zeros(count, target.dtype.as_numpy_dtype)
            seed[number] = 1
            weights = Tensor._of_array(seed.reshape(tuple(target.shape)), target.dtype)
            rows.append(flatten(self._gradient(target, sources, weights, unconnected_gradients)))
        self._release()
        leaves = flatten(sources)
        results = [
            _stacked([row[i] for row in rows], target, leaf) for i, leaf in enumerate(leaves)
        ]
        return pack_sequence_as(sources, results)

    def batch_jacobian(
        self,
        target: Tensor,
        source: Any,
        unconnected_gradients: Any = "none",
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """Return the Jacobian of each example: row ``i`` of `target` for row ``i`` of `source`.

        Row ``i`` of the target must depend on no other row of the source.

        Args:
            target: A tensor of known shape ``[batch, ...]``.
            source: A watched tensor or variable of shape ``[batch, ...]``.
            unconnected_gradients: As for `gradient`.
            parallel_iterations: Ignored; kept for TensorFlow programs.
            experimental_use_pfor: Ignored; kept for TensorFlow programs.

        Returns:
            A tensor of shape ``[batch] + target.shape[1:] + source.shape[1:]``.
        """
        target = convert_to_tensor(target)
        if not target.shape or not source.shape or None in target.shape:
            raise InvalidArgumentError(
                "GradientTape.batch_jacobian: target and source need a batch dimension and the "
                f"target a known shape, received {target._type} and shape {source.shape}"
            )
        sizes = target._type.static_shape
        if source.shape[0] not in {sizes[0], None}:
            raise InvalidArgumentError(
                f"GradientTape.batch_jacobian: the target has {sizes[0]} rows, the source "
                f"{source.shape[0]}"
            )
        self._use("batch_jacobian")
        columns = []
        for where in np.ndindex(*sizes[1:]):
            seed = np.zeros(sizes, target.dtype.as_numpy_dtype)
            seed[(slice(None), *where)] = 1
            weights = Tensor._of_array(seed, target.dtype)
            columns.append(self._gradient(target, source, weights, unconnected_gradients))
        self._release()
        if any(column is None for column in columns):
            return None
        shape = [*sizes, *source.shape[1:]]
        if not columns:
            return shaping.zeros(shape, target.dtype)
        return shaping.reshape(shaping.stack(columns, axis=1), shape)


def _unconnected(value: Any) -> str:
    text = str(getattr(value, "value", value)).lower()
    if text not in {"none", "zero"}:
        raise InvalidArgumentError(
            f"unconnected_gradients must be 'none' or 'zero', received {value!r}"
        )
    return text


def _accumulate(found: dict[int, Tensor], tensor: Tensor, grad: Tensor) -> None:
    key = _key(tensor)
    found[key] = found[key] + grad if key in found else grad


def _or_zeros(found: dict[int, Tensor], tensor: Tensor) -> Tensor:
    grad = found.get(_key(tensor))
    return shaping.zeros_like(tensor) if grad is None else grad


def operand_gradients(
    primitive: Any, call: Call, wanted: Sequence[bool], grads: Sequence[Tensor]
) -> list[Tensor | None]:
    """Apply a primitive's gradient rule; return a gradient for each wanted operand."""
    rules = primitive.gradient
    if isinstance(rules, NoGradient):
        return [None] * len(call.inputs)
    if isinstance(rules, Joint):
        return list(rules.rule(call, wanted, *grads))
    results: list[Tensor | None] = []
    for rule, asked in zip(rules, wanted, strict=False):
        results.append(rule(call, *grads) if rule is not None and asked else None)
    return results + [None] * (len(call.inputs) - len(results))


def _stacked(rows: list[Any], target: Tensor, source: Any) -> Tensor | None:
    if any(row is None for row in rows):
        return None
    shape = [*target.shape, *source.shape]
    if not rows:
        return shaping.zeros(shape, target.dtype)
    return shaping.reshape(shaping.stack(rows), shape)
