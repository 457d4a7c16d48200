"""Studies of the analyses: scores, truths in closed form, resuming, counting, and the fast posterior as a fit."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

import bayes_frontier as bf
from bayes_frontier.errors import QueryError
from bayes_frontier.parallel import Workers
from studies.fast import hierarchy
from studies.fast.frontier import QuickFrontier, quick_fit
from studies.questions import boundaries, run
from studies.questions.scores import Scores, Study
from studies.questions.truths import true_needed, true_saturation, true_width
from tests.checks.posteriors import diagnosed, simulated, true_frontier


@pytest.fixture(scope="module", autouse=True)
def short():
    """Fewer candidates and draws: what is tested does not depend on them."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"CANDIDATES": 150, "SWEEPS": 200, "BURN_IN": 50}.items():
            patch.setattr(hierarchy, name, value)
        yield


@pytest.fixture(scope="module")
def moving():
    return bf.simulate(4, n_models=400, n_base_models=15, tasks=3, periods=2, tau=0.9, drift=0.05)


@pytest.fixture(scope="module")
def fitted(moving):
    return quick_fit(moving[0], tau=0.9, seed=1)


def test_places_of_the_truth():
    scores = Scores()
    scores.interval("q", [0.0, 0.0, 0.0, 1.0, 0.0], [1.0, 1.0, np.inf, np.inf, 0.0], [0.5, 2.0, np.inf, 0.5, 0.0])
    assert scores.places["q"] == [0, 1, 0, -1, 0]
    scores.verdict("v", [True, True, False], [True, False, False])
    scores.verdict("v", True, False)
    assert scores.verdicts["v"] == [4, 3, 2]
    assert json.loads(json.dumps(scores.line(3, 1.234)))["verdicts"] == {"v": [4, 3, 2]}


def test_true_answers_agree_with_the_numeric_ones_on_draws_around_them():
    frontier, (_, truth) = diagnosed(true_frontier()), simulated()
    found = bf.saturation(frontier, [1e23, 1e24])
    known = true_saturation(truth, found)
    np.testing.assert_allclose(known["scale"] + known["time"], known["progress"])
    np.testing.assert_allclose(known["time"], 0.0, atol=1e-12)
    # the population boundary of the draws is near the simulated sigmoid, not on it
    point = np.log10(known["saturation"])
    assert (np.abs(point - np.log10(found.summary["saturation"].sel(statistic="median"))) < 0.4).all()
    width = bf.emergence(frontier).summary["width"].sel(statistic="median")
    np.testing.assert_allclose(width.sel(task=list(truth.tasks)), true_width(truth), rtol=0.1)


def test_true_compute_for_targets_inverts_the_true_boundary():
    _, truth = simulated()
    goals = bf.portfolio(diagnosed(true_frontier()), {"task_1": 0.5, "task_2": 0.9999}).goals
    needed = true_needed(truth, goals, 1)
    assert truth.boundary(needed[0], "task_1", 1).item() == pytest.approx(0.5)
    assert np.isinf(needed[1])


def test_the_fast_posterior_is_asked_as_a_fit(fitted, moving):
    assert fitted.converged
    drawn = fitted.boundary([1e22, 1e24], period="all")
    assert drawn.dims == ("chain", "draw", "task", "period", "flops")
    truth = moving[1].boundary([1e22, 1e24], period="all")
    # 400 models of 15 base models: posterior standard deviations are about 0.02
    np.testing.assert_allclose(drawn.mean(("chain", "draw")), truth, atol=0.08)
    assert quick_fit(moving[0], tau=0.9, seed=1).boundary(1e24).equals(fitted.boundary(1e24))


def test_a_replication_scores_every_answer(fitted, moving):
    scores = boundaries.score(fitted, moving[1], np.random.default_rng(0))
    n = {name: len(places) for name, places in scores.places.items()}
    assert n["ceiling"] == n["width of the rise"] == 3
    assert n["headroom"] == n["gain"] == 6
    assert n["compute for all targets"] == 2
    counts = {name: count[0] for name, count in scores.verdicts.items()}
    assert counts == {"saturation": 6, "scale or time": 3, "abruptness": 3, "order of two tasks": 3, "portfolio": 4}
    assert all(said >= wrong for _, said, wrong in scores.verdicts.values())


def test_a_wrong_posterior_is_found_out(moving, fitted):
    wrong = QuickFrontier(fitted.evaluations, fitted.spec, fitted.tau, fitted.posterior, fitted.provenance)
    own = fitted.curves
    vars(wrong)["curves"] = dataclasses.replace(own, parts={**own.parts, "ceiling": own.parts["ceiling"] * 0.8})
    scores = boundaries.score(wrong, moving[1], np.random.default_rng(0))
    assert scores.places["ceiling"] == [1, 1, 1]


def fake(name: str, ran: list[int]) -> Study:
    def replicate(replication: int) -> Scores:
        ran.append(replication)
        scores = Scores()
        # three of four intervals hold the truth
        scores.interval("q", np.zeros(4), np.ones(4), [0.5, 0.5, 0.5, 2.0])
        scores.verdict("v", [True] * 10 + [False] * 10, [True] * 9 + [False] * 11)
        return scores

    return Study(name, "made up", replicate, ("studies/questions/scores.py",))


def test_finished_replications_are_not_run_again(tmp_path):
    ran: list[int] = []
    study = fake("a", ran)
    told = []
    run.run_studies([study], 2, tmp_path, Workers(1), lambda *_: None)
    run.run_studies([study], 3, tmp_path, Workers(1), lambda *now: told.append(now))
    assert ran == [0, 1, 2]
    assert [now[:2] for now in told] == [(2, 3), (3, 3)]
    assert told[1][2].replication == 2
    lines = run.study_path(study, tmp_path).read_text().splitlines()
    assert [json.loads(line)["replication"] for line in lines] == [0, 1, 2]


def test_counting(tmp_path):
    study = fake("a", [])
    lines = [study.replicate(r).line(r, 0.0) for r in range(5)]
    (row,) = run.coverage(lines).to_dict("records")
    assert (row["covered"], row["above"], row["below"], row["error"]) == (0.75, 0.25, 0.0, 0.0)
    assert not row["held"]
    (row,) = run.alarms(lines).to_dict("records")
    assert (row["opportunities"], row["said"], row["wrong"], row["wrong_of_said"]) == (100, 0.5, 0.05, 0.1)
    assert row["held"]
    assert row["wrong"] < row["wrong_upper"] < 0.11


def test_studies_have_names_and_sources_that_exist():
    found = run.studies()
    assert len({study.name for study in found}) == len(found)
    root = Path(bf.__path__[0]).parent
    assert [source for study in found for source in study.sources if not (root / source).exists()] == []
    assert all(run.study_path(study, run.Path()).suffix == ".jsonl" for study in found)
    assert [study.name for study in run.chosen(["boundaries-still"])] == ["boundaries-still"]
    with pytest.raises(QueryError, match="Did you mean 'boundaries-still'"):
        run.chosen(["boundaries-stil"])


def test_the_fast_posterior_agrees_with_itself(fitted):
    from studies.questions.agreement import agreement

    table = agreement(fitted, seed=1).set_index("quantity")
    assert table["shift"].max() == pytest.approx(0.0, abs=1e-9)
    assert table["width"].to_numpy() == pytest.approx(1.0)
    # other random numbers: a few hundred different draws behind each mean and spread
    other = agreement(fitted, seed=2).set_index("quantity")
    assert 0.0 < other["shift"].max() < 0.3
    assert other["width"].to_numpy() == pytest.approx(1.0, abs=0.3)
