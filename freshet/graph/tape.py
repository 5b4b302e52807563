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
from types import TracebackType
from typing import Any, NamedTuple

from freshet.core import context
from freshet.core.composite import CompositeTensor
from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.core.nest import flatten, pack_sequence_as
from freshet.core.source import GRADIENT, current_part, within
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.graph.row_gradients import RowGradients
from freshet.graph.row_gradients import key_of as key_of
from freshet.graph.unconnected import UnconnectedGradients
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.indexed_slices import IndexedSlices
from freshet.ops.primitive import Call, Joint, NoGradient


class _Record(NamedTuple):
    """An operation that ran, and the part of a model that asked for it."""

    primitive: Any
    call: Call
    part: str

    @property
    def gradient_part(self) -> str:
        """The part of a model that the operation's gradient belongs to."""
        return self.part.removesuffix(GRADIENT) + GRADIENT if self.part else current_part()


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
        # Tapes before accumulators: these compute with what they are told of, and a tape must know
        # it by then.
        others = context.state.recorders
        tapes = sum(isinstance(r, GradientTape) for r in others)
        context.state.recorders = (*others[:tapes], self, *others[tapes:])
        self._recording = True

    def _stop(self) -> None:
        context.state.recorders = tuple(r for r in context.state.recorders if r is not self)
        self._recording = False

    def watch(self, tensor: Any) -> None:
        """Follow a tensor (or several, or a variable) from here on."""
        for leaf in varying(tensor):
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
            self._tracked.add(key_of(leaf))
            self._reads.setdefault(key_of(leaf), [leaf])

    def record(
        self,
        primitive: Any,
        inputs: tuple[Tensor, ...],
        params: Mapping[str, Any],
        outputs: tuple[Tensor, ...],
    ) -> None:
        """Remember an operation if it depends on something watched."""
        tracked = self._tracked
        for tensor in inputs:
            if id(tensor if tensor._symbol is None else tensor._symbol) in tracked:
                break
        else:
            return
        # A call of the class takes four times as long as this, which eager operations would feel.
        call = tuple.__new__(Call, (inputs, outputs, params))
        self._records.append(tuple.__new__(_Record, (primitive, call, current_part())))
        for tensor in outputs:
            tracked.add(id(tensor if tensor._symbol is None else tensor._symbol))

    def record_read(self, variable: Variable, value: Tensor) -> None:
        """Remember that `value` is what `variable` held."""
        if self._watches_variables and variable.trainable:
            self._variables.setdefault(id(variable), variable)
        if id(variable) in self._variables:
            reads = self._reads.setdefault(id(variable), [])
            if not any(key_of(t) == key_of(value) for t in reads):
                reads.append(value)
            self._tracked.add(key_of(value))

    def tracks(self, tensor: Tensor) -> bool:
        """Return whether a tensor depends on something that is watched."""
        return key_of(tensor) in self._tracked

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
        unconnected_gradients: Any = UnconnectedGradients.NONE,
    ) -> Any:
        """Return the derivative of the sum of `target` for each of `sources`.

        Args:
            target: A tensor or variable, or a structure of them.
            sources: Watched tensors or variables, or a structure of them.
            output_gradients: Weights of the targets' elements; ones by default.
            unconnected_gradients: What a source gets that the target does not depend on: ``NONE``
                for None, ``ZERO`` for zeros.

        Returns:
            A structure like `sources`. For a variable of which only rows were read, through
            `ft.gather` and `ft.nn.embedding_lookup`, `ft.IndexedSlices`.

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

    def gradient_in_rows(
        self, target: Any, sources: Sequence[Tensor], output_gradients: Any, variables: int
    ) -> list[Any]:
        """Return gradients as `gradient` does, where the last sources are what variables held.

        Of those of which only rows were read, the gradient is `ft.IndexedSlices`.
        """
        self._use("gradient")
        count = len(sources) - variables
        rows = RowGradients(map(key_of, sources[count:]))
        results: list[Any] = self._gradient(target, sources, output_gradients, "none", rows)
        self._release()
        return results

    def _gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any,
        unconnected_gradients: Any,
        rows: RowGradients | None = None,
    ) -> Any:
        zero = UnconnectedGradients(unconnected_gradients) is UnconnectedGradients.ZERO
        wanted = varying(sources)
        seeds = self._seeds([self._target(t) for t in varying(target)], output_gradients)
        if rows is None:
            read = [t for v in wanted if isinstance(v, Variable) for t in self._read(v)]
            rows = RowGradients(map(key_of, read))
        found = self._backward(seeds, self._leading_from(wanted), rows)
        results = [self._collect(source, found, rows, zero) for source in wanted]
        return pack_sequence_as(sources, like(sources, results))

    def _target(self, target: Any) -> Tensor:
        """Return a target as a tensor; a variable is one that is read now."""
        tensor = convert_to_tensor(target)
        if isinstance(target, Variable):
            self._reads.setdefault(id(target), []).append(tensor)
        return tensor

    def _seeds(self, targets: list[Tensor], output_gradients: Any) -> list[tuple[Tensor, Tensor]]:
        given = [None] * len(targets) if output_gradients is None else varying(output_gradients)
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

    def _read(self, variable: Variable) -> list[Tensor]:
        """Return what reading a variable gave."""
        return self._reads.get(id(variable), [])

    def _leading_from(self, sources: Sequence[Any]) -> set[int]:
        """Return the tensors that depend on the sources; nothing else needs a gradient."""
        leading: set[int] = set()
        for source in sources:
            if isinstance(source, Variable):
                leading.update(key_of(t) for t in self._read(source))
            elif isinstance(source, Tensor):
                leading.add(key_of(source))
            else:
                raise InvalidArgumentError(
                    f"GradientTape.gradient: a source must be a tensor or variable, received "
                    f"{source!r}"
                )
        for record in self._records:
            if any(key_of(t) in leading for t in record.call.inputs):
                leading.update(key_of(t) for t in record.call.outputs)
        return leading

    def _backward(
        self, seeds: list[tuple[Tensor, Tensor]], leading: set[int], rows: RowGradients
    ) -> dict[int, Tensor]:
        """Return the gradient of each tensor in `leading`, but for what `rows` takes."""
        found: dict[int, Tensor] = {}
        for target, seed in seeds:
            _accumulate(found, target, seed)
        for record in reversed(list(self._records)):
            call = record.call
            if not any(key_of(t) in found for t in call.outputs):
                continue
            wanted = [key_of(t) in leading and t.dtype.is_differentiable for t in call.inputs]
            if not any(wanted):
                continue
            with within(record.gradient_part):
                if rows.takes_gather(record.primitive, call, found, record.gradient_part):
                    continue
                grads = [_or_zeros(found, t) for t in call.outputs if t.dtype.is_differentiable]
                gradients = operand_gradients(record.primitive, call, wanted, grads)
                for tensor, grad in zip(call.inputs, gradients, strict=True):
                    if isinstance(grad, IndexedSlices):
                        if not rows.takes(tensor, grad, record.gradient_part):
                            _accumulate(found, tensor, convert_to_tensor(grad))
                    elif grad is not None:
                        _accumulate(found, tensor, grad)
        return found

    def _collect(
        self, source: Any, found: dict[int, Tensor], rows: RowGradients, zero: bool
    ) -> Any:
        reads = self._read(source) if isinstance(source, Variable) else [source]
        parts: list[Any] = [found[key_of(t)] for t in reads if key_of(t) in found]
        gathered = rows.of(reads)
        if gathered is not None:
            parts.append(gathered)
        if not parts:
            return shaping.zeros_like(source) if zero else None
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total

    def jacobian(
        self,
        target: Tensor,
        sources: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """Return the derivative of every element of `target` for every element of each source.

        Args:
            target: A tensor of known shape.
            sources: Watched tensors or variables, or a structure of them.
            unconnected_gradients: As for `gradient`.
            parallel_iterations: Ignored; kept for TensorFlow programs.
            experimental_use_pfor: Whether to do all elements at once (fast), or one after the other
                (needs less memory).

        Returns:
            A structure like `sources`, each of shape ``target.shape + source.shape``.
        """
        from freshet.graph.jacobian import jacobian  # noqa: PLC0415 (it needs loops, which need us)

        target = convert_to_tensor(target)
        self._use("jacobian")
        wanted = varying(sources)
        found = jacobian(
            lambda seed: self._gradient([target], wanted, [seed], unconnected_gradients),
            target, wanted, at_once=experimental_use_pfor,
        )  # fmt: skip
        self._release()
        return pack_sequence_as(sources, like(sources, found))

    def batch_jacobian(
        self,
        target: Tensor,
        source: Any,
        unconnected_gradients: Any = UnconnectedGradients.NONE,
        parallel_iterations: int | None = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """Return the Jacobian of each example: row ``i`` of `target` for row ``i`` of `source`.

        Row ``i`` of the target must depend on no other row of the source.

        Args:
            target: A tensor of shape ``[batch, ...]``; the sizes after the first must be known.
            source: A watched tensor or variable of shape ``[batch, ...]``.
            unconnected_gradients: As for `gradient`.
            parallel_iterations: Ignored; kept for TensorFlow programs.
            experimental_use_pfor: As for `jacobian`.

        Returns:
            A tensor of shape ``[batch] + target.shape[1:] + source.shape[1:]``.
        """
        from freshet.graph.jacobian import batch_jacobian  # noqa: PLC0415 (it needs loops)

        target = convert_to_tensor(target)
        if not target.shape or not source.shape:
            raise InvalidArgumentError(
                "GradientTape.batch_jacobian: target and source need a batch dimension, received "
                f"{target._type} and shape {source.shape}"
            )
        sizes = target._type.shape
        if None not in (sizes[0], source.shape[0]) and source.shape[0] != sizes[0]:
            raise InvalidArgumentError(
                f"GradientTape.batch_jacobian: the target has {sizes[0]} rows, the source "
                f"{source.shape[0]}"
            )
        self._use("batch_jacobian")
        found = batch_jacobian(
            lambda seed: self._gradient([target], [source], [seed], unconnected_gradients),
            target, source, at_once=experimental_use_pfor,
        )  # fmt: skip
        self._release()
        return found


def varying(structure: Any) -> list[Any]:
    """Return the leaves of a structure, of ragged and sparse tensors what gradients flow to."""
    leaves = flatten(structure)
    return [leaf._varying() if isinstance(leaf, CompositeTensor) else leaf for leaf in leaves]


def like(sources: Any, gradients: Sequence[Any]) -> list[Any]:
    """Return gradients, those of ragged and sparse tensors of the same kind."""
    return [
        source._with_varying(grad)
        if isinstance(source, CompositeTensor) and grad is not None else grad
        for source, grad in zip(flatten(sources), gradients, strict=True)
    ]  # fmt: skip


def _accumulate(found: dict[int, Tensor], tensor: Tensor, grad: Tensor) -> None:
    key = key_of(tensor)
    found[key] = found[key] + grad if key in found else grad


def _or_zeros(found: dict[int, Tensor], tensor: Tensor) -> Tensor:
    grad = found.get(key_of(tensor))
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
