"""Captions in the picture: a clip encoded once more with its cues drawn by libass, each in its speaker's colour.

The clean clip stays in the cache, so words, colours and this switch itself never cost a generator's work again.
"""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from dialogue.ground.errors import DialogueError
from dialogue.planning.colors import channels
from dialogue.planning.plan import Plan, Shot
from dialogue.rendering import ffmpeg
from dialogue.rendering.encode import parameters
from dialogue.show.captions import ROW, Cue

FONT = "DejaVu Sans"
_FONT_FILE = "DejaVuSans-Bold.ttf"
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
_EVENTS = "\n[Events]\nFormat: Layer, Start, End, Style, MarginL, MarginR, MarginV, Effect, Text\n"


def subtitles(plan: Plan, shot: Shot, cues: Sequence[Cue]) -> str | None:
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
        script += f"Style: S{number},{FONT},{size},{color},&H00000000,&H80000000,-1,1,{outline:.1f},"
        script += f"{outline / 3:.1f},2,{edge},{edge},{round(plan.height * 0.045)},1\n"
    style = {speaker.id: f"S{number}" for number, speaker in enumerate(plan.speakers)}
    script += _EVENTS
    for cue in shown:
        first, last = max(cue.start, begin) - begin, min(cue.end, end) - begin
        script += f"Dialogue: 0,{_clock(first)},{_clock(last)},{style[cue.speaker]},0,0,0,,{_escaped(cue.text)}\n"
    return script


def burn(clip: Path, script: str, output: Path, plan: Plan) -> None:
    """Encode `clip` again with the script drawn into it: the same frames at the same times."""

    with tempfile.TemporaryDirectory(prefix="captions-") as name:
        # ffmpeg runs in this folder: within a filter's arguments a path with quotes or colons is no path any more.
        folder = Path(name)
        shutil.copyfile(_font(), folder / _FONT_FILE)
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


def _font() -> Path:
    """DejaVu Sans Bold as matplotlib ships it (Latin, Greek, Cyrillic), without importing matplotlib."""
    spec = importlib.util.find_spec("matplotlib")
    if spec is not None and spec.origin is not None:
        file = Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / _FONT_FILE
        if file.is_file():
            return file
    raise DialogueError("the captions' font is missing: matplotlib, which ships it, is not installed whole")
