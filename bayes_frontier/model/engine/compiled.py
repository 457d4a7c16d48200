"""A model made ready to be sampled: its density compiled, what is kept of a draw worked out for many draws at once."""

import dataclasses
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import nutpie
import pymc as pm
import pytensor.tensor as pt
import xarray as xr
from pytensor.compile.maker import function
from pytensor.graph.replace import clone_replace, vectorize_graph
from pytensor.graph.traversal import graph_inputs

from bayes_frontier.model.calibration import Scale
from bayes_frontier.model.data import FrontierData
from bayes_frontier.model.engine.coordinates import Levels
from bayes_frontier.model.engine.fast import exact, fast_model, model_inputs
from bayes_frontier.model.likelihood import FloatArray
from bayes_frontier.model.spec import ModelSpec

# Numbers worked on at a time when draws are turned into what they stand for.
AT_ONCE = 4_000_000
# Deterministics that are kept, where a model has them.
KEPT = (
    "floor",
    "ceiling",
    "slope",
    "midpoint",
    "steepness",
    "steepness_scale",
    "drift",
    "drift_scale",
    "drift_velocity",
    "base_model_scale",
    "base_model_effect",
)
# Compiled models kept for the next fit in this process.
COMPILED_KEPT = 8
_COMPILED: "dict[tuple[str, int, int, int, int], Compiled]" = {}


@dataclass(frozen=True)
class Variable:
    """One of the sampler's variables.

    * name: as PyMC calls it on its unconstrained scale
    * part: where a draw has it
    * shape: its shape
    """

    name: str
    part: slice
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Compiled:
    """A compiled model and its data.

    The sampler compiles the density and its gradient only. The variables that are kept are functions of its draws;
    PyTensor evaluates them with NumPy for many draws at once, which takes less time than to compile them would.

    * density: the density, compiled; records nothing but its own variables
    * variables: the sampler's variables, in their order in a draw
    * reported: of draws (n, n_variables) and the model's data: the kept variables, draws first
    * dims: dimensions of each kept variable
    * inputs: data that the kept variables depend on, in the order that `reported` wants them
    """

    density: Any
    variables: list[Variable]
    reported: Any
    dims: dict[str, tuple[str, ...]]
    inputs: dict[str, npt.NDArray[Any]]

    @classmethod
    def from_spec(cls, spec: ModelSpec, data: FrontierData, scale: Scale) -> "Compiled":
        """Compile the model of a specification, or take it from the last ones: one serves all tables of its shape.

        Its data may be those of another table: give it some by `given`.
        """
        key = (
            spec.fingerprint,
            len(data.tasks),
            data.n_periods,
            data.stretches.n,
            len(data.base_models) if spec.structure.base_models else 0,
        )
        if key not in _COMPILED:
            while len(_COMPILED) >= COMPILED_KEPT:
                del _COMPILED[next(iter(_COMPILED))]
            _COMPILED[key] = cls.from_model(fast_model(spec, data, scale))
        return _COMPILED[key]

    @classmethod
    def from_model(cls, model: pm.Model) -> "Compiled":
        """Compile a model."""
        with exact():
            density = nutpie.compile_pymc_model(model, jitter_rvs=set(), var_names=[])
        names = [name for name in KEPT if name in model.named_vars]
        outputs = model.replace_rvs_by_values([model[name] for name in names])
        layout = zip(*density.shape_info, strict=True)
        variables = [Variable(name, part, tuple(shape)) for name, part, shape in layout]
        n_variables = int(density.n_dim)
        point = pt.vector("point", shape=(n_variables,))
        values = {value.name: value for value in model.value_vars}
        parts = {values[v.name]: point[v.part].reshape(v.shape) for v in variables}
        data: list[Any] = [variable for variable in graph_inputs(outputs) if variable in model.data_vars]
        arguments = [variable.type() for variable in data]
        outputs = clone_replace(outputs, {**parts, **dict(zip(data, arguments, strict=True))})
        points = pt.matrix("points", shape=(None, n_variables))
        reported = function(
            [points, *arguments],
            vectorize_graph(outputs, {point: points}),
            mode="FAST_COMPILE",
            allow_input_downcast=True,
        )
        inputs = {variable.name: variable.get_value() for variable in data}
        return cls(
            density, variables, reported, {name: tuple(model.named_vars_to_dims[name]) for name in names}, inputs
        )

    @property
    def middle(self) -> FloatArray:
        """The middle of the prior in the sampler's coordinates, shape (n_variables,)."""
        return np.asarray(self.density.initial_point_func(0), dtype=float)

    def given(self, spec: ModelSpec, data: FrontierData, scale: Scale, levels: Levels) -> "Compiled":
        """Replace the data."""
        return self.given_inputs(model_inputs(spec, data, scale, levels))

    def given_inputs(self, inputs: Mapping[str, npt.NDArray[Any]]) -> "Compiled":
        """Replace the data, by name as in `model_inputs`."""
        # data that the density does not depend on are not part of it
        used = {variable.name for variable in self.density.shared_var_keys}
        density = self.density.with_data(**{name: value for name, value in inputs.items() if name in used})
        return dataclasses.replace(self, density=density, inputs={name: inputs[name] for name in self.inputs})

    def sample(
        self, starts: FloatArray, seed: int, *, progress: bool, **settings: float | str
    ) -> tuple[xr.Dataset, xr.Dataset]:
        """Sample. Shapes: starts (n_starts, n_variables)."""
        density = dataclasses.replace(self.density, initial_point_func=_StartAt(starts))
        with warnings.catch_warnings():
            # nutpie counts divergences in a warning; they are reported with the other diagnostics.
            warnings.filterwarnings("ignore", category=UserWarning, module="nutpie")
            sampler = nutpie.sample(
                density,
                seed=seed,
                progress_bar=progress,
                save_warmup=False,
                store_unconstrained=True,
                blocking=False,
                **settings,
            )
            try:
                trace = sampler.wait()
            except BaseException:
                # by itself nutpie gives the draws so far for all of them when it is interrupted
                sampler.cancel()
                raise
        statistics = trace["sample_stats"].dataset
        return self.kept(statistics["unconstrained_draw"].to_numpy()), statistics

    def kept(self, draws: FloatArray) -> xr.Dataset:
        """Kept variables of draws of the sampler's variables. Shapes: draws (n_chains, n_draws, n_variables)."""
        n_chains, n_draws, n_variables = draws.shape
        flat = draws.reshape(-1, n_variables)
        step = max(1, AT_ONCE // n_variables)
        pieces: dict[str, list[FloatArray]] = {name: [] for name in self.dims}
        for i in range(0, len(flat), step):
            some = flat[i : i + step]
            for (name, dims), value in zip(self.dims.items(), self.reported(some, *self.inputs.values()), strict=True):
                # what does not depend on the draws comes without an axis for them
                constant = value.ndim == len(dims)
                pieces[name].append(np.broadcast_to(value, (len(some), *value.shape)) if constant else value)
        variables = {}
        for name, values in pieces.items():
            whole = np.concatenate(values)
            variables[name] = (("chain", "draw", *self.dims[name]), whole.reshape(n_chains, n_draws, *whole.shape[1:]))
        data = xr.Dataset(variables)
        return data.assign_coords({dim: np.arange(size) for dim, size in data.sizes.items()})


class _StartAt:
    """Start each chain at one of some points: draws of the fit before lie in the typical set, and apart."""

    def __init__(self, starts: FloatArray) -> None:
        self._starts = starts

    def __call__(self, seed: int) -> FloatArray:
        return np.asarray(np.random.default_rng(seed).choice(self._starts))
