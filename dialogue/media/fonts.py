"""Fonts: which files of this machine draw a text, by the letters that are in them.

DejaVu Sans Bold, which matplotlib ships, has Latin, Greek, Cyrillic, Arabic, Hebrew and more. What it lacks is looked
for in the scene's own font first, then in the system's font folders and in fonts installed with pip (fontpkg).
"""

from __future__ import annotations

import importlib.util
import os
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from dialogue.ground.errors import DialogueError, Problem, SceneError

_SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")
_SHOWN = 12  # of the letters that are missing
_LATIN = 0x250  # code points below it are in the built-in font
# Scripts that are written with one font, by the first words of their letters' names.
_TOGETHER = {
    name: "CJK" for name in ("HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH")
}
SYMBOLS = "SYMBOLS"
# Where a script's letters are to be had, where that is not Debian's fonts-noto-core.
_DEBIAN = {"CJK": "fonts-noto-cjk", SYMBOLS: "fonts-symbola"}
_PIP = frozenset(("ARABIC", "DEVANAGARI", "KHMER", "TAMIL", "TELUGU", "THAI"))


@dataclass(frozen=True)
class Font:
    """A face of a font file: its number in it, and the family that programs call it by."""

    file: Path
    index: int
    family: str


@dataclass(frozen=True)
class Fonts:
    """What draws the texts of a film: the first font that has a letter draws it. `lacking`: letters that none has."""

    faces: tuple[Font, ...]
    lacking: str = ""

    @property
    def stamp(self) -> str:
        """Changes with the files."""
        return " ".join(f"{face.file.name} {face.index} {face.file.stat().st_size}" for face in self.faces)

    def runs(self, text: str) -> list[tuple[str, Font]]:
        """The text in pieces of one font each, in order. Spaces and marks go with what stands before them."""
        pieces: list[tuple[str, Font]] = []
        for letter in text:
            last = pieces[-1][1] if pieces else self.faces[0]
            face = last if _goes_along(letter) or self._both(last, letter) else self._of(letter)
            if pieces and face is last:
                pieces[-1] = pieces[-1][0] + letter, face
            else:
                pieces.append((letter, face))
        return pieces

    def _of(self, letter: str) -> Font:
        return next((face for face in self.faces if has(face, letter)), self.faces[0])

    def _both(self, last: Font, letter: str) -> bool:
        """Whether a letter of no script (a full stop, a digit) can stay in the font before it."""
        return not letter.isalpha() and has(last, letter)


@lru_cache
def built_in() -> Font:
    """DejaVu Sans Bold as matplotlib ships it, found without importing matplotlib."""
    spec = importlib.util.find_spec("matplotlib")
    if spec is not None and spec.origin is not None:
        file = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans-Bold.ttf"
        if file.is_file():
            return Font(file, 0, "DejaVu Sans")
    raise DialogueError("the font of captions and names is missing: matplotlib, which ships it, is not installed whole")


def fonts_for(texts: Iterable[str], own: Path | None = None) -> Fonts:
    """The fonts that draw these texts together: `own` first, which is the scene's, then the built-in one."""
    letters = {letter for text in texts for letter in text if not _goes_along(letter)}
    faces = [*([face_of(own)] if own is not None else []), built_in()]
    lacking = "".join(sorted(letter for letter in letters if not any(has(face, letter) for face in faces)))
    if not lacking:
        return Fonts(tuple(faces))
    left = ""
    for script, wanted in _by_script(lacking):
        found, missing = _covering(script, wanted, _tongue(letters))
        faces += [face for face in found if face not in faces]
        left += missing
    return Fonts(tuple(faces), left)


def face_of(file: Path, index: int = 0) -> Font:
    """A face of a font file; SceneError where it cannot be read as one."""
    from PIL import ImageFont

    try:
        family = ImageFont.truetype(str(file), 16, index=index).getname()[0]
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a TrueType or OpenType font"
        raise SceneError(Problem(f"cannot be read as a font: {reason}", str(file))) from error
    return Font(file, index, family or file.stem)


def has(face: Font, letter: str) -> bool:
    """Whether the font draws that letter."""
    if face.file == built_in().file and ord(letter) < _LATIN:
        return True
    opened = _opened(face.file)
    return opened is not None and bool(opened.get_char_index(ord(letter)))


def cell_of(face: Font) -> float:
    """The height of its lines, as Windows and libass count it, in em: letters of two fonts are as large where the
    ratio of this is taken off."""
    opened = _opened(face.file)
    table = opened.get_sfnt_table("OS/2") if opened is not None else None
    if not table or not table["usWinAscent"] + table["usWinDescent"]:
        return 1.2
    return float((table["usWinAscent"] + table["usWinDescent"]) / opened.units_per_EM)


def missing_letters(texts: Iterable[str], own: Path | None = None) -> Iterator[tuple[str, Problem]]:
    """For every script that no font here has: its letters, and a warning, still without a place, with what mends it."""
    for script, letters in _by_script(fonts_for(texts, own).lacking):
        ways = [f"apt install {_DEBIAN.get(script, 'fonts-noto-core')}"]
        if script in _PIP:
            ways.insert(0, f"pip install fontpkg-noto-sans-{script.lower()}")
        name = {"CJK": "Chinese, Japanese or Korean", SYMBOLS: "emoji and symbols"}.get(script, script.capitalize())
        shown = letters if len(letters) <= _SHOWN else letters[:_SHOWN] + "…"
        hint = ", ".join([*ways, "or output: {font: FILE} in the scene"])
        yield letters, Problem(f"no font here has {name} ({shown}), so boxes are drawn", hint=hint, severity="warning")


def _goes_along(letter: str) -> bool:
    """Spaces, controls, joiners, marks and variation selectors: drawn with what stands before them, if at all."""
    return letter.isspace() or unicodedata.category(letter) in ("Cc", "Cf", "Mn", "Me", "Mc", "Cn", "Co", "Cs")


def _script(letter: str) -> str:
    """DEVANAGARI, THAI, CJK, …, by the letter's own name; SYMBOLS for emoji and whatever else is no writing."""
    if unicodedata.category(letter)[0] in "SN" and unicodedata.east_asian_width(letter) != "F":
        return SYMBOLS
    name = unicodedata.name(letter, SYMBOLS).split()[0].split("-")[0]
    if 0x3000 <= ord(letter) < 0x3040 or unicodedata.east_asian_width(letter) == "F":
        return "CJK"
    return _TOGETHER.get(name, name)


def _by_script(letters: str) -> list[tuple[str, str]]:
    groups: dict[str, str] = {}
    for letter in letters:
        groups[_script(letter)] = groups.get(_script(letter), "") + letter
    return sorted(groups.items())


def _tongue(letters: Iterable[str]) -> str:
    """Which of the faces of a font for all of East Asia: Japanese where there is kana, Korean, else Chinese."""
    names = Counter(unicodedata.name(letter, "").split(" ")[0] for letter in letters)
    return "JP" if names["HIRAGANA"] or names["KATAKANA"] else "KR" if names["HANGUL"] else "SC"


@lru_cache(maxsize=64)
def _covering(script: str, letters: str, tongue: str) -> tuple[tuple[Font, ...], str]:
    """Fonts of this machine that draw the letters, as few as do; and the letters that none does."""
    found: list[Font] = []
    left = set(letters)
    while left:
        best: tuple[int, Path] | None = None
        for file in sorted(_files(), key=lambda file: _preference(file, script)):
            opened = _opened(file)
            count = 0 if opened is None else sum(bool(opened.get_char_index(ord(letter))) for letter in left)
            if count > (best[0] if best else 0):
                best = count, file
            if count == len(left):
                break
        if best is None:
            break
        chosen = _opened(best[1])
        left = {letter for letter in left if not chosen.get_char_index(ord(letter))}
        found.append(_face_for(best[1], tongue))
    return tuple(found), "".join(sorted(left))


def _face_for(file: Path, tongue: str) -> Font:
    """The face of a collection that is made for that language; else the first."""
    faces = [face_of(file)]
    with_more = file.suffix.lower() in (".ttc", ".otc")
    while with_more and len(faces) < 32:
        try:
            faces.append(face_of(file, len(faces)))
        except SceneError:
            break
    return next((face for face in faces if face.family.endswith(f" {tongue}")), faces[0])


def _preference(file: Path, script: str) -> tuple[Any, ...]:
    """Made for the script, sans serif, upright, bold: what reads best on a picture comes first."""
    name = file.stem.lower()
    shunned = ("serif", "mono", "italic", "oblique", "condensed", "light", "thin", "black", "display")
    return (
        script.lower() not in name, "noto" not in name, sum(word in name for word in shunned), "bold" not in name,
        name, str(file),
    )  # fmt: skip


@lru_cache
def _files() -> tuple[Path, ...]:
    """Every font file of this machine."""
    found: dict[Path, None] = {}
    for folder in _folders():
        for root, _, names in os.walk(folder):
            found |= {Path(root, name): None for name in sorted(names) if name.lower().endswith(_SUFFIXES)}
    return tuple(found)


def _folders() -> Iterator[Path]:
    from importlib.metadata import entry_points

    home = Path(os.path.expanduser("~"))
    if sys.platform == "win32":
        yield Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts"
        yield Path(os.environ.get("LOCALAPPDATA", home)) / "Microsoft/Windows/Fonts"
    elif sys.platform == "darwin":
        yield from (Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts")
    else:
        data = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
        yield from (Path(place) / "fonts" for place in data.split(":") if place)
        yield Path(os.environ.get("XDG_DATA_HOME") or home / ".local/share") / "fonts"
        yield home / ".fonts"
    for family in entry_points(group="fontpkg.family"):
        spec = importlib.util.find_spec(family.value)
        for place in (spec.submodule_search_locations or []) if spec is not None else []:
            yield Path(place) / "files"
    yield built_in().file.parent


@lru_cache(maxsize=256)
def _opened(file: Path) -> Any:
    """The font, to ask for letters; None for what is damaged, or drawn in colours, which no caption is."""
    from matplotlib.ft2font import FT2Font

    if "color" in file.stem.lower() or file.stem.startswith("LastResort"):
        return None
    try:
        return FT2Font(str(file))
    except (OSError, RuntimeError, ValueError):
        return None

