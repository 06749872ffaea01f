"""The people of a shot as a talking-character model takes them: face mask, voice and emotions on its grids.

Shapes: T latent frames, h/w latent cells, n samples, Q emotion pictures of a speaker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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

    if not job.lanes:
        return [SpeakerTrack(region_masks([[None]], *job.size, cell)[0])]
    regions = [[tuple(lane.region.to_list())] for lane in job.lanes]
    masks = region_masks(regions, *job.size, cell)  # type: ignore[arg-type]
    tracks = []
    for lane, mask in zip(job.lanes, masks, strict=True):
        sound = torch.from_numpy(speaker_audio(lane.turns, job.clock, 0, job.frames, job.media))
        pictures = tuple(_picture(job, reference.image) for reference in lane.pictures)
        weights = torch.tensor(lane.weights_of([reference.name for reference in lane.pictures]))
        shape = len(lane.weights), len(pictures)
        tracks.append(SpeakerTrack(mask, sound if sound.any() else None, pictures, weights.reshape(shape)))
    return tracks


def _picture(job: ShotJob, path: str) -> Image.Image:
    from PIL import Image

    from dialogue.media.pictures import open_picture

    return Image.fromarray(open_picture(job.media / path))
