"""Questions to a `Frontier`, on draws made by hand."""

import numpy as np
import pytest
import xarray as xr

import bayes_frontier as bf
from bayes_frontier import Frontier
from bayes_frontier.errors import QueryError
from bayes_frontier.model.calibration import Scale
from bayes_frontier.model.sample import Sampled
from tests.draws import BASES, HUB_LLAMA, TASKS, make_frontier, small_table, without_bases

FLOPS = np.geomspace(1e18, 1e28, 61)


def test_dimensions_follow_the_question(frontier):
    n = ("chain", "draw")
    assert frontier.boundary(FLOPS, period="all").dims == (*n, "task", "period", "flops")
    assert frontier.boundary(FLOPS).dims == (*n, "task", "flops")
    assert frontier.boundary(1e24, "maths").dims == n
    assert frontier.boundary([1e24], "maths").dims == (*n, "flops")
    assert frontier.boundary(1e24, period="all")["period"].to_numpy().tolist() == list(frontier.period_labels)


@pytest.mark.parametrize("base_model", [None, *BASES])
def test_every_draw_is_a_non_decreasing_score(frontier, base_model):
    values = frontier.boundary(FLOPS, period="all", base_model=base_model)
    assert ((values >= 0) & (values <= 1)).all()
    assert (values.diff("flops") >= 0).all()


def test_parts_of_a_question_agree_with_the_whole(frontier):
    whole = frontier.boundary(FLOPS, period="all")
    np.testing.assert_array_equal(whole[:, :, 1, 0], frontier.boundary(FLOPS, "reading", 0))
    np.testing.assert_array_equal(whole[:, :, :, 1], frontier.boundary(FLOPS))
    one = frontier.boundary(FLOPS[30], "reading", 0)
    np.testing.assert_allclose(one, whole[:, :, 1, 0, 30], atol=1e-15)
    spelt = frontier.boundary(FLOPS, base_model=HUB_LLAMA)
    np.testing.assert_array_equal(spelt, frontier.boundary(FLOPS, base_model="llama-3.1-8b"))


def test_population_lies_above_the_typical_base_model(frontier):
    typical = make_frontier(base_model_effect=0.0).boundary(1e24, base_model=BASES[0])
    # which of the three base models there are many of is drawn: on average the better ones decide
    over = ("chain", "draw")
    assert (frontier.boundary(1e24).mean(over) > typical.mean(over) - 5e-4).all()


def test_attainable_summarises_the_draws(frontier):
    drawn = frontier.boundary([1e23, 1e25])
    found = frontier.attainable([1e23, 1e25], prob=0.5, target=0.5)
    assert set(found) == {"mean", "median", "lower", "upper", "probability"}
    np.testing.assert_allclose(found["lower"], drawn.quantile(0.25, ("chain", "draw")))
    np.testing.assert_allclose(found["probability"], (drawn >= 0.5).mean(("chain", "draw")))
    assert "probability" not in frontier.attainable(1e24)
    assert frontier.attainable(1e24, task="maths", target=0.0)["probability"] == 1.0


@pytest.mark.parametrize("base_model", [None, BASES[1]])
def test_compute_for_inverts_the_boundary(base_model):
    curve = {"floor": 0.2, "ceiling": 0.8, "slope": 1.5, "midpoint": 23.5}
    frontier = make_frontier(**curve, base_model_scale=0.2, base_model_effect=0.1)
    found = frontier.compute_for([0.4, 0.6], base_model=base_model)
    assert found["median"].dims == ("score", "task")
    assert (found["not_attainable"] == 0).all()
    for score in (0.4, 0.6):
        for task in TASKS:
            needed = found["median"].sel(score=score, task=task).item()
            back = frontier.boundary(needed, task, base_model=base_model)
            # the median of an even number of draws is a mean of two, and the curve bends between them
            np.testing.assert_allclose(back.median(), score, atol=2e-3)


def test_compute_for_matches_draw_by_draw(frontier):
    found = frontier.compute_for(0.45, "maths", prob=0.8)
    for name, level in {"lower": 0.1, "median": 0.5, "upper": 0.9}.items():
        needed = found[name].item()
        reached = (frontier.boundary(needed * 1.001, "maths") >= 0.45).mean().item()
        assert reached == pytest.approx(level, abs=0.03)


def test_compute_for_at_the_edges(frontier):
    low = frontier.compute_for(0.0)
    assert (low["upper"] == pytest.approx(1e18)).all()
    high = frontier.compute_for(1.0)
    assert np.isinf(high["lower"]).all()
    assert (high["not_attainable"] == 1.0).all()
    narrow = frontier.compute_for(0.45, flops_range=(1e23, 1e24))
    assert ((narrow["lower"] >= 0.999e23) & ((narrow["upper"] <= 1.001e24) | np.isinf(narrow["upper"]))).all()


def test_some_draws_reach_it_and_some_do_not():
    ceilings = np.where(np.arange(40) < 10, 0.5, 0.9)[None, :, None, None]
    frontier = without_bases(draws=40, floor=0.1, ceiling=ceilings, slope=3.0, midpoint=23.0)
    found = frontier.compute_for(0.7, "maths")
    assert found["not_attainable"] == 0.25
    assert np.isfinite(found["median"])
    assert np.isinf(found["upper"])


@pytest.mark.parametrize("flops_range", [(1e28, 1e18), (1e24, 1e24), (1e18,), (18, 28)])
def test_bad_ranges(frontier, flops_range):
    with pytest.raises(QueryError, match="flops"):
        frontier.compute_for(0.5, flops_range=flops_range)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (lambda f: f.boundary(24.0), "log10 FLOPs"),
        (lambda f: f.boundary(1e24, "math"), "maths"),
        (lambda f: f.boundary(1e24, period=9), "no period 9"),
        (lambda f: f.boundary(1e24, base_model="gpt-0"), "not in this fit"),
        (lambda f: f.attainable(1e24, prob=90), "prob must"),
        (lambda f: f.attainable(1e24, target=45), "score must"),
        (lambda f: f.compute_for(45), "score must"),
        (lambda f: f.compute_for([]), "score"),
        (lambda f: f.compute_for(0.5, prob=0), "prob must"),
    ],
)
def test_bad_questions(frontier, question, message):
    with pytest.raises(QueryError, match=message):
        question(frontier)


def test_diagnostics_cover_boundaries_and_base_models(frontier):
    computes = np.unique(np.quantile(np.log10(frontier.evaluations.models["flops"]), [0, 0.25, 0.5, 0.75, 1]))
    assert len(frontier.diagnostics) == len(TASKS) * (2 * len(computes) + len(BASES))
    assert any(name.startswith(f"base_model_boundary[{BASES[0]}") for name in frontier.diagnostics["quantity"])
    assert not frontier.converged
    assert frontier.convergence_text().startswith("Not converged")


def test_many_independent_draws_converge():
    assert make_frontier(chains=4, draws=400).converged


def test_from_sampled_keeps_what_sampling_left(frontier):
    tree = frontier.posterior
    one = np.array([0.1, 0.2])
    scale = Scale(density=one, scale=2 * one, half_width=3 * one, level=4 * one)
    residuals = tree["constant_data"]["residual_quantiles"].to_numpy()
    sampled = Sampled(tree["posterior"].dataset, tree["sample_stats"].dataset, scale, residuals)
    made = Frontier.from_sampled(frontier.evaluations, frontier.spec, 0.98, sampled, frontier.provenance)
    constant = made.posterior["constant_data"].dataset
    np.testing.assert_array_equal(constant["likelihood_level"], 4 * one)
    np.testing.assert_array_equal(constant["half_width"], 3 * one)
    assert made.posterior["posterior"]["period"].to_numpy().tolist() == list(frontier.period_labels)
    xr.testing.assert_equal(made.boundary(FLOPS), frontier.boundary(FLOPS))


def test_a_fit_says_what_it_is_of(frontier):
    words = repr(frontier)
    for part in (
        "2 tasks ('maths', 'reading')",
        "36 models on 3 base models",
        "2 periods",
        "tau = 0.98",
        "'hierarchical'",
    ):
        assert part in words
    assert frontier.convergence_text().splitlines()[0] in words


def test_names_from_the_internet_are_escaped(frontier):
    table = small_table().rename(columns={"maths": "<script>x</script>"})
    strange = bf.Frontier(
        bf.read(table, periods=["2024-12-31"]), frontier.spec, frontier.tau, frontier.posterior, frontier.provenance
    )
    assert "<script>" not in strange._repr_html_()
    assert "&lt;script&gt;" in strange._repr_html_()


def test_a_fit_that_the_check_fails_for_divergences_has_not_converged():
    frontier = make_frontier(chains=4, draws=400)
    frontier.posterior["sample_stats"]["diverging"][:, ::20] = True
    assert not frontier.converged
    assert frontier.convergence_text().startswith("Not converged: 80 of 1,600 transitions diverged (5%)")
