"""Settings of TensorFlow that change nothing here: they are kept, so that programs can set them."""

from __future__ import annotations

from typing import Any, Final

from freshet.core.config import available_cores, config
from freshet.core.errors import InvalidArgumentError


class _Settings:
    inter_op_threads = 0
    soft_placement = True
    synchronous = True
    jit = ""
    policy = "silent"


_settings: Final = _Settings()
_options: Final[dict[str, Any]] = {}


def get_intra_op_parallelism_threads() -> int:
    """Return how many threads run a program."""
    return config.num_threads


def set_intra_op_parallelism_threads(num_threads: int) -> None:
    """Use another number of threads from now on; results do not depend on it.

    Args:
        num_threads: From 1 on, or 0 for as many as the process may use.
    """
    if num_threads < 0:
        raise InvalidArgumentError(f"the number of threads must be 0 or more: {num_threads}")
    config.num_threads = int(num_threads) or available_cores()


def get_inter_op_parallelism_threads() -> int:
    """Return what `set_inter_op_parallelism_threads` set; 0 by default."""
    return _settings.inter_op_threads


def set_inter_op_parallelism_threads(num_threads: int) -> None:
    """Keep a number: operations of a program run one after the other, each on all threads."""
    _settings.inter_op_threads = int(num_threads)


def get_soft_device_placement() -> bool:
    """Return whether a program that asks for another device runs on the CPU: True by default."""
    return _settings.soft_placement


def set_soft_device_placement(enabled: bool) -> None:
    """Keep the setting: there is one device."""
    _settings.soft_placement = bool(enabled)


def get_jit() -> str:
    """Return what `set_jit` set: ``""`` or ``"autoclustering"``."""
    return _settings.jit


def set_jit(enabled: bool | str) -> None:
    """Keep the setting: every traced function is compiled."""
    _settings.jit = "autoclustering" if enabled in {True, "autoclustering"} else ""


def get_experimental_options() -> dict[str, Any]:
    """Return what `set_experimental_options` set."""
    return dict(_options)


def set_experimental_options(options: dict[str, Any]) -> None:
    """Keep settings of TensorFlow's graph optimizer."""
    _options.update(options)


def get_synchronous_execution() -> bool:
    """Return whether operations are done when they return: they are."""
    return _settings.synchronous


def set_synchronous_execution(enable: bool) -> None:
    """Keep the setting: operations are done when they return."""
    _settings.synchronous = bool(enable)


def get_device_policy() -> str:
    """Return what `set_device_policy` set: ``"silent"`` by default."""
    return _settings.policy


def set_device_policy(device_policy: str | None) -> None:
    """Keep the setting: there is one device.

    Args:
        device_policy: ``"default"``, ``"warn"``, ``"explicit"``, ``"silent"``,
            ``"silent_for_int32"`` or None.
    """
    known = {None, "default", "warn", "explicit", "silent", "silent_for_int32"}
    if device_policy not in known:
        raise InvalidArgumentError(f"set_device_policy: there is no policy {device_policy!r}")
    _settings.policy = "silent" if device_policy in {None, "default"} else str(device_policy)


def enable_op_determinism() -> None:
    """Do nothing: results are always the same, for any number of threads."""


def enable_tensor_float_32_execution(enabled: bool) -> None:
    """Set whether float32 may round worse where that is faster.

    TensorFlow multiplies with ten bits of precision then, on some GPUs. Freshet keeps all 23 and
    has convolutions of three to five taps take fewer multiplications, which makes the mean error
    three to five times that of a direct sum (`freshet.compiler.winograd.choose`). It counts for
    what is compiled from now on; ``FRESHET_WINOGRAD=0`` sets it from the start.

    Args:
        enabled: Whether they may; at first, yes.

    Example:
        >>> import freshet as ft
        >>> ft.config.experimental.enable_tensor_float_32_execution(False)
        >>> ft.config.experimental.tensor_float_32_execution_enabled()
        False
        >>> ft.config.experimental.enable_tensor_float_32_execution(True)
    """
    config.winograd = bool(enabled)


def tensor_float_32_execution_enabled() -> bool:
    """Return whether float32 may round worse where that is faster."""
    return config.winograd


def get_memory_info(device: str) -> dict[str, int]:
    """Return how many bytes of memory the process uses now, and used at most.

    Args:
        device: Ignored: there is one memory.
    """
    import resource  # noqa: PLC0415 (not on every platform)
    from pathlib import Path  # noqa: PLC0415

    del device
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    statm = Path("/proc/self/statm")
    now = int(statm.read_text().split()[1]) * resource.getpagesize() if statm.exists() else peak
    return {"current": now, "peak": max(now, peak)}


def get_memory_usage(device: str) -> int:
    """Return how many bytes of memory the process uses."""
    return get_memory_info(device)["current"]


def reset_memory_stats(device: str) -> None:
    """Do nothing: the peak is that of the process."""
