# The public names of freshet.io: `freshet.core.lazy` imports each from here when it is first used.
from freshet.io.tfrecord import TFRecordWriter as TFRecordWriter
from freshet.io.tfrecord_options import TFRecordOptions as TFRecordOptions
from freshet.ops.formats.csv import decode_csv as decode_csv
from freshet.ops.formats.example import parse_example as parse_example
from freshet.ops.formats.example import parse_single_example as parse_single_example
from freshet.ops.formats.example_json import decode_json_example as decode_json_example
from freshet.ops.formats.features import FixedLenFeature as FixedLenFeature
from freshet.ops.formats.features import FixedLenSequenceFeature as FixedLenSequenceFeature
from freshet.ops.formats.features import RaggedFeature as RaggedFeature
from freshet.ops.formats.features import SparseFeature as SparseFeature
from freshet.ops.formats.features import VarLenFeature as VarLenFeature
from freshet.ops.formats.files import matching_files as matching_files
from freshet.ops.formats.files import read_file as read_file
from freshet.ops.formats.files import write_file as write_file
from freshet.ops.formats.raw import decode_base64 as decode_base64
from freshet.ops.formats.raw import decode_compressed as decode_compressed
from freshet.ops.formats.raw import decode_raw as decode_raw
from freshet.ops.formats.raw import encode_base64 as encode_base64
from freshet.ops.formats.sequence_batch import parse_sequence_example as parse_sequence_example
from freshet.ops.formats.sequence_example import (
    parse_single_sequence_example as parse_single_sequence_example,
)
from freshet.ops.formats.sparse import deserialize_many_sparse as deserialize_many_sparse
from freshet.ops.formats.sparse import serialize_many_sparse as serialize_many_sparse
from freshet.ops.formats.sparse import serialize_sparse as serialize_sparse
from freshet.ops.formats.tensor_proto import parse_tensor as parse_tensor
from freshet.ops.formats.tensor_proto import serialize_tensor as serialize_tensor
from freshet.ops.image.decoding import decode_and_crop_jpeg as decode_and_crop_jpeg
from freshet.ops.image.decoding import decode_bmp as decode_bmp
from freshet.ops.image.decoding import decode_gif as decode_gif
from freshet.ops.image.decoding import decode_image as decode_image
from freshet.ops.image.decoding import decode_jpeg as decode_jpeg
from freshet.ops.image.decoding import decode_png as decode_png
from freshet.ops.image.decoding import decode_webp as decode_webp
from freshet.ops.image.decoding import extract_jpeg_shape as extract_jpeg_shape
from freshet.ops.image.decoding import is_jpeg as is_jpeg
from freshet.ops.image.encoding import encode_jpeg as encode_jpeg
from freshet.ops.image.encoding import encode_png as encode_png
