"""From a scene in YAML to a finished film.

    import dialogue
    problems = dialogue.check("scene.yaml")
    film = dialogue.render("scene.yaml", "film.mp4")

Importing this imports nothing heavy: each name is loaded when it is first used. Errors are `SceneError` for a mistake
in what was given and `DialogueError` for a run that failed; `error.problems` has each of them as data.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from dialogue.ground.own_code import VERSION as __version__
from dialogue.ground.own_model import check_model

check_model()
importlib.import_module("model")  # installs its torchaudio import hook before anything imports torchaudio

if TYPE_CHECKING:
    from dialogue.cast.cast import CastFile
    from dialogue.cast.enrolment import Enrolled, Matched, enrol, enrolled, match
    from dialogue.drafts.engine import DraftError
    from dialogue.drafts.listing import draft_voices, engines_missing, play, sample
    from dialogue.film.check import check
    from dialogue.film.export import export
    from dialogue.film.found import OpenVoice, faces, length, peaks, pixels, sound, voices
    from dialogue.film.inspect import inspect
    from dialogue.film.plan import PlannedFilm, plan
    from dialogue.film.render import film_beside, order, pending, render
    from dialogue.film.report import report
    from dialogue.film.takes import Take, choose, make_take, name_take, retake, takes
    from dialogue.film.verify import mouths, verify
    from dialogue.generators.fast import fast_given, fast_parts
    from dialogue.generators.gpus import gpus_parts
    from dialogue.generators.memory import memory_parts
    from dialogue.ground.errors import DialogueError, Problem, SceneError
    from dialogue.ground.progress import Cancelled, Progress
    from dialogue.media.face_files import faces_advice
    from dialogue.planning.choice import Costs, Estimate
    from dialogue.planning.plan import Plan
    from dialogue.planning.plan_json import plan_record
    from dialogue.podcast.batch import BatchResult
    from dialogue.podcast.batch_folder import BatchFolder
    from dialogue.podcast.films import batch, go_on
    from dialogue.podcast.forecast import Forecast
    from dialogue.podcast.manifest import Entry
    from dialogue.rendering.film_order import Order
    from dialogue.rendering.render import Film, to_burn
    from dialogue.rendering.shot_tasks import Task
    from dialogue.scene.json_schema import json_schema
    from dialogue.screenplay.importing import Imported, import_script
    from dialogue.screenplay.starting import actors, portrait, start
    from dialogue.setup.doctor import Finding, doctor
    from dialogue.setup.models import Fetched, Model, Terms, convert, models, pull
    from dialogue.show.lettering import lettering_warnings
    from dialogue.show.table import plan_table
    from dialogue.verification.marks import Marks
    from dialogue.verification.mouths import Mouth
    from dialogue.verification.verdict import Verdict

__all__ = [
    "BatchFolder", "BatchResult", "Cancelled", "CastFile", "Costs", "DialogueError", "DraftError", "Enrolled",
    "Entry", "Estimate", "Fetched", "Film", "Finding", "Forecast", "Imported", "Marks", "Matched", "Model", "Mouth",
    "OpenVoice", "Order", "Plan", "PlannedFilm", "Problem", "Progress", "SceneError", "Take", "Task", "Terms",
    "Verdict", "__version__", "actors", "batch", "check", "choose", "convert", "doctor", "draft_voices",
    "engines_missing", "enrol", "enrolled", "export", "faces", "faces_advice", "fast_given", "fast_parts",
    "film_beside", "go_on", "gpus_parts", "import_script", "inspect", "json_schema", "length", "lettering_warnings",
    "make_take", "match", "memory_parts", "models", "mouths", "name_take", "order", "peaks", "pending", "pixels",
    "plan", "plan_record", "plan_table", "play", "portrait", "pull", "render", "report", "retake", "sample",
    "sound", "start", "takes", "to_burn", "verify", "voices",
]  # fmt: skip
_PLACES = {
    "cast.cast": ("CastFile",),
    "cast.enrolment": ("Enrolled", "Matched", "enrol", "enrolled", "match"),
    "drafts.engine": ("DraftError",),
    "drafts.listing": ("draft_voices", "engines_missing", "play", "sample"),
    "film.check": ("check",),
    "film.export": ("export",),
    "film.found": ("OpenVoice", "faces", "length", "peaks", "pixels", "sound", "voices"),
    "film.inspect": ("inspect",),
    "film.plan": ("PlannedFilm", "plan"),
    "film.render": ("film_beside", "order", "pending", "render"),
    "film.report": ("report",),
    "film.takes": ("Take", "choose", "make_take", "name_take", "retake", "takes"),
    "film.verify": ("mouths", "verify"),
    "generators.fast": ("fast_given", "fast_parts"),
    "generators.gpus": ("gpus_parts",),
    "generators.memory": ("memory_parts",),
    "ground.errors": ("DialogueError", "Problem", "SceneError"),
    "ground.progress": ("Cancelled", "Progress"),
    "media.face_files": ("faces_advice",),
    "planning.choice": ("Costs", "Estimate"),
    "planning.plan": ("Plan",),
    "planning.plan_json": ("plan_record",),
    "podcast.batch": ("BatchResult",),
    "podcast.batch_folder": ("BatchFolder",),
    "podcast.films": ("batch", "go_on"),
    "podcast.forecast": ("Forecast",),
    "podcast.manifest": ("Entry",),
    "rendering.film_order": ("Order",),
    "rendering.render": ("Film", "to_burn"),
    "rendering.shot_tasks": ("Task",),
    "scene.json_schema": ("json_schema",),
    "screenplay.importing": ("Imported", "import_script"),
    "screenplay.starting": ("actors", "portrait", "start"),
    "setup.doctor": ("Finding", "doctor"),
    "setup.models": ("Fetched", "Model", "Terms", "convert", "models", "pull"),
    "show.lettering": ("lettering_warnings",),
    "show.table": ("plan_table",),
    "verification.marks": ("Marks",),
    "verification.mouths": ("Mouth",),
    "verification.verdict": ("Verdict",),
}
_PLACE = {name: f"{__name__}.{module}" for module, names in _PLACES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _PLACE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value = getattr(importlib.import_module(_PLACE[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACE})
