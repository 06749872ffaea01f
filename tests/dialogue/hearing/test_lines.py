"""Lines found by hearing: spoken here by voices that are not the one that imitates them."""

from __future__ import annotations

import numpy as np
import pytest
from alignment.material import talk
from scipy.signal import resample_poly

from dialogue.drafts import espeak, hibari
from dialogue.ground.segments import Segment
from dialogue.hearing.edges import on_pauses, speech_runs
from dialogue.hearing.lines import RATE, ScriptLine, hear_lines, way_of

pytestmark = pytest.mark.skipif(hibari.missing() is not None, reason="hibari-tts is not installed")
SCRIPT = (
    ("ana", "The boat left the harbour before anyone was awake."),
    ("ben", "Where have you put the second key?"),
    ("ana", "Nobody in this town remembers the old cinema."),
    ("ben", "That is not what the letter says."),
    ("ana", "Give me five minutes and I will explain everything."),
    ("ben", "The soup is cold and the bread is hard."),
)
VOICES = {"ana": "lina", "ben": "otto"}


def spoken(speaker: str, text: str) -> np.ndarray:
    sound, rate = hibari.speak(text, VOICES[speaker], "en", 1.0)
    sound = np.asarray(resample_poly(sound, RATE // 1000, rate // 1000), np.float32)
    inside = np.flatnonzero(np.abs(sound) > 0.01 * np.abs(sound).max())
    return sound[inside[0] : inside[-1] + 1]


def recording(order: list[int], pause: float = 0.4) -> tuple[np.ndarray, dict[int, tuple[float, float]]]:
    """The lines in this order with pauses between; when each is said."""
    parts, at, truth = [np.zeros(RATE // 2, np.float32)], RATE // 2, {}
    for n in order:
        sound = spoken(*SCRIPT[n])
        truth[n] = (at / RATE, (at + len(sound)) / RATE)
        parts += [sound, np.zeros(round(pause * RATE), np.float32)]
        at += len(sound) + round(pause * RATE)
    samples = np.concatenate(parts)
    return samples + np.random.default_rng(0).standard_normal(len(samples)).astype(np.float32) * 1e-3, truth


LINES = [ScriptLine(n, speaker, text) for n, (speaker, text) in enumerate(SCRIPT)]


def test_every_line_is_where_it_is_said() -> None:
    samples, truth = recording([0, 1, 2, 3, 4, 5])
    heard = hear_lines(samples, LINES, "en")
    assert sorted(heard.lines) == sorted(truth) and not heard.differences
    for n, (start, end) in truth.items():
        line = heard.lines[n]
        assert line.start == pytest.approx(start, abs=0.1) and line.end == pytest.approx(end, abs=0.2)
        assert [word.text for word in line.words] == SCRIPT[n][1].split()
        assert line.words[0].start >= start - 0.2 and line.words[-1].end <= end + 0.25
        assert all(a.end <= b.start + 1e-6 for a, b in zip(line.words, line.words[1:], strict=False))


def test_a_recording_may_begin_with_its_first_word() -> None:
    samples, truth = recording([0, 1, 2])
    samples = samples[RATE // 2 - RATE // 100 :]  # a hundredth of a second before it
    spans = [(start - 0.49, end - 0.49) for start, end in truth.values()]
    voices = {"ana": [Segment(*spans[0]), Segment(*spans[2])], "ben": [Segment(*spans[1])]}
    for known in (voices, None):
        heard = hear_lines(samples, LINES[:3], "en", known)
        assert sorted(heard.lines) == [0, 1, 2] and not heard.differences
        assert heard.lines[0].start == pytest.approx(spans[0][0], abs=0.1)



TOLD_WRONGLY = [([0, 1, 2, 4, 5], "missing", {3}), ([0, 2, 1, 3], "moved", {1, 2})]


@pytest.mark.parametrize(("order", "kind", "items"), TOLD_WRONGLY)
def test_a_missing_line_or_a_swap_is_told(order: list[int], kind: str, items: set[int]) -> None:
    samples, truth = recording(order)
    lines = LINES if 5 in order else LINES[:4]
    heard = hear_lines(samples, lines, "en")
    assert {difference.kind for difference in heard.differences} == {kind}
    assert {difference.item for difference in heard.differences} <= items
    for n, (start, _) in truth.items():
        assert heard.lines[n].start == pytest.approx(start, abs=0.3)


needs_espeak = pytest.mark.skipif(espeak.missing() is not None, reason="espeak-ng is not installed")


@needs_espeak
@pytest.mark.parametrize("seed", [7, 8, 11])
def test_neighbours_that_changed_places_are_told_and_in_nobody_elses_turn(seed: int) -> None:
    made = talk(seed, "en", pauses=(0.25, 0.9), swaps=2)
    lines = [ScriptLine(n, speaker, text) for n, (speaker, text) in enumerate(made.script)]
    heard = hear_lines(made.samples, lines, "en")
    told = {difference.item for difference in heard.differences if difference.kind == "moved"}
    first, second, third, fourth = sorted(made.swapped)
    assert told & {first, second} and told & {third, fourth} and told <= made.swapped
    for n, (start, end) in enumerate(made.truth):  # type: ignore[misc]
        assert start - 0.3 < (heard.lines[n].start + heard.lines[n].end) / 2 < end + 0.3


@needs_espeak
def test_a_line_found_again_in_its_own_place_is_not_told_as_moved() -> None:
    """Under music a line may fit better elsewhere; where it is found between its neighbours, it stays where it is."""
    made = talk(11, "en", pauses=(0.25, 0.9), music=True)
    lines = [ScriptLine(n, speaker, text) for n, (speaker, text) in enumerate(made.script)]
    assert not [d for d in hear_lines(made.samples, lines, "en").differences if d.kind == "moved"]


def test_what_is_not_in_the_script_is_told() -> None:
    samples, truth = recording([0, 1, 5, 2, 3])
    heard = hear_lines(samples, LINES[:4], "en")
    (extra,) = [difference for difference in heard.differences if difference.kind == "extra"]
    assert extra.item == 1 and extra.start == pytest.approx(truth[5][0], abs=0.3)


def test_a_speaker_says_nothing_while_another_is_known_to_speak() -> None:
    samples, truth = recording([0, 1, 2, 3])
    voices = {
        speaker: [Segment(*span) for n, span in truth.items() if SCRIPT[n][0] == speaker] for speaker in ("ana", "ben")
    }
    heard = hear_lines(samples, LINES[:4], "en", voices)
    for n, line in heard.lines.items():
        other = voices["ben" if SCRIPT[n][0] == "ana" else "ana"]
        middle = (line.start + line.end) / 2
        assert not any(part.start <= middle < part.end for part in other)


def test_nothing_is_heard_in_silence_or_without_an_engine() -> None:
    assert not hear_lines(np.zeros(0, np.float32), LINES, "en").lines
    silent = hear_lines(np.zeros(RATE * 3, np.float32), LINES[:2], "en")
    assert {difference.kind for difference in silent.differences} <= {"missing"} and not silent.lines
    assert "imitation" in (way_of("en") or "")


def test_edges_go_to_the_pauses_and_never_cross() -> None:
    levels = np.full(400, -70.0, np.float32)
    levels[100:200] = levels[230:330] = -20.0
    runs = speech_runs(levels, np.ones(400, bool), 0.01)
    assert runs == [Segment(1.0, 2.0), Segment(2.3, 3.3)]
    assert on_pauses([(1.2, 2.1), None, (2.1, 3.2)], runs) == [(1.0, 2.0), None, (2.3, 3.3)]
    assert on_pauses([(1.0, 1.7), (1.5, 2.0)], [])[0] == (1.0, 1.6)
