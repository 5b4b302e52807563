"""What programs ask of the build: ``ft.test``."""

from freshet.core.devices import gpu_device_name as gpu_device_name
from freshet.core.devices import is_built_with_cuda as is_built_with_cuda
from freshet.core.devices import is_built_with_gpu_support as is_built_with_gpu_support
from freshet.core.devices import is_built_with_rocm as is_built_with_rocm
from freshet.core.devices import is_built_with_xla as is_built_with_xla
from freshet.core.devices import is_cpu_target_available as is_cpu_target_available
from freshet.core.devices import is_gpu_available as is_gpu_available
