"""From a scene and the measures of its media to a plan: who speaks when, with which mouth, in which shot.

Pure and deterministic: the same scene, measures and choice of generator give the same plan, byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from dialogue.ground.box import Box
from dialogue.ground.errors import Problem, SceneError
from dialogue.measures.checks import media_warnings
from dialogue.measures.measures import Measures
from dialogue.media.media import SURE
from dialogue.planning.choice import Choice
from dialogue.planning.closes import close_cuts
from dialogue.planning.colors import speaker_colors
from dialogue.planning.faces import (
    PlacedFace,
    UnclearFace,
    box_text,
    clashes,
    faces_in_shot,
    known,
    place_face,
    unowned,
)
from dialogue.planning.framing import close_view, holds, nearest_multiple, output_size, padding_of, to_output, view_of
from dialogue.planning.packing import limits_of
from dialogue.planning.plan import LEAST_FACE, EmotionReference, Face, Mouth, Plan, Shot, Speaker, Turn
from dialogue.planning.regions import regions_of
from dialogue.planning.room import cut_for_room, fitted, too_large
from dialogue.planning.shots import Stretch, cut_shots
from dialogue.planning.sounds import placed_sounds
from dialogue.planning.turns import Findings, Speech, speech_of
from dialogue.scene.named_files import files_named
from dialogue.scene.reader import SceneFile
from dialogue.scene.scene import Scene, ShotSpec
from model.grid import FrameClock


@dataclass(frozen=True)
class _Setup:
    """What a shot of the scene looks like: its picture, the view of it, and the faces in the output frame."""

    picture: str
    prompt: str
    view: Box
    faces: tuple[Face, ...]


def _speakers(scene: Scene) -> tuple[Speaker, ...]:
    written = {speaker: member.color for speaker, member in scene.cast.items() if member.color}
    colors = speaker_colors(list(scene.cast), written)
    return tuple(
        Speaker(
            speaker,
            member.name or speaker,
            colors[speaker],
            tuple(EmotionReference(name, ref.image, ref.strength) for name, ref in member.emotions.items()),
        )
        for speaker, member in scene.cast.items()
    )


def _frame_size(
    file: SceneFile, measures: Measures, shots: Sequence[ShotSpec], choice: Choice, findings: Findings
) -> tuple[int, int]:
    """Of the output: as written, else the first picture's shape at the generator's size."""
    multiple, written = choice.canvas.multiple, file.scene.output.size
    if written is None:
        picture = measures.pictures[_picture_of(file.scene, shots[0])]
        return output_size((picture.width, picture.height), choice.canvas.area, multiple)
    if written[0] % multiple or written[1] % multiple:
        width, height = (nearest_multiple(side, multiple) for side in written)
        message = f"{choice.name} makes frames whose sides are multiples of {multiple}, not {written[0]}x{written[1]}"
        findings.problems.append(file.problem(("output", "size"), message, f"{width}x{height} is nearest"))
    return written


def _picture_of(scene: Scene, shot: ShotSpec) -> str:
    picture = shot.picture or scene.picture
    if picture is None:  # the reader has seen to it
        raise ValueError("a shot without a picture, in a scene without one")
    return picture


def _placed(
    file: SceneFile, spec: int, shot: ShotSpec, picture: str, measures: Measures, findings: Findings
) -> list[PlacedFace]:
    """The faces of one shot in its picture; what is unclear or wrong goes to the findings."""
    cast = {speaker: member.face for speaker, member in file.scene.cast.items()}
    size = measures.pictures[picture]
    placed = []
    for speaker, written in faces_in_shot(cast, shot.faces).items():
        keys = ("shots", spec, "faces", speaker) if shot.faces else ("cast", speaker, "face")
        try:
            face = place_face(speaker, written, picture, measures)
        except UnclearFace as unclear:
            findings.problems.append(file.problem(keys, str(unclear), unclear.hint))
            continue
        if not face.box.inside(size.width, size.height):
            message = f"the face {box_text(face.box)} of {speaker} reaches out of {picture}"
            hint = f"[x, y, width, height] in pixels of a picture of {size.width} x {size.height}"
            findings.problems.append(file.problem(keys, message, hint))
            continue
        placed.append(face)
    for first, second in clashes(placed):
        keys = ("shots", spec, "faces", second.speaker) if shot.faces else ("cast", second.speaker, "face")
        same = first.box.overlap(second.box) > 0.6
        message = f"the faces of {first.speaker} {box_text(first.box)} and {second.speaker} {box_text(second.box)} "
        message += "are the same face" if same else "overlap"
        findings.problems.append(file.problem(keys, f"{message} in {picture}", "one face each, in boxes apart"))
    return placed


def face_problems(file: SceneFile, measures: Measures) -> list[Problem]:
    """What a plan would be refused for about faces, as far as `measures` know the pictures."""
    findings = Findings()
    cast = {speaker: member.face for speaker, member in file.scene.cast.items()}
    for spec, shot in enumerate(file.scene.shots or (ShotSpec(),)):
        picture = shot.picture or file.scene.picture
        faces = faces_in_shot(cast, shot.faces).values()
        if picture is None or picture not in measures.pictures:
            continue
        if all(known(face, picture, measures) for face in faces):
            _placed(file, spec, shot, picture, measures, findings)
    return list(dict.fromkeys(findings.problems))


def _setup(
    file: SceneFile, spec: int, shot: ShotSpec, measures: Measures, output: tuple[int, int], findings: Findings,
    close: str | None = None,
) -> _Setup:  # fmt: skip
    """Everything about a shot but its times; `close`: the one person whom it shows close."""
    picture = _picture_of(file.scene, shot)
    size = (measures.pictures[picture].width, measures.pictures[picture].height)
    placed = _placed(file, spec, shot, picture, measures, findings)
    strangers = unowned(placed, measures.faces.get(picture, ()))
    alone = next((face.box for face in placed if face.speaker == close), None)
    if alone is None:
        view = view_of(size, output, [face.box for face in placed])
    else:
        view = close_view(size, output, alone)
        placed = [face for face in placed if face.speaker == close or holds(view, face.box)]
        strangers = tuple(box for box in strangers if holds(view, box))
    wide, high = padding_of(view, size)
    if wide > 1 or high > 1:
        findings.warnings.append(_padded(picture, output, max(wide, high), len(placed)))
    boxes = [to_output(face.box, view, output) for face in placed]
    for face, box in zip(placed, boxes, strict=True):
        if min(box.width, box.height) < LEAST_FACE:
            keys = ("shots", spec, "faces", face.speaker) if shot.faces else ("cast", face.speaker, "face")
            message = f"the face of {face.speaker} is {box.width:.0f}x{box.height:.0f} pixels in the film"
            hint = f"{LEAST_FACE} are the least; crop {picture}, or make the film larger under output: {{size: …}}"
            findings.problems.append(file.problem(keys, message, hint))
    regions, met = regions_of(boxes, output, [to_output(box, view, output) for box in strangers])
    shrunk = dict.fromkeys(range(len(placed)), "")
    for i, j in met:
        shrunk[i] += f"; region shrunk to meet {placed[j].speaker}'s"
        shrunk[j] += f"; region shrunk to meet {placed[i].speaker}'s"
    for box in strangers:
        findings.warnings.append(f"{picture}: the face at {box_text(box)} is nobody's and stays still")
    findings.warnings += _unsure(placed, picture)
    faces = tuple(
        Face(face.speaker, box, region, face.origin + shrunk[index], _mouth(face, view, output))
        for index, (face, box, region) in enumerate(zip(placed, boxes, regions, strict=True))
    )
    return _Setup(picture, shot.prompt or file.scene.prompt or "", view, faces)


def _padded(picture: str, output: tuple[int, int], pixels: float, faces: int) -> str:
    told = (
        f"{picture}: its faces need more than a {output[0]}x{output[1]} crop holds; it is widened by {pixels:.0f} "
        "pixels beyond the picture"
    )
    return told + ("; framing: close of its shot shows whoever speaks instead" if faces > 1 else "")


def framing_warnings(file: SceneFile, measures: Measures) -> list[Problem]:
    """Shots whose faces no crop of the film's shape holds, where it and the faces are known: offered close."""
    output, found = file.scene.output.size, []
    cast = {speaker: member.face for speaker, member in file.scene.cast.items()}
    for spec, shot in enumerate(file.scene.shots or (ShotSpec(),)):
        picture = shot.picture or file.scene.picture
        faces = faces_in_shot(cast, shot.faces).values()
        if output is None or picture is None or picture not in measures.pictures or shot.framing == "close":
            continue
        if all(known(face, picture, measures) for face in faces):
            placed = _placed(file, spec, shot, picture, measures, Findings())
            size = (measures.pictures[picture].width, measures.pictures[picture].height)
            pixels = max(padding_of(view_of(size, output, [face.box for face in placed]), size))
            if pixels > 1 and len(placed) > 1:
                keys = ("shots", spec) if file.scene.shots else ("output", "size")
                found.append(file.problem(keys, _padded(picture, output, pixels, len(placed)), severity="warning"))
    return found


def _mouth(face: PlacedFace, view: Box, output: tuple[int, int]) -> Mouth | None:
    """Its mouth in the output frame, to a tenth of a pixel."""
    if face.mouth is None:
        return None
    sx, sy = output[0] / view.width, output[1] / view.height
    left, right = (
        (round((x - view.x) * sx, 1), round((y - view.y) * sy, 1)) for x, y in (face.mouth.left, face.mouth.right)
    )
    return Mouth(left, right, face.mouth.confidence)


def _unsure(placed: Sequence[PlacedFace], picture: str) -> list[str]:
    """A sentence for every mouth that is only guessed at."""
    return [
        f"{picture}: where {face.speaker}'s mouth is is unsure ({face.mouth.confidence:.0%}, {face.mouth.origin}); "
        f"face: {{box: {box_text(face.box)}, mouth: [x, y]}} sets it"
        for face in placed
        if face.mouth is not None and face.mouth.confidence < SURE
    ]


def _shots(scene: Scene, framed: Sequence[tuple[Stretch, _Setup]]) -> tuple[Shot, ...]:
    found = []
    for index, (part, setup) in enumerate(framed):
        shot = Shot(index, part.start, part.end, setup.picture, setup.view, setup.faces, setup.prompt)
        if scene.shots:
            spec = scene.shots[part.spec]
            own = spec.seed is not None or spec.take > 1
            seed = (scene.seed if spec.seed is None else spec.seed) + spec.take - 1
            take = spec.take if spec.take > 1 else None
            shot = replace(shot, spec=part.spec, seed=seed if own else None, take=take, locked=spec.locked or None)
        found.append(shot)
    return tuple(found)


def _framed(
    file: SceneFile, measures: Measures, output: tuple[int, int], setups: Mapping[int, _Setup],
    stretches: Sequence[Stretch], turns: Sequence[Turn], findings: Findings,
) -> list[tuple[Stretch, _Setup]]:  # fmt: skip
    """The stretches with what each looks like; those shown close in a piece for each who speaks."""
    clock = FrameClock(Fraction(file.scene.output.fps))
    shots = file.scene.shots or (ShotSpec(),)
    cast = {speaker: member.face for speaker, member in file.scene.cast.items()}
    found, known_setups = [], dict[tuple[int, str | None], _Setup]()
    for stretch in stretches:
        spec = stretch.spec
        if shots[spec].framing == "whole":
            found.append((stretch, setups[spec]))
            continue
        seen = list(faces_in_shot(cast, shots[spec].faces))
        for piece, person in close_cuts(stretch, turns, seen, clock):
            who = person or next(iter(seen), None)
            if (spec, who) not in known_setups:
                known_setups[spec, who] = _setup(file, spec, shots[spec], measures, output, findings, who)
            setup = known_setups[spec, who]
            if piece.start > stretch.start and _shows(found[-1][1]) == _shows(setup):  # close shows the same people
                found[-1] = (replace(found[-1][0], end=piece.end), found[-1][1])
            else:
                found.append((piece, setup))
    return found


def _shows(setup: _Setup) -> set[str]:
    return {face.speaker for face in setup.faces}


def _stretches(
    file: SceneFile, speech: Speech, choice: Choice, output: tuple[int, int], findings: Findings
) -> tuple[Stretch, ...]:
    """The film cut into shots that the generator, and the memory of its card, can hold."""
    clock, shots = FrameClock(Fraction(file.scene.output.fps)), file.scene.shots or (ShotSpec(),)
    frames, usual = max(1, clock.frames_covering(speech.duration)), limits_of(choice.window_latents, float(clock.fps))
    limits = fitted(file, usual, choice, output)
    stretches, miscuts, warnings = cut_shots(shots, speech.turns, speech.items, clock, frames, limits)
    findings.problems += too_large(file, choice, output)
    told = cut_for_room(file, stretches, choice, usual, output, float(clock.fps))
    findings.warnings += [*(problem.message for problem in told), *warnings]
    for miscut in miscuts:
        keys = ("shots", miscut.spec) if miscut.key is None else ("shots", miscut.spec, miscut.key)
        findings.problems.append(file.problem(keys, miscut.message, miscut.hint))
    return stretches


def make_plan(file: SceneFile, measures: Measures, choice: Choice) -> Plan:
    """The plan of a scene whose media have been measured, for the generator that was chosen.

    Raises SceneError with every problem that the media brought to light, each at its place in the scene.
    """
    scene, findings = file.scene, Findings()
    findings.warnings += [problem.message for problem in file.warnings] + list(measures.warnings)
    findings.warnings += [f"{problem.message} ({problem.hint})" for problem in media_warnings(file, measures)]
    if choice.warning:
        findings.warnings.append(choice.warning)
    clock = FrameClock(Fraction(scene.output.fps))
    speech = speech_of(file, measures, findings)
    sounds = placed_sounds(file, measures, speech, findings)
    shots = scene.shots or (ShotSpec(),)
    output = _frame_size(file, measures, shots, choice, findings)
    setups = {
        spec: _setup(file, spec, shot, measures, output, findings)
        for spec, shot in enumerate(shots)
        if shot.framing == "whole"
    }
    stretches = () if findings.problems else _stretches(file, speech, choice, output, findings)
    framed = [] if findings.problems else _framed(file, measures, output, setups, stretches, speech.turns, findings)
    if findings.problems:
        raise SceneError(findings.problems)
    if not speech.turns:
        findings.warnings.append("nobody speaks in this film")
    plan = Plan(
        title=scene.title or "",
        generator=choice.name,
        generator_reason=choice.reason,
        seed=scene.seed,
        fps=clock.fps,
        width=output[0],
        height=output[1],
        duration=round(speech.duration, 6),
        speakers=_speakers(scene),
        turns=speech.turns,
        shots=_shots(scene, framed),
        mix=speech.mix,
        captions=tuple(scene.output.captions),
        transcript=tuple(scene.output.transcript),
        burn_in=scene.output.burn_in,
        labels=scene.output.labels,
        font=scene.output.font,
        warnings=tuple(dict.fromkeys(findings.warnings)),
        sounds=sounds,
        loudness=scene.output.loudness,
        draft_marks=scene.output.draft_marks,
    )
    used = set(plan.media)
    return replace(plan, reads=tuple(name for name in files_named(file.root, file.folder) if name not in used))
