"""Base models above and below what their compute predicts."""

import numpy as np
import pytest
from scipy.special import expit, logit

from bayes_frontier.errors import QueryError
from bayes_frontier.posterior.query import base_model_lead
from tests.draws import BASES, FLOPS, TASKS, make_frontier, without_bases

EFFECTS = np.array([[1.0, 0.5], [0.0, 0.0], [-0.5, -1.0]])


@pytest.fixture
def fit():
    """Effects known: the first base model above, the second typical, the third below."""
    return make_frontier(base_model_effect=EFFECTS)


def test_the_lead_is_the_effect_in_scores(fit):
    lead = base_model_lead(fit)
    assert lead.dims == ("chain", "draw", "base_model", "task")
    assert lead.attrs["units"] == "score"
    last = fit.posterior["posterior"].dataset.isel(period=-1)
    z = np.log10(FLOPS[BASES[0]])
    rise = expit(last["slope"] * (z - last["midpoint"]))
    typical = last["floor"] + (last["ceiling"] - last["floor"]) * rise
    for k, task in enumerate(TASKS):
        q = typical.sel(task=task).to_numpy()
        expected = expit(logit(q) + EFFECTS[0, k]) - q
        np.testing.assert_allclose(lead.sel(base_model=BASES[0], task=task), expected, atol=1e-9)
    np.testing.assert_allclose(lead.sel(base_model=BASES[1]), 0.0, atol=1e-12)


def test_base_models_are_ordered_by_their_mean_over_tasks(fit):
    found = fit.base_models()
    assert found["base_model"].to_numpy().tolist() == [BASES[0], BASES[1], BASES[2]]
    assert found["overall_mean"].to_numpy() == pytest.approx(found["mean"].mean("task").to_numpy())
    assert found["overall_above"].to_numpy()[[0, 2]].tolist() == [1.0, 0.0]
    assert found["above"].sel(base_model=BASES[0]).to_numpy().tolist() == [1.0, 1.0]
    assert found["n_models"].to_numpy().tolist() == [12, 12, 12]
    assert found["flops"].to_numpy() == pytest.approx([FLOPS[name] for name in BASES])
    assert found["period"].item() == fit.period_labels[-1]


def test_a_wider_probability_gives_a_wider_interval(fit):
    wide, narrow = fit.base_models(prob=0.9), fit.base_models(prob=0.5)
    first = {"base_model": BASES[0]}
    assert (wide["lower"].sel(first) < narrow["lower"].sel(first)).all()
    assert (wide["overall_upper"].sel(first) > narrow["overall_upper"].sel(first)).all()
    assert (wide["lower"] <= wide["median"]).all()


def test_an_earlier_period_has_its_own_curve(fit):
    first, last = fit.base_models(period=0), fit.base_models()
    assert first["period"].item() == fit.period_labels[0]
    assert not np.allclose(first["mean"], last["mean"].sel(base_model=first["base_model"]))


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda fit: fit.base_models(prob=90), "prob must lie between 0 and 1"),
        (lambda fit: fit.base_models(period="all"), "ranked in one period"),
        (lambda fit: fit.base_models(period=7), "There is no period 7"),
        (lambda fit: without_bases().base_models(), "no base-model effects, so there is nothing to rank"),
    ],
)
def test_what_cannot_be_ranked_is_said(fit, ask, message):
    with pytest.raises(QueryError, match=message):
        ask(fit)
