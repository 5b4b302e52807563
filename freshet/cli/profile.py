"""``freshet profile``: run a script, and tell where its compiled programs spend their time."""

from __future__ import annotations

import argparse
import builtins
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Final

from freshet.cli.options import count, new_folder
from freshet.core.config import config, variable_of
from freshet.core.errors import FailedPreconditionError, InvalidArgumentError, did_you_mean
from freshet.core.source import is_own_file

if TYPE_CHECKING:
    from freshet.cli.profile_report import Report
    from freshet.runtime.recorder import ProgramRecord, Recorder

HELP: Final = "run a script and show, kernel by kernel, where its compiled programs spend time"
TOP: Final = 12
STEPS: Final = 20
EXAMPLES: Final = """\
examples:
  freshet profile train.py                       the script as `python train.py` runs it
  freshet profile train.py --epochs 2            what follows the script is the script's
  freshet profile --top 30 train.py              more kernels
  freshet profile --program train_step train.py  one program only
  freshet profile --out runs/before train.py     choose the folder

Everything that ft.function compiles is measured: your own functions, and the steps of fit, evaluate
and predict. Ctrl-C ends the script and shows what has been measured so far.

columns of the table, for one run of a program, the slowest kernel first:
  ms       of all calls of the kernel; equal kernels from the same lines (steps of a loop) are one
  share    part of the time of all kernels
  calls    how often a run calls it: in a loop once a step, in a branch if it is taken; where data
           decides it is the mean of the sampled runs, as the time is
  GFLOP/s  floating-point operations a second; work on integers and random numbers is not counted
  GB/s     bytes that must be read and written, each once, a second
  roof     part of what the machine allows: the kernel's shortest possible time, by the measured
           peak of its arithmetic (flop) or of its memory (mem), divided by its time. More than
           100 % means that data were in a faster cache than the program as a whole fits in
  part     the layers and optimizers that the kernel works for
  line     the first of your lines that it comes from

files:
  profile.json   all of it, for programs
  roofline.png   the kernels under the machine's roof (needs matplotlib)
  trace.json     a few runs, thread by thread, for https://ui.perfetto.dev or chrome://tracing

what it costs: of each program some runs are sampled, that is, each thread reads the clock before
and after each kernel, about 50 ns together. Results are the same, bit for bit. The report says how
much longer sampled runs took. Settings such as FRESHET_NUM_THREADS have to be in the environment:
what the script writes to os.environ comes too late.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options to its parser."""
    parser.add_argument("script", type=script, metavar="SCRIPT", help="the Python program to run")
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, metavar="ARGS", help="arguments of the script"
    )
    parser.add_argument(
        "--top", type=count, default=TOP, metavar="N",
        help="kernels shown of each program (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--program", metavar="NAME", help="show this program only, such as train_step"
    )
    parser.add_argument(
        "--steps", type=count, default=STEPS, metavar="N",
        help="runs of each program that are sampled (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, metavar="DIR",
        help="new folder for the results (default: runs/profile-<date>-<time>)",
    )  # fmt: skip


def script(text: str) -> Path:
    """Return the path of a script that exists."""
    path = Path(text)
    if not path.is_file():
        what = "is a folder, not a Python program" if path.is_dir() else "does not exist"
        raise argparse.ArgumentTypeError(f"{text} {what}")
    return path


def run(arguments: argparse.Namespace) -> int:
    """Run the script, show and save its profile; return the exit status."""
    if config.backend != "native":
        raise FailedPreconditionError(
            "profile measures compiled programs, and none are compiled with "
            f"{variable_of('backend')}={config.backend}; unset it"
        )
    folder = new_folder(arguments.out, "profile")
    place = folder.absolute()  # the script may go elsewhere
    from freshet.runtime.recorder import Recorder  # noqa: PLC0415 (--help should not wait for it)

    recorder = Recorder(arguments.steps)
    started = time.monotonic()
    with recorder:
        status, ending = run_script(arguments.script, arguments.arguments)
    seconds = time.monotonic() - started
    sys.stdout.flush()
    programs = [p for p in recorder.programs if p.sampled]
    if not programs:
        place.rmdir()
        print(
            f"\nNothing to show: {arguments.script} {ending} and ran no compiled program. Put "
            "@ft.function on the functions that do the work, or train with fit."
        )
        return status
    wanted = chosen(programs, arguments.program, place)
    report = make_report(arguments, recorder, wanted, seconds, ending)
    save(report, folder, place, arguments.top)
    return status


def chosen(programs: list[ProgramRecord], name: str | None, place: Path) -> list[ProgramRecord]:
    """Return the programs called `name`, or all, those that took longest first.

    Raises:
        InvalidArgumentError: There are none.
    """
    found = [p for p in programs if name in {None, p.name}]
    if not found:
        place.rmdir()
        names = list(dict.fromkeys(p.name for p in programs))
        raise InvalidArgumentError(
            f"no program called {name!r} ran{did_you_mean(str(name), names)}; there were "
            f"{', '.join(names)}"
        )
    return sorted(found, key=lambda p: -p.total_seconds)


def make_report(
    arguments: argparse.Namespace, recorder: Recorder, programs: Sequence[ProgramRecord],
    seconds: float, ending: str,
) -> Report:  # fmt: skip
    """Measure the machine and put the kernels beside what it allows."""
    from freshet.cli.profile_report import ProgramReport, Report  # noqa: PLC0415
    from freshet.runtime.roofline import kernel_times, measure_machine  # noqa: PLC0415

    machine = measure_machine(p.working_set for p in programs)
    found = []
    for p in programs:
        roof = machine.roof(p.working_set)
        found.append(ProgramReport(p, roof, kernel_times(p, roof)))
    command = " ".join([str(arguments.script), *arguments.arguments])
    return Report(command, ending, seconds, recorder.total_seconds, machine, found)


def save(report: Report, folder: Path, place: Path, top: int) -> None:
    """Print the report and write its files."""
    from freshet.cli.profile_files import write_json, write_trace  # noqa: PLC0415
    from freshet.cli.profile_report import report_text  # noqa: PLC0415
    from freshet.keras import plots  # noqa: PLC0415

    print(f"\n{report_text(report, top)}\n")
    write_json(report, place / "profile.json")
    write_trace(report, place / "trace.json")
    names = ["profile.json", "trace.json"]
    if plots.is_available():
        from freshet.cli.profile_picture import draw_roofline  # noqa: PLC0415

        draw_roofline(report, place / "roofline.png")
        names.insert(1, "roofline.png")
    else:
        print("No picture: it needs matplotlib (pip install 'freshet[plot]').")
    for name in names:
        what = "   (open in https://ui.perfetto.dev)" if name == "trace.json" else ""
        print(f"  {folder / name}{what}")


# --- the script -----------------------------------------------------------------------------------


def run_script(path: Path, arguments: Sequence[str]) -> tuple[int, str]:
    """Run a script as Python would; return its exit status and how it ended."""
    try:
        with as_main(path, arguments) as module:
            exec(compiled(path), vars(module))
    except KeyboardInterrupt:
        sys.stderr.write("\nfreshet: interrupted; this is what has been measured so far\n")
        return 130, "was interrupted"
    except SystemExit as error:
        return exit_status(error.code), "finished"
    except BaseException as error:  # the script's own, shown as Python shows it
        sys.stdout.flush()
        error.__traceback__ = without_own_frames(error.__traceback__)
        sys.excepthook(type(error), error, error.__traceback__)
        return 1, f"failed with {type(error).__name__}"
    return 0, "finished"


def compiled(path: Path) -> CodeType:
    """Return the script's code."""
    return compile(path.read_bytes(), str(path.absolute()), "exec", dont_inherit=True)


@contextmanager
def as_main(path: Path, arguments: Sequence[str]) -> Iterator[ModuleType]:
    """Let a new module be ``__main__``, with the script's arguments and its folder on the path."""
    module = ModuleType("__main__")
    file = str(path.absolute())
    loader = SourceFileLoader("__main__", file)
    vars(module).update(
        {"__file__": file, "__builtins__": builtins, "__loader__": loader, "__cached__": None}
    )
    before = sys.modules["__main__"], sys.argv, list(sys.path)
    sys.modules["__main__"], sys.argv = module, [str(path), *arguments]
    if not sys.flags.safe_path:
        sys.path[0] = str(path.resolve().parent)
    try:
        yield module
    finally:
        sys.modules["__main__"], sys.argv, sys.path[:] = before


def exit_status(code: Any) -> int:
    """Return what a program's exit status is for the argument of `sys.exit`, as Python does."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code
    sys.stderr.write(f"{code}\n")
    return 1


def without_own_frames(traceback: TracebackType | None) -> TracebackType | None:
    """Return a traceback from the script's first frame on."""
    while traceback is not None and is_own_file(traceback.tb_frame.f_code.co_filename):
        traceback = traceback.tb_next
    return traceback
