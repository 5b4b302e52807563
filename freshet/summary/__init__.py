"""Summaries for TensorBoard: ``ft.summary``."""

from freshet.core import lazy as _lazy
from freshet.summary import experimental as experimental
from freshet.summary.histograms import histogram as histogram
from freshet.summary.images import image as image
from freshet.summary.scalars import scalar as scalar
from freshet.summary.state import record_if as record_if
from freshet.summary.state import should_record_summaries as should_record_summaries
from freshet.summary.tensors import write as write
from freshet.summary.texts import text as text
from freshet.summary.writer import SummaryWriter as SummaryWriter
from freshet.summary.writer import create_file_writer as create_file_writer
from freshet.summary.writer import create_noop_writer as create_noop_writer
from freshet.summary.writer import flush as flush

_lazy.advise(__name__)
