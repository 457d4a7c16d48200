"""Fits on disk: one NetCDF file, written whole or not at all."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import xarray as xr

from bayes_frontier.errors import FrontierError, StoreError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.files import replace_file
from bayes_frontier.model.spec import ModelSpec
from bayes_frontier.posterior.query import Fit
from bayes_frontier.posterior.schema import GROUPS, check_file, check_provenance, check_values

FORMAT = "bayes_frontier fit"
# 2: with a digest at the end
VERSION = 2
_HDF5 = b"\x89HDF\r\n\x1a\n"
# What follows the last byte of HDF5, which readers of HDF5 ignore, and the SHA-256 of all before it.
_SEAL, _SEAL_BYTES, _BLOCK = b"\nbayes_frontier sha256 ", 88, 2**20
# What damaged content can raise in being read: none of these is a defect of the program here.
_DAMAGE = (ArithmeticError, AttributeError, LookupError, MemoryError, OSError, RuntimeError, TypeError, ValueError)
_TABLES = (".csv", ".tsv", ".parquet", ".json", ".jsonl", ".eval")
_COMPRESSED = {"zlib": True, "complevel": 4, "shuffle": True}


def diagnostics(posterior: xr.DataTree) -> pd.DataFrame | None:
    """R-hat and effective sample sizes kept with a fit; None where there are none, or they are of other draws."""
    if "diagnostics" not in posterior.children:
        return None
    kept, sizes = posterior["diagnostics"].to_dataset(), posterior["posterior"].sizes
    if any(int(kept.attrs.get(dim, 0)) != sizes[dim] for dim in ("chain", "draw")):
        return None
    return kept.to_dataframe().reset_index(drop=True)


def save(fit: Fit, path: str | Path) -> None:
    """Write a fit, whole or not at all."""
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
    replace_file(Path(path), sealed(tree.to_netcdf(engine="h5netcdf", encoding=packed)), "A fit", StoreError)


def _specification(text: str) -> ModelSpec:
    content = json.loads(text)
    # of fits from before boundaries bent: what their sigmoids might be off by, no part of the posterior
    if content.pop("misfit", None) is not None:
        content["structure"]["curve"] = "sigmoid"
    return ModelSpec.model_validate_json(json.dumps(content))


def sealed(content: bytes | memoryview) -> bytes:
    """Put the digest of a NetCDF file at its end; from memory, since HDF5 may crash where a disk is full."""
    return bytes(content) + _SEAL + hashlib.sha256(content).hexdigest().encode() + b"\n"


def _digest(path: Path, length: int) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while length > 0 and (block := file.read(min(length, _BLOCK))):
            digest.update(block)
            length -= len(block)
    return digest.hexdigest().encode()


def check_seal(path: Path) -> None:
    """Refuse a file that is not, to the last bit, what was written: before anything of it is believed."""
    length = path.stat().st_size - _SEAL_BYTES
    with path.open("rb") as file:
        start = file.read(len(_HDF5))
        file.seek(max(length, 0))
        end = file.read()
    if start != _HDF5:
        raise StoreError(f"{path}: not a readable NetCDF file. A fit is written by `bayes-frontier fit`.")
    if not end.startswith(_SEAL):
        raise StoreError(
            f"{path}: a NetCDF file without the digest that ends a fit: it was cut short or changed, is no fit of "
            "bayes_frontier, or one of version 1, from before fits had a digest. Copy it again, or fit again; to "
            f"convert one of version 1 that you trust: `bf.load({str(path)!r}, sealed=False).save({str(path)!r})`."
        )
    if end != _SEAL + _digest(path, length) + b"\n":
        raise StoreError(f"{path}: is not as it was written: its digest is another. Copy it again, or fit again.")


def read[F](path: str | Path, make: Callable[..., F], *, sealed: bool = True) -> F:
    """Read what `save` wrote, and make a fit of it; what is not sealed only where that is asked for."""
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
        if sealed:
            check_seal(source)
        return _read(source, make, (VERSION,) if sealed else (1, VERSION))
    except FrontierError as error:
        # those of a part do not know of which file
        raise error if str(source) in str(error) else StoreError(f"{source}: {error}") from None
    except _DAMAGE as error:
        raise StoreError(
            f"{source}: not a readable NetCDF file, or damaged ({type(error).__name__}: {str(error)[:300]}). Copy it "
            "again, or fit again."
        ) from None


def _read[F](source: Path, make: Callable[..., F], versions: tuple[int, ...]) -> F:
    check_file(source)
    # units are words for readers: no number of a fit is a time
    with xr.open_datatree(source, engine="h5netcdf", decode_times=False) as opened:
        tree = opened.load()
    if tree.attrs.get("format") != FORMAT:
        raise StoreError(f"{source}: a NetCDF file, but not a fit of bayes_frontier.")
    if tree.attrs.get("version") not in versions:
        raise StoreError(
            f"{source}: written in version {tree.attrs.get('version')} of the format, this is {VERSION}. Read it with "
            "the version of bayes_frontier that wrote it, or fit again."
        )
    evaluations = Evaluations.from_dataset(tree["evaluations"].dataset)
    spec = _specification(tree.attrs["specification"])
    tau = float(tree.attrs["tau"])
    check_values(tree, evaluations, spec, tau)
    provenance = check_provenance(json.loads(tree.attrs["provenance"]), evaluations, spec, tau)
    groups = {name: tree[name].dataset for name in GROUPS if name in tree.children and name != "evaluations"}
    return make(
        evaluations=evaluations, spec=spec, tau=tau, posterior=xr.DataTree.from_dict(groups), provenance=provenance
    )
