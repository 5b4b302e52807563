"""How copies of a variable on several devices stay together: `VariableSynchronization` and so on.

There is one copy of each variable; the values are kept for those who ask.
"""

from __future__ import annotations

from enum import Enum


class VariableSynchronization(Enum):
    """When the copies of a variable are made equal."""

    AUTO = 0
    NONE = 1
    ON_WRITE = 2
    ON_READ = 3


class VariableAggregation(Enum):
    """How the updates of several copies become one."""

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3
