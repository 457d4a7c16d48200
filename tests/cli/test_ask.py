"""`bayes-frontier ask`: the sentence one would send."""

import json

import pytest


def test_the_sentence_has_percent_interval_change_and_the_best_model(run, frontier):
    done = run("ask", "fit.nc", "--flops", "10^23", "--task", "MATH Lvl 5")
    assert done.exit_code == 0, done.output
    found = frontier.attainable(1e23, task="math_lvl_5")
    percent = [f"{100 * found[part].item():.0f}" for part in ("median", "lower", "upper")]
    assert done.stdout.startswith(f"With 10²³ FLOP, open models reach about {percent[0]}% on MATH Lvl 5 — up ")
    assert f"90% interval {percent[1]}–{percent[2]}%." in done.stdout
    assert "the score that about 1 in 50 models on a new base model exceeds" in done.stdout
    table = frontier.evaluations.table
    near = table[(table["task"] == "math_lvl_5") & table["flops"].between(1e23 / 10**0.5, 1e23 * 10**0.5)]
    best = near.loc[near["score"].idxmax()]
    assert f"Best model seen nearby: {best['model']}, {100 * best['score']:.0f}%" in done.stdout
    assert f"rests on {near['base_model'].nunique()} base models ({len(near)} models)" in done.stdout
    assert (
        "Checked: convergence, coverage, influence. 3 passed. No check speaks against using this fit. All checks:"
        in done.stdout
    )


def test_json_has_the_numbers_of_attain(run):
    options = ("--flops", "3e23", "--task", "bbh", "--period", "1", "--json")
    (asked,) = json.loads(run("ask", "fit.nc", *options).stdout)["rows"]
    (attained,) = json.loads(run("attain", "fit.nc", *options).stdout)["rows"]
    for part in ("median", "lower", "upper", "period", "task"):
        assert asked[part] == attained[part]
    assert asked["sentences"][0].startswith(asked["title"])
    assert len(asked["sentences"]) == 5


def test_without_a_task_every_task_is_answered(run, frontier):
    said = run("ask", "fit.nc", "--flops", "1e23").stdout
    assert said.count("open models reach") == len(frontier.tasks)


@pytest.mark.parametrize("name", ["Llama 3.1 8B", "meta-llama/Llama-3.1-8B"])
def test_a_name_means_that_base_models_compute(run, name):
    row = json.loads(run("ask", "fit.nc", "--flops", name, "--task", "bbh", "--json").stdout)["rows"][0]
    # 6 x 8.03e9 parameters x 15e12 tokens
    assert row["flops"] == pytest.approx(6 * 8.03e9 * 15e12)


def test_a_base_model_of_the_fit_that_the_registry_does_not_know(run, frontier):
    row = json.loads(run("ask", "fit.nc", "--flops", "base-3", "--task", "bbh", "--json").stdout)["rows"][0]
    models = frontier.evaluations.models
    assert row["flops"] == models.loc[models["base_model"] == "base-3", "flops"].median()


def test_what_is_no_compute_is_refused_with_the_nearest_name(run):
    done = run("ask", "fit.nc", "--flops", "llama-3.1-7b")
    assert done.exit_code == 2
    assert "neither a number of FLOPs, such as 1e24 or 10^24, nor a base model whose compute" in done.stderr
    assert "Did you mean 'llama-3.1-" in done.stderr


def test_beyond_the_models_it_is_extrapolated(run):
    said = run("ask", "fit.nc", "--flops", "1e28", "--task", "bbh").stdout
    assert "No model within half a decade of 10²⁸ FLOP: this is extrapolated." in said
    assert "Best model seen" not in said


def test_log10_of_flops_is_noticed(run):
    done = run("ask", "fit.nc", "--flops", "24")
    assert done.exit_code == 2
    assert "looks like log10 of FLOPs: write 1e24" in done.stderr
