"""Whether scores above the boundary pile up in some base models."""

import numpy as np
import pandas as pd

from bayes_frontier.checks.records import Records, cluster_error

_REPETITIONS = 5000


def by_base_model(records: Records) -> pd.DataFrame:
    """Exceedances of every base model on every task."""
    grouped = records.table.groupby(["task", "base_model"], sort=False)["above"].agg(["size", "sum"]).reset_index()
    found = grouped.rename(columns={"size": "n", "sum": "exceedances"})
    return found.assign(expected=(1.0 - records.tau) * found["n"])


def dispersion(records: Records, seed: int = 0) -> pd.DataFrame:
    """Dispersion of exceedance counts over base models, against binomial counts.

    ``sum_g (x_g - e_g)**2 / sum_g e_g tau`` is 1 on average when each score exceeds with probability 1 - tau, whatever
    its base model. Boundaries that leave base models out pile exceedances up in the strong ones; a fitted effect each
    evens them out, to below 1.
    """
    counts, tau = by_base_model(records), records.tau
    rng = np.random.default_rng(seed)
    rows = []
    for task, part in counts.groupby("task", sort=False):
        n, expected = part["n"].to_numpy(), part["expected"].to_numpy()
        spread = expected.sum() * tau
        value = ((part["exceedances"] - expected) ** 2).sum() / spread
        chance = rng.binomial(n, 1.0 - tau, size=(_REPETITIONS, len(n)))
        beyond = ((chance - expected) ** 2).sum(axis=1) / spread >= value
        top = part.iloc[int((part["exceedances"] - part["expected"]).to_numpy().argmax())]
        own = records.table[records.table["task"] == task]
        rows.append(
            {
                "task": task,
                "n": int(n.sum()),
                "base_models": len(part),
                "dispersion": float(value),
                "chance": (1 + int(beyond.sum())) / (1 + _REPETITIONS),
                "top": top["base_model"],
                "top_exceedances": int(top["exceedances"]),
                "top_expected": float(top["expected"]),
                "binomial_error": float(np.sqrt(tau * (1.0 - tau) / n.sum())),
                "cluster_error": cluster_error(own["above"], own["base_model"])[0],
            }
        )
    return pd.DataFrame(rows)
