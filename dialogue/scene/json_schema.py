"""The JSON Schema of the scene language (draft-07, which editors' YAML servers read), made from its declaration."""

from __future__ import annotations

from typing import Any

from dialogue.scene.kinds import record_schema
from dialogue.scene.language import SCENE_KEYS, VERSION


def json_schema() -> dict[str, Any]:
    """A schema that accepts the scenes the reader accepts, and has a description on every key.

    It is stricter in one thing, a number in quotes, which is text to an editor. It cannot know which files exist or who
    is in the cast: `dialogue check` does.
    """
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"dialogue scene, version {VERSION}",
        "description": "Who is in the scene, what they say and in which pictures: see docs/scene.md.",
        **record_schema(SCENE_KEYS),
    }
