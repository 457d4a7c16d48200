"""Independent calls in parallel, over processes of this machine or over a Dask cluster; what comes back is kept here.

Both are Dask: the same few lines hand out calls whether workers are processes started for the purpose or somebody's
cluster, so what is tested for one holds for the other. Calls and results travel by pickle between this process and the
workers. Processes of this machine are reached through TLS with credentials that are made for the run and kept in memory
only: without them every user of the machine could send code to the scheduler's port.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Workers:
    """Where independent calls run.

    Attributes
    ----------
    cores : int, optional
        Processes of this machine; 1: this one; none: as many as it has cores.
    scheduler : str, optional
        Address of a Dask scheduler, whose workers take the place of processes of this machine.
    """

    cores: int | None = None
    scheduler: str | None = None

    def run(
        self,
        call: Callable[..., Any],
        arguments: Sequence[tuple[Any, ...]],
        keep: Callable[[int, Any], None],
        groups: Sequence[Hashable] | None = None,
    ) -> None:
        """Call with each of the arguments, in any order.

        A worker makes one call at a time, since what libraries keep at hand is not made for threads, and stays with a
        group as long as it has calls, so that a compiled model is used again. A call whose worker is lost is made
        again by another one. An interruption gives back what runs.

        Parameters
        ----------
        call : callable
            Must be possible to pickle, like its arguments and results, unless all is called in this process.
        arguments : sequence of tuple
            Of each call.
        keep : callable
            Told the number of a call and its result, in this process, as results come.
        groups : sequence of hashable, optional
            Which calls have something in common.

        Raises
        ------
        ClusterError
            If the scheduler does not answer, its workers run other code, are gone, or one call loses them repeatedly.
        """
        if not arguments:
            return
        if self.scheduler is None and (self.cores == 1 or len(arguments) < 2):
            for number, given in enumerate(arguments):
                keep(number, call(*given))
            return
        from bayes_frontier.cluster import connected, hand_out

        processes = min(self.cores or os.cpu_count() or 1, len(arguments))
        with connected(self.scheduler, processes) as client:
            hand_out(client, call, arguments, keep, groups or [0] * len(arguments), check=self.scheduler is not None)
