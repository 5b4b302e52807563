"""The step of summaries that are written without one: ``ft.summary.experimental``."""

from freshet.summary.state import get_step as get_step
from freshet.summary.state import set_step as set_step
