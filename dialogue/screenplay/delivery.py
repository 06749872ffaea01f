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
_ASIDE = re.compile(r"[(\[（]+([^()\[\]（）]{1,80})[)\]）]+")
_CALL = 0.6  # of the emotion, where signs show it and no word names it
# What people call out, in English, German, French, Spanish and Italian, and what they type.
_CALLS = {
    "joy": re.compile(
        r"\b(?:a?ha(?:ha)+|he(?:he)+|jaja(?:ja)*|ahah(?:ah)*|hooray|hurray|yay|yippee|woohoo|juhu|hurra|youpi|viva|evviva)"
        r"\b|[:;=]-?[)D]|[\U0001F600-\U0001F60D\U0001F917\U0001F923\U0001F973]",
        re.IGNORECASE,
    ),
    "fear": re.compile(r"\b(?:help|hilfe|au secours|socorro|aiuto)!|[\U0001F628\U0001F630\U0001F631]", re.IGNORECASE),
    "disgust": re.compile(
        r"\b(?:e+w+|yuck|ugh+|igitt|pfui|beurk|puaj|che schifo)\b|[\U0001F922\U0001F92E]", re.IGNORECASE
    ),
    "sadness": re.compile(
        r"\b(?:alas|boohoo|sniff|hélas|ohimè)\b|[:;=]'?-?\(|[\U0001F622\U0001F625\U0001F62D]", re.IGNORECASE
    ),
    "anger": re.compile(
        r"\b(?:damn|argh+|grr+|verdammt|merde|maldita sea|accidenti)\b|[\U0001F620\U0001F621\U0001F92C]", re.IGNORECASE
    ),
    "surprise": re.compile(r"\b(?:wow|whoa|oh là là|caramba)\b|[\U0001F62E\U0001F632\U0001F92F]", re.IGNORECASE),
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


def without_asides(text: str) -> str:
    """The words that are spoken: without the parentheticals that say how, as in `(angrily) Out!`."""
    return " ".join(_ASIDE.sub(lambda aside: "" if emotion_in(aside[1]) is not None else aside[0], text).split())


def cue_in(text: str) -> tuple[LineEmotion, str] | None:
    """The emotion that the words of a line show by themselves, and what shows it; None where nothing does.

    A parenthetical decides; else interjections, faces of a keyboard, capitals and signs: half of it at most is theirs.
    """
    for told in _ASIDE.findall(text):
        felt = emotion_in(told)
        if felt is not None:
            return felt, f"({told.strip()})"
    spoken = _ASIDE.sub(" ", text)
    for emotion, pattern in _CALLS.items():
        found = pattern.search(spoken)
        if found is not None:
            return _some(emotion, _CALL), found[0].strip()
    loud = [word for word in _WORD.findall(spoken) if len(word) > 2 and word.isupper()]
    if len(loud) > 1 and "!" in spoken:
        return _some("anger", _CALL), " ".join(loud)
    signs = re.search(r"[?!？！]{2,}|[‽⁈⁉]", spoken)
    if signs is not None and set(signs[0]) & set("?？‽⁈⁉"):
        return _some("surprise", _CALL), signs[0]
    return None


def _some(emotion: str, weight: float) -> LineEmotion:
    return LineEmotion(weights={"neutral": round(1 - weight, 3), emotion: weight})


def _emotion_of(word: str) -> str | None:
    for emotion, stems in _STEMS.items():
        for stem in stems.split():
            if word == stem or (len(stem) > 3 and word.startswith(stem) and len(word) <= len(stem) + 5):
                return emotion
    return None
