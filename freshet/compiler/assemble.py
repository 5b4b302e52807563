"""LLVM text to object code."""

from __future__ import annotations

import math
from typing import Any, Final, cast

from freshet.compiler.kernel import Kernel, Tiles
from freshet.compiler.target import Target, llvm

OPTIMIZATION: Final = 2
"""LLVM's level. Loops are vectorised and unrolled by the schedule, so LLVM's own passes for that
are off: they cost compile time and gain nothing."""


FEW_PASSES: Final = ("always_inliner", "sroa", "instruction_combine", "simplify_cfg")
"""LLVM's passes for code that is written as it is meant to run: a tenth of the time of all."""


FEW_SUMS: Final = 1 << 25
"""Multiply-adds of a contraction below which all passes gain less time than they take."""


def needs_few_passes(kernel: Kernel) -> bool:
    """Whether `FEW_PASSES` are enough for a kernel.

    They are for tiles, but for some 2 % of their time, which counts where there is much of it; and
    where nothing goes from turn to turn of a loop. Reductions and additions in place have something
    to move out of theirs.
    """
    if isinstance(kernel.schedule, Tiles):
        return math.prod(kernel.extents.values()) < FEW_SUMS
    stages = kernel.stages
    adds = any(s.adds for stage in stages for s in stage.stores)
    return not adds and not any(s.axes for s in stages)


def assemble(text: str, target: Target, *, few_passes: bool = False) -> bytes:
    """Return the object code of a module.

    Args:
        text: The module.
        target: The machine.
        few_passes: Whether `FEW_PASSES` are enough.

    Raises:
        RuntimeError: LLVM rejects the text, which is a bug in the emitter.
    """
    binding = llvm()
    module = binding.parse_assembly(text)
    module.verify()
    machine = target_machine(target)
    options = binding.create_pipeline_tuning_options(speed_level=OPTIMIZATION)
    options.loop_vectorization = options.slp_vectorization = options.loop_unrolling = False
    builder = binding.create_pass_builder(machine, options)
    if few_passes:
        passes = binding.create_new_module_pass_manager()
        for name in FEW_PASSES:
            getattr(passes, f"add_{name}_pass")()
    else:
        passes = builder.getModulePassManager()
    passes.run(module, builder)
    return cast(bytes, machine.emit_object(module))


def target_machine(target: Target) -> Any:
    """Return LLVM's description of a target."""
    return llvm().Target.from_triple(target.triple).create_target_machine(
        cpu=target.cpu, features=target.features, opt=OPTIMIZATION, reloc="pic",
        codemodel="jitdefault", jit=True,
    )  # fmt: skip


def llvm_version() -> str:
    """Return the version of LLVM."""
    return ".".join(map(str, llvm().llvm_version_info))
