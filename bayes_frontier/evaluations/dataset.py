"""Evaluations to and from an xarray dataset that NetCDF can hold: no None or boolean attributes."""

import datetime as dt
import json
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.container import Evaluations
from bayes_frontier.evaluations.frames import DROPPED

VERSION = 1
ATTRIBUTE = "evaluations"
_TEXT = ("model", "base_model", "stage")
_FLOATS = ("flops", "params_b", "tokens_t")


def to_dataset(evaluations: Evaluations) -> xr.Dataset:
    """Return `evaluations` as a dataset with dims record and task.

    The rows left out are one JSON string in the variable ``dropped``; notes, periods, source and fingerprint
    are one JSON attribute.

    Parameters
    ----------
    evaluations : Evaluations
        What to hold.

    Returns
    -------
    xarray.Dataset
        Scores, items and costs have shape (record, task), everything else (record,).
    """
    models, tasks, table = evaluations.models, list(evaluations.tasks), evaluations.table
    at = (table["row"].to_numpy(), pd.Index(tasks).get_indexer(pd.Index(table["task"])))

    def matrix(name: str) -> tuple[tuple[str, str], np.ndarray]:
        values = np.full((len(models), len(tasks)), np.nan)
        values[at] = table[name].to_numpy()
        return ("record", "task"), values

    days = models["released"].to_numpy(dtype="datetime64[D]")
    data: dict[str, object] = {name: ("record", models[name].to_numpy(dtype=object)) for name in _TEXT}
    data |= {name: ("record", models[name].to_numpy(dtype=np.float64)) for name in _FLOATS}
    data |= {
        # days as numbers: a column without any date would not survive the time encoding of NetCDF
        "released_day": (
            "record",
            np.where(np.isnat(days), np.nan, days.astype(np.int64).astype(np.float64)),
        ),
        "period": ("record", models["period"].to_numpy(dtype=np.int64)),
        "source_row": ("record", models["source_row"].to_numpy(dtype=np.int64)),
        "score": matrix("score"),
        "n_items": matrix("n_items"),
        "cost": matrix("cost"),
        "dropped": ((), json.dumps({name: evaluations.dropped[name].tolist() for name in DROPPED})),
    }
    about = {
        "version": VERSION,
        "period_ends": [None if end is None else end.isoformat() for end in evaluations.period_ends],
        "period_labels": list(evaluations.period_labels),
        "notes": list(evaluations.notes),
        "source": evaluations.source,
        "source_format": evaluations.source_format,
        "fingerprint": evaluations.fingerprint,
    }
    coords = {"task": np.array(tasks, dtype=object), "record": np.arange(len(models))}
    return xr.Dataset(data, coords=coords, attrs={ATTRIBUTE: json.dumps(about)})


def from_dataset(dataset: xr.Dataset) -> Evaluations:
    """Rebuild evaluations from `to_dataset`'s dataset.

    Parameters
    ----------
    dataset : xarray.Dataset
        The dataset.

    Returns
    -------
    Evaluations
        The same evaluations.

    Raises
    ------
    DataError
        If the dataset is of another kind or version, or its content does not match its fingerprint.
    """
    try:
        about = json.loads(dataset.attrs[ATTRIBUTE])
        if about["version"] != VERSION:
            raise DataError(
                f"Saved evaluations have layout version {about['version']}, this program reads {VERSION}: "
                "read the source file again."
            )
        evaluations = _rebuild(dataset, about)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"These are not saved evaluations, or only a part of them ({error}): read the source file again."
        ) from error
    if evaluations.fingerprint != about["fingerprint"]:
        raise DataError(
            "Saved evaluations do not match their fingerprint: the file was changed; read the source file again."
        )
    return evaluations


def _rebuild(dataset: xr.Dataset, about: dict[str, Any]) -> Evaluations:
    tasks = [str(t) for t in dataset["task"].to_numpy()]
    days = dataset["released_day"].to_numpy()
    known = ~np.isnan(days)
    released = np.full(len(days), np.datetime64("NaT", "ns"))
    released[known] = days[known].astype(np.int64).astype("datetime64[D]")
    models = pd.DataFrame({name: dataset[name].to_numpy() for name in (*_TEXT, *_FLOATS, "source_row")})
    models["released"] = released
    models[tasks] = dataset["score"].transpose("record", "task").to_numpy()
    dropped = json.loads(str(dataset["dropped"].item()))
    types = dict.fromkeys(DROPPED, "str") | {"source_row": "int64"}
    made = Evaluations.from_models(
        models,
        tasks,
        n_items=dataset["n_items"].transpose("record", "task").to_numpy(),
        costs=dataset["cost"].transpose("record", "task").to_numpy(),
        dropped=pd.DataFrame({name: dropped[name] for name in DROPPED}).astype(types),
        notes=about["notes"],
        source=about["source"],
        source_format=about["source_format"],
    )
    period = dataset["period"].to_numpy().astype(np.int64)
    ends = tuple(None if end is None else dt.date.fromisoformat(end) for end in about["period_ends"])
    return Evaluations(
        table=made.table.assign(period=period[made.table["row"].to_numpy()]),
        models=made.models.assign(period=period),
        tasks=made.tasks,
        period_ends=ends,
        period_labels=tuple(about["period_labels"]),
        dropped=made.dropped,
        notes=made.notes,
        source=made.source,
        source_format=made.source_format,
    )
