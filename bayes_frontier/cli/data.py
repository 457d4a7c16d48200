"""``bayes-frontier data``: look at tables of evaluations, compare, combine, fetch them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_frontier.cli import options as given
from bayes_frontier.cli.output import Answer, Column, echo, form_of, note, show, show_json, titled
from bayes_frontier.display import csv_bytes
from bayes_frontier.files import check_target, replace_file
from bayes_frontier.text import flops_words

if TYPE_CHECKING:
    from bayes_frontier.evaluations.read import Survey

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """Tables of evaluations: show, identify, diff, combine, fetch."""


@app.command("show")
@given.unfolded
def show_table(
    table: given.Table,
    reading: given.Reading,
    periods: given.Periods = None,
    tasks: given.Tasks = None,
    relabel: given.Relabel = False,
    dropped: given.LeftOut = None,
    as_json: given.AsJson = False,
) -> None:
    """Show what is recognised: format, tasks, models, dates, compute, and the rows left out by reason.

    Example: which rows would a fit leave out, and why?

        bayes-frontier data show leaderboard.csv --dropped left_out.csv

    Nothing is fitted, and nothing given is changed. A source that is recognised is shown also when nothing of it can
    be fitted.
    """
    from bayes_frontier.evaluations.read import survey
    from bayes_frontier.text import count

    check_target(dropped, "--dropped")
    surveyed = survey(table, periods=periods, tasks=tasks, relabel=relabel, **reading.arguments())
    if dropped is not None:
        replace_file(dropped, csv_bytes(surveyed.left_out), "--dropped")
    if as_json:
        show_json(describe(surveyed))
    else:
        for line in surveyed.summary().splitlines():
            echo(line)
    if dropped is not None:
        note(f"{count(len(surveyed.left_out), 'row')} left out: listed in {dropped}")


def describe(surveyed: Survey) -> dict[str, object]:
    """Describe a survey as one JSON document."""
    e = surveyed.evaluations
    usable: dict[str, object] | None = None
    periods: list[dict[str, object]] = []
    if e is not None:
        n_bases = int(e.models["base_model"].nunique())
        usable = {"models": e.n_models, "base_models": n_bases, "scores": e.n_scores, "tasks": list(e.tasks)}
        sizes = [int((e.models["period"] == number).sum()) for number in range(e.n_periods)]
        periods = [{"period": label, "models": n} for label, n in zip(e.period_labels, sizes, strict=True)]
    return {
        "source": surveyed.source,
        "format": surveyed.source_format,
        "fingerprint": None if e is None else e.fingerprint,
        "rows": {"unit": surveyed.unit, "all": surveyed.n_rows, "usable": surveyed.n_used},
        "models": surveyed.n_models,
        "base_models": surveyed.n_base_models,
        "dates": {
            "known": surveyed.n_dated,
            "range": None if surveyed.dated is None else [str(d) for d in surveyed.dated],
        },
        "compute": {
            "base_model_known": surveyed.n_placed,
            "flops_known": surveyed.n_with_flops,
            "flops": None if surveyed.flops is None else list(surveyed.flops),
        },
        "usable": usable,
        "periods": periods,
        "tasks": [
            {"task": task, "scores": int(row["scores"])}
            | {name: row[name] for name in ("min", "median", "max", "metric", "filter", "shots", "detail", "scale")}
            | {"items": [row["items_min"], row["items_max"]], "not_read": list(row["others"])}
            | {"standard_errors": asdict(row["noise"])}
            for task, row in surveyed.tasks.iterrows()
        ],
        "left_out": {str(reason): int(n) for reason, n in surveyed.left_out_by_reason().items()},
        "notes": list(surveyed.notes),
    }


LONG = ["model", "base_model", "flops", "released", "stage", "task", "score", "n_items", "cost"]


@app.command("combine")
@given.unfolded
def combine(
    tables: Annotated[list[Path], typer.Argument(metavar="TABLE...", help="Two or more; the first counts most.")],
    out: Annotated[
        Path,
        given.option(
            "FILE",
            "Where to write the whole: .csv or .parquet, one row a model, or one a score "
            "where items or costs of scores are known.",
        ),
    ],
    reading: given.Reading,
    repeated: Annotated[
        str,
        given.option(
            "CHOICE",
            "A model of several tables: fill the tasks that its first record lacks, take the first record as it "
            "is, or error.",
        ),
    ] = "fill",
    rescored: Annotated[
        str,
        given.option(
            "CHOICE",
            "A task that two tables score differently: error; first (that task from the first table only); "
            "separate (two tasks); or mix.",
        ),
    ] = "error",
    tasks: given.Tasks = None,
    dropped: given.LeftOut = None,
) -> None:
    """Make one table of several, which every command reads.

    Example: the leaderboard, and results of one's own for other models or tasks.

        bayes-frontier data combine leaderboard.csv results/ --out all.csv

    What a model is, and each of its scores, says the first table that has it. A task that tables score differently is
    refused unless --rescored says what to do; `data diff` shows it.
    """
    import bayes_frontier as bf
    from bayes_frontier.text import count

    check_target(out, "--out", ".csv", ".parquet")
    check_target(dropped, "--dropped")
    parts = [reading.read(path, tasks=tasks) for path in tables]
    whole = bf.combine(*parts, repeated=repeated, rescored=rescored)  # type: ignore[arg-type]  # checked there
    detailed = bool(whole.table[["n_items", "cost"]].notna().any(axis=None))
    wide = whole.models[["model", "base_model", "flops", "released", "stage", *whole.tasks]]
    table = (whole.table[LONG] if detailed else wide).dropna(axis=1, how="all")
    csv = out.suffix == ".csv"
    replace_file(out, csv_bytes(table, date_format="%Y-%m-%d") if csv else table.to_parquet(None, index=False), "--out")
    if dropped is not None:
        replace_file(dropped, csv_bytes(whole.dropped), "--dropped")
    for line in whole.summary().splitlines():
        echo(line)
    note(f"{count(whole.n_scores, 'score')} of {count(whole.n_models, 'model')} written to {out}")
    alike = int(table.duplicated().sum())
    if alike:
        note(f"{count(alike, 'row')} of it repeat another record of the same model: reading it leaves them out")


DIFF_COLUMNS = (
    *titled(str, task="task", kind="change"),
    *titled("{:,}".format, shared="shared", changed="changed"),
    Column("mean_shift", "mean shift", "{:+.3f}".format),
    *titled("{:.3f}".format, quantile_a="quantile, first", quantile_b="second"),
    Column("quantile_shift", "shift", "{:+.3f}".format),
    *titled(str, scores_a="", scores_b=""),
)


@app.command("diff")
@given.unfolded
def diff(
    first: Annotated[Path, typer.Argument(metavar="A", help="The earlier table, in any form that is read.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="The later one.")],
    reading: given.Reading,
    tasks: given.Tasks = None,
    tau: Annotated[
        float,
        given.option("P", "Level of the quantile compared, 0 to 1.", parser=given.parser(given.probability, "--tau")),
    ] = 0.98,
    changes: Annotated[
        Path | None, given.option("FILE.csv", "List models added and removed, and every change of a shared one.")
    ] = None,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Compare two versions of a table: models added and removed, scores changed, tasks re-scored.

    Example: two days of a leaderboard, between which a benchmark was marked anew.

        bayes-frontier data diff monday.csv tuesday.csv

    Quantiles are those of the scores that both tables have. A task counts as re-scored when at least 5% of these
    differ and the shifts have a direction; a warning names it, since two scorings in one fit look like drift.
    """
    import pandas as pd

    import bayes_frontier as bf
    from bayes_frontier.text import count

    form = form_of(as_json, as_csv)
    check_target(changes, "--changes")
    a, b = (reading.read(path, tasks=tasks) for path in (first, second))
    difference = bf.diff(a, b, tau=tau)
    if changes is not None:
        parts = [
            difference.added.assign(change="added"),
            difference.removed.assign(change="removed"),
            difference.scores.assign(change="score"),
            difference.fields.assign(change="field"),
        ]
        listed = pd.concat(parts, ignore_index=True)
        order = ["change", "model", "task", "field", "a", "b", "shift", "base_model", "flops", "released", "why"]
        replace_file(changes, csv_bytes(listed[order]), "--changes")
    table = difference.tasks.to_dataframe().reset_index()
    answer = Answer(
        about={
            "a": {"source": difference.a, "fingerprint": difference.fingerprints[0], "models": a.n_models},
            "b": {"source": difference.b, "fingerprint": difference.fingerprints[1], "models": b.n_models},
            "tau": tau,
            "shared": difference.shared,
            "added": len(difference.added),
            "removed": len(difference.removed),
            "other_fields_changed": difference.fields["field"].value_counts().to_dict(),
            "rescored": list(difference.rescored),
            "warnings": difference.warnings(),
        },
        columns=DIFF_COLUMNS,
        rows=[{str(name): value for name, value in row.items()} for row in table.to_dict("records")],
        header=difference.summary().splitlines(),
    )
    show(answer, form)
    for warning in difference.warnings():
        note(f"Warning: {warning}")
    if changes is not None:
        note(f"{count(len(listed), 'change')} listed in {changes}")


@app.command("fetch")
def fetch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="oll-v2, oll-v1, proteus-2k or epoch.")],
    out: Annotated[Path | None, given.option("FILE", "Copy it here.", show_default="left in the cache")] = None,
    revision: Annotated[
        str | None, given.option("COMMIT", "Another commit, branch or tag.", show_default="the one pinned here")
    ] = None,
    sha256: Annotated[str | None, given.option("DIGITS", "Refuse a file with another SHA-256 than this one.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes.")] = False,
    as_json: given.AsJson = False,
) -> None:
    """Download a published table and print where it is.

    Example: fit the Open LLM Leaderboard v2 as it ended.

        bayes-frontier fit $(bayes-frontier data fetch oll-v2) --periods 2024-06-30,2024-12-31 --out fit.nc

    It is downloaded once, at one commit, and checked against the checksum that the hub states; an interrupted download
    goes on where it stopped. Afterwards no network is used. HF_ENDPOINT names a mirror. Epoch AI's archive is not on
    the Hugging Face Hub and has no commits: --revision latest replaces the one kept.
    """
    from bayes_frontier.evaluations.fetch import fetch as get

    check_target(out, "--out")
    fetched = get(name, revision=revision, sha256=sha256, progress=False if quiet else None)
    if out is not None:
        replace_file(out, Path(fetched.path).read_bytes(), "--out")
    place = str(out) if out is not None else fetched.path
    if not quiet:
        how = "downloaded" if fetched.downloaded else "already here"
        note(
            f"{fetched.name}: {how}; {fetched.repository} at {fetched.revision[:12]}, {fetched.file}, checked against "
            f"{fetched.checked}, SHA-256 {fetched.sha256}"
        )
    if as_json:
        show_json(asdict(fetched) | {"path": place})
    else:
        echo(place)


LEAST = 20
IDENTIFY_COLUMNS = (
    *titled(str, model="model", base_model="base model", rule="rule"),
    Column("confidence", "confidence", lambda value: f"{value:.2f}"),
    Column("flops", "FLOPs", flops_words),
    *titled(str, released="released", reason="reason", evidence="evidence", against="against"),
)


@app.command("identify")
@given.unfolded
def identify(
    table: given.Table,
    reading: given.Source,
    relabel: given.Relabel = False,
    unplaced: Annotated[
        Path | None, given.option("FILE.csv", "List the models without a base model, with the reason, for review.")
    ] = None,
    template: Annotated[
        Path | None, given.option("FILE.csv", "Write these models to a file for --models, to fill in their compute.")
    ] = None,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Show the base model of each model, the rule that found it and its confidence.

    Example: which models of a leaderboard have no place on the compute axis?

        bayes-frontier data identify leaderboard.csv --unplaced unplaced.csv

    Look them up, and say in a file for --models, which --template writes, what they are built on (base_model) or what
    their training took: flops, within a factor flops_factor, or params_b (1e9) and tokens_t (1e12).

    As text the rules and the least sure models are shown; --csv and --json give every model, and what decided
    (evidence) and what contradicted (against). Rules: reviewed (the registry, or your file for it, says so), self (a
    base model itself), release (a post-trained model that the registry lists), base (its base field names one),
    base-name (so does a name in that field), mapped (the table's publisher assigned it), name (its own name), chain
    (its base is another model of the table), size (architecture, parameters and date), stated (the table says), own
    (so it does, of one the registry does not know), relabelled (with --relabel: the row contradicts what the table
    says, which is then the reason given). Confidence is the share of names checked by hand that were right, by kind of
    evidence.
    """
    from bayes_frontier.evaluations.read import identification
    from bayes_frontier.evaluations.registry.listed import TEMPLATE
    from bayes_frontier.text import count

    form = form_of(as_json, as_csv)
    check_target(unplaced, "--unplaced")
    models = identification(table, relabel=relabel, **reading.arguments())
    without = models[models["base_model"] == ""]
    check_target(template, "--template")
    if template is not None:
        mine = without.drop_duplicates("model")[["model", "released"]].reindex(columns=list(TEMPLATE))
        replace_file(template, csv_bytes(mine, date_format="%Y-%m-%d"), "--template")
    if unplaced is not None:
        review = without[["model", "released", "reason", "source_row"]]
        replace_file(unplaced, csv_bytes(review), "--unplaced")
    rules = models["rule"][models["base_model"] != ""].value_counts()
    least = models[models["base_model"] != ""].sort_values("confidence", kind="stable", na_position="first")
    listed = models if form != "text" else least.head(LEAST)
    listed = listed.assign(released=listed["released"].dt.strftime("%Y-%m-%d"))
    rows = [
        {str(name): None if value == "" else value for name, value in row.items()}
        for row in listed[[column.key for column in IDENTIFY_COLUMNS]].to_dict("records")
    ]
    # as text only the columns that say something, and not what decided
    spare = {key for key in ("reason", "against") if not any(row[key] for row in rows)} | {"evidence"}
    columns = [column for column in IDENTIFY_COLUMNS if form != "text" or column.key not in spare]
    placed = len(models) - len(without)
    share = f"{count(len(models), 'model')} in {table.name}, {placed:,} placed ({placed / max(len(models), 1):.1%})"
    answer = Answer(
        about={
            "source": table.name,
            "models": len(models),
            "placed": placed,
            "rules": {str(rule): int(n) for rule, n in rules.items()},
        },
        columns=columns,
        rows=rows,
        header=[
            share,
            "by rule: " + (", ".join(f"{rule} {n:,}" for rule, n in rules.items()) or "none"),
            *([f"the {len(rows)} least sure:"] if len(rows) < placed else []),
        ],
        footer=[f"without a base model: {len(without):,}; --unplaced FILE.csv lists them"] if len(without) else [],
    )
    show(answer, form)
    if unplaced is not None:
        note(
            f"{count(len(without), 'model')} without a base model: listed in {unplaced}; place them under [placed] in "
            "a file for --registry"
        )
    if template is not None:
        note(f"to fill in, and give as --models: {template}")


REGISTRY_COLUMNS = (
    *titled(str, model="model", base_model="base model", developer="developer", released="released"),
    *titled("{:,.4g}".format, params_b="params (1e9)", active_params_b="active", tokens_t="tokens (1e12)"),
    Column("flops", "FLOPs", flops_words),
    Column("flops_factor", "within", "x{:.2g}".format),
    *titled(str, grade="grade", access="access", teacher="teacher", source="source"),
)


@app.command("registry")
def registry(
    words: Annotated[list[str] | None, typer.Argument(metavar="WORDS", help="Only entries with all of these.")] = None,
    file: given.RegistryFile = None,
    models: given.ModelsFile = None,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Search the base models that are known, with parameters, tokens, FLOPs, how sure these are, and the source.

    Example: what is known of Grok, and of models distilled from DeepSeek-R1?

        bayes-frontier data registry grok

        bayes-frontier data registry distill deepseek-r1

    within: the factor within which the FLOPs lie with probability 0.9. Post-trained releases that the registry lists
    have a base model, whose compute is theirs.
    """
    from bayes_frontier.evaluations.registry.registry import given_registry

    form = form_of(as_json, as_csv)
    asked = [word.casefold() for word in words or ()]
    known = given_registry(file) if models is None else given_registry(file).extended(models)
    rows = [row for row, text in known.entries() if all(word in text for word in asked)]
    # as text without where the numbers come from, which is long
    columns = REGISTRY_COLUMNS if form != "text" else [c for c in REGISTRY_COLUMNS if c.key != "source"]
    columns = [c for c in columns if form != "text" or any(row[c.key] is not None for row in rows)]
    header = [f"{len(rows):,} of {len(known):,} base models and {len(known.releases):,} releases of others"]
    show(Answer({"words": asked, "base_models": len(known)}, columns, rows, header), form)
