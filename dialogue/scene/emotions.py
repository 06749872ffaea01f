"""The names of emotions: the seven that a face can be given without a picture of it, and other words for them."""

from __future__ import annotations

from collections.abc import Iterable

from dialogue.scene.kinds import near

EMOTIONS = ("neutral", "joy", "sadness", "anger", "fear", "surprise", "disgust")
ALSO = {
    "happy": "joy", "happiness": "joy", "smile": "joy", "sad": "sadness", "angry": "anger", "rage": "anger",
    "afraid": "fear", "scared": "fear", "surprised": "surprise", "disgusted": "disgust",
}  # fmt: skip


def emotion_named(name: str) -> str | None:
    """The one of the seven that is meant by a name, in any case of letters; None for another."""
    meant = ALSO.get(name.casefold(), name.casefold())
    return meant if meant in EMOTIONS else None


def emotion_meant(name: str, pictures: Iterable[str]) -> str:
    """The hint for a name that is neither one of the seven nor one of the member's pictures."""
    own = [picture for picture in pictures if picture not in EMOTIONS]
    meant = near(name.casefold(), [*own, *EMOTIONS, *ALSO])
    if meant is not None:
        return f"did you mean {ALSO.get(meant, meant)!r}?"
    return f"known: {', '.join([*own, *EMOTIONS])}; for any other give a picture: emotions: {{{name}: FILE}}"
