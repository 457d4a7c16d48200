"""``bayes-frontier contamination`` and ``stages``: shifted benchmarks, and what post-training adds."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from bayes_frontier.cli import options as given
from bayes_frontier.cli.options import names_list
from bayes_frontier.cli.output import Answer, Column, Value, draw, echo, form_of, load, note, records, show, titled
from bayes_frontier.errors import QueryError
from bayes_frontier.files import check_target, make_folder
from bayes_frontier.text import flops_words, probability_words, share_words

if TYPE_CHECKING:
    import xarray as xr

app = typer.Typer()

# Computes of the curves in the picture of stages.
_POINTS = 40


@app.command("contamination", rich_help_panel=given.DATA)
@given.unfolded
def contamination(
    table: given.Table,
    after: Annotated[
        dt.date,
        given.option(
            "DATE",
            "The date, yyyy-mm-dd: when the task's items could have leaked, say.",
            parser=given.parser(given.day_of, "--after"),
        ),
    ],
    reading: given.Reading,
    task: given.AskedTasks = None,
    reference: Annotated[
        list[str] | None,
        given.option(
            "NAME",
            "Tasks that say how good a model is; may be repeated, or several with commas.",
            show_default="every other task",
            callback=names_list,
        ),
    ] = None,
    delta: given.Delta = 0.02,
    prob: given.VerdictProb = 0.95,
    quick: Annotated[bool, typer.Option("--quick", help="Leave out other dates and models.")] = False,
    seed: given.Seed = 1,
    out: Annotated[Path | None, given.picture_option("one picture per task, contamination-TASK.png")] = None,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Ask whether a benchmark is shifted after a date: contamination, or what looks like it.

    Do models released later score higher on a task than their scores on other tasks lead to expect? Example: MATH
    against BBH, before and after July 2024.

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
    make_folder(out, "--out")
    evaluations = reading.read(table)
    shifts = bf.contamination(
        evaluations, after, tasks=task, references=reference, delta=delta, prob=prob, sensitivity=not quick, seed=seed
    )
    about = {
        "source": evaluations.source,
        "fingerprint": evaluations.fingerprint,
        **{name: shifts.attrs[name] for name in ("after", "references", "delta", "prob")},
    }
    if not quick:
        about["analyses"] = _others(shifts)
    header = [
        f"{evaluations.source}: models released after {after} against those before, given "
        f"{shifts.attrs['references']}.",
        f"shift: posterior median, in scores; lower, upper: {share_words(prob)} credible interval.",
    ]
    footer = ["", *_meanings(shifts)]
    footer += [f"Left out, {reason}: {n:,}." for reason, n in evaluations.dropped_by_reason().items()]
    signed, plain_number = "{:+.3f}".format, "{:.0f}".format
    columns = [
        Column("task", "task"),
        *titled(plain_number, before="before", after="after", base_models="bases", both="on both sides"),
        *titled(signed, median="shift", lower="lower", upper="upper"),
        *titled(probability_words, up=f"P(> {delta:g})", down=f"P(< {-delta:g})"),
        Column("still", ""),
        Column("positive", "P(> 0)", probability_words),
        *titled(str, logit_shift="", tipping="", explained=""),
        Column("robustness", "robustness", "{:.2f}".format),
        Column("verdict", "verdict"),
    ]
    show(Answer(about, columns, records(shifts, ("task",)), header, footer), form)
    if out is not None:
        for name in map(str, shifts["task"].to_numpy()):
            file = f"contamination-{''.join(c if c.isalnum() or c in '-_.' else '_' for c in name)}.png"
            draw(out, file, lambda plots, task=name: plots.plot_contamination(shifts, task=task).figure)  # type: ignore[misc]


def _others(shifts: xr.Dataset) -> list[dict[str, Value]]:
    parts = ("median", "lower", "upper", "up", "positive", "verdict")
    frame = shifts[[f"other_{part}" for part in parts]].to_dataframe().reset_index()
    return records(frame[frame["other_verdict"] != ""].rename(columns=lambda name: name.removeprefix("other_")))


def _meanings(shifts: xr.Dataset) -> list[str]:
    from bayes_frontier.analysis.contamination import explained_away, meaning

    references = str(shifts.attrs["references"])
    said = []
    for name in shifts["task"].to_numpy():
        one = shifts.sel(task=name)
        word, values = str(one["verdict"].item()), (float(one["tipping"]), float(one["explained"]))
        others: dict[str, str] = {}
        above: dict[str, float] = {}
        if "analysis" in shifts.dims:
            names = [str(analysis) for analysis in one["analysis"].to_numpy()]
            others = dict(zip(names, map(str, one["other_verdict"].to_numpy()), strict=True))
            above = dict(zip(names, map(float, one["other_positive"].to_numpy()), strict=True))
        instead = explained_away(word, others, above, shifts.attrs["prob"])
        said.append(meaning(str(name), references, word, [one for one in others.values() if one], *values, instead))
    return said


@app.command("stages", rich_help_panel=given.DATA)
@given.unfolded
def stages(
    table: Annotated[
        Path,
        typer.Argument(
            metavar="TABLE",
            help="Evaluations of pretrained and post-trained models (column stage; Type in an Open LLM Leaderboard "
            "export), or a fit of both that --save has written.",
        ),
    ],
    reading: given.Reading,
    flops: Annotated[Sequence[float] | None, given.flops_option("Where to look:", "1e22, 1e23 and 1e24")] = None,
    delta: given.Delta = 0.02,
    prob: given.VerdictProb = 0.9,
    tasks: given.Tasks = None,
    tau: given.Tau = 0.98,
    seed: given.Seed = 1,
    draws: given.Draws = 1000,
    tune: given.Tune = 300,
    chains: given.Chains = 4,
    cores: given.Cores = None,
    save: Annotated[Path | None, given.option("FILE.nc", "Keep the fit of both stages, to ask it again.")] = None,
    out: Annotated[Path | None, given.picture_option("a picture, stages.png")] = None,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Compare pretrained with post-trained models: the lift by task and compute.

    Example: fit both stages, then look at more computes.

        bayes-frontier stages oll.csv --save stages.nc

        bayes-frontier stages stages.nc --flops 1e22:1e25:7 --out lift

    lift: how much higher the boundary of post-trained models is than that of pretrained ones of the same compute.
    unlocked: probability that post-trained models attain there what pretrained ones do not at any compute there is.
    Then how predictable each stage is: how often, among base models in the order of compute, the next one has a lower
    boundary, and the range within which the middle 80% of scores scatter around a typical base model's boundary.
    """
    import bayes_frontier as bf

    form = form_of(as_json, as_csv)
    computes = flops or (1e22, 1e23, 1e24)
    make_folder(out, "--out")
    if table.suffix == ".nc":
        if save is not None:
            raise QueryError("--save: this is a fit already; give a table to fit anew.")
        frontier = load(table)
    else:
        check_target(save, "--save", ".nc")
        evaluations = reading.read(table, tasks=tasks)
        frontier = bf.fit(
            bf.by_stage(evaluations), tau=tau, seed=seed, draws=draws, tune=tune, chains=chains, cores=cores
        )
        if save is not None:
            frontier.save(save)
            note(f"Saved {save}.")
    lifts = bf.stages(frontier, flops=computes, delta=delta, prob=prob)
    by_stage = records(lifts, ("task", "stage"))
    about = {
        "tau": frontier.tau,
        "prob": prob,
        "delta": delta,
        "source": frontier.evaluations.source,
        "fingerprint": frontier.evaluations.fingerprint,
        "converged": frontier.converged,
        "stages": by_stage,
    }
    header = [
        f"Boundary of post-trained models less that of pretrained ones (tau = {frontier.tau:g}), on new base models.",
        f"lift: posterior median, in scores; lower, upper: {share_words(prob)} credible interval.",
    ]
    number, signed = "{:.3f}".format, "{:+.3f}".format
    columns = [
        Column("task", "task"),
        Column("flops", "FLOPs", flops_words),
        *titled(number, pretrained="pretrained", post_trained="post-trained"),
        *titled(signed, lift="lift", lift_lower="lower", lift_upper="upper"),
        Column("above", f"P(> {delta:g})", probability_words),
        *titled(str, below="", still=""),
        Column("unlocked", "unlocked", probability_words),
        Column("verdict", "verdict"),
    ]
    show(Answer(about, columns, records(lifts, ("task", "flops")), header), form)
    if form == "text":
        echo()
        show(Answer({}, _STAGE_COLUMNS, by_stage), form)
    if out is not None:
        models = frontier.evaluations.models["flops"]
        grid = np.geomspace(float(models.min()), float(models.max()), _POINTS).tolist()
        curves = bf.stages(frontier, flops=grid, delta=delta, prob=prob)
        draw(out, "stages.png", lambda plots: plots.plot_stages(curves)[0].figure)


_STAGE_COLUMNS = [
    *titled(str, task="task", stage="stage"),
    *titled("{:,.0f}".format, models="models", pairs="pairs"),
    *titled("{:.0%}".format, decreases="decreases", decreases_lower="lower", decreases_upper="upper"),
    *titled("{:.3f}".format, spread="spread", spread_lower="lower", spread_upper="upper"),
]
