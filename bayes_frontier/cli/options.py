"""Arguments and options that several commands share, and the values people type, checked before a file is read."""

import datetime as dt
import math
import shlex
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperArgument

from bayes_frontier.errors import QueryError

FitFile = Annotated[Path, typer.Argument(metavar="FIT", help="A fit saved by `bayes-frontier fit`, such as fit.nc.")]
Table = Annotated[
    Path,
    typer.Argument(
        metavar="TABLE",
        help="CSV or Parquet: one row a model with a column a task, or one row a score; an export of the Open LLM "
        "Leaderboard; results of lm-evaluation-harness, Every Eval Ever records or Inspect logs, a file or a folder.",
    ),
]
Periods = Annotated[
    str | None,
    typer.Option(
        metavar="DATES",
        help="Closing dates of the periods, yyyy-mm-dd with commas between; models released later form one "
        "more, open period.",
        show_default="one period",
    ),
]
Tasks = Annotated[
    list[str] | None,
    typer.Option(metavar="NAMES", help="Tasks to read, with commas between; may be repeated.", show_default="all"),
]
Format = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="table, wide, long, open_llm_v2, open_llm_v1, proteus_2k, epoch, lm_eval, every_eval_ever or inspect_ai.",
        show_default="recognised by its content",
    ),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="FIELD=COLUMN",
        help="Where a field stands if its column is not recognised, such as flops=train_flops; may be "
        "repeated. Fields: model, base_model, flops, params_b (1e9), tokens_t (1e12), released, stage, task, "
        "score, n_items, cost.",
    ),
]
Metrics = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.toml",
        help='Metrics on another scale than 0 to 1: a table [tasks."name"] each, with direction = "lower" or "higher", '
        'floor, ceiling, n_items and outside = "clip".',
        show_default="scores in [0, 1], higher is better",
    ),
]
Relabel = Annotated[
    bool,
    typer.Option(
        "--relabel",
        help="Let rows whose own name, or size and date, contradicts the base model that the table states count for "
        "the one these say, with its FLOPs.",
    ),
]
AllowLimited = Annotated[
    bool, typer.Option("--allow-limited", help="Take also runs on a part of a benchmark's items (--limit).")
]
Duplicates = Annotated[
    str,
    typer.Option(
        metavar="CHOICE",
        help="A model with several different records: keep all, the first, the best (biased upward), or error.",
    ),
]
RegistryFile = Annotated[
    Path | None,
    typer.Option(
        "--registry",
        metavar="FILE.toml",
        help="Base models of your own, put over the packaged ones, in the form of evaluations/registry/registry.toml.",
        show_default="the packaged base models",
    ),
]
AskedTasks = Annotated[
    list[str] | None,
    typer.Option(
        "--task",
        metavar="NAME",
        help="A task; may be repeated, or several with commas.",
        show_default="every task",
    ),
]
Period = Annotated[
    str | None,
    typer.Option(
        metavar="PERIOD",
        help="A period: its number from 0, its label, or a date (yyyy-mm-dd) within it.",
        show_default="the last one fitted",
    ),
]
BaseModel = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="A fitted base model, such as llama-3.1-8b: its own boundary.",
        show_default="the population's, for a model on a new base model",
    ),
]
Delta = Annotated[str, typer.Option(metavar="SCORE", help="Smallest change that matters, in scores.")]
VerdictProb = Annotated[
    str, typer.Option(metavar="P", help="Probability that a verdict asks for, and inside intervals; above 0.5.")
]
Prob = Annotated[
    str,
    typer.Option(metavar="P", help="Probability inside the credible interval (equal tails), 0 to 1."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document, and nothing else.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV, and nothing else.")]
Seed = Annotated[
    int, typer.Option(min=0, metavar="N", help="Seed of every random number; the same seed repeats the run.")
]
Model = Annotated[
    str,
    typer.Option(metavar="NAME", help="hierarchical, pooled or independent, or the path of a model file (.toml)."),
]
Tau = Annotated[str, typer.Option(metavar="P", help="Share of models at or below the boundary, 0 to 1.")]
Draws = Annotated[int, typer.Option(min=1, metavar="N", help="Draws kept, a chain.")]
Tune = Annotated[int, typer.Option(min=1, metavar="N", help="Draws to adapt the sampler, a chain, not kept.")]
Chains = Annotated[int, typer.Option(min=1, metavar="N", help="Independent chains.")]
Cores = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Chains run at once.", show_default="as many as the machine has cores"),
]
AllowUnconverged = Annotated[
    bool, typer.Option("--allow-unconverged", help="Save also what did not converge, and say so.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
LeftOut = Annotated[
    Path | None,
    typer.Option(metavar="FILE.csv", help="List every row left out, with its reason, in this CSV file."),
]
Processes = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Processes of this machine.", show_default="as many as it has cores"),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Run on the workers of this Dask scheduler, tcp://HOST:8786 say. They run what this process sends: use "
        "a cluster of your own.",
        show_default="processes of this machine",
    ),
]


# Values given on the command line: FLOPs, scores, probabilities, lists; checked before a file is read.

# Wider than any model so far, narrow enough to notice another unit.
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


def _flops(part: str, option: str) -> float:
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
    found = [part.strip() for value in values or [] for part in value.split(",")]
    return list(dict.fromkeys(name for name in found if name)) or None


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
