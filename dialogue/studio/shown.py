"""Files that the page is given: pictures it can show, outlines of sound, the mix, clips; only those of its film."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from starlette.responses import FileResponse, Response

import dialogue
from dialogue.ground.errors import DialogueError, Problem
from dialogue.studio import jobs, mouths
from dialogue.studio.record import media_id
from dialogue.studio.room import Room

_BROWSERS = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".avif"}  # what any browser shows, turned upright by itself


def media_place(room: Room, name: str) -> Path:
    """A file that the film names, by its id. KeyError for any other."""
    found = next((place for written, place in room.media().items() if media_id(written) == name), None)
    if found is None or not found.is_file():
        raise KeyError(name)
    return found


def picture(place: Path) -> Response:
    """The picture as it is, or as PNG where browsers do not know its format."""
    if place.suffix.lower() in _BROWSERS:
        return FileResponse(place, headers={"cache-control": "no-cache"})
    from PIL import Image

    data = BytesIO()
    Image.fromarray(dialogue.pixels(place)).save(data, "PNG")
    return Response(data.getvalue(), media_type="image/png")


def sound(room: Room, speakers: Sequence[str] | None = None) -> Path | None:
    """What the film sounds like before it is made, or some of its speakers alone, as a file. None: nothing is heard."""
    look = room.planned()
    if look is None or look.planned is None:
        return None
    return dialogue.sound(dialogue.order(look.planned, overwrite=True, **room.film.how), speakers=speakers)


def take_place(room: Room, shot: int, number: int) -> Path | None:
    """The file of a take of a shot of the plan."""
    look = room.planned()
    if look is None or not 1 <= shot <= len(look.takes):
        return None
    return next((take.file for take in look.takes[shot - 1] if take.number == number), None)


def name_take(room: Room, shot: int, number: int, name: str) -> None:
    """Call a take by a name. DialogueError where there is no such take."""
    look = room.planned()
    if look is None or look.planned is None:
        raise DialogueError(Problem("there is no plan yet"))
    dialogue.name_take(dialogue.order(look.planned, overwrite=True, **room.film.how), shot, number, name)
    room.refresh()


def mouths_place(room: Room) -> Path:
    """Where what is known of the film's mouths is kept."""
    return mouths.place_of(room.clips, room.movie)


def start_render(room: Room, asked: dict[str, Any]) -> jobs.Job:
    """Begin the render that was asked for. DialogueError where one is at it already, or nothing can be made."""
    job = jobs.newest(room.cache)
    if job is not None and job.state() == "running":
        raise DialogueError(Problem("a render is at it already", hint="cancel it, or wait"))
    look = room.settled()
    if look.plan is None:
        raise DialogueError(Problem("there is no plan to render yet"))
    order: dict[str, Any] = {"source": str(room.film.path.resolve())}
    if room.film.movie is not None:
        order |= {"output": str(room.movie.resolve()), "cache": str(room.clips.resolve())}
    number = asked.get("shot")
    if number is not None:
        if type(number) is not int or not 1 <= number <= len(look.plan.shots):
            raise DialogueError(Problem(f"there is no shot {number!r}"))
        order |= {"shot": number, "output": str(room.movie.resolve().with_name(f"{room.movie.stem}-shot-{number}.mp4"))}
    take = asked.get("take")
    if take is not None:
        if number is None or type(take) is not int or not 1 <= take <= 32:
            raise DialogueError(Problem("a take is one of a shot, and there are 32 at the most"))
        order |= {"shot": number, "take": take}
    if asked.get("generator") == "animatic":
        order |= {
            "generator": "animatic",
            "output": str(room.movie.resolve().with_name(f"{room.movie.stem}-draft.mp4")),
        }
    return jobs.start(room.cache, order)


def job_record(room: Room) -> dict[str, Any] | None:
    """The newest job and all it has said that matters."""
    job = jobs.newest(room.cache)
    if job is None:
        return None
    lines = job.lines()
    last = {entry.get("kind"): entry for entry in lines}
    due = last.get("due", {}).get("shots", [])
    return {
        "number": job.number,
        "state": job.state(),
        "order": {key: value for key, value in job.order().items() if key not in ("source", "output")},
        "step": last.get("step"),
        "frame": last.get("frame"),
        "due": due,
        "ended": last.get("done") or last.get("failed") or last.get("stopped"),
        "line": len(lines),
    }
