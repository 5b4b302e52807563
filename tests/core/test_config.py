"""Settings and their environment variables."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import freshet as ft
from freshet.core.config import Config, config, variable_of

SHOWN = "from freshet.core.config import config; print(repr(config))"


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("FRESHET_")}
    return subprocess.run(
        [sys.executable, "-c", program], env=clean | environment, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def test_the_environment_is_read() -> None:
    found = run(
        SHOWN, FRESHET_NUM_THREADS="3", FRESHET_CACHE="/somewhere/c", FRESHET_DATA_DIR="~/d",
        FRESHET_BACKEND="numpy", FRESHET_DUMP="fuse,,memory", FRESHET_FULL_TRACEBACK="1",
        HOME="/somewhere",
    )  # fmt: skip
    expected = Config(
        num_threads=3, cache=Path("/somewhere/c"), data_dir=Path("/somewhere/d"), backend="numpy",
        dump=frozenset({"fuse", "memory"}), full_traceback=True,
    )  # fmt: skip
    names = {"Config": Config, "PosixPath": Path}
    assert eval(found.stdout, names) == expected


def test_defaults() -> None:
    found: Any = eval(run(SHOWN, HOME="/somewhere").stdout, {"Config": Config, "PosixPath": Path})
    affinity = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))
    assert found.num_threads == len(affinity(0))
    assert (found.backend, found.dump, found.full_traceback) == ("native", frozenset(), False)
    assert found.data_dir is None
    cache = os.environ.get("XDG_CACHE_HOME")
    assert found.cache == (Path(cache) if cache else Path("/somewhere/.cache")) / "freshet"
    switched_off = run(
        "from freshet.core.config import config; print(config.cache)", FRESHET_CACHE=""
    )
    assert switched_off.stdout == "None\n"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("FRESHET_NUM_THREADS", "0", "whole number from 1 to 256, received '0'"),
        ("FRESHET_NUM_THREADS", "-2", "received '-2'"),
        ("FRESHET_NUM_THREADS", "many", "received 'many'"),
        ("FRESHET_NUM_THREADS", "1000", "received '1000'"),
        ("FRESHET_BACKEND", "cuda", "must be 'native' or 'numpy', received 'cuda'"),
    ],
)
def test_a_wrong_value_is_refused(name: str, value: str, message: str) -> None:
    found = run(SHOWN, **{name: value})
    assert found.returncode != 0
    assert f"{name} must be" in found.stderr
    assert message in found.stderr


def test_every_setting_has_a_variable() -> None:
    names = [f.name for f in fields(Config)]
    assert len({variable_of(n) for n in names}) == len(names)
    assert all(variable_of(n).startswith("FRESHET_") for n in names)


def test_threads_can_be_set_at_run_time() -> None:
    ft.config.threading.set_intra_op_parallelism_threads(2)
    assert config.num_threads == ft.config.threading.get_intra_op_parallelism_threads() == 2
    with pytest.raises(ValueError, match="must be 0 or more: -1"):
        ft.config.threading.set_intra_op_parallelism_threads(-1)


def test_a_pass_is_printed_on_request() -> None:
    program = "import freshet as ft; ft.function(lambda x: x + 1)(ft.ones([2]))"
    found = run(program, FRESHET_DUMP="specialize,memory", FRESHET_CACHE="")
    assert found.returncode == 0
    assert "--- after specialize ---\ngraph _lambda_(%x_0: f32[2]) {\n" in found.stderr
    assert "--- after memory ---\n" in found.stderr
    assert "--- after fuse ---" not in found.stderr
