"""The database of operations: each family's records, in a module that lists them as OPERATIONS.

`tests/ops/test_database.py` makes every check out of them, `make coverage-table` the table in
docs/operations.md, and `make conformance` compares each case with TensorFlow.
"""

from __future__ import annotations

import importlib
import pkgutil

from database.record import Operation


def load() -> dict[str, Operation]:
    """Return every operation by name."""
    found: dict[str, Operation] = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        for operation in getattr(importlib.import_module(f"database.{module}"), "OPERATIONS", ()):
            if operation.name in found:
                raise ValueError(f"{operation.name} is in the database twice")
            found[operation.name] = operation
    return found
