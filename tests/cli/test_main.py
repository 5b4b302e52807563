"""The command line: help, versions, exit statuses, errors in one sentence."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import freshet
from freshet.cli import demo
from freshet.cli.main import COMMANDS, main
from freshet.core.config import config
from freshet.core.errors import InvalidArgumentError


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"freshet {freshet.__version__}\n"


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    out = capsys.readouterr().out
    assert all(name in out for name in COMMANDS)
    assert "exit status" in out


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_gives_examples(capsys, name):
    with pytest.raises(SystemExit):
        main([name, "--help"])
    out = capsys.readouterr().out
    assert "examples:" in out
    assert f"freshet {name}" in out
    assert max(map(len, out.splitlines())) <= 100


def test_no_command_shows_the_help(capsys):
    assert main([]) == 2
    assert "freshet demo" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dmeo"], "freshet: there is no command 'dmeo'; did you mean 'demo'? 'freshet --help'"),
        (["demo", "--epochs", "0"], "--epochs: expected a number of 1 or more, received '0'"),
        (["demo", "--seed", "x"], "--seed: invalid int value: 'x'"),
        (["demo", "--epoch"], "--epochs: expected one argument"),
        (["demo", "more"], "unrecognized arguments: more"),
    ],
)
def test_a_wrong_command_line_is_one_sentence(capsys, arguments, message):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (InvalidArgumentError("the folder is wrong"), "the folder is wrong"),
        (OSError(28, "No space left on device", "runs/x"), "runs/x: No space left on device"),
        (OSError("odd"), "odd"),
        (KeyError("k"), "a bug in Freshet, KeyError: 'k' (FRESHET_FULL_TRACEBACK=1 shows where)"),
    ],
)
def test_a_failure_is_one_sentence(monkeypatch, capsys, error, message):
    def run(arguments):
        raise error

    monkeypatch.setattr(demo, "run", run)
    assert main(["demo"]) == 1
    assert capsys.readouterr().err == f"freshet: {message}\n"


def test_a_failure_shows_where_it_comes_from_on_request(monkeypatch):
    def run(arguments):
        raise InvalidArgumentError("wrong")

    monkeypatch.setattr(demo, "run", run)
    config.full_traceback = True
    with pytest.raises(InvalidArgumentError):
        main(["demo"])


def test_ctrl_c_is_130(monkeypatch, capsys):
    def run(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "run", run)
    assert main(["demo"]) == 130
    assert capsys.readouterr().err == "freshet: interrupted\n"


def test_a_reader_that_has_seen_enough_is_no_failure_to_report():
    code = (
        "from freshet.cli.main import main; import sys; sys.exit(main(['demo', '--epochs', '1']))"
    )
    script = (
        "import freshet.cli.demo as d, sys\n"
        "d.run = lambda a: [print('x' * 1000) for _ in range(1000)] and 0\n" + code
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.read(10)
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(20) == 1
    assert errors == b""


def test_help_does_not_wait_for_what_it_does_not_need():
    script = (
        "import sys; from freshet.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'h5py', 'matplotlib', 'llvmlite', 'freshet.keras.layers'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ
    )
    assert done.stdout.endswith("[]\n")
