"""Who speaks when, as a picture: a lane per speaker in their colour, shots along the top, the words where they fit."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialogue.ground.amounts import counted
from dialogue.ground.times import format_time
from dialogue.media.fonts import built_in, fonts_for
from dialogue.planning.colors import ink_on
from dialogue.planning.plan import Plan, Speaker, Turn
from dialogue.show.captions import width_of
from dialogue.show.table import emotion_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROW_SECONDS = 90.0  # of film per row, up to _MOST_ROWS rows
_MOST_ROWS = 8
_WIDTH = 14.0  # inches
_LANE = 0.46  # inches
_TICK_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)  # seconds
_INK, _FAINT = "#222222", "#8a8a8a"


def _rows_of(duration: float) -> list[tuple[float, float]]:
    """The film in equal rows: one up to a minute and a half, eight at most."""
    count = min(_MOST_ROWS, max(1, -int(-duration // _ROW_SECONDS)))
    return [(duration * row / count, duration * (row + 1) / count) for row in range(count)]


def _shot_bands(axes: Axes, plan: Plan, start: float, end: float) -> None:
    """Every other shot shaded, with its number where there is room."""
    for shot in plan.shots:
        first, last = plan.clock.seconds_at(shot.start), plan.clock.seconds_at(shot.end)
        if last <= start or first >= end:
            continue
        if shot.index % 2:
            axes.axvspan(first, last, color="#000000", alpha=0.05, linewidth=0)
        if start < first:
            axes.axvline(first, color=_FAINT, linewidth=0.8, linestyle=(0, (3, 3)))
        shown = min(last, end) - max(first, start)
        if len(plan.shots) > 1 and shown / (end - start) > 0.025:
            label = f"shot {shot.index + 1}" if shown / (end - start) > 0.06 else f"{shot.index + 1}"
            middle = (max(first, start) + min(last, end)) / 2
            axes.text(middle, -0.62, label, ha="center", va="center", fontsize=8, color=_FAINT)


def _fitting(text: str, share: float, size: float) -> str:
    """As much of a text as a bar of this share of the width holds."""
    room = int(share * (_WIDTH - 2.4) * 72 / (0.53 * size))
    if width_of(text) <= room:
        return text
    while text and width_of(text) > room - 1:
        text = text[:-1]
    return text.rstrip() + "…" if room > 5 else ""


def _bars(axes: Axes, plan: Plan, speaker: Speaker, lane: int, start: float, end: float) -> None:
    """One speaker's turns between `start` and `end`."""
    bars = []
    for turn in (t for t in plan.turns if t.speaker == speaker.id and t.end > start and t.start < end):
        first, last = max(turn.start, start), min(turn.end, end)
        width = max(last - first, (end - start) / 1500)  # never thinner than can be seen
        bars.append((first, width))
        _words(axes, turn, first + (end - start) * 0.003, width / (end - start), lane, ink_on(speaker.color))
    edges = [0.6 if width > (end - start) / 200 else 0.0 for _, width in bars]
    axes.broken_barh(bars, (lane - 0.34, 0.68), facecolors=speaker.color, edgecolor="white", linewidth=edges)


def _words(axes: Axes, turn: Turn, left: float, share: float, lane: int, ink: str) -> None:
    """What is said, and in which emotion, as far as a bar of this share of the row has room."""
    words = _fitting(" ".join((turn.text or "").split()), share, 8)
    emotion = emotion_text(turn.emotion)
    if emotion == "neutral" or _fitting(emotion, share, 6.5) != emotion:
        emotion = ""
    if words:
        axes.text(left, lane - 0.08 if emotion else lane, words, va="center", fontsize=8, color=ink, clip_on=True)
    if emotion:
        height = lane + 0.2 if words else lane
        axes.text(left, height, emotion, va="center", fontsize=6.5, style="italic", color=ink, clip_on=True)


def _sound_lanes(plan: Plan) -> int:
    """Lanes of what nobody says: one where there are beds and effects."""
    return 1 if plan.sounds else 0


def _sound_name(plan: Plan) -> list[str]:
    return ["sound"] if plan.sounds else []


def _sound_bars(axes: Axes, plan: Plan, lane: int, start: float, end: float) -> None:
    """Beds and effects, in grey, one below the other where they are heard at once."""
    rows: list[float] = []  # until when each is filled
    laid = []
    for sound in plan.sounds:
        row = next((index for index, filled in enumerate(rows) if filled <= sound.start), len(rows))
        rows[row : row + 1] = [sound.end]
        laid.append((sound, row))
    height = 0.68 / len(rows)
    for sound, row in laid:
        first, last = max(sound.start, start), min(sound.end, end)
        if first >= last:
            continue
        top, width = lane - 0.34 + row * height, max(last - first, (end - start) / 1500)
        axes.broken_barh([(first, width)], (top, height), facecolors="#b9b9b9", edgecolor="white", linewidth=0.6)
        name = _fitting(Path(sound.audio.source).name, width / (end - start), 7) if height > 0.2 else ""
        axes.text(first + (end - start) * 0.003, top + height / 2, name, va="center", fontsize=7, color=_INK)


def _ticks(start: float, end: float) -> list[float]:
    """Whole seconds a reader would mark, twelve or so."""
    step = next((s for s in _TICK_STEPS if (end - start) / s <= 14), _TICK_STEPS[-1])
    return [step * index for index in range(math.ceil(start / step), math.floor(end / step) + 1)]


def _row(axes: Axes, plan: Plan, start: float, end: float) -> None:
    lanes = {speaker.id: index for index, speaker in enumerate(plan.speakers)}
    _shot_bands(axes, plan, start, end)
    for lane in lanes.values():
        axes.axhline(lane, color="#000000", alpha=0.12, linewidth=0.8, zorder=0)
    for speaker in plan.speakers:
        _bars(axes, plan, speaker, lanes[speaker.id], start, end)
    if plan.sounds:
        _sound_bars(axes, plan, len(lanes), start, end)
    axes.set_xlim(start, end)
    axes.set_ylim(len(lanes) + _sound_lanes(plan) - 0.45, -0.85 if len(plan.shots) > 1 else -0.55)
    names = [speaker.name for speaker in plan.speakers]
    axes.set_yticks(
        [*lanes.values(), *range(len(lanes), len(lanes) + _sound_lanes(plan))], [*names, *_sound_name(plan)]
    )
    for label, speaker in zip(axes.get_yticklabels(), plan.speakers, strict=False):
        label.set(fontsize=10, color=_INK, fontweight="bold")
        label.set_bbox({"boxstyle": "round,pad=0.25", "facecolor": speaker.color, "edgecolor": "none"})
        label.set_color(ink_on(speaker.color))
    axes.tick_params(axis="y", length=0, pad=9)
    axes.tick_params(axis="x", labelsize=8, colors=_FAINT, length=3)
    ticks = _ticks(start, end)
    axes.set_xticks(ticks, [format_time(tick).removesuffix(".000") for tick in ticks])
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#cccccc")


def _title(plan: Plan) -> str:
    spoken = sum(turn.end - turn.start for turn in plan.turns)
    facts = f"{format_time(plan.duration)}, {counted(len(plan.turns), 'turn')}, {spoken:.0f} s of speech"
    return f"{plan.title} — who speaks when  ({facts})" if plan.title else f"Who speaks when  ({facts})"


def _families(plan: Plan, media: Path) -> list[str]:
    """What draws the chart's words, by the names that matplotlib calls fonts."""
    from matplotlib.font_manager import fontManager

    written = [plan.title, *(speaker.name for speaker in plan.speakers), *(turn.text or "" for turn in plan.turns)]
    own = media / plan.font if plan.font is not None else None
    found = ["DejaVu Sans"]
    for face in fonts_for(written, own).faces:
        if face != built_in():
            fontManager.addfont(str(face.file))
            name = next(entry.name for entry in reversed(fontManager.ttflist) if entry.fname == str(face.file))
            found.insert(0 if face.file == own else len(found), name)
    return found


def write_chart(plan: Plan, path: Path, media: Path = Path()) -> None:
    """The chart as a PNG at `path`, in one step. `media`: what the plan's paths are relative to."""
    import warnings

    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    from dialogue.ground.outputs import replacing

    rows = _rows_of(plan.duration)
    lanes = max(1, len(plan.speakers)) + _sound_lanes(plan)
    row_height = lanes * _LANE + 0.62
    settings: dict[str, Any] = {"font.family": _families(plan, media), "figure.dpi": 130}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # told once for the film, with what mends it
        figure = Figure(
            figsize=(_WIDTH, len(rows) * row_height + 0.55), layout=ConstrainedLayoutEngine(w_pad=0.16, h_pad=0.08)
        )
        grid = figure.subplots(len(rows), 1, squeeze=False)
        for axes, (start, end) in zip(grid[:, 0], rows, strict=True):
            _row(axes, plan, start, end)
        figure.suptitle(_title(plan), x=0.012, ha="left", fontsize=12, fontweight="bold", color=_INK)
        with replacing(path) as draft:
            figure.savefig(draft, format="png")
