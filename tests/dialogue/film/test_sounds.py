"""Beds and effects of a scene, from its keys to the film: placed, told of, and no reason to make a shot again."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
import soundfile
from PIL import Image

import dialogue
from dialogue.film.found import sound
from dialogue.ground.errors import SceneError
from dialogue.media.recordings import sound_blocks

SCENES = Path(__file__).parents[3] / "scenes"


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    folder = tmp_path / "train"
    shutil.copytree(SCENES / "interruption", folder, ignore=shutil.ignore_patterns(".dialogue", "*.mp4"))
    path = folder / "scene.yaml"
    path.write_text(path.read_text().replace("output: {", "generator: animatic\noutput: {size: 128x128, "))
    return path


def with_sound(scene: Path, *sounds: str) -> Path:
    text = scene.read_text()
    shots = text[text.index("shots:\n") :]
    head = text.removesuffix(shots).partition("sound:\n")[0]
    listed = "sound:\n" + "".join(f"  - {sound}\n" for sound in sounds) + "\n" if sounds else ""
    scene.write_text(head + listed + shots)
    return scene


def test_sounds_lie_on_lines_and_seconds(scene: Path) -> None:
    lines = dialogue.plan(scene).plan.turns
    with_sound(
        scene, "{file: bell.flac, from: {line: 2}}", "{file: wind.flac, from: {line: 1, after: -1}, to: {line: 3}}",
        "{file: bell.flac, from: {line: 5, before: 0.5}, to: 0:08}",
    )  # fmt: skip
    placed = {round(sound.start, 3): sound for sound in dialogue.plan(scene).plan.sounds}
    assert set(placed) == {round(at, 3) for at in (lines[1].start, lines[0].end - 1, lines[3].start - 0.5)}
    assert placed[round(lines[0].end - 1, 3)].end == pytest.approx(lines[2].end)
    assert placed[round(lines[3].start - 0.5, 3)].end == 8.0


def test_what_is_before_the_film_is_left_out_and_what_is_after_it_cut_off(scene: Path) -> None:
    with_sound(scene, "{file: wind.flac, from: {line: 1, before: 1}}", "{file: bell.flac, from: 9}")
    wind, bell = dialogue.plan(scene).plan.sounds
    assert (wind.start, wind.audio.start) == (0.0, 1.0) and wind.end == pytest.approx(3.0)
    plan = dialogue.plan(scene).plan
    assert bell.end == pytest.approx(plan.duration)
    assert any("bell.flac is cut off" in warning for warning in plan.warnings)


@pytest.mark.parametrize(
    ("sound", "told"),
    [
        ("{file: bell.flac, from: 20}", "the film ends at"),
        ("{file: bell.flac, from: {line: 3}, to: {line: 1}}", "not after its start"),
        ("{file: bell.flac, to: {line: 1, before: 60}}", "not after its start"),
        ("{file: short.wav, loop: yes}", "too short to begin again"),
    ],
)
def test_a_sound_that_cannot_be_is_an_error_at_its_place(scene: Path, sound: str, told: str) -> None:
    soundfile.write(scene.parent / "short.wav", np.full(800, 0.1), 8000)
    with_sound(scene, sound)
    with pytest.raises(SceneError) as caught:
        dialogue.plan(scene)
    (problem,) = caught.value.problems
    assert told in problem.message
    assert "{file" in scene.read_text().splitlines()[(problem.line or 0) - 1]


def test_a_bed_that_is_too_short_for_its_to_is_told(scene: Path) -> None:
    with_sound(scene, "{file: wind.flac, from: 1, to: 9}")
    plan = dialogue.plan(scene).plan
    assert any("wind.flac ends at 0:05" in warning and "loop: yes" in warning for warning in plan.warnings)


def test_files_of_sounds_are_checked(scene: Path) -> None:
    (scene.parent / "torn.wav").write_bytes(b"RIFF no sound")
    with_sound(scene, "{file: torn.wav}", "{file: bell.flac#2}")
    told = [problem.message for problem in dialogue.check(scene)]
    assert any("torn.wav" in message for message in told)
    assert any("bell.flac has one channel" in message for message in told)


def test_another_sound_makes_no_shot_again_and_another_film(scene: Path) -> None:
    film = dialogue.render(scene, output=scene.parent / "film.mp4", overwrite=True)
    assert len(film.rendered) == 3
    first = film.file.read_bytes()
    with_sound(scene, "{file: wind.flac, gain: -3, loop: yes}")
    again = dialogue.render(scene, output=scene.parent / "film.mp4", overwrite=True)
    assert not again.rendered and again.file.read_bytes() != first
    heard = dialogue.inspect(again)
    assert "wind.flac" in str(heard) and "bell.flac" not in str(heard)
    assert [verdict.faults for verdict in dialogue.verify(again)] == [(), ()]


def test_a_sound_opens_no_mouth_and_is_nobodys_turn(scene: Path) -> None:
    """A recording of speech under the film is no turn of anybody's."""
    with_sound(scene)
    before = dialogue.plan(scene).plan
    shutil.copy(SCENES / "two_hander/ana.flac", scene.parent / "radio.flac")
    with_sound(scene, "{file: radio.flac, gain: 6}")
    assert dialogue.plan(scene).plan.turns == before.turns
    assert dialogue.plan(scene).plan.shots == before.shots


def test_an_editor_gets_the_sounds_on_tracks_of_their_own(scene: Path) -> None:
    text = dialogue.export(dialogue.plan(scene), "otio")
    timeline = otio.adapters.read_from_string(text, "otio_json")
    tracks = {track.name: track for track in timeline.tracks if track.name.startswith("sound")}
    assert set(tracks) == {"sound", "sound 2"} and all(track.enabled for track in tracks.values())
    winds = [clip for clip in tracks["sound"].find_clips()]
    assert [clip.name for clip in winds] == ["wind.flac"] * 3  # 4 s each, in a film of 10
    (bell,) = tracks["sound 2"].find_clips()
    assert bell.metadata["dialogue"]["gain"] == -10
    at = bell.range_in_parent().start_time.to_seconds()
    assert at == pytest.approx(dialogue.plan(scene).plan.sounds[1].start, abs=0.04)


def test_a_plan_with_sounds_reads_as_it_was_written(scene: Path) -> None:
    planned = dialogue.plan(scene, output=scene.parent / "plan")
    again = dialogue.plan(scene.parent / "plan/plan.json").plan
    assert again == planned.plan and again.sounds and again.loudness == -18
    text = (scene.parent / "plan/plan.json").read_text()
    (scene.parent / "plan/plan.json").write_text(text.replace('"duck": 6', '"duck": -6'))
    with pytest.raises(SceneError, match="duck is -6"):
        dialogue.plan(scene.parent / "plan/plan.json")
    text, many = re.subn(r'"end": [\d.]+, "gain": -16', '"end": 1e15, "gain": -16', text)
    assert many == 1
    (scene.parent / "plan/plan.json").write_text(text)
    with pytest.raises(SceneError, match="a sound until 1e"):
        dialogue.plan(scene.parent / "plan/plan.json")


def test_a_film_of_one_loudness_has_no_hole(scene: Path) -> None:
    """loudnorm dates the end of what it gives wrongly, and a player would be silent there."""

    def levels(loudness: str) -> np.ndarray:
        text = scene.read_text()
        scene.write_text(text.replace("loudness: -18", loudness) if "loudness: -18" in text else text)
        file = sound(dialogue.order(scene, output=scene.parent / "film.mp4", overwrite=True))
        assert file is not None
        heard = np.concatenate([block for block, _ in sound_blocks(file)], axis=1)[0]
        pieces = heard[: len(heard) // 320 * 320].reshape(-1, 320)  # 20 ms
        return np.asarray(10 * np.log10((pieces**2).mean(axis=1) + 1e-12))

    levelled = levels("loudness: -18")
    plain = levels("fps: 25")
    assert abs(len(levelled) - len(plain)) <= 5
    gain = levelled[10:480] - plain[10:480]
    assert 2 < np.median(gain) < 8 and np.abs(gain - np.median(gain)).max() < 5


@pytest.mark.parametrize(("file", "wrong"), [("talk.wav#right", False), ("talk.wav#left", True), ("talk.wav", True)])
def test_the_other_channel_of_a_track_may_lie_under_it(tmp_path: Path, file: str, wrong: bool) -> None:
    soundfile.write(tmp_path / "talk.wav", np.full((16000, 2), 0.1), 16000)
    shutil.copy(SCENES / "two_hander/night.png", tmp_path)
    scene = tmp_path / "scene.yaml"
    cast = "cast: {ana: {track: talk.wav#left, face: [64, 196, 224, 274]}}\npicture: night.png\n"
    scene.write_text(f'scene: 1\n{cast}sound: [{{file: "{file}"}}]\n')
    assert any("heard twice" in problem.message for problem in dialogue.check(scene)) == wrong


def test_a_film_that_its_peaks_keep_soft_says_how_loud_it_is_each_time(tmp_path: Path) -> None:
    clicks = np.zeros(48_000, np.float32)
    clicks[::6000] = 0.5
    soundfile.write(tmp_path / "clicks.wav", clicks, 24_000)
    scene = tmp_path / "scene.yaml"
    Image.new("RGB", (128, 128), "gray").save(tmp_path / "a.png")
    text = "scene: 1\ngenerator: animatic\npicture: a.png\noutput: {size: 128x128, loudness: -8}\n"
    text += "cast: {ana: {track: clicks.wav}}\nlines: [{ana: Hm., from: 0, to: 2}]\n"
    scene.write_text(text)
    for _ in range(2):
        (told,) = dialogue.render(scene, overwrite=True).warnings
        assert re.search(r"is -\d\d\.\d LUFS loud, not the -8 .* at -\d\.\d dBTP", told)
    scene.write_text(text.replace("-8", "-40"))
    assert not dialogue.render(scene, overwrite=True).warnings
