"""The devices there are: one CPU, which may be listed as several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from freshet.core.errors import InvalidArgumentError


class PhysicalDevice(NamedTuple):
    """A device of this machine, such as ``/physical_device:CPU:0``."""

    name: str
    device_type: str


class LogicalDevice(NamedTuple):
    """A device as programs name it, such as ``/device:CPU:0``."""

    name: str
    device_type: str


class LogicalDeviceConfiguration(NamedTuple):
    """How a physical device is divided; the values count for GPUs, of which there are none."""

    memory_limit: int | None = None
    experimental_priority: int | None = None
    experimental_device_ordinal: int | None = None


_CPU: Final = PhysicalDevice("/physical_device:CPU:0", "CPU")


class _Settings:
    visible = True
    parts: tuple[LogicalDeviceConfiguration, ...] | None = None


_settings: Final = _Settings()


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """Return the devices of this machine that Freshet runs on: the CPU.

    Args:
        device_type: ``"CPU"``, ``"GPU"``, ...; all by default.

    Example:
        >>> import freshet as ft
        >>> ft.config.list_physical_devices("GPU")
        []
    """
    return [_CPU] if device_type in {None, "CPU"} else []


def list_logical_devices(device_type: str | None = None) -> list[LogicalDevice]:
    """Return the devices that programs can name.

    Args:
        device_type: ``"CPU"``, ``"GPU"``, ...; all by default.

    Example:
        >>> import freshet as ft
        >>> [d.name for d in ft.config.list_logical_devices()]
        ['/device:CPU:0']
    """
    if device_type not in {None, "CPU"} or not _settings.visible:
        return []
    count = len(_settings.parts or (None,))
    return [LogicalDevice(f"/device:CPU:{i}", "CPU") for i in range(count)]


def get_visible_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """Return the devices that `set_visible_devices` left.

    Args:
        device_type: ``"CPU"``, ``"GPU"``, ...; all by default.
    """
    return list_physical_devices(device_type) if _settings.visible else []


def set_visible_devices(
    devices: PhysicalDevice | Sequence[PhysicalDevice], device_type: str | None = None
) -> None:
    """Choose the devices that are listed; what runs, runs on the CPU all the same.

    Args:
        devices: A device, or a list of them.
        device_type: The kind that is chosen from; all by default.

    Raises:
        InvalidArgumentError: A device does not exist.
    """
    chosen = [devices] if isinstance(devices, PhysicalDevice) else list(devices)
    for device in chosen:
        _known("set_visible_devices", device)
    if device_type in {None, "CPU"}:
        _settings.visible = bool(chosen)


def _known(caller: str, device: Any) -> None:
    if device != _CPU:
        raise InvalidArgumentError(f"{caller}: there is no {device!r}, only {_CPU}")


def get_logical_device_configuration(
    device: PhysicalDevice,
) -> list[LogicalDeviceConfiguration] | None:
    """Return what `set_logical_device_configuration` set; None if nothing did."""
    _known("get_logical_device_configuration", device)
    return None if _settings.parts is None else list(_settings.parts)


def set_logical_device_configuration(
    device: PhysicalDevice, logical_devices: Sequence[LogicalDeviceConfiguration] | None
) -> None:
    """List the CPU as several devices, for programs that share work among devices.

    Args:
        device: The CPU.
        logical_devices: One configuration for each part; None for one device.

    Raises:
        InvalidArgumentError: The device does not exist.
    """
    _known("set_logical_device_configuration", device)
    _settings.parts = None if logical_devices is None else tuple(logical_devices)


def get_memory_growth(device: PhysicalDevice) -> bool:
    """Refuse: memory growth is a setting of GPUs, and there are none.

    Raises:
        InvalidArgumentError: Always.
    """
    raise InvalidArgumentError(f"get_memory_growth: {device!r} is not a GPU")


def set_memory_growth(device: PhysicalDevice, enable: bool) -> None:
    """Refuse: memory growth is a setting of GPUs, and there are none.

    Programs call it for each GPU that `list_physical_devices` lists, so never.

    Raises:
        InvalidArgumentError: Always.
    """
    del enable
    raise InvalidArgumentError(f"set_memory_growth: {device!r} is not a GPU")


def get_device_details(device: PhysicalDevice) -> dict[str, Any]:
    """Return what else is known of a device: of a CPU nothing.

    Raises:
        InvalidArgumentError: The device does not exist.
    """
    _known("get_device_details", device)
    return {}


def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: Any = None) -> bool:
    """Return False: Freshet runs on CPUs.

    Args:
        cuda_only: Ignored.
        min_cuda_compute_capability: Ignored.
    """
    del cuda_only, min_cuda_compute_capability
    return False


def gpu_device_name() -> str:
    """Return the name of the GPU: an empty string, as there is none."""
    return ""


def is_cpu_target_available(target: str) -> bool:
    """Return whether programs are compiled for a kind of processor.

    Args:
        target: Such as ``"x86"`` or ``"aarch64"``.
    """
    import platform  # noqa: PLC0415 (seldom needed)

    names = {"x86": {"x86_64", "AMD64", "i686"}, "aarch64": {"aarch64", "arm64"}}
    return platform.machine() in names.get(target, {target})


def is_built_with_cuda() -> bool:
    """Return False."""
    return False


def is_built_with_rocm() -> bool:
    """Return False."""
    return False


def is_built_with_gpu_support() -> bool:
    """Return False."""
    return False


def is_built_with_xla() -> bool:
    """Return False: Freshet's compiler is its own."""
    return False


def get_build_info() -> dict[str, Any]:
    """Return what the build supports.

    Example:
        >>> import freshet as ft
        >>> ft.sysconfig.get_build_info()["is_cuda_build"]
        False
    """
    return {"is_cuda_build": False, "is_rocm_build": False, "is_tensorrt_build": False}
