"""What a saved fit may hold: groups and variables with dimensions, types and ranges, and how a file is held to it.

`check_file` looks at a file's structure and sizes before anything of it is read, `check_values` at what was read.
To keep more with a fit, add it to `GROUPS`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import h5py
import numpy as np
import pydantic
import xarray as xr

from bayes_frontier.errors import StoreError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.model.calibration import RESIDUAL_LEVELS
from bayes_frontier.model.data import Stretches
from bayes_frontier.model.spec import ModelSpec
from bayes_frontier.text import listed

INFINITE = float("inf")
FLOAT, WHOLE, FLAG, TEXT, LABEL = "a float", "a whole number", "a flag", "text", "a text or whole number"
# What HDF5 calls them: kind and bytes of a NumPy type; text is of any length.
_TYPES = {FLOAT: ("f4", "f8"), WHOLE: ("i4", "i8", "u4", "u8"), FLAG: ("i1", "b1"), TEXT: ("O0",)}
_TYPES[LABEL] = _TYPES[WHOLE] + _TYPES[TEXT]
# Unpacked, a fit is at most so many bytes and so many times its file: draws hardly compress, zeros a thousandfold.
LARGEST, LEAST, EXPANSION = 8 * 2**30, 2**26, 8
# What HDF5 itself holds of every piece of a variable, whether there is anything in it or not, in bytes.
PIECE = 512
MOST_MEMBERS, MOST_TEXTS = 400, 8
# Of variables: those by which NetCDF finds dimensions, and xarray the type. Others would change values in being read.
_ATTRIBUTES: tuple[str, ...] = ("_FillValue", "_Netcdf4Coordinates", "_Netcdf4Dimid", "coordinates", "dtype")
_ATTRIBUTES += ("long_name", "units", "since")
_ATTRIBUTES += ("CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST")
_DIMENSION = b"This is a netCDF dimension but not a netCDF variable"


@dataclass(frozen=True)
class Variable:
    """A variable of a group."""

    dims: tuple[str, ...]  # in any order; the last may be "...", for more
    kind: str = FLOAT
    low: float = -INFINITE  # low, high: values lie between, these included
    high: float = INFINITE
    needed: bool = True  # whether every fit has it
    missing: bool = False  # whether values may be missing


def _spare(*dims: str, kind: str = FLOAT, low: float = -INFINITE, missing: bool = False) -> Variable:
    return Variable(dims, kind, low, needed=False, missing=missing)


_CHAINS = {"chain": _spare("chain", kind=WHOLE), "draw": _spare("draw", kind=WHOLE)}
_NAMES = {name: _spare(name, kind=TEXT) for name in ("task", "base_model", "period")}
_STRETCH = {name: _spare(name, kind=LABEL) for name in ("stretch", "step")} | {"node": _spare("node")}
_SHARES = ("high", "start_share", "floor_share", "ceiling_share")
_SCALES = ("drift", "base_model", "steepness")


def _boundary(*of: str, needed: bool) -> dict[str, Variable]:
    """Variables of the curves: of every draw, or of every point at which another fit can start."""
    cell, task = (*of, "task", "period"), (*of, "task")
    return {
        "floor": Variable(cell, low=0.0, high=1.0, needed=needed),
        "ceiling": Variable(cell, low=0.0, high=1.0, needed=needed),
        "slope": Variable(cell, low=0.0, needed=needed),
        "midpoint": Variable(cell, needed=needed),
        "drift": _spare(*task, "stretch"),
        "drift_scale": _spare(*task, low=0.0),
        "drift_velocity": _spare(*task),
        "base_model_scale": _spare(*task, low=0.0),
        "base_model_effect": _spare(*of, "base_model", "task"),
        "steepness": _spare(*task, "node", low=0.0),
        "steepness_scale": _spare(*task, low=0.0),
    }


def _free(*of: str) -> dict[str, Variable]:
    """Variables of the model from which the curves follow; answers need none of them."""
    names = [f"{name}_{part}" for name in _SHARES for part in ("mean", "spread", "logit", "raw")]
    names += [f"{name}_{part}" for name in _SCALES for part in ("typical", "spread", "raw")]
    names += ["drift_velocity_raw", "drift_step", "steepness_node", "base_model_level"]
    return {name: _spare(*of, "...") for name in names}


def _statistics(kind: str, *names: str) -> dict[str, Variable]:
    # of the sampler, for diagnostics only: an energy may be infinite where a draw diverged
    return {name: _spare("chain", "draw", kind=kind, missing=True) for name in names}


_RECORD, _SCORE, _DRAW = ("record",), ("record", "task"), ("chain", "draw")
# Scores in one row, and the task and record of each.
_SEEN = {"task": _spare("observation", kind=TEXT), "record": _spare("observation", kind=WHOLE)}
GROUPS: dict[str, dict[str, Variable]] = {
    "posterior": {**_CHAINS, **_NAMES, **_STRETCH, **_boundary(*_DRAW, needed=True), **_free(*_DRAW)},
    "prior": {**_CHAINS, **_NAMES, **_STRETCH, **_boundary(*_DRAW, needed=False), **_free(*_DRAW)},
    "posterior_predictive": {**_CHAINS, **_SEEN, "score": Variable((*_DRAW, "observation"), low=0.0, high=1.0)},
    "observed_data": {**_SEEN, "score": Variable(("observation",), low=0.0, high=1.0)},
    "sample_stats": {
        **_CHAINS,
        **_statistics(FLOAT, "energy", "energy_error", "lp", "step_size", "acceptance_rate"),
        **_statistics(WHOLE, "n_steps", "tree_depth"),
        **_statistics(FLAG, "diverging", "reached_max_treedepth"),
        # by their names in version 1
        **_statistics(FLOAT, "logp"),
        **_statistics(WHOLE, "depth"),
    },
    "constant_data": {
        **_NAMES,
        "level": Variable(("level",), low=0.0, high=1.0),
        "residual_quantiles": Variable(("task", "level"), low=-2.0, high=2.0),
        "density": _spare("task", low=0.0),
        "scale": _spare("task", low=0.0),
        "half_width": _spare("task", low=0.0),
        "likelihood_level": Variable(("task",), low=0.0, high=1.0, needed=False),
        "uploader_correlation": Variable(("task",), low=0.0, high=1.0, needed=False),
        "tails": _spare("base_model", "task", low=0.0),
        "flops": _spare("record", low=0.0),
    },
    "evaluations": {
        "record": Variable(_RECORD, WHOLE),
        "task": Variable(("task",), TEXT),
        "score": Variable(_SCORE, low=0.0, high=1.0, missing=True),
        "n_items": Variable(_SCORE, low=0.0, missing=True),
        "cost": Variable(_SCORE, missing=True),
        "standard_error": _spare(*_SCORE, low=0.0, missing=True),
        **{name: Variable(_RECORD, TEXT) for name in ("model", "base_model", "stage")},
        "flops": Variable(_RECORD, low=0.0),
        "flops_factor": _spare(*_RECORD, low=1.0, missing=True),
        "params_b": Variable(_RECORD, low=0.0, missing=True),
        "tokens_t": Variable(_RECORD, low=0.0, missing=True),
        # from 1677 to 2262, as far as dates go
        "released_day": Variable(_RECORD, low=-106_751.0, high=106_751.0, missing=True),
        "period": Variable(_RECORD, WHOLE, low=0.0),
        "source_row": Variable(_RECORD, WHOLE),
        "dropped": Variable((), TEXT),
    },
    "ending": {
        **_NAMES,
        **_STRETCH,
        "point": _spare("point", kind=WHOLE),
        **_boundary("point", needed=False),
        "free_*": _spare("point", "..."),
    },
    "diagnostics": {
        "number": _spare("number", kind=WHOLE),
        "quantity": Variable(("number",), TEXT),
        **{name: Variable(("number",), missing=True) for name in ("r_hat", "ess_bulk", "ess_tail")},
    },
}
NEEDED = ("posterior", "sample_stats", "constant_data", "evaluations")


class _Beside(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="allow", strict=True, allow_inf_nan=False)


class _Sampling(_Beside):
    """How another fit is drawn that takes this one's settings: within what a machine can do."""

    seed: int = pydantic.Field(ge=0)
    tau: float | None = None
    draws: int = pydantic.Field(1, ge=1, le=10**6)
    tune: int = pydantic.Field(1, ge=0, le=10**6)
    chains: int = pydantic.Field(1, ge=1, le=1000)


class _Imputed(_Beside):
    tables: int = pydantic.Field(0, ge=0, le=1000)


class _Specification(_Beside):
    structure: dict[str, object] = {}


class _Model(_Beside):
    specification: _Specification = _Specification()


class Provenance(_Beside):
    """What is asked of a fit's provenance; it has more, which is only shown."""

    data: dict[str, object] = {}
    model: _Model = _Model()
    sampling: _Sampling
    compute_uncertainty: _Imputed = _Imputed(tables=0)


def _declared(group: str, name: str) -> Variable | None:
    known = GROUPS[group]
    return known.get(name) or next((known[k] for k in known if k.endswith("*") and name.startswith(k[:-1])), None)


def check_file(path: Path) -> None:
    """Refuse a file whose structure is not that of a fit: nothing points outside of it, nothing is larger than it says.

    Nothing of what the file holds is read but names, types and sizes.
    """
    size = path.stat().st_size
    total, seen = 0, set[object]()
    with h5py.File(path, "r") as file:
        layout = file.id.get_create_plist()
        if layout.get_userblock() or layout.get_sizes() != (8, 8):
            raise StoreError("not laid out as a fit is written.")
        total += _check_attributes(file, "the file", size)
        for name, group in _members(file, "the file", seen):
            if name not in GROUPS or not isinstance(group, h5py.Group):
                raise StoreError(f"{name}: no fit has a group of this name; it has {listed(GROUPS)}.")
            total += _check_attributes(group, name, size)
            for member, values in _members(group, name, seen):
                place = f"{name}/{member}"
                if not isinstance(values, h5py.Dataset):
                    raise StoreError(f"{place}: a group within a group; a fit has none.")
                total += _checked_size(values, _declared(name, member), place, size)
                if total > min(LARGEST, max(LEAST, EXPANSION * size)):
                    raise StoreError(f"it would unpack to {total:,} bytes, which no fit of {size:,} bytes does.")
                if values.shape and not {"DIMENSION_LIST", "CLASS"} & set(values.attrs):
                    raise StoreError(f"{place}: its dimensions have no names.")
        missing = [name for name in NEEDED if name not in file] + [
            f"{group}/{name}"
            for group, variables in GROUPS.items()
            for name, one in variables.items()
            if one.needed and group in file and name not in file[group]
        ]
        if missing:
            raise StoreError(f"parts of the fit are missing: {listed(missing)}.")


def _members(group: h5py.Group, place: str, seen: set[object]) -> Iterator[tuple[str, h5py.Group | h5py.Dataset]]:
    """Open the members of a group, each once and only those that are in the file itself."""
    if group.id.get_num_objs() > MOST_MEMBERS:
        raise StoreError(f"{place}: has {group.id.get_num_objs():,} members; a fit has at most {MOST_MEMBERS}.")
    for name in list(group):
        if group.id.links.get_info(name.encode()).type != h5py.h5l.TYPE_HARD:
            raise StoreError(f"{place}/{name}: points elsewhere; a fit holds all that it needs.")
        member = group[name]
        address = h5py.h5o.get_info(member.id).addr
        if address in seen:
            raise StoreError(f"{place}/{name}: is there under two names; a fit holds everything once.")
        seen.add(address)
        yield name, member


def _check_attributes(owner: h5py.Group | h5py.Dataset, place: str, size: int) -> int:
    """Hold attributes to what they may be; return the bytes of their texts, of which many may be one in the file."""
    total = 0
    if len(owner.attrs) > MOST_MEMBERS:
        raise StoreError(f"{place}: has {len(owner.attrs):,} attributes; a fit has at most {MOST_MEMBERS}.")
    for name in owner.attrs:
        about = owner.attrs.get_id(name)
        text = h5py.check_string_dtype(about.dtype) is not None
        n = int(np.prod(about.shape, dtype=float))
        # what NetCDF itself writes has types of its own, one for each dimension or variable
        own = name in ("DIMENSION_LIST", "REFERENCE_LIST") and n <= MOST_MEMBERS
        if not own and not (text and n <= MOST_TEXTS) and not (about.dtype.kind in "iufbS" and n <= MOST_MEMBERS):
            raise StoreError(f"{place}, attribute {name}: neither a text nor a number.")
        if isinstance(owner, h5py.Dataset) and (
            name not in _ATTRIBUTES
            or (name == "_FillValue" and not (owner.dtype.kind == "f" and np.isnan(owner.attrs[name]).all()))
            or (name == "dtype" and owner.attrs[name] != "bool")
            # times by the conventions of NetCDF, as other readers of it would take them
            or (name == "units" and " since " in str(owner.attrs[name]))
        ):
            raise StoreError(f"{place}, attribute {name}: would change the values; no fit has it.")
        total += sum(map(len, np.atleast_1d(owner.attrs[name]))) if text and n else 0
        if total > size:
            raise StoreError(f"{place}: its attributes have more text than the file.")
    return total


def _checked_size(values: h5py.Dataset, declared: Variable | None, place: str, size: int) -> int:
    """Hold a variable to its declaration; return its bytes when unpacked."""
    texts = _check_attributes(values, place, size)
    if values.is_virtual or values.external:
        raise StoreError(f"{place}: its values are in another file; a fit holds all that it needs.")
    kind = f"{values.dtype.kind}{0 if values.dtype.kind == 'O' else values.dtype.itemsize}"
    bare = declared is None or values.attrs.get("NAME", b"").startswith(_DIMENSION)
    if bare and (kind != "f4" or len(values.shape) != 1 or values.id.get_storage_size() or values.chunks):
        raise StoreError(f"{place}: no fit has a variable of this name.")
    if bare:
        # the length of a dimension without values: never read
        return texts
    assert declared is not None
    if kind not in _TYPES[declared.kind] or (kind == "O0" and h5py.check_string_dtype(values.dtype) is None):
        raise StoreError(f"{place}: is {values.dtype}; {declared.kind} is expected.")
    known = len(declared.dims) - (declared.dims[-1:] == ("...",))
    if len(values.shape) != known and (known == len(declared.dims) or len(values.shape) < known):
        raise StoreError(f"{place}: has {len(values.shape)} dimensions; expected are {listed(declared.dims)}.")
    filters = values.id.get_create_plist()
    packed = {filters.get_filter(i)[0] for i in range(filters.get_nfilters())}
    if not packed <= {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}:
        raise StoreError(f"{place}: packed by another filter than those of NetCDF.")
    if values.shape != (values.maxshape or ()) or any(
        part > whole for part, whole in zip(values.chunks or (), values.shape, strict=False)
    ):
        raise StoreError(f"{place}: its parts are larger than the whole.")
    if kind != "O0":
        pieces = [-(-whole // part) for part, whole in zip(values.chunks or (), values.shape, strict=False)]
        bytes_held = np.prod(values.shape, dtype=float) * values.dtype.itemsize
        return int(texts + bytes_held + PIECE * np.prod(pieces, dtype=float))
    if values.chunks or packed:
        raise StoreError(f"{place}: text in pieces; a fit has it in one.")
    return texts + _length(values, place, size)


def _length(values: h5py.Dataset, place: str, size: int) -> int:
    """Bytes of text: what says where each is begins with its length, and many may point at one that is long."""
    n, offset = int(np.prod(values.shape, dtype=float)), values.id.get_offset()
    if offset is None or not n:
        return 0
    if n * 16 > size:
        raise StoreError(f"{place}: has {n:,} texts, more than the file can hold.")
    with Path(values.file.filename).open("rb") as file:
        file.seek(offset)
        lengths = np.frombuffer(file.read(16 * n), dtype="<u4")[::4]
    total = int(lengths.sum(dtype=np.int64))
    if total > size:
        raise StoreError(f"{place}: its texts have {total:,} bytes, more than the file.")
    return total


def check_provenance(provenance: object, evaluations: Evaluations, spec: ModelSpec, tau: float) -> dict[str, Any]:
    """Refuse a provenance without what is asked of it, or of another fit."""
    try:
        known = Provenance.model_validate(provenance)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ".".join(("provenance", *map(str, first["loc"])))
        raise StoreError(f"{where}: {first['msg'][:1].lower()}{first['msg'][1:]}.") from None
    same: dict[str, tuple[object, object]] = {
        "data.sha256": (known.data.get("sha256"), evaluations.fingerprint),
        "sampling.tau": (known.sampling.tau, tau),
    }
    before, structure = known.model.specification.structure, spec.structure.model_dump()
    # of what both versions know
    same |= {f"model.specification.structure.{key}": (before[key], structure[key]) for key in before.keys() & structure}
    for name, (told, held) in same.items():
        if told is not None and told != held:
            raise StoreError(f"provenance.{name}: is {told!r}, of another fit; this one has {held!r}.")
    return cast(dict[str, Any], provenance)


def check_values(tree: xr.DataTree, evaluations: Evaluations, spec: ModelSpec, tau: float) -> None:
    """Refuse values that no fit has: out of range, not finite, or of other tasks, base models or periods."""
    if not 0.5 <= tau <= 0.999:
        raise StoreError(f"tau is {tau!r}, not between 0.5 and 0.999.")
    names = {
        "task": list(evaluations.tasks),
        "base_model": sorted(set(evaluations.models["base_model"])),
        "period": list(evaluations.period_labels),
        "level": RESIDUAL_LEVELS.tolist(),
    }
    stretches = Stretches.of(evaluations, within_periods=spec.structure.periods == "random-walk").n
    draws = tree["posterior"].dataset
    # without the first stretch, since which it is, drift is not zero by definition
    left_out = "drift" in draws and "since" in draws["drift"].attrs
    sizes = {name: len(values) for name, values in names.items()} | {"stretch": stretches - left_out}
    sizes |= {dim: draws.sizes[dim] for dim in ("chain", "draw")}
    for group in (name for name in GROUPS if name in tree.children):
        dataset = tree[group].dataset
        for name, values in dataset.variables.items():
            declared = _declared(group, str(name))
            if declared is not None:
                _check_variable(f"{group}/{name}", values, declared)
        # the points at which another fit can start are matched by name with what that fit has
        for dim, size in dataset.sizes.items() if group in ("posterior", "sample_stats", "constant_data") else ():
            if size != sizes.get(str(dim), size):
                raise StoreError(f"{group}: has {size:,} of {dim}, the evaluations {sizes[str(dim)]:,}.")
            if dim in names and dim in dataset.coords and dataset[dim].to_numpy().tolist() != names[str(dim)]:
                raise StoreError(f"{group}/{dim}: other names than those of the evaluations.")
    if bool((draws["floor"] > draws["ceiling"]).any()):
        raise StoreError("posterior: a floor lies above its ceiling.")
    if spec.structure.periods == "random-walk" and "drift_scale" not in draws:
        raise StoreError("posterior: without drift_scale, unlike its specification.")
    if (spec.structure.curve == "bent") > ("steepness" in draws) or ("steepness" in draws) != ("node" in draws.coords):
        raise StoreError("posterior: without the steepness of its boundaries at nodes, unlike its specification.")
    if "node" in draws.coords and bool((draws["node"].diff("node") <= 0.0).any()):
        raise StoreError("posterior/node: does not increase.")
    if ("base_model_effect" in draws) != ("base_model_scale" in draws):
        raise StoreError("posterior: effects of base models without their scale, or the other way round.")
    if "base_model_effect" in draws and not spec.structure.base_models:
        raise StoreError("posterior: with effects of base models, unlike its specification.")
    if bool((tree["constant_data"].dataset["residual_quantiles"].diff("level") < 0.0).any()):
        raise StoreError("constant_data/residual_quantiles: falls, and quantiles do not.")


def _check_variable(place: str, values: xr.Variable, declared: Variable) -> None:
    known = [dim for dim in declared.dims if dim != "..."]
    if not set(known) <= set(values.dims) or (len(known) == len(declared.dims) and len(known) != len(values.dims)):
        raise StoreError(f"{place}: has the dimensions {listed(values.dims)}; expected are {listed(declared.dims)}.")
    if declared.kind in (TEXT, LABEL, FLAG) or not values.size:
        return
    numbers = values.to_numpy()
    if declared.missing:
        numbers = numbers[~np.isnan(numbers)]
        if not numbers.size or declared.low == -INFINITE:
            return
    low, high = numbers.min(), numbers.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        raise StoreError(f"{place}: holds a value that is not finite.")
    if low < declared.low or high > declared.high:
        raise StoreError(
            f"{place}: holds values from {low:g} to {high:g}; they lie between {declared.low:g} and {declared.high:g}."
        )
