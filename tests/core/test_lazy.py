"""The lazy namespaces: what an import costs, and that every name leads somewhere."""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import freshet as ft

STUBS = sorted(Path(ft.__file__).parent.rglob("__init__.pyi"))
HEAVY = ("numpy", "llvmlite", "h5py", "matplotlib", "PIL", "google.protobuf", "ml_dtypes")


def package_of(stub: Path) -> str:
    root = Path(ft.__file__).parent.parent
    return ".".join(stub.parent.relative_to(root).parts)


def loaded_by(program: str) -> set[str]:
    """Return which heavy packages a program imports."""
    shown = f"{program}\nimport json, sys; print(json.dumps(sorted(sys.modules)))"
    found = subprocess.run(
        [sys.executable, "-c", shown], capture_output=True, text=True, check=True
    )
    modules = json.loads(found.stdout)
    return {h for h in HEAVY if any(m == h or m.startswith(f"{h}.") for m in modules)}


def test_an_import_loads_nothing_heavy() -> None:
    assert loaded_by("import freshet, freshet.keras") == set()


def test_eager_work_needs_numpy_alone() -> None:
    program = "import freshet as ft; float(ft.reduce_sum(ft.Variable([1.0]) + 1.0))"
    assert loaded_by(program) == {"numpy"}


def test_building_a_model_compiles_nothing() -> None:
    program = (
        "import freshet as ft; k = ft.keras\n"
        "k.Sequential([k.layers.Input((2,)), k.layers.Dense(3)]).compile('sgd', 'mse')"
    )
    assert not loaded_by(program) & {"llvmlite", "h5py", "matplotlib", "PIL", "google.protobuf"}


def names_in(stub: Path) -> list[str]:
    nodes = ast.parse(stub.read_text(encoding="utf-8")).body
    aliases = [a for n in nodes if isinstance(n, ast.ImportFrom) for a in n.names]
    assert all(a.asname for a in aliases), "a re-export is written `x as x`"
    return [str(a.asname) for a in aliases]


CASES = [(package_of(stub), name) for stub in STUBS for name in names_in(stub)]


@pytest.mark.parametrize(("package", "name"), CASES, ids=lambda v: v)
def test_every_name_leads_somewhere(package: str, name: str) -> None:
    module: Any = importlib.import_module(package)
    found = getattr(module, name)
    assert found is not None or name == "newaxis"
    assert vars(module)[name] is found, "it is kept in the package after its first use"


@pytest.mark.parametrize("stub", STUBS, ids=package_of)
def test_dir_lists_the_names_each_once(stub: Path) -> None:
    names = names_in(stub)
    assert dir(importlib.import_module(package_of(stub))) == sorted(names)
    assert len(set(names)) == len(names)


def test_a_wrong_name_gets_a_suggestion() -> None:
    with pytest.raises(AttributeError, match="'freshet' has no attribute 'reduce_sun'; did you"):
        _ = ft.reduce_sun
    with pytest.raises(AttributeError, match="did you mean 'layers'"):
        _ = ft.keras.layerz
    with pytest.raises(ImportError, match="cannot import name 'nothing'"):
        from freshet import nothing  # noqa: F401
    assert not hasattr(ft, "__wrapped__")


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("Session", "decorate a function with @ft.function"),
        ("placeholder", "give it the values as arguments"),
        ("contrib", "ended with TensorFlow 1"),
        ("random_normal", "use ft.random.normal"),
        ("global_variables_initializer", "as soon as they are made"),
    ],
)
def test_a_name_of_tensorflow_1_gets_advice(name: str, advice: str) -> None:
    with pytest.raises(AttributeError, match=f"has no attribute '{name}'; .*{advice}"):
        getattr(ft, name)


def test_the_advice_names_what_there_is() -> None:
    """Public names in the table of advice exist."""
    import re

    from freshet.core.renamed import MODERN

    missing = set()
    for advice in MODERN.values():
        for dotted in re.findall(r"\bft((?:\.\w+)+)", advice):
            found: Any = ft
            for part in dotted.strip(".").split("."):
                if not hasattr(found, part):
                    missing.add(dotted)
                    break
                found = getattr(found, part)
    assert sorted(missing) == []


def test_the_version() -> None:
    from importlib.metadata import version

    assert version("freshet") == ft.__version__


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        ("nn.dynamic_rnn", "use ft.keras.layers.RNN"),
        ("keras.losses.softmax_cross_entropy", "use ft.keras.losses.CategoricalCrossentropy"),
        ("summary.FileWriter", "use ft.summary.create_file_writer"),
        ("nn.relux", "did you mean 'relu'"),
        ("linalg.cholesk", "did you mean 'cholesky'"),
    ],
)
def test_plain_modules_advise_as_lazy_ones_do(path: str, advice: str) -> None:
    *packages, name = path.split(".")
    module = ft
    for package in packages:
        module = getattr(module, package)
    with pytest.raises(AttributeError, match=advice):
        getattr(module, name)
