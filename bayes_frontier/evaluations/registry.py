"""The base models post-trained models descend from: parameters, pre-training tokens, names.

The packaged table ``registry.toml`` says for every base model whom its numbers follow and how uncertain they
are. A user's file in the same form adds to it or overrides it, model by model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.base_models import BaseModel, Generation, SizeRule, name_key
from bayes_frontier.evaluations.registry_file import parse

__all__ = ["BaseModel", "Generation", "Registry", "SizeRule", "default_registry", "given_registry"]


class Registry:
    """Base models by canonical name, hub identifier or other spelling.

    Parameters
    ----------
    generations : mapping of str to Generation
        In order; a spelling claimed twice belongs to the first claimant.
    size_rules : tuple of SizeRule
        Placements by architecture and size, first match wins.
    placed : mapping of str to str, optional
        Base models of models that somebody has looked at, by `name_key` of their names.

    Examples
    --------
    >>> default_registry().canonical("meta-llama/Meta-Llama-3.1-8B")
    'llama-3.1-8b'
    """

    def __init__(
        self,
        generations: Mapping[str, Generation],
        size_rules: tuple[SizeRule, ...] = (),
        placed: Mapping[str, str] | None = None,
    ) -> None:
        self.generations = dict(generations)
        self.size_rules = size_rules
        self.placed = dict(placed or {})
        self._models = {m.name: m for g in self.generations.values() for m in g.models}
        self._index: dict[str, str] = {name_key(name): name for name in self._models}
        for short in (False, True):
            for model in self._models.values():
                for alias in model.aliases:
                    key = name_key(alias)
                    self._index.setdefault(key.rpartition("/")[2] if short else key, model.name)

    def canonical(self, name: object) -> str | None:
        """Find the canonical name of a base model.

        Parameters
        ----------
        name : object
            Canonical name, hub identifier (also of a mirror that keeps the repository's name) or listed
            spelling, in any case. Post-trained variants are not stripped unless listed. What is not a string
            is unknown.

        Returns
        -------
        str or None
            None when the registry does not know it.
        """
        if not isinstance(name, str):
            return None
        key = name_key(name)
        return self._index.get(key) or self._index.get(key.rpartition("/")[2])

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
            TOML file in the form of the packaged ``registry.toml``.

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
            TOML file in the form of the packaged ``registry.toml``.

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
        generations, rules, placed = parse(text, str(path), self.generations)
        return Registry(generations, rules + self.size_rules, self.placed | placed)


@cache
def default_registry() -> Registry:
    """Read the packaged registry, once a process.

    Returns
    -------
    Registry
        Base models published until mid-2025.
    """
    text = files("bayes_frontier.evaluations").joinpath("registry.toml").read_text(encoding="utf-8")
    return Registry(*parse(text, "registry.toml", {}))


def given_registry(registry: Registry | str | Path | None) -> Registry:
    """Return the registry a caller means.

    Parameters
    ----------
    registry : Registry or path, optional
        A registry; or a user's TOML file, put over the packaged one; none: the packaged one.

    Returns
    -------
    Registry
        The registry.

    Raises
    ------
    DataError
        The file cannot be read or an entry of it cannot be used.
    """
    if isinstance(registry, str | Path):
        return Registry.read(registry)
    return default_registry() if registry is None else registry
