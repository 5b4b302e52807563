"""Context managers that TensorFlow programs write around operations: names, devices, order."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Final

from freshet.core import context
from freshet.core.errors import InvalidArgumentError
from freshet.core.source import current_part, within

_NUMBER = r"(:(\d+|\*))?"
_DEVICE_PART: Final = re.compile(
    rf"job:[\w.-]+|(replica|task):(\d+|\*)|device:\w+{_NUMBER}|(cpu|gpu|tpu|xla_cpu|xla_gpu){_NUMBER}",
    re.IGNORECASE,
)


class _State(threading.local):
    scope = ""


_state: Final = _State()


class name_scope(AbstractContextManager[str]):  # noqa: N801 (TensorFlow's name)
    """Put a name before those of the variables that are made within the block.

    Operations of the block belong to a part of that name in profiles.

    Args:
        name: The name; one that ends in a slash stands alone, without those around it.

    Example:
        >>> import freshet as ft
        >>> with ft.name_scope("encoder") as scope:
        ...     v = ft.Variable(1.0, name="w")
        >>> v.name, scope
        ('encoder/w:0', 'encoder/')
    """

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise InvalidArgumentError(f"name_scope: the name must be a string, received {name!r}")
        self._name = name
        self._left: list[tuple[str, AbstractContextManager[None]]] = []

    @property
    def name(self) -> str:
        """The name."""
        return self._name

    def __enter__(self) -> str:
        before = _state.scope
        if self._name.endswith("/") or not self._name:
            _state.scope = self._name
        else:
            _state.scope = f"{before}{self._name}/"
        part = "/".join(p for p in (current_part(), self._name.strip("/")) if p)
        inside = within(part)
        inside.__enter__()
        self._left.append((before, inside))
        return _state.scope

    def __exit__(self, *error: Any) -> None:
        _state.scope, inside = self._left.pop()
        inside.__exit__(*error)


def scoped(name: str) -> str:
    """Return a name with those of the surrounding scopes before it."""
    return _state.scope + name


def device(device_name: Any) -> AbstractContextManager[None]:
    """Accept the name of a device for the operations of the block; all run on the CPU.

    A program that asks for a GPU runs without one, as TensorFlow's soft placement lets it.

    Args:
        device_name: Such as ``"/GPU:0"``, ``"CPU"`` or ``"/job:worker/task:1"``; None for none.

    Raises:
        InvalidArgumentError: It is not the name of a device.

    Example:
        >>> import freshet as ft
        >>> with ft.device("/GPU:0"):
        ...     x = ft.constant(1.0)
        >>> x.device
        '/job:localhost/replica:0/task:0/device:CPU:0'
    """
    name = getattr(device_name, "name", device_name)
    if name is not None and not isinstance(name, str):
        raise InvalidArgumentError(f"device: expected a name such as '/CPU:0', received {name!r}")
    for part in filter(None, (name or "").split("/")):
        if not _DEVICE_PART.fullmatch(part):
            raise InvalidArgumentError(
                f"device: {part!r} in {name!r} is not a part of a device's name; write '/CPU:0', "
                "'/GPU:0' or '/job:worker/replica:0/task:0/device:CPU:0'"
            )
    return nullcontext()


@contextmanager
def control_dependencies(control_inputs: Any) -> Iterator[None]:
    """Do nothing: operations with effects keep the order in which the program names them.

    Args:
        control_inputs: What TensorFlow would run first: tensors, or None.

    Example:
        >>> import freshet as ft
        >>> v = ft.Variable(1.0)
        >>> @ft.function
        ... def f():
        ...     with ft.control_dependencies([v.assign_add(1.0)]):
        ...         return v * 10.0
        >>> float(f())
        20.0
    """
    del control_inputs
    yield


def inside_function() -> bool:
    """Return whether a function is being traced.

    Example:
        >>> import freshet as ft
        >>> ft.inside_function(), bool(ft.function(lambda: ft.inside_function())())
        (False, True)
    """
    return context.state.tracer is not None
