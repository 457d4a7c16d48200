"""Model specifications: what is pooled, what drifts, and the priors; read from TOML and checked."""

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

from bayes_frontier.errors import SpecError
from bayes_frontier.provenance import PACKAGE
from bayes_frontier.text import suggestion

# Least scale of drift and of base models (logits): less changes no score, and is a funnel that chains get stuck in.
LEAST_SCALE = 0.01
# Least standard deviation of shares over tasks (logits), for the same reason: two tasks hardly tell it.
LEAST_SPREAD = 0.1


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Normal(_Strict):
    """Normal prior."""

    dist: Literal["normal"]
    mu: float
    sigma: PositiveFloat


class HalfNormal(_Strict):
    """Normal prior folded at zero, for scales."""

    dist: Literal["half-normal"]
    sigma: PositiveFloat


class LogNormal(_Strict):
    """Log-normal prior, for scales that are not zero; `mu` and `sigma` are of the logarithm."""

    dist: Literal["log-normal"]
    mu: float
    sigma: PositiveFloat


Scale = Annotated[HalfNormal | LogNormal, Field(discriminator="dist")]


class Structure(_Strict):
    """What informs what."""

    tasks: Literal["pooled", "separate"] = "pooled"
    periods: Literal["random-walk", "separate", "constant"] = "random-walk"
    base_models: bool = True
    curve: Literal["bent", "sigmoid"] = "bent"


class Likelihood(_Strict):
    """The asymmetric-Laplace working likelihood."""

    scale: Literal["calibrated"] | PositiveFloat = "calibrated"
    smoothing: Annotated[float, Field(gt=0, le=3)] = 1.5
    passes: Annotated[int, Field(ge=1, le=5)] = 2


class Priors(_Strict):
    """Priors of the hierarchy, on the logit scale; models/hierarchical.toml explains each."""

    high: Normal = Normal(dist="normal", mu=0.0, sigma=1.0)
    high_spread: Scale = HalfNormal(dist="half-normal", sigma=1.0)
    start_share: Normal = Normal(dist="normal", mu=0.5, sigma=1.0)
    start_share_spread: Scale = HalfNormal(dist="half-normal", sigma=1.0)
    floor_share: Normal = Normal(dist="normal", mu=0.8, sigma=1.5)
    floor_share_spread: Scale = HalfNormal(dist="half-normal", sigma=1.0)
    ceiling_share: Normal = Normal(dist="normal", mu=-1.5, sigma=1.0)
    ceiling_share_spread: Scale = HalfNormal(dist="half-normal", sigma=1.0)
    drift: Scale = LogNormal(dist="log-normal", mu=-2.3, sigma=0.7)
    drift_spread: Scale = HalfNormal(dist="half-normal", sigma=0.8)
    base_model: Scale = LogNormal(dist="log-normal", mu=-1.4, sigma=0.7)
    base_model_spread: Scale = HalfNormal(dist="half-normal", sigma=0.5)
    steepness: Scale = LogNormal(dist="log-normal", mu=-0.5, sigma=0.7)
    steepness_spread: Scale = HalfNormal(dist="half-normal", sigma=0.5)
    base_model_innovation: Annotated[float, Field(ge=0, le=2)] = 0.35
    base_model_vintage: Annotated[float, Field(ge=0, le=5)] = 0.3


class ModelSpec(_Strict):
    """A model: structure, likelihood and priors.

    Attributes
    ----------
    name : str
        Short name, kept with the results.
    description : str
        One line for reports.
    structure, likelihood, priors
        See the tables of the same names in models/hierarchical.toml.
    """

    name: Annotated[str, Field(min_length=1, max_length=60)]
    description: str = ""
    structure: Structure = Structure()
    likelihood: Likelihood = Likelihood()
    priors: Priors = Priors()

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hexadecimal) of everything that changes the posterior."""
        content = self.model_dump(mode="json", exclude={"name", "description"})
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


# Priors told apart by their dist, and what Pydantic calls the branches of a number or a word.
_PRIORS: dict[str, type[BaseModel]] = {"half-normal": HalfNormal, "log-normal": LogNormal}
_BRANCHES = ("literal[", "constrained-float", "float")


def models_dir() -> Path:
    """Directory of the specifications that ship with the package."""
    installed = PACKAGE / "_models"
    return installed if installed.is_dir() else PACKAGE.parent / "models"


def available_models() -> tuple[str, ...]:
    """Names that `read_spec` knows."""
    return tuple(sorted(path.stem for path in models_dir().glob("*.toml")))


def read_spec(model: "str | Path | ModelSpec") -> ModelSpec:
    """Read a model specification.

    Parameters
    ----------
    model : str, Path or ModelSpec
        A name under models/ (``"hierarchical"``) or the path of a TOML file; a specification passes
        through.

    Returns
    -------
    ModelSpec
        Checked.

    Raises
    ------
    SpecError
        If there is no such model or file, it is not TOML, or a key or value is not understood. The message
        gives the path of the key.
    """
    if isinstance(model, ModelSpec):
        return model
    path = Path(model)
    if path.suffix != ".toml":
        names = available_models()
        if str(model) not in names:
            raise SpecError(
                f"There is no model {str(model)!r}.{suggestion(str(model), names)} "
                f"Known: {', '.join(names)}; or give the path of a .toml file."
            )
        path = models_dir() / f"{model}.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SpecError(f"{path}: no such file. Models that ship: {', '.join(available_models())}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path}: cannot be read ({error}).") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SpecError(f"{path}: not valid TOML ({error}).") from None
    try:
        return ModelSpec.model_validate(content)
    except pydantic.ValidationError as error:
        raise SpecError(_explain(path, error)) from None


def _explain(path: Path, error: pydantic.ValidationError) -> str:
    problems: dict[str, list[str]] = {}
    found: dict[str, str] = {}
    for problem in error.errors():
        loc = [str(part) for part in problem["loc"]]
        # Pydantic adds the branch of a union to the path; a reader knows only the keys.
        place = [part for part in loc if part not in _PRIORS and not part.startswith(_BRANCHES)]
        where = ".".join(place) or "the file"
        text = problem["msg"].lower()
        if problem["type"] == "extra_forbidden":
            known = _keys(loc[:-1])
            text = f"unknown key.{suggestion(place[-1], known)} Known here: {', '.join(known)}"
        elif problem["type"].startswith("union_tag"):
            text = f"dist should be {' or '.join(map(repr, _PRIORS))}"
        if problem["type"] not in ("missing", "extra_forbidden"):
            found[where] = f", found {problem['input']!r}"
        problems.setdefault(where, []).append(text)
    lines = [f"{where}: {', or '.join(texts)}{found.get(where, '')}." for where, texts in problems.items()]
    return f"{path}: " + " ".join(lines)


def _keys(loc: list[str]) -> list[str]:
    fields: Any = ModelSpec
    for part in loc:
        fields = _PRIORS[part] if part in _PRIORS else fields.model_fields[part].annotation
    return list(fields.model_fields)
