"""What rewritten code calls; it knows this module as ``ag__``."""

from freshet.graph.autograph.asserting import assert_stmt as assert_stmt
from freshet.graph.autograph.branching import State as State
from freshet.graph.autograph.branching import if_exp as if_exp
from freshet.graph.autograph.branching import if_stmt as if_stmt
from freshet.graph.autograph.calling import f as f
from freshet.graph.autograph.calling import loop as loop
from freshet.graph.autograph.logic import and_ as and_
from freshet.graph.autograph.logic import both_and_ as both_and_
from freshet.graph.autograph.logic import both_or_ as both_or_
from freshet.graph.autograph.logic import compare as compare
from freshet.graph.autograph.logic import go_on as go_on
from freshet.graph.autograph.logic import not_ as not_
from freshet.graph.autograph.logic import or_ as or_
from freshet.graph.autograph.looping import for_stmt as for_stmt
from freshet.graph.autograph.looping import loop_options as loop_options
from freshet.graph.autograph.looping import while_stmt as while_stmt
from freshet.graph.autograph.undefined import Undefined as Undefined
from freshet.graph.autograph.undefined import is_defined as is_defined
from freshet.graph.autograph.undefined import ld as ld
from freshet.graph.autograph.undefined import look as look
from freshet.graph.autograph.undefined import returned as returned
