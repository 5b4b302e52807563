"""Forward-mode differentiation: ``ft.autodiff``."""

from freshet.graph.forward import ForwardAccumulator as ForwardAccumulator
