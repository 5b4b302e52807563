"""Every setting, each also an environment variable that is read here and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, cast

from freshet.core.errors import InvalidArgumentError

MAX_THREADS: Final = 256


def _threads(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= MAX_THREADS:
        raise InvalidArgumentError(
            f"FRESHET_NUM_THREADS must be a whole number from 1 to {MAX_THREADS}, received {text!r}"
        )
    return int(text)


def _backend(text: str) -> str:
    if text not in {"native", "numpy"}:
        raise InvalidArgumentError(
            f"FRESHET_BACKEND must be 'native' or 'numpy', received {text!r}"
        )
    return text


def _names(text: str) -> frozenset[str]:
    return frozenset(name for name in text.split(",") if name)


def _folder(text: str) -> Path | None:
    return Path(text).expanduser() if text else None


def _flag(text: str) -> bool:
    return text not in {"", "0"}


def _cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "freshet"


def available_cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):  # respects container and taskset limits; Linux only
        return min(len(os.sched_getaffinity(0)), MAX_THREADS)
    return min(os.cpu_count() or 1, MAX_THREADS)


def setting(variable: str, parse: Callable[[str], Any], default: Callable[[], Any]) -> Any:
    """Return a field that an environment variable sets."""
    return field(default_factory=default, metadata={"variable": variable, "parse": parse})


@dataclass
class Config:
    """Freshet's settings. Read once, when Freshet is first used; change the fields after that."""

    num_threads: int = setting("FRESHET_NUM_THREADS", _threads, available_cores)
    """Threads that run a compiled program. Default: the cores this process may use. Results do not
    depend on it."""

    cache: Path | None = setting("FRESHET_CACHE", _folder, _cache_folder)
    """Folder of the kernel cache; empty switches it off. Default: ``~/.cache/freshet``."""

    data_dir: Path | None = setting("FRESHET_DATA_DIR", _folder, lambda: None)
    """Folder with data sets already on disk, one folder each. Default: none, so they are fetched
    into ``<cache>/datasets``."""

    backend: str = setting("FRESHET_BACKEND", _backend, lambda: "native")
    """What runs a traced function: ``native`` (the compiler) or ``numpy`` (the reference)."""

    dump: frozenset[str] = setting("FRESHET_DUMP", _names, frozenset)
    """Names of passes (comma separated) whose result is printed to stderr: see
    `freshet.compiler.pipeline`."""

    tune: bool = setting("FRESHET_TUNE", _flag, lambda: False)
    """Whether to try other schedules for each contraction that is compiled, and keep the fastest in
    the kernel cache. Default: no; it takes seconds a kernel."""

    winograd: bool = setting("FRESHET_WINOGRAD", _flag, lambda: True)
    """Whether convolutions in float32 may take fewer multiplications with larger rounding errors
    (see `freshet.compiler.winograd.choose`). Default: yes, where it is faster."""

    full_traceback: bool = setting("FRESHET_FULL_TRACEBACK", _flag, lambda: False)
    """Keep Freshet's own frames in tracebacks. Default: only the user's are shown."""

    @classmethod
    def from_environment(cls) -> Config:
        """Return the settings that the environment asks for, defaults elsewhere."""
        return cls(
            **{
                f.name: f.metadata["parse"](os.environ[f.metadata["variable"]])
                for f in fields(cls)
                if f.metadata["variable"] in os.environ
            }
        )


def variable_of(name: str) -> str:
    """Return the environment variable of the setting `name`."""
    return cast(str, next(f.metadata["variable"] for f in fields(Config) if f.name == name))


config: Final = Config.from_environment()
