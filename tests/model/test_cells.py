"""Evaluations as cells: every score in the right one, and what cannot be fitted refused."""

import dataclasses

import numpy as np
import pytest

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations import simulate
from bayes_frontier.model.data import FrontierData


def small(**options):
    return simulate(2, **({"n_models": 120, "n_base_models": 6, "tasks": 3, "periods": 2} | options))[0]


def test_every_score_is_in_the_cell_of_its_task_period_base_and_compute():
    e = small()
    data = FrontierData.from_evaluations(e, 0.9)
    cell = data.cells.iloc[data.cell_of_score]
    table = e.table
    assert [data.tasks[k] for k in cell["task"]] == table["task"].tolist()
    assert [data.base_models[b] for b in cell["base"]] == table["base_model"].tolist()
    assert cell["period"].tolist() == table["period"].tolist()
    assert cell["z"].to_numpy() == pytest.approx(np.log10(table["flops"].to_numpy()))
    assert not data.cells.duplicated().any()
    assert (data.tasks, data.n_periods) == (e.tasks, 2)


def test_the_records_of_a_cell_are_its_scores():
    e = small()
    data = FrontierData.from_evaluations(e, 0.9)
    scores = e.table["score"].to_numpy()
    for g in range(data.scores.n_cells):
        own = data.scores.of(g)[0]
        assert own.tolist() == sorted(scores[data.cell_of_score == g])
    assert len(data.cells) == data.scores.n_cells


def test_the_order_of_the_rows_does_not_matter():
    e = small()
    shuffled = dataclasses.replace(e, table=e.table.sample(frac=1, random_state=1))
    first, second = (FrontierData.from_evaluations(x, 0.9) for x in (e, shuffled))
    assert np.array_equal(first.scores.values, second.scores.values)
    assert first.cells.equals(second.cells)


def test_base_models_are_counted_and_centred_where_their_records_are():
    e = small()
    data = FrontierData.from_evaluations(e, 0.9)
    for b, name in enumerate(data.base_models):
        own = e.models[e.models["base_model"] == name]
        assert data.counts[b].tolist() == [own[task].notna().sum() for task in e.tasks]
        assert data.reference_z[b] == pytest.approx(np.median(np.log10(own["flops"])))
        assert data.reference_stretch[b] == round(np.median(data.stretches.of_model[own.index]))


def test_the_compute_range_is_that_of_the_bulk_of_the_models():
    e = small()
    z = np.log10(e.models["flops"].to_numpy())
    compute = FrontierData.from_evaluations(e, 0.9).compute
    assert (compute.low, compute.high) == pytest.approx(tuple(np.quantile(z, [0.16, 0.84])))


def test_a_bulk_at_one_compute_widens_the_range():
    e = small(n_base_models=2)
    flops = np.where(np.arange(120) < 114, 1e22, 1e24)
    e = type(e).from_models(e.models.assign(flops=flops, base_model=flops.astype(str)), e.tasks)
    compute = FrontierData.from_evaluations(e, 0.9).compute
    assert compute.low < compute.high


def test_too_few_scores_for_the_quantile():
    with pytest.raises(DataError, match=r"'task_1' has 40 scores; the 0\.98 quantile needs at least 50 .*--tau"):
        FrontierData.from_evaluations(small(n_models=40), 0.98)
    data = FrontierData.from_evaluations(small(n_models=50), 0.98)
    assert data.counts.sum() == 150


def test_a_single_base_model():
    e = small(flops_range=(1e21, 1e25))
    one = type(e).from_models(e.models.assign(base_model="only"), e.tasks)
    with pytest.raises(DataError, match=r"All 120 models have the same base model, 'only'.*--model independent"):
        FrontierData.from_evaluations(one, 0.9)
    assert FrontierData.from_evaluations(one, 0.9, base_models=False).base_models == ("only",)


@pytest.mark.parametrize("base_models", [True, False])
def test_a_single_compute(base_models):
    e = small()
    flat = type(e).from_models(e.models.assign(flops=3e22), e.tasks)
    with pytest.raises(DataError, match=r"span 0\.00 decades of compute \(10\^22\.48 to 10\^22\.48"):
        FrontierData.from_evaluations(flat, 0.9, base_models=base_models)


def test_a_base_model_has_one_compute_whatever_its_rows_say():
    e = small()
    odd = e.table.index[e.table["row"] == e.table["row"].iloc[0]]
    table, models = e.table.copy(), e.models.copy()
    table.loc[odd, "flops"] *= 3.0
    models.loc[e.table["row"].iloc[0], "flops"] *= 3.0
    changed = dataclasses.replace(e, table=table, models=models)
    with_effects = FrontierData.from_evaluations(changed, 0.9)
    assert (with_effects.cells.groupby("base")["z"].nunique() == 1).all()
    without = FrontierData.from_evaluations(changed, 0.9, base_models=False)
    assert without.cells.groupby("base")["z"].nunique().max() == 2


def test_covariates_divide_cells():
    e = small()
    tuned = np.arange(e.n_models) % 2
    data = FrontierData.from_evaluations(e, 0.9, covariates={"tuned": tuned})
    plain = FrontierData.from_evaluations(e, 0.9)
    assert data.cells["tuned"].to_numpy()[data.cell_of_score].tolist() == tuned[e.table["row"]].tolist()
    assert len(data.cells) > len(plain.cells)
    assert not data.cells.duplicated().any()
    # what is left are the cells there were
    columns = list(plain.cells)
    assert data.cells[columns].drop_duplicates().reset_index(drop=True).equals(plain.cells)


@pytest.mark.parametrize(
    ("covariates", "message"),
    [
        ({"x": [1.0, 2.0]}, r"'x': expected 120 numbers, one for each row of evaluations\.models, found shape \(2,\)"),
        ({"x": np.full(120, np.nan)}, r"'x' is nan for row 0 of evaluations\.models"),
        ({"z": np.ones(120)}, "'z': cells have a column of this name"),
    ],
)
def test_covariates_that_do_not_fit_are_refused(covariates, message):
    with pytest.raises(DataError, match=message):
        FrontierData.from_evaluations(small(), 0.9, covariates=covariates)
