"""Settings under TensorFlow's older names: ``ft.config.experimental``."""

from freshet.core.accepted import enable_op_determinism as enable_op_determinism
from freshet.core.accepted import (
    enable_tensor_float_32_execution as enable_tensor_float_32_execution,
)
from freshet.core.accepted import get_device_policy as get_device_policy
from freshet.core.accepted import get_memory_info as get_memory_info
from freshet.core.accepted import get_memory_usage as get_memory_usage
from freshet.core.accepted import get_synchronous_execution as get_synchronous_execution
from freshet.core.accepted import reset_memory_stats as reset_memory_stats
from freshet.core.accepted import set_device_policy as set_device_policy
from freshet.core.accepted import set_synchronous_execution as set_synchronous_execution
from freshet.core.accepted import (
    tensor_float_32_execution_enabled as tensor_float_32_execution_enabled,
)
from freshet.core.devices import LogicalDeviceConfiguration as VirtualDeviceConfiguration
from freshet.core.devices import get_device_details as get_device_details
from freshet.core.devices import (
    get_logical_device_configuration as get_virtual_device_configuration,
)
from freshet.core.devices import get_memory_growth as get_memory_growth
from freshet.core.devices import get_visible_devices as get_visible_devices
from freshet.core.devices import list_logical_devices as list_logical_devices
from freshet.core.devices import list_physical_devices as list_physical_devices
from freshet.core.devices import (
    set_logical_device_configuration as set_virtual_device_configuration,
)
from freshet.core.devices import set_memory_growth as set_memory_growth
from freshet.core.devices import set_visible_devices as set_visible_devices
