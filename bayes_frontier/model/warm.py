"""Where a fit ended, kept with it: starting points for the fit that follows when scores come in.

A fit of the same scores and a few more has nearly the same posterior. Its chains then start at draws of the fit
before it, and the first of the short fits that calibrate the likelihood is not needed. Only the way to the posterior
is shorter: what is sampled is the posterior of all scores, calibrated anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from bayes_frontier.model.cells import FrontierData
from bayes_frontier.model.compiled import Variable
from bayes_frontier.model.levels import Levels, typical_levels
from bayes_frontier.model.pinball import FloatArray
from bayes_frontier.model.scale import Scale

POINTS = 16
# Of the sampler's variables: raise it when these become others. Points of another form say nothing to this sampler.
FORM = 3
_CURVE = ("floor", "ceiling", "slope", "midpoint")
_DETERMINED = (*_CURVE, "drift", "base_model_scale", "base_model_effect")
_LEVEL = "base_model_position"
_FREE = "free_"


def ending(variables: Sequence[Variable], statistics: xr.Dataset, posterior: xr.Dataset) -> xr.Dataset:
    """Take the points at which another fit can start.

    Parameters
    ----------
    variables : sequence of Variable
        Which part of a draw is which variable.
    statistics : xarray.Dataset
        The sampler's, with its ``unconstrained_draw``.
    posterior : xarray.Dataset
        Draws with the names of tasks and base models.

    Returns
    -------
    xarray.Dataset
        Some draws, dim point: each variable of the sampler, on its own scale, as ``free_<name>``, and the curve, drift
        and base-model effects they stand for.
    """
    unconstrained = statistics["unconstrained_draw"].to_numpy()
    chains, draws = unconstrained.shape[:2]
    each = -(-POINTS // chains)
    # the later half: the sampler has had time to come from where it started
    draw = np.unique(np.linspace(draws // 2, draws - 1, each).astype(int))
    at = [(c, d) for d in draw for c in range(chains)]
    free = {
        f"{_FREE}{v.name}": (
            ("point", *(f"{v.name}_{i}" for i in range(len(v.shape)))),
            np.stack([unconstrained[c, d, v.part].reshape(v.shape) for c, d in at]),
        )
        for v in variables
        if v.name != _LEVEL
    }
    kept = posterior[[name for name in _DETERMINED if name in posterior]]
    points = [kept.isel(chain=c, draw=d).drop_vars(("chain", "draw"), errors="ignore") for c, d in at]
    # sizes of the sampler's dimensions change from fit to fit; names of tasks and base models do not
    found = xr.concat(points, "point").drop_vars(("period", "stretch"), errors="ignore").assign(free).drop_attrs()
    return found.assign_attrs(form=FORM)


@dataclass(frozen=True)
class Start:
    """Where to start a fit.

    Attributes
    ----------
    ending : xarray.Dataset
        From `ending`.
    scale : Scale
        Scale that fit was drawn with.
    """

    ending: xr.Dataset
    scale: Scale

    @classmethod
    def of(cls, posterior: xr.DataTree) -> "Start | None":
        """Take the starting points kept with a fit.

        Parameters
        ----------
        posterior : xarray.DataTree
            Groups ``constant_data`` and, where the fit kept one, ``ending``.

        Returns
        -------
        Start or None
            None where there are none, or none of this form: the fit was saved by an earlier version.
        """
        if "ending" not in posterior.children or int(posterior["ending"].attrs.get("form", 0)) != FORM:
            return None
        constant = posterior["constant_data"].dataset
        names = ("density", "scale", "half_width", "likelihood_level")
        return cls(posterior["ending"].to_dataset(), Scale(*(constant[name].to_numpy() for name in names)))

    @property
    def draws(self) -> xr.Dataset:
        """What the points stand for, dim ``sample``."""
        return self.ending[[name for name in _DETERMINED if name in self.ending]].rename(point="sample")

    def points(
        self, variables: Sequence[Variable], middle: FloatArray, data: FrontierData, levels: Levels
    ) -> FloatArray:
        """Give starting points in the coordinates of another fit's sampler.

        Base models are matched by name, and those that are new start on the curve. What the fit before did not have (a
        stretch of time, say) starts in the middle of its prior.

        Parameters
        ----------
        variables : sequence of Variable
            Those of the model to be sampled.
        middle : ndarray, shape (n_variables,)
            Middle of its prior.
        data : FrontierData
            Its table.
        levels : Levels
            Coordinates of its base-model levels.

        Returns
        -------
        ndarray, shape (n_points, n_variables)
            Unconstrained.
        """
        n = self.ending.sizes["point"]
        found = np.tile(middle, (n, 1))
        for variable in variables:
            name, part, shape = variable.name, variable.part, variable.shape
            if name == _LEVEL:
                found[:, part] = self._levels(data, levels).reshape(n, -1)
            elif f"{_FREE}{name}" in self.ending:
                old = self.ending[f"{_FREE}{name}"].to_numpy()
                if old.ndim == 1 + len(shape):
                    new = found[:, part].reshape(n, *shape)
                    both = (slice(None), *(slice(min(a, b)) for a, b in zip(shape, old.shape[1:], strict=True)))
                    new[both] = old[both]
                    found[:, part] = new.reshape(n, -1)
        return found

    def _levels(self, data: FrontierData, levels: Levels) -> FloatArray:
        """Levels of base models in the sampler's coordinates, shape (n_points, n_base_models, n_tasks)."""
        names = list(data.base_models)
        effect = self.ending["base_model_effect"].reindex(base_model=names, fill_value=0.0)
        scale = self.ending["base_model_scale"].transpose("point", "task").to_numpy()[:, None, :]
        own = effect.transpose("point", "base_model", "task").to_numpy() * scale ** (levels.centring - 1.0)
        return levels.unbent(levels.centring * typical_levels(self.draws, data) + own)
