"""Damaged and hostile files: always one of Freshet's errors, and nothing half loaded."""

from __future__ import annotations

import copy
import io
import json
import random
import shutil
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from freshet import keras
from freshet.core.errors import (
    DataLossError,
    InvalidArgumentError,
    NotFoundError,
    UnimplementedError,
)

REFUSED = (DataLossError, InvalidArgumentError, NotFoundError, UnimplementedError)


@pytest.fixture
def archive(trained, tmp_path: Path) -> Path:
    path = tmp_path / "model.keras"
    trained.save(path)
    return path


@pytest.fixture
def weights(trained, tmp_path: Path) -> Path:
    path = tmp_path / "model.weights.h5"
    trained.save_weights(path)
    return path


def flipped(data: bytes, count: int, seed: int) -> Iterator[bytes]:
    """Yield copies with one bit changed, half of them near the ends where the structure is."""
    chosen = random.Random(seed)
    for number in range(count):
        place = chosen.randrange(len(data))
        if number % 2:
            place = place % 1000 - 500
        damaged = bytearray(data)
        damaged[place] ^= 1 << chosen.randrange(8)
        yield bytes(damaged)


def rewritten(source: Path, target: Path, **parts: bytes | None) -> Path:
    """Write an archive with other contents for some names (``config_json``)."""
    new = {name.replace("_", "."): data for name, data in parts.items()}
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as made:
        for name in old.namelist():
            data = new.get(name, old.read(name))
            if data is not None:
                made.writestr(name, data)
    return target


# --- .keras files ---------------------------------------------------------------------------------


def test_a_truncated_archive_is_refused(archive: Path) -> None:
    data = archive.read_bytes()
    for length in range(0, len(data), 211):
        archive.write_bytes(data[:length])
        with pytest.raises(DataLossError, match=r"model\.keras"):
            keras.models.load_model(archive)


def test_a_flipped_bit_is_found_or_without_effect(trained, archive: Path) -> None:
    expected = [w.tobytes() for w in trained.get_weights()]
    refused = 0
    for damaged in flipped(archive.read_bytes(), 200, seed=1):
        archive.write_bytes(damaged)
        try:
            loaded = keras.models.load_model(archive)
        except REFUSED:
            refused += 1
        else:
            assert [w.tobytes() for w in loaded.get_weights()] == expected
    assert refused > 100


def paths(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where every value of a configuration is."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        yield (*place, key)
        if isinstance(inner, (dict, list)):
            yield from paths(inner, (*place, key))


PYTHON_CODE = {
    "class_name": "__lambda__",
    "config": {"value": ["4wAAAAAAAAAAAAAAAAIAAAADAAAA8wYAAACXAHwAUwCpAU4=", None, None]},
}
WRONG_VALUES = [
    None, -1, 10**9, 10**30, 1e308, "x", [], {}, [[[]]], True, PYTHON_CODE,
    {"module": "builtins", "class_name": "eval", "config": "1", "registered_name": None},
    {"module": "keras.layers", "class_name": "Lambda", "config": {"function": PYTHON_CODE}},
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*the state of optimizer")
def test_any_value_of_the_configuration_may_be_anything(
    trained, archive: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(archive) as file:
        config = json.loads(file.read("config.json"))
    expected = [w.tobytes() for w in trained.get_weights()]
    edited = tmp_path / "edited.keras"
    places = list(paths(config))
    # Every place once, and every wrong value many times; all combinations would take long.
    for number, place in enumerate(places):
        wrong = WRONG_VALUES[number % len(WRONG_VALUES)]
        changed = copy.deepcopy(config)
        holder = changed
        for key in place[:-1]:
            holder = holder[key]
        holder[place[-1]] = wrong
        rewritten(archive, edited, config_json=json.dumps(changed).encode())
        try:
            loaded = keras.models.load_model(edited)
        except REFUSED:
            continue
        found = [w.tobytes() for w in loaded.get_weights()]
        assert found == expected, f"{place} = {wrong!r}"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"class_name": "Lambda"},
            "the saved model uses keras.Lambda, which Freshet does not have",
        ),
        ({"class_name": "Sequentail"}, "did you mean 'Sequential'"),
        ({"module": "os", "class_name": "system"}, r"the saved model uses os\.system"),
        ({"module": "builtins", "class_name": "eval"}, r"may not name builtins\.eval"),
        ({"config": ["a"]}, r"the configuration of Sequential is not a dict: \['a'\]"),
        ({"class_name": "Dense", "module": "keras.layers"}, "Dense: unknown argument 'layers'"),
        (
            {"class_name": "Dense", "config": {"units": 1}},
            "describes <Dense name=.*, which is no model",
        ),
        (
            {"class_name": "Dense", "config": {"units": "1"}},
            "Dense: units must be a positive integer",
        ),
    ],
)
def test_another_class_is_refused_by_name(change, message: str, archive: Path, tmp_path) -> None:
    with zipfile.ZipFile(archive) as file:
        config = json.loads(file.read("config.json")) | change
    edited = rewritten(archive, tmp_path / "e.keras", config_json=json.dumps(config).encode())
    with pytest.raises((InvalidArgumentError, DataLossError), match=message):
        keras.models.load_model(edited)


def test_a_layer_larger_than_the_file_is_not_made(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive) as file:
        config = json.loads(file.read("config.json"))
    config["config"]["layers"][-1]["config"]["units"] = 2_000_000_000
    edited = rewritten(archive, tmp_path / "e.keras", config_json=json.dumps(config).encode())
    with pytest.raises(DataLossError, match="would need 256000000000 bytes, more than the file"):
        keras.models.load_model(edited)


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 100_000, b'{"a": ' * 100_000, b"1" * 10_000]
)
def test_text_that_is_no_configuration_is_refused(text: bytes, archive: Path, tmp_path) -> None:
    with pytest.raises(DataLossError, match=r"config\.json"):
        keras.models.load_model(rewritten(archive, tmp_path / "e.keras", config_json=text))


@pytest.mark.parametrize("name", ["metadata_json", "config_json", "model_weights_h5"])
def test_a_missing_part_is_named(name: str, archive: Path, tmp_path: Path) -> None:
    with pytest.raises(DataLossError, match=f"the file has no {name.replace('_', '.')}"):
        keras.models.load_model(rewritten(archive, tmp_path / "e.keras", **{name: None}))


def test_names_with_paths_are_never_extracted(trained, archive: Path, tmp_path: Path) -> None:
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    target = inside / "model.keras"
    shutil.copy(archive, target)
    with zipfile.ZipFile(target, "a") as file:
        file.writestr("../../escaped.txt", b"x")
        file.writestr(str(tmp_path / "absolute.txt"), b"x")
    before = sorted(tmp_path.rglob("*"))
    loaded = keras.models.load_model(target)
    assert sorted(tmp_path.rglob("*")) == before
    for one, other in zip(loaded.get_weights(), trained.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_bomb_is_not_unpacked(archive: Path, tmp_path: Path) -> None:
    target = tmp_path / "bomb.keras"
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(target, "w") as made:
        for name in old.namelist():
            data = bytes(64 * 1024 * 1024) if name.endswith("h5") else old.read(name)
            made.writestr(name, data, zipfile.ZIP_DEFLATED)
    with pytest.raises(DataLossError, match="claims an impossible size"):
        keras.models.load_model(target)


def test_a_size_that_is_a_lie_is_refused(archive: Path) -> None:
    data = bytearray(archive.read_bytes())
    central = data.rindex(b"PK\x01\x02")
    for claimed in (1, 2**31, 2**32 - 2):
        struct.pack_into("<I", data, central + 24, claimed)
        archive.write_bytes(data)
        with pytest.raises(DataLossError):
            keras.models.load_model(archive)


# --- .weights.h5 files ----------------------------------------------------------------------------


def refuses(model: Any, path: Path, state: Any) -> str:
    """Return the message with which a file is refused; the model must be as it was."""
    before = state(model)
    with pytest.raises(DataLossError) as caught:
        model.load_weights(path)
    assert state(model) == before
    return str(caught.value)


def test_truncated_weights_change_nothing(other, weights: Path, state) -> None:
    data = weights.read_bytes()
    for length in range(0, len(data), 307):
        weights.write_bytes(data[:length])
        assert "model.weights.h5" in refuses(other, weights, state)


def test_a_flipped_bit_changes_nothing_or_has_no_effect(
    trained, other, weights: Path, state
) -> None:
    before, good = state(other), state(trained)
    refused = 0
    for damaged in flipped(weights.read_bytes(), 300, seed=2):
        weights.write_bytes(damaged)
        try:
            other.load_weights(weights)
        except DataLossError:
            refused += 1
            assert state(other) == before
        else:
            assert state(other)[1:] == good[1:]
            before = state(other)
    assert refused > 50


def test_every_bit_of_the_numbers_counts(other, weights: Path, state) -> None:
    with h5py.File(weights) as file:
        start = file["layers/dense/vars/0"].id.get_offset()
        moment = file["optimizer/vars/7"].id.get_offset()
        random_state = file["freshet/seed_generators/0"].id.get_offset()
    data = weights.read_bytes()
    for place in (start, start + 5, moment + 3, random_state):
        damaged = bytearray(data)
        damaged[place] ^= 1
        weights.write_bytes(damaged)
        assert "is damaged: its checksum is wrong" in refuses(other, weights, state)


def link_to(kind: str, folder: Path) -> Any:
    with h5py.File(folder / "secret.h5", "w") as file:
        file["data"] = np.ones((32, 3), np.float32)
    if kind == "external link":
        return h5py.ExternalLink(str(folder / "secret.h5"), "/data")
    return h5py.SoftLink("/layers/dense/vars/1")


@pytest.mark.parametrize("kind", ["external link", "soft link"])
def test_links_are_refused(kind: str, other, weights: Path, state, tmp_path: Path) -> None:
    with h5py.File(weights, "a") as file:
        del file["layers/dense/vars/0"]
        file["layers/dense/vars/0"] = link_to(kind, tmp_path)
    assert "/layers/dense/vars/0 is not an array in this file" in refuses(other, weights, state)


def test_arrays_in_other_files_are_refused(other, weights: Path, state, tmp_path: Path) -> None:
    (tmp_path / "secret.bin").write_bytes(bytes(400))
    with h5py.File(weights, "a") as file:
        group = file["layers/dense/vars"]
        del group["0"]
        group.create_dataset(
            "0", (32, 3), np.float32, external=[(str(tmp_path / "secret.bin"), 0, 400)]
        )
    assert "is not an array in this file" in refuses(other, weights, state)
    layout = h5py.VirtualLayout((32, 3), np.float32)
    layout[:] = h5py.VirtualSource(tmp_path / "secret.h5", "data", (32, 3))
    with h5py.File(weights, "a") as file:
        del file["layers/dense/vars/0"]
        file["layers/dense/vars"].create_virtual_dataset("0", layout)
    assert "is not an array in this file" in refuses(other, weights, state)


def test_a_shape_that_claims_all_memory_is_refused_unread(other, weights: Path, state) -> None:
    with h5py.File(weights, "a") as file:
        group = file["layers/dense/vars"]
        del group["0"]
        group.create_dataset("0", (10**6, 10**6), np.float32, chunks=(1000, 1000))
    assert "in the file (1000000, 1000000)" in refuses(other, weights, state)


@pytest.mark.parametrize("value", [b"text", np.bytes_("abc"), np.zeros(3, "c8"), h5py.Empty("f4")])
def test_what_is_no_array_of_numbers_is_refused(value, other, weights: Path, state) -> None:
    with h5py.File(weights, "a") as file:
        del file["layers/dense/vars/1"]
        file["layers/dense/vars/1"] = value
    assert "model.weights.h5: " in refuses(other, weights, state)


def test_a_group_in_place_of_an_array_is_refused(other, weights: Path, state) -> None:
    with h5py.File(weights, "a") as file:
        del file["layers/dense/vars/1"]
        file.create_group("layers/dense/vars/1")
    assert "is not an array in this file" in refuses(other, weights, state)


def test_a_file_that_is_something_else_is_refused(other, weights: Path, state) -> None:
    for data in (b"", b"hello", b"\x89HDF\r\n\x1a\n", json.dumps({}).encode()):
        weights.write_bytes(data)
        refuses(other, weights, state)
    buffer = io.BytesIO()
    h5py.File(buffer, "w").close()
    weights.write_bytes(buffer.getvalue())
    assert "has 2 variables, the file 0" in refuses(other, weights, state)
