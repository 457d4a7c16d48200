"""The page on a fit: its facts gathered, its words chosen, the template filled, files written whole."""

import base64
import hashlib
import json
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from bayes_frontier.analysis.headline import FALLING, Headline, headline, nearby
from bayes_frontier.checks.recovery import recovery
from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations import Truth
from bayes_frontier.files import make_folder, png, replace_file
from bayes_frontier.plots.boundary import check_taus, draw_headline
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.report.chart import chart_document
from bayes_frontier.report.evidence import FEW, Evidence, gather, pictures
from bayes_frontier.text import count, flops_typeset, flops_words, one_in, percent_range, share_words, task_title

PROB = 0.9
_MOST_BUDGETS = 5


@dataclass(frozen=True)
class Facts:
    """Facts of the page."""

    lead: Headline  # the answer that the page opens with
    budgets: list[float]  # FLOPs of the table of attainable scores
    attainable: pd.DataFrame  # one row per task and budget: median, lower, upper
    bases: pd.DataFrame  # base models, those with the most models first: base_model, models, flops
    provenance: list[tuple[str, str]]  # entries of the fit's provenance: name and text


def facts(frontier: Frontier) -> Facts:
    """Gather the facts of a fit."""
    models = frontier.evaluations.models
    budgets = choose_budgets(float(models["flops"].min()), float(models["flops"].max()))
    by_base = models.groupby("base_model")[["flops"]]
    groups: pd.DataFrame = by_base.agg(models=("flops", "size"), flops=("flops", "median"))
    bases = groups.sort_values("models", ascending=False, kind="stable").reset_index()
    parts = [frontier.attainable(budgets, prob=PROB, task=task).to_dataframe() for task in frontier.tasks]
    return Facts(
        lead=choose_lead(frontier, budgets),
        budgets=budgets,
        attainable=pd.concat([part.reset_index() for part in parts])[["task", "flops", "median", "lower", "upper"]],
        bases=bases,
        provenance=[(name.replace("_", " "), _text(value)) for name, value in frontier.provenance.items()],
    )


def choose_budgets(low: float, high: float) -> list[float]:
    """Choose round budgets that cover a range of compute."""
    first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
    return [float(f"1e{power}") for power in range(first, max(last, first) + 1)][-_MOST_BUDGETS:]


def choose_lead(frontier: Frontier, budgets: Sequence[float]) -> Headline:
    """Choose what the page opens with: the round budget with the most base models near, and the task that rose most."""
    last = len(frontier.period_labels) - 1
    near = [nearby(frontier, budget, frontier.tasks[0], last)["base_model"].nunique() for budget in budgets]
    # the largest budget that rests on more than half as many as any other
    budget = max(one for one, n in zip(budgets, near, strict=True) if n > 0.5 * max(near))
    answers = [headline(frontier, budget, task, prob=PROB) for task in frontier.tasks]
    moved = [one for one in answers if one.verdict == "advancing"]
    return max(moved, key=lambda one: one.change or 0.0) if moved else answers[0]


def _text(value: object) -> str:
    if isinstance(value, Mapping) and all(not isinstance(v, Mapping | list) for v in value.values()):
        return ", ".join(f"{key} {_text(item)}" for key, item in value.items())
    if isinstance(value, float):
        return f"{value:g}"
    return json.dumps(value, indent=1, default=str) if isinstance(value, Mapping | list | tuple) else str(value)


def pack(document: object) -> str:
    """Turn a document into text that holds no character of HTML: JSON, deflated, in base64."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def asset(name: str) -> Markup:
    """Read a script or style sheet that ships with the package."""
    text = resources.files("bayes_frontier.report").joinpath("assets", name).read_text(encoding="utf-8")
    # our own file, and a test sees to it that it ends no element
    return Markup(text.strip())


def policy_hash(text: str) -> str:
    """Name a script in a content security policy, so that the browser runs it and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def report_tables(frontier: Frontier, facts: Facts, evidence: Evidence) -> dict[str, pd.DataFrame]:
    """Gather the tables behind a report, written beside it as CSV."""
    evaluations = frontier.evaluations
    counts = [
        {"what": "models kept", "which": label, "rows": int((evaluations.models["period"] == k).sum())}
        for k, label in enumerate(frontier.period_labels)
    ]
    checks = [(one.name, one.verdict, one.sentence) for one in evidence.checks]
    dropped = evaluations.dropped_by_reason()
    counts += [{"what": "rows left out", "which": str(reason), "rows": int(n)} for reason, n in dropped.items()]
    tables = {
        "attainable": facts.attainable,
        "data": pd.DataFrame(counts),
        "diagnostics": frontier.diagnostics,
        "checks": pd.DataFrame(checks, columns=["check", "verdict", "sentence"]),
    }
    if evidence.drift is not None:
        tables["drift"] = _frame(evidence.drift.drop_vars("change"))
    if evidence.ranking is not None:
        tables["base_models"] = _frame(evidence.ranking)
    return tables


def _frame(found: xr.Dataset) -> pd.DataFrame:
    frame = found.to_dataframe().reset_index()
    numbers = frame.select_dtypes("number").columns
    # what is below a millionth of a score is no result
    frame[numbers] = frame[numbers].map(lambda value: float(f"{value:.9g}") if np.isfinite(value) else value)
    return frame


PAGE, PICTURES, TABLES, HERO = "index.html", "pictures", "tables", "headline.png"
_SCRIPTS = ("d3.min.js", "page.js")


def write_report(
    frontier: Frontier,
    out_dir: str | Path,
    *,
    others: Sequence[Frontier] = (),
    truth: Truth | None = None,
    evidence: Evidence | None = None,
    url: str = "",
) -> Path:
    """Write a page on a fit, which needs no other file, and its pictures and tables once more by themselves.

    Parameters
    ----------
    frontier : Frontier
        The fit.
    out_dir : str or pathlib.Path
        Folder, made if it is not there; ``index.html``, ``headline.png``, ``pictures/*.svg`` and ``tables/*.csv`` in
        it are replaced.
    others : sequence of Frontier
        Fits of the same evaluations at other tau.
    truth : Truth, optional
        Known boundaries of simulated evaluations, compared with the fit.
    evidence : Evidence, optional
        Checks, drift and ranking, if they are at hand; none: they are computed.
    url : str
        Address of the folder where the page will be, for the picture that other sites show of a link to it.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    QueryError
        If the folder cannot be made or written, or `others` are not fits of the same evaluations.
    """
    if others:
        # refuses fits that do not belong together, in words for who calls
        check_taus([frontier, *others])
        if any(one.tasks != frontier.tasks for one in others):
            raise QueryError("others: these fits have other tasks; fit one table at every tau.")
    folder = Path(out_dir)
    for place in (folder, folder / PICTURES, folder / TABLES):
        make_folder(place, "report")
    gathered = facts(frontier)
    evidence = evidence or gather(frontier, others, PROB)
    lead = gathered.lead
    drawn = list(pictures(frontier, evidence, lead.flops, PROB))
    tables = report_tables(frontier, gathered, evidence)
    scripts = [asset(name) for name in _SCRIPTS]
    page = _template().render(
        frontier=frontier,
        evaluations=frontier.evaluations,
        facts=gathered,
        lead=lead,
        rare=one_in(1 - frontier.tau),
        falling=FALLING,
        prob=PROB,
        evidence=evidence,
        # drawn by ourselves: names from data in it were escaped by Matplotlib
        drawn={picture.name: Markup(picture.themed) for picture in drawn},
        pictures=drawn,
        few=FEW,
        tables=[f"{TABLES}/{name}.csv" for name in tables],
        data=pack(chart_document([frontier, *others], PROB, truth)),
        style=asset("page.css"),
        scripts=scripts,
        script_policy=" ".join(policy_hash(text) for text in scripts),
        licence=asset("d3.LICENSE.txt"),
        hero=f"{url.rstrip('/')}/{HERO}" if url else HERO,
        recovery=None if truth is None else recovery(frontier, truth),
    )
    # the page comes last: it is there only when all it names is
    for picture in drawn:
        replace_file(folder / PICTURES / f"{picture.name}.svg", picture.svg.encode(), "report")
    for name, table in tables.items():
        replace_file(folder / TABLES / f"{name}.csv", table.to_csv(index=False).encode(), "report")
    replace_file(folder / HERO, png(draw_headline(frontier, lead)), "report")
    replace_file(folder / PAGE, page.encode(), "report")
    return folder / PAGE


@cache
def _template() -> Template:
    # the template's name does not end in .html, so what is escaped must not depend on it
    environment = Environment(
        loader=PackageLoader("bayes_frontier.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "typeset": flops_typeset,
        "flops": flops_words,
        "percent": share_words,
        "title_of": task_title,
        "counted": count,
        "between": lambda row: percent_range(row.lower, row.upper),
    }
    return environment.get_template("page.html.j2")
