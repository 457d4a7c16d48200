"""The rows of every table in a folder of public results, as `identify` sees them."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path

import pandas as pd

from bayes_frontier.evaluations.sources.epoch_tables import COMPUTE, MODEL, RELEASED
from bayes_frontier.evaluations.sources.open_llm import widened

COLUMNS = ["table", "model", "base_field", "architecture", "params_b", "released", "type", "mapped"]
_EFFORT = re.compile(r"_(?:x?high|low|medium|minimal|none|max|[0-9]+[kK])$")


def rows(data: Path) -> pd.DataFrame:
    """Collect the rows: one per table and model, the first of each."""
    frames = [
        _v2(data / "open_llm_leaderboard_v2.csv"),
        _v1(data / "open_llm_leaderboard_v1.csv"),
        _proteus(data / "proteus_2k_part_models.csv"),
        *_epoch(data / "epoch"),
        _epoch_models(data / "epoch" / "large_scale_ai_models_2026-01.csv"),
        _names("livebench", pd.read_csv(data / "livebench" / "table_2026_06_25.csv")["model"]),
        _names("aider", _aider(data / "aider" / "polyglot_leaderboard.yml")),
        _names("evalplus", pd.Series(list(json.loads((data / "evalplus" / "results.json").read_text())))),
    ]
    table = pd.concat(frames, ignore_index=True).reindex(columns=COLUMNS)
    for name in ("model", "base_field", "architecture", "type", "mapped"):
        table[name] = table[name].astype(object).where(table[name].notna(), "").str.strip()
    table = table[table["model"] != ""]
    return table.drop_duplicates(["table", "model"]).reset_index(drop=True)


def _v2(path: Path) -> pd.DataFrame:
    export = pd.read_csv(path)
    dates = export[["Upload To Hub Date", "Submission Date"]].apply(pd.to_datetime, errors="coerce")
    names = {"fullname": "model", "Base Model": "base_field", "Architecture": "architecture", "Type": "type"}
    renamed = export.rename(columns=names | {"#Params (B)": "params_b"})
    return renamed[[*names.values(), "params_b"]].assign(table="oll-v2", released=dates.min(axis=1))


def _v1(path: Path) -> pd.DataFrame:
    export = pd.read_csv(path)
    text = export["architecture"].astype("str").where(export["architecture"].notna(), "").replace("?", "")
    kind = export["type"].astype("str").str.casefold()
    return pd.DataFrame(
        {
            "table": "oll-v1",
            "model": export["fullname"],
            "architecture": text,
            "params_b": widened(text, pd.to_numeric(export["params_b"], errors="coerce").to_numpy(dtype=float)),
            "type": kind.mask(kind.str.contains("pretrained", regex=False), "pretrained"),
            "released": pd.to_datetime(export["date"], errors="coerce").dt.tz_localize(None).dt.normalize(),
        }
    )


def _proteus(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path)
    names = {"model_id": "model", "mapped_base_model": "mapped", "num_params_B": "params_b"}
    dates = pd.to_datetime(table["last_modified"], errors="coerce", utc=True).dt.tz_localize(None)
    return table.rename(columns=names)[list(names.values())].assign(table="proteus-2k", released=dates)


def _epoch(folder: Path) -> list[pd.DataFrame]:
    with zipfile.ZipFile(folder / "benchmark_data_2026_05.zip") as packed:
        names = sorted(name for name in packed.namelist() if name.endswith(".csv"))
        tables = [pd.read_csv(io.BytesIO(packed.read(name))) for name in names]
    tables.append(pd.read_csv(folder / "bench_gpqa_diamond_2026-01.csv"))
    made = []
    for table in tables:
        if MODEL in table:
            bare = table[MODEL].astype("str").str.replace(_EFFORT, "", regex=True)
            released = pd.to_datetime(table[RELEASED], errors="coerce") if RELEASED in table else pd.NaT
            stated = {"model": table[MODEL], "base_field": bare, "released": released}
            made.append(pd.DataFrame(stated).assign(table="epoch"))
    return made


def _epoch_models(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path)
    assert COMPUTE in table
    return pd.DataFrame(
        {
            "table": "epoch-models",
            "model": table["Model"],
            "base_field": table["Base model"],
            "params_b": table["Parameters"] / 1e9,
            "released": pd.to_datetime(table["Publication date"], errors="coerce"),
        }
    )


def _aider(path: Path) -> pd.Series:
    found = re.findall(r"^\s+model: (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return pd.Series([name.strip().strip("\"'") for name in found])


def _names(table: str, names: pd.Series) -> pd.DataFrame:
    return pd.DataFrame({"table": table, "model": names})
