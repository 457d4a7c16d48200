"""Pictures of saturation, progress and emergence."""

import numpy as np
import pytest
from matplotlib.figure import Figure

import bayes_frontier as bf
from bayes_frontier.errors import QueryError
from bayes_frontier.plots import plot_emergence, plot_progress, plot_saturation
from tests.checks.posteriors import diagnosed, true_frontier
from tests.plots.looking import assert_readable


@pytest.fixture(scope="module")
def frontier():
    return diagnosed(true_frontier())


@pytest.fixture(scope="module")
def found(frontier):
    return bf.saturation(frontier, gain=0.05)


def test_saturation_has_a_panel_a_task_with_the_ceiling(frontier, found):
    panels = plot_saturation(frontier, found)
    assert [panel.get_title(loc="left") for panel in panels] == ["task_1", "task_2"]
    ceiling = found.summary["ceiling"].sel(statistic="median")
    for panel, task in zip(panels, ("task_1", "task_2"), strict=True):
        heights = [line.get_ydata()[0] for line in panel.lines if len(set(line.get_ydata())) == 1]
        assert any(height == pytest.approx(float(ceiling.sel(task=task))) for height in heights)
        assert panel.get_xlim()[1] == pytest.approx(10 * found.flops_range[1])
    assert_readable(panels[0].figure)


def test_elements_can_be_left_out(frontier, found):
    bare = plot_saturation(
        frontier, found, visuals=dict.fromkeys(("ceiling", "ceiling_line", "beyond", "point"), False)
    )
    full = plot_saturation(frontier, found)
    assert len(bare[0].lines) < len(full[0].lines)
    assert len(bare[0].patches) < len(full[0].patches)
    with pytest.raises(QueryError, match="Did you mean 'ceiling'"):
        plot_saturation(frontier, found, visuals={"ceilin": False})


def test_progress_has_two_bars_a_task(found):
    panel = plot_progress(found)
    widths = sorted(patch.get_width() for patch in panel.patches)
    expected = [
        float(found.summary[name].sel(statistic="median", task=task))
        for name in ("scale", "time")
        for task in ("task_1", "task_2")
    ]
    np.testing.assert_allclose(widths, sorted(expected))
    assert [text.get_text().split()[-1] for text in panel.texts] == [
        str(source).split()[-1] for source in found.summary["source"].to_numpy()
    ]
    assert_readable(panel.figure)
    own = Figure().subplots()
    assert plot_progress(found.only(["task_2"]), axes=own, visuals={"names": False, "values": False}) is own
    assert not own.texts


def test_emergence_has_rows_in_order_and_the_border(frontier):
    found = bf.emergence(frontier, decades=1.5)
    panel = plot_emergence(found)
    assert [label.get_text() for label in panel.get_yticklabels()] == found.summary["task"].to_numpy().tolist()
    assert [line.get_xdata()[0] for line in panel.lines] == [1.5]
    assert all(str(v) in t.get_text() for v, t in zip(found.summary["verdict"].to_numpy(), panel.texts, strict=True))
    assert_readable(panel.figure)
