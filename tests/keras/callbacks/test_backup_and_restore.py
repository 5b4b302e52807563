"""Backups on disk: which files there are, and what happens to damaged ones."""

from __future__ import annotations

import json

import pytest

from freshet.core.errors import DataLossError, FailedPreconditionError, InvalidArgumentError
from freshet.keras.callbacks import BackupAndRestore


@pytest.fixture
def keep(tmp_path):
    def make(**arguments):
        return BackupAndRestore(tmp_path / "b", delete_checkpoint=False, **arguments)

    return make


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_there_is_one_backup_at_a_time(drive, keep, tmp_path):
    drive([keep()], [{"loss": 1.0}] * 3)
    assert names(tmp_path / "b") == ["backup-2.weights.h5", "training_metadata.json"]
    state = json.loads((tmp_path / "b" / "training_metadata.json").read_text())
    assert state == {"epoch": 3, "batch": 0, "number": 2, "weights": "backup-2.weights.h5"}


def test_a_double_backup_keeps_the_one_before(drive, keep, tmp_path):
    drive([keep(double_checkpoint=True)], [{"loss": 1.0}] * 3)
    assert names(tmp_path / "b") == [
        "backup-1.weights.h5", "backup-2.weights.h5", "training_metadata.json",
        "training_metadata.previous.json",
    ]  # fmt: skip


def restore(callback, model):
    callback.set_model(model)
    callback.on_train_begin()
    return model._initial_epoch, model.weights


def test_the_newest_backup_is_restored(drive, keep, model):
    drive([keep()], [{"loss": 1.0}] * 3)
    model.weights = [99.0]
    assert restore(keep(), model) == (3, [2.0])


@pytest.mark.parametrize(
    "damage", ["{", "{}", '{"epoch": 1, "number": 1, "weights": "missing.weights.h5"}']
)
def test_a_damaged_backup_gives_way_to_the_one_before(drive, keep, model, tmp_path, damage):
    def load(path, plain=model.load_weights):
        if not path.exists():
            raise DataLossError(f"{path} is damaged")
        plain(path)

    model.load_weights = load
    drive([keep(double_checkpoint=True)], [{"loss": 1.0}] * 3)
    (tmp_path / "b" / "training_metadata.json").write_text(damage)
    with pytest.warns(UserWarning, match=r"damaged.*the backup before it is used"):
        assert restore(keep(double_checkpoint=True), model) == (2, [1.0])


def test_without_another_a_damaged_backup_is_an_error(drive, keep, model, tmp_path):
    drive([keep()], [{"loss": 1.0}])
    (tmp_path / "b" / "training_metadata.json").write_text("{}")
    with pytest.raises(DataLossError, match=r"training_metadata\.json is damaged"):
        restore(keep(), model)


def test_metadata_name_no_file_outside_the_folder(drive, keep, model, tmp_path):
    (tmp_path / "elsewhere.weights.h5").write_text("7.0")
    drive([keep()], [{"loss": 1.0}])
    path = tmp_path / "b" / "training_metadata.json"
    state = json.loads(path.read_text()) | {"weights": "../elsewhere.weights.h5"}
    path.write_text(json.dumps(state))
    with pytest.raises(FileNotFoundError, match=r"b/elsewhere\.weights\.h5"):
        restore(keep(), model)


def test_the_folder_goes_when_training_is_complete(drive, tmp_path):
    drive([BackupAndRestore(tmp_path / "b")], [{"loss": 1.0}])
    assert not (tmp_path / "b").exists()


def test_a_model_without_weights_is_refused(model, tmp_path):
    model.built = False
    with pytest.raises(FailedPreconditionError, match="'fake' has no weights to restore yet"):
        restore(BackupAndRestore(tmp_path / "b"), model)


@pytest.mark.parametrize("arguments", [{"backup_dir": ""}, {"backup_dir": "b", "save_freq": "x"}])
def test_arguments_are_checked(arguments):
    with pytest.raises(InvalidArgumentError, match="BackupAndRestore"):
        BackupAndRestore(**arguments)
