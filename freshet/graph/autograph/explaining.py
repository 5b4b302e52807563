"""Why code that meets a tensor with Python's own control flow was not converted."""

from __future__ import annotations

from freshet.graph.autograph.calling import is_converted, unresolved_frame, why_not


def unconverted() -> str:
    """Return the reason for the innermost code of the user that is running; half a sentence."""
    code = unresolved_frame()
    if code is None:
        return "which did not convert this code. Use ft.where, ft.cond or ft.while_loop"
    name = "this lambda" if code.co_name == "<lambda>" else code.co_name
    if is_converted(code):
        return (
            f"which converts neither comprehensions nor generators; in {name}, write a loop, or "
            "use ft.where, ft.map_fn or ft.cond"
        )
    reason = why_not(code)
    if reason is not None:
        return f"which did not convert {name}: {reason}. Use ft.where, ft.cond or ft.while_loop"
    return (
        f"which did not convert {name}: autograph=False, do_not_convert, or a library between it "
        "and @ft.function says so. Use ft.where, ft.cond or ft.while_loop, or convert it with "
        "ft.autograph.to_graph"
    )
