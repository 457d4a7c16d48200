"""Errors a user can act on.

Every error raised on purpose derives from `FrontierError`; its text is complete: what was found, where, and what to do.
The command line prints that text and nothing else unless ``--debug`` is given.
"""

from collections.abc import Mapping


class FrontierError(Exception):
    """Base of all errors whose message is meant for the user."""


class DataError(FrontierError):
    """Evaluations that cannot be read or used as they are.

    Parameters
    ----------
    message : str
        What was found, where, and what to do.
    remedy : mapping, optional
        Options of `read` that may help: columns, tasks, metrics.
    """

    def __init__(self, message: str, remedy: Mapping[str, object] | None = None) -> None:
        super().__init__(message)
        self.remedy: Mapping[str, object] = remedy or {}


class SpecError(FrontierError):
    """A model specification that cannot be used as written."""


class ConvergenceError(FrontierError):
    """A posterior whose diagnostics do not pass the gate."""


class StoreError(FrontierError):
    """A saved result that is missing, incomplete or of another kind."""


class QueryError(FrontierError):
    """A question the posterior cannot answer as asked (unknown task, base model, period, compute)."""


class ClusterError(FrontierError):
    """A Dask cluster that does not answer, runs other code, or has lost its workers."""
