"""Write docs/operations.md out of the database of operations: `make coverage-table`.

PYTHONPATH=tests/ops python tests/conformance/coverage_table.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from database import load
from database.record import Case, Operation, Ragged, Sparse, over
from with_freshet import traceable

import freshet as ft
from freshet.compiler.calls import HostCall
from freshet.core import dtypes
from freshet.runtime.execute import Executable, NativeExecutor

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
NUMBERS = ("bool", "int", "uint", "float", "complex", "string")


def dtypes_of(operation: Operation) -> list[str]:
    """Return the dtypes of the cases' tensors."""
    found: set[str] = set()

    def take(value: Any) -> Any:
        if isinstance(value, (Ragged, Sparse)):
            value = value.values
        if isinstance(value, np.ndarray):
            found.add(ft.as_dtype(value.dtype).name)
        return over(take, value)

    for c in operation.cases:
        take([list(c.args), dict(c.kwargs)])
    return sorted(found, key=[d.name for d in dtypes.ALL].index)


def compiled(operation: Operation, c: Case) -> str:
    """Return what a compiled call of a case runs: kernels, Python, or both."""
    traced, tensors = traceable(operation, c)
    concrete = traced.get_concrete_function(*tensors)
    executor = concrete.executor
    if not isinstance(executor, NativeExecutor):
        return "in Python"
    arrays = [t._value for t in ft.nest.flatten(tensors, expand_composites=True)]
    program = executor.program(arrays, concrete.captured_variables)
    if not isinstance(program, Executable):
        return "in stages"
    hosts = sum(isinstance(call, HostCall) for call in program.program.calls)
    if not hosts:
        return "kernels"
    return "kernels and Python" if program.program.kernels else "in Python"


def row(operation: Operation) -> str:
    """Return an operation's line of the table."""
    ways = "no"
    if operation.traced and operation.cases:
        found = [compiled(operation, c) for c in operation.cases[:3]]
        ways = next((w for w in ("kernels", "kernels and Python") if w in found), found[0])
    gradient = "no" if not operation.gradient else "second" if operation.second else "first"
    names = ", ".join(dtypes_of(operation))
    return f"| `{operation.name}` | yes | {ways} | {gradient} | {names} |"


def main() -> None:
    """Write the page."""
    operations = load()
    lines = [
        "# Operations",
        "",
        "Written by `make coverage-table` from the database of operations (`tests/ops/database/`),",
        "which `make test` checks: eagerly and compiled against NumPy, SciPy or mpmath, gradients",
        "against differences, forward against reverse mode.",
        "",
        "*Compiled*: what a traced call runs: kernels of the native program; Python, for which",
        "the program returns to Python; or stages, where data decides on shapes. *Gradient*",
        "says up to which order it is checked. *Dtypes* are those of the cases.",
        "",
        f"{len(operations)} operations, {sum(len(o.cases) for o in operations.values()):,} cases,",
        f"{sum(len(o.errors) for o in operations.values()):,} refusals.",
        "",
        "| operation | eager | compiled | gradient | dtypes |",
        "| --- | --- | --- | --- | --- |",
        *(row(operation) for _, operation in sorted(operations.items())),
    ]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
