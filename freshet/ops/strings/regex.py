"""Regular expressions: replacing what matches, asking whether all matches."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.strings.host import (
    check_strings,
    filled,
    host_primitive,
    on_strings,
    single_string,
    string_tensor,
)
from freshet.ops.strings.pattern import compiled, never_empty

_REFERENCE = re.compile(rb"\\(.?)", re.DOTALL)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _texts(x: Array) -> list[str]:
    return [data.decode("utf-8", "surrogateescape") for data in x.reshape(-1).tolist()]


def _scalar(name: str, argument: str, value: Any) -> Tensor:
    tensor = string_tensor(name, value)
    if tensor.ndim:
        raise InvalidArgumentError(
            f"{name}: {argument} must be a single string, received {tensor._type}"
        )
    return tensor


# --- replacing ------------------------------------------------------------------------------------


def _pieces(rewrite: bytes, groups: int) -> list[str | int]:
    r"""Return what a match is replaced by: texts, and numbers of groups, written ``\1``."""
    pieces: list[str | int] = []
    at = 0
    for found in _REFERENCE.finditer(rewrite):
        pieces.append(_text(rewrite[at : found.start()]))
        at = found.end()
        if found[1].isdigit() and int(found[1]) <= groups:
            pieces.append(int(found[1]))
        elif found[1] == b"\\":
            pieces.append("\\")
        else:
            raise InvalidArgumentError(
                f"strings.regex_replace: rewrite {_text(rewrite)!r}: {_text(found[0])!r} is not "
                f"one of \\0 to \\{groups} (the pattern's groups) or \\\\"
            )
    return [*pieces, _text(rewrite[at:])]


def _replacement(pieces: list[str | int]) -> Callable[[re.Match[str]], str] | str:
    """Return what a match is replaced by as Python's `re` takes it."""
    numbers = [piece for piece in pieces if isinstance(piece, int)]
    if not numbers:
        return "".join(map(str, pieces)).replace("\\", r"\\")
    form = "".join("%s" if isinstance(p, int) else p.replace("%", "%%") for p in pieces)

    def replaced(match: re.Match[str]) -> str:
        found = match.group(*numbers)
        if None in found if len(numbers) > 1 else found is None:
            found = tuple(match[number] or "" for number in numbers)
        return form % found

    return replaced


def _replaced_with_empty(
    text: str, pattern: re.Pattern[str], pieces: list[str | int], once: bool
) -> str:
    """Replace from left to right; by RE2's rules no empty match comes right after another match."""
    found: list[str] = []
    at, end = 0, -1
    while at <= len(text) and (match := pattern.search(text, at)):
        found.append(text[at : match.start()])
        if match.end() == match.start() == end:
            found.append(text[end : end + 1])
            at, end = end + 1, -1
            continue
        found += [p if isinstance(p, str) else match[p] or "" for p in pieces]
        at = end = match.end()
        if once:
            break
    return "".join([*found, text[at:]])


def _regex_replace(x: Array, pattern: Array, rewrite: Array, once: bool) -> Array:
    expression = compiled(single_string(pattern))
    pieces = _pieces(single_string(rewrite), expression.groups)
    texts = _texts(x)
    if never_empty(single_string(pattern)):
        replacement, count = _replacement(pieces), int(once)
        found = [expression.sub(replacement, text, count) for text in texts]
    else:
        found = [_replaced_with_empty(text, expression, pieces, once) for text in texts]
    return filled(x.shape, [text.encode("utf-8", "surrogateescape") for text in found])


def _regex_infer(name: str, result: dtypes.DType) -> Any:
    def infer(x: TensorType, *others: TensorType, **params: Any) -> TensorType:
        del params
        check_strings(name, x, *others)
        return TensorType(result, x.shape)

    return infer


regex_replace_p = host_primitive(
    "regex_replace", _regex_infer("strings.regex_replace", dtypes.string), _regex_replace
)


@dispatched
def regex_replace(
    input: Any, pattern: Any, rewrite: Any, replace_global: bool = True, name: str | None = None
) -> Any:
    r"""Replace what matches a pattern.

    Args:
        input: Strings, a tensor or ragged tensor.
        pattern: A regular expression in the syntax of RE2, which is Perl's without back references
            and looking around. See `freshet.ops.strings.pattern` for what differs.
        rewrite: What stands there instead; ``\1`` to ``\9`` are the pattern's groups, ``\0`` is
            all that matched, ``\\`` a backslash.
        replace_global: Whether all matches are replaced or the first only.
        name: Ignored.

    Raises:
        InvalidArgumentError: The pattern or the rewrite cannot be read.

    Example:
        >>> regex_replace("2021-03", r"(\d+)-(\d+)", r"\2/\1").numpy()
        b'03/2021'
    """
    del name
    caller = "strings.regex_replace"
    operands = _scalar(caller, "pattern", pattern), _scalar(caller, "rewrite", rewrite)
    once = not replace_global
    return on_strings(caller, input, lambda x: regex_replace_p(x, *operands, once=once))


# --- matching -------------------------------------------------------------------------------------


def _regex_full_match(x: Array, pattern: Array) -> Array:
    matches = compiled(single_string(pattern)).fullmatch
    found = [matches(text) is not None for text in _texts(x)]
    return np.asarray(found, np.bool_).reshape(x.shape)


regex_full_match_p = host_primitive(
    "regex_full_match", _regex_infer("strings.regex_full_match", dtypes.bool_), _regex_full_match
)


@dispatched
def regex_full_match(input: Any, pattern: Any, name: str | None = None) -> Any:
    """Return whether each string as a whole matches a pattern.

    Args:
        input: Strings, a tensor or ragged tensor.
        pattern: A regular expression, as for `regex_replace`.
        name: Ignored.

    Returns:
        bool, of the input's shape.

    Raises:
        InvalidArgumentError: The pattern cannot be read.

    Example:
        >>> regex_full_match(["12", "12a"], "[0-9]+").numpy().tolist()
        [True, False]
    """
    del name
    caller = "strings.regex_full_match"
    expression = _scalar(caller, "pattern", pattern)
    return on_strings(caller, input, lambda x: regex_full_match_p(x, expression))
