"""Emergence: widths of known sigmoids, ranks, and not being able to tell."""

import numpy as np
import pytest

import bayes_frontier as bf
from bayes_frontier.analysis.emergence import first_above, order
from bayes_frontier.errors import QueryError
from tests.checks.posteriors import change, diagnosed, true_frontier
from tests.draws import make_frontier, without_bases

DECADES = 2.0 * np.log(9.0)


def slopes(*values: float, spread: float = 0.0):
    """Edit: the tasks' slopes, with a relative spread over draws."""

    def edit(tree):
        def put(slope):
            rng = np.random.default_rng(1)
            made = slope.copy(data=np.broadcast_to(np.array(values)[:, None], slope.shape).copy())
            return made * np.exp(spread * rng.standard_normal((*slope.shape[:3], 1)))

        return change(tree, slope=put)

    return edit


@pytest.mark.parametrize("slope", [0.2, 1.0, 8.0])
def test_width_of_a_sigmoid_is_that_of_its_slope(slope):
    found = bf.emergence(without_bases(slope=slope, midpoint=24.0))
    # the grid is 0.05 decades fine where models are, a twentieth of their distance beyond
    np.testing.assert_allclose(found.draws["width"], DECADES / slope, rtol=0.02)
    np.testing.assert_allclose(found.draws["start"] + found.draws["end"], 48.0, atol=0.1)


def test_observed_is_the_share_of_the_rise_within_the_models_compute():
    # models from 3e23 to 1.6e24 FLOPs
    z = np.log10([3e23, 1.6e24])
    found = bf.emergence(without_bases(slope=2.0, midpoint=24.0))
    inside = np.diff(1.0 / (1.0 + np.exp(-2.0 * (z - 24.0))))[0]
    np.testing.assert_allclose(found.draws["observed"], inside, atol=1e-3)
    assert "of the rise may lie within" in found.sentences[-1]


def test_tasks_are_sorted_and_ranked():
    frontier = diagnosed(true_frontier(slopes(1.0, 3.0, spread=0.05)))
    found = bf.emergence(frontier)
    assert found.summary["task"].to_numpy().tolist() == ["task_2", "task_1"]
    np.testing.assert_allclose(found.summary["rank_probability"].sum("rank"), 1.0)
    np.testing.assert_allclose(found.summary["rank_probability"].sum("task"), 1.0)
    assert found.summary["rank_probability"].sel(task="task_2", rank=1).item() == 1.0
    assert found.summary["order"].sel(task="task_2", other="task_1").item() == "more"
    assert found.summary["order"].sel(task="task_1", other="task_2").item() == "less"
    assert found.summary["verdict"].to_numpy().tolist() == ["abrupt", "gradual"]
    assert "task_2 rises more abruptly than task_1" in found.sentences[0]


def test_cannot_tell_is_an_answer():
    frontier = diagnosed(true_frontier(slopes(2.0, 2.2, spread=0.5)))
    found = bf.emergence(frontier)
    assert set(found.summary["order"].to_numpy().ravel()) == {"same", "cannot tell"}
    assert set(found.summary["verdict"].to_numpy()) == {"cannot tell"}
    assert "cannot be told" in found.sentences[0]


def test_pairs_are_two_sides_of_one_coin():
    found = bf.emergence(make_frontier()).summary["more"]
    np.testing.assert_allclose(found + found.transpose("other", "task").to_numpy(), 1.0)
    assert set(order(found, None).to_numpy().ravel()) == {"same", "cannot tell"}


def test_a_fit_that_did_not_converge_has_no_verdicts():
    found = bf.emergence(diagnosed(true_frontier(slopes(1.0, 3.0)), r_hat=1.4)).summary
    assert set(found["verdict"].to_numpy()) == {"cannot tell"}


def test_first_above_stays_on_the_grid():
    z = np.array([0.0, 1.0, 2.0])
    values = np.array([[0.0, 0.5, 1.0]] * 3)
    np.testing.assert_allclose(first_above(values, z, np.array([0.25, -1.0, 2.0])), [0.5, 0.0, 2.0])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"decades": 0.0}, "decades must lie between 0 and 100"),
        ({"prob": 1.0}, "prob must lie"),
        ({"period": "all"}, "one period"),
        ({"base_model": "gpt-9"}, "not in this fit"),
    ],
)
def test_questions_that_cannot_be_answered(options, words):
    with pytest.raises(QueryError, match=words):
        bf.emergence(make_frontier(), **options)


def test_the_result_shows_what_the_command_line_says():
    found = bf.emergence(make_frontier(draws=200))
    assert {"width_median", "width_lower", "abrupt", "verdict"} <= set(found.table.columns)
    assert found.table["task"].tolist() == found.summary["task"].to_numpy().tolist()
    lines = repr(found).splitlines()
    assert lines[0] == f"Abruptness of boundaries in the period '{found.period}'"
    assert [line.strip() for line in lines[1 : 1 + len(found.sentences)]] == found.sentences
    assert found.sentences[0] in found._repr_html_()
    assert found.plot().get_yticklabels()[0].get_text() == found.table["task"][0]
