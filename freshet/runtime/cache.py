"""The kernel cache: object code on disk, so that second runs compile nothing.

One file per kernel, and one per program (`freshet.runtime.stored_programs`), named by a hash of
everything its content depends on. A file is a header with the checksum of its name and the rest;
one that is damaged, or not the user's own, counts as missing and is written anew. Nothing else
about a file is trusted, and files are written under another name first, so a crash leaves no half
entry.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import freshet.compiler
from freshet.compiler.assemble import llvm_version
from freshet.compiler.target import Target
from freshet.core.config import config

if TYPE_CHECKING:
    from freshet.compiler.kernel import Kernel

MAGIC: Final = b"freshet kernel 1\n"
LARGEST: Final = 256 * 1024 * 1024
"""Bytes of all files together; beyond it the ones not used for longest are deleted."""
UNCOUNTED: Final = 1 / 64
"""Part of it that a process writes before it looks again how large all files are, which takes a
while."""
_CHECKSUM: Final = hashlib.sha256().digest_size
_written = LARGEST
"""Bytes that this process has written since it looked; it does after its first."""


@functools.cache
def _emitter() -> str:
    """Return a hash of the code that turns kernels into LLVM text: other code, other entries."""
    folder = Path(freshet.compiler.__file__).parent
    total = hashlib.sha256()
    for file in sorted([*folder.glob("emit/*.py"), folder / "assemble.py"]):
        total.update(file.read_bytes())
    return total.hexdigest()


def kernel_key(kernel: Kernel, target: Target) -> str:
    """Return the name of a kernel's code: a hash of its text but the title, and of the machine."""
    _, _, text = str(kernel).partition("\n")
    return text_key(text, target)


def symbol_of(key: str) -> str:
    """Return the name of a kernel's function in its code."""
    return f"kernel_{key}"


def text_key(text: str, target: Target) -> str:
    """Return the name of the code made of a text."""
    whole = "\n".join([text, target.key, llvm_version(), _emitter()])
    return hashlib.sha256(whole.encode()).hexdigest()[:32]


def _folder() -> Path | None:
    """Return the cache's folder, made private to the user; None if there is none to be had."""
    if config.cache is None:
        return None
    folder = config.cache / "kernels"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        status = folder.stat()
    except OSError:
        return None
    # Code that another user can change must not run as this one.
    if hasattr(os, "getuid") and status.st_uid != os.getuid():
        return None
    if status.st_mode & 0o022:
        with contextlib.suppress(OSError):
            folder.chmod(0o700)
    return folder


def load(key: str) -> bytes | None:
    """Return the object code of a key, None if it is missing or damaged."""
    folder = _folder()
    if folder is None:
        return None
    path = folder / f"{key}.o"
    try:
        data = path.read_bytes()
        if hasattr(os, "getuid") and path.stat().st_uid != os.getuid():
            return None
    except OSError:
        return None
    head = len(MAGIC) + _CHECKSUM
    checksum, code = data[len(MAGIC) : head], data[head:]
    if not data.startswith(MAGIC) or _checksum(key, code) != checksum:
        with contextlib.suppress(OSError):
            path.unlink()
        return None
    with contextlib.suppress(OSError):
        os.utime(path)  # it was used now
    return code


def store(key: str, code: bytes) -> None:
    """Keep the object code of a key; silently not, where the disk is full or read-only."""
    folder = _folder()
    if folder is None:
        return
    data = MAGIC + _checksum(key, code) + code
    try:
        # Not `tempfile`, whose import takes as long as reading ten entries.
        new = folder / f"writing-{os.getpid()}-{threading.get_ident()}-{time.monotonic_ns()}"
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        new.replace(folder / f"{key}.o")
    except OSError:
        return
    global _written  # noqa: PLW0603 (there is one cache)
    _written += len(data)


def remove(pattern: str) -> None:
    """Delete the entries whose keys match a pattern."""
    folder = _folder()
    if folder is not None:
        for path in folder.glob(f"{pattern}.o"):
            with contextlib.suppress(OSError):
                path.unlink()


def tidy() -> None:
    """Trim the cache if this process has written much since it last did."""
    if _written >= UNCOUNTED * LARGEST:
        trim()


def _checksum(key: str, code: bytes) -> bytes:
    return hashlib.sha256(key.encode() + code).digest()


def trim() -> None:
    """Delete the entries not used for longest while the cache is larger than `LARGEST`."""
    global _written  # noqa: PLW0603 (likewise)
    _written = 0
    folder = _folder()
    if folder is None:
        return
    found = []
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            status = path.stat()
            found.append((status.st_mtime, status.st_size, path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= LARGEST:
            break
        with contextlib.suppress(OSError):
            path.unlink()
            total -= size
