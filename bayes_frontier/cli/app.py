"""The application: its commands in groups, its global options, and how a command fails."""

import errno
import os
import sys
import traceback
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from bayes_frontier.cli import ask, base_models, choose, data, evidence, gate, questions, releases, start, watch
from bayes_frontier.cli import options as given
from bayes_frontier.errors import ConvergenceError, FrontierError

_FULL = (errno.ENOSPC, errno.EDQUOT)
USER_ERROR, NOT_CONVERGED, DEFECT, INTERRUPTED, BROKEN_PIPE = 2, 3, 70, 130, 141


class GuardedGroup(TyperGroup):
    """The commands, with every exception turned into a message and an exit status."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - typer's own base class
        """Put defaults into the text of their options: a line of help less for each than Typer's own way."""
        super().__init__(**settings)
        for command in self.commands.values():
            for option in command.params:
                _say_default(option)
        if "plan" in self.commands:
            places = {name: panel for panel, names in choose.PANELS.items() for name in names}
            options: list[Any] = self.commands["plan"].params
            for option in options:
                option.rich_help_panel = places.get(option.name, option.rich_help_panel)

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
            _fail("Interrupted: a file that was not finished was not written.", INTERRUPTED, debug)
        except FrontierError as error:
            status = NOT_CONVERGED if isinstance(error, ConvergenceError) else USER_ERROR
            _fail(f"Error: {error}", status, debug)
        except Exception as error:
            if isinstance(error, OSError) and error.errno in _FULL:
                leave_quietly()
                _fail(f"Error: {error.filename or 'standard output'}: {error.strerror}. Make room.", USER_ERROR, debug)
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
    typer.echo(message, err=True)
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
    try:
        app(prog_name="bayes-frontier")
    finally:
        leave_quietly()
