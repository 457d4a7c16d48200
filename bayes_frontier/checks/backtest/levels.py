"""Predicted levels on disk, one file a split and boundary, so that an interrupted backtest goes on where it was."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from bayes_frontier.errors import StoreError
from bayes_frontier.files import replacing
from bayes_frontier.model.likelihood import FloatArray
from bayes_frontier.provenance import versions

CACHE = "cache"
_LIBRARIES = ("pymc", "nutpie", "numpy", "scipy", "scikit-learn")


@dataclass(frozen=True)
class Levels:
    """Levels one boundary predicts for one split.

    Attributes
    ----------
    values : ndarray, shape (n_models, n_tasks)
        Scores, missing where there is no prediction.
    facts : mapping
        seconds it took; of a posterior also whether it converged.
    """

    values: FloatArray
    facts: Mapping[str, object]


class LevelStore:
    """Finished levels in a folder, each with a key of everything it depends on.

    Parameters
    ----------
    folder : Path or None
        Where ``cache/`` is or will be; None keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = None if folder is None else folder / CACHE
        if self.folder is not None:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreError(f"{self.folder}: no folder can be made there ({error.strerror}).") from None

    def load(self, name: str, key: str) -> Levels | None:
        """Return finished levels."""
        if self.folder is None or not (path := self.folder / f"{name}.nc").is_file():
            return None
        try:
            with xr.open_dataset(path, engine="h5netcdf") as opened:
                found = opened.load()
            if found.attrs["key"] != key:
                return None
            return Levels(found["level"].to_numpy(), json.loads(found.attrs["facts"]))
        except (OSError, ValueError, KeyError, RuntimeError, TypeError):
            return None

    def save(self, name: str, key: str, levels: Levels) -> None:
        """Keep finished levels, whole or not at all."""
        if self.folder is None:
            return
        attrs = {"key": key, "facts": json.dumps(dict(levels.facts))}
        data = xr.Dataset({"level": (("record", "task"), levels.values)}, attrs=attrs)
        with replacing(self.folder / f"{name}.nc", "Finished levels", StoreError) as part:
            data.to_netcdf(part, engine="h5netcdf")


def make_key(parts: Mapping[str, object]) -> str:
    """Digest what levels depend on, library versions included."""
    return hashlib.sha256(json.dumps([parts, versions(_LIBRARIES)], sort_keys=True, default=str).encode()).hexdigest()
