"""Boundaries of known base models and of several levels, beside the population's."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from bayes_frontier.errors import QueryError
from bayes_frontier.plots import plot_population, plot_taus
from bayes_frontier.plots.base_models import POPULATION_ELEMENTS
from bayes_frontier.plots.style import OKABE_ITO
from tests.fakes import FakeFrontier
from tests.plots.looking import assert_readable

BLUE = OKABE_ITO[0].lower()


@pytest.fixture
def levels(simulated):
    return [FakeFrontier(simulated[0], tau=0.9), FakeFrontier(simulated[0])]


def words(panel) -> list[str]:
    return [text.get_text() for text in panel.figure.legends[0].get_texts()]


def test_the_population_boundary_and_the_four_largest_base_models(frontier):
    panel = plot_population(frontier)[0]
    largest = list(frontier.evaluations.models["base_model"].value_counts().index[:4])
    assert words(panel) == ["new base model, median", "90% credible band", *largest]
    (line,) = (one for one in panel.lines if to_hex(one.get_color()) == BLUE)
    np.testing.assert_allclose(line.get_ydata(), frontier.attainable(line.get_xdata(), task="bbh")["median"])
    assert_readable(panel.figure)


def test_a_base_model_is_marked_at_its_own_compute_with_its_interval(frontier):
    panel = plot_population(frontier, base_models="base-3", tasks="bbh")[0]
    models = frontier.evaluations.models
    own = models.loc[models["base_model"] == "base-3", "flops"].median()
    (bars,) = panel.containers
    marker, _, (interval,) = bars.lines
    assert marker.get_xdata()[0] == pytest.approx(own)
    found = frontier.attainable(own, task="bbh", base_model="base-3")
    assert marker.get_ydata()[0] == pytest.approx(found["median"].item())
    (low, high) = interval.get_segments()[0][:, 1]
    assert (low, high) == pytest.approx((found["lower"].item(), found["upper"].item()))


@pytest.mark.parametrize("element", [name for name in POPULATION_ELEMENTS if name not in ("grid", "halo")])
def test_every_element_can_be_left_out(frontier, element):
    def count(visuals) -> int:
        panel = plot_population(frontier, tasks="bbh", visuals=visuals)[0]
        texts = [panel.get_title(loc="left"), panel.get_xlabel(), panel.figure.get_suptitle()]
        drawn = [*panel.lines, *panel.collections, *panel.figure.legends]
        return len(drawn) + len([text for text in texts if text])

    assert count({element: False}) < count(None)


def test_levels_fall_in_the_legend_and_differ_without_colour(levels):
    panel = plot_taus(levels)[0]
    assert words(panel) == ["tau = 0.98, median, 90% band", "tau = 0.9, median, 90% band"]
    first, second = panel.figure.legends[0].get_lines()
    assert first.get_linestyle() != second.get_linestyle()
    assert_readable(panel.figure)


def test_one_base_model_at_several_levels(levels):
    panel = plot_taus(levels, base_model="base-1", tasks="bbh", visuals={"halo": False, "points": False})[0]
    found = levels[1].attainable(panel.lines[0].get_xdata(), task="bbh", base_model="base-1")["median"]
    np.testing.assert_allclose(panel.lines[0].get_ydata(), found)
    assert "models on base-1" in panel.figure.get_suptitle()


@pytest.mark.parametrize("element", ["points", "band", "line", "legend", "title", "labels", "name"])
def test_every_element_of_levels_can_be_left_out(levels, element):
    def count(visuals) -> int:
        panel = plot_taus(levels, tasks="bbh", visuals=visuals)[0]
        texts = [panel.get_title(loc="left"), panel.get_xlabel(), panel.figure.get_suptitle()]
        drawn = [*panel.lines, *panel.collections, *panel.figure.legends]
        return len(drawn) + len([text for text in texts if text])

    assert count({element: False}) < count(None)


def test_fits_that_do_not_belong_together(levels, simulated):
    with pytest.raises(QueryError, match=r"two fits have the same tau \(0\.98, 0\.98\)"):
        plot_taus([levels[1], levels[1]])
    other = FakeFrontier(simulated[0].subset(simulated[0].models.index > 2), tau=0.5)
    with pytest.raises(QueryError, match="fits of different evaluations or periods"):
        plot_taus([*levels, other])
    with pytest.raises(QueryError, match="none is given"):
        plot_taus([])
