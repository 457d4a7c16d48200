"""Run every fault and write the page: ``python -m studies.faults --out reports/faults``."""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bayes_frontier.display import markdown_table
from bayes_frontier.files import make_folder, replace_file
from bayes_frontier.provenance import code_digest
from studies.faults import damage, kills, manners, tables
from studies.faults.bench import Bench, made

MOST_SECONDS, MOST_MB = 10.0, 1000.0
CRAFTED_SECONDS, CRAFTED_MB, MOST_GROWTH = 5.0, 500.0, 0.05
FULL = {"kills": 50, "interrupts": 10, "truncated": 300, "flipped": 1000, "flipped and sealed anew": 100}
FULL |= {"processes": 20, "fits": 100}


def parts(bench: Bench, sizes: dict[str, int]) -> dict[str, Callable[[], Any]]:
    """Name what is measured and how; the parts of each name before the colon belong together."""
    made: dict[str, Callable[[], Any]] = {}
    for kind in ("truncated", "flipped", "flipped and sealed anew"):
        made[f"damage:{kind}"] = partial(_damage, bench, kind, sizes[kind])
    made["crafted"] = partial(_crafted, bench)
    made["tables"] = lambda: {name: {"outcome": how, "words": words} for name, how, words in tables.measure()}
    for part in (manners.streams, manners.targets, manners.disks):
        made[part.__name__] = partial(_listed, part, bench)
    made["names"] = partial(manners.names, bench)
    for name in kills.COMMANDS:
        made[f"kills:{name}"] = partial(kills.kill, bench, name, sizes["kills"])
        made[f"interrupts:{name}"] = partial(kills.interrupt, bench, name, sizes["interrupts"])
    made["growth"] = partial(_growth, sizes["fits"])
    n = sizes["processes"]
    made["left"] = lambda: {"processes": n, "files": manners.processes(bench, n)}
    return made


def _damage(bench: Bench, kind: str, n: int) -> dict[str, Any]:
    counts, seconds, peak = damage.damage(bench, kind, n)
    return {"counts": counts, "seconds": round(seconds, 2), "peak_mb": round(peak)}


def _crafted(bench: Bench) -> dict[str, Any]:
    found = {}
    for name in damage.CRAFTED:
        run = damage.craft(bench, name)
        outcome = damage.WORDS.get(run.status, f"ended by {run.status}")
        found[name] = {"outcome": outcome, "seconds": round(run.seconds, 2), "peak_mb": round(run.peak_mb)}
    return found


def _listed(part: Callable[[Bench], Iterable[tuple[str, list[str]]]], bench: Bench) -> dict[str, list[str]]:
    return dict(part(bench))


def _growth(fits: int) -> dict[str, Any]:
    before, after = manners.growth(fits)
    return {"fits": fits, "mb": [round(before), round(after)], "share": round(after / before - 1, 4)}


def gathered(done: dict[str, Any]) -> dict[str, Any]:
    """Put parts that belong together under one name."""
    found: dict[str, Any] = {}
    for name, one in done.items():
        whole, _, part = name.partition(":")
        if part:
            found.setdefault(whole, {})[part] = one
        else:
            found[whole] = one
    return found


def missed(found: dict[str, Any]) -> list[str]:
    """Name what does not hold."""
    bad = [
        f"{name}: {what} {n}"
        for part, harmless in (("kills", _KILLED), ("interrupts", ("interrupted", "over before")))
        for name, counts in found[part].items()
        for what, n in counts.items()
        if n and what not in harmless
    ]
    for kind, one in found["damage"].items():
        wrong = sum(n for what, n in one["counts"].items() if what not in _FINE[kind])
        if wrong or one["seconds"] > MOST_SECONDS or one["peak_mb"] > MOST_MB:
            bad.append(f"{kind}: {one}")
    bad += [
        f"crafted, {name}: {one}"
        for name, one in found["crafted"].items()
        if one["outcome"] != "refused" or one["seconds"] > CRAFTED_SECONDS or one["peak_mb"] > CRAFTED_MB
    ]
    bad += [f"table, {name}: {one['words']}" for name, one in found["tables"].items() if one["outcome"] == "UNEXPECTED"]
    bad += [
        f"{part}, {name}: {'; '.join(wrong)}"
        for part in ("names", "disks", "streams", "targets")
        for name, wrong in found[part].items()
        if wrong
    ]
    bad += [f"left by processes: {found['left']['files']}"] if found["left"]["files"] else []
    return bad + ([f"memory grows: {found['growth']}"] if found["growth"]["share"] > MOST_GROWTH else [])


_KILLED = ("killed", "unfinished when killed", "run again")
# a bit turned around and sealed anew is another fit, as the one who seals it may want: it need only be read or refused
_FINE = {
    "truncated": ("refused",),
    "flipped": ("refused", "harmless"),
    "flipped and sealed anew": ("refused", "harmless", "other answers"),
}


def page(found: dict[str, Any], seconds: float) -> str:
    """Write the page."""
    bad = missed(found)
    lines = ["# Faults: what goes wrong around a fit, and what comes of it\n"]
    lines.append(f"Written by `make faults` in {seconds / 60:.0f} minutes of one core. ")
    lines.append("Everything holds.\n" if not bad else f"**{len(bad)} do not hold:**\n")
    lines += [f"* {line}" for line in bad]
    lines.append(
        "\nCommands run in forks of a process that has the package loaded and the model compiled, so that a random "
        "moment falls into their work and not into its preparation; every fifth is killed half way through "
        "a file. After a kill no file under a target's name is half of one; every third time the command runs "
        "again, must succeed, and must leave nothing unfinished behind.\n"
    )
    columns: tuple[str, ...] = (
        "killed",
        "unfinished when killed",
        "half written",
        "run again",
        "failed again",
        "left after it",
    )
    rows = [[name, *(counts.get(column, 0) for column in columns)] for name, counts in found["kills"].items()]
    lines += ["## Killed at random moments\n", markdown_table(["command", *columns], rows, "l" + 6 * "r")]
    columns = ("interrupted", "over before", "other status", "other words", "left")
    rows = [[name, *(counts.get(column, 0) for column in columns)] for name, counts in found["interrupts"].items()]
    lines += ["## Interrupted (SIGINT, SIGTERM): status 130, one sentence\n"]
    lines += [markdown_table(["command", *columns], rows, "l" + 5 * "r"), "## A saved fit damaged\n"]
    words = ("refused", "harmless", "other answers", "untyped")
    rows = [
        [kind, *(one["counts"].get(word, 0) for word in words), f"{one['seconds']:.1f}", f"{one['peak_mb']:,}"]
        for kind, one in found["damage"].items()
    ]
    lines.append(markdown_table(["a fit", *words, "slowest, s", "most memory, MB"], rows, "l" + 6 * "r"))
    lines.append("The memory is that of the process, which has the package loaded, and not of the file alone.\n")
    crafted = found["crafted"].values()
    lines.append(
        f"## Crafted with the digest that belongs to them\n\n{len(crafted)} files: "
        f"{sum(one['outcome'] == 'refused' for one in crafted)} refused by a typed error, the slowest in "
        f"{max(one['seconds'] for one in crafted):.1f} s, in at most {max(one['peak_mb'] for one in crafted):,} MB: "
        f"{', '.join(found['crafted'])}.\n"
    )
    rows = [[name, one["outcome"], one["words"][:160]] for name, one in found["tables"].items()]
    lines += ["## Degenerate tables\n", markdown_table(["table", "outcome", "words"], rows)]
    lines.append(
        f"## Manners\n\n* Hostile names: {len(found['names'])} runs and files, "
        f"{sum(map(bool, found['names'].values()))} with a formula, a control character, a script or a defect.\n"
        f"* Full disks: {len(found['disks'])} commands, three sizes, {sum(map(bool, found['disks'].values()))} wrong.\n"
        f"* Standard output closed, full or unread: {len(found['streams'])} runs, "
        f"{sum(map(bool, found['streams'].values()))} wrong.\n"
        f"* Targets that cannot be written, and links: {len(found['targets'])} kinds, "
        f"{sum(map(bool, found['targets'].values()))} wrong.\n"
        f"* {found['left']['processes']} processes that fit: {len(found['left']['files'])} files left.\n"
        f"* {found['growth']['fits']} fits in one process: {found['growth']['mb'][0]:,} MB after a tenth of them, "
        f"{found['growth']['mb'][1]:,} MB at the end ({100 * found['growth']['share']:+.1f}%).\n"
    )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the faults."""
    parser = argparse.ArgumentParser(prog="python -m studies.faults", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("reports/faults"), help="folder for README.md and faults.json")
    parser.add_argument("--share", type=float, default=1.0, help="share of the trials, for a look")
    given = parser.parse_args(arguments)
    sizes = {name: max(2, round(n * given.share)) for name, n in FULL.items()}
    make_folder(given.out, "--out")
    # as the command line does: all that is compiled here Numba compiles
    os.environ.setdefault("PYTENSOR_FLAGS", "cxx=")
    kept, state = given.out / "faults.json", f"{code_digest(['.'])[:16]}, share {given.share:g}"
    before = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    done: dict[str, Any] = before["parts"] if before.get("state") == state else {}
    seconds = float(before["seconds"]) if done else 0.0
    with made() as bench:
        for name, part in parts(bench, sizes).items():
            if name in done:
                continue
            started = time.monotonic()
            done[name] = part()
            seconds += time.monotonic() - started
            print(f"{name}: {str(done[name])[:200]}", flush=True)
            content = {"state": state, "seconds": round(seconds), "parts": done}
            replace_file(kept, (json.dumps(content, indent=1) + "\n").encode(), "--out")
    found = gathered(done)
    replace_file(given.out / "README.md", page(found, seconds).encode(), "--out")
    for line in missed(found):
        print(line)
    return int(bool(missed(found)))


if __name__ == "__main__":
    raise SystemExit(main())
