"""``bayes-frontier contamination``: whether a benchmark is shifted for models released after a date."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_frontier.analysis.contamination_verdicts import explained_away, meaning
from bayes_frontier.cli import arguments as given
from bayes_frontier.cli.asking import records
from bayes_frontier.cli.output import Answer, Column, Value, form_of, note, show
from bayes_frontier.cli.values import day_of, fields_map, names_list, one_score, probability
from bayes_frontier.report.files import make_folder, write_picture
from bayes_frontier.report.wording import probability_words, share_words

if TYPE_CHECKING:
    import xarray as xr

app = typer.Typer()


@app.command("contamination")
def contamination(
    table: given.Table,
    after: Annotated[
        str, typer.Option(metavar="DATE", help="The date, yyyy-mm-dd: when the task's items could have leaked, say.")
    ],
    task: given.AskedTasks = None,
    reference: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Tasks that say how good a model is; may be repeated, or several with commas.",
            show_default="every other task",
        ),
    ] = None,
    delta: given.Delta = "0.02",
    prob: given.VerdictProb = "0.95",
    quick: Annotated[bool, typer.Option("--quick", help="Leave out other dates and models.")] = False,
    seed: given.Seed = 1,
    format: given.Format = None,
    column: given.Columns = None,
    metrics: given.Metrics = None,
    registry: given.RegistryFile = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for a picture a task, contamination-TASK.png; made if not there."),
    ] = None,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Ask whether models released after a date score higher on a task than other tasks of theirs lead to expect.

    Example: MATH against BBH, before and after July 2024.

        bayes-frontier contamination oll.csv --task math_lvl_5 --reference bbh --after 2024-07-01

    The logit of the score is regressed on the references' logits with a step at the date; base models are clusters, so
    one with a thousand fine-tunes is one witness. shift: how much higher models after the date score than they would
    have before, in scores. It is no proof of contamination: new post-training aimed at the task, or a new marking, look
    the same. So it is asked again at other dates, beside a trend in time, on base models with models on both sides, and
    with references as noisy measures of one quality; a shift that less than half of these see, or whose direction one
    of the last three leaves open, is called fragile. tipping and robustness (--json) say how large an
    unmeasured difference between later and earlier models would explain it.
    """
    import bayes_frontier as bf

    form = form_of(as_json, as_csv)
    day = day_of(after, "--after")
    smallest, share = one_score(delta, "--delta"), probability(prob, "--prob")
    if out is not None:
        make_folder(out, "--out")
    evaluations = bf.read(table, format=format, columns=fields_map(column), metrics=metrics, registry=registry)
    found = bf.contamination(
        evaluations,
        day,
        tasks=names_list(task),
        references=names_list(reference),
        delta=smallest,
        prob=share,
        sensitivity=not quick,
        seed=seed,
    )
    about = {
        "source": evaluations.source,
        "fingerprint": evaluations.fingerprint,
        **{name: found.attrs[name] for name in ("after", "references", "delta", "prob")},
    }
    if not quick:
        about["analyses"] = _others(found)
    header = [
        f"{evaluations.source}: models released after {day} against those before, given {found.attrs['references']}.",
        f"shift: posterior median, in scores; lower, upper: {share_words(share)} credible interval.",
    ]
    footer = ["", *_meanings(found)]
    footer += [f"Left out, {reason}: {n:,}." for reason, n in evaluations.dropped_by_reason().items()]
    show(Answer(about, _columns(smallest), records(found, ("task",)), header, footer), form)
    if out is not None:
        from bayes_frontier.plots import plot_contamination

        for name in found["task"].to_numpy():
            path = out / f"contamination-{_safe(str(name))}.png"
            write_picture(plot_contamination(found, task=str(name)).figure, path, "--out")
            note(f"Wrote {path}")


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in name)


def _columns(delta: float) -> list[Column]:
    signed, plain_number = "{:+.3f}".format, "{:.0f}".format
    return [
        Column("task", "task"),
        Column("before", "before", plain_number),
        Column("after", "after", plain_number),
        Column("base_models", "bases", plain_number),
        Column("both", "on both sides", plain_number),
        Column("median", "shift", signed),
        Column("lower", "lower", signed),
        Column("upper", "upper", signed),
        Column("up", f"P(> {delta:g})", probability_words),
        Column("down", f"P(< {-delta:g})", probability_words),
        Column("still", ""),
        Column("positive", "P(> 0)", probability_words),
        Column("logit_shift", ""),
        Column("tipping", ""),
        Column("explained", ""),
        Column("robustness", "robustness", "{:.2f}".format),
        Column("verdict", "verdict"),
    ]


def _others(found: xr.Dataset) -> list[dict[str, Value]]:
    parts = ("median", "lower", "upper", "up", "positive", "verdict")
    frame = found[[f"other_{part}" for part in parts]].to_dataframe().reset_index()
    return records(frame[frame["other_verdict"] != ""].rename(columns=lambda name: name.removeprefix("other_")))


def _meanings(found: xr.Dataset) -> list[str]:
    references = str(found.attrs["references"])
    said = []
    for name in found["task"].to_numpy():
        one = found.sel(task=name)
        word, values = str(one["verdict"].item()), (float(one["tipping"]), float(one["explained"]))
        others: dict[str, str] = {}
        above: dict[str, float] = {}
        if "analysis" in found.dims:
            names = [str(analysis) for analysis in one["analysis"].to_numpy()]
            others = dict(zip(names, map(str, one["other_verdict"].to_numpy()), strict=True))
            above = dict(zip(names, map(float, one["other_positive"].to_numpy()), strict=True))
        instead = explained_away(word, others, above, found.attrs["prob"])
        said.append(meaning(str(name), references, word, [one for one in others.values() if one], *values, instead))
    return said
