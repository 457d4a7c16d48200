"""The report on a fit: one self-contained page with its picture."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bayes_frontier.report.page import write_report

__all__ = ["write_report"]


# Modules of this package are used by the command line too; that must not load what draws the page.
def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the public name is
    if name != "write_report":
        raise AttributeError(f"module 'bayes_frontier.report' has no attribute {name!r}")
    from bayes_frontier.report.page import write_report

    return write_report
