"""How a line is to be said, from a script's own words: `(afraid)` is fear; what names no emotion stays a remark."""

from __future__ import annotations

import re
import unicodedata

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
# The same in German, French, Spanish and Italian, without their accents: in a script of that language it is as plain.
_STEMS_ELSEWHERE = {
    "joy": "freudig froh frohlich glucklich lachend lacht lachelnd lachelt kichernd begeistert heiter vergnugt jubelnd "
    "joyeu heureu gai gaiement riant souriant enthousias alegr feliz felices riendo sonrie sonriente risuen ilusionad "
    "felic allegr gioios ridendo sorridente sorridendo content entusiast",
    "sadness": "traurig weinend weint schluchz betrubt niedergeschlag trist pleurant pleure sanglot desespere melancol "
    "llorando llora solloz apenad piangendo piange singhiozz malinconi addolorat",
    "anger": "wutend wutentbrannt zornig argerlich verargert bose schreiend brullend colere furieu fache enerve "
    "gereizt criant hurlant agace enfadad enojad furios gritando airad arrabbiat irritat gridando adirat rabbi rabia",
    "fear": "angst angstlich angstvoll verangstigt furcht furchtsam panisch besorgt nervos peur effray apeur terrifi "
    "inquiet nerveu anxieu panique miedo asustad temeros nervios aterrad aterroriz preocupad paura spaventat impaurit "
    "terrorizz ansios preoccupat",
    "surprise": "uberrasch erstaunt verblufft verwundert etonn stupef sorprend sorpres asombrad stupit stupefatt "
    "meravigli",
    "disgust": "angewidert angeekelt ekel veracht degout ecoeure dedain mepris asquead asco repugn desprec disgust "
    "schifat disprezz",
    "neutral": "ruhig gelassen sachlich nuchtern calme neutre tranquil calmad calmo calma seren sereno",
}
# Chinese and Japanese have no spaces: a sign is found wherever it stands.
_SIGNS = {
    "joy": "高兴 高興 开心 開心 快乐 快樂 微笑 大笑 喜 嬉 楽し 笑", "sadness": "悲 难过 難過 伤心 傷心 哭 泣",
    "anger": "生气 生氣 愤 憤 怒", "fear": "害怕 恐 怖 紧张 緊張", "surprise": "惊讶 驚訝 吃惊 吃驚 驚 びっくり",
    "disgust": "厌恶 厭惡 嫌悪", "neutral": "平静 平靜 冷静 冷靜",
}  # fmt: skip
_ASIDE = re.compile(r"[(\[（【]+([^()\[\]（）【】]{1,80})[)\]）】]+")
_LEADING = re.compile(r"^(?:\s*[(\[（【]+[^()\[\]（）【】]{1,80}[)\]）】]+[\s:：]*)+(?=.*\w)", re.DOTALL)
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
_DEGREES = (
    "not never no without barely hardly nicht nie ohne kaum kein keine pas sans jamais sin nunca non senza mai",
    "very extremely really so sehr tres muy molto",
    "slightly somewhat little faintly half bit etwas wenig peu poco",
)
_NOT, _STRONGER, _WEAKER = (frozenset(words.split()) for words in _DEGREES)
_WORD = re.compile(r"[\w'-]+")


def emotion_in(words: str) -> LineEmotion | None:
    """The emotion that a parenthetical names, as in `(very afraid)`; None where it names none, or denies one."""
    spoken = _WORD.findall(_plain(words))
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
    """The words that are spoken: without the parentheticals that say how, as in `(angrily) Out!`.

    One before the words is never spoken, whatever it says, as in `(to the window) Out!`: scripts write it so.
    """
    text = _LEADING.sub("", text)
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


def _plain(words: str) -> str:
    """In small letters, without the accents of Latin ones."""
    parted = unicodedata.normalize("NFD", words.lower())
    return unicodedata.normalize("NFC", re.sub(r"(?<=[a-z])[\u0300-\u036f]+", "", parted))


def _emotion_of(word: str) -> str | None:
    for known in (_STEMS, _STEMS_ELSEWHERE):
        for emotion, stems in known.items():
            for stem in stems.split():
                if word == stem or (len(stem) > 3 and word.startswith(stem) and len(word) <= len(stem) + 5):
                    return emotion
    if word[:1] in "不没沒":
        return None
    return next((emotion for emotion, signs in _SIGNS.items() if any(sign in word for sign in signs.split())), None)
