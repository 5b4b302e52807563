"""The table that `Model.summary` prints."""

from __future__ import annotations

from typing import Any

from freshet.core.nest import flatten
from freshet.core.variable import Variable
from freshet.keras.layers.input_layer import InputLayer
from freshet.keras.layers.layer import Layer

Row = list[str]


def summary_text(
    model: Any,
    line_length: int | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Any = None,
) -> str:
    """Return a model's layers with output shapes and numbers of weights, as a table."""
    head = ["Layer (type)", "Output Shape", "Param #"] + (["Trained"] if show_trainable else [])
    functional = model._graph is not None and len(model._graph.inputs) + len(
        model._graph.nodes
    ) != len({id(n.operation) for n in model._graph.nodes}) + len(model._graph.inputs)
    branches = model._graph is not None and any(
        len(n.inputs) > 1 or _readers(model, n) > 1 for n in model._graph.nodes
    )
    if functional or branches:
        head.append("Connected to")
    rows = []
    for layer in _chosen(model, layer_range):
        rows += _rows(model, layer, "", expand_nested, show_trainable, len(head))
    lines = [f'Model: "{model.name}"', *_table(head, rows, line_length), *_totals(model)]
    return "\n".join(lines)


def _readers(model: Any, node: Any) -> int:
    outputs = {id(t) for t in flatten(node.outputs)}
    return sum(any(id(t) in outputs for t in other.inputs) for other in model._graph.nodes)


def _chosen(model: Any, layer_range: Any) -> list[Layer]:
    layers: list[Layer] = model.layers
    if not layer_range:
        return layers
    names = [layer.name for layer in layers]
    first, last = names.index(layer_range[0]), names.index(layer_range[1])
    return layers[first : last + 1]


def _rows(
    model: Any, layer: Layer, indent: str, expand: bool, trained: bool, columns: int
) -> list[Row]:
    row = [f"{indent}{layer.name} ({type(layer).__name__})", _shape(layer), _count(layer)]
    if trained:
        row.append("-" if not layer.weights else "yes" if layer.trainable_weights else "no")
    if len(row) < columns:
        row.append(_sources(model, layer))
    rows = [row]
    inner = getattr(layer, "layers", None)
    if expand and inner:
        for one in inner:
            rows += _rows(layer, one, indent + "  ", expand, trained, columns)
    return rows


def _shape(layer: Layer) -> str:
    if not layer._inbound_nodes:
        return "?"
    shapes = [str(t.shape) for t in flatten(layer._inbound_nodes[-1].outputs)]
    return shapes[0] if len(shapes) == 1 else f"[{', '.join(shapes)}]"


def _count(layer: Layer) -> str:
    return f"{layer.count_params():,}" if layer.built else "not built"


def _sources(model: Any, layer: Layer) -> str:
    if getattr(model, "_graph", None) is None or isinstance(layer, InputLayer):
        return "-"
    nodes = [n for n in model._graph.nodes if n.operation is layer]
    names = [t.history.operation.name for n in nodes for t in n.inputs if t.history]
    return ", ".join(names) or "-"


def _table(head: Row, rows: list[Row], line_length: int | None) -> list[str]:
    widths = [max(len(r[c]) for r in [head, *rows]) for c in range(len(head))]
    spare = (line_length or 80) - sum(widths) - 3 * len(widths) - 1
    widths[0] += max(spare, 0)

    def rule(left: str, middle: str, right: str, dash: str) -> str:
        return left + middle.join(dash * (w + 2) for w in widths) + right

    def line(row: Row, bar: str) -> str:
        cells = [
            f" {text.rjust(w) if head[c] == 'Param #' else text.ljust(w)} "
            for c, (text, w) in enumerate(zip(row, widths, strict=True))
        ]
        return bar + bar.join(cells) + bar

    body: list[str] = []
    for number, row in enumerate(rows):
        if number:
            body.append(rule("├", "┼", "┤", "─"))
        body.append(line(row, "│"))
    top = [rule("┏", "┳", "┓", "━"), line(head, "┃"), rule("┡", "╇", "┩", "━")]
    return [*top, *body, rule("└", "┴", "┘", "─")]


def _totals(model: Any) -> list[str]:
    if not model.built:
        return [" The model has no weights yet: call it or build(input_shape)"]
    trained, others = model.trainable_weights, model.non_trainable_weights
    parts = [("Trainable params", trained), ("Non-trainable params", others)]
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and getattr(optimizer, "built", False):
        parts.append(("Optimizer params", list(optimizer.variables)))
    total = [v for _, variables in parts for v in variables]
    return [
        f" {name}: {_amount(variables)}" for name, variables in [("Total params", total), *parts]
    ]


def _amount(variables: list[Variable]) -> str:
    count = sum(v.shape.num_elements() or 0 for v in variables)
    size = float(sum((v.shape.num_elements() or 0) * v.dtype.size for v in variables))
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            break
        size /= 1024
    return f"{count:,} ({size:.2f} {unit})"
