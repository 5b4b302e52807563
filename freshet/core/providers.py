"""What core calls but higher rooms implement, found by name when first needed.

This is the one place where a lower room reaches a higher one; it keeps imports pointing down.
"""

from __future__ import annotations

import functools
import importlib
from typing import Any, Final

PROVIDERS: Final = {
    "operators": "freshet.ops.operators:OPERATORS",
    "tape": "freshet.graph.tape:GradientTape",
    "convert": "freshet.ops.conversion:convert_to_tensor",
    "executor.native": "freshet.runtime.execute:NativeExecutor",
    "eager": "freshet.runtime.eager:compiled_operation",
    "explain": "freshet.runtime.explain:explain",
    "unconverted": "freshet.graph.autograph.explaining:unconverted",
    "executor.numpy": "freshet.graph.interpret:ReferenceExecutor",
}


@functools.cache
def provider(name: str) -> Any:
    """Return the object that provides `name`, importing its module the first time."""
    module, _, attribute = PROVIDERS[name].partition(":")
    return getattr(importlib.import_module(module), attribute)
