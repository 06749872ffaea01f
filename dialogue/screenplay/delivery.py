"""How a line is to be said, from a script's own words: `(afraid)` is fear; what names no emotion stays a remark."""

from __future__ import annotations

import re

from dialogue.scene.scene import LineEmotion

# Stems of words, English first, of the seven emotions that the small model and the ready characters know.
_STEMS = {
    "joy": "happ joy glad cheer laugh smil grin chuckl giggl delight excit amus beam elat jok playful proud",
    "sadness": "sad sadly sadden cry crying tearful sob sobbing unhapp "
    "weep griev mourn melanchol sorrow heartbroken miserabl depress gloomy lonely",
    "anger": "angr anger furious rage mad madly annoy irritat shout yell snarl outrag seeth bitter hostil",
    "fear": "afraid fear scared scare fright terrif nervous anxious panic trembl worri worry horrif alarmed",
    "surprise": "surpris amaz astonish shock startl stunn gasp disbelie incredul wide-eyed",
    "disgust": "disgust revolt repuls sicken nauseat contempt disdain sneer",
    "neutral": "neutral calm flat deadpan matter-of-fact composed",
}
_NOT = {"not", "never", "no", "without", "barely", "hardly"}
_WORD = re.compile(r"[\w'-]+")
_STRONGER, _WEAKER = {"very", "extremely", "really", "so"}, {"slightly", "somewhat", "little", "faintly", "half", "bit"}


def emotion_in(words: str) -> LineEmotion | None:
    """The emotion that a parenthetical names, as in `(very afraid)`; None where it names none, or denies one."""
    spoken = [word.lower() for word in _WORD.findall(words)]
    if _NOT & set(spoken):
        return None
    found = dict.fromkeys(emotion for word in spoken if (emotion := _emotion_of(word)) is not None)
    if not found:
        return None
    strength = 1.3 if _STRONGER & set(spoken) else 0.6 if _WEAKER & set(spoken) else 1.0
    weights = {emotion: round(1 / len(found), 3) for emotion in found}
    first = next(iter(weights))
    weights[first] = round(weights[first] + 1 - sum(weights.values()), 3)
    return LineEmotion(weights=weights, strength=strength)


def _emotion_of(word: str) -> str | None:
    for emotion, stems in _STEMS.items():
        for stem in stems.split():
            if word == stem or (len(stem) > 3 and word.startswith(stem) and len(word) <= len(stem) + 5):
                return emotion
    return None
