"""How well recordings with known turns are diarized: DER with and without collar and overlap, speaker counts.

    python scripts/evaluate_diarization.py FOLDER [--speakers known|guess] [--json]

FOLDER holds recordings (.wav .flac .mp3 .m4a .opus .ogg) and their truth: an RTTM of the same name beside each, or
RTTM files that name several recordings, or a .segments file of the same name (pyAudioAnalysis: start, end and label in
a line). A UEM file, if there is one, says which parts are scored. The diarizer is the
one `dialogue plan` would choose. Scores are pyannote.metrics'; a collar here is the seconds removed on each side of
every boundary of the truth, as md-eval, dscore and spyder count it (pyannote counts both sides together).
"""

from __future__ import annotations

import argparse
import json
import time
import unicodedata
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pyannote.core import Annotation, Segment, Timeline
from pyannote.database.util import load_rttm, load_uem
from pyannote.metrics.diarization import DiarizationErrorRate

from dialogue.diarization.diarization import Diarization
from dialogue.diarization.diarizer import Diarizer, choose_diarizer
from dialogue.diarization.tidy import tidy
from dialogue.media.recordings import read_samples
from dialogue.media.speech import listen_to, speech_segments

SOUND = {".wav", ".flac", ".mp3", ".m4a", ".opus", ".ogg"}


@dataclass(frozen=True)
class Score:
    """Seconds of reference speech and of each kind of error; `der` is their ratio."""

    total: float
    missed: float
    false_alarm: float
    confusion: float

    @property
    def der(self) -> float:
        return (self.missed + self.false_alarm + self.confusion) / self.total if self.total else 0.0

    def __add__(self, other: Score) -> Score:
        return Score(
            self.total + other.total,
            self.missed + other.missed,
            self.false_alarm + other.false_alarm,
            self.confusion + other.confusion,
        )


def score(
    reference: Annotation, hypothesis: Annotation, uem: Timeline | None, collar: float, skip_overlap: bool
) -> Score:
    """Errors of `hypothesis`; `collar` is seconds on each side of a boundary of the reference."""
    metric = DiarizationErrorRate(collar=2 * collar, skip_overlap=skip_overlap)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # without a UEM pyannote.metrics says what it takes instead
        parts = metric(reference, hypothesis, uem=uem, detailed=True)
    return Score(parts["total"], parts["missed detection"], parts["false alarm"], parts["confusion"])


CONDITIONS = {"strict": (0.0, False), "no overlap": (0.0, True), "forgiving (.25 s, no overlap)": (0.25, True)}


@dataclass(frozen=True)
class Result:
    """One recording: speakers in truth and found, scores by condition, seconds of work."""

    file: str
    speakers: int
    found: int
    seconds: float
    scores: Mapping[str, Score]


def as_annotation(diarization: Diarization) -> Annotation:
    """The segments as pyannote.core holds them."""
    annotation = Annotation()
    for track, segment in enumerate(diarization.segments):
        annotation[Segment(segment.start, segment.end), track] = segment.label
    return annotation


def evaluate(diarizer: Diarizer, path: Path, reference: Annotation, uem: Timeline | None, known: bool) -> Result:
    """Diarize one recording and score it in every condition."""
    samples = read_samples(path)
    began = time.perf_counter()
    speech = speech_segments(listen_to([samples]))
    speakers = len(reference.labels())
    found = tidy(diarizer.label(samples, speech, speakers if known else None), speech)
    took = time.perf_counter() - began
    hypothesis = as_annotation(found)
    scores = {name: score(reference, hypothesis, uem, *rule) for name, rule in CONDITIONS.items()}
    return Result(path.name, speakers, len(found.labels), took, scores)


def truths(folder: Path) -> tuple[dict[str, Annotation], dict[str, Timeline]]:
    """All turns and scored parts that the folder's RTTM, .segments and UEM files tell, by recording name."""
    turns: dict[str, Annotation] = {}
    parts: dict[str, Timeline] = {}
    for file in sorted(folder.glob("*.rttm")):
        for name, annotation in load_rttm(str(file)).items():
            turns[name] = turns[name].update(annotation) if name in turns else annotation
    for file in sorted(folder.glob("*.segments")):
        lines = (line.split() for line in file.read_text().splitlines() if line.strip())
        turns[file.stem] = Annotation.from_records(
            (Segment(float(start), float(end)), track, label) for track, (start, end, label) in enumerate(lines)
        )
    for file in sorted(folder.glob("*.uem")):
        parts.update(load_uem(str(file)))
    return turns, parts


def truth_of(path: Path, turns: Mapping[str, Annotation]) -> str | None:
    """The name under which a recording's truth is known: its own, or the same without accents."""
    plain = "".join(c for c in unicodedata.normalize("NFD", path.stem) if not unicodedata.combining(c))
    return next((name for name in (path.stem, plain) if name in turns), None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--speakers", choices=["known", "guess"], default="known")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    turns, parts = truths(arguments.folder)
    diarizer = choose_diarizer()
    results = []
    for path in sorted(arguments.folder.iterdir()):
        name = truth_of(path, turns) if path.suffix.lower() in SOUND else None
        if name is not None:
            known = arguments.speakers == "known"
            results.append(evaluate(diarizer, path, turns[name], parts.get(name), known))
    if not results:
        parser.error(f"{arguments.folder}: no recording with an RTTM that names it")
    if arguments.json:
        print(json.dumps({"diarizer": diarizer.name, "files": [_plain(result) for result in results]}, indent=1))
    else:
        _print(diarizer, results)


def _plain(result: Result) -> dict[str, object]:
    scores = {name: {**asdict(each), "der": each.der} for name, each in result.scores.items()}
    return {**asdict(result), "scores": scores}


def _print(diarizer: Diarizer, results: list[Result]) -> None:
    print(f"diarizer: {diarizer.name} ({diarizer.reason})")
    print(f"{'recording':24} speakers found  " + "  ".join(f"DER {name}" for name in CONDITIONS))
    for result in results:
        rates = "  ".join(f"{result.scores[name].der:{len(name) + 4}.1%}" for name in CONDITIONS)
        print(f"{result.file:24} {result.speakers:8} {result.found:5}  {rates}")
    pooled = {name: sum((r.scores[name] for r in results), Score(0, 0, 0, 0)) for name in CONDITIONS}
    rates = "  ".join(f"{pooled[name].der:{len(name) + 4}.1%}" for name in CONDITIONS)
    print(f"{'all':24} {'':8} {'':5}  {rates}")
    one = pooled["strict"]
    print(f"strict: missed {one.missed:.1f} s, false alarm {one.false_alarm:.1f} s, confusion {one.confusion:.1f} s")


if __name__ == "__main__":
    main()
