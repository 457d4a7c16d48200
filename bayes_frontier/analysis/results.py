"""Results of new models, with what their file does not say: base model, compute, date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.lines import assemble
from bayes_frontier.evaluations.read import parse
from bayes_frontier.evaluations.registry.placement import canonical_names
from bayes_frontier.evaluations.registry.registry import Registry, given_registry
from bayes_frontier.evaluations.tables.source import load
from bayes_frontier.model.data import reference_compute
from bayes_frontier.posterior.query import check_flops

if TYPE_CHECKING:
    from bayes_frontier.evaluations.container import Evaluations
    from bayes_frontier.evaluations.lines import Lines
    from bayes_frontier.posterior.frontier import Frontier


def read_results(
    source: str | Path | pd.DataFrame,
    frontier: Frontier,
    *,
    base_model: str | None = None,
    flops: float | None = None,
    released: dt.date | None = None,
    format: str | None = None,
    columns: Mapping[str, str] | None = None,
    registry: Registry | str | Path | None = None,
    limited: bool = False,
) -> Evaluations:
    """Read results of models to compare with a fit.

    Parameters
    ----------
    source : str, pathlib.Path or pandas.DataFrame
        Anything `bayes_frontier.read` reads.
    frontier : Frontier
        The fit, which knows the compute of its base models.
    base_model : str, optional
        Base model of every model in the source, in any spelling the registry or the fit knows; in place of what the
        source says.
    flops : float, optional
        Pre-training FLOPs of every model; needed where neither source, registry nor fit knows them.
    released : date, optional
        Release date of every model.
    format, columns, limited : optional
        As in `bayes_frontier.read`.
    registry : Registry or path, optional
        As in `bayes_frontier.read` (default: the registry that the fit's table was read with).

    Returns
    -------
    Evaluations
        The results.

    Raises
    ------
    DataError
        If nothing can be used; the message says what is missing and how to state it.
    QueryError
        If the compute is not plausible.
    """
    if flops is not None:
        check_flops(flops)
    entries = frontier.evaluations.registry if registry is None else given_registry(registry)
    known = given_registry(entries)
    stated = {"base_model": base_model, "flops": flops, "released": released}
    source, name = _with_columns(source, {key: value for key, value in stated.items() if value is not None}, columns)
    lines = parse(source, format=format, columns=columns, registry=known, limited=limited)
    _state(lines, frontier, base_model, flops, released, known)
    try:
        found = assemble(lines, periods=None, duplicates="keep")
    except DataError as error:
        raise DataError(
            f"{error} What the file does not say can be stated: the base model (--base-model) and, where it is new, "
            "its compute (--flops)."
        ) from None
    return replace(found, source=name or found.source, registry=entries)


def _with_columns(
    source: str | Path | pd.DataFrame, stated: Mapping[str, object], columns: Mapping[str, str] | None
) -> tuple[str | Path | pd.DataFrame, str]:
    """Give a table the columns that are stated and that it lacks; the name is that of a table changed."""
    if not stated or (isinstance(source, str | Path) and Path(source).is_dir()):
        return source, ""
    loaded = load(source)
    if len(loaded.sheets) != 1:
        return source, ""
    frame = loaded.sheets[0].frame
    lacking = {
        key: str(value) for key, value in stated.items() if key not in frame.columns and key not in (columns or {})
    }
    return (frame.assign(**lacking), loaded.name) if lacking else (source, "")


def _state(
    lines: Lines,
    frontier: Frontier,
    base_model: str | None,
    flops: float | None,
    released: dt.date | None,
    registry: Registry,
) -> None:
    """Put what is stated in place of what the lines say, and fill in compute that fit or registry know."""
    fields = lines.fields
    fitted = list(frontier.base_model_names)
    if base_model is not None:
        name = base_model if base_model in fitted else canonical_names(pd.Series([base_model]), registry).iloc[0]
        fields["base_model"] = pd.Series([name] * len(fields), index=fields.index, dtype="str")
        own = registry.get(name)
        fields["flops"] = own.flops if own is not None else np.nan
        placed = lines.reason == "no base model"
        lines.reason[placed], lines.detail[placed] = "", ""
    if flops is not None:
        fields["flops"] = float(flops)
    if released is not None:
        fields["released"] = pd.Timestamp(released)
    compute = pd.Series(10.0 ** reference_compute(frontier.evaluations.models, fitted), index=fitted)
    fields["flops"] = fields["flops"].fillna(fields["base_model"].map(compute)).astype(float)
