"""Draws a character: body, hair, head, and the face that moves.

Units: face radii R (half the width of the face); the origin is the middle of the face, y points down; the chin is at
about 1.25. A frame's pose moves the whole head a little (translation and roll) and the features a little more, which
reads as turning.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .drawing import Canvas, box, ellipse, segment, smooth, union
from .expressions import moves
from .looks import Color, Look

WHITE: Color = (0.985, 0.98, 0.97)
INK: Color = (0.16, 0.10, 0.12)
MOUTH_Y_RANGE = (0.25, 1.2)


@dataclass(frozen=True)
class Acting:
    """What a face does, per frame (F,): all deterministic functions of the audio and the conditions."""

    openness: Tensor  # 0 shut .. 1 wide open
    width: Tensor  # -1 rounded .. 1 spread
    blink: Tensor  # 0 open .. 1 shut
    nod: Tensor  # head down, in radii
    sway: Tensor  # head to its left, in radii
    lift: Tensor  # brows raised by stress, 0..1
    emotion: Tensor  # (F, 7) weights


def _mix(a: Color, b: Color, t: float) -> Color:
    return (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t)


def _shade(color: Color, light: Tensor) -> Tensor:
    """Colour (F, 3, H, W) lit by light (F, H, W): below 0 towards a cool shadow, above 0 towards a warm light."""
    c = torch.tensor(color, device=light.device)[None, :, None, None]
    dark = c * torch.tensor([0.62, 0.55, 0.62], device=light.device)[None, :, None, None]
    bright = c + (1 - c) * torch.tensor([0.55, 0.50, 0.42], device=light.device)[None, :, None, None]
    lit = light[:, None]
    return c + (bright - c) * lit.clamp(0, 1) - (c - dark) * (-lit).clamp(0, 1)


def _head(x: Tensor, y: Tensor, look: Look, grow: float = 0.0) -> Tensor:
    cranium = ellipse(x, y + 0.28, 1.0 + grow, 0.98 + grow)
    jaw = ellipse(x, y - look.jaw_drop, look.jaw_width + grow, 0.90 + grow)
    return union(cranium, jaw, 0.25)


def draw_behind(canvas: Canvas, look: Look) -> None:
    """Body, neck and the hair behind the head: what stands still."""
    c = canvas.part(-2.6, -2.0, 2.6, 9.0)
    x, y = c.x, c.y
    if look.style in ("long", "bob"):
        low = 1.9 if look.style == "long" else 1.05
        back = union(ellipse(x, y + 0.25, 1.24, 1.22), box(x, y - low / 2, 1.16, low / 2 + 0.25, 0.45), 0.3)
        c.paint(c.cover(back), _shade(look.hair, -0.35 + 0.25 * smooth(-y, -1.6, 1.2)))
    elif look.style == "curly":
        angle = torch.atan2(y + 0.3, x)
        r = torch.sqrt(x * x + (y + 0.3) ** 2)
        c.paint(c.cover(r - 1.36 - 0.07 * torch.cos(11 * angle)), _shade(look.hair, -0.3 + 0.3 * smooth(-y, -1.0, 1.4)))
    torso = union(ellipse(x, y - 2.75, 1.75, 1.2), box(x, y - 4.4, 1.75, 1.7, 0.3), 0.3)
    light = 0.28 * smooth(-x, -1.6, 1.6) - 0.20 - 0.25 * smooth(y, 1.9, 4.0)
    c.paint(c.cover(torso), _cloth(look, x, y, light))
    neck = union(box(x, y - 1.35, 0.36, 0.62, 0.2), ellipse(x, y - 1.78, 0.52, 0.26), 0.15)
    c.paint(c.cover(neck), _shade(look.skin, -0.55 * smooth(-y, -1.75, -1.15) - 0.1))
    _collar(c, look, light)


def _cloth(look: Look, x: Tensor, y: Tensor, light: Tensor) -> Tensor:
    color = _shade(look.clothes, light)
    if look.collar == "striped":
        stripe = 0.75 * smooth(torch.cos(y * 11.0), -0.2, 0.2)
        color = color + (_shade(_mix(look.clothes, WHITE, 0.8), light) - color) * stripe[:, None]
    return color


def _collar(c: Canvas, look: Look, light: Tensor) -> None:
    x, y = c.x, c.y
    if look.collar == "vee":
        vee = torch.maximum(x.abs() - 0.55 * (2.55 - y), 1.75 - y)
        c.paint(c.cover(vee) * (y > 1.5), _shade(look.skin, light - 0.05))
    elif look.collar == "shirt":
        for side in (-1.0, 1.0):
            flap = segment(x * side, y, 0.42, 1.80, 0.16, 2.18, 0.17)
            c.paint(c.cover(flap), _shade(_mix(look.clothes, WHITE, 0.75), light))
    else:
        ring = ellipse(x, y - 1.72, 0.60, 0.36).abs() - 0.065
        c.paint(c.cover(ring) * (y > 1.7), _shade(look.clothes, light - 0.3))


def draw_head(canvas: Canvas, look: Look, acting: Acting) -> None:
    """The head of every frame: skin, features, hair in front, hat, glasses."""
    roll = acting.sway[:, None, None] * 0.8
    x0, y0 = canvas.x - acting.sway[:, None, None], canvas.y - 0.55 * acting.nod[:, None, None]
    up = y0 - 1.1  # the head turns about the neck
    x, y = x0 * torch.cos(roll) + up * torch.sin(roll), up * torch.cos(roll) - x0 * torch.sin(roll) + 1.1
    c = Canvas(canvas.pixels, x, y, canvas.unit).part(-1.6, -1.75, 1.6, 1.55)
    expression = moves(acting.emotion)
    _skin(c, look, expression)
    turned = Canvas(c.pixels, c.x - 0.35 * acting.sway[:, None, None], c.y - 0.55 * acting.nod[:, None, None], c.unit)
    _cheeks(turned, look, expression)
    _nose(turned, look, expression)
    for side in (-1.0, 1.0):
        _eye(turned, look, acting, expression, side)
        _brow(turned, look, acting, expression, side)
    draw_mouth(turned, look, acting, expression)
    _hair(c, look)
    if look.glasses:
        _glasses(turned, look)
    _marks(turned, look, expression)


def _skin(c: Canvas, look: Look, e: dict[str, Tensor]) -> None:
    x, y = c.x, c.y
    light = 0.34 * smooth(-(x * 0.55 + y * 0.8), -0.9, 1.2) - 0.30 * smooth(_head(x, y, look), -0.42, 0.02) - 0.02
    skin = _shade(look.skin, light)
    for name, tint, amount in (
        ("flush", (0.86, 0.20, 0.14), 0.34),
        ("pallor", (0.80, 0.88, 0.98), 0.45),
        ("sickly", (0.62, 0.76, 0.36), 0.36),
    ):
        strength = (e[name] * amount).clamp(0, 0.6)[:, None, None] * smooth(-y, -1.0, 0.5)
        skin = skin + (torch.tensor(tint, device=x.device)[None, :, None, None] - skin) * strength[:, None]
    for side in (-1.0, 1.0):
        ear = ellipse(x - side * 0.99, y - 0.08, 0.17, 0.25)
        c.paint(c.cover(ear), skin * 0.93)
        c.paint(
            c.cover(ellipse(x - side * 1.0, y - 0.08, 0.08, 0.14), 0.06) * 0.35, _mix(look.skin, (0.5, 0.15, 0.12), 0.6)
        )
    head = _head(x, y, look)
    c.paint(c.cover(head), skin)
    if look.beard:
        chin = torch.maximum(_head(x, y, look, 0.015), 0.42 - y + 0.22 * (1 - (x / 0.85) ** 2).clamp(min=0))
        hole = ellipse(x, y - look.mouth_height, 0.55, 0.30)
        c.paint(c.cover(torch.maximum(chin, -hole), 0.05), _shade(look.hair, -0.1 + 0.15 * smooth(-x, -0.8, 0.8)))


def _cheeks(c: Canvas, look: Look, e: dict[str, Tensor]) -> None:
    for side in (-1.0, 1.0):
        p = c.part(side * 0.6 - 0.45, -0.05, side * 0.6 + 0.45, 0.75)
        spot = smooth(-ellipse(p.x - side * 0.60, p.y - 0.36, 0.30, 0.20), -0.12, 0.16)
        amount = (0.16 + 0.42 * e["blush"]).clamp(0, 0.7)[:, None, None]
        p.paint(spot * amount, _mix(look.skin, (0.95, 0.28, 0.30), 0.75))
        if look.freckles:
            for dx, dy in ((-0.1, 0.0), (0.02, -0.06), (0.09, 0.03), (-0.02, 0.07)):
                p.paint(
                    p.cover(ellipse(p.x - side * (0.55 + dx), p.y - 0.34 - dy, 0.022, 0.022)) * 0.6,
                    _mix(look.skin, (0.45, 0.2, 0.1), 0.7),
                )


def _nose(c: Canvas, look: Look, e: dict[str, Tensor]) -> None:
    p = c.part(-0.4, -0.3, 0.4, 0.5)
    lift = (0.05 * e["lip"])[:, None, None]
    x, y = p.x, p.y + lift
    shadow = _mix(look.skin, (0.45, 0.14, 0.12), 0.42)
    side = smooth(-ellipse(x - look.nose * 0.6, y - 0.16, look.nose * 1.1, 0.20), -0.06, 0.10)
    p.paint(side * 0.30, shadow)
    p.paint(
        smooth(-ellipse(x + 0.015, y - 0.17, look.nose * 0.65, 0.10), -0.06, 0.06) * 0.5, _mix(look.skin, WHITE, 0.55)
    )
    curve = (y - 0.27 + 0.5 * x * x / look.nose).abs() - 0.016
    p.paint(p.cover(torch.maximum(curve, x.abs() - look.nose), 0.02) * 0.75, shadow)
    wrinkle = e["lip"].clamp(0, 1)[:, None, None]
    for dy in (-0.08, 0.0):
        line = ((y - dy) - 0.6 * x.abs() * 0.35).abs() - 0.013
        p.paint(p.cover(torch.maximum(line, x.abs() - 0.11)) * wrinkle * 0.7, shadow)


def _eye(c: Canvas, look: Look, acting: Acting, e: dict[str, Tensor], side: float) -> None:
    size, gap = look.eye_size, look.eye_gap
    p = c.part(side * gap - size * 1.8, -0.55, side * gap + size * 1.8, 0.45)
    x, y = (p.x - side * gap) / size, (p.y + 0.02) / size  # x runs outwards on the right eye; mirrored below
    x = x * side
    s = lambda name: e[name][:, None, None]  # noqa: E731
    opening = (0.86 + 0.55 * s("eye")).clamp(0.25, 1.4) * (1 - acting.blink[:, None, None])
    lower = 0.62 * (1 - 0.62 * s("squint")).clamp(0.2, 1) * (1 - 0.25 * acting.blink[:, None, None])
    arc = (1 - x * x).clamp(min=0)
    slant = -0.10 * x + 0.10 * s("inner") * (-x)
    top = slant - opening * arc**0.75
    bottom = slant + lower * arc**0.9
    slope = 1.25
    inside = torch.maximum(top - y, y - bottom) * size / slope
    cover = p.cover(inside) * (x.abs() < 1)
    sclera = _shade(WHITE, -0.45 * smooth(-(y - top), -0.55, 0.0))
    p.paint(cover, sclera)
    iy = y - 0.02 - 0.16 * s("gaze")
    iris = ellipse(x, iy, 0.58, 0.58) * size
    rim = _mix(look.iris, INK, 0.45)
    p.paint(p.cover(iris) * cover, rim)
    p.paint(p.cover(iris + 0.10 * size) * cover, _shade(look.iris, 0.55 * smooth(iy, -0.3, 0.5)))
    pupil = 0.27 * (1 + s("pupil"))
    p.paint(p.cover((torch.sqrt(x * x + iy * iy + 1e-9) - pupil) * size) * cover, INK)
    p.paint(p.cover(ellipse(x * side + 0.20, iy + 0.24, 0.17, 0.17) * size) * cover, (1.0, 1.0, 1.0))
    p.paint(p.cover(ellipse(x * side - 0.20, iy - 0.24, 0.09, 0.09) * size) * cover * 0.7, (1.0, 1.0, 1.0))
    p.paint(
        p.cover(((y - bottom).abs() - 0.05) * size / slope) * (x.abs() < 0.9) * 0.55,
        _mix(look.skin, (0.4, 0.12, 0.12), 0.6),
    )
    thick = (0.10 + 0.06 * look.lashes) * (0.55 + 0.45 * (1 + x) / 2)
    reach = 1.0 + 0.22 * look.lashes
    over = torch.where(x > 0.9, slant - 0.5 * (x - 0.9), top)
    lash = torch.maximum(((y - over + 0.03).abs() - thick) / slope, x.abs() - reach) * size
    p.paint(p.cover(lash), INK)
    crease = torch.maximum((y - top + 0.34).abs() - 0.035, x.abs() - 0.8) * size
    p.paint(p.cover(crease, 0.02) * 0.45, _mix(look.skin, (0.4, 0.12, 0.12), 0.6))


def _brow(c: Canvas, look: Look, acting: Acting, e: dict[str, Tensor], side: float) -> None:
    size, gap = look.eye_size, look.eye_gap
    p = c.part(side * gap - 0.5, -1.15, side * gap + 0.5, 0.15)
    x = (p.x - side * gap) * side / (size * 1.25)
    s = lambda name: e[name][:, None, None]  # noqa: E731
    lift = 0.13 * s("raise") + 0.07 * acting.lift[:, None, None] + 0.13 * s("uneven") * side
    middle = (
        -look.brow_height
        - lift
        + 0.13 * s("inner") * x
        + 0.055 * x * x * (1 + 0.6 * s("raise").clamp(min=0))
        - 0.02 * x
    )
    weight = look.brow_weight * (1.05 - 0.45 * ((x + 1) / 2).clamp(0, 1))
    brow = torch.maximum((p.y - middle).abs() - weight, (x.abs() - 1) * size * 1.25)
    color = _mix(look.hair, INK, 0.45 if sum(look.hair) > 1.2 else 0.2)
    p.paint(p.cover(brow, 0.025), color)


def draw_mouth(c: Canvas, look: Look, acting: Acting, e: dict[str, Tensor]) -> None:
    """Lips, teeth and tongue. Openness moves the lower lip by half a radius; emotion moves corners and width."""
    p = c.part(-0.78, MOUTH_Y_RANGE[0], 0.78, MOUTH_Y_RANGE[1])
    s = lambda v: v[:, None, None]  # noqa: E731
    o, w, corner = s(acting.openness), s(acting.width), s(e["corner"])
    half = look.mouth_width * (1 + 0.24 * w + 0.9 * s(e["stretch"])).clamp(0.5, 1.7)
    x = p.x / half
    y = p.y - look.mouth_height + 0.03 * s(e["lip"])
    rest = -0.15 * corner * (x * x - 0.35)
    arc = (1 - x * x).clamp(min=0)
    power = 0.5 + 0.2 * (1 + w)
    dip = 0.045 * torch.exp(-((x / 0.22) ** 2)) * (1 - o)
    top = rest - (0.11 * o + 0.05 * s(e["lip"])) * arc**power + 0.3 * dip
    bottom = rest + 0.44 * o * arc**power
    upper_lip = top - (0.075 - 0.02 * o) * arc**0.6 * (1 + 0.25 * torch.cos(x * 6.0)) + 0.6 * dip
    lower_lip = bottom + (0.105 - 0.03 * o) * arc**0.7
    lips = torch.maximum(upper_lip - y, y - lower_lip)
    shade = 0.30 * smooth(-(y - bottom).abs(), -0.09, 0.0) - 0.25 * smooth(-y + rest, -0.02, 0.06)
    p.paint(p.cover(lips, 0.012) * (x.abs() < 1), _shade(look.lip, shade))
    inside = torch.maximum(top - y, y - bottom)
    cover = p.cover(inside) * (x.abs() < 1) * smooth(o, 0.0, 0.06)
    p.paint(cover, (0.30, 0.06, 0.09))
    tongue = ellipse(x, y - rest - 0.46 * o, 0.62, 0.24)
    p.paint(p.cover(tongue, 0.03) * cover, _shade((0.82, 0.36, 0.38), 0.3 * smooth(-y + rest + 0.44 * o, -0.1, 0.1)))
    teeth = torch.maximum(y - top - 0.10 - 0.02 * o, (x.abs() - 0.86) * half)
    p.paint(p.cover(teeth, 0.015) * cover, _shade(WHITE, -0.35 * smooth(x.abs(), 0.4, 0.95)))
    line = torch.maximum(
        (y - rest - 0.25 * dip).abs() - 0.018 - 0.012 * corner.abs() * smooth(x.abs(), 0.6, 1.0),
        (x.abs() - 1.02) * half,
    )
    p.paint(p.cover(line, 0.012) * (1 - smooth(o, 0.02, 0.10)), _mix(look.lip, (0.25, 0.04, 0.07), 0.75))
    for side in (-1.0, 1.0):
        dot = ellipse(p.x - side * half * 1.02, y + 0.15 * corner * 0.65, 0.035, 0.045)
        p.paint(
            p.cover(dot, 0.03) * (0.35 + 0.45 * corner.abs()).clamp(0, 0.8), _mix(look.skin, (0.40, 0.10, 0.10), 0.6)
        )
    under = ellipse(p.x, p.y - look.mouth_height - 0.22 - 0.36 * o, 0.22, 0.05)
    p.paint(smooth(-under, -0.05, 0.05) * 0.22, _mix(look.skin, (0.45, 0.14, 0.12), 0.6))


def _hair(c: Canvas, look: Look) -> None:
    x, y = c.x, c.y
    cap = _head(x, y + 0.04, look, 0.10)
    lines = {
        "short": -0.62 + 0.25 * x * x - 0.06 * torch.cos(9 * x),
        "parted": -0.72 + 0.55 * (x - look.parting).abs() ** 1.4,
        "long": -0.72 + 0.62 * (x - look.parting).abs() ** 1.3,
        "bob": -0.50 + 0.10 * x * x + 1.6 * (x.abs() - 0.78).clamp(min=0) ** 0.8,
        "bun": -0.82 + 0.35 * x * x,
        "curly": -0.64 + 0.35 * x * x - 0.05 * torch.cos(11 * x),
        "buzz": -0.74 + 0.28 * x * x,
        "hat": -0.60 + 0.20 * x * x,
    }
    line = lines[look.style]
    shine = 0.55 * smooth(-((y + 0.98 - 0.22 * x * x).abs() - 0.07), -0.12, 0.05) * smooth(-x, -0.9, 0.9)
    strands = 0.07 * torch.cos(26 * (x * (1.2 + 0.5 * y))) * float(look.style not in ("buzz", "hat"))
    light = shine + strands - 0.28 * smooth(x * 0.6 + y, -1.0, 0.4) - 0.05
    if look.style == "bun":
        c.paint(c.cover(ellipse(x - 0.1, y + 1.42, 0.42, 0.34)), _shade(look.hair, light - 0.1))
    front = torch.maximum(cap, (y - line) * 0.8)
    shadow = smooth(-(y - line - 0.16), -0.10, 0.14) * c.cover(_head(x, y, look), 0.05)
    if look.style == "buzz":
        c.paint(c.cover(front + 0.08, 0.06) * 0.75, _shade(look.hair, light))
        return
    c.paint(shadow * 0.28, _mix(look.skin, (0.35, 0.12, 0.14), 0.7))
    c.paint(c.cover(front), _shade(look.hair, light))
    if look.style == "hat":
        crown = torch.maximum(union(ellipse(x, y + 0.62, 1.14, 0.98), cap, 0.1), y - line + 0.10)
        felt = _shade(look.clothes, 0.35 * smooth(-(x + y), 0.0, 1.6) - 0.15)
        c.paint(c.cover(crown), felt)
        band = torch.maximum(crown, (y - line + 0.24).abs() - 0.13)
        c.paint(c.cover(band), _mix(look.clothes, INK, 0.45))


def _glasses(c: Canvas, look: Look) -> None:
    p = c.part(-1.15, -0.5, 1.15, 0.5)
    frame: Color = (0.20, 0.16, 0.20)
    for side in (-1.0, 1.0):
        rim = box(p.x - side * look.eye_gap, p.y + 0.0, 0.325, 0.30, 0.18)
        p.paint(p.cover(rim) * 0.10, WHITE)
        p.paint(p.cover(rim.abs() - 0.026), frame)
        p.paint(p.cover(segment(p.x * side, p.y, look.eye_gap + 0.32, -0.06, 0.98, -0.03, 0.024)), frame)
    p.paint(p.cover(segment(p.x, p.y, -look.eye_gap + 0.31, -0.05, look.eye_gap - 0.31, -0.05, 0.026)), frame)


def _marks(c: Canvas, look: Look, e: dict[str, Tensor]) -> None:
    s = lambda name: e[name].clamp(0, 1)[:, None, None]  # noqa: E731
    p = c.part(-0.75, -0.1, 0.75, 0.75)
    for side in (-1.0, 1.0):
        drop = union(
            ellipse(p.x - side * (look.eye_gap + 0.06), p.y - 0.42, 0.07, 0.09),
            ellipse(p.x - side * (look.eye_gap + 0.06), p.y - 0.30, 0.025, 0.12),
            0.05,
        )
        p.paint(p.cover(drop) * s("tear") * 0.9, (0.62, 0.84, 0.98))
        p.paint(
            p.cover(ellipse(p.x - side * (look.eye_gap + 0.06) + 0.025, p.y - 0.40, 0.02, 0.03)) * s("tear"),
            (1.0, 1.0, 1.0),
        )
    p = c.part(0.3, -0.95, 1.1, 0.1)
    drop = union(ellipse(p.x - 0.74, p.y + 0.42, 0.09, 0.11), ellipse(p.x - 0.74, p.y + 0.58, 0.03, 0.13), 0.06)
    p.paint(p.cover(drop) * s("sweat") * 0.92, (0.62, 0.84, 0.98))
    p.paint(p.cover(ellipse(p.x - 0.71, p.y + 0.42, 0.025, 0.035)) * s("sweat"), (1.0, 1.0, 1.0))
    p = c.part(-0.25, -0.7, 0.25, -0.1)
    for side in (-1.0, 1.0):
        line = segment(p.x * side, p.y, 0.07, -0.46, 0.055, -0.27, 0.018)
        p.paint(p.cover(line, 0.015) * s("frown") * 0.8, _mix(look.skin, (0.35, 0.08, 0.08), 0.75))
