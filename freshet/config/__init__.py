"""Settings at run time: ``ft.config``. `freshet.core.config` says what each setting is."""

from freshet.config import experimental as experimental
from freshet.config import optimizer as optimizer
from freshet.config import threading as threading
from freshet.core.accepted import get_soft_device_placement as get_soft_device_placement
from freshet.core.accepted import set_soft_device_placement as set_soft_device_placement
from freshet.core.devices import LogicalDevice as LogicalDevice
from freshet.core.devices import LogicalDeviceConfiguration as LogicalDeviceConfiguration
from freshet.core.devices import PhysicalDevice as PhysicalDevice
from freshet.core.devices import (
    get_logical_device_configuration as get_logical_device_configuration,
)
from freshet.core.devices import get_visible_devices as get_visible_devices
from freshet.core.devices import list_logical_devices as list_logical_devices
from freshet.core.devices import list_physical_devices as list_physical_devices
from freshet.core.devices import (
    set_logical_device_configuration as set_logical_device_configuration,
)
from freshet.core.devices import set_visible_devices as set_visible_devices
from freshet.graph.function import functions_run_eagerly as experimental_functions_run_eagerly
from freshet.graph.function import functions_run_eagerly as functions_run_eagerly
from freshet.graph.function import run_functions_eagerly as experimental_run_functions_eagerly
from freshet.graph.function import run_functions_eagerly as run_functions_eagerly
