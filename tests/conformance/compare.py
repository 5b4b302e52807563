"""Compare Freshet with TensorFlow on the database of operations: `make conformance`.

Every case runs through both; values, dtypes, shapes and the class of an exception must agree. The
differences, with their reasons, are written to docs/conformance.md.

    PYTHONPATH=tests/ops python tests/conformance/compare.py [NAME ...]
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from database import load
from database.compare import assert_equal
from database.record import TOLERANCE, Case, Operation
from with_freshet import call

ROOT = Path(__file__).parents[2]
PEERS = ROOT / ".peers" / "bin" / "python"
PAGE = ROOT / "docs" / "conformance.md"
WANTED = 0.99
"""Part of the cases that must agree."""
SLACK = 8
"""How much further TensorFlow may be from us than we from the reference: both round."""


@dataclass(frozen=True)
class Difference:
    """A case in which the two do not agree."""

    operation: Operation
    number: int
    case: Case
    what: str

    @property
    def reason(self) -> str:
        """Why, as the database says; "" if it does not."""
        where = self.operation.differs_in
        return self.operation.differs if where is None or self.number in where else ""


def tensorflow_outcomes(names: list[str]) -> dict[str, list[tuple[str, Any]]]:
    """Run TensorFlow in its own environment."""
    if not PEERS.exists():
        sys.exit("there is no TensorFlow to compare with: run `make peers` first")
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests" / "ops")}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "outcomes"
        script = Path(__file__).parent / "with_tensorflow.py"
        subprocess.run([PEERS, script, file, *names], check=True, env=environment)
        return pickle.loads(file.read_bytes())


def own_outcome(operation: Operation, c: Case) -> tuple[str, Any]:
    """Return what Freshet makes of a case, like `with_tensorflow.outcome`."""
    try:
        return "result", call(operation, c)
    except Exception as error:
        return "error", ([kind.__name__ for kind in type(error).__mro__], str(error)[:300])


def disagreement(operation: Operation, ours: tuple[str, Any], theirs: tuple[str, Any]) -> str:
    """Return how two outcomes differ; "" if they agree."""
    if ours[0] != theirs[0]:

        def told(outcome: tuple[str, Any]) -> str:
            if outcome[0] == "result":
                return "gives a result"
            names, message = outcome[1]
            return f"raises {names[0]} ({message.splitlines()[0][:90] if message else ''})"

        return f"Freshet {told(ours)}, TensorFlow {told(theirs)}"
    if ours[0] == "error":
        kind = theirs[1][0][0]
        # TensorFlow's and Python's errors of that kind are what programs catch.
        return "" if kind in ours[1][0] else f"raises {ours[1][0][0]} instead of {kind}"
    if operation.reference is None:
        mine, other = _types(ours[1]), _types(theirs[1])
        return "" if mine == other else f"types {mine} instead of {other}"
    wide = {n: SLACK * operation.tolerance.get(n, t) for n, t in TOLERANCE.items()}
    loose = replace(operation, tolerance=wide, absolute=SLACK * operation.absolute)
    try:
        assert_equal(ours[1], theirs[1], loose, "value")
    except AssertionError as error:
        return " ".join(str(error).split())[:160]
    return ""


def _types(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.shape
    if isinstance(value, dict):
        return {k: _types(v) for k, v in value.items()}
    return [_types(v) for v in value] if isinstance(value, (list, tuple)) else value


def compare(names: list[str]) -> tuple[int, list[Difference]]:
    """Return how many cases were compared, and the differences."""
    theirs = tensorflow_outcomes(names)
    count, differences = 0, []
    for name, operation in load().items():
        if name not in theirs:
            continue
        cases = [*operation.cases, *(failure.case for failure in operation.errors)]
        for number, (c, outcome) in enumerate(zip(cases, theirs[name], strict=True)):
            count += 1
            what = disagreement(operation, own_outcome(operation, c), outcome)
            if what:
                differences.append(Difference(operation, number, c, what))
    return count, differences


def differing_programs() -> list[str]:
    """Return the programs of examples/core that print something else under TensorFlow."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for file in sorted((ROOT / "examples" / "core").glob("*.py")):
            other = Path(folder) / file.name
            source = file.read_text(encoding="utf-8")
            changed = source.replace("import freshet as ft", "import tensorflow as ft")
            other.write_text(changed, encoding="utf-8")
            printed = [
                subprocess.run(
                    [python, program], check=True, capture_output=True, text=True, cwd=folder
                ).stdout
                for python, program in ((sys.executable, file), (PEERS, other))
            ]
            if printed[0] != printed[1]:
                found.append(file.name)
    return found


def page(count: int, operations: int, differences: list[Difference]) -> str:
    """Return the text of docs/conformance.md."""
    agree = count - len(differences)
    lines = [
        "# Freshet and TensorFlow on the same calls",
        "",
        "Written by `make conformance`: each case of the database of operations",
        "(`tests/ops/database/`) runs through Freshet and through TensorFlow 2.21; values,",
        "dtypes, shapes and the class of an exception are compared.",
        "",
        f"{operations} operations, {count:,} cases: {agree:,} agree ({agree / count:.2%}). "
        f"The others, and why:",
        "",
        "| operation | cases | what differs | why |",
        "| --- | --- | --- | --- |",
    ]
    groups: dict[tuple[str, str], list[Difference]] = {}
    for d in differences:
        groups.setdefault((d.operation.name, d.reason), []).append(d)
    for (name, reason), found in groups.items():
        what = found[0].what.replace("|", "\\|")
        lines.append(f"| `{name}` | {len(found)} | {what} | {reason or '**not explained**'} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the differences and write the page; the exit status says whether enough agree."""
    names = sys.argv[1:]
    count, differences = compare(names)
    for d in differences:
        mark = " " if d.reason else "!"
        print(f"{mark} {d.operation.name}({d.case}): {d.what}")
    agree = (count - len(differences)) / max(count, 1)
    unexplained = sum(not d.reason for d in differences)
    print(f"{count} cases, {agree:.2%} agree, {unexplained} differences without a reason")
    programs = [] if names else differing_programs()
    for name in programs:
        print(f"! examples/core/{name} prints something else under TensorFlow")
    if not names:
        PAGE.write_text(page(count, len(load()), differences), encoding="utf-8")
    if agree < WANTED or unexplained or programs:
        sys.exit(1)


if __name__ == "__main__":
    main()
