"""A plan as tables for the terminal: who speaks how much, the shots and their cost, the turns, the warnings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dialogue.ground.amounts import counted, duration_text, memory_text
from dialogue.ground.times import format_time
from dialogue.planning.choice import Costs
from dialogue.planning.plan import Emotion, Plan, Turn

_MOST_TURNS = 60
_MOST_SHOTS = 40
_MOST_FELT = 3  # ways in which emotions were told
_MOST_WORDS = 160  # letters of a turn's words
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_OF_LINE = re.compile(r"line (\d+): ")  # how the origin of a turn with a line begins
_COLUMNS = ("from", "to", "speaker", "words", "emotion", "line", "by")


def emotion_text(emotion: Emotion) -> str:
    """`joy`, `joy x 0.8`, `neutral 40 %, fear 60 %`; nothing for the picture as it is."""
    if not emotion.weights:
        return ""
    if len(emotion.weights) == 1:
        words = emotion.weights[0][0]
    else:
        words = ", ".join(f"{name} {weight * 100:.0f} %" for name, weight in emotion.weights)
    return words if emotion.strength == 1 else f"{words} x {emotion.strength:g}"


def _table(title: str, *columns: tuple[str, str]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name, justify in columns:
        table.add_column(name, justify="right" if justify == "right" else "left", header_style="dim", overflow="fold")
    return table


def _name(plan: Plan, speaker_id: str) -> Text:
    speaker = plan.speaker(speaker_id)
    return Text.assemble(("\u25cf ", speaker.color), speaker.name)


def _heading(plan: Plan, costs: Costs) -> Text:
    text = Text()
    if plan.title:
        text.append(f"{plan.title}\n", "bold")
    frames = counted(plan.frames, "frame")
    text.append(f"{format_time(plan.duration)} · {frames} at {float(plan.fps):g} fps · {plan.width}x{plan.height}\n")
    windows = f"{counted(costs.windows, 'window')}, " if costs.windows else ""
    text.append(
        f"{plan.generator}: {windows}about {duration_text(costs.seconds)}, {memory_text(costs.memory)} of memory\n"
    )
    text.append(f"chosen because: {plan.generator_reason}\n", "dim")
    return text


def _speakers(plan: Plan) -> Table:
    table = _table("Who", ("speaker", ""), ("speaks", "right"), ("turns", "right"), ("seen in", ""))
    for speaker in plan.speakers:
        turns = [turn for turn in plan.turns if turn.speaker == speaker.id]
        spoken = sum(turn.end - turn.start for turn in turns)
        seen = [shot.index + 1 for shot in plan.shots if any(face.speaker == speaker.id for face in shot.faces)]
        if len(seen) == len(plan.shots):
            where = "every shot" if len(seen) > 1 else "the shot"
        else:
            where = "shots " + ranges_text(seen) if seen else "off screen"
        table.add_row(_name(plan, speaker.id), f"{spoken:.1f} s", str(len(turns)), where)
    return table


def ranges_text(numbers: Sequence[int]) -> str:
    """`1-3, 7`."""
    parts: list[tuple[int, int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1] = parts[-1][0], number
        else:
            parts.append((number, number))
    return ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in parts)


def _shots(plan: Plan, costs: Costs) -> Table:
    columns = [("#", "right"), ("from", "right"), ("to", "right"), ("frames", "right"), ("picture", ""), ("faces", "")]
    if costs.windows:
        columns.append(("windows", "right"))
    table = _table("Shots", *columns, ("time", "right"), ("memory", "right"))
    for shot, cost in list(zip(plan.shots, costs.shots, strict=True))[:_MOST_SHOTS]:
        times = (format_time(plan.clock.seconds_at(frame)) for frame in (shot.start, shot.end))
        faces = ", ".join(plan.speaker(face.speaker).name for face in shot.faces) or "-"
        windows = [str(cost.windows)] if costs.windows else []
        table.add_row(
            str(shot.index + 1), *times, str(shot.frames), Path(shot.picture).name, faces, *windows,
            duration_text(cost.seconds), " ".join(filter(None, [memory_text(cost.memory), cost.mode])),
        )  # fmt: skip
    return table


def _sources(turns: Sequence[Turn]) -> dict[str, str]:
    """How turns were found, without the number of their line, each with the letter that stands for it."""
    told = dict.fromkeys(_source(turn) for turn in turns if _source(turn))
    return {source: _LETTERS[index] if index < len(_LETTERS) else "…" for index, source in enumerate(told)}


def _source(turn: Turn) -> str:
    return _OF_LINE.sub("", turn.origin)


def _turns(plan: Plan) -> list[RenderableType]:
    """The turns, and below them how they were found: told once for all that were found alike."""
    shown = plan.turns[:_MOST_TURNS]
    sources = _sources(shown)
    table = _table("Turns", ("from", "right"), ("to", "right"))
    for column in table.columns:
        column.no_wrap = True
    table.add_column("speaker", header_style="dim", max_width=18, overflow="fold")
    if any(turn.text for turn in shown):
        table.add_column("words", header_style="dim", overflow="fold", min_width=22)
    table.add_column("emotion", header_style="dim", max_width=14, overflow="fold")
    if any(_OF_LINE.match(turn.origin) for turn in shown):
        table.add_column("line", justify="right", header_style="dim", no_wrap=True)
    if len(sources) > 1:
        table.add_column("by", header_style="dim", no_wrap=True)
    for turn in shown:
        line = _OF_LINE.match(turn.origin)
        words = turn.text or ""
        row: list[RenderableType] = [
            format_time(turn.start), format_time(turn.end), _name(plan, turn.speaker),
            Text(words if len(words) <= _MOST_WORDS else words[: _MOST_WORDS - 1].rstrip() + "…"),
            emotion_text(turn.emotion).replace(" %", "\N{NO-BREAK SPACE}%") + "*" * bool(turn.felt),
            line[1] if line else "", sources.get(_source(turn), ""),
        ]  # fmt: skip
        kept = [column.header for column in table.columns]
        table.add_row(*(cell for cell, name in zip(row, _COLUMNS, strict=True) if name in kept))
    legend = [Text(f"{letter}: {source}", "dim") for source, letter in sources.items() if letter != "…"]
    if len(sources) == 1:
        legend = [Text(f"all of them {next(iter(sources))}", "dim")]
    felt = list(dict.fromkeys(turn.felt for turn in shown if turn.felt))
    if felt:
        more = f" and {len(felt) - _MOST_FELT} more" if len(felt) > _MOST_FELT else ""
        legend.append(Text(f"*: told by {'; by '.join(felt[:_MOST_FELT])}{more}", "dim"))
    return [table, *legend]


def _sounds(plan: Plan) -> list[RenderableType]:
    """Beds and effects, and how loud the film is to be; nothing where there is neither."""
    told = [] if plan.loudness is None else [Text(f"as a whole {plan.loudness:g} LUFS loud")]
    if not plan.sounds:
        return ["", *told] if told else []
    columns = ("from", "right"), ("to", "right"), ("file", ""), ("gain", "right"), ("fade", "right"), ("duck", "right")
    table = _table("Sound", *columns, ("", ""))
    for sound in plan.sounds[:_MOST_SHOTS]:
        table.add_row(
            format_time(sound.start), format_time(sound.end), Path(sound.audio.source).name, f"{sound.gain:g} dB",
            f"{sound.fade_in:g}, {sound.fade_out:g} s" if sound.fade_in or sound.fade_out else "",
            f"{-sound.duck:g} dB" if sound.duck else "", "again and again" if sound.loop else "once",
        )  # fmt: skip
    more = len(plan.sounds) - _MOST_SHOTS
    return ["", table, *([Text(f"… {more} more sounds, in plan.json")] if more > 0 else []), *told]


def plan_table(plan: Plan, costs: Costs) -> Group:
    """Everything a writer wants to know before paying for pixels, to print with rich."""
    parts: list[RenderableType] = [_heading(plan, costs), _speakers(plan), "", _shots(plan, costs)]
    if len(plan.shots) > _MOST_SHOTS:
        parts.append(f"… {len(plan.shots) - _MOST_SHOTS} more shots, in plan.json")
    parts += ["", *_turns(plan)]
    if len(plan.turns) > _MOST_TURNS:
        parts.append(f"… {len(plan.turns) - _MOST_TURNS} more turns, in plan.json")
    parts += _sounds(plan)
    if plan.warnings:
        parts += ["", *(Text.assemble(("warning: ", "bold yellow"), warning) for warning in plan.warnings)]
    return Group(*parts)
