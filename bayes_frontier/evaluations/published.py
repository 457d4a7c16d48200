"""Published tables of evaluations that `fetch` downloads: where they are, and at which commit."""

from dataclasses import dataclass

from bayes_frontier.errors import DataError
from bayes_frontier.wording import listed, suggestion


@dataclass(frozen=True)
class Published:
    """A table on the Hugging Face Hub.

    Attributes
    ----------
    name : str
        What it is called here.
    repository : str
        Data-set repository.
    file : str or None
        Path in the repository; None: the only CSV or Parquet file there.
    revision : str or None
        Commit, 40 hexadecimal digits; None: that of the first download, kept from then on.
    about : str
        What it holds.
    """

    name: str
    repository: str
    file: str | None
    revision: str | None
    about: str


TABLES = (
    Published(
        "oll-v2",
        "open-llm-leaderboard/contents",
        "data/train-00000-of-00001.parquet",
        # the commit that the hub's pages of mid-2025 show, after the leaderboard's end in March
        "0029b25d2ffc260d9c788bcbb782db3102ddc219",
        "Open LLM Leaderboard v2, as it ended in March 2025",
    ),
    Published(
        "oll-v1",
        "open-llm-leaderboard-old/contents",
        "data/train-00000-of-00001-96886cb34a7bc800.parquet",
        # the head of the archived repository
        "791ca1c841030008c6c266562c2b88c9b7196550",
        "Open LLM Leaderboard v1, archived in June 2024",
    ),
    Published(
        "proteus-2k",
        "hlzhang109/proteus-2k",
        None,
        None,
        "Proteus-2k of arXiv 2602.15327: models evaluated after the leaderboard's end",
    ),
)


def published(name: str) -> Published:
    """Look up a table by name.

    Parameters
    ----------
    name : str
        Its name, in any case.

    Returns
    -------
    Published
        The table.

    Raises
    ------
    DataError
        If there is none of that name.
    """
    names = [table.name for table in TABLES]
    for table in TABLES:
        if table.name == name.strip().casefold():
            return table
    raise DataError(f"No published table is called {name!r}.{suggestion(name, names)} There are {listed(names)}.")
