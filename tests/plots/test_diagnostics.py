"""Pictures drawn by ArviZ: they get boundaries, in scores, and look like the others."""

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex

from bayes_frontier.errors import QueryError
from bayes_frontier.plots import plot_energy, plot_prior_posterior, plot_rank, plot_trace
from bayes_frontier.plots.diagnostics import boundary_draws, picture_figure, prior_and_posterior
from bayes_frontier.plots.style import OKABE_ITO
from tests.draws import TASKS, make_frontier
from tests.plots.looking import assert_readable


@pytest.fixture
def fit():
    made = make_frontier(draws=60)
    energy = np.random.default_rng(0).normal(size=(2, 60))
    stats = made.posterior["sample_stats"].dataset.assign(energy=(("chain", "draw"), energy))
    made.posterior["sample_stats"].dataset = stats
    return made


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def titles(figure) -> list[str]:
    return [panel.get_title() for panel in figure.axes if panel.get_title()]


def test_draws_are_those_of_the_boundary(fit):
    tree = boundary_draws(fit, [1e23, 1e24])
    drawn = tree["posterior"]["boundary"]
    assert set(drawn.dims) == {"chain", "draw", "flops", "task"}
    np.testing.assert_array_equal(drawn.sel(task="maths").to_numpy(), fit.boundary([1e23, 1e24], "maths").to_numpy())
    assert set(boundary_draws(fit)["posterior"]["boundary"].dims) == {"chain", "draw", "task"}


@pytest.mark.parametrize("draw", [plot_rank, plot_trace])
def test_chains_are_told_apart_in_a_panel_a_task(fit, draw):
    figure = picture_figure(draw(fit))
    assert titles(figure) == list(TASKS)
    colours = {to_hex(line.get_color()) for line in figure.axes[0].lines}
    assert {colour.lower() for colour in OKABE_ITO[:2]} <= colours
    assert_readable(figure)


def test_energy_is_drawn_where_there_is_one(fit):
    collection = plot_energy(fit)
    assert picture_figure(collection).axes
    assert_readable(picture_figure(collection))


def test_elements_can_be_left_out_as_in_arviz(fit):
    assert titles(picture_figure(plot_trace(fit, visuals={"title": False}))) == []


@pytest.fixture(scope="module")
def compared():
    fit = make_frontier(draws=60)
    # few scores: the level has to leave some above
    fit.tau = 0.9
    return prior_and_posterior(fit, 1e24)


def test_the_prior_is_wider_than_scores_allow_and_the_posterior_is_the_fit(compared):
    assert compared["prior"]["boundary"].sizes == {"chain": 1, "draw": 1000, "task": 2}
    for group in ("prior", "posterior"):
        values = compared[group]["boundary"]
        assert 0 <= values.min() <= values.max() <= 1
    fit = make_frontier(draws=60)
    last = fit.posterior["posterior"].dataset.isel(period=-1)
    rise = 1 / (1 + np.exp(-last["slope"] * (24 - last["midpoint"])))
    expected = (last["floor"] + (last["ceiling"] - last["floor"]) * rise).transpose("chain", "draw", "task")
    np.testing.assert_allclose(compared["posterior"]["boundary"], expected, atol=1e-9)
    spread = compared["prior"]["boundary"].std(("chain", "draw"))
    assert (spread > 0.1).all()


def test_prior_and_posterior_are_drawn_over_each_other(compared, monkeypatch):
    monkeypatch.setattr("bayes_frontier.plots.diagnostics.prior_and_posterior", lambda *arguments: compared)
    figure = picture_figure(plot_prior_posterior(make_frontier(), 1e24))
    assert titles(figure) == list(TASKS)
    assert len(figure.axes[0].lines) == 2
    assert_readable(figure)


def test_no_task_is_refused():
    with pytest.raises(QueryError, match="tasks: none is given"):
        prior_and_posterior(make_frontier(), 1e24, tasks=[])
