"""The fast model: its density and gradient against the same written out score by score."""

import numpy as np
import pymc as pm
import pytest
from scipy.special import expit, logit

from bayes_frontier.evaluations import read
from bayes_frontier.model.curve import bend, boundary_at
from bayes_frontier.model.data import FrontierData
from bayes_frontier.model.engine.coordinates import ROUND, Levels
from bayes_frontier.model.engine.fast import fast_model, model_inputs
from bayes_frontier.model.likelihood import smooth_pinball_loss

VARIANTS = [("hierarchical", {}), ("pooled", {}), ("independent", {})]
SHAPES = [({"tasks": 1}), ({"periods": 1}), ({"tasks": 1, "periods": 1})]
CURVE = ("floor", "ceiling", "slope", "midpoint")


def points(model, n=3):
    """Give random points around the initial one, raveled and as a dictionary."""
    start = model.initial_point()
    rng = np.random.default_rng(9)
    return [
        {name: np.asarray(v + 0.3 * rng.standard_normal(np.shape(v))) for name, v in start.items()} for _ in range(n)
    ]


def at_points(model, outputs):
    """Compile variables of a model as a function of a point."""
    outputs = model.replace_rvs_by_values(outputs)
    return model.compile_fn(
        outputs, inputs=model.value_vars, point_fn=True, mode="FAST_COMPILE", on_unused_input="ignore"
    )


def score_by_score(built, values):
    """Potential of the model, from its reported curves and the long table alone."""
    table, data, scale = built.evaluations.table, built.data, built.scale
    task = np.array([data.tasks.index(t) for t in table["task"]])
    period = table["period"].to_numpy()
    z = bend(np.log10(table["flops"].to_numpy()), values["steepness"][task], data.compute.nodes)
    q = boundary_at(z, *(values[name][task, period] for name in CURVE))
    if "base_model_effect" in values:
        base = np.array([data.base_models.index(b) for b in table["base_model"]])
        q = expit(logit(q) + values["base_model_effect"][base, task])
    u = table["score"].to_numpy() - q
    loss = [smooth_pinball_loss(x, scale.level[k], scale.half_width[k]) for x, k in zip(u, task, strict=True)]
    return -(np.array(loss) / scale.scale[task]).sum()


@pytest.mark.parametrize(("spec", "options"), VARIANTS + [("hierarchical", shape) for shape in SHAPES])
def test_the_likelihood_is_that_of_every_score(build, spec, options):
    built = build(spec, **options)
    model = built.model
    reported = {v.name: v for v in model.deterministics}
    compiled = at_points(model, [*reported.values(), model["scores"]])
    for point in points(model):
        *values, potential = compiled(point)
        values = dict(zip(reported, values, strict=True))
        assert potential == pytest.approx(score_by_score(built, values), rel=1e-8)
        assert (values["floor"] >= 0).all()
        assert (values["floor"] <= values["ceiling"]).all()
        assert (values["ceiling"] <= 1).all()
        assert (values["slope"] > 0).all()


@pytest.mark.parametrize(("spec", "options"), [*VARIANTS, ("hierarchical", {"tasks": 1, "periods": 1})])
def test_the_gradient_is_that_of_the_density(build, spec, options):
    model = build(spec, **options).model
    density = model.compile_logp(mode="FAST_COMPILE")
    gradient = model.compile_dlogp(mode="FAST_COMPILE")
    rng = np.random.default_rng(10)
    for point in points(model, 2):
        assert np.isfinite(density(point))
        direction = {name: rng.standard_normal(np.shape(v)) for name, v in point.items()}
        step = 1e-6
        ahead, behind = (
            density({name: v + sign * step * direction[name] for name, v in point.items()}) for sign in (1, -1)
        )
        along = gradient(point) @ np.concatenate([np.ravel(direction[v.name]) for v in model.value_vars])
        assert along == pytest.approx((ahead - behind) / (2 * step), rel=2e-4, abs=2e-3)


def test_the_variants_have_the_variables_they_should(build):
    names = {spec: set(build(spec).model.named_vars) for spec, _ in VARIANTS}
    assert names["hierarchical"] >= {*CURVE, "drift_scale", "base_model_scale", "base_model_effect", "share_mean"}
    assert names["pooled"] >= {*CURVE, "base_model_effect", "share_mean"}
    assert names["pooled"] >= {"steepness", "steepness_scale", "steepness_node"}
    assert not any(name.startswith("drift_") for name in names["pooled"])
    assert names["independent"] >= set(CURVE)
    without = ("base_model", "drift_", "mean", "steepness_")
    assert not any(part in name for part in without for name in names["independent"])


def test_a_single_task_is_not_pooled_and_a_single_period_does_not_step(build):
    assert "share_mean" not in build(tasks=1).model.named_vars
    one = build(periods=1).model
    assert not any(v.name.endswith("_step") for v in one.free_RVs)
    assert pm.draw(one["floor"], mode="FAST_COMPILE").shape == (2, 1)


def test_without_drift_all_periods_share_a_curve_and_separate_ones_do_not(build):
    for spec, same in (("pooled", True), ("independent", False), ("hierarchical", False)):
        floor = pm.draw(build(spec, periods=3).model["midpoint"], mode="FAST_COMPILE", random_seed=1)
        assert floor.shape == (2, 3)
        assert np.allclose(floor, floor[:, :1]) == same


def test_a_built_model_serves_another_table_of_its_shape(build):
    built, other = build(), build(n_models=130, seed=5, share_single_period=0.5)
    assert len(built.data.base_models) == len(other.data.base_models)
    assert len(built.data.cells) != len(other.data.cells)
    compiled = [at_points(b.model, [b.model["scores"]]) for b in (built, other)]
    point = built.model.initial_point()
    assert compiled[0](point)[0] != pytest.approx(compiled[1](point)[0], rel=1e-3)
    inputs = model_inputs(built.spec, other.data, other.scale, Levels.before(other.data))
    pm.set_data(inputs, model=built.model)
    assert compiled[0](point)[0] == pytest.approx(compiled[1](point)[0])


def test_base_model_effects_are_normal_with_the_scale_of_their_task_whatever_their_counts(build):
    built = build(n_models=300, n_base_models=20)
    assert built.data.counts.min() < 10 < built.data.counts.max()
    model = built.model
    effect, scale = pm.draw(
        [model["base_model_effect"], model["base_model_scale"]], draws=1500, mode="FAST_COMPILE", random_seed=2
    )
    standard = effect / scale[:, None, :]
    assert standard.mean(axis=0) == pytest.approx(np.zeros((20, 2)), abs=5 / np.sqrt(1500))
    assert standard.std(axis=0) == pytest.approx(np.ones((20, 2)), abs=5 / np.sqrt(3000))


def test_drift_is_a_walk_with_the_velocity_and_the_scale_of_its_task(build):
    built = build(periods=4)
    gaps = built.data.stretches.gaps
    names = ["drift", "drift_scale", "drift_velocity"]
    drift, scale, velocity = pm.draw([built.model[n] for n in names], draws=3000, mode="FAST_COMPILE", random_seed=3)
    assert drift.shape == (3000, 2, len(gaps) + 1)
    assert (drift[..., 0] == 0).all()
    steps = (np.diff(drift, axis=-1) - velocity[..., None] * gaps) / (scale[..., None] * np.sqrt(gaps))
    # Standard normal: 3,000 x 2 x gaps values, so a standard error of its SD below 0.006.
    assert steps.std() == pytest.approx(1.0, abs=0.03)
    assert (velocity / scale).mean() == pytest.approx(0.0, abs=0.1)


def test_the_boundary_of_a_period_is_that_of_its_last_stretch(build):
    quarters = build(periods=4, n_models=400)
    models, end = quarters.evaluations.models, quarters.evaluations.period_ends[2]
    columns = ["model", "base_model", "flops", "released", *quarters.evaluations.tasks]
    data = FrontierData.from_evaluations(read(models[columns], periods=[end]), 0.9)
    assert data.n_periods == 2
    assert data.stretches.n > 2
    model = fast_model(quarters.spec, data, quarters.scale)
    names = ["floor", "ceiling", "slope", "midpoint", "steepness", "drift"]
    *curve, steepness, drift = pm.draw([model[n] for n in names], mode="FAST_COMPILE", random_seed=4)
    q = logit(boundary_at(bend(23.0, steepness, data.compute.nodes)[:, None], *curve))
    assert np.diff(q, axis=1) == pytest.approx(np.diff(drift[:, data.stretches.last], axis=1))


def test_the_coordinates_of_levels_do_not_change_the_density(build):
    built = build(n_models=300, n_base_models=12)
    model, shape = built.model, built.data.counts.shape
    effects = at_points(model, [model["base_model_effect"]])
    density = model.compile_logp(mode="FAST_COMPILE")
    rng = np.random.default_rng(8)
    wanted = None
    found = []
    for weight in (0.0, 0.6, 1.0):
        a, b = rng.uniform(0.5, 1.5, shape), rng.uniform(-0.4, 0.4, shape)
        levels = Levels(np.full(shape, weight), np.stack([rng.normal(size=shape), a, b]))
        pm.set_data(model_inputs(built.spec, built.data, built.scale, levels), model=model)
        point = model.initial_point()
        at_zero = logit_at_reference(model, built.data, point)
        scale = at_points(model, [model["base_model_scale"]])(point)[0]
        wanted = scale * rng.normal(size=shape) if wanted is None else wanted
        level = weight * at_zero + wanted * scale ** (weight - 1.0)
        x = levels.unbent(level)
        point["base_model_position"] = x
        assert effects(point)[0] == pytest.approx(wanted)
        slope = np.log(levels.bend[1] + levels.bend[2] * x / np.hypot(x, ROUND)) + (1.0 - weight) * np.log(scale)
        found.append(density(point) - slope.sum())
    # Densities in other coordinates differ by the log slopes of the effects in them.
    assert found == pytest.approx([found[0]] * 3, rel=1e-10)


def logit_at_reference(model, data, point):
    """Logit of the boundary of every task where each base model is, (base model, task)."""
    names = ["floor", "ceiling", "slope", "midpoint", "steepness", "drift"]
    *curve, steepness, drift = at_points(model, [model[name] for name in names])(point)
    z = bend(data.reference_z[:, None], steepness, data.compute.nodes)
    last = logit(boundary_at(z, *(part[:, -1] for part in curve)))
    return last + (drift[:, data.reference_stretch] - drift[:, -1:]).T


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_drift_beyond_all_bounds_gives_a_boundary_all_the_same(build, sign):
    model = build(periods=3).model
    point = model.initial_point()
    point["drift_step"] = np.full_like(point["drift_step"], 1000.0 * sign)
    curve = at_points(model, [model[name] for name in CURVE])(point)
    reached = boundary_at(23.0, *curve)[:, 1:]
    np.testing.assert_allclose(reached, float(sign > 0), atol=1e-6)


def test_steepness_is_that_of_the_sigmoid_between_the_ends_of_the_compute_range(build):
    built = build()
    steepness = pm.draw(built.model["steepness"], draws=50, mode="FAST_COMPILE", random_seed=5)
    compute = built.data.compute
    low, high = bend(np.array([compute.low, compute.high])[:, None, None], steepness, compute.nodes)
    assert (steepness > 0).all()
    assert steepness.std() > 0.1
    # a bend moves where boundaries are between the two ends, not how far apart the ends are
    np.testing.assert_allclose(high - low, compute.high - compute.low, rtol=1e-9)


def test_sigmoids_are_not_bent(build):
    model = build("independent").model
    assert pm.draw(model["steepness"], mode="FAST_COMPILE") == pytest.approx(1.0)
