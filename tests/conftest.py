"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real evaluation tables; the test skips where they are absent."""
    default = Path(__file__).parents[1].parent / "shared" / "data"
    folder = Path(os.environ.get("BAYES_FRONTIER_DATA", default))
    if not (folder / "oll_v2_with_compute.csv").is_file():
        pytest.skip(f"no real evaluation tables in {folder}; set BAYES_FRONTIER_DATA to their folder")
    return folder
