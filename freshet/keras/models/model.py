"""`Model`: a layer that can be trained, evaluated, saved and loaded."""

from __future__ import annotations

from typing import Any, Self

from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.core.nest import flatten, map_structure
from freshet.core.shapes import TensorShape
from freshet.keras.configurable import deserialize_object, serialize, serialize_object
from freshet.keras.layers.input_layer import InputLayer
from freshet.keras.layers.keras_tensor import KerasTensor, Node
from freshet.keras.layers.layer import Layer
from freshet.keras.layers.normalization import BatchNormalization
from freshet.keras.masks import with_mask
from freshet.keras.models.functional_graph import FunctionalGraph
from freshet.keras.training.trainer import Trainer


class Model(Trainer):
    """Layers grouped into an object with `fit`, `evaluate`, `predict` and `save`.

    Either give symbolic inputs and outputs (a *functional* model), or make a subclass with a `call`
    method.

    Args:
        inputs: Symbolic tensors from `Input`, one or a structure of them.
        outputs: Symbolic tensors that depend on them.
        **kwargs: `name` and others, as for `Layer`.

    Example:
        >>> import freshet as ft
        >>> x = ft.keras.Input((4,))
        >>> y = ft.keras.layers.Dense(2)(x)
        >>> ft.keras.Model(x, y).output_shape
        TensorShape([None, 2])
    """

    family = "keras"
    not_in_config = frozenset({"inputs", "outputs"})

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Make a `Functional` of ``Model(inputs, outputs)``."""
        if cls is Model and (len(args) == 2 or "inputs" in kwargs or "outputs" in kwargs):
            return Layer.__new__(Functional)  # type: ignore[return-value]
        return Layer.__new__(cls)

    def __init__(self, inputs: Any = None, outputs: Any = None, **kwargs: Any) -> None:
        if (inputs is None) != (outputs is None):
            raise InvalidArgumentError("Model: give both inputs and outputs, or neither")
        super().__init__(**kwargs)
        self._graph: FunctionalGraph | None = None
        if inputs is not None:
            self._set_graph(FunctionalGraph(self.name, inputs, outputs))

    def _set_graph(self, graph: FunctionalGraph) -> None:
        self._graph = graph
        self._graph_layers = graph.layers
        self.built = True
        self._build_shape = map_structure(lambda t: t.shape, graph.inputs_structure)

    # --- structure --------------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers, in order."""
        return self.layers_within()

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return a layer by name or number."""
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise InvalidArgumentError(
                    f"{self.name}.get_layer: there are {len(self.layers)} layers, no number {index}"
                )
            return self.layers[index]
        found = next((x for x in self.layers if x.name == name), None)
        if found is None:
            raise InvalidArgumentError(
                f"{self.name}.get_layer: no layer is called {name!r}; there are "
                f"{', '.join(x.name for x in self.layers)}"
            )
        return found

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic inputs of a functional model."""
        return self._needs_graph("inputs").inputs

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic outputs of a functional model."""
        return self._needs_graph("outputs").outputs

    @property
    def input(self) -> Any:
        """The symbolic input of a functional model, as it was given."""
        return self._needs_graph("input").inputs_structure

    @property
    def output(self) -> Any:
        """The symbolic output of a functional model, as it was given."""
        return self._needs_graph("output").outputs_structure

    @property
    def input_shape(self) -> Any:
        """Shape of the input."""
        return map_structure(lambda t: t.shape, self.input)

    @property
    def output_shape(self) -> Any:
        """Shape of the output."""
        return map_structure(lambda t: t.shape, self.output)

    @property
    def output_names(self) -> list[str]:
        """Names of the layers that make the outputs; empty for a subclassed model."""
        if self._graph is None:
            return []
        return [t.history.operation.name for t in self._graph.outputs if t.history is not None]

    def _needs_graph(self, what: str) -> FunctionalGraph:
        if self._graph is None:
            raise FailedPreconditionError(
                f"model {self.name!r} has no {what} before it knows the shape of its input: call "
                "it, build(input_shape), or begin with ft.keras.Input"
            )
        return self._graph

    # --- running ----------------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of a shape (with the batch)."""
        if self.built:
            return
        shape = _shape_structure(input_shape)
        self._build_shape = shape
        self.built = True
        try:
            symbols = map_structure(lambda s: KerasTensor(s, self.compute_dtype), shape)
            self.compute_output_spec(symbols)
        except Exception:
            self.built = False
            raise

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Apply the layers of a functional model; a subclass writes its own."""
        if self._graph is None:
            raise FailedPreconditionError(
                f"{type(self).__name__} has no call method: write one, or give inputs and outputs"
            )
        if mask is not None:
            for tensor, own in zip(flatten(inputs), flatten(mask), strict=True):
                with_mask(tensor, own)
        return self._graph.run(inputs, training)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return None: the layers within have given the outputs their masks."""
        del inputs, previous_mask

    def _converted(self, value: Any) -> Any:
        if self._graph is None:
            return super()._converted(value)
        return value  # each input is converted to its own dtype

    # --- configuration ----------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return what `from_config` makes the model again from."""
        if type(self) is Model or isinstance(self, Functional):
            return functional_config(self)
        return super().get_config()

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Make a model from what `get_config` returned, with fresh weights."""
        if {"layers", "input_layers", "output_layers"} <= set(config):
            return functional_from_config(cls, config, custom_objects)
        return cls(**{k: v for k, v in config.items() if k != "dtype"})

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the shape that the model was built for."""
        return super().get_build_config() if self.built else None

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Make the weights as they were when the model was saved."""
        shape = config.get("input_shape")
        if shape is not None and not self.built:
            self.build(shape)

    # --- files ------------------------------------------------------------------------------------

    def save(self, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
        """Write model, weights, optimizer state and compile arguments to a ``.keras`` file.

        The file is complete or, if writing fails, what was there before.

        Args:
            filepath: Ends in ``.keras``.
            overwrite: Replace an existing file; otherwise that is an error.
            **kwargs: Keras's `zipped` and `save_format`, which must ask for a ``.keras`` file.
        """
        from freshet.keras.saving.keras_file import save_model  # noqa: PLC0415

        save_model(self, filepath, overwrite, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Write the weights to a ``.weights.h5`` file."""
        from freshet.keras.saving.weights_file import save_weights  # noqa: PLC0415

        save_weights(self, filepath, overwrite)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False) -> None:
        """Read the weights from a ``.weights.h5`` or ``.keras`` file.

        Raises:
            DataLossError: The file is damaged or does not fit; no weight is changed then.
        """
        from freshet.keras.saving.weights_file import load_weights  # noqa: PLC0415

        load_weights(self, filepath, skip_mismatch)

    def to_json(self, **kwargs: Any) -> str:
        """Return the configuration as JSON."""
        import json  # noqa: PLC0415

        return json.dumps(serialize_with_build(self), **kwargs)

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Any = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> None:
        """Print the layers, their output shapes and numbers of weights.

        Args:
            line_length: Width of the table; 80 by default, more if names are longer.
            positions: Ignored.
            print_fn: Called with the text instead of printing it.
            expand_nested: Show the layers of models within the model.
            show_trainable: Show whether each layer is trained.
            layer_range: Names of the first and last layer to show.
        """
        from freshet.keras.models.summary import summary_text  # noqa: PLC0415

        text = summary_text(self, line_length, expand_nested, show_trainable, layer_range)
        (print_fn or print)(text)


class Functional(Model):
    """A model made of symbolic inputs and outputs; `Model(inputs, outputs)` makes one."""


# --- configuration of functional models -----------------------------------------------------------


def serialize_with_build(layer: Layer) -> dict[str, Any]:
    """Return a layer's configuration and the shape it was built for."""
    found = serialize_object(layer)
    build = layer.get_build_config() if layer.built else None
    if build is not None and not isinstance(layer, InputLayer):
        found["build_config"] = build
    if isinstance(layer, Functional):
        found |= {"module": "keras.src.models.functional", "registered_name": "Functional"}
    return found


def functional_config(model: Model) -> dict[str, Any]:
    """Return the configuration of a functional model."""
    graph = model._needs_graph("configuration")
    layers = []
    for layer in graph.layers:
        entry = serialize_with_build(layer)
        nodes = [n for n in graph.nodes if n.operation is layer]
        entry["name"] = layer.name
        entry["inbound_nodes"] = [_node_config(graph, n) for n in nodes]
        layers.append(entry)
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": layers,
        "input_layers": graph.references(graph.inputs_structure),
        "output_layers": graph.references(graph.outputs_structure),
    }


def _node_config(graph: FunctionalGraph, node: Node) -> dict[str, Any]:
    def one(leaf: Any) -> Any:
        if not isinstance(leaf, KerasTensor):
            return serialize(leaf)
        config = {
            "shape": list(leaf.shape),
            "dtype": leaf.dtype.name,
            "keras_history": graph.reference(leaf),
        }
        return {"class_name": "__keras_tensor__", "config": config}

    def structure(value: Any) -> Any:
        mapped = map_structure(one, value)
        return list(mapped) if isinstance(mapped, tuple) else mapped

    args = [structure(a) for a in node.args]
    return {"args": args, "kwargs": {k: structure(v) for k, v in node.kwargs.items()}}


def functional_from_config(cls: type, config: dict[str, Any], custom_objects: Any) -> Any:
    """Make a functional model: the layers first, then their calls in the recorded order."""
    from freshet.keras.registry import custom_object_scope  # noqa: PLC0415

    with custom_object_scope(custom_objects or {}):
        entries = _without_masks(config["layers"])
        layers: dict[str, Layer] = {}
        for entry in entries:
            layer = deserialize_object(entry)
            layers[str(entry.get("name", layer.name))] = layer
        waiting = [
            (str(entry.get("name")), node)
            for entry in entries
            for node in entry.get("inbound_nodes") or []
        ]
        while waiting:
            ready = [item for item in waiting if _is_ready(item[1], layers)]
            if not ready:
                raise InvalidArgumentError(
                    f"the saved model's layer {waiting[0][0]!r} has an input that nothing makes"
                )
            for item in ready:
                # Calls of one layer are numbered in order, so an earlier one goes first.
                if any(w[0] == item[0] for w in waiting[: waiting.index(item)]):
                    continue
                _replay(layers, *item)
                waiting.remove(item)
    inputs = _resolve(config["input_layers"], layers)
    outputs = _resolve(config["output_layers"], layers)
    target = Functional if cls in {Model, Functional} else cls
    made = target(inputs=inputs, outputs=outputs, name=config.get("name"))
    if config.get("trainable") is False:
        made.trainable = False
    return made


def _without_masks(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a model's layers without the operations that Keras saves for masks.

    What computes a mask from a layer's input is saved like a layer, and the mask like an argument.
    Here, the layers hand masks on when the model runs.
    """
    made = {str(e.get("name")) for e in entries if _is_operation(e)}
    if not made:
        return entries

    def kept(node: dict[str, Any]) -> dict[str, Any]:
        kwargs = dict(node.get("kwargs", {}))
        if any(name in made for name, _, _ in _histories(kwargs.get("mask"))):
            del kwargs["mask"]
        return {**node, "kwargs": kwargs}

    found = [
        {**e, "inbound_nodes": [kept(node) for node in e.get("inbound_nodes") or []]}
        for e in entries
    ]
    while True:  # an operation that feeds another one goes after it
        used = {name for e in found for name, _, _ in _histories(e["inbound_nodes"])}
        left = [e for e in found if not _is_operation(e) or str(e.get("name")) in used]
        if len(left) == len(found):
            return found
        found = left


def _is_operation(entry: dict[str, Any]) -> bool:
    return str(entry.get("module")).startswith("keras.src.ops.")


def _histories(value: Any) -> list[list[Any]]:
    """Return the references to tensors within a node's saved arguments."""
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            return [value["config"]["keras_history"]]
        return [h for v in value.values() for h in _histories(v)]
    if isinstance(value, (list, tuple)):
        return [h for v in value for h in _histories(v)]
    return []


def _is_ready(node: dict[str, Any], layers: dict[str, Layer]) -> bool:
    for name, call, _ in _histories(node):
        if name not in layers:
            raise InvalidArgumentError(f"the saved model has no layer {name!r}, which it uses")
        if len(layers[name]._inbound_nodes) <= call:
            return False
    return True


def _tensor(reference: list[Any], layers: dict[str, Layer]) -> Any:
    name, call, number = reference
    if name not in layers or len(layers[name]._inbound_nodes) <= call:
        raise InvalidArgumentError(f"the saved model has no tensor {reference}")
    return flatten(layers[name]._inbound_nodes[call].outputs)[number]


def _arguments(value: Any, layers: dict[str, Layer]) -> Any:
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            return _tensor(value["config"]["keras_history"], layers)
        return {k: _arguments(v, layers) for k, v in value.items()}
    if isinstance(value, list):
        return [_arguments(v, layers) for v in value]
    return value


def _replay(layers: dict[str, Layer], name: str, node: dict[str, Any]) -> None:
    args = [_arguments(a, layers) for a in node.get("args", [])]
    kwargs = {k: _arguments(v, layers) for k, v in node.get("kwargs", {}).items()}
    layer = layers[name]
    # Keras saves training=False for a layer that was told nothing. Only of a model or a
    # normalization it is what somebody wrote, to keep it as it is.
    if kwargs.get("training") is False and not isinstance(layer, (Model, BatchNormalization)):
        del kwargs["training"]
    layer(*args, **{k: v for k, v in kwargs.items() if v is not None})


def _resolve(references: Any, layers: dict[str, Layer]) -> Any:
    if isinstance(references, dict):
        return {k: _resolve(v, layers) for k, v in references.items()}
    single = len(references) == 3 and isinstance(references[0], str)
    return _tensor(references, layers) if single else [_resolve(r, layers) for r in references]


def _shape_structure(shape: Any) -> Any:
    if isinstance(shape, dict):
        return {k: _shape_structure(v) for k, v in shape.items()}
    if isinstance(shape, (list, tuple)) and any(isinstance(s, (list, tuple)) for s in shape):
        return [_shape_structure(s) for s in shape]
    return TensorShape(shape)
