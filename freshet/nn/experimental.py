"""Dropout with other sources of choices: ``ft.nn.experimental``."""

from freshet.ops.dropping import general_dropout as general_dropout
from freshet.ops.dropping import stateless_dropout as stateless_dropout
