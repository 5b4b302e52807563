"""Machine code in this process: linked, by address. Kernels are named by their keys."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterable, Mapping
from typing import Any, Final

from freshet.compiler.assemble import assemble, target_machine
from freshet.compiler.target import Target, host, llvm
from freshet.core.errors import InternalError
from freshet.runtime import cache

_lock: Final = threading.RLock()
_addresses: Final[dict[str, int]] = {}
_engines: Final[list[Any]] = []
"""Keeps linked code alive; code is never unloaded."""
_SYMBOL: Final = "<I2xH16x"
"""A symbol of a 64-bit ELF file: offset of its name, number of its section (0: elsewhere)."""


def is_known(key: str) -> bool:
    """Return whether a kernel's code is in memory or on disk."""
    with _lock:
        return key in _addresses or cache.load(key) is not None


def missing(keys: Iterable[str]) -> set[str]:
    """Return the kernels whose code is neither in memory nor on disk; link what is on disk."""
    with _lock:
        unlinked = {key for key in keys if key not in _addresses}
        codes = {key: code for key in unlinked if (code := cache.load(key)) is not None}
        _addresses.update(_linked(codes, host()))
        return unlinked - codes.keys()


def add(codes: Mapping[str, bytes]) -> None:
    """Link new object code, by key, and keep it on disk."""
    for key, code in codes.items():
        cache.store(key, code)
    cache.tidy()
    with _lock:
        new = {key: code for key, code in codes.items() if key not in _addresses}
        _addresses.update(_linked(new, host()))


def code_address(key: str) -> int:
    """Return the address of a kernel's function, which has been linked."""
    return _addresses[key]


def text_addresses(text: str, symbols: Iterable[str], *, few_passes: bool = False) -> list[int]:
    """Return the addresses of functions of an LLVM module given as text; see `assemble`."""
    target = host()
    key = cache.text_key(text, target)
    with _lock:
        code = cache.load(key)
        if code is None:
            code = assemble(text, target, few_passes=few_passes)
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
            addresses |= {key: _find(engine, cache.symbol_of(key)) for key in group}
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
