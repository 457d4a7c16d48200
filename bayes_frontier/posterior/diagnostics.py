"""Convergence of the boundaries themselves, and the gate that refuses to report without it."""

import numpy as np
import pandas as pd
import xarray as xr

from bayes_frontier.posterior.chains import chain_diagnostics

R_HAT_MAX = 1.01
ESS_MIN = 400.0


def diagnose(boundaries: xr.Dataset) -> pd.DataFrame:
    """Rank-normalised split R-hat and effective sample sizes of boundary quantities.

    Parameters
    ----------
    boundaries : xarray.Dataset
        Draws with dims (chain, draw, ...).

    Returns
    -------
    pandas.DataFrame
        One row per scalar quantity, worst first: quantity, r_hat, ess_bulk, ess_tail (Vehtari et al. 2021,
        doi 10.1214/20-BA1221).
    """
    rows = []
    for name, one in boundaries.items():
        cells = one.transpose("chain", "draw", ...)
        shape = (cells.sizes["chain"], cells.sizes["draw"], -1)
        found = chain_diagnostics(np.moveaxis(cells.to_numpy().reshape(shape), 2, 0))
        frame = pd.DataFrame(dict(zip(("r_hat", "ess_bulk", "ess_tail"), found, strict=True)))
        frame.insert(0, "quantity", _labels(str(name), cells.isel(chain=0, draw=0, drop=True)))
        rows.append(frame)
    table = pd.concat(rows, ignore_index=True)
    # A quantity that does not vary has no R-hat; in draws of a boundary that is a failure, not a pass.
    excess = np.maximum(table["r_hat"].fillna(np.inf) - 1.0, 0.0) / (R_HAT_MAX - 1.0)
    shortage = ESS_MIN / table["ess_bulk"].fillna(1.0).clip(lower=1.0)
    return table.iloc[np.argsort(-np.maximum(excess, shortage), kind="stable")].reset_index(drop=True)


def passes(table: pd.DataFrame) -> pd.Series:
    """Whether each quantity passes the gate.

    Parameters
    ----------
    table : pandas.DataFrame
        Result of `diagnose`.

    Returns
    -------
    pandas.Series of bool
        R-hat at most 1.01 and bulk effective sample size at least 400.
    """
    return (table["r_hat"] <= R_HAT_MAX) & (table["ess_bulk"] >= ESS_MIN)


def explain(table: pd.DataFrame, limit: int = 5) -> str:
    """Convergence in words.

    Parameters
    ----------
    table : pandas.DataFrame
        Result of `diagnose`.
    limit : int
        How many of the worst quantities to name.

    Returns
    -------
    str
        One line where all pass; otherwise the worst quantities and what to do.
    """
    bad = table[~passes(table)]
    worst = f"R-hat at most {table['r_hat'].max():.3f}, bulk ESS at least {table['ess_bulk'].min():,.0f}"
    if bad.empty:
        return f"Converged: {worst} over {len(table):,} boundary quantities."
    lines = [
        f"Not converged: {len(bad):,} of {len(table):,} boundary quantities fail (R-hat <= {R_HAT_MAX}, bulk ESS >= "
        f"{ESS_MIN:.0f}). The worst:"
    ]
    lines += [
        f"  {row.quantity}: R-hat {row.r_hat:.3f}, bulk ESS {row.ess_bulk:,.0f}" for row in bad.head(limit).itertuples()
    ]
    lines.append("Draw more (--draws, --tune), or look at these with --allow-unconverged.")
    return "\n".join(lines)


def _labels(name: str, values: xr.DataArray) -> list[str]:
    if not values.dims:
        return [name]
    index = values.stack(cell=values.dims)["cell"].to_index()  # noqa: PD013 - xarray
    parts = (key if isinstance(key, tuple) else (key,) for key in index)
    return [f"{name}[{', '.join(str(part) for part in key)}]" for key in parts]
