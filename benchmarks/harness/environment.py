"""The machine: its name, its processors, how busy it is, and what limits a worker's threads."""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CPUS_VARIABLE: Final = "BENCHMARK_CPUS"
"""Environment variable that tells a worker its processors."""
TICKS: Final = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def worker_environment(threads: int, cache: Path) -> dict[str, str]:
    """Return the variables that limit every framework to `threads` threads.

    Spinning is left as each framework has it: it is part of its speed, and workers that are not
    measured are stopped. Compile caches go to `cache`, so that cold is cold.
    """
    count = str(threads)
    return {
        CPUS_VARIABLE: ",".join(str(cpu) for cpu in choose_cpus(threads)),
        "OMP_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
        "OPENBLAS_NUM_THREADS": count,
        "FRESHET_NUM_THREADS": count,
        # JAX reads its thread count from nowhere else.
        "NPROC": count,
        "XLA_FLAGS": f"--xla_cpu_multi_thread_eigen=true intra_op_parallelism_threads={count}",
        # Large pages for what malloc gives out (glibc, Linux), as NumPy asks for by itself, and
        # with it Freshet: PyTorch and JAX gain 10 to 20 % on LeNet.
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        # Inductor's own processes would go on starting while the first steps are measured.
        "TORCHINDUCTOR_COMPILE_THREADS": "1",
        "FRESHET_CACHE": str(cache / "freshet"),
        "TORCHINDUCTOR_CACHE_DIR": str(cache / "torch"),
        # Off by default; a user who minds start-up time switches it on.
        "JAX_COMPILATION_CACHE_DIR": str(cache / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        # An editable install compiles to bytecode when first imported, as pip does for the others.
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }


def available_cpus() -> list[int]:
    """Return the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux only
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def choose_cpus(count: int) -> list[int]:
    """Return `count` processors, on cores of their own as long as there are such."""
    seen: set[str] = set()
    first: list[int] = []
    rest: list[int] = []
    for cpu in available_cpus():
        core = _siblings(cpu)
        (rest if core in seen else first).append(cpu)
        seen.add(core)
    return sorted((first + rest)[:count])


def _siblings(cpu: int) -> str:
    """Return a text that is the same for the hardware threads of one core."""
    path = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
    try:
        return path.read_text()
    except OSError:
        return str(cpu)


# --- its name -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Machine:
    """What the figures were measured on."""

    cpu: str
    cores: int
    system: str

    @property
    def slug(self) -> str:
        """A file name."""
        return re.sub(r"[^a-z0-9]+", "-", f"{self.cpu} {self.cores} cores".lower()).strip("-")


def this_machine() -> Machine:
    """Return the machine that this runs on."""
    return Machine(_cpu_model(), len(available_cpus()), f"{platform.system()} {platform.machine()}")


def _cpu_model() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        text = ""
    found = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    name = found[1] if found else platform.processor() or platform.machine()
    return re.sub(r"\((R|TM)\)|\bCPU\b|@.*", "", name).strip()


# --- how busy it is -------------------------------------------------------------------------------


def busy_seconds() -> float | None:
    """Return the processor time that everything on the machine has used; None if unknown."""
    try:
        numbers = [int(n) for n in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    except OSError:
        return None
    user, nice, system, _idle, _waiting, hard, soft, stolen = numbers[:8]
    return (user + nice + system + hard + soft + stolen) / TICKS


def process_seconds(pid: int) -> float:
    """Return the processor time that a process and its ended children have used."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(ticks) for ticks in fields[11:15]) / TICKS
