"""Options that several commands share, the values people type into them, and a call as it was typed."""

import dataclasses
import datetime as dt
import functools
import inspect
import math
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer
from typer.core import TyperArgument

from bayes_frontier.errors import QueryError

if TYPE_CHECKING:
    from bayes_frontier.evaluations import Evaluations
    from bayes_frontier.evaluations.registry.registry import Registry

# Panels of `--help`: what commands are for, and what options are about.
START, ASK, COMPARE, CHOOSE, EVIDENCE, DATA = (
    "Start here",
    "Ask a fit",
    "Compare new data with a fit",
    "Choose what to evaluate, and update",
    "Evidence: may a fit be believed?",
    "Data: look at tables, without a fit",
)
READING, SAMPLING = "Reading the table", "Sampling"

# Values as people type them are checked before a file is read.
# FLOPs: wider than any model so far, narrow enough to notice another unit.
FLOPS_RANGE = (1e15, 1e30)
_LOG10_RANGE = (15.0, 30.0)
_MOST = 200


def flops_list(text: str, option: str = "--flops") -> list[float]:
    """Read FLOPs: ``1e24``, ``1e22,1e24``, or ``1e22:1e26:5`` for 5 values evenly spaced in log FLOPs."""
    values: list[float] = []
    for part in _parts(text, option):
        values += _log_range(part, option) if ":" in part else [_flops(part, option)]
    if len(values) > _MOST:
        raise QueryError(f"{option}: {len(values):,} values; ask for at most {_MOST} at a time.")
    return values


def _log_range(part: str, option: str) -> list[float]:
    ends = part.split(":")
    if len(ends) != 3 or not ends[2].strip().isdecimal() or int(ends[2][:9]) < 2:
        raise QueryError(
            f"{option}: cannot read the range {part!r}; write FROM:TO:COUNT with at least 2 values, such as "
            "1e22:1e26:5."
        )
    low, high, n = _flops(ends[0], option), _flops(ends[1], option), int(ends[2][:9])
    if low >= high:
        raise QueryError(f"{option}: the range {part!r} runs downwards; write the smaller end first.")
    if n > _MOST:
        raise QueryError(f"{option}: {n:,} values; ask for at most {_MOST} at a time.")
    step = math.log10(high / low) / (n - 1)
    return [low, *(float(f"{low * 10 ** (step * i):.12g}") for i in range(1, n - 1)), high]


def plain_powers(text: str) -> str:
    """Write powers of ten as they are computed with: 10^24 and 7.2x10^23 are 1e24 and 7.2e23."""
    return re.sub(r"(?:([\d.]+)\s*[x×*]\s*)?\b10(?:\^|\*\*)(\d+)", lambda m: f"{m[1] or 1}e{m[2]}", text)


def _flops(part: str, option: str) -> float:
    part = plain_powers(part)
    value = _number(part, option, "FLOPs; write 1e24, several as 1e22,1e24, or a range as 1e22:1e26:5")
    low, high = FLOPS_RANGE
    if _LOG10_RANGE[0] <= value <= _LOG10_RANGE[1]:
        raise QueryError(f"{option}: {part.strip()} looks like log10 of FLOPs: write {_e(10**value)}.")
    if not value > 0:
        raise QueryError(f"{option}: {part.strip()} is not a positive number of FLOPs; write 1e24, say.")
    if not low <= value <= high:
        raise QueryError(
            f"{option}: {part.strip()} is outside {_e(low)} to {_e(high)}, so it is hardly a number of "
            "FLOPs. FLOPs are 6 x parameters x tokens: an 8e9-parameter model on 15e12 tokens has 7.2e23; "
            "one ZFLOP is 1e21."
        )
    return value


def scores_list(text: str, option: str = "--score") -> list[float]:
    """Read scores in [0, 1], separated by commas."""
    return [_share(part, option, "score") for part in _parts(text, option)]


def one_score(text: str, option: str) -> float:
    """Read one score in [0, 1]."""
    return _one(scores_list(text, option), option)


def one_flops(text: str, option: str = "--flops") -> float:
    """Read one number of FLOPs."""
    return _one(flops_list(text, option), option)


def _one(values: list[float], option: str) -> float:
    if len(values) > 1:
        raise QueryError(f"{option}: give one number.")
    return values[0]


def probability(text: str, option: str) -> float:
    """Read a probability between 0 and 1, both excluded."""
    value = _share(text, option, "probability")
    if value in (0.0, 1.0):
        raise QueryError(f"{option}: {text.strip()} leaves nothing out; give a number between 0 and 1.")
    return value


def _share(part: str, option: str, noun: str) -> float:
    value = _number(part, option, f"a {noun}; write a number between 0 and 1, such as 0.5")
    if 1.0 < value <= 100.0:
        raise QueryError(f"{option}: {part.strip()} looks like a percentage: write {value / 100:g}.")
    if not 0.0 <= value <= 1.0:
        raise QueryError(f"{option}: {part.strip()} is not a {noun}, which lies between 0 and 1.")
    return value


def names_list(values: list[str] | None) -> list[str] | None:
    """Read names, from an option that may be repeated and whose values may hold commas."""
    names = [part.strip() for value in values or [] for part in value.split(",")]
    return list(dict.fromkeys(name for name in names if name)) or None


def day_of(text: str, option: str) -> dt.date:
    """Read a date."""
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        raise QueryError(f"{option}: cannot read {text[:40]!r} as a date; write it as 2025-03-31.") from None


def fields_map(values: list[str] | None) -> dict[str, str]:
    """Read ``FIELD=COLUMN`` pairs."""
    columns: dict[str, str] = {}
    for value in values or []:
        field, equals, column = (part.strip() for part in value.partition("="))
        if not (field and equals and column):
            raise QueryError(f"--column: cannot read {value!r}; write FIELD=COLUMN, such as flops=train_flops.")
        if field in columns:
            raise QueryError(f"--column: {field} is given twice; name one column for it.")
        columns[field] = column
    return columns


def period_of(text: str | None) -> str | int | None:
    """Read a period: a number counts from 0 (or back from -1), everything else is a label or a date."""
    if text is None:
        return None
    text = text.strip()
    return int(text) if text.removeprefix("-").isdecimal() and len(text) < 4 else text


def _parts(text: str, option: str) -> list[str]:
    parts = [part for part in text.split(",") if part.strip()]
    if not parts:
        raise QueryError(f"{option}: no value is given.")
    return parts


def _number(part: str, option: str, what: str) -> float:
    try:
        value = float(part)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise QueryError(f"{option}: cannot read {part.strip()[:40]!r} as {what}.")
    return value


def _e(value: float) -> str:
    return f"{value:.3g}".replace("e+", "e")


def parser[T](read: Callable[[str, str], T], option: str) -> Callable[[object], T]:
    """Make a parser for Typer, which hands over defaults as well, as the numbers they are."""
    return lambda value: read(str(value), option)


# Arguments and options.


def option(metavar: str, help: str, *names: str, **settings: Any) -> Any:  # noqa: ANN401 - what Typer itself returns
    """Make an option that takes a value; `settings` are those of Typer."""
    return typer.Option(*names, metavar=metavar, help=help, **settings)


FitFile = Annotated[Path, typer.Argument(metavar="FIT", help="A fit saved by `bayes-frontier fit`, such as fit.nc.")]
Table = Annotated[
    Path,
    typer.Argument(
        metavar="TABLE",
        help="CSV or Parquet, one row per model or per score; a leaderboard's export; results of a harness, a file "
        "or a folder.",
    ),
]

# How a table is read.

Periods = Annotated[
    str | None,
    option(
        "DATES",
        "Closing dates, as 2024-06-30,2024-12-31; later models form an open period. Without: one period.",
        rich_help_panel=READING,
    ),
]
Tasks = Annotated[
    list[str] | None,
    option(
        "NAMES", "Only these tasks, with commas between; may be repeated.", rich_help_panel=READING, callback=names_list
    ),
]
Format = Annotated[
    str | None, option("NAME", "A format, as lm_eval or wide. Without: found by content.", rich_help_panel=READING)
]
Columns = Annotated[
    list[str] | None,
    option(
        "FIELD=NAME",
        "Column of model, base_model, flops, params_b (billions), tokens_t (trillions), released, stage, task, score, "
        "n_items or cost: flops=train_flops (model==NAME: all rows).",
        "--column",
        rich_help_panel=READING,
    ),
]
Metrics = Annotated[
    Path | None,
    option("TASK=A..B", "Scale of a metric, worst to best: '*=0..100'; or a TOML file.", rich_help_panel=READING),
]
Relabel = Annotated[
    bool,
    typer.Option(
        "--relabel", help="Believe a row's name, or size and date, over a stated base.", rich_help_panel=READING
    ),
]
AllowLimited = Annotated[
    bool,
    typer.Option(
        "--allow-limited", help="Take also runs on a part of a benchmark's items (--limit).", rich_help_panel=READING
    ),
]
Duplicates = Annotated[
    str, option("CHOICE", "Several records of a model: keep, first, best, error.", rich_help_panel=READING)
]
Copies = Annotated[str, option("CHOICE", "Weights uploaded again: auto, once or keep.", rich_help_panel=READING)]
Compute = Annotated[str, option("CHOICE", "FLOPs that count: stated or registry.", rich_help_panel=READING)]
RegistryFile = Annotated[
    Path | None,
    option("FILE.toml", "Your own base models, put over the packaged ones.", "--registry", rich_help_panel=READING),
]


ModelsFile = Annotated[
    Path | None,
    option("FILE.csv", "Compute of your own models (data identify --template).", "--models", rich_help_panel=READING),
]


@dataclasses.dataclass(frozen=True)
class Source:
    """What has to be said of any file of evaluations: its format, its columns, whose base models it names."""

    format: Format = None
    column: Columns = None
    registry: RegistryFile = None
    models: ModelsFile = None

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `bayes_frontier.read` that these options are."""
        registry: Registry | Path | None = self.registry
        if self.models is not None:
            from bayes_frontier.evaluations.registry.registry import given_registry

            registry = given_registry(registry).extended(self.models)
        return {"format": self.format, "columns": fields_map(self.column), "registry": registry}


@dataclasses.dataclass(frozen=True)
class Reading(Source):
    """How a table is read: the options of every command that reads one."""

    duplicates: Duplicates = "keep"
    copies: Copies = "auto"
    compute: Compute = "stated"
    metrics: Metrics = None
    allow_limited: AllowLimited = False

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `bayes_frontier.read` that these options are."""
        more = {name: getattr(self, name) for name in ("duplicates", "copies", "compute", "metrics")}
        return super().arguments() | more | {"limited": self.allow_limited}

    def read(
        self,
        table: Path,
        *,
        periods: str | None = None,
        tasks: list[str] | None = None,
        relabel: bool = False,
        registry: "Registry | None" = None,
    ) -> "Evaluations":
        """Read a table with these options; the registry of a fit is taken where none is given."""
        import bayes_frontier as bf

        arguments = self.arguments()
        arguments["registry"] = arguments["registry"] or registry
        return bf.read(table, periods=periods, tasks=tasks, relabel=relabel, **arguments)


def unfolded[R](command: Callable[..., R]) -> Callable[..., R]:
    """Give a command the options of the dataclasses that its parameters are, which Typer does not know how to read."""
    signature = inspect.signature(command, eval_str=True)
    groups: dict[str, Any] = {
        name: p.annotation for name, p in signature.parameters.items() if dataclasses.is_dataclass(p.annotation)
    }
    parameters = []
    for name, parameter in signature.parameters.items():
        if name not in groups:
            parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        hints = get_type_hints(groups[name], include_extras=True)
        parameters += [
            inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=hints[f.name])
            for f in dataclasses.fields(groups[name])
        ]

    @functools.wraps(command)
    def folded(**values: object) -> R:
        made = {
            name: group(**{f.name: values.pop(f.name) for f in dataclasses.fields(group)})
            for name, group in groups.items()
        }
        return command(**values, **made)

    folded.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    folded.__annotations__ = {p.name: p.annotation for p in parameters}
    return folded


# What is asked of a fit.

AskedTasks = Annotated[
    list[str] | None,
    option(
        "NAME",
        "A task; may be repeated, or several with commas.",
        "--task",
        show_default="every task",
        callback=names_list,
    ),
]
Period = Annotated[
    str | None,
    option(
        "PERIOD",
        "A period: its number from 0, its label, or a date (yyyy-mm-dd) within it.",
        show_default="the last one fitted",
    ),
]
BaseModel = Annotated[
    str | None,
    option(
        "NAME",
        "A fitted base model, such as llama-3.1-8b: its own boundary.",
        show_default="the population's, for a model on a new base model",
    ),
]
Population = Annotated[
    str,
    option(
        "NAME",
        "Whose models: bases (on a base model drawn anew, each counting the same), models (as those of the last "
        "period), recent (on a base model of the last year), new-family (on a base model of another developer).",
    ),
]
Ability = Annotated[
    bool,
    typer.Option(
        "--ability", help="What models can do on very many items of this kind, without the noise of a finite benchmark."
    ),
]
Delta = Annotated[
    float, option("SCORE", "Smallest change that matters, in scores.", parser=parser(one_score, "--delta"))
]
VerdictProb = Annotated[
    float,
    option(
        "P",
        "Probability that a verdict asks for, and inside intervals; above 0.5.",
        parser=parser(probability, "--prob"),
    ),
]
Prob = Annotated[
    float,
    option(
        "P", "Probability inside the credible interval (equal tails), 0 to 1.", parser=parser(probability, "--prob")
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document, and nothing else.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV, and nothing else.")]

# How a fit is made.

Model = Annotated[str, option("NAME", "hierarchical, pooled, independent, or a model file (.toml).")]
Tau = Annotated[
    float, option("P", "Share of models at or below the boundary, 0 to 1.", parser=parser(probability, "--tau"))
]
Seed = Annotated[int, option("N", "Seed; the same one repeats the run.", min=0, rich_help_panel=SAMPLING)]
Draws = Annotated[int, option("N", "Draws kept per chain.", min=1, rich_help_panel=SAMPLING)]
Tune = Annotated[int, option("N", "Draws per chain that adapt the sampler.", min=1, rich_help_panel=SAMPLING)]
Chains = Annotated[int, option("N", "Independent chains.", min=1, rich_help_panel=SAMPLING)]
Cores = Annotated[
    int | None, option("N", "Chains run at once.", min=1, show_default="the machine's cores", rich_help_panel=SAMPLING)
]
TargetAccept = Annotated[float, option("P", "Acceptance rate; higher, fewer divergences.", rich_help_panel=SAMPLING)]
AllowUnconverged = Annotated[
    bool,
    typer.Option("--allow-unconverged", help="Save also what did not converge, and say so.", rich_help_panel=SAMPLING),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
LeftOut = Annotated[Path | None, option("FILE.csv", "List every row left out, with its reason, in this CSV file.")]
Processes = Annotated[
    int | None,
    option("N", "Processes of this machine.", min=1, show_default="as many as it has cores", rich_help_panel=SAMPLING),
]
Scheduler = Annotated[
    str | None,
    option(
        "ADDRESS",
        "Run on the workers of this Dask scheduler, tcp://HOST:8786 say. They run what this process sends: use "
        "a cluster of your own.",
        show_default="processes of this machine",
        rich_help_panel=SAMPLING,
    ),
]


def flops_option(help: str, default: str | bool = False, option: str = "--flops") -> Any:  # noqa: ANN401 - what Typer itself returns
    """Make an option for one or more computes; `default` says in words what is asked without it."""
    forms = " 1e24, several as 1e22,1e24, or 1e22:1e26:5."
    return typer.Option(
        option, metavar="FLOPS", help=help + forms, show_default=default, parser=parser(flops_list, option)
    )


def picture_option(names: str) -> Any:  # noqa: ANN401 - what Typer itself returns
    """Make the option `--out` of commands that draw."""
    return typer.Option(
        "--out", metavar="DIR", help=f"Folder for {names}; made if it is not there.", show_default=False
    )


# A call as it was typed, for the page that a command writes.

# What does not change the result.
_LEFT_OUT = ("quiet", "as_json", "as_csv", "cores", "scheduler")


def typed(context: typer.Context, *command: str, program: str = "bayes-frontier") -> str:
    """Write a call: files by their names, and the options that differ from their defaults."""
    arguments, options = [], []
    for parameter in context.command.params:
        value = context.params.get(parameter.name or "")
        if parameter.name in _LEFT_OUT or value in (None, parameter.default, []):
            continue
        values = value if isinstance(value, list | tuple) else [value]
        if isinstance(parameter, TyperArgument):
            arguments += [_shown(one, by_name=True) for one in values]
        else:
            for one in values:
                options += [parameter.opts[0], *([] if one is True else [_shown(one, by_name=False)])]
    return shlex.join([*program.split(), *command, *arguments, *options])


def _shown(value: object, *, by_name: bool) -> str:
    if not isinstance(value, Path):
        return str(value)
    return value.name if by_name or value.is_absolute() or ".." in value.parts else value.as_posix()
