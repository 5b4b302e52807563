"""`Layer`: what every layer and model is."""

from __future__ import annotations

import functools
import inspect
import math
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Self

import numpy as np

from freshet.core import context
from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import FailedPreconditionError, InvalidArgumentError, OpError
from freshet.core.module import Module
from freshet.core.nest import flatten, is_nested, map_structure
from freshet.core.shapes import TensorShape
from freshet.core.source import within
from freshet.core.tensor import Tensor
from freshet.core.traceback import short_traceback
from freshet.core.variable import Variable
from freshet.graph.autograph.calling import f as converted
from freshet.graph.trace import GraphTracer
from freshet.keras import initializers, regularizers
from freshet.keras.configurable import Configurable, reject_unknown
from freshet.keras.dtype_policies import get_policy
from freshet.keras.layers.allowance import claim
from freshet.keras.layers.keras_tensor import KerasTensor, Node
from freshet.keras.masks import mask_of, with_mask
from freshet.keras.names import auto_name, class_prefix
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import cast


@dataclass
class _CallState(threading.local):
    """What the layers of one call share."""

    training: bool | None = None
    depth: int = 0
    path: list[Layer] = field(default_factory=list)


_call = _CallState()


def is_training(training: bool | None = None) -> bool:
    """Return the `training` argument, or what the outermost layer was called with."""
    chosen = _call.training if training is None else training
    return bool(chosen)


class Layer(Configurable, Module):
    """A callable with weights.

    A subclass makes its weights in `build` (or its constructor) with `add_weight` and computes in
    `call`. Layers, variables and metrics held in attributes, lists and dicts are found by
    themselves.

    Args:
        name: Unique within a model; numbered after the class by default.
        trainable: Whether the weights are trained.
        dtype: Of computation and weights; `floatx()` by default.
        activity_regularizer: A function of the output whose result is added to the loss.
        **kwargs: `input_shape` (without batch) or `batch_input_shape`, as older programs give to
            the first layer of a `Sequential`.

    Raises:
        InvalidArgumentError: An argument is unknown.

    Example:
        >>> import freshet as ft
        >>> class Scale(ft.keras.layers.Layer):
        ...     def build(self, input_shape):
        ...         self.factor = self.add_weight(shape=(), initializer="ones", name="factor")
        ...     def call(self, x):
        ...         return x * self.factor
        >>> Scale()([1.0, 2.0]).shape
        TensorShape([2])
    """

    family = "keras.layers"
    supports_masking = False
    """Whether the output has a mask where the input has one; true of a class with a `compute_mask`
    of its own."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Let `build` say that the layer is built, whoever calls it."""
        super().__init_subclass__(**kwargs)
        if "compute_mask" in cls.__dict__ and "supports_masking" not in cls.__dict__:
            cls.supports_masking = True
        build = cls.__dict__.get("build")
        if build is not None and not cls.__module__.startswith("freshet.keras.models."):
            cls.build = _noted(build)  # type: ignore[method-assign]

    _takes_any_name = True

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Check the names of the arguments, before Python complains of those that are missing."""
        del args
        if cls.__module__.startswith("freshet."):
            reject_unknown(cls, {k: v for k, v in kwargs.items() if k not in _ALSO_TAKEN})
        return super().__new__(cls)

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        dtype: Any = None,
        activity_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        shape = kwargs.pop("input_shape", None)
        if "input_dim" in kwargs:
            shape = (kwargs.pop("input_dim"),)
        self.given_batch_shape = kwargs.pop("batch_input_shape", None) or (
            None if shape is None else (None, *shape)
        )
        kwargs.pop("autocast", None)
        if kwargs:
            reject_unknown(type(self), kwargs)
        Module.__init__(self, name or auto_name(class_prefix(type(self))))
        self.dtype_policy = get_policy(dtype)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._trainable = trainable
        self._own_trainable: list[Variable] = []
        self._own_fixed: list[Variable] = []
        self._added_losses: list[Any] = []
        self._inbound_nodes: list[Node] = []
        self.built = False

    # --- identity ---------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Name of the layer."""
        return self._module_name

    @property
    def dtype(self) -> DTypeName:
        """Dtype of the layer's computation."""
        return self.dtype_policy.name

    @property
    def compute_dtype(self) -> str:
        """Dtype that floating-point inputs are converted to."""
        return self.dtype_policy.compute_dtype.name

    @property
    def variable_dtype(self) -> str:
        """Dtype of the weights."""
        return self.dtype_policy.variable_dtype.name

    @property
    def trainable(self) -> bool:
        """Whether the weights are trained. Setting it reaches the layers within."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for variable in self._own_trainable:
            variable.trainable = self._trainable
        for layer in self.layers_within():
            layer.trainable = self._trainable

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON values."""
        config = super().get_config()
        if config.get("activity_regularizer") is None:
            config.pop("activity_regularizer", None)
        return config

    # --- weights ----------------------------------------------------------------------------------

    def add_weight(
        self,
        shape: Any = (),
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        *,
        regularizer: Any = None,
        constraint: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> Variable:
        """Make a weight.

        Args:
            shape: Its shape.
            initializer: Of its first value; "glorot_uniform" by default, "zeros" for integers.
            dtype: That of the layer by default.
            trainable: Whether it is trained.
            regularizer: A function of the weight whose result is added to the loss.
            constraint: A function applied to the weight after each update.
            name: For saving and printing.
            **kwargs: Keras's `autocast` and `aggregation`, without effect.
        """
        for ignored in ("autocast", "aggregation"):
            kwargs.pop(ignored, None)
        if kwargs:
            raise InvalidArgumentError(
                f"{self.name}.add_weight: unknown argument {next(iter(kwargs))!r}"
            )
        if isinstance(shape, str):  # older programs give the name first
            raise InvalidArgumentError(
                f"{self.name}.add_weight: shape must be numbers, received {shape!r}; "
                f"write name={shape!r}"
            )
        kind = as_dtype(dtype or self.variable_dtype)
        default = "glorot_uniform" if kind.is_floating else "zeros"
        make = initializers.get(initializer or default)
        sizes = tuple(TensorShape(shape))
        claim(self.name, name or "variable", math.prod(n or 0 for n in sizes) * kind.size)
        with context.init_scope():
            value = make(sizes, dtype=kind)
        variable = Variable(
            value, trainable and self._trainable, name=name or "variable", dtype=kind,
            constraint=constraint if callable(constraint) else _constraint(constraint),
        )  # fmt: skip
        variable._become_weight(self.name)
        variable.regularizer = regularizers.get(regularizer)
        (self._own_trainable if trainable else self._own_fixed).append(variable)
        return variable

    def layers_within(self) -> list[Layer]:
        """Return the layers held in attributes, in the order in which they were set."""
        return list(dict.fromkeys(found_in(vars(self), Layer)))

    def _own_variables(self) -> tuple[list[Variable], list[Variable]]:
        """Return this layer's own trainable and other variables."""
        loose = [v for v in found_in(vars(self), Variable) if not self._has(v)]
        trained = [v for v in loose if v.trainable]
        fixed = [v for v in loose if not v.trainable]
        return [*self._own_trainable, *trained], [*self._own_fixed, *fixed]

    def _has(self, variable: Variable) -> bool:
        return any(v is variable for v in (*self._own_trainable, *self._own_fixed))

    @property
    def weights(self) -> list[Variable]:
        """Every weight: each layer's trainable ones, then its others; own before inner layers."""
        trained, fixed = self._own_variables()
        found = [*trained, *fixed]
        for layer in self.layers_within():
            found += layer.weights
        return _unique(found)

    @property
    def variables(self) -> list[Variable]:  # type: ignore[override]
        """Every weight and the state of random generators."""
        return _unique([*self.weights, *(g.state for g in self.seed_generators())])

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that are trained."""
        return [v for v in self.weights if v.trainable]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that are not trained."""
        return [v for v in self.weights if not v.trainable]

    trainable_variables = trainable_weights  # type: ignore[assignment]

    @property
    def non_trainable_variables(self) -> list[Variable]:  # type: ignore[override]
        """The variables that are not trained."""
        return [v for v in self.variables if not v.trainable]

    def seed_generators(self) -> list[Any]:
        """Return the random generators of this layer and those within."""
        from freshet.keras.random import SeedGenerator  # noqa: PLC0415

        found = found_in(vars(self), SeedGenerator)
        for layer in self.layers_within():
            found += layer.seed_generators()
        return list(dict.fromkeys(found))

    def get_weights(self) -> list[np.ndarray[Any, Any]]:
        """Return the values of `weights` as NumPy arrays."""
        return [np.asarray(v.numpy()) for v in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Assign values to `weights`.

        Raises:
            InvalidArgumentError: Their number or a shape differs; nothing is assigned then.
        """
        own = self.weights
        if len(weights) != len(own):
            raise InvalidArgumentError(
                f"{self.name}.set_weights: the layer has {len(own)} weights, received "
                f"{len(weights)}"
            )
        arrays = [np.asarray(w) for w in weights]
        for variable, array in zip(own, arrays, strict=True):
            if tuple(variable.shape) != array.shape:
                raise InvalidArgumentError(
                    f"{self.name}.set_weights: {variable.path} has shape {variable.shape}, "
                    f"received {array.shape}"
                )
        for variable, array in zip(own, arrays, strict=True):
            variable.assign(array.astype(variable.dtype.as_numpy_dtype))

    def count_params(self) -> int:
        """Return the number of elements of all weights.

        Raises:
            FailedPreconditionError: The layer has no weights yet.
        """
        if not self.built:
            raise FailedPreconditionError(
                f"{self.name} has no weights yet: they are made when it is first called, or by "
                "build(input_shape)"
            )
        return sum(v.shape.num_elements() or 0 for v in self.weights)

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Put the layer's own variables into a mapping, numbered in order."""
        trained, fixed = self._own_variables()
        for number, variable in enumerate([*trained, *fixed]):
            store[str(number)] = np.asarray(variable.numpy())

    # --- losses -----------------------------------------------------------------------------------

    def add_loss(self, loss: Any) -> None:
        """Add a value to the loss of the model that the layer is in; call it within `call`."""
        self._added_losses += flatten(loss)

    @property
    def losses(self) -> list[Any]:
        """What `add_loss` added in the last call, and the regularization of the weights."""
        found = list(self._added_losses)
        trained, _ = self._own_variables()
        found += [v.regularizer(v) for v in trained if v.regularizer is not None and v.trainable]
        for layer in self.layers_within():
            found += layer.losses
        return found

    def _forget_losses(self) -> None:
        self._added_losses = []
        for layer in self.layers_within():
            layer._forget_losses()

    # --- calling ----------------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of a shape; called once, before the first `call`."""
        del input_shape
        self.built = True

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Make the weights as they were when the layer was saved."""
        shape = config.get("input_shape")
        if shape is not None and not self.built:
            self._build(_as_shape(shape))

    def get_build_config(self) -> dict[str, Any] | None:
        """Return what `build_from_config` needs."""
        shape = getattr(self, "_build_shape", None)
        return None if shape is None else {"input_shape": _shape_lists(shape)}

    def _build(self, input_shape: Any) -> None:
        if self.built:
            return
        self._build_shape = input_shape
        with self._located():
            self.build(input_shape)
        self.built = True

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output; a subclass writes it."""
        raise FailedPreconditionError(f"{type(self).__name__} has no call method")

    @short_traceback
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Apply the layer to tensors, arrays, or the symbolic inputs of a functional model."""
        if not hasattr(self, "_inbound_nodes"):
            raise FailedPreconditionError(
                f"{type(self).__name__}: its __init__ must begin with super().__init__()"
            )
        leaves = flatten([list(args), kwargs])
        if any(isinstance(leaf, KerasTensor) for leaf in leaves):
            return self._call_symbolic(args, kwargs)
        args = tuple(self._converted(a) for a in args)
        self._build_for(args, kwargs)
        self._check_input(args)
        mask = self._mask_argument(args, kwargs)
        outputs = self._run(args, kwargs)
        self._pass_mask_on(_first(args, kwargs), mask, outputs)
        return outputs

    def _converted(self, value: Any) -> Any:
        """Return an argument with arrays and numbers as tensors of the layer's dtype."""

        def one(leaf: Any) -> Any:
            if isinstance(leaf, (np.ndarray, np.generic, Variable)):
                leaf = convert_to_tensor(leaf)
            if isinstance(leaf, Tensor) and leaf.dtype.is_floating:
                return with_mask(cast(leaf, self.compute_dtype), mask_of(leaf))
            return leaf

        if isinstance(value, (float, int)) and not isinstance(value, bool):
            return convert_to_tensor(float(value), dtype=self.compute_dtype)
        leaves = flatten(value)
        if is_nested(value) and leaves and all(isinstance(v, (int, float)) for v in leaves):
            return convert_to_tensor(value, dtype_hint=self.compute_dtype)
        return map_structure(one, value) if is_nested(value) else one(value)

    def _build_for(self, args: Any, kwargs: Any) -> None:
        if not self.built:
            self._build(_shapes_of(_first(args, kwargs)))

    def _check_input(self, args: tuple[Any, ...]) -> None:
        """Raise `InvalidArgumentError` if the input does not fit; a subclass may."""

    def _run(self, args: Any, kwargs: Any) -> Any:
        training = self._training_argument(kwargs)
        outermost = _call.depth == 0
        if outermost:
            self._forget_losses()
        before, _call.training = _call.training, training
        _call.depth += 1
        try:
            with self._located(), within(self.name):
                outputs = converted(self.call)(*args, **kwargs)
                if self.activity_regularizer is not None:
                    self._regularize_activity(outputs)
        finally:
            _call.training = before
            _call.depth -= 1
        return outputs

    def _training_argument(self, kwargs: dict[str, Any]) -> bool | None:
        """Return whether this call trains; hand it on to a `call` that asks."""
        given = kwargs.get("training")
        training = _call.training if given is None else bool(given)
        if self._call_takes_training():
            kwargs["training"] = bool(training)
        else:
            kwargs.pop("training", None)
        return training

    def _call_takes_training(self) -> bool:
        return _takes_training(type(self).call)

    def _regularize_activity(self, outputs: Any) -> None:
        for output in flatten(outputs):
            size = output.shape[0]
            total = self.activity_regularizer(output)
            self.add_loss(total / float(size) if size else total)

    # --- masks ------------------------------------------------------------------------------------

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return the mask of the output for that of the first input: the same one."""
        del inputs
        return previous_mask

    def _mask_argument(self, args: Any, kwargs: dict[str, Any]) -> Any:
        """Return the mask of the first input, given or carried; hand it to a `call` that asks."""
        mask = kwargs.get("mask")
        if mask is None:
            first = _first(args, kwargs)
            mask = map_structure(mask_of, first)
            if all(m is None for m in flatten(mask)):
                return None
            # As in Keras, a layer with other tensors among its arguments is not told of the mask.
            others = flatten([*args, *kwargs.values()][1:])
            alone = not any(isinstance(v, (Tensor, Variable, np.ndarray)) for v in others)
            if alone and _takes_mask(type(self).call):
                kwargs["mask"] = mask
        return mask

    def _pass_mask_on(self, inputs: Any, mask: Any, outputs: Any) -> None:
        """Let the outputs carry a mask."""
        if not self.supports_masking:
            if mask is not None:
                warnings.warn(
                    f"layer {self.name!r} ({type(self).__name__}) does not support masks: its "
                    "output has none, and later layers and the loss count every step",
                    stacklevel=3,
                )
            return
        given = flatten(outputs)
        if (mask is None and type(self).compute_mask is Layer.compute_mask) or all(
            mask_of(y) is not None for y in given
        ):
            return
        found = self.compute_mask(inputs, mask)
        for output, own in zip(given, flatten(found), strict=False):
            if mask_of(output) is None and hasattr(output, "shape"):
                with_mask(output, own)

    @contextmanager
    def _located(self) -> Iterator[None]:
        """Let errors of operations within name the layer."""
        # A model that is built by its first call runs twice within itself.
        inner = not _call.path or _call.path[-1] is not self
        if inner:
            _call.path.append(self)
        try:
            yield
        except OpError as error:
            if not getattr(error, "layer", None):
                path = "/".join(layer.name for layer in _call.path)
                error.layer = path  # type: ignore[attr-defined]
                if not error.message.startswith(("layer ", "model ")):
                    error.message = f"layer {path!r} ({type(self).__name__}): {error.message}"
            raise
        finally:
            if inner:
                _call.path.pop()

    # --- symbolic calls ---------------------------------------------------------------------------

    def _call_symbolic(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        self._build_for(args, kwargs)
        self._check_input(args)
        outputs = self.compute_output_spec(*args, **kwargs)
        Node(self, args, kwargs, outputs)
        return outputs

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Return the outputs' shapes and dtypes as `KerasTensor`s, by tracing `call`."""
        if type(self).compute_output_shape is not Layer.compute_output_shape:
            shape = self.compute_output_shape(_shapes_of(args[0]))
            outputs = _spec_of_shape(shape, self.compute_dtype)
            self._pass_mask_on(args[0], self._mask_argument(args, kwargs), outputs)
            return outputs
        tracer = GraphTracer(self.name)

        def placeholder(leaf: Any) -> Any:
            if not isinstance(leaf, KerasTensor):
                return leaf
            return with_mask(tracer.argument(leaf.type, "x"), placeholder(mask_of(leaf)))

        with context.tracing(tracer), context.recording(()):
            symbols = [self._converted(map_structure(placeholder, a)) for a in args]
            named = {k: map_structure(placeholder, v) for k, v in kwargs.items()}
            mask = self._mask_argument(symbols, named)
            outputs = self._run(symbols, named)
            self._pass_mask_on(_first(symbols, named), mask, outputs)
        return map_structure(_keras_tensor, outputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the output's shape for an input's."""
        with _quiet_build(self, input_shape):
            spec = self.compute_output_spec(_spec_of_shape(_as_shape(input_shape), self.dtype))
        return map_structure(lambda t: t.shape, spec)

    @property
    def input(self) -> Any:
        """The symbolic input, of a layer used once in a functional model."""
        return self._only_node("input").arguments_structure

    @property
    def output(self) -> Any:
        """The symbolic output, of a layer used once in a functional model."""
        return self._only_node("output").outputs

    def _only_node(self, what: str) -> Node:
        if len(self._inbound_nodes) != 1:
            raise FailedPreconditionError(
                f"{self.name} has no single {what}: it was used {len(self._inbound_nodes)} times "
                "in functional models"
            )
        return self._inbound_nodes[0]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


DTypeName = str
_ALSO_TAKEN: Final = frozenset({"input_shape", "input_dim", "batch_input_shape", "autocast"})
"""Arguments of every layer that are not part of its configuration."""


def _noted(build: Callable[..., Any]) -> Callable[..., Any]:
    """Return a `build` that remembers that it was called, and with which shape."""

    @functools.wraps(build)
    def noting(self: Layer, *args: Any, **kwargs: Any) -> None:
        build(self, *args, **kwargs)
        self.built = True
        shape = args[0] if args else next(iter(kwargs.values()), None)
        if shape is not None and getattr(self, "_build_shape", None) is None:
            self._build_shape = _as_shape(shape)

    return noting


def _takes_training(call: Callable[..., Any]) -> bool:
    parameters = inspect.signature(call).parameters.values()
    return any(p.name == "training" or p.kind is p.VAR_KEYWORD for p in parameters)


def _takes_mask(call: Callable[..., Any]) -> bool:
    return "mask" in inspect.signature(call).parameters


def _first(args: Any, kwargs: dict[str, Any]) -> Any:
    """Return the first argument of a call, which holds the inputs."""
    return args[0] if args else next(iter(kwargs.values()), None)


def _constraint(identifier: Any) -> Any:
    from freshet.keras import constraints  # noqa: PLC0415

    return constraints.get(identifier)


def found_in(attributes: dict[str, Any], kind: type) -> list[Any]:
    """Return the objects of a kind in attributes, also within lists, tuples and dicts."""
    found = []
    for value in attributes.values():
        leaves = flatten(value) if is_nested(value) else (value,)
        found += [leaf for leaf in leaves if isinstance(leaf, kind)]
    return found


def _unique(variables: Sequence[Variable]) -> list[Variable]:
    return list({id(v): v for v in variables}.values())


def _shapes_of(value: Any) -> Any:
    if value is None:
        return None
    if is_nested(value):
        return map_structure(lambda t: TensorShape(t.shape), value)
    return TensorShape(value.shape)


def _as_shape(value: Any) -> Any:
    """Return a shape, or a list of shapes, from JSON."""
    if isinstance(value, dict):
        return {k: _as_shape(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)) and any(isinstance(v, (list, tuple)) for v in value):
        return [_as_shape(v) for v in value]
    return TensorShape(value)


def _shape_lists(shape: Any) -> Any:
    if isinstance(shape, dict):
        return {k: _shape_lists(v) for k, v in shape.items()}
    if isinstance(shape, TensorShape):
        return list(shape)
    return [_shape_lists(s) for s in shape]


def _spec_of_shape(shape: Any, dtype: Any) -> Any:
    if isinstance(shape, TensorShape) or not any(isinstance(s, (list, tuple)) for s in shape):
        return KerasTensor(shape, dtype)
    return [_spec_of_shape(s, dtype) for s in shape]


def _keras_tensor(value: Any) -> Any:
    if isinstance(value, Tensor):
        return with_mask(KerasTensor(value.shape, value.dtype), _keras_tensor(mask_of(value)))
    return value


@contextmanager
def _quiet_build(layer: Layer, input_shape: Any) -> Iterator[None]:
    if not layer.built:
        layer._build(_as_shape(input_shape))
    yield


__all__ = ["DType", "Layer", "is_training"]
