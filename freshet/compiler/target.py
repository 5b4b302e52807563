"""What kernels may assume of the machine: the only place that knows a processor."""

from __future__ import annotations

import functools
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from freshet.core.config import available_cores
from freshet.core.dtypes import DType


@dataclass(frozen=True)
class Target:
    """A processor, as the schedules and the emitter see it.

    Attributes:
        triple: LLVM's name of architecture and system, such as ``x86_64-unknown-linux-gnu``.
        cpu: LLVM's name of the processor model.
        features: LLVM's feature string.
        vector_bytes: Width of a vector register.
        vector_registers: How many there are.
        fused_multiply_add: Whether ``a*b + c`` is one instruction; without it kernels multiply and
            add, since LLVM would call a slow library function.
        half_conversion: Whether float16 converts in hardware.
        broadcast_operands: Whether arithmetic takes a scalar from memory into all lanes, so that a
            broadcast needs no register of its own (AVX-512).
        scale_instruction: Whether ``x * 2^n`` is one instruction, for any n (AVX-512).
        fma_latency: Cycles until the result of a multiply-add can be used, times the number started
            per cycle: as many independent accumulators keep the units busy.
        l1_bytes: Data cache of a core.
        l2_bytes: Second-level cache of a core.
        cores: How many there are. It decides how work is shared out, never the order of a sum.
    """

    triple: str
    cpu: str
    features: str
    vector_bytes: int
    vector_registers: int
    fused_multiply_add: bool
    half_conversion: bool
    broadcast_operands: bool
    scale_instruction: bool = False
    fma_latency: int = 8
    l1_bytes: int = 32 * 1024
    l2_bytes: int = 512 * 1024
    cores: int = 2

    def lanes(self, dtype: DType) -> int:
        """Return how many elements a vector register holds; float16 is computed in float32."""
        return max(self.vector_bytes // max(dtype.size, 4), 1)

    @property
    def architecture(self) -> str:
        """First part of the triple."""
        return self.triple.partition("-")[0]

    @property
    def key(self) -> str:
        """Text that differs between targets whose object code may differ."""
        fused = "fma" if self.fused_multiply_add else "no fma"
        return f"{self.triple} {self.cpu} {self.features} {self.vector_bytes} {fused}"


def llvm() -> Any:
    """Return llvmlite's binding, ready for the host. Imported here and only when first needed."""
    from llvmlite import binding  # noqa: PLC0415 (50 ms)

    _initialize(binding)
    return binding


@functools.cache
def _initialize(binding: Any) -> None:
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()


@functools.cache
def host() -> Target:
    """Return this machine."""
    binding = llvm()
    flags = binding.get_host_cpu_features()
    features = flags.flatten()
    triple = binding.get_process_triple()
    l1, l2 = _cache_bytes()
    if triple.startswith("x86_64"):
        wide, medium = bool(flags.get("avx512f")), bool(flags.get("avx2"))
        return Target(
            triple=triple, cpu=binding.get_host_cpu_name(), features=features,
            vector_bytes=64 if wide else 32 if medium else 16,
            vector_registers=32 if wide else 16,
            fused_multiply_add=bool(flags.get("fma")),
            half_conversion=bool(flags.get("f16c")),
            broadcast_operands=wide, scale_instruction=wide, l1_bytes=l1, l2_bytes=l2,
            cores=available_cores(),
        )  # fmt: skip
    arm = triple.startswith(("aarch64", "arm64"))
    return Target(
        triple=triple, cpu=binding.get_host_cpu_name(), features=features,
        vector_bytes=16, vector_registers=32 if arm else 16, fused_multiply_add=arm,
        half_conversion=arm, broadcast_operands=False, l1_bytes=l1, l2_bytes=l2,
        cores=available_cores(),
    )  # fmt: skip


def _cache_bytes() -> tuple[int, int]:
    """Return the sizes of a core's first and second level caches; cautious defaults if unknown."""
    defaults = (Target.l1_bytes, Target.l2_bytes)
    if sys.platform == "linux":
        folder = Path("/sys/devices/system/cpu/cpu0/cache")
        return _linux_cache(folder / "index0", defaults[0]), _linux_cache(
            folder / "index2", defaults[1]
        )
    if platform.system() == "Darwin":
        return _darwin_cache("hw.l1dcachesize", defaults[0]), _darwin_cache(
            "hw.l2cachesize", defaults[1]
        )
    return defaults


def _linux_cache(index: Path, default: int) -> int:
    try:
        text = (index / "size").read_text()
    except OSError:
        return default
    found = re.match(r"(\d+)([KM]?)", text)
    return int(found[1]) * {"": 1, "K": 1024, "M": 1024**2}[found[2]] if found else default


def _darwin_cache(name: str, default: int) -> int:
    import subprocess  # noqa: PLC0415 (it imports much, for macOS only)

    done = subprocess.run(["/usr/sbin/sysctl", "-n", name], capture_output=True, check=False)
    text = done.stdout.decode().strip()
    return int(text) if text.isdigit() else default
