"""Python's control flow on tensors: ``ft.autograph``."""

from freshet.graph.autograph import experimental as experimental
from freshet.graph.autograph.public import set_verbosity as set_verbosity
from freshet.graph.autograph.public import to_code as to_code
from freshet.graph.autograph.public import to_graph as to_graph
from freshet.graph.autograph.public import trace as trace
