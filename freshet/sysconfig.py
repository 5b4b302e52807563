"""How Freshet was built: ``ft.sysconfig``."""

from freshet.core.devices import get_build_info as get_build_info
