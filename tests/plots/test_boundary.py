"""Pictures of boundaries: the curves behind them, what is drawn in which order, and the legend."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.collections import PathCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from bayes_frontier.errors import QueryError
from bayes_frontier.evaluations import Evaluations
from bayes_frontier.plots import plot_boundary
from bayes_frontier.plots.boundary import BOUNDARY_ELEMENTS, BoundaryCurves, boundary_curves, legend_handles
from bayes_frontier.plots.style import period_colours, settle
from tests.fakes import FakeFrontier, small_evaluations

BLUE, BLACK, WHITE = "#0072b2", "#1a1a1a", "#ffffff"


def coloured(axes, colour):
    return [line for line in axes.lines if to_hex(line.get_color()) == colour]


def test_one_panel_a_task_with_its_median_and_band(frontier):
    axes = plot_boundary(frontier)
    assert axes.shape == (2,)
    assert [panel.get_title(loc="left") for panel in axes] == ["BBH", "MATH Lvl 5"]
    for task, panel in zip(frontier.tasks, axes, strict=True):
        assert panel.get_xscale() == "log"
        (line,) = coloured(panel, BLUE)
        found = frontier.attainable(line.get_xdata(), task=task)
        np.testing.assert_allclose(line.get_ydata(), found["median"])
        band = panel.collections[-1].get_paths()[0].vertices
        assert band[:, 1].max() == pytest.approx(found["upper"].max().item())
        assert band[:, 1].min() == pytest.approx(found["lower"].min().item())


def test_points_are_the_scores_coloured_by_period_and_below_every_curve(frontier):
    panel = plot_boundary(frontier, tasks="bbh")[0]
    (points,) = (c for c in panel.collections if isinstance(c, PathCollection))
    models = frontier.evaluations.models
    drawn = np.asarray(points.get_offsets())
    np.testing.assert_allclose(np.sort(drawn[:, 1]), np.sort(models["bbh"]))
    assert len({tuple(colour) for colour in points.get_facecolors()}) == 3
    above = [artist.get_zorder() for artist in (*panel.lines, *panel.collections) if artist is not points]
    assert points.get_zorder() < min(above)
    low, high = panel.get_ylim()
    assert low < drawn[:, 1].min()
    assert drawn[:, 1].max() < high


def test_the_curve_is_above_its_band_and_the_band_above_its_halo(frontier):
    panel = plot_boundary(frontier, tasks="bbh")[0]
    (line,) = coloured(panel, BLUE)
    (halo, band) = (c for c in panel.collections if not isinstance(c, PathCollection))
    assert halo.get_zorder() < band.get_zorder() < line.get_zorder()
    wide = [one for one in coloured(panel, WHITE) if one.get_linewidth() > line.get_linewidth()]
    assert wide
    assert max(one.get_zorder() for one in wide) < band.get_zorder()


def test_earlier_periods_have_thin_lines(frontier):
    panel = plot_boundary(frontier, tasks="bbh", visuals={"halo": False})[0]
    *past, last = sorted(panel.lines, key=lambda line: line.get_linewidth())
    assert len(past) == 2
    for number, line in enumerate(past):
        expected = frontier.attainable(line.get_xdata(), task="bbh", period=number)["median"]
        # known at every fourth compute and interpolated: medians of forty draws have corners in between
        np.testing.assert_allclose(line.get_ydata(), expected, atol=1e-3)
        np.testing.assert_allclose(line.get_ydata()[::4], expected[::4])
    assert last.get_linewidth() > past[0].get_linewidth()


def test_an_earlier_period_hides_what_came_after_it(frontier):
    panel = plot_boundary(frontier, tasks="bbh", period=0, visuals={"halo": False})[0]
    assert len(panel.lines) == 1
    (points,) = (c for c in panel.collections if isinstance(c, PathCollection))
    assert len(points.get_offsets()) == (frontier.evaluations.models["period"] == 0).sum()


def test_truth_is_dashed(frontier, simulated):
    panel = plot_boundary(frontier, tasks="bbh", truth=simulated[1])[0]
    (line,) = coloured(panel, BLACK)
    assert line.is_dashed()
    np.testing.assert_allclose(line.get_ydata(), simulated[1].boundary(line.get_xdata(), task="bbh", period=2))


def test_a_base_model_shows_its_own_models(frontier):
    panel = plot_boundary(frontier, tasks="bbh", base_model="base-1")[0]
    (points,) = (c for c in panel.collections if isinstance(c, PathCollection))
    assert len(points.get_offsets()) == (frontier.evaluations.models["base_model"] == "base-1").sum()
    assert "models on base-1" in panel.figure.get_suptitle()


@pytest.mark.parametrize("element", [name for name in BOUNDARY_ELEMENTS if name not in ("halo", "grid")])
def test_every_element_can_be_left_out(frontier, simulated, element):
    def artists(visuals) -> tuple[int, int]:
        panel = plot_boundary(frontier, tasks="bbh", truth=simulated[1], visuals=visuals)[0]
        figure = panel.figure
        drawn = [*panel.lines, *panel.collections, *figure.legends]
        texts = [panel.get_title(loc="left"), panel.get_xlabel(), figure.get_suptitle()]
        return len(drawn), len([text for text in texts if text])

    everything, without = artists(None), artists({element: False})
    assert without != everything
    assert sum(without) < sum(everything)


def test_the_halo_and_the_grid_can_be_left_out(frontier):
    panel = plot_boundary(frontier, tasks="bbh", visuals={"halo": False, "grid": False})[0]
    assert coloured(panel, WHITE) == []
    assert not any(line.get_visible() for line in panel.get_xgridlines())


def test_elements_can_be_restyled(frontier):
    visuals = {"line": {"color": "red", "linewidth": 5.0}, "points": {"s": 30}, "legend": True}
    panel = plot_boundary(frontier, tasks="bbh", points=True, visuals=visuals)[0]
    (line,) = (line for line in panel.lines if line.get_color() == "red")
    assert line.get_linewidth() == 5.0
    (points,) = (c for c in panel.collections if isinstance(c, PathCollection))
    assert points.get_sizes().tolist() == [30]
    (legend,) = panel.figure.legends
    assert legend.get_lines()[0].get_color() == "red"


def test_points_can_be_left_out_by_their_argument(frontier):
    panel = plot_boundary(frontier, tasks="bbh", points=False)[0]
    assert not any(isinstance(c, PathCollection) for c in panel.collections)


def test_the_legend_names_periods_and_curves(frontier, simulated):
    panel = plot_boundary(frontier, truth=simulated[1], prob=0.5)[0]
    (legend,) = panel.figure.legends
    words = [text.get_text() for text in legend.get_texts()]
    assert words == ["boundary, median", "50% credible band", "truth", *frontier.period_labels]


def test_axes_of_the_caller_are_used(frontier):
    own = Figure().subplots(1, 3)
    axes = plot_boundary(frontier, axes=own)
    assert list(axes) == list(own[:2])
    assert len(own[2].lines) == 0
    assert own[0].figure.legends == []
    assert axes[-1].get_legend() is not None
    assert axes[0].get_xlabel()


@pytest.mark.parametrize("n", [1, 4, 7])
def test_nothing_overlaps_or_is_cut(n):
    frontier = FakeFrontier(small_evaluations(tasks=n)[0])
    axes = plot_boundary(frontier)
    figure = axes[0].figure
    figure.draw_without_rendering()
    boxes = {f"panel {i}": panel.get_tightbbox() for i, panel in enumerate(axes)}
    boxes["legend"] = figure.legends[0].get_window_extent()
    boxes["title"] = figure._suptitle.get_window_extent()
    names = list(boxes)
    for i, first in enumerate(names):
        box = boxes[first]
        assert box.x0 >= -1, f"{first} is cut at the left"
        assert box.y0 >= -1, f"{first} is cut below"
        assert box.x1 <= figure.bbox.x1 + 1, f"{first} is cut at the right"
        assert box.y1 <= figure.bbox.y1 + 1, f"{first} is cut above"
        for second in names[i + 1 :]:
            other = boxes[second]
            apart = box.x1 <= other.x0 + 1 or other.x1 <= box.x0 + 1 or box.y1 <= other.y0 + 1 or other.y1 <= box.y0 + 1
            assert apart, f"{first} and {second} overlap"


def test_no_state_of_pyplot_is_touched(frontier):
    before = plt.get_fignums(), dict(mpl.rcParams)
    plot_boundary(frontier)
    assert (plt.get_fignums(), dict(mpl.rcParams)) == before


def test_names_with_dollars_are_not_mathematics(simulated, tmp_path):
    models = simulated[0].models.rename(columns={"bbh": "a $\\frac{ b"})
    axes = plot_boundary(FakeFrontier(Evaluations.from_models(models, ["a $\\frac{ b"])))
    axes[0].figure.savefig(tmp_path / "x.png")
    assert axes[0].get_title(loc="left") == "a $\\frac{ b"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tasks": ["bhb"]}, "Did you mean 'bbh'"),
        ({"tasks": []}, "tasks: none is given"),
        ({"period": 9}, "Unknown period"),
        ({"base_model": "base-x"}, "Unknown base model"),
        ({"flops": [1e22]}, "at least two positive numbers"),
        ({"flops": [1e22, -1.0]}, "at least two positive numbers"),
        ({"visuals": {"lines": False}}, r"no element 'lines'\. Did you mean 'line'\?"),
        ({"visuals": {"line": "red"}}, "line is 'red'; give False, True or a mapping"),
        ({"axes": [Figure().subplots()]}, "axes: 1 for 2 panels"),
    ],
)
def test_arguments_that_cannot_be(frontier, options, message):
    with pytest.raises(QueryError, match=message):
        plot_boundary(frontier, **options)


@pytest.fixture
def ask(frontier):
    def _ask(**options) -> BoundaryCurves:
        defaults = dict.fromkeys(("tasks", "period", "base_model", "flops", "truth")) | {"prob": 0.9}
        return boundary_curves(frontier, **(defaults | options))

    return _ask


def test_the_grid_covers_the_models_and_some_more(ask, frontier):
    flops = ask().flops
    known = frontier.evaluations.models["flops"]
    assert flops[0] < known.min()
    assert flops[-1] == pytest.approx(3 * known.max())
    steps = np.diff(np.log10(flops))
    np.testing.assert_allclose(steps, steps[0])


def test_a_grid_of_the_caller_is_sorted(ask):
    assert ask(flops=[1e24, 1e22, 1e24]).flops.tolist() == [1e22, 1e24]


def test_a_wider_probability_gives_a_wider_band(ask):
    wide, narrow = ask(prob=0.9), ask(prob=0.5)
    for task in wide.tasks:
        assert (wide.lower[task] < narrow.lower[task]).all()
        assert (narrow.upper[task] < wide.upper[task]).all()
        np.testing.assert_array_equal(wide.median[task], narrow.median[task])


@pytest.mark.parametrize(("period", "number"), [(None, 2), (1, 1), ("2024-01-01", 0), ("all", 2)])
def test_the_periods_up_to_the_one_asked_for(ask, frontier, period, number):
    curves = ask(period=period)
    assert curves.periods == frontier.period_labels[: number + 1]
    assert [len(curves.past[task]) for task in curves.tasks] == [number] * 2
    assert set(curves.points["bbh"]["period"]) == set(range(number + 1))


def test_the_order_of_points_mixes_the_periods_and_stays_the_same(ask):
    first, second = ask().points["bbh"], ask().points["bbh"]
    assert first.equals(second)
    assert not first["period"].is_monotonic_increasing


def test_truth_of_tasks_it_does_not_know_is_left_out(ask):
    _, other = small_evaluations(tasks=["bbh"])
    curves = ask(truth=other)
    assert list(curves.truth) == ["bbh"]
    np.testing.assert_allclose(curves.truth["bbh"], other.boundary(curves.flops, task="bbh"))


def test_a_single_period_called_all():
    evaluations, truth = small_evaluations(periods=1)
    frontier = FakeFrontier(evaluations)
    assert frontier.period_labels == ("all",)
    curves = boundary_curves(frontier, None, None, None, 0.9, None, truth)
    assert curves.periods == ("all",)
    assert curves.truth["bbh"].shape == curves.flops.shape


def test_the_title_says_whose_boundary_it_is(ask):
    assert ask().title == "The score that 98% of models on a new base model do not exceed"
    assert ask(base_model="base-2").title == "The score that 98% of models on base-2 do not exceed"


@pytest.fixture
def curves(frontier):
    return boundary_curves(frontier, None, None, None, 0.9, None, None)


def labels(curves, visuals=None):
    return [handle.get_label() for handle in legend_handles(curves, settle(visuals, BOUNDARY_ELEMENTS))]


def test_what_is_not_drawn_has_no_entry(curves, frontier):
    first, second, last = frontier.period_labels
    assert labels(curves) == ["boundary, median", "90% credible band", first, second, last]
    assert labels(curves, {"line": False, "band": False}) == [first, second, last]
    assert labels(curves, {"points": False}) == ["boundary, median", "90% credible band", first, second]
    assert labels(curves, {"points": False, "past": False}) == ["boundary, median", "90% credible band"]


def test_periods_have_the_colours_of_their_points_and_lines(curves):
    handles = legend_handles(curves, settle({"line": False, "band": False}, BOUNDARY_ELEMENTS))
    assert [to_hex(handle.get_color()) for handle in handles] == [c.lower() for c in period_colours(3)]
    assert [handle.get_linewidth() > 0 for handle in handles] == [True, True, False]
    assert {handle.get_marker() for handle in handles} == {"o"}


def test_points_alone_have_no_line(curves):
    handles = legend_handles(curves, settle({"line": False, "band": False, "past": False}, BOUNDARY_ELEMENTS))
    assert [handle.get_linewidth() for handle in handles] == [0.0] * 3


def test_a_single_period_is_called_models():
    frontier = FakeFrontier(small_evaluations(periods=1)[0])
    assert labels(boundary_curves(frontier, None, None, None, 0.5, None, None)) == [
        "boundary, median",
        "50% credible band",
        "models",
    ]


def test_restyled_elements_look_so_in_the_legend(curves):
    visuals = {"line": {"color": "red", "linewidth": 4.0}, "band": {"color": "green"}}
    line, band, *_ = legend_handles(curves, settle(visuals, BOUNDARY_ELEMENTS))
    assert (line.get_color(), line.get_linewidth()) == ("red", 4.0)
    assert to_hex(band.get_facecolor()) == to_hex("green")
