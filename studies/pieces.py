"""Studies in pieces that workers can run: a half of a leaderboard, a block of ranks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from bayes_frontier.evaluations.container import Evaluations
    from bayes_frontier.model.spec import ModelSpec
    from bayes_frontier.parallel import Workers

Tell = Callable[[int, int], None]
# Simulations of a block: long beside the compilation that each worker does once.
BLOCK = 50


def run_halves(
    evaluations: Evaluations, splits: int, settings: Mapping[str, Any], path: Path, workers: Workers, tell: Tell
) -> pd.DataFrame:
    """Run the splits that are not in the file yet, and return all."""
    from studies import halves
    from studies.runner import Piece, run_pieces

    pieces = [Piece(path, split, (evaluations, split, dict(settings))) for split in range(splits)]
    run_pieces(half_line, pieces, workers, lambda done, n, _: tell(done, n))
    return halves.run_halves(evaluations, splits, _finished, path, lambda *_: None)


def half_line(evaluations: Evaluations, split: int, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Fit one half of the base models and count the scores of the other below its boundary."""
    import bayes_frontier as bf
    from bayes_frontier.checks.halves import by_base_model
    from studies.halves import covered

    half, held = by_base_model(evaluations, split)
    return {"counts": covered(bf.fit(half, seed=split, **settings), held).to_dict("records")}


def run_ranks(spec: ModelSpec, simulations: int, seed: int, path: Path, workers: Workers, tell: Tell) -> pd.DataFrame:
    """Run the blocks of a simulation-based calibration that are not in the file yet, and return all ranks."""
    import pandas as pd

    from studies.runner import Piece, read_lines, run_pieces

    sizes = [min(BLOCK, simulations - start) for start in range(0, simulations, BLOCK)]
    seeds = np.random.SeedSequence(seed).generate_state(len(sizes))
    # a block of another size is another block
    pieces = [Piece(path, 1000 * block + size, (spec, size, int(seeds[block]))) for block, size in enumerate(sizes)]
    run_pieces(rank_line, pieces, workers, lambda done, n, _: tell(min(done * BLOCK, simulations), simulations))
    wanted = {piece.replication for piece in pieces}
    lines = sorted(read_lines(path), key=lambda line: int(line["replication"]))
    parts = [pd.DataFrame(line["ranks"]) for line in lines if line["replication"] in wanted]
    return pd.concat(parts, ignore_index=True)


def rank_line(spec: ModelSpec, simulations: int, seed: int) -> dict[str, Any]:
    """Simulate, fit and rank a block."""
    from studies.sbc import ranks

    return {"ranks": ranks(spec, simulations, seed, lambda *_: None).to_dict("list")}


def _finished(half: Evaluations, seed: int) -> Any:  # noqa: ANN401 - nothing is ever returned
    raise AssertionError(f"split {seed} of {half.n_models} models is in the file")
