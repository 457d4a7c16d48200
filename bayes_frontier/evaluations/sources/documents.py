"""JSON documents of one format, one or a folder of them: recognised by content, read one by one."""

import re
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from bayes_frontier.errors import DataError
from bayes_frontier.evaluations.lines import Lines, Request
from bayes_frontier.evaluations.sources import evalscope, every_eval_ever, helm, inspect_ai, lighteval, lm_eval, table
from bayes_frontier.evaluations.sources.scores import Score, latest, scores_to_lines, unreadable
from bayes_frontier.evaluations.tables.records import sheet_of
from bayes_frontier.evaluations.tables.source import Source, read_document
from bayes_frontier.text import count, listed


class Kind(NamedTuple):
    """A format of documents: what tells it, what reads it, and its name for people."""

    recognises: Callable[[object], bool]
    scores: Callable[[object, str, Request], list[Score]]
    words: str


KINDS = {
    "inspect_ai": Kind(inspect_ai.recognises, inspect_ai.scores, "Inspect AI logs"),
    "every_eval_ever": Kind(every_eval_ever.recognises, every_eval_ever.scores, "Every Eval Ever records"),
    "helm": Kind(helm.recognises, helm.scores, "HELM runs or tables"),
    "evalscope": Kind(evalscope.recognises, evalscope.scores, "EvalScope reports"),
    "lighteval": Kind(lighteval.recognises, lighteval.scores, "lighteval results"),
    "lm_eval": Kind(lm_eval.recognises, lm_eval.scores, "lm-evaluation-harness results"),
}


def parse(source: Source, request: Request, wanted: str | None = None) -> Lines:
    """Read the documents of a source."""
    found: dict[str, list[Score]] = {}
    broken: list[Score] = []
    foreign: list[str] = []
    deviations: Counter[str] = Counter()
    n_files: Counter[str] = Counter()
    for document in source.documents():
        if document.problem:
            broken.append(unreadable(document.name, document.problem))
            continue
        kind = next((name for name, kind in KINDS.items() if kind.recognises(document.content)), None)
        if kind is None or wanted not in (None, kind):
            foreign.append(document.name)
            continue
        n_files[kind] += 1
        made = KINDS[kind].scores(document.content, document.name, request)
        if kind == "evalscope" and document.path is not None:
            made = evalscope.with_run(made, document.path, request)
        found.setdefault(kind, []).extend(made)
        if kind == "every_eval_ever":
            deviations.update(set(every_eval_ever.deviations(document.content)))
    if not found and wanted is None and len(foreign) == 1 and not broken:
        return parse_records(source, foreign[0], request)
    if not found:
        raise DataError(_nothing(source, broken, foreign, wanted))
    if len(found) > 1:
        kinds = " and ".join(f"{n_files[name]:,} {KINDS[name].words}" for name in found)
        raise DataError(
            f"{source.name} holds {kinds}: give a folder or a file of one kind, or name the format ({listed(found)})."
        )
    ((kind, scores),) = found.items()
    if request.columns:
        raise DataError(f"columns: {KINDS[kind].words} have none; leave the mapping out.")
    notes = [f"{n_files[kind]:,} {KINDS[kind].words} read"] if source.folder else []
    if foreign:
        notes.append(f"{count(len(foreign), 'JSON file')} of another kind not read: {listed(foreign, 5)}")
    if source.others:
        notes.append(f"{count(source.others, 'file')} of the folder neither JSON nor a log: not read")
    if deviations:
        found_there = "; ".join(f"{what} ({n:,})" for what, n in deviations.most_common(20))
        notes.append(f"deviations from schema {every_eval_ever.VERSIONS[-1]}, by records: {found_there}")
    if kind == "every_eval_ever":
        every_eval_ever.note_few_items(scores, notes)
    if kind == "lm_eval":
        runs = [s.released for s in scores if s.task == "math_lvl_5" and s.released and not s.reason]
        lm_eval.note_scorings(runs, notes)
    return scores_to_lines([*latest(scores), *broken], source.name, kind, request, notes, dates="evaluation")


def parse_records(source: Source, name: str, request: Request) -> Lines:
    """Read a document of no known kind as records, laid out as a table."""
    path = source.path or (source.folder / name if source.folder else None)
    shown = source.name if path is None else str(path)
    content = None if path is None else read_document(path, shown)
    if helm.lacks_its_run(content):
        raise DataError(
            f"{shown} is a HELM run's stats.json without its run_spec.json, which names the model: put both "
            "into one folder, as HELM writes them, and give that."
        )
    try:
        return table.parse(sheet_of(content, shown, name, alone="model" in request.columns), request)
    except DataError as error:
        if re.search("no column for model|no records of scores", str(error)):
            raise DataError(f"{_nothing(source, [], [name], None)} As records: {error}", error.remedy) from None
        raise


def _nothing(source: Source, broken: list[Score], foreign: list[str], wanted: str | None) -> str:
    kinds = KINDS[wanted].words if wanted else ", ".join(kind.words for kind in KINDS.values())
    if source.folder is None:
        return (
            f"{source.path} is JSON, but not of a kind that is read ({kinds}): give one of these, or export a "
            "table as CSV or Parquet."
        )
    said = f"{count(len(foreign), 'JSON file')} of another kind ({listed(foreign, 3)})" if foreign else ""
    if broken:
        first = f"{broken[0].file}: {broken[0].detail}"
        said += (", " if said else "") + f"{count(len(broken), 'file')} that cannot be read ({first})"
    return f"{source.name} is a directory without evaluations of a kind that is read ({kinds}): {said}."
