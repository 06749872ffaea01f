"""What a film says of itself: that it is synthetic, by what and of what it was made; signed, so that changes show.

Two marks. A C2PA manifest (https://c2pa.org/specifications, by c2pa-python) with the kind of source in IPTC's words
(https://cv.iptc.org/newscodes/digitalsourcetype/), the pictures, recordings and scene by digest, and what else is
worth knowing in an assertion of this program's own. And a comment in the container's metadata, for what reads no
C2PA and for copies that lost the manifest, as most programs drop it. `dialogue inspect` reads both.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
import os
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialogue.generators import generator as generator_named
from dialogue.ground.errors import DialogueError, Problem, SceneError
from dialogue.media.container import open_container
from dialogue.planning.plan_json import plan_text
from dialogue.rendering.digests import Digests
from dialogue.rendering.film_order import Order
from dialogue.rendering.signer import CERTIFICATE, TIMESTAMP, Signer, signer

if TYPE_CHECKING:
    from dialogue.planning.plan import Plan
    from dialogue.rendering.shot_tasks import Task

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
FILM = "org.dialogue.film"  # the label of our assertion
STREAMS = {"video": "picture", "audio": "sound", "subtitle": "captions"}
_METADATA = ("title", "comment")


def settings(trusted: str = "", keep: bool = False) -> dict[str, Any]:
    """Of c2pa, for a `Context`: nothing is fetched from anywhere, no thumbnails; `trusted` roots in PEM."""
    verify = {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": keep}
    trust = {"trust": {"user_anchors": trusted}} if trusted else {}
    return {"verify": verify, "builder": {"thumbnail": {"enabled": False}}, **trust}


def source_type(plan: Plan) -> str:
    """The kind of source in IPTC's words: the generator's; with draft voices, which are synthetic, no plain mix."""
    kind = generator_named(plan.generator).SOURCE_TYPE
    return "compositeSynthetic" if kind == "composite" and _drafts(plan) else kind


def _drafts(plan: Plan) -> list[str]:
    return sorted({turn.draft for turn in plan.turns if turn.draft is not None})


def comment_of(plan: Plan) -> str:
    """The sentence in the container's metadata."""
    from dialogue.ground.own_code import VERSION

    voices = ", some of the voices made by programs" if _drafts(plan) else ""
    return (
        f"Synthetic media: faces moved by a program (dialogue {VERSION}, {plan.generator}), not by the people "
        f"shown{voices}. Digital source type: {SOURCE_TYPES}{source_type(plan)}"
    )


def check_signer() -> None:
    """SceneError, before any work, for settings with which no film could be signed; a key is made where there is none.

    A certificate of one's own is tried on one pixel, without the time stamp.
    """
    who = signer()
    if not who.own:
        return
    import io

    import c2pa
    from PIL import Image

    manifest = {"assertions": [_actions("digitalCreation", [], [])]}
    pixel, signed = io.BytesIO(), io.BytesIO()
    Image.new("L", (1, 1)).save(pixel, "PNG")
    pixel.seek(0)
    try:
        _sign(manifest, who, "image/png", pixel, signed, stamped=False)
        signed.seek(0)
        with c2pa.Reader("image/png", signed, context=_context()) as reader:
            wrong = failures(json.loads(reader.json()))
    except c2pa.C2paError as error:
        wrong = [_reason(error)]
    if wrong:
        place = os.environ.get(CERTIFICATE, "")
        raise SceneError(Problem(f"C2PA does not take this certificate: {wrong[0]}", place))


def failures(report: dict[str, Any]) -> list[str]:
    """What does not hold in C2PA's report on a file, in its own words; an unknown signer is no fault."""
    active = report.get("validation_results", {}).get("activeManifest", {})
    wrong = [status for status in active.get("failure", []) if status["code"] != "signingCredential.untrusted"]
    return [f"{status.get('explanation') or ''} ({status['code']})".lstrip() for status in wrong]


def mark(film: Path, order: Order, tasks: Sequence[Task]) -> None:
    """Sign `film`, which is not at its place yet, and change nothing in it after.

    Where the film at the order's place is the same one, signed by the same, `film` becomes a copy of it: signatures
    are drawn by lot, and a film made again of the same things keeps its bytes.
    """
    import c2pa

    who, manifest = signer(), _manifest(film, order, tasks)
    known = json.dumps([manifest, hashlib.sha256(who.chain).hexdigest(), who.timestamp], sort_keys=True)
    manifest["instance_id"] = f"xmp:iid:{uuid.uuid5(uuid.NAMESPACE_URL, known)}"
    if _stands(order.output, manifest["instance_id"]):
        shutil.copyfile(order.output, film)
        return
    signed = film.with_name(f"{film.name.removesuffix('.part.mp4')}.signed.part.mp4")
    try:
        with film.open("rb") as source, signed.open("w+b") as target:
            _sign(manifest, who, "video/mp4", source, target)
            target.flush()
            os.fsync(target.fileno())
        os.replace(signed, film)
    except c2pa.C2paError as error:
        hint = f"{TIMESTAMP} is {who.timestamp}" if who.timestamp else None
        raise DialogueError(Problem(f"the film cannot be signed: {_reason(error)}", hint=hint)) from error
    finally:
        signed.unlink(missing_ok=True)


def streams_of(film: Path) -> dict[str, str]:
    """A sha256 of the packets of every stream, by what it holds ("picture", "sound", …; "sound 2"), without times."""
    with open_container(film) as container:
        named: dict[int, str] = {}
        for stream in container.streams:
            what = STREAMS.get(stream.type, stream.type)
            before = sum(name.split(" ")[0] == what for name in named.values())
            named[stream.index] = f"{what} {before + 1}" if before else what
        running = {index: hashlib.sha256() for index in named}
        for packet in container.demux():
            if packet.size:
                running[packet.stream.index].update(packet.size.to_bytes(8, "big") + bytes(packet))
        return {named[index]: made.hexdigest() for index, made in running.items()}


def metadata_of(film: Path) -> dict[str, str]:
    """Title and comment in the container's metadata, "" where there is none."""
    with open_container(film) as container:
        found = {key.lower(): value for key, value in container.metadata.items()}
    return {key: found.get(key, "") for key in _METADATA}


def _manifest(film: Path, order: Order, tasks: Sequence[Task]) -> dict[str, Any]:
    """The manifest of the film at `film`; the same for the same film."""
    from dialogue.ground.own_code import VERSION

    plan = order.plan
    sources = list(_sources(order))
    record = {
        "program": f"dialogue {VERSION}",
        "generator": plan.generator,
        "weights": sorted({task.inputs["the generator"].removeprefix(f"{plan.generator} ") for task in tasks}),
        "seed": plan.seed,
        "draft_voices": _drafts(plan),  # who spoke what has no recording yet
        "plan": hashlib.sha256(plan_text(plan).encode()).hexdigest(),
        "streams": streams_of(film),
        "metadata": metadata_of(film),
        "sources": [{"what": what, "name": name, "sha256": digest} for what, name, digest in sources],
    }
    ingredients = [
        {
            "title": name,
            "format": mimetypes.guess_type(name)[0] or "application/octet-stream",
            "relationship": "componentOf" if what.endswith("recording") else "inputTo",
            "instance_id": f"urn:sha256:{digest}",
            "label": f"source {number}",
            "description": f"a {what}, known by the sha256 of its bytes",
        }
        for number, (what, name, digest) in enumerate(sources)
    ]
    heard = [each["label"] for each in ingredients if each["relationship"] == "componentOf"]
    given = [each["label"] for each in ingredients if each["relationship"] == "inputTo"]
    kind = source_type(plan)
    return {
        "claim_generator_info": [{"name": "dialogue", "version": VERSION}],
        "title": order.output.name,
        "format": "video/mp4",
        "ingredients": ingredients,
        "assertions": [_actions(kind, given, heard), {"label": FILM, "data": record}],
    }


def _actions(kind: str, given: Sequence[str], heard: Sequence[str]) -> dict[str, Any]:
    """Created from what was given; recordings placed in it as they are."""
    created: dict[str, Any] = {"action": "c2pa.created", "digitalSourceType": SOURCE_TYPES + kind}
    if given:
        created["parameters"] = {"ingredientIds": list(given)}
    placed = [{"action": "c2pa.placed", "parameters": {"ingredientIds": [label]}} for label in heard]
    return {"label": "c2pa.actions.v2", "data": {"actions": [created, *placed], "allActionsIncluded": True}}


def _sources(order: Order) -> Iterator[tuple[str, str, str]]:
    """Everything the film was made of: what it is, its name, the sha256 of its bytes."""
    plan = order.plan
    digests = Digests(order.media, order.cache.digests)
    pictures = {shot.picture for shot in plan.shots}
    pictures |= {reference.image for speaker in plan.speakers for reference in speaker.emotions}
    drafts = {turn.audio.source for turn in plan.turns if turn.draft is not None}
    media = {os.path.normpath((order.media / name).absolute()) for name in plan.media}
    read = [os.path.normpath(file.absolute()) for file in order.sources if file.is_file()]
    written = [file for file in dict.fromkeys(read) if file not in media]
    sources = [*plan.media, *written]
    for source, name in zip(sources, names_apart(sources), strict=True):
        what = "picture" if source in pictures else "file" if source in (*written, plan.font) else "recording"
        what = "draft recording" if source in drafts else what
        yield what, name, digests.file(source).rpartition(":")[2]


def names_apart(paths: Sequence[str | Path]) -> list[str]:
    """The names of the files, with as much of their folders as tells two of one name apart, and no more."""
    parts = [Path(os.path.normpath(path)).parts for path in paths]
    longest = max(map(len, parts), default=1)
    found = []
    for own in parts:
        others = [other for other in parts if other != own]
        apart = (n for n in range(1, longest + 1) if all(other[-n:] != own[-n:] for other in others))
        found.append("/".join(own[-next(apart, 1) :]))
    return found


def _context() -> Any:
    import c2pa

    return c2pa.Context(c2pa.Settings.from_dict(settings()))


def _sign(manifest: dict[str, Any], who: Signer, form: str, source: Any, target: Any, stamped: bool = True) -> None:
    import c2pa

    stamp = who.timestamp.encode() if who.timestamp and stamped else None
    info = c2pa.C2paSignerInfo(
        alg=c2pa.C2paSigningAlg[who.algorithm], sign_cert=who.chain, private_key=who.key, ta_url=stamp
    )
    with c2pa.Signer.from_info(info) as hand, c2pa.Builder(json.dumps(manifest), context=_context()) as builder:
        builder.sign(hand, form, source, target)


def _stands(film: Path, instance: str) -> bool:
    """Whether the film there is the one of that id, whole."""
    import c2pa

    if not film.is_file():
        return False
    with suppress(c2pa.C2paError, ValueError, KeyError), film.open("rb") as opened:
        with c2pa.Reader("video/mp4", opened, context=_context()) as reader:
            report = json.loads(reader.json())
        return report["manifests"][report["active_manifest"]]["instance_id"] == instance and not failures(report)
    return False


def _reason(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
