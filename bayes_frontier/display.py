"""How results show themselves: a title, sentences and a short table, as text and as escaped HTML."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd
from markupsafe import Markup, escape

_ROWS = 12


@dataclass(frozen=True)
class Display:
    """What a representation says."""

    title: str  # kind of result, and what it is of
    sentences: Sequence[str] = ()  # what the command line says of it
    table: pd.DataFrame | None = None  # its numbers, of which the first rows are shown

    def text(self) -> str:
        """Lines for a terminal."""
        lines = [self.title, *(f"  {sentence}" for sentence in self.sentences)]
        if self.table is not None and len(self.table):
            lines += ["", self.table.head(_ROWS).to_string(index=False, float_format="{:.4g}".format), *self._more()]
        return "\n".join(lines)

    def html(self) -> str:
        """Markup for a notebook; names come from the internet and are escaped."""
        parts = [Markup("<p><strong>{}</strong></p>").format(self.title)]
        parts += [Markup("<p>{}</p>").format(sentence) for sentence in self.sentences]
        if self.table is not None and len(self.table):
            shown = self.table.head(_ROWS)
            parts.append(Markup(shown.to_html(index=False, float_format="{:.4g}".format, escape=True, border=0)))
            parts += [Markup("<p>{}</p>").format(escape(line)) for line in self._more()]
        return str(Markup("\n").join(parts))

    def _more(self) -> list[str]:
        left = 0 if self.table is None else len(self.table) - _ROWS
        return [f"... {left:,} more rows in .table"] if left > 0 else []


class Displayed:
    """Mixin: a result with a `Display` shows it in a terminal and in a notebook."""

    def _display(self) -> Display:
        raise NotImplementedError

    def __repr__(self) -> str:
        return self._display().text()

    def _repr_html_(self) -> str:
        return self._display().html()


class Drawn(Displayed):
    """Mixin: a result with a picture of its own in `bayes_frontier.plots`."""

    _picture: ClassVar[str]

    def plot(self, **options: Any) -> Any:  # noqa: ANN401 - the arguments of the picture, and its axes
        """Draw it: the function of `bayes_frontier.plots` that the class names.

        Parameters
        ----------
        **options
            Passed to that function.

        Returns
        -------
        matplotlib.axes.Axes or numpy.ndarray
            One panel, or all.
        """
        plots = importlib.import_module("bayes_frontier.plots")
        return getattr(plots, self._picture)(self, **options)
