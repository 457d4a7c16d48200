"""Pictures of checks: one for each, with the limits and the verdict; values are those of the numbers."""

import io

import numpy as np
import pytest
from matplotlib.colors import to_hex

import bayes_frontier as bf
from bayes_frontier.checks import influence, scale
from bayes_frontier.checks.run import NAMES
from bayes_frontier.errors import QueryError
from bayes_frontier.plots import plot_check
from bayes_frontier.plots.checks import COLOURS
from tests.checks.posteriors import diagnosed, moved, true_frontier
from tests.plots.looking import assert_readable


@pytest.fixture(scope="module")
def checks() -> dict[str, bf.Check]:
    frontier = diagnosed(true_frontier(moved(-0.04, task="task_2")))
    other = diagnosed(true_frontier(moved(-0.1), tau=0.8))
    # the picture of priors is tested without drawing from them; the others look at nothing here
    some = [name for name in NAMES if name not in ("prior", "compute", "halves")]
    return {one.name: one for one in bf.check(frontier, only=some, others=[other])}


def test_every_check_can_be_drawn(checks):
    for name, one in checks.items():
        axes = plot_check(one)
        buffer = io.BytesIO()
        axes[0].figure.savefig(buffer, format="png", dpi=20)
        assert buffer.getvalue().startswith(b"\x89PNG"), name
        assert axes[0].figure._suptitle.get_text().startswith(f"{name}: {one.verdict}")


def test_coverage_shows_errors_in_the_colour_of_their_verdict(checks):
    one = checks["coverage"]
    (panel,) = plot_check(one)
    drawn, mean = panel.collections[-2], panel.collections[-1]
    np.testing.assert_allclose(mean.get_offsets()[:, 1], one.numbers["error"])
    np.testing.assert_allclose(drawn.get_offsets()[:, 1], one.numbers["drawn_error"])
    assert [to_hex(c).upper() for c in mean.get_facecolors()] == [COLOURS[v] for v in one.numbers["verdict"]]
    assert "fail" in set(one.numbers["verdict"])
    names = [label.get_text() for label in panel.get_xticklabels()]
    assert names == ["every task", "task_1", "task_2"]


def test_coverage_of_many_tasks_is_readable(checks):
    one = checks["coverage"].numbers
    rows = one.iloc[[0] + [1] * 40].reset_index(drop=True)
    rows["task"] = ["every task", *(f"task {i}" for i in range(40))]
    (panel,) = plot_check(bf.Check("coverage", "pass", rows.assign(group="all"), "Words.", "coverage"))
    assert_readable(panel.figure)


def test_groups_have_a_panel_for_every_task_and_one_each_on_one_scale(checks):
    axes = plot_check(checks["coverage-period"])
    assert [panel.get_title(loc="left") for panel in axes] == ["every task", "task_1", "task_2"]
    assert len({panel.get_ylim() for panel in axes}) == 1
    bars = axes[0].patches
    first = checks["coverage-period"].numbers.iloc[0]
    assert bars[0].get_y() == pytest.approx(first["binomial_low"])
    assert bars[0].get_height() == pytest.approx(first["binomial_high"] - first["binomial_low"])


def test_limits_are_those_of_the_verdicts(checks):
    (panel,) = plot_check(checks["scale"])
    at = sorted(line.get_xdata()[0] for line in panel.lines)
    warn, fail = scale.FACTOR.warn, scale.FACTOR.fail
    assert at == pytest.approx([1 / fail, 1 / warn, 1.0, warn, fail])
    (panel,) = plot_check(checks["influence"])
    assert max(line.get_xdata()[0] for line in panel.lines) == influence.IN_SD.fail


def test_influence_has_the_largest_first(checks):
    (panel,) = plot_check(checks["influence"])
    largest = checks["influence"].numbers.sort_values("in_sd", key=abs, ascending=False).iloc[0]
    assert panel.get_yticklabels()[0].get_text() == f"{largest['base_model']}, {largest['task']}"


def test_priors_show_intervals_and_what_the_scores_say():
    (panel,) = plot_check(prior_check())
    diamonds = panel.collections[-1]
    np.testing.assert_allclose(diamonds.get_offsets()[:, 0], [0.5, 0.9])
    assert panel.get_yticklabels()[1].get_text() == "maths, high compute"


def test_of_many_priors_those_furthest_out_are_shown():
    rows = prior_check().numbers.iloc[[0, 1] * 30].reset_index(drop=True)
    rows["task"] = [f"task {i}" for i in range(60)]
    check = bf.Check("prior", "warn", rows, "Words.", "prior")
    (panel,) = plot_check(check)
    names = [label.get_text() for label in panel.get_yticklabels()]
    # all thirty of tail probability 0.01, and the first six of 0.6; in the order of the table
    wanted = [i for i in range(60) if i % 2 == 1 or i < 12]
    assert names == [f"task {i}, {'high' if i % 2 else 'low'} compute" for i in wanted]
    assert any("36 of 60" in text.get_text() for text in [*panel.figure.texts, panel.title, panel._left_title])


def prior_check() -> bf.Check:
    import pandas as pd

    numbers = pd.DataFrame(
        {
            "task": ["maths", "maths"],
            "part": ["low", "high"],
            "lower": [0.1, 0.2],
            "median": [0.4, 0.5],
            "upper": [0.7, 0.8],
            "observed": [0.5, 0.9],
            "tail": [0.6, 0.01],
            "verdict": ["pass", "warn"],
        }
    )
    return bf.Check("prior", "warn", numbers, "Words.", "prior")


def test_a_check_that_was_not_run_has_no_picture():
    (_, crossing) = bf.check(diagnosed(true_frontier()), only=["crossing"])
    with pytest.raises(QueryError, match="'crossing' was not run"):
        plot_check(crossing)
    with pytest.raises(QueryError, match="no element 'pionts'"):
        plot_check(prior_check(), visuals={"pionts": False})
