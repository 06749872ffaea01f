"""How well lines are found in recordings by hearing: edges, what differs, other people's turns, speed.

    python scripts/evaluate_alignment.py              # talks made here with espeak-ng, of known truth
    python scripts/evaluate_alignment.py FOLDER       # recordings of yours: X.wav beside X.json
    python scripts/evaluate_alignment.py --json

X.json holds `{"language": "en", "lines": [{"speaker": "ana", "text": "…", "start": 0.5, "end": 2.1}, …]}` in the order
of the script; a line that is not said has no times.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from alignment.material import RATE, Talk, talk

from dialogue.hearing.lines import ScriptLine, hear_lines
from dialogue.media.recordings import read_samples

SHORT, LONG = (0.06, 0.25), (0.25, 0.9)
MADE = {
    "pauses .25-.9 s": {"pauses": LONG},
    "pauses .06-.25 s": {"pauses": SHORT},
    "music at 10 dB": {"pauses": LONG, "music": True},
    "4 lines missing": {"pauses": LONG, "missing": 4},
    "2 swaps": {"pauses": LONG, "swaps": 2},
    "4 ad libs": {"pauses": LONG, "extra": 4},
    "German": {"pauses": LONG, "language": "de"},
    "French": {"pauses": LONG, "language": "fr"},
}


@dataclass
class Score:
    """Sums over talks. `edges`: how far each edge of a line that is said was off, in seconds; inf: not found."""

    edges: list[float]
    missing: list[int]  # found, there, told though they are said
    swapped: list[int]  # found, there
    extra: list[int]  # found, there
    others: list[int]  # lines in another speaker's turn, of all
    cpu: float = 0.0
    seconds: float = 0.0


def score(talks: Iterator[tuple[Talk, str]]) -> Score:
    total = Score([], [0, 0, 0], [0, 0], [0, 0], [0, 0])
    for made, language in talks:
        lines = [ScriptLine(n, speaker, text) for n, (speaker, text) in enumerate(made.script)]
        begun = time.process_time()
        heard = hear_lines(made.samples, lines, language)
        total.cpu += time.process_time() - begun
        total.seconds += len(made.samples) / RATE
        told = {kind: {d.item for d in heard.differences if d.kind == kind} for kind in ("missing", "moved")}
        spans = [d for d in heard.differences if d.kind == "extra"]
        for n, truth in enumerate(made.truth):
            found = heard.lines.get(n)
            if truth is None:
                total.missing[0] += n in told["missing"]
                total.missing[1] += 1
                continue
            total.missing[2] += n in told["missing"]
            total.edges += [abs(found.start - truth[0]), abs(found.end - truth[1])] if found else [np.inf, np.inf]
            if found is not None:
                middle = (found.start + found.end) / 2
                total.others[1] += 1
                total.others[0] += any(
                    other is not None and other[0] <= middle < other[1] and made.script[m][0] != made.script[n][0]
                    for m, other in enumerate(made.truth)
                )
        pairs = sorted(made.swapped)
        for first, second in zip(pairs[::2], pairs[1::2], strict=True):
            total.swapped[0] += bool({first, second} & told["moved"])
            total.swapped[1] += 1
        for start, end in made.extra:
            total.extra[0] += any((s.start or 0.0) < end and (s.end or 0.0) > start for s in spans)
            total.extra[1] += 1
    return total


def of_folder(folder: Path) -> Iterator[tuple[Talk, str]]:
    for described in sorted(folder.glob("*.json")):
        record = json.loads(described.read_text(encoding="utf-8"))
        sound = next(path for path in folder.glob(f"{described.stem}.*") if path != described)
        rows = record["lines"]
        truth = tuple((row["start"], row["end"]) if row.get("start") is not None else None for row in rows)
        script = tuple((row["speaker"], row["text"]) for row in rows)
        yield Talk(np.asarray(read_samples(sound), np.float32), script, truth), record.get("language", "en")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="recordings of yours; absent, talks made here")
    parser.add_argument("--seeds", default="300,301,302,303,304,305,306,307,308,309", help="of the talks made here")
    parser.add_argument("--json", action="store_true", help="for programs")
    options = parser.parse_args()
    seeds = [int(seed) for seed in options.seeds.split(",")]
    kinds = {"your recordings": None} if options.folder else MADE
    rows = {}
    for name, how in kinds.items():
        if how is None:
            found = score(of_folder(options.folder))
        else:
            language = str(how.get("language", "en"))
            rest = {key: value for key, value in how.items() if key != "language"}
            found = score((talk(seed, language, **rest), language) for seed in seeds)  # type: ignore[arg-type]
        edges = np.array(found.edges)
        rows[name] = {
            **{f"within {w}": round(100 * float(np.mean(edges <= w)), 1) for w in (0.1, 0.25, 0.5, 1.0)},
            "missing": found.missing, "swapped": found.swapped, "extra": found.extra, "in another's turn": found.others,
            "cpu s a minute": round(found.cpu / found.seconds * 60, 2),
        }  # fmt: skip
    if options.json:
        print(json.dumps(rows, indent=1))
        return 0
    heads = ("material", ".1 / .25 / .5 / 1 s", "missing found (false)", "swaps", "ad libs", "in another's turn")
    print(f"| {' | '.join(heads)} | CPU s a minute |")
    print("|---|---|---|---|---|---|---|")
    for name, row in rows.items():
        within = " / ".join(f"{row[f'within {w}']:.0f}" for w in (0.1, 0.25, 0.5, 1.0))
        missing, swapped, extra, others = row["missing"], row["swapped"], row["extra"], row["in another's turn"]
        cells = [
            f"{missing[0]} of {missing[1]} ({missing[2]})" if missing[1] else f"({missing[2]})",
            *(f"{found[0]} of {found[1]}" if found[1] else "" for found in (swapped, extra)),
            f"{others[0]} of {others[1]}",
        ]
        print(f"| {name} | {within} | {' | '.join(cells)} | {row['cpu s a minute']} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
