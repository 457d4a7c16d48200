"""Standard errors of scores: read, scaled, kept, counted from items, and what they say of a spread."""

import io
import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import Evaluations, combine, read
from bayes_frontier.evaluations.read import survey
from bayes_frontier.evaluations.sources import open_llm as board
from bayes_frontier.evaluations.uncertainty import binomial, noise
from bayes_frontier.posterior.schema import GROUPS
from tests.evaluations.samples import lm_eval_run

KNOWN = [0.02, np.nan, np.nan, 0.01]


@pytest.fixture
def with_errors(wide):
    return wide.assign(bbh_stderr=["0.02", "N/A", "0", "0.01"])


def test_a_column_beside_the_task_is_its_standard_error(with_errors):
    e = read(with_errors)
    assert e.tasks == ("bbh", "gpqa")
    of_task = {task: rows["standard_error"].tolist() for task, rows in e.table.groupby("task")}
    np.testing.assert_array_equal(of_task["bbh"], KNOWN)
    assert np.isnan(of_task["gpqa"]).all()
    assert not any("bbh_stderr" in note for note in e.notes)


def test_it_is_scaled_like_the_score_whichever_way_the_metric_runs(with_errors):
    metrics = {"bbh": {"ceiling": 2, "direction": "lower"}}
    half = read(with_errors, metrics=metrics).table.query("task == 'bbh'")["standard_error"]
    np.testing.assert_array_equal(half, np.array(KNOWN) / 2)


def test_a_long_table_has_them_in_a_column_of_their_own(long):
    e = read(long.assign(stderr=np.where(long["task"] == "bbh", 0.03, 0.0)))
    found = e.table.groupby("task")["standard_error"].agg(["count", "max"])
    assert found.loc["bbh"].tolist() == [4, 0.03]
    assert found.loc["gpqa", "count"] == 0


def test_impossible_ones_name_the_line_and_the_remedy(wide):
    with pytest.raises(DataError, match=r"column 'bbh_stderr': 1 of 4 .* row 2 \(2\.5\).*divided by 100"):
        read(wide.assign(bbh_stderr=[0.02, 2.5, 0.02, 0.01]))
    with pytest.raises(DataError, match=r"column 'bbh_stderr': 1 of 4"):
        read(wide.assign(bbh_stderr=[0.02, -0.1, 0.02, 0.01]))


def test_evaluations_without_any_keep_their_fingerprint(wide, with_errors):
    plain = read(wide)
    assert plain.fingerprint == read(wide.assign(bbh_stderr=0.0)).fingerprint
    assert read(with_errors).fingerprint != plain.fingerprint
    assert "standard_error" not in plain.to_dataset()


def test_they_are_saved_and_loaded(with_errors):
    e = read(with_errors)
    buffer = io.BytesIO()
    e.to_dataset().to_netcdf(buffer, engine="h5netcdf")
    with xr.open_dataset(io.BytesIO(buffer.getvalue()), engine="h5netcdf") as stored:
        back = Evaluations.from_dataset(stored)
    pd.testing.assert_frame_equal(back.table, e.table)
    assert back.fingerprint == e.fingerprint
    declared = GROUPS["evaluations"]["standard_error"]
    assert not declared.needed
    assert set(e.to_dataset()["standard_error"].dims) == set(declared.dims)


def test_selecting_and_combining_keep_them(with_errors, wide):
    e = read(with_errors)
    assert e.select(tasks="bbh").table["standard_error"].notna().sum() == 2
    other = read(wide.assign(model=["p", "q", "r", "s"]))
    whole = combine(e, other)
    assert whole.table["standard_error"].notna().sum() == 2
    assert whole.table.set_index("model")["standard_error"].loc["org/a"].max() == 0.02


def test_binomial_where_none_is_stated_and_items_are_known(with_errors):
    e = read(with_errors.assign(n_items=100))
    assert e.standard_errors(binomial=False).notna().sum() == 2
    made = e.standard_errors()
    assert made.notna().all()
    share = (e.table["score"] * 100 + 1) / 102
    expected = e.table["standard_error"].fillna(np.sqrt(share * (1 - share) / 100))
    np.testing.assert_allclose(made, expected)
    assert binomial(0.0, 100.0) > 0  # none right of 100 is not certain


def test_the_share_of_noise_is_that_of_simulated_items():
    rng = np.random.default_rng(1)
    truth, n = rng.normal(0.5, 0.04, 4000), 200
    scores = rng.binomial(n, truth) / n
    found = noise(scores, None, np.full(4000, float(n)))
    expected = np.mean(truth * (1 - truth) / n) / np.var(scores)
    # of 4,000 scores the variance is known to 2.2%: three times that
    assert found.share == pytest.approx(expected, rel=0.07)
    assert found.n_counted == 4000
    assert "signal to noise" in found.words


def test_data_show_has_a_line_of_it(with_errors):
    found = survey(with_errors)
    assert "noise of bbh: 2 standard errors (2 stated), median 0.015" in found.summary().splitlines()
    assert found.tasks.loc["gpqa", "noise"].words == ""


def test_the_harness_states_them(tmp_path):
    run = lm_eval_run()
    for task, row in run["results"].items():
        for key in [key for key in row if key.endswith(",none")]:
            metric = key.partition(",")[0]
            row[f"{metric}_stderr,none"] = "N/A" if metric.startswith("inst") else 0.01 if "bbh" in task else 0.02
    path = tmp_path / "results_2025-03-13T16-46-20.235537.json"
    path.write_text(json.dumps(run))
    found = read(path).table.set_index("task")["standard_error"]
    assert found["ifeval"] == found["mmlu_pro"] == 0.02
    assert found["bbh"] == pytest.approx(0.01 / np.sqrt(24))  # of 24 independent subtasks
    sizes = np.array(list(board.GPQA.values()))
    assert found["gpqa"] == pytest.approx(0.02 * np.sqrt((sizes**2).sum()) / sizes.sum())
