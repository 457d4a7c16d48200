"""A saved fit damaged or crafted: every one is refused by a typed error, soon and in little memory, or harmless."""

import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

import bayes_frontier as bf
from bayes_frontier.errors import FrontierError
from bayes_frontier.posterior import store
from studies.faults.bench import Bench, Run, called

TYPED, HARMLESS, MISLED, UNTYPED = 0, 10, 11, 12
WORDS = {TYPED: "refused", HARMLESS: "harmless", MISLED: "other answers", UNTYPED: "untyped"}


def attempt(path: Path, answers: bytes | None) -> int:
    """Load a fit and ask it; say how that ended."""
    try:
        said = asked(bf.load(path))
    except FrontierError:
        return TYPED
    except Exception as error:
        print(f"{path.name}: {error!r}")
        return UNTYPED
    return HARMLESS if said == answers else MISLED


def asked(frontier: bf.Frontier) -> bytes:
    """Answers of a fit, to the last bit."""
    values = frontier.boundary([1e21, 1e22, 1e23, 1e24]).to_numpy(), frontier.diagnostics["r_hat"].to_numpy()
    return b"".join(np.ascontiguousarray(one).tobytes() for one in values)


def damage(bench: Bench, kind: str, n: int, seed: int = 1) -> tuple[Counter[str], float, float]:
    """Cut a saved fit short, or turn bits of it around, `n` times: what that led to, slowest second, most memory."""
    whole = (bench.folder / "fit.nc").read_bytes()
    answers = asked(bf.load(bench.folder / "fit.nc"))
    rng = random.Random(f"{kind} {seed}")
    counts: Counter[str] = Counter()
    slowest = most = 0.0
    damaged = bench.folder / "damaged.nc"
    for _ in range(n):
        if kind == "truncated":
            content = whole[: rng.randrange(len(whole))]
        else:
            changed = bytearray(whole)
            changed[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
            content = bytes(changed)
        damaged.write_bytes(content)
        if kind == "flipped and sealed anew":
            damaged.write_bytes(_sealed_anew(content))
        run = called(lambda: _leave(attempt(damaged, answers)), bench)
        counts[WORDS.get(run.status, f"ended by {run.status}")] += 1
        slowest, most = max(slowest, run.seconds), max(most, run.peak_mb)
    return counts, slowest, most


def _sealed_anew(content: bytes) -> bytes:
    # who crafts a file knows how
    return store.sealed(content[: -store._SEAL_BYTES])


def _leave(status: int) -> None:
    raise SystemExit(status)


def _set(name: str, value: object, at: object = ...) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        file[name][at] = value

    return change


def _attribute(place: str, name: str, value: object) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        file[place].attrs[name] = value

    return change


def _instead(name: str, **settings: Any) -> Callable[[h5py.File], None]:  # noqa: ANN401 - those of `create_dataset`
    def change(file: h5py.File) -> None:
        if name in file:
            del file[name]
        file.create_dataset(name, **settings)

    return change


def _remove(name: str) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        del file[name]

    return change


def _link(name: str, link: object) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        if name in file:
            del file[name]
        file[name] = link

    return change


def _virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout(shape=(2, 50, 2, 2), dtype="f8")
    layout[:] = h5py.VirtualSource("elsewhere.nc", "posterior/floor", shape=(2, 50, 2, 2))
    del file["posterior/floor"]
    file["posterior"].create_virtual_dataset("floor", layout)


def _exchange(file: h5py.File) -> None:
    floor, ceiling = file["posterior/floor"][...], file["posterior/ceiling"][...]
    file["posterior/floor"][...], file["posterior/ceiling"][...] = ceiling, floor


def _circle(file: h5py.File) -> None:
    file["posterior/again"] = file["posterior"]


def _deep(file: h5py.File) -> None:
    group = file["posterior"]
    for _ in range(100):
        group = group.create_group("deeper")


def _twice(file: h5py.File) -> None:
    file["posterior/slope_again"] = file["posterior/slope"]


def _many(file: h5py.File) -> None:
    for k in range(1000):
        file["posterior"].create_dataset(f"v{k}", data=0.0)


def _texts(file: h5py.File) -> None:
    # many texts, all of which are one that is long: what says where each is, is copied
    text = file["evaluations/model"]
    text[0] = "x" * 200_000
    offset, name = text.id.get_offset(), file.filename
    n = len(text)
    file.close()
    with Path(name).open("r+b") as raw:
        raw.seek(offset)
        first = raw.read(16)
        raw.seek(offset)
        raw.write(first * n)


def _beside(part: str, name: str, value: object) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        provenance = json.loads(file.attrs["provenance"])
        provenance.setdefault(part, {})[name] = value
        file.attrs["provenance"] = json.dumps(provenance)

    return change


def _specified(name: str, value: object) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        specification = json.loads(file.attrs["specification"])
        specification["structure"][name] = value
        file.attrs["specification"] = json.dumps(specification)

    return change


_CELL, _TASKS = (2, 50, 2, 2), (2,)
CRAFTED: dict[str, Callable[[h5py.File], None]] = {
    # values that no fit has
    "floor and ceiling exchanged": _exchange,
    "floor above 1": _set("posterior/floor", 1.5),
    "floor below 0": _set("posterior/floor", -0.1, (0, 0)),
    "ceiling above 1": _set("posterior/ceiling", 2.0, (1, 7)),
    "a floor that is no number": _set("posterior/floor", np.nan, (0, 0)),
    "an infinite slope": _set("posterior/slope", np.inf, (0, 0)),
    "a slope below 0": _set("posterior/slope", -1.0),
    "an infinite midpoint": _set("posterior/midpoint", -np.inf, (1, 3)),
    "drift that is no number": _set("posterior/drift", np.nan),
    "a negative scale of base models": _set("posterior/base_model_scale", -0.1),
    "infinite effects": _set("posterior/base_model_effect", np.inf),
    "tau of 7": _attribute("/", "tau", 7.0),
    "tau that is no number": _attribute("/", "tau", np.nan),
    "tau in words": _attribute("/", "tau", "high"),
    "residuals that fall": lambda file: _set("constant_data/residual_quantiles", 1.0, (0, 3))(file),
    "residuals that are infinite": _set("constant_data/residual_quantiles", np.inf, (0, -1)),
    "other levels of residuals": _set("constant_data/level", 0.5),
    "a negative scale of the likelihood": _set("constant_data/scale", -1.0),
    "a correlation of 2": _set("constant_data/uploader_correlation", 2.0),
    "a score of 3": _set("evaluations/score", 3.0, (0, 0)),
    "negative compute": _set("evaluations/flops", -1e22),
    "infinite compute": _set("evaluations/flops", np.inf, 0),
    "a period that is not there": _set("evaluations/period", 9),
    "a period before the first": _set("evaluations/period", -1),
    "a date in the year 300,000": _set("evaluations/released_day", 1e8),
    "another score": _set("evaluations/score", 0.123, (0, 0)),
    "tasks of other names": _set("posterior/task", "another", 0),
    "base models of other names": _set("posterior/base_model", "another", 0),
    "periods of other names": _set("posterior/period", "another", 0),
    # what is held beside the values
    "a specification that is none": _attribute("/", "specification", "{"),
    "a specification with another key": _attribute("/", "specification", '{"name": "x", "run": "it"}'),
    "a deep specification": _attribute("/", "specification", "[" * 50_000),
    "a deep provenance": _attribute("/", "provenance", '{"a":' * 20_000),
    "a provenance that is a list": _attribute("/", "provenance", "[]"),
    "a provenance of settings without end": _beside("sampling", "draws", 10**12),
    "a provenance of tables without end": _beside("compute_uncertainty", "tables", 10**9),
    "a provenance of another tau": _beside("sampling", "tau", 0.95),
    "a provenance of other data": _beside("data", "sha256", "0" * 64),
    "another tau": _attribute("/", "tau", 0.95),
    "a specification without drift": _specified("periods", "constant"),
    "a specification without base models": _specified("base_models", False),
    "evaluations of a list": _attribute("evaluations", "evaluations", "[1]"),
    "evaluations of another version": _attribute("evaluations", "evaluations", '{"version": 99}'),
    "rows left out that are deep": _set("evaluations/dropped", "[" * 50_000, ()),
    "another program's format": _attribute("/", "format", "something else"),
    "another version": _attribute("/", "version", 99),
    "values scaled on reading": _attribute("posterior/floor", "scale_factor", 0.5),
    "values moved on reading": _attribute("posterior/floor", "add_offset", 0.5),
    "values left out on reading": _attribute("posterior/floor", "_FillValue", 0.25),
    "numbers that become dates": _attribute("posterior/slope", "units", "days since 1970-01-01"),
    # pointers
    "a group in another file": _link("sample_stats", h5py.ExternalLink("elsewhere.nc", "/sample_stats")),
    "a variable in another file": _link("posterior/floor", h5py.ExternalLink("elsewhere.nc", "/posterior/floor")),
    "a variable by another name": _link("posterior/drift_velocity", h5py.SoftLink("/posterior/drift_scale")),
    "values in another file": _virtual,
    "values in a file of the machine": _instead(
        "posterior/floor", shape=_CELL, dtype="f8", external=[("elsewhere.raw", 0, 3200)]
    ),
    "a group within itself": _circle,
    "a hundred groups deep": _deep,
    "a variable twice": _twice,
    # sizes and types
    "a group that no fit has": lambda file: file.create_group("foreign") and None,
    "a variable that no fit has": _instead("posterior/foreign", data=np.zeros(3)),
    "a thousand variables": _many,
    "a posterior that is no group": _instead("posterior", data=np.zeros(3)),
    "terabytes that are not there": _instead("posterior/floor", shape=(2, 50, 10**6, 10**4), dtype="f8", chunks=True),
    "gigabytes of zeros": _instead(
        "posterior/base_model_effect", shape=(2, 50, 10**5, 100), dtype="f8", compression=9, fillvalue=0.0
    ),
    "millions of pieces": _instead("posterior/floor", shape=(2, 50, 200, 400), dtype="f8", chunks=(1, 1, 1, 1)),
    "a growing variable": _instead("posterior/slope", shape=_CELL, dtype="f8", maxshape=(None, 50, 2, 2), chunks=_CELL),
    "texts that are all one": _texts,
    "numbers as text": _instead("posterior/floor", data=np.full(_CELL, "0.1", dtype=object), dtype=h5py.string_dtype()),
    "complex numbers": _instead("posterior/floor", data=np.zeros(_CELL, dtype=complex)),
    "numbers of two bytes": _instead("posterior/floor", data=np.zeros(_CELL, dtype="f2")),
    "one dimension less": _instead("posterior/floor", data=np.zeros(_CELL[:3])),
    "more draws of one variable": _instead("posterior/floor", data=np.zeros((2, 51, 2, 2))),
    "dimensions without names": _instead("posterior/floor", data=np.zeros(_CELL)),
    "an attribute of texts": _attribute("posterior", "long", ["x"] * 1000),
    "without a posterior": _remove("posterior"),
    "without floors": _remove("posterior/floor"),
    "without residuals": _remove("constant_data/residual_quantiles"),
    "without evaluations": _remove("evaluations"),
    "without scores": _remove("evaluations/score"),
    "effects without their scale": _remove("posterior/base_model_scale"),
}


def craft(bench: Bench, name: str) -> Run:
    """Craft a file, with the digest that belongs to it, and load it: status 0 where it is refused by a typed error."""
    path = bench.folder / "crafted.nc"
    path.write_bytes((bench.folder / "fit.nc").read_bytes()[: -store._SEAL_BYTES])
    with h5py.File(path, "r+") as file:
        CRAFTED[name](file)
    path.write_bytes(store.sealed(path.read_bytes()))
    return called(lambda: _leave(attempt(path, None)), bench)
