"""Speech to audio prompts by Whisper's encoder: ten feature rows around every video frame, for audio of any length.

Shapes: N samples at 16 kHz, R rows at 50 Hz, V encoder states (embeddings, then each layer; 5 for whisper-tiny), E
their width, F video frames.

Whisper hears 30 s at a time. The release encodes the first 30 s and keeps 16. Here longer audio is encoded in
chunks of 30 s that overlap by 10 s, and in each overlap the rows go over linearly from one chunk to the next: a row
that is near the edge of a chunk, where context is missing, hardly counts, and no row jumps. Audio up to 30 s is one
chunk, as in the release.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from einops import rearrange
from torch import Tensor, nn

from model.memory import execution_device
from model.pretrained import load_pretrained
from model.saved_part import SavedPart, only_weights, read_settings, write_settings

ROWS_PER_SECOND = 50
CHUNK_ROWS = 1500  # 30 s
OVERLAP_ROWS = 500
WINDOW_ROWS = 10  # rows a video frame hears
ROWS_BEFORE = 4  # of them, rows before the frame


def frame_windows(rows: Tensor, frames: int, fps: float) -> Tensor:
    """Rows (R, V, E) to the rows each frame hears (F, 10, V, E): the 4 before row 50 f/fps, and 6 from it on.

    Rows before the start and past the end are zero, as the release pads the start.
    """
    first = torch.tensor([round(frame * ROWS_PER_SECOND / fps) for frame in range(frames)])
    wanted = int(first[-1]) + WINDOW_ROWS if frames else 0
    after = max(0, wanted - ROWS_BEFORE - rows.shape[0])
    padded = torch.cat([rows.new_zeros(ROWS_BEFORE, *rows.shape[1:]), rows, rows.new_zeros(after, *rows.shape[1:])])
    index = rearrange(first, "f -> f 1") + rearrange(torch.arange(WINDOW_ROWS), "n -> 1 n")
    return padded[index.to(rows.device)]


def chunk_starts(rows: int) -> tuple[int, ...]:
    """Where the chunks that hold `rows` rows begin."""
    stride = CHUNK_ROWS - OVERLAP_ROWS
    return tuple(range(0, max(rows - OVERLAP_ROWS, 1), stride))


def chunk_weights(number: int, count: int) -> Tensor:
    """How much each row of chunk `number` of `count` counts (1500,): over the overlaps the weights sum to 1."""
    weights = torch.ones(CHUNK_ROWS)
    rising = (torch.arange(OVERLAP_ROWS) + 0.5) / OVERLAP_ROWS
    if number > 0:
        weights[:OVERLAP_ROWS] = rising
    if number < count - 1:
        weights[-OVERLAP_ROWS:] = rising.flip(0)
    return weights


def audible(waveform: Tensor, frames: int, fps: float, sample_rate: int) -> Tensor:
    """Whether a frame hears any sample that is not zero, in the 0.2 s its ten rows stand for: (F,) bool."""
    per_row = sample_rate // ROWS_PER_SECOND
    padded = nn.functional.pad(waveform.abs(), (0, -waveform.shape[0] % per_row))
    rows = (rearrange(padded, "(r s) -> r s", s=per_row).amax(dim=1) > 0).float()
    return frame_windows(rearrange(rows, "r -> r 1 1"), frames, fps).amax(dim=(1, 2, 3)) > 0


class WhisperAudioEncoder(SavedPart):
    """`WhisperModel`'s encoder and its feature extractor, as the released sampler uses them.

    `half_mel`: the release rounds the log-mel spectrogram to float16 before the encoder.
    `exact_silence`: frames that hear nothing but digital silence get zero prompts, what the model was trained to
    take for "no audio"; False encodes silence like any sound.
    """

    def __init__(
        self, encoder: nn.Module, feature_extractor: Any, half_mel: bool = True, exact_silence: bool = True
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.feature_extractor = feature_extractor
        self.half_mel = half_mel
        self.exact_silence = exact_silence
        self.sample_rate = int(feature_extractor.sampling_rate)

    @classmethod
    def from_pretrained(cls, folder: str | Path, variant: str | None = None, **_: Any) -> WhisperAudioEncoder:
        """The encoder in a `whisper-tiny` folder of the release (any Whisper in transformers' layout), or as saved.

        It computes in float32, as the release's, whatever type the rest of a pipeline is loaded in.
        """
        from transformers import WhisperFeatureExtractor, WhisperModel
        from transformers.models.whisper.modeling_whisper import WhisperEncoder

        folder, settings = Path(folder), read_settings(folder)
        extractor = WhisperFeatureExtractor.from_pretrained(folder)
        if settings is None:
            return cls(load_pretrained(WhisperModel, folder, torch.float32).encoder, extractor)
        encoder = load_pretrained(WhisperEncoder, folder, torch.float32, variant=variant)
        loaded = cls(encoder, extractor, **settings)
        loaded.eval()
        return loaded

    def save_pretrained(self, save_directory: str | Path, variant: str | None = None, **options: Any) -> None:
        """The encoder and its feature extractor, as transformers saves them."""
        folder = write_settings(save_directory, {"half_mel": self.half_mel, "exact_silence": self.exact_silence})
        self.encoder.save_pretrained(folder, variant=variant, **only_weights(options))  # type: ignore[operator]
        self.feature_extractor.save_pretrained(folder)

    def log_mel(self, waveform: Tensor) -> Tensor:
        """One chunk of at most 30 s (N,) to its log-mel spectrogram (1, bands, 3000), padded with silence."""
        features: Tensor = self.feature_extractor(
            waveform.float().cpu().numpy(), sampling_rate=self.sample_rate, return_tensors="pt"
        ).input_features
        return features.half().float() if self.half_mel else features

    def states(self, mel: Tensor) -> Tensor:
        """Log-mel (1, bands, 3000) to all the encoder's states (1500, V, E), the last after the final LayerNorm."""
        dtype = next(self.encoder.parameters()).dtype
        output = self.encoder(mel.to(execution_device(self.encoder), dtype), output_hidden_states=True)
        return torch.stack([state[0] for state in output.hidden_states], dim=1)

    def rows(self, waveform: Tensor, rows: int) -> Tensor:
        """The encoder's states for `rows` rows (50 per second) of the waveform: (R, V, E), float32, on the CPU."""
        per_row = self.sample_rate // ROWS_PER_SECOND
        starts = chunk_starts(rows)
        total: Tensor | None = None
        for number, start in enumerate(starts):
            chunk = waveform[start * per_row : (start + CHUNK_ROWS) * per_row]
            if chunk.numel() == 0:
                chunk = waveform.new_zeros(per_row)
            states = self.states(self.log_mel(chunk)).float().cpu()
            if total is None:
                total = states.new_zeros(starts[-1] + CHUNK_ROWS, *states.shape[1:])
            weights = rearrange(chunk_weights(number, len(starts)), "r -> r 1 1")
            total[start : start + CHUNK_ROWS] += states * weights
        assert total is not None
        return total

    @torch.no_grad()
    def forward(self, waveform: Tensor, frames: int, fps: float) -> Tensor:
        """Waveform (N,) to the prompts of exactly `frames` frames: (F, 10, V, E), float32, on the CPU."""
        if waveform.ndim != 1:
            raise ValueError(f"waveform has shape {tuple(waveform.shape)}; it must be mono, (samples,)")
        wanted = round((frames - 1) * ROWS_PER_SECOND / fps) + WINDOW_ROWS - ROWS_BEFORE
        if not self.exact_silence:
            return frame_windows(self.rows(waveform, wanted), frames, fps)
        heard = audible(waveform, frames, fps, self.sample_rate)
        if not heard.any():  # nobody needs Whisper for that
            config: Any = self.encoder.config
            return torch.zeros(frames, WINDOW_ROWS, config.encoder_layers + 1, config.d_model)
        prompts: Tensor = frame_windows(self.rows(waveform, wanted), frames, fps) * rearrange(heard, "f -> f 1 1 1")
        return prompts
