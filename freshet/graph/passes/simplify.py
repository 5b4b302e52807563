"""simplify: the graph passes that need no knowledge of kernels, in order.

Each stage says why it stands where it does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from freshet.graph.ir import Graph
from freshet.graph.passes.drop_markers import drop_markers
from freshet.graph.passes.eliminate_common import eliminate_common
from freshet.graph.passes.eliminate_dead import eliminate_dead
from freshet.graph.passes.fold_constants import fold_constants
from freshet.graph.passes.read_through_views import read_through_views
from freshet.graph.passes.simplify_algebra import simplify_algebra

STAGES: Final[dict[str, Callable[[Graph], Graph]]] = {
    # What only differentiation needs keeps other things alive.
    "drop_markers": drop_markers,
    # What nobody needs costs the other passes time: gradients of inputs, unused outputs.
    "eliminate_dead": eliminate_dead,
    # Constants first, so that rules see them as numbers.
    "fold_constants": fold_constants,
    "simplify_algebra": simplify_algebra,
    "read_through_views": read_through_views,
    # Rules make equal nodes out of different ones.
    "eliminate_common": eliminate_common,
    # Rules leave what they bypassed behind.
    "eliminate_dead_again": eliminate_dead,
}


def simplify(graph: Graph) -> Graph:
    """Apply every stage once."""
    for stage in STAGES.values():
        graph = stage(graph)
    return graph
