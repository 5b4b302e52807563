"""`ft.config`, `ft.test`, `ft.version`: what programs ask before they begin."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import freshet as ft
from freshet.core.config import config


def test_there_is_one_cpu() -> None:
    assert ft.config.list_physical_devices() == [("/physical_device:CPU:0", "CPU")]
    assert ft.config.list_physical_devices("GPU") == []
    assert ft.config.experimental.list_physical_devices("CPU")[0].device_type == "CPU"
    assert [d.name for d in ft.config.list_logical_devices("CPU")] == ["/device:CPU:0"]
    assert not ft.test.is_gpu_available()
    assert ft.test.gpu_device_name() == ""
    assert not ft.test.is_built_with_cuda()
    assert ft.sysconfig.get_build_info()["is_cuda_build"] is False


def test_what_programs_do_with_gpus() -> None:
    for gpu in ft.config.experimental.list_physical_devices("GPU"):
        ft.config.experimental.set_memory_growth(gpu, True)
    ft.config.set_visible_devices([], "GPU")
    assert len(ft.config.get_visible_devices()) == 1
    (cpu,) = ft.config.list_physical_devices("CPU")
    with pytest.raises(ValueError, match="is not a GPU"):
        ft.config.experimental.set_memory_growth(cpu, True)
    with pytest.raises(ValueError, match="there is no"):
        ft.config.set_visible_devices("GPU:0")


@pytest.fixture
def restored() -> Iterator[None]:
    threads = config.num_threads
    yield
    config.num_threads = threads
    (cpu,) = ft.config.list_physical_devices()
    ft.config.set_visible_devices(cpu)
    ft.config.set_logical_device_configuration(cpu, None)
    ft.config.optimizer.set_jit(False)
    ft.config.set_soft_device_placement(True)
    ft.config.threading.set_inter_op_parallelism_threads(0)


@pytest.mark.usefixtures("restored")
def test_settings() -> None:
    threading = ft.config.threading
    threading.set_intra_op_parallelism_threads(3)
    assert threading.get_intra_op_parallelism_threads() == config.num_threads == 3
    threading.set_intra_op_parallelism_threads(0)
    assert config.num_threads >= 1
    with pytest.raises(ValueError, match="0 or more"):
        threading.set_intra_op_parallelism_threads(-1)
    threading.set_inter_op_parallelism_threads(4)
    assert threading.get_inter_op_parallelism_threads() == 4
    ft.config.optimizer.set_jit(True)
    assert ft.config.optimizer.get_jit() == "autoclustering"
    ft.config.optimizer.set_experimental_options({"layout_optimizer": True})
    assert ft.config.optimizer.get_experimental_options()["layout_optimizer"]
    ft.config.set_soft_device_placement(False)
    assert not ft.config.get_soft_device_placement()
    ft.config.experimental.enable_op_determinism()
    assert ft.config.experimental.get_synchronous_execution()
    assert ft.config.experimental.get_device_policy() == "silent"
    with pytest.raises(ValueError, match="no policy 'loud'"):
        ft.config.experimental.set_device_policy("loud")
    memory = ft.config.experimental.get_memory_info("CPU:0")
    assert 0 < memory["current"] <= memory["peak"]


@pytest.mark.usefixtures("restored")
def test_one_cpu_as_several() -> None:
    (cpu,) = ft.config.list_physical_devices()
    parts = [ft.config.LogicalDeviceConfiguration()] * 2
    ft.config.set_logical_device_configuration(cpu, parts)
    assert ft.config.get_logical_device_configuration(cpu) == parts
    assert [d.name for d in ft.config.list_logical_devices()] == ["/device:CPU:0", "/device:CPU:1"]
    ft.config.set_visible_devices([], "CPU")
    assert ft.config.list_logical_devices() == []
    assert ft.config.get_visible_devices() == []


def test_functions_run_eagerly_under_both_names() -> None:
    ft.config.experimental_run_functions_eagerly(True)
    try:
        assert ft.config.functions_run_eagerly()
        assert ft.config.experimental_functions_run_eagerly()
    finally:
        ft.config.run_functions_eagerly(False)


def test_versions() -> None:
    assert ft.__version__ == ft.version.VERSION
    assert ft.version.GIT_VERSION.endswith(ft.__version__)
