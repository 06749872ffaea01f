"""The language of a script by its letters and its commonest words: what a draft voice is chosen by."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_LETTERS = {
    "HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "CJK": "cmn", "CYRILLIC": "ru", "ARABIC": "ar",
    "DEVANAGARI": "hi", "GREEK": "el", "HEBREW": "he", "THAI": "th", "TAMIL": "ta", "BENGALI": "bn",
}  # fmt: skip
_WORDS = {
    "en": "the and you that is it to of in not what i was for have are this we he she do on",
    "de": "und der die das nicht ist ich du sie es ein wir was zu den mit auf ja nein auch wie",
    "fr": "le la les et je tu est pas que il elle nous vous un une des ce dans oui pour",
    "es": "el los y que no es yo tu de un una por con qué sí pero como para las está",
    "it": "il che non è di un una per con sono io tu ma come sì lo gli ho cosa questo",
    "pt": "o que não é de um uma eu você com por mas como sim os para está isso ele ela",
    "nl": "de het een en niet ik je dat is van we wat ja nee met voor maar hij zij zijn",
    "pl": "nie to jest i w na się co ja ty że tak z do jak ale on ona mam czy",
    "sv": "och det är jag du inte en ett att som vi på med men ja nej han hon vad den",
    "tr": "bir ve bu ne ben sen değil evet hayır için çok da de mi var yok o biz",
}


def language_of(text: str) -> str:
    """Two letters (`cmn` for Chinese); `en` where nothing says otherwise."""
    kinds = Counter(
        _LETTERS[name]
        for letter in text
        if letter.isalpha() and (name := unicodedata.name(letter, "?").split()[0]) in _LETTERS
    )
    if kinds and sum(kinds.values()) * 4 > sum(letter.isalpha() for letter in text):
        return "ja" if kinds["ja"] else kinds.most_common(1)[0][0]
    words = Counter(re.findall(r"[^\W\d_]+", text.lower()))
    scores = {language: sum(words[word] for word in known.split()) for language, known in _WORDS.items()}
    best = max(scores, key=lambda language: (scores[language], language == "en"))
    return best if scores[best] > scores["en"] else "en"
