"""How often a kept voice is taken for somebody absent, and how often its own person is found, on any folder of voices.

    python scripts/evaluate_voices.py FOLDER [--json]

FOLDER has a folder for each person, with one or more recordings (.wav .flac .mp3 .m4a .opus .ogg) of them alone. The
first recording by name is kept, as `dialogue voices add` does; it is held against every other recording, one at a time,
as if that were an episode of one voice: the hardest case, for there is no other voice to be nearer to. Recordings of
others must be nobody's, or asked about; the person's own must be found. The encoder is the one `dialogue plan` takes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dialogue.diarization.diarizer import Diarizer, choose_diarizer
from dialogue.diarization.people import Scale, match_voices, scale_of
from dialogue.ground.errors import SceneError
from dialogue.media.recordings import read_samples

if TYPE_CHECKING:
    from dialogue.diarization.diarization import Voice

SOUND = {".wav", ".flac", ".mp3", ".m4a", ".opus", ".ogg"}


@dataclass(frozen=True)
class Row:
    """What became of one kept voice. `nearest`: the absent recording most alike, `own`: their own least alike."""

    person: str
    absent: dict[str, int]  # recordings of others, by verdict: sure (a mistake), ask, nobody
    nearest: tuple[str, float] | None
    present: dict[str, int]  # recordings of their own, by verdict: sure, ask, nobody (a mistake)
    own: tuple[str, float] | None


def voices_of(folder: Path, diarizer: Diarizer) -> dict[str, dict[str, Voice]]:
    """Voices by person and recording; what cannot be heard is left out and told."""
    found: dict[str, dict[str, Voice]] = {}
    for path in sorted(path for path in folder.glob("*/*") if path.suffix.casefold() in SOUND):
        try:
            found.setdefault(path.parent.name, {})[path.stem] = diarizer.voice_of(read_samples(path))
        except (SceneError, ValueError) as error:
            print(f"{path}: left out: {error}", file=sys.stderr)
    return found


def row_of(person: str, voices: Mapping[str, Mapping[str, Voice]], scale: Scale) -> Row:
    """The person's first recording against all others."""
    first, *others = voices[person]
    kept = {person: voices[person][first]}

    def compared(recordings: dict[str, Voice]) -> tuple[dict[str, int], list[tuple[str, float]]]:
        verdicts: Counter[str] = Counter({"sure": 0, "ask": 0, "nobody": 0})
        alike = []
        for name, voice in recordings.items():
            (match,) = match_voices({name: voice}, kept, scale).labels
            verdicts[match.verdict] += 1
            alike.append((name, round(match.similarity, 3)))
        return dict(verdicts), sorted(alike, key=lambda pair: pair[1])

    absent, strangers = compared(
        {f"{who}/{name}": voice for who, each in voices.items() if who != person for name, voice in each.items()}
    )
    present, own = compared({name: voices[person][name] for name in others})
    return Row(person, absent, strangers[-1] if strangers else None, present, own[0] if own else None)


def total(rows: list[Row]) -> dict[str, dict[str, int]]:
    """The verdicts of all rows added up."""
    return {
        kind: {v: sum(getattr(row, kind)[v] for row in rows) for v in ("sure", "ask", "nobody")}
        for kind in ("absent", "present")
    }


def table(rows: list[Row]) -> str:
    """A line per person, and the sums."""
    lines = [f"{'person':22} {'absent: taken, asked, nearest':38} own: found, asked, lost"]
    for row in rows:
        absent, present = row.absent, row.present
        nearest = f"{row.nearest[1]:.2f} {row.nearest[0]}" if row.nearest else ""
        least = f"  least {row.own[1]:.2f}" if row.own else ""
        told = f"{absent['sure']:4} {absent['ask']:4}  {nearest}"
        lines.append(
            f"{row.person:22.22} {told:38.38} {present['sure']:3} {present['ask']:3} {present['nobody']:3}{least}"
        )
    sums = total(rows)
    of = {kind: sum(verdicts.values()) for kind, verdicts in sums.items()}
    absent, present = sums["absent"], sums["present"]
    lines.append(f"absent, of {of['absent']}: {absent['sure']} taken, {absent['ask']} asked about")
    lines.append(
        f"their own, of {of['present']}: {present['sure']} found, {present['ask']} asked, {present['nobody']} lost"
    )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--json", action="store_true", help="for programs")
    arguments = parser.parse_args()
    diarizer = choose_diarizer()
    voices = voices_of(arguments.folder, diarizer)
    if not voices:
        parser.error(f"{arguments.folder} has no folder with recordings in it")
    rows = [row_of(person, voices, scale_of(diarizer.name)) for person in voices]
    if arguments.json:
        print(json.dumps({"rows": [asdict(row) for row in rows], "total": total(rows)}, ensure_ascii=False, indent=1))
    else:
        print(table(rows))


if __name__ == "__main__":
    main()
