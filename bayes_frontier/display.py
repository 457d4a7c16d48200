"""How results show themselves, and the one writer of tables, as CSV and Markdown; names come from the internet."""

from __future__ import annotations

import csv
import html
import importlib
import io
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from markupsafe import Markup, escape

from bayes_frontier.text import printable, without_controls

if TYPE_CHECKING:
    import pandas as pd

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
        return printable("\n".join(lines), "\n")

    def html(self) -> str:
        """Markup for a notebook; names come from the internet and are escaped."""
        parts = [Markup("<p><strong>{}</strong></p>").format(self.title)]
        parts += [Markup("<p>{}</p>").format(sentence) for sentence in self.sentences]
        if self.table is not None and len(self.table):
            shown = self.table.head(_ROWS)
            parts.append(Markup(shown.to_html(index=False, float_format="{:.4g}".format, escape=True, border=0)))
            parts += [Markup("<p>{}</p>").format(escape(line)) for line in self._more()]
        return without_controls(str(Markup("\n").join(parts)))

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
        """Draw it: the function of `bayes_frontier.plots` that the class names. In a notebook, show it too.

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
        drawn = getattr(plots, self._picture)(self, **options)
        if options.get("axes") is None:
            _show(drawn)
        return drawn


def _show(drawn: Any) -> None:  # noqa: ANN401 - one panel, or several
    """Show a picture in a notebook: figures that pyplot does not know are not shown by themselves there."""
    shell = sys.modules.get("IPython")
    if shell is None or not hasattr(shell.get_ipython(), "kernel"):
        return
    panels = [drawn] if not hasattr(drawn, "flat") else list(drawn.flat)
    if panels and hasattr(panels[0], "get_figure"):
        content = io.BytesIO()
        figure = panels[0].get_figure()
        figure.savefig(content, format="png")
        display = importlib.import_module("IPython.display")
        display.display(display.Image(content.getvalue()))


# Tables in files. A spreadsheet takes a cell for a formula by how it begins: what would begin one gets an apostrophe
# before it, and so does what has apostrophes there, which makes it possible to take one off again. A cell begins after
# a semicolon or a tab too where a spreadsheet takes these to separate cells.

_RUN = re.compile(r"(?<![\s;'\ufeff\u200b])([\s;'\ufeff\u200b]*+)([=+\-@\uff1d\uff0b\uff0d\uff20])")


def cell(value: object) -> object:
    """Give what may stand in a cell of CSV: text that no spreadsheet runs; what is no text stays as it is."""
    if not isinstance(value, str):
        return value
    return _RUN.sub(lambda run: f"{run[1]}'{run[2]}" if _begins(run) else run[0], without_controls(value))


def from_cell(text: str) -> str:
    """Give the text that a cell was made of, but for control characters."""
    return _RUN.sub(lambda run: run[1].removesuffix("'") + run[2] if _begins(run) else run[0], text)


def _begins(run: re.Match[str]) -> bool:
    return not run.start() or not set(";\t\n").isdisjoint(run[1])


def csv_bytes(table: pd.DataFrame, **options: Any) -> bytes:  # noqa: ANN401 - those of `DataFrame.to_csv`
    """Write a table as CSV."""
    shown = table.copy(deep=False)
    for k, kind in enumerate(table.dtypes):
        if kind.kind == "O":
            shown.isetitem(k, table.iloc[:, k].astype(object).map(cell).to_numpy())
    names = [str(cell(name)) for name in table.columns]
    return str(shown.to_csv(index=False, header=names, **options)).encode()


def csv_rows(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    """Write rows as CSV; what is missing is empty."""
    content = io.StringIO()
    writer = csv.writer(content, lineterminator="\n")
    writer.writerow([cell(name) for name in columns])
    writer.writerows([cell(row.get(name)) for name in columns] for row in rows)
    return content.getvalue()


def markdown_text(text: str) -> str:
    """Give text that shows in Markdown as it is: no markup, no link, no picture, no end of a table's cell."""
    return re.sub(r"([|\[\]*])", r"\\\1", html.escape(printable(text), quote=False)).replace("`", "'")


def markdown_table(names: Sequence[str], rows: Iterable[Sequence[object]], align: str = "") -> str:
    """Write a Markdown table; `align` has l or r for each column. Markup stays as it is."""
    lines: list[Sequence[str]] = [names, ["---:" if letter == "r" else "---" for letter in align or "l" * len(names)]]
    lines += [[value if isinstance(value, Markup) else markdown_text(str(value)) for value in row] for row in rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
