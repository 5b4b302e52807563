"""What a machine can check about the code itself: documentation, its examples, machine paths."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest

import freshet

ROOT = Path(freshet.__file__).parent
FILES = sorted(p for p in ROOT.rglob("*.py") if "__pycache__" not in p.parts)
STUBS = sorted(ROOT.rglob("__init__.pyi"))
MODULES = sorted(m.name for m in pkgutil.walk_packages([str(ROOT)], "freshet."))
EXAMPLES = doctest.DocTestFinder(exclude_empty=True)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT.parent))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree) or not tree.body, "no docstring"


def public_names() -> list[tuple[str, str]]:
    """Return package and name of everything that the stubs list, and their modules' own names."""
    found = []
    for stub in STUBS:
        package = ".".join(stub.parent.relative_to(ROOT.parent).parts)
        for node in ast.parse(stub.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom):
                found += [(package, str(a.asname)) for a in node.names]
    return found


def undocumented(name: str, item: Any, seen: set[int]) -> list[str]:
    """Return what has no docstring: the item itself, or a public method or name within it."""
    if id(item) in seen or isinstance(item, property):
        return []
    seen.add(id(item))
    if inspect.ismodule(item):
        inner = {
            n: v for n, v in vars(item).items()
            if not n.startswith("_") and (inspect.isfunction(v) or inspect.isclass(v))
        }  # fmt: skip
    elif inspect.isclass(item):
        inner = {
            n: getattr(item, n) for n, v in vars(item).items()
            if not n.startswith("_") and inspect.isroutine(getattr(item, n, None))
        }  # fmt: skip
    else:
        inner = {}
    ours = str(getattr(item, "__module__", "")).startswith("freshet")
    described = not ours or not callable(item) or inspect.getdoc(item)
    missing = [] if described else [name]
    return missing + [m for n, v in inner.items() for m in undocumented(f"{name}.{n}", v, seen)]


def test_everything_public_is_documented() -> None:
    seen: set[int] = set()
    missing = []
    for package, name in public_names():
        item = getattr(importlib.import_module(package), name)
        missing += undocumented(f"{package}.{name}", item, seen)
    assert missing == []
    assert len(seen) > 200, "the search finds what there is"


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_in_docstrings_are_true(module: str) -> None:
    imported = importlib.import_module(module)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    for test in EXAMPLES.find(imported, module):
        report: list[str] = []
        runner.run(test, out=report.append)
        assert not report, "".join(report)


def test_there_are_examples() -> None:
    found = [t for m in MODULES for t in EXAMPLES.find(importlib.import_module(m), m)]
    assert sum(len(t.examples) for t in found) > 100


MACHINE = re.compile(r"/(?:work|root|home/\w+|Users/\w+|tmp)/|[A-Z]:\\\\Users")


def test_no_file_names_a_place_on_a_machine() -> None:
    everything = [p for p in ROOT.rglob("*") if p.suffix in {".py", ".pyi", ".md", ".txt"}]
    found = [
        f"{name_of(path)}:{number}: {line.strip()}"
        for path in everything
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if MACHINE.search(line)
    ]
    assert found == []
