"""The messages `Example` and `SequenceExample` and their parts, `ft.train.Example` and so on.

Their names, fields and numbers are TensorFlow's, and so are their bytes.

Source: TensorFlow's example.proto and feature.proto.
"""

from __future__ import annotations

from typing import Any, Final

from freshet.io.messages import Field, Message, message_classes

_MESSAGES: Final = (
    Message("BytesList", (Field("value", 1, "bytes", repeated=True),)),
    Message("FloatList", (Field("value", 1, "float", repeated=True),)),
    Message("Int64List", (Field("value", 1, "int64", repeated=True),)),
    Message(
        "Feature",
        (
            Field("bytes_list", 1, "BytesList", oneof="kind"),
            Field("float_list", 2, "FloatList", oneof="kind"),
            Field("int64_list", 3, "Int64List", oneof="kind"),
        ),
    ),
    Message("Features", (Field("feature", 1, "Feature", key="string"),)),
    Message("Example", (Field("features", 1, "Features"),)),
    Message("FeatureList", (Field("feature", 1, "Feature", repeated=True),)),
    Message("FeatureLists", (Field("feature_list", 1, "FeatureList", key="string"),)),
    Message(
        "SequenceExample",
        (Field("context", 1, "Features"), Field("feature_lists", 2, "FeatureLists")),
    ),
)
_CLASSES: Final = message_classes("tensorflow", _MESSAGES)


def _public(name: str, text: str) -> Any:
    """Return a class that documentation and `pickle` find in this module."""
    found = _CLASSES[name]
    found.__module__ = __name__
    found.__doc__ = text
    return found


BytesList: Final = _public(
    "BytesList",
    """Strings of a feature: `value` is a list of bytes.

    Example:
        >>> import freshet as ft
        >>> ft.train.BytesList(value=[b"cat", "hund".encode()]).value
        [b'cat', b'hund']
    """,
)
FloatList: Final = _public(
    "FloatList",
    """Numbers of a feature: `value` is a list of floats, kept in 32 bits.

    Example:
        >>> import freshet as ft
        >>> ft.train.FloatList(value=[1, 0.5]).value
        [1.0, 0.5]
    """,
)
Int64List: Final = _public(
    "Int64List",
    """Whole numbers of a feature: `value` is a list of integers of 64 bits.

    A truth value is refused with a `TypeError`: write ``int(flag)``.

    Example:
        >>> import freshet as ft
        >>> numbers = ft.train.Int64List(value=range(3))
        >>> numbers.value.append(-1)
        >>> list(numbers.value)
        [0, 1, 2, -1]
    """,
)
Feature: Final = _public(
    "Feature",
    """A list of values of one kind: `bytes_list`, `float_list` or `int64_list`.

    Setting one of them drops another; ``WhichOneof("kind")`` says which there is.

    Example:
        >>> import freshet as ft
        >>> feature = ft.train.Feature(int64_list=ft.train.Int64List(value=[7]))
        >>> feature.float_list.value.extend([1.5])
        >>> feature.WhichOneof("kind")
        'float_list'
    """,
)
Features: Final = _public(
    "Features",
    """Features by name: `feature` is a map from a string to a `Feature`.

    A name that is not there yet gets an empty feature when ``feature[name]`` is read.

    Example:
        >>> import freshet as ft
        >>> features = ft.train.Features()
        >>> features.feature["age"].int64_list.value.append(29)
        >>> "age" in features.feature
        True
    """,
)
Example: Final = _public(
    "Example",
    """One example of a data set: `features`, by name.

    ``SerializeToString()`` gives the bytes that a TFRecord file holds and `ft.io.parse_example`
    takes, ``Example.FromString(bytes)`` the example again. Of equal examples the bytes are equal
    with ``SerializeToString(deterministic=True)``.

    Example:
        >>> import freshet as ft
        >>> label = ft.train.Feature(int64_list=ft.train.Int64List(value=[3]))
        >>> example = ft.train.Example(features=ft.train.Features(feature={"label": label}))
        >>> parsed = ft.io.parse_single_example(
        ...     example.SerializeToString(), {"label": ft.io.FixedLenFeature([], ft.int64)})
        >>> int(parsed["label"])
        3

    Source: TensorFlow's example.proto.
    """,
)
FeatureList: Final = _public(
    "FeatureList",
    """The features of the steps of a sequence: `feature` is a list, in order.

    Example:
        >>> import freshet as ft
        >>> steps = ft.train.FeatureList()
        >>> steps.feature.add().bytes_list.value.append(b"first")
        >>> len(steps.feature)
        1
    """,
)
FeatureLists: Final = _public(
    "FeatureLists",
    """Lists of features by name: `feature_list` is a map from a string to a `FeatureList`.

    Example:
        >>> import freshet as ft
        >>> ft.train.FeatureLists(feature_list={"words": ft.train.FeatureList()})
        feature_list {
          key: "words"
          value {
          }
        }
        <BLANKLINE>
    """,
)
SequenceExample: Final = _public(
    "SequenceExample",
    """One sequence of a data set: `context` holds for the whole, `feature_lists` for each step.

    `ft.io.parse_sequence_example` and `ft.io.parse_single_sequence_example` take its bytes.

    Example:
        >>> import freshet as ft
        >>> sequence = ft.train.SequenceExample()
        >>> sequence.context.feature["page"].int64_list.value.append(4)
        >>> for word in (b"to", b"be"):
        ...     step = sequence.feature_lists.feature_list["words"].feature.add()
        ...     step.bytes_list.value.append(word)
        >>> context, steps = ft.io.parse_single_sequence_example(
        ...     sequence.SerializeToString(), {"page": ft.io.FixedLenFeature([], ft.int64)},
        ...     {"words": ft.io.FixedLenSequenceFeature([], ft.string)})
        >>> int(context["page"]), steps["words"].numpy().tolist()
        (4, [b'to', b'be'])

    Source: TensorFlow's example.proto.
    """,
)
