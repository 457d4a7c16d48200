"""Attainable scores, compute needed and base models: pictures made of rows of intervals."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure

from bayes_frontier.errors import QueryError
from bayes_frontier.plots import plot_attainable, plot_base_models, plot_boundary, plot_compute_for
from bayes_frontier.plots.intervals import COMPUTE_ELEMENTS, INTERVAL_ELEMENTS
from tests.fakes import FakeFrontier, small_evaluations
from tests.plots.looking import assert_readable

MATHS_LIKE = "a $\\frac{ b"


def segments(panel, width: float) -> list[np.ndarray]:
    lines = [c for c in panel.collections if isinstance(c, LineCollection) and c.get_linewidth()[0] == width]
    return [part for line in lines for part in line.get_segments()]


def names(panel) -> list[str]:
    """Names of rows; tasks, shown as people write them, as in the table."""
    written = {"BBH": "bbh", "MATH Lvl 5": "math_lvl_5"}
    return [written.get(label.get_text(), label.get_text()) for label in panel.get_yticklabels()]


def test_attainable_rows_fall_and_have_the_intervals_of_the_fit(frontier):
    panel = plot_attainable(frontier, 1e23, prob=0.8)
    medians = {task: frontier.attainable(1e23, 0.8, task)["median"].item() for task in frontier.tasks}
    assert names(panel) == sorted(medians, key=lambda task: -medians[task])
    for row, task in enumerate(names(panel)):
        found = frontier.attainable(1e23, 0.8, task)
        (x0, y), (x1, _) = segments(panel, 2.0)[row]
        assert (x0, x1, y) == pytest.approx((found["lower"].item(), found["upper"].item(), row))
        narrow = frontier.attainable(1e23, 0.5, task)
        (x0, _), (x1, _) = segments(panel, 5.0)[row]
        assert (x0, x1) == pytest.approx((narrow["lower"].item(), narrow["upper"].item()))
    assert panel.get_xlabel() == "score: median, 50% and 80% credible intervals"
    assert panel.figure.get_suptitle().startswith("Attainable with 1e23 FLOPs on a new base model")


def test_rows_keep_their_order_when_asked(frontier):
    assert names(plot_attainable(frontier, 1e23, sort=False)) == list(frontier.tasks)
    assert names(plot_compute_for(frontier, 0.5, sort=False)) == list(frontier.tasks)


def test_compute_needed_is_on_an_axis_of_powers_of_ten(frontier):
    panel = plot_compute_for(frontier, 0.4)
    assert panel.get_xscale() == "log"
    ticks = [label.get_text() for label in panel.get_xticklabels()]
    assert ticks[0] == "$10^{18}$"
    assert "FLOPs" in panel.get_xlabel()
    for row, task in enumerate(names(panel)):
        found = frontier.compute_for(0.4, task)
        (x0, _), (x1, _) = segments(panel, 2.0)[row]
        assert (x0, x1) == pytest.approx((found["lower"].item(), min(found["upper"].item(), 1e28)))


def test_what_runs_beyond_the_range_ends_in_an_arrow_and_is_said(frontier):
    never = plot_compute_for(frontier, 0.99)
    arrows = [c for c in never.collections if isinstance(c, PathCollection) and len(c.get_offsets())]
    assert [len(c.get_offsets()) for c in arrows] == [2]
    assert all(x == 1e28 for x, _ in arrows[0].get_offsets())
    assert [text.get_text() for text in never.texts] == ["> 1e28  (100% not attainable)"] * 2
    assert [text.get_text() for text in plot_compute_for(frontier, 0.05).texts] == ["< 1e18"] * 2


def test_base_models_fall_from_the_strongest_with_their_counts(frontier):
    ranking = frontier.base_models()
    panel = plot_base_models(ranking, task="bbh", most=5)
    largest = ranking["n_models"].to_series().sort_values(ascending=False, kind="stable").index[:5]
    assert set(names(panel)) == set(largest)
    shown = [float(text.get_text().split()[0]) for text in panel.texts]
    assert shown == sorted(shown, reverse=True)
    assert panel.get_xlim()[0] < 0 < panel.get_xlim()[1]
    few = plot_base_models(ranking, at_least=int(ranking["n_models"].max()))
    assert len(names(few)) == int((ranking["n_models"] == ranking["n_models"].max()).sum())


@pytest.mark.parametrize("n", [1, 12])
def test_rows_are_readable_at_any_number(n):
    frontier = FakeFrontier(small_evaluations(tasks=n)[0])
    assert_readable(plot_attainable(frontier, 1e23).figure)
    assert_readable(plot_compute_for(frontier, 0.5).figure)


def test_long_and_strange_names_stay_readable(simulated):
    models = simulated[0].models.copy()
    models["base_model"] = models["base_model"].replace({"base-1": "x" * 300, "base-2": MATHS_LIKE})
    frontier = FakeFrontier(type(simulated[0]).from_models(models, ["bbh", "math_lvl_5"]))
    panel = plot_base_models(frontier.base_models())
    assert_readable(panel.figure)
    assert MATHS_LIKE in names(panel)
    assert "x" * 31 + "…" in names(panel)


def test_small_effects_have_room_for_their_decimals(frontier):
    ranking = frontier.base_models()
    for name in ("mean", "lower", "upper"):
        ranking[name] = ranking[name] / 100.0
    assert_readable(plot_base_models(ranking).figure)


@pytest.mark.parametrize("element", [name for name in INTERVAL_ELEMENTS if name not in ("grid", "title")])
def test_every_element_of_rows_can_be_left_out(frontier, element):
    def count(visuals) -> int:
        panel = plot_attainable(frontier, 1e23, visuals=visuals)
        words = [panel.get_xlabel(), *names(panel)]
        return len(panel.collections) + len(panel.texts) + len([word for word in words if word])

    assert count({element: False}) < count(None)


@pytest.mark.parametrize("element", ["data", "beyond", "interval", "median"])
def test_every_element_of_compute_can_be_left_out(frontier, element):
    assert element in COMPUTE_ELEMENTS

    def count(visuals) -> int:
        panel = plot_compute_for(frontier, 0.99, visuals=visuals)
        return len(panel.collections) + len(panel.patches)

    assert count({element: False}) < count(None)


def test_elements_can_be_restyled(frontier):
    panel = plot_attainable(frontier, 1e23, visuals={"interval": {"linewidth": 9.0}})
    assert len(segments(panel, 9.0)) == 2


def test_the_panel_of_the_caller_is_used(frontier):
    own = Figure().subplots()
    assert plot_attainable(frontier, 1e23, axes=own) is own
    assert own.figure.get_suptitle() == ""


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda f: plot_attainable(f, 1e23, axes=Figure().subplots(1, 2)), "has one panel; give one"),
        (lambda f: plot_attainable(f, 1e23, tasks=[]), "tasks: none is given"),
        (lambda f: plot_attainable(f, 1e23, tasks="bhb"), "Did you mean 'bbh'"),
        (lambda f: plot_base_models(f.base_models(), task="x"), "'x' is not in this ranking: it has bbh"),
        (lambda f: plot_base_models(f.base_models(), at_least=1000), "No base model has 1000 models"),
        (lambda f: plot_boundary(f, visuals={"lien": False}), "Did you mean 'line'"),
    ],
)
def test_what_cannot_be_drawn_is_said(frontier, draw, message):
    with pytest.raises(QueryError, match=message):
        draw(frontier)
