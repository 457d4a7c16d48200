"""The application: its commands in groups, its global options, and how a command fails."""

import errno
import os
import signal
import sys
import traceback
import warnings
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from bayes_frontier.cli import ask, base_models, choose, data, evidence, gate, questions, releases, start, watch
from bayes_frontier.cli import options as given
from bayes_frontier.cli.output import note
from bayes_frontier.errors import ConvergenceError, FrontierError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_STOPPED = "Interrupted: a file that was not finished was not written."
USER_ERROR, NOT_CONVERGED, DEFECT, INTERRUPTED, BROKEN_PIPE = 2, 3, 70, 130, 141


class GuardedGroup(TyperGroup):
    """The commands, with every exception turned into a message and an exit status."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - typer's own base class
        """Put defaults into the text of their options: a line of help less for each than Typer's own way."""
        super().__init__(**settings)
        for command in self.commands.values():
            for option in command.params:
                _say_default(option)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer's own base class
        """Move ``--debug`` from anywhere on the line to the front, where the parser expects it."""
        end = args.index("--") if "--" in args else len(args)
        before = [arg for arg in args[:end] if arg != "--debug"]
        moved = ["--debug"] if len(before) < end else []
        return super().parse_args(ctx, [*moved, *before, *args[end:]])

    def invoke(self, ctx: Any) -> object:  # noqa: ANN401 - typer's own base class
        """Run the command and turn an exception into a message and an exit status."""
        debug = bool(ctx.params.get("debug"))
        try:
            result: object = super().invoke(ctx)
            flush()
            return result
        except (typer.Exit, typer.Abort, typer.TyperException):
            raise
        except BrokenPipeError:
            leave_quietly()
            raise typer.Exit(BROKEN_PIPE) from None
        except KeyboardInterrupt:
            _fail(_STOPPED, INTERRUPTED, debug)
        except FrontierError as error:
            status = NOT_CONVERGED if isinstance(error, ConvergenceError) else USER_ERROR
            _fail(f"Error: {error}", status, debug)
        except Exception as error:
            if isinstance(error, OSError) and error.errno in _FULL:
                leave_quietly()
                _fail(f"Error: {error.filename or 'standard output'}: {error.strerror}. Make room.", USER_ERROR, debug)
            if isinstance(error, UnicodeEncodeError):
                # only names of the command line and of files have what cannot be written
                _fail(
                    f"Error: {error.object[:100]!r} holds bytes that are no text; name it otherwise.", USER_ERROR, debug
                )
            words = f"{type(error).__name__}: {error}".splitlines()[0][:300].rstrip(": .")
            hint = "" if debug else " Run again with --debug for the traceback."
            _fail(f"Unexpected {words}.{hint}", DEFECT, debug)


def _say_default(option: Any) -> None:  # noqa: ANN401 - an option or an argument of typer
    words = option.show_default if isinstance(option.show_default, str) else option.default
    if option.show_default and option.help and isinstance(words, str | int | float) and not isinstance(words, bool):
        option.help += f" Default: {words}."
        option.show_default = False


def _fail(message: str, status: int, debug: bool) -> NoReturn:
    if debug:
        traceback.print_exc()
    note(message)
    raise typer.Exit(status) from None


def flush() -> None:
    """Write out what is buffered, so that a closed pipe is noticed while it can be handled."""
    sys.stdout.flush()


def leave_quietly() -> None:
    """Make a closed pipe or a full disk behind standard output harmless for the interpreter's own flush at exit."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except ValueError:
        pass


app = typer.Typer(
    cls=GuardedGroup,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from bayes_frontier import __version__

        typer.echo(f"bayes-frontier {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error; may stand anywhere.")] = False,
) -> None:
    """Say what benchmark scores a pre-training budget makes attainable, how sure that is, and whether it moves.

    The *boundary* is the score that 98% (tau) of post-trained models do not exceed, by the pre-training compute of
    their base model, in FLOPs (6 x parameters x tokens). A table of evaluations is fitted once, and then asked:

        bayes-frontier demo --out demo               # no data yet: simulate, fit, check, report
        bayes-frontier fit table.csv --out fit.nc    # about a minute
        bayes-frontier ask fit.nc --flops 1e24       # the answer in words, with an interval
        bayes-frontier check fit.nc                  # may this fit be believed?

    `COMMAND --help` has an example of each. Answers go to standard output, as text, --json or --csv; notes to standard
    error. Exit status: 0 done; 1 a check or gate failed; 2 something to correct in the call or the data; 3 the sampler
    did not converge, or `watch` found drift; 70 a defect of this program; 130 interrupted.
    """


for module in (start, ask, base_models, questions, gate, watch, choose, evidence, data, releases):
    if module is data:
        app.add_typer(data.app, name="data", rich_help_panel=given.DATA)
    else:
        app.add_typer(module.app)


def main() -> None:
    """Run the command line with the process's arguments, and exit with its status."""
    flags = os.environ.get("PYTENSOR_FLAGS", "")
    if "cxx=" not in flags:
        # All that is compiled here Numba compiles: PyTensor need not build a loop of its own in C++ first.
        os.environ["PYTENSOR_FLAGS"] = f"{flags},cxx=".lstrip(",")
    run(app, "bayes-frontier")


def run(application: typer.Typer, program: str) -> None:
    """Run a command line to its exit: quietly without standard output, and with one sentence however it is stopped."""
    for stream in ("stdin", "stdout", "stderr"):
        if getattr(sys, stream) is None:
            # in order of their numbers: a result must not become the file that a library writes its messages to
            setattr(sys, stream, open(os.devnull, "r" if stream == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115
    for number in (signal.SIGTERM, signal.SIGHUP):
        # one that is ignored, as under nohup, stays so
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
    # one that falls into a call of a library from which nothing can be raised would be lost there
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    sys.unraisablehook = _unraisable
    warnings.showwarning = lambda message, kind, *_: note(f"Warning: {message} ({kind.__name__})")
    try:
        application(prog_name=program)
    except KeyboardInterrupt:
        note(_STOPPED)
        sys.exit(INTERRUPTED)
    finally:
        leave_quietly()


def _unraisable(what: Any) -> None:  # noqa: ANN401 - of a type that Python does not name
    """Interrupt again, a moment later, where an interruption could not be raised."""
    if issubclass(what.exc_type, KeyboardInterrupt):
        signal.setitimer(signal.ITIMER_REAL, 0.05)
    else:
        sys.__unraisablehook__(what)
