"""The gate's picture: what each row shows, and what is refused."""

import numpy as np
import pytest

import bayes_frontier as bf
from bayes_frontier.plots import plot_gate
from tests.checks.posteriors import diagnosed, true_frontier


@pytest.fixture(scope="module")
def found():
    frontier = diagnosed(true_frontier())
    return bf.gate(frontier, frontier.evaluations.subset(np.arange(frontier.evaluations.n_models) < 60))


def names_of(panel) -> list[str]:
    return [label.get_text() for label in panel.get_yticklabels()]


def test_one_model_has_a_row_a_task(found):
    one = found.isel(model=[7])
    panel = plot_gate(one)
    assert names_of(panel) == ["task_1", "task_2", "all tasks"]
    assert one["model"].item() in panel.figure.get_suptitle() + panel.get_title(loc="left") + panel.get_title()
    dots = panel.collections[-1].get_offsets()
    np.testing.assert_allclose(dots[:, 0], 100 * one["percentile"].to_numpy()[0])


def test_several_models_show_the_least_expected(found):
    panel = plot_gate(found, task="task_1")
    assert len(names_of(panel)) == 40
    least = str(found["model"].to_numpy()[int(np.argmin(found["p_value"].sel(task="task_1").to_numpy()))])
    assert any(least.startswith(name.rstrip("…")) for name in names_of(panel))
    assert names_of(plot_gate(found, model=least)) == ["task_1", "task_2", "all tasks"]


def test_elements_can_be_left_out(found):
    full, bare = plot_gate(found), plot_gate(found, visuals={"zone": False, "half": False})
    assert len(bare.patches) < len(full.patches)


@pytest.mark.parametrize(
    ("options", "words"), [({"model": "x"}, "not among the 60 models"), ({"task": "x"}, "task: unknown choice 'x'")]
)
def test_unknown_names_are_refused(found, options, words):
    with pytest.raises(bf.QueryError, match=words):
        plot_gate(found, **options)
