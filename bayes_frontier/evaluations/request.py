"""What a reader was asked for."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.metrics import Metrics
from bayes_frontier.evaluations.registry import Registry
from bayes_frontier.evaluations.sheet import Sheet
from bayes_frontier.wording import listed, suggestion


@dataclass(frozen=True)
class Request:
    """Options of `read` that a source needs.

    Attributes
    ----------
    registry : Registry
        Base models.
    today : date
        Release dates after it are errors.
    dated : bool
        Whether release dates are needed.
    tasks : tuple of str, optional
        Tasks wanted; none: all.
    columns : mapping of str to str
        Column by field, overruling recognition.
    metrics : Metrics
        How the values of tasks are to be read, as declared by the user.
    limited : bool
        Whether runs on a part of a benchmark's items are wanted.
    relabel : bool
        Whether rows of a table that contradict their stated base model count for another.
    """

    registry: Registry
    today: dt.date
    dated: bool
    tasks: tuple[str, ...] | None
    columns: Mapping[str, str]
    metrics: Metrics = field(default_factory=Metrics)
    limited: bool = False
    relabel: bool = False

    def choose(self, sheet: Sheet, tasks: Sequence[str]) -> list[str]:
        """Return the wanted ones of `tasks`, in their order.

        Parameters
        ----------
        sheet : Sheet
            The table.
        tasks : sequence of str
            Tasks that are there, in the file's order.

        Returns
        -------
        list of str
            Those wanted, in the file's order.

        Raises
        ------
        DataError
            If a wanted task is not there.
        """
        if self.tasks is None:
            return list(tasks)
        for name in self.tasks:
            if name not in tasks:
                raise DataError(
                    f"{sheet.source} has no task {name!r}.{suggestion(name, tasks)} Its tasks are {listed(tasks, 20)}."
                )
        return [t for t in tasks if t in self.tasks]
