"""Machine code in this process: from the cache or the compiler, linked, by address."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Final

from freshet.compiler.assemble import assemble, target_machine
from freshet.compiler.emit.module import emit
from freshet.compiler.kernel import Kernel
from freshet.compiler.target import Target, host, llvm
from freshet.core.errors import InternalError
from freshet.runtime import cache
from freshet.runtime.assembling import assemble_all

_lock: Final = threading.RLock()
_addresses: Final[dict[str, int]] = {}
_engines: Final[list[Any]] = []
"""Keeps linked code alive; code is never unloaded."""
_SYMBOL: Final = "<I2xH16x"
"""A symbol of a 64-bit ELF file: offset of its name, number of its section (0: elsewhere)."""


def kernel_addresses(kernels: Iterable[Kernel]) -> list[int]:
    """Return the address of each kernel's function, compiling what neither memory nor disk has."""
    target = host()
    kernels = list(kernels)
    # The steps of a loop share their kernels, whose keys take a while to find.
    keys = {id(k): cache.kernel_key(k, target) for k in {id(k): k for k in kernels}.values()}
    wanted = [(keys[id(k)], k) for k in kernels]
    with _lock:
        missing = {key: k for key, k in wanted if key not in _addresses}
        codes = {key: code for key in missing if (code := cache.load(key)) is not None}
        new = {key: k for key, k in missing.items() if key not in codes}
        if new:
            codes |= _compiled(new, target)
            cache.trim()
        _addresses.update(_linked(codes, target))
        return [_addresses[key] for key, _ in wanted]


def _compiled(kernels: Mapping[str, Kernel], target: Target) -> dict[str, bytes]:
    """Return the object code of each kernel, and keep it on disk."""
    codes = assemble_all(
        {key: partial(emit, k, target, f"kernel_{key}") for key, k in kernels.items()}, target
    )
    for key, code in codes.items():
        cache.store(key, code)
    return codes


def text_addresses(text: str, symbols: Iterable[str]) -> list[int]:
    """Return the addresses of functions of an LLVM module given as text."""
    target = host()
    key = cache.text_key(text, target)
    with _lock:
        code = cache.load(key)
        if code is None:
            code = assemble(text, target)
            cache.store(key, code)
        engine = _engine([code], target)
        return [_find(engine, symbol) for symbol in symbols]


def _linked(codes: dict[str, bytes], target: Target) -> dict[str, int]:
    """Return the address of each kernel's function.

    Kernels are linked together, which is quick, but for those that call a library: after such a one
    LLVM's linker gives the others in its engine wrong addresses.
    """
    alone = [[key] for key, code in codes.items() if _calls_library(code)]
    together = [key for key in codes if [key] not in alone]
    addresses: dict[str, int] = {}
    for group in (together, *alone):
        if group:
            engine = _engine([codes[key] for key in group], target)
            addresses |= {key: _find(engine, f"kernel_{key}") for key in group}
    return addresses


def _calls_library(code: bytes) -> bool:
    """Return whether an object file refers to functions outside; True where it does not say."""
    file = llvm().object_file.ObjectFileRef.from_data(code)
    sections = {section.name(): section.data() for section in file.sections()}
    symbols, names = sections.get(b".symtab"), sections.get(b".strtab")
    if symbols is None or names is None:
        return True
    return any(
        name and not section and not names.startswith(b"_GLOBAL_OFFSET_TABLE_\0", name)
        for name, section in struct.iter_unpack(_SYMBOL, symbols)
    )


def _engine(codes: Iterable[bytes], target: Target) -> Any:
    binding = llvm()
    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), target_machine(target))
    for code in codes:
        engine.add_object_file(binding.object_file.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _engines.append(engine)
    return engine


def _find(engine: Any, symbol: str) -> int:
    address: int = engine.get_function_address(symbol)
    if not address:
        raise InternalError(f"bug in freshet: the compiled code has no function {symbol}")
    return address
