"""Samples of `refuse` for the suite that every primitive passes."""

from __future__ import annotations

import numpy as np

from freshet.graph.unfit import refuse_p
from freshet.testing import ErrorSample, PrimitiveSuite, Sample


class TestRefuse(PrimitiveSuite):
    samples = {
        refuse_p.name: [
            Sample(inputs=(np.array(True),), params={"message": "no"}, expected=lambda x, **_: x)
        ]
    }
    errors = {
        refuse_p.name: [
            ErrorSample(
                inputs=(np.array(False),), params={"message": "sizes 2 and 3"},
                message=r"sizes 2 and 3",
            )
        ]
    }  # fmt: skip
