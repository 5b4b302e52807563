# The public names of freshet.train: `freshet.core.lazy` imports each from here when first used.
from freshet.io.example_messages import BytesList as BytesList
from freshet.io.example_messages import Example as Example
from freshet.io.example_messages import Feature as Feature
from freshet.io.example_messages import FeatureList as FeatureList
from freshet.io.example_messages import FeatureLists as FeatureLists
from freshet.io.example_messages import Features as Features
from freshet.io.example_messages import FloatList as FloatList
from freshet.io.example_messages import Int64List as Int64List
from freshet.io.example_messages import SequenceExample as SequenceExample
