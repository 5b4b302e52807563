# The public names of freshet.io: `freshet.core.lazy` imports each from here when it is first used.
from freshet.io.tfrecord import TFRecordWriter as TFRecordWriter
from freshet.io.tfrecord_options import TFRecordOptions as TFRecordOptions
