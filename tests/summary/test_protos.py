"""The messages of event files, compared with TensorBoard's own."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, types_pb2
from tensorboard.util import tensor_util

from freshet.core import dtypes
from freshet.summary import protos


def fields(descriptor) -> dict:
    """Return what decides the bytes of each field, by name."""
    return {
        f.name: (
            f.number,
            f.type,
            f.is_repeated,
            f.containing_oneof and f.containing_oneof.name,
        )
        for f in descriptor.fields
    }


def check(ours, theirs) -> None:
    assert fields(ours).items() <= fields(theirs).items()
    for field in ours.fields:
        if field.message_type is not None:
            check(field.message_type, theirs.fields_by_name[field.name].message_type)


def test_every_field_is_the_one_of_tensorflow():
    check(protos.Event.DESCRIPTOR, event_pb2.Event.DESCRIPTOR)


def test_dtypes_have_the_numbers_of_tensorflow():
    proto = tensor_pb2.TensorProto()
    ours = protos.Event().summary.value.add().tensor.DESCRIPTOR.fields_by_name["dtype"].enum_type
    assert {v.name: v.number for v in ours.values}.items() <= dict(
        types_pb2.DataType.items()
    ).items()
    assert len(ours.values) == len(dtypes.ALL) + 1
    assert proto.DESCRIPTOR.fields_by_name["dtype"].enum_type.name == ours.name


@pytest.mark.parametrize("dtype", [d for d in dtypes.ALL if d.kind != "string"], ids=str)
@pytest.mark.parametrize("shape", [(), (3,), (2, 1, 3)])
def test_numbers_are_read_back(dtype, shape):
    array = (np.arange(np.prod(shape)) % 2 + 1).reshape(shape).astype(dtype.as_numpy_dtype)
    value = protos.Event().summary.value.add()
    protos.fill_tensor_proto(value.tensor, array)
    theirs = tensor_pb2.TensorProto.FromString(value.tensor.SerializeToString())
    assert theirs.dtype == dtype.as_datatype_enum
    if dtype.name == "bfloat16":  # TensorBoard has no NumPy dtype for it
        assert theirs.tensor_content == array.tobytes()
    else:
        np.testing.assert_array_equal(tensor_util.make_ndarray(theirs), array, strict=True)


def test_no_numbers_are_no_bytes():
    value = protos.Event().summary.value.add()
    protos.fill_tensor_proto(value.tensor, np.zeros([2, 0], np.uint64))
    assert [dim.size for dim in value.tensor.tensor_shape.dim] == [2, 0]
    assert value.tensor.tensor_content == b""


def test_strings_are_read_back():
    array = np.array([[b"a", b""], [b"\x00\xff", "é".encode()]], object)
    value = protos.Event().summary.value.add()
    protos.fill_tensor_proto(value.tensor, array)
    theirs = tensor_pb2.TensorProto.FromString(value.tensor.SerializeToString())
    np.testing.assert_array_equal(tensor_util.make_ndarray(theirs), array)


def test_fields_of_tensorflow_that_are_not_declared_are_kept():
    theirs = summary_pb2.SummaryMetadata(display_name="x", data_class=2)
    ours = protos.SummaryMetadata.FromString(theirs.SerializeToString())
    assert ours.SerializeToString() == theirs.SerializeToString()


PROGRAM = """
import sys
from google.protobuf.internal import api_implementation
assert api_implementation.Type() == sys.argv[1]
import numpy as np
from freshet.summary.protos import Event, fill_tensor_proto
event = Event(step=1)
value = event.summary.value.add(tag="a")
fill_tensor_proto(value.tensor, np.ones((), np.float32))
print(event.SerializeToString().hex())
"""


@pytest.mark.parametrize("implementation", ["upb", "python"])
def test_an_event_has_the_bytes_of_the_wire_format(implementation):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, implementation],
        env={**os.environ, "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": implementation},
        check=True,
        capture_output=True,
        text=True,
    )
    step, summary, value = "1001", "2a11", "0a0f"
    tag, tensor = "0a0161", "420a" + "0801" + "1200" + "2204" + "0000803f"
    assert done.stdout.strip() == step + summary + value + tag + tensor
