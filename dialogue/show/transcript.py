"""What is said in a film, as text, as data, as WebVTT with a time for every word, and as karaoke in ASS."""

from __future__ import annotations

import json
from collections.abc import Iterator

from dialogue.formats.cue import clock
from dialogue.ground.times import format_time
from dialogue.planning.plan import Plan, Turn, Word
from dialogue.show.captions import cues_of, words_of

KINDS = ("txt", "json", "vtt")


def transcript(plan: Plan, kind: str) -> str:
    """The transcript as `txt` (who said what, when), `json` (turns with their words) or `vtt` (word by word)."""
    return {"txt": _text, "json": _data, "vtt": _word_by_word}[kind](plan)


def _spoken(plan: Plan) -> Iterator[Turn]:
    return (turn for turn in sorted(plan.turns, key=lambda turn: (turn.start, turn.end)) if turn.text)


def _text(plan: Plan) -> str:
    """A paragraph a turn; turns of one speaker that follow each other are one."""
    rows: list[str] = []
    last = ""
    for turn in _spoken(plan):
        name = plan.speaker(turn.speaker).name
        if name == last:
            rows[-1] += f" {turn.text}"
        else:
            rows.append(f"[{format_time(turn.start)}] {name}: {turn.text}")
        last = name
    return "\n\n".join(rows) + "\n" if rows else ""


def _data(plan: Plan) -> str:
    turns = [
        {
            "speaker": turn.speaker,
            "name": plan.speaker(turn.speaker).name,
            "start": round(turn.start, 3),
            "end": round(turn.end, 3),
            "text": turn.text,
            "origin": turn.origin,
            **({"draft": turn.draft} if turn.draft else {}),
            "words": [{"text": word.text, "start": word.start, "end": word.end} for word in turn.words],
        }
        for turn in _spoken(plan)
    ]
    record = {"title": plan.title, "duration": round(plan.duration, 3), "turns": turns}
    return json.dumps(record, ensure_ascii=False, indent=1) + "\n"


def _word_by_word(plan: Plan) -> str:
    """WebVTT whose cues hold a timestamp before every word whose time is known."""
    parts = ["WEBVTT\n"]
    for cue in cues_of(plan):
        words = words_of(plan, cue)
        name = _plain(plan.speaker(cue.speaker).name)
        parts.append(f"{clock(cue.start)} --> {clock(cue.end)}\n<v {name}>{_timed(cue.text, words, cue.start)}</v>\n")
    return "\n".join(parts)


def _timed(text: str, words: tuple[Word, ...], start: float) -> str:
    if not words:
        return _plain(text)
    shown, rows = iter(words), []
    for row in text.split("\n"):
        pieces = []
        for written in row.split():
            word = next(shown)
            later = word.start > start + 0.001
            pieces.append((f"<{clock(word.start)}>" if later else "") + _plain(written))
        rows.append(" ".join(pieces))
    return "\n".join(rows)


def _plain(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def karaoke(plan: Plan) -> str:
    """An ASS script for the whole film in which every word lights up as it is said (`\\k`, hundredths of a second)."""
    colors = {speaker.id: speaker.color.lstrip("#") for speaker in plan.speakers}
    styles = "".join(
        f"Style: {number},Sans,{max(12, plan.height // 16)},&H00{c[4:6]}{c[2:4]}{c[0:2]},&H00FFFFFF,&H00000000,"
        "&H96000000,0,0,0,0,100,100,0,0,1,2,0,2,40,40,24,1\n"
        for number, c in enumerate(colors.values())
    )
    numbers = {speaker: number for number, speaker in enumerate(colors)}
    head = f"[Script Info]\nScriptType: v4.00+\nPlayResX: {plan.width}\nPlayResY: {plan.height}\nWrapStyle: 0\n\n"
    head += (
        "[V4+ Styles]\nFormat: Name,Fontname,Fontsize,PrimaryColour,SecondaryColour,OutlineColour,BackColour,Bold,"
        "Italic,Underline,StrikeOut,ScaleX,ScaleY,Spacing,Angle,BorderStyle,Outline,Shadow,Alignment,MarginL,MarginR,MarginV,"
        f"Encoding\n{styles}\n[Events]\nFormat: Layer,Start,End,Style,Name,MarginL,MarginR,MarginV,Effect,Text\n"
    )
    rows = []
    for cue in cues_of(plan):
        words = words_of(plan, cue)
        said = _lit(cue.text, words, cue.start) if words else _unbraced(cue.text).replace("\n", "\\N")
        rows.append(f"Dialogue: 0,{_ass(cue.start)},{_ass(cue.end)},{numbers[cue.speaker]},,0,0,0,,{said}\n")
    return head + "".join(rows)


def _lit(text: str, words: tuple[Word, ...], start: float) -> str:
    shown, rows, at = iter(words), [], start
    for row in text.split("\n"):
        pieces = []
        for written in row.split():
            word = next(shown)
            waiting = max(0, round((word.start - at) * 100))
            length = max(1, round((word.end - max(at, word.start)) * 100))
            pieces.append((f"{{\\k{waiting}}}" if waiting else "") + f"{{\\k{length}}}{_unbraced(written)}")
            at = max(at, word.end)
        rows.append(" ".join(pieces))
    return "\\N".join(rows)


def _unbraced(text: str) -> str:
    return text.replace("\\", "\\\u2060").replace("{", "(").replace("}", ")")


def _ass(seconds: float) -> str:
    hundredths = round(seconds * 100)
    return f"{hundredths // 360_000}:{hundredths // 6000 % 60:02d}:{hundredths // 100 % 60:02d}.{hundredths % 100:02d}"
