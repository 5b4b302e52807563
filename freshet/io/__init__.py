"""Files and the formats in them: ``ft.io``."""

from freshet.io.tfrecord import TFRecordWriter as TFRecordWriter
from freshet.io.tfrecord_options import TFRecordOptions as TFRecordOptions
