"""``freshet profile``: scripts run as Python runs them, and what is told about them."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

TRAIN = """\
import sys
import numpy as np
import freshet as ft
from freshet.keras import layers

ft.keras.utils.set_random_seed(3)
model = ft.keras.Sequential(
    [
        layers.Input((12, 6)),
        layers.GRU(8),
        layers.Dropout(0.2),
        layers.Dense(3, activation="softmax", name="last"),
    ]
)
model.compile("adam", "sparse_categorical_crossentropy")
x = np.random.default_rng(0).normal(size=(64, 12, 6)).astype("float32")
model.fit(x, np.arange(64) % 3, batch_size=16, epochs=3, verbose=0)
scores = model.predict(x, batch_size=32, verbose=0)
np.savez(sys.argv[1], scores, *model.get_weights())
"""
FUNCTION = """\
import freshet as ft

@ft.function
def work(x):
    y = ft.matmul(x, x)
    return ft.math.cumsum(y)

x = ft.ones((40, 40))
for _ in range(9):
    work(x)
print("worked")
"""


def freshet(folder, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "freshet.cli.main", *arguments],
        cwd=folder, capture_output=True, text=True, check=False, env=os.environ | environment,
    )  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Profile a training with a loop over time; return the folder and what was printed."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "train.py").write_text(TRAIN)
    done = freshet(folder, "profile", "--out", "run", "--steps", "4", "train.py", "profiled.npz")
    assert (done.returncode, done.stderr) == (0, "")
    return folder, done.stdout


@pytest.fixture(scope="module")
def figures(trained):
    return json.loads((trained[0] / "run" / "profile.json").read_text())


def program(figures, name):
    (found,) = (p for p in figures["programs"] if p["name"] == name)
    return found


# --- a training -----------------------------------------------------------------------------------


def test_profiling_changes_no_bit_of_a_training(trained):
    folder, _ = trained
    subprocess.run([sys.executable, "train.py", "plain.npz"], cwd=folder, check=True)
    plain, profiled = (np.load(folder / f"{name}.npz") for name in ("plain", "profiled"))
    assert len(plain.files) == 6
    for name in plain.files:
        np.testing.assert_array_equal(plain[name], profiled[name], strict=True)


def test_every_program_of_a_training_is_counted(figures):
    assert {p["name"] for p in figures["programs"]} >= {"train_step", "predict_step"}
    step = program(figures, "train_step")
    assert (step["runs"], step["sampled_runs"]) == (12, 4)
    assert step["arguments"] == ["f32[16,12,6]", "i64[16]"]
    assert program(figures, "predict_step")["runs"] == 2
    assert (figures["command"], figures["ending"]) == ("train.py profiled.npz", "finished")


def test_figures_agree_with_each_other(figures):
    assert 0 < figures["compiled_seconds"] < figures["seconds"] < 100
    for p in figures["programs"]:
        seconds = [k["seconds"] for k in p["kernels"]]
        assert seconds == sorted(seconds, reverse=True)
        assert sum(seconds) == pytest.approx(p["kernel_seconds"])
        assert sum(k["share"] for k in p["kernels"]) == pytest.approx(1.0)
        assert 0 <= p["outside_seconds"] < p["total_seconds"]
        assert 0 < p["fastest_seconds"] <= p["seconds"]
        far = figures["machine"]["far_bandwidth"]
        assert all(p["bandwidth"][how] >= far[how] for how in ("read", "write", "update"))
        for k in p["kernels"]:
            at_peak = k["flops"] / figures["machine"]["peak_flops"]
            assert k["bytes"] == sum(k["traffic"].values())
            kinds = {"read": "read", "written": "write", "updated": "update"}
            at_bandwidth = sum(k["traffic"][m] / p["bandwidth"][r] for m, r in kinds.items())
            assert k["roof"] * k["seconds"] == pytest.approx(max(at_peak, at_bandwidth))
            assert k["limit"] == ("flop" if at_peak > at_bandwidth else "memory")


def test_the_steps_of_a_loop_are_one_row(figures):
    kernels = program(figures, "train_step")["kernels"]
    assert max(k["calls"] for k in kernels) == 12
    recurrent = [k for k in kernels if k["calls"] == 12 and k["name"].startswith("contract")]
    # A step multiplies the state of 16 examples and 8 units with the weights of 3 gates.
    assert {k["flops"] // k["calls"] for k in recurrent} >= {2 * 16 * 8 * 24 + 16 * 24}


def test_kernels_know_their_layers_and_lines(figures):
    kernels = program(figures, "train_step")["kernels"]
    lines = [line for k in kernels for line in k["lines"]]
    assert {line["text"] for line in lines} == {TRAIN.splitlines()[16]}
    assert {line["line"] for line in lines} == {17}
    parts = {line["part"] for line in lines}
    assert {"gru", "gru (gradient)", "last", "last (gradient)", "dropout", "Adam"} <= parts


def test_the_report_shows_the_slowest_kernels_and_says_what_it_costs(trained, figures):
    _, out = trained
    slowest = program(figures, "train_step")["kernels"][0]
    assert "train.py profiled.npz finished after" in out
    assert "train_step(f32[16,12,6], i64[16])\n  12 runs, " in out
    assert "sampled: 4 runs, which took " in out
    assert "longer than the others\n" in out
    table = out[out.index("train_step(") :].splitlines()
    (head,) = (n for n, line in enumerate(table[:8]) if "GFLOP/s" in line and "share" in line)
    assert slowest["name"] in table[head + 1]
    assert table[head + 1].split()[0] == f"{1e3 * slowest['seconds']:.3f}"
    assert any("outside of kernels" in line for line in table[head:])
    assert all(f"run/{name}" in out for name in ("profile.json", "roofline.png", "trace.json"))


def test_the_picture_is_one(trained):
    path = trained[0] / "run" / "roofline.png"
    with Image.open(path) as picture:
        picture.load()
        assert picture.format == "PNG"
        assert 1200 <= picture.width <= 2400
        assert 600 <= picture.height <= 1600
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 24)}
    assert (255, 255, 255) in colours
    assert len(colours) > 100
    assert 20_000 < path.stat().st_size < 500_000


def test_the_trace_shows_what_each_thread_did(trained, figures):
    content = json.loads((trained[0] / "run" / "trace.json").read_text())
    events = content["traceEvents"]
    threads = figures["machine"]["threads"]
    named = {e["tid"] for e in events if e["ph"] == "M" and e["name"] == "thread_name"}
    assert named == set(range(threads))
    spans = [e for e in events if e["ph"] == "X"]
    assert all(e["dur"] >= 0 and e["ts"] >= 0 for e in spans)
    runs = [e for e in spans if e["cat"] == "program" and e["name"].startswith("train_step")]
    assert len(runs) == 3
    step = program(figures, "train_step")
    for run in runs:
        first, last = run["ts"], run["ts"] + run["dur"]
        inside = [e for e in spans if e["cat"] == "kernel" and first <= e["ts"] <= last]
        at_work = {e["tid"] for e in inside}
        assert at_work in ({0}, named)  # one thread runs a small program alone
        assert len(inside) == len(at_work) * sum(k["calls"] for k in step["kernels"])
        assert {e["name"] for e in inside} == {k["name"] for k in step["kernels"]}
        assert all(e["ts"] + e["dur"] <= last for e in inside)
        check_order([e for e in inside if e["tid"] == 0])
        assert all("train.py:17" in e["args"]["line"] for e in inside if e["args"]["line"])


def check_order(events):
    for before, after in itertools.pairwise(events):
        assert before["ts"] + before["dur"] <= after["ts"] + 1e-3


# --- options --------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "work.py").write_text(FUNCTION)
    return tmp_path


def test_top_shows_so_many_kernels_and_sums_up_the_rest(folder):
    done = freshet(folder, "profile", "--top", "1", "work.py")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("worked\n\nwork.py finished after ")
    assert "1 more kernel" in done.stdout
    (run,) = (folder / "runs").iterdir()
    assert run.name.startswith("profile-")


def test_a_call_to_the_host_says_why(folder):
    done = freshet(folder, "profile", "work.py")
    assert "host:cumsum" in done.stdout
    assert "it runs in Python because each element needs the one before it" in " ".join(
        done.stdout.split()
    )


def test_one_program_can_be_chosen(folder):
    (folder / "two.py").write_text(
        "import freshet as ft\n"
        "one = ft.function(lambda x: x + x)\n"
        "@ft.function\ndef two(x):\n    return x * 3.0\n"
        "for _ in range(3): two(one(ft.ones(5)))\n"
    )
    done = freshet(folder, "profile", "--program", "two", "--out", "run", "two.py")
    assert done.returncode == 0, done.stderr
    (only,) = json.loads((folder / "run" / "profile.json").read_text())["programs"]
    assert (only["name"], only["runs"]) == ("two", 3)
    done = freshet(folder, "profile", "--program", "tow", "two.py")
    assert done.returncode == 1
    assert "no program called 'tow' ran; did you mean 'two'?" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.py"], "missing.py does not exist"),
        (["."], ". is a folder, not a Python program"),
        ([], "the following arguments are required: SCRIPT"),
        (["--top", "0", "work.py"], "expected a number of 1 or more, received '0'"),
    ],
)
def test_a_wrong_command_line_is_one_sentence(folder, arguments, message):
    done = freshet(folder, "profile", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (folder / "runs").exists()


def test_the_numpy_backend_has_nothing_to_measure(folder):
    done = freshet(folder, "profile", "work.py", FRESHET_BACKEND="numpy")
    assert done.returncode == 1
    assert "none are compiled with FRESHET_BACKEND=numpy; unset it" in done.stderr


def test_without_matplotlib_one_sentence_says_so(folder):
    (folder / "sitecustomize.py").write_text("import sys; sys.modules['matplotlib'] = None")
    done = freshet(folder, "profile", "--out", "run", "work.py", PYTHONPATH=str(folder))
    assert (done.returncode, done.stderr) == (0, "")
    assert "No picture: it needs matplotlib (pip install 'freshet[plot]').\n" in done.stdout
    assert sorted(p.name for p in (folder / "run").iterdir()) == ["profile.json", "trace.json"]


def test_results_are_found_where_the_command_was_given(folder):
    (folder / "elsewhere").mkdir()
    script = f"import os\nos.chdir('elsewhere')\n{FUNCTION}"
    (folder / "moves.py").write_text(script)
    done = freshet(folder, "profile", "--out", "run", "moves.py")
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(p.name for p in (folder / "run").iterdir()) == [
        "profile.json", "roofline.png", "trace.json",
    ]  # fmt: skip


def test_a_program_without_kernels_has_a_profile_too(folder):
    (folder / "host.py").write_text(
        "import freshet as ft\n"
        "total = ft.function(ft.math.cumsum)\n"
        "for _ in range(3): total(ft.ones(5))\n"
    )
    done = freshet(folder, "profile", "--out", "run", "host.py")
    assert (done.returncode, done.stderr) == (0, "")
    assert "host:cumsum" in done.stdout
    assert (folder / "run" / "roofline.png").exists()


# --- how scripts run and end ----------------------------------------------------------------------

SETTING = """\
import sys, __main__, helper
print(__name__, __main__.value if hasattr(__main__, "value") else None, sys.argv, helper.VALUE)
value = 5
print(__main__.value, __file__, sys.path[0])
"""


def test_a_script_finds_what_it_finds_under_python(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "setting.py").write_text(SETTING)
    (tmp_path / "sub" / "helper.py").write_text("VALUE = 'beside the script'")
    arguments = ["sub/setting.py", "--top", "3", "-h"]
    plain = subprocess.run(
        [sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    done = freshet(tmp_path, "profile", *arguments)
    assert done.returncode == 0, done.stderr
    printed, _, said = done.stdout.partition("\n\n")
    assert printed == plain.stdout.rstrip("\n")
    assert said.startswith("Nothing to show: sub/setting.py finished and ran no compiled program.")
    assert not list((tmp_path / "runs").iterdir())


def test_an_error_is_shown_as_python_shows_it_and_then_the_profile(folder):
    (folder / "fails.py").write_text(f"{FUNCTION}\ndef deeper():\n    return [][3]\n\ndeeper()\n")
    plain = subprocess.run(
        [sys.executable, "fails.py"], cwd=folder, capture_output=True, text=True, check=False
    )
    done = freshet(folder, "profile", "fails.py")
    assert done.returncode == plain.returncode == 1
    assert "IndexError" in plain.stderr
    assert done.stderr == plain.stderr
    assert "fails.py failed with IndexError after " in done.stdout
    assert "work(f32[40,40])\n  9 runs, " in done.stdout


def test_a_script_that_is_not_python_shows_where(folder):
    (folder / "typo.py").write_text("x = (1\n")
    done = freshet(folder, "profile", "typo.py")
    assert done.returncode == 1
    assert "typo.py" in done.stderr
    assert "SyntaxError: '(' was never closed" in done.stderr
    assert "freshet/cli" not in done.stderr


@pytest.mark.parametrize(
    ("call", "status", "errors"),
    [("sys.exit()", 0, ""), ("sys.exit(7)", 7, ""), ("sys.exit('no data')", 1, "no data\n")],
)
def test_the_exit_status_is_the_script_s(folder, call, status, errors):
    (folder / "ends.py").write_text(f"import sys\n{FUNCTION}\n{call}\n")
    done = freshet(folder, "profile", "ends.py")
    assert (done.returncode, done.stderr) == (status, errors)
    assert "ends.py finished after " in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_shows_what_has_been_measured(folder):
    endless = FUNCTION.replace('print("worked")', 'print("worked", flush=True)')
    (folder / "endless.py").write_text(f"{endless}\nwhile True:\n    work(x)\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "freshet.cli.main", "profile", "--out", "run", "endless.py"],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "worked\n"
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == "\nfreshet: interrupted; this is what has been measured so far\n"
    assert "endless.py was interrupted after " in out
    (work,) = json.loads((folder / "run" / "profile.json").read_text())["programs"]
    assert work["runs"] >= 9


def test_help_teaches(folder):
    done = freshet(folder, "profile", "--help")
    assert done.returncode == 0
    assert "freshet profile train.py --epochs 2" in done.stdout
    assert all(word in done.stdout for word in ("GFLOP/s", "roof", "trace.json", "what it costs"))


# --- conditions and loops -------------------------------------------------------------------------

LOOP = """\
import freshet as ft

@ft.function
def power(x, n):
    for i in ft.range(n):
        x = ft.matmul(x, x)
        if i % 4 == 0:
            x = ft.math.cumsum(x)
        x = x / ft.reduce_max(x)
    return x

for n in (4, 8, 1, 4):
    power(ft.ones((40, 40)), ft.constant(n))
"""


def test_a_program_with_loops_and_branches(tmp_path):
    (tmp_path / "loop.py").write_text(LOOP)
    done = freshet(tmp_path, "profile", "--out", "run", "loop.py")
    assert (done.returncode, done.stderr) == (0, "")
    found = program(json.loads((tmp_path / "run" / "profile.json").read_text()), "power")
    assert (found["runs"], found["sampled_runs"]) == (4, 2)
    kernels = {k["name"]: k for k in found["kernels"]}
    (product,) = (k for name, k in kernels.items() if name.startswith("contract"))
    assert product["calls"] == (8 + 4) / 2  # of the second run and the fourth
    assert kernels["host:cumsum"]["calls"] == (2 + 1) / 2
    assert product["flops"] >= 6 * 2 * 40**3
    assert sum(k["seconds"] for k in found["kernels"]) == pytest.approx(found["kernel_seconds"])
    assert "host:cumsum" in done.stdout
    assert " 1.5 " in done.stdout
    events = json.loads((tmp_path / "run" / "trace.json").read_text())["traceEvents"]
    assert any(e.get("args", {}).get("the last of") == 8 for e in events)
