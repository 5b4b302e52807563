"""Conformance suites, for Freshet's own parts and for other people's: ``ft.testing``."""

from freshet.testing.compare import assert_agree as assert_agree
from freshet.testing.compare import ulp_distance as ulp_distance
from freshet.testing.layers import LayerSample as LayerSample
from freshet.testing.layers import LayerSuite as LayerSuite
from freshet.testing.primitives import PrimitiveSuite as PrimitiveSuite
from freshet.testing.samples import ErrorSample as ErrorSample
from freshet.testing.samples import Sample as Sample
