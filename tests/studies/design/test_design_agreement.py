"""`python -m studies.design.design_agreement`, with the fast posterior in the place of NUTS."""

import pandas as pd
import pytest

import bayes_frontier as bf
from studies.design import design_agreement
from studies.design.contest import Contest
from studies.design.design_agreement import EVERYTHING, OURS, RANDOM, compare, page


@pytest.fixture(scope="module")
def rows():
    evaluations, _ = bf.simulate(4, n_models=260, n_base_models=14, tasks=2, periods=3, tau=0.98)
    evaluations = bf.Evaluations.from_models(
        evaluations.models.assign(params_b=7.0),
        evaluations.tasks,
        periods=[day for day in evaluations.period_ends if day],
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(design_agreement, "sampled", lambda contest, state: state)
        return pd.DataFrame([row for p in (1, 2) for row in compare(Contest(evaluations, p), 1)])


def test_a_posterior_agrees_with_itself(rows):
    assert rows["known"].tolist() == 2 * [EVERYTHING, OURS, RANDOM]
    assert rows["difference"].abs().max() == 0.0
    assert rows["ratio"].to_numpy() == pytest.approx(1.0)
    assert (rows["distance_nuts"] == rows["distance_fast"]).all()
    assert (rows.loc[rows["known"] == EVERYTHING, "distance_fast"] == 0.0).all()
    assert (rows.loc[rows["known"] != EVERYTHING, "distance_fast"] > 0.0).all()
    # The last pool has no next period.
    assert rows["pinball_nuts"].isna().tolist() == 3 * [False] + 3 * [True]


def test_the_page_says_both(rows):
    text = page("python -m studies.design.design_agreement", rows)
    assert "| 1 | everything | " in text
    assert text.count(" by NUTS, ") == 2
    two = rows.assign(distance_nuts=rows["distance_nuts"].where(rows["known"] != OURS, rows["distance_nuts"] / 2.0))
    assert page("x", two) != text
