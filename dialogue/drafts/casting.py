"""Which draft voice speaks for whom: another one for each, the same in every run, of the language they speak."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dialogue.drafts.engine import Engine
from dialogue.drafts.engines import ENGINES, engine, engine_for
from dialogue.drafts.language import language_of
from dialogue.scene.kinds import did_you_mean
from dialogue.scene.scene import Scene, SpokenLine


@dataclass(frozen=True)
class EngineVoice:
    """A voice of an engine, and how it is to speak: `rate` times its own pace, `pitch` semitones higher."""

    engine: str
    name: str
    language: str
    rate: float = 1.0
    pitch: float = 0.0

    def __str__(self) -> str:
        return f"{self.engine}:{self.name}"


@dataclass(frozen=True)
class Miscast:
    """A voice that a member asks for and that is not to be had."""

    member: str
    message: str
    hint: str | None


def cast_drafts(scene: Scene) -> tuple[dict[str, EngineVoice | None], list[Miscast]]:
    """A voice for every member who has lines; None where no engine speaks their language here."""
    found: dict[str, EngineVoice | None] = {}
    wrong: list[Miscast] = []
    texts = _texts(scene)
    everything = language_of(" ".join(texts.values()))
    taken: set[tuple[str, str]] = set()
    for member, text in texts.items():
        wish = scene.cast[member].draft
        language = scene.language or (language_of(text) if len(text) > 80 else everything)
        rate, pitch = (wish.rate, wish.pitch) if wish else (1.0, 0.0)
        if wish is not None and wish.voice is not None:
            named = _named(wish.voice, language)
            if isinstance(named, str):
                near = did_you_mean(wish.voice, known_voices(language))
                wrong.append(Miscast(member, named, near or "`dialogue voices drafts` lists them"))
                found[member] = None
                continue
            found[member] = EngineVoice(named[0], named[1], language, rate, pitch)
            taken.add(named)
    for member, text in texts.items():
        if member in found:
            continue
        wish = scene.cast[member].draft
        language = scene.language or (language_of(text) if len(text) > 80 else everything)
        rate, pitch = (wish.rate, wish.pitch) if wish else (1.0, 0.0)
        speaks = engine_for(language)
        found[member] = _next(speaks, language, rate, pitch, taken) if speaks else None
    return {member: found[member] for member in texts}, wrong


def known_voices(language: str) -> dict[str, str]:
    """Every voice of a language that can speak here: `engine:name` to the engine's licence, engines best first."""
    ready = [made for name in ENGINES if (made := engine(name)).missing() is None]
    return {f"{made.NAME}:{voice}": made.LICENCE for made in ready for voice in made.voices(language)}


def _texts(scene: Scene) -> dict[str, str]:
    """What each member says, in the order of the cast."""
    spoken: Mapping[str, list[str]] = {member: [] for member in scene.cast}
    for line in scene.lines:
        if isinstance(line, SpokenLine):
            spoken[line.speaker].append(line.text)
    return {member: " ".join(texts) for member, texts in spoken.items() if texts}


def _next(speaks: Engine, language: str, rate: float, pitch: float, taken: set[tuple[str, str]]) -> EngineVoice:
    """The engine's first voice that nobody has; when all are given out, again from the first, a little higher."""
    names = speaks.voices(language)
    free = next((name for name in names if (speaks.NAME, name) not in taken), None)
    if free is None:
        given = sum(1 for made, _ in taken if made == speaks.NAME)
        return EngineVoice(speaks.NAME, names[given % len(names)], language, rate, pitch + 1.0 + given // len(names))
    taken.add((speaks.NAME, free))
    return EngineVoice(speaks.NAME, free, language, rate, pitch)


def _named(wish: str, language: str) -> tuple[str, str] | str:
    """The engine and voice that a member names, as `tom` or `hibari:tom`; else what is wrong with it."""
    of, _, name = wish.rpartition(":")
    if of and of not in ENGINES:
        return f"there is no draft engine {of!r}"
    for engine_name in [of] if of else ENGINES:
        made = engine(engine_name)
        lacking = made.missing()
        if lacking is not None and of:
            return f"the draft engine {of} cannot speak here: {lacking}"
        if lacking is None and (name in made.voices(language) or _is_variant(engine_name, name)):
            return engine_name, name
    return f"there is no draft voice {wish!r} for the language {language!r}"


def _is_variant(engine_name: str, name: str) -> bool:
    """Whether it is a voice of espeak's with a variant of its own, as in `de+croak`; of any language that it speaks."""
    language, plus, variant = name.partition("+")
    return engine_name == "espeak" and bool(plus and variant) and bool(engine("espeak").voices(language.lower()))
