"""The pages about the model: their code is the model's, their example is right, the recipe recovers a known effect."""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from scipy import optimize

import bayes_frontier as bf
from bayes_frontier.model.likelihood import smooth_pinball_loss
from tests.docs.blocks import ROOT, blocks

SOURCE = ROOT / "bayes_frontier" / "model" / "model.py"
PAGE = ROOT / "docs" / "model.md"
RECIPE = ROOT / "docs" / "recipes" / "add-a-covariate.md"
LONGEST_MODEL = 120
MOST_CHANGES = 15
EFFECT = 0.5


def test_the_page_quotes_the_model():
    source = SOURCE.read_text(encoding="utf-8")
    quoted = [block for block in blocks(PAGE) if block.title == "model.py"]
    assert len(quoted) >= 8
    for block in quoted:
        assert block.text in source, f"{block.place}: not in model.py"


def test_lines_of_mathematics_are_numbered_as_in_the_model():
    mathematics = next(block.text for block in blocks(PAGE) if block.language == "text")
    numbers = [int(n) for n in re.findall(r"^ ?\((\d+)\)", mathematics, flags=re.MULTILINE)]
    assert numbers == list(range(1, 12))
    source = SOURCE.read_text(encoding="utf-8")
    assert [n for n in numbers if f"({n})" not in source] == []


def test_the_model_fits_on_a_screen_or_two():
    assert len(SOURCE.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODEL


def test_the_quantile_regression_of_the_page_is_that_of_every_score():
    example = next(block for block in blocks(PAGE) if "grouped_pinball" in block.text and not block.title)
    namespace: dict = {}
    exec(compile(example.text, example.place, "exec"), namespace)
    crop, dose, best = namespace["crop"], namespace["dose"], namespace["best"]

    def minus_log_posterior(at):
        loss = smooth_pinball_loss(crop - at[0] - at[1] * dose, 0.9, 0.02)
        return loss.sum() / 0.05 + 0.5 * np.sum(at**2)

    wanted = optimize.minimize(minus_log_posterior, [0.3, 0.05], method="Nelder-Mead", options={"xatol": 1e-7}).x
    # both are optimisers that stop when little is to be gained: a hundredth of the standard errors, 0.006 and 0.001
    assert [best["intercept"].item(), best["slope"].item()] == pytest.approx(wanted, abs=1e-4)
    assert wanted == pytest.approx([0.2 + 0.128, 0.05], abs=0.02)


def test_the_recipe_changes_few_lines():
    diff = next(block.text for block in blocks(RECIPE) if block.language == "diff")
    changed = [line for line in diff.splitlines() if re.match(r"[+-](?![+-]{2} )", line)]
    assert 0 < len(changed) <= MOST_CHANGES


@pytest.mark.mcmc
def test_the_recipe_recovers_a_known_effect(tmp_path):
    # one task: without what tasks have in common, the model compiles in half the time
    evaluations, _ = bf.simulate(7, n_models=600, n_base_models=40, tasks=1, periods=1, tau=0.9)
    models = evaluations.models
    names = sorted(models["base_model"].unique())
    moe = models["base_model"].isin(np.random.default_rng(1).permutation(names)[: len(names) // 2])
    table = models[["model", "base_model", "flops", *evaluations.tasks]].assign(moe=moe.astype(int))
    for task in evaluations.tasks:
        # quantiles of a monotone function are that function of quantiles: boundaries shift by the effect exactly
        score = table[task].clip(1e-6, 1 - 1e-6)
        table[task] = 1 / (1 + (1 - score) / score * np.exp(-EFFECT * table["moe"]))
    table.to_csv(tmp_path / "table.csv", index=False)
    shutil.copy(SOURCE, tmp_path / "my_model.py")
    files = {block.title: block.text for block in blocks(RECIPE) if block.title}
    (tmp_path / "moe.diff").write_text(files["moe.diff"], encoding="utf-8")
    subprocess.run(["git", "apply", "moe.diff"], cwd=tmp_path, check=True)
    report = "\nimport json; print(json.dumps(effect.quantile([0.05, 0.5, 0.95]).to_numpy().tolist()))\n"
    (tmp_path / "fit_moe.py").write_text(textwrap.dedent(files["fit_moe.py"]) + report, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "fit_moe.py"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    low, middle, high = json.loads(done.stdout.splitlines()[-1])
    assert low < EFFECT < high
    # base models differ by about 0.15 on the logit scale, so forty give an interval of 0.2; one of 1 proves little
    assert high - low < 0.5
    assert low > 0
    assert middle == pytest.approx(EFFECT, abs=0.25)
