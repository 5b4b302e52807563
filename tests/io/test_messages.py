"""Protocol buffers declared in Python."""

from __future__ import annotations

from freshet.io.messages import Field, Message, message_classes

TREE = Message(
    "Tree",
    (
        Field("name", 1, "string"),
        Field("branch", 2, "Tree.Branch", repeated=True),
        Field("number", 3, "int64", oneof="value"),
        Field("truth", 4, "bool", oneof="value"),
        Field("colour", 5, "Colour"),
        Field("weights", 6, "float", repeated=True),
        Field("day", 7, "int32", oneof="time"),
        Field("year", 8, "int32", oneof="time"),
    ),
    nested=(Message("Branch", (Field("tree", 1, "Tree"),)),),
)


def tree() -> dict:
    return message_classes("test", [TREE], {"Colour": {"NONE": 0, "GREEN": 2}})


def test_a_message_has_the_bytes_of_the_wire_format():
    made = tree()["Tree"](name="ab", number=-1, colour=2, weights=[1.0])
    made.branch.add().tree.name = "c"
    assert made.SerializeToString(deterministic=True).hex() == (
        "0a02616212050a030a016318ffffffffffffffffff01280232040000803f"
    )


def test_of_a_group_one_field_is_set():
    made = tree()["Tree"](number=1, day=3)
    made.truth = True
    assert made.WhichOneof("value") == "truth"
    assert made.WhichOneof("time") == "day"
    assert made.number == 0


def test_fields_that_are_not_declared_are_kept():
    small = message_classes("test", [Message("Tree", (Field("name", 1, "string"),))])["Tree"]
    data = tree()["Tree"](name="x", number=7).SerializeToString()
    assert small.FromString(data).SerializeToString() == data


def test_nested_messages_have_classes_of_their_own():
    classes = tree()
    assert set(classes) == {"Tree"} or set(classes) == {"Tree", "Tree.Branch"}
    assert classes["Tree"].Branch is not None


def test_two_declarations_of_one_name_do_not_clash():
    first, second = tree()["Tree"], tree()["Tree"]
    assert first is not second
    assert first(name="x").SerializeToString() == second(name="x").SerializeToString()


def test_a_map_is_a_list_of_entries_in_the_bytes():
    field = Field("word_count", 3, "int32", key="string")
    words = message_classes("test", [Message("Words", (field,))])["Words"]
    made = words(word_count={"b": 2, "a": 1})
    assert made.SerializeToString(deterministic=True).hex() == "1a050a016110011a050a01621002"
    assert dict(words.FromString(made.SerializeToString()).word_count) == {"a": 1, "b": 2}
    assert words.DESCRIPTOR.nested_types[0].name == "WordCountEntry"
