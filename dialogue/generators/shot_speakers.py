"""The people of a shot as a talking-character model takes them: face mask, voice and emotions on its grids.

Shapes: T latent frames, h/w latent cells, n samples, Q emotion pictures of a speaker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dialogue.planning.lanes import lanes
from model.grid import CELL

if TYPE_CHECKING:
    from PIL import Image

    from dialogue.generators.generator import ShotJob
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
    for lane, mask in zip(lanes(plan, shot), masks, strict=True):
        speaker = plan.speaker(lane.speaker)
        sound = torch.from_numpy(speaker_audio(plan, speaker.id, shot.start, shot.end, job.media))
        pictures = tuple(_picture(job, reference.image) for reference in speaker.emotions)
        weights = torch.tensor(lane.weights_of([reference.name for reference in speaker.emotions]))
        shape = len(lane.weights), len(pictures)
        tracks.append(SpeakerTrack(mask, sound if sound.any() else None, pictures, weights.reshape(shape)))
    return tracks


def _picture(job: ShotJob, path: str) -> Image.Image:
    from PIL import Image

    from dialogue.media.pictures import open_picture

    return Image.fromarray(open_picture(job.media / path))
