"""Sound: ``ft.audio``."""

from freshet.core import lazy as _lazy
from freshet.ops.audio import decode_wav as decode_wav
from freshet.ops.audio import encode_wav as encode_wav

_lazy.advise(__name__)
