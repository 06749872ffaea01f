"""The folder of a plan: plan.json and all that shows it, each file whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dialogue.ground.outputs import check_outputs, folder_for, is_ours, put_text, refusals, whole_folder
from dialogue.planning.plan import Plan

if TYPE_CHECKING:
    from dialogue.media.media import FoundFace

PLAN, CHART, TURNS = "plan.json", "who_speaks.png", "turns.rttm"
_SHOWN = re.compile(r"(plan|faces)(_\d+)?\.png")
CAPTIONS = ("srt", "vtt")


def check_plan_folder(folder: Path, read: Iterable[Path], force: bool, plan: Plan | None = None) -> None:
    """SceneError where writing the plan would destroy something; before there is a plan, as far as can be known."""
    names = [PLAN, "plan.png", CHART, TURNS]
    if plan is not None:
        names += sorted(place.name for place in folder.glob("*.png") if _SHOWN.fullmatch(place.name))
        names += [f"captions.{kind}" for kind in CAPTIONS] if _words(plan) else []
    check_outputs([folder / name for name in names], read, force, made=True)


def write_plan_folder(
    plan: Plan, media: Path, faces: Mapping[str, Sequence[FoundFace]], folder: Path
) -> tuple[Path, ...]:
    """Write everything; the paths of the files. `faces`: those found in each picture.

    Where that fails, as on a full disk, a folder that was made for it is gone again.
    """
    with whole_folder(folder):
        return _written(plan, media, faces, folder)


def _written(
    plan: Plan, media: Path, faces: Mapping[str, Sequence[FoundFace]], folder: Path
) -> tuple[Path, ...]:
    from dialogue.planning.plan_json import write_plan
    from dialogue.show.chart import write_chart
    from dialogue.show.hand_over import caption_text, rttm_text
    from dialogue.show.picture import write_mouths, write_pictures

    written = [folder_for(folder) / PLAN]
    write_plan(written[0], plan, media)
    written += write_pictures(plan, media, folder, faces)
    written += write_mouths(plan, media, folder)
    write_chart(plan, folder / CHART, media)
    put_text(folder / TURNS, rttm_text(plan))
    written += [folder / CHART, folder / TURNS]
    for kind in CAPTIONS if _words(plan) else ():
        written.append(folder / f"captions.{kind}")
        put_text(written[-1], caption_text(plan, kind))
    for place in folder.glob("*.png"):  # of an earlier plan, or of faces that were unclear and are no more
        if _SHOWN.fullmatch(place.name) and place not in written and is_ours(place):
            place.unlink()
    return tuple(written)


def write_faces(
    faces: Mapping[str, Sequence[FoundFace]], media: Path, folder: Path, read: Iterable[Path]
) -> tuple[Path, ...]:
    """faces.png, faces_2.png …: each picture with the faces found in it; nothing where something of somebody's is."""
    from dialogue.show.picture import write_found_faces

    names = ["faces.png", *(f"faces_{number}.png" for number in range(2, len(faces) + 1))]
    if refusals([folder / name for name in names], read):
        return ()
    return write_found_faces(faces, media, folder_for(folder))


def _words(plan: Plan) -> bool:
    return any(turn.text for turn in plan.turns)
