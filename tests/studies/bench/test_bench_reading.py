"""The benchmark of reading, on a small table."""

import pytest

from studies.bench.bench_reading import TASKS, measure, page, table


@pytest.mark.parametrize(("shape", "scores"), [("long", 3000), ("wide", 18000)])
def test_every_row_is_read_and_grouped(tmp_path, shape, scores):
    path = tmp_path / "table.parquet"
    table(3000, shape).to_parquet(path, index=False)
    found = measure(path)
    assert (found["scores"], found["dropped"]) == (scores, 0)
    assert 0 < found["cells"] <= scores
    assert 0 < found["cpu_seconds"] < 60
    assert 0.05 < found["peak_gb"] < 10


def test_the_table_is_the_same_for_the_same_seed():
    one, other = table(60, "long", seed=3), table(60, "long", seed=3)
    assert one.equals(other)
    assert not one["score"].equals(table(60, "long", seed=4)["score"])
    assert one["score"].between(0, 1).all()
    assert set(one["task"]) == set(TASKS)


def test_the_page_has_a_row_for_each_shape():
    numbers = {
        "scores": 10,
        "models": 5,
        "cells": 3,
        "read_seconds": 1.23,
        "group_seconds": 0.4,
        "fingerprint_seconds": 0.1,
        "cpu_seconds": 1.5,
        "peak_gb": 0.85,
    }
    text = page({"long": numbers, "wide": numbers}, 1000)
    assert "| long | 10 | 5 | 3 | 1.2 s | 0.4 s | 1.5 s | 0.85 GB | 0.1 s |" in text
    assert text.count("0.85 GB") == 2
