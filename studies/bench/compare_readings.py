"""Read every file of a folder with two versions of the readers, and write down by file what changed: counts, no rows.

Usage: python -m studies.bench.compare_readings BEFORE DATA... [--out DIR]

BEFORE is another source tree of this package, DATA are folders of sources. Each version reads every file, and every
folder of result files, in a process of its own; `readings.json` and `readings.md` say for each how many records and
scores both have, how many of these are equal, and what the later version leaves out or adds, with the reason.
"""

import argparse
import json
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_READ = """
import importlib, pickle, sys, warnings
warnings.simplefilter("ignore")
tree, listed, out = sys.argv[1:]
sys.path.insert(0, tree)
from bayes_frontier.errors import FrontierError
for name in ("bayes_frontier.evaluations.survey", "bayes_frontier.evaluations.read"):
    try:
        survey = importlib.import_module(name).survey
        break
    except ModuleNotFoundError:
        pass
found = {}
for path in open(listed).read().splitlines():
    try:
        one = survey(path)
    except FrontierError as error:
        found[path] = {"error": type(error).__name__}
        continue
    e = one.evaluations
    scores = {}
    if e is not None:
        number = {}
        for model, base, task, score, flops, released in zip(
            *(e.table[c] for c in ("model", "base_model", "task", "score", "flops", "released"))
        ):
            turn = number[model, task] = number.get((model, task), -1) + 1
            scores[model, task, turn] = (score, base, flops, str(released))
    found[path] = {
        "format": one.source_format, "rows": one.n_rows, "used": one.n_used, "tasks": len(one.tasks),
        "models": 0 if e is None else e.n_models, "left_out": {str(k): int(v) for k, v in
        one.left_out_by_reason().items()}, "scores": scores,
    }
with open(out, "wb") as file:
    pickle.dump(found, file)
"""

WHY: tuple[tuple[str, str], ...] = (
    ("reader-01", "Identity: the registry's issue. FLOPs that the table states are kept."),
    ("reader-02", "Generations and variants that the registry does not know are unknown."),
    ("reader-05", "FLOPs that the table states are kept, and a difference from the registry is noted."),
    ("reader-06", "A name that leaves its base model open is unknown."),
    ("reader-07", "Checkpoints are models of their own with their share of the compute; step 0 is left out."),
    (
        "reader-08",
        "Checkpoints are models, shots tell tasks apart, and no line is a duplicate of another checkpoint's.",
    ),
    ("reader-10", "A post-trained release is dated by itself, not by its base model."),
    ("reader-12", "A table half of whose names are known is read; the rest is left out with the way to state it."),
    ("reader-14", "A year is part of a benchmark's name."),
    ("reader-15", "Parameters of a metric tell tasks apart."),
    ("reader-17", "One metric that all runs have is the task's."),
    ("reader-18", "Standard errors, flags and metrics of which less is better are no tasks."),
    ("reader-20", "Numbers of shots are no task; the message on the other column names both remedies."),
    ("reader-21", "A benchmark table is recognised whatever its scores are called."),
    ("reader-22", "Rows without a model version are named by their name."),
    ("reader-23", "A folder of benchmark tables is read; a score column is found by its place."),
    ("reader-24", "Results of lighteval are read as such: the model's name, no means."),
    ("reader-27", "The table that the leaderboard's page offered is read by its raw scores."),
    ("reader-28", "Reducers of epochs are tasks of their own, whatever their order."),
    ("reader-29", "Models with FLOPs are their own base models."),
    ("reader-33", "FLOPs that the table states are kept, and differences from the registry are noted."),
    ("reader-35", "A slash at the end of a name changes nothing."),
    ("tool-01", "Logs packed with zstd are read."),
    ("tool-02", "Counts beside the metrics are no metrics."),
    ("tool-03", "Results of lighteval are read as such; a run with max_samples is refused, means are no tasks."),
    ("tool-04", "Reducers of epochs are tasks of their own."),
    ("tool-05", "The score of all groups is the task's, not the first group's."),
    ("tool-06", "Records whose samples are fewer than the benchmark's are refused; names said twice are said once."),
    ("tool-07", "A record of an adapter is the adapter's, dated by its evaluation."),
    ("tool-09", "Samples that failed and were scored as wrong count as scored."),
    ("tool-10", "A revision is part of the model's name, and a step has its share of the compute."),
    ("tool-12", "Scorers of one task are named alike whatever their order."),
    ("tool-14", "Logs packed with zstd are read."),
    ("benchmark_data", "The archive is read: a task per table, by shots where a table has several."),
    ("bench_gpqa", "FLOPs that the table states are kept (it states them for some models of the registry)."),
    ("large_scale", "FLOPs that the table states are kept."),
    ("epoch", "FLOPs that the tables state are kept."),
    ("pythia/", "Checkpoints are models with their share of the compute; step 0 has none."),
    (
        "pythia",
        "Checkpoints are models, so equal scores are no duplicates; one metric that all runs have is each task's.",
    ),
    ("every_eval_ever", "Stacked layers have no base model; a release is dated by itself."),
    ("snapshot", "Copies count once; stacks, and names and sizes that leave the base model open, have none."),
    ("open_llm_lea", "Copies count once; stacks, and names and sizes that leave the base model open, have none."),
    ("proteus", "FLOPs that the table of models states are kept; copies count once."),
    ("registry_check", "Counts, sizes and amounts of tokens are no tasks."),
    ("livebench", "Still refused: percentages of a plain table have to be declared."),
)
"""Why a source is read otherwise, by a part of its path: the first that is in it counts."""


def main(arguments: list[str] | None = None) -> int:
    """Read everything twice and write what differs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("before", type=Path, help="source tree of the earlier version")
    parser.add_argument("data", type=Path, nargs="+", help="folders of sources")
    parser.add_argument("--out", type=Path, default=ROOT / "reports" / "reading")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    sources = {name: path for folder in options.data for name, path in _sources(folder)}
    before, after = (_read(tree.resolve(), list(sources.values())) for tree in (options.before, ROOT))
    made = {name: compared(before[str(path)], after[str(path)]) for name, path in sources.items()}
    unexplained = [name for name, one in made.items() if one["changed"] and not _why(name)]
    (options.out / "readings.json").write_text(json.dumps(made, indent=1, sort_keys=True) + "\n")
    (options.out / "readings.md").write_text(page(made))
    print(f"{len(made)} sources, {sum(one['changed'] for one in made.values())} read otherwise")
    for name in unexplained:
        print(f"unexplained: {name}: {made[name]}")
    return int(bool(unexplained))


def _sources(folder: Path) -> list[tuple[str, Path]]:
    """List files and folders of files below a folder, by their names within it."""
    found = sorted(path for path in folder.rglob("*") if path.suffix != ".md" and path.name != "README")
    files = [path for path in found if path.is_file()]
    folders = [path for path in found if path.is_dir() and any(file.parent == path for file in files)]
    return [(f"{folder.name}/{path.relative_to(folder).as_posix()}", path.resolve()) for path in (*files, *folders)]


def _read(tree: Path, paths: list[Path]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as kept:
        listed, out = Path(kept, "listed"), Path(kept, "out")
        listed.write_text("\n".join(map(str, paths)))
        subprocess.run([sys.executable, "-c", _READ, str(tree), str(listed), str(out)], check=True, cwd=tree)
        # written by the process above, by this file's own code
        return dict(pickle.loads(out.read_bytes()))


def compared(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    """Count what two readings of one source have in common, and what only one has."""
    if "error" in a or "error" in b:
        return {
            "changed": ("error" in a) != ("error" in b),
            "before": a.get("error") or _counts(a),
            "after": b.get("error") or _counts(b),
        }
    before, after = a["scores"], b["scores"]
    both = before.keys() & after.keys()
    equal = sum(before[key][0] == after[key][0] for key in both)
    other = {
        name: sum(before[key][k] != after[key][k] for key in both)
        for k, name in ((1, "base_model"), (2, "flops"), (3, "released"))
    }
    counts_a, counts_b = _counts(a), _counts(b)
    return {
        "changed": counts_a != counts_b
        or equal < len(both)
        or len(both) < max(len(before), len(after))
        or any(other.values()),
        "before": counts_a,
        "after": counts_b,
        "scores_in_both": len(both),
        "of_these_equal": equal,
        "of_these_with_other": other,
        "scores_before_only": len(before) - len(both),
        "scores_after_only": len(after) - len(both),
    }


def _counts(one: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in one.items() if name != "scores"} | {"scores": len(one["scores"])}


def _why(name: str) -> str:
    return next((why for part, why in WHY if part in name), "")


def page(made: dict[str, dict[str, Any]]) -> str:
    """Write the differences as a page."""
    lines = [
        "# What is read otherwise",
        "",
        f"{len(made)} public files and folders read before and after; {sum(one['changed'] for one in made.values())} "
        "are read otherwise. Counts only; sources that are read as before are not listed. Made by "
        "`python -m studies.bench.compare_readings`.",
        "",
        "| source | models | tasks | scores | in both | equal | other base, FLOPs, date | why |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, one in made.items():
        if not one["changed"]:
            continue
        a, b = (side if isinstance(side, dict) else {} for side in (one["before"], one["after"]))
        cells = [
            f"{_word(a, key, one['before'])} to {_word(b, key, one['after'])}" for key in ("models", "tasks", "scores")
        ]
        other = one.get("of_these_with_other", {})
        cells += [
            str(one.get("scores_in_both", "")),
            str(one.get("of_these_equal", "")),
            ", ".join(map(str, other.values())),
        ]
        lines.append(f"| {name} | {' | '.join(cells)} | {_why(name)} |")
    return "\n".join(lines) + "\n"


def _word(counts: dict[str, Any], key: str, side: object) -> str:
    return str(counts[key]) if counts else "refused" if isinstance(side, str) else ""


if __name__ == "__main__":
    sys.exit(main())
