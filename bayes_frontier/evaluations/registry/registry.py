"""The registry of base models: parameters, pre-training tokens, generations, names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from pathlib import Path

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.registry import listed
from bayes_frontier.evaluations.registry.contents import BaseModel, Contents, Release, name_key, parse


class Registry:
    """Base models by canonical name, hub identifier or other spelling.

    Parameters
    ----------
    contents : Contents
        Generations in order (a spelling claimed twice belongs to the first claimant), size rules (the first match
        wins), base models of models that somebody has looked at, post-trained releases, words, and listed models.
    files : sequence of (str, str), optional
        Name and text of each file put over the packaged one, in order: what a saved fit keeps of a registry.

    Examples
    --------
    >>> default_registry().canonical("meta-llama/Meta-Llama-3.1-8B")
    'llama-3.1-8b'
    """

    def __init__(self, contents: Contents, files: Sequence[tuple[str, str]] = ()) -> None:
        self.contents = contents
        self.files = tuple(files)
        self.generations = dict(contents.generations)
        self.size_rules = contents.size_rules
        self.placed = dict(contents.placed)
        self.releases = tuple(contents.releases.values())
        self.undisclosed = dict(contents.undisclosed)
        self.words = dict(contents.words)
        self.named_alike = tuple(m for g in self.generations.values() for m in g.models)
        self._models = {m.name: m for m in self.named_alike}
        self._index: dict[str, str] = {name_key(name): name for name in self._models}
        self._release: dict[str, Release] = {}
        spelled = [(alias, m.name) for m in self._models.values() for alias in m.aliases]
        released = [(name, release) for release in self.releases for name in release.names]
        for short in (False, True):
            for alias, model in spelled:
                self._index.setdefault(_short(alias, short), model)
            for name, release in released:
                key = _short(name, short)
                if self._index.setdefault(key, release.base) == release.base and key not in self._release:
                    self._release[key] = release
        for name in {_short(alias, short) for alias, _ in spelled for short in (False, True)} | set(self._models):
            self._release.pop(name, None)
        # found as they stand, and only where nothing else has the name
        for entry in contents.listed.values():
            self._models.setdefault(entry.name, entry)
            for name in (entry.name, *entry.aliases):
                self._index.setdefault(name_key(name), entry.name)

    def canonical(self, name: object) -> str | None:
        """Find the canonical name of a base model.

        Parameters
        ----------
        name : object
            Canonical name, hub identifier (also of a mirror that keeps the repository's name) or listed
            spelling, in any case. Post-trained variants are not stripped unless listed; a listed release stands for
            its base model. What is not a string is unknown.

        Returns
        -------
        str or None
            None when the registry does not know it.
        """
        if not isinstance(name, str):
            return None
        key = name_key(name)
        found = self._index.get(key)
        if found is None and (mirror := self._index.get(key.rpartition("/")[2])) not in self.contents.listed:
            found = mirror
        return found

    def get(self, name: object) -> BaseModel | None:
        """Look up a base model by any of its names.

        Parameters
        ----------
        name : object
            As in `canonical`.

        Returns
        -------
        BaseModel or None
            None when the registry does not know it.
        """
        canonical = self.canonical(name)
        return None if canonical is None else self._models[canonical]

    def release(self, name: str) -> Release | None:
        """Look up a post-trained release by any of its names.

        Parameters
        ----------
        name : str
            As in `canonical`.

        Returns
        -------
        Release or None
            None for base models, and for what is unknown.
        """
        key = name_key(name)
        return self._release.get(key if key in self._index else key.rpartition("/")[2])

    def lists(self, name: str) -> bool:
        """Tell whether a name is listed as it stands, not only as that of a mirror.

        Parameters
        ----------
        name : str
            Any spelling.

        Returns
        -------
        bool
            False also for what is unknown.
        """
        return name_key(name) in self._index

    def entries(self) -> Iterator[tuple[dict[str, str | float | None], str]]:
        """Describe base models and releases for people, each with the text to search, in lower case."""
        for model in self:
            row: dict[str, str | float | None] = {"model": model.name, "base_model": None}
            numbers = {name: getattr(model, name) for name in ("params_b", "active_params_b", "tokens_t", "flops")}
            row |= {name: None if value != value else value for name, value in numbers.items()}
            row |= {
                name: getattr(model, name) or None for name in ("developer", "grade", "access", "teacher", "source")
            }
            row |= {
                "flops_factor": round(listed.within(model.uncertainty), 3),
                "released": str(model.released or "") or None,
            }
            yield row, " ".join((model.name, *model.aliases, model.developer, model.teacher, model.family)).casefold()
        for release in self.releases:
            row = dict.fromkeys(row) | {"model": release.name, "base_model": release.base}
            row |= {"released": str(release.released), "teacher": release.teacher or None}
            yield row, " ".join((*release.names, release.base, release.teacher)).casefold()

    def __iter__(self) -> Iterator[BaseModel]:
        """Iterate over the base models in the order of the file."""
        return iter(self._models.values())

    def __len__(self) -> int:
        """Count the base models."""
        return len(self._models)

    def __contains__(self, name: object) -> bool:
        """Tell whether a name is known."""
        return self.canonical(name) is not None

    @classmethod
    def read(cls, path: str | Path) -> Registry:
        """Read a user's registry over the packaged one.

        Parameters
        ----------
        path : str or Path
            TOML file in the form of the packaged ``registry.toml``, or CSV of models and their compute (columns
            model, base_model, flops, flops_factor, params_b, tokens_t, released, developer; only the first is needed).

        Returns
        -------
        Registry
            The packaged base models, overridden and added to by the file's.

        Raises
        ------
        DataError
            The file cannot be read or an entry of it cannot be used; the message names file, entry and key.
        """
        return default_registry().extended(path)

    def extended(self, path: str | Path) -> Registry:
        """Put a file's base models over this registry's.

        Parameters
        ----------
        path : str or Path
            TOML file in the form of the packaged ``registry.toml``, or CSV as `read` takes it.

        Returns
        -------
        Registry
            A model of the same name is replaced; a generation's patterns and architectures are replaced where
            given; size rules of the file come first; models it places are placed so.

        Raises
        ------
        DataError
            The file cannot be read or an entry of it cannot be used.
        """
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{path}: the registry cannot be read ({error}). Give the path of a TOML file.") from None
        return self._over(str(path), text)

    def _over(self, name: str, text: str) -> Registry:
        read = listed.over if name.casefold().endswith(".csv") else parse
        return Registry(read(text, name, self.contents), (*self.files, (Path(name).name, text)))

    @classmethod
    def from_files(cls, files: Sequence[tuple[str, str]]) -> Registry:
        """Put the texts of files over the packaged registry: the inverse of `files`."""
        registry = default_registry()
        for name, text in files:
            registry = registry._over(name, text)
        return registry


def _short(name: str, short: bool) -> str:
    key = name_key(name)
    return key.rpartition("/")[2] if short else key


@cache
def default_registry() -> Registry:
    """Read the packaged registry, once a process."""
    files = resources.files("bayes_frontier.evaluations.registry")
    toml, models = (files.joinpath(name).read_text(encoding="utf-8") for name in ("registry.toml", "compute.csv"))
    return Registry(listed.over(models, "compute.csv", parse(toml, "registry.toml", Contents())))


def given_registry(registry: Registry | str | Path | None) -> Registry:
    """Return the registry a caller means."""
    if isinstance(registry, str | Path):
        return Registry.read(registry)
    return default_registry() if registry is None else registry
