"""Scores that tell no boundary are refused before sampling, by the task's name; those that do give finite scales."""

import numpy as np
import pytest

import bayes_frontier as bf
from bayes_frontier.errors import DataError, SpecError
from bayes_frontier.model.calibration import Scale
from bayes_frontier.model.data import FrontierData
from studies.faults.tables import tables

ERRORS = {
    "all scores equal": "Task 'maths': all of its 60 scores are at 0.5",
    "all 0": "Task 'maths': all of its 60 scores are at 0",
    "all 1, one task": "Task 'maths': all of its 60 scores are at its ceiling",
    "scores of one part in a million": "Task 'maths': all of its 60 scores are at 0.5",
    "tiny scores": "Task 'maths': all of its 60 scores are at ",
    "one score of a task": "Task 'maths' has 1 scores",
    "one compute": "span 0.00 decades of compute",
    "one base model, several computes": "have the same base model",
}


@pytest.mark.parametrize("name", ERRORS)
def test_a_table_that_tells_no_boundary(name):
    with pytest.raises(DataError, match=ERRORS[name]):
        FrontierData.from_evaluations(bf.read(tables()[name]), 0.9)


@pytest.mark.parametrize("name", ["at its ceiling", "half of it at 1", "two values", "half of it at 0"])
def test_a_scale_is_finite_wherever_scores_differ(name):
    scale = Scale.from_scores(bf.read(tables()[name]), 0.9)
    assert all(np.isfinite(one).all() for one in (scale.density, scale.scale, scale.half_width, scale.level))
    assert (scale.scale > 0).all()


def test_a_deep_model_file(tmp_path):
    path = tmp_path / "deep.toml"
    path.write_text("name = " + "[" * 20_000)
    with pytest.raises(SpecError, match="not valid TOML"):
        bf.read_spec(path)


@pytest.mark.parametrize(
    ("error", "name", "kind"),
    [
        (RuntimeError("All initialization points failed"), "one day", DataError),
        (FloatingPointError("x"), "one day", DataError),
        (NotImplementedError("x"), "two values", DataError),
        # of scores that are as they should be it is a defect, which must not be blamed on them
        (RuntimeError("x"), "one day", RuntimeError),
    ],
)
def test_what_sampling_raises_is_explained_where_it_is_the_scores(monkeypatch, error, name, kind):
    def sample(*arguments, **options):
        raise error

    monkeypatch.setattr("bayes_frontier.posterior.fitting.sample", sample)
    with pytest.raises(kind, match="finds no place to start" if kind is DataError else "x"):
        bf.fit(bf.read(tables()[name]), tau=0.9)
