"""``bayes-frontier portfolio``: are several targets attainable at once, and what does that take."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bayes_frontier.cli import options as given
from bayes_frontier.cli.options import names_list
from bayes_frontier.cli.output import (
    Answer,
    Column,
    Value,
    about,
    draw,
    form_of,
    load,
    question,
    records,
    rows_of,
    show,
    titled,
    whose_models,
)
from bayes_frontier.errors import QueryError
from bayes_frontier.files import make_folder
from bayes_frontier.text import flops_words, probability_words, share_words

if TYPE_CHECKING:
    from bayes_frontier.analysis.portfolio import Portfolio

app = typer.Typer()


@app.command("portfolio", rich_help_panel=given.ASK)
def portfolio(
    fit: given.FitFile,
    targets: Annotated[
        Path,
        typer.Argument(
            metavar="TARGETS.toml",
            help='A table [targets."task"] each, with score (0 to 1), and if wanted weight and cost.',
        ),
    ],
    flops: Annotated[
        Sequence[float] | None, given.flops_option("Compute asked about:", "the least that meets all targets")
    ] = None,
    prob: Annotated[
        float,
        given.option(
            "P",
            "Probability with which targets are to be met, above 0.5.",
            parser=given.parser(given.probability, "--prob"),
        ),
    ] = 0.9,
    trade_off: Annotated[
        str | None,
        given.option(
            "TASK,TASK",
            "Also the pairs of targets on these two tasks that are met together, at each compute asked about.",
        ),
    ] = None,
    period: given.Period = None,
    base_model: given.BaseModel = None,
    metrics: given.Metrics = None,
    out: Annotated[Path | None, given.picture_option("pictures, portfolio.png and trade-off.png")] = None,
    as_json: given.AsJson = False,
    as_csv: given.AsCsv = False,
) -> None:
    """Show whether several targets are attainable at once, and at which compute.

    Example: targets.toml

        price = 1e-19            # of a FLOP, in the unit of the costs

        [targets.bbh]
        score = 0.65

        [targets.math_lvl_5]
        score = 0.5
        weight = 2               # in the share of targets met
        cost = 250000            # of missing it

    and then

        bayes-frontier portfolio fit.nc targets.toml --flops 1e23,1e24

    A target stated as `value` in place of `score` is on the metric's own scale; give the --metrics that the fit was
    made with. The probability of all targets is taken from joint draws, not multiplied. At each compute the verdict is
    attainable, not attainable (P at least --prob), or open. In JSON, null stands for more compute than was searched.
    """
    form = form_of(as_json, as_csv)
    if fit.suffix == ".toml" and targets.suffix != ".toml":
        # the order of earlier versions
        fit, targets = targets, fit
    asked = question(None, period, base_model, prob)
    pair = names_list([trade_off]) if trade_off is not None else None
    if pair is not None and len(pair) != 2:
        raise QueryError(f"--trade-off: name two tasks, as bbh,gpqa; found {len(pair)}.")
    if out is not None:
        make_folder(out, "--out")

    from bayes_frontier.analysis.portfolio import portfolio as answer
    from bayes_frontier.analysis.portfolio import trade_off as trade

    frontier = load(fit)
    result = answer(
        frontier, targets, flops, prob=asked.prob, period=asked.period, base_model=asked.base_model, metrics=metrics
    )
    shown = [float(value) for value in result.summary["flops"].to_numpy().reshape(-1)]
    pairs = None
    if pair is not None:
        pairs = trade(
            frontier, pair[0], pair[1], shown, prob=asked.prob, period=asked.period, base_model=asked.base_model
        )
    facts = about(frontier, asked, [{"period": result.period}]) | _facts(result)
    if pairs is not None:
        facts["trade_off"] = {"tasks": pair, "points": records(pairs)}
    _show(result, facts, form)
    draw(out, "portfolio.png", lambda plots: plots.plot_portfolio(result).figure)
    if pairs is not None:
        draw(out, "trade-off.png", lambda plots: plots.plot_trade_off(pairs).figure)


def _facts(result: Portfolio) -> dict[str, object]:
    rows = rows_of(result.summary[["needed", "last"]], ("task",))
    for row, target in zip(rows, result.goals.targets, strict=True):
        row |= {"score": target.score, "weight": target.weight, "cost": target.cost}
    return {
        "targets": rows,
        "least_flops": result.least_flops,
        "cheapest_flops": result.cheapest_flops,
        "unattainable": float(result.summary["unattainable"]),
        "flops_range": list(result.flops_range),
    }


def _show(result: Portfolio, facts: dict[str, object], form: str) -> None:
    tasks, numbers = result.goals.tasks, result.summary
    rows = rows_of(numbers.drop_vars("met"), ("flops",))
    met = numbers["met"].transpose("task", ...).to_numpy().reshape(len(tasks), -1)
    for i, row in enumerate(rows):
        row |= {f"met_{task}": float(met[k, i]) for k, task in enumerate(tasks)}
        row["at"] = flops_words(float(row["flops"] or 0.0)) + ("*" if row["outside"] else "")
    priced = not math.isnan(result.cheapest_flops)
    text = form == "text"
    columns = [Column("at", "FLOPs") if text else Column("flops", "FLOPs")]
    columns += [
        Column(f"met_{task}", f"P({task} >= {target.score:g})", probability_words)
        for task, target in zip(tasks, result.goals.targets, strict=True)
    ]
    columns += [
        Column("all_met", "P(all)", probability_words),
        Column("independent", ""),
        Column("share", "share met" if len(tasks) > 1 else "", "{:.2f}".format),
        *titled(
            "{:.4g}".format,
            miss_cost="cost of misses" if priced else "",
            total_cost="with compute" if priced and result.goals.price else "",
        ),
        *titled(str, outside="", verdict="verdict"),
    ]
    if not text:
        show(Answer(facts, columns, rows), form)
        return
    whose = whose_models(facts["base_model"])
    header = [
        f"Targets within the boundary of {whose} in the period '{result.period}': probabilities, from joint draws."
    ]
    show(Answer(facts, columns, rows, header, ["", *result.sentences, ""]), form)
    needed: list[dict[str, Value]] = list(facts["targets"])  # type: ignore[call-overload]
    together = {
        f"needed_{part}": float(numbers["needed_all"].sel(statistic=part)) for part in ("median", "lower", "upper")
    }
    needed.append({"task": "all together", "score": None, "last": None, **together})

    def words(value: float) -> str:
        low, high = result.flops_range
        return (
            f"> {flops_words(high)}"
            if math.isinf(value)
            else f"< {flops_words(low)}"
            if value <= low
            else flops_words(value)
        )

    columns = [
        Column("task", "target"),
        Column("score", "score", "{:g}".format),
        *titled(words, needed_median="FLOPs needed (median)", needed_lower="lower", needed_upper="upper"),
        Column("last", "P(last to be met)", probability_words),
    ]
    show(
        Answer({}, columns, needed, [f"Compute needed; lower, upper: {share_words(result.prob)} credible interval."]),
        "text",
    )
