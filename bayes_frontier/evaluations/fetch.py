"""Download published tables, mostly from the Hugging Face Hub: one commit, checked, kept, offline afterwards."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import zipfile
import zlib
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import platformdirs

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.tables.sheet import first_line
from bayes_frontier.files import replace_file
from bayes_frontier.text import listed, suggestion

if TYPE_CHECKING:
    from huggingface_hub.file_download import HfFileMetadata


@dataclass(frozen=True)
class Published:
    """A table in a data-set repository of the Hugging Face Hub, or an archive of tables at an address of its own."""

    name: str
    repository: str
    # None: the only CSV or Parquet file there
    file: str | None
    # commit; None: that of the first download, kept from then on
    revision: str | None
    about: str
    # of an archive that is not on the hub, and has no commits
    url: str = ""


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
    Published(
        "epoch",
        "epoch.ai",
        "benchmark_data.zip",
        None,
        "Epoch AI's benchmarking hub, as it is on the day of the first download (CC BY 4.0)",
        "https://epoch.ai/data/benchmark_data.zip",
    ),
)


def published(name: str) -> Published:
    """Look up a table by name."""
    tables = {table.name: table for table in TABLES}
    if name.strip().casefold() not in tables:
        names = list(tables)
        raise DataError(f"No published table is called {name!r}.{suggestion(name, names)} There are {listed(names)}.")
    return tables[name.strip().casefold()]


# Download published tables from the Hugging Face Hub: one commit, checked, kept, offline afterwards.

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TIMEOUT = 20.0
_STEP = 16 * 1024
_LARGEST = 2**30


@dataclass(frozen=True)
class Fetched:
    """A table on this machine: what it was checked against, and whether it was downloaded just now."""

    name: str
    path: str
    repository: str
    file: str
    revision: str
    sha256: str
    checked: str
    downloaded: bool


def fetch(
    name: str,
    *,
    revision: str | None = None,
    sha256: str | None = None,
    cache: str | Path | None = None,
    progress: bool | None = None,
) -> Fetched:
    """Download a published table, or find it where an earlier call put it.

    An interrupted download goes on where it stopped when called again. Once a table is there, no network is used.

    Parameters
    ----------
    name : {"oll-v2", "oll-v1", "proteus-2k", "epoch"}
        The table, or Epoch AI's archive of tables, which is read as it is.
    revision : str, optional
        Another commit, branch or tag of its repository. Of Epoch's archive, which has none: "latest" downloads the one
        of today in place of what was kept.
    sha256 : str, optional
        SHA-256 that the file must have, 64 hexadecimal digits.
    cache : str or Path, optional
        Folder to keep downloads in; by default the user's cache folder.
    progress : bool, optional
        Show progress on standard error (default: only on a terminal).

    Returns
    -------
    Fetched
        The file and where it came from.

    Raises
    ------
    DataError
        If the table is unknown or not there, the hub cannot be reached, the connection breaks, or the file is not
        the one expected; a file that is not is deleted.
    """
    table = published(name)
    if sha256 is not None and not _SHA256.fullmatch(sha256 := sha256.strip().casefold()):
        raise DataError("sha256: write the 64 hexadecimal digits of a SHA-256.")
    folder = Path(cache) if cache is not None else platformdirs.user_cache_path("bayes-frontier") / "tables"
    if table.url and revision not in (None, "latest"):
        raise DataError(f"revision: {table.name} has no commits; leave it out, or ask for 'latest'.")
    key = f"{table.name}@{'first' if table.url else revision or table.revision or 'first'}"
    record = folder / "fetched.json"
    try:
        entries = dict(json.loads(record.read_text(encoding="utf-8")))
    except (OSError, RecursionError, TypeError, ValueError):
        entries = {}
    with suppress(KeyError, TypeError):
        kept = replace(Fetched(**entries[key]), downloaded=False)
        if Path(kept.path).is_file() and not (table.url and revision):
            return _checked_again(kept, sha256)
    fetched = _download(table, revision or table.revision, sha256, folder, progress)
    replace_file(record, (json.dumps(entries | {key: asdict(fetched)}, indent=2) + "\n").encode(), "fetch")
    return fetched


def _download(
    table: Published, revision: str | None, sha256: str | None, folder: Path, progress: bool | None
) -> Fetched:
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]  # the base of its errors

    # read here, since the hub's client reads it only when it is imported
    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or None
    shown = sys.stderr.isatty() if progress is None else progress
    try:
        commit, file = _resolve(table, revision, endpoint)
        url = table.url or hf_hub_url(table.repository, file, repo_type="dataset", revision=commit, endpoint=endpoint)
        # the hub's token is for nobody else
        token = False if table.url else None
        stated = get_hf_file_metadata(url, timeout=_TIMEOUT, endpoint=endpoint, token=token)
        commit = stated.etag or "latest" if table.url else stated.commit_hash or commit
        path = folder / table.name / re.sub(r"[^\w-]", "-", commit) / Path(file).name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = _receive(url, stated, path, shown, token)
        digest, checked = _verify(part, path.name, stated, sha256, archive=bool(table.url))
        part.replace(path)
    except (HTTPError, OSError, ValueError) as error:
        raise DataError(_words(table, revision, error)) from error
    return Fetched(table.name, str(path), table.repository, file, commit, digest, checked, downloaded=True)


def _receive(url: str, stated: HfFileMetadata, path: Path, shown: bool, token: bool | None) -> Path:
    """Download beside a path, going on with what an earlier call left of the same content.

    `hf_hub_download` starts anew after a call that failed, and does not compare what came with the hub's checksum.
    """
    from huggingface_hub import constants
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers, tqdm  # type: ignore[attr-defined]  # documented, not listed

    class Silent(tqdm):
        def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - passed through
            super().__init__(*arguments, **options | {"disable": True})  # type: ignore[no-untyped-call]

    # files may lie on another host, which the user's token does not concern
    elsewhere = urlsplit(stated.location).netloc != urlsplit(url).netloc
    part = path.with_name(f"{path.name}.{hashlib.sha256((stated.etag or '').encode()).hexdigest()[:12]}.part")
    # the client can go on only after a whole step, of 10 MB unless told otherwise
    step, constants.DOWNLOAD_CHUNK_SIZE = constants.DOWNLOAD_CHUNK_SIZE, _STEP
    try:
        with part.open("ab") as file:
            if stated.size is not None and file.tell() > stated.size:
                file.truncate(0)
            http_get(
                stated.location,
                file,
                resume_size=file.tell(),
                headers=build_hf_headers(token=False if elsewhere else token),
                expected_size=stated.size,
                displayed_filename=path.name,
                tqdm_class=None if shown else Silent,
            )
    finally:
        constants.DOWNLOAD_CHUNK_SIZE = step
    return part


def _resolve(table: Published, revision: str | None, endpoint: str | None) -> tuple[str, str]:
    """Return commit and file; asks the hub only for what is not known."""
    if table.file is not None:
        return revision or "main", table.file
    from huggingface_hub import HfApi

    info = HfApi(endpoint=endpoint).dataset_info(table.repository, revision=revision, timeout=_TIMEOUT)
    names = [entry.rfilename for entry in info.siblings or ()]
    tables = [name for name in names if name.endswith((".csv", ".parquet"))]
    if len(tables) != 1:
        raise DataError(
            f"{table.name}: {table.repository} holds {len(tables)} tables ({listed(tables or names)}) where one was "
            "expected. Download the one you want from its page and give its path."
        )
    return str(info.sha or revision or "main"), tables[0]


def _verify(part: Path, name: str, stated: HfFileMetadata, sha256: str | None, *, archive: bool) -> tuple[str, str]:
    """Return the file's SHA-256 and what it was checked against; delete a file that is another one."""
    content = part.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    etag = "" if archive else (stated.etag or "").casefold()
    checks = []
    if sha256 is not None:
        checks.append(("the SHA-256 given", sha256, digest))
    if _SHA256.fullmatch(etag):
        checks.append(("the hub's SHA-256", etag, digest))
    elif _COMMIT.fullmatch(etag):
        # small files are git objects, named by the SHA-1 of this header and their content
        header = b"blob %d\x00" % len(content)
        checks.append(("the hub's git hash", etag, hashlib.sha1(header + content, usedforsecurity=False).hexdigest()))
    for what, expected, found in checks:
        if expected != found:
            part.unlink()
            raise DataError(
                f"{name} is not the file expected: {what} is {expected}, that of the download {found}. It was "
                "deleted; download it again, and if it happens again, something between you and the hub alters it."
            )
    if archive:
        _check_archive(part, name)
        return digest, " and ".join([*(what for what, _, _ in checks), "the archive's own checksums"])
    return digest, " and ".join(what for what, _, _ in checks) or "its length only: the hub states no checksum"


def _check_archive(part: Path, name: str) -> None:
    """Delete what is no whole archive: each of its files has a checksum there."""
    try:
        with zipfile.ZipFile(part) as archive:
            unpacked = sum(file.file_size for file in archive.infolist())
            wrong = f"unpacks to {unpacked:,} bytes" if unpacked > _LARGEST else archive.testzip()
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error) as error:
        wrong = first_line(error)
    if wrong is not None:
        part.unlink()
        raise DataError(f"{name} is not the archive expected ({wrong}). It was deleted; download it again later.")


def _checked_again(kept: Fetched, sha256: str | None) -> Fetched:
    path = Path(kept.path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != kept.sha256:
        path.unlink()
        raise DataError(
            f"{path} was changed since it was downloaded (SHA-256 {digest}, then {kept.sha256}). It was deleted; "
            "fetch it again."
        )
    if sha256 not in (None, digest):
        raise DataError(
            f"{path} has the SHA-256 {digest}, not {sha256} as asked. Ask for another revision, or leave sha256 out."
        )
    return kept


def _words(table: Published, revision: str | None, error: Exception) -> str:
    """Say what went wrong with a download, and what to do."""
    from huggingface_hub.errors import (
        GatedRepoError,
        OfflineModeIsEnabled,
        RemoteEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    match error:
        case OfflineModeIsEnabled():
            said = " is not here yet, and HF_HUB_OFFLINE forbids to download it: unset it, or give another cache."
        case GatedRepoError():
            said = " asks for an account: accept its terms on the hub and set HF_TOKEN."
        case RevisionNotFoundError():
            said = ": the hub has no such revision. Give another one, such as main."
        case RepositoryNotFoundError():
            said = ": the hub has no such repository (404), or not for you. It may have moved; look for it there."
        case RemoteEntryNotFoundError():
            said = f" has no file {table.file!r} (404). Give another revision, such as main."
        case _:
            said = f" could not be downloaded: {first_line(error)}. Check the connection and call again: it goes on "
            said += "where it stopped."
    return f"{table.name} ({table.repository}" + (f", revision {revision})" if revision else ")") + said
