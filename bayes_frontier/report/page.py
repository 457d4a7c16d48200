"""The report: facts and evidence gathered, words chosen, pictures drawn, template filled, files written whole."""

import base64
import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from bayes_frontier.checks.recovery import recovery
from bayes_frontier.display import csv_bytes
from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations import Truth
from bayes_frontier.files import make_folder, replace_file
from bayes_frontier.plots.boundary import check_taus
from bayes_frontier.posterior.frontier import Frontier
from bayes_frontier.report.answers import PROB, Evidence, Facts, alarms, answers, facts, gather
from bayes_frontier.report.explorer import explorer_document
from bayes_frontier.report.pictures import pictures
from bayes_frontier.text import flops_typeset, flops_words, share_words, without_controls


def pack(document: object) -> str:
    """Turn a document into text that holds no character of HTML: JSON, deflated, in base64."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def unpack(text: str) -> object:
    """Read back what `pack` wrote."""
    return json.loads(zlib.decompress(base64.b64decode(text)))


def asset(name: str) -> Markup:
    """Read a script or style sheet that ships with the package."""
    text = resources.files("bayes_frontier.report").joinpath("assets", name).read_text(encoding="utf-8")
    # our own file, and a test sees to it that it ends no element
    return Markup(text.strip())


def policy_hash(text: str) -> str:
    """Name a script in a content security policy, so that the browser runs it and no other."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def report_tables(facts: Facts, evidence: Evidence) -> dict[str, pd.DataFrame]:
    """Gather the tables behind a report, written beside it as CSV."""
    evaluations = facts.frontier.evaluations
    counts = [
        {"what": "models kept", "which": label, "rows": int((evaluations.models["period"] == k).sum())}
        for k, label in enumerate(facts.frontier.period_labels)
    ]
    counts += [{"what": "rows left out", "which": reason, "rows": n} for reason, n in facts.dropped.items()]
    tables = {
        "attainable": pd.DataFrame(
            [
                {"task": task, "flops": budget, **asdict(cell)}
                for task, cells in facts.attainable.items()
                for budget, cell in zip(facts.budgets, cells, strict=True)
            ]
        ),
        "data": pd.DataFrame(counts),
        "diagnostics": facts.frontier.diagnostics,
        "checks": pd.DataFrame(
            [{"check": one.name, "verdict": one.verdict, "sentence": one.sentence} for one in evidence.checks]
        ),
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


PAGE, PICTURES, TABLES = "index.html", "pictures", "tables"
_SCRIPTS = ("uPlot.iife.min.js", "explorer.js")


def write_report(
    frontier: Frontier,
    out_dir: str | Path,
    *,
    others: Sequence[Frontier] = (),
    truth: Truth | None = None,
    evidence: Evidence | None = None,
) -> Path:
    """Write a page on a fit, which needs no other file, and its pictures and tables once more by themselves.

    Parameters
    ----------
    frontier : Frontier
        The fit.
    out_dir : str or pathlib.Path
        Folder, made if it is not there; ``index.html``, ``pictures/*.png`` and ``tables/*.csv`` in it are replaced.
    others : sequence of Frontier
        Fits of the same evaluations at other tau.
    truth : Truth, optional
        Known boundaries of simulated evaluations: drawn, and compared with the fit.
    evidence : Evidence, optional
        Checks, drift and ranking, if they are at hand; none: they are computed.

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
    drawn = list(pictures(gathered, evidence, others, truth))
    tables = report_tables(gathered, evidence)
    scripts = [asset(name) for name in _SCRIPTS]
    page = _template().render(
        facts=gathered,
        evidence=evidence,
        answers=answers(gathered, evidence),
        alarms=alarms(gathered, evidence),
        pictures=[(picture, base64.b64encode(picture.png).decode()) for picture in drawn],
        tables=[f"{TABLES}/{name}.csv" for name in tables],
        data=pack(explorer_document([frontier, *others], gathered.prob)),
        styles=[asset("uPlot.min.css"), asset("page.css")],
        scripts=scripts,
        script_policy=" ".join(policy_hash(text) for text in scripts),
        licence=asset("uPlot.LICENSE.txt"),
        recovery=None if truth is None else recovery(frontier, truth),
    )
    # the page comes last: it is there only when all it names is
    for picture in drawn:
        replace_file(folder / PICTURES / f"{picture.name}.png", picture.png, "report")
    for name, table in tables.items():
        replace_file(folder / TABLES / f"{name}.csv", csv_bytes(table), "report")
    replace_file(folder / PAGE, without_controls(page).encode(), "report")
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
    environment.filters |= {"typeset": flops_typeset, "flops": flops_words, "percent": share_words}
    return environment.get_template("page.html.j2")
