"""A plan as tables for the terminal: who speaks how much, the shots and their cost, the turns, the warnings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dialogue.ground.amounts import duration_text, memory_text
from dialogue.ground.times import format_time
from dialogue.planning.choice import Costs
from dialogue.planning.plan import Emotion, Plan, Turn

_MOST_TURNS = 60
_MOST_SHOTS = 40


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
    text.append(
        f"{format_time(plan.duration)} · {plan.frames} frames at {float(plan.fps):g} fps · {plan.width}x{plan.height}\n"
    )
    windows = f"{costs.windows} windows, " if costs.windows else ""
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
            duration_text(cost.seconds), memory_text(cost.memory),
        )  # fmt: skip
    return table


def _turn_row(plan: Plan, turn: Turn) -> list[RenderableType]:
    text = Text(turn.text or "", overflow="ellipsis", no_wrap=True)
    times = [format_time(turn.start), format_time(turn.end)]
    return [*times, _name(plan, turn.speaker), text, emotion_text(turn.emotion), Text(turn.origin, style="dim")]


def _turns(plan: Plan) -> Table:
    table = _table(
        "Turns", ("from", "right"), ("to", "right"), ("speaker", ""), ("words", ""), ("emotion", ""), ("origin", "")
    )
    for turn in plan.turns[:_MOST_TURNS]:
        table.add_row(*_turn_row(plan, turn))
    return table


def plan_table(plan: Plan, costs: Costs) -> Group:
    """Everything a writer wants to know before paying for pixels, to print with rich."""
    parts: list[RenderableType] = [_heading(plan, costs), _speakers(plan), "", _shots(plan, costs)]
    if len(plan.shots) > _MOST_SHOTS:
        parts.append(f"… {len(plan.shots) - _MOST_SHOTS} more shots, in plan.json")
    parts += ["", _turns(plan)]
    if len(plan.turns) > _MOST_TURNS:
        parts.append(f"… {len(plan.turns) - _MOST_TURNS} more turns, in plan.json")
    if plan.warnings:
        parts += ["", *(Text.assemble(("warning: ", "bold yellow"), warning) for warning in plan.warnings)]
    return Group(*parts)
