"""Diarization by sherpa-onnx with its published models: overlapping speech is two turns, and nothing is gated.

sherpa-onnx (Apache-2.0) runs the segmentation, the voice vectors and the clustering in one call; the voice of a label
is the mean of the vectors of where it speaks alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialogue.diarization.diarization import Diarization
from dialogue.diarization.sherpa_files import complaint, voices_folder
from dialogue.ground.errors import Problem, SceneError
from dialogue.ground.segments import LabelledSegment

if TYPE_CHECKING:
    from dialogue.diarization.diarization import Samples, Voice

METHOD = "sherpa-onnx (segmentation with overlap, voice vectors, clustering)"
RATE = 16_000  # Hz
_THRESHOLD = 0.5  # cosine distance under which two clusters are one voice, where nobody says how many: sherpa's own
_PIECE = 10.0  # seconds of speech behind one vector of a label
_LEAST = 0.5  # seconds alone without which a label has no voice
_THREADS = 2


def diarize_by_sherpa(samples: Samples, speakers: int | None, reason: str, folder: Path | None = None) -> Diarization:
    """Who speaks when. `speakers`: how many, None to let the clustering find out, with a warning."""
    folder = folder or _right_folder()
    found = _pipeline(folder, speakers).process(samples).sort_by_start_time() if len(samples) >= RATE // 10 else []
    order = list(dict.fromkeys(segment.speaker for segment in found))
    segments = tuple(
        sorted(
            LabelledSegment(segment.start, segment.end, f"SPEAKER_{order.index(segment.speaker):02d}", origin=METHOD)
            for segment in found
        )
    )
    if not segments:
        return Diarization((), METHOD, reason, warnings=("nobody speaks in the recording",))
    warnings = []
    if speakers is None:
        warnings.append(f"the number of speakers was guessed from the voices: {len(order)} (say it with --speakers)")
    elif len(order) < speakers:
        warnings.append(f"{speakers} speakers were expected, {len(order)} voices were found")
    return Diarization(segments, METHOD, reason, _voices(samples, segments, folder), warnings=tuple(warnings))


def voice_by_sherpa(samples: Samples, folder: Path | None = None) -> Voice:
    """The voice in a sample of one speaker alone: its speech only, or all of it when none is found."""
    import numpy as np

    from dialogue.media.speech import listen_to, speech_segments

    speech = speech_segments(listen_to([samples]))
    parts = [samples[int(s.start * RATE) : int(s.end * RATE)] for s in speech]
    return _voice(np.concatenate(parts) if parts else samples, _extractor(folder or _right_folder()))


def _right_folder() -> Path:
    """The folder of the models; SceneError when one of them is damaged, which would end the process."""
    folder = voices_folder()
    wrong = complaint(folder)
    if wrong is not None:
        raise SceneError(Problem(wrong))
    return folder


def _pipeline(folder: Path, speakers: int | None) -> Any:
    import sherpa_onnx

    from dialogue.diarization.sherpa_files import SEGMENTATION

    pyannote = sherpa_onnx.OfflineSpeakerSegmentationPyannoteModelConfig(model=str(folder / SEGMENTATION))
    config = sherpa_onnx.OfflineSpeakerDiarizationConfig(
        segmentation=sherpa_onnx.OfflineSpeakerSegmentationModelConfig(pyannote=pyannote, num_threads=_THREADS),
        embedding=_embedding(folder),
        clustering=sherpa_onnx.FastClusteringConfig(num_clusters=speakers or -1, threshold=_THRESHOLD),
    )
    return sherpa_onnx.OfflineSpeakerDiarization(config)


def _embedding(folder: Path) -> Any:
    import sherpa_onnx

    from dialogue.diarization.sherpa_files import VOICE

    return sherpa_onnx.SpeakerEmbeddingExtractorConfig(model=str(folder / VOICE), num_threads=_THREADS)


def _extractor(folder: Path) -> Any:
    import sherpa_onnx

    return sherpa_onnx.SpeakerEmbeddingExtractor(_embedding(folder))


def _voices(samples: Samples, segments: Sequence[LabelledSegment], folder: Path) -> dict[str, Voice]:
    """The voice of each label, from where it speaks alone; from all its turns where it never does for long."""
    import numpy as np

    extractor = _extractor(folder)
    speaking = {label: np.zeros(len(samples), bool) for label in dict.fromkeys(s.label for s in segments)}
    for segment in segments:
        speaking[segment.label][round(segment.start * RATE) : round(segment.end * RATE)] = True
    alone = np.sum(list(speaking.values()), axis=0) == 1
    found = {}
    for label, heard in speaking.items():
        own = samples[heard & alone] if (heard & alone).sum() >= _LEAST * RATE else samples[heard]
        found[label] = _voice(own, extractor)
    return found


def _voice(speech: Samples, extractor: Any) -> Voice:
    """The mean of the vectors of pieces of equal length, of length 1."""
    import numpy as np

    count = max(1, round(len(speech) / (_PIECE * RATE)))
    vectors = []
    for piece in np.array_split(speech, count):
        stream = extractor.create_stream()
        stream.accept_waveform(RATE, np.pad(piece, (0, max(0, int(_LEAST * RATE) - len(piece)))))
        stream.input_finished()
        vector = np.asarray(extractor.compute(stream), np.float32)
        vectors.append(vector / max(float(np.linalg.norm(vector)), 1e-9))
    mean = np.mean(vectors, axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), np.float32)
