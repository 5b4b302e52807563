"""The command: its options, and a whole run with one framework that only pretends."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from benchmarks import train_step
from benchmarks.harness.environment import Machine, choose_cpus, this_machine, worker_environment
from benchmarks.harness.process import WorkerError
from benchmarks.harness.report import result_from_json, result_json


class PretendWorker:
    """Answers as a worker would: Freshet takes 1 ms a step, the others 2."""

    losses: dict[str, list[float]] = {}
    broken: tuple[str, ...] = ()
    fast_form = "plain"
    checked: dict[str, str] = {}

    def __init__(self, name: str) -> None:
        self.name, self.form = name, ""

    def ask(self, do: str, timeout: float = 900.0, **fields: Any) -> dict[str, Any]:
        if self.name in self.broken and do == "build":
            raise WorkerError("out of memory")
        if do == "build":
            self.form = fields["form"]
        if do == "check":
            self.checked[self.name] = fields["form"]
        milliseconds = 1.0 if self.name == "freshet" else 2.0
        milliseconds *= 1 if self.form == self.fast_form else 3
        if do == "run":
            seconds = milliseconds * 1e-3 * fields["steps"]
            return {"seconds": seconds, "cores": 2.0, "loss": 1.0, "metric": 0.5}
        return {
            "hello": {"import_seconds": 0.5, "versions": {self.name: "1.0"}},
            "check": {"losses": self.losses.get(self.name, [2.0, 1.9, 1.8, 1.7])},
            "forms": {"forms": ["plain", "fancy"]},
            "build": {"seconds": 0.25},
            "memory": {"bytes": 3_000_000, "imported_bytes": 1_000_000},
        }[do]

    def cpu_seconds(self) -> float:
        return 0.0

    def __enter__(self) -> PretendWorker:
        return self

    def __exit__(self, *exception: object) -> None:
        pass


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> type[PretendWorker]:
    monkeypatch.setattr(train_step, "can_import", lambda python, packages: True)
    monkeypatch.setattr(
        train_step, "start_worker", lambda python, name, environment: PretendWorker(name)
    )
    monkeypatch.setattr(PretendWorker, "losses", {})
    monkeypatch.setattr(PretendWorker, "broken", ())
    monkeypatch.setattr(PretendWorker, "fast_form", "plain")
    monkeypatch.setattr(PretendWorker, "checked", {})
    return PretendWorker


def run(tmp_path: Path, *more: str) -> None:
    train_step.main(
        ["--models", "mlp", "--frameworks", "freshet", "torch", "--rounds", "2", "--starts", "1",
         "--threads", "1", "--patience", "0", "--output", str(tmp_path), *more]
    )  # fmt: skip


@pytest.mark.usefixtures("pretend")
def test_a_run_prints_a_table_and_writes_json_and_chart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(tmp_path)
    assert re.search(r"^Freshet / torch eager: 0.50", capsys.readouterr().out, re.MULTILINE)
    (written,) = tmp_path.glob("*.json")
    content = json.loads(written.read_text())
    assert content["models"]["mlp"]["frameworks"]["torch"]["form"] == "plain"
    assert content["models"]["mlp"]["frameworks"]["torch"]["start"]["added_megabytes"] == 2.0
    measured = content["models"]["mlp"]["measured"]
    assert measured["versions"]["torch"] == {"torch": "1.0"}
    assert str(tmp_path) not in written.read_text()
    assert written.with_suffix(".png").exists()


@pytest.mark.usefixtures("pretend")
def test_models_that_a_run_leaves_out_keep_their_results(tmp_path: Path) -> None:
    run(tmp_path)
    run(tmp_path, "--models", "gru", "mlp_32")
    (written,) = tmp_path.glob("*.json")
    models = json.loads(written.read_text())["models"]
    assert list(models) == ["mlp_32", "mlp", "gru"]
    assert "gru" in models["gru"]["measured"]["command"]
    assert "gru" not in models["mlp"]["measured"]["command"]
    again = result_from_json("mlp", models["mlp"])
    assert result_json(again) == {k: v for k, v in models["mlp"].items() if k != "measured"}


@pytest.mark.usefixtures("pretend")
def test_a_quick_run_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(train_step, "ROOT", tmp_path)
    train_step.main(["--quick", "--models", "mlp", "--frameworks", "freshet", "--threads", "1"])
    assert "Freshet" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_different_losses_stop_the_run(tmp_path: Path, pretend: type[PretendWorker]) -> None:
    pretend.losses = {"torch": [2.0, 1.9, 1.8, 1.6]}
    with pytest.raises(SystemExit, match=r"loss is 1\.6\d* in torch, 1\.7\d* in freshet"):
        run(tmp_path)


def test_losses_are_compared_in_the_form_that_takes_part(
    tmp_path: Path, pretend: type[PretendWorker]
) -> None:
    pretend.fast_form = "fancy"
    run(tmp_path)
    assert pretend.checked == {"freshet": "fancy", "torch": "fancy"}
    (written,) = tmp_path.glob("*.json")
    measured = json.loads(written.read_text())["models"]["mlp"]["frameworks"]["torch"]
    assert measured["form"] == "fancy"
    assert measured["step_ms"]["median"] == pytest.approx(2.0)


def test_a_framework_that_fails_is_left_out(
    tmp_path: Path, pretend: type[PretendWorker], capsys: pytest.CaptureFixture[str]
) -> None:
    pretend.broken = ("torch",)
    run(tmp_path)
    assert "torch eager: out of memory" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["--threads", "100000"], ["--rounds", "0"], ["--models", "vgg"]]
)
def test_wrong_arguments_are_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        train_step.parse_arguments(arguments)
    assert caught.value.code == 2
    assert arguments[0] in capsys.readouterr().err


def test_the_peers_interpreter_may_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PEERS_PYTHON", "somewhere/python")
    assert train_step.parse_arguments(["--threads", "1"]).peers == "somewhere/python"
    monkeypatch.delenv("PEERS_PYTHON")
    assert train_step.parse_arguments(["--threads", "1"]).peers.endswith(".peers/bin/python")


def test_every_framework_is_limited_to_the_same_threads(tmp_path: Path) -> None:
    environment = worker_environment(1, tmp_path)
    for variable in ("OMP_NUM_THREADS", "FRESHET_NUM_THREADS", "NPROC"):
        assert environment[variable] == "1"
    assert len(choose_cpus(1)) == 1


def test_a_machine_is_named_by_processor_and_cores() -> None:
    assert Machine("Some CPU (v2)", 4, "Linux").slug == "some-cpu-v2-4-cores"
    assert re.fullmatch(r"[a-z0-9-]+-cores", this_machine().slug)
