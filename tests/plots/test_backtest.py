"""Pictures of a backtest: what is drawn where."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from bayes_frontier.errors import QueryError
from bayes_frontier.plots import plot_backtest, plot_backtest_tasks
from bayes_frontier.plots.backtest import ELEMENTS, TASK_ELEMENTS
from tests.backtests import small_backtest


@pytest.fixture(scope="module")
def result():
    return small_backtest(baselines=["constant", "paper", "bins", "oracle"])


def offsets(panel):
    """Centres of the large points by row, from the bottom."""
    large = [c for c in panel.collections if len(c.get_offsets()) == 1]
    return {round(float(c.get_offsets()[0][1])): float(c.get_offsets()[0][0]) for c in large}


def test_boundaries_are_in_order_of_their_loss(result):
    panels = plot_backtest(result)
    table = result.summary()
    assert panels.shape == (3,)
    assert [label.get_text() for label in panels[0].get_yticklabels()] == table.index.tolist()[::-1]
    drawn = offsets(panels[0])
    np.testing.assert_allclose([drawn[i] for i in range(5)], 1e3 * table["pinball"].to_numpy()[::-1])
    drawn = offsets(panels[2])
    np.testing.assert_allclose([drawn[i] for i in range(5)], table["signed_error"].to_numpy()[::-1])


def test_cells_are_small_points_around_the_mean(result):
    small = [c for c in plot_backtest(result)[0].collections if len(c.get_offsets()) > 1]
    assert [len(c.get_offsets()) for c in small] == [4] * 5
    losses = 1e3 * result.scores["pinball"].sel(group="all", boundary=result.summary().index[-1])
    np.testing.assert_allclose(np.sort(np.asarray(small[0].get_offsets())[:, 0]), np.sort(losses.to_numpy().ravel()))


def test_differences_are_coloured_by_what_their_interval_says(result):
    panel = plot_backtest(result)[1]
    table = result.summary()[::-1]
    lines = {round(line.get_ydata()[0]): line for line in panel.lines if len(set(line.get_ydata())) == 1}
    assert set(lines) == {i for i, name in enumerate(table.index) if name != "frontier"}
    for row, line in lines.items():
        lower, upper = table["lower"].iloc[row], table["upper"].iloc[row]
        np.testing.assert_allclose(line.get_xdata(), [1e3 * lower, 1e3 * upper])
        expected = "#0072b2" if upper < 0 else "#d55e00" if lower > 0 else "#8a8a8a"
        assert to_hex(line.get_color()) == expected


def test_a_group_is_named(result):
    figure = plot_backtest(result, group="known")[0].figure
    assert figure.get_suptitle() == "The next period predicted, models on a base model already seen (tau = 0.9)"


def test_tasks_have_a_panel_each_and_boundaries_a_line(result):
    panels = plot_backtest_tasks(result)
    assert [panel.get_title(loc="left") for panel in panels] == ["BBH", "GPQA"]
    lines = {line.get_label(): line for line in panels[0].lines}
    assert list(lines) == ["ours", "paper", "constant", "oracle (fitted to the period itself)"]
    losses = 1e3 * result.scores["pinball"].sel(group="all", task=result.tasks[0], boundary="paper")
    np.testing.assert_allclose(lines["paper"].get_ydata(), losses)
    assert len({to_hex(line.get_color()) for line in lines.values()}) == 4
    ticks = [label.get_text() for label in panels[0].get_xticklabels()]
    assert ticks[-1].startswith("from ")
    assert all(len(tick) <= 12 for tick in ticks)


def test_boundaries_may_be_chosen(result):
    panels = plot_backtest_tasks(result, boundaries=["bins"])
    assert [line.get_label() for line in panels[0].lines] == ["bins"]
    with pytest.raises(QueryError, match="Did you mean 'bins'"):
        plot_backtest_tasks(result, boundaries=["bin"])


@pytest.mark.parametrize(
    ("plot", "elements", "n"), [(plot_backtest, ELEMENTS, 3), (plot_backtest_tasks, TASK_ELEMENTS, 2)]
)
def test_every_element_can_be_left_out_and_restyled(result, plot, elements, n):
    panels = plot(result, visuals=dict.fromkeys(elements, False))
    assert len(panels) == n
    assert not any(panel.lines or panel.collections for panel in panels)
    with pytest.raises(QueryError, match="no element 'lnie'"):
        plot(result, visuals={"lnie": False})


def test_options_reach_matplotlib(result):
    panels = plot_backtest(result, visuals={"mean": {"s": 99.0, "color": "#ff0000"}})
    large = [c for c in panels[0].collections if len(c.get_offsets()) == 1]
    assert {(c.get_sizes()[0], to_hex(c.get_facecolor()[0])) for c in large} == {(99.0, "#ff0000")}


@pytest.mark.parametrize("plot", [plot_backtest, plot_backtest_tasks])
def test_own_axes(result, plot):
    figure = Figure()
    axes = figure.subplots(1, 3)
    panels = plot(result, axes=axes)
    assert panels[0].figure is figure
    assert figure.get_suptitle() == ""
    with pytest.raises(QueryError, match="axes: 1 "):
        plot(result, axes=axes[:1])


@pytest.mark.parametrize("plot", [plot_backtest, plot_backtest_tasks])
def test_an_unknown_group(result, plot):
    with pytest.raises(QueryError, match="unknown choice 'old'"):
        plot(result, group="old")


def test_pictures_fit_their_figure(result, tmp_path):
    for name, panels in (("a", plot_backtest(result)), ("b", plot_backtest_tasks(result))):
        figure = panels[0].figure
        figure.savefig(tmp_path / f"{name}.png")
        box = figure.get_tightbbox()
        width, height = figure.get_size_inches()
        assert box.x0 > -0.02
        assert box.y0 > -0.02
        assert box.x1 < width + 0.02
        assert box.y1 < height + 0.02
