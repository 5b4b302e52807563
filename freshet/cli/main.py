"""The command ``freshet``: which sub-command it is, and what its exit status says.

A sub-command is a module of this package with a line `HELP`, a text `EXAMPLES`, and the functions
`add_arguments` and `run`; adding one means writing the module and naming it in `COMMANDS`.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any, Final, NoReturn

import freshet
from freshet.core.config import config, variable_of
from freshet.core.errors import OpError, did_you_mean

COMMANDS: Final = ("demo", "profile")

SUCCESS, FAILURE, MISUSE, INTERRUPTED = 0, 1, 2, 130
EPILOG: Final = f"""\
begin with:
  freshet demo            train a digit classifier on data that comes with Freshet
  freshet demo --help     see what it can do
  freshet profile X.py    run a script of yours and see where its time goes

exit status:
  0 all went well, 1 something failed, 2 the command line is wrong, 130 interrupted by Ctrl-C

{variable_of("full_traceback")}=1 shows where an error comes from.
"""


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one sentence."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the command line, and end the program."""
        name = self.prog
        end = "" if message.endswith("?") else ";"
        self.exit(MISUSE, f"{name}: {message}{end} '{name} --help' explains\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command with arguments, those of the program by default; return its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(given)
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERRUPTED
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILURE
    except Exception as error:
        if config.full_traceback:
            raise
        _say(_sentence(error))
        return FAILURE


def _run(given: list[str]) -> int:
    parser = _parser()
    if given and not given[0].startswith("-") and given[0] not in COMMANDS:
        parser.error(f"there is no command {given[0]!r}{did_you_mean(given[0], COMMANDS)}")
    parsed = parser.parse_args(given)
    if parsed.command is None:
        parser.print_help()
        return MISUSE
    status: int = _module(parsed.command).run(parsed)
    return status


def _parser() -> Parser:
    parser = Parser(
        prog="freshet",
        description="Machine learning in TensorFlow's programming model, small and fast.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action="version", version=f"freshet {freshet.__version__}",
        help="print the version and exit",
    )  # fmt: skip
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", title="commands", parser_class=Parser
    )
    for name in COMMANDS:
        module = _module(name)
        command = commands.add_parser(
            name, help=module.HELP, description=_sentence_of(module.HELP), epilog=module.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )  # fmt: skip
        module.add_arguments(command)
    return parser


def _module(name: str) -> Any:
    return importlib.import_module(f"freshet.cli.{name}")


def _sentence_of(phrase: str) -> str:
    return f"{phrase[0].upper()}{phrase[1:]}."


def _sentence(error: Exception) -> str:
    """Return what went wrong in one sentence."""
    if isinstance(error, OpError):
        return error.message
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        return f"{name}{error.strerror or error}"
    what = f"{type(error).__name__}: {error}"
    return f"a bug in Freshet, {what} ({variable_of('full_traceback')}=1 shows where)"


def _say(message: str) -> None:
    sys.stderr.write(f"freshet: {message}\n")


if __name__ == "__main__":
    sys.exit(main())
