"""The definition and the fast engine: one density, gradient and set of reported variables; and the builder of both."""

from dataclasses import replace

import numpy as np
import pymc as pm
import pytensor
import pytest
from pytensor.compile.mode import Mode

import bayes_frontier as bf
from bayes_frontier.errors import QueryError
from bayes_frontier.model.calibration import Scale
from bayes_frontier.model.engine import Levels, fast_model
from bayes_frontier.model.engine.fast import SHARES
from bayes_frontier.model.model import frontier_model
from bayes_frontier.model.spec import HalfNormal, LogNormal, read_spec

SPECS = ("hierarchical", "pooled", "independent")
SHAPES = {
    "two tasks": {},
    "one task": {"tasks": 1},
    "one period": {"periods": 1},
    "three tasks, four periods, small base models": {"tasks": 3, "periods": 4, "n_models": 260, "n_base_models": 40},
}
POINTS = 5
# Rewriting and compiling these graphs for speed takes a minute each; as they are they take a second.
AS_WRITTEN = Mode(linker="py", optimizer=None)


def in_fast_variables(plain: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Gather variables of the definition into those of the engine, which has one for all of a kind."""
    parts = {
        "share_mean": [f"{name}_mean" for name in SHARES],
        "share_spread_log__": [f"{name}_spread_log__" for name in SHARES],
        "share_logit": [
            name if name in plain else name.replace("_logit", "_raw") for name in (f"{share}_logit" for share in SHARES)
        ],
        "scale_typical_log__": ["drift_typical_log__", "base_model_typical_log__", "steepness_typical_log__"],
        "scale_spread_log__": ["drift_spread_log__", "base_model_spread_log__", "steepness_spread_log__"],
        "scale_raw": ["drift_raw", "base_model_raw", "steepness_raw"],
    }
    fast = {
        name: np.stack([plain[of] for of in names if of in plain])
        for name, names in parts.items()
        if any(of in plain for of in names)
    }
    alone = {"drift_velocity_raw": "drift_velocity_raw", "drift_step": "drift_step", "steepness_node": "steepness_node"}
    alone["base_model_level_position__"] = "base_model_position"
    fast |= {name: plain[of] for of, name in alone.items() if of in plain}
    assert sum(np.size(v) for v in fast.values()) == sum(np.size(v) for v in plain.values())
    return fast


def evaluated(model: pm.Model):
    """Compile log density, its gradient and the reported variables as a function of a point."""
    density, values = model.logp(), model.value_vars
    names = sorted(variable.name for variable in model.deterministics)
    reported = model.replace_rvs_by_values([model[name] for name in names])
    outputs = [density, *pytensor.grad(density, values), *reported]
    function = model.compile_fn(outputs, inputs=values, mode=AS_WRITTEN, on_unused_input="ignore")

    def at(point):
        found = function(point)
        gradient = dict(zip((v.name for v in values), found[1:], strict=False))
        return found[0], gradient, dict(zip(names, found[1 + len(values) :], strict=True))

    return at


def random_levels(rng, shape) -> Levels:
    a = rng.uniform(0.3, 1.5, shape)
    return Levels(rng.uniform(size=shape), np.stack([rng.normal(size=shape), a, rng.uniform(-0.9, 0.9, shape) * a]))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("spec", SPECS)
def test_the_fast_engine_is_the_definition(build, spec, shape):
    built = build(spec, **shape)
    rng = np.random.default_rng(31)
    levels = random_levels(rng, built.data.counts.shape)
    # three models of each uploader, and tails that differ
    siblings = replace(built.data.clusters, uploader=built.data.clusters.uploader // 3)
    data = replace(built.data, clusters=siblings)
    tails = rng.uniform(0.5, 2.0, built.data.counts.shape)
    scale = replace(built.scale, correlation=rng.uniform(0.1, 0.6, tails.shape[1]), tails=tails)
    plain = frontier_model(built.spec, data, scale, levels.transform())
    fast = fast_model(built.spec, data, scale, levels)
    at_plain, at_fast = evaluated(plain), evaluated(fast)
    initial = plain.initial_point()
    for _ in range(POINTS):
        point = {name: rng.normal(0.0, 0.7, np.shape(value)) for name, value in initial.items()}
        density, gradient, reported = at_plain(point)
        density_fast, gradient_fast, reported_fast = at_fast(in_fast_variables(point))
        # 1e-9: rounding is some 1e-16 times thousands of cells times losses that are differences of larger sums
        assert density_fast == pytest.approx(density, rel=1e-9, abs=0)
        gradient = in_fast_variables(gradient)
        assert gradient.keys() == gradient_fast.keys()
        largest = max(1.0, *(np.abs(part).max(initial=0.0) for part in gradient.values()))
        for name, part in gradient.items():
            np.testing.assert_allclose(gradient_fast[name], part, rtol=0, atol=1e-9 * largest, err_msg=name)
        assert reported.keys() == reported_fast.keys()
        for name, value in reported.items():
            np.testing.assert_allclose(reported_fast[name], value, rtol=1e-9, atol=1e-9, err_msg=name)


def test_priors_of_other_families_are_those_of_the_definition_too(build):
    built = build()
    spec = read_spec("hierarchical")
    changed = {
        "drift": HalfNormal(dist="half-normal", sigma=0.2),
        "base_model_spread": LogNormal(dist="log-normal", mu=-1.0, sigma=0.4),
        "high_spread": LogNormal(dist="log-normal", mu=-0.5, sigma=0.6),
    }
    spec = spec.model_copy(update={"priors": spec.priors.model_copy(update=changed)})
    levels = Levels.before(built.data)
    plain = frontier_model(spec, built.data, built.scale, levels.transform())
    fast = fast_model(spec, built.data, built.scale)
    rng = np.random.default_rng(32)
    point = {name: rng.normal(0.0, 0.5, np.shape(value)) for name, value in plain.initial_point().items()}
    at_fast = in_fast_variables(point)
    # priors of several kinds are variables of their own
    for name in ("share_spread", "scale_typical", "scale_spread"):
        values = at_fast.pop(f"{name}_log__")
        at_fast |= {f"{name}_{i}_log__": values[i : i + 1] for i in range(len(values))}
    densities = [model.compile_logp(mode=AS_WRITTEN)(at) for model, at in ((plain, point), (fast, at_fast))]
    assert densities[1] == pytest.approx(densities[0], rel=1e-9)


@pytest.fixture(scope="module")
def evaluations() -> bf.Evaluations:
    return bf.simulate(4, n_models=150, n_base_models=7, tasks=2, periods=2, tau=0.9)[0]


@pytest.mark.parametrize("engine", ["plain", "fast"])
def test_built_models_have_the_names_of_the_evaluations(evaluations, engine):
    model = bf.build_model(evaluations, tau=0.9, engine=engine)
    assert tuple(model.coords["task"]) == evaluations.tasks
    assert tuple(model.coords["period"]) == evaluations.period_labels
    assert list(model.coords["base_model"]) == sorted(evaluations.models["base_model"].unique())
    assert model.named_vars_to_dims["base_model_effect"] == ("base_model", "task")
    independent = bf.build_model(evaluations, "independent", tau=0.9, engine=engine)
    reported = {"floor", "ceiling", "slope", "midpoint", "steepness", "drift"}
    assert {v.name for v in independent.deterministics} == reported


def test_the_prior_of_the_definition_can_be_drawn_from(evaluations):
    model = bf.build_model(evaluations, tau=0.9)
    names = ["floor", "ceiling", "base_model_effect", "base_model_scale"]
    floor, ceiling, effect, scale = pm.draw([model[n] for n in names], draws=500, mode="FAST_COMPILE", random_seed=1)
    assert (floor <= ceiling).all()
    # 7,000 standard normals: the standard error of their SD is below 0.01
    assert (effect / scale[:, None, :]).std() == pytest.approx(1.0, abs=0.04)


def test_scales_are_rough_or_given(evaluations):
    rough = Scale.from_scores(evaluations, 0.9)
    # simulated scores scatter by 0.06: s = tau (1 - tau) / f, f about that of a normal tail
    assert ((rough.scale > 0.005) & (rough.scale < 0.1)).all()
    short = Scale(*(np.ones(1) for _ in range(4)))
    with pytest.raises(QueryError, match="scale is for 1 tasks, and the evaluations have 2"):
        bf.build_model(evaluations, tau=0.9, scale=short)
    with pytest.raises(QueryError, match="engine must be 'plain' or 'fast', found 'quick'"):
        bf.build_model(evaluations, engine="quick")
    with pytest.raises(QueryError, match="tau must be between"):
        bf.build_model(evaluations, tau=98)
