"""Arguments and options that several commands share, with their help."""

from pathlib import Path
from typing import Annotated

import typer

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
        help="Base models of your own, put over the packaged ones, in the form of evaluations/registry.toml.",
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
