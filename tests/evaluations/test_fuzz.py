"""Damaged sources of every format: a sound result or a typed error, bounded memory, no file touched.

A few examples of each run always; ``make fuzz`` runs 10,000 a reader (BAYES_FRONTIER_FUZZ), divided among the tests of
a reader that has several.
"""

import bz2
import gc
import gzip
import io
import json
import lzma
import os
import zipfile

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.evaluations import samples
from tests.evaluations.fuzzing import (
    BYTES,
    COUNT,
    DAMAGE,
    JUNK,
    PLACES,
    as_json,
    damaged,
    only_a_survey_or_an_error,
    peak,
    rewritten,
)

EXAMPLES = int(os.environ.get("BAYES_FRONTIER_FUZZ", "6"))
# Tests among which a reader's examples are divided; what folders hold comes on top.
SHARES = {"inspect_ai": 2, "archives": 2, "epoch_runs": 2, "epoch_models": 2, "folders": 4}
SHARES |= {
    "proteus_scores": 2,
    "proteus_models": 2,
    "wide": 4,
    "long": 4,
    "long_measures": 4,
    "parquet": 4,
    "compressed": 4,
}


# Changes of a file that is no text; the others stand for none.
BINARY = ("cut", "insert", "overwrite", "tail")
KEPT = ("keep", 0, b"")
ZSTD = 93


def fuzz(name: str) -> settings:
    """Settings of a test, with its share of the examples; nothing but examples: failures are read as they are."""
    return settings(
        max_examples=EXAMPLES if EXAMPLES < 1000 else -(-EXAMPLES // SHARES.get(name, 1)),
        deadline=None,
        derandomize=EXAMPLES < 1000,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module", autouse=True)
def counted():
    """Say how many inputs were read, for the record that ``make fuzz`` keeps."""
    # what was imported so far is not looked through for garbage after every input
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
    print(f"\nfuzzed: {COUNT[0]} inputs, peak {peak() // 10**6} MB")


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "periods": st.just("2024-06-30"),
        "limited": st.booleans(),
        "duplicates": st.sampled_from(["keep", "first", "best", "error"]),
        "metrics": st.sampled_from(
            [
                {"*": {"ceiling": 100}},
                {"bbh": {"direction": "lower", "outside": "clip"}},
                {"gpqa": {"name": "bbh"}, "qa/acc": {"name": "qa"}},
            ]
        ),
        "copies": st.sampled_from(["auto", "once", "keep"]),
        "compute": st.sampled_from(["stated", "registry"]),
    },
)


def _measured() -> dict[str, dict]:
    """Documents of every kind that say all that tells measures and models apart."""
    run, record, log = samples.lm_eval_run("EleutherAI/pythia-1.4b"), samples.eee_record(), samples.inspect_log()
    run["results"]["qa"] = {"sample_len": 10, "acc,none": 0.5, "acc_norm,none": 0.6, "exact_match,strict-match": 0.4}
    run |= {"n-shot": {"qa": 5}, "config": {"model_args": "pretrained=EleutherAI/pythia-1.4b,revision=step71500"}}
    first = record["evaluation_results"][0]
    first["metric_config"] |= {"metric_id": "pass_at_k", "metric_parameters": {"k": 1.0}}
    first["source_data"]["samples_number"] = 400
    record["model_info"].setdefault("additional_details", {})["model_args"] = "pretrained=a/b,peft=c/d,revision=step5"
    group = {"value": 0.5, "group": "grouped", "params": {"metric": {"name": "accuracy"}, "group_key": "subject"}}
    entries = log["results"]["scores"]
    entries[0] |= {"reducer": "pass_at_4", "scored_samples": 3}
    entries.append({"name": "g", "scorer": "g", "metrics": {"math": group, "all": group}})
    return {
        "lm_eval": run,
        "every_eval_ever": record,
        "inspect_ai": log,
        "lighteval": samples.lighteval_run(model_config={"revision": "step1000"}),
        "helm": samples.helm_run(),
        "helm_tables": samples.helm_tables(),
        "evalscope": samples.evalscope_report(),
        "records": samples.BY_MODEL,
    }


DOCUMENTS = _measured()


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_damaged_documents(kind, tmp_path):
    path = tmp_path / "results_2024-06-19T03-56-15.142347.json"

    @fuzz(kind)
    @given(DAMAGE, BYTES, OPTIONS)
    def run(changes, change, options):
        path.write_bytes(rewritten(as_json(damaged(DOCUMENTS[kind], changes)), change))
        only_a_survey_or_an_error(path, **options)
        assert [p.name for p in tmp_path.iterdir()] == [path.name]

    run()


TEXTS = {
    "polyglot.yml": samples.POLYGLOT,
    "board.md": samples.MARKDOWN,
    "run.csv": samples.TRAINING_RUN,
    "lines.jsonl": "".join(json.dumps({"model": k, **v}) + "\n" for k, v in samples.BY_MODEL.items()),
}
PIECES = [
    b"&a ",
    b"*a",
    b"!!python/name:x ",
    b"- ",
    b"? ",
    b"[",
    b"{",
    b": ",
    b"| ",
    b"---",
    b"\n",
    b"\t",
    b'"',
    b"%",
    b"<<: ",
]


@pytest.mark.parametrize("name", TEXTS)
def test_damaged_records(name, tmp_path):
    path = tmp_path / name

    @fuzz(name)
    @given(st.lists(st.tuples(PLACES, st.sampled_from(PIECES)), max_size=5), BYTES, OPTIONS)
    def run(pieces, change, options):
        data = TEXTS[name].encode()
        for place, piece in pieces:
            at = place % len(data)
            data = data[:at] + piece + data[at:]
        path.write_bytes(rewritten(data, change))
        only_a_survey_or_an_error(path, **options)
        assert [p.name for p in tmp_path.iterdir()] == [path.name]

    run()


def _tables() -> dict[str, pd.DataFrame]:
    runs, models = samples.epoch_tables()
    wide = pd.DataFrame(
        {
            "model": ["a", "b"],
            "base_model": ["llama-2-70b", "own"],
            "flops": [8e23, 1e21],
            "released": ["2024-03-01", "2024-07-01"],
            "n_items": [250, 250],
            "bbh": [0.51, 0.47],
            "gpqa": [0.3, 0.2],
        }
    )
    fields = ["model", "base_model", "flops", "released", "n_items"]
    return {
        "open_llm_v1": samples.v1_table(),
        "open_llm_v2": _v2(),
        "proteus_scores": samples.proteus_tables()[0],
        "proteus_models": samples.proteus_tables()[1],
        "epoch_runs": runs,
        "epoch_models": models,
        "wide": wide,
        "long": wide.melt(fields, var_name="task", value_name="score"),
        "long_measures": wide.melt(fields, var_name="task", value_name="score").assign(
            metric=["acc", "acc_norm", "acc", "acc_stderr"], n_shot=[0, 5, 0, 5], split="test", step=[0, 1000, 2000, 1]
        ),
    }


def _v2() -> pd.DataFrame:
    from bayes_frontier.evaluations.sources.open_llm import EXPORT, EXPORT_TASKS

    cells = {"model": "me/llama-3.1-8b-x", "base_field": "meta-llama/Llama-3.1-8B", "architecture": "LlamaForCausalLM"}
    cells |= {"params_b": 8.03, "type": "chat", "precision": "bfloat16", "uploaded": "2024-08-01"}
    cells |= {"submitted": "2024-08-03", "flagged": False, "available": True}
    named = {EXPORT[key]: [value] * 3 for key, value in cells.items()}
    return pd.DataFrame(named | {column: [0.1, 0.5, 0.9] for column in EXPORT_TASKS.values()})


TABLES = _tables()
CHANGES = st.lists(
    st.tuples(st.sampled_from(["cell", "cell", "cell", "name", "drop", "column"]), PLACES, PLACES, JUNK), max_size=5
)


def _bent(table: pd.DataFrame, changes: list[tuple[str, int, int, object]]) -> pd.DataFrame:
    out = table.astype(object)
    for what, row, column, value in changes:
        if not out.shape[1]:
            break
        k = column % out.shape[1]
        if what == "cell":
            out.isetitem(
                k, pd.Series([value if i == row % len(out) else v for i, v in enumerate(out.iloc[:, k])], dtype=object)
            )
        elif what == "column":
            out.isetitem(k, pd.Series([value] * len(out), dtype=object))
        elif what == "name":
            # pandas would hold plain texts as Arrow's, which know no lone surrogates
            out.columns = pd.Index([str(value) if i == k else name for i, name in enumerate(out.columns)], dtype=object)
        else:
            out = out.iloc[:, [i for i in range(out.shape[1]) if i != k]]
    return out


@pytest.mark.parametrize("name", TABLES)
def test_damaged_tables(name, tmp_path):
    path = tmp_path / "bench_x.csv"

    @fuzz(name)
    @given(CHANGES, BYTES, OPTIONS, st.booleans())
    def run(changes, change, options, as_frame):
        frame = _bent(TABLES[name], changes)
        if as_frame:
            only_a_survey_or_an_error(frame, **options)
            return
        path.write_bytes(rewritten(frame.to_csv(index=False).encode("utf-8", "surrogatepass"), change))
        only_a_survey_or_an_error(path, **options)
        assert [p.name for p in tmp_path.iterdir()] == [path.name]

    run()


def test_damaged_parquet(tmp_path):
    path = tmp_path / "t.parquet"
    whole = {name: _parquet(table) for name, table in TABLES.items()}

    @fuzz("parquet")
    @given(st.sampled_from(sorted(TABLES)), st.lists(BYTES, min_size=1, max_size=3))
    def run(name, changes):
        data = whole[name]
        for change in changes:
            # encodings of text make no sense here, and what starts otherwise is no Parquet file
            data = rewritten(data, change if change[0] in BINARY else KEPT)
        path.write_bytes(data)
        only_a_survey_or_an_error(path)
        assert [p.name for p in tmp_path.iterdir()] == [path.name]

    run()


PACKERS = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zip": lambda data: _zipped(data)}


def _zipped(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner/bench_x.csv", data)
    return out.getvalue()


def test_damaged_compressed_tables(tmp_path):
    whole = {name: table.to_csv(index=False).encode() for name, table in TABLES.items()}
    whole["blank"] = b"\n" * 10**6
    folder = tmp_path / "in"
    folder.mkdir()

    @fuzz("compressed")
    @given(st.sampled_from(sorted(whole)), st.lists(st.sampled_from(sorted(PACKERS)), min_size=1, max_size=2), BYTES)
    def run(name, endings, change):
        data, path = whole[name], folder / ("bench_x.csv" + "".join(endings))
        for ending in endings:
            data = PACKERS[ending](data)
        path.write_bytes(rewritten(data, change if change[0] in BINARY else KEPT))
        only_a_survey_or_an_error(path)
        assert [p.name for p in folder.iterdir()] == [path.name]
        path.unlink()

    run()


def _parquet(table: pd.DataFrame) -> bytes:
    out = io.BytesIO()
    table.to_parquet(out)
    return out.getvalue()


NAMES = ["header.json", "_journal/start.json", "../../outside.json", "/tmp/outside.json", "header.json/", "", "a\\b"]


@fuzz("archives")
@given(
    DAMAGE,
    st.lists(st.tuples(st.sampled_from(NAMES), st.booleans()), min_size=1, max_size=4),
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, ZSTD]),
    st.lists(BYTES, max_size=2),
    OPTIONS,
)
@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_damaged_archives(tmp_path_factory, changes, members, packing, rewrites, options):
    folder = tmp_path_factory.getbasetemp() / "archives"
    folder.mkdir(exist_ok=True)
    contents = [
        (name or "x", as_json(damaged(DOCUMENTS["inspect_ai"], [] if good else changes))) for name, good in members
    ]
    if packing == ZSTD:
        data = samples.packed_with_zstd(dict(contents))
    else:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", packing) as archive:
            for name, content in contents:
                archive.writestr(zipfile.ZipInfo(name), content, packing)
        data = out.getvalue()
    for change in rewrites:
        data = rewritten(data, change if change[0] in BINARY else KEPT)
    path = folder / "log.eval"
    path.write_bytes(data)
    only_a_survey_or_an_error(path, **options)
    assert [p.name for p in folder.iterdir()] == ["log.eval"]


@fuzz("folders")
@given(st.lists(st.tuples(st.sampled_from(sorted(DOCUMENTS)), DAMAGE, BYTES), min_size=1, max_size=3), OPTIONS)
def test_folders_of_damaged_documents(tmp_path_factory, files, options):
    folder = tmp_path_factory.getbasetemp() / "folder"
    (folder / "inner").mkdir(parents=True, exist_ok=True)
    for old in folder.rglob("*.json"):
        old.unlink()
    for k, (kind, changes, change) in enumerate(files):
        name = f"results_{k}.json" if k else "inner/results_x.json"
        (folder / name).write_bytes(rewritten(as_json(damaged(DOCUMENTS[kind], changes)), change))
    before = sorted(folder.rglob("*"))
    only_a_survey_or_an_error(folder, **options)
    assert sorted(folder.rglob("*")) == before
