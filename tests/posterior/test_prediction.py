"""Boundaries of given models."""

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.special import expit, k0, logit

from bayes_frontier.errors import DataError, FrontierError, QueryError
from bayes_frontier.model.data import Stretches
from bayes_frontier.posterior.ahead import _own_moves
from tests.draws import BASES, FLOPS, HUB_LLAMA, TASKS, make_frontier, without_bases


def asked(base="mistral-7b", flops=3e23, **columns) -> pd.DataFrame:
    return pd.DataFrame({"base_model": [base], "flops": [flops], **{k: [v] for k, v in columns.items()}})


@pytest.mark.parametrize("make", [make_frontier, without_bases])
def test_fitted_is_the_mean_over_draws_of_every_record(make):
    frontier = make()
    found = frontier.fitted()
    models = frontier.evaluations.models
    assert found.dims == ("model", "task")
    assert found["model"].to_numpy().tolist() == models["model"].tolist()
    curves = frontier.curves
    for i, row in enumerate(models.itertuples()):
        for k in range(len(TASKS)):
            p = {name: values[:, k, row.period] for name, values in curves.parts.items()}
            q = p["floor"] + (p["ceiling"] - p["floor"]) * expit(p["slope"] * (np.log10(row.flops) - p["midpoint"]))
            if curves.has_base_models:
                q = expit(logit(q) + curves.effects[:, BASES.index(row.base_model), k])
            assert found[i, k].item() == pytest.approx(q.mean(), abs=1e-12)


def test_prediction_without_uncertainty_is_the_boundary():
    sure = {"floor": 0.2, "ceiling": 0.8, "slope": 1.5, "midpoint": 23.5, "drift_scale": 1e-9}
    frontier = make_frontier(**sure, base_model_scale=1e-9, base_model_effect=0.4)
    q = 0.2 + 0.6 * expit(1.5 * (24.0 - 23.5))
    known, new = (frontier.predict(asked(base, 1e24))[0] for base in (BASES[0], "new"))
    # a fitted base model is taken at its own compute, whatever the row says
    models = frontier.evaluations.models
    own = np.median(np.log10(models.loc[models["base_model"] == BASES[0], "flops"]))
    at_own = 0.2 + 0.6 * expit(1.5 * (own - 23.5))
    np.testing.assert_allclose(known, expit(logit(at_own) + 0.4), atol=5e-4)
    # every fitted base model is 0.4 above the curve, so a new one is expected there too
    np.testing.assert_allclose(new, expit(logit(q) + 0.4), atol=5e-4)


def test_a_known_base_model_uses_its_own_effect():
    effects = np.array([1.0, 0.0, -1.0])[:, None]
    frontier = make_frontier(base_model_effect=effects)
    found = frontier.predict(pd.DataFrame({"base_model": BASES, "flops": 1e24})).to_numpy()
    assert (found[0] > found[1]).all()
    assert (found[1] > found[2]).all()


@pytest.mark.parametrize("name", ["drift_scale", "base_model_scale"])
def test_wider_uncertainty_gives_a_higher_level(name):
    effects = np.random.default_rng(4).normal(size=(2, 100, len(BASES), len(TASKS)))

    def level(scale: float) -> np.ndarray:
        wide = {"base_model_effect": scale * effects} if name == "base_model_scale" else {}
        return make_frontier(draws=100, **{name: scale}, **wide).predict(asked("new")).to_numpy()

    levels = [level(scale) for scale in (0.02, 0.5, 1.5)]
    assert (levels[0] < levels[1]).all()
    assert (levels[1] < levels[2]).all()


SURE = {"floor": 0.2, "ceiling": 0.8, "slope": 1.5, "midpoint": 23.5, "drift_scale": 1e-9, "base_model_scale": 1e-9}


def test_a_boundary_that_moves_is_predicted_where_it_will_be():
    frontier = make_frontier(**SURE, base_model_effect=0.0, drift_velocity=np.array([0.4, 0.0]))
    middle = frontier.evaluations.models["released"].max()
    at = [str((middle + pd.Timedelta(days=quarters * 91.3125)).date()) for quarters in (0, 0.99, 1.98)]
    found = frontier.predict(
        pd.DataFrame({"base_model": "new", "flops": 1e24, "released": at}).assign(model=["a", "b", "c"])
    )
    logits = logit(found.to_numpy())
    np.testing.assert_allclose(np.diff(logits[:, 0]), 0.99 * 0.4, atol=5e-3)
    np.testing.assert_allclose(np.diff(logits[:, 1]), 0.0, atol=1e-6)


def test_an_undated_model_is_from_half_a_quarter_after_the_last_one_fitted():
    frontier = make_frontier(**SURE, base_model_effect=0.0, drift_velocity=0.5)
    last = frontier.evaluations.models["released"].max()
    dated = frontier.predict(asked("new", 1e24, released=str((last + pd.Timedelta(days=46)).date())))
    np.testing.assert_allclose(frontier.predict(asked("new", 1e24)), dated, atol=1e-9)
    assert (frontier.predict(asked("new", 1e24, released=str(last.date()))) < dated).all()


def test_farther_ahead_is_less_sure_so_higher():
    frontier = make_frontier(**{**SURE, "drift_scale": 0.3}, base_model_effect=0.0)
    near, far = (frontier.predict(asked("new", 1e24, released=day)) for day in ("2025-03-01", "2026-03-01"))
    assert (far > near).all()


def test_a_known_base_model_may_move_on_its_own():
    frontier = make_frontier(**{**SURE, "base_model_scale": 0.4}, base_model_effect=0.0)
    still = make_frontier(**{**SURE, "base_model_scale": 0.4}, base_model_effect=0.0)
    still.spec = still.spec.model_copy(
        update={"priors": still.spec.priors.model_copy(update={"base_model_innovation": 0.0})}
    )
    moving, fixed = (f.predict(asked(BASES[0])) for f in (frontier, still))
    assert (moving > fixed + 1e-3).all()


def test_own_moves_are_normal_steps_of_half_normal_size():
    values = _own_moves(600)
    assert len(values) == 600
    # of a product of two standard normal values: E|xy| = 2 / pi, E(xy)**2 = 1, less what lies in the outermost slices
    assert np.abs(values).mean() == pytest.approx(2 / np.pi, rel=0.01)
    assert (values**2).mean() == pytest.approx(1.0, rel=0.03)
    # ... and P(|xy| > 3), from an integral of its density K0(|t|) / pi
    assert (np.abs(values) > 3).mean() == pytest.approx(2 * quad(lambda t: k0(t) / np.pi, 3, 40)[0], abs=2 / 600)
    assert (np.diff(values) >= 0).all()


def test_fitted_records_are_taken_at_their_own_stretch_of_time():
    walk = np.array([0.0, 0.7])
    moved, still = (make_frontier(drift=w, midpoint=23.5).fitted() for w in (walk, 0.0))
    # each of the two periods is one stretch, and a period's curve is that of its last one: nothing to add
    np.testing.assert_allclose(moved, still)


def test_within_a_period_the_earlier_stretch_is_shifted():
    frontier = make_frontier(**SURE, base_model_effect=0.0, drift=np.array([-0.5, 0.0]))
    models = frontier.evaluations.models
    stretches = Stretches(
        of_model=(np.arange(len(models)) % 2), last=np.array([1, 1]), gaps=np.array([1.0]), middle=None
    )
    means = frontier.curves.of_records(models, frontier.base_model_names, stretches)
    at_end = frontier.fitted().to_numpy()
    np.testing.assert_allclose(means[1::2], at_end[1::2])
    np.testing.assert_allclose(logit(means[::2]) - logit(at_end[::2]), -0.5)


def test_hub_spelling_is_the_same_base_model(frontier):
    a, b = (frontier.predict(asked(name, 1e24)) for name in (HUB_LLAMA, "llama-3.1-8b"))
    np.testing.assert_array_equal(a, b)


def test_a_model_older_than_its_base_counts_as_new(frontier):
    old, dated, new = (
        frontier.predict(asked("llama-3.1-8b", 1e24, released="2023-01-01")),
        frontier.predict(asked("llama-3.1-8b", 1e24, released="2025-06-01")),
        frontier.predict(asked("unheard-of", 1e24, released="2023-01-01")),
    )
    np.testing.assert_array_equal(old, new)
    assert (np.abs(dated - new) > 1e-6).all()


def test_every_row_is_answered_in_order_and_repeats_agree(frontier):
    models = pd.DataFrame(
        {"model": ["c", "a", "b", "d"], "base_model": ["new", *BASES[:2], "new"], "flops": [1e24, 1e23, 1e25, 1e24]},
        index=[7, 7, 2, 0],
    )
    found = frontier.predict(models)
    assert found["model"].to_numpy().tolist() == ["c", "a", "b", "d"]
    np.testing.assert_array_equal(found[0], found[3])
    assert ((found >= 0) & (found <= 1)).all()
    np.testing.assert_array_equal(found, frontier.predict(models))


def test_more_compute_predicts_no_less(frontier):
    flops = np.geomspace(1e20, 1e27, 40)
    found = frontier.predict(pd.DataFrame({"base_model": "new", "flops": flops}))
    assert (found.diff("model") >= -1e-9).all()


def test_prediction_without_base_models_ignores_them():
    frontier = without_bases()
    a, b = (frontier.predict(asked(name, FLOPS[BASES[0]])) for name in (BASES[0], "new"))
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("column", ["base_model", "flops"])
def test_missing_column(frontier, column):
    with pytest.raises(QueryError, match=f"column '{column}' is missing, found"):
        frontier.predict(asked().drop(columns=column))


@pytest.mark.parametrize("flops", [24.0, -1.0, float("nan"), "much"])
def test_bad_compute(frontier, flops):
    with pytest.raises(QueryError, match="flops"):
        frontier.predict(asked(flops=flops))


def test_bad_date(frontier):
    with pytest.raises(DataError, match="a date cannot be read"):
        frontier.predict(asked(released="soon-ish"))


def test_no_models(frontier):
    with pytest.raises(FrontierError, match="No compute was given"):
        frontier.predict(asked().iloc[:0])
