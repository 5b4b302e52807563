"""Lazy namespaces: a package whose names are imported when they are first used.

The stub file beside the package (``__init__.pyi``) is the one place that says which names there are
and where they come from. Editors and type checkers read it as usual; at run time it is parsed when
the first name is asked for, and each name is imported when it is.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from freshet.core.errors import did_you_mean
from freshet.core.renamed import modern_form


class Namespace:
    """The names of one package."""

    def __init__(self, package: str, file: str) -> None:
        self._package = package
        self._stub = Path(file).with_suffix(".pyi")
        self._table: dict[str, tuple[str, str | None]] = {}

    @property
    def table(self) -> dict[str, tuple[str, str | None]]:
        """For each public name the module it is in and its name there; None for a module itself."""
        if not self._table:
            for node in ast.parse(self._stub.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ImportFrom) and node.module:
                    self._add(node)
        return self._table

    def _add(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            name = alias.asname or alias.name
            module = f"{node.module}.{alias.name}"
            if node.module == self._package:
                self._table[name] = (module, None)
            else:
                self._table[name] = (str(node.module), alias.name)

    def get(self, name: str) -> Any:
        """Import a name and keep it in the package; ``__all__``, which ``import *`` asks for."""
        if name == "__all__":
            return list(self.table)
        if name not in self.table:
            above, _, last = self._package.rpartition(".")
            raise AttributeError(
                f"module {self._package!r} has no attribute {name!r}"
                + (
                    modern_form(self._package, name)
                    or did_you_mean(name, self.table)
                    or modern_form(above, last)  # where TensorFlow's package had more
                )
            )
        module, attribute = self.table[name]
        found = importlib.import_module(module)
        value = found if attribute is None else getattr(found, attribute)
        setattr(sys.modules[self._package], name, value)
        return value


def advise(package: str) -> None:
    """Let the error about a name that a plain module lacks say what there is instead.

    Args:
        package: Its ``__name__``.
    """
    module = sys.modules[package]

    def refuse(name: str) -> Any:
        public = [n for n in vars(module) if not n.startswith("_")]
        hint = modern_form(package, name) or did_you_mean(name, public)
        raise AttributeError(f"module {package!r} has no attribute {name!r}{hint}")

    # Not defined in the module itself, where type checkers would take it for any name.
    vars(module)["__getattr__"] = refuse


def attach(package: str, file: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` for a package with a stub.

    Args:
        package: Its ``__name__``.
        file: Its ``__file__``.
    """
    namespace = Namespace(package, file)
    return namespace.get, lambda: sorted(namespace.table)
