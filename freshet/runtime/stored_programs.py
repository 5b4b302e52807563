"""Outlines of programs on disk, so that the next process need not compile: `find` and `keep`.

An entry is found by a hash of everything that decides what the compiler makes: the graph, the types
of its inputs, the machine, and Freshet's own files. It lies in the kernel cache, which checks that
it is whole and the user's own, and is JSON, so that reading it runs nothing; constants are numbers
after it. Programs that call Python are not kept, since their functions cannot be.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any, Final

import numpy as np

import freshet
from freshet.compiler.assemble import llvm_version
from freshet.compiler.calls import Code, CodeCall, HostCall, Jump, Outline, Place
from freshet.compiler.target import host
from freshet.core import dtypes
from freshet.core.config import config
from freshet.core.shapes import TensorType
from freshet.graph.ir import Graph
from freshet.graph.text import fingerprint
from freshet.runtime import cache

LARGEST_CONSTANTS: Final = 1 << 20
"""Bytes of constants up to which a program is kept."""
_SPACES: Final = ("input", "output", "constant", "arena", "status", "scratch")
_SUFFIX: Final = "-program"


@functools.cache
def _compiler() -> str | None:
    """Return text that differs where another version of Freshet, or of NumPy, compiles.

    Files are told apart by size and time of change, which takes a tenth of the time of reading
    them. Where there are none, as in a frozen application, it is None.
    """
    folder = Path(freshet.__file__).parent
    found = []
    for room in ("core", "ops", "graph", "compiler", "runtime"):
        for path, _, names in os.walk(folder / room):
            for name in names:
                if name.endswith(".py"):
                    status = os.stat(os.path.join(path, name))  # noqa: PTH116, PTH118 (twice as fast)
                    found.append(f"{path}/{name} {status.st_size} {status.st_mtime_ns}")
    return "\n".join([np.__version__, *sorted(found)]) if found else None


def key_of(graph: Graph, types: Sequence[TensorType]) -> str | None:
    """Return the name of a program's entry; None where programs are not kept.

    They are not while the user wants to see what the passes return, or to look for schedules, nor
    if a program has primitives of the user's own.
    """
    compiler = _compiler()
    if compiler is None or config.cache is None or config.dump or config.tune:
        return None
    if not _is_own(graph):
        return None
    parts = [fingerprint(graph), *map(str, types), repr(host()), llvm_version(), compiler]
    parts.append(f"winograd {config.winograd}")  # the only setting that a program depends on
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32] + _SUFFIX


def _is_own(graph: Graph) -> bool:
    """Whether Freshet defines every primitive: the code of others may change without its files."""
    return all(
        node.primitive.is_own and all(_is_own(inner) for inner in node.graphs)
        for node in graph.nodes
    )


def find(key: str) -> Outline | None:
    """Return the outline of a key, None if it is not there."""
    data = cache.load(key)
    if data is None:
        return None
    try:
        return _read(data)
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def keep(key: str, outline: Outline) -> None:
    """Keep an outline for the next process, if it can be."""
    constants = outline.constants
    if (
        any(isinstance(call, HostCall) for call in outline.calls)
        or any(c.dtype.hasobject for c in constants)
        or sum(c.nbytes for c in constants) > LARGEST_CONSTANTS
    ):
        return
    cache.store(key, _written(outline))
    cache.tidy()


def forget_all() -> None:
    """Delete every entry: the next programs are to be compiled anew."""
    cache.remove(f"*{_SUFFIX}")


# --- format ---------------------------------------------------------------------------------------


def _written(outline: Outline) -> bytes:
    content = {
        "name": outline.name,
        "codes": [astuple(c) for c in outline.codes],
        "calls": list(map(_call_numbers, outline.calls)),
        "inputs": list(map(_type_text, outline.inputs)),
        "outputs": list(map(_type_text, outline.outputs)),
        "constants": [[_type_text(_type_of(c)), c.nbytes] for c in outline.constants],
        "arena_bytes": outline.arena_bytes,
        "checks": outline.checks,
        "updated": outline.updated,
    }
    head = json.dumps(content, separators=(",", ":")).encode()
    return b"".join([head, b"\n", *(np.ascontiguousarray(c).tobytes() for c in outline.constants)])


def _read(data: bytes) -> Outline:
    head, _, rest = data.partition(b"\n")
    content = json.loads(head)
    constants = []
    start = 0
    for text, size in content["constants"]:
        kind = _type(text)
        raw = np.frombuffer(rest[start : start + size], kind.dtype.as_numpy_dtype)
        constants.append(raw.reshape(kind.static_shape))
        start += size
    return Outline(
        content["name"],
        tuple(Code(*c) for c in content["codes"]),
        tuple(map(_call, content["calls"])),
        tuple(map(_type, content["inputs"])),
        tuple(map(_type, content["outputs"])),
        tuple(constants),
        content["arena_bytes"],
        content["checks"],
        tuple(content["updated"]),
    )


def _call_numbers(call: Any) -> list[Any]:
    """Return a call as a list: [code, check, places] or, for a jump, [-1, target, places]."""
    if isinstance(call, Jump):
        return [-1, call.target, *_place_numbers([] if call.unless is None else [call.unless])]
    return [call.code, call.check, *_place_numbers(call.arguments)]


def _call(numbers: list[Any]) -> CodeCall | Jump:
    code, number, *rest = numbers
    places = tuple(
        Place(_SPACES[rest[i]], rest[i + 1], rest[i + 2]) for i in range(0, len(rest), 3)
    )
    if code < 0:
        return Jump(number, places[0] if places else None)
    return CodeCall(code, places, number)


def _place_numbers(places: Sequence[Place]) -> list[int]:
    return [n for p in places for n in (_SPACES.index(p.space), p.number, p.offset)]


def _type_of(array: np.ndarray[Any, Any]) -> TensorType:
    return TensorType(dtypes.of_array(array), array.shape)


def _type_text(kind: TensorType) -> list[Any]:
    return [kind.dtype.short, list(kind.static_shape)]


def _type(text: list[Any]) -> TensorType:
    return TensorType(dtypes.from_short(text[0]), tuple(text[1]))
