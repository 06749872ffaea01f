"""The language of a script by its letters and its commonest words: what a draft voice is chosen by."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_LETTERS = {
    "HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "CJK": "cmn", "CYRILLIC": "ru", "ARABIC": "ar",
    "DEVANAGARI": "hi", "GREEK": "el", "HEBREW": "he", "THAI": "th", "TAMIL": "ta", "BENGALI": "bn",
}  # fmt: skip
# A word of several languages stands with each of them, and counts for each of them the less: `no` tells nobody much.
_WORDS = {
    "en": "the and you that is it to of in not what i was for have are this we he she do on a an as at be been but by "
    "with from they them his her my me your our us so if or no yes yeah oh ah hi hello hey bye okay ok good "
    "right well please sorry thanks thank there here where when why who how go come came say said see look know "
    "think want need get got up out all can could will would should did does has had am were just now then some "
    "any more one two man help wait stop die let like love time little old new never very over under again ll re "
    "ve didn isn doesn won was bin hat war den den so mine sure son pour est sale ten men mi ma la ha ben han "
    "per don dan ali mia mamma amigo mare",
    "de": "und der die das nicht ist ich du sie es ein eine wir was zu den dem mit auf ja nein auch wie hallo guten "
    "gut tag morgen abend danke bitte tschüss so aber wenn noch hier da wer wo wann warum kann hat haben bin "
    "bist sind war mir mich dir dich mein dein im in am an von für nur schon sehr mal doch jetzt los komm geh oh "
    "ah ach man will über alles nichts hast habe keine kein wiedersehen entschuldigung genau natürlich",
    "fr": "le la les et je tu est pas que il elle nous vous un une des ce dans oui non pour bonjour bonsoir merci "
    "salut au revoir à a de du en ne se sa son ses mon ma mes ton ta sur avec mais où qui quoi quand comment "
    "pourquoi c j n l qu suis es sont ai as fait être avoir bien très tout rien ici là plus moi toi on me te oh "
    "ah ça voilà excusez monsieur madame mademoiselle ami chérie",
    "es": "el la los las y que no es yo tu tú de del un una por para con qué sí si pero como cómo está estás están "
    "hola adiós adios gracias buenos buenas buen días noches tardes bueno bien muy más ha he a en al lo le me te "
    "se mi su nos nada todo aquí dónde quién cuándo cuando porque hay soy eres son tengo tiene vamos favor señor "
    "señora amigo oh ah también ahora mañana hasta nunca",
    "it": "il la lo le gli i che non è e di del della un una per con sono sei io tu lui lei ma come sì no si ho hai ha "
    "cosa questo questa ciao buongiorno buonasera grazie prego bene molto più dove chi quando perché qui qua a "
    "al in da mi ti ci vi mio mia tutto niente oh ah signore signora scusa arrivederci ben se nel anche ora "
    "adesso",
    "pt": "o a os as e que não é de do da um uma eu tu você com por para mas como sim está estou isso ele ela olá oi "
    "obrigado obrigada bom boa bem dia noite tarde tchau adeus muito mais no na em ao se me te meu minha seu sua "
    "tudo nada aqui onde quem quando porque há sou são tenho tem vamos favor senhor senhora oh ah também agora "
    "amanhã",
    "nl": "de het een en niet ik je dat is van we wat ja nee met voor maar hij zij zijn hallo hoi dag bedankt dank "
    "goed goede goedemorgen dit die er te in op aan om ook nog al zo als of hier daar waar wie hoe waarom kan "
    "heb heeft hebt ben bent was mij mijn jij jou jouw u uw alstublieft sorry oh ah had over wil want man dan "
    "geen niets",
    "pl": "nie to jest i w na się co ja ty że tak z do jak ale on ona mam czy cześć dzień dobry dziękuję proszę witaj "
    "dobrze tu tam gdzie kto kiedy dlaczego już jeszcze bardzo mnie mi cię ten ta o a za po od są jestem jesteś "
    "był przepraszam dobranoc oh ah nic wszystko",
    "sv": "och det är jag du inte en ett att som vi på med men ja nej han hon vad den hej hejdå tack god morgon kväll "
    "bra här där var vem när hur varför kan har hade mig dig min din mycket nu så om för till från av i oh ah "
    "ingenting allt snälla förlåt",
    "tr": "bir ve bu ne ben sen değil evet hayır için çok da de mi mı var yok o biz siz merhaba selam teşekkürler "
    "teşekkür ederim günaydın iyi nasılsın güle şey nasıl neden niye nerede kim şimdi burada orada ama daha bana "
    "sana oh ah hiç lütfen tamam",
}  # fmt: skip
_KNOWN = {language: frozenset(words.split()) for language, words in _WORDS.items()}
_OF = Counter(word for words in _KNOWN.values() for word in words)  # how many languages have it
# Letters and signs that hardly any other language of these has, each as much as a word.
_SIGNS = {
    "ß": "de", "¿": "es", "¡": "es", "ñ": "es", "œ": "fr", "ã": "pt", "õ": "pt", "ł": "pl", "ę": "pl", "ą": "pl",
    "ż": "pl", "å": "sv", "ğ": "tr", "ş": "tr", "ı": "tr",
}  # fmt: skip
_MAJORITY = 0.5  # of a word that one language alone has: by so much a language is ahead of English to be believed


def language_of(text: str) -> str:
    """Two letters (`cmn` for Chinese); `en` where no language is clearly ahead of it and of every other."""
    kinds = Counter(
        _LETTERS[name]
        for letter in text
        if letter.isalpha() and (name := unicodedata.name(letter, "?").split()[0]) in _LETTERS
    )
    if kinds and sum(kinds.values()) * 4 > sum(letter.isalpha() for letter in text):
        return "ja" if kinds["ja"] else kinds.most_common(1)[0][0]
    words = set(re.findall(r"[^\W\d_]+", text.lower()))  # each once: one word called often is one word
    scores = {language: sum(1 / _OF[word] for word in words & known) for language, known in _KNOWN.items()}
    for sign, language in _SIGNS.items():
        scores[language] += sign in text.lower()
    first, second = sorted(scores, key=lambda language: -scores[language])[:2]
    ahead = scores[first] - scores["en"] >= _MAJORITY and scores[first] - scores[second] > 0.01
    return first if ahead else "en"
