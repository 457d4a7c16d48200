"""How often each kind of evidence is right, on names whose base models were looked up by hand.

Usage: python -m studies.identification.calibration DATA [OUT]

DATA is a folder of public results (see tables.py). OUT (reports/identification by default) holds labels.csv: table,
model, truth (canonical names with / between them where nobody could tell, which is right only if their FLOPs are the
same, or "unknown"), and receives
calibration.csv: right and checked by kind of evidence, names that a random draw found wrong counted against their kind
also after mends. Its numbers are those of MEASURED in
bayes_frontier/evaluations/registry/identify.py, which a test compares.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from bayes_frontier.evaluations.registry.identify import identify
from bayes_frontier.evaluations.registry.registry import Registry, default_registry
from studies.identification.tables import rows

RARE = 10
COLUMNS = ["model", "base_field", "architecture", "params_b", "released", "type", "mapped"]


def main(data: Path, out: Path) -> None:
    """Count and write."""
    labels = pd.read_csv(out / "labels.csv", keep_default_na=False)
    found = placed(data)
    both = labels.merge(found, on=["table", "model"], how="inner")
    both = both[both["base_model"] != ""]
    registry = default_registry()
    right = [
        is_right(base, truth, kind, registry)
        for base, truth, kind in both[["base_model", "truth", "kind"]].itertuples(index=False)
    ]
    checked = pd.concat([pd.DataFrame({"kind": both["kind"], "right": right}), mended(out, found)])
    counts = checked.groupby("kind")["right"].agg(["sum", "size"])
    counts.columns = pd.Index(["right", "checked"])
    rare = counts[counts["checked"] < RARE].sum().rename("other").to_frame().T
    counts = pd.concat([counts[counts["checked"] >= RARE].sort_index(), rare]).astype(int)
    counts.to_csv(out / "calibration.csv", index_label="kind")
    print(counts.to_string())


def mended(out: Path, found: pd.DataFrame) -> pd.DataFrame:
    """List what random draws found wrong and what is placed otherwise now: mends leave other such names unseen."""
    now = found.set_index(["table", "model"])["base_model"].to_dict()
    rows = []
    for path in sorted(out.glob("fresh_*.csv")):
        drawn = pd.read_csv(path, keep_default_na=False)
        wrong = drawn[(drawn["sample"] == "random") & ~drawn["one_rule"].isin(["right", "either"])]
        keys = zip(wrong["table"], wrong["model"], wrong["base_model"], wrong["kind"], strict=True)
        rows += [(kind, False) for table, model, base, kind in keys if now.get((table, model)) != base]
    return pd.DataFrame(rows, columns=["kind", "right"])


def is_right(base: str, truth: str, kind: str, registry: Registry) -> bool:
    """Tell whether a base model is the true one, or has its compute where nothing tells which of several is."""
    compute, said = ({flops(name, registry) for name in names} for names in (truth.split("/"), [base]))
    return compute == said and (base in truth.split("/") or kind.endswith("either"))


def flops(name: str, registry: Registry) -> float | str:
    """Return a base model's FLOPs, or its name where the registry does not know it."""
    model = registry.get(name)
    return model.flops if model else name


def placed(data: Path) -> pd.DataFrame:
    """Identify every row of every table, with the kind of evidence."""
    table = rows(data)
    parts = [identify(part[COLUMNS], default_registry()).drop(columns="params_b") for _, part in table.groupby("table")]
    found = table.join(pd.concat(parts))
    found["base_model"] = found["base_model"].astype(object).where(found["base_model"].notna(), "")
    return found.assign(kind=found["evidence"].str.partition(":")[0])


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) == 3 else "reports/identification"))
