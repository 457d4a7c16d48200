"""Fits on disk: one NetCDF file, written whole or not at all."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import xarray as xr

from bayes_frontier.errors import FrontierError, StoreError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.files import replacing
from bayes_frontier.model.spec import ModelSpec
from bayes_frontier.posterior.query import Fit

FORMAT = "bayes_frontier fit"
VERSION = 1
_TABLES = (".csv", ".tsv", ".parquet", ".json", ".jsonl", ".eval")
_COMPRESSED = {"zlib": True, "complevel": 4, "shuffle": True}
# Groups that every fit has, and those of later versions or of some fits.
_GROUPS, _OPTIONAL = (
    ("posterior", "sample_stats", "constant_data"),
    ("ending", "diagnostics", "prior", "posterior_predictive", "observed_data"),
)


def diagnostics(posterior: xr.DataTree) -> pd.DataFrame | None:
    """R-hat and effective sample sizes kept with a fit; None where there are none, or they are of other draws."""
    if "diagnostics" not in posterior.children:
        return None
    kept, sizes = posterior["diagnostics"].to_dataset(), posterior["posterior"].sizes
    if any(int(kept.attrs.get(dim, 0)) != sizes[dim] for dim in ("chain", "draw")):
        return None
    return kept.to_dataframe().reset_index(drop=True)


def save(fit: Fit, path: str | Path) -> None:
    """Write a fit beside its target, then rename it into place."""
    target = Path(path)
    groups: dict[str, xr.Dataset] = {name: group.to_dataset() for name, group in fit.datatree.children.items()}
    # thousands of quantities: a question to a saved fit need not wait for them again
    sizes = {dim: int(fit.posterior["posterior"].sizes[dim]) for dim in ("chain", "draw")}
    groups["diagnostics"] = fit.diagnostics.rename_axis("number").to_xarray().assign_attrs(sizes)
    tree = xr.DataTree.from_dict({**groups, "evaluations": fit.evaluations.to_dataset()})
    tree.attrs = {
        "format": FORMAT,
        "version": VERSION,
        "tau": fit.tau,
        "specification": fit.spec.model_dump_json(),
        "provenance": json.dumps(fit.provenance),
    }
    packed = {
        f"/{name}": {v: _COMPRESSED for v, x in node.data_vars.items() if x.dtype.kind == "f" and x.ndim}
        for name, node in tree.children.items()
    }
    with replacing(target, "A fit", StoreError) as part:
        tree.to_netcdf(part, engine="h5netcdf", encoding=packed)


def read[F](path: str | Path, make: Callable[..., F]) -> F:
    """Read what `save` wrote, and make a fit of it."""
    source = Path(path)
    if source.is_dir():
        raise StoreError(f"{source}: is a directory; give the path of a fit in it.")
    if not source.is_file():
        raise StoreError(f"{source}: no such file. A fit is written by `bayes-frontier fit TABLE --out {source}`.")
    if source.suffix in _TABLES:
        raise StoreError(
            f"{source}: is a table, not a fit. Fit it first: `bayes-frontier fit {source} --out fit.nc`, or "
            f"`bf.fit(bf.read({str(source)!r})).save('fit.nc')`."
        )
    try:
        with xr.open_datatree(source, engine="h5netcdf") as opened:
            tree = opened.load()
    except (OSError, ValueError, KeyError, RuntimeError, TypeError) as error:
        raise StoreError(
            f"{source}: not a readable NetCDF file ({error}). If it was cut short by an interrupted copy, copy or fit "
            "it again."
        ) from None
    if tree.attrs.get("format") != FORMAT:
        raise StoreError(f"{source}: a NetCDF file, but not a fit of bayes_frontier.")
    if tree.attrs.get("version") != VERSION:
        raise StoreError(
            f"{source}: written in version {tree.attrs.get('version')} of the format, this is {VERSION}. Fit again."
        )
    try:
        groups = {
            name: tree[name].dataset for name in (*_GROUPS, *(name for name in _OPTIONAL if name in tree.children))
        }
        return make(
            evaluations=Evaluations.from_dataset(tree["evaluations"].dataset),
            spec=ModelSpec.model_validate_json(tree.attrs["specification"]),
            tau=float(tree.attrs["tau"]),
            posterior=xr.DataTree.from_dict(groups),
            provenance=json.loads(tree.attrs["provenance"]),
        )
    except FrontierError:
        raise
    except (KeyError, ValueError) as error:
        raise StoreError(f"{source}: parts of the fit are missing or damaged ({error}). Fit again.") from None
