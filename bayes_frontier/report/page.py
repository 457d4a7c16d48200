"""The report page: facts gathered, words chosen, template filled, file written whole."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from bayes_frontier.plots import plot_boundary
from bayes_frontier.report.facts import facts
from bayes_frontier.report.files import make_folder, replace_file
from bayes_frontier.report.recovery import recovery
from bayes_frontier.report.wording import flops_typeset, flops_words, share_words

if TYPE_CHECKING:
    from bayes_frontier.evaluations import Truth
    from bayes_frontier.posterior import Frontier

PAGE, PICTURE = "index.html", "boundaries.png"
_DPI = 170


def write_report(frontier: Frontier, out_dir: str | Path, *, truth: Truth | None = None) -> Path:
    """Write a page on a fit, which needs no other file, and its picture once more by itself.

    Parameters
    ----------
    frontier : Frontier
        The fit.
    out_dir : str or pathlib.Path
        Folder, made if it is not there; ``index.html`` and ``boundaries.png`` in it are replaced.
    truth : Truth, optional
        Known boundaries of simulated evaluations: drawn, and compared with the fit.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    QueryError
        If the folder cannot be made or written.
    """
    folder = Path(out_dir)
    make_folder(folder, "report")
    picture = _picture(frontier, truth)
    page = render(frontier, picture, truth)
    replace_file(folder / PICTURE, picture, "report")
    replace_file(folder / PAGE, page.encode(), "report")
    return folder / PAGE


def render(frontier: Frontier, picture: bytes, truth: Truth | None = None) -> str:
    """Fill the template.

    Parameters
    ----------
    frontier : Frontier
        The fit.
    picture : bytes
        A PNG.
    truth : Truth, optional
        Known boundaries.

    Returns
    -------
    str
        The page, HTML. Every text that comes from data is escaped.
    """
    # the template's name does not end in .html, so what is escaped must not depend on it
    environment = Environment(
        loader=PackageLoader("bayes_frontier.report", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"typeset": flops_typeset, "flops": flops_words, "percent": share_words}
    template = environment.get_template("template.html.j2")
    return template.render(
        facts=facts(frontier),
        picture=base64.b64encode(picture).decode(),
        recovery=None if truth is None else recovery(frontier, truth),
    )


def _picture(frontier: Frontier, truth: Truth | None) -> bytes:
    figure = plot_boundary(frontier, truth=truth)[0].figure
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
    return buffer.getvalue()
