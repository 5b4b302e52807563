"""Unicode: strings to characters and back, between encodings, scripts."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.reduction import reduce_prod
from freshet.ops.shaping import concat, reshape, shape
from freshet.ops.strings.encoding import (
    WRITTEN,
    Repair,
    codec_name,
    decode,
    encode,
    repair_options,
)
from freshet.ops.strings.host import (
    choice,
    filled,
    host_primitive,
    is_ragged,
    mapped,
    on_strings,
    same_shape,
)
from freshet.ops.strings.rows import (
    dense_splits_p,
    joined_rows,
    nested_rows,
    ragged,
    row_splits,
    rows_infer,
)
from freshet.ops.strings.scripts import script_of

# --- decoding -------------------------------------------------------------------------------------


def _sound(texts: list[bytes], codec: str, control: bool) -> tuple[Array, Array, Array] | None:
    """Return what decoding gives where there is nothing to repair; None where there may be."""
    data = b"".join(texts)
    if codec != "utf-8" or (control and min(data, default=32) < 32):
        return None
    try:
        codes = np.frombuffer(data.decode().encode("utf-32-le"), "<i4")
    except UnicodeDecodeError:
        return None
    splits = row_splits(texts)
    begins = np.append((np.frombuffer(data, np.uint8) & 0xC0) != 0x80, True)
    if not begins[splits].all():
        return None  # a character that begins in one string and ends in another
    starts = np.flatnonzero(begins[:-1])
    places = np.searchsorted(starts, splits)
    return codes, starts - np.repeat(splits[:-1], np.diff(places)), places


def _decode_rows(x: Array, codec: str, **options: Any) -> tuple[Array, Array, Array]:
    found = _sound(x.tolist(), codec, options["control"])
    if found is not None:
        return found
    rows = [decode(text, codec, Repair(**options)) for text in x]
    codes, splits = joined_rows([codes for codes, _ in rows], np.int32)
    return codes, joined_rows([offsets for _, offsets in rows], np.int64)[0], splits


def _split_rows(x: Array, codec: str, **options: Any) -> tuple[Array, Array, Array]:
    repair = Repair(**options)
    rows = [decode(text, codec, repair) for text in x]
    characters = [[chr(code).encode(codec) for code in codes] for codes, _ in rows]
    offsets = joined_rows([offsets for _, offsets in rows], np.int64)[0]
    return joined_rows(characters)[0], offsets, row_splits(characters)


unicode_decode_p = host_primitive(
    "unicode_decode", rows_infer("strings.unicode_decode", dtypes.int32, dtypes.int64),
    _decode_rows,
)  # fmt: skip
unicode_split_p = host_primitive(
    "unicode_split", rows_infer("strings.unicode_split", dtypes.string, dtypes.int64), _split_rows
)


@dispatched
def unicode_decode(
    input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 65533,
    replace_control_characters: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """Return each string's characters as numbers (code points).

    Args:
        input: Strings, a tensor or ragged tensor.
        input_encoding: How they are encoded, such as ``"UTF-8"``.
        errors: What is done about bytes that are no character: ``"replace"``, ``"ignore"`` (leave
            them out) or ``"strict"`` (raise).
        replacement_char: The number of the character that replaces; U+FFFD by default.
        replace_control_characters: Whether U+0000 to U+001F are replaced too.
        name: Ignored.

    Returns:
        int32, a ragged tensor with one dimension more; for a single string a vector.

    Raises:
        InvalidArgumentError: The encoding is not known, or bytes are no character and `errors` is
            ``"strict"``.

    Example:
        >>> unicode_decode(["é!", ""], "UTF-8").to_list()
        [[233, 33], []]
    """
    return unicode_decode_with_offsets(
        input, input_encoding, errors, replacement_char, replace_control_characters, name
    )[0]


def unicode_decode_with_offsets(
    input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 65533,
    replace_control_characters: bool = False, name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Return each string's characters as numbers, and at which byte each begins.

    Arguments as for `unicode_decode`.

    Returns:
        The characters, int32, and their first bytes, int64, as `unicode_decode` returns them.

    Example:
        >>> codes, starts = unicode_decode_with_offsets("é!", "UTF-8")
        >>> starts.numpy().tolist()
        [0, 2]
    """
    del name
    caller = "strings.unicode_decode"
    params = {
        "codec": codec_name(caller, input_encoding),
        **repair_options(caller, errors, replacement_char, replace_control_characters),
    }
    codes, starts = nested_rows(caller, input, lambda x: unicode_decode_p.apply((x,), params))
    return codes, starts


@dispatched
def unicode_split(
    input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 65533,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Split each string into its characters, each a string in the same encoding.

    Args:
        input: Strings, a tensor or ragged tensor.
        input_encoding: ``"UTF-8"``, ``"UTF-16-BE"`` or ``"UTF-32-BE"``.
        errors: As for `unicode_decode`.
        replacement_char: As for `unicode_decode`.
        name: Ignored.

    Returns:
        A ragged tensor with one dimension more; for a single string a vector.

    Raises:
        InvalidArgumentError: Another encoding; or bytes are no character and `errors` is
            ``"strict"``.

    Example:
        >>> [c.decode() for c in unicode_split("héy", "UTF-8").numpy()]
        ['h', 'é', 'y']
    """
    return unicode_split_with_offsets(input, input_encoding, errors, replacement_char, name)[0]


def unicode_split_with_offsets(
    input: Any, input_encoding: str, errors: str = "replace", replacement_char: int = 65533,
    name: str | None = None,
) -> tuple[Any, Any]:  # fmt: skip
    """Split each string into its characters, and return at which byte each begins.

    Arguments as for `unicode_split`.

    Returns:
        The characters, and their first bytes, int64, as `unicode_split` returns them.

    Example:
        >>> unicode_split_with_offsets(["aé", "b"], "UTF-8")[1].to_list()
        [[0, 1], [0]]
    """
    del name
    caller = "strings.unicode_split"
    known = choice(caller, "input_encoding", input_encoding, WRITTEN)
    params = {
        "codec": codec_name(caller, known), **repair_options(caller, errors, replacement_char)
    }  # fmt: skip
    parts, starts = nested_rows(caller, input, lambda x: unicode_split_p.apply((x,), params))
    return parts, starts


# --- encoding -------------------------------------------------------------------------------------


def _encode_rows(x: Array, splits: Array, codec: str, **options: Any) -> Array:
    repair = Repair(**options)
    pairs = itertools.pairwise(splits)
    texts = [encode(x[start:end].tolist(), codec, repair) for start, end in pairs]
    return filled((len(texts),), texts)


def _encode_infer(x: TensorType, splits: TensorType, **params: Any) -> TensorType:
    del params
    if not x.dtype.is_integer:
        raise DTypeError(f"strings.unicode_encode: expected integers, received {x}")
    size = splits.shape[0]
    return TensorType(dtypes.string, (None if size is None else size - 1,))


unicode_encode_p = host_primitive("unicode_encode", _encode_infer, _encode_rows)


@dispatched
def unicode_encode(
    input: Any, output_encoding: str, errors: str = "replace", replacement_char: int = 65533,
    name: str | None = None,
) -> Any:  # fmt: skip
    r"""Return rows of characters, given as numbers, as strings.

    Args:
        input: int32[..., characters], a tensor or ragged tensor.
        output_encoding: ``"UTF-8"``, ``"UTF-16-BE"`` or ``"UTF-32-BE"``.
        errors: What is done about numbers that stand for no character: ``"replace"``,
            ``"ignore"`` (leave them out) or ``"strict"`` (raise).
        replacement_char: The number of the character that replaces; U+FFFD by default.
        name: Ignored.

    Returns:
        Strings, with one dimension less.

    Raises:
        InvalidArgumentError: Another encoding, a single number instead of a row, or a number that
            stands for no character and `errors` is ``"strict"``.

    Example:
        >>> unicode_encode([[72, 105], [233, 33]], "UTF-8").numpy().tolist()
        [b'Hi', b'\xc3\xa9!']
    """
    del name
    caller = "strings.unicode_encode"
    known = choice(caller, "output_encoding", output_encoding, WRITTEN)
    params = {
        "codec": codec_name(caller, known), **repair_options(caller, errors, replacement_char)
    }  # fmt: skip
    outer: Sequence[Tensor] = ()
    values = input
    if is_ragged(input):
        values, outer = input.flat_values, input.nested_row_splits
        if values.ndim == 1:
            return ragged(unicode_encode_p(values, outer[-1], **params), outer[:-1])
    return ragged(_encode_dense(convert_to_tensor(values), params), outer)


def _encode_dense(x: Tensor, params: dict[str, Any]) -> Tensor:
    if not x.ndim:
        raise InvalidArgumentError(
            f"strings.unicode_encode: expected rows of characters, received {x._type}"
        )
    sizes = shape(x)
    rows = reshape(x, concat([reshape(reduce_prod(sizes[:-1]), [1]), sizes[-1:]], 0))
    splits = dense_splits_p.apply((rows,), {})[0]
    texts = unicode_encode_p(reshape(x, [-1]), splits, **params)
    return reshape(texts, [] if x.ndim == 1 else sizes[:-1])


# --- between encodings, scripts -------------------------------------------------------------------


def _transcode(x: Array, codec: str, target: str, **options: Any) -> Array:
    repair = Repair(**options)
    return mapped(lambda text: encode(decode(text, codec, repair)[0], target, repair), x)


unicode_transcode_p = host_primitive(
    "unicode_transcode", same_shape("strings.unicode_transcode", dtypes.string), _transcode
)


@dispatched
def unicode_transcode(
    input: Any, input_encoding: str, output_encoding: str, errors: str = "replace",
    replacement_char: int = 65533, replace_control_characters: bool = False,
    name: str | None = None,
) -> Any:  # fmt: skip
    r"""Return each string in another encoding; from UTF-8 to UTF-8 repairs it.

    Args:
        input: Strings, a tensor or ragged tensor.
        input_encoding: How they are encoded, such as ``"UTF-8"``.
        output_encoding: ``"UTF-8"``, ``"UTF-16-BE"`` or ``"UTF-32-BE"``.
        errors: As for `unicode_decode`.
        replacement_char: As for `unicode_decode`.
        replace_control_characters: As for `unicode_decode`.
        name: Ignored.

    Raises:
        InvalidArgumentError: An encoding is not known, or bytes are no character and `errors` is
            ``"strict"``.

    Example:
        >>> unicode_transcode("Hé", "UTF-8", "UTF-16-BE").numpy()
        b'\x00H\x00\xe9'
    """
    del name
    caller = "strings.unicode_transcode"
    params = {
        "codec": codec_name(caller, input_encoding),
        "target": codec_name(caller, choice(caller, "output_encoding", output_encoding, WRITTEN)),
        **repair_options(caller, errors, replacement_char, replace_control_characters),
    }
    return on_strings(caller, input, lambda x: unicode_transcode_p(x, **params))


def _script_infer(x: TensorType) -> TensorType:
    if x.dtype is not dtypes.int32:
        raise DTypeError(f"strings.unicode_script: expected int32 characters, received {x}")
    return x


unicode_script_p = host_primitive(
    "unicode_script", _script_infer,
    lambda x: filled(x.shape, [script_of(int(code)) for code in x.reshape(-1)], np.int32),
)  # fmt: skip


@dispatched
def unicode_script(input: Any, name: str | None = None) -> Any:
    """Return the number of each character's script, as ICU numbers them.

    Args:
        input: int32, numbers of characters, a tensor or ragged tensor.
        name: Ignored.

    Returns:
        int32, of the input's shape: 25 for Latin, 8 for Cyrillic, 17 for Han, 0 for what all use,
        103 for what is not assigned, -1 for what is no character.

    Example:
        >>> unicode_script([ord("a"), ord("語"), ord("!")]).numpy().tolist()
        [25, 17, 0]

    Source: unicode-org.github.io/icu-docs/apidoc/released/icu4c/uscript_8h.html.
    """
    del name
    if is_ragged(input):
        return input.with_flat_values(unicode_script(input.flat_values))
    return unicode_script_p(convert_to_tensor(input))
