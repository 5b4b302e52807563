"""`recompute_grad`: memory for time."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from freshet.core import context
from freshet.core.nest import flatten
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.graph.custom_gradient import ReadVariables, custom_gradient
from freshet.graph.tape import GradientTape, key_of


def recompute_grad(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that keeps no intermediate result for its gradient.

    The gradient runs `f` once more. Inside a traced function the compiler decides what is kept.

    Args:
        f: ``(*args, **kwargs) -> tensors``; it may read variables.

    Example:
        >>> import freshet as ft
        >>> block = ft.recompute_grad(lambda x: ft.sin(ft.exp(x)))
        >>> x = ft.constant(0.0)
        >>> with ft.GradientTape() as tape:
        ...     tape.watch(x)
        ...     y = block(x)
        >>> round(float(tape.gradient(y, x)), 4)
        0.5403

    Source: Chen et al. 2016, arXiv:1604.06174.
    """

    @custom_gradient
    def once_more(*args: Any, **kwargs: Any) -> Any:
        watcher = ReadVariables(args, kwargs)
        with context.recording((watcher,)):
            result = f(*args, **kwargs)
        for variable in watcher.variables:
            variable.value()  # so that whoever watches this call knows of it

        def gradient(*upstream: Tensor, variables: Sequence[Variable] = ()) -> Any:
            leaves = [t for t in flatten(list(args)) if isinstance(t, (Tensor, Variable))]
            sources = [t for t in leaves if t.dtype.is_differentiable]
            with GradientTape() as tape:
                tape.watch([*sources, *variables])
                again = [t for t in flatten(f(*args, **kwargs)) if t.dtype.is_differentiable]
            weights = [t for t in upstream if t.dtype.is_differentiable]
            found = tape.gradient(again, [*sources, *variables], weights)
            grads = {_key(t): g for t, g in zip(sources, found, strict=False)}
            listed = [grads.pop(_key(t), None) for t in leaves]  # once, if it is there twice
            return (listed, found[len(sources) :]) if variables else listed

        return result, gradient

    functools.update_wrapper(once_more, f)
    return once_more


def _key(source: Tensor | Variable) -> int:
    return id(source) if isinstance(source, Variable) else key_of(source)
