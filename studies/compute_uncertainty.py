"""Compare a fit that takes FLOPs as stated with one that carries their uncertainty; write a page.

Usage: python -m studies.compute_uncertainty PLAIN.nc POOLED.nc [--out DIR]

PLAIN is saved by ``bayes-frontier fit``, POOLED by the same with ``--compute-uncertainty N``, of the same table. Writes
README.md and boundaries.csv to DIR (reports/compute-uncertainty by default).
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from bayes_frontier.display import csv_bytes
from bayes_frontier.posterior.drift import movement
from bayes_frontier.posterior.frontier import Frontier, load

FLOPS = (1e22, 1e23, 1e24, 3e24)


def main(arguments: list[str] | None = None) -> int:
    """Compare two fits."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("plain", type=Path)
    parser.add_argument("pooled", type=Path)
    parser.add_argument("--out", type=Path, default=Path("reports/compute-uncertainty"))
    options = parser.parse_args(arguments)
    plain, pooled = load(options.plain), load(options.pooled)
    if plain.evaluations.fingerprint != pooled.evaluations.fingerprint:
        print("The fits are of different tables.", file=sys.stderr)
        return 2
    if "compute_uncertainty" not in pooled.provenance or "compute_uncertainty" in plain.provenance:
        print("Give first the fit without --compute-uncertainty, then the one with it.", file=sys.stderr)
        return 2
    found = movement(plain, pooled, list(FLOPS))
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "boundaries.csv").write_bytes(csv_bytes(found.round(5)))
    (options.out / "README.md").write_text(page(plain, pooled, found))
    return 0


def page(plain: Frontier, pooled: Frontier, found: pd.DataFrame) -> str:
    """Write the page."""
    said = pooled.provenance["compute_uncertainty"]
    wider = (found["width"] / found["width_before"] - 1.0).groupby(found["flops"]).mean()
    moved = found["change"].groupby(found["flops"]).mean()
    slopes = [_slope(fit) for fit in (plain, pooled)]
    each = ", ".join(f"{flops:.0e} {100 * wider[flops]:+.0f}% and {moved[flops]:+.4f}" for flops in FLOPS)
    lines = [
        "# Uncertain compute carried into a fit",
        "",
        "Written by `make compute-uncertainty`. The same scores fitted twice: with FLOPs as stated, and with "
        f"{said['tables']} tables",
        "whose base models' FLOPs are drawn from the registry's uncertainty, their draws pooled.",
        "",
        f"Of {len(plain.base_model_names)} base models {said['unlisted_base_models']} are in no registry and count "
        f"with a relative standard deviation of {said['unlisted_relative_sd']:g}; the median uncertainty is "
        f"{said['median_decades']:.2f} decades, the largest {said['largest_decades']:.2f}.",
        "",
        f"Width of 90% intervals of population boundaries, and boundaries, change by, mean of the tasks: {each}. Rises "
        f"become {100 * (slopes[1] / slopes[0] - 1):+.0f}% (rise of a decade around the median model, mean of tasks).",
        "",
        "Scores do not speak on compute in the second fit: FLOPs are drawn before it sees them. A fit in which they "
        "did would flatten less.",
        "",
        "| task | FLOPs | stated | pooled | change | width, stated | width, pooled |",
        "|---|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {row.task} | {row.flops:.0e} | {row.before:.3f} | {row.after:.3f} | {row.change:+.4f} | "
            f"{row.width_before:.4f} | {row.width:.4f} |"
            for row in found.itertuples()
        ),
        "",
    ]
    return "\n".join(lines)


def _slope(fit: Frontier) -> float:
    """Mean rise of the population boundary in the middle of the data, in scores per decade."""
    z = float(np.median(np.log10(fit.evaluations.models["flops"].to_numpy(float))))
    values = fit.boundary([10.0 ** (z - 0.5), 10.0 ** (z + 0.5)]).mean(("chain", "draw"))
    return float((values.isel(flops=1) - values.isel(flops=0)).mean())


if __name__ == "__main__":
    raise SystemExit(main())
