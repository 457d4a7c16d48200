"""``bayes-frontier ask``, ``attain``, ``compute-for`` and ``drift``: the questions a saved fit answers first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_frontier.cli import options as given
from bayes_frontier.cli.output import (
    Answer,
    Column,
    Question,
    Value,
    about,
    ask,
    draw,
    echo,
    form_of,
    header,
    load,
    question,
    searched_words,
    several_periods,
    show,
    show_json,
    titled,
    whose_models,
)
from bayes_frontier.files import make_folder
from bayes_frontier.text import flops_words, probability_words, share_words, task_title

if TYPE_CHECKING:
    from bayes_frontier.evaluations.diff import Difference
    from bayes_frontier.posterior.frontier import Frontier

app = typer.Typer()

FLOPS_SEARCHED = (1e18, 1e28)


@app.command("ask", rich_help_panel=given.START)
def ask_fit(
    fit: given.FitFile,
    flops: Annotated[str, given.option("FLOPS", "Pre-training compute, as 1e24 or 10^24, or a base model's name.")],
    task: given.AskedTasks = None,
    period: given.Period = None,
    prob: given.Prob = 0.9,
    as_json: given.AsJson = False,
) -> None:
    """Say in plain words what is attainable: percent, interval, change, best model nearby, and what that rests on.

    Example: the compute of Llama 3.1 8B, and one benchmark, as people write it.

        bayes-frontier ask fit.nc --flops "Llama 3.1 8B" --task "MATH Lvl 5"

    A few quick checks of the fit come with it; `check` runs them all, `attain` gives numbers for tables.
    """
    asked = question(task, period, None, prob)
    frontier = load(fit)
    from bayes_frontier.analysis.headline import QUICK, flops_of, headline
    from bayes_frontier.checks import run

    number = re.fullmatch(r"[\d.+-]+(e[\d+-]+)?", given.plain_powers(flops.strip()), re.IGNORECASE)
    budget = given.one_flops(flops) if number else flops_of(frontier, flops.strip())
    answers = [headline(frontier, budget, name, asked.period, asked.prob) for name in (asked.tasks or frontier.tasks)]
    checks = run.check(frontier, only=QUICK)
    if as_json:
        about = {"source": frontier.evaluations.source, "fingerprint": frontier.evaluations.fingerprint}
        verdicts = [{"check": one.name, "verdict": one.verdict, "sentence": one.sentence} for one in checks]
        rows = [{**asdict(one), "title": one.title, "sentences": one.sentences} for one in answers]
        show_json({**about, "converged": frontier.converged, "rows": rows, "checks": verdicts})
        return
    for one in answers:
        echo(" ".join(one.sentences) + "\n")
    names = ", ".join(one.name for one in checks)
    echo(f"Checked: {names}. {checks.sentences[0]} All checks: bayes-frontier check {fit}")


@app.command("attain", rich_help_panel=given.ASK)
def attain(
    fit: given.FitFile,
    flops: Annotated[Sequence[float], given.flops_option("Pre-training compute in FLOPs (6 x parameters x tokens):")],
    task: given.AskedTasks = None,
    period: given.Period = None,
    base_model: given.BaseModel = None,
    prob: given.Prob = 0.9,
    score: Annotated[
        float | None,
        given.option(
            "SCORE",
            "Add the probability that the boundary is at least this score, 0 to 1.",
            parser=given.parser(given.one_score, "--score"),
        ),
    ] = None,
    population: given.Population = "bases",
    ability: given.Ability = False,
    taus: Annotated[
        Sequence[float] | None,
        given.option(
            "TAU",
            "Also boundaries at lower levels, such as 0.9,0.95, of the same fit, and what would be attainable if the "
            "best 1% or 2% of scores were not real.",
            parser=given.parser(given.scores_list, "--taus"),
        ),
    ] = None,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Show the score attainable with some pre-training compute: task, boundary, credible interval.

    Example: what can a model with 1e24 FLOPs reach on bbh, and how likely is at least 0.7?

        bayes-frontier attain fit.nc --flops 1e24 --task bbh --score 0.7

    The boundary is the posterior median; lower and upper are the ends of the credible interval. It rests on the base
    models within half a decade of the compute: where these are few, the answer is the shape of the curve.
    """
    form = form_of(as_json, as_csv)
    asked = replace(question(task, period, base_model, prob), population=population, ability=ability)
    frontier = load(fit)
    from bayes_frontier.analysis.headline import SUPPORT, UNREAL, nearby
    from bayes_frontier.posterior import query

    labels = frontier.period_labels
    number = int(query.period_indices(asked.period, frontier.evaluations)[-1])
    answer = partial(frontier.attainable, flops, target=score, **asked.boundary_options)
    lower = [] if taus is None else sorted({*taus, *(frontier.tau * (1.0 - share) for share in UNREAL)})
    rows = []
    for tau in (*lower, frontier.tau):
        at_level = ask(frontier, asked, lambda name, tau=tau: answer(task=name, tau=tau))  # type: ignore[misc]
        rows += [{**row, "tau": tau} for row in at_level]
    for row in rows:
        then = labels.index(str(row["period"])) if asked.period == "all" else number
        near = nearby(frontier, float(str(row["flops"])), str(row["task"]), then)
        bases = int(near["base_model"].nunique())
        row |= {"base_models_nearby": bases, "models_nearby": len(near), "extrapolated": bases < SUPPORT}
    facts = about(frontier, asked, rows)
    columns = [
        Column("task", "task"),
        several_periods(facts),
        Column("flops", "FLOPs", flops_words),
        Column("tau", "tau" if taus else "", "{:.4g}".format),
        Column("median", "boundary (median)", "{:.3f}".format),
        Column("mean", ""),
        *titled("{:.3f}".format, lower="lower", upper="upper"),
    ]
    if score is not None:
        facts["score"] = score
        columns.append(Column("probability", f"P(boundary >= {score:g})", probability_words))
    columns += [
        Column("base_models_nearby", "base models nearby"),
        Column("models_nearby", "models"),
        Column("extrapolated", ""),
    ]
    said = [] if taus is None else _unreal(rows, frontier.tau)
    if any(row["extrapolated"] for row in rows):
        said.append(f"Fewer than {SUPPORT} base models within half a decade: there the answer is the curve's shape.")
    said += [] if form != "text" or base_model else _other_populations(frontier, asked, rows)
    show(Answer(facts, columns, rows, header(frontier, asked, facts, "boundary"), ["", *said] if said else []), form)


def _unreal(rows: Sequence[Mapping[str, Value]], tau: float) -> list[str]:
    """Say what would be attainable if the best scores were not real: a lower quantile of all of them."""
    from bayes_frontier.analysis.headline import UNREAL

    at = {(row["task"], row["flops"], round(float(str(row["tau"])), 6)): float(str(row["median"])) for row in rows}
    places = dict.fromkeys((row["task"], row["flops"]) for row in rows)
    parts = [(place, [f"{at[(*place, round(tau * (1.0 - share), 6))]:.3f}" for share in UNREAL]) for place in places]
    return [
        f"{task} at {flops_words(float(str(flops)))} FLOPs: {values[0]} if the best {UNREAL[0]:.0%} of scores were not "
        f"real, {values[1]} if the best {UNREAL[1]:.0%} were not."
        for (task, flops), values in parts
    ]


# Draws by which populations are compared: enough for a median to a tenth of the posterior's standard deviation.
_ROUGH = 400


def _other_populations(frontier: Frontier, asked: Question, rows: Sequence[Mapping[str, Value]]) -> list[str]:
    """Say where another population's boundary differs by more than a posterior standard deviation."""
    from bayes_frontier.errors import QueryError
    from bayes_frontier.posterior.population import POPULATIONS

    said, rough = [], frontier.thinned(_ROUGH)
    for row in rows:
        if row["tau"] != frontier.tau or not frontier.curves.has_base_models:
            continue
        options = {"flops": float(str(row["flops"])), "task": str(row["task"]), "period": asked.period}
        if isinstance(row.get("period"), str) and asked.period == "all":
            options["period"] = str(row["period"])
        of = "ability" if asked.ability else "scores"
        own = rough.boundary(**options, population=asked.population, of=of)  # type: ignore[arg-type]
        for name in POPULATIONS:
            try:
                apart = rough.boundary(**options, population=name, of=of).median() - own.median()  # type: ignore[arg-type]
            except QueryError:
                continue  # a population that this table does not have
            if abs(apart) > own.std():
                other = float(str(row["median"])) + float(apart)
                said.append(
                    f"{row['task']} at {flops_words(float(str(row['flops'])))} FLOPs: about {other:.2f} for the "
                    f"population {name!r} (--population)."
                )
    return said


@app.command("compute-for", rich_help_panel=given.ASK)
def compute_for(
    fit: given.FitFile,
    score: Annotated[
        Sequence[float],
        given.option(
            "SCORE",
            "Score to attain, 0 to 1; several with commas between.",
            parser=given.parser(given.scores_list, "--score"),
        ),
    ],
    task: given.AskedTasks = None,
    period: given.Period = None,
    base_model: given.BaseModel = None,
    prob: given.Prob = 0.9,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Show the pre-training compute (FLOPs) at which the boundary reaches a score.

    Example: how much compute for half of math_lvl_5?

        bayes-frontier compute-for fit.nc --score 0.5 --task math_lvl_5

    Looked for from 1e18 to 1e28 FLOPs. Also shown: the credible interval, and the probability that the score is not
    attainable within 1e28 FLOPs. In JSON, null stands for more than 1e28; in CSV, inf.
    """
    form = form_of(as_json, as_csv)
    asked = question(task, period, base_model, prob)
    frontier = load(fit)
    answer = partial(frontier.compute_for, score, flops_range=FLOPS_SEARCHED, **asked.options)
    rows = ask(frontier, asked, lambda name: answer(task=name))
    facts = about(frontier, asked, rows) | {"flops_range": list(FLOPS_SEARCHED)}
    columns = [
        Column("task", "task"),
        several_periods(facts),
        Column("score", "score", "{:g}".format),
        *titled(searched_words(*FLOPS_SEARCHED), median="FLOPs (median)", lower="lower", upper="upper"),
        Column("not_attainable", "P(not attainable)", probability_words),
    ]
    show(Answer(facts, columns, rows, header(frontier, asked, facts, "FLOPs"), _not_attainable(rows)), form)


def _not_attainable(rows: Sequence[Mapping[str, Value]]) -> list[str]:
    sentences = []
    for row in rows:
        probability = row["not_attainable"]
        if isinstance(probability, float) and probability >= 0.5:
            sentences.append(
                f"{row['task']}: {row['score']:g} is not attainable within "
                f"{flops_words(FLOPS_SEARCHED[1])} FLOPs with probability {probability_words(probability)}."
            )
    return ["", *sentences] if sentences else []


@app.command("drift", rich_help_panel=given.ASK)
@given.unfolded
def drift(
    fit: given.FitFile,
    reading: given.Reading,
    flops: Annotated[Sequence[float] | None, given.flops_option("Where to look:", "median of the models")] = None,
    delta: given.Delta = 0.02,
    task: given.AskedTasks = None,
    base_model: given.BaseModel = None,
    prob: given.VerdictProb = 0.9,
    steps: Annotated[bool, typer.Option("--steps", help="Also each step from a period to the next.")] = False,
    table: Annotated[
        Path | None,
        given.option(
            "TABLE",
            "A newer version of the table that was fitted: tasks re-scored in it are named, since their scores "
            "change without any drift.",
        ),
    ] = None,
    out: Annotated[Path | None, given.picture_option("one picture per compute, drift.png")] = None,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Show whether boundaries moved from the first period to the last.

    Example: did the boundaries at 1e24 FLOPs move by more than 0.03?

        bayes-frontier drift fit.nc --flops 1e24 --delta 0.03

    A task is advancing, retreating or stable where the change is above delta, below -delta or between, with
    probability 0.9 (--prob); otherwise unknown. With --table a task that was re-scored in a newer table gets the
    verdict "re-scored": the same models have other scores there, and what changes is the benchmark.
    """
    form = form_of(as_json, as_csv)
    asked = question(task, None, base_model, prob)
    make_folder(out, "--out")
    frontier = load(fit)
    compared = None
    if table is not None:
        from bayes_frontier.evaluations.diff import diff

        compared = diff(frontier.evaluations, reading.read(table), tau=frontier.tau)
    changes = frontier.drift(flops, delta, asked.prob, None, asked.base_model)
    for name in asked.tasks or ():
        # refuses an unknown task in the words that every command has for it
        frontier.boundary(1e22, task=name)
    summary = changes.drop_vars("change")
    shown = summary if steps else summary.isel(step=[-1])
    rows = ask(frontier, asked, lambda name: shown.sel(task=name))
    for row in rows:
        row["period"] = row["until"]
        if compared is not None and row["task"] in compared.rescored:
            row["verdict"] = "re-scored"
    facts = about(frontier, asked, rows) | {"delta": delta}
    if compared is not None:
        facts |= {"compared": compared.b, "shared": compared.shared, "rescored": list(compared.rescored)}
    said = _said(frontier, compared)
    columns = [
        *titled(str, task="task", since="from period" if steps else "", until="to period" if steps else ""),
        Column("flops", "FLOPs", flops_words),
        Column("median", "change (median)", "{:+.3f}".format),
        Column("mean", ""),
        *titled("{:+.3f}".format, lower="lower", upper="upper"),
        *titled(probability_words, advance=f"P(change > {delta:g})", retreat=f"P(change < {-delta:g})"),
        *titled(str, still="", verdict="verdict"),
    ]
    labels = frontier.period_labels
    whose = whose_models(facts["base_model"])
    heading = [
        f"Change of the boundary of {whose} (tau = {frontier.tau:g}) between the periods '{labels[0]}' and "
        f"'{labels[-1]}'.",
        "change: posterior median, in scores; lower, upper: ends of the credible interval, probability "
        f"{share_words(float(str(facts['prob'])))}.",
    ]
    show(Answer(facts, columns, rows, [*_moved_words(rows), "", *heading], said), form)
    drawn = (changes if asked.tasks is None else changes.sel(task=asked.tasks)).expand_dims(
        [] if "flops" in changes.dims else ["flops"]
    )
    for i, value in enumerate(drawn["flops"].to_numpy()):
        name = "drift.png" if drawn.sizes["flops"] == 1 else f"drift-{flops_words(float(value))}.png"
        draw(out, name, lambda plots, i=i: plots.plot_drift(drawn.isel(flops=i)).figure)  # type: ignore[misc]


def _moved_words(rows: Sequence[Mapping[str, Value]]) -> list[str]:
    """Say in words which tasks moved: the headline of a table of changes."""
    words = {"advancing": "Rose", "retreating": "Fell", "stable": "Hardly moved", "unknown": "Cannot be told yet"}
    said = []
    for verdict, word in (*words.items(), ("re-scored", "Re-scored")):
        names = []
        for row in (row for row in rows if row["verdict"] == verdict):
            by = f" by {abs(100 * float(row['median'] or 0)):.0f} points" if word in ("Rose", "Fell") else ""
            names.append(task_title(str(row["task"])) + by)
        said += [f"{word}: {', '.join(dict.fromkeys(names))}."] if names else []
    return said


def _said(frontier: Frontier, compared: Difference | None) -> list[str]:
    """Say what a newer table holds, in sentences below the answer."""
    said = [] if frontier.converged else ["The fit did not converge: every verdict is unknown."]
    if compared is not None:
        said += compared.summary().splitlines() + compared.warnings()
        if not compared.rescored and compared.shared:
            said.append(f"No task was re-scored in {compared.b}.")
    return ["", *said] if said else []
