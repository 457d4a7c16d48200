"""Pictures of drift: rows with the zone that does not matter, along compute, and by ArviZ as forest and ridges."""

import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from bayes_frontier.errors import QueryError
from bayes_frontier.plots import plot_drift, plot_drift_curves, plot_drift_forest, plot_drift_ridge
from bayes_frontier.plots.diagnostics import picture_figure
from bayes_frontier.plots.style import OKABE_ITO
from tests.draws import TASKS, make_frontier
from tests.fakes import FakeFrontier, small_evaluations
from tests.plots.looking import assert_readable

FLOPS = [1e22, 1e23, 1e24, 1e25]


@pytest.fixture(scope="module")
def found():
    return make_frontier().drift(1e24)


def test_rows_are_tasks_with_interval_zone_and_verdict(found):
    panel = plot_drift(found)
    assert [label.get_text() for label in panel.get_yticklabels()] == ["maths", "reading"]
    (lines,) = (c for c in panel.collections if isinstance(c, LineCollection))
    ends = np.array([segment[:, 0] for segment in lines.get_segments()])
    np.testing.assert_allclose(ends[:, 0], found["lower"].isel(step=-1))
    np.testing.assert_allclose(ends[:, 1], found["upper"].isel(step=-1))
    assert panel.patches[0].get_width() == pytest.approx(0.04)
    low, high = panel.get_xlim()
    assert low == -high
    assert high > np.abs(ends).max()
    words = [text.get_text() for text in panel.texts]
    assert all(str(v) in text for v, text in zip(found["verdict"][:, -1].to_numpy(), words, strict=True))
    assert "1e24 FLOPs" in panel.figure._suptitle.get_text()


def test_it_draws_one_task_one_step_and_into_given_axes(found):
    panel = Figure().subplots()
    one = make_frontier().drift(1e24, task="maths")
    assert plot_drift(one, step="to 2024-12-31 -> from 2025-01-01", axes=panel, visuals={"zone": False}) is panel
    assert len(panel.get_yticklabels()) == 1
    assert not panel.patches


def test_what_cannot_be_drawn_is_refused(found):
    with pytest.raises(QueryError, match="2 computes; draw one at a time"):
        plot_drift(make_frontier().drift([1e23, 1e24]))
    with pytest.raises(QueryError, match="step: 5 is not one of the 1"):
        plot_drift(found, step=5)


@pytest.fixture(scope="module")
def along():
    """Changes in three periods, so that there are steps beside the last."""
    from bayes_frontier.posterior.drift import drift_between_periods

    return drift_between_periods(FakeFrontier(small_evaluations()[0]), FLOPS)


@pytest.fixture(scope="module")
def at_one():
    return make_frontier(draws=60).drift(1e24)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_the_line_is_the_median_and_the_band_the_interval(along):
    panels = plot_drift_curves(along)
    assert [panel.get_title(loc="left") for panel in panels] == ["BBH", "MATH Lvl 5"]
    last = along.isel(step=-1).sel(task="math_lvl_5")
    (line,) = (one for one in panels[1].lines if one.get_color() == OKABE_ITO[0])
    np.testing.assert_allclose(line.get_ydata(), last["median"])
    np.testing.assert_allclose(line.get_xdata(), FLOPS)
    (band,) = panels[1].collections
    corners = band.get_paths()[0].vertices
    assert corners[:, 1].min() == pytest.approx(float(last["lower"].min()))
    assert corners[:, 1].max() == pytest.approx(float(last["upper"].max()))
    low, high = panels[1].get_ylim()
    assert low < corners[:, 1].min() < corners[:, 1].max() < high
    thin = [one.get_ydata() for one in panels[1].lines if len(one.get_ydata()) == len(FLOPS)]
    assert len(thin) == 3
    np.testing.assert_allclose(thin[0], along.isel(step=0).sel(task="math_lvl_5")["median"])
    assert_readable(panels[0].figure)


def test_another_step_and_what_is_left_out(along):
    (panel, _) = plot_drift_curves(along, step=0, visuals={"steps": False, "zone": False, "legend": False})
    assert not panel.patches
    curves = [one.get_ydata() for one in panel.lines if len(one.get_ydata()) == len(FLOPS)]
    (curve,) = curves
    np.testing.assert_allclose(curve, along.isel(step=0).sel(task="bbh")["median"])
    assert not panel.figure.legends


def test_many_steps_share_a_look(along):
    many = xr.concat([along.isel(step=[0])] * 6 + [along.isel(step=[-1])], "step")
    many = many.assign_coords(step=[f"step {i}" for i in range(7)], since=many["since"], until=many["until"])
    (panel, _) = plot_drift_curves(many.assign_attrs(along.attrs))
    words = [text.get_text() for text in panel.figure.legends[0].get_texts()]
    assert words == ["median", "90% credible band", "from each period to the next", "at most ±0.02"]
    assert_readable(panel.figure)


def test_one_compute_is_no_curve(at_one):
    with pytest.raises(QueryError, match="one compute is no curve"):
        plot_drift_curves(at_one)


@pytest.mark.parametrize("draw", [plot_drift_forest, plot_drift_ridge])
def test_arviz_draws_a_row_a_task_over_the_zone(at_one, draw):
    figure = picture_figure(draw(at_one))
    names, panel = figure.axes
    assert [text.get_text() for text in names.texts] == list(TASKS)
    assert panel.patches[0].get_width() == pytest.approx(0.04)
    assert "1e24 FLOPs" in panel.get_xlabel()
    assert_readable(figure)


def test_a_forest_has_the_interval_of_the_verdict(at_one):
    panel = picture_figure(plot_drift_forest(at_one, visuals={"zero": False, "trunk": False})).axes[-1]
    last = at_one.isel(step=-1)
    ends = sorted((min(line.get_xdata()), max(line.get_xdata())) for line in panel.lines if len(line.get_xdata()) == 2)
    expected = sorted(zip(last["lower"].to_numpy(), last["upper"].to_numpy(), strict=True))
    np.testing.assert_allclose(ends, expected, atol=1e-9)


def test_rows_of_one_task_and_a_name_that_looks_like_mathematics(at_one):
    one = at_one.sel(task="maths").assign_coords(task="$x_1$ " + "long " * 20)
    figure = picture_figure(plot_drift_ridge(one, visuals={"zone": False}))
    assert figure.axes[0].texts[0].get_text().startswith("$x_1$ long")
    assert len(figure.axes[0].texts[0].get_text()) == 32
    assert not figure.axes[1].patches


def test_changes_that_cannot_be_drawn_are_refused(at_one):
    with pytest.raises(QueryError, match="2 computes; draw one at a time"):
        plot_drift_ridge(make_frontier().drift([1e23, 1e24]))
    with pytest.raises(QueryError, match="step: 5 is not one of the 1"):
        plot_drift_forest(at_one, step=5)
    with pytest.raises(QueryError, match="visuals: zone is 3"):
        plot_drift_forest(at_one, visuals={"zone": 3})
