"""Saturation: closed forms, parts that add up, verdicts, sizes in place of compute, and what cannot be answered."""

import numpy as np
import pytest

import bayes_frontier as bf
from bayes_frontier.analysis.saturation import flops_of_size, typical_compute
from bayes_frontier.analysis.surface import OVER
from bayes_frontier.checks.backtest.axis import REFERENCE_TOKENS, axis_of, on_axis
from bayes_frontier.errors import QueryError
from studies.questions.truths import true_saturation
from tests.checks.posteriors import diagnosed, moved, simulated, true_frontier
from tests.draws import make_frontier, small_evaluations, small_table, without_bases


def test_draws_around_the_truth_give_the_truth():
    frontier = diagnosed(true_frontier())
    found = bf.saturation(frontier, [1e22, 1e24])
    truth = true_saturation(simulated()[1], found)
    for name in ("ceiling", "headroom", "gain", "scale", "progress"):
        dims = ("task", "flops") if name in ("headroom", "gain") else ("task",)
        # the draws' own width on these scales; the base models' sample of 24 moves the population boundary by as much
        median = found.summary[name].sel(statistic="median").transpose(*dims)
        np.testing.assert_allclose(median, truth[name], atol=0.025)
    np.testing.assert_allclose(found.draws["time"], 0.0, atol=0.02)


def test_scale_and_time_add_up_to_progress_in_every_draw():
    frontier = make_frontier()
    found = bf.saturation(frontier, since=(0, 1e23), until=(1, 1e25))
    before, after = frontier.boundary(1e23, period=0), frontier.boundary(1e25, period=1)
    expected = after.drop_vars(["period", "flops"]) - before.drop_vars(["period", "flops"])
    np.testing.assert_allclose(found.draws["scale"] + found.draws["time"], expected, atol=1e-12)
    np.testing.assert_allclose(found.draws["progress"], expected, atol=1e-12)
    assert found.settings == (
        (frontier.period_labels[0], pytest.approx(1e23)),
        (frontier.period_labels[1], pytest.approx(1e25)),
    )


def test_the_same_compute_leaves_scale_nothing_and_the_same_period_time():
    frontier = make_frontier()
    still = bf.saturation(frontier, since=(0, 1e24), until=(1, 1e24)).draws
    assert float(abs(still["scale"]).max()) == 0.0
    only = bf.saturation(frontier, since=(1, 1e23), until=(1, 1e24)).draws
    assert float(abs(only["time"]).max()) == 0.0
    assert float(only["scale"].min()) > 0.0


def test_order_of_settings_turns_the_sign():
    frontier = make_frontier()
    there = bf.saturation(frontier, since=(0, 1e23), until=(1, 1e25)).draws["time"]
    back = bf.saturation(frontier, since=(1, 1e25), until=(0, 1e23)).draws["time"]
    np.testing.assert_allclose(there, -back, atol=1e-12)


def test_headroom_falls_and_gain_is_what_a_tenfold_adds():
    frontier = make_frontier()
    found = bf.saturation(frontier, [1e22, 1e23, 1e24]).draws
    assert float(found["headroom"].diff("flops").max()) <= 0.0
    step = found["headroom"].isel(flops=0, drop=True) - found["headroom"].isel(flops=1, drop=True)
    np.testing.assert_allclose(found["gain"].isel(flops=0), step, atol=1e-12)


def test_settings_default_to_the_typical_compute_of_their_period():
    frontier = make_frontier()
    models = frontier.evaluations.models
    found = bf.saturation(frontier)
    for (_, flops), period in zip(found.settings, (0, 1), strict=True):
        assert flops == pytest.approx(typical_compute(models.loc[models["period"] == period, "flops"].to_numpy()))
    assert bf.saturation(frontier, since="2024-11-01", until=-1).settings == found.settings


def test_mass_for_everywhere_and_nowhere():
    flat = make_frontier(
        floor=0.5, ceiling=0.51, slope=1.0, midpoint=24.0, base_model_scale=0.01, base_model_effect=0.0
    )
    found = bf.saturation(flat)
    assert float(found.summary["everywhere"].min()) == 1.0
    assert set(found.summary["verdict"].to_numpy()) <= {"saturated", "unknown"}
    steep = make_frontier(
        floor=0.2, ceiling=0.9, slope=2.0, midpoint=25.0, base_model_scale=0.01, base_model_effect=0.0
    )
    summary = bf.saturation(steep, 1e24).summary
    assert float(summary["nowhere"].min()) == 1.0
    assert np.isinf(summary["saturation"]).all()
    # 3e23 to 1.6e24 FLOPs were fitted: half a decade below the midpoint
    assert summary["outside"].all()
    assert summary["ceiling_outside"].all()


@pytest.mark.parametrize(
    ("midpoint", "flops", "said"), [(24.0, 1e24, "growing"), (20.0, 1e24, "saturated"), (29.0, 1e24, "not yet rising")]
)
def test_verdicts_by_where_the_rise_is(midpoint, flops, said):
    frontier = diagnosed(
        make_frontier(
            floor=0.2, ceiling=0.9, slope=2.0, midpoint=midpoint, base_model_scale=0.01, base_model_effect=0.0
        )
    )
    summary = bf.saturation(frontier, flops, flops_range=(1e22, 1e30)).summary
    assert summary["verdict"].to_numpy().tolist() == [said] * 2


@pytest.mark.parametrize(
    ("by", "settings", "source"),
    [
        (0.0, ((0, 1e23), (1, 1e24)), "scale"),
        (0.15, ((0, 1e24), (1, 1e24)), "time"),
        (0.0, ((0, 1e24), (1, 1e24)), "no progress"),
        (-0.15, ((0, 1e24), (1, 1e24)), "decline"),
    ],
)
def test_progress_is_told_by_its_source(by, settings, source):
    frontier = diagnosed(true_frontier(moved(by, period=simulated()[1].period_labels[1])))
    # the boundary of period 1 is raised for every task; within a period a tenfold buys 0.1 and more here
    summary = bf.saturation(frontier, since=settings[0], until=settings[1]).summary
    assert summary["source"].to_numpy().tolist() == [source] * 2
    assert bool(summary["share_scale"].isnull().all()) == (source in ("no progress", "decline"))


def test_a_fit_that_did_not_converge_has_no_verdicts():
    frontier = diagnosed(true_frontier(), r_hat=1.4)
    summary = bf.saturation(frontier).summary
    assert set(summary["verdict"].to_numpy()) == {"unknown"} == set(summary["source"].to_numpy())


def test_one_task_one_base_model_and_a_model_without_base_models():
    frontier = make_frontier()
    one = bf.saturation(frontier, 1e24, task="maths", base_model="mistral-7b")
    assert one.draws["ceiling"].dims == (*OVER, "task")
    own = frontier.boundary(1e32, "maths", base_model="mistral-7b")
    np.testing.assert_allclose(one.draws["ceiling"].sel(task="maths"), own, atol=0.02)
    assert bf.saturation(without_bases()).only(["reading"]).summary.sizes["task"] == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"gain": 2.0}, "gain must lie between 0 and 1, found 2. For 2 points pass 0.02"),
        ({"delta": 0.0}, "delta must lie between 0 and 1"),
        ({"prob": 90}, "For 90 % pass 0.9"),
        ({"flops": 24}, "looks like log10"),
        ({"task": "math"}, "Did you mean 'maths'"),
        ({"base_model": "llama"}, "not in this fit"),
        ({"since": 7}, "no period 7"),
        ({"until": "all"}, "until: name one period"),
        ({"since": (0, 23.0)}, "looks like log10"),
        ({"flops_range": (1e25, 1e22)}, "the lower first"),
    ],
)
def test_questions_that_cannot_be_answered(options, words):
    with pytest.raises(QueryError, match=words.replace("(", r"\(")):
        bf.saturation(make_frontier(), **options)


def test_the_result_shows_what_the_command_line_says():
    frontier = make_frontier(draws=200)
    found = bf.saturation(frontier, [1e23, 1e24])
    assert len(found.table) == 4
    assert {"gain_median", "gain_upper", "verdict", "source"} <= set(found.table.columns)
    assert [line.split(":")[0] for line in found.sentences[:2]] == list(frontier.tasks)
    assert found.sentences[2:] == found.notes
    assert repr(found).startswith("Saturation of boundaries in the period 'from 2025-01-01'\n  maths: ")
    assert found.notes[0].replace(">", "&gt;") in found._repr_html_()
    still = bf.saturation(frontier, since=-1, until=-1)
    assert still.sentences == still.notes
    assert len(found.plot(frontier)) == 2
    assert found.plot().get_yticklabels()[1].get_text() == "reading"


@pytest.fixture
def by_size():
    import bayes_frontier as bf

    table = small_table().assign(params_b=lambda t: t["flops"] / 1e23)
    frontier = make_frontier()
    frontier.evaluations = on_axis(bf.read(table, periods=["2024-12-31"]), "params")
    return frontier


def test_compute_is_six_times_parameters_times_tokens():
    assert flops_of_size(make_frontier(), [8e9, 70e9], 15e12) == pytest.approx([7.2e23, 6.3e24])


def test_on_a_fit_by_size_tokens_are_held(by_size):
    assert axis_of(by_size.evaluations) == "params"
    assert axis_of(small_evaluations()) == "flops"
    assert flops_of_size(by_size, [8e9]) == pytest.approx([6 * 8e9 * REFERENCE_TOKENS])
    with pytest.raises(QueryError, match="leave them out"):
        flops_of_size(by_size, [8e9], 1e12)


@pytest.mark.parametrize(
    ("params", "tokens", "words"),
    [
        ([8.0], 1e12, "For 8 billion pass 8e9"),
        ([-1.0], 1e12, "not a plausible number of parameters"),
        ([8e9], None, "so the tokens are needed"),
        ([8e9], 15.0, "not a plausible number of tokens"),
    ],
)
def test_what_is_not_plausible_is_refused(params, tokens, words):
    with pytest.raises(QueryError, match=words):
        flops_of_size(make_frontier(), params, tokens)
