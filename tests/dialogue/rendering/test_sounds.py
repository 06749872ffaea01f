"""Beds and effects under a film: where they are heard, how loud, out of the way of speech, and nobody's speech."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from dialogue.media.recordings import sound_blocks
from dialogue.planning.plan import AudioSlice, Emotion, MixPart, PlacedSound, Turn
from dialogue.rendering.mix import Heard, mixed, write_mix
from dialogue.rendering.shaping import ATTACK, RELEASE

RATE = 8000


def tone(folder, name, seconds, hertz=440.0, level=0.1, rate=RATE, channels=1):
    wave = level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    soundfile.write(folder / name, np.repeat(wave[:, None], channels, 1).astype(np.float32), rate, subtype="FLOAT")
    return wave


def heard(folder, sounds, seconds, turns=(), parts=(), start=0.0):
    found = mixed(Heard(tuple(parts), tuple(sounds), tuple(turns)), folder, seconds, RATE, 1, start)
    return np.concatenate(list(found), axis=1)[0]


def level(sound, at, seconds=0.1):
    """dB of the RMS around a moment."""
    piece = sound[round((at - seconds / 2) * RATE) : round((at + seconds / 2) * RATE)]
    return 20 * np.log10(np.sqrt(np.mean(piece**2)) + 1e-9)


def turn(start, end):
    return Turn("ana", start, end, AudioSlice("ana.wav", start, end), emotion=Emotion())


def test_a_sound_is_where_it_was_put_and_as_loud(tmp_path):
    wave = tone(tmp_path, "rain.wav", 2.0)
    got = heard(tmp_path, [PlacedSound(AudioSlice("rain.wav", 0.5, 2.0), 1.25, 2.75, gain=-6)], 4.0)
    first, last = round(1.25 * RATE), round(2.75 * RATE)
    assert not got[:first].any() and not got[last:].any()
    np.testing.assert_allclose(got[first:last], wave[RATE // 2 :] * 10 ** (-6 / 20), atol=1e-6)


def test_it_fades_in_and_out(tmp_path):
    tone(tmp_path, "rain.wav", 4.0)
    got = heard(tmp_path, [PlacedSound(AudioSlice("rain.wav", 0, 4), 0, 4, fade_in=1.0, fade_out=2.0)], 4.0)
    full = level(got, 1.5)
    assert level(got, 0.5) == pytest.approx(full - 3.01, abs=0.2) and level(got, 3.0) == pytest.approx(
        full - 3, abs=0.2
    )
    assert level(got, 0.06) < full - 15 and level(got, 3.94) < full - 15


def test_it_makes_room_for_speech_and_comes_back(tmp_path):
    """All the way down while anybody speaks and in short pauses; up again in long ones; no jump anywhere."""
    tone(tmp_path, "rain.wav", 12.0)
    turns = [turn(2, 3), turn(3.5, 5), turn(8, 8.4)]
    got = heard(tmp_path, [PlacedSound(AudioSlice("rain.wav", 0, 12), 0, 12, duck=10.0)], 12.0, turns)
    full = level(got, 1.0)
    for spoken in (2.06, 2.5, 3.25, 4.9, 8.2):
        assert level(got, spoken) == pytest.approx(full - 10, abs=0.2)
    for alone in (2 - ATTACK - 0.1, 5 + RELEASE + 0.1, 7.5, 10):
        assert level(got, alone) == pytest.approx(full, abs=0.2)
    levels = [level(got, at, 0.05) for at in np.arange(0.05, 11.9, 0.05)]
    assert np.abs(np.diff(levels)).max() < 10 * 0.05 / ATTACK + 0.3


def test_a_loop_has_no_hole_and_no_click_where_it_begins_again(tmp_path):
    noise = np.random.default_rng(1).standard_normal(round(1.3 * RATE)).astype(np.float32) * 0.1
    soundfile.write(tmp_path / "wind.wav", noise, RATE, subtype="FLOAT")
    got = heard(tmp_path, [PlacedSound(AudioSlice("wind.wav", 0, 1.3), 0.5, 9.0, loop=True)], 10.0)
    levels = [level(got, at) for at in np.arange(0.6, 8.9, 0.05)]
    assert max(levels) - min(levels) < 2.5
    assert not got[: RATE // 2].any() and not got[9 * RATE :].any()


def test_many_short_repeats_keep_few_files_open(tmp_path):
    tone(tmp_path, "tick.wav", 0.5)
    got = heard(tmp_path, [PlacedSound(AudioSlice("tick.wav", 0, 0.5), 0, 600, loop=True)], 600.0)
    assert level(got, 599.5, 0.2) == pytest.approx(level(got, 1.0, 0.2), abs=1)


def test_some_shots_alone_are_a_piece_of_the_whole(tmp_path):
    tone(tmp_path, "rain.wav", 3.0)
    tone(tmp_path, "ana.wav", 8.0, 200)
    sounds = [PlacedSound(AudioSlice("rain.wav", 0, 3), 1, 7, fade_in=1, fade_out=1, duck=6, loop=True)]
    parts = [MixPart(AudioSlice("ana.wav", 2, 4), 2.0)]
    whole = heard(tmp_path, sounds, 8.0, [turn(2, 4)], parts)
    piece = heard(tmp_path, sounds, 3.0, [turn(2, 4)], parts, start=2.5)
    np.testing.assert_allclose(piece, whole[round(2.5 * RATE) :][: len(piece)], atol=1e-6)


def test_speech_is_the_same_with_and_without_a_bed(tmp_path):
    """A bed is added to what is said; nothing of what is said is changed by it."""
    tone(tmp_path, "rain.wav", 5.0, 900)
    tone(tmp_path, "ana.wav", 5.0, 200)
    parts = [MixPart(AudioSlice("ana.wav", 0, 5), 0.0)]
    bed = PlacedSound(AudioSlice("rain.wav", 0, 5), 0, 5, gain=-10, duck=9)
    both = heard(tmp_path, [bed], 5.0, [turn(1, 2)], parts)
    alone = heard(tmp_path, [bed], 5.0, [turn(1, 2)])
    np.testing.assert_allclose(both - alone, heard(tmp_path, [], 5.0, (), parts), atol=1e-6)


def test_a_film_with_a_stereo_bed_is_stereo(tmp_path):
    tone(tmp_path, "ana.wav", 2.0)
    tone(tmp_path, "music.wav", 2.0, 300, channels=2)
    said = Heard((MixPart(AudioSlice("ana.wav", 0, 2), 0.0),), (PlacedSound(AudioSlice("music.wav", 0, 2), 0, 2),))
    write_mix(said, tmp_path, 2.0, tmp_path / "mix.m4a")
    assert next(sound_blocks(tmp_path / "mix.m4a"))[0].shape[0] == 2
