"""Draw identified names for a check by hand, without saying how sure the rules are of them.

Usage: python -m studies.identification.draw DATA SEED OUT [N [PER_BAND]]

Draws N (300) names at random from all that are identified, but for those of reports/identification/labels.csv and of
earlier checks, and more of each band of confidence that then has fewer than PER_BAND (110). Writes to OUT the table,
name, what the table says of it, and the base model found, in random order, for verdicts: right, either (one of several
base models of one size and compute, which nothing tells apart), wrong, or unsure. OUT holds rows of the data: it does
not belong into the repository.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from studies.identification.calibration import COLUMNS, placed

BANDS = (0.8, 0.9, 0.97, 1.0)
REPORTS = Path("reports/identification")


def main(data: Path, seed: int, out: Path, n: int = 300, per_band: int = 110) -> None:
    """Draw and write."""
    found = placed(data)
    known = set(pd.read_csv(REPORTS / "labels.csv", keep_default_na=False)["model"].str.strip())
    for path in REPORTS.glob("fresh*.csv"):
        known |= set(pd.read_csv(path, keep_default_na=False)["model"].str.strip())
    pool = found[(found["base_model"] != "") & ~found["model"].str.strip().isin(known)]
    pool = pool.drop_duplicates("model").reset_index(drop=True)
    rng = np.random.default_rng(seed)
    first = rng.choice(len(pool), n, replace=False)
    chosen = dict.fromkeys(first.tolist(), "random")
    band = np.digitize(pool["confidence"], BANDS[:-1])
    for k in np.unique(band):
        here = np.flatnonzero(band == k)
        lacking = per_band - sum(i in chosen for i in here.tolist())
        rest = np.array([i for i in here.tolist() if i not in chosen])
        if lacking > 0 and len(rest):
            chosen |= dict.fromkeys(rng.choice(rest, min(lacking, len(rest)), replace=False).tolist(), "band")
    drawn = pool.iloc[list(chosen)].assign(sample=list(chosen.values()))
    drawn = drawn.sample(frac=1.0, random_state=seed % 2**32)
    drawn[["table", *COLUMNS, "base_model"]].to_csv(out, index=False)
    drawn.to_csv(out.with_suffix(".key.csv"), index=False)


if __name__ == "__main__":
    if not 4 <= len(sys.argv) <= 6:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), *map(int, sys.argv[4:]))
