"""Colours of speakers: as written, or distinct ones; told apart by people of every colour vision."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.planning.colors import channels, full_color, ink_on, speaker_colors

# Severity-1 matrices on linear RGB: Machado, Oliveira and Fernandes, IEEE TVCG 15 (2009), table 1.
PROTANOPIA = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
DEUTERANOPIA = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
TRITANOPIA = [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(color: str, vision: object) -> np.ndarray:
    rgb = np.array(channels(color)) / 255
    linear = np.clip(np.array(vision) @ np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4), 0, 1)
    xyz = XYZ @ linear / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("vision", [np.eye(3), PROTANOPIA, DEUTERANOPIA, TRITANOPIA])
def test_the_first_seven_are_told_apart_by_everybody(vision: object) -> None:
    found = [lab(color, vision) for color in speaker_colors(list("abcdefg"), {}).values()]
    apart = [np.linalg.norm(a - b) for i, a in enumerate(found) for b in found[:i]]
    assert min(apart) > 11  # CIE76; 2.3 is a just noticeable difference


def test_two_speakers_differ_most() -> None:
    first, second = speaker_colors(["a", "b"], {}).values()
    for vision in (PROTANOPIA, DEUTERANOPIA, TRITANOPIA):
        assert np.linalg.norm(lab(first, vision) - lab(second, vision)) > 40


def test_written_colours_are_kept_and_not_given_twice() -> None:
    colors = speaker_colors(["a", "b", "c"], {"b": "#e69f00"})
    assert colors["b"] == "#e69f00" and len(set(colors.values())) == 3


@given(st.integers(1, 40), st.data())
def test_a_colour_written_for_one_changes_nobody_elses(count: int, data: st.DataObject) -> None:
    ids = [f"s{i}" for i in range(count)]
    one = data.draw(st.sampled_from(ids))
    color = f"#{data.draw(st.integers(0, 0xFFFFFF)):06x}"
    before, after = speaker_colors(ids, {}), speaker_colors(ids, {one: color})
    changed = {speaker for speaker in ids if before[speaker] != after[speaker]} - {one}
    assert changed <= {speaker for speaker in ids if before[speaker] == color}
    assert len(set(after.values())) == count


@pytest.mark.parametrize("count", [1, 7, 20, 60])
def test_there_is_a_colour_for_everybody(count: int) -> None:
    assert len(set(speaker_colors([f"s{i}" for i in range(count)], {}).values())) == count


def test_ink_reads_on_every_colour() -> None:
    assert ink_on("#f0e442") == "#000000" and ink_on("#0072b2") == "#ffffff"


def test_short_colours_are_written_out() -> None:
    assert full_color("#E66") == "#ee6666"
    with pytest.raises(ValueError, match="#rgb"):
        full_color("red")
