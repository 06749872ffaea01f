"""What the planner saw, drawn on the picture as the film will frame it: whose face is where, and whose is nobody's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dialogue.ground.box import Box
from dialogue.planning.colors import channels, ink_on, speaker_colors
from dialogue.planning.faces import PlacedFace, unowned
from dialogue.planning.framing import to_output
from dialogue.planning.plan import Face, Plan, Shot
from dialogue.show.table import ranges_text

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

    from dialogue.media.letters import Letters
    from dialogue.media.media import FoundFace

_NOBODY = "#9a9a9a"
_TILE = 360  # pixels a face is wide on faces.png
_STRIP = 0.045  # of the picture's width: the height of the caption below it


def _rectangle(draw: ImageDraw, box: Box, color: str, width: int, dash: int = 0) -> None:
    """A box drawn as lines: dark below, so that it reads on any picture; dashed where it is not a face itself."""
    corners = [(box.x, box.y), (box.right, box.y), (box.right, box.bottom), (box.x, box.bottom), (box.x, box.y)]
    for ink, thick in (("#000000", width + (1 if dash else 2)), (color, width)):
        for (x0, y0), (x1, y1) in zip(corners, corners[1:], strict=False):
            length = abs(x1 - x0) + abs(y1 - y0)
            steps = max(1, round(length / dash)) if dash else 1
            for step in range(0, steps, 2 if dash else 1):
                a, b = step / steps, min(1.0, (step + 1) / steps)
                ends = [(x0 + (x1 - x0) * share, y0 + (y1 - y0) * share) for share in (a, b)]
                draw.line(ends, fill=ink, width=thick)


def _label(draw: ImageDraw, text: str, box: Box, color: str, letters: Letters, frame: tuple[int, int]) -> None:
    """A tag above the box, or inside its top when there is no room above."""
    pad = letters.size * 0.3
    text = letters.fitting(text, frame[0] - 2 * pad)
    above, below = letters.height(text)
    width, height = letters.width(text) + 2 * pad, above + below + 2 * pad
    x = min(max(0.0, box.x), max(0.0, frame[0] - width))
    y = box.y - height if box.y >= height else box.y
    draw.rectangle((x, y, x + width, y + height), fill=color)
    letters.draw(draw, x + pad, y + pad + above, text, ink_on(color))


def _tinted(image: Image, regions: Sequence[tuple[Box, str]]) -> Image:
    """Each region washed in its speaker's colour."""
    from PIL import Image as images
    from PIL import ImageDraw

    wash = images.new("RGBA", image.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(wash)
    for region, color in regions:
        draw.rectangle((region.x, region.y, region.right - 1, region.bottom - 1), fill=(*channels(color), 44))
    return images.alpha_composite(image.convert("RGBA"), wash).convert("RGB")


def _below(image: Image, text: str, font: Path | None = None) -> Image:
    """The picture with a line of text under it."""
    from PIL import Image as images
    from PIL import ImageDraw

    from dialogue.media.letters import letters_for

    height = max(26, round(image.width * _STRIP))
    page = images.new("RGB", (image.width, image.height + height), "#1c1c1c")
    page.paste(image, (0, 0))
    room = image.width * 0.97
    letters = letters_for([text, "…"], height * 0.42, font)
    if letters.width(text) > room:
        letters = letters_for([text, "…"], max(10, letters.size * room / letters.width(text) - 1), font)
    text = letters.fitting(text, room)
    above, below = letters.height(text)
    base = image.height + (height + above - below) / 2
    letters.draw(ImageDraw.Draw(page), image.width * 0.015, base, text, "#e6e6e6")
    return page


def _drawn(plan: Plan, shot: Shot, numbers: Sequence[int], media: Path, strangers: Sequence[Box]) -> Image:
    from PIL import Image as images
    from PIL import ImageDraw

    from dialogue.media.letters import letters_for
    from dialogue.media.still import still

    color_of = {speaker.id: speaker.color for speaker in plan.speakers}
    image = images.fromarray(still(media / shot.picture, shot.view, plan.width, plan.height))
    image = _tinted(image, [(face.region, color_of[face.speaker]) for face in shot.faces])
    draw = ImageDraw.Draw(image)
    line = max(2, round(plan.width / 320))
    font = media / plan.font if plan.font is not None else None
    letters = letters_for([*(speaker.name for speaker in plan.speakers), "nobody's…"], max(10, plan.width / 44), font)
    frame = (plan.width, plan.height)
    for box in strangers:
        _rectangle(draw, box, _NOBODY, line, dash=4 * line)
        _label(draw, "nobody's", box, _NOBODY, letters, frame)
    for face in shot.faces:
        inner = face.region.intersection(Box(line, line, plan.width - 2 * line, plan.height - 2 * line))
        _rectangle(draw, inner, color_of[face.speaker], line, dash=6 * line)
    for face in shot.faces:
        _rectangle(draw, face.box, color_of[face.speaker], line)
        _label(draw, plan.speaker(face.speaker).name, face.box, color_of[face.speaker], letters, frame)
    shown = f"{'shots' if len(numbers) > 1 else 'shot'} {ranges_text(numbers)}"
    absent = [speaker.name for speaker in plan.speakers if all(face.speaker != speaker.id for face in shot.faces)]
    facts = [Path(shot.picture).name, shown, f"{plan.width}x{plan.height}"]
    facts += ["off screen: " + ", ".join(absent)] if absent else []
    return _below(image, "  ·  ".join(facts), font)


def write_found_faces(found: Mapping[str, Sequence[FoundFace]], media: Path, folder: Path) -> tuple[Path, ...]:
    """faces.png, faces_2.png …: each picture with the faces found in it, numbered as `detect` counts them."""
    from PIL import Image as images
    from PIL import ImageDraw

    from dialogue.ground.outputs import replacing
    from dialogue.media.letters import letters_for
    from dialogue.media.pictures import open_picture

    written = []
    for index, (picture, faces) in enumerate(found.items(), 1):
        image = images.fromarray(open_picture(media / picture))
        draw, size = ImageDraw.Draw(image), (image.width, image.height)
        line, letters = max(2, round(image.width / 320)), letters_for(["0123456789…"], max(10, image.width / 40))
        colors = speaker_colors([str(number) for number in range(len(faces))], {})
        for number, (face, color) in enumerate(zip(faces, colors.values(), strict=True), 1):
            _rectangle(draw, face.box, color, line)
            _label(draw, f"{number}", face.box, color, letters, size)
        path = folder / ("faces.png" if index == 1 else f"faces_{index}.png")
        with replacing(path) as draft:
            _below(image, f"{Path(picture).name}  ·  faces found: {len(faces)}").save(draft, format="PNG")
        written.append(path)
    return tuple(written)


def write_mouths(plan: Plan, media: Path, folder: Path) -> tuple[Path, ...]:
    """faces.png: every face of the plan enlarged, with the mouth as it will open and how sure it is.

    Nothing where nobody has looked for mouths.
    """
    from PIL import Image as images

    from dialogue.ground.outputs import replacing

    tiles, seen = [], set()
    for shot in plan.shots:
        for face in shot.faces:
            if face.mouth is not None and (shot.picture, face) not in seen:
                seen.add((shot.picture, face))
                tiles.append(_mouth_tile(plan, shot, face, media))
    if not tiles:
        return ()
    across = min(len(tiles), 4)
    page = images.new("RGB", (across * _TILE, -(-len(tiles) // across) * tiles[0].height), "#1c1c1c")
    for index, tile in enumerate(tiles):
        page.paste(tile, (index % across * _TILE, index // across * tile.height))
    path = folder / "faces.png"
    with replacing(path) as draft:
        page.save(draft, format="PNG")
    return (path,)


def _mouth_tile(plan: Plan, shot: Shot, face: Face, media: Path) -> Image:
    from PIL import Image as images
    from PIL import ImageDraw

    from dialogue.media.still import still

    assert face.mouth is not None  # only such faces have a tile
    side = 1.3 * max(face.box.width, face.box.height)
    (x, y), scale = face.box.center, _TILE / side
    left, top = x - side / 2, y - side / 2
    picture = images.fromarray(still(media / shot.picture, shot.view, plan.width, plan.height))
    tile = picture.transform((_TILE, _TILE), images.Transform.EXTENT, (left, top, left + side, top + side))
    draw, color = ImageDraw.Draw(tile), plan.speaker(face.speaker).color
    _rectangle(draw, face.box.moved(-left, -top).scaled(scale, scale), color, 2, dash=8)
    ends = [((px - left) * scale, (py - top) * scale) for px, py in (face.mouth.left, face.mouth.right)]
    for ink, width in (("#000000", 4), (color, 2)):
        draw.line(ends, fill=ink, width=width)
    for px, py in ends:
        draw.ellipse((px - 4, py - 4, px + 4, py + 4), fill=color, outline="#000000")
    return _below(tile, f"{plan.speaker(face.speaker).name}  ·  mouth {face.mouth.confidence:.0%}")


def _strangers(plan: Plan, shot: Shot, found: Sequence[FoundFace]) -> list[Box]:
    """Nobody's faces, in the output frame."""
    frame = Box(0, 0, plan.width, plan.height)
    size = (plan.width, plan.height)
    scale = shot.view.width / plan.width
    owned = [
        PlacedFace(face.speaker, face.box.scaled(scale, scale).moved(shot.view.x, shot.view.y), "")
        for face in shot.faces
    ]
    boxes = [to_output(box, shot.view, size).intersection(frame) for box in unowned(owned, found)]
    return [box for box in boxes if box.area > 0]


def write_pictures(
    plan: Plan, media: Path, folder: Path, found: Mapping[str, Sequence[FoundFace]] | None = None
) -> tuple[Path, ...]:
    """plan.png, and plan_2.png … where the shots differ in picture, framing or faces; each shot set-up once.

    `found`: the faces that were found in each picture, to show those that are nobody's.
    """
    from dialogue.ground.outputs import replacing

    setups: dict[tuple[object, ...], list[Shot]] = {}
    for shot in plan.shots:
        setups.setdefault((shot.picture, shot.view, shot.faces), []).append(shot)
    written = []
    for index, shots in enumerate(setups.values(), 1):
        shot = shots[0]
        image = _drawn(
            plan, shot, [s.index + 1 for s in shots], media, _strangers(plan, shot, (found or {}).get(shot.picture, ()))
        )
        path = folder / ("plan.png" if index == 1 else f"plan_{index}.png")
        with replacing(path) as draft:
            image.save(draft, format="PNG")
        written.append(path)
    return tuple(written)
