"""Operations on strings: ``ft.strings``."""

from freshet.core import lazy as _lazy
from freshet.ops.strings.characters import length as length
from freshet.ops.strings.characters import lower as lower
from freshet.ops.strings.characters import strip as strip
from freshet.ops.strings.characters import substr as substr
from freshet.ops.strings.characters import upper as upper
from freshet.ops.strings.formatting import format as format
from freshet.ops.strings.hashing import to_hash_bucket as to_hash_bucket
from freshet.ops.strings.hashing import to_hash_bucket_fast as to_hash_bucket_fast
from freshet.ops.strings.hashing import to_hash_bucket_strong as to_hash_bucket_strong
from freshet.ops.strings.joining import join as join
from freshet.ops.strings.joining import reduce_join as reduce_join
from freshet.ops.strings.joining import unsorted_segment_join as unsorted_segment_join
from freshet.ops.strings.numbers import as_string as as_string
from freshet.ops.strings.numbers import to_number as to_number
from freshet.ops.strings.regex import regex_full_match as regex_full_match
from freshet.ops.strings.regex import regex_replace as regex_replace
from freshet.ops.strings.splitting import bytes_split as bytes_split
from freshet.ops.strings.splitting import ngrams as ngrams
from freshet.ops.strings.splitting import split as split
from freshet.ops.strings.unicode import unicode_decode as unicode_decode
from freshet.ops.strings.unicode import unicode_decode_with_offsets as unicode_decode_with_offsets
from freshet.ops.strings.unicode import unicode_encode as unicode_encode
from freshet.ops.strings.unicode import unicode_script as unicode_script
from freshet.ops.strings.unicode import unicode_split as unicode_split
from freshet.ops.strings.unicode import unicode_split_with_offsets as unicode_split_with_offsets
from freshet.ops.strings.unicode import unicode_transcode as unicode_transcode

_lazy.advise(__name__)
