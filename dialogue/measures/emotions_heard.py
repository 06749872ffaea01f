"""The emotions heard in a scene's recordings, where it leaves them to be told and a classifier is there."""

from __future__ import annotations

from functools import partial
from typing import Any

from dialogue.hearing.feeling import Felt
from dialogue.measures.looking import Look
from dialogue.measures.scene_media import Wanted
from dialogue.scene.scene import AudioRef


def felt_in(look: Look, wanted: Wanted) -> dict[AudioRef, tuple[Felt, ...]]:
    """The emotions heard in the recordings of those who have none written; nothing without a classifier."""
    if not wanted.felt:
        return {}
    from dialogue.hearing.feeling import classifier

    folder = classifier()
    if folder is None:
        return {}

    def make(ref: AudioRef) -> list[list[Any]]:
        import numpy as np

        from dialogue.hearing.feeling import felt
        from dialogue.media.recordings import read_samples

        samples = np.asarray(read_samples(look.path(ref.path), ref.channel, ref.stream, bool(look.listening)))
        return [[part.start, part.end, part.weights] for part in felt(samples)]

    found = {}
    for number, ref in enumerate(wanted.felt):
        look.tell("hearing emotions", number, len(wanted.felt))
        paths = [look.path(ref.path), *sorted(file for file in folder.iterdir() if file.is_file())]
        kept = look.cache.remembered(["felt", ref.channel, ref.stream, *look.listening], paths, partial(make, ref))
        found[ref] = tuple(Felt(start, end, weights) for start, end, weights in kept)
    return found
