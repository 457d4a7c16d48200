"""Exact pinball loss of the fitted boundary, against a constant and against the boundary shifted."""

import numpy as np
import pandas as pd

from bayes_frontier.checks.records import Records, cluster_error
from bayes_frontier.model.likelihood import FloatArray, pinball_loss


def pinball(records: Records) -> pd.DataFrame:
    """Pinball loss by task."""
    rows = []
    for task, part in records.table.groupby("task", sort=False):
        score, boundary = part["score"].to_numpy(), part["boundary"].to_numpy()
        flat = part.groupby("period")["score"].transform("quantile", records.tau).to_numpy()
        losses, constant = pinball_loss(score - boundary, records.tau), pinball_loss(score - flat, records.tau)
        shift = float(np.quantile(score - boundary, records.tau))
        loss = float(losses.mean())
        rows.append(
            {
                "task": task,
                "n": len(part),
                "loss": loss,
                "constant": float(constant.mean()),
                "skill": 1.0 - _ratio(loss, constant),
                "difference_error": cluster_error(pd.Series(losses - constant), part["base_model"])[0],
                "shift": shift,
                "gain": 1.0 - float(pinball_loss(score - boundary - shift, records.tau).mean()) / max(loss, 1e-12),
            }
        )
    return pd.DataFrame(rows)


def _ratio(loss: float, constant: FloatArray) -> float:
    return loss / max(float(constant.mean()), 1e-12)
