"""The pictures of a script that has none: ready characters side by side, in a place that its headings name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO

from dialogue.characters.characters import LIBRARY, MOST, characters, chosen, together
from dialogue.scene.emotions import EMOTIONS
from dialogue.scene.scene import Face, FaceBox
from dialogue.screenplay.screenplay import Heading, Said, Screenplay

# Words of a heading, by the ready place they mean; the first that is found.
_PLACES = {
    "night": "night dark moon midnight stars",
    "sunset": "sunset dusk sunrise dawn evening",
    "sea": "sea beach ocean shore harbour harbor boat ship lake river",
    "forest": "forest wood woods park garden field mountain tree",
    "city": "city street road square town station alley roof bridge ext exterior outdoors",
    "library": "library office school study classroom court archive",
    "studio": "studio stage podcast radio television theatre theater",
    "room": "room kitchen house flat apartment bedroom hall bar cafe café restaurant shop indoors",
}
# In the order in which they are given out: lower and higher voices, looks that are told apart at once.
_ACTORS = ("asha", "leon", "mei", "marek", "freya", "juma", "ruby", "edith")
_INDOORS = ("library", "studio", "room")


@dataclass(frozen=True)
class Section:
    """Neighbouring lines that one picture shows: items [first, end) of the script, and who is in the picture."""

    first: int
    end: int
    prompt: str
    people: tuple[str, ...]
    picture: str | None = None
    faces: Mapping[str, Face] = field(default_factory=dict)


def sections_of(script: Screenplay) -> list[Section]:
    """The script parted at its headings, and where more people speak than one picture holds."""
    everybody = tuple(script.people)
    parts: list[Section] = []
    first, prompt, picture, speakers = 0, script.prompt or "", script.picture, list[str]()

    def close(end: int) -> None:
        if speakers:
            people = everybody if len(everybody) <= MOST else tuple(k for k in everybody if k in speakers)
            parts.append(Section(first, end, prompt, people, picture))

    for index, item in enumerate(script.items):
        if isinstance(item, Heading):
            close(index)
            first, prompt, picture, speakers = index, item.prompt, item.picture or script.picture, []
        elif isinstance(item, Said) and item.speaker not in speakers:
            if len(speakers) == MOST and len(everybody) > MOST:
                close(index)
                first, speakers = index, []
            speakers.append(item.speaker)
    close(len(script.items))
    return parts


@dataclass(frozen=True)
class Staged:
    """Sections with their pictures, the files of these, and which character plays whom."""

    sections: tuple[Section, ...]
    files: Mapping[str, bytes]
    actors: Mapping[str, str]
    without: tuple[str, ...]  # people for whom there is no character left


def staged(script: Screenplay, names: Sequence[str]) -> Staged:
    """Every section with a picture of ready characters; `names` first, then whoever is left. SceneError as `chosen`."""
    order = [*(chosen(names) if names else {}), *(name for name in _ACTORS if name not in names)]
    actors = dict(zip(script.people, order, strict=False))
    files: dict[str, bytes] = {}
    pictures: dict[tuple[str, ...], tuple[str, dict[str, Face]]] = {}
    sections = []
    for section in sections_of(script):
        cast = {key: characters()[actors[key]] for key in section.people if key in actors}
        place = _place(section.prompt) or (next(iter(cast.values())).place if cast else "room")
        shown_here = (place, *cast)
        known = pictures.get(shown_here)
        if known is None and cast:
            name = f"{place}.png" if f"{place}.png" not in files else f"{place}_{len(files) + 1}.png"
            image, boxes = together({actors[key]: person for key, person in cast.items()}, place)
            written = BytesIO()
            image.save(written, "PNG", optimize=True)
            files[name] = written.getvalue()
            faces: dict[str, Face] = {key: FaceBox(box=tuple(map(float, boxes[actors[key]]))) for key in cast}  # type: ignore[arg-type]
            known = pictures[shown_here] = (name, faces)
        picture, shown = known if known is not None else (next(iter(files), "room.png"), {})
        looks = "; ".join(person.looks for person in cast.values())
        prompt = f"{looks}, {place} background, talking" if cast else section.prompt
        sections.append(Section(section.first, section.end, prompt, tuple(cast), picture, shown))
    for key, actor in actors.items():
        for emotion in EMOTIONS:
            files[f"{key}/{emotion}.png"] = (LIBRARY / actor / f"{emotion}.png").read_bytes()
    without = tuple(key for key in script.people if key not in actors)
    return Staged(tuple(sections), files, actors, without)


def _place(prompt: str) -> str | None:
    words = set(re.findall(r"\w+", prompt.lower()))
    places = _INDOORS if "indoors" in words else tuple(_PLACES)
    return next((place for place in places if words & set(_PLACES[place].split())), None)
