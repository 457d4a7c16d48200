"""`backtest`, with a fit that samples nothing: splits, what is fitted and predicted, and how both are identified."""

from dataclasses import replace

import numpy as np
import pytest

import bayes_frontier as bf
from bayes_frontier.checks.backtest import run as backtesting
from bayes_frontier.checks.backtest.baselines import BASELINES, DEFAULT
from bayes_frontier.checks.backtest.run import baseline_levels, rolling, split_key
from bayes_frontier.errors import ConvergenceError, DataError, QueryError
from bayes_frontier.evaluations import Evaluations
from bayes_frontier.parallel import Workers
from tests.backtests import Fits, QuantileFit, evaluations, small_backtest

PERIODS = ["2024-06-30", "2024-09-30", "2024-12-31"]


@pytest.fixture(scope="module")
def scores() -> Evaluations:
    return evaluations()


def test_every_period_but_the_first_is_predicted_by_ours_and_the_baselines(scores):
    fits = Fits()
    made = bf.backtest(scores, tau=0.9, fit=fits.fit, baselines=["constant", "oracle"], seed=3)
    counts = np.bincount(scores.models["period"])
    assert isinstance(made, bf.Backtest)
    assert made.boundaries == ("frontier", "constant", "oracle")
    assert made.splits == scores.period_labels[1:]
    assert made.tasks == scores.tasks
    assert made.predictions.sizes == {"boundary": 3, "record": counts[1:].sum(), "task": 2, "split": 2}
    assert [call["models"] for call in fits.calls] == [counts[0], counts[:2].sum()]
    assert all((call["tau"], call["seed"]) == (0.9, 3) for call in fits.calls)
    assert made.tau == 0.9


def test_predictions_stand_by_their_scores(scores):
    made = small_backtest(evaluations=scores)
    models = scores.models[scores.models["period"] > 0].sort_values("period", kind="stable")
    assert made.predictions["model"].to_numpy().tolist() == models["model"].tolist()
    np.testing.assert_array_equal(made.predictions["score"], models[list(scores.tasks)])
    np.testing.assert_array_equal(made.predictions["flops"], models["flops"])
    first = scores.models[scores.models["period"] == 0]
    level = made.predictions["level"].sel(boundary="frontier", task="bbh").to_numpy()
    assert level[0] == pytest.approx(first["bbh"].quantile(0.9))


def test_known_base_models_are_those_that_were_fitted(scores):
    for single, window in ((False, lambda p: p <= 1), (True, lambda p: p == 1)):
        made = small_backtest(evaluations=scores, single_period=single)
        seen = set(scores.models.loc[window(scores.models["period"]), "base_model"])
        last = made.predictions.isel(record=made.predictions["record_split"].to_numpy() == made.splits[-1])
        expected = [base in seen for base in last["base_model"].to_numpy()]
        assert last["known"].to_numpy().tolist() == expected
        assert made.about["splits"][-1]["new"] == expected.count(False)


def test_a_single_period_may_be_fitted(scores):
    fits = Fits()
    made = small_backtest(evaluations=scores, fit=fits.fit, single_period=True, baselines=["constant"])
    assert [call["periods"] for call in fits.calls] == [(label,) for label in scores.period_labels[:-1]]
    levels = made.predictions["level"]
    np.testing.assert_allclose(levels.sel(boundary="frontier"), levels.sel(boundary="constant"))
    assert made.about["window"] == "the last period"


def test_finished_predictions_are_not_computed_again(scores, tmp_path):
    first, second = Fits(), Fits()
    lines: list[str] = []
    one = small_backtest(evaluations=scores, fit=first.fit, folder=tmp_path)
    two = small_backtest(evaluations=scores, fit=second.fit, folder=tmp_path, tell=lines.append)
    assert len(first.calls) == 2
    assert second.calls == []
    np.testing.assert_array_equal(one.predictions["level"], two.predictions["level"])
    assert sum(line.endswith("finished before") for line in lines) == 6
    assert one.about["splits"] == two.about["splits"]


def test_an_interrupted_backtest_goes_on(scores, tmp_path):
    stopped, going_on = Fits(stop_at=2), Fits()
    with pytest.raises(KeyboardInterrupt):
        small_backtest(evaluations=scores, fit=stopped.fit, folder=tmp_path)
    small_backtest(evaluations=scores, fit=going_on.fit, folder=tmp_path)
    assert [call["models"] for call in going_on.calls] == [stopped.calls[1]["models"]]


@pytest.mark.parametrize(
    ("change", "calls"),
    [
        ({"tau": 0.8}, 2),
        ({"seed": 2}, 2),
        ({"model": "pooled"}, 2),
        ({"single_period": True}, 1),  # the first split has one period before it in either case
        ({"baselines": ["bins"]}, 0),
        ({"cores": 1}, 0),
        ({"progress": False}, 0),
    ],
)
def test_what_changes_a_fit_is_fitted_again(scores, tmp_path, change, calls):
    small_backtest(evaluations=scores, folder=tmp_path)
    fits = Fits()
    small_backtest(evaluations=scores, folder=tmp_path, fit=fits.fit, **change)
    assert len(fits.calls) == calls


def test_changed_scores_are_fitted_again(tmp_path):
    small_backtest(folder=tmp_path)
    fits = Fits()
    other = evaluations(n_models=239)
    small_backtest(evaluations=other, folder=tmp_path, fit=fits.fit)
    assert len(fits.calls) == 2


def test_changed_code_is_fitted_again(scores, tmp_path, monkeypatch):
    small_backtest(evaluations=scores, folder=tmp_path)
    monkeypatch.setattr(backtesting, "code_digest", lambda places: "other code")
    fits = Fits()
    small_backtest(evaluations=scores, folder=tmp_path, fit=fits.fit)
    assert len(fits.calls) == 2


def test_a_task_new_in_a_period_is_predicted_only_after_it(scores):
    models = scores.models.assign(gpqa=scores.models["gpqa"].where(scores.models["period"] > 0))
    later = Evaluations.from_models(
        models, scores.tasks, periods=[end for end in scores.period_ends if end is not None]
    )
    found = small_backtest(evaluations=later).scores.sel(boundary="frontier", group="all", task="gpqa")
    assert found["n"].to_numpy()[0] == 0
    assert np.isnan(found["pinball"].to_numpy()[0])
    assert found["n"].to_numpy()[1] > 0


def test_no_convergence_names_the_split(scores, tmp_path):
    with pytest.raises(ConvergenceError, match=r"Split 1 \(.*R-hat is 1.300"):
        small_backtest(evaluations=scores, folder=tmp_path, draws=13)
    assert (tmp_path / "cache" / "1-constant.nc").is_file()


def test_an_unconverged_fit_is_marked(scores):
    made = small_backtest(evaluations=scores, margin=0.4)
    assert [split["converged"] for split in made.about["splits"]] == [False, False]


def test_predictions_of_another_number_are_refused(scores):
    class Short(QuantileFit):
        def predict(self, models):
            return super().predict(models.iloc[1:])

    with pytest.raises(QueryError, match="predict returned"):
        small_backtest(evaluations=scores, fit=lambda fitted, *, tau: Short(fitted, tau))


def test_arguments_are_checked_before_any_fit(scores):
    fits = Fits()
    for options, error, words in (
        ({"tau": 98}, QueryError, "tau must be between"),
        ({"baselines": ["papre"]}, QueryError, "Did you mean 'paper'"),
        ({"axis": "flop"}, QueryError, "Did you mean 'flops'"),
        ({"evaluations": scores.select(periods=0)}, DataError, "only one"),
    ):
        with pytest.raises(error, match=words):
            small_backtest(fit=fits.fit, **({"evaluations": scores} | options))
    assert fits.calls == []


def test_the_fit_is_ours_unless_given():
    assert backtesting._library_fit() is bf.fit


@pytest.mark.real_data
def test_published_numbers_are_reproduced(shared_data):
    """Numbers of the reference analysis of this table: its own code, the same scores, to a percent."""
    scores = bf.read(shared_data / "oll_v2_with_compute.csv", periods=PERIODS)
    made = bf.backtest(
        scores, fit=Fits().fit, baselines=["constant", "paper", "paper-all", "exact", "exact-all", "oracle"]
    )
    table = made.summary()
    loss = 1e3 * table["pinball"]
    published = {"constant": 5.64, "paper": 4.37, "paper-all": 4.51, "exact": 4.39, "exact-all": 4.61}
    for name, value in published.items():
        assert loss[name] == pytest.approx(value, rel=0.01), name
    # lower than the 3.60 found there: the same family, its minimum found better
    assert 3.55 < loss["oracle"] < 3.60
    for name, value in {"paper": 0.0203, "paper-all": 0.0255, "exact": 0.0271, "exact-all": 0.0337}.items():
        assert table["abs_error"][name] == pytest.approx(value, abs=5e-4), name
    assert table["signed_error"]["paper"] == pytest.approx(0.001, abs=5e-4)
    assert table["signed_error"]["exact"] == pytest.approx(-0.024, abs=5e-4)
    assert table["cells"].tolist() == [18] * 7
    assert set(DEFAULT) > set(published)


def test_workers_get_the_model_itself_and_only_where_one_is_given(scores, monkeypatch):
    places = []

    def run(self, call, arguments, keep, groups=None):
        places.append(self.scheduler)
        for number, given in reversed(list(enumerate(arguments))):
            keep(number, call(*given))

    monkeypatch.setattr(Workers, "run", run)
    here, there, told = Fits(), Fits(), []
    one = small_backtest(evaluations=scores, fit=here.fit, model="pooled")
    two = small_backtest(
        evaluations=scores, fit=there.fit, model="pooled", scheduler="tcp://there:8786", tell=told.append
    )
    np.testing.assert_array_equal(one.predictions["level"], two.predictions["level"])
    assert one.about["settings"] == two.about["settings"] == {"model": "pooled"}
    assert [call["model"].name for call in there.calls] == ["pooled", "pooled"]
    assert not any("fitting" in line for line in told)
    bare = Fits()
    small_backtest(evaluations=scores, fit=bare.fit, scheduler="tcp://there:8786")
    assert "model" not in bare.calls[0]
    assert places == [None, "tcp://there:8786", "tcp://there:8786"]


def test_each_period_but_the_first_is_predicted_from_those_before(scores):
    first, second = rolling(scores)
    counts = np.bincount(scores.models["period"])
    assert [first.label, second.label] == list(scores.period_labels[1:])
    assert [first.number, second.number] == [1, 2]
    assert [first.past.n_models, second.past.n_models] == [counts[0], counts[:2].sum()]
    assert [first.last.n_models, second.last.n_models] == [counts[0], counts[1]]
    assert [first.next.n_models, second.next.n_models] == [counts[1], counts[2]]
    assert second.past.models["released"].max() < second.next.models["released"].min()
    assert second.past.n_periods == 2
    assert second.window("last") is second.last


def test_one_period_cannot_be_predicted(scores):
    with pytest.raises(DataError, match="there is only one.*--periods"):
        rolling(scores.select(periods=0))


def test_a_baseline_is_fitted_to_its_window(scores):
    split = rolling(scores)[1]
    for name, window in (("constant", split.last), ("constant-all", split.past)):
        levels = baseline_levels(BASELINES[name], split, 0.9)
        assert levels.shape == (split.next.n_models, 2)
        np.testing.assert_allclose(
            levels, np.tile([window.models[t].quantile(0.9) for t in scores.tasks], (len(levels), 1))
        )


def test_the_oracle_knows_the_period_itself(scores):
    split = rolling(scores)[1]
    levels = baseline_levels(BASELINES["oracle"], split, 0.9)
    covered = (split.next.models[list(scores.tasks)].to_numpy() <= levels).mean(axis=0)
    # four parameters, about 80 records: at most 4 lie on the curve
    np.testing.assert_allclose(covered, 0.9, atol=5 / len(levels))


def test_a_task_without_scores_before_has_no_level(scores):
    models = scores.models.assign(gpqa=scores.models["gpqa"].where(scores.models["period"] > 0))
    later = Evaluations.from_models(
        models, scores.tasks, periods=[end for end in scores.period_ends if end is not None]
    )
    first, second = rolling(later)
    assert first.past.tasks == ("bbh",)
    levels = baseline_levels(BASELINES["constant"], first, 0.9)
    assert np.isnan(levels[:, 1]).all()
    assert np.isfinite(levels[:, 0]).all()
    assert np.isfinite(baseline_levels(BASELINES["constant"], second, 0.9)).all()


def test_records_without_a_score_are_not_fitted(scores):
    gone = scores.models["gpqa"].where(scores.models.index % 3 > 0)
    ends = [end for end in scores.period_ends if end is not None]
    holes = Evaluations.from_models(scores.models.assign(gpqa=gone), scores.tasks, periods=ends)
    split = rolling(holes)[0]
    expected = split.last.models["gpqa"].dropna().quantile(0.9)
    np.testing.assert_allclose(baseline_levels(BASELINES["constant"], split, 0.9)[:, 1], expected)


def test_a_key_knows_scores_periods_window_and_the_order_of_what_is_predicted(scores):
    split = rolling(scores)[1]
    key = split_key(split, "past")
    assert key == split_key(rolling(evaluations())[1], "past")
    others = {
        "window": split_key(split, "last"),
        "split": split_key(rolling(scores)[0], "past"),
        "periods": split_key(replace(split, past=replace(split.past, period_labels=("a", "b"))), "past"),
        "fitted": split_key(replace(split, past=split.past.subset(split.past.models.index > 0)), "past"),
        "order": split_key(replace(split, next=replace(split.next, models=split.next.models[::-1])), "past"),
        "score": split_key(replace(split, next=replace(split.next, models=split.next.models.assign(bbh=0.5))), "past"),
    }
    assert len({key, *others.values()}) == 1 + len(others)
