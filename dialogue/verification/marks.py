"""What the marks of a film say, and what was changed in it since they were made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dialogue.ground.errors import Problem, SceneError
from dialogue.media.container import DAMAGED
from dialogue.rendering.marks import FILM, SOURCE_TYPES, failures, metadata_of, settings, streams_of
from dialogue.rendering.signer import roots

# What its signed manifest says of a film: it stands, it was changed since, or there is none.
State = Literal["unchanged", "changed", "unsigned"]
# Codes of C2PA under which only what lies around the manifest was changed; under any other, the manifest itself.
_CONTENT = ("assertion.bmffHash.mismatch", "assertion.dataHash.mismatch", "assertion.boxesHash.mismatch")
_GONE = "the signed manifest is gone, as after a remux or another encoding; nothing tells what else was changed"
_EXPIRED = ("signingCredential.expired", "claimSignature.outsideValidity")


@dataclass(frozen=True)
class Ingredient:
    """Something the film was made of: its name, its media type, the sha256 of its bytes where that is told."""

    name: str
    form: str
    digest: str


@dataclass(frozen=True)
class Signature:
    """Who signed, in words: `known` is "this user's own", "unknown". `at`: a time stamp's time, where there is one."""

    by: str
    issuer: str
    known: str
    at: str | None


@dataclass(frozen=True)
class Marks:
    """What the marks say. `changes` is what was changed since, empty only where the film is as it was signed.

    `source_types` are IPTC's, from the manifest or else from the metadata; `film` is what dialogue itself says in the
    manifest (generator, seed, …), None where another program made it. `comment` is the container's own.
    """

    file: str
    state: State
    source_types: tuple[str, ...]
    made_by: str
    film: dict[str, Any] | None
    ingredients: tuple[Ingredient, ...]
    signature: Signature | None
    comment: str
    changes: tuple[str, ...]


def inspect(film: Path) -> Marks:
    """Read the marks of `film`. SceneError where it cannot be read as a film."""
    comment = _metadata(film)["comment"]
    report = _report(film)
    if report is None:
        told = tuple(comment.partition(SOURCE_TYPES)[2].split()[:1])
        why = _GONE if told else "there are no marks in it: nothing says how it was made"
        return Marks(str(film), "unsigned", told, "", None, (), None, comment, (why,))
    active = report["manifests"][report["active_manifest"]]
    assertions = {each["label"]: each["data"] for each in active.get("assertions", [])}
    record = assertions.get(FILM)
    changes = tuple(_changes(film, report, record))
    return Marks(
        file=str(film),
        state="changed" if changes else "unchanged",
        source_types=tuple(_source_types(assertions)),
        made_by=", ".join(
            f"{each.get('name', '')} {each.get('version', '')}".strip()
            for each in active.get("claim_generator_info", [])
        ),
        film=record if isinstance(record, dict) else None,
        ingredients=tuple(
            Ingredient(
                each.get("title", ""), each.get("format", ""), each.get("instance_id", "").partition("sha256:")[2]
            )
            for each in active.get("ingredients", [])
        ),
        signature=_signature(report, active),
        comment=comment,
        changes=changes,
    )


def _metadata(film: Path) -> dict[str, str]:
    import av

    try:
        return metadata_of(film)
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise SceneError(Problem(f"cannot be read as a film: {reason}", str(film), hint=DAMAGED)) from error


def _report(film: Path) -> dict[str, Any] | None:
    """What c2pa-python finds in the file; None where there is no manifest, or none can be in files of its kind."""
    import c2pa

    context = c2pa.Context(c2pa.Settings.from_dict(settings(trusted=roots())))
    try:
        reader = c2pa.Reader.try_create(str(film), context=context)
    except c2pa.C2paError.NotSupported:
        return None
    except c2pa.C2paError as error:
        raise SceneError(Problem(f"its manifest cannot be read: {error}", str(film))) from error
    if reader is None:
        return None
    with reader:
        report: dict[str, Any] = json.loads(reader.json())
    if report.get("active_manifest") and report["active_manifest"] not in report.get("manifests", {}):
        raise SceneError(Problem("its manifest cannot be read: the active one is not in it", str(film)))
    return report if report.get("active_manifest") else None


def _changes(film: Path, report: dict[str, Any], record: Any) -> Iterator[str]:
    """What does not hold any more, in words."""
    failed = report.get("validation_results", {}).get("activeManifest", {}).get("failure", [])
    codes = [status["code"] for status in failed if status["code"] != "signingCredential.untrusted"]
    marks = [said for said, code in zip(failures(report), codes, strict=True) if code not in _CONTENT + _EXPIRED]
    if marks:
        yield f"the marks themselves were changed, so what they say cannot be relied on: {'; '.join(marks)}"
    if any(code in _EXPIRED for code in codes):
        yield "the certificate has run out, and no time stamp says that the film is older"
    if any(code in _CONTENT for code in codes):
        told = list(_content_changes(film, record)) if isinstance(record, dict) and not marks else []
        yield from told or ["the film is not the one that was signed"]


def _content_changes(film: Path, record: dict[str, Any]) -> Iterator[str]:
    """By what dialogue wrote down of the film's streams and metadata."""
    import av

    try:
        now = streams_of(film)
    except (av.FFmpegError, OSError, ValueError):
        yield "the film is cut off or damaged"
        return
    then = record.get("streams", {})
    for name in dict.fromkeys([*then, *now]):
        if name not in now:
            yield f"the {name} was taken out"
        elif name not in then:
            yield f"{name} was put in"
        elif now[name] != then[name]:
            yield f"the {name} was changed"
    before = record.get("metadata", {})
    for name, value in metadata_of(film).items():
        if value != before.get(name, ""):
            yield f"the {name} in the metadata was {before.get(name, '')!r}"
    if now == then and metadata_of(film) == before:
        yield "picture and sound are as they were signed; times or data around them were changed"


def _source_types(assertions: dict[str, Any]) -> Iterator[str]:
    for label, data in assertions.items():
        if label.startswith("c2pa.actions"):
            types = [action.get("digitalSourceType") for action in data.get("actions", [])]
            yield from (told.removeprefix(SOURCE_TYPES) for told in dict.fromkeys(types) if told)


def _signature(report: dict[str, Any], active: dict[str, Any]) -> Signature:
    info = active.get("signature_info", {})
    held = report.get("validation_results", {}).get("activeManifest", {}).get("success", [])
    trusted = any(status["code"] == "signingCredential.trusted" for status in held)
    known = "this user's own" if trusted else "unknown"
    return Signature(info.get("common_name", ""), info.get("issuer", ""), known, info.get("time"))
