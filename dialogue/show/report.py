"""A report of a film in one HTML file: lanes, pictures with boxes, words, costs, what was verified, the film.

Everything is inside; nothing is fetched, nothing runs.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path

from dialogue.ground.amounts import duration_text, memory_text
from dialogue.ground.times import format_time
from dialogue.planning.choice import Costs
from dialogue.planning.colors import ink_on
from dialogue.planning.plan import Plan, Shot
from dialogue.show.table import emotion_text

_ROW = 60.0  # seconds of film in a row of lanes
_WIDE, _LANE, _TOP = 1000, 26, 22  # units of the drawing
_STYLE = """
:root{color-scheme:light dark;--ink:#17191c;--soft:#5f666e;--line:#dadad6;--panel:#f7f7f5;--bad:#b0101c}
@media(prefers-color-scheme:dark){
:root{--ink:#eceef1;--soft:#9097a1;--line:#2a2d32;--panel:#191b1e;--bad:#ff5c7c}}
body{font:14px/20px system-ui,sans-serif;color:var(--ink);background:var(--panel)}
body{max-width:1040px;margin:32px auto;padding:0 20px}
h1{font-size:22px;line-height:28px;margin:0 0 4px}h2{font-size:16px;margin:32px 0 8px}p{margin:4px 0}
.soft{color:var(--soft)}
video,img,svg{max-width:100%;display:block;border-radius:4px}video{max-height:70vh;background:#000}
figure{margin:0 0 16px;position:relative;display:inline-block}table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:4px 10px 4px 0;border-bottom:1px solid var(--line);vertical-align:top}
th{color:var(--soft);font-weight:500}
.bad{color:var(--bad)}.tag{border-radius:4px;padding:1px 6px;font-weight:600}
text{font:11px system-ui,sans-serif;fill:var(--ink)}
"""


def report_text(
    plan: Plan,
    media: Path,
    costs: Costs | None = None,
    film: Path | None = None,
    verified: Sequence[str] | None = None,
) -> str:
    """The page. `verified`: what is wrong with the film, a sentence each; None where nobody has looked."""
    title = plan.title or "A film"
    parts = [f"<h1>{_safe(title)}</h1>", f"<p class=soft>{_facts(plan)}</p>"]
    if film is not None:
        parts.append(f"<h2>Film</h2><video controls preload=metadata src='{_inline(film, 'video/mp4')}'></video>")
    parts += ["<h2>Who speaks when</h2>", *_lanes(plan)]
    parts += ["<h2>Pictures</h2>", *_pictures(plan, media)]
    if verified is not None:
        told = "".join(f"<p class=bad>{_safe(one)}</p>" for one in verified)
        parts.append(f"<h2>Verified</h2>{told or '<p>Every mouth moves when it should, and only then.</p>'}")
    if plan.warnings:
        parts.append("<h2>Notes</h2>" + "".join(f"<p>{_safe(one)}</p>" for one in plan.warnings))
    parts += ["<h2>Words</h2>", _words(plan)]
    if costs is not None:
        parts += ["<h2>What it takes to make</h2>", _costs(plan, costs)]
    head = f"<meta charset=utf-8><meta name=viewport content='width=device-width'><title>{_safe(title)}</title>"
    return f"<!doctype html><html lang=en>{head}<style>{_STYLE}</style><body>{''.join(parts)}</body></html>\n"


def _safe(text: str) -> str:
    return html.escape(text, quote=True)


def _facts(plan: Plan) -> str:
    shots = f"{len(plan.shots)} shot{'s' * (len(plan.shots) != 1)}"
    spoken = sum(turn.end - turn.start for turn in plan.turns)
    made = f"{plan.width}x{plan.height}, {float(plan.fps):g} frames a second, by {_safe(plan.generator)}"
    return f"{format_time(plan.duration)}, {shots}, {len(plan.turns)} turns, {spoken:.0f} s of speech; {made}"


def _lanes(plan: Plan) -> Iterable[str]:
    """A drawing per minute: a lane for each speaker, the cuts across them."""
    rows = max(1, -int(-plan.duration // _ROW))
    for row in range(rows):
        begin, end = row * _ROW, min(plan.duration, (row + 1) * _ROW)
        scale = _WIDE / min(_ROW, max(plan.duration, 1.0))
        height = _TOP + _LANE * len(plan.speakers)
        drawn = [f"<text x=0 y=12>{format_time(begin).removesuffix('.000')}</text>"]
        for shot in plan.shots:
            at = plan.clock.seconds_at(shot.start)
            if begin <= at < end:
                x = (at - begin) * scale
                drawn.append(f"<line x1={x:.1f} x2={x:.1f} y1=2 y2={height} stroke=currentColor stroke-opacity=.25 />")
                drawn.append(
                    f"<text x={x + 4:.1f} y=12 fill-opacity=.7>shot {shot.index + 1}</text>" if at > begin else ""
                )
        for lane, speaker in enumerate(plan.speakers):
            for turn in plan.turns:
                if turn.speaker == speaker.id and turn.start < end and turn.end > begin:
                    x = (max(turn.start, begin) - begin) * scale
                    wide = max(1.0, (min(turn.end, end) - max(turn.start, begin)) * scale)
                    said = _safe(f"{speaker.name}, {format_time(turn.start)}: {turn.text or ''}")
                    drawn.append(
                        f"<rect x={x:.1f} y={_TOP + lane * _LANE} width={wide:.1f} height={_LANE - 6} rx=3 "
                        f"fill='{speaker.color}'><title>{said}</title></rect>"
                    )
        view = f"viewBox='0 0 {_WIDE} {height}' role=img aria-label='Who speaks from {format_time(begin)} on'"
        yield f"<svg {view}>{''.join(drawn)}</svg>"
    tags = (
        f"<span class=tag style='background:{speaker.color};color:{ink_on(speaker.color)}'>{_safe(speaker.name)}</span>"
        for speaker in plan.speakers
    )
    yield f"<p>{' '.join(tags)}</p>"


def _pictures(plan: Plan, media: Path) -> Iterable[str]:
    """Each set-up once, as the film frames it, with the faces in it."""
    seen: set[tuple[object, ...]] = set()
    for shot in plan.shots:
        key = (shot.picture, shot.view, shot.faces)
        if key not in seen:
            seen.add(key)
            numbers = [str(one.index + 1) for one in plan.shots if (one.picture, one.view, one.faces) == key]
            many = ", ".join(numbers[:12]) + (" and more" if len(numbers) > 12 else "")
            yield f"<figure>{_framed(plan, shot, media)}<p class=soft>{_safe(shot.picture)}, shots {many}</p></figure>"


def _framed(plan: Plan, shot: Shot, media: Path) -> str:
    from PIL import Image

    from dialogue.media.pictures import open_picture

    view = shot.view
    whole = Image.fromarray(open_picture(media / shot.picture))
    side = (round(view.x), round(view.y), round(view.x + view.width), round(view.y + view.height))
    small = whole.crop(side).resize((plan.width, plan.height))
    small.thumbnail((960, 960))
    data = BytesIO()
    small.save(data, "JPEG", quality=82)
    source = f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode()}"
    boxes = []
    for face in shot.faces:
        who, box = plan.speaker(face.speaker), face.box
        size = plan.width / 45
        boxes.append(
            f"<rect x={box.x:.0f} y={box.y:.0f} width={box.width:.0f} height={box.height:.0f} fill=none "
            f"stroke='{who.color}' stroke-width={plan.width / 200:.1f} rx=4 />"
            f"<text x={box.x:.0f} y={box.y + box.height + size * 1.3:.0f} "
            f"style='font-size:{size:.0f}px;fill:{who.color}'>"
            f"{_safe(who.name)}</text>"
        )
    view_box = f"viewBox='0 0 {plan.width} {plan.height}' width={min(plan.width, 480)}"
    picture = f"<image href='{source}' width={plan.width} height={plan.height} />"
    return f"<svg {view_box} role=img aria-label='{_safe(shot.picture)} with its faces'>{picture}{''.join(boxes)}</svg>"


def _words(plan: Plan) -> str:
    rows = []
    for turn in plan.turns:
        who = plan.speaker(turn.speaker)
        tag = f"<span class=tag style='background:{who.color};color:{ink_on(who.color)}'>{_safe(who.name)}</span>"
        said = _safe(turn.text or "…")
        felt = _safe(emotion_text(turn.emotion))
        said += f" <span class=soft>[draft: {_safe(turn.draft)}]</span>" if turn.draft is not None else ""
        rows.append(f"<tr><td>{format_time(turn.start)}<td>{tag}<td>{said}<td class=soft>{felt}</tr>")
    return f"<table><tr><th>at<th>who<th>words<th>emotion</tr>{''.join(rows)}</table>" + _sounds(plan)


def _sounds(plan: Plan) -> str:
    """Beds and effects; nothing where there are none."""
    rows = [
        f"<tr><td>{format_time(sound.start)}<td>{format_time(sound.end)}<td>{_safe(sound.audio.source)}"
        f"<td>{sound.gain:g} dB<td>{f'{-sound.duck:g} dB' if sound.duck else ''}</tr>"
        for sound in plan.sounds
    ]
    head = "<h2>Sound</h2><table><tr><th>from<th>to<th>file<th>gain<th>under speech</tr>"
    return f"{head}{''.join(rows)}</table>" if rows else ""


def _costs(plan: Plan, costs: Costs) -> str:
    rows = []
    for shot, cost in zip(plan.shots, costs.shots, strict=True):
        start = format_time(plan.clock.seconds_at(shot.start))
        rows.append(
            f"<tr><td>{shot.index + 1}<td>{start}<td>{_safe(shot.picture)}<td>{cost.windows or '–'}"
            f"<td>{duration_text(cost.seconds)}</tr>"
        )
    total = f"{costs.windows} windows, about {duration_text(costs.seconds)}, {memory_text(costs.memory)} of memory"
    return f"<p>{total}</p><table><tr><th>shot<th>at<th>picture<th>windows<th>about</tr>{''.join(rows)}</table>"


def _inline(file: Path, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"
