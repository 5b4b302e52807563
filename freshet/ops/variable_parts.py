"""Assigning to parts of a variable: slices, rows and single places."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from freshet.core.dtypes import int64
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.core.variable import Variable
from freshet.ops import array as a
from freshet.ops import gathering, shaping
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dynamic import dynamic_slice_adjoint_p
from freshet.ops.lookup import scattered_rows
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.slicing import Parts, without_ellipsis

# --- slices ---------------------------------------------------------------------------------------


def assign_slice(variable: Variable, key: Any, value: Any) -> Variable:
    """Do ``variable[key] = value``; the value broadcasts.

    Raises:
        InvalidArgumentError: The value does not broadcast to the part.
    """
    old = variable.value()
    new = convert_to_tensor(value, dtype=None if isinstance(value, Tensor) else old.dtype)
    keys = list(key) if isinstance(key, (tuple, list)) else [key]
    parts = Parts(old, without_ellipsis(old, keys), windows=True)
    part = parts.taken()
    if tuple(new.shape) != tuple(part.shape) or None in part.shape:
        new = a.broadcast_like(new, part)
    if parts.added:
        new = a.squeeze_p(new, axes=tuple(parts.added))
    if parts.dropped:
        new = a.expand_dims_p(new, axes=tuple(parts.dropped))
    inside = a.broadcast_like(Tensor._of_array(np.ones((), np.bool_)), new)
    return variable.assign(m.where(_spread(inside, old, parts), _spread(new, old, parts), old))


def _spread(x: Tensor, like: Tensor, parts: Parts) -> Tensor:
    """Return zeros with `x` at the places of the part."""
    operands, sizes = a.shape_arguments(like)
    spec = tuple(parts.spec)
    if parts.bounds:
        return dynamic_slice_adjoint_p(x, *parts.bounds, *operands, spec=spec, shape=sizes)
    return a.slice_adjoint_p(x, *operands, spec=spec, shape=sizes)


# --- rows -----------------------------------------------------------------------------------------

_SCALE: Final = {"mul": np.multiply, "div": np.divide}


def _scaled_reference(x: Array, indices: Array, values: Array, op: str) -> Array:
    return scattered_rows(f"scatter_{op}", _exact(op, x), x, indices, values)


def _exact(op: str, x: Array) -> Any:
    whole = op == "div" and x.dtype.kind in "iu"
    return np.floor_divide if whole else _SCALE[op]


def _scaled_infer(x: TensorType, indices: TensorType, values: TensorType, op: str) -> TensorType:
    del indices, values, op
    return x


scaled_rows_p: Primitive = Primitive(
    name="scaled_rows", infer=_scaled_infer, reference=_scaled_reference,
    gradient=NoGradient("it is only assigned to variables"), lower=Host("its indices are data"),
)  # fmt: skip


def scatter(variable: Variable, op: str, indices: Any, updates: Any, *, rows: bool) -> Variable:
    """Update parts of a variable, one after the other.

    Args:
        variable: The variable.
        op: ``update``, ``add``, ``sub``, ``max``, ``min``, ``mul`` or ``div``.
        indices: Row numbers, or vectors that name places.
        updates: For each index, what its part is updated with.
        rows: Whether the indices are row numbers.

    Raises:
        InvalidArgumentError: An index is outside the variable, or the shapes do not fit.
    """
    old = variable.value()
    places = convert_to_tensor(indices)
    new = convert_to_tensor(updates, dtype=None if isinstance(updates, Tensor) else old.dtype)
    if rows:
        places = a.expand_dims_p(places, axes=(places.ndim,))
    depth = places.shape[-1]
    if not new.ndim and depth is not None:
        new = shaping.broadcast_to(new, [*shaping.sizes(places)[:-1], *shaping.sizes(old)[depth:]])
    if op in _SCALE:
        return variable.assign(scaled_rows_p(old, places, new, op=op))
    run = getattr(gathering, f"tensor_scatter_nd_{op}")
    return variable.assign(run(old, places, new))


def batch_scatter_update(variable: Variable, indices: Any, updates: Any) -> Variable:
    """Do ``variable[b..., indices[b..., i], ...] = updates[b..., i, ...]``."""
    places = convert_to_tensor(indices)
    if None in places.shape or not places.ndim:
        raise InvalidArgumentError(
            f"batch_scatter_update: the shape of the indices must be known, received {places._type}"
        )
    wide = m.cast(places, int64)
    grids = shaping.meshgrid(*(np.arange(n or 0) for n in places.shape[:-1]), indexing="ij")
    parts = [
        shaping.broadcast_to(a.expand_dims_p(grid, axes=(grid.ndim,)), places.shape)
        for grid in grids
    ]
    named = shaping.stack([*parts, wide], axis=-1)
    return scatter(variable, "update", named, updates, rows=False)
