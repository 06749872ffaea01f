"""Captions in the picture: a clip encoded once more with its cues drawn by libass, each in its speaker's colour.

The clean clip stays in the cache, so words, colours and this switch itself never cost a generator's work again.
"""

from __future__ import annotations

import shutil
import tempfile
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from dialogue.media.fonts import Font, Fonts, cell_of, fonts_for
from dialogue.media.letters import from_right
from dialogue.planning.colors import channels
from dialogue.planning.plan import Plan, Shot
from dialogue.rendering import ffmpeg
from dialogue.rendering.encode import parameters
from dialogue.show.captions import ROW, Cue

_LETTER = 0.5  # of a line, as ASS counts the size: how wide a bold letter is, on average and a little more
_HEAD = """[Script Info]
ScriptType: v4.00+
PlayResX: {width}
PlayResY: {height}
WrapStyle: 0
ScaledBorderAndShadow: yes
YCbCr Matrix: TV.709

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, OutlineColour, BackColour, Bold, BorderStyle, Outline, Shadow, \
Alignment, MarginL, MarginR, MarginV, Encoding
"""
_ANY_DIRECTION = -1  # as a style's encoding: libass takes each line's direction from its own first letters
_EVENTS = "\n[Events]\nFormat: Layer, Start, End, Style, MarginL, MarginR, MarginV, Effect, Text\n"


def caption_fonts(plan: Plan, cues: Sequence[Cue], media: Path) -> Fonts:
    """What draws the captions of a film."""
    return fonts_for((cue.text for cue in cues), media / plan.font if plan.font is not None else None)


def subtitles(plan: Plan, shot: Shot, cues: Sequence[Cue], fonts: Fonts) -> str | None:
    """The cues shown in a shot as an ASS script that begins with the shot; None when there are none."""
    begin, end = plan.clock.seconds_at(shot.start), plan.clock.seconds_at(shot.end)
    shown = [cue for cue in cues if cue.start < end and cue.end > begin]
    if not shown:
        return None
    size = round(min(plan.height * 0.06, plan.width * 0.9 / (ROW * _LETTER)))
    outline, edge = max(1.0, size * 0.09), round(plan.width * 0.04)
    script = _HEAD.format(width=plan.width, height=plan.height)
    for number, speaker in enumerate(plan.speakers):
        color = _ass_color(readable(speaker.color))
        script += f"Style: S{number},{_family(fonts.faces[0])},{size},{color},&H00000000,&H80000000,-1,1,{outline:.1f},"
        script += f"{outline / 3:.1f},2,{edge},{edge},{round(plan.height * 0.045)},{_ANY_DIRECTION}\n"
    style = {speaker.id: f"S{number}" for number, speaker in enumerate(plan.speakers)}
    script += _EVENTS
    for cue in shown:
        first, last = max(cue.start, begin) - begin, min(cue.end, end) - begin
        said = _in_fonts(cue.text, size, fonts)
        script += f"Dialogue: 0,{_clock(first)},{_clock(last)},{style[cue.speaker]},0,0,0,,{said}\n"
    return script


def burn(clip: Path, script: str, output: Path, plan: Plan, fonts: Fonts) -> None:
    """Encode `clip` again with the script drawn into it: the same frames at the same times."""

    with tempfile.TemporaryDirectory(prefix="captions-") as name:
        # ffmpeg runs in this folder: within a filter's arguments a path with quotes or colons is no path any more.
        folder = Path(name)
        for number, file in enumerate(dict.fromkeys(face.file for face in fonts.faces)):
            shutil.copyfile(file, folder / f"{number}{file.suffix}")
        (folder / "captions.ass").write_text(script, encoding="utf-8")
        drawn = ffmpeg.source(clip)["v"].filter("ass", "captions.ass", fontsdir=".")
        encoded = drawn.output(ffmpeg.path(output), fps_mode="passthrough", **parameters(plan.fps))
        ffmpeg.run(encoded, "burn in the captions", cwd=folder)


def readable(color: str) -> str:
    """The colour, mixed with as much white as it needs to read on a black outline (WCAG 2 contrast of 7)."""
    for share in range(0, 101, 5):
        mixed = [round(value + (255 - value) * share / 100) for value in channels(color)]
        if _luminance(mixed) >= 7 * 0.05 - 0.05:
            break
    return "#" + "".join(f"{value:02x}" for value in mixed)


def _luminance(rgb: Sequence[int]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (value / 255 for value in rgb)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _ass_color(color: str) -> str:
    red, green, blue = channels(color)
    return f"&H00{blue:02X}{green:02X}{red:02X}"


def _clock(seconds: float) -> str:
    hundredths = round(seconds * 100)
    return f"{hundredths // 360_000}:{hundredths // 6000 % 60:02d}:{hundredths // 100 % 60:02d}.{hundredths % 100:02d}"


def _escaped(text: str) -> str:
    """Words, and nothing that ASS would read as a command: a backslash is parted from what follows by a word joiner."""
    return text.replace("\\", "\\\u2060").replace("{", "\\{").replace("}", "\\}").replace("\n", "\\N")


def _in_fonts(text: str, size: int, fonts: Fonts) -> str:
    """The words with the font of each piece named before it, where that is not the style's own.

    The direction of the whole is marked at the beginning of every row, where any of it is read from the right.
    """
    turned = any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text)
    mark = ("\u200f" if from_right(text) else "\u200e") if turned else ""
    written, last, first = mark, fonts.faces[0], fonts.faces[0]
    for piece, face in fonts.runs(text):
        if face is not last:
            written += f"{{\\fn{_family(face)}\\fs{round(size * cell_of(face) / cell_of(first))}}}"
        written += _escaped(piece).replace("\\N", f"\\N{mark}")
        last = face
    return written


def _family(face: Font) -> str:
    """As a script names it: a comma would end the field."""
    return face.family.replace(",", " ")
