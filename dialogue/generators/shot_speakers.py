"""The people of a shot as a talking-character model takes them: face mask, voice and emotions on its grids.

Shapes: T latent frames, h/w latent cells, n samples, Q emotion pictures of a speaker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialogue.planning.emotions import EmotionLane
from model.grid import CELL, frames_of, latents_for

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

    from dialogue.generators.generator import ShotJob
    from dialogue.planning.plan import Speaker
    from model.hunyuan.pipeline import SpeakerTrack


def speaker_tracks(job: ShotJob, cell: int = CELL) -> list[SpeakerTrack]:
    """Everybody in the picture, in the plan's order of faces; who does not speak in the shot listens, in silence.

    A face's mask is its region alone, so that no voice reaches another's mouth. With nobody in the picture there is
    one silent speaker without a face, for a model that needs somebody.
    """
    import torch

    from dialogue.generators.shot_audio import speaker_audio
    from model.avatar.face_mask import region_masks
    from model.hunyuan.pipeline import SpeakerTrack

    plan, shot = job.plan, job.shot
    size = plan.width, plan.height
    if not shot.faces:
        return [SpeakerTrack(region_masks([[None]], *size, cell)[0])]
    masks = region_masks([[tuple(face.region.to_list())] for face in shot.faces], *size, cell)  # type: ignore[list-item]
    tracks = []
    for face, mask in zip(shot.faces, masks, strict=True):
        speaker = plan.speaker(face.speaker)
        sound = torch.from_numpy(speaker_audio(plan, speaker.id, shot.start, shot.end, job.media))
        pictures = tuple(_picture(job, reference.image) for reference in speaker.emotions)
        tracks.append(SpeakerTrack(mask, sound if sound.any() else None, pictures, emotion_weights(job, speaker)))
    return tracks


def emotion_weights(job: ShotJob, speaker: Speaker) -> Tensor:
    """How much of each of the speaker's pictures holds at each latent frame, strength included: (T, Q).

    At the middle of the frames that the latent holds; a line's emotion that has no picture has no weight.
    """
    import torch

    plan, shot = job.plan, job.shot
    lane = EmotionLane(speaker, [turn for turn in plan.turns if turn.speaker == speaker.id])
    rows = []
    for latent in range(latents_for(shot.frames)):
        held = frames_of(latent)
        middle = (plan.clock.seconds_at(shot.start + held[0]) + plan.clock.seconds_at(shot.start + held[-1] + 1)) / 2
        weights = lane.at(middle)
        rows.append([weights.get(reference.name, 0.0) for reference in speaker.emotions])
    return torch.tensor(rows).reshape(len(rows), len(speaker.emotions))


def _picture(job: ShotJob, path: str) -> Image.Image:
    from PIL import Image

    from dialogue.media.pictures import open_picture

    return Image.fromarray(open_picture(job.media / path))
