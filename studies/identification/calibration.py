"""How often each kind of evidence is right, on names whose base models were looked up by hand.

Usage: python -m studies.identification.calibration DATA [OUT]

DATA is a folder of public results (see tables.py). OUT (reports/identification by default) holds labels.csv: table,
model, truth (canonical names with / between them where nobody could tell, or "unknown"), and receives
calibration.csv: right and checked by kind of evidence. Its numbers are those of MEASURED in
bayes_frontier/evaluations/registry/identify.py, which a test compares.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from bayes_frontier.evaluations.registry.identify import identify
from bayes_frontier.evaluations.registry.registry import default_registry
from studies.identification.tables import rows

RARE = 10
COLUMNS = ["model", "base_field", "architecture", "params_b", "released", "type", "mapped"]


def main(data: Path, out: Path) -> None:
    """Count and write."""
    labels = pd.read_csv(out / "labels.csv", keep_default_na=False)
    found = placed(data)
    both = labels.merge(found, on=["table", "model"], how="inner")
    both = both[both["base_model"] != ""]
    right = [base in truth.split("/") for base, truth in zip(both["base_model"], both["truth"], strict=True)]
    counts = pd.DataFrame({"kind": both["kind"], "right": right}).groupby("kind")["right"].agg(["sum", "size"])
    counts.columns = pd.Index(["right", "checked"])
    rare = counts[counts["checked"] < RARE].sum().rename("other").to_frame().T
    counts = pd.concat([counts[counts["checked"] >= RARE].sort_index(), rare]).astype(int)
    counts.to_csv(out / "calibration.csv", index_label="kind")
    print(counts.to_string())


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
