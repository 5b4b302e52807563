"""`ft.train.Example` and its parts: what programs do with them, and TensorFlow's bytes."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf import json_format, text_format
from google.protobuf.message import DecodeError

import freshet as ft
from freshet.io.tfrecord import tf_record_iterator

T = ft.train

# What tf.train of TensorFlow 2.21 made of the two messages below, deterministically.
EXAMPLE = bytes.fromhex(
    "0a410a160a016112111a0f0a0d01ffffffffffffffffff01ac020a0d0a016212080a060a01780a01ff0a110a016612"
    "0c120a0a080000c03f000000c00a050a016e1200"
)
SEQUENCE = bytes.fromhex(
    "0a0d0a0b0a02696412051a030a0107121e0a050a016512000a150a017712100a060a040a0268690a060a040a02796f"
)


def example() -> Any:
    return T.Example(
        features=T.Features(
            feature={
                "b": T.Feature(bytes_list=T.BytesList(value=[b"x", b"\xff"])),
                "f": T.Feature(float_list=T.FloatList(value=[1.5, -2.0])),
                "a": T.Feature(int64_list=T.Int64List(value=[1, -1, 300])),
                "n": T.Feature(),
            }
        )
    )


def sequence() -> Any:
    def word(text: bytes) -> Any:
        return T.Feature(bytes_list=T.BytesList(value=[text]))

    words = T.FeatureList(feature=[word(b"hi"), word(b"yo")])
    return T.SequenceExample(
        context=T.Features(feature={"id": T.Feature(int64_list=T.Int64List(value=[7]))}),
        feature_lists=T.FeatureLists(feature_list={"w": words, "e": T.FeatureList()}),
    )


@pytest.mark.parametrize(("make", "data"), [(example, EXAMPLE), (sequence, SEQUENCE)])
def test_the_bytes_are_tensorflows(make: Any, data: bytes) -> None:
    message = make()
    assert message.SerializeToString(deterministic=True) == data
    assert type(message).FromString(data) == message
    empty = type(message)()
    assert empty.ParseFromString(data) == len(data)
    assert empty == message


def test_features_are_a_map() -> None:
    message = T.Example.FromString(EXAMPLE)
    features = message.features.feature
    assert list(features["a"].int64_list.value) == [1, -1, 300]
    assert features["b"].bytes_list.value[0] == b"x"
    np.testing.assert_array_equal(features["f"].float_list.value, [1.5, -2.0])
    assert sorted(features) == ["a", "b", "f", "n"]
    assert {k: v.WhichOneof("kind") for k, v in features.items()} == {
        "a": "int64_list", "b": "bytes_list", "f": "float_list", "n": None,
    }  # fmt: skip
    assert "new" not in features
    features["new"].int64_list.value.extend(range(3))
    del features["a"]
    assert sorted(features) == ["b", "f", "n", "new"]


def test_nested_fields_and_copies() -> None:
    message = T.SequenceExample()
    message.context.feature["id"].int64_list.value.append(7)
    lists = message.feature_lists.feature_list
    for text in (b"hi", b"yo"):
        lists["w"].feature.add().bytes_list.value.append(text)
    lists["e"].CopyFrom(T.FeatureList())
    assert message == sequence()
    other = T.SequenceExample()
    other.CopyFrom(message)
    assert other == copy.deepcopy(message) == pickle.loads(pickle.dumps(message)) == message
    other.context.feature["id"].int64_list.value[0] = 8
    assert other != message
    features = T.Features(feature={"x": {"int64_list": {"value": [1]}}})
    assert features.feature["x"] == T.Feature(int64_list=T.Int64List(value=[1]))


def test_of_the_kinds_of_a_feature_the_last_one_counts() -> None:
    feature = T.Feature(int64_list=T.Int64List(value=[1]))
    feature.bytes_list.value.append(b"x")
    assert feature.WhichOneof("kind") == "bytes_list"
    assert not feature.HasField("int64_list")


def test_arrays_are_lists_of_values() -> None:
    assert list(T.Int64List(value=np.arange(3)).value) == [0, 1, 2]
    assert list(T.FloatList(value=np.float32([0.5, 1.5])).value) == [0.5, 1.5]
    assert list(T.FloatList(value=ft.constant([0.5, 1.5])).value) == [0.5, 1.5]
    assert list(T.Int64List(value=[ft.constant(3)]).value) == [3]
    [serialized] = T.BytesList(value=[ft.io.serialize_tensor([1]).numpy()]).value
    assert ft.io.parse_tensor(serialized, ft.int32).numpy().tolist() == [1]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: T.Int64List(value=[1.5]), TypeError),
        (lambda: T.Int64List(value=["a"]), TypeError),
        (lambda: T.Int64List(value=[2**63]), ValueError),
        (lambda: T.BytesList(value=["text"]), TypeError),
        (lambda: T.BytesList(value=b"bytes"), TypeError),
        (lambda: T.Feature(int64_lst=T.Int64List()), ValueError),
        (lambda: T.Example.FromString(b"\x0a\x05"), DecodeError),
    ],
)
def test_what_is_refused(call: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        call()


def test_messages_print_as_text_that_reads_back() -> None:
    message = sequence()
    text = str(message)
    assert text.startswith(
        'context {\n  feature {\n    key: "id"\n    value {\n      int64_list {\n'
    )
    assert text_format.Parse(text, T.SequenceExample()) == message
    assert json_format.Parse(json_format.MessageToJson(message), T.SequenceExample()) == message


def test_the_classes_are_named_as_tensorflow_names_them() -> None:
    for name in ("BytesList", "Example", "Feature", "FeatureList", "FeatureLists", "Features",
                 "FloatList", "Int64List", "SequenceExample"):  # fmt: skip
        assert getattr(T, name).DESCRIPTOR.full_name == f"tensorflow.{name}"
        assert getattr(T, name).__name__ == name


def test_a_file_of_examples_is_written_read_and_parsed(tmp_path: Path) -> None:
    path = tmp_path / "people.tfrecord"
    with ft.io.TFRecordWriter(str(path)) as writer:
        for number in range(3):
            writer.write(
                T.Example(
                    features=T.Features(
                        feature={
                            "name": T.Feature(bytes_list=T.BytesList(value=[b"n%d" % number])),
                            "size": T.Feature(float_list=T.FloatList(value=[number, 0.5])),
                            "tags": T.Feature(int64_list=T.Int64List(value=range(number))),
                        }
                    )
                ).SerializeToString()
            )
    records = list(tf_record_iterator(path))
    parsed = ft.io.parse_example(
        records,
        {
            "name": ft.io.FixedLenFeature([], ft.string),
            "size": ft.io.FixedLenFeature([2], ft.float32),
            "tags": ft.io.RaggedFeature(ft.int64),
        },
    )
    assert parsed["name"].numpy().tolist() == [b"n0", b"n1", b"n2"]
    np.testing.assert_array_equal(parsed["size"].numpy(), [[0, 0.5], [1, 0.5], [2, 0.5]])
    assert parsed["tags"].to_list() == [[], [0], [0, 1]]
    read = [T.Example.FromString(record).features.feature["tags"] for record in records]
    assert [list(feature.int64_list.value) for feature in read] == [[], [0], [0, 1]]


def test_of_two_features_with_one_name_the_last_is_parsed() -> None:
    def entry(number: int) -> bytes:
        one = T.Features(feature={"x": T.Feature(int64_list=T.Int64List(value=[number]))})
        return bytes(one.SerializeToString())

    twice = entry(1) + entry(2)
    data = b"\x0a" + bytes([len(twice)]) + twice
    parsed = ft.io.parse_single_example(data, {"x": ft.io.FixedLenFeature([], ft.int64)})
    assert int(parsed["x"]) == 2


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("AdamOptimizer", "use ft.keras.optimizers.Adam"),
        ("Saver", "use model.save_weights"),
        ("NoSuchThing", "optimizers are in ft.keras.optimizers"),
        ("Exampel", "did you mean 'Example'"),
    ],
)
def test_what_is_not_there_gets_advice(name: str, advice: str) -> None:
    with pytest.raises(
        AttributeError, match=f"'freshet.train' has no attribute '{name}'; {advice}"
    ):
        getattr(ft.train, name)
